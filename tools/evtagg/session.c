/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: inputs, reader, aggregation, consumers; snapshots and second looks. */
#include "session_internal.h"

/* ---- counting for a query ------------------------------------------------------- */

int counting_init(struct counting *c, const struct query *query, struct wanted *wanted)
{
	uint32_t n = 0;
	int r = 0;

	c->query = *query;
	c->backend = &aggregate_memory;
	if (!c->query.n_by) {
		c->query.by[0] = "rule";
		c->query.n_by = 1;
	}
	for (uint32_t i = 0; i < c->query.n_by && r == 0; i++)
		r = column_parse(c->query.by[i], wanted, &c->columns[n++]);
	for (uint32_t i = 0; i < c->query.n_distinct && r == 0; i++)
		r = column_parse(c->query.distinct[i], wanted, &c->columns[n++]);
	if (r == -E2BIG)
		complain("more than %d fields are asked for", SAKER_SCAN_MAX_FIELDS);
	if (r == 0 && query->where)
		r = filter_new(query->where, wanted, &c->filter);
	return r < 0 ? r : c->backend->open(&c->query, c->columns, &c->state);
}

void counting_fini(struct counting *c)
{
	if (c->state)
		c->backend->close(c->state);
	filter_free(c->filter);
	memset(c, 0, sizeof(*c));
}

static int counting_result(struct counting *c, struct result **ret)
{
	struct result *result = calloc(1, sizeof(*result));
	int r;

	if (!result)
		return -ENOMEM;
	arena_init(&result->arena, 64 << 10);
	r = c->backend->result(c->state, result);
	if (r < 0) {
		result_free(result);
		return r;
	}
	*ret = result;
	return 0;
}

static void attach(struct reader *reader, const struct consumer *consumer)
{
	reader->consumers[reader->n_consumers++] = *consumer;
}

static void attach_counting(struct reader *reader, struct counting *c)
{
	struct consumer consumer = {c->backend->add, c->backend->settle, c->state};

	reader->filter = c->filter;
	reader->since = c->query.since;
	reader->until = c->query.until;
	attach(reader, &consumer);
}

/* ---- the session ---------------------------------------------------------------------- */

static int open_inputs(struct inputs *inputs, const struct session_options *options)
{
	int r = 0;

	inputs->options = options->input;
	if (!options->inputs.n)
		return inputs_add(inputs, "-");
	for (uint32_t i = 0; i < options->inputs.n && r == 0; i++)
		r = inputs_add(inputs, options->inputs.v[i]);
	return r;
}

static int open_streams(const struct inputs *inputs, struct stream **ret)
{
	struct stream *streams = calloc((size_t)inputs->n + 1, sizeof(*streams));

	if (!streams)
		return -ENOMEM;
	for (uint32_t i = 0; i < inputs->n; i++) {
		streams[i].input = inputs->v[i]->name;
		streams[i].host = text_of(inputs->v[i]->host);
	}
	*ret = streams;
	return 0;
}

/* Whether everything can be read once more, from its start to the same end. */
static bool can_reread(const struct session *s)
{
	for (uint32_t i = 0; i < s->inputs.n; i++) {
		/* A file on standard input has a size, but was read from where it stood. */
		if (!s->inputs.v[i]->stats.total || util_streq(s->inputs.v[i]->name, "-"))
			return false;
	}
	return !s->options.input.follow;
}

int session_new(const struct session_options *options, struct session **ret_session)
{
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->options = *options;
	r = counting_init(&s->counting, &options->query, &s->wanted);
	s->n_asked = s->wanted.names.n;
	if (r == 0)
		r = open_inputs(&s->inputs, options);
	if (r == 0)
		r = open_streams(&s->inputs, &s->streams);
	if (r == 0 && options->keep && !can_reread(s))
		r = keep_new(options->keep, &s->keep);
	if (r < 0) {
		session_free(s);
		return r;
	}
	s->started = monotonic_ns();
	*ret_session = s;
	return 0;
}

int session_column(struct session *session, const char *name, struct column *ret)
{
	return session->running ? -EBUSY : column_parse(name, &session->wanted, ret);
}

struct wanted *session_wanted(struct session *session)
{
	return session->running ? NULL : &session->wanted;
}

