/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg check: past alerts against changed rules, as far as the alerts tell. */
#include "common/arena.h"
#include "replay.h"
#include "session.h"
#include "stop.h"

#define MAX_ROWS 65536 /* rules by name; alerts of more are counted together */
#define MAX_WHYS 4
#define MAX_SAMPLES 64
#define SAMPLE_LEN 400

enum outcome {
	STAY,
	GONE,
	UNDECIDED,
	APPEAR,
	N_OUTCOMES,
	NOT_BY_OLD = N_OUTCOMES, /* the old rules would not have made it: another version did */
};

static const char *const outcome_names[N_OUTCOMES] = {"stay", "gone", "undecided", "appear"};

struct why {
	const char *check;
	uint64_t count;
};

struct row {
	const char *name;
	const struct replay_rule *before, *after;
	bool changed; /* before and after differ, or there is one of them only */
	uint64_t alerts;
	uint64_t counts[N_OUTCOMES];
	uint64_t may_appear;  /* alerts of others, undecided */
	uint64_t unexplained; /* of its alerts, those that the old rule would not have made */
	uint8_t priority;     /* the most urgent */
	struct why whys[MAX_WHYS];
	uint32_t n_whys;
	const char **samples[N_OUTCOMES];
	uint32_t n_samples[N_OUTCOMES];
};

struct check {
	struct session_args session;
	struct strings before, after;
	const char *fail_on, *n_samples;
	bool json;
	uint32_t samples;
	bool fail[N_OUTCOMES];
	struct replay *replay;
	struct replay_rules old_rules, new_rules;
	struct arena arena;
	struct row *rows;
	uint32_t n_rows, cap_rows;
	uint64_t unnamed; /* alerts of rules beyond MAX_ROWS */
};

/* ---- counting --------------------------------------------------------------------- */

static int add_row(struct check *c, struct text name)
{
	struct row row = {.priority = PRIORITY_UNKNOWN};

	if (GROW(c->rows, c->n_rows, c->cap_rows) < 0)
		return -ENOMEM;
	row.name = arena_strndup(&c->arena, name.p, name.len);
	if (!row.name)
		return -ENOMEM;
	row.before = replay_find(&c->old_rules, name);
	row.after = replay_find(&c->new_rules, name);
	row.changed = !row.before != !row.after ||
		      (row.before && (row.before->root != row.after->root ||
				      row.before->enabled != row.after->enabled));
	for (int i = 0; i < N_OUTCOMES; i++) {
		row.samples[i] = arena_alloc(&c->arena, (c->samples + 1) * sizeof(char *));
		if (!row.samples[i])
			return -ENOMEM;
	}
	c->rows[c->n_rows++] = row;
	return 0;
}

static struct row *find_row(struct check *c, struct text name)
{
	for (uint32_t i = 0; i < c->n_rows; i++) {
		if (text_is(name, c->rows[i].name))
			return &c->rows[i];
	}
	return NULL;
}

static void sample(struct check *c, struct row *row, enum outcome outcome,
		   const struct record *record)
{
	const struct saker_json_slice *s = &record->alert->output;
	char text[SAMPLE_LEN];
	size_t n;

	if (row->n_samples[outcome] >= c->samples || s->kind != SAKER_JSON_STRING)
		return;
	n = MIN(saker_json_unescape(s, text, sizeof(text)), sizeof(text));
	row->samples[outcome][row->n_samples[outcome]] = arena_strndup(&c->arena, text, n);
	if (row->samples[outcome][row->n_samples[outcome]])
		row->n_samples[outcome]++;
}

static void note_why(struct row *row, const char *check)
{
	uint32_t i = 0;

	while (i < row->n_whys && row->whys[i].check != check)
		i++;
	if (i == MAX_WHYS)
		return;
	row->whys[i].check = check;
	row->whys[i].count++;
	row->n_whys = MAX(row->n_whys, i + 1);
}

static enum outcome own_outcome(struct check *c, struct row *row)
{
	enum truth t;

	if (row->before) {
		if (replay_ask(c->replay, row->before) == TRUTH_FALSE)
			return NOT_BY_OLD;
		replay_assume(c->replay, row->before);
	}
	if (row->after && !row->after->enabled)
		return GONE;
	if (!row->after) {
		if (row->before)
			return GONE;
		note_why(row, "the rule is in none of the files");
		return UNDECIDED;
	}
	t = replay_ask(c->replay, row->after);
	if (t == TRUTH_UNDECIDED)
		note_why(row, replay_why(c->replay, row->after));
	return t == TRUTH_TRUE ? STAY : t == TRUTH_FALSE ? GONE : UNDECIDED;
}

