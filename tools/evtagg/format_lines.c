/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines with something before the alert: syslog (RFC 3164, RFC 5424, and files with
 * ISO dates), Kubernetes' container logs; and alerts in text.
 */
#include <ctype.h>
#include <time.h>

#include "reader.h"

/* A format that looks at one line at a time. */
typedef int (*line_fn)(struct reader *reader, struct stream *stream, const char *line, size_t len,
		       const struct block *block);

static int each_line(struct reader *reader, struct stream *stream, const struct block *block,
		     line_fn fn)
{
	const char *p = block->data, *end = p + block->len;
	int r = 0;

	while (p < end && r >= 0) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);

		stream->number++;
		reader->stats.lines++;
		reader->stats.bytes += len + (newline != NULL);
		r = fn(reader, stream, p, len - (len && p[len - 1] == '\r'), block);
		p = newline ? newline + 1 : end;
	}
	return r;
}

/* ---- words ---------------------------------------------------------------------- */

/* The next word, up to a blank; empty at the end. */
static struct text word_at(const char **p, const char *end)
{
	const char *start;

	while (*p < end && **p == ' ')
		(*p)++;
	for (start = *p; *p < end && **p != ' '; (*p)++)
		;
	return (struct text){start, (uint32_t)(*p - start)};
}

/* "Nov 27 18:23:48", of this year or the last. 0 = it is none. */
static uint64_t old_date(const char *p, size_t len)
{
	time_t now = time(NULL);
	struct tm today, tm;
	char copy[16];
	time_t t;

	if (len < 15)
		return 0;
	memcpy(copy, p, 15);
	copy[15] = '\0';
	localtime_r(&now, &today);
	memset(&tm, 0, sizeof(tm));
	if (!strptime(copy, "%b %d %H:%M:%S", &tm))
		return 0;
	tm.tm_year = today.tm_year;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t > now + 86400) {
		tm.tm_year--;
		tm.tm_isdst = -1;
		t = mktime(&tm);
	}
	return t > 0 ? (uint64_t)t * NS_PER_S : 0;
}

/* "<13>" and, of RFC 5424, the version behind it. */
static const char *skip_head(const char *p, const char *end)
{
	const char *s = p;

	if (p == end || *p != '<')
		return p;
	for (s++; s < end && isdigit((unsigned char)*s); s++)
		;
	if (s == end || *s != '>')
		return p;
	s++;
	return end - s > 2 && s[0] == '1' && s[1] == ' ' ? s + 2 : s;
}

/* Where the alert starts in a line of syslog; NULL = there is none. */
static const char *find_alert(const char *line, size_t len, struct unwrapped *ret)
{
	const char *end = line + len, *p = skip_head(line, end), *s;
	struct text word;

	ret->time = old_date(p, (size_t)(end - p));
	if (ret->time) {
		p += 15;
	} else {
		word = word_at(&p, end);
		if (saker_alert_time_parse(word.p, word.len, &ret->time) < 0)
			return NULL;
	}
	ret->host = word_at(&p, end);
	/* The message comes after "tag: ", or after the structured data. */
	for (s = p; s < end; s++) {
		if (*s == '{' && s > line && s[-1] == ' ')
			return s;
		if (s > line && s[-1] == ' ' && saker_alert_is_text(s, (size_t)(end - s)))
			return s;
	}
	return NULL;
}

/* ---- text into JSON ----------------------------------------------------------------- */

/* The alert as the line of JSON it would have been; time is told if the alert has none. */
static int write_json(struct stream *stream, const struct saker_alert *alert)
{
	static const char no_time[] = ",\"time\":\"1970-01-01T00:00:00.000000000Z\"}";
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct textbuf *b = &stream->scratch;
	size_t len, cut = sizeof(no_time) - 1;

	f.json = true;
	len = saker_alert_write(alert, &f, b->p, b->capacity);
	b->len = 0;
	if (len >= b->capacity) {
		while (b->capacity <= len && !b->failed)
			textbuf_put(b, no_time, cut);
		if (b->failed)
			return -ENOMEM;
		len = saker_alert_write(alert, &f, b->p, b->capacity);
	}
	b->len = len;
	if (len > cut && memcmp(b->p + len - cut, no_time, cut) == 0) {
		b->len = len - cut + 1;
		b->p[b->len - 1] = '}';
	}
	return 0;
}

