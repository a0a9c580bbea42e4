/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists in front of a capture's events: processes and descriptors become
 * iterator events (430-448), machine, interfaces and accounts become tables.
 */
#ifndef CAPTURE_SCAP_LISTS_H
#define CAPTURE_SCAP_LISTS_H

#include <saker/capture.h>

#include "common/arena.h"

/* Tables that outlive their section: names handed out stay until close. */
struct capture_tables {
	struct arena arena;
	struct saker_machine machine;
	bool has_machine;
	struct saker_interface *interfaces;
	uint32_t n_interfaces;
	uint32_t c_interfaces;
	struct saker_account *accounts;
	uint32_t n_accounts;
	uint32_t c_accounts;
};

void capture_tables_init(struct capture_tables *tables);
void capture_tables_fini(struct capture_tables *tables);

/* Whole bodies of blocks; a list replaces the one before. -EBADMSG, -ENOMEM, -E2BIG
 * (SCAP_TABLES_MAX). */
int capture_tables_machine(struct capture_tables *tables, const uint8_t *body, size_t size);
int capture_tables_interfaces(struct capture_tables *tables, const uint8_t *body, size_t size,
			      int version);
int capture_tables_users(struct capture_tables *tables, const uint8_t *body, size_t size,
			 int version);

/*
 * The entry at `body` as an event written to buf (SAKER_EVENT_MAX_SIZE bytes).
 * Returns the bytes of the entry, or -EBADMSG: it does not fit in size. A file
 * entry that has no event of its own kind is still an event (see scap_lists.c).
 */
ssize_t capture_list_process(const uint8_t *body, size_t size, int version, uint8_t *buf);
ssize_t capture_list_file(const uint8_t *body, size_t size, int version, uint64_t tid,
			  uint8_t *buf);

#endif /* CAPTURE_SCAP_LISTS_H */
