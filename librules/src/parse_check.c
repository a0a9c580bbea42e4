/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition parser's checks: the operator behind a field and the value or
 * the list of values right of it.
 */
#include "parse_internal.h"

#define TRANSFORMERS \
	"'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'"

struct spelling {
	const char *text;
	enum rules_op op;
	bool word; /* a blank must follow */
};

/* The longer spelling first where one begins another. */
static const struct spelling numeric_operators[] = {
	{"<=", RULES_OP_LE},
	{"<", RULES_OP_LT},
	{">=", RULES_OP_GE},
	{">", RULES_OP_GT},
};

static const struct spelling string_operators[] = {
	{"==", RULES_OP_EQ},
	{"=", RULES_OP_EQ},
	{"!=", RULES_OP_NE},
	{"glob", RULES_OP_GLOB, true},
	{"iglob", RULES_OP_IGLOB, true},
	{"contains", RULES_OP_CONTAINS, true},
	{"icontains", RULES_OP_ICONTAINS, true},
	{"bcontains", RULES_OP_BCONTAINS, true},
	{"startswith", RULES_OP_STARTSWITH, true},
	{"bstartswith", RULES_OP_BSTARTSWITH, true},
	{"endswith", RULES_OP_ENDSWITH, true},
	{"regex", RULES_OP_REGEX, true},
};

static const struct spelling list_operators[] = {
	{"intersects", RULES_OP_INTERSECTS},
	{"in", RULES_OP_IN},
	{"pmatch", RULES_OP_PMATCH},
};

static const char *const modifiers[] = {
	[RULES_MODIFIER_NONE] = "",
	[RULES_MODIFIER_ONEOF] = "oneof",
	[RULES_MODIFIER_ANYOF] = "anyof",
	[RULES_MODIFIER_ALLOF] = "allof",
};

const char *rules_op_text(enum rules_op op)
{
	static const char *const texts[] = {
#define X(symbol, text) [RULES_OP_##symbol] = text,
		RULES_OP_LIST(X)
#undef X
	};

	return (size_t)op < ARRAY_SIZE(texts) ? texts[op] : "";
}

const char *rules_modifier_text(enum rules_modifier modifier)
{
	return (size_t)modifier < ARRAY_SIZE(modifiers) ? modifiers[modifier] : "";
}

/* ---- lists of values ------------------------------------------------------ */

struct items {
	struct rules_operands vector;
	/* When the one element so far is a named list: its items, not copied yet. */
	struct rules_operand *const *shared;
	uint32_t n_shared;
};

static int items_reserve(struct rules_operands *v, size_t more)
{
	size_t want = v->n + more;
	size_t cap = v->cap ? v->cap : 16;
	void *p;

	if (want <= v->cap)
		return 0;
	while (cap < want)
		cap *= 2;
	p = util_reallocarray(v->v, cap, sizeof(*v->v));
	if (!p)
		return -ENOMEM;
	v->v = p;
	v->cap = cap;
	return 0;
}

static int items_add(struct items *items, struct rules_operand *const *add, uint32_t n)
{
	int r;

	if (items->shared) {
		r = items_reserve(&items->vector, items->n_shared);
		if (r < 0)
			return r;
		memcpy(items->vector.v, items->shared, items->n_shared * sizeof(*add));
		items->vector.n = items->n_shared;
		items->shared = NULL;
	}
	r = items_reserve(&items->vector, n);
	if (r < 0)
		return r;
	if (n)
		memcpy(items->vector.v + items->vector.n, add, n * sizeof(*add));
	items->vector.n += n;
	return 0;
}

/* An element that names a list counts as the list's items. */
static int items_add_element(struct rules_parser *p, struct items *items,
			     struct rules_operand *element, bool first)
{
	const struct rules_parse_options *o = p->options;
	struct rules_operand *const *named;
	char next = rules_lex_peek(&p->lex);
	uint32_t n;
	int r;

	if (!element->quoted && o->list && next != '"' && next != '\'') {
		r = o->list(o->list_userdata, element->text, element->len, &named, &n);
		if (r < 0)
			return r;
		if (r > 0 && first && n > 0) {
			items->shared = named;
			items->n_shared = n;
			return 0;
		}
		if (r > 0)
			return items_add(items, named, n);
	}
	return items_add(items, &element, 1);
}

static int parse_items(struct rules_parser *p, struct items *items)
{
	struct rules_operand *element;
	bool first = true;
	int r;

	for (;;) {
		r = rules_parse_string(p, &element);
		if (r < 0)
			return r;
		if (r == 0) /* the caller finds that no parenthesis follows either */
			return first ? 0 : rules_parser_fail(p, "expected a string value");
		r = items_add_element(p, items, element, first);
		if (r < 0)
			return r;
		first = false;
		rules_lex_blank(&p->lex);
		if (!rules_lex_literal(&p->lex, ","))
			return 0;
	}
}

