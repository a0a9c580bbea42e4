/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a condition: the parser must not crash, and what it accepts must
 * parse to the same tree once written out. Bytes 0 and 1 of an input do not
 * count as text: the first tells a filter from a rule's condition.
 */
#include <stdlib.h>

#include "dump_ast.h"
#include "parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int dump(struct arena *arena, const struct rules_parse_options *options, const char *text,
		size_t len, char **ret_text, size_t *ret_len)
{
	struct rules_parse_error error;
	struct rules_node *root;
	int r = rules_parse(arena, options, text, len, &error, &root);

	if (r == -EBADMSG && error.offset > len)
		abort();
	return r < 0 ? r : rules_dump_ast(root, ret_text, ret_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules_parse_options options = {.max_depth = RULES_FILTER_DEPTH};
	struct arena arena;
	char *first = NULL;
	char *second = NULL;
	size_t first_len;
	size_t second_len;

	if (size < 2 || size > 65536)
		return 0;
	if (data[0] & 1) {
		options.max_depth = RULES_CONDITION_DEPTH;
		options.macros = true;
	}
	arena_init(&arena, 4096);
	if (dump(&arena, &options, (const char *)data + 2, size - 2, &first, &first_len) == 0) {
		/* Parentheses around everything make it deeper. */
		options.max_depth *= 8;
		if (dump(&arena, &options, first, first_len, &second, &second_len) < 0 ||
		    first_len != second_len || memcmp(first, second, first_len) != 0)
			abort();
	}
	free(first);
	free(second);
	arena_fini(&arena);
	return 0;
}
