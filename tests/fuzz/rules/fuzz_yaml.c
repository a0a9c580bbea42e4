/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as one or two rule files (a line "%%%" parts them): loading and
 * resolving must not crash, and every finding must lie inside its file.
 */
#include <stdlib.h>

#include "resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct saker_field fields[] = {
	{.name = "proc.name"},
	{.name = "proc.aname", .flags = SAKER_FIELD_ARG_ALLOWED},
	{.name = "fd.name"},
	{.name = "evt.type"},
};

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
};

static void check(void *userdata, const struct saker_diag *diag)
{
	const size_t *limit = userdata;

	if (!*diag->id || !diag->message || !diag->hint || !diag->snippet)
		abort();
	for (uint32_t i = 0; i < diag->n_places; i++) {
		if (!diag->places[i].kind || diag->places[i].offset > *limit)
			abort();
	}
}

static int back(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	for (uint32_t i = 0; i < build->n_inputs; i++) {
		const struct rules_input *input = &build->inputs[i];

		if (!input->output)
			abort();
		if (!input->root)
			continue;
		/* A finding of the back's, at the root and at the output's end. */
		rules_report(build, RULES_LOAD_COMPILE_CONDITION, input, RULES_PART_CONDITION,
			     &input->root->mark, NULL, "%s", input->name);
		rules_report(build, RULES_LOAD_DEPRECATED_ITEM, input, RULES_PART_OUTPUT,
			     &(struct rules_mark){.source = input->output_mark.source,
						  .offset = strlen(input->output)},
			     "", "%s", input->output);
	}
	*ret_ruleset = NULL;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	struct saker_ruleset *none;
	const char *text = (const char *)data;
	const char *part;

	if (size > 65536)
		return 0;
	options.diag = check;
	options.diag_userdata = &size;
	if (saker_rules_loader_new(&options, &loader) < 0)
		abort();
	saker_rules_loader_add_catalogue(loader, &catalogue);
	part = memmem(text, size, "%%%\n", 4);
	saker_rules_loader_add_buffer(loader, "a.yaml", text, part ? (size_t)(part - text) : size);
	if (part)
		saker_rules_loader_add_buffer(loader, "b.yaml", part + 4,
					      size - (size_t)(part + 4 - text));
	saker_rules_loader_enable(loader, "*a?", NULL, false);
	rules_compile(loader, back, &none);
	saker_rules_loader_free(loader);
	return 0;
}
