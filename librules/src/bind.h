/* SPDX-License-Identifier: Apache-2.0 */
/* From names in conditions and formats to terms over a catalogue's fields. */
#ifndef RULES_BIND_H
#define RULES_BIND_H

#include "dag.h"

/*
 * The field `name` with the argument in brackets (NULL = none). A name that is no
 * field may be one and an argument behind a dot: evt.arg.flags. -ENOENT when
 * there is no such field (error is filled in as well).
 */
int rules_bind_field(struct rules_builder *builder, const struct rules_mark *mark, const char *name,
		     size_t len, const char *arg, size_t arg_len, uint32_t *ret_term);

/* A field, a transformer, or a constant or list in one. */
int rules_bind_operand(struct rules_builder *builder, const struct rules_operand *operand,
		       uint32_t *ret_term);

/* The catalogue's field of that name; NULL if none. */
const struct saker_field *rules_bind_find(const struct rules_builder *builder, const char *name,
					  size_t len);

/* Whether a warning about deprecated field a comes before b's: Falco has evt.dir first. */
static inline bool rules_deprecated_before(const struct saker_field *a, const struct saker_field *b)
{
	bool first = util_streq(a->name, "evt.dir");

	return first != util_streq(b->name, "evt.dir") ? first : a < b;
}

/* Whether a constant reads as a field, with or without argument. */
bool rules_bind_looks_like_field(const struct rules_builder *builder, const char *text, size_t len);

#endif /* RULES_BIND_H */
