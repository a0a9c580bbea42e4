/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling checks. Operators are reduced so that rules which say the same in
 * different words share predicates: = and `= anyof` are `in`; != is "exists and
 * not =" wherever a field has one value; patterns without wildcards in the
 * middle are =, startswith, endswith or contains.
 */
#include "find.h"
#include "predicate.h"

#include <stdio.h>

#include "bind.h"
#include "common/hash.h"
#include "loader.h"

static const char *const op_symbols[] = {
#define X(symbol, text) [RULES_OP_##symbol] = #symbol,
	RULES_OP_LIST(X)
#undef X
};

/* ---- interning ----------------------------------------------------------- */

static bool predicate_is_bytes(enum rules_class class)
{
	return class == RULES_CLASS_TEXT || class == RULES_CLASS_BYTES;
}

static uint32_t predicate_hash(enum rules_class class, const struct rules_predicate *p)
{
	uint64_t h = hash_u64((uint64_t)p->term << 32 | (uint64_t)p->op << 16 | p->modifier);
	char buf[RULES_KEY_SIZE];

	h = hash_mix(h ^ p->rhs, UINT64_C(0xa0761d6478bd642f) ^ p->n_constants);
	for (uint32_t i = 0; i < p->n_constants; i++) {
		size_t len;
		const void *key = rules_type_constant_key(class, &p->constants[i], buf, &len);

		h = hash_bytes(key, len, h);
		if (class == RULES_CLASS_NET)
			h = hash_u64(h ^ p->constants[i].ip.prefix);
	}
	return (uint32_t)h;
}

static bool predicate_same(enum rules_class class, const struct rules_predicate *a,
			   const struct rules_predicate *b)
{
	if (a->term != b->term || a->op != b->op || a->modifier != b->modifier ||
	    a->rhs != b->rhs || a->n_constants != b->n_constants)
		return false;
	for (uint32_t i = 0; i < a->n_constants; i++) {
		const struct rules_constant *x = &a->constants[i], *y = &b->constants[i];

		if (predicate_is_bytes(class)) {
			if (x->len != y->len || memcmp(x->str, y->str, x->len) != 0)
				return false;
		} else if (class == RULES_CLASS_IP || class == RULES_CLASS_NET) {
			if (memcmp(&x->ip, &y->ip, sizeof(x->ip)) != 0)
				return false;
		} else if (x->u64 != y->u64) {
			return false;
		}
	}
	return true;
}

int rules_predicate_add(struct rules_builder *builder, const struct rules_predicate *predicate,
			uint32_t *ret_predicate)
{
	struct rules_program *program = builder->program;
	enum rules_class class = program->terms[predicate->term].class;
	uint32_t hash = predicate_hash(class, predicate), id;

	RULES_INDEX_FOR_EACH(&builder->predicates, hash, i, id)
	{
		if (predicate_same(class, &program->predicates[id], predicate)) {
			*ret_predicate = id;
			return 0;
		}
	}
	if (rules_index_reserve(&builder->predicates) < 0 ||
	    GROW(program->predicates, program->n_predicates, program->room_predicates) < 0)
		return -ENOMEM;
	program->predicates[program->n_predicates] = *predicate;
	program->predicates[program->n_predicates].class = (uint8_t) class;
	program->predicates[program->n_predicates].truth =
		rules_predicate_truth(program, predicate);
	rules_index_add(&builder->predicates, hash, program->n_predicates);
	*ret_predicate = program->n_predicates++;
	return 0;
}

static struct rules_predicate predicate_new(uint32_t term, enum rules_op op)
{
	return (struct rules_predicate){
		.test = RULES_TEST_DIRECT,
		.op = (uint8_t)op,
		.term = term,
		.rhs = RULES_NO_ID,
		.group = RULES_NO_ID,
		.node = RULES_NO_ID,
	};
}

static int predicate_literal(struct rules_builder *builder, const struct rules_predicate *predicate,
			     uint32_t *ret_literal)
{
	uint32_t id;
	int r = rules_predicate_add(builder, predicate, &id);

	return r < 0 ? r : rules_dag_predicate(builder, id, ret_literal);
}

static int predicate_exists(struct rules_builder *builder, uint32_t term, uint32_t *ret_literal)
{
	struct rules_predicate p = predicate_new(term, RULES_OP_EXISTS);

	p.test = RULES_TEST_EXISTS;
	return predicate_literal(builder, &p, ret_literal);
}

/* ---- selecting fields ---------------------------------------------------- */

