/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding: looks fields up in the catalogue, lets it complete the reference, and
 * interns the terms, so that a field is extracted once an event however many
 * rules read it.
 */
#include "bind.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/hash.h"
#include "loader.h"
#include "transform.h"

int rules_fail(struct rules_builder *builder, const struct rules_mark *mark, const char *format,
	       ...)
{
	struct rules_compile_error *error = builder->error;
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	error->mark = mark;
	return -EBADMSG;
}

static uint32_t bind_hash(const char *name, size_t len)
{
	return (uint32_t)hash_bytes(name, len, 1);
}

static int bind_index_fields(struct rules_builder *builder)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;

	for (uint32_t i = 0; i < catalogue->n_fields; i++) {
		const char *name = catalogue->fields[i].name;
		int r = rules_index_reserve(&builder->fields);

		if (r < 0)
			return r;
		rules_index_add(&builder->fields, bind_hash(name, strlen(name)), i);
	}
	return 0;
}

int rules_builder_init(struct rules_builder *builder, struct rules_program *program,
		       struct arena *scratch)
{
	memset(builder, 0, sizeof(*builder));
	builder->program = program;
	builder->scratch = scratch;
	builder->used_fields =
		calloc(program->catalogue->n_fields / 64 + 1, sizeof(*builder->used_fields));
	if (!builder->used_fields)
		return -ENOMEM;
	return bind_index_fields(builder);
}

void rules_builder_fini(struct rules_builder *builder)
{
	rules_index_fini(&builder->terms);
	rules_index_fini(&builder->predicates);
	rules_index_fini(&builder->nodes);
	rules_index_fini(&builder->fields);
	rules_index_fini(&builder->constant_index);
	rules_index_fini(&builder->seen);
	free(builder->node_codes);
	free(builder->node_cost);
	free(builder->node_truth);
	free(builder->used_fields);
	free(builder->used_constants);
	free(builder->seen_nodes);
	free(builder->deprecated);
}

const struct saker_field *rules_bind_find(const struct rules_builder *builder, const char *name,
					  size_t len)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	uint32_t hash = bind_hash(name, len), id;

	RULES_INDEX_FOR_EACH(&builder->fields, hash, i, id)
	{
		const struct saker_field *field = &catalogue->fields[id];

		if (strlen(field->name) == len && memcmp(field->name, name, len) == 0)
			return field;
	}
	return NULL;
}

/* The longest field that takes an argument and is followed by a dot: evt.arg in evt.arg.flags. */
static const struct saker_field *bind_find_dotted(const struct rules_builder *builder,
						  const char *name, size_t len, size_t *ret_len)
{
	for (size_t n = len; n-- > 1;) {
		const struct saker_field *field;

		if (name[n] != '.' || n + 1 == len)
			continue;
		field = rules_bind_find(builder, name, n);
		if (field && field->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED)) {
			*ret_len = n;
			return field;
		}
	}
	return NULL;
}

bool rules_bind_looks_like_field(const struct rules_builder *builder, const char *text, size_t len)
{
	const char *bracket = memchr(text, '[', len);
	const struct saker_field *field;
	size_t n;

	if (!memchr(text, '.', len))
		return false;
	if (bracket && text[len - 1] == ']') {
		field = rules_bind_find(builder, text, (size_t)(bracket - text));
		return field && field->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED);
	}
	field = rules_bind_find(builder, text, len);
	if (field)
		return !(field->flags & SAKER_FIELD_ARG_REQUIRED);
	return bind_find_dotted(builder, text, len, &n) != NULL;
}

static int bind_no_field(struct rules_builder *builder, const struct rules_mark *mark,
			 const char *name, size_t len, const char *arg, size_t arg_len)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	const char **names = calloc((size_t)catalogue->n_fields + 1, sizeof(*names));
	char text[256];

	if (arg)
		rules_fail(builder, mark, "filter_check called with nonexistent field %.*s[%.*s]",
			   (int)len, name, (int)arg_len, arg);
	else
		rules_fail(builder, mark, "filter_check called with nonexistent field %.*s",
			   (int)len, name);
	builder->error->hint[0] = '\0';
	if (rules_bind_find(builder, name, len)) {
		snprintf(builder->error->hint, sizeof(builder->error->hint),
			 "%.*s takes no argument", (int)len, name);
	} else if (names && len < sizeof(text)) {
		const char *nearest;

		for (uint32_t i = 0; i < catalogue->n_fields; i++)
			names[i] = catalogue->fields[i].name;
		memcpy(text, name, len);
		text[len] = '\0';
		nearest = rules_nearest(text, names, catalogue->n_fields);
		if (nearest)
			snprintf(builder->error->hint, sizeof(builder->error->hint),
				 "did you mean %s?", nearest);
	}
	free(names);
	return -ENOENT;
}

