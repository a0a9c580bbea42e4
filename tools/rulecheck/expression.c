/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as text. See expression.h. */
#include "expression.h"

#define MAX_SHOWN 8 /* values of a list */

static void put_operand(FILE *out, const struct saker_operand *o)
{
	if (o->kind != SAKER_OPERAND_LIST) {
		fputs(o->written, out);
		return;
	}
	fputc('(', out);
	for (uint32_t i = 0; i < o->n_args; i++) {
		if (i)
			fputs(", ", out);
		put_operand(out, o->args[i]);
	}
	fputc(')', out);
}

/* A named list in whole counts as one of the values shown. */
static void put_short_list(FILE *out, const struct saker_operand *o)
{
	uint32_t shown = 0, i = 0;

	fputc('(', out);
	while (i < o->n_args && shown < MAX_SHOWN) {
		const char *list = o->args[i]->list;
		uint32_t n = 1;

		while (list && i + n < o->n_args && o->args[i + n]->list &&
		       util_streq(list, o->args[i + n]->list))
			n++;
		if (shown++)
			fputs(", ", out);
		if (list)
			fprintf(out, "%s: ", list);
		for (uint32_t k = 0; k < n && k < MAX_SHOWN; k++) {
			if (k)
				fputs(" ", out);
			put_operand(out, o->args[i + k]);
		}
		if (n > MAX_SHOWN)
			fprintf(out, " ... %u in all", n);
		i += n;
	}
	if (i < o->n_args)
		fprintf(out, ", ... %u in all", o->n_args);
	fputc(')', out);
}

static void put_check(FILE *out, const struct saker_expression *e, bool shortened)
{
	put_operand(out, e->left);
	fprintf(out, " %s", e->op);
	if (*e->modifier)
		fprintf(out, " %s", e->modifier);
	if (!e->right)
		return;
	fputc(' ', out);
	if (shortened && e->right->kind == SAKER_OPERAND_LIST)
		put_short_list(out, e->right);
	else
		put_operand(out, e->right);
}

void expression_put_check(FILE *out, const struct saker_expression *check)
{
	put_check(out, check, true);
}

void expression_put(FILE *out, const struct saker_expression *e)
{
	switch (e->kind) {
	case SAKER_EXPRESSION_CHECK:
		put_check(out, e, false);
		return;
	case SAKER_EXPRESSION_NOT:
		fputs("not (", out);
		expression_put(out, e->children[0]);
		fputc(')', out);
		return;
	default:
		fputc('(', out);
		for (uint32_t i = 0; i < e->n_children; i++) {
			if (i)
				fputs(e->kind == SAKER_EXPRESSION_AND ? " and " : " or ", out);
			expression_put(out, e->children[i]);
		}
		fputc(')', out);
	}
}

