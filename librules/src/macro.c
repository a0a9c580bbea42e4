/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros: each is parsed once, and its tree is shared by all conditions that
 * name it. A macro sees the macros defined before it was last touched; a rule
 * sees all.
 */
#include <stdio.h>

#include "resolve.h"

/* Names looked at for a "did you mean". */
#define MAX_CANDIDATES 4096

static int resolve_node(struct rules_resolver *v, struct rules_node *node, struct rules_tree *ret);

/* Fields of plugins that say "<NA>" themselves: comparing with that never does what it says. */
static bool is_unsafe(const struct rules_node *check)
{
	const struct rules_operand *rhs = check->rhs, *value;
	struct rules_values values;

	if (check->lhs->kind != RULES_OPERAND_FIELD || !rhs ||
	    (strncmp(check->lhs->text, "ka.", 3) != 0 &&
	     strncmp(check->lhs->text, "jevt.", 5) != 0))
		return false;
	if (check->op != RULES_OP_EQ && check->op != RULES_OP_NE && !rules_op_takes_list(check->op))
		return false;
	if (rhs->kind == RULES_OPERAND_TEXT)
		return util_streq(rhs->text, "<NA>");
	if (rhs->kind != RULES_OPERAND_LIST)
		return false;
	values = rules_values_of(&check->rhs);
	while ((value = rules_values_next(&values))) {
		if (util_streq(value->text, "<NA>"))
			return true;
	}
	return false;
}

static const char *nearest_macro(struct rules_resolver *v, const char *name, char *hint,
				 size_t size)
{
	const struct rules_definitions *d = v->definitions;
	const struct rules_macro *later = rules_find_macro(d, name);
	const char **names;
	const char *near;
	uint32_t n = 0;

	if (later)
		return "The macro is defined further down: move it before its first use in a "
		       "macro.";
	names = util_reallocarray(NULL, d->n_macros, sizeof(*names));
	if (!names)
		return "";
	for (uint32_t i = 0; i < d->n_macros && n < MAX_CANDIDATES; i++) {
		if (d->macros[i].index < v->visibility)
			names[n++] = d->macros[i].name;
	}
	near = rules_nearest(name, names, n);
	free(names);
	if (near)
		snprintf(hint, size, "Did you mean '%s'?", near);
	else
		snprintf(hint, size, "Define the macro, or check its spelling.");
	return hint;
}

static int undefined(struct rules_resolver *v, const struct rules_node *node)
{
	char hint[256];

	return rules_finding_at(v->reporter, RULES_LOAD_ERR_VALIDATE, v->place, &node->mark,
				nearest_macro(v, node->macro, hint, sizeof(hint)),
				"Undefined macro '%s' used in filter.", node->macro);
}

static int too_complex(struct rules_resolver *v, const struct rules_node *node)
{
	return rules_finding_at(v->reporter, RULES_LOAD_ERR_VALIDATE, v->place, &node->mark,
				"Split the condition, or use lists instead of nested macros.",
				"condition is too complex once its macros are written out: more "
				"than %u levels or %u checks",
				RULES_MAX_TREE_DEPTH, RULES_MAX_TREE_NODES);
}

/* A macro that no run has finished yet: one that was touched after the one at hand. */
static int resolve_early(struct rules_resolver *v, struct rules_macro_tree *m,
			 struct rules_node *node, struct rules_tree *ret)
{
	int r;

	if (m->memo_run == v->run) {
		*ret = m->memo;
		return 0;
	}
	if (v->path >= RULES_MAX_TREE_DEPTH)
		return too_complex(v, node);
	m->on_path = true;
	v->path++;
	r = resolve_node(v, m->raw, ret);
	v->path--;
	m->on_path = false;
	if (r < 0)
		return r;
	m->memo = *ret;
	m->memo_run = v->run;
	return 0;
}

