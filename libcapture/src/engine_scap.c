// SPDX-License-Identifier: Apache-2.0
/*
 * The engine that reads capture files: blocks one after the other, each checked
 * before a byte of it is believed. Lists come out as iterator events, events as
 * they lie in the file unless they are old and need the converter.
 *
 * What is wrong with a file ends it with a diagnostic (id CAPTURE_FILE_*) that
 * names the offset in the uncompressed stream and the block; every event before
 * has been handed out by then.
 */
#include "engine_scap.h"

static const char *kind_name(enum scap_kind kind)
{
	switch (kind) {
#define X(symbol, name)          \
	case SCAP_KIND_##symbol: \
		return name;
		SCAP_KIND_LIST(X)
#undef X
	}
	return "?";
}

int capture_scap_malformed(struct saker_capture *capture, const char *what)
{
	struct scap *s = capture->priv;

	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_MALFORMED", s->file,
		     "the file is damaged; what comes before this block was read",
		     "%s block (type 0x%x, %u bytes) at byte %llu: %s", kind_name(s->block.kind),
		     s->block.type, s->block.len, (unsigned long long)s->block.offset, what);
	return s->ended = -EBADMSG;
}

/* The captures of s390x, say. */
static int scap_other_order(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_BYTE_ORDER", s->file,
		     "read it on a machine of that byte order",
		     "the section at byte %llu was written by a machine of the other byte order",
		     (unsigned long long)s->block.offset);
	return s->ended = -EBADMSG;
}

static int scap_truncated(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_TRUNCATED", s->file,
		     "the writer was stopped or the copy is incomplete; what comes before was read",
		     "the file ends inside of the %s block (type 0x%x, %u bytes) at byte %llu, %zu "
		     "bytes in",
		     kind_name(s->block.kind), s->block.type, s->block.len,
		     (unsigned long long)s->block.offset,
		     (size_t)(capture_source_offset(&s->src) - s->block.offset) +
			     capture_source_avail(&s->src));
	return s->ended = -EBADMSG;
}

static int scap_unreadable(struct saker_capture *capture, int error)
{
	struct scap *s = capture->priv;

	capture_diag(
		capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_READ", s->file,
		error == -EBADMSG ? "the gzip stream is damaged; what comes before was read" : "",
		"cannot read on at byte %llu: %s",
		(unsigned long long)capture_source_offset(&s->src) + capture_source_avail(&s->src),
		error == -EBADMSG ? "corrupt gzip data" : strerror(-error));
	return s->ended = error;
}

/*
 * Makes `want` bytes contiguous. 1: here; 0: not within timeout_ms; otherwise
 * the end, with what may be left of the stream said in a diagnostic.
 */
static int scap_need(struct saker_capture *capture, size_t want, int timeout_ms)
{
	struct scap *s = capture->priv;
	int r = capture_source_peek(&s->src, want, timeout_ms);

	if (unlikely(r < 0))
		return scap_unreadable(capture, r);
	if (unlikely(r > 0 && capture_source_avail(&s->src) < want))
		return scap_truncated(capture);
	return r;
}

/* ---- blocks -------------------------------------------------------------------------- */

static void block_classify(struct scap_block *block)
{
	switch (block->type) {
#define X(type_, kind_, version_)                \
	case type_:                              \
		block->kind = SCAP_KIND_##kind_; \
		block->version = (version_);     \
		break;
		SCAP_BLOCK_LIST(X)
#undef X
	default:
		block->kind = SCAP_KIND_UNKNOWN;
		block->version = 0;
		break;
	}
}

