/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph of conjunctions: building it from condition trees with interning and
 * the simplifications that cost nothing, and ordering it for evaluation.
 */
#include "dag.h"

#include "common/hash.h"
#include "predicate.h"

/* Conjunctions longer than this are not merged into those that use them. */
#define DAG_MAX_FLATTEN 64

struct rules_program *rules_program_new(const struct saker_catalogue *catalogue)
{
	struct rules_program *program = calloc(1, sizeof(*program));

	if (!program)
		return NULL;
	arena_init(&program->arena, 16384);
	program->catalogue = catalogue;
	program->n_codes = MAX(catalogue->n_codes, 1);
	program->n_words = (program->n_codes + 63) / 64;
	program->plan_of_code = calloc(program->n_codes, sizeof(uint32_t));
	/* node 0: false; plan 0: nothing to do */
	if (!program->plan_of_code || GROW(program->nodes, 0, program->room_nodes) < 0 ||
	    GROW(program->plans, 0, program->room_plans) < 0)
		return rules_program_free(program);
	program->nodes[program->n_nodes++] = (struct rules_dag_node){.kind = RULES_DAG_CONSTANT};
	program->plans[program->n_plans++] = (struct rules_plan){0};
	return program;
}

static void program_free_group(struct rules_group *group)
{
	free(group->predicates);
	if (group->kind == RULES_GROUP_SET)
		rules_set_fini(&group->set);
	else if (group->kind == RULES_GROUP_NET)
		rules_net_fini(&group->net);
	else
		rules_ac_fini(&group->ac);
}

struct rules_program *rules_program_free(struct rules_program *program)
{
	if (!program)
		return NULL;
	for (uint32_t i = 0; i < program->n_predicates; i++) {
		struct rules_predicate *p = &program->predicates[i];

		for (uint32_t k = 0; p->regexes && k < p->n_constants; k++)
			rules_regex_free(p->regexes[k]);
		if (p->trie)
			rules_trie_fini(p->trie);
		free(p->trie);
	}
	for (uint32_t i = 0; i < program->n_groups; i++)
		program_free_group(&program->groups[i]);
	free(program->terms);
	free(program->predicates);
	free(program->nodes);
	free(program->edges);
	free(program->groups);
	free(program->plans);
	free(program->plan_buckets);
	free(program->plan_dispatches);
	free(program->plan_slots);
	free(program->plan_entries);
	free(program->screen_steps);
	free(program->probes);
	free(program->probe_checks);
	free(program->probe_groups);
	free(program->probe_pairs);
	free(program->lane_words);
	free(program->plan_of_code);
	arena_fini(&program->arena);
	free(program);
	return NULL;
}

void rules_program_codes(const struct rules_program *program, uint64_t *bitmap, uint32_t n_words)
{
	for (uint32_t code = 0; code < program->n_codes; code++)
		if (program->plan_of_code[code] && code / 64 < n_words)
			bitmap[code / 64] |= UINT64_C(1) << (code % 64);
}

/* ---- nodes --------------------------------------------------------------- */

static int dag_new_node(struct rules_builder *builder, uint32_t hash,
			const struct rules_dag_node *node, const uint64_t *codes,
			uint32_t *ret_node)
{
	struct rules_program *program = builder->program;

	if (program->n_nodes >= UINT32_MAX / 4)
		return -E2BIG;
	while (builder->n_node_codes <= program->n_nodes) {
		if (GROW(builder->node_codes, builder->n_node_codes, builder->room_node_codes) < 0)
			return -ENOMEM;
		builder->node_codes[builder->n_node_codes++] = NULL;
	}
	if (rules_index_reserve(&builder->nodes) < 0 ||
	    GROW(program->nodes, program->n_nodes, program->room_nodes) < 0)
		return -ENOMEM;
	builder->node_codes[program->n_nodes] = codes;
	program->nodes[program->n_nodes] = *node;
	rules_index_add(&builder->nodes, hash, program->n_nodes);
	*ret_node = program->n_nodes++;
	return 0;
}

