/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants that exclude each other. A check that asks for one of some values is
 * held against all else that is asked of the same field; where every value is
 * ruled out by one other check, the two cannot hold together. Only fields with a
 * single value of text or an integer are judged: others may have several, or
 * equal each other in more ways than their text.
 */
#include "logic.h"

#define MAX_VALUES 4096 /* of a list; longer ones are not looked at */

enum tri { NO, YES, UNKNOWN };

static bool is_text(const struct saker_field *f)
{
	return f->type == SAKER_TYPE_STRING || f->type == SAKER_TYPE_PATH;
}

static bool is_integer(const struct saker_field *f)
{
	return (f->type >= SAKER_TYPE_I8 && f->type <= SAKER_TYPE_ABSTIME) ||
	       f->type == SAKER_TYPE_BOOL;
}

static bool is_judged(const struct literal *l)
{
	return l->field && !(l->field->flags & (SAKER_FIELD_LIST | SAKER_FIELD_ANY)) &&
	       !*l->check->modifier && (is_text(l->field) || is_integer(l->field));
}

static bool same_left(const struct literal *a, const struct literal *b)
{
	return util_streq(a->check->left->written, b->check->left->written);
}

static bool is_op(const struct literal *l, const char *op)
{
	return util_streq(l->check->op, op);
}

/* = or in, with constants only: the values. */
static uint32_t values_of(const struct literal *l, const struct saker_operand *const **ret)
{
	const struct saker_operand *right = l->check->right;
	uint32_t n;

	if (!right)
		return 0;
	if (right->kind == SAKER_OPERAND_TEXT) {
		*ret = &l->check->right;
		return 1;
	}
	if (right->kind != SAKER_OPERAND_LIST || right->n_args > MAX_VALUES)
		return 0;
	*ret = right->args;
	for (n = 0; n < right->n_args; n++) {
		if (right->args[n]->kind != SAKER_OPERAND_TEXT)
			return 0;
	}
	return n;
}

