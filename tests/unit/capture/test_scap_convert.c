// SPDX-License-Identifier: Apache-2.0
/*
 * The converter: known conversions spelled out, then every rule against a model
 * that works on lists of values instead of bytes, with and without the enter
 * event, and the bounds of the store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <saker/event_codes.h>

#include "common/util.h"
#include "scap_convert.h"
#include "scap_maker.h"

/* ---- values ---------------------------------------------------------------------------------- */

struct value {
	uint8_t bytes[64];
	size_t len;
};

struct values {
	uint16_t code;
	uint32_t n;
	struct value v[SAKER_EVENT_MAX_PARAMS];
};

static const struct saker_event *to_event(struct maker *m, const struct values *values)
{
	struct maker_param params[SAKER_EVENT_MAX_PARAMS];
	bool large = saker_event_info(values->code)->flags & SAKER_EF_LARGE_PAYLOAD;

	for (uint32_t i = 0; i < values->n; i++)
		params[i] = (struct maker_param){values->v[i].bytes, values->v[i].len};
	m->len = 0;
	maker_raw_event(m, 1, 50, values->code, params, values->n, large ? 4 : 2);
	return (const struct saker_event *)m->data;
}

static void expect_values(const struct saker_event *event, const struct values *expected)
{
	struct saker_event_view view;

	assert_int_equal(event->type, expected->code);
	assert_int_equal(event->ts, 1);
	assert_int_equal(event->tid, 50);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.n_params, expected->n);
	for (uint32_t i = 0; i < view.n_params; i++) {
		assert_int_equal(view.params[i].len, expected->v[i].len);
		assert_memory_equal(view.params[i].data, expected->v[i].bytes, expected->v[i].len);
	}
}

/* Distinguishable values as wide as the event's types: the parameter's number above `base`. */
static void fill(struct values *values, uint16_t code, uint32_t n, uint8_t base)
{
	const struct saker_event_info *info = saker_event_info(code);

	values->code = code;
	values->n = n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t size =
			i < info->n_params ? saker_param_type_size(info->params[i].type) : 0;

		values->v[i].len = size ? size : 3 + i % 5;
		memset(values->v[i].bytes, base + (int)i, values->v[i].len);
	}
}

/* ---- the model
 * ----------------------------------------------------------------------------------- */

enum action { PASS, STORE, STORE_AND_PASS, ADD_PARAMS, CHANGE_TYPE };
enum kind { SRC_OLD, SRC_ENTER, SRC_ENTER_EMPTY, SRC_EMPTY, SRC_DEFAULT, SRC_CONTAINER };

struct source {
	enum kind kind;
	uint32_t index;
};

struct rule {
	uint16_t code;
	uint32_t n;
	enum action action;
	uint16_t to;
	uint32_t n_sources;
	struct source sources[SAKER_EVENT_MAX_PARAMS + 1];
};

/* clang-format off */
#define OLD(i) { SRC_OLD, (i) },
#define ENTER(i) { SRC_ENTER, (i) },
#define ENTER_EMPTY(i) { SRC_ENTER_EMPTY, (i) },
#define EMPTY { SRC_EMPTY, 0 },
#define DEFAULT { SRC_DEFAULT, 0 },
#define CONTAINER { SRC_CONTAINER, 0 },
#define RULE(code, n, action, to, n_sources, ...) \
	{ code, n, action, to, n_sources, { __VA_ARGS__ { SRC_EMPTY, 0 } } },
static const struct rule rules[] = {
#include "schema/converter.def"
};
/* clang-format on */

static const struct rule *model_rule(const struct values *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].code == values->code && rules[i].n == values->n)
			return &rules[i];
	return NULL;
}

static void model_default(struct value *v, uint8_t type)
{
	v->len = saker_param_type_size(type);
	memset(v->bytes, type == SAKER_PT_UID || type == SAKER_PT_GID ? 0xff : 0, v->len);
}