static int predicate_remember_constant(struct rules_builder *builder,
				       const struct saker_field *field, const char *constant)
{
	uint32_t hash =
		(uint32_t)hash_bytes(constant, strlen(constant), hash_u64((uintptr_t)field));
	uint32_t id;

	RULES_INDEX_FOR_EACH(&builder->constant_index, hash, i, id)
	{
		if (builder->used_constants[id].field == field &&
		    util_streq(builder->used_constants[id].constant, constant))
			return 0;
	}
	if (rules_index_reserve(&builder->constant_index) < 0 ||
	    GROW(builder->used_constants, builder->n_used_constants, builder->room_used_constants) <
		    0)
		return -ENOMEM;
	constant = arena_strdup(&builder->program->arena, constant);
	if (!constant)
		return -ENOMEM;
	builder->used_constants[builder->n_used_constants] =
		(struct rules_used_constant){field, constant};
	rules_index_add(&builder->constant_index, hash, builder->n_used_constants++);
	return 0;
}

/* One constant's codes into the predicate's. 1 = it selects, 0 = it does not. */
static int predicate_select_one(struct rules_builder *builder, const struct saker_field_ref *ref,
				const struct rules_operand *operand, uint64_t *may, uint64_t *must)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	uint32_t n_words = builder->program->n_words;
	uint64_t one_may[RULES_CODE_WORDS] = {0}, one_must[RULES_CODE_WORDS] = {0};
	int r = catalogue->select(catalogue, ref, operand->text, operand->len, one_may, one_must);

	if (r == -ENOTSUP)
		return 0;
	if (r == -ENOENT)
		return rules_fail(builder, &operand->mark, "unknown event type %s", operand->text);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n_words; i++) {
		may[i] |= one_may[i];
		must[i] |= one_must[i];
	}
	if (builder->used) {
		r = predicate_remember_constant(builder, ref->field, operand->text);
		if (r < 0)
			return r;
	}
	return 1;
}

static int predicate_select(struct rules_builder *builder, const struct rules_node *check,
			    struct rules_predicate *p)
{
	const struct rules_term *term = &builder->program->terms[p->term];
	struct rules_values values = rules_values_of(&check->rhs);
	const struct rules_operand *value;
	uint32_t n_words = builder->program->n_words;
	uint64_t *codes;

	if (!builder->program->catalogue->select || term->kind != RULES_TERM_FIELD ||
	    rules_term_multi(term))
		return 0;
	codes = arena_alloc(&builder->program->arena, 2 * n_words * sizeof(*codes));
	if (!codes)
		return -ENOMEM;
	while ((value = rules_values_next(&values))) {
		int r = predicate_select_one(builder, term->ref, value, codes, codes + n_words);

		if (r == -EBADMSG && value == &values.room)
			return rules_predicate_keep_mark(builder);

		/* one constant that does not select leaves the whole undecided */
		if (r <= 0)
			return r;
	}
	p->may = codes;
	p->must = codes + n_words;
	return 0;
}

/* ---- operators ----------------------------------------------------------- */

/* Membership: =, in, intersects, = anyof. */
static int predicate_member(struct rules_builder *builder, const struct rules_node *check,
			    uint32_t term, const struct rules_constants *constants,
			    uint32_t *ret_literal)
{
	bool list = builder->program->terms[term].list;
	struct rules_predicate p = predicate_new(term, RULES_OP_IN);
	int r;

	if (list && check->op == RULES_OP_INTERSECTS)
		p.op = RULES_OP_INTERSECTS;
	p.constants = constants->v;
	p.n_constants = constants->n;
	r = predicate_select(builder, check, &p);
	if (r < 0)
		return r;
	if (!constants->n && !(list && p.op == RULES_OP_IN)) {
		*ret_literal = RULES_LITERAL_FALSE;
		return 0;
	}
	return predicate_literal(builder, &p, ret_literal);
}

/* !=: the field is there and is none of them. */
static int predicate_not_member(struct rules_builder *builder, const struct rules_node *check,
				uint32_t term, const struct rules_constants *constants,
				uint32_t *ret_literal)
{
	uint32_t literals[2];
	int r = predicate_member(builder, check, term, constants, &literals[0]);

	if (r < 0)
		return r;
	literals[0] ^= 1;
	r = predicate_exists(builder, term, &literals[1]);
	return r < 0 ? r : rules_dag_and(builder, literals, 2, ret_literal);
}

#define PREDICATE_GLOB_END 2 /* a shorter beginning or end says too little */

