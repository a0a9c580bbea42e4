/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file that was laid out still says the same: equal values in equal places,
 * conditions word for word, comments in their order. Apart from the printer, and reading
 * what it printed, so that a mistake there is found here and not in somebody's rules.
 */
#include "fmt.h"
#include "tokens.h"

static bool is_block_scalar(const struct source_node *node)
{
	return node->style == YAML_LITERAL_SCALAR_STYLE || node->style == YAML_FOLDED_SCALAR_STYLE;
}

/* A file's last line may have lacked its end; a block scalar there gains it. */
static bool same_but_for_the_end(const struct source_node *a, const struct source_node *b)
{
	return is_block_scalar(a) && b->len == a->len + 1 && b->value[a->len] == '\n' &&
	       memcmp(a->value, b->value, a->len) == 0;
}

static bool same_condition(const struct source_node *a, const struct source_node *b)
{
	struct tokens x, y = {0};
	bool same = tokens_read(&x, a->value, a->len) == 0 &&
		    tokens_read(&y, b->value, b->len) == 0 &&
		    tokens_equal(&x, a->value, &y, b->value);

	tokens_fini(&x);
	tokens_fini(&y);
	return same;
}

static bool same_scalar(const struct source_node *a, const struct source_node *b, bool condition)
{
	if (a->style != b->style)
		return false;
	if (a->len == b->len && memcmp(a->value, b->value, a->len) == 0)
		return true;
	return same_but_for_the_end(a, b) || (condition && same_condition(a, b));
}

static bool same_node(const struct source *s, const struct source_node *a, const struct source *t,
		      const struct source_node *b, bool condition)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == SOURCE_ALIAS)
		return a->end - a->start == b->end - b->start &&
		       memcmp(s->text + a->start, t->text + b->start, a->end - a->start) == 0;
	if (a->kind == SOURCE_SCALAR)
		return same_scalar(a, b, condition);
	for (uint32_t i = 0; i < a->n; i++) {
		bool is_condition = a->kind == SOURCE_MAPPING && i % 2 &&
				    a->children[i - 1]->kind == SOURCE_SCALAR &&
				    util_streq(a->children[i - 1]->value, "condition");

		if (!same_node(s, a->children[i], t, b->children[i], is_condition))
			return false;
	}
	return true;
}

static bool same(const struct source *a, const struct source *b)
{
	if (a->n_documents != b->n_documents || a->n_comments != b->n_comments)
		return false;
	for (uint32_t i = 0; i < a->n_comments; i++) {
		const struct source_comment *x = &a->comments[i], *y = &b->comments[i];

		if (x->len != y->len || memcmp(a->text + x->at, b->text + y->at, x->len) != 0)
			return false;
	}
	for (uint32_t i = 0; i < a->n_documents; i++) {
		if (!same_node(a, a->documents[i], b, b->documents[i], false))
			return false;
	}
	return true;
}

int fmt_check(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct source x, y;
	int r = source_read(&x, a, a_len);

	if (r == 0) {
		r = source_read(&y, b, b_len);
		if (r == -EBADMSG)
			r = -EPROTO;
		if (r == 0 && !same(&x, &y))
			r = -EPROTO;
		source_fini(&y);
	}
	source_fini(&x);
	return r;
}
