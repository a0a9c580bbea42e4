/* SPDX-License-Identifier: Apache-2.0 */
/* What librules tells tools about the files it loaded: trees, origins, places, codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <saker/enrich.h>
#include <saker/event.h>
#include <saker/rules.h>

#include "common/util.h"

static const char first[] = "- list: names\n"
			    "  items: [cat, \"two words\"]\n"
			    "- macro: inner\n"
			    "  condition: proc.name in (names, dog)\n"
			    "- macro: outer\n"
			    "  condition: inner and fd.num > 3\n"
			    "- rule: one\n"
			    "  desc: d\n"
			    "  condition: evt.type = openat and outer\n"
			    "  output: o\n"
			    "  priority: INFO\n";
static const char second[] = "- macro: inner\n"
			     "  condition: or proc.pname = tail\n"
			     "  override: {condition: append}\n"
			     "- macro: outer\n"
			     "  condition: inner\n"
			     "- list: names\n"
			     "  items: [cat, \"two words\"]\n"
			     "- rule: two\n"
			     "  desc: d\n"
			     "  condition: evt.type in (execve) and inner\n"
			     "  output: o\n"
			     "  priority: INFO\n"
			     "  exceptions:\n"
			     "    - {name: known, fields: [proc.exepath], values: [[/bin/x]]}\n";

static struct saker_rules_loader *load(const char *a, const char *b)
{
	struct saker_rules_loader *loader;

	assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()), 0);
	assert_int_equal(saker_rules_loader_add_buffer(loader, "first", a, strlen(a)), 0);
	if (b)
		assert_int_equal(saker_rules_loader_add_buffer(loader, "second", b, strlen(b)), 0);
	return loader;
}

static void assert_place(const struct saker_place *place, const char *file, uint32_t line,
			 uint32_t column)
{
	assert_string_equal(place->file, file);
	assert_int_equal(place->line, line);
	assert_int_equal(place->column, column);
}

static void test_tree(void **state)
{
	struct saker_rules_loader *loader = load(first, NULL);
	const struct saker_expression *root, *inner, *outer;
	const struct saker_operand *list;
	struct saker_inspection *inspection;

	assert_int_equal(saker_rules_loader_inspect(loader, &inspection), 0);
	saker_rules_loader_free(loader); /* which the inspection does not need */
	assert_int_equal(inspection->n_rules, 1);
	assert_place(&inspection->rules[0].place, "first", 7, 3);
	root = inspection->rules[0].root;
	assert_int_equal(root->kind, SAKER_EXPRESSION_AND);
	assert_int_equal(root->n_children, 2);
	assert_null(root->macro);
	assert_string_equal(root->children[0]->left->text, "evt.type");
	assert_string_equal(root->children[0]->op, "=");
	assert_place(&root->children[0]->place, "first", 9, 14);
	outer = root->children[1];
	assert_string_equal(outer->macro, "outer");
	inner = outer->children[0];
	assert_string_equal(inner->macro, "inner");
	assert_place(&inner->place, "first", 4, 14);
	list = inner->right;
	assert_int_equal(list->kind, SAKER_OPERAND_LIST);
	assert_int_equal(list->n_args, 3);
	assert_string_equal(list->args[0]->list, "names");
	assert_place(&list->args[0]->place, "first", 2, 11);
	assert_string_equal(list->args[1]->text, "two words");
	assert_string_equal(list->args[1]->written, "\"two words\"");
	assert_string_equal(list->args[2]->text, "dog");
	assert_null(list->args[2]->list);
	assert_null(saker_inspection_free(inspection));
}

static bool has_code(const struct saker_rule_details *d, const char *name)
{
	int code = -1;

	while ((code = saker_event_find(name, (uint32_t)code + 1)) >= 0) {
		if (d->codes[code / 64] >> (code % 64) & 1)
			return true;
	}
	return false;
}

