// SPDX-License-Identifier: Apache-2.0
/*
 * Events of a capture file by the long road: of any version, with flags, too large or
 * with slack, old ones for the converter, those with a companion behind them; and what
 * is wrong with one. Apart from the engine, which knows of blocks and lists, and hands
 * out most events as they lie (scap_ready.h).
 */
#include "engine_scap.h"

/*
 * Sum of the header and all parameters' lengths; 0 = the count of parameters or
 * a length does not fit. A code that is not the schema's has 16-bit lengths.
 */
static inline uint64_t event_extent(const struct saker_event *event, size_t avail)
{
	const uint8_t *lens = (const uint8_t *)event + SAKER_WIRE_HEADER;
	uint32_t n = event->nparams;
	uint64_t len;
	uint32_t i;

	if (unlikely(n > SAKER_EVENT_MAX_PARAMS))
		return 0;
	if (unlikely(event->type < SAKER_EVENT_CODES &&
		     capture_events[event->type].flags & SAKER_EF_LARGE_PAYLOAD)) {
		len = SAKER_WIRE_HEADER + (uint64_t)n * SAKER_WIRE_LEN_LARGE;
		for (i = 0; len <= avail && i < n; i++)
			len += saker_load_u32(lens + (size_t)i * SAKER_WIRE_LEN_LARGE);
	} else {
		len = SAKER_WIRE_HEADER + (uint64_t)n * SAKER_WIRE_LEN;
		for (i = 0; len <= avail && i < n; i++)
			len += saker_load_u16(lens + (size_t)i * SAKER_WIRE_LEN);
	}
	return len <= avail ? len : 0;
}

/*
 * Old events have no count of parameters: the most that the schema's count
 * allows for, going down, so that all lengths add up to the event's.
 */
static int infer_params(const uint8_t *event, uint32_t len, uint32_t max)
{
	const uint8_t *lens = event + SAKER_WIRE_HEADER;
	int n;

	for (n = (int)max; n >= 0; n--) {
		uint64_t sum = SAKER_WIRE_HEADER + (uint64_t)n * SAKER_WIRE_LEN;
		int i;

		if (sum > len)
			continue;
		for (i = 0; i < n; i++)
			sum += saker_load_u16(lens + (size_t)i * SAKER_WIRE_LEN);
		if (sum == len)
			return n;
		if (sum < len)
			return -EBADMSG;
	}
	return -EBADMSG;
}

/* Writes the event of the first format as one of the second to s->buf. */
static int widen_event(struct saker_capture *capture, const uint8_t *old, size_t avail,
		       const struct saker_event **ret_event)
{
	struct scap *s = capture->priv;
	struct saker_event header = {0};
	uint32_t len;
	int n;

	memcpy(&header, old, SCAP_EVENT_HEADER_V1);
	len = header.len;
	if (len < SCAP_EVENT_HEADER_V1 || len > avail)
		return capture_scap_malformed(capture, "the event's length exceeds the block");
	/* Two meta events were written with a length three too large. */
	if (header.type == SAKER_EV_NOTIFICATION_E ||
	    header.type == SAKER_EV_INFRASTRUCTURE_EVENT_E) {
		if (len < SCAP_EVENT_HEADER_V1 + 3)
			return capture_scap_malformed(
				capture, "the event's length is less than its header's");
		len -= 3;
	}
	header.len = len + (SAKER_WIRE_HEADER - SCAP_EVENT_HEADER_V1);
	if (header.len > SAKER_EVENT_MAX_SIZE)
		return capture_scap_malformed(capture, "the event is larger than an event can be");
	memcpy(s->buf + SAKER_WIRE_HEADER, old + SCAP_EVENT_HEADER_V1, len - SCAP_EVENT_HEADER_V1);
	n = infer_params(s->buf, header.len, capture_events[header.type].n_params);
	if (n < 0)
		return capture_scap_malformed(
			capture, "the lengths of the event's parameters do not add up");
	header.nparams = (uint32_t)n;
	memcpy(s->buf, &header, sizeof(header));
	*ret_event = (const struct saker_event *)s->buf;
	return 1;
}