int session_consume(struct session *session, const struct consumer *consumer)
{
	if (session->running)
		return -EBUSY;
	if (session->n_consumers == ARRAY_SIZE(session->consumers))
		return -ENOSPC;
	session->consumers[session->n_consumers++] = *consumer;
	return 0;
}

/* Now it is known who reads what. */
static int start(struct session *s)
{
	struct consumer keep = {keep_record, NULL, s->keep};
	int r = reader_init(&s->reader, &s->wanted, s->options.strict);

	if (r < 0)
		return r;
	r = reader_load_rules(&s->reader, s->options.rules.v, s->options.rules.n);
	if (r < 0)
		return r;
	s->reader.list_broken = s->options.list_broken;
	known_init(&s->reader.known, s->n_asked);
	attach_counting(&s->reader, &s->counting);
	for (uint32_t i = 0; i < s->n_consumers; i++)
		attach(&s->reader, &s->consumers[i]);
	if (s->keep)
		attach(&s->reader, &keep);
	progress_init(&s->progress, s->options.progress);
	s->running = true;
	return 0;
}

static struct stream *stream_of(const struct inputs *inputs, struct stream *streams,
				const struct input *in)
{
	for (uint32_t i = 0; i < inputs->n; i++) {
		if (inputs->v[i] == in)
			return &streams[i];
	}
	return NULL;
}

static int feed(struct inputs *inputs, struct stream *streams, struct reader *reader,
		int timeout_ms)
{
	struct input *in;
	struct block block;
	int r = inputs_next(inputs, timeout_ms, &in, &block);

	for (uint32_t i = 0; r == -ENODATA && i < inputs->n; i++) {
		int end = reader_end(reader, &streams[i]);

		if (end < 0)
			return end;
	}
	if (r <= 0)
		return r;
	r = reader_feed(reader, stream_of(inputs, streams, in), &inputs->options, &block);
	return r < 0 ? r : 1;
}

int session_step(struct session *session, int timeout_ms)
{
	int r = session->running ? 0 : start(session);

	if (r < 0)
		return r;
	r = feed(&session->inputs, session->streams, &session->reader, timeout_ms);
	if (r == -ENODATA && !session->ended)
		session->ended = monotonic_ns();
	if (session->progress.on) {
		struct input_stats stats;

		inputs_stats(&session->inputs, &stats);
		progress_show(&session->progress, stats.bytes, stats.total, r == -ENODATA);
	}
	return r;
}

int session_run(struct session *session, const volatile int *stop)
{
	int r = session->running ? 0 : start(session);

	if (r == 0 && !session->reader.stats.lines)
		r = session_run_parallel(session, stop);
	if (r != 0) {
		progress_show(&session->progress, 0, 0, true);
		return MIN(r, 0);
	}
	do {
		r = session_step(session, 200);
	} while (r >= 0 && !(stop && *stop));
	progress_show(&session->progress, 0, 0, true);
	return r == -ENODATA ? 0 : r;
}

uint64_t session_generation(const struct session *session)
{
	return session->reader.stats.selected;
}

void session_say_missing(const struct session *session)
{
	/* Without an alert nothing is known of fields. */
	if (session->reader.stats.alerts)
		known_say(&session->reader.known, &session->wanted);
}

void session_stats(struct session *session, struct scan_stats *ret_stats)
{
	struct input_stats inputs;

	inputs_stats(&session->inputs, &inputs);
	*ret_stats = session->reader.stats;
	ret_stats->read_bytes = inputs.bytes;
	ret_stats->total_bytes = inputs.total;
	ret_stats->reconnects = inputs.reconnects;
	ret_stats->dropped = inputs.dropped;
	ret_stats->input_errors = inputs.errors;
	ret_stats->wall_ns = (session->ended ? session->ended : monotonic_ns()) - session->started;
}

int session_snapshot(struct session *session, struct result **ret_result)
{
	int r = counting_result(&session->counting, ret_result);

	if (r < 0)
		return r;
	session_stats(session, &(*ret_result)->stats);
	(*ret_result)->generation = session_generation(session);
	return 0;
}

const struct session_options *session_get_options(const struct session *session)
{
	return &session->options;
}