static void model_source(struct value *v, const struct source *source, const struct values *old,
			 const struct values *enter, uint8_t type)
{
	uint32_t size = saker_param_type_size(type);

	v->len = 0;
	switch (source->kind) {
	case SRC_OLD:
		*v = old->v[source->index];
		if (saker_event_info(old->code)->params[source->index].type == SAKER_PT_DYN &&
		    type != SAKER_PT_DYN)
			memmove(v->bytes, v->bytes + 1, --v->len);
		break;
	case SRC_ENTER:
	case SRC_ENTER_EMPTY:
		if (enter && source->index < enter->n)
			*v = enter->v[source->index];
		else if (source->kind == SRC_ENTER)
			model_default(v, type);
		break;
	case SRC_DEFAULT:
		model_default(v, type);
		break;
	case SRC_EMPTY:
	case SRC_CONTAINER: /* has its own test */
		break;
	}
	if (size && v->len > size)
		v->len = size;
}

static bool is_current(const struct values *values)
{
	const struct saker_event_info *info = saker_event_info(values->code);

	if (info->flags & SAKER_EF_OLD_VERSION)
		return false;
	if (!(info->flags & SAKER_EF_CONVERTER_MANAGED))
		return true;
	return values->code % 2 && values->n == info->n_params;
}

/* Applies rules until nothing applies: 1 = *values is the event, 0 = it is not shown, -1 = no rule.
 */
static int model_convert(struct values *values, const struct values *enter)
{
	for (int pass = 0; pass < 50; pass++) {
		const struct rule *rule = model_rule(values);
		const struct values old = *values;
		bool own = enter && enter->code + 1 == old.code;
		uint32_t kept;

		if (!rule)
			return -1;
		if (rule->action < ADD_PARAMS)
			return rule->action == STORE ? 0 : 1;
		kept = rule->action == ADD_PARAMS ? old.n : 0;
		values->code = rule->to;
		values->n = kept + rule->n_sources;
		for (uint32_t i = 0; i < rule->n_sources; i++) {
			const struct source *s = &rule->sources[i];
			uint8_t type = saker_event_info(rule->to)->params[kept + i].type;

			model_source(&values->v[kept + i], s, &old, own ? enter : NULL, type);
		}
		for (uint32_t i = 0; own && i < rule->n_sources; i++)
			if (rule->sources[i].kind == SRC_ENTER ||
			    rule->sources[i].kind == SRC_ENTER_EMPTY)
				enter = NULL; /* used up */
		if (is_current(values))
			return 1;
	}
	return -1;
}

/* ---- every rule
 * ---------------------------------------------------------------------------------- */

static void check_rule(struct capture_converter *conv, const struct rule *rule, bool with_enter)
{
	const struct saker_event *event;
	struct values enter, values;
	struct maker m = {0};
	int expected;
	int result;

	capture_converter_reset(conv);
	fill(&values, rule->code, rule->n, 0x10);
	fill(&enter, rule->code % 2 ? rule->code - 1 : 0, 0, 0x80);
	fill(&enter, enter.code, saker_event_info(enter.code)->n_params, 0x80);
	if (with_enter) {
		const struct rule *store = model_rule(&enter);

		/* Only what a rule stores is there for the exit event. */
		if (!store || (store->action != STORE && store->action != STORE_AND_PASS))
			return;
		assert_int_equal(capture_convert(conv, to_event(&m, &enter), &event),
				 store->action == STORE_AND_PASS);
	}
	assert_int_equal(capture_conversion_check(to_event(&m, &values)),
			 CAPTURE_CONVERSION_NEEDED);
	result = capture_convert(conv, to_event(&m, &values), &event);
	expected = model_convert(&values, with_enter ? &enter : NULL);
	if (result != expected)
		print_error("rule %u/%u: %d, not %d\n", rule->code, rule->n, result, expected);
	assert_int_equal(result, expected);
	if (result == 1) {
		/* Enter events that have a use of their own come as they are. */
		if (event->type % 2) {
			assert_int_equal(capture_conversion_check(event), CAPTURE_CONVERSION_PASS);
			assert_false(saker_event_info(event->type)->flags & SAKER_EF_OLD_VERSION);
		}
		expect_values(event, &values);
	}
	maker_free(&m);
}