/* A glob that another operator can do; strips the stars. */
static enum rules_op predicate_simple_glob(struct rules_constant *c)
{
	bool head = c->len && c->str[0] == '*', tail;

	if (memchr(c->str, '?', c->len) || memchr(c->str, '[', c->len) ||
	    memchr(c->str, '\\', c->len))
		return RULES_OP_GLOB;
	tail = c->len > 1 && c->str[c->len - 1] == '*';
	if (c->len < 1u + head + tail)
		return RULES_OP_GLOB;
	if (memchr(c->str + head, '*', c->len - head - tail))
		return RULES_OP_GLOB;
	c->str += head;
	c->len -= (uint32_t)head + tail;
	return head && tail ? RULES_OP_CONTAINS
	       : head	    ? RULES_OP_ENDSWITH
	       : tail	    ? RULES_OP_STARTSWITH
			    : RULES_OP_IN;
}

/* What a text must begin and end with to match the pattern; 0 = with nothing in particular. */
static void predicate_glob_ends(const struct rules_constant *c, uint32_t *ret_head,
				uint32_t *ret_tail)
{
	uint32_t head = 0, tail = 0;

	while (head < c->len && !memchr("*?[\\", c->str[head], 4))
		head++;
	*ret_head = head;
	*ret_tail = 0;
	if (memchr(c->str, '[', c->len) || memchr(c->str, '\\', c->len))
		return;
	while (tail < c->len - head && !memchr("*?", c->str[c->len - 1 - tail], 2))
		tail++;
	*ret_tail = tail;
}

bool rules_predicate_glob_ends(const struct rules_constant *pattern)
{
	uint32_t head, tail;

	predicate_glob_ends(pattern, &head, &tail);
	return head >= PREDICATE_GLOB_END || tail >= PREDICATE_GLOB_END;
}

/*
 * A pattern and, before it, what a text must begin and end with: that is one step
 * in a trie, which most texts do not pass, and screens know what to do with it.
 */
static int predicate_glob(struct rules_builder *builder, const struct rules_predicate *glob,
			  uint32_t *ret_literal)
{
	struct rules_predicate end = *glob;
	struct rules_constant *c = arena_alloc(builder->scratch, 2 * sizeof(*c));
	uint32_t literals[3], n = 1, head, tail;
	int r = predicate_literal(builder, glob, &literals[0]);

	if (r < 0 || !c)
		return r < 0 ? r : -ENOMEM;
	predicate_glob_ends(glob->constants, &head, &tail);
	c[0] = c[1] = *glob->constants;
	c[0].len = head;
	c[1].len = tail;
	c[1].str += glob->constants->len - tail;
	for (int i = 0; i < 2 && r >= 0; i++) {
		if (c[i].len < PREDICATE_GLOB_END)
			continue;
		end.op = i ? RULES_OP_ENDSWITH : RULES_OP_STARTSWITH;
		end.constants = &c[i];
		r = predicate_literal(builder, &end, &literals[n++]);
	}
	return r < 0 ? r : rules_dag_and(builder, literals, n, ret_literal);
}

static int predicate_regexes(struct rules_builder *builder, const struct rules_node *check,
			     struct rules_predicate *p)
{
	char reason[400] = "";

	/* the arrays are freed with the program, so they are not the scratch's */
	p->regexes =
		arena_alloc(&builder->program->arena, (size_t)p->n_constants * sizeof(*p->regexes));
	if (!p->regexes)
		return -ENOMEM;
	builder->program->needs_scratch = true;
	for (uint32_t i = 0; i < p->n_constants; i++) {
		int r = rules_regex_new(p->constants[i].str, p->constants[i].len, reason,
					sizeof(reason), &p->regexes[i]);

		if (r == 0)
			continue;
		while (i)
			rules_regex_free(p->regexes[--i]);
		return r == -ENOMEM ? r
				    : rules_fail(builder, &check->rhs->mark,
						 "invalid regex pattern: %s", reason);
	}
	return 0;
}

static int predicate_paths(struct rules_predicate *p)
{
	int r = 0;

	p->trie = calloc(1, sizeof(*p->trie));
	if (!p->trie)
		return -ENOMEM;
	for (uint32_t i = 0; r >= 0 && i < p->n_constants; i++)
		r = rules_trie_add(p->trie, p->constants[i].str, p->constants[i].len);
	if (r < 0) {
		rules_trie_fini(p->trie);
		free(p->trie);
	}
	return r;
}