int rules_dag_predicate(struct rules_builder *builder, uint32_t predicate, uint32_t *ret_literal)
{
	struct rules_program *program = builder->program;
	struct rules_predicate *p = &program->predicates[predicate];
	struct rules_dag_node node = {
		.kind = RULES_DAG_PREDICATE,
		.selects = p->may != NULL,
		.varies = p->may || program->terms[p->term].codes,
		.depth = 1,
		.first = predicate,
	};
	uint32_t n_words = program->n_words, id;
	uint64_t *codes = NULL;
	int r;

	if (p->node == RULES_NO_ID) {
		if (p->may) {
			codes = arena_alloc(builder->scratch, 2 * n_words * sizeof(*codes));
			if (!codes)
				return -ENOMEM;
			for (uint32_t i = 0; i < n_words; i++) {
				codes[i] = p->may[i];
				codes[n_words + i] = ~p->must[i];
			}
		}
		r = dag_new_node(builder, (uint32_t)hash_u64(predicate), &node, codes, &id);
		if (r < 0)
			return r;
		program->predicates[predicate].node = id;
	}
	*ret_literal = program->predicates[predicate].node << 1;
	return 0;
}

void rules_dag_codes(const struct rules_builder *builder, uint32_t literal, uint64_t *ret_bitmap)
{
	uint32_t n_words = builder->program->n_words;
	const uint64_t *codes =
		literal >> 1 < builder->n_node_codes ? builder->node_codes[literal >> 1] : NULL;
	uint32_t n_codes = builder->program->n_codes;

	if (literal == RULES_LITERAL_FALSE)
		memset(ret_bitmap, 0, n_words * sizeof(*ret_bitmap));
	else if (codes)
		memcpy(ret_bitmap, codes + (literal & 1 ? n_words : 0),
		       n_words * sizeof(*ret_bitmap));
	else
		memset(ret_bitmap, 0xff, n_words * sizeof(*ret_bitmap));
	if (n_codes % 64)
		ret_bitmap[n_words - 1] &= (UINT64_C(1) << (n_codes % 64)) - 1;
}

bool rules_dag_can_hold(const struct rules_builder *builder, uint32_t literal, uint32_t code)
{
	const uint64_t *codes =
		literal >> 1 < builder->n_node_codes ? builder->node_codes[literal >> 1] : NULL;

	if (codes && literal & 1)
		codes += builder->program->n_words;
	return !codes || codes[code / 64] >> (code % 64) & 1;
}

/* A conjunction can hold where all of its parts can, and fail where one can. */
static int dag_and_codes(struct rules_builder *builder, const uint32_t *literals, uint32_t n,
			 const uint64_t **ret_codes)
{
	uint32_t n_words = builder->program->n_words;
	uint64_t *codes = arena_alloc(builder->scratch, 2 * n_words * sizeof(*codes));
	uint64_t part[RULES_CODE_WORDS];

	if (!codes)
		return -ENOMEM;
	memset(codes, 0xff, n_words * sizeof(*codes));
	for (uint32_t i = 0; i < n; i++) {
		rules_dag_codes(builder, literals[i], part);
		for (uint32_t w = 0; w < n_words; w++)
			codes[w] &= part[w];
		rules_dag_codes(builder, literals[i] ^ 1, part);
		for (uint32_t w = 0; w < n_words; w++)
			codes[n_words + w] |= part[w];
	}
	*ret_codes = codes;
	return 0;
}

static int dag_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The children of conjunctions among the literals in place of these; NULL = out of memory. */
static uint32_t *dag_flatten(const struct rules_program *program, const uint32_t *literals,
			     uint32_t n, uint32_t *ret_n)
{
	uint32_t total = 0, at = 0, *flat;

	for (uint32_t i = 0; i < n; i++) {
		const struct rules_dag_node *node = &program->nodes[literals[i] >> 1];
		bool merge = !(literals[i] & 1) && node->kind == RULES_DAG_AND &&
			     node->n <= DAG_MAX_FLATTEN;

		total += merge ? node->n : 1;
	}
	flat = util_reallocarray(NULL, MAX(total, 1), sizeof(*flat));
	if (!flat)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		const struct rules_dag_node *node = &program->nodes[literals[i] >> 1];

		if (!(literals[i] & 1) && node->kind == RULES_DAG_AND &&
		    node->n <= DAG_MAX_FLATTEN) {
			memcpy(flat + at, program->edges + node->first, node->n * sizeof(*flat));
			at += node->n;
		} else {
			flat[at++] = literals[i];
		}
	}
	*ret_n = total;
	return flat;
}

/* Sorts, drops what is twice or true; false when the whole is. */
static bool dag_normalise(uint32_t *literals, uint32_t *n)
{
	uint32_t kept = 0;

	if (*n)
		qsort(literals, *n, sizeof(*literals), dag_compare);
	for (uint32_t i = 0; i < *n; i++) {
		if (literals[i] == RULES_LITERAL_FALSE)
			return false;
		if (literals[i] == RULES_LITERAL_TRUE ||
		    (kept && literals[kept - 1] == literals[i]))
			continue;
		/* a literal and its negation are neighbours */
		if (kept && (literals[kept - 1] ^ 1) == literals[i])
			return false;
		literals[kept++] = literals[i];
	}
	*n = kept;
	return true;
}