/* 1: s->block is at src.pos, its header not yet passed; 0: wait; -ENODATA: a clean end. */
static int next_header(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	struct scap_block *block = &s->block;
	int r = capture_source_peek(&s->src, SCAP_BLOCK_HEADER, timeout_ms);

	if (unlikely(r <= 0))
		return r ? scap_unreadable(capture, r) : 0;
	block->offset = capture_source_offset(&s->src);
	if (unlikely(capture_source_avail(&s->src) < SCAP_BLOCK_HEADER)) {
		block->type = block->len = 0;
		block->kind = SCAP_KIND_UNKNOWN;
		if (capture_source_avail(&s->src) || s->src.cut || !s->has_section)
			return scap_truncated(capture);
		return s->ended = -ENODATA;
	}
	block->type = saker_load_u32(s->src.pos);
	block->len = saker_load_u32(s->src.pos + 4);
	block_classify(block);
	if (unlikely(block->len < SCAP_BLOCK_OVERHEAD))
		return capture_scap_malformed(
			capture, "its length is less than a block's header and trailer");
	if (unlikely(!s->has_section && block->kind != SCAP_KIND_SECTION))
		return capture_scap_malformed(capture, "a section header was expected here");
	return 1;
}

int capture_scap_whole_block(struct saker_capture *capture, uint32_t max, int timeout_ms)
{
	struct scap *s = capture->priv;
	int r;

	if (unlikely(s->block.len > max))
		return capture_scap_malformed(capture, "larger than such a block may be");
	r = scap_need(capture, s->block.len, timeout_ms);
	if (unlikely(r <= 0))
		return r;
	if (unlikely(saker_load_u32(s->src.pos + s->block.len - SCAP_BLOCK_TRAILER) !=
		     s->block.len))
		return capture_scap_malformed(capture,
					      "the length behind it is not the one before it");
	return 1;
}

static int read_section(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	const uint8_t *body;
	int r;

	/* First of all: in the other byte order its length is not one either. */
	r = scap_need(capture, SCAP_BLOCK_HEADER + sizeof(uint32_t), timeout_ms);
	if (r <= 0)
		return r;
	if (saker_load_u32(s->src.pos + SCAP_BLOCK_HEADER) == __builtin_bswap32(SCAP_SECTION_MAGIC))
		return scap_other_order(capture);
	if (s->block.len < SCAP_BLOCK_OVERHEAD + SCAP_SECTION_BODY)
		return capture_scap_malformed(capture, "too short");
	r = capture_scap_whole_block(capture, SCAP_BLOCK_MAX, timeout_ms);
	if (r <= 0)
		return r;
	body = s->src.pos + SCAP_BLOCK_HEADER;
	if (saker_load_u32(body) != SCAP_SECTION_MAGIC)
		return capture_scap_malformed(capture, "its magic number is wrong");
	if (saker_load_u16(body + 4) > SCAP_MAJOR)
		return capture_scap_malformed(capture, "a later version of the format");
	/* Captures put one behind the other: what was known of threads ends here. */
	if (s->conv)
		capture_converter_reset(s->conv);
	s->has_section = true;
	s->in_front = true;
	s->told = 0;
	s->src.pos += s->block.len;
	return 1;
}

static int read_tables(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	const uint8_t *body;
	size_t size = s->block.len - SCAP_BLOCK_OVERHEAD;
	int r = capture_scap_whole_block(capture, SCAP_BLOCK_MAX, timeout_ms);

	if (r <= 0)
		return r;
	body = s->src.pos + SCAP_BLOCK_HEADER;
	if (s->block.kind == SCAP_KIND_MACHINE)
		r = capture_tables_machine(&s->tables, body, size);
	else if (s->block.kind == SCAP_KIND_INTERFACES)
		r = capture_tables_interfaces(&s->tables, body, size, s->block.version);
	else
		r = capture_tables_users(&s->tables, body, size, s->block.version);
	if (r == -EBADMSG)
		return capture_scap_malformed(capture, "an entry does not fit");
	if (r == -E2BIG && !s->warned_tables) {
		s->warned_tables = true;
		capture_diag(capture, SAKER_SEVERITY_WARNING, "CAPTURE_FILE_TABLES", s->file, "",
			     "%s at byte %llu left out: more than %u MiB of such lists",
			     kind_name(s->block.kind), (unsigned long long)s->block.offset,
			     SCAP_TABLES_MAX >> 20);
	} else if (r && r != -E2BIG) {
		return s->ended = r;
	}
	s->src.pos += s->block.len;
	return 1;
}