char *expression_text(const struct saker_expression *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	expression_put(f, e);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- normal form ----------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_sorted(FILE *out, char **v, uint32_t n, const char *between)
{
	qsort(v, n, sizeof(*v), by_text);
	for (uint32_t i = 0; i < n; i++) {
		if (i && strcmp(v[i], v[i - 1]) == 0)
			continue;
		fprintf(out, "%s%s", i ? between : "", v[i]);
	}
}

static bool put_normal_values(FILE *out, const struct saker_operand *o)
{
	_cleanup_free_ char **v = calloc((size_t)o->n_args + 1, sizeof(*v));

	if (!v)
		return false;
	for (uint32_t i = 0; i < o->n_args; i++)
		v[i] = (char *)o->args[i]->written;
	put_sorted(out, v, o->n_args, ", ");
	return true;
}

static bool put_normal_check(FILE *out, const struct saker_expression *e)
{
	bool equal = strcmp(e->op, "=") == 0 && !*e->modifier && e->right &&
		     e->right->kind == SAKER_OPERAND_TEXT;
	bool done = true;

	put_operand(out, e->left);
	fprintf(out, " %s%s%s", equal ? "in" : e->op, *e->modifier ? " " : "", e->modifier);
	if (!e->right)
		return true;
	fputs(equal || e->right->kind == SAKER_OPERAND_LIST ? " (" : " ", out);
	if (e->right->kind == SAKER_OPERAND_LIST)
		done = put_normal_values(out, e->right);
	else
		put_operand(out, e->right);
	if (equal || e->right->kind == SAKER_OPERAND_LIST)
		fputc(')', out);
	return done;
}

static bool put_normal_children(FILE *out, const struct saker_expression *e)
{
	_cleanup_free_ char **v = calloc((size_t)e->n_children + 1, sizeof(*v));
	bool done = v != NULL;

	for (uint32_t i = 0; done && i < e->n_children; i++) {
		v[i] = expression_normal_text(e->children[i]);
		done = v[i] != NULL;
	}
	fputs(e->kind == SAKER_EXPRESSION_NOT ? "not (" : "(", out);
	if (done)
		put_sorted(out, v, e->n_children,
			   e->kind == SAKER_EXPRESSION_AND ? " and " : " or ");
	fputc(')', out);
	for (uint32_t i = 0; v && i < e->n_children; i++)
		free(v[i]);
	return done;
}

char *expression_normal_text(const struct saker_expression *e)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool done;

	if (!out)
		return NULL;
	done = e->kind == SAKER_EXPRESSION_CHECK ? put_normal_check(out, e)
						 : put_normal_children(out, e);
	if (fclose(out) != 0 || !done) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- laid out -------------------------------------------------------------------- */

struct line {
	const struct saker_expression *parent;
	const char *word;		   /* "and", "or", "" */
	const struct saker_expression *no; /* the not in front, or NULL */
	int depth;
};

static void begin_line(const struct expression_printer *p, const struct saker_expression *e,
		       const struct line *line)
{
	fprintf(p->out, "%*s", p->indent, "");
	if (p->before)
		p->before(p->userdata, p->out, line->no ? line->no : e);
	fprintf(p->out, "%*s%-4s%s", line->depth * 4, "", line->word, line->no ? "not " : "");
}

static void print(const struct expression_printer *p, const struct saker_expression *e,
		  struct line line)
{
	struct line child = {.parent = e, .depth = line.depth + 1};

	if (e->kind == SAKER_EXPRESSION_NOT && !line.no &&
	    e->children[0]->kind != SAKER_EXPRESSION_NOT) {
		line.no = e;
		print(p, e->children[0], line);
		return;
	}
	begin_line(p, e, &line);
	if (e->kind == SAKER_EXPRESSION_CHECK) {
		expression_put_check(p->out, e);
		if (p->behind)
			p->behind(p->userdata, p->out, e, line.parent);
		fputc('\n', p->out);
		return;
	}
	fputs(e->kind == SAKER_EXPRESSION_NOT ? "not (" : "(", p->out);
	if (p->behind)
		p->behind(p->userdata, p->out, e, line.parent);
	fputc('\n', p->out);
	for (uint32_t i = 0; i < e->n_children; i++) {
		child.word = i == 0 ? "" : e->kind == SAKER_EXPRESSION_AND ? "and" : "or";
		print(p, e->children[i], child);
	}
	fprintf(p->out, "%*s%*s)\n", p->indent + (p->before ? 2 : 0), "", line.depth * 4 + 4, "");
}

void expression_print(const struct expression_printer *p, const struct saker_expression *root)
{
	struct line line = {.parent = root, .word = ""};

	if (root->kind != SAKER_EXPRESSION_AND && root->kind != SAKER_EXPRESSION_OR) {
		print(p, root, (struct line){.word = ""});
		return;
	}
	for (uint32_t i = 0; i < root->n_children; i++) {
		print(p, root->children[i], line);
		line.word = root->kind == SAKER_EXPRESSION_AND ? "and" : "or";
	}
}

/* ---- walking --------------------------------------------------------------------- */

static void walk(const struct saker_expression *e, bool negated, expression_fn fn, void *userdata)
{
	fn(userdata, e, negated);
	for (uint32_t i = 0; i < e->n_children; i++)
		walk(e->children[i], negated ^ (e->kind == SAKER_EXPRESSION_NOT), fn, userdata);
}

void expression_walk(const struct saker_expression *root, expression_fn fn, void *userdata)
{
	walk(root, false, fn, userdata);
}