static const struct saker_definition *find(const struct saker_inspection *all, const char *kind,
					   const char *name, bool replaced)
{
	for (uint32_t i = 0; i < all->n_definitions; i++) {
		const struct saker_definition *d = &all->definitions[i];

		if (util_streq(d->kind, kind) && util_streq(d->name, name) &&
		    !d->replaced_by.file == !replaced)
			return d;
	}
	return NULL;
}

static void test_definitions(void **state)
{
	struct saker_rules_loader *loader = load(first, second);
	struct saker_inspection *inspection;
	const struct saker_definition *d;
	const struct saker_rule_details *two;

	assert_int_equal(saker_rules_loader_inspect(loader, &inspection), 0);
	d = find(inspection, "macro", "outer", true);
	assert_non_null(d);
	assert_place(&d->place, "first", 5, 3);
	assert_place(&d->replaced_by, "second", 4, 3);
	assert_false(d->replaced_by_same);
	d = find(inspection, "list", "names", true);
	assert_non_null(d);
	assert_true(d->replaced_by_same);
	assert_null(find(inspection, "macro", "inner", true)); /* appended to, not replaced */
	d = find(inspection, "macro", "inner", false);
	assert_non_null(d);
	assert_string_equal(d->text, "proc.name in (names, dog) or proc.pname = tail");
	d = find(inspection, "list", "names", false);
	assert_non_null(d);
	assert_int_equal(d->n_items, 2);
	assert_place(&d->place, "second", 6, 3);

	assert_int_equal(inspection->n_rules, 2);
	two = &inspection->rules[1];
	assert_string_equal(two->name, "two");
	assert_int_equal(two->n_exceptions, 1);
	assert_string_equal(two->exceptions[0], "known");
	assert_true(has_code(two, "execve"));
	assert_false(has_code(two, "openat"));
	assert_true(has_code(&inspection->rules[0], "openat"));
	/* (evt.type and inner) and not (exception); inner's last part came with the append */
	two = &inspection->rules[1];
	assert_string_equal(two->root->children[0]->children[1]->children[1]->macro, "inner");
	assert_place(&two->root->children[0]->children[1]->children[1]->place, "second", 2, 17);
	saker_inspection_free(inspection);

	/* and the loader still compiles */
	{
		struct saker_ruleset *ruleset;

		assert_int_equal(saker_rules_loader_compile(loader, &ruleset), 0);
		saker_ruleset_unref(ruleset);
	}
	saker_rules_loader_free(loader);
}

static void test_shared(void **state)
{
	struct saker_rules_loader *loader =
		load("- macro: m\n  condition: proc.name = a\n"
		     "- rule: a\n  desc: d\n  output: o\n  priority: INFO\n"
		     "  condition: evt.type = open and m\n"
		     "- rule: b\n  desc: d\n  output: o\n  priority: INFO\n"
		     "  condition: evt.type = open and m\n",
		     NULL);
	struct saker_inspection *inspection;

	assert_int_equal(saker_rules_loader_inspect(loader, &inspection), 0);
	assert_ptr_equal(inspection->rules[0].root->children[1],
			 inspection->rules[1].root->children[1]);
	saker_inspection_free(inspection);
	saker_rules_loader_free(loader);
}

static void test_errors(void **state)
{
	struct saker_rules_loader *loader =
		load("- rule: a\n  desc: d\n  output: o\n  priority: INFO\n"
		     "  condition: evt.type = open and no_such_macro\n",
		     NULL);
	struct saker_inspection *inspection = NULL;

	assert_int_equal(saker_rules_loader_inspect(loader, &inspection), -EBADMSG);
	assert_null(inspection);
	assert_int_equal(saker_rules_loader_inspect(loader, NULL), -EINVAL);
	assert_int_equal(saker_rules_loader_inspect(NULL, &inspection), -EINVAL);
	assert_null(saker_inspection_free(NULL));
	saker_rules_loader_free(loader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("rulecheck inspect", tests, NULL, NULL);
}
