/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets over time that double as the time grows. */
#include "series.h"

#define FIRST_WIDTH UINT64_C(1000000000)

void timeline_init(struct timeline *t, uint64_t width)
{
	memset(t, 0, sizeof(*t));
	t->width = width ? width : FIRST_WIDTH;
	t->max = width ? TIMELINE_MAX_BUCKETS : TIMELINE_BUCKETS;
}

uint32_t timeline_buckets(const struct timeline *t)
{
	return t->any ? (uint32_t)(t->to - t->from + 1) : 0;
}

/* The bucket of a time; the time line grows to it. */
static uint64_t reach(struct timeline *t, uint64_t time)
{
	uint64_t at = time / t->width >> t->shift;

	if (!t->any) {
		t->any = true;
		t->from = t->to = at;
		return at;
	}
	t->from = MIN(t->from, at);
	t->to = MAX(t->to, at);
	while (t->to - t->from >= t->max) {
		t->shift++;
		t->from >>= 1;
		t->to >>= 1;
		at >>= 1;
	}
	return at;
}

/* Pairs become one, as often as the time line has doubled since. */
static void catch_up(struct series *s, uint32_t shift)
{
	for (; s->shift < shift; s->shift++) {
		uint64_t from = s->from >> 1;
		uint32_t n = 0;

		if (!s->n)
			continue;
		for (uint32_t i = 0; i < s->n; i++) {
			uint32_t to = (uint32_t)(((s->from + i) >> 1) - from);
			uint32_t v = s->v[i];

			if (to >= n) {
				s->v[to] = 0; /* never before i: its own pair, or one before */
				n = to + 1;
			}
			s->v[to] += v;
		}
		s->n = n;
		s->from = from;
	}
}

static int make_room(struct series *s, uint64_t at)
{
	uint64_t from = s->n ? MIN(s->from, at) : at;
	uint64_t to = s->n ? MAX(s->from + s->n - 1, at) : at;
	uint32_t n = (uint32_t)(to - from + 1);

	if (n > s->capacity) {
		uint32_t capacity = MAX(n, s->capacity ? 2 * s->capacity : 4);
		uint32_t *v = util_reallocarray(s->v, capacity, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->capacity = capacity;
	}
	if (s->n && from < s->from) {
		uint32_t by = (uint32_t)(s->from - from);

		memmove(s->v + by, s->v, s->n * sizeof(*s->v));
		memset(s->v, 0, by * sizeof(*s->v));
		s->n += by;
	}
	memset(s->v + s->n, 0, (n - s->n) * sizeof(*s->v));
	s->from = from;
	s->n = n;
	return 0;
}

static int add(struct series *s, struct timeline *t, uint64_t time, uint32_t n)
{
	uint64_t at = reach(t, time);
	int r;

	if (unlikely(s->shift != t->shift))
		catch_up(s, t->shift);
	if (unlikely(!s->n || at < s->from || at - s->from >= s->n)) {
		r = make_room(s, at);
		if (r < 0)
			return r;
	}
	s->v[at - s->from] += MIN(n, UINT32_MAX - s->v[at - s->from]);
	return 0;
}

int series_add(struct series *s, struct timeline *t, uint64_t time)
{
	return add(s, t, time, 1);
}

int series_merge(struct series *s, struct timeline *t, const struct series *other,
		 const struct timeline *other_t)
{
	uint64_t width = other_t->width << other->shift;
	int r = 0;

	/* Buckets nest: the finer ones of the other, or ours, fall into those of the coarser. */
	for (uint32_t i = 0; i < other->n && r == 0; i++) {
		if (other->v[i])
			r = add(s, t, (other->from + i) * width, other->v[i]);
	}
	return r;
}

void series_fill(const struct series *s, const struct timeline *t, uint32_t *out)
{
	uint32_t behind = t->shift - s->shift;

	memset(out, 0, timeline_buckets(t) * sizeof(*out));
	for (uint32_t i = 0; i < s->n; i++)
		out[((s->from + i) >> behind) - t->from] += s->v[i];
}

void series_fini(struct series *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}