static void test_every_rule(void **state)
{
	struct capture_converter *conv = capture_converter_new();
	uint32_t shown = 0;

	assert_non_null(conv);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].code == SAKER_EV_CONTAINER_E)
			continue;
		check_rule(conv, &rules[i], false);
		check_rule(conv, &rules[i], true);
		shown += rules[i].action >= ADD_PARAMS;
	}
	assert_true(shown > 150);
	capture_converter_free(conv);
}

/* The rules themselves: sources that exist, and chains that end in a current event. */
static void test_rules_consistent(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *r = &rules[i];
		const struct saker_event_info *to = saker_event_info(r->to);
		uint32_t kept = r->action == ADD_PARAMS ? r->n : 0;

		assert_true(i == 0 || rules[i - 1].code < r->code ||
			    (rules[i - 1].code == r->code && rules[i - 1].n < r->n));
		assert_true(r->action == CHANGE_TYPE || r->to == r->code);
		if (r->action < ADD_PARAMS) {
			assert_int_equal(r->n_sources, 0);
			assert_int_equal(r->code % 2, 0);
			continue;
		}
		assert_true(kept + r->n_sources <= to->n_params);
		for (uint32_t k = 0; k < r->n_sources; k++) {
			const struct source *s = &r->sources[k];

			if (s->kind == SRC_OLD)
				assert_true(s->index < r->n);
			if (s->kind == SRC_ENTER || s->kind == SRC_ENTER_EMPTY)
				assert_true(s->index < saker_event_info(r->code - 1)->n_params);
		}
	}
}

/* ---- known conversions
 * ----------------------------------------------------------------------------- */

static struct values make_values(uint16_t code, uint32_t n, const struct value *v)
{
	struct values values = {.code = code, .n = n};

	memcpy(values.v, v, n * sizeof(*v));
	return values;
}

#define I64(x)                \
	{                     \
		{(x)&0xff}, 8 \
	}
