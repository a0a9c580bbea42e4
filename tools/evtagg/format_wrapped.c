/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines inside JSON: `journalctl -o json` and Docker's log files. The message is the
 * value of a key; host and time are others.
 */
#include "reader.h"

struct wrapping {
	const char *message, *host, *time;
	bool micros; /* time is microseconds since 1970, as text; else a date */
};

static const struct wrapping journal = {"MESSAGE", "_HOSTNAME", "__REALTIME_TIMESTAMP", true};
static const struct wrapping docker = {"log", NULL, "time", false};

static bool key_is(const struct saker_json_slice *key, const char *name)
{
	return name && key->len == strlen(name) && memcmp(key->text, name, key->len) == 0;
}

/* A message that is no UTF-8 comes as an array of bytes. */
static void put_bytes(struct textbuf *to, const struct saker_json_slice *array)
{
	struct saker_json_iter it;
	struct saker_json_slice value;

	saker_json_iter_init(&it, array);
	while (saker_json_iter_next(&it, NULL, &value)) {
		char c = 0;

		for (uint32_t i = 0; i < value.len && value.kind == SAKER_JSON_NUMBER; i++)
			c = (char)(c * 10 + value.text[i] - '0');
		textbuf_put(to, &c, 1);
	}
}

static void put_message(struct textbuf *to, const struct saker_json_slice *value)
{
	size_t n;

	to->len = 0;
	if (value->kind == SAKER_JSON_ARRAY) {
		put_bytes(to, value);
	} else if (value->kind == SAKER_JSON_STRING) {
		/* Room for what it takes at most; then as much as it took. */
		for (int i = 0; i < 3; i++)
			textbuf_put(to, value->text, value->len);
		if (to->failed)
			return;
		n = saker_json_unescape(value, to->p, to->len);
		to->len = n;
	}
}

static uint64_t time_of(const struct wrapping *w, const struct saker_json_slice *value)
{
	uint64_t ns = 0;

	if (!w->micros)
		return saker_alert_time_parse(value->text, value->len, &ns) < 0 ? 0 : ns;
	for (uint32_t i = 0; i < value->len && value->text[i] >= '0' && value->text[i] <= '9'; i++)
		ns = ns * 10 + (uint64_t)(value->text[i] - '0');
	return ns * 1000;
}

static int unwrap(struct reader *reader, struct stream *stream, const struct wrapping *w,
		  const char *line, size_t len)
{
	struct saker_json_slice whole = {line, (uint32_t)len, SAKER_JSON_OBJECT, 0}, key, value;
	struct unwrapped inner = {0};
	struct saker_json_iter it;
	bool found = false;
	int r;

	saker_json_iter_init(&it, &whole);
	while (saker_json_iter_next(&it, &key, &value)) {
		if (key_is(&key, w->message)) {
			put_message(&stream->scratch, &value);
			found = true;
		} else if (key_is(&key, w->host) && !value.escaped) {
			inner.host = (struct text){value.text, value.len};
		} else if (key_is(&key, w->time)) {
			inner.time = time_of(w, &value);
		}
	}
	if (stream->scratch.failed)
		return -ENOMEM;
	if (!found) {
		reader->stats.json++;
		return 0;
	}
	inner.data = stream->scratch.p;
	inner.len = stream->scratch.len;
	while (inner.len && inner.data[inner.len - 1] == '\n')
		inner.len--;
	r = reader_message(reader, stream, &inner);
	/* The next message is written over it. */
	return r < 0 ? r : reader_settle(reader);
}

static int feed(struct reader *reader, struct stream *stream, const struct block *block,
		const struct wrapping *w)
{
	const char *p = block->data, *end = p + block->len;
	struct saker_scanned scanned;
	int r = 0;

	while (p < end && r >= 0) {
		size_t n = saker_alert_scan(reader->scanner, p, (size_t)(end - p), &scanned);

		stream->number++;
		reader->stats.lines++;
		reader->stats.bytes += n;
		p += n;
		if (scanned.kind == SAKER_LINE_TEXT)
			reader->stats.text++;
		else if (scanned.kind == SAKER_LINE_BROKEN)
			reader_broken(reader, stream, scanned.error, scanned.error_at, scanned.line,
				      scanned.len);
		else
			r = unwrap(reader, stream, w, scanned.line, scanned.len);
	}
	return r;
}

static int feed_journal(struct reader *reader, struct stream *stream, const struct block *block)
{
	return feed(reader, stream, block, &journal);
}

static int feed_docker(struct reader *reader, struct stream *stream, const struct block *block)
{
	return feed(reader, stream, block, &docker);
}

/* The first line that is an object has such a key. */
static bool first_has(const struct block *block, const char *key)
{
	const char *newline = memchr(block->data, '\n', block->len);
	size_t n = newline ? (size_t)(newline - block->data) : block->len;

	return n && block->data[0] == '{' && memmem(block->data, n, key, strlen(key)) != NULL;
}

static bool sniff_journal(const struct block *block)
{
	return first_has(block, "\"__REALTIME_TIMESTAMP\"");
}

static bool sniff_docker(const struct block *block)
{
	return block->len > 7 && memcmp(block->data, "{\"log\":", 7) == 0 &&
	       first_has(block, "\"stream\":");
}

const struct format format_journal_json = {
	.name = "journal-json",
	.summary = "journalctl -o json",
	.sniff = sniff_journal,
	.feed = feed_journal,
};

const struct format format_docker = {
	.name = "docker",
	.summary = "Docker's own log files (json-file)",
	.sniff = sniff_docker,
	.feed = feed_docker,
};
