/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that remember where their bytes came from; see parse_text.h. */
#include "parse_text.h"

#include "load_internal.h"

void rules_text_fini(struct rules_text *t)
{
	free(t->s);
	free(t->segments);
	memset(t, 0, sizeof(*t));
}

static int reserve(struct rules_text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 256;
	char *s;

	if (more > RULES_MAX_CONDITION || t->len + more > RULES_MAX_CONDITION)
		return -E2BIG;
	if (t->len + more + 1 <= t->cap)
		return 0;
	while (cap < t->len + more + 1)
		cap *= 2;
	s = realloc(t->s, cap);
	if (!s)
		return -ENOMEM;
	t->s = s;
	t->cap = cap;
	return 0;
}

int rules_text_add(struct rules_text *t, const char *s, size_t len, const struct rules_yaml *scalar,
		   size_t offset, bool fixed)
{
	int r = reserve(t, len);

	if (r == 0)
		r = GROW(t->segments, t->n_segments, t->segments_cap);
	if (r < 0)
		return r;
	if (len == 0)
		return 0;
	t->segments[t->n_segments++] = (struct rules_segment){
		.start = t->len, .scalar = scalar, .offset = offset, .fixed = fixed};
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
	return 0;
}

static size_t segment_at(const struct rules_text *t, size_t at)
{
	size_t low = 0;
	size_t high = t->n_segments;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (t->segments[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const struct rules_segment *rules_text_origin(const struct rules_text *t, size_t at,
					      size_t *ret_offset)
{
	const struct rules_segment *segment = &t->segments[segment_at(t, at)];

	*ret_offset = segment->offset + (segment->fixed ? 0 : at - segment->start);
	return segment;
}

int rules_text_add_part(struct rules_text *t, const struct rules_text *from, size_t start,
			size_t end)
{
	size_t i;
	int r = 0;

	if (start >= end)
		return 0;
	for (i = segment_at(from, start); r == 0 && start < end; i++) {
		const struct rules_segment *s = &from->segments[i];
		size_t stop = i + 1 < from->n_segments ? from->segments[i + 1].start : from->len;

		stop = MIN(stop, end);
		r = rules_text_add(t, from->s + start, stop - start, s->scalar,
				   s->offset + (s->fixed ? 0 : start - s->start), s->fixed);
		start = stop;
	}
	return r;
}

int rules_text_add_string(struct rules_text *t, const struct rules_string *s)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < s->n; i++) {
		if (i)
			r = rules_text_add_ours(t, " ", s->parts[i]);
		if (r == 0)
			r = rules_text_add_scalar(t, s->parts[i]);
	}
	return r;
}

int rules_text_register(struct rules_text *t, struct arena *arena, struct rules_reporter *reporter,
			const struct rules_place *owner, uint32_t *ret_source)
{
	struct rules_segment *segments = arena_alloc(arena, t->n_segments * sizeof(*segments));
	struct rules_source source = {.len = t->len, .n_segments = t->n_segments, .owner = owner};

	source.content = arena_strndup(arena, t->s ? t->s : "", t->len);
	if (!segments || !source.content)
		return -ENOMEM;
	if (t->n_segments)
		memcpy(segments, t->segments, t->n_segments * sizeof(*segments));
	source.segments = segments;
	return rules_add_source(reporter, &source, ret_source);
}