#define NEG64                                                       \
	{                                                           \
		{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8 \
	}
#define U32(x)                \
	{                     \
		{(x)&0xff}, 4 \
	}
#define TEXT(s)              \
	{                    \
		s, sizeof(s) \
	}
#define NOTHING        \
	{              \
		{0}, 0 \
	}

struct known {
	uint16_t enter;
	uint32_t n_enter;
	struct value enter_v[6];
	uint16_t exit;
	uint32_t n_exit;
	struct value exit_v[6];
	uint16_t to;
	uint32_t n_to;
	struct value to_v[8];
};

static const struct known known[] = {
	/* close: its descriptor was told on the way in */
	{SAKER_EV_SYSCALL_CLOSE_E,
	 1,
	 {I64(5)},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 1,
	 {I64(0)},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 2,
	 {I64(0), I64(5)}},
	/* ... and is zero when that was lost */
	{0,
	 0,
	 {NOTHING},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 1,
	 {NEG64},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 2,
	 {NEG64, I64(0)}},
	/* unlink, first form: paths fall back to nothing, not to zero */
	{SAKER_EV_SYSCALL_UNLINK_E,
	 1,
	 {TEXT("/tmp/x")},
	 SAKER_EV_SYSCALL_UNLINK_X,
	 1,
	 {I64(0)},
	 SAKER_EV_SYSCALL_UNLINK_2_X,
	 2,
	 {I64(0), TEXT("/tmp/x")}},
	{0,
	 0,
	 {NOTHING},
	 SAKER_EV_SYSCALL_UNLINK_X,
	 1,
	 {I64(0)},
	 SAKER_EV_SYSCALL_UNLINK_2_X,
	 2,
	 {I64(0), NOTHING}},
	/* open before it told device and inode */
	{0,
	 0,
	 {NOTHING},
	 SAKER_EV_SYSCALL_OPEN_X,
	 4,
	 {I64(3), TEXT("/a"), U32(1), U32(0)},
	 SAKER_EV_SYSCALL_OPEN_X,
	 6,
	 {I64(3), TEXT("/a"), U32(1), U32(0), NOTHING, NOTHING}},
	/* bpf's result was a variant: what kind it was goes, the value stays */
	{SAKER_EV_SYSCALL_BPF_E,
	 1,
	 {I64(5)},
	 SAKER_EV_SYSCALL_BPF_X,
	 1,
	 {{{1, 9}, 9}},
	 SAKER_EV_SYSCALL_BPF_2_X,
	 2,
	 {I64(9), U32(5)}},
	/* somebody else's enter event is not taken for one's own */
	{SAKER_EV_SYSCALL_READ_E,
	 2,
	 {I64(9), U32(7)},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 1,
	 {I64(0)},
	 SAKER_EV_SYSCALL_CLOSE_X,
	 2,
	 {I64(0), I64(0)}},
};

static void test_known(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct known *k = &known[i];
		struct capture_converter *conv = capture_converter_new();
		struct values enter = make_values(k->enter, k->n_enter, k->enter_v);
		struct values in = make_values(k->exit, k->n_exit, k->exit_v);
		struct values expected = make_values(k->to, k->n_to, k->to_v);
		const struct saker_event *event;
		struct maker m = {0};

		if (k->n_enter)
			assert_int_equal(capture_convert(conv, to_event(&m, &enter), &event), 0);
		assert_int_equal(capture_convert(conv, to_event(&m, &in), &event), 1);
		expect_values(event, &expected);
		/* The enter event, where it was its own, is used up. */
		if (k->n_enter && k->enter + 1 == k->exit) {
			struct saker_event_view view;

			assert_int_equal(capture_convert(conv, to_event(&m, &in), &event), 1);
			assert_int_equal(saker_event_decode(event, event->len, &view), 0);
			for (uint32_t b = 0; b < view.params[1].len; b++)
				assert_int_equal(view.params[1].data[b], 0);
		}
		maker_free(&m);
		capture_converter_free(conv);
	}
}

static void test_container(void **state)
{
	static const char json[] =
		"{\"id\":\"abc\",\"type\":7,\"name\":\"web\",\"image\":\"nginx\"}";
	struct capture_converter *conv = capture_converter_new();
	const struct value v[] = {TEXT("abc"), U32(7), TEXT("web"), TEXT("nginx")};
	struct values in = make_values(SAKER_EV_CONTAINER_E, 4, v);
	const struct saker_event *event;
	struct saker_event_view view;
	struct maker m = {0};

	assert_int_equal(capture_convert(conv, to_event(&m, &in), &event), 1);
	assert_int_equal(event->type, SAKER_EV_CONTAINER_JSON_2_E);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.n_params, 1);
	assert_int_equal(view.params[0].len, sizeof(json));
	assert_string_equal((const char *)view.params[0].data, json);
	/* A type that is no number: nothing is made up. */
	in.v[1].len = 1;
	assert_int_equal(capture_convert(conv, to_event(&m, &in), &event), 1);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.params[0].len, 0);
	maker_free(&m);
	capture_converter_free(conv);
}

/* ---- bounds
 * --------------------------------------------------------------------------------------------- */