/* A block that nobody knows, of whatever size, in pieces. */
static int skip_block(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	/* Once begun the header is gone: an interrupted wait must not start over. */
	uint32_t left = s->in_list ? s->list_left : s->block.len;
	int r = 1;

	while (left && r > 0) {
		size_t step = MIN(left, SCAP_ENTRY_MAX);

		r = scap_need(capture, step, timeout_ms);
		if (r > 0) {
			s->src.pos += step;
			left -= (uint32_t)step;
		}
	}
	s->in_list = left > 0;
	s->list_left = left;
	return r;
}

/* ---- lists --------------------------------------------------------------------------- */

static int begin_list(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	uint32_t head = SCAP_BLOCK_HEADER + (s->block.kind == SCAP_KIND_FILES ? 8 : 0);
	int r;

	if (s->block.len < head + SCAP_BLOCK_TRAILER)
		return capture_scap_malformed(capture, "too short");
	r = scap_need(capture, head, timeout_ms);
	if (r <= 0)
		return r;
	if (s->block.kind == SCAP_KIND_FILES)
		s->list_tid = saker_load_u64(s->src.pos + SCAP_BLOCK_HEADER);
	s->src.pos += head;
	s->list_left = s->block.len - head - SCAP_BLOCK_TRAILER;
	s->in_list = true;
	return 1;
}

static int end_list(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	uint32_t rest = s->list_left + SCAP_BLOCK_TRAILER; /* up to three bytes of padding */
	int r = scap_need(capture, rest, timeout_ms);

	if (r <= 0)
		return r;
	if (saker_load_u32(s->src.pos + s->list_left) != s->block.len)
		return capture_scap_malformed(capture,
					      "the length behind it is not the one before it");
	s->src.pos += rest;
	s->in_list = false;
	return 1;
}

/* 1: an entry is in s->buf; 2: none, the list is over; 0: wait. */
static int next_entry(struct saker_capture *capture, int timeout_ms)
{
	struct scap *s = capture->priv;
	size_t want = MIN(s->list_left, SCAP_ENTRY_MAX);
	ssize_t used;
	int r;

	if (s->list_left < 4) {
		r = end_list(capture, timeout_ms);
		return r == 1 ? 2 : r;
	}
	if (s->block.version >= (s->block.kind == SCAP_KIND_FILES ? 2 : 9)) {
		r = scap_need(capture, 4, timeout_ms);
		if (r <= 0)
			return r;
		want = saker_load_u32(s->src.pos);
		if (want > s->list_left || want > SCAP_ENTRY_MAX)
			return capture_scap_malformed(capture,
						      "an entry's length exceeds the block");
		want = MAX(want, (size_t)4);
		r = scap_need(capture, want, timeout_ms);
	} else {
		/* Entries of old lists do not say how long they are. */
		r = scap_need(capture, want, timeout_ms);
	}
	if (r <= 0)
		return r;
	used = s->block.kind == SCAP_KIND_FILES
		       ? capture_list_file(s->src.pos, want, s->block.version, s->list_tid, s->buf)
		       : capture_list_process(s->src.pos, want, s->block.version, s->buf);
	if (used < 0)
		return capture_scap_malformed(capture, "an entry does not fit");
	s->src.pos += used;
	s->list_left -= (uint32_t)used;
	return 1;
}

/* ---- the engine ------------------------------------------------------------------------ */