static int dag_intern_and(struct rules_builder *builder, const uint32_t *literals, uint32_t n,
			  uint32_t *ret_literal)
{
	struct rules_program *program = builder->program;
	uint32_t hash = (uint32_t)hash_bytes(literals, n * sizeof(*literals), n), id;
	struct rules_dag_node node = {.kind = RULES_DAG_AND, .first = program->n_edges, .n = n};
	const uint64_t *codes = NULL;
	int r;

	RULES_INDEX_FOR_EACH(&builder->nodes, hash, i, id)
	{
		const struct rules_dag_node *known = &program->nodes[id];

		if (known->kind == RULES_DAG_AND && known->n == n &&
		    memcmp(program->edges + known->first, literals, n * sizeof(*literals)) == 0) {
			*ret_literal = id << 1;
			return 0;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct rules_dag_node *child = &program->nodes[literals[i] >> 1];

		node.selects |= child->selects;
		node.varies |= child->varies;
		node.depth = MAX(node.depth, child->depth + 1);
		if (GROW(program->edges, program->n_edges, program->room_edges) < 0)
			return -ENOMEM;
		program->edges[program->n_edges++] = literals[i];
	}
	if (node.depth > RULES_DAG_MAX_DEPTH)
		return rules_fail(builder, NULL, "the condition is nested too deeply");
	if (node.selects) {
		r = dag_and_codes(builder, literals, n, &codes);
		if (r < 0)
			return r;
	}
	r = dag_new_node(builder, hash, &node, codes, &id);
	if (r < 0)
		return r;
	*ret_literal = id << 1;
	return 0;
}

int rules_dag_and(struct rules_builder *builder, uint32_t *literals, uint32_t n,
		  uint32_t *ret_literal)
{
	_cleanup_free_ uint32_t *flat = dag_flatten(builder->program, literals, n, &n);

	if (!flat)
		return -ENOMEM;
	if (!dag_normalise(flat, &n)) {
		*ret_literal = RULES_LITERAL_FALSE;
		return 0;
	}
	if (n == 0) {
		*ret_literal = RULES_LITERAL_TRUE;
		return 0;
	}
	if (n == 1) {
		*ret_literal = flat[0];
		return 0;
	}
	return dag_intern_and(builder, flat, n, ret_literal);
}

/* ---- conditions ---------------------------------------------------------- */

static uint32_t dag_node_hash(const struct rules_node *node)
{
	return (uint32_t)hash_u64((uintptr_t)node);
}

struct rules_seen *rules_dag_seen(const struct rules_builder *builder,
				  const struct rules_node *node)
{
	uint32_t hash = dag_node_hash(node), id;

	RULES_INDEX_FOR_EACH(&builder->seen, hash, i, id)
	{
		if (builder->seen_nodes[id].node == node)
			return &builder->seen_nodes[id];
	}
	return NULL;
}

static int dag_remember(struct rules_builder *builder, const struct rules_node *node,
			uint32_t literal)
{
	if (rules_index_reserve(&builder->seen) < 0 ||
	    GROW(builder->seen_nodes, builder->n_seen_nodes, builder->room_seen_nodes) < 0)
		return -ENOMEM;
	builder->seen_nodes[builder->n_seen_nodes] = (struct rules_seen){node, literal, NULL};
	rules_index_add(&builder->seen, dag_node_hash(node), builder->n_seen_nodes++);
	return 0;
}

static int dag_compile(struct rules_builder *builder, const struct rules_node *node, unsigned depth,
		       uint32_t *ret_literal);

static int dag_compile_children(struct rules_builder *builder, const struct rules_node *node,
				unsigned depth, uint32_t *ret_literal)
{
	uint32_t negate = node->kind == RULES_NODE_OR;
	_cleanup_free_ uint32_t *literals =
		util_reallocarray(NULL, MAX(node->n_children, 1), sizeof(*literals));
	int r;

	if (!literals)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->n_children; i++) {
		r = dag_compile(builder, node->children[i], depth + 1, &literals[i]);
		if (r < 0)
			return r;
		literals[i] ^= negate;
	}
	r = rules_dag_and(builder, literals, node->n_children, ret_literal);
	if (r >= 0)
		*ret_literal ^= negate;
	return r;
}

