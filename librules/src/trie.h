/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pmatch: whether one of many paths is a prefix of a path, component by
 * component; a component of the list may be a glob.
 */
#ifndef RULES_TRIE_H
#define RULES_TRIE_H

#include "set.h"

/* A path may have this many components that matter; deeper ones can't be listed. */
#define RULES_TRIE_MAX_DEPTH 1024

struct rules_trie {
	struct rules_trie_node {
		uint32_t parent;
		const char *text; /* the caller's, as long as the trie */
		uint32_t len;
		uint32_t next_glob;  /* sibling among the parent's globs; 0 = last */
		uint32_t first_glob; /* of its own children; 0 = none */
		bool end;	     /* a listed path ends here */
	} * nodes;		     /* node 0 is the root */
	uint32_t n;
	uint32_t room;
	struct rules_index index; /* plain children */
};

void rules_trie_fini(struct rules_trie *trie);
/* path must outlive the trie. -E2BIG when it is too deep. */
int rules_trie_add(struct rules_trie *trie, const char *path, size_t len);
bool rules_trie_match(const struct rules_trie *trie, const char *path, size_t len);

/*
 * fnmatch(3) without flags, in the C locale, over slices: * and ? also match /
 * and a leading dot. fold: letters compare without case.
 */
bool rules_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len,
		      bool fold);

#endif /* RULES_TRIE_H */