/* One block, or one entry of a list. 1: an event; 2: go on; 0: wait; else the end. */
static inline int scap_step(struct saker_capture *capture, int timeout_ms,
			    const struct saker_event **ret_event, struct saker_event_meta *meta)
{
	struct scap *s = capture->priv;
	int r;

	if (unlikely(s->in_list)) {
		if (s->block.kind == SCAP_KIND_UNKNOWN || s->no_initial) {
			r = skip_block(capture, timeout_ms);
			return r > 0 ? 2 : r;
		}
		r = next_entry(capture, timeout_ms);
		*ret_event = (const struct saker_event *)s->buf;
		meta->cpu = 0;
		meta->flags = SAKER_EVENT_META_INITIAL;
		meta->companion = NULL;
		return r;
	}
	r = next_header(capture, timeout_ms);
	if (unlikely(r <= 0))
		return r;
	switch (s->block.kind) {
	case SCAP_KIND_EVENT:
	case SCAP_KIND_EVENT_LARGE:
	case SCAP_KIND_EVENT_FLAGS:
	case SCAP_KIND_EVENT_FLAGS_LARGE:
		return capture_scap_event(capture, timeout_ms, ret_event, meta);
	case SCAP_KIND_SECTION:
		r = read_section(capture, timeout_ms);
		break;
	case SCAP_KIND_MACHINE:
	case SCAP_KIND_INTERFACES:
	case SCAP_KIND_USERS:
		r = read_tables(capture, timeout_ms);
		break;
	case SCAP_KIND_PROCESSES:
	case SCAP_KIND_FILES:
		r = s->no_initial ? skip_block(capture, timeout_ms)
				  : begin_list(capture, timeout_ms);
		break;
	case SCAP_KIND_UNKNOWN:
		r = skip_block(capture, timeout_ms);
		break;
	}
	return r > 0 ? 2 : r;
}

static int scap_next(struct saker_capture *capture, int timeout_ms,
		     const struct saker_event **ret_event, struct saker_event_meta *ret_meta)
{
	struct scap *s = capture->priv;
	uint32_t len = 0;
	int r;

	if (unlikely(s->ended))
		return s->ended;
	capture_source_passed(&s->src);
	/* A page ahead: the processor's own look-ahead ends with the page. Harmless past the end.
	 */
	__builtin_prefetch(s->src.pos + 4096);
	__builtin_prefetch(s->src.pos + 4096 + 64);
	if (likely(!s->in_list && !s->in_front && s->has_section))
		len = capture_ready_block(&s->ready, s->src.pos, capture_source_avail(&s->src));
	if (likely(len)) {
		*ret_event = (const void *)(s->src.pos + CAPTURE_READY_AT);
		ret_meta->cpu = saker_load_u16(s->src.pos + SCAP_BLOCK_HEADER);
		ret_meta->flags = s->told;
		ret_meta->companion = NULL;
		s->src.pos += len;
		s->seen++;
		return 1;
	}
	do {
		if (unlikely(s->lost_fault + s->lost_large != s->lost_told)) {
			*ret_event = capture_loss_build_unknown(
				s->lost_fault + s->lost_large - s->lost_told, s->lost_ts, s->loss);
			ret_meta->flags = SAKER_EVENT_META_STATE_ONLY | s->told;
			s->lost_told = s->lost_fault + s->lost_large;
			return 1;
		}
		r = scap_step(capture, timeout_ms, ret_event, ret_meta);
	} while (r == 2);
	return r;
}

static void scap_close(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	if (!s)
		return;
	capture_source_close(&s->src);
	capture_tables_fini(&s->tables);
	s->conv = capture_converter_free(s->conv);
	free(s->file);
	free(s->buf);
	free(s);
	capture->priv = NULL;
}

/* The tables in front of the first list or event, so that they are there after opening. */
static int scap_read_front(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	for (;;) {
		int r = next_header(capture, -1);

		if (r == 0)
			return 0; /* interrupted: next() goes on from here */
		if (r < 0)
			return s->has_section ? 0 : r; /* next() says so again, after what it has */
		if (s->block.kind == SCAP_KIND_SECTION && !s->has_section)
			r = read_section(capture, -1);
		else if (s->block.kind == SCAP_KIND_MACHINE ||
			 s->block.kind == SCAP_KIND_INTERFACES || s->block.kind == SCAP_KIND_USERS)
			r = read_tables(capture, -1);
		else
			return 0;
		if (r <= 0)
			return s->has_section || r == 0 ? 0 : r;
	}
}