static int dag_compile(struct rules_builder *builder, const struct rules_node *node, unsigned depth,
		       uint32_t *ret_literal)
{
	const struct rules_seen *seen = rules_dag_seen(builder, node);
	int r = 0;

	if (seen) {
		*ret_literal = seen->literal;
		return 0;
	}
	if (depth > RULES_DAG_MAX_DEPTH)
		return rules_fail(builder, &node->mark, "the condition is nested too deeply");
	switch (node->kind) {
	case RULES_NODE_AND:
	case RULES_NODE_OR:
		r = dag_compile_children(builder, node, depth, ret_literal);
		break;
	case RULES_NODE_NOT:
		r = dag_compile(builder, node->children[0], depth + 1, ret_literal);
		*ret_literal ^= 1;
		break;
	case RULES_NODE_CHECK:
		r = rules_predicate_compile(builder, node, ret_literal);
		break;
	case RULES_NODE_MACRO:
		return rules_fail(builder, &node->mark, "filter error: unexpected identifier '%s'",
				  node->macro);
	}
	return r < 0 ? r : dag_remember(builder, node, *ret_literal);
}

int rules_compile_condition(struct rules_builder *builder, const struct rules_node *root,
			    uint32_t *ret_literal)
{
	uint32_t literal = RULES_LITERAL_FALSE;
	int r;

	if (builder->seen.n)
		memset(builder->seen.slots, 0,
		       builder->seen.capacity * sizeof(*builder->seen.slots));
	builder->seen.n = 0;
	builder->n_seen_nodes = 0;
	builder->n_deprecated = 0;
	r = dag_compile(builder, root, 0, &literal);
	/* The compile stopped at an error; what is deprecated behind it is told all the same. */
	if (r == -EBADMSG && builder->warn && rules_predicate_note_deprecated(builder, root) < 0)
		r = -ENOMEM;
	rules_predicate_warn_deprecated(builder);
	if (r >= 0)
		*ret_literal = literal;
	return r;
}

/* ---- order of evaluation ------------------------------------------------- */

struct dag_rank {
	float rank;
	uint32_t literal;
};

static int dag_rank_compare(const void *a, const void *b)
{
	const struct dag_rank *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->literal < y->literal ? -1 : x->literal > y->literal;
}

/* Cost over the chance that it ends the conjunction: the order with the least expected cost. */
static void dag_order_node(struct rules_builder *builder, uint32_t id, struct dag_rank *ranks)
{
	struct rules_program *program = builder->program;
	const struct rules_dag_node *node = &program->nodes[id];
	float cost = 2, reach = 1;

	for (uint32_t i = 0; i < node->n; i++) {
		uint32_t literal = program->edges[node->first + i];
		float truth = builder->node_truth[literal >> 1];

		if (literal & 1)
			truth = 1 - truth;
		ranks[i].literal = literal;
		ranks[i].rank = builder->node_cost[literal >> 1] / (1.001f - truth);
	}
	qsort(ranks, node->n, sizeof(*ranks), dag_rank_compare);
	for (uint32_t i = 0; i < node->n; i++) {
		uint32_t child = ranks[i].literal >> 1;
		float truth = builder->node_truth[child];

		program->edges[node->first + i] = ranks[i].literal;
		cost += reach * builder->node_cost[child];
		reach *= ranks[i].literal & 1 ? 1 - truth : truth;
	}
	builder->node_cost[id] = cost;
	builder->node_truth[id] = MAX(reach, 1e-6f);
}

int rules_dag_order(struct rules_builder *builder)
{
	struct rules_program *program = builder->program;
	_cleanup_free_ struct dag_rank *ranks = NULL;
	uint32_t longest = 1;

	builder->node_cost = calloc(program->n_nodes, sizeof(*builder->node_cost));
	builder->node_truth = calloc(program->n_nodes, sizeof(*builder->node_truth));
	for (uint32_t i = 0; i < program->n_nodes; i++)
		longest = MAX(longest, program->nodes[i].n);
	ranks = util_reallocarray(NULL, longest, sizeof(*ranks));
	if (!builder->node_cost || !builder->node_truth || !ranks)
		return -ENOMEM;
	/* children have lower numbers than their parents */
	for (uint32_t i = 1; i < program->n_nodes; i++) {
		if (program->nodes[i].kind == RULES_DAG_AND) {
			dag_order_node(builder, i, ranks);
		} else {
			struct rules_predicate *p = &program->predicates[program->nodes[i].first];

			rules_predicate_estimate(program, p);
			builder->node_cost[i] = (float)p->cost;
			builder->node_truth[i] = p->truth;
		}
	}
	return 0;
}
