/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the front of librules share: a small catalogue, a collector
 * of findings, and a back that keeps the resolved conditions as text.
 */
#ifndef TEST_RULES_FRONT_H
#define TEST_RULES_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dump_ast.h"
#include "resolve.h"

static const struct saker_field front_fields[] = {
	{.name = "evt.type"},
	{.name = "evt.num"},
	{.name = "evt.arg", .flags = SAKER_FIELD_ARG_REQUIRED},
	{.name = "proc.name"},
	{.name = "proc.pname"},
	{.name = "proc.cmdline"},
	{.name = "proc.aname", .flags = SAKER_FIELD_ARG_ALLOWED},
	{.name = "fd.name"},
	{.name = "fd.num"},
};

static const struct saker_catalogue front_syscall = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = front_fields,
	.n_fields = ARRAY_SIZE(front_fields),
};

static const struct saker_catalogue front_audit = {
	.size = sizeof(struct saker_catalogue),
	.source = "k8s_audit",
	.fields = front_fields,
	.n_fields = ARRAY_SIZE(front_fields),
};

#define FRONT_FINDINGS 32

struct front_finding {
	char id[40];
	char file[64];
	char message[256];
	char hint[160];
	char snippet[256];
	char places[512]; /* "rules content > rule 'x' > ..." */
	unsigned int line;
	unsigned int column;
	uint64_t offset;
};

/* A compiled rule, as the back sees it. */
struct front_rule {
	char name[64];
	char *condition;
	char *output;
	char tags[128];
	bool enabled;
	bool warn_evttypes;
	bool skip_if_unknown_filter;
	enum saker_priority priority;
	uint32_t capture_duration;
};

struct front {
	struct saker_rules_loader *loader;
	struct front_finding findings[FRONT_FINDINGS];
	unsigned int n_findings;
	unsigned int n_errors;
	struct front_rule rules[256];
	unsigned int n_rules;
};

/* The back's callback has no userdata: one test at a time. */
static struct front *front_current;

static inline void front_diag(void *userdata, const struct saker_diag *d)
{
	struct front *f = userdata;
	struct front_finding *it = &f->findings[f->n_findings];
	size_t len = 0;

	f->n_errors += d->severity == SAKER_SEVERITY_ERROR;
	if (f->n_findings >= FRONT_FINDINGS)
		return;
	f->n_findings++;
	snprintf(it->id, sizeof(it->id), "%s", d->id);
	snprintf(it->file, sizeof(it->file), "%s", d->file);
	snprintf(it->message, sizeof(it->message), "%s", d->message);
	snprintf(it->hint, sizeof(it->hint), "%s", d->hint);
	snprintf(it->snippet, sizeof(it->snippet), "%s", d->snippet);
	it->line = d->line;
	it->column = d->column;
	for (uint32_t i = 0; i < d->n_places && len < sizeof(it->places); i++) {
		len += (size_t)snprintf(it->places + len, sizeof(it->places) - len, "%s%s",
					i ? " > " : "", d->places[i].kind);
		if (*d->places[i].name && len < sizeof(it->places))
			len += (size_t)snprintf(it->places + len, sizeof(it->places) - len, " '%s'",
						d->places[i].name);
		it->offset = d->places[i].offset;
	}
}

static inline struct front *front_new(void)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct front *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	options.diag = front_diag;
	options.diag_userdata = f;
	assert_int_equal(saker_rules_loader_new(&options, &f->loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(f->loader, &front_syscall), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(f->loader, &front_audit), 0);
	return f;
}

static inline void front_free(struct front *f)
{
	for (unsigned int i = 0; i < f->n_rules; i++) {
		free(f->rules[i].condition);
		free(f->rules[i].output);
	}
	saker_rules_loader_free(f->loader);
	free(f);
}

static inline void front_join_tags(const struct rules_input *input, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < input->n_tags && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "," : "",
					input->tags[i]);
}

static inline int front_back(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	struct front *f = front_current;

	f->n_rules = 0;
	*ret_ruleset = NULL;
	for (uint32_t i = 0; i < build->n_inputs && i < ARRAY_SIZE(f->rules); i++) {
		const struct rules_input *input = &build->inputs[i];
		struct front_rule *rule = &f->rules[f->n_rules];
		size_t len;
		int r;

		if (!input->root)
			continue;
		r = rules_dump_ast(input->root, &rule->condition, &len);
		if (r < 0)
			return r;
		f->n_rules++;
		rule->output = strdup(input->output);
		snprintf(rule->name, sizeof(rule->name), "%s", input->name);
		front_join_tags(input, rule->tags, sizeof(rule->tags));
		rule->enabled = input->enabled;
		rule->warn_evttypes = input->warn_evttypes;
		rule->skip_if_unknown_filter = input->skip_if_unknown_filter;
		rule->priority = input->priority;
		rule->capture_duration = input->capture_duration;
	}
	return 0;
}

static inline int front_compile(struct front *f)
{
	struct saker_ruleset *none;

	front_current = f;
	return rules_compile(f->loader, front_back, &none);
}

static inline int front_add(struct front *f, const char *name, const char *yaml)
{
	return saker_rules_loader_add_buffer(f->loader, name, yaml, strlen(yaml));
}

static inline const char *front_condition(const struct front *f, const char *name)
{
	for (unsigned int i = 0; i < f->n_rules; i++) {
		if (util_streq(f->rules[i].name, name))
			return f->rules[i].condition;
	}
	return "(no such rule)";
}

#endif /* TEST_RULES_FRONT_H */