/* More threads inside a call than there is room for: the latest are kept. */
static void test_store_is_bounded(void **state)
{
	struct capture_converter *conv = capture_converter_new();
	const struct saker_event *event;
	struct saker_event_view view;
	struct maker m = {0};
	uint32_t kept = 0;
	const int64_t fd = 5;
	const int64_t res = 0;
	const struct maker_param enter[] = {{&fd, 8}};
	const struct maker_param leave[] = {{&res, 8}};
	const uint64_t threads = 300000;

	for (uint64_t tid = 1; tid <= threads; tid++) {
		m.len = 0;
		maker_raw_event(&m, 1, tid, SAKER_EV_SYSCALL_CLOSE_E, enter, 1, 2);
		assert_int_equal(capture_convert(conv, (void *)m.data, &event), 0);
	}
	for (uint64_t tid = 1; tid <= threads; tid++) {
		m.len = 0;
		maker_raw_event(&m, 1, tid, SAKER_EV_SYSCALL_CLOSE_X, leave, 1, 2);
		assert_int_equal(capture_convert(conv, (void *)m.data, &event), 1);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		if (saker_load_u64(view.params[1].data) == 5)
			kept++;
		else
			assert_true(tid < threads - 1000);
	}
	assert_in_range(kept, 20000, 32768);
	maker_free(&m);
	capture_converter_free(conv);
}

/* Enter events as large as they get push one another out of the ring, never past its end. */
static void test_store_large(void **state)
{
	static char path[60000];
	struct capture_converter *conv = capture_converter_new();
	const struct maker_param enter[] = {{path, sizeof(path)}};
	const int64_t res = 0;
	const struct maker_param leave[] = {{&res, 8}};
	const struct saker_event *event;
	struct saker_event_view view;
	struct maker m = {0};

	for (uint64_t tid = 1; tid <= 500; tid++) {
		memset(path, (int)tid, sizeof(path));
		m.len = 0;
		maker_raw_event(&m, 1, tid, SAKER_EV_SYSCALL_UNLINK_E, enter, 1, 2);
		assert_int_equal(capture_convert(conv, (void *)m.data, &event), 0);
	}
	for (uint64_t tid = 1; tid <= 500; tid++) {
		m.len = 0;
		maker_raw_event(&m, 1, tid, SAKER_EV_SYSCALL_UNLINK_X, leave, 1, 2);
		assert_int_equal(capture_convert(conv, (void *)m.data, &event), 1);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		if (view.params[1].len) {
			assert_true(tid > 400);
			assert_int_equal(view.params[1].data[0], tid & 0xff);
			assert_int_equal(view.params[1].data[sizeof(path) - 1], tid & 0xff);
		} else {
			assert_true(tid < 450);
		}
	}
	maker_free(&m);
	capture_converter_free(conv);
}

/* What the enter event adds may be more than an event can hold. */
static void test_too_large(void **state)
{
	static char path[40000];
	struct capture_converter *conv = capture_converter_new();
	const struct maker_param enter[] = {{path, sizeof(path)}, {path, 20000}};
	const struct maker_param leave[] = {{path, 8}, {path, 39000}};
	const struct saker_event *event;
	struct maker m = {0};

	maker_raw_event(&m, 1, 1, SAKER_EV_SYSCALL_LINK_E, enter, 2, 2);
	assert_int_equal(capture_convert(conv, (void *)m.data, &event), 0);
	m.len = 0;
	maker_raw_event(&m, 1, 1, SAKER_EV_SYSCALL_LINK_X, leave, 1, 2);
	assert_int_equal(capture_convert(conv, (void *)m.data, &event), 1);
	assert_true(event->len <= SAKER_EVENT_MAX_SIZE);

	m.len = 0;
	maker_raw_event(&m, 1, 1, SAKER_EV_SOCKET_SENDTO_E,
			(const struct maker_param[]){{path, 8}, {path, 4}, {path, 40000}}, 3, 2);
	assert_int_equal(capture_convert(conv, (void *)m.data, &event), 0);
	m.len = 0;
	maker_raw_event(&m, 1, 1, SAKER_EV_SOCKET_SENDTO_X, leave, 2, 2);
	assert_int_equal(capture_convert(conv, (void *)m.data, &event), -EMSGSIZE);
	maker_free(&m);
	capture_converter_free(conv);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_consistent),
		cmocka_unit_test(test_every_rule),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_store_is_bounded),
		cmocka_unit_test(test_store_large),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