int rules_predicate_keep(struct rules_program *program, struct rules_predicate *p)
{
	bool bytes = predicate_is_bytes(program->terms[p->term].class);
	struct rules_constant *kept =
		arena_alloc(&program->arena, (size_t)p->n_constants * sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_constants; i++) {
		kept[i] = p->constants[i];
		if (!bytes)
			continue;
		kept[i].str = arena_strndup(&program->arena, kept[i].str, kept[i].len);
		if (!kept[i].str)
			return -ENOMEM;
		rules_find_prepare(kept[i].str, kept[i].len, kept[i].rare);
	}
	p->constants = kept;
	return 0;
}

/* regex and pmatch carry tables of their own, made once for equal predicates. */
static int predicate_with_table(struct rules_builder *builder, const struct rules_node *check,
				struct rules_predicate *p, uint32_t *ret_literal)
{
	struct rules_program *program = builder->program;
	uint32_t before = program->n_predicates, id;
	int r = rules_predicate_add(builder, p, &id);

	if (r < 0)
		return r;
	if (program->n_predicates > before) {
		p = &program->predicates[id];
		r = rules_predicate_keep(program, p);
		if (r >= 0)
			r = p->op == RULES_OP_REGEX ? predicate_regexes(builder, check, p)
						    : predicate_paths(p);
		if (r < 0) {
			p->regexes = NULL;
			p->trie = NULL;
			/* never found again: the program may go on without this rule */
			p->op = RULES_OP_NONE;
			return r;
		}
	}
	return rules_dag_predicate(builder, id, ret_literal);
}

static int predicate_constant_check(struct rules_builder *builder, const struct rules_node *check,
				    uint32_t term, uint32_t *ret_literal)
{
	const struct rules_term *t = &builder->program->terms[term];
	bool exact = !t->any || t->ne_all;
	struct rules_predicate p = predicate_new(term, check->op);
	struct rules_constants constants;
	int r = rules_predicate_constants(builder, check, term, &constants);

	if (r < 0)
		return r;
	p.modifier = (uint8_t)check->modifier;
	if (check->modifier == RULES_MODIFIER_ANYOF || constants.n == 1)
		p.modifier = RULES_MODIFIER_NONE;
	if (p.op == RULES_OP_IN || p.op == RULES_OP_INTERSECTS ||
	    (p.op == RULES_OP_EQ && !p.modifier))
		return predicate_member(builder, check, term, &constants, ret_literal);
	if (!constants.n) {
		*ret_literal = RULES_LITERAL_FALSE;
		return 0;
	}
	if (p.op == RULES_OP_NE && exact &&
	    (constants.n == 1 || check->modifier == RULES_MODIFIER_ALLOF))
		return predicate_not_member(builder, check, term, &constants, ret_literal);
	if (p.op == RULES_OP_GLOB && constants.n == 1)
		p.op = (uint8_t)predicate_simple_glob(&constants.v[0]);
	if (p.op == RULES_OP_BCONTAINS)
		p.op = RULES_OP_CONTAINS;
	if (p.op == RULES_OP_BSTARTSWITH)
		p.op = RULES_OP_STARTSWITH;
	p.constants = constants.v;
	p.n_constants = constants.n;
	if (p.op == RULES_OP_REGEX || p.op == RULES_OP_PMATCH)
		return predicate_with_table(builder, check, &p, ret_literal);
	if (p.op == RULES_OP_GLOB && p.n_constants == 1)
		return predicate_glob(builder, &p, ret_literal);
	return predicate_literal(builder, &p, ret_literal);
}