/* ( a, b, c ); 0 = no parenthesis here. */
static int try_list(struct rules_parser *p, struct rules_operand **ret)
{
	struct rules_operand *list;
	struct items items = {0};
	size_t start = p->lex.pos;
	int r;

	if (!rules_lex_literal(&p->lex, "("))
		return 0;
	list = rules_parser_operand(p, RULES_OPERAND_LIST, start);
	if (!list)
		return -ENOMEM;
	r = parse_items(p, &items);
	if (r >= 0 && !rules_lex_literal(&p->lex, ")"))
		r = rules_parser_fail(p, "expected a ')' token");
	if (r >= 0 && items.shared) {
		/* operands are never written to once made */
		list->args = (struct rules_operand **)items.shared;
		list->n_args = items.n_shared;
	} else if (r >= 0) {
		r = rules_parser_take(p, &items.vector, list);
	}
	free(items.vector.v);
	if (r < 0)
		return r;
	*ret = list;
	return 1;
}

/* A lone identifier where a list should be: a list of it alone. 0 = none. */
static int try_lone_identifier(struct rules_parser *p, struct rules_operand **ret)
{
	struct rules_operands one = {0};
	size_t start = p->lex.pos;
	struct rules_operand *list;
	struct rules_operand *item;
	int r;

	if (!rules_lex_identifier(&p->lex))
		return 0;
	r = rules_parser_text(p, start, false, &item);
	if (r < 0)
		return r;
	list = rules_parser_operand(p, RULES_OPERAND_LIST, start);
	if (!list)
		return -ENOMEM;
	one.v = &item;
	one.n = 1;
	r = rules_parser_take(p, &one, list);
	if (r < 0)
		return r;
	*ret = list;
	return 1;
}

int rules_parse_items(struct arena *arena, const char *text, size_t len,
		      const struct rules_mark *mark, rules_operand_fn add, void *userdata)
{
	const struct rules_parse_options options = {.max_depth = RULES_FILTER_DEPTH};
	struct rules_parser p = {
		.lex = {.text = text, .len = len, .last = ""},
		.arena = arena,
		.options = &options,
	};
	struct rules_operand *element;
	int r;

	for (;;) {
		r = rules_parse_string(&p, &element);
		if (r <= 0)
			return r < 0 ? r : -EBADMSG;
		element->mark = *mark;
		r = add(userdata, element);
		if (r < 0)
			return r;
		rules_lex_blank(&p.lex);
		if (p.lex.pos == len)
			return 0;
		if (!rules_lex_literal(&p.lex, ","))
			return -EBADMSG;
	}
}

/* ---- operators ------------------------------------------------------------ */

static bool lex_operator(struct rules_lex *lex, const struct spelling *table, size_t n,
			 enum rules_op *ret_op)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].word ? rules_lex_word(lex, table[i].text)
				  : rules_lex_literal(lex, table[i].text)) {
			*ret_op = table[i].op;
			return true;
		}
	}
	return false;
}

static bool keyword_follows(const struct rules_lex *lex)
{
	static const char *const keywords[] = {"and", "or", "not"};
	const char *s = lex->text + lex->pos;
	size_t len = lex->len - lex->pos;

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		size_t n = strlen(keywords[i]);

		if (len >= n && memcmp(s, keywords[i], n) == 0 &&
		    (len == n || !(rules_is_alpha(s[n]) || rules_is_digit(s[n]))))
			return true;
	}
	return false;
}

/*
 * "oneof" and its like are modifiers only when a list follows; in
 * "proc.name = oneof and ..." it is a plain value.
 */
static enum rules_modifier try_modifier(struct rules_lex *lex)
{
	struct rules_lex saved = *lex;

	for (int m = RULES_MODIFIER_ONEOF; m <= RULES_MODIFIER_ALLOF; m++) {
		if (!rules_lex_word(lex, modifiers[m]))
			continue;
		if ((rules_lex_peek(lex) == '(' || rules_is_alpha(rules_lex_peek(lex))) &&
		    !keyword_follows(lex))
			return (enum rules_modifier)m;
		*lex = saved;
	}
	return RULES_MODIFIER_NONE;
}

