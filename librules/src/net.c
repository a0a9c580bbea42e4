/* SPDX-License-Identifier: Apache-2.0 */
/* The table of networks: sorting, one sweep that flattens nested prefixes, the search. */
#include "net.h"

static unsigned __int128 net_key(const struct saker_ip *ip)
{
	unsigned __int128 key = 0;
	unsigned n = ip->family == 4 ? 4 : 16;

	for (unsigned i = 0; i < n; i++)
		key |= (unsigned __int128)ip->addr[i] << (120 - 8 * i);
	return key;
}

void rules_net_fini(struct rules_net *net)
{
	free(net->prefixes);
	free(net->start4);
	free(net->row4);
	free(net->first4);
	free(net->start6);
	free(net->row6);
	rules_rows_fini(&net->rows);
	memset(net, 0, sizeof(*net));
}

int rules_net_add(struct rules_net *net, const struct saker_ip *prefix, uint32_t local)
{
	unsigned __int128 key = net_key(prefix);

	if (GROW(net->prefixes, net->n_prefixes, net->room) < 0)
		return -ENOMEM;
	key = prefix->prefix ? key >> (128 - prefix->prefix) << (128 - prefix->prefix) : 0;
	net->prefixes[net->n_prefixes++] = (struct rules_net_prefix){
		.start = key,
		.local = local,
		.bits = prefix->prefix,
		.family = prefix->family,
	};
	return 0;
}

static int net_compare(const void *a, const void *b)
{
	const struct rules_net_prefix *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return x->local < y->local ? -1 : x->local > y->local;
}

/* From `start` on, row holds. */
static int net_emit(struct rules_net *net, uint8_t family, unsigned __int128 start, uint32_t row)
{
	if (family == 4) {
		uint32_t s = (uint32_t)(start >> 96);

		if (net->n4 && net->start4[net->n4 - 1] == s) {
			net->row4[net->n4 - 1] = row;
			return 0;
		}
		if (net->n4 && net->row4[net->n4 - 1] == row)
			return 0;
		if (GROW(net->start4, net->n4, net->room4) < 0 ||
		    GROW(net->row4, net->n4, net->rows_room4) < 0)
			return -ENOMEM;
		net->start4[net->n4] = s;
		net->row4[net->n4++] = row;
		return 0;
	}
	if (net->n6 && net->start6[net->n6 - 1] == start) {
		net->row6[net->n6 - 1] = row;
		return 0;
	}
	if (net->n6 && net->row6[net->n6 - 1] == row)
		return 0;
	if (GROW(net->start6, net->n6, net->room6) < 0 ||
	    GROW(net->row6, net->n6, net->rows_room6) < 0)
		return -ENOMEM;
	net->start6[net->n6] = start;
	net->row6[net->n6++] = row;
	return 0;
}

/* The prefixes that hold the place the sweep is at, outermost first; they nest at most 129 deep. */
struct net_stack {
	struct {
		unsigned __int128 end; /* last address */
		uint32_t row;
	} open[130];
	unsigned n;
};

static int net_close(struct rules_net *net, uint8_t family, struct net_stack *stack)
{
	unsigned __int128 end = stack->open[--stack->n].end;
	unsigned __int128 step = family == 4 ? (unsigned __int128)1 << 96 : 1;
	uint32_t row = stack->n ? stack->open[stack->n - 1].row : RULES_ROW_NONE;

	/* the last address of all is followed by none; an enclosing prefix may end there too */
	if (end + step < end || end + step == 0)
		return 0;
	return net_emit(net, family, end + step, row);
}

static int net_sweep(struct rules_net *net, uint8_t family)
{
	struct net_stack stack = {.n = 0};
	unsigned __int128 full =
		family == 4 ? (unsigned __int128)UINT32_MAX << 96 : ~(unsigned __int128)0;
	int r = net_emit(net, family, 0, RULES_ROW_NONE);

	for (size_t i = 0; r >= 0 && i < net->n_prefixes; i++) {
		const struct rules_net_prefix *p = &net->prefixes[i];
		unsigned __int128 host = p->bits >= 128 ? 0 : ~(unsigned __int128)0 >> p->bits;
		unsigned __int128 end = (p->start | host) & full;
		uint32_t row;

		if (p->family != family)
			continue;
		while (r >= 0 && stack.n && stack.open[stack.n - 1].end < p->start)
			r = net_close(net, family, &stack);
		if (r < 0)
			break;
		row = stack.n ? stack.open[stack.n - 1].row : RULES_ROW_NONE;
		r = rules_rows_add(&net->rows, row, p->local, &row);
		if (r < 0)
			break;
		/* the same prefix in another list: same range, longer row */
		if (stack.n && stack.open[stack.n - 1].end == end &&
		    (i > 0 && net->prefixes[i - 1].start == p->start &&
		     net->prefixes[i - 1].bits == p->bits &&
		     net->prefixes[i - 1].family == p->family))
			stack.n--;
		stack.open[stack.n].end = end;
		stack.open[stack.n++].row = row;
		r = net_emit(net, family, p->start, row);
	}
	while (r >= 0 && stack.n)
		r = net_close(net, family, &stack);
	return r;
}

static int net_first_level(struct rules_net *net)
{
	size_t at = 0;

	net->first4 = calloc(65537, sizeof(*net->first4));
	if (!net->first4)
		return -ENOMEM;
	for (uint32_t high = 0; high < 65536; high++) {
		while (at + 1 < net->n4 && net->start4[at + 1] <= high << 16)
			at++;
		net->first4[high] = (uint32_t)at;
	}
	net->first4[65536] = (uint32_t)net->n4 - 1;
	return 0;
}

int rules_net_finish(struct rules_net *net)
{
	uint32_t *used[2];
	size_t n[2];
	int r;

	if (net->n_prefixes)
		qsort(net->prefixes, net->n_prefixes, sizeof(*net->prefixes), net_compare);
	r = net_sweep(net, 4);
	if (r >= 0)
		r = net_sweep(net, 6);
	if (r >= 0)
		r = net_first_level(net);
	if (r < 0)
		return r;
	free(net->prefixes);
	net->prefixes = NULL;
	net->room = 0;
	used[0] = net->row4;
	n[0] = net->n4;
	used[1] = net->row6;
	n[1] = net->n6;
	return rules_rows_finish(&net->rows, used, n, 2);
}

uint32_t rules_net_lookup(const struct rules_net *net, const struct saker_ip *address)
{
	unsigned __int128 key = net_key(address);
	size_t low, high;

	if (address->family == 4) {
		uint32_t a = (uint32_t)(key >> 96);

		low = net->first4[a >> 16];
		high = (size_t)net->first4[(a >> 16) + 1] + 1;
		while (high - low > 1) {
			size_t middle = low + (high - low) / 2;

			if (net->start4[middle] <= a)
				low = middle;
			else
				high = middle;
		}
		return net->row4[low];
	}
	low = 0;
	high = net->n6;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (net->start6[middle] <= key)
			low = middle;
		else
			high = middle;
	}
	return net->row6[low];
}
