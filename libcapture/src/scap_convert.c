// SPDX-License-Identifier: Apache-2.0
/*
 * The converter of old captures, a small machine over the rules of
 * schema/converter.def. It is lenient where a capture lost events: parameters of
 * an enter event that is missing, or is not the exit's own, become defaults.
 */
#include "scap_convert.h"

#include <stdio.h>

#include "common/hash.h"
#include "schema.h"

#include "schema/wire.h"

/*
 * Enter events lie one behind the other in a ring; the oldest give way. Room for
 * tens of thousands of threads inside a system call at once.
 */
#define STORE_BYTES (4u << 20)
#define STORE_SLOTS 32768u /* power of two */
#define STORE_WAYS 4u
#define STORE_EVENT_MAX SAKER_EVENT_MAX_SIZE
#define PASSES_MAX 50 /* conversions of one event; the longest chain has six */

enum action { PASS, STORE, STORE_AND_PASS, ADD_PARAMS, CHANGE_TYPE };

enum source_kind {
	SOURCE_OLD,
	SOURCE_ENTER,
	SOURCE_ENTER_EMPTY,
	SOURCE_EMPTY,
	SOURCE_DEFAULT,
	SOURCE_CONTAINER
};

struct source {
	uint8_t kind;
	uint8_t index;
};

struct rule {
	uint16_t code;
	uint8_t n_params;
	uint8_t action;
	uint16_t to;
	uint8_t n_sources;
	const struct source *sources;
};

#define OLD(i) {SOURCE_OLD, (i)},
#define ENTER(i) {SOURCE_ENTER, (i)},
#define ENTER_EMPTY(i) {SOURCE_ENTER_EMPTY, (i)},
#define EMPTY {SOURCE_EMPTY, 0},
#define DEFAULT {SOURCE_DEFAULT, 0},
#define CONTAINER {SOURCE_CONTAINER, 0},
#define RULE(code_, n, action_, to_, n_sources_, ...)                             \
	{                                                                         \
		.code = (code_),                                                  \
		.n_params = (n),                                                  \
		.action = (action_),                                              \
		.to = (to_),                                                      \
		.n_sources = (n_sources_),                                        \
		.sources = (const struct source[]){__VA_ARGS__{SOURCE_EMPTY, 0}}, \
	},
static const struct rule rules[] = {
#include "schema/converter.def"
};
#undef RULE
_Static_assert(ARRAY_SIZE(rules) == 253, "conversion rules");

