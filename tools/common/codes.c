/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codes.def. */
#include "codes.h"
#include "common/util.h"

static const struct code codes[] = {
#define CODE(id, text, explanation) {#id, text, explanation},
#include "codes.def"
#undef CODE
};

const struct code *codes_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (util_streq(codes[i].id, id))
			return &codes[i];
	}
	return NULL;
}

const char *codes_describe(const char *id)
{
	const struct code *code = codes_find(id);

	return code ? code->text : id;
}
