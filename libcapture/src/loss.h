/* SPDX-License-Identifier: Apache-2.0 */
/* How engines say what was lost: the event that <saker/loss.h> reads. */
#ifndef CAPTURE_LOSS_H
#define CAPTURE_LOSS_H

#include <saker/loss.h>

#define CAPTURE_LOSS_PARAMS 8
#define CAPTURE_LOSS_MAX                                                  \
	(SAKER_WIRE_HEADER + CAPTURE_LOSS_PARAMS * (SAKER_WIRE_LEN + 8) + \
	 (SAKER_LOSS_GROUPS - 1) * SAKER_LOSS_SLOTS / 8)

/* Into buf, of CAPTURE_LOSS_MAX bytes. ts: where it stands in the stream. */
const struct saker_event *capture_loss_build(const struct saker_loss *loss, uint64_t ts,
					     uint8_t *buf);

/* n events of which nothing else is known. */
const struct saker_event *capture_loss_build_unknown(uint64_t n, uint64_t ts, uint8_t *buf);

#endif /* CAPTURE_LOSS_H */