/* Some writers left slack behind the last parameter; events have none. */
static int trim_event(struct saker_capture *capture, const struct saker_event *event,
		      uint32_t extent, const struct saker_event **ret_event)
{
	struct scap *s = capture->priv;

	if (extent > SAKER_EVENT_MAX_SIZE)
		return capture_scap_malformed(capture, "bytes behind the event's last parameter");
	memcpy(s->buf, event, extent);
	memcpy(s->buf + offsetof(struct saker_event, len), &extent, sizeof(extent));
	*ret_event = (const struct saker_event *)s->buf;
	return 1;
}

/* What our own writer says of its companions: no event, nothing to show (2). */
static int take_told(struct scap *s, const struct saker_event *event, size_t avail)
{
	const uint8_t *features = (const uint8_t *)event + SAKER_WIRE_HEADER + SAKER_WIRE_LEN;
	uint32_t told;

	if (avail < SAKER_WIRE_HEADER + SAKER_WIRE_LEN + sizeof(told) || event->nparams != 1)
		return 2;
	told = saker_load_u32(features);
	s->told = (told & SAKER_NOTE_FEATURE_NOTES ? SAKER_EVENT_META_NOTED : 0) |
		  (told & SAKER_NOTE_FEATURE_REALPATH ? SAKER_EVENT_META_REALPATH : 0);
	return 2;
}

/*
 * The event of the block at src.pos, checked: 1 ret_event, 0 a code nobody knows, 2 nothing to
 * show, or the end.
 */
static inline int check_event(struct saker_capture *capture, const struct saker_event **ret_event,
			      struct saker_event_meta *meta)
{
	struct scap *s = capture->priv;
	const uint8_t *body = s->src.pos + SCAP_BLOCK_HEADER;
	bool flagged = s->block.kind == SCAP_KIND_EVENT_FLAGS ||
		       s->block.kind == SCAP_KIND_EVENT_FLAGS_LARGE;
	size_t at = flagged ? 6 : 2;
	size_t avail = s->block.len - SCAP_BLOCK_OVERHEAD;
	const struct saker_event *event;
	uint64_t extent;

	if (unlikely(avail <
		     at + (s->block.version == 1 ? SCAP_EVENT_HEADER_V1 : SAKER_WIRE_HEADER)))
		return capture_scap_malformed(capture, "too short for an event");
	avail -= at;
	meta->cpu = saker_load_u16(body);
	meta->flags = s->told;
	if (unlikely(flagged && saker_load_u32(body + 2) & SCAP_EVENT_STATE_ONLY))
		meta->flags |= SAKER_EVENT_META_STATE_ONLY;
	event = (const struct saker_event *)(body + at);
	if (unlikely(event->type == SAKER_EV_OWN_CAPTURE_X && s->block.version == 2))
		return take_told(s, event, avail);
	if (unlikely(event->type >= SAKER_EVENT_CODES &&
		     (s->block.version == 1 || event->type < SAKER_EVENT_OWN_FIRST)))
		return 0;
	if (unlikely(event->type == SCAP_EVENT_FILLER))
		return 2;
	if (unlikely(s->block.version == 1))
		return widen_event(capture, body + at, avail, ret_event);
	if (unlikely(event->len > avail || event->len < SAKER_WIRE_HEADER))
		return capture_scap_malformed(capture, "the event's length exceeds the block");
	extent = event_extent(event, event->len);
	if (unlikely(!extent))
		return capture_scap_malformed(capture,
					      "the lengths of the event's parameters exceed it");
	if (unlikely(extent != event->len))
		return trim_event(capture, event, (uint32_t)extent, ret_event);
	*ret_event = event;
	return 1;
}

/* The arguments of open, connect and exec as they were before the call, for the state to compare.
 */
