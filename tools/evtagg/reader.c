/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a line: scanned, timed, filtered, consumed, counted. */
#include "evtagg.h"
#include "reader.h"

#define HINT_LINES 1000

static const struct format *const formats[] = {
#define X(name) &format_##name,
	FORMAT_LIST(X)
#undef X
};

const struct format *format_at(uint32_t i)
{
	return i < ARRAY_SIZE(formats) ? formats[i] : NULL;
}

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (util_streq(formats[i]->name, name))
			return formats[i];
	}
	return NULL;
}

void stream_fini(struct stream *stream)
{
	textbuf_fini(&stream->carry);
	textbuf_fini(&stream->scratch);
}

int reader_init(struct reader *reader, const struct wanted *wanted, bool strict)
{
	struct saker_scan_options options = SAKER_SCAN_OPTIONS_INIT;
	int r;

	memset(reader, 0, sizeof(*reader));
	options.fields = wanted->names.v;
	options.n_fields = wanted->names.n;
	options.strict = strict;
	r = saker_alert_scanner_new(&options, &reader->scanner);
	return r < 0 ? r : saker_alert_reader_new(NULL, &reader->text);
}

void reader_fini(struct reader *reader)
{
	reader->scanner = saker_alert_scanner_free(reader->scanner);
	reader->text = saker_alert_reader_free(reader->text);
	known_fini(&reader->known);
}

/* ---- one alert ------------------------------------------------------------------- */

/*
 * As saker_alert_time_parse, quicker for the usual spelling: of one second there are
 * many alerts.
 */
static uint64_t time_of(struct reader *reader, const struct saker_json_slice *time)
{
	const char *p = time->text;
	uint64_t fraction = 0, ns;

	if (time->kind != SAKER_JSON_STRING || time->len < 19)
		return 0;
	if (time->len == 30 && p[29] == 'Z' && p[19] == '.' && memcmp(p, reader->second, 19) == 0) {
		for (int i = 20; i < 29; i++) {
			if (p[i] < '0' || p[i] > '9')
				return 0;
			fraction = fraction * 10 + (uint64_t)(p[i] - '0');
		}
		return reader->second_ns + fraction;
	}
	if (saker_alert_time_parse(p, time->len, &ns) < 0)
		return 0;
	if (time->len == 30 && p[29] == 'Z') {
		memcpy(reader->second, p, 19);
		reader->second_ns = ns - ns % NS_PER_S;
	}
	return ns;
}

/* The same for priorities: mostly the word is the one before. */
static uint8_t priority_of(struct reader *reader, const struct saker_json_slice *priority)
{
	enum saker_priority p;

	if (priority->kind != SAKER_JSON_STRING)
		return PRIORITY_UNKNOWN;
	if (priority->len == reader->word_len &&
	    memcmp(priority->text, reader->word, reader->word_len) == 0)
		return reader->word_priority;
	if (saker_alert_priority_parse(priority->text, priority->len, &p) < 0)
		return PRIORITY_UNKNOWN;
	if (priority->len <= sizeof(reader->word)) {
		memcpy(reader->word, priority->text, priority->len);
		reader->word_len = priority->len;
		reader->word_priority = (uint8_t)p;
	}
	return (uint8_t)p;
}

static int deliver(struct reader *reader, struct stream *stream,
		   const struct saker_scanned *scanned, const struct unwrapped *line)
{
	struct record record = {.alert = scanned, .input = stream->input, .number = stream->number};
	int r;

	reader->stats.alerts++;
	record.time = time_of(reader, &scanned->time);
	if (!record.time) {
		record.time = line ? line->time : 0;
		reader->stats.no_time += record.time == 0;
	}
	known_note(&reader->known, scanned, reader->stats.alerts);
	record.priority = priority_of(reader, &scanned->priority);
	if (scanned->hostname.kind == SAKER_JSON_STRING && scanned->hostname.len)
		record.host = (struct text){scanned->hostname.text, scanned->hostname.len};
	else
		record.host = line && line->host.len ? line->host : stream->host;
	if ((reader->since && record.time < reader->since) ||
	    (reader->until && (!record.time || record.time >= reader->until)))
		return 0;
	if (reader->filter && !filter_pass(reader->filter, &record))
		return 0;
	reader->stats.selected++;
	for (uint32_t i = 0; i < reader->n_consumers; i++) {
		r = reader->consumers[i].record(reader->consumers[i].userdata, &record);
		if (r < 0)
			return r;
	}
	return 0;
}

