/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded buffer that goes on counting when it is full, as snprintf does, and
 * the JSON spelling of strings and numbers. Apart from alert.c because gap
 * records and alerts share it and because it is what hostile bytes meet first.
 */
#ifndef SAKER_OUTPUT_BUFFER_H
#define SAKER_OUTPUT_BUFFER_H

#include "common/util.h"

#include <saker/base.h>

struct output_buffer {
	char *data;
	size_t size; /* bytes of data, the final NUL included */
	size_t len;  /* bytes asked for so far, may exceed size */
};

static inline void output_buffer_init(struct output_buffer *b, char *data, size_t size)
{
	b->data = data;
	b->size = size;
	b->len = 0;
}

static inline void output_put(struct output_buffer *b, const char *s, size_t n)
{
	if (likely(b->len < b->size)) {
		size_t room = b->size - b->len;

		memcpy(b->data + b->len, s, MIN(n, room));
	}
	b->len += n;
}

static inline void output_put_str(struct output_buffer *b, const char *s)
{
	output_put(b, s, strlen(s));
}

#define output_put_lit(b, lit) output_put(b, lit, sizeof(lit) - 1)

/* NUL-terminates within size; the length that was asked for. */
size_t output_buffer_finish(struct output_buffer *b);

/*
 * The inside of a JSON string, without its quotes: quotes, backslashes and all
 * control characters (C0, DEL, C1, line separators, changes of direction) are
 * escaped, each maximal invalid UTF-8 sequence becomes U+FFFD.
 */
void output_put_escaped(struct output_buffer *b, const char *s, size_t n);
/* The same with quotes around it. */
void output_put_json_string(struct output_buffer *b, const char *s, size_t n);

void output_put_u64(struct output_buffer *b, uint64_t v);
void output_put_i64(struct output_buffer *b, int64_t v);
/* v in decimal, at least `digits` long. */
void output_put_padded(struct output_buffer *b, uint64_t v, unsigned int digits);
/* The shortest decimal that reads back as v; "null" when v is not finite. */
void output_put_double(struct output_buffer *b, double v);
/* One value as JSON; an absent one is null. */
void output_put_json_value(struct output_buffer *b, const struct saker_value *v);

#endif /* SAKER_OUTPUT_BUFFER_H */
