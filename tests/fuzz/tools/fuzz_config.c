/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as a configuration: the first line as -o options separated by
 * tabs, the rest as the file. Parsed, merged, changed and checked; findings are
 * formatted as for a person.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "config_tree.h"
#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);
	size_t first = newline ? (size_t)(newline - data) : size;
	FILE *null = fopen("/dev/null", "we");
	struct reporter reporter = {.out = null};
	struct config_node *root;
	struct config_tree tree;
	char *line, *save = NULL;

	if (!null)
		abort();
	if (config_tree_init(&tree, reporter_diag, &reporter) < 0)
		abort();
	if (newline && config_tree_parse(&tree, "fuzz.yaml", (const char *)newline + 1,
					 size - first - 1, &root) == 0)
		config_tree_merge(&tree, root, CONFIG_APPEND);
	line = strndup((const char *)data, first);
	if (!line)
		abort();
	for (char *o = strtok_r(line, "\t", &save); o; o = strtok_r(NULL, "\t", &save))
		config_tree_set(&tree, o);
	config_check(&tree);
	free(line);
	config_tree_fini(&tree);
	fclose(null);
	return 0;
}
