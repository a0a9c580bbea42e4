/* SPDX-License-Identifier: Apache-2.0 */
/* This machine, for engines that capture live. */
#ifndef CAPTURE_MACHINE_H
#define CAPTURE_MACHINE_H

#include <ifaddrs.h>

#include <saker/capture.h>

/* Nanoseconds since the machine was booted, as events' times before the offset. */
uint64_t machine_boot_ns(void);
/* What makes boot time time since 1970. */
uint64_t machine_epoch_offset(void);

void machine_read(struct saker_machine *ret_machine, uint64_t epoch_offset);

/* As saker_capture_interface; *list is read at the first call, to be freed by freeifaddrs(3). */
int machine_interface(struct ifaddrs **list, uint32_t n, struct saker_interface *ret_interface);

#endif /* CAPTURE_MACHINE_H */