/* Would a rule that changed, or that is new, take an event that another rule told of? */
static void ask_others(struct check *c, const struct row *own, const struct record *record)
{
	for (uint32_t i = 0; i < c->n_rows; i++) {
		struct row *row = &c->rows[i];
		enum truth t;

		if (row == own || !row->changed || !row->after || !row->after->enabled)
			continue;
		if (!c->old_rules.n && row->alerts)
			continue; /* nobody knows what it was before */
		t = replay_ask(c->replay, row->after);
		if (t == TRUTH_FALSE || (row->before && row->before->enabled &&
					 replay_ask(c->replay, row->before) == TRUTH_TRUE))
			continue;
		if (t == TRUTH_UNDECIDED) {
			row->may_appear++;
			continue;
		}
		row->counts[APPEAR]++;
		sample(c, row, APPEAR, record);
	}
}

static int take(void *userdata, const struct record *record)
{
	const struct saker_json_slice *rule = &record->alert->rule;
	struct check *c = userdata;
	enum outcome outcome;
	struct text name;
	struct row *row;
	char text[1024];
	int r;

	if (!rule->escaped) {
		name = (struct text){rule->text, rule->len};
	} else {
		name.len =
			(uint32_t)MIN(saker_json_unescape(rule, text, sizeof(text)), sizeof(text));
		name.p = text;
	}
	row = find_row(c, name);
	if (!row && c->n_rows < MAX_ROWS) {
		r = add_row(c, name);
		if (r < 0)
			return r;
		row = &c->rows[c->n_rows - 1];
	}
	if (!row) {
		c->unnamed++;
		return 0;
	}
	replay_begin(c->replay, record);
	row->alerts++;
	row->priority = MIN(row->priority, record->priority);
	outcome = own_outcome(c, row);
	if (outcome == NOT_BY_OLD) {
		row->unexplained++;
	} else {
		row->counts[outcome]++;
		sample(c, row, outcome, record);
	}
	ask_others(c, row, record);
	return 0;
}

/* ---- what it reads like --------------------------------------------------------------- */

static bool is_news(const struct check *c, const struct row *row)
{
	if (!row->alerts && !c->old_rules.n)
		return row->counts[APPEAR] > 0;
	return row->alerts || row->counts[APPEAR] || (row->changed && row->may_appear);
}

static void totals(const struct check *c, struct row *ret)
{
	*ret = (struct row){.name = "all"};
	for (uint32_t i = 0; i < c->n_rows; i++) {
		const struct row *row = &c->rows[i];

		ret->alerts += row->alerts;
		ret->unexplained += row->unexplained;
		for (int k = 0; k < N_OUTCOMES; k++)
			ret->counts[k] += row->counts[k];
	}
}

static void put_samples(const struct row *row)
{
	static const char *const words[N_OUTCOMES] = {"stays", "gone", "undecided", "appears"};

	for (int k = 0; k < N_OUTCOMES; k++) {
		/* What stays as it was needs no proof, unless something else went. */
		if (k == UNDECIDED || (k == STAY && !row->counts[GONE]))
			continue;
		for (uint32_t i = 0; i < row->n_samples[k]; i++) {
			printf("    %-9s  ", words[k]);
			put_text_cut(stdout, text_of(row->samples[k][i]), 160);
			putchar('\n');
		}
	}
}

static void put_row(const struct row *row)
{
	printf("%10llu %10llu %10llu %10llu %10llu  ", (unsigned long long)row->alerts,
	       (unsigned long long)row->counts[STAY], (unsigned long long)row->counts[GONE],
	       (unsigned long long)row->counts[UNDECIDED], (unsigned long long)row->counts[APPEAR]);
	put_text(stdout, text_of(row->name));
	putchar('\n');
	for (uint32_t i = 0; i < row->n_whys; i++) {
		printf("    undecided  %llu: ", (unsigned long long)row->whys[i].count);
		put_text_cut(stdout, text_of(row->whys[i].check), 140);
		putchar('\n');
	}
	if (row->unexplained)
		printf("    note       %llu of them the old rules would not have made: left out\n",
		       (unsigned long long)row->unexplained);
	if (row->may_appear && row->changed)
		printf("    note       for %llu alerts of other rules it is not decided\n",
		       (unsigned long long)row->may_appear);
	put_samples(row);
}

