/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long rule files take: a list of a million values, ten thousand rules with
 * macros and exceptions, and a condition that names a long list many times.
 */
#include <saker/rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct saker_field fields[] = {
	{.name = "evt.type", .type = SAKER_TYPE_STRING, .cost = 1},
	{.name = "proc.name", .type = SAKER_TYPE_STRING, .cost = 1},
	{.name = "fd.name", .type = SAKER_TYPE_PATH, .cost = 1},
};

static void extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
}

static int bind(const struct saker_catalogue *catalogue, struct saker_field_ref *ret_ref,
		char *error, size_t error_size)
{
	ret_ref->extract = extract;
	return 0;
}

static uint32_t code(const void *record)
{
	return 0;
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
	.n_codes = 1,
	.bind = bind,
	.code = code,
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void million_values(FILE *f)
{
	fprintf(f, "- list: big\n  items:\n");
	for (int i = 0; i < 1000000; i++)
		fprintf(f, "  - name-%08d.example\n", i);
	fprintf(f, "- rule: r\n  desc: d\n  output: o\n  priority: INFO\n"
		   "  condition: evt.type = open and proc.name in (big)\n");
}

static void many_rules(FILE *f)
{
	for (int i = 0; i < 100; i++)
		fprintf(f,
			"- list: l%d\n  items: [a%d, b%d, c%d]\n"
			"- macro: m%d\n  condition: proc.name in (l%d) or fd.name startswith "
			"/x%d\n",
			i, i, i, i, i, i, i);
	for (int i = 0; i < 10000; i++)
		fprintf(f,
			"- rule: rule %d\n  desc: d\n  output: o %%proc.name\n  priority: INFO\n"
			"  condition: >\n    evt.type in (open, openat)\n    and m%d and not m%d\n"
			"  exceptions:\n  - name: e\n    fields: [proc.name, fd.name]\n"
			"    values: [[x%d, y], [z, w %d]]\n",
			i, i % 100, (i + 1) % 100, i, i);
}

static void repeated_names(FILE *f)
{
	fprintf(f, "- list: l\n  items: [");
	for (int i = 0; i < 50000; i++)
		fprintf(f, "%sv%d", i ? ", " : "", i);
	fprintf(f, "]\n- rule: r\n  desc: d\n  output: o\n  priority: INFO\n"
		   "  condition: proc.name in (l)");
	for (int i = 0; i < 100; i++)
		fprintf(f, " or (fd.name = x%d and proc.name in (l))", i);
	fprintf(f, "\n");
}

static int measure(const char *what, void (*write_file)(FILE *f))
{
	struct saker_rules_loader *loader = NULL;
	struct saker_ruleset *ruleset = NULL;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	double start;
	double loaded;
	int r;

	if (!f)
		return -1;
	write_file(f);
	fclose(f);
	start = now();
	r = saker_rules_loader_new(NULL, &loader);
	if (r == 0)
		r = saker_rules_loader_add_catalogue(loader, &catalogue);
	if (r == 0)
		r = saker_rules_loader_add_buffer(loader, "bench.yaml", text, len);
	loaded = now();
	if (r == 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	printf("%-28s %6.1f MB  load %.3f s  compile %.3f s%s\n", what, (double)len / 1e6,
	       loaded - start, now() - loaded, r < 0 ? "  FAILED" : "");
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
	free(text);
	return r;
}

int main(void)
{
	int r = measure("a list of 1,000,000", million_values);

	r |= measure("10,000 rules", many_rules);
	r |= measure("a list of 50,000, 101 times", repeated_names);
	return r ? 1 : 0;
}