static int predicate_term_check(struct rules_builder *builder, const struct rules_node *check,
				uint32_t term, uint32_t *ret_literal)
{
	struct rules_predicate p = predicate_new(term, check->op);
	const struct rules_term *lhs, *rhs;
	int r = rules_bind_operand(builder, check->rhs, &p.rhs);

	if (r < 0)
		return r;
	lhs = &builder->program->terms[term];
	rhs = &builder->program->terms[p.rhs];
	if (check->op == RULES_OP_PMATCH || check->op == RULES_OP_REGEX)
		return rules_fail(builder, &check->rhs->mark,
				  "operator '%s' doesn't support right-hand side fields",
				  op_symbols[check->op]);
	if (lhs->type == SAKER_TYPE_NET)
		return rules_fail(builder, &check->rhs->mark,
				  "field type 'IPNET' doesn't support right-hand side fields");
	if (lhs->flags & SAKER_FIELD_NO_RHS || lhs->any)
		return rules_fail(builder, &check->rhs->mark,
				  "field '%s' doesn't support right-hand side fields", lhs->name);
	if (rhs->flags & SAKER_FIELD_NO_RHS || rhs->any)
		return rules_fail(builder, &check->rhs->mark,
				  "field '%s' can't be used as a right-hand side field", rhs->name);
	if (lhs->type != rhs->type || lhs->list != rhs->list)
		return rules_fail(builder, &check->rhs->mark,
				  "field '%s' has type '%s%s' while the right-hand side field '%s' "
				  "has incompatible type '%s%s'",
				  lhs->name, rules_type_name(lhs->type), lhs->list ? " (list)" : "",
				  rhs->name, rules_type_name(rhs->type),
				  rhs->list ? " (list)" : "");
	p.test = RULES_TEST_TERM;
	p.modifier = (uint8_t)check->modifier;
	return predicate_literal(builder, &p, ret_literal);
}

static bool predicate_has_terms(const struct rules_operand *rhs)
{
	if (rhs->kind == RULES_OPERAND_FIELD || rhs->kind == RULES_OPERAND_TRANSFORMER)
		return true;
	if (rhs->kind != RULES_OPERAND_LIST)
		return false;
	for (uint32_t i = 0; i < rhs->n_args; i++)
		if (rhs->args[i]->kind != RULES_OPERAND_TEXT &&
		    rhs->args[i]->kind != RULES_OPERAND_BULK)
			return true;
	return false;
}

/* Once a field and condition; whether the field is used well is another matter. */
static int predicate_note_deprecated(struct rules_builder *builder,
				     const struct rules_operand *operand)
{
	const struct saker_field *field;
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < operand->n_args; i++)
		r = predicate_note_deprecated(builder, operand->args[i]);
	if (r < 0 || operand->kind != RULES_OPERAND_FIELD)
		return r;
	field = rules_bind_find(builder, operand->text, operand->len);
	if (!field || !(field->flags & SAKER_FIELD_WARN))
		return 0;
	for (uint32_t i = 0; i < builder->n_deprecated; i++)
		if (builder->deprecated[i].field == field)
			return 0;
	if (GROW(builder->deprecated, builder->n_deprecated, builder->room_deprecated) < 0)
		return -ENOMEM;
	builder->deprecated[builder->n_deprecated++] =
		(struct rules_deprecated){field, &operand->mark};
	return 0;
}

int rules_predicate_note_deprecated(struct rules_builder *builder, const struct rules_node *node)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < node->n_children; i++)
		r = rules_predicate_note_deprecated(builder, node->children[i]);
	return r < 0 || !node->lhs ? r : predicate_note_deprecated(builder, node->lhs);
}

static int predicate_by_rank(const void *a, const void *b)
{
	const struct rules_deprecated *x = a, *y = b;

	return rules_deprecated_before(x->field, y->field) ? -1 : 1;
}

void rules_predicate_warn_deprecated(struct rules_builder *builder)
{
	char message[300];

	if (!builder->warn || !builder->n_deprecated)
		return;
	qsort(builder->deprecated, builder->n_deprecated, sizeof(*builder->deprecated),
	      predicate_by_rank);
	for (uint32_t i = 0; i < builder->n_deprecated; i++) {
		const struct rules_deprecated *d = &builder->deprecated[i];

		snprintf(message, sizeof(message), "field '%s' is deprecated", d->field->name);
		builder->warn(builder->warn_userdata, RULES_LOAD_DEPRECATED_ITEM, d->mark, message);
	}
}

int rules_predicate_compile(struct rules_builder *builder, const struct rules_node *check,
			    uint32_t *ret_literal)
{
	char reason[256];
	uint32_t term;
	int r = builder->warn ? predicate_note_deprecated(builder, check->lhs) : 0;

	if (r >= 0)
		r = rules_bind_operand(builder, check->lhs, &term);
	if (r < 0)
		return r;
	if (check->op == RULES_OP_EXISTS)
		return predicate_exists(builder, term, ret_literal);
	if (!rules_type_takes(builder->program->terms[term].type,
			      builder->program->terms[term].list, check->op, reason,
			      sizeof(reason)))
		return rules_fail(builder, &check->mark, "filter error: %s", reason);
	if (predicate_has_terms(check->rhs))
		return predicate_term_check(builder, check, term, ret_literal);
	return predicate_constant_check(builder, check, term, ret_literal);
}
