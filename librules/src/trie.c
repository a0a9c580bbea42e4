/* SPDX-License-Identifier: Apache-2.0 */
/* The trie of path components behind pmatch. */
#include "trie.h"

#include "common/hash.h"

void rules_trie_fini(struct rules_trie *trie)
{
	free(trie->nodes);
	rules_index_fini(&trie->index);
	memset(trie, 0, sizeof(*trie));
}

/* The next component of a path; empty ones count for nothing. */
static bool trie_component(const char **path, const char *end, const char **ret_text,
			   uint32_t *ret_len)
{
	const char *p = *path, *start;

	while (p < end && *p == '/')
		p++;
	if (p == end)
		return false;
	start = p;
	p = memchr(start, '/', (size_t)(end - start));
	if (!p)
		p = end;
	*ret_text = start;
	*ret_len = (uint32_t)(p - start);
	*path = p;
	return true;
}

static inline uint32_t trie_hash(uint32_t node, const char *text, uint32_t len)
{
	return (uint32_t)hash_bytes(text, len, node + UINT64_C(0x9e3779b97f4a7c15));
}

static uint32_t trie_child(const struct rules_trie *trie, uint32_t node, const char *text,
			   uint32_t len, uint32_t hash)
{
	uint32_t id;

	RULES_INDEX_FOR_EACH(&trie->index, hash, i, id)
	{
		const struct rules_trie_node *n = &trie->nodes[id];

		if (n->parent == node && n->len == len && memcmp(n->text, text, len) == 0)
			return id;
	}
	return 0;
}

static bool trie_is_glob(const char *text, uint32_t len)
{
	return memchr(text, '*', len) || memchr(text, '?', len) || memchr(text, '[', len);
}

static int trie_new(struct rules_trie *trie, uint32_t parent, const char *text, uint32_t len)
{
	if (trie->n >= UINT32_MAX / 2)
		return -E2BIG;
	if (rules_index_reserve(&trie->index) < 0 || GROW(trie->nodes, trie->n, trie->room) < 0)
		return -ENOMEM;
	trie->nodes[trie->n++] = (struct rules_trie_node){
		.parent = parent,
		.text = text,
		.len = len,
	};
	return 0;
}

/* The child for one component of a listed path, made if need be. */
static int trie_descend(struct rules_trie *trie, uint32_t node, const char *text, uint32_t len,
			uint32_t *ret_child)
{
	bool glob = trie_is_glob(text, len);
	uint32_t hash = trie_hash(node, text, len);
	uint32_t child = 0;
	int r;

	if (glob) {
		child = trie->nodes[node].first_glob;
		while (child && (trie->nodes[child].len != len ||
				 memcmp(trie->nodes[child].text, text, len) != 0))
			child = trie->nodes[child].next_glob;
	} else {
		child = trie_child(trie, node, text, len, hash);
	}
	if (!child) {
		r = trie_new(trie, node, text, len);
		if (r < 0)
			return r;
		child = trie->n - 1;
		if (glob) {
			trie->nodes[child].next_glob = trie->nodes[node].first_glob;
			trie->nodes[node].first_glob = child;
		} else {
			rules_index_add(&trie->index, hash, child);
		}
	}
	*ret_child = child;
	return 0;
}

int rules_trie_add(struct rules_trie *trie, const char *path, size_t len)
{
	const char *end = path + len, *text;
	uint32_t node = 0, text_len, depth = 0;
	int r;

	if (!trie->n) {
		r = trie_new(trie, 0, "", 0);
		if (r < 0)
			return r;
	}
	while (trie_component(&path, end, &text, &text_len)) {
		if (++depth > RULES_TRIE_MAX_DEPTH)
			return -E2BIG;
		r = trie_descend(trie, node, text, text_len, &node);
		if (r < 0)
			return r;
	}
	trie->nodes[node].end = true;
	return 0;
}

/* Each node is reached by one way only, so this visits none twice; depth is bounded by the list. */
static bool trie_match(const struct rules_trie *trie, uint32_t node, const char *path,
		       const char *end)
{
	const char *text;
	uint32_t len, child;

	for (;;) {
		const struct rules_trie_node *n = &trie->nodes[node];

		if (n->end)
			return true;
		if (!trie_component(&path, end, &text, &len))
			return false;
		child = trie_child(trie, node, text, len, trie_hash(node, text, len));
		if (!n->first_glob) {
			if (!child)
				return false;
			node = child;
			continue;
		}
		if (child && trie_match(trie, child, path, end))
			return true;
		for (child = n->first_glob; child; child = trie->nodes[child].next_glob)
			if (rules_glob_match(trie->nodes[child].text, trie->nodes[child].len, text,
					     len, false) &&
			    trie_match(trie, child, path, end))
				return true;
		return false;
	}
}

bool rules_trie_match(const struct rules_trie *trie, const char *path, size_t len)
{
	return trie->n && trie_match(trie, 0, path, path + len);
}
