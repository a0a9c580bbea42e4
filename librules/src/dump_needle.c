/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The needles of an automaton read back from its table. Once that is finished the edges
 * are gone: but a step that leads deeper than any before it is one of them, and what a
 * state inherits from a shorter needle is what its longest suffix, or where texts are
 * held against prefixes a state above it, has.
 */
#include "dump.h"

struct needles {
	const struct rules_ac *ac;
	uint8_t byte_of[256]; /* by class; the last of those it has: a small letter */
	uint32_t *parent;
	uint32_t *suffix;
	uint32_t *order; /* states by depth */
	uint32_t n;
	uint8_t *byte;
	bool *seen;
};

static void needles_fini(struct needles *n)
{
	free(n->parent);
	free(n->suffix);
	free(n->order);
	free(n->byte);
	free(n->seen);
}

static int needles_init(struct needles *n, const struct rules_ac *ac)
{
	memset(n, 0, sizeof(*n));
	n->ac = ac;
	n->parent = calloc(ac->n_states, sizeof(*n->parent));
	n->suffix = calloc(ac->n_states, sizeof(*n->suffix));
	n->order = calloc(ac->n_states, sizeof(*n->order));
	n->byte = calloc(ac->n_states, sizeof(*n->byte));
	n->seen = calloc(ac->n_states, sizeof(*n->seen));
	for (unsigned int b = 0; b < 256; b++)
		n->byte_of[ac->class_of[b]] = (uint8_t)b;
	return n->parent && n->suffix && n->order && n->byte && n->seen ? 0 : -ENOMEM;
}

static uint32_t step(const struct needles *n, uint32_t state, uint32_t class)
{
	const struct rules_ac *ac = n->ac;
	uint32_t to;

	if (!ac->next)
		return rules_ac_step(ac, state, n->byte_of[class]);
	to = ac->next[(size_t)state * ac->n_classes + class];
	return to == RULES_AC_DEAD ? to : (to & ~RULES_AC_HIT) / ac->n_classes;
}

/* Breadth first: a state is met first by the way that its needle spells. */
static void find_states(struct needles *n)
{
	n->order[n->n++] = 0;
	n->seen[0] = true;
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t state = n->order[i];

		for (uint32_t class = 1; class < n->ac->n_classes; class ++) {
			uint32_t to = step(n, state, class);

			if (to == RULES_AC_DEAD || n->seen[to])
				continue;
			n->seen[to] = true;
			n->parent[to] = state;
			n->byte[to] = n->byte_of[class];
			if (state && n->ac->mode == RULES_AC_CONTAINS)
				n->suffix[to] = step(n, n->suffix[state], class);
			n->order[n->n++] = to;
		}
	}
}

static size_t spell(const struct needles *n, uint32_t state, char *text, size_t size)
{
	size_t len = 0;

	for (; state && len < size; state = n->parent[state])
		text[len++] = (char)n->byte[state];
	for (size_t i = 0; n->ac->mode != RULES_AC_SUFFIX && i < len / 2; i++) {
		char c = text[i];

		text[i] = text[len - 1 - i];
		text[len - 1 - i] = c;
	}
	return len;
}

/* Whether the state has it from a shorter needle: its suffix, or one that it begins with. */
static bool is_inherited(const struct needles *n, uint32_t state, uint32_t local)
{
	const struct rules_ac *ac = n->ac;

	if (ac->mode == RULES_AC_CONTAINS)
		return state && rules_rows_has(&ac->set, ac->rows[n->suffix[state]], local);
	while (state) {
		state = n->parent[state];
		if (rules_rows_has(&ac->set, ac->rows[state], local))
			return true;
	}
	return false;
}

int rules_dump_needles(const struct rules_ac *ac, uint32_t local, rules_dump_needle_fn fn,
		       void *userdata)
{
	struct needles n;
	char text[1024];
	int r = needles_init(&n, ac);

	if (r == 0)
		find_states(&n);
	for (uint32_t i = 0; r == 0 && i < n.n; i++) {
		uint32_t state = n.order[i];

		if (!rules_rows_has(&ac->set, ac->rows[state], local))
			continue;
		if (is_inherited(&n, state, local))
			continue;
		fn(userdata, text, spell(&n, state, text, sizeof(text)));
	}
	needles_fini(&n);
	return r;
}