static int resolve_macro(struct rules_resolver *v, struct rules_node *node, struct rules_tree *ret)
{
	const struct rules_macro *macro = rules_find_macro(v->definitions, node->macro);
	struct rules_macro_tree *m;
	int r = 0;

	if (!macro || macro->index >= v->visibility)
		return undefined(v, node);
	m = &v->macros[macro - v->definitions->macros];
	if (m->failed)
		return -EBADMSG;
	if (m->on_path)
		return rules_finding_at(v->reporter, RULES_LOAD_ERR_VALIDATE, v->place, &node->mark,
					"Take the macro out of its own condition.",
					"reference loop in macro '%s'", macro->name);
	if (m->done)
		*ret = m->tree;
	else
		r = resolve_early(v, m, node, ret);
	if (r == 0)
		m->used = true;
	return r;
}

/* Children in place of what they named; the node itself is copied when one changed. */
static int resolve_children(struct rules_resolver *v, struct rules_node *node,
			    struct rules_tree *ret)
{
	struct rules_node *copy = node;

	*ret = (struct rules_tree){.depth = 1, .nodes = 1};
	for (uint32_t i = 0; i < node->n_children; i++) {
		struct rules_tree child;
		int r = resolve_node(v, node->children[i], &child);

		if (r < 0)
			return r;
		if (child.root != node->children[i] && copy == node) {
			copy = arena_alloc(v->arena, sizeof(*copy));
			if (!copy)
				return -ENOMEM;
			*copy = *node;
			copy->children =
				arena_alloc(v->arena, node->n_children * sizeof(*copy->children));
			if (!copy->children)
				return -ENOMEM;
			memcpy(copy->children, node->children,
			       node->n_children * sizeof(*copy->children));
		}
		if (copy != node)
			copy->children[i] = child.root;
		ret->depth = MAX(ret->depth, child.depth + 1);
		ret->nodes += child.nodes;
		if (!ret->unsafe)
			ret->unsafe = child.unsafe;
		if (ret->depth > RULES_MAX_TREE_DEPTH || ret->nodes > RULES_MAX_TREE_NODES)
			return too_complex(v, node->children[i]);
	}
	ret->root = copy;
	return 0;
}

static int resolve_node(struct rules_resolver *v, struct rules_node *node, struct rules_tree *ret)
{
	switch (node->kind) {
	case RULES_NODE_MACRO:
		return resolve_macro(v, node, ret);
	case RULES_NODE_CHECK:
		*ret = (struct rules_tree){.root = node, .depth = 1, .nodes = 1};
		if (is_unsafe(node))
			ret->unsafe = &node->mark;
		return 0;
	default:
		return resolve_children(v, node, ret);
	}
}

int rules_resolve_condition(struct rules_resolver *v, struct rules_node *root, uint32_t visibility,
			    const struct rules_place *place, struct rules_tree *ret)
{
	v->run++;
	v->visibility = visibility;
	v->place = place;
	v->path = 0;
	return resolve_node(v, root, ret);
}

static int parse_macro(struct rules_resolver *v, uint32_t position)
{
	const struct rules_macro *macro = &v->definitions->macros[position];
	struct rules_macro_tree *m = &v->macros[position];
	struct rules_text text = {0};
	uint32_t source;
	int r = rules_text_add_string(&text, &macro->condition);

	rules_about(v->reporter, RULES_STAGE_MACRO_TEXT, position, 0);
	if (r == 0)
		r = rules_resolver_parse(v, &text, macro->condition_place, &source, &m->raw);
	rules_text_fini(&text);
	if (r == -EBADMSG) {
		m->failed = true;
		return 0;
	}
	return r;
}

static int resolve_one(struct rules_resolver *v, uint32_t position)
{
	const struct rules_macro *macro = &v->definitions->macros[position];
	struct rules_macro_tree *m = &v->macros[position];
	int r;

	if (m->failed)
		return 0;
	rules_about(v->reporter, RULES_STAGE_MACRO, position, 0);
	r = rules_resolve_condition(v, m->raw, macro->visibility, macro->place, &m->tree);
	if (r == -EBADMSG) {
		m->failed = true;
		return 0;
	}
	m->done = r == 0;
	return r;
}

int rules_resolve_macros(struct rules_resolver *v)
{
	uint32_t n = v->definitions->n_macros;
	int r = 0;

	v->macros = arena_alloc(v->arena, n * sizeof(*v->macros));
	if (!v->macros)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = parse_macro(v, i);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = resolve_one(v, i);
	return r;
}
