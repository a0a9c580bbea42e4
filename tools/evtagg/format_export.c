/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `journalctl -o export`: entries of fields, "NAME=text" or, for what is no plain text,
 * the name alone, eight bytes of length (little-endian) and the bytes. A blank line ends
 * an entry. From systemd's "Journal Export Formats".
 */
#include "reader.h"

#define MAX_ENTRY (256u << 20)

struct entry {
	struct unwrapped line;
	bool any; /* it has fields */
};

static void take_field(struct entry *e, const char *name, size_t name_len, const char *value,
		       size_t len)
{
	struct text n = {name, (uint32_t)name_len};

	e->any = true;
	if (text_is(n, "MESSAGE")) {
		e->line.data = value;
		e->line.len = len;
	} else if (text_is(n, "_HOSTNAME")) {
		e->line.host = (struct text){value, (uint32_t)len};
	} else if (text_is(n, "__REALTIME_TIMESTAMP")) {
		e->line.time = 0;
		for (size_t i = 0; i < len && value[i] >= '0' && value[i] <= '9'; i++)
			e->line.time = e->line.time * 10 + (uint64_t)(value[i] - '0');
		e->line.time *= 1000;
	}
}

/* One field at p: where it ends, or NULL when not all of it is there. */
static const char *field_at(struct entry *e, const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));
	const char *equals = newline ? memchr(p, '=', (size_t)(newline - p)) : NULL;
	uint64_t len = 0;

	if (!newline)
		return NULL;
	if (equals) {
		take_field(e, p, (size_t)(equals - p), equals + 1, (size_t)(newline - equals - 1));
		return newline + 1;
	}
	if (end - newline - 1 < 8)
		return NULL;
	for (int i = 8; i > 0; i--)
		len = len << 8 | (unsigned char)newline[i];
	if (len >= (uint64_t)(end - newline - 9))
		return NULL; /* its newline is not there either */
	take_field(e, p, (size_t)(newline - p), newline + 9, (size_t)len);
	return newline + 9 + len + 1;
}

static int finish_entry(struct reader *reader, struct stream *stream, const struct entry *e)
{
	if (!e->any)
		return 0;
	stream->number++;
	reader->stats.lines++;
	if (!e->line.data) {
		reader->stats.text++;
		return 0;
	}
	return reader_message(reader, stream, &e->line);
}

/* Whole entries of what is there; returns how many bytes they are. */
static int take_entries(struct reader *reader, struct stream *stream, const char *data, size_t len,
			bool last, size_t *ret_taken)
{
	const char *p = data, *end = data + len;
	struct entry e = {0};
	int r = 0;

	*ret_taken = 0;
	while (p < end && r >= 0) {
		if (*p == '\n') {
			p++;
			r = finish_entry(reader, stream, &e);
			*ret_taken = (size_t)(p - data);
			memset(&e, 0, sizeof(e));
			continue;
		}
		p = field_at(&e, p, end);
		if (!p)
			break;
	}
	if (r >= 0 && last) {
		r = finish_entry(reader, stream, &e);
		*ret_taken = len;
	}
	return r;
}

static int feed_export(struct reader *reader, struct stream *stream, const struct block *block)
{
	struct textbuf *carry = &stream->carry;
	size_t taken;
	int r;

	reader->stats.bytes += block->len;
	if (carry->len + block->len > MAX_ENTRY) {
		reader_broken(reader, stream, SAKER_SCAN_TOO_LONG, 0, "", 0);
		carry->len = 0;
		return 0;
	}
	textbuf_put(carry, block->data, block->len);
	if (carry->failed)
		return -ENOMEM;
	r = take_entries(reader, stream, carry->p, carry->len, false, &taken);
	if (r < 0)
		return r;
	/* What consumers noted of the lines goes away when they are settled, not here. */
	stream->taken = taken;
	return 0;
}

/* Once the consumers have let go of the lines in it. */
static void settled_export(struct stream *stream)
{
	struct textbuf *carry = &stream->carry;

	if (!stream->taken)
		return;
	memmove(carry->p, carry->p + stream->taken, carry->len - stream->taken);
	carry->len -= stream->taken;
	stream->taken = 0;
}

static int end_export(struct reader *reader, struct stream *stream)
{
	size_t taken;

	if (!stream->carry.len)
		return 0;
	return take_entries(reader, stream, stream->carry.p, stream->carry.len, true, &taken);
}

static bool sniff_export(const struct block *block)
{
	static const char *const starts[] = {"__CURSOR=", "__REALTIME_TIMESTAMP="};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (block->len > strlen(starts[i]) &&
		    memcmp(block->data, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return false;
}

const struct format format_journal_export = {
	.name = "journal-export",
	.summary = "journalctl -o export",
	.sniff = sniff_export,
	.feed = feed_export,
	.settled = settled_export,
	.end = end_export,
};