void reader_broken(struct reader *reader, const struct stream *stream, enum saker_scan_error error,
		   uint64_t at, const char *line, size_t len)
{
	reader->stats.broken++;
	reader->stats.too_long += error == SAKER_SCAN_TOO_LONG;
	if ((size_t)error < ARRAY_SIZE(reader->stats.errors))
		reader->stats.errors[error]++;
	if (reader->stats.broken > reader->list_broken)
		return;
	fprintf(stderr, "%s:%llu: broken line, byte %llu: %s: ", stream->input,
		(unsigned long long)stream->number, (unsigned long long)at + 1,
		saker_scan_error_name(error));
	put_text_cut(stderr, (struct text){line, (uint32_t)MIN(len, 300)}, 80);
	putc('\n', stderr);
}

/* Of the first lines that are skipped: would another format have read them? */
static void give_hint(struct reader *reader, const struct saker_scanned *scanned)
{
	if (reader->stats.text >= HINT_LINES)
		return;
	reader->stats.text_alerts += saker_alert_is_text(scanned->line, scanned->len);
	reader->stats.syslog_tail += format_has_alert(scanned->line, scanned->len);
}

static int take(struct reader *reader, struct stream *stream, const struct saker_scanned *scanned,
		const struct unwrapped *line)
{
	switch (scanned->kind) {
	case SAKER_LINE_ALERT:
		return deliver(reader, stream, scanned, line);
	case SAKER_LINE_JSON:
		reader->stats.json++;
		return 0;
	case SAKER_LINE_BROKEN:
		reader_broken(reader, stream, scanned->error, scanned->error_at, scanned->line,
			      scanned->len);
		return 0;
	case SAKER_LINE_TEXT:
		give_hint(reader, scanned);
		reader->stats.text++;
		return 0;
	}
	return 0;
}

int reader_line(struct reader *reader, struct stream *stream, const struct unwrapped *line)
{
	struct saker_scanned scanned;

	if (!saker_alert_scan(reader->scanner, line->data, line->len, &scanned)) {
		reader->stats.text++;
		return 0;
	}
	return take(reader, stream, &scanned, line);
}

/* ---- lines of JSON and of anything else --------------------------------------------- */

static int feed_json(struct reader *reader, struct stream *stream, const struct block *block)
{
	const char *p = block->data, *end = p + block->len;
	struct unwrapped around = {.host = block->host, .time = block->time};
	struct saker_scanned scanned;
	int r = 0;

	while (p < end && r >= 0) {
		size_t n = saker_alert_scan(reader->scanner, p, (size_t)(end - p), &scanned);

		p += n;
		stream->number++;
		reader->stats.lines++;
		reader->stats.bytes += n;
		r = take(reader, stream, &scanned, &around);
	}
	return r;
}

const struct format format_json = {
	.name = "json",
	.summary = "lines of JSON, among any other lines",
	.feed = feed_json,
};

/* ---- blocks ----------------------------------------------------------------------- */

static const struct format *find_out(const struct block *block)
{
	if (block->message)
		return &format_text; /* JSON, text or neither: what the message itself says */
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i]->sniff && formats[i]->sniff(block))
			return formats[i];
	}
	return &format_json;
}

bool reader_is_json(const struct input_options *options, char *start, size_t len)
{
	struct block block = {.data = start, .len = len};

	return (options->format ? format_find(options->format) : find_out(&block)) == &format_json;
}

static void count_skipped(struct reader *reader, struct stream *stream, const struct block *block)
{
	for (uint64_t i = 0; i < block->skipped_lines; i++) {
		stream->number++;
		reader->stats.lines++;
		reader_broken(reader, stream, SAKER_SCAN_TOO_LONG, 0, "", 0);
	}
	reader->stats.bytes += block->skipped_bytes;
}

int reader_settle(struct reader *reader)
{
	int r = 0;

	for (uint32_t i = 0; i < reader->n_consumers && r >= 0; i++) {
		if (reader->consumers[i].settle)
			r = reader->consumers[i].settle(reader->consumers[i].userdata);
	}
	return r;
}

int reader_feed(struct reader *reader, struct stream *stream, const struct input_options *options,
		const struct block *block)
{
	int r;

	count_skipped(reader, stream, block);
	if (!block->len) {
		stream->number += block->empty_line;
		reader->stats.lines += block->empty_line;
		reader->stats.text += block->empty_line;
		return 0;
	}
	if (!stream->format)
		stream->format = options->format ? format_find(options->format) : find_out(block);
	r = stream->format->feed(reader, stream, block);
	if (r >= 0)
		r = reader_settle(reader);
	if (stream->format->settled)
		stream->format->settled(stream);
	return r;
}

int reader_end(struct reader *reader, struct stream *stream)
{
	int r = 0;

	if (stream->format && stream->format->end)
		r = stream->format->end(reader, stream);
	return r < 0 ? r : reader_settle(reader);
}
