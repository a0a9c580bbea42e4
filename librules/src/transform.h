/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transformers: functions over fields in conditions and formats. What they take
 * is checked when a term is bound; what they make lives in the machine's scratch
 * until the next record.
 */
#ifndef RULES_TRANSFORM_H
#define RULES_TRANSFORM_H

#include "dag.h"

#define RULES_TRANSFORM_LIST(X) \
	X(TOLOWER, "tolower")   \
	X(TOUPPER, "toupper")   \
	X(B64, "b64")           \
	X(BASENAME, "basename") \
	X(LEN, "len")           \
	X(JOIN, "join")         \
	X(CONCAT, "concat")     \
	X(GETOPT, "getopt")     \
	X(VAL, "val")

enum rules_transform {
#define X(symbol, text) RULES_TRANSFORM_##symbol,
	RULES_TRANSFORM_LIST(X)
#undef X
		RULES_TRANSFORM_COUNT,
};

/* RULES_TRANSFORM_COUNT when there is none of that name. */
enum rules_transform rules_transform_find(const char *name, size_t len);
const char *rules_transform_name(enum rules_transform transform);

/*
 * Sets the type of a term from its transform and arguments; fails as a bind does.
 * The term's args are bound terms.
 */
int rules_transform_bind(struct rules_builder *builder, const struct rules_mark *mark,
			 struct rules_term *term, const char *selector);

/* Bytes for one record. When they run out, what needed them has no value. */
struct rules_scratch {
	char *data;
	size_t size;
	size_t used;
};

/* What a machine gives its transformers and regular expressions in all, for one record. */
#define RULES_SCRATCH_SIZE (512u << 10)

static inline void *rules_scratch_alloc(struct rules_scratch *scratch, size_t size)
{
	size_t need = (size + 15) & ~(size_t)15;
	void *p;

	if (need < size || need > scratch->size - scratch->used)
		return NULL;
	p = scratch->data + scratch->used;
	scratch->used += need;
	return p;
}

/* Computes a TRANSFORM or LIST term from its arguments' values. */
void rules_transform_run(const struct rules_program *program, const struct rules_term *term,
			 const struct saker_values *const *args, struct rules_scratch *scratch,
			 struct saker_values *out);

/*
 * A value as outputs write it. Returns its length; writes at most room bytes, no
 * terminator. `format` counts where the value names none.
 */
size_t rules_format_value(const struct saker_value *value, enum saker_format format, char *buf,
			  size_t room);

#endif /* RULES_TRANSFORM_H */
