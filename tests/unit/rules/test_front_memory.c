/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out: every allocation of loading and compiling fails in turn,
 * and each time the result is -ENOMEM or, where the library can do without,
 * success; nothing leaks (under a sanitizer) and the loader can be freed.
 */
#include "front.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long allocations_left = -1; /* -1 = as many as you like */

static bool refuse(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left == 0)
		return true;
	allocations_left--;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return refuse() ? NULL : __real_realloc(p, size);
}

static const char yaml[] =
	"- required_engine_version: 0.26.0\n"
	"- required_plugin_versions:\n"
	"  - name: a\n    version: 1.0.0\n    alternatives: [{name: container, version: 0.4.0}]\n"
	"- list: l\n  items: [a, b c, '\"d\\\"e\"', m]\n"
	"- list: m\n  items: &i [x, y]\n"
	"- list: n\n  items: *i\n"
	"- macro: m1\n  condition: proc.name in (l) and fd.name = one\n"
	"- list: one\n  items: [/etc/passwd]\n"
	"- macro: m2\n  condition: m1 or not tolower(proc.name) startswith oneof (n, z)\n"
	"- rule: r\n  desc: d\n  output: o %proc.name\n  priority: INFO\n  tags: [b, a]\n"
	"  condition: m2 and (m1 or concat(proc.name, \"x\", fd.name) = val(proc.pname))\n"
	"  exceptions:\n"
	"  - {name: e, fields: [proc.name, fd.name], comps: [=, in], values: [[a, [b, c d]]]}\n"
	"  - {name: f, fields: proc.name, values: [x, y z]}\n"
	"- list: l\n  items: [w]\n  override: {items: append}\n"
	"- macro: m1\n  condition: or fd.num = 1\n  override: {condition: append}\n"
	"- rule: r\n  condition: or fd.num = 2\n  tags: [c]\n  exceptions:\n"
	"  - {name: e, values: [[q, [r]]]}\n"
	"  - {name: g, fields: fd.name, values: [x]}\n"
	"  override: {condition: append, tags: append, exceptions: append}\n"
	"- rule: bad\n  desc: d\n  output: o\n  priority: INFO\n  condition: no_such_macro\n";

static int back(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	*ret_ruleset = NULL;
	return build->n_inputs == 2 && build->inputs[0].root && !build->inputs[1].root ? 0
										       : -EPROTO;
}

static void ignore(void *userdata, const struct saker_diag *diag)
{
	assert_non_null(diag->id);
	assert_non_null(diag->message);
}

static int run(void)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	const char *const tags[] = {"a"};
	const struct saker_rules_append append = {.tags = tags, .n_tags = 1, .rule = "r"};
	const struct saker_rules_plugin plugin = {"container", "0.7.1"};
	struct saker_rules_loader *loader = NULL;
	struct saker_ruleset *none;
	int r;

	options.diag = ignore;
	options.append = &append;
	options.n_append = 1;
	options.plugins = &plugin;
	options.n_plugins = 1;
	r = saker_rules_loader_new(&options, &loader);
	if (r == 0)
		r = saker_rules_loader_add_catalogue(loader, &front_syscall);
	if (r == 0)
		r = saker_rules_loader_add_buffer(loader, "test.yaml", yaml, strlen(yaml));
	if (r == 0)
		r = rules_compile(loader, back, &none);
	saker_rules_loader_free(loader);
	return r;
}

static void test_every_allocation(void **state)
{
	long n;
	int r;

	assert_int_equal(run(), -EBADMSG); /* one rule is bad, the other compiles */
	for (n = 0;; n++) {
		allocations_left = n;
		r = run();
		if (allocations_left > 0) {
			allocations_left = -1;
			break;
		}
		allocations_left = -1;
		assert_true(r == -ENOMEM || r == -EBADMSG);
	}
	assert_int_equal(r, -EBADMSG);
	assert_true(n > 20);
}

static void test_condition(void **state)
{
	static const char text[] = "a.b in (x, \"y\") and not (c.d[\"e\"] = tolower(f.g) or "
				   "concat(a.b, \"x\") startswith oneof (p, q) or a.b > 3)";
	struct rules_parse_error error;
	struct rules_node *root;
	char *dump = NULL;
	size_t len;
	bool whole = false;

	for (long n = 0; !whole; n++) {
		struct arena arena;
		int r;

		arena_init(&arena, 64); /* small blocks: many allocations */
		allocations_left = n;
		r = rules_parse_condition(&arena, text, strlen(text), &error, &root);
		if (r == 0)
			r = rules_dump_ast(root, &dump, &len);
		allocations_left = -1;
		whole = r == 0;
		assert_true(r == 0 || r == -ENOMEM);
		arena_fini(&arena);
	}
	assert_string_equal(dump, "(a.b in (x, \"y\") and not (c.d[e] = tolower(f.g) or "
				  "concat(a.b, \"x\") startswith oneof (p, q) or a.b > 3))");
	free(dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
		cmocka_unit_test(test_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