static bool is_enter(const struct saker_event *event)
{
	return event->type % 2 == 0 && capture_events[event->type].category & SAKER_EC_SYSCALL;
}

static int convert_event(struct saker_capture *capture, const struct saker_event **event,
			 struct saker_event_meta *meta)
{
	struct scap *s = capture->priv;
	int r;

	if (!s->conv)
		s->conv = capture_converter_new();
	if (!s->conv)
		return s->ended = -ENOMEM;
	r = capture_convert(s->conv, *event, event);
	if (r > 0 && is_enter(*event))
		meta->flags |= SAKER_EVENT_META_STATE_ONLY;
	if (r >= 0)
		return r;
	*(r == -EMSGSIZE ? &s->lost_large : &s->lost_fault) += 1;
	s->lost_ts = (*event)->ts;
	s->seen++;
	if (!s->warned_convert) {
		s->warned_convert = true;
		capture_diag(capture, SAKER_SEVERITY_WARNING, "CAPTURE_FILE_CONVERT", s->file,
			     "such events are left out and counted as dropped",
			     "%s (event %u with %u parameters) at byte %llu has no current form",
			     capture_events[(*event)->type].name, (*event)->type, (*event)->nparams,
			     (unsigned long long)s->block.offset);
	}
	return 0;
}

/*
 * Writers put containers, users and groups that exist already in front of all
 * else, as the events that would announce them. They tell of the state, as an
 * event that a filter left out does.
 */
static void front_event(struct scap *s, const struct saker_event *event,
			struct saker_event_meta *meta)
{
	switch (event ? event->type : 0) {
	case SAKER_EV_CONTAINER_JSON_2_E:
	case SAKER_EV_USER_ADDED_E:
	case SAKER_EV_USER_DELETED_E:
	case SAKER_EV_GROUP_ADDED_E:
	case SAKER_EV_GROUP_DELETED_E:
	case SAKER_EV_ASYNCEVENT_E:
		meta->flags |= SAKER_EVENT_META_STATE_ONLY;
		break;
	default:
		s->in_front = false;
		break;
	}
}

static inline bool is_initial(const struct saker_event *event)
{
	return event->type < SAKER_EVENT_CODES &&
	       capture_events[event->type].category & SAKER_EC_ITER;
}

static inline bool has_companion(const struct scap *s)
{
	return (s->block.kind == SCAP_KIND_EVENT_FLAGS ||
		s->block.kind == SCAP_KIND_EVENT_FLAGS_LARGE) &&
	       s->block.len >= SCAP_BLOCK_OVERHEAD + 6 &&
	       saker_load_u32(s->src.pos + SCAP_BLOCK_HEADER + 2) & SCAP_EVENT_COMPANION;
}

#define COMPANION_HEAD (SCAP_BLOCK_HEADER + 2)
#define COMPANION_LEAST (COMPANION_HEAD + SAKER_WIRE_HEADER + SCAP_BLOCK_TRAILER)

/* Brings a block of an event at `at` behind src.pos into memory: its length; 0: none; -1: wait. */
static int64_t reach_block(struct scap *s, uint32_t at, int timeout_ms)
{
	int r = capture_source_peek(&s->src, (size_t)at + COMPANION_LEAST, timeout_ms);
	uint32_t len;

	if (r == 0)
		return -1;
	if (r < 0 || capture_source_avail(&s->src) < (size_t)at + COMPANION_LEAST)
		return 0;
	len = saker_load_u32(s->src.pos + at + 4);
	if (saker_load_u32(s->src.pos + at) != SCAP_WRITE_EVENT || len < COMPANION_LEAST ||
	    len > SCAP_SMALL_BLOCK_MAX)
		return 0;
	r = capture_source_peek(&s->src, (size_t)at + len, timeout_ms);
	if (r == 0)
		return -1;
	return r < 0 || capture_source_avail(&s->src) < (size_t)at + len ? 0 : len;
}

