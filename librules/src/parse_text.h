/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text put together from values of files that remembers for each byte where it
 * came from: a condition with what was appended to it, its exceptions, and lists
 * written into it.
 */
#ifndef RULES_PARSE_TEXT_H
#define RULES_PARSE_TEXT_H

#include "diag.h"
#include "item.h"

struct rules_text {
	char *s;
	size_t len;
	size_t cap;
	struct rules_segment *segments;
	size_t n_segments;
	size_t segments_cap;
};

void rules_text_fini(struct rules_text *t);

/* Bytes of a scalar's text, or bytes of ours that stand for one byte of it. -E2BIG past the limit.
 */
int rules_text_add(struct rules_text *t, const char *s, size_t len, const struct rules_yaml *scalar,
		   size_t offset, bool fixed);

static inline int rules_text_add_scalar(struct rules_text *t, const struct rules_yaml *scalar)
{
	return rules_text_add(t, scalar->text, scalar->len, scalar, 0, false);
}

static inline int rules_text_add_ours(struct rules_text *t, const char *s,
				      const struct rules_yaml *scalar)
{
	return rules_text_add(t, s, strlen(s), scalar, 0, true);
}

/* Part of another text, with its origins. */
int rules_text_add_part(struct rules_text *t, const struct rules_text *from, size_t start,
			size_t end);

/* Where a byte came from. */
const struct rules_segment *rules_text_origin(const struct rules_text *t, size_t at,
					      size_t *ret_offset);

int rules_text_add_string(struct rules_text *t, const struct rules_string *s);

/* Makes it a source, in the arena. The text is NUL-terminated there. */
int rules_text_register(struct rules_text *t, struct arena *arena, struct rules_reporter *reporter,
			const struct rules_place *owner, uint32_t *ret_source);

/*
 * "(condition) and not (...)" for the exceptions of a rule that has any. The
 * findings go to the reporter.
 */
int rules_text_add_exceptions(struct rules_text *t, struct rules_reporter *reporter,
			      const struct rules_rule *rule);

#endif /* RULES_PARSE_TEXT_H */
