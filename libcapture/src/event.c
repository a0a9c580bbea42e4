// SPDX-License-Identifier: Apache-2.0
/*
 * Events as bytes: the decoder, which finds the parameters and trusts nothing,
 * and what a value of a flag parameter looks like in text.
 */
#include "schema.h"

#include "schema/wire.h"

_Static_assert(sizeof(struct saker_event) == SAKER_WIRE_HEADER, "the header on the wire");

int saker_event_decode(const struct saker_event *event, size_t size,
		       struct saker_event_view *ret_view)
{
	const struct saker_event_info *info;
	const uint8_t *base = (const uint8_t *)event;
	const uint8_t *lens = base + SAKER_WIRE_HEADER;
	uint32_t len, n, i;
	size_t at;

	if (unlikely(!event || !ret_view))
		return -EINVAL;
	if (unlikely(size < SAKER_WIRE_HEADER))
		return -EBADMSG;
	if (unlikely(event->type >= SAKER_EVENT_CODES))
		return -ENOENT;
	len = event->len;
	n = event->nparams;
	if (unlikely(len > size || n > SAKER_EVENT_MAX_PARAMS))
		return -EBADMSG;

	info = &capture_events[event->type];
	if (likely(!(info->flags & SAKER_EF_LARGE_PAYLOAD))) {
		at = SAKER_WIRE_HEADER + (size_t)n * SAKER_WIRE_LEN;
		if (unlikely(at > len))
			return -EBADMSG;
		for (i = 0; i < n; i++) {
			uint32_t l = saker_load_u16(lens + i * SAKER_WIRE_LEN);

			ret_view->params[i].data = base + at;
			ret_view->params[i].len = l;
			at += l;
		}
	} else {
		at = SAKER_WIRE_HEADER + (size_t)n * SAKER_WIRE_LEN_LARGE;
		if (unlikely(at > len))
			return -EBADMSG;
		for (i = 0; i < n; i++) {
			uint32_t l = saker_load_u32(lens + i * SAKER_WIRE_LEN_LARGE);

			ret_view->params[i].data = base + at;
			ret_view->params[i].len = l;
			at += l;
		}
	}
	if (unlikely(at != len))
		return -EBADMSG;
	ret_view->event = event;
	ret_view->info = info;
	/* A later schema may append parameters; those that this one cannot name are left out. */
	ret_view->n_params = MIN(n, info->n_params);
	return 0;
}

/* Parameters of OWN_NOTE, as events.def has them; a later version may append some. */
enum note_param { NOTE_VIA, NOTE_HOW, NOTE_CUT, NOTE_CUT_LEN, NOTE_PATH, NOTE_PARAMS };

int saker_note_read(const struct saker_event *companion, struct saker_note *ret_note)
{
	const uint8_t *base = (const uint8_t *)companion;
	const uint8_t *params[NOTE_PARAMS];
	uint32_t lens[NOTE_PARAMS];
	uint64_t at;
	uint32_t i;

	if (!companion || !ret_note)
		return -EINVAL;
	if (companion->type != SAKER_EV_OWN_NOTE_X)
		return -ENOENT;
	if (companion->nparams < NOTE_PARAMS || companion->nparams > SAKER_EVENT_MAX_PARAMS)
		return -EBADMSG;
	at = SAKER_WIRE_HEADER + (uint64_t)companion->nparams * SAKER_WIRE_LEN;
	if (at > companion->len)
		return -EBADMSG;
	for (i = 0; i < NOTE_PARAMS; i++) {
		lens[i] = saker_load_u16(base + SAKER_WIRE_HEADER + (size_t)i * SAKER_WIRE_LEN);
		params[i] = base + at;
		at += lens[i];
	}
	if (at > companion->len || lens[NOTE_VIA] != 1 || lens[NOTE_HOW] != 1 ||
	    lens[NOTE_CUT] != 4 || lens[NOTE_CUT_LEN] != 8)
		return -EBADMSG;
	ret_note->via = *params[NOTE_VIA];
	ret_note->how = *params[NOTE_HOW];
	ret_note->cut = saker_load_u32(params[NOTE_CUT]);
	ret_note->cut_len = saker_load_u64(params[NOTE_CUT_LEN]);
	ret_note->path = (const char *)params[NOTE_PATH];
	ret_note->path_len = (uint32_t)strnlen(ret_note->path, lens[NOTE_PATH]);
	return 0;
}

