/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unified differences. The shortest way from one text to the other by Myers' algorithm
 * ("An O(ND) Difference Algorithm", 1986); past MAX_STEPS changes the rest is one.
 */
#include "line_diff.h"

#include "common/util.h"
#include "report.h"

#define CONTEXT 3
#define MAX_STEPS 2000

struct lines {
	const char **v; /* n + 1: the last one is the end */
	int n;
	int capacity;
};

struct change {
	char sign; /* ' ', '-' or '+' */
	int line;  /* of a; for '+' of b */
};

struct diff {
	struct lines a, b;
	struct change *changes;
	uint32_t n;
	uint32_t capacity;
	int **ways; /* furthest x by diagonal, a step each */
	int steps;
};

static int split(struct lines *l, const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *c = text;;) {
		const char *newline;

		if (GROW(l->v, l->n, l->capacity) < 0)
			return -ENOMEM;
		l->v[l->n] = c;
		if (c == end)
			return 0;
		l->n++;
		newline = memchr(c, '\n', (size_t)(end - c));
		c = newline ? newline + 1 : end;
	}
}

static bool equal(const struct diff *d, int x, int y)
{
	ptrdiff_t n = d->a.v[x + 1] - d->a.v[x];

	return n == d->b.v[y + 1] - d->b.v[y] && memcmp(d->a.v[x], d->b.v[y], (size_t)n) == 0;
}

/* One step more; true = the ends are reached. */
static bool step(struct diff *d, int *v, int s)
{
	for (int k = -s; k <= s; k += 2) {
		int x = k == -s || (k != s && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
		int y = x - k;

		while (x < d->a.n && y < d->b.n && equal(d, x, y)) {
			x++;
			y++;
		}
		v[k] = x;
		if (x >= d->a.n && y >= d->b.n)
			return true;
	}
	return false;
}

static int keep_way(struct diff *d, const int *v, int s)
{
	size_t n = 2 * (size_t)s + 3;

	d->ways[s] = malloc(n * sizeof(int));
	if (!d->ways[s])
		return -ENOMEM;
	memcpy(d->ways[s], v - s - 1, n * sizeof(int));
	d->steps = s + 1;
	return 0;
}

static int add(struct diff *d, char sign, int line)
{
	if (GROW(d->changes, d->n, d->capacity) < 0)
		return -ENOMEM;
	d->changes[d->n++] = (struct change){sign, line};
	return 0;
}

/* From the ends back to the beginnings; the changes come out last first. */
static int walk_back(struct diff *d, int s)
{
	int x = d->a.n, y = d->b.n, r = 0;

	for (; s > 0 && r == 0; s--) {
		const int *v = d->ways[s] + s + 1;
		int k = x - y;
		bool down = k == -s || (k != s && v[k - 1] < v[k + 1]);
		int from = down ? v[k + 1] : v[k - 1], before = from - (down ? k + 1 : k - 1);

		while (r == 0 && x > (down ? from : from + 1) && y > (down ? before + 1 : before)) {
			r = add(d, ' ', --x);
			y--;
		}
		if (r == 0)
			r = down ? add(d, '+', before) : add(d, '-', from);
		x = from;
		y = before;
	}
	while (r == 0 && x > 0)
		r = add(d, ' ', --x);
	return r;
}

static int replace_all(struct diff *d)
{
	int r = 0;

	for (int i = d->b.n; r == 0 && i > 0; i--)
		r = add(d, '+', i - 1);
	for (int i = d->a.n; r == 0 && i > 0; i--)
		r = add(d, '-', i - 1);
	return r;
}

static int compare(struct diff *d)
{
	int *all = calloc(2 * MAX_STEPS + 5, sizeof(int)), *v = all + MAX_STEPS + 2;
	int r = 0, s;

	d->ways = calloc(MAX_STEPS + 1, sizeof(*d->ways));
	if (!all || !d->ways) {
		free(all);
		return -ENOMEM;
	}
	for (s = 0; s <= MAX_STEPS && r == 0; s++) {
		r = keep_way(d, v, s); /* as it was before this step */
		if (r == 0 && step(d, v, s))
			break;
	}
	if (r == 0)
		r = s > MAX_STEPS ? replace_all(d) : walk_back(d, s);
	free(all);
	for (uint32_t i = 0; i < d->n / 2; i++) {
		struct change c = d->changes[i];

		d->changes[i] = d->changes[d->n - 1 - i];
		d->changes[d->n - 1 - i] = c;
	}
	return r;
}

/* ---- printing ------------------------------------------------------------------- */

static void put_change(FILE *out, bool colour, const struct diff *d, const struct change *c)
{
	const struct lines *l = c->sign == '+' ? &d->b : &d->a;
	const char *text = l->v[c->line];
	size_t n = (size_t)(l->v[c->line + 1] - text);
	bool ended = n && text[n - 1] == '\n';

	if (colour && c->sign != ' ')
		fputs(c->sign == '+' ? "\x1b[32m" : "\x1b[31m", out);
	fputc(c->sign, out);
	if (colour)
		report_put(out, text, n - ended);
	else
		fwrite(text, 1, n - ended, out);
	if (colour && c->sign != ' ')
		fputs("\x1b[0m", out);
	fputs(ended ? "\n" : "\n\\ No newline at end of file\n", out);
}

static void put_hunk(FILE *out, bool colour, const struct diff *d, uint32_t from, uint32_t to)
{
	int a = 0, b = 0, n = 0, m = 0;

	for (uint32_t i = 0; i < to; i++) {
		int in_a = d->changes[i].sign != '+', in_b = d->changes[i].sign != '-';

		if (i < from) {
			a += in_a;
			b += in_b;
		} else {
			n += in_a;
			m += in_b;
		}
	}
	fprintf(out, "@@ -%d,%d +%d,%d @@\n", n ? a + 1 : a, n, m ? b + 1 : b, m);
	for (uint32_t i = from; i < to; i++)
		put_change(out, colour, d, &d->changes[i]);
}

static void put_all(FILE *out, bool colour, const char *name, const struct diff *d)
{
	uint32_t i = 0;

	fprintf(out, "--- %s\n+++ %s\n", name, name);
	while (i < d->n) {
		uint32_t from, to, same = 0;

		while (i < d->n && d->changes[i].sign == ' ')
			i++;
		if (i == d->n)
			return;
		from = i > CONTEXT ? i - CONTEXT : 0;
		for (to = i; i < d->n && same <= 2 * CONTEXT; i++) {
			same = d->changes[i].sign == ' ' ? same + 1 : 0;
			if (!same)
				to = i + 1;
		}
		put_hunk(out, colour, d, from, MIN(to + CONTEXT, d->n));
		i = MIN(to + CONTEXT, d->n);
	}
}

int line_diff(FILE *out, bool colour, const char *name, const char *a, size_t a_len, const char *b,
	      size_t b_len)
{
	struct diff d = {0};
	int r = split(&d.a, a, a_len);

	if (r == 0)
		r = split(&d.b, b, b_len);
	if (r == 0)
		r = compare(&d);
	if (r == 0)
		put_all(out, colour, name, &d);
	for (int s = 0; s < d.steps; s++)
		free(d.ways[s]);
	free(d.ways);
	free(d.changes);
	free(d.a.v);
	free(d.b.v);
	return r;
}
