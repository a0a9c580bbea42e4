/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a rule matches or does not: of all events the one that satisfies most parts of its
 * condition, and of that one every check with its verdict and its field's value.
 */
#include "expression.h"
#include "run.h"

#define MAX_PARTS 64
#define MAX_VALUE 120 /* bytes of a value shown */

struct why {
	const struct test_case *c;
	const struct saker_catalogue *catalogue;
	const struct saker_rule_details *rule;
	FILE *out;
	struct saker_filter *parts[MAX_PARTS];
	uint32_t n_parts;
	uint64_t best; /* the event's number */
	uint32_t most; /* parts that it satisfies */
	void *record;  /* while it is explained */
};

static struct saker_filter *compile(const struct saker_catalogue *catalogue,
				    const struct saker_expression *e)
{
	_cleanup_free_ char *text = expression_text(e);
	struct saker_filter *filter = NULL;

	if (!text || saker_filter_compile(catalogue, text, NULL, NULL, &filter) < 0)
		return NULL;
	return filter;
}

static int count_satisfied(void *userdata, void *record, uint64_t number)
{
	struct why *w = userdata;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_parts; i++)
		n += w->parts[i] && saker_filter_eval(w->parts[i], record) == 1;
	if (w->best == 0 || n > w->most) {
		w->best = number;
		w->most = n;
	}
	return 0;
}

static void put_verdict(void *userdata, FILE *out, const struct saker_expression *e)
{
	struct why *w = userdata;
	struct saker_filter *filter = compile(w->catalogue, e);

	fputs(!filter ? "? " : saker_filter_eval(filter, w->record) == 1 ? "+ " : "- ", out);
	saker_filter_free(filter);
}

static void put_value(void *userdata, FILE *out, const struct saker_expression *e,
		      const struct saker_expression *parent)
{
	struct saker_formatter *formatter = NULL;
	struct saker_rendered rendered;
	struct why *w = userdata;
	char format[256];

	if (e->kind != SAKER_EXPRESSION_CHECK || e->left->kind != SAKER_OPERAND_FIELD ||
	    snprintf(format, sizeof(format), "%%%s", e->left->written) >= (int)sizeof(format))
		return;
	if (saker_formatter_compile(w->catalogue, format, NULL, NULL, &formatter) == 0 &&
	    saker_formatter_render(formatter, w->record, &rendered) == 0)
		fprintf(out, "    # %s is %.*s", e->left->written,
			(int)MIN(rendered.message_len, (size_t)MAX_VALUE), rendered.message);
	saker_formatter_free(formatter);
}

static int explain_best(void *userdata, void *record, uint64_t number)
{
	struct why *w = userdata;
	struct expression_printer printer = {
		.out = w->out, .indent = 4, .before = put_verdict, .behind = put_value};

	if (number != w->best)
		return 0;
	printer.userdata = w;
	w->record = record;
	if (w->most == w->n_parts)
		fprintf(w->out, "  event %llu satisfies it (+ holds, - does not):\n",
			(unsigned long long)number);
	else
		fprintf(w->out,
			"  event %llu came closest, with %u of %u parts (+ holds, - does not):\n",
			(unsigned long long)number, w->most, w->n_parts);
	expression_print(&printer, w->rule->root);
	return 1;
}

void why(const struct test_case *c, const struct saker_catalogue *catalogue,
	 const struct saker_rule_details *rule, FILE *out)
{
	struct why w = {.c = c, .catalogue = catalogue, .rule = rule, .out = out};
	const struct saker_expression *root = rule->root;

	if (root->kind == SAKER_EXPRESSION_AND && root->n_children <= MAX_PARTS) {
		for (; w.n_parts < root->n_children; w.n_parts++)
			w.parts[w.n_parts] = compile(catalogue, root->children[w.n_parts]);
	} else {
		w.parts[w.n_parts++] = compile(catalogue, root);
	}
	if (run_events(c, count_satisfied, &w, out) == 0) {
		if (w.best)
			run_events(c, explain_best, &w, out);
		else
			fputs("  there are no events\n", out);
	}
	for (uint32_t i = 0; i < w.n_parts; i++)
		saker_filter_free(w.parts[i]);
}