static int scap_open_failed(struct saker_capture *capture, const char *file, int error)
{
	const char *why = error == -EBADMSG ? "neither a capture file nor one compressed with gzip"
					    : strerror(-error);

	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_OPEN", file,
		     error == -EBADMSG ? "give a .scap file as falco, sysdig or saker write them"
				       : "",
		     "cannot open the capture file: %s", why);
	scap_close(capture);
	return error;
}

static int scap_open(struct saker_capture *capture, const struct saker_capture_options *options)
{
	const char *file = options->file;
	struct scap *s;
	int r;

	if (!file) {
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_FILE_OPEN", "",
			     "set the option file, \"-\" for standard input",
			     "no capture file given");
		return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return scap_open_failed(capture, file, -ENOMEM);
	capture->priv = s;
	capture_tables_init(&s->tables);
	capture_ready_init(&s->ready);
	s->no_initial = options->no_initial_state;
	r = capture_source_open(&s->src, file, GUNZIP_FASTEST);
	if (r)
		return scap_open_failed(capture, file, r);
	s->file = strdup(file);
	s->buf = malloc(SAKER_EVENT_MAX_SIZE);
	if (!s->file || !s->buf)
		return scap_open_failed(capture, file, -ENOMEM);
	r = scap_read_front(capture);
	if (r)
		scap_close(capture); /* the reason is said already */
	return r;
}

static void scap_interrupt(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	capture_source_wake(&s->src);
}

static int scap_stop(struct saker_capture *capture)
{
	struct scap *s = capture->priv;

	/* Nothing is pending in a file: what was not read was not seen. */
	if (!s->ended)
		s->ended = -ENODATA;
	return 0;
}

static int scap_stats(struct saker_capture *capture, struct saker_capture_stats *stats)
{
	struct scap *s = capture->priv;

	stats->seen = s->seen;
	stats->dropped_by[SAKER_DROP_FAULT][SAKER_EVENT_CLASS_OTHER] = s->lost_fault;
	stats->dropped_by[SAKER_DROP_TOO_LARGE][SAKER_EVENT_CLASS_OTHER] = s->lost_large;
	stats->dropped = s->lost_fault + s->lost_large;
	stats->file_offset = capture_source_raw(&s->src);
	stats->file_size = s->src.raw_size;
	return 0;
}

static int scap_machine(struct saker_capture *capture, struct saker_machine *ret_machine)
{
	struct scap *s = capture->priv;

	if (!s->tables.has_machine)
		return -ENODATA;
	*ret_machine = s->tables.machine;
	return 0;
}

static int scap_interface(struct saker_capture *capture, uint32_t n,
			  struct saker_interface *ret_interface)
{
	struct scap *s = capture->priv;

	if (n >= s->tables.n_interfaces)
		return 0;
	*ret_interface = s->tables.interfaces[n];
	return 1;
}

static int scap_account(struct saker_capture *capture, uint32_t n,
			struct saker_account *ret_account)
{
	struct scap *s = capture->priv;

	if (n >= s->tables.n_accounts)
		return 0;
	*ret_account = s->tables.accounts[n];
	return 1;
}

const struct capture_engine capture_engine_scap = {
	.name = "scap",
	.description = "reads a capture file (.scap, plain or gzip), or standard input",
	.open = scap_open,
	.close = scap_close,
	.next = scap_next,
	.interrupt = scap_interrupt,
	.stop = scap_stop,
	.stats = scap_stats,
	.machine = scap_machine,
	.interface = scap_interface,
	.account = scap_account,
};