/*
 * Brings the companion, in the block behind the event's or behind a filler, into
 * memory, too. ret_at, ret_len: its block, 0 = there is none; what is no companion
 * is left to be read as what it is, and a file that ends or is broken there says so
 * then. 1; 0: wait.
 */
static int reach_companion(struct scap *s, int timeout_ms, uint32_t *ret_at, uint32_t *ret_len)
{
	uint32_t at = s->block.len;
	int64_t len = reach_block(s, at, timeout_ms);
	const struct saker_event *event = (const void *)(s->src.pos + at + COMPANION_HEAD);

	if (len > 0 && event->type == SCAP_EVENT_FILLER) {
		at += (uint32_t)len;
		len = reach_block(s, at, timeout_ms);
	}
	*ret_at = at;
	*ret_len = len > 0 ? (uint32_t)len : 0;
	return len >= 0;
}

/* The companion in that block; NULL: it is none. */
static const struct saker_event *
find_companion(const struct scap *s, const struct saker_event *event, uint32_t at, uint32_t len)
{
	const uint8_t *block = s->src.pos + at;
	const struct saker_event *found = (const void *)(block + COMPANION_HEAD);

	if (!len || saker_load_u32(block + len - SCAP_BLOCK_TRAILER) != len)
		return NULL;
	if (found->type != SAKER_EV_OWN_NOTE_X || found->ts != event->ts ||
	    found->tid != event->tid || found->len < SAKER_WIRE_HEADER ||
	    found->len > len - COMPANION_HEAD - SCAP_BLOCK_TRAILER)
		return NULL;
	return found;
}

int capture_scap_event(struct saker_capture *capture, int timeout_ms,
		       const struct saker_event **ret_event, struct saker_event_meta *meta)
{
	struct scap *s = capture->priv;
	bool large = s->block.kind == SCAP_KIND_EVENT_LARGE ||
		     s->block.kind == SCAP_KIND_EVENT_FLAGS_LARGE;
	int r = capture_scap_whole_block(capture, large ? SCAP_BLOCK_MAX : SCAP_SMALL_BLOCK_MAX,
					 timeout_ms);
	uint32_t at = 0, len = 0;
	bool companion;

	if (unlikely(r <= 0))
		return r;
	companion = has_companion(s);
	if (unlikely(companion && !reach_companion(s, timeout_ms, &at, &len)))
		return 0;
	meta->companion = NULL;
	r = check_event(capture, ret_event, meta);
	if (unlikely(r < 0))
		return r;
	if (unlikely(r == 2)) {
		s->src.pos += s->block.len;
		return 2;
	}
	if (r > 0 && likely((*ret_event)->type < SAKER_EVENT_CODES)) {
		switch (capture_conversion_check(*ret_event)) {
		case CAPTURE_CONVERSION_PASS:
			break;
		case CAPTURE_CONVERSION_DROP:
			r = 0;
			break;
		case CAPTURE_CONVERSION_NEEDED:
			r = convert_event(capture, ret_event, meta);
			if (r < 0)
				return r;
			break;
		}
	}
	/* What whoever captured has lost; no event of its own. */
	if (r > 0 && unlikely((*ret_event)->type == SAKER_EV_OWN_LOSS_X)) {
		s->src.pos += s->block.len;
		meta->flags |= SAKER_EVENT_META_STATE_ONLY;
		return 1;
	}
	/* Start-up state may come late, as events: what was looked up again while capturing. */
	if (r > 0 && unlikely(is_initial(*ret_event))) {
		s->src.pos += s->block.len;
		meta->flags |= SAKER_EVENT_META_INITIAL;
		return s->no_initial ? 2 : 1;
	}
	if (unlikely(s->in_front))
		front_event(s, r > 0 ? *ret_event : NULL, meta);
	if (unlikely(companion && r > 0))
		meta->companion = find_companion(s, *ret_event, at, len);
	s->src.pos += meta->companion ? at + len : s->block.len;
	s->seen += r > 0;
	return r > 0 ? 1 : 2;
}