/* The term of a field and argument that is there already. */
static bool bind_known(const struct rules_builder *builder, uint32_t hash,
		       const struct saker_field *field, const char *arg, size_t arg_len,
		       uint32_t *ret_term)
{
	const struct rules_program *program = builder->program;
	uint32_t id;

	RULES_INDEX_FOR_EACH(&builder->terms, hash, i, id)
	{
		const struct rules_term *t = &program->terms[id];

		if (t->kind != RULES_TERM_FIELD || t->ref->field != field || !t->ref->arg != !arg ||
		    (arg && (t->ref->arg_len != arg_len || memcmp(t->ref->arg, arg, arg_len) != 0)))
			continue;
		*ret_term = id;
		return true;
	}
	return false;
}

static int bind_add_term(struct rules_builder *builder, uint32_t hash,
			 const struct rules_term *term, uint32_t *ret_term)
{
	struct rules_program *program = builder->program;

	if (rules_index_reserve(&builder->terms) < 0 ||
	    GROW(program->terms, program->n_terms, program->room_terms) < 0)
		return -ENOMEM;
	program->terms[program->n_terms] = *term;
	program->terms[program->n_terms].class = (uint8_t)rules_type_class(term->type);
	rules_index_add(&builder->terms, hash, program->n_terms);
	*ret_term = program->n_terms++;
	return 0;
}

/* Which codes have the field; terms of most fields of a catalogue share one of few bitmaps. */
static int bind_codes(struct rules_program *program, struct rules_term *term)
{
	const struct saker_catalogue *catalogue = program->catalogue;
	size_t size = program->n_words * sizeof(uint64_t);
	uint64_t codes[RULES_CODE_WORDS] = {0}, *copy;
	int r;

	if (catalogue->size < sizeof(*catalogue) || !catalogue->has)
		return 0;
	r = catalogue->has(catalogue, term->ref, codes);
	if (r < 0)
		return r == -ENOTSUP ? 0 : r;
	for (uint32_t i = 0; i < program->n_terms; i++) {
		term->codes = program->terms[i].codes;
		if (term->codes && memcmp(term->codes, codes, size) == 0)
			return 0;
	}
	copy = arena_alloc(&program->arena, size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, codes, size);
	term->codes = copy;
	return 0;
}

static int bind_new_field(struct rules_builder *builder, const struct rules_mark *mark,
			  uint32_t hash, const struct saker_field *field, const char *arg,
			  size_t arg_len, uint32_t *ret_term)
{
	struct rules_program *program = builder->program;
	struct saker_field_ref *ref = arena_alloc(&program->arena, sizeof(*ref));
	char reason[384] = "";
	struct rules_term term;
	int r;

	if (!ref)
		return -ENOMEM;
	ref->field = field;
	ref->type = field->type;
	ref->format = field->format;
	ref->flags = field->flags;
	if (arg) {
		ref->arg = arena_strndup(&program->arena, arg, arg_len);
		if (!ref->arg)
			return -ENOMEM;
		ref->arg_len = (uint32_t)arg_len;
	}
	r = program->catalogue->bind
		    ? program->catalogue->bind(program->catalogue, ref, reason, sizeof(reason))
		    : -EINVAL;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !ref->extract)
		return rules_fail(builder, mark, "filter error: %s",
				  reason[0] ? reason : "the field's argument is not valid");
	term = (struct rules_term){
		.kind = RULES_TERM_FIELD,
		.type = ref->type,
		.format = ref->format,
		.list = ref->flags & SAKER_FIELD_LIST,
		.any = ref->flags & SAKER_FIELD_ANY,
		.ne_all = ref->flags & SAKER_FIELD_NE_ALL,
		.flags = ref->flags,
		.cost = MAX(field->cost, 1),
		.ref = ref,
		.name = field->name,
	};
	r = bind_codes(program, &term);
	return r < 0 ? r : bind_add_term(builder, hash, &term, ret_term);
}

int rules_bind_field(struct rules_builder *builder, const struct rules_mark *mark, const char *name,
		     size_t len, const char *arg, size_t arg_len, uint32_t *ret_term)
{
	const struct saker_field *field = rules_bind_find(builder, name, len);
	uint32_t hash;
	size_t n;

	if (!field && !arg) {
		field = bind_find_dotted(builder, name, len, &n);
		if (field) {
			arg = name + n + 1;
			arg_len = len - n - 1;
		}
	}
	if (!field ||
	    (arg && !(field->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED))))
		return bind_no_field(builder, mark, name, len, arg, arg_len);
	if (!arg && field->flags & SAKER_FIELD_ARG_REQUIRED)
		return rules_fail(builder, mark,
				  "filter error: field '%s' requires an argument, as in %s[...]",
				  field->name, field->name);
	if (builder->used) {
		size_t i = (size_t)(field - builder->program->catalogue->fields);

		builder->used_fields[i / 64] |= UINT64_C(1) << (i % 64);
	}
	hash = (uint32_t)hash_bytes(arg ? arg : "", arg ? arg_len : 0,
				    hash_u64((uintptr_t)field) + !arg);
	if (bind_known(builder, hash, field, arg, arg_len, ret_term))
		return 0;
	return bind_new_field(builder, mark, hash, field, arg, arg_len, ret_term);
}