int reader_message(struct reader *reader, struct stream *stream, const struct unwrapped *line)
{
	struct unwrapped json = *line;
	struct saker_alert alert;
	int r;

	if ((line->len && *line->data == '{') || !saker_alert_is_text(line->data, line->len))
		return reader_line(reader, stream, line);
	r = saker_alert_read(reader->text, line->data, line->len, &alert);
	if (r <= 0)
		return r < 0 ? r : reader_line(reader, stream, line);
	if (!alert.time)
		alert.time = line->time;
	r = write_json(stream, &alert);
	if (r < 0)
		return r;
	json.data = stream->scratch.p;
	json.len = stream->scratch.len;
	r = reader_line(reader, stream, &json);
	/* The next one is written over it. */
	return r < 0 ? r : reader_settle(reader);
}

/* ---- the formats --------------------------------------------------------------------- */

static int syslog_line(struct reader *reader, struct stream *stream, const char *line, size_t len,
		       const struct block *block)
{
	struct unwrapped inner = {0};
	const char *alert = len && *line == '{' ? line : find_alert(line, len, &inner);

	if (!alert) {
		reader->stats.text++;
		return 0;
	}
	inner.data = alert;
	inner.len = (size_t)(line + len - alert);
	return reader_message(reader, stream, &inner);
}

static int feed_syslog(struct reader *reader, struct stream *stream, const struct block *block)
{
	return each_line(reader, stream, block, syslog_line);
}

bool format_has_alert(const char *line, size_t len)
{
	struct unwrapped inner = {0};

	return find_alert(line, MIN(len, 1024), &inner) != NULL;
}

static int text_line(struct reader *reader, struct stream *stream, const char *line, size_t len,
		     const struct block *block)
{
	struct unwrapped around = {line, len, block->host, block->time};

	return reader_message(reader, stream, &around);
}

static int feed_text(struct reader *reader, struct stream *stream, const struct block *block)
{
	return each_line(reader, stream, block, text_line);
}

/* "2026-11-20T18:35:23.178557652Z stdout F {...": P says that the line goes on in the next. */
static int cri_line(struct reader *reader, struct stream *stream, const char *line, size_t len,
		    const struct block *block)
{
	const char *p = line, *end = line + len;
	struct text time = word_at(&p, end), from = word_at(&p, end), flag = word_at(&p, end);
	struct unwrapped inner = {0};
	int r;

	if (!(text_is(from, "stdout") || text_is(from, "stderr")) ||
	    saker_alert_time_parse(time.p, time.len, &inner.time) < 0 || p == end) {
		reader->stats.text++;
		return 0;
	}
	p++;
	if (text_is(flag, "P") || stream->carry.len) {
		textbuf_put(&stream->carry, p, (size_t)(end - p));
		if (stream->carry.failed)
			return -ENOMEM;
		if (text_is(flag, "P"))
			return 0;
		p = stream->carry.p;
		end = p + stream->carry.len;
	}
	inner.data = p;
	inner.len = (size_t)(end - p);
	r = reader_message(reader, stream, &inner);
	if (r >= 0 && stream->carry.len)
		r = reader_settle(reader);
	stream->carry.len = 0;
	return r;
}

static int feed_cri(struct reader *reader, struct stream *stream, const struct block *block)
{
	return each_line(reader, stream, block, cri_line);
}

static bool sniff_cri(const struct block *block)
{
	const char *p = block->data, *end = p + MIN(block->len, 256);
	struct text time = word_at(&p, end), from = word_at(&p, end), flag = word_at(&p, end);
	uint64_t ns;

	return (text_is(from, "stdout") || text_is(from, "stderr")) &&
	       (text_is(flag, "F") || text_is(flag, "P")) &&
	       saker_alert_time_parse(time.p, time.len, &ns) == 0;
}

const struct format format_syslog = {
	.name = "syslog",
	.summary = "syslog lines with an alert in them",
	.feed = feed_syslog,
};

const struct format format_text = {
	.name = "text",
	.summary = "alerts in text (and JSON)",
	.feed = feed_text,
};

const struct format format_cri = {
	.name = "cri",
	.summary = "Kubernetes' container logs",
	.sniff = sniff_cri,
	.feed = feed_cri,
};