static int parse_number_rhs(struct rules_parser *p, struct rules_node *check)
{
	size_t start;
	int r;

	rules_lex_blank(&p->lex);
	r = rules_parse_rhs_transformer(p, &check->rhs);
	if (r != 0)
		return r;
	start = p->lex.pos;
	if (rules_lex_number(&p->lex))
		return rules_parser_text(p, start, false, &check->rhs);
	return rules_parser_fail(
		p, "expected a number value or a field with a valid transformer: " TRANSFORMERS);
}

static int parse_string_rhs(struct rules_parser *p, struct rules_node *check)
{
	bool had_blank = rules_is_blank(p->lex.text[p->lex.pos - 1]) || rules_lex_blank(&p->lex);
	int r;

	if (had_blank)
		check->modifier = try_modifier(&p->lex);
	if (check->modifier != RULES_MODIFIER_NONE) {
		r = try_list(p, &check->rhs);
		if (r == 0)
			r = try_lone_identifier(p, &check->rhs);
		return r != 0 ? r : rules_parser_fail(p, "expected a list or an identifier");
	}
	rules_lex_blank(&p->lex);
	r = rules_parse_rhs_transformer(p, &check->rhs);
	if (r == 0)
		r = rules_parse_string(p, &check->rhs);
	if (r != 0)
		return r;
	return rules_parser_fail(
		p, "expected a string value or a field with a valid transformer: " TRANSFORMERS);
}

static int parse_list_rhs(struct rules_parser *p, struct rules_node *check)
{
	int r;

	rules_lex_blank(&p->lex);
	r = try_list(p, &check->rhs);
	if (r == 0)
		r = rules_parse_rhs_transformer(p, &check->rhs);
	if (r == 0)
		r = try_lone_identifier(p, &check->rhs);
	if (r != 0)
		return r;
	return rules_parser_fail(p, "expected a list, an identifier, or a field with a valid "
				    "transformer: " TRANSFORMERS);
}

int rules_parse_check_tail(struct rules_parser *p, struct rules_node *check)
{
	struct rules_lex *lex = &p->lex;
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(lex);
	if (rules_lex_literal(lex, "exists")) {
		check->op = RULES_OP_EXISTS;
	} else if (lex_operator(lex, numeric_operators, ARRAY_SIZE(numeric_operators),
				&check->op)) {
		r = parse_number_rhs(p, check);
	} else if (lex_operator(lex, string_operators, ARRAY_SIZE(string_operators), &check->op)) {
		r = parse_string_rhs(p, check);
	} else if (lex_operator(lex, list_operators, ARRAY_SIZE(list_operators), &check->op)) {
		r = parse_list_rhs(p, check);
	} else {
		r = rules_parser_fail(
			p, "expected a valid check operator: one of 'exists', '<=', '<', '>=', "
			   "'>', '==', '=', '!=', 'glob', 'iglob', 'contains', 'icontains', "
			   "'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', "
			   "'intersects', 'in', 'pmatch'");
	}
	rules_parser_leave(p);
	return r < 0 ? r : 0;
}

static bool spelt(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool find_operator(const struct spelling *table, size_t n, const char *text, size_t len,
			  enum rules_op *ret_op)
{
	for (size_t i = 0; i < n; i++) {
		if (spelt(text, len, table[i].text)) {
			*ret_op = table[i].op;
			return true;
		}
	}
	return false;
}

int rules_parse_operator(const char *text, size_t len, enum rules_op *ret_op,
			 enum rules_modifier *ret_modifier)
{
	size_t word = 0;
	size_t next;

	while (word < len && !rules_is_space(text[word]))
		word++;
	next = word;
	while (next < len && rules_is_space(text[next]))
		next++;
	*ret_modifier = RULES_MODIFIER_NONE;
	if (next < len) {
		if (next != word + 1 || text[word] != ' ')
			return -EINVAL;
		if (!find_operator(string_operators, ARRAY_SIZE(string_operators), text, word,
				   ret_op))
			return -EINVAL;
		for (int m = RULES_MODIFIER_ONEOF; m <= RULES_MODIFIER_ALLOF; m++) {
			if (spelt(text + next, len - next, modifiers[m]))
				*ret_modifier = (enum rules_modifier)m;
		}
		return *ret_modifier != RULES_MODIFIER_NONE ? 0 : -EINVAL;
	}
	if (spelt(text, word, "exists")) {
		*ret_op = RULES_OP_EXISTS;
		return 0;
	}
	return find_operator(numeric_operators, ARRAY_SIZE(numeric_operators), text, word,
			     ret_op) ||
			       find_operator(string_operators, ARRAY_SIZE(string_operators), text,
					     word, ret_op) ||
			       find_operator(list_operators, ARRAY_SIZE(list_operators), text, word,
					     ret_op)
		       ? 0
		       : -EINVAL;
}
