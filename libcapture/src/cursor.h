/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading outside bytes field by field: past the end every read yields zero and
 * sets `bad`, so that one check at the end replaces one a field.
 */
#ifndef CAPTURE_CURSOR_H
#define CAPTURE_CURSOR_H

#include <saker/event.h>

#include "common/util.h"

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if ((size_t)(c->end - c->p) < n) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p += n;
	return p;
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);

	return p ? saker_load_u16(p) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);

	return p ? saker_load_u32(p) : 0;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);

	return p ? saker_load_u64(p) : 0;
}

struct cursor_text {
	const char *text; /* not NUL-terminated */
	uint32_t len;
};

/* u16 length, then as many bytes. */
static inline struct cursor_text cursor_text(struct cursor *c)
{
	uint16_t len = cursor_u16(c);
	const uint8_t *p = cursor_take(c, len);
	struct cursor_text t = {.text = (const char *)p, .len = p ? len : 0};

	return t;
}

#endif /* CAPTURE_CURSOR_H */
