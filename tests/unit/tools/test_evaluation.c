/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises about evaluation, held over real captures with all of Falco's rules:
 * it allocates nothing, several threads may evaluate one ruleset at a time, and a
 * ruleset may be taken away and replaced meanwhile. SAKER_REFERENCE names the
 * captures and the rules.
 */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <saker/capture.h>
#include <saker/enrich.h>
#include <saker/rules.h>

#include "common/util.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS false
#else
#define COUNTS_ALLOCATIONS true

/*
 * All allocations of the program and of the libraries come by here: a program's
 * own definitions go before those of the C library, which has these names for them.
 */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static _Thread_local volatile bool counting; /* the compiler knows that strdup() cannot see it */
static _Thread_local volatile unsigned long counted;

void *malloc(size_t size)
{
	counted += counting;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	counted += counting;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	counted += counting;
	return __libc_realloc(p, size);
}
#endif

static const char *reference;

static const char *const rule_files[] = {"falco_rules.yaml", "falco-incubating_rules.yaml",
					 "falco-sandbox_rules.yaml"};

static struct saker_ruleset *load_rules(enum saker_rule_matching matching)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;
	char path[4096];

	options.matching = matching;
	assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rule_files); i++) {
		snprintf(path, sizeof(path), "%s/rules/%s", reference, rule_files[i]);
		assert_int_equal(saker_rules_loader_add_file(loader, path), 0);
	}
	/* Those that are off as they come count as well. */
	assert_int_equal(saker_rules_loader_enable(loader, "*", NULL, true), 0);
	assert_int_equal(saker_rules_loader_compile(loader, &ruleset), 0);
	saker_rules_loader_free(loader);
	return ruleset;
}

struct replay {
	struct saker_capture *capture;
	struct saker_state *state;
};

static void replay_open(struct replay *r, const char *file)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	char path[4096];

	snprintf(path, sizeof(path), "%s/captures/%s", reference, file);
	options.file = path;
	assert_int_equal(saker_capture_open(&options, &r->capture), 0);
	assert_int_equal(saker_state_new(NULL, &r->state), 0);
}

static void replay_close(struct replay *r)
{
	saker_capture_close(r->capture);
	saker_state_free(r->state);
}

/* The next record to evaluate; NULL at the end. */
static void *replay_next(struct replay *r)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;

	while (saker_capture_next(r->capture, -1, &event, &meta) >= 0) {
		if (saker_state_apply(r->state, event, &meta, &record) == 1)
			return record;
	}
	return NULL;
}

/* Calls fn for every capture that lies there. */
static unsigned int each_capture(void (*fn)(const char *file, void *userdata), void *userdata)
{
	unsigned int n = 0;
	struct dirent *entry;
	char path[4096];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/captures", reference);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || !util_streq(entry->d_name + len - 5, ".scap"))
			continue;
		fn(entry->d_name, userdata);
		n++;
	}
	closedir(dir);
	return n;
}

/* ---- nothing is allocated -------------------------------------------------- */

struct totals {
	struct saker_ruleset *ruleset;
	unsigned long records, matches, allocations;
};

static void count_capture(const char *file, void *userdata)
{
	struct totals *t = userdata;
	struct replay replay;
	struct saker_eval *eval;
	void *record;

	replay_open(&replay, file);
	assert_int_equal(saker_eval_new(t->ruleset, &eval), 0);
	while ((record = replay_next(&replay))) {
		const struct saker_rule *const *rules;
		int n;

		/* What a field needs once (the accounts of the machine) is had by then. */
		assert_true(saker_ruleset_eval(eval, 0, record, &rules) >= 0);
#if COUNTS_ALLOCATIONS
		counting = true;
		n = saker_ruleset_eval(eval, 0, record, &rules);
		counting = false;
#else
		n = saker_ruleset_eval(eval, 0, record, &rules);
#endif
		assert_true(n >= 0);
		t->records++;
		t->matches += (unsigned long)n;
	}
	saker_eval_free(eval);
	replay_close(&replay);
}