static int bind_constant(struct rules_builder *builder, const struct rules_operand *operand,
			 uint32_t *ret_term)
{
	struct rules_program *program = builder->program;
	uint32_t hash = (uint32_t)hash_bytes(operand->text, operand->len, 2), id;
	struct rules_term term = {
		.kind = RULES_TERM_CONSTANT,
		.type = SAKER_TYPE_STRING,
		.len = operand->len,
		.cost = 1,
		.name = "constant",
	};

	RULES_INDEX_FOR_EACH(&builder->terms, hash, i, id)
	{
		const struct rules_term *t = &program->terms[id];

		if (t->kind == RULES_TERM_CONSTANT && t->len == operand->len &&
		    memcmp(t->text, operand->text, t->len) == 0) {
			*ret_term = id;
			return 0;
		}
	}
	term.text = arena_strndup(&program->arena, operand->text, operand->len);
	if (!term.text)
		return -ENOMEM;
	return bind_add_term(builder, hash, &term, ret_term);
}

static bool bind_same(const struct rules_term *a, const struct rules_term *b)
{
	return a->kind == b->kind && a->transform == b->transform && a->n_args == b->n_args &&
	       a->has_selector == b->has_selector && a->selector == b->selector &&
	       memcmp(a->args, b->args, a->n_args * sizeof(*a->args)) == 0;
}

/* A list or a transformer, its arguments bound already. */
static int bind_composite(struct rules_builder *builder, const struct rules_operand *operand,
			  struct rules_term *term, uint32_t *ret_term)
{
	struct rules_program *program = builder->program;
	uint32_t hash, id;
	int r;

	term->cost = 5;
	term->type = SAKER_TYPE_STRING;
	term->name = operand->kind == RULES_OPERAND_LIST ? "list" : operand->text;
	for (uint32_t i = 0; i < term->n_args; i++)
		term->cost += program->terms[term->args[i]].cost + 15;
	if (term->kind == RULES_TERM_LIST) {
		term->list = true;
	} else {
		r = rules_transform_bind(builder, &operand->mark, term, operand->arg);
		if (r < 0)
			return r;
	}
	program->needs_scratch = true;
	hash = (uint32_t)hash_bytes(term->args, term->n_args * sizeof(*term->args),
				    (uint64_t)term->kind << 16 | (uint64_t)term->transform << 8 |
					    (uint8_t)term->selector);
	RULES_INDEX_FOR_EACH(&builder->terms, hash, i, id)
	{
		if (program->terms[id].n_args && bind_same(&program->terms[id], term)) {
			*ret_term = id;
			return 0;
		}
	}
	/* names live as long as the program */
	if (!term->ref) {
		term->name = arena_strdup(&program->arena, term->name);
		if (!term->name)
			return -ENOMEM;
	}
	return bind_add_term(builder, hash, term, ret_term);
}

int rules_bind_operand(struct rules_builder *builder, const struct rules_operand *operand,
		       uint32_t *ret_term)
{
	struct rules_term term = {.n_args = operand->n_args};
	uint32_t *args;
	int r;

	if (operand->kind == RULES_OPERAND_FIELD) {
		r = rules_bind_field(builder, &operand->mark, operand->text, operand->len,
				     operand->arg, operand->arg ? strlen(operand->arg) : 0,
				     ret_term);
		return r == -ENOENT ? -EBADMSG : r;
	}
	if (operand->kind == RULES_OPERAND_TEXT)
		return bind_constant(builder, operand, ret_term);
	args = arena_alloc(&builder->program->arena, MAX(operand->n_args, 1) * sizeof(*args));
	if (!args)
		return -ENOMEM;
	for (uint32_t i = 0; i < operand->n_args; i++) {
		r = rules_bind_operand(builder, operand->args[i], &args[i]);
		if (r < 0)
			return r;
	}
	term.args = args;
	if (operand->kind == RULES_OPERAND_LIST) {
		term.kind = RULES_TERM_LIST;
		return bind_composite(builder, operand, &term, ret_term);
	}
	term.kind = RULES_TERM_TRANSFORM;
	term.transform = (uint8_t)rules_transform_find(operand->text, operand->len);
	if (term.transform == RULES_TRANSFORM_COUNT)
		return rules_fail(builder, &operand->mark, "unknown field transfomer '%s'",
				  operand->text);
	if (term.transform == RULES_TRANSFORM_VAL) {
		if (operand->arg)
			return rules_fail(builder, &operand->mark,
					  "filter error: transformer 'val' does not support field "
					  "arguments");
		if (operand->n_args != 1)
			return rules_fail(builder, &operand->mark,
					  "filter error: transformer 'val' takes one field");
		*ret_term = args[0];
		return 0;
	}
	return bind_composite(builder, operand, &term, ret_term);
}
