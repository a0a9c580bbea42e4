// SPDX-License-Identifier: Apache-2.0
/*
 * Every conversion of an old event, read from a file, against what is written
 * down in conversions.def; that every rule stands there; and the rules against
 * the reference facts (SAKER_REFERENCE/facts) where those are at hand. The
 * converter by itself is tested in test_scap_convert.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include <saker/event_codes.h>

#include "scap_maker.h"
#include "scap_reader.h"

struct conversion {
	uint16_t code;
	uint32_t n;
	bool with; /* the enter event was there */
	uint16_t to;
	const char *params;
};

static const struct conversion conversions[] = {
#define CONVERSION(code, n, with, to, params) {code, n, with, to, params},
#include "conversions.def"
#undef CONVERSION
};

/* The rules, for their number and their actions only. */
enum action { PASS, STORE, STORE_AND_PASS, ADD_PARAMS, CHANGE_TYPE };

static const struct {
	uint16_t code;
	uint32_t n;
	enum action action;
	uint16_t to;
	const char *sources;
} rules[] = {
#define RULE(code, n, action, to, n_sources, ...) {code, n, action, to, #__VA_ARGS__},
#include "schema/converter.def"
#undef RULE
};

/* ---- events to convert ----------------------------------------------------------------- */

#define VALUE_MAX 32

struct values {
	uint8_t bytes[SAKER_EVENT_MAX_PARAMS][VALUE_MAX];
	struct maker_param params[SAKER_EVENT_MAX_PARAMS];
	uint32_t n;
};

/* Each byte tells which parameter it is of and where: what is cut or shifted shows. */
static void fill(struct values *v, uint16_t code, uint32_t n, uint8_t base)
{
	const struct saker_event_info *info = saker_event_info(code);
	uint32_t i, b;

	v->n = n;
	for (i = 0; i < n; i++) {
		uint32_t size =
			i < info->n_params ? saker_param_type_size(info->params[i].type) : 0;

		if (!size)
			size = 3 + i % 5;
		for (b = 0; b < size; b++)
			v->bytes[i][b] = (uint8_t)(base + i * 3 + b * 7);
		v->params[i] = (struct maker_param){v->bytes[i], size};
	}
}

static void add_event(struct maker *m, bool first, uint64_t ts, uint16_t code,
		      const struct values *v)
{
	bool large = saker_event_info(code)->flags & SAKER_EF_LARGE_PAYLOAD;

	maker_event(m, first ? 0x204 : large ? 0x221 : 0x216, 0, ts, 50, code, v->params, v->n);
}

/* ---- what is to come of it ------------------------------------------------------------------- */

/* The next word of a line of conversions.def as bytes; false: there is none. */
static bool next_value(const char **at, const struct values *old, const struct values *enter,
		       struct maker_param *ret_value)
{
	static const uint8_t zeros[VALUE_MAX], ones[4] = {0xff, 0xff, 0xff, 0xff};
	char kind = **at, *end = NULL;
	unsigned long index, skip = 0, len;
	const struct values *from = kind == 'o' ? old : enter;

	if (!kind)
		return false;
	if (kind == '-') {
		*ret_value = (struct maker_param){zeros, 0};
		*at += 1;
	} else if (kind == '0' || kind == 'f') {
		len = strtoul(*at + 2, &end, 10);
		*ret_value = (struct maker_param){kind == '0' ? zeros : ones, len};
		*at = end;
	} else {
		assert_true(kind == 'o' || kind == 'e');
		index = strtoul(*at + 1, &end, 10);
		assert_true(index < from->n);
		if (*end == '+')
			skip = strtoul(end + 1, &end, 10);
		len = from->params[index].len - skip;
		if (*end == '/')
			len = strtoul(end + 1, &end, 10);
		*ret_value = (struct maker_param){from->bytes[index] + skip, len};
		*at = end;
	}
	*at += strspn(*at, " ");
	return true;
}

static void check_params(const struct conversion *c, const struct saker_event *event,
			 const struct values *old, const struct values *enter)
{
	struct saker_event_view view;
	struct maker_param want;
	const char *at = c->params;
	uint32_t i;

	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	if (strcmp(c->params, "c") == 0)
		return;
	for (i = 0; next_value(&at, old, enter, &want); i++) {
		if (i >= view.n_params)
			fail_msg("%u/%u: %u parameters, not %s", c->code, c->n, view.n_params,
				 c->params);
		if (view.params[i].len != want.len ||
		    memcmp(view.params[i].data, want.data, want.len) != 0)
			fail_msg("%u/%u%s: parameter %u (%s) has %u bytes, not as '%s'", c->code,
				 c->n, c->with ? " with its enter event" : "", i,
				 view.info->params[i].name, view.params[i].len, c->params);
	}
	if (view.n_params != i)
		fail_msg("%u/%u: %u parameters, not %u", c->code, c->n, view.n_params, i);
	/* What comes out is whole: an exit event of today. */
	if (event->type % 2) {
		assert_false(view.info->flags & SAKER_EF_OLD_VERSION);
		assert_int_equal(view.n_params, view.info->n_params);
	}
}

#define TS UINT64_C(1600000000000000000)

/* first: in blocks of the first format, in which events do not say how many parameters they have.
 */