static void test_no_allocation(void **state)
{
	struct totals t = {0};
	char *volatile one;

	if (!COUNTS_ALLOCATIONS)
		skip();
	t.ruleset = load_rules(SAKER_RULE_MATCHING_ALL);
	assert_true(each_capture(count_capture, &t) > 3);
	saker_ruleset_unref(t.ruleset);
#if COUNTS_ALLOCATIONS
	t.allocations = counted;
#endif
	print_message("%lu records, %lu matches, %lu allocations\n", t.records, t.matches,
		      t.allocations);
	assert_true(t.records > 1000);
	assert_true(t.matches > 10);
	assert_int_equal(t.allocations, 0);
	(void)one;
#if COUNTS_ALLOCATIONS
	/* That the counting counts. */
	counting = true;
	one = strdup("one");
	counting = false;
	free(one);
	assert_int_equal(counted, 1);
#endif
}

/* ---- threads ------------------------------------------------------------------ */

#define THREADS 4

/* The ruleset that is current; whoever takes it counts itself as a user under the lock. */
struct shared {
	pthread_mutex_t lock;
	struct saker_ruleset *ruleset;
	atomic_uint swaps;
	const char *file;
	unsigned long expected;
};

static struct saker_ruleset *take(struct shared *s)
{
	struct saker_ruleset *ruleset;

	pthread_mutex_lock(&s->lock);
	ruleset = saker_ruleset_ref(s->ruleset);
	pthread_mutex_unlock(&s->lock);
	return ruleset;
}

/* Its own context and its own replay, over a ruleset that all share and others replace. */
static void *evaluate(void *userdata)
{
	struct shared *s = userdata;
	struct saker_ruleset *ruleset = take(s);
	unsigned long matches = 0, records = 0;
	struct saker_eval *eval;
	struct replay replay;
	unsigned int seen = atomic_load(&s->swaps);
	void *record;

	replay_open(&replay, s->file);
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	saker_ruleset_unref(ruleset); /* the context holds it */
	while ((record = replay_next(&replay))) {
		const struct saker_rule *const *rules;
		struct saker_rendered rendered;
		int n;

		/* A reload: between two records, at the first chance. */
		if (atomic_load(&s->swaps) != seen) {
			seen = atomic_load(&s->swaps);
			saker_eval_free(eval);
			ruleset = take(s);
			assert_int_equal(saker_eval_new(ruleset, &eval), 0);
			saker_ruleset_unref(ruleset);
		}
		n = saker_ruleset_eval(eval, 0, record, &rules);
		assert_true(n >= 0);
		matches += (unsigned long)n;
		for (int i = 0; i < n && i < 2; i++)
			assert_int_equal(saker_eval_render(eval, rules[i], record, &rendered), 0);
		records++;
	}
	assert_true(records > 100);
	saker_eval_free(eval);
	replay_close(&replay);
	return (void *)matches;
}

static void test_threads(void **state)
{
	struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = "host_attacks.scap"};
	pthread_t threads[THREADS];
	struct saker_ruleset *old;
	void *matches;

	s.ruleset = load_rules(SAKER_RULE_MATCHING_ALL);
	s.expected = (unsigned long)evaluate(&s);
	assert_true(s.expected > 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, evaluate, &s), 0);
	/* The same rules again and again: nothing may be matched more or less for it. */
	for (int i = 0; i < 10; i++) {
		struct saker_ruleset *new = load_rules(SAKER_RULE_MATCHING_ALL);

		pthread_mutex_lock(&s.lock);
		old = s.ruleset;
		s.ruleset = new;
		atomic_fetch_add(&s.swaps, 1);
		pthread_mutex_unlock(&s.lock);
		saker_ruleset_unref(old);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &matches), 0);
		assert_int_equal((unsigned long)matches, s.expected);
	}
	saker_ruleset_unref(s.ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_allocation),
		cmocka_unit_test(test_threads),
	};

	reference = getenv("SAKER_REFERENCE");
	if (!reference) {
		puts("SAKER_REFERENCE is not set: no captures and no rules to hold this over");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