static bool integer(const char *text, int64_t *ret)
{
	char *end;

	if (util_streq(text, "true") || util_streq(text, "false")) {
		*ret = *text == 't';
		return true;
	}
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

static enum tri equal(const struct saker_field *field, const char *a, const char *b)
{
	int64_t x, y;

	if (is_text(field))
		return util_streq(a, b) ? YES : NO;
	return !integer(a, &x) || !integer(b, &y) ? UNKNOWN : x == y ? YES : NO;
}

static enum tri compare_numbers(const char *op, const char *a, const char *b)
{
	int64_t x, y;

	if (!integer(a, &x) || !integer(b, &y))
		return UNKNOWN;
	if (util_streq(op, "<"))
		return x < y ? YES : NO;
	if (util_streq(op, "<="))
		return x <= y ? YES : NO;
	if (util_streq(op, ">"))
		return x > y ? YES : NO;
	return x >= y ? YES : NO;
}

static enum tri satisfies_text(const char *op, const char *value, const char *text)
{
	size_t n = strlen(value), m = strlen(text);

	if (util_streq(op, "startswith"))
		return strncmp(value, text, m) == 0 ? YES : NO;
	if (util_streq(op, "endswith"))
		return n >= m && util_streq(value + n - m, text) ? YES : NO;
	if (util_streq(op, "contains"))
		return strstr(value, text) ? YES : NO;
	if (util_streq(op, "icontains"))
		return strcasestr(value, text) ? YES : NO;
	return UNKNOWN;
}

/* Whether the field's having that value makes the check (not its negation) hold. */
static enum tri satisfies(const struct literal *l, const char *value)
{
	const struct saker_operand *const *values;
	uint32_t n = values_of(l, &values);
	bool unknown = false;

	if (is_op(l, "exists"))
		return YES;
	if (n == 0)
		return UNKNOWN;
	if (is_op(l, "=") || is_op(l, "in") || is_op(l, "!=")) {
		for (uint32_t i = 0; i < n; i++) {
			enum tri t = equal(l->field, value, values[i]->text);

			if (t == YES)
				return is_op(l, "!=") ? NO : YES;
			unknown |= t == UNKNOWN;
		}
		return unknown ? UNKNOWN : is_op(l, "!=") ? YES : NO;
	}
	if (strchr("<>", l->check->op[0]))
		return n == 1 && is_integer(l->field)
			       ? compare_numbers(l->check->op, value, values[0]->text)
			       : UNKNOWN;
	return n == 1 && is_text(l->field) ? satisfies_text(l->check->op, value, values[0]->text)
					   : UNKNOWN;
}

/* a asks for one of some values, none of which b allows. */
static bool all_ruled_out(const struct literal *a, const struct literal *b)
{
	const struct saker_operand *const *values;
	uint32_t n;

	if (a->negated || !(is_op(a, "=") || is_op(a, "in")))
		return false;
	n = values_of(a, &values);
	for (uint32_t i = 0; i < n; i++) {
		enum tri t = satisfies(b, values[i]->text);

		if (t == UNKNOWN || t == (b->negated ? NO : YES))
			return false;
	}
	return n > 0;
}

static bool prefixes_differ(const struct literal *a, const struct literal *b)
{
	const struct saker_operand *const *x, *const *y;

	if (a->negated || b->negated || !is_op(a, "startswith") || !is_op(b, "startswith") ||
	    values_of(a, &x) != 1 || values_of(b, &y) != 1)
		return false;
	return strncmp(x[0]->text, y[0]->text, MIN(strlen(x[0]->text), strlen(y[0]->text))) != 0;
}

/* Two bounds with nothing between them. */
static bool bounds_cross(const struct literal *a, const struct literal *b)
{
	const struct saker_operand *const *x, *const *y;
	int64_t low, high;

	if (a->negated || b->negated || !is_integer(a->field) || a->check->op[0] != '>' ||
	    b->check->op[0] != '<' || values_of(a, &x) != 1 || values_of(b, &y) != 1 ||
	    !integer(x[0]->text, &low) || !integer(y[0]->text, &high))
		return false;
	return low > high || (low == high && !(is_op(a, ">=") && is_op(b, "<=")));
}

static bool same_check(const struct literal *a, const struct literal *b)
{
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (a->check == b->check)
		return true;
	if (!util_streq(a->check->op, b->check->op) ||
	    !util_streq(a->check->modifier, b->check->modifier))
		return false;
	x = expression_text(a->check);
	y = expression_text(b->check);
	return x && y && util_streq(x, y);
}

static bool clash(const struct literal *a, const struct literal *b)
{
	if (!same_left(a, b))
		return false;
	if (a->negated != b->negated && same_check(a, b))
		return true;
	if (!is_judged(a) || !is_judged(b))
		return false;
	/* without a value nothing else holds; exists itself is above */
	if (a->negated && is_op(a, "exists") && !b->negated)
		return true;
	if (b->negated && is_op(b, "exists") && !a->negated)
		return true;
	return all_ruled_out(a, b) || all_ruled_out(b, a) || prefixes_differ(a, b) ||
	       bounds_cross(a, b) || bounds_cross(b, a);
}

bool logic_excludes(const struct literal *literal, const struct literal **ret_other)
{
	for (const struct literal *other = literal->outer; other; other = other->outer) {
		if (clash(literal, other)) {
			*ret_other = other;
			return true;
		}
	}
	return false;
}

bool logic_covers(const struct literal *a, const struct literal *b)
{
	const struct saker_operand *const *x, *const *y;
	uint32_t n, m;

	if (!same_left(a, b))
		return false;
	if (a->negated != b->negated && same_check(a, b))
		return true;
	if (!is_judged(a) || !is_judged(b) || a->negated || b->negated || !is_op(a, "!=") ||
	    !is_op(b, "!="))
		return false;
	n = values_of(a, &x);
	m = values_of(b, &y);
	return n == 1 && m == 1 && equal(a->field, x[0]->text, y[0]->text) == NO;
}