static void convert(const struct conversion *c, bool first)
{
	struct values old = {.n = 0}, enter = {.n = 0};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;
	bool seen = false;
	int result;

	maker_section(&m);
	maker_machine(&m, 1, "old");
	if (c->with) {
		uint16_t code = (uint16_t)(c->code - 1);

		fill(&enter, code, saker_event_info(code)->n_params, 0x80);
		add_event(&m, first, TS, code, &enter);
	}
	fill(&old, c->code, c->n, 0x10);
	add_event(&m, first, TS + 5, c->code, &old);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	while ((result = saker_capture_next(r.capture, -1, &event, &meta)) == 1) {
		if (event->ts != TS + 5)
			continue;
		if (event->type != c->to)
			fail_msg("%u/%u becomes %u, not %u", c->code, c->n, event->type, c->to);
		assert_int_equal(event->tid, 50);
		check_params(c, event, &old, &enter);
		seen = true;
	}
	assert_int_equal(result, -ENODATA);
	if (r.n_diags)
		fail_msg("%u/%u: %s: %s", c->code, c->n, r.id, r.message);
	if (seen != (c->to != 0))
		fail_msg("%u/%u is%s shown", c->code, c->n, seen ? "" : " not");
	reader_close(&r);
	maker_free(&m);
}

static void test_conversions(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(conversions); i++)
		convert(&conversions[i], false);
	print_message("%zu conversions by %zu rules\n", i, ARRAY_SIZE(rules));
}

/* The first format is older than large events and than the last of the conversions. */
static void test_conversions_first_format(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(conversions); i++)
		if (!(saker_event_info(conversions[i].code)->flags & SAKER_EF_LARGE_PAYLOAD))
			convert(&conversions[i], true);
}

static bool has_line(uint16_t code, uint32_t n, bool with)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(conversions); i++)
		if (conversions[i].code == code && conversions[i].n == n &&
		    conversions[i].with == with)
			return true;
	return false;
}

/* The enter event of an exit event is kept for it. */
static bool is_stored(uint16_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].code == code && rules[i].n == saker_event_info(code)->n_params &&
		    (rules[i].action == STORE || rules[i].action == STORE_AND_PASS))
			return true;
	return false;
}

/* No rule without its lines, no line without a rule. */
static void test_every_rule_has_a_line(void **state)
{
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!has_line(rules[i].code, rules[i].n, false))
			fail_msg("conversions.def has no line for %u/%u", rules[i].code,
				 rules[i].n);
		lines++;
		if (rules[i].code % 2 == 0 || !is_stored((uint16_t)(rules[i].code - 1)))
			continue;
		if (!has_line(rules[i].code, rules[i].n, true))
			fail_msg("conversions.def has no line for %u/%u with its enter event",
				 rules[i].code, rules[i].n);
		lines++;
	}
	assert_int_equal(lines, ARRAY_SIZE(conversions));
}

/* ---- the facts
 * ----------------------------------------------------------------------------------- */

static json_t *load_rules(void)
{
	const char *reference = getenv("SAKER_REFERENCE");
	json_error_t error;
	char path[4096];
	json_t *root;

	if (!reference || !*reference)
		return NULL;
	snprintf(path, sizeof(path), "%s/facts/converter.json", reference);
	root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return root;
}

/* A source of the facts in the words of converter.def. */
static void add_source(char *text, size_t size, const json_t *param)
{
	static const struct {
		const char *fact, *word;
		bool index;
	} words[] = {
		{"FROM_OLD", "OLD", true},
		{"FROM_ENTER", "ENTER", true},
		{"FROM_EMPTY", "EMPTY", false},
		{"FROM_DEFAULT", "DEFAULT", false},
		{"FROM_CALLBACK", "CONTAINER", false},
	};
	const char *kind = json_string_value(json_array_get(param, 0));
	const char *index = json_string_value(json_array_get(param, 1));
	const char *fallback = json_string_value(json_array_get(param, 2));
	size_t used = strlen(text), i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(kind, words[i].fact) == 0)
			break;
	assert_true(i < ARRAY_SIZE(words));
	snprintf(text + used, size - used, "%s%s%s", used ? " " : "", words[i].word,
		 words[i].index && fallback ? "_EMPTY" : "");
	used = strlen(text);
	if (words[i].index)
		snprintf(text + used, size - used, "(%s)", index);
}

static void compare_rule(const json_t *fact)
{
	static const char *const names[] = {"PASS", "STORE", "STORE_AND_PASS", "ADD_PARAMS",
					    "CHANGE_TYPE"};
	json_int_t code = json_integer_value(json_object_get(fact, "code"));
	json_int_t n = json_integer_value(json_object_get(fact, "nparams"));
	const json_t *params = json_object_get(fact, "params");
	char sources[1024] = "";
	size_t i, k;

	/* The extraction ran the two rules of bpf into one; conversions.def has both. */
	if (code == SAKER_EV_SYSCALL_BPF_E)
		return;
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].code == code && rules[i].n == n)
			break;
	if (i == ARRAY_SIZE(rules))
		fail_msg("there is no rule %lld/%lld", (long long)code, (long long)n);
	assert_string_equal(names[rules[i].action],
			    json_string_value(json_object_get(fact, "action")));
	if (rules[i].action == CHANGE_TYPE)
		assert_int_equal(rules[i].to, json_integer_value(json_object_get(fact, "to_code")));
	for (k = 0; k < json_array_size(params); k++)
		add_source(sources, sizeof(sources), json_array_get(params, k));
	assert_string_equal(rules[i].sources, sources);
}

static void test_rules_reference(void **state)
{
	json_t *root = load_rules(), *list;
	size_t i;

	(void)state;
	if (!root) {
		print_message("SAKER_REFERENCE is not set\n");
		skip();
	}
	list = json_object_get(root, "rules");
	/* One more here: see compare_rule. */
	assert_int_equal(json_array_size(list) + 1, ARRAY_SIZE(rules));
	for (i = 0; i < json_array_size(list); i++)
		compare_rule(json_array_get(list, i));
	json_decref(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule_has_a_line),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_conversions_first_format),
		cmocka_unit_test(test_rules_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
