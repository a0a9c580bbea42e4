/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtagg's tuning over arbitrary bytes: the input is marks of noise and, being whole
 * alerts, the alerts as well, each of them many times over a week. What is suggested
 * must load as a rule file behind rules of these names, whatever the alerts say.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saker/enrich.h>
#include <saker/rules.h>

#include "noise_marks.h"
#include "suggest.h"

#define TIMES 24
#define HOUR (3600 * NS_PER_S)

static void require(int condition)
{
	if (!condition)
		abort();
}

/* Every scanned alert, steady over the time line. */
static void add(struct noise *noise, const struct saker_scanned *scanned)
{
	struct record record = {.alert = scanned, .host = TEXT("h"), .input = "-", .priority = 4};

	for (int i = 0; i < TIMES; i++) {
		record.time = 1795000000 * NS_PER_S + (uint64_t)i * HOUR;
		require(noise_add(noise, &record) == 0);
	}
}

/* A quote in a name is doubled in YAML; names that YAML cannot hold are not tried. */
static int put_rules(const struct noise *noise, FILE *out)
{
	for (uint32_t i = 0; i < noise->n_rules; i++) {
		const char *name = noise->rules[i].name;

		for (const char *p = name; *p; p++) {
			if (*p < ' ' || *p > '~' || *p == '\'')
				return -1;
		}
		if (!*name || *name == ' ' || name[strlen(name) - 1] == ' ')
			return -1;
		fprintf(out,
			"- rule: '%s'\n  desc: d\n  condition: evt.type = open\n  output: o\n"
			"  priority: INFO\n",
			name);
	}
	return 0;
}

static void load(const char *rules, size_t n_rules, const char *exceptions, size_t n_exceptions)
{
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset = NULL;
	int r = saker_rules_loader_new(NULL, &loader);

	require(r == 0 && saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()) == 0);
	r = saker_rules_loader_add_buffer(loader, "rules", rules, n_rules);
	if (r == 0) {
		require(saker_rules_loader_add_buffer(loader, "exceptions", exceptions,
						      n_exceptions) == 0);
		require(saker_rules_loader_compile(loader, &ruleset) == 0);
	}
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
}

static void propose(struct noise *noise)
{
	const struct box_options options = {
		.max = 10, .least = 1, .min_count = 5, .protect = 0, .force = true};
	struct suggestion s = {.noise = noise, .options = &options, .samples = 2};
	char *rules = NULL, *exceptions = NULL;
	size_t n_rules, n_exceptions;
	struct boxes boxes;
	FILE *f;
	int r;

	require(boxes_find(noise, &options, &boxes) == 0);
	s.boxes = &boxes;
	s.proofs = calloc(boxes.n + 1, sizeof(*s.proofs));
	require(s.proofs && suggest_name(&s) == 0);
	f = open_memstream(&exceptions, &n_exceptions);
	require(f && suggest_write_yaml(&s, f) == 0 && fclose(f) == 0);
	f = open_memstream(&rules, &n_rules);
	require(f != NULL);
	r = put_rules(noise, f);
	require(fclose(f) == 0);
	if (r == 0 && boxes.n)
		load(rules, n_rules, exceptions, n_exceptions);
	free(rules);
	free(exceptions);
	suggest_fini(&s);
	boxes_fini(&boxes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saker_alert_scanner *scanner;
	struct saker_scanned scanned;
	struct noise *noise;
	struct mark_list marks;
	const char *p = (const char *)data;

	require(noise_new(8 << 20, &noise) == 0);
	require(saker_alert_scanner_new(NULL, &scanner) == 0);
	for (size_t at = 0; at < size;) {
		at += saker_alert_scan(scanner, p + at, size - at, &scanned);
		/* Rules of other sources than the agent's do not load here. */
		if (scanned.kind == SAKER_LINE_ALERT && scanned.source.kind == SAKER_JSON_NONE)
			add(noise, &scanned);
	}
	saker_alert_scanner_free(scanner);
	require(noise_finish(noise) == 0);
	if (noise_marks_parse("marks", p, size, &marks) ==
	    0) { /* says on standard error what is none */
		noise_marks_apply(&marks, noise);
		mark_list_fini(&marks);
	}
	propose(noise);
	noise_free(noise);
	return 0;
}
