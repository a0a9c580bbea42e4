/* SPDX-License-Identifier: Apache-2.0 */
/* The options that verbs share: what is read, which alerts, what is asked of them. */
#include "reader.h"
#include "session.h"

#define DEFAULT_MAX_LINE (128u << 20)

static int add_input_args(struct session_args *sa, struct args *args)
{
	const struct arg table[] = {
		{'f', "follow", NULL, "go on when the end is reached, across rotation; Ctrl-C ends",
		 .flag = &sa->follow},
		{'n', "new-only", NULL, "with -f: not what is there already",
		 .flag = &sa->from_now},
		{0, "format", "NAME", "how lines are wrapped (default: found out)",
		 .value = &sa->format},
		{'u', "unit", "UNIT", "journal: of this unit only", .value = &sa->unit},
		{0, "engine", "SOCKET", "docker: the engine's socket", .value = &sa->socket},
		{0, "rules", "FILE", "rule files, which name the rules of alerts in text",
		 .values = &sa->rules},
		{0, "strict", NULL, "every byte is checked, UTF-8 too", .flag = &sa->strict},
		{0, "broken", "N", "tell the first N broken lines, with their numbers",
		 .value = &sa->broken},
		{0, "max-line", "SIZE", "longest line that is read (128M)", .value = &sa->max_line},
		{'q', "quiet", NULL, "no progress bar, no summary", .flag = &sa->quiet},
	};

	return args_add(args, "What is read", table, ARRAY_SIZE(table));
}

static int add_filter_args(struct session_args *sa, struct args *args)
{
	const struct arg table[] = {
		{'w', "where", "CONDITION", "as in rules: 'priority<=warning and proc.name=sh'",
		 .value = &sa->where},
		{'S', "since", "TIME",
		 "alerts of that time or later: 2026-11-20, 14:30, 2h, @1795...",
		 .value = &sa->since},
		{'U', "until", "TIME", "alerts before that time", .value = &sa->until},
	};

	return args_add(args, "Which alerts", table, ARRAY_SIZE(table));
}

static int add_query_args(struct session_args *sa, struct args *args)
{
	const struct arg table[] = {
		{'b', "by", "COLUMNS",
		 "group by rule (default), hostname, proc.name ..., by commas", .value = &sa->by},
		{'s', "sort", "ORDER",
		 "count, rare, name, priority, first, last, rate, burst, hosts, distinct",
		 .value = &sa->sort},
		{'r', "reverse", NULL, "the other way round", .flag = &sa->reverse},
		{'t', "top", "N", "the first N rows only", .value = &sa->top},
		{'d', "distinct", "COLUMNS", "count the distinct values of these in each row",
		 .value = &sa->distinct},
		{0, "rare", "N", "only what was seen at most N times", .value = &sa->rare},
		{0, "new-since", "TIME", "only what was never seen before", .value = &sa->fresh},
		{0, "bucket", "TIME", "alerts over time, in buckets of 5m, 1h ... or auto",
		 .value = &sa->bucket},
		{0, "burst", "TIME", "the window of bursts (60s)", .value = &sa->burst},
		{0, "memory", "SIZE", "of the aggregation (96M); beyond it counts are bounds",
		 .value = &sa->memory},
	};

	return args_add(args, "What is asked", table, ARRAY_SIZE(table));
}

int session_args_add(struct session_args *sa, struct args *args, unsigned int groups)
{
	int r = 0;

	if (groups & SESSION_ARGS_INPUT)
		r = add_input_args(sa, args);
	if (r == 0 && groups & SESSION_ARGS_FILTER)
		r = add_filter_args(sa, args);
	if (r == 0 && groups & SESSION_ARGS_QUERY)
		r = add_query_args(sa, args);
	return r;
}

/* ---- from text --------------------------------------------------------------------- */

static int take_time(const struct verb *verb, const char *option, const char *text, uint64_t *ret)
{
	if (!text || parse_time(text, now_ns(), ret) == 0)
		return EVTAGG_OK;
	return args_bad(verb, "%s takes a time such as 2026-11-20, 14:30 or 2h (ago), not '%s'",
			option, text);
}

