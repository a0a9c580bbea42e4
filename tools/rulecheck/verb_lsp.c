/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck lsp: rule files in an editor. */
#include <saker/enrich.h>

#include "lsp.h"

static int serve(const struct args *args, const char *config)
{
	struct config loaded = {0};
	struct catalogue catalogue = {0};
	struct reporter reporter = {.out = stderr};
	struct lsp_server server = {.in = {.fd = STDIN_FILENO},
				    .out = stdout,
				    .config = config,
				    .files = args->files,
				    .n_files = args->n_files};
	int r = config_load(&loaded, config, NULL, 0, reporter_diag, &reporter);

	reporter_finish(&reporter);
	if (r == 0)
		r = catalogue_init(&catalogue, &loaded);
	server.catalogue = &catalogue.public;
	if (r == 0)
		r = lsp_serve(&server);
	catalogue_fini(&catalogue);
	config_fini(&loaded);
	return r < 0 ? r == -ENOMEM ? RULECHECK_FAILED : RULECHECK_USAGE : r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *config = NULL;
	bool stdio = false;
	const struct arg options[] = {
		{'c', "config", "FILE", "a configuration, whose rules_files load together", NULL,
		 &config},
		{0, "stdio", NULL, "speak over standard input and output, as it always does",
		 &stdio, NULL},
	};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = serve(&args, config);
	args_fini(&args);
	return r;
}

const struct verb verb_lsp = {
	.name = "lsp",
	.arguments = "[FILE]...",
	.summary = "Serves editors: findings, completion, names and layout as one types.",
	.run = run,
};
