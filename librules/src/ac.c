/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the automaton: a trie of edges, failure links in breadth-first order,
 * and a dense table over the bytes that occur when that table is small enough.
 */
#include "ac.h"

#include "common/hash.h"

static inline uint8_t ac_fold(const struct rules_ac *ac, uint8_t byte)
{
	return ac->fold && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

static inline uint32_t ac_hash(uint32_t state, uint8_t byte)
{
	return (uint32_t)hash_u64((uint64_t)state << 8 | byte);
}

void rules_ac_init(struct rules_ac *ac, enum rules_ac_mode mode, bool fold)
{
	memset(ac, 0, sizeof(*ac));
	ac->mode = mode;
	ac->fold = fold;
}

void rules_ac_fini(struct rules_ac *ac)
{
	free(ac->edges);
	free(ac->rows);
	free(ac->fail);
	free(ac->next);
	free(ac->pairs);
	free(ac->few_of);
	rules_index_fini(&ac->index);
	rules_rows_fini(&ac->set);
	memset(ac, 0, sizeof(*ac));
}

static uint32_t ac_child(const struct rules_ac *ac, uint32_t state, uint8_t byte)
{
	uint32_t hash = ac_hash(state, byte), id;

	RULES_INDEX_FOR_EACH(&ac->index, hash, i, id)
	{
		if (ac->edges[id].from == state && ac->edges[id].byte == byte)
			return ac->edges[id].to;
	}
	return RULES_AC_DEAD;
}

static int ac_new_state(struct rules_ac *ac)
{
	if (ac->n_states >= UINT32_MAX / 2)
		return -E2BIG;
	if (GROW(ac->rows, ac->n_states, ac->rows_room) < 0)
		return -ENOMEM;
	ac->rows[ac->n_states++] = RULES_ROW_NONE;
	return 0;
}

#define AC_PAIR_WORDS (65536 / 64)

static void ac_set_pair(struct rules_ac *ac, uint8_t first, uint8_t second, uint32_t local)
{
	uint32_t pair = (uint32_t)second << 8 | first, k;

	for (k = 0; k < MIN(ac->n_few, RULES_AC_PAIRS); k++)
		if (ac->few[k][0] == first && ac->few[k][1] == second)
			break;
	if (k < RULES_AC_PAIRS) {
		ac->few[k][0] = first;
		ac->few[k][1] = second;
		ac->few_of[local] |= 1u << k;
	}
	if (ac->pairs[pair / 64] >> (pair % 64) & 1)
		return;
	ac->n_few++;
	ac->pairs[pair / 64] |= UINT64_C(1) << (pair % 64);
}

static uint8_t ac_unfold(const struct rules_ac *ac, uint8_t byte)
{
	return ac->fold && byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
}

static int ac_reserve_few_of(struct rules_ac *ac, uint32_t local)
{
	uint32_t room = MAX(local + 1, 2 * ac->room_few_of), *few_of;

	if (local < ac->room_few_of)
		return 0;
	few_of = util_reallocarray(ac->few_of, room, sizeof(*few_of));
	if (!few_of)
		return -ENOMEM;
	memset(few_of + ac->room_few_of, 0, (room - ac->room_few_of) * sizeof(*few_of));
	ac->few_of = few_of;
	ac->room_few_of = room;
	return 0;
}

/* The needle's pair that is rarest in what rules look at. */
static int ac_add_pair(struct rules_ac *ac, const char *needle, size_t len, uint32_t local)
{
	unsigned least = UINT32_MAX;
	size_t best = 0;

	/* the empty needle is in every text: its row is the root's */
	if (ac->mode != RULES_AC_CONTAINS || ac->no_pairs || !len)
		return 0;
	if (len == 1) {
		free(TAKE_PTR(ac->pairs));
		ac->no_pairs = true;
		return 0;
	}
	if (!ac->pairs)
		ac->pairs = calloc(AC_PAIR_WORDS, sizeof(*ac->pairs));
	if (!ac->pairs || ac_reserve_few_of(ac, local) < 0)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < len; i++) {
		unsigned f = rules_find_frequency((uint8_t)needle[i]) +
			     rules_find_frequency((uint8_t)needle[i + 1]);

		if (f < least) {
			least = f;
			best = i;
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		uint8_t a = ac_fold(ac, (uint8_t)needle[best]);
		uint8_t b = ac_fold(ac, (uint8_t)needle[best + 1]);

		ac_set_pair(ac, i & 1 ? ac_unfold(ac, a) : a, i & 2 ? ac_unfold(ac, b) : b, local);
	}
	return 0;
}

int rules_ac_add(struct rules_ac *ac, const char *needle, size_t len, uint32_t local)
{
	uint32_t state = 0;
	int r = ac_add_pair(ac, needle, len, local);

	if (r < 0)
		return r;

	if (!ac->n_states) {
		r = ac_new_state(ac);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < len; i++) {
		size_t at = ac->mode == RULES_AC_SUFFIX ? len - 1 - i : i;
		uint8_t byte = ac_fold(ac, (uint8_t)needle[at]);
		uint32_t child = ac_child(ac, state, byte);

		if (child == RULES_AC_DEAD) {
			child = ac->n_states;
			if (rules_index_reserve(&ac->index) < 0 ||
			    GROW(ac->edges, ac->n_edges, ac->room) < 0)
				return -ENOMEM;
			r = ac_new_state(ac);
			if (r < 0)
				return r;
			ac->edges[ac->n_edges] = (struct rules_ac_edge){state, child, byte};
			rules_index_add(&ac->index, ac_hash(state, byte), ac->n_edges++);
		}
		state = child;
	}
	return rules_rows_add(&ac->set, ac->rows[state], local, &ac->rows[state]);
}

/* States by distance from the root; edges are made parents first, but not level by level. */
static uint32_t *ac_by_depth(const struct rules_ac *ac, uint32_t **ret_edge_of)
{
	uint32_t *order = util_reallocarray(NULL, (size_t)ac->n_states, sizeof(*order));
	uint32_t *edge_of = util_reallocarray(NULL, (size_t)ac->n_states, sizeof(*edge_of));
	uint32_t *depth = calloc(ac->n_states, sizeof(*depth));
	uint32_t *count = calloc((size_t)ac->n_states + 1, sizeof(*count));

	if (!order || !edge_of || !depth || !count) {
		free(order);
		free(edge_of);
		order = edge_of = NULL;
		goto out;
	}
	for (uint32_t e = 0; e < ac->n_edges; e++) {
		edge_of[ac->edges[e].to] = e;
		depth[ac->edges[e].to] = depth[ac->edges[e].from] + 1;
	}
	for (uint32_t s = 0; s < ac->n_states; s++)
		count[depth[s] + 1]++;
	for (uint32_t d = 1; d <= ac->n_states; d++)
		count[d] += count[d - 1];
	for (uint32_t s = 0; s < ac->n_states; s++)
		order[count[depth[s]]++] = s;
out:
	free(depth);
	free(count);
	*ret_edge_of = edge_of;
	return order;
}

/* The state's failure link: the longest proper suffix that is a state. */
static uint32_t ac_fail_of(const struct rules_ac *ac, const struct rules_ac_edge *edge)
{
	uint32_t f = edge->from;

	while (f) {
		uint32_t to;

		f = ac->fail[f];
		to = ac_child(ac, f, edge->byte);
		if (to != RULES_AC_DEAD)
			return to;
	}
	return 0;
}

/* Where a prefix ends, those that it begins with hold, too. */
static int ac_close_prefixes(struct rules_ac *ac, const uint32_t *order, const uint32_t *edge_of)
{
	_cleanup_free_ uint32_t *above = calloc(ac->n_states, sizeof(*above));
	int r;

	if (!above)
		return -ENOMEM;
	above[0] = ac->rows[0];
	for (uint32_t i = 1; i < ac->n_states; i++) {
		uint32_t s = order[i];

		above[s] = above[ac->edges[edge_of[s]].from];
		if (!ac->rows[s])
			continue;
		r = rules_rows_join(&ac->set, ac->rows[s], above[s], &ac->rows[s]);
		if (r < 0)
			return r;
		above[s] = ac->rows[s];
	}
	return 0;
}

/* What holds where a state is reached: its own needles and those of its suffixes. */
static int ac_close(struct rules_ac *ac, const uint32_t *order, const uint32_t *edge_of)
{
	int r;

	if (ac->mode != RULES_AC_CONTAINS)
		return ac_close_prefixes(ac, order, edge_of);
	ac->fail = calloc(ac->n_states, sizeof(*ac->fail));
	if (!ac->fail)
		return -ENOMEM;
	for (uint32_t i = 1; i < ac->n_states; i++) {
		uint32_t s = order[i];

		ac->fail[s] = ac_fail_of(ac, &ac->edges[edge_of[s]]);
		r = rules_rows_join(&ac->set, ac->rows[s], ac->rows[ac->fail[s]], &ac->rows[s]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void ac_classes(struct rules_ac *ac)
{
	ac->n_classes = 1;
	memset(ac->class_of, 0, sizeof(ac->class_of));
	for (uint32_t e = 0; e < ac->n_edges; e++) {
		uint8_t byte = ac->edges[e].byte;

		if (!ac->class_of[byte])
			ac->class_of[byte] = (uint8_t)ac->n_classes++;
	}
	if (ac->fold)
		for (int c = 'A'; c <= 'Z'; c++)
			ac->class_of[c] = ac->class_of[c + 'a' - 'A'];
}

/* Edges in order of the state they leave; start[s] is the first of state s. */
static int ac_edges_by_state(const struct rules_ac *ac, uint32_t **ret_start, uint32_t **ret_edges)
{
	uint32_t *start = calloc((size_t)ac->n_states + 1, sizeof(*start));
	uint32_t *edges = util_reallocarray(NULL, MAX(ac->n_edges, 1), sizeof(*edges));

	*ret_start = start;
	*ret_edges = edges;
	if (!start || !edges)
		return -ENOMEM;
	for (uint32_t e = 0; e < ac->n_edges; e++)
		start[ac->edges[e].from]++;
	/* ends first, then filled backwards */
	for (uint32_t s = 1; s <= ac->n_states; s++)
		start[s] += start[s - 1];
	for (uint32_t e = ac->n_edges; e-- > 0;)
		edges[--start[ac->edges[e].from]] = e;
	return 0;
}

static int ac_dense(struct rules_ac *ac, const uint32_t *order)
{
	_cleanup_free_ uint32_t *start = NULL;
	_cleanup_free_ uint32_t *edges = NULL;
	size_t cells = (size_t)ac->n_states * ac->n_classes;

	/* 256 different bytes leave no class for the others */
	if (cells > RULES_AC_DENSE_CELLS || ac->n_classes > 255)
		return 0;
	ac->next = util_reallocarray(NULL, cells, sizeof(*ac->next));
	if (!ac->next || ac_edges_by_state(ac, &start, &edges) < 0)
		return -ENOMEM;
	/* a state's row is that of its failure link, which comes before it, and its own edges */
	for (uint32_t i = 0; i < ac->n_states; i++) {
		uint32_t s = order[i];
		uint32_t *row = ac->next + (size_t)s * ac->n_classes;

		if (ac->mode != RULES_AC_CONTAINS)
			memset(row, 0xff, ac->n_classes * sizeof(*row)); /* RULES_AC_DEAD */
		else if (!s)
			memset(row, 0, ac->n_classes * sizeof(*row));
		else
			memcpy(row, ac->next + (size_t)ac->fail[s] * ac->n_classes,
			       ac->n_classes * sizeof(*row));
		for (uint32_t e = start[s]; e < start[s + 1]; e++)
			row[ac->class_of[ac->edges[edges[e]].byte]] = ac->edges[edges[e]].to;
	}
	for (size_t i = 0; i < cells; i++)
		if (ac->next[i] != RULES_AC_DEAD)
			ac->next[i] = ac->next[i] * ac->n_classes |
				      (ac->rows[ac->next[i]] ? RULES_AC_HIT : 0);
	return 0;
}

int rules_ac_finish(struct rules_ac *ac)
{
	_cleanup_free_ uint32_t *order = NULL;
	_cleanup_free_ uint32_t *edge_of = NULL;
	size_t n;
	int r;

	if (!ac->n_states) {
		r = ac_new_state(ac);
		if (r < 0)
			return r;
	}
	order = ac_by_depth(ac, &edge_of);
	if (!order)
		return -ENOMEM;
	r = ac_close(ac, order, edge_of);
	if (r < 0)
		return r;
	ac_classes(ac);
	r = ac_dense(ac, order);
	if (r < 0)
		return r;
	if (ac->next) {
		free(ac->edges);
		free(ac->fail);
		ac->edges = NULL;
		ac->fail = NULL;
		rules_index_fini(&ac->index);
	}
	n = ac->n_states;
	return rules_rows_finish(&ac->set, &ac->rows, &n, 1);
}

uint32_t rules_ac_step(const struct rules_ac *ac, uint32_t state, uint8_t byte)
{
	byte = ac_fold(ac, byte);
	for (;;) {
		uint32_t to = ac_child(ac, state, byte);

		if (to != RULES_AC_DEAD)
			return to;
		if (ac->mode != RULES_AC_CONTAINS)
			return RULES_AC_DEAD;
		if (!state)
			return 0;
		state = ac->fail[state];
	}
}
