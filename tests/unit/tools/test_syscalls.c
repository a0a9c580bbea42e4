/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of which system calls are asked for, given rules and base_syscalls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <saker/enrich.h>

#include "config.h"
#include "syscalls.h"

static struct saker_ruleset *compile(const char *condition)
{
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;
	char rule[512];

	snprintf(rule, sizeof(rule),
		 "- rule: r\n  desc: d\n  condition: %s\n  output: o\n  priority: INFO\n"
		 "  warn_evttypes: false\n",
		 condition);
	assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()), 0);
	assert_int_equal(saker_rules_loader_add_buffer(loader, "test", rule, strlen(rule)), 0);
	assert_int_equal(saker_rules_loader_compile(loader, &ruleset), 0);
	saker_rules_loader_free(loader);
	return ruleset;
}

static void test_sets(void **state)
{
	static const struct {
		const char *condition;
		const char *option;
		const char *has;    /* each blank-separated name is in the set */
		const char *hasnot; /* none is */
	} cases[] = {
		{"evt.type = chmod", NULL, "chmod execve clone sched_process_exit",
		 "read write uname"},
		{"evt.type in (read, chmod)", NULL, "chmod execve", "read"},
		{"evt.type in (read, chmod)", "base_syscalls.all=true", "chmod read execve",
		 "write"},
		/* One that shares the generic event: its name alone selects it. */
		{"evt.type = uname", NULL, "uname execve", "chmod sysinfo"},
		{"evt.type = chmod", "base_syscalls.custom_set=[uname]",
		 "chmod uname sched_process_exit", "execve clone"},
		{"evt.type = chmod", "base_syscalls.custom_set=['!clone']", "chmod execve",
		 "clone"},
		{"evt.type = chmod", "base_syscalls.repair=true", "chmod execve clone prctl close",
		 "socket connect bind"},
		{"evt.type = accept", "base_syscalls.repair=true", "accept bind socket getsockopt",
		 "open"},
		{"proc.name = x", NULL, "chmod connect uname execve", "read write"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *options[] = {cases[i].option};
		struct saker_ruleset *ruleset = compile(cases[i].condition);
		struct saker_syscall_set set = {0};
		struct logger logger = {0};
		struct config config;

		assert_int_equal(
			config_load(&config, NULL, options, cases[i].option ? 1 : 0, NULL, NULL),
			0);
		assert_int_equal(syscalls_wanted(ruleset, &config, &logger, &set), 0);
		for (int wanted = 0; wanted < 2; wanted++) {
			char names[256], *save = NULL;

			snprintf(names, sizeof(names), "%s",
				 wanted ? cases[i].has : cases[i].hasnot);
			for (char *n = strtok_r(names, " ", &save); n;
			     n = strtok_r(NULL, " ", &save)) {
				struct saker_syscall_set one = {0};
				bool there = false;

				assert_int_equal(saker_syscall_set_add_name(&one, n), 0);
				for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
					if (saker_syscall_set_has(&one, sc))
						there = there || saker_syscall_set_has(&set, sc);
				}
				if (there != wanted)
					fail_msg("case %zu: %s is %sin the set", i, n,
						 there ? "" : "not ");
			}
		}
		config_fini(&config);
		saker_ruleset_unref(ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sets)};

	return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