#define RULE(code_, n, action_, to_, n_sources_, ...)                                   \
	_Static_assert(sizeof((const struct source[]){__VA_ARGS__{SOURCE_EMPTY, 0}}) == \
			       ((n_sources_) + 1) * sizeof(struct source),              \
		       "sources of rule " #code_);
#include "schema/converter.def"
#undef RULE
#undef OLD
#undef ENTER
#undef ENTER_EMPTY
#undef EMPTY
#undef DEFAULT
#undef CONTAINER

struct slot {
	uint64_t tid;
	uint64_t at; /* position in all that was ever stored, plus 1; 0 = free */
};

struct capture_converter {
	uint8_t *store;
	uint64_t stored; /* where the next one goes, counted without end */
	struct slot *slots;
	uint8_t *work[2]; /* an event on its way through several rules */
};

struct capture_converter *capture_converter_new(void)
{
	struct capture_converter *conv = calloc(1, sizeof(*conv));

	if (!conv)
		return NULL;
	conv->store = malloc(STORE_BYTES);
	conv->slots = calloc(STORE_SLOTS, sizeof(*conv->slots));
	conv->work[0] = malloc(SAKER_EVENT_MAX_SIZE);
	conv->work[1] = malloc(SAKER_EVENT_MAX_SIZE);
	if (!conv->store || !conv->slots || !conv->work[0] || !conv->work[1])
		return capture_converter_free(conv);
	return conv;
}

struct capture_converter *capture_converter_free(struct capture_converter *conv)
{
	if (conv) {
		free(conv->store);
		free(conv->slots);
		free(conv->work[0]);
		free(conv->work[1]);
		free(conv);
	}
	return NULL;
}

void capture_converter_reset(struct capture_converter *conv)
{
	memset(conv->slots, 0, STORE_SLOTS * sizeof(*conv->slots));
}

/* ---- the store ---------------------------------------------------------------------- */

static bool slot_live(const struct capture_converter *conv, const struct slot *slot)
{
	return slot->at && conv->stored - (slot->at - 1) <= STORE_BYTES;
}

static struct slot *store_find(struct capture_converter *conv, uint64_t tid)
{
	struct slot *slots =
		&conv->slots[hash_u64(tid) % STORE_SLOTS & ~(uint64_t)(STORE_WAYS - 1)];
	uint32_t i;

	for (i = 0; i < STORE_WAYS; i++)
		if (slots[i].tid == tid && slot_live(conv, &slots[i]))
			return &slots[i];
	return NULL;
}

/* The thread's own slot, else a free one, else the oldest. */
static struct slot *store_slot(struct capture_converter *conv, uint64_t tid)
{
	struct slot *slots =
		&conv->slots[hash_u64(tid) % STORE_SLOTS & ~(uint64_t)(STORE_WAYS - 1)];
	struct slot *best = &slots[0];
	uint32_t i;

	for (i = 0; i < STORE_WAYS; i++) {
		if (slots[i].tid == tid)
			return &slots[i];
		if (slots[i].at < best->at)
			best = &slots[i];
	}
	return best;
}

static void store_put(struct capture_converter *conv, const struct saker_event *event)
{
	uint32_t room = STORE_BYTES - (uint32_t)(conv->stored % STORE_BYTES);
	struct slot *slot = store_slot(conv, event->tid);

	/* An event does not wrap: what is left at the end of the ring is passed over. */
	if (room < event->len)
		conv->stored += room;
	memcpy(conv->store + conv->stored % STORE_BYTES, event, event->len);
	slot->tid = event->tid;
	slot->at = conv->stored + 1;
	conv->stored += event->len;
}

static const struct saker_event *store_event(const struct capture_converter *conv,
					     const struct slot *slot)
{
	return (const struct saker_event *)(conv->store + (slot->at - 1) % STORE_BYTES);
}

/* ---- putting an event together --------------------------------------------------------- */

struct build {
	uint8_t *buf;
	uint16_t type;
	uint32_t len_size;
	uint32_t n; /* parameters so far */
	size_t len;
	bool overflow;
};

static uint32_t len_size_of(uint16_t type)
{
	return capture_events[type].flags & SAKER_EF_LARGE_PAYLOAD ? SAKER_WIRE_LEN_LARGE
								   : SAKER_WIRE_LEN;
}

static void build_begin(struct build *b, uint8_t *buf, const struct saker_event *from,
			uint16_t type, uint32_t n_params)
{
	struct saker_event header = *from;

	header.type = type;
	header.nparams = n_params;
	memcpy(buf, &header, sizeof(header));
	b->buf = buf;
	b->type = type;
	b->len_size = len_size_of(type);
	b->n = 0;
	b->len = sizeof(header) + (size_t)n_params * b->len_size;
	b->overflow = false;
}

static void build_add(struct build *b, const void *data, size_t len)
{
	uint8_t *slot = b->buf + SAKER_WIRE_HEADER + (size_t)b->n * b->len_size;
	uint32_t size = b->n < capture_events[b->type].n_params
				? saker_param_type_size(capture_events[b->type].params[b->n].type)
				: 0;
	uint32_t len32;
	uint16_t len16;

	/* The parameter may have been wider in the event it comes from. */
	if (size && len > size)
		len = size;
	if (b->len_size == SAKER_WIRE_LEN)
		len = MIN(len, (size_t)UINT16_MAX);
	if (len > SAKER_EVENT_MAX_SIZE - b->len) {
		b->overflow = true;
		len = 0;
	}
	len32 = (uint32_t)len;
	len16 = (uint16_t)len;
	if (b->len_size == SAKER_WIRE_LEN)
		memcpy(slot, &len16, sizeof(len16));
	else
		memcpy(slot, &len32, sizeof(len32));
	if (len)
		memcpy(b->buf + b->len, data, len);
	b->len += len;
	b->n++;
}

static void build_add_default(struct build *b)
{
	static const uint8_t zero[16];
	static const uint32_t nobody = UINT32_MAX; /* an id that is not known */
	uint8_t type = capture_events[b->type].params[b->n].type;

	if (type == SAKER_PT_UID || type == SAKER_PT_GID)
		build_add(b, &nobody, sizeof(nobody));
	else
		build_add(b, zero, saker_param_type_size(type));
}

/* Length of a text parameter without its NUL. */
static size_t text_len(const struct saker_param *p)
{
	return p->len ? p->len - (p->data[p->len - 1] == '\0') : 0;
}

/* The container's id, type, name and image as libs writes them: nothing is escaped. */
static void build_add_container(struct build *b, const struct saker_event_view *old)
{
	static const char quote[] = "\"";
	const struct {
		const char *before;
		uint32_t param;
	} parts[] = {
		{"{\"id\":\"", 0},
		{"\",\"type\":", 1},
		{",\"name\":\"", 2},
		{"\",\"image\":\"", 3},
	};
	char text[4096];
	size_t n = 0;
	uint32_t i;

	if (old->n_params < 4 || old->params[1].len != 4) {
		build_add(b, NULL, 0);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct saker_param *p = &old->params[parts[i].param];
		size_t before = strlen(parts[i].before);
		char number[16];
		const char *value = (const char *)p->data;
		size_t len = text_len(p);

		if (i == 1) {
			len = (size_t)snprintf(number, sizeof(number), "%u",
					       saker_load_u32(p->data));
			value = number;
		}
		if (before + len > sizeof(text) - n - sizeof(quote) - 2) {
			b->overflow = true;
			return;
		}
		memcpy(text + n, parts[i].before, before);
		memcpy(text + n + before, value, len);
		n += before + len;
	}
	memcpy(text + n, "\"}", 3); /* with the NUL */
	build_add(b, text, n + 3);
}

/* ---- rules -------------------------------------------------------------------------------- */

static const struct rule *find_rule(uint16_t code, uint32_t n_params)
{
	size_t low = 0;
	size_t high = ARRAY_SIZE(rules);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct rule *rule = &rules[mid];

		if (rule->code == code && rule->n_params == n_params)
			return rule;
		if (rule->code < code || (rule->code == code && rule->n_params < n_params))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

enum capture_conversion capture_conversion_check(const struct saker_event *event)
{
	const struct saker_event_info *info = &capture_events[event->type];

	if (info->flags & SAKER_EF_UNUSED)
		return CAPTURE_CONVERSION_DROP;
	if (!(info->flags & SAKER_EF_CONVERTER_MANAGED))
		return info->flags & SAKER_EF_OLD_VERSION ? CAPTURE_CONVERSION_DROP
							  : CAPTURE_CONVERSION_PASS;
	if (event->type % 2 == 0 || info->flags & SAKER_EF_OLD_VERSION)
		return CAPTURE_CONVERSION_NEEDED;
	/* More parameters than we know are those of a later schema. */
	return event->nparams < info->n_params ? CAPTURE_CONVERSION_NEEDED
					       : CAPTURE_CONVERSION_PASS;
}

/* The enter event of this exit, decoded; false when there is none. */
static bool enter_of(struct capture_converter *conv, const struct saker_event *event,
		     struct saker_event_view *ret_view)
{
	const struct slot *slot = store_find(conv, event->tid);
	const struct saker_event *enter;

	if (!slot)
		return false;
	enter = store_event(conv, slot);
	return enter->type + 1 == event->type &&
	       saker_event_decode(enter, enter->len, ret_view) == 0;
}

/* A variant that becomes a plain value leaves the index of its type behind. */
static void build_add_old(struct build *b, const struct saker_event_view *old, uint32_t index)
{
	struct saker_param p = old->params[index];
	bool was_variant = old->info->params[index].type == SAKER_PT_DYN;

	if (was_variant && p.len && capture_events[b->type].params[b->n].type != SAKER_PT_DYN) {
		p.data++;
		p.len--;
	}
	build_add(b, p.data, p.len);
}

static void build_add_source(struct build *b, const struct source *source,
			     const struct saker_event_view *old,
			     const struct saker_event_view *enter)
{
	switch (source->kind) {
	case SOURCE_OLD:
		if (source->index < old->n_params)
			build_add_old(b, old, source->index);
		else
			build_add_default(b);
		break;
	case SOURCE_ENTER:
	case SOURCE_ENTER_EMPTY:
		if (enter && source->index < enter->n_params)
			build_add(b, enter->params[source->index].data,
				  enter->params[source->index].len);
		else if (source->kind == SOURCE_ENTER)
			build_add_default(b);
		else
			build_add(b, NULL, 0);
		break;
	case SOURCE_DEFAULT:
		build_add_default(b);
		break;
	case SOURCE_CONTAINER:
		build_add_container(b, old);
		break;
	default:
		build_add(b, NULL, 0);
		break;
	}
}

static int apply_rule(struct capture_converter *conv, const struct rule *rule,
		      const struct saker_event_view *old, uint8_t *buf)
{
	const struct saker_event *event = old->event;
	struct saker_event_view enter_view;
	const struct saker_event_view *enter =
		enter_of(conv, event, &enter_view) ? &enter_view : NULL;
	uint32_t kept = rule->action == ADD_PARAMS ? old->n_params : 0;
	bool used_enter = false;
	struct build b;
	uint32_t i;
	uint32_t len;

	build_begin(&b, buf, event, rule->to, kept + rule->n_sources);
	for (i = 0; i < kept; i++)
		build_add(&b, old->params[i].data, old->params[i].len);
	for (i = 0; i < rule->n_sources; i++) {
		const struct source *source = &rule->sources[i];

		used_enter |= enter &&
			      (source->kind == SOURCE_ENTER || source->kind == SOURCE_ENTER_EMPTY);
		build_add_source(&b, source, old, enter);
	}
	if (used_enter)
		store_find(conv, event->tid)->at = 0;
	if (b.overflow)
		return -EMSGSIZE;
	len = (uint32_t)b.len;
	memcpy(buf + offsetof(struct saker_event, len), &len, sizeof(len));
	return 0;
}

int capture_convert(struct capture_converter *conv, const struct saker_event *event,
		    const struct saker_event **ret_event)
{
	int pass;

	if (event->len > STORE_EVENT_MAX)
		return -EMSGSIZE;
	for (pass = 0; pass < PASSES_MAX; pass++) {
		const struct rule *rule = find_rule(event->type, event->nparams);
		uint8_t *buf = conv->work[pass % 2];
		struct saker_event_view view;
		int r;

		if (!rule)
			return -ENOTSUP;
		if (rule->action == STORE || rule->action == STORE_AND_PASS)
			store_put(conv, event);
		if (rule->action == STORE)
			return 0;
		if (rule->action == PASS || rule->action == STORE_AND_PASS) {
			*ret_event = event;
			return 1;
		}
		r = saker_event_decode(event, event->len, &view);
		if (!r)
			r = apply_rule(conv, rule, &view, buf);
		if (r)
			return r;
		event = (const struct saker_event *)buf;
		switch (capture_conversion_check(event)) {
		case CAPTURE_CONVERSION_PASS:
			*ret_event = event;
			return 1;
		case CAPTURE_CONVERSION_DROP:
			return 0;
		case CAPTURE_CONVERSION_NEEDED:
			break;
		}
	}
	return -ENOTSUP;
}
