// SPDX-License-Identifier: Apache-2.0
/*
 * The event that says what was lost, written and read. Apart from other events
 * of ours because it is the only one that comes by itself, not with an event.
 */
#include "loss.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/util.h"

/* As events.def has them; a later version may append some. */
enum loss_param {
	LOSS_UNTIL,
	LOSS_COUNTS,
	LOSS_WHO = LOSS_COUNTS + SAKER_LOSS_GROUPS,
	LOSS_PARAMS
};

static_assert(LOSS_PARAMS == CAPTURE_LOSS_PARAMS, "parameters of a loss");
static_assert(sizeof(((struct saker_loss *)0)->who) ==
		      (SAKER_LOSS_GROUPS - 1) * SAKER_LOSS_SLOTS / 8,
	      "the maps are written as they stand");

const struct saker_event *capture_loss_build(const struct saker_loss *loss, uint64_t ts,
					     uint8_t *buf)
{
	struct saker_event header = {
		.ts = ts, .type = SAKER_EV_OWN_LOSS_X, .nparams = LOSS_PARAMS, .tid = 0};
	uint16_t who_len = loss->who_known ? sizeof(loss->who) : 0;
	uint8_t *lens = buf + SAKER_WIRE_HEADER;
	uint8_t *at = lens + (size_t)LOSS_PARAMS * SAKER_WIRE_LEN;
	const uint16_t eight = 8;

	for (uint32_t i = 0; i < LOSS_WHO; i++) {
		memcpy(lens + (size_t)i * SAKER_WIRE_LEN, &eight, sizeof(eight));
		memcpy(at, i == LOSS_UNTIL ? &loss->until : &loss->n[i - LOSS_COUNTS], 8);
		at += 8;
	}
	memcpy(lens + (size_t)LOSS_WHO * SAKER_WIRE_LEN, &who_len, sizeof(who_len));
	memcpy(at, loss->who, who_len);
	header.len = (uint32_t)(at + who_len - buf);
	memcpy(buf, &header, sizeof(header));
	return (const struct saker_event *)buf;
}

const struct saker_event *capture_loss_build_unknown(uint64_t n, uint64_t ts, uint8_t *buf)
{
	struct saker_loss loss = {.n[SAKER_LOSS_PROCESS] = n};

	return capture_loss_build(&loss, ts, buf);
}

int saker_loss_read(const struct saker_event *event, struct saker_loss *ret_loss)
{
	const uint8_t *base = (const uint8_t *)event;
	struct saker_loss loss = {0};
	uint32_t who_len;
	uint64_t at;

	if (!event || !ret_loss || ret_loss->size < sizeof(size_t))
		return -EINVAL;
	if (event->type != SAKER_EV_OWN_LOSS_X)
		return -ENOENT;
	if (event->nparams < LOSS_PARAMS || event->nparams > SAKER_EVENT_MAX_PARAMS)
		return -EBADMSG;
	at = SAKER_WIRE_HEADER + (uint64_t)event->nparams * SAKER_WIRE_LEN;
	if (at + 8 * LOSS_WHO > event->len)
		return -EBADMSG;
	for (uint32_t i = 0; i < LOSS_WHO; i++, at += 8) {
		if (saker_load_u16(base + SAKER_WIRE_HEADER + (size_t)i * SAKER_WIRE_LEN) != 8)
			return -EBADMSG;
		*(i == LOSS_UNTIL ? &loss.until : &loss.n[i - LOSS_COUNTS]) =
			saker_load_u64(base + at);
	}
	who_len = saker_load_u16(base + SAKER_WIRE_HEADER + (size_t)LOSS_WHO * SAKER_WIRE_LEN);
	if (at + who_len > event->len)
		return -EBADMSG;
	/* Of another size it is a later version's: somebody, and we cannot tell who. */
	loss.who_known = who_len == sizeof(loss.who);
	if (loss.who_known)
		memcpy(loss.who, base + at, sizeof(loss.who));
	loss.size = MIN(ret_loss->size, sizeof(loss));
	memcpy(ret_loss, &loss, loss.size);
	return 0;
}

enum saker_loss_group saker_loss_group_of(uint16_t code)
{
	switch (code) {
#define EFFECT(symbol, group)   \
	case SAKER_EV_##symbol: \
		return SAKER_LOSS_##group;
#include "schema/effects.def"
#undef EFFECT
	default:
		return SAKER_LOSS_OTHER;
	}
}

const char *saker_loss_group_name(enum saker_loss_group group)
{
	static const char *const names[] = {
#define X(symbol, name) [SAKER_LOSS_##symbol] = (name),
		SAKER_LOSS_GROUP_LIST(X)
#undef X
	};

	return (unsigned int)group < SAKER_LOSS_GROUPS ? names[group] : NULL;
}
