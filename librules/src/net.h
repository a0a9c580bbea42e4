/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: which of a group's predicates hold for an address. All prefixes are
 * flattened into sorted, disjoint ranges, so that nesting costs nothing at run
 * time and one binary search answers for every list at once.
 */
#ifndef RULES_NET_H
#define RULES_NET_H

#include <saker/base.h>

#include "set.h"

struct rules_net {
	struct rules_net_prefix {
		unsigned __int128 start; /* IPv4 in the upper 32 bits */
		uint32_t local;
		uint8_t bits;
		uint8_t family;
	} * prefixes;
	size_t n_prefixes;
	size_t room;
	/* ranges: from start[i] until before start[i + 1] */
	uint32_t *start4;
	uint32_t *row4;
	size_t n4;
	size_t room4, rows_room4;
	uint32_t *first4; /* per upper 16 bits: the first range that may hold it; 65537 */
	unsigned __int128 *start6;
	uint32_t *row6;
	size_t n6;
	size_t room6, rows_room6;
	struct rules_rows rows;
};

void rules_net_fini(struct rules_net *net);
int rules_net_add(struct rules_net *net, const struct saker_ip *prefix, uint32_t local);
int rules_net_finish(struct rules_net *net);
uint32_t rules_net_lookup(const struct rules_net *net, const struct saker_ip *address);

#endif /* RULES_NET_H */