static void print_table(const struct check *c)
{
	struct row all;

	totals(c, &all);
	printf("%10s %10s %10s %10s %10s  RULE\n", "BEFORE", "STAY", "GONE", "UNDECIDED", "APPEAR");
	for (uint32_t i = 0; i < c->n_rows; i++) {
		if (is_news(c, &c->rows[i]))
			put_row(&c->rows[i]);
	}
	put_row(&all);
	if (c->unnamed)
		printf("%llu alerts of more than %d rules were not looked at\n",
		       (unsigned long long)c->unnamed, MAX_ROWS);
}

static void json_counts(struct textbuf *b, const struct row *row)
{
	textbuf_printf(b, "\"before\":%llu", (unsigned long long)row->alerts);
	for (int k = 0; k < N_OUTCOMES; k++)
		textbuf_printf(b, ",\"%s\":%llu", outcome_names[k],
			       (unsigned long long)row->counts[k]);
	textbuf_printf(b, ",\"not_by_old\":%llu", (unsigned long long)row->unexplained);
}

static void json_row(struct textbuf *b, const struct row *row)
{
	textbuf_puts(b, "{\"rule\":");
	textbuf_json(b, text_of(row->name));
	textbuf_puts(b, ",");
	json_counts(b, row);
	textbuf_printf(b, ",\"may_appear\":%llu,\"undecided_by\":[",
		       (unsigned long long)row->may_appear);
	for (uint32_t i = 0; i < row->n_whys; i++) {
		textbuf_printf(b, "%s{\"alerts\":%llu,\"check\":", i ? "," : "",
			       (unsigned long long)row->whys[i].count);
		textbuf_json(b, text_of(row->whys[i].check));
		textbuf_puts(b, "}");
	}
	textbuf_puts(b, "],\"samples\":{");
	for (int k = 0; k < N_OUTCOMES; k++) {
		textbuf_printf(b, "%s\"%s\":[", k ? "," : "", outcome_names[k]);
		for (uint32_t i = 0; i < row->n_samples[k]; i++) {
			textbuf_puts(b, i ? "," : "");
			textbuf_json(b, text_of(row->samples[k][i]));
		}
		textbuf_puts(b, "]");
	}
	textbuf_puts(b, "}}");
}

static int print_json(const struct check *c)
{
	struct textbuf b = {0};
	bool first = true;
	struct row all;
	int r;

	totals(c, &all);
	textbuf_puts(&b, "{");
	json_counts(&b, &all);
	textbuf_puts(&b, ",\"rules\":[");
	for (uint32_t i = 0; i < c->n_rows; i++) {
		if (!is_news(c, &c->rows[i]))
			continue;
		textbuf_puts(&b, first ? "" : ",");
		json_row(&b, &c->rows[i]);
		first = false;
	}
	textbuf_printf(&b, "],\"not_looked_at\":%llu}\n", (unsigned long long)c->unnamed);
	r = b.failed ? -ENOMEM : 0;
	if (r == 0)
		fwrite(b.p, 1, b.len, stdout);
	textbuf_fini(&b);
	return r;
}

/* ---- the command line --------------------------------------------------------------------- */

static int add_args(struct check *c, struct args *args)
{
	const struct arg table[] = {
		{'r', "ruleset", "FILE", "the rules that made these alerts, in load order",
		 .values = &c->before},
		{0, "new", "FILE", "a changed rule file whose name does not end in .yaml; - too",
		 .values = &c->after},
		{0, "fail-on", "WORDS", "exit with 4 when there are any: gone, undecided, appear",
		 .value = &c->fail_on},
		{0, "samples", "N", "alerts that are shown of each kind (3)",
		 .value = &c->n_samples},
		{0, "json", NULL, "one JSON object", .flag = &c->json},
	};
	int r = args_add(args, "What is checked", table, ARRAY_SIZE(table));

	return r < 0 ? r
		     : session_args_add(&c->session, args,
					SESSION_ARGS_INPUT | SESSION_ARGS_FILTER);
}

static bool is_rules(const char *name)
{
	size_t n = strlen(name);

	return (n > 5 && util_streq(name + n - 5, ".yaml")) ||
	       (n > 4 && util_streq(name + n - 4, ".yml"));
}

