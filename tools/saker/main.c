/* SPDX-License-Identifier: Apache-2.0 */
/* saker: the agent. Options, configuration, then what they ask for. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "agent.h"
#include "catalogue.h"
#include "config_keys.h"
#include "describe.h"
#include "list.h"
#include "report.h"
#include "validate.h"

static int do_list(const struct options *options, const struct config *config)
{
	struct catalogue catalogue;
	int r = catalogue_init(&catalogue, config);

	if (r == 0)
		r = list_fields(stdout, &catalogue.public, options->list_class, options->format,
				options->names_only);
	catalogue_fini(&catalogue);
	if (r == -ENOENT)
		fprintf(stderr, "saker: no field is of class '%s'; try saker --list\n",
			options->list_class);
	return r == 0 ? AGENT_OK : AGENT_BAD_USAGE;
}

static int do_validate(const struct options *options, const struct config *config)
{
	struct catalogue catalogue;
	int r = catalogue_init(&catalogue, config);

	if (r == 0)
		r = validate_files(stdout, stderr, options->validate, options->n_validate, config,
				   &catalogue.public);
	catalogue_fini(&catalogue);
	if (r < 0 && r != -EBADMSG)
		fprintf(stderr, "saker: %s\n", strerror(-r));
	return r == 0 ? AGENT_OK : AGENT_BAD_RULES;
}

static int do_describe(const struct options *options, const struct config *config)
{
	struct catalogue catalogue;
	int r = catalogue_init(&catalogue, config);

	r = r == 0 ? describe_rules(stdout, stderr, options, config, &catalogue.public)
		   : AGENT_FAILED;
	catalogue_fini(&catalogue);
	return r;
}

static int with_config(const struct options *options)
{
	struct reporter reporter = {.out = stderr, .colour = report_colour(stderr)};
	const char *path = options->config;
	struct config config;
	int r;

	if (!path && access(SAKER_CONFIG_FILE, F_OK) == 0)
		path = SAKER_CONFIG_FILE;
	r = config_load(&config, path, options->sets, options->n_sets, reporter_diag, &reporter);
	reporter_finish(&reporter);
	if (r < 0) {
		if (reporter.errors == 0)
			fprintf(stderr, "saker: the configuration cannot be read: %s\n",
				strerror(-r));
		r = AGENT_BAD_RULES;
	} else if (options->mode == OPTIONS_LIST) {
		r = do_list(options, &config);
	} else if (options->mode == OPTIONS_DESCRIBE) {
		r = do_describe(options, &config);
	} else if (options->mode == OPTIONS_VALIDATE) {
		r = do_validate(options, &config);
	} else {
		if (config.log_syslog)
			openlog("saker", LOG_PID, LOG_DAEMON);
		r = agent_run(options, &config);
	}
	config_fini(&config);
	return r;
}

/*
 * A standard stream that is closed would become the first file that is opened,
 * and alerts would be written into that. This one refuses what is not for it.
 */
static void keep_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(AGENT_FAILED);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	int r;

	keep_standard_streams();

	signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error like others */
	r = options_parse(&options, argc, argv, stderr);
	if (r < 0) {
		options_fini(&options);
		return AGENT_BAD_USAGE;
	}
	switch (options.mode) {
	case OPTIONS_HELP:
		options_help(stdout);
		break;
	case OPTIONS_VERSION:
		printf("saker %s (rules engine %s)\n", SAKER_VERSION, SAKER_RULES_ENGINE_VERSION);
		break;
	case OPTIONS_LIST_KEYS:
		config_list_keys(stdout, options.format == LIST_JSON);
		break;
	default:
		r = with_config(&options);
	}
	options_fini(&options);
	if (fflush(stdout) != 0 && r == 0)
		r = AGENT_FAILED;
	return r;
}
