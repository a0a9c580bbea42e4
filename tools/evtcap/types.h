/* SPDX-License-Identifier: Apache-2.0 */
/* How many events there were of each type; generic ones by their system call. */
#ifndef EVTCAP_TYPES_H
#define EVTCAP_TYPES_H

#include <jansson.h>
#include <stdio.h>

#include <saker/event.h>

struct types {
	uint64_t by_code[SAKER_EVENT_CODES];
	uint64_t by_syscall[SAKER_SYSCALL_CODES]; /* of the generic event */
	uint64_t n;
};

void types_count(struct types *types, const struct saker_event_view *event);
/* Most first: events, share, name. */
void types_print(const struct types *types, FILE *out, const char *indent);
/* [{"type": name, "code": number, "events": number}]; NULL = no memory. */
json_t *types_json(const struct types *types);

#endif /* EVTCAP_TYPES_H */