static int take_duration(const struct verb *verb, const char *option, const char *text,
			 uint64_t *ret)
{
	if (!text || (parse_duration(text, ret) == 0 && *ret))
		return EVTAGG_OK;
	return args_bad(verb, "%s takes a time such as 30s, 5m or 2h, not '%s'", option, text);
}

static int take_size(const struct verb *verb, const char *option, const char *text, uint64_t least,
		     uint64_t most, size_t *ret)
{
	uint64_t v;

	if (!text)
		return EVTAGG_OK;
	if (parse_size(text, &v) < 0 || v < least || v > most)
		return args_bad(verb,
				"%s takes a size from %llu to %llu bytes, such as 64M, not '%s'",
				option, (unsigned long long)least, (unsigned long long)most, text);
	*ret = (size_t)v;
	return EVTAGG_OK;
}

static int take_number(const struct verb *verb, const char *option, const char *text, uint32_t *ret)
{
	if (!text || parse_u32(text, ret) == 0)
		return EVTAGG_OK;
	return args_bad(verb, "%s takes a number, not '%s'", option, text);
}

/* Cuts "a,b,c" up in place. */
static int take_columns(const struct verb *verb, const char *option, char *text, const char **names,
			uint32_t max, uint32_t *ret_n)
{
	char *save = NULL;

	*ret_n = 0;
	for (char *name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		name += strspn(name, " ");
		name[strcspn(name, " ")] = '\0';
		if (*ret_n == max)
			return args_bad(verb, "%s takes at most %u columns", option, max);
		if (!*name)
			return args_bad(verb, "%s: a column's name is empty", option);
		names[(*ret_n)++] = name;
	}
	return *ret_n ? EVTAGG_OK
		      : args_bad(verb, "%s takes columns, such as rule,proc.name", option);
}