uint32_t saker_param_type_size(enum saker_param_type type)
{
	switch (type) {
	case SAKER_PT_INT8:
	case SAKER_PT_UINT8:
	case SAKER_PT_FLAGS8:
	case SAKER_PT_ENUMFLAGS8:
	case SAKER_PT_SIGTYPE:
	case SAKER_PT_L4PROTO:
	case SAKER_PT_SOCKFAMILY:
		return 1;
	case SAKER_PT_INT16:
	case SAKER_PT_UINT16:
	case SAKER_PT_FLAGS16:
	case SAKER_PT_ENUMFLAGS16:
	case SAKER_PT_SYSCALLID:
	case SAKER_PT_PORT:
		return 2;
	case SAKER_PT_INT32:
	case SAKER_PT_UINT32:
	case SAKER_PT_FLAGS32:
	case SAKER_PT_ENUMFLAGS32:
	case SAKER_PT_BOOL:
	case SAKER_PT_UID:
	case SAKER_PT_GID:
	case SAKER_PT_MODE:
	case SAKER_PT_SIGSET:
	case SAKER_PT_FD32:
	case SAKER_PT_PID32:
	case SAKER_PT_IPV4ADDR:
		return 4;
	case SAKER_PT_INT64:
	case SAKER_PT_UINT64:
	case SAKER_PT_ERRNO:
	case SAKER_PT_FD:
	case SAKER_PT_PID:
	case SAKER_PT_RELTIME:
	case SAKER_PT_ABSTIME:
	case SAKER_PT_DOUBLE:
		return 8;
	case SAKER_PT_IPV6ADDR:
		return 16;
	default:
		return 0;
	}
}

/* ---- flags in text ----------------------------------------------------------- */

struct text {
	char *buf;
	size_t size;
	size_t len; /* what it would be, were there room */
};

static void text_flag(struct text *t, const char *name)
{
	size_t n = strlen(name);
	size_t bar = t->len > 0;

	if (bar && t->len + 1 < t->size)
		t->buf[t->len] = '|';
	t->len += bar;
	if (t->len < t->size)
		memcpy(t->buf + t->len, name, MIN(n, t->size - t->len - 1));
	t->len += n;
}

/*
 * In the table's order, each name takes its bits away, so that O_RDWR (both
 * bits) hides O_RDONLY and O_WRONLY; a name of the value 0 stands only alone.
 * The name that is the whole value ends the list: for flags only when its bits
 * are still there, for modes (whole_ends) even when others have taken them.
 */
static void format_bits(struct text *t, const struct saker_flag_table *table, uint32_t value,
			bool whole_ends)
{
	uint32_t left = value;
	uint32_t i;

	for (i = 0; i < table->n_flags; i++) {
		const struct saker_flag *flag = &table->flags[i];
		bool whole = flag->value == value;

		if (flag->value ? left && (left & flag->value) == flag->value : !value)
			left &= ~flag->value;
		else if (!whole_ends || !whole)
			continue;
		text_flag(t, flag->name);
		if (whole)
			return;
	}
}

size_t saker_flags_format(const struct saker_param_info *param, uint32_t value, char *buf,
			  size_t size)
{
	struct text t = {.buf = buf, .size = buf ? size : 0};
	uint32_t i;

	if (t.size)
		buf[0] = '\0';
	if (!param || !param->flags)
		return 0;
	switch (param->type) {
	case SAKER_PT_ENUMFLAGS8:
	case SAKER_PT_ENUMFLAGS16:
	case SAKER_PT_ENUMFLAGS32:
		/* A value may have two names (AF_LOCAL, AF_UNIX); both are given. */
		for (i = 0; i < param->flags->n_flags; i++)
			if (param->flags->flags[i].value == value)
				text_flag(&t, param->flags->flags[i].name);
		break;
	case SAKER_PT_FLAGS8:
	case SAKER_PT_FLAGS16:
	case SAKER_PT_FLAGS32:
		format_bits(&t, param->flags, value, false);
		break;
	case SAKER_PT_MODE:
		format_bits(&t, param->flags, value, true);
		break;
	default:
		break;
	}
	if (t.size)
		buf[MIN(t.len, t.size - 1)] = '\0';
	return t.len;
}