struct session *session_free(struct session *session)
{
	if (!session)
		return NULL;
	for (uint32_t i = 0; session->streams && i < session->inputs.n; i++)
		stream_fini(&session->streams[i]);
	free(session->streams);
	inputs_fini(&session->inputs);
	reader_fini(&session->reader);
	counting_fini(&session->counting);
	wanted_fini(&session->wanted);
	keep_free(session->keep);
	free(session);
	return NULL;
}

/* ---- the alerts once more --------------------------------------------------------------- */

/* What the session itself selected, before the question's own filter. */
struct second_look {
	struct filter *own;
	uint64_t since, until;
	struct consumer *next;
	uint32_t n_next;
};

static int pass_on(void *userdata, const struct record *record)
{
	struct second_look *look = userdata;
	int r = 0;

	if ((look->since && record->time < look->since) ||
	    (look->until && (!record->time || record->time >= look->until)) ||
	    (look->own && !filter_pass(look->own, record)))
		return 0;
	for (uint32_t i = 0; i < look->n_next && r >= 0; i++)
		r = look->next[i].record(look->next[i].userdata, record);
	return r;
}

static int settle_all(void *userdata)
{
	struct second_look *look = userdata;
	int r = 0;

	for (uint32_t i = 0; i < look->n_next && r >= 0; i++) {
		if (look->next[i].settle)
			r = look->next[i].settle(look->next[i].userdata);
	}
	return r;
}

static int reread(struct session *s, struct reader *reader, const volatile int *stop)
{
	struct stream *streams = NULL;
	struct inputs inputs = {0};
	int r = open_inputs(&inputs, &s->options);

	if (r == 0)
		r = open_streams(&inputs, &streams);
	while (r >= 0 && !(stop && *stop))
		r = feed(&inputs, streams, reader, 100);
	for (uint32_t i = 0; streams && i < inputs.n; i++)
		stream_fini(&streams[i]);
	free(streams);
	inputs_fini(&inputs);
	return r == -ENODATA ? 0 : r;
}

static int look_through(struct session *s, const struct session_question *q, struct counting *c,
			struct second_look *look, struct wanted *wanted)
{
	struct consumer all = {pass_on, settle_all, look};
	struct reader reader;
	int r = reader_init(&reader, wanted, s->options.strict);

	if (r < 0)
		return r;
	r = reader_load_rules(&reader, s->options.rules.v, s->options.rules.n);
	if (r < 0) {
		reader_fini(&reader);
		return r;
	}
	attach(&reader, &all);
	reader.filter = c->filter;
	reader.since = q->query.since;
	reader.until = q->query.until;
	r = can_reread(s) ? reread(s, &reader, q->stop)
	    : s->keep	  ? keep_replay(s->keep, &reader, q->stop)
			  : -ESPIPE;
	reader_fini(&reader);
	return r < 0 ? r : settle_all(look);
}

int session_scan(struct session *session, const struct session_question *question,
		 struct result **ret_result)
{
	const struct query *own = &session->counting.query;
	struct second_look look = {.since = own->since, .until = own->until};
	struct consumer next[2];
	struct wanted wanted = {0};
	struct counting c = {0};
	int r = counting_init(&c, &question->query, &wanted);

	for (uint32_t i = 0; i < question->n_columns && r == 0; i++)
		r = column_parse(question->columns[i], &wanted, &question->ret_columns[i]);
	if (r == 0 && own->where)
		r = filter_new(own->where, &wanted, &look.own);
	look.next = next;
	if (r == 0) {
		next[look.n_next++] = (struct consumer){c.backend->add, c.backend->settle, c.state};
		if (question->consumer)
			next[look.n_next++] = *question->consumer;
		r = look_through(session, question, &c, &look, &wanted);
	}
	if (r == 0 && ret_result) {
		r = counting_result(&c, ret_result);
		if (r == 0) {
			session_stats(session, &(*ret_result)->stats);
			(*ret_result)->generation = session_generation(session);
		}
	}
	filter_free(look.own);
	counting_fini(&c);
	wanted_fini(&wanted);
	return r;
}

bool session_scan_complete(const struct session *session)
{
	return can_reread(session) || (session->keep && !keep_lost(session->keep));
}