static int take_sort(const struct verb *verb, const char *text, enum query_sort *ret)
{
	static const char *const words[] = {
#define X(symbol, word, help) word,
		QUERY_SORT_LIST(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (util_streq(words[i], text)) {
			*ret = (enum query_sort)i;
			return EVTAGG_OK;
		}
	}
	return args_bad(verb,
			"--sort takes one of "
#define X(symbol, word, help) word " "
			QUERY_SORT_LIST(X)
#undef X
				"and not '%s'",
			text);
}

/* by and distinct, cut up in one copy that lives as long as sa. */
static int finish_columns(struct session_args *sa, const struct verb *verb, struct query *q)
{
	size_t by = sa->by ? strlen(sa->by) + 1 : 0;
	size_t distinct = sa->distinct ? strlen(sa->distinct) + 1 : 0;
	int r = EVTAGG_OK;

	sa->names = malloc(by + distinct + 1);
	if (!sa->names)
		return EVTAGG_FAILED;
	if (by) {
		memcpy(sa->names, sa->by, by);
		r = take_columns(verb, "--by", sa->names, q->by, QUERY_MAX_BY, &q->n_by);
	}
	if (distinct && r == EVTAGG_OK) {
		memcpy(sa->names + by, sa->distinct, distinct);
		r = take_columns(verb, "--distinct", sa->names + by, q->distinct,
				 QUERY_MAX_DISTINCT, &q->n_distinct);
	}
	return r;
}

static int finish_query(struct session_args *sa, const struct verb *verb, struct query *q)
{
	uint32_t rare = 0;
	int r = finish_columns(sa, verb, q);

	q->where = sa->where;
	if (r == EVTAGG_OK)
		r = take_time(verb, "--since", sa->since, &q->since);
	if (r == EVTAGG_OK)
		r = take_time(verb, "--until", sa->until, &q->until);
	if (r == EVTAGG_OK)
		r = take_time(verb, "--new-since", sa->fresh, &q->new_since);
	if (r == EVTAGG_OK && sa->bucket && !util_streq(sa->bucket, "auto"))
		r = take_duration(verb, "--bucket", sa->bucket, &q->bucket);
	if (r == EVTAGG_OK)
		r = take_duration(verb, "--burst", sa->burst, &q->burst);
	if (r == EVTAGG_OK)
		r = take_number(verb, "--top", sa->top, &q->top);
	if (r == EVTAGG_OK)
		r = take_number(verb, "--rare", sa->rare, &rare);
	if (r == EVTAGG_OK)
		r = take_size(verb, "--memory", sa->memory, 1 << 20, UINT64_C(1) << 46,
			      &q->memory_max);
	q->timeline = sa->bucket != NULL;
	q->rare_max = rare;
	q->reverse = sa->reverse;
	q->sort = rare ? QUERY_SORT_RARE : QUERY_SORT_COUNT;
	if (r == EVTAGG_OK && sa->sort)
		r = take_sort(verb, sa->sort, &q->sort);
	if (r == EVTAGG_OK && q->sort == QUERY_SORT_DISTINCT && !q->n_distinct)
		r = args_bad(verb, "--sort distinct needs --distinct");
	return r;
}

static int bad_format(const struct verb *verb, const char *name)
{
	args_bad(verb, "there is no format '%s'", name);
	for (uint32_t i = 0; format_at(i); i++)
		fprintf(stderr, "  %-10s %s\n", format_at(i)->name, format_at(i)->summary);
	return EVTAGG_USAGE;
}

int session_args_finish(struct session_args *sa, const struct verb *verb, const struct args *args,
			struct session_options *ret)
{
	uint32_t broken = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->inputs = args->rest;
	ret->strict = sa->strict;
	ret->rules = sa->rules;
	ret->progress = !sa->quiet && !sa->follow && isatty(STDERR_FILENO);
	ret->input.follow = sa->follow;
	ret->input.from_now = sa->from_now;
	ret->input.format = sa->format;
	ret->input.unit = sa->unit;
	ret->input.socket = sa->socket;
	ret->input.max_line = DEFAULT_MAX_LINE;
	if (sa->format && !format_find(sa->format))
		return bad_format(verb, sa->format);
	if (sa->from_now && !sa->follow)
		return args_bad(verb, "--new-only goes with --follow");
	r = finish_query(sa, verb, &ret->query);
	if (r == EVTAGG_OK)
		r = take_size(verb, "--max-line", sa->max_line, 4096, 1u << 30,
			      &ret->input.max_line);
	if (r == EVTAGG_OK)
		r = take_number(verb, "--broken", sa->broken, &broken);
	ret->list_broken = broken;
	ret->input.since = ret->query.since;
	ret->input.until = ret->query.until;
	return r;
}

void session_args_fini(struct session_args *sa)
{
	free(sa->names);
	strings_fini(&sa->rules);
	sa->names = NULL;
}

/* ---- what was read ------------------------------------------------------------------ */

static void say_speed(const struct scan_stats *s)
{
	char bytes[16], rate[16], time[24];

	fprintf(stderr, "evtagg: %s in %s", format_bytes(s->bytes, bytes, sizeof(bytes)),
		format_duration(s->wall_ns, time, sizeof(time)));
	if (s->wall_ns > NS_PER_S / 100)
		fprintf(stderr, ", %s/s",
			format_bytes((uint64_t)((double)s->bytes * 1e9 / (double)s->wall_ns), rate,
				     sizeof(rate)));
	putc('\n', stderr);
}

static void say_count(uint64_t n, const char *what)
{
	char count[32];

	if (n)
		fprintf(stderr, ", %s %s", format_count(n, count, sizeof(count)), what);
}

void session_say(struct session *session)
{
	struct scan_stats s;
	char count[32];

	session_stats(session, &s);
	fprintf(stderr, "evtagg: %s lines", format_count(s.lines, count, sizeof(count)));
	say_count(s.alerts, "alerts");
	if (s.selected != s.alerts)
		say_count(s.selected, "of them selected");
	say_count(s.text, "of other text");
	say_count(s.json, "of other JSON");
	say_count(s.broken, "broken");
	say_count(s.too_long, "of these too long");
	say_count(s.no_time, "alerts without a time");
	say_count(s.dropped, "dropped by a full queue");
	say_count(s.reconnects, "times taken up again");
	say_count(s.input_errors, "inputs broken off");
	putc('\n', stderr);
	if (s.broken && !session_get_options(session)->list_broken)
		fputs("evtagg: --broken 20 tells which lines are broken\n", stderr);
	if (s.syslog_tail && !s.alerts)
		fputs("evtagg: some lines look like syslog with an alert in it: --format syslog\n",
		      stderr);
	if (s.text_alerts && !s.alerts)
		fputs("evtagg: some lines look like alerts in text: --format text\n", stderr);
	session_say_missing(session);
	say_speed(&s);
}