/* Rule files are told from inputs by their names. */
static int split(struct check *c, struct args *args)
{
	struct strings given = c->after, after = {0};
	uint32_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < args->rest.n && r == 0; i++) {
		if (is_rules(args->rest.v[i]))
			r = strings_add(&after, args->rest.v[i]);
		else
			args->rest.v[n++] = args->rest.v[i];
	}
	args->rest.n = n;
	for (uint32_t i = 0; i < given.n && r == 0; i++)
		r = strings_add(&after, given.v[i]);
	strings_fini(&given);
	c->after = after;
	return r;
}

static int take_words(struct check *c, const struct verb *verb)
{
	const char *p = c->fail_on;

	c->samples = 3;
	if (c->n_samples && (parse_u32(c->n_samples, &c->samples) < 0 || c->samples > MAX_SAMPLES))
		return args_bad(verb, "--samples takes a number up to %d, not '%s'", MAX_SAMPLES,
				c->n_samples);
	while (p && *p) {
		size_t n = strcspn(p, ",");
		int k = GONE;

		while (k < N_OUTCOMES &&
		       (strlen(outcome_names[k]) != n || strncmp(outcome_names[k], p, n) != 0))
			k++;
		if (k == N_OUTCOMES)
			return args_bad(verb,
					"--fail-on takes gone, undecided and appear, not '%.*s'",
					(int)n, p);
		c->fail[k] = true;
		p += n + (p[n] == ',');
	}
	return EVTAGG_OK;
}

static int load(struct check *c, struct session *session)
{
	struct consumer consumer = {take, NULL, c};
	int r = replay_new(session_wanted(session), &c->replay);

	if (r == 0 && c->before.n)
		r = replay_load(c->replay, &c->before, &c->old_rules);
	if (r == 0)
		r = replay_load(c->replay, &c->after, &c->new_rules);
	for (uint32_t i = 0; i < c->new_rules.n && r == 0; i++)
		r = add_row(c, text_of(c->new_rules.v[i].name));
	return r < 0 ? r : session_consume(session, &consumer);
}

static int judge(const struct check *c)
{
	struct row all;

	totals(c, &all);
	for (int k = 0; k < N_OUTCOMES; k++) {
		if (c->fail[k] && all.counts[k])
			return EVTAGG_FOUND;
	}
	return EVTAGG_OK;
}

static int check(struct check *c, const struct session_options *options)
{
	struct session *session;
	struct scan_stats stats;
	int r = session_new(options, &session);

	if (r < 0)
		return r == -ENOMEM ? EVTAGG_FAILED : EVTAGG_BAD; /* it was said */
	r = load(c, session);
	if (r == 0)
		r = session_run(session, &stop_asked);
	if (r == 0 && c->json)
		r = print_json(c);
	else if (r == 0)
		print_table(c);
	if (r == 0 && !c->session.quiet) {
		fflush(stdout);
		session_say(session);
	}
	session_stats(session, &stats);
	c->replay = replay_free(c->replay);
	session_free(session);
	if (r == -EBADMSG || r == -ENOENT || r == -EACCES || r == -EISDIR)
		return EVTAGG_BAD; /* a rule file, which was said */
	if (r < 0) {
		complain("%s", strerror(-r));
		return EVTAGG_FAILED;
	}
	return stats.input_errors ? EVTAGG_BAD : judge(c);
}

static void check_fini(struct check *c)
{
	session_args_fini(&c->session);
	strings_fini(&c->before);
	strings_fini(&c->after);
	free(c->rows);
	arena_fini(&c->arena);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct check c = {0};
	struct args args = {0};
	int r = add_args(&c, &args);

	arena_init(&c.arena, 16 << 10);
	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r == 0)
		r = split(&c, &args);
	if (r < 0) {
		check_fini(&c);
		args_fini(&args);
		return args_exit(r);
	}
	r = take_words(&c, verb);
	if (r == EVTAGG_OK && !c.after.n)
		r = args_bad(verb, "name the rule files to check, *.yaml, or with --new");
	if (r == EVTAGG_OK)
		r = session_args_finish(&c.session, verb, &args, &options);
	if (r == EVTAGG_OK) {
		options.query.no_burst = true;
		stop_on_signals();
		r = check(&c, &options);
	}
	check_fini(&c);
	args_fini(&args);
	return r;
}

const struct verb verb_check = {
	.name = "check",
	.arguments = "RULES.yaml... [INPUT]...",
	.summary = "hold past alerts against changed rules: what would go, stay, appear",
	.run = run,
};
