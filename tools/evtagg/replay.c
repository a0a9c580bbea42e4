/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as nodes that rule sets share, and their three-valued answers. See replay.h. */
#include <saker/enrich.h>

#include "common/arena.h"
#include "common/hash.h"
#include "evtagg.h"
#include "replay.h"

#define MAX_FILE (64u << 20) /* of rules on standard input */
#define MAX_FACTS 4096	     /* of a rule; more are not drawn */

struct node {
	uint8_t kind;	 /* enum saker_expression_kind */
	uint8_t truth;	 /* as of `serial` */
	uint8_t assumed; /* as of `assumed_serial` */
	uint64_t serial;
	uint64_t assumed_serial;
	const char *key;    /* what makes it this node */
	uint32_t *children; /* sorted, none twice */
	uint32_t n_children;
	struct saker_filter *filter; /* of a check; NULL = it cannot be decided */
};

struct replay {
	struct alert_fields *fields;
	struct arena arena;
	struct node *nodes;
	uint32_t n_nodes, cap_nodes;
	uint32_t *table; /* node + 1, by key */
	uint32_t table_size;
	const struct record *record;
	uint64_t serial;	 /* of answers: alert or assumption */
	uint64_t assumed_serial; /* of the alert */
	const struct replay_rule *assumed;
	struct saker_inspection **inspections; /* that rules point into */
	uint32_t n_inspections, cap_inspections;
};

int replay_new(struct wanted *wanted, struct replay **ret_replay)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	arena_init(&r->arena, 64 << 10);
	r->table_size = 1024;
	r->table = calloc(r->table_size, sizeof(*r->table));
	if (!r->table || alert_fields_new(wanted, &r->fields) < 0) {
		replay_free(r);
		return -ENOMEM;
	}
	*ret_replay = r;
	return 0;
}

struct replay *replay_free(struct replay *replay)
{
	if (!replay)
		return NULL;
	for (uint32_t i = 0; i < replay->n_nodes; i++)
		saker_filter_free(replay->nodes[i].filter);
	for (uint32_t i = 0; i < replay->n_inspections; i++)
		saker_inspection_free(replay->inspections[i]);
	free(replay->inspections);
	free(replay->nodes);
	free(replay->table);
	alert_fields_free(replay->fields);
	arena_fini(&replay->arena);
	free(replay);
	return NULL;
}

/* ---- nodes --------------------------------------------------------------------- */

static uint32_t *slot_of(const struct replay *r, const char *key)
{
	uint64_t i = hash_bytes(key, strlen(key), 0);

	for (;; i++) {
		uint32_t *slot = &r->table[i & (r->table_size - 1)];

		if (!*slot || util_streq(r->nodes[*slot - 1].key, key))
			return slot;
	}
}

static int grow_table(struct replay *r)
{
	uint32_t *old = r->table;

	if (r->n_nodes * 2 < r->table_size)
		return 0;
	r->table = calloc((size_t)r->table_size * 2, sizeof(*r->table));
	if (!r->table) {
		r->table = old;
		return -ENOMEM;
	}
	r->table_size *= 2;
	for (uint32_t i = 0; i < r->n_nodes; i++)
		*slot_of(r, r->nodes[i].key) = i + 1;
	free(old);
	return 0;
}

static int add_node(struct replay *r, enum saker_expression_kind kind, const struct textbuf *key,
		    const uint32_t *children, uint32_t n_children)
{
	struct node node = {.kind = (uint8_t)kind, .n_children = n_children};
	uint32_t *slot;
	int rc;

	if (key->failed || grow_table(r) < 0)
		return -ENOMEM;
	slot = slot_of(r, key->p);
	if (*slot)
		return (int)*slot - 1;
	if (GROW(r->nodes, r->n_nodes, r->cap_nodes) < 0)
		return -ENOMEM;
	node.key = arena_strdup(&r->arena, key->p);
	node.children = arena_alloc(&r->arena, (n_children + 1) * sizeof(*children));
	if (!node.key || !node.children)
		return -ENOMEM;
	if (n_children)
		memcpy(node.children, children, n_children * sizeof(*children));
	if (kind == SAKER_EXPRESSION_CHECK) {
		rc = alert_fields_compile(r->fields, node.key, &node.filter);
		if (rc == -ENOMEM)
			return rc;
		if (rc < 0)
			node.filter = NULL; /* too many fields, or one that cannot be asked alone */
	}
	*slot = r->n_nodes + 1;
	r->nodes[r->n_nodes] = node;
	return (int)r->n_nodes++;
}

static void put_operand(struct textbuf *out, const struct saker_operand *o)
{
	if (o->kind != SAKER_OPERAND_LIST) {
		textbuf_puts(out, o->written);
		return;
	}
	textbuf_puts(out, "(");
	for (uint32_t i = 0; i < o->n_args; i++) {
		textbuf_puts(out, i ? ", " : "");
		put_operand(out, o->args[i]);
	}
	textbuf_puts(out, ")");
}

static int check_node(struct replay *r, const struct saker_expression *e)
{
	struct textbuf key = {0};
	int id;

	put_operand(&key, e->left);
	textbuf_printf(&key, " %s%s%s", e->op, *e->modifier ? " " : "", e->modifier);
	if (e->right) {
		textbuf_puts(&key, " ");
		put_operand(&key, e->right);
	}
	id = add_node(r, SAKER_EXPRESSION_CHECK, &key, NULL, 0);
	textbuf_fini(&key);
	return id;
}

struct ids {
	uint32_t *v;
	uint32_t n, capacity;
};

static int expression_node(struct replay *r, const struct saker_expression *e);

/* Children of the same kind are taken in: (a and (b and c)) is one node of three. */
static int collect(struct replay *r, const struct saker_expression *e, struct ids *ids)
{
	for (uint32_t i = 0; i < e->n_children; i++) {
		int id = expression_node(r, e->children[i]);
		const struct node *child;
		uint32_t n;

		if (id < 0)
			return id;
		child = &r->nodes[id];
		n = child->kind == e->kind && e->kind != SAKER_EXPRESSION_NOT ? child->n_children
									      : 0;
		for (uint32_t k = 0; k < (n ? n : 1); k++) {
			if (GROW(ids->v, ids->n, ids->capacity) < 0)
				return -ENOMEM;
			ids->v[ids->n++] = n ? r->nodes[id].children[k] : (uint32_t)id;
		}
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int expression_node(struct replay *r, const struct saker_expression *e)
{
	struct textbuf key = {0};
	struct ids ids = {0};
	uint32_t n = 0;
	int id;

	if (e->kind == SAKER_EXPRESSION_CHECK)
		return check_node(r, e);
	id = collect(r, e, &ids);
	if (id < 0)
		goto out;
	qsort(ids.v, ids.n, sizeof(*ids.v), by_id);
	for (uint32_t i = 0; i < ids.n; i++) {
		if (!n || ids.v[n - 1] != ids.v[i])
			ids.v[n++] = ids.v[i];
	}
	textbuf_puts(&key, e->kind == SAKER_EXPRESSION_AND  ? "and"
			   : e->kind == SAKER_EXPRESSION_OR ? "or"
							    : "not");
	for (uint32_t i = 0; i < n; i++)
		textbuf_printf(&key, " %u", ids.v[i]);
	id = add_node(r, e->kind, &key, ids.v, n);
out:
	textbuf_fini(&key);
	free(ids.v);
	return id;
}

/* ---- answers --------------------------------------------------------------------- */

/* Wider than something that held: (a or b) held, so (a or b or c) does. */
static bool widened(const struct replay *r, const struct node *node)
{
	for (uint32_t i = 0; i < r->assumed->n_facts; i++) {
		const struct replay_fact *fact = &r->assumed->facts[i];
		const struct node *held = &r->nodes[fact->node];
		uint32_t k = 0, at = 0;

		if (fact->truth != TRUTH_TRUE || held->kind != SAKER_EXPRESSION_OR)
			continue;
		for (; k < held->n_children; k++) {
			while (at < node->n_children && node->children[at] < held->children[k])
				at++;
			if (at == node->n_children || node->children[at] != held->children[k])
				break;
		}
		if (k == held->n_children)
			return true;
	}
	return false;
}

static enum truth ask(struct replay *r, uint32_t id);

static enum truth ask_children(struct replay *r, const struct node *node)
{
	/* What ends an `and` ends no `or`, and the other way round. */
	enum truth end = node->kind == SAKER_EXPRESSION_AND ? TRUTH_FALSE : TRUTH_TRUE;
	bool undecided = false;

	for (uint32_t i = 0; i < node->n_children; i++) {
		enum truth t = ask(r, node->children[i]);

		if (t == end)
			return end;
		undecided |= t == TRUTH_UNDECIDED;
	}
	if (undecided)
		return TRUTH_UNDECIDED;
	return end == TRUTH_FALSE ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth compute(struct replay *r, const struct node *node)
{
	enum truth t;

	switch (node->kind) {
	case SAKER_EXPRESSION_CHECK:
		return node->filter ? alert_fields_check(r->fields, node->filter, r->record)
				    : TRUTH_UNDECIDED;
	case SAKER_EXPRESSION_NOT:
		t = ask(r, node->children[0]);
		return t == TRUTH_UNDECIDED ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
	default:
		return ask_children(r, node);
	}
}

static enum truth ask(struct replay *r, uint32_t id)
{
	struct node *node = &r->nodes[id];
	enum truth t;

	if (node->serial == r->serial)
		return node->truth;
	t = compute(r, node);
	if (t == TRUTH_UNDECIDED && r->assumed) {
		if (node->assumed_serial == r->assumed_serial)
			t = node->assumed;
		else if (node->kind == SAKER_EXPRESSION_OR && widened(r, node))
			t = TRUTH_TRUE;
	}
	node->serial = r->serial;
	node->truth = (uint8_t)t;
	return t;
}

void replay_begin(struct replay *replay, const struct record *record)
{
	replay->record = record;
	replay->assumed = NULL;
	replay->serial++;
	replay->assumed_serial = replay->serial;
}

void replay_assume(struct replay *replay, const struct replay_rule *rule)
{
	replay->assumed = rule;
	replay->serial++;
	for (uint32_t i = 0; i < rule->n_facts; i++) {
		struct node *node = &replay->nodes[rule->facts[i].node];

		node->assumed = (uint8_t)rule->facts[i].truth;
		node->assumed_serial = replay->assumed_serial;
	}
}

enum truth replay_ask(struct replay *replay, const struct replay_rule *rule)
{
	return ask(replay, rule->root);
}

static const char *why(struct replay *r, uint32_t id)
{
	const struct node *node = &r->nodes[id];
	const char *key = NULL;

	if (ask(r, id) != TRUTH_UNDECIDED)
		return NULL;
	for (uint32_t i = 0; i < node->n_children && !key; i++)
		key = why(r, node->children[i]);
	return node->n_children ? key : node->key;
}

const char *replay_why(struct replay *replay, const struct replay_rule *rule)
{
	const char *key = why(replay, rule->root);

	return key ? key : "";
}

/* What follows from a node's being so: of an `and` that holds all parts hold. */
static int draw(struct replay *r, uint32_t id, enum truth truth, struct ids *ids)
{
	const struct node *node = &r->nodes[id];
	enum truth parts = truth;
	int rc = 0;

	if (ids->n >= MAX_FACTS)
		return 0;
	if (GROW(ids->v, ids->n, ids->capacity) < 0)
		return -ENOMEM;
	ids->v[ids->n++] = id << 1 | (truth == TRUTH_TRUE);
	if (node->kind == SAKER_EXPRESSION_NOT)
		parts = truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
	else if (node->kind == SAKER_EXPRESSION_AND && truth != TRUTH_TRUE)
		return 0;
	else if (node->kind == SAKER_EXPRESSION_OR && truth != TRUTH_FALSE)
		return 0;
	for (uint32_t i = 0; i < node->n_children && rc == 0; i++)
		rc = draw(r, node->children[i], parts, ids);
	return rc;
}

static int draw_facts(struct replay *r, struct replay_rule *rule)
{
	struct ids ids = {0};
	int rc = draw(r, rule->root, TRUTH_TRUE, &ids);

	if (rc == 0) {
		rule->facts = arena_alloc(&r->arena, (ids.n + 1) * sizeof(*rule->facts));
		rc = rule->facts ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; i < ids.n && rc == 0; i++)
		rule->facts[rule->n_facts++] = (struct replay_fact){
			ids.v[i] >> 1, ids.v[i] & 1 ? TRUTH_TRUE : TRUTH_FALSE};
	free(ids.v);
	return rc;
}

/* ---- rule files -------------------------------------------------------------------- */

static void say(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity != SAKER_SEVERITY_ERROR)
		return;
	complain("%s:%u:%u: %s%s%s", diag->file, diag->line, diag->column, diag->message,
		 *diag->hint ? "; " : "", diag->hint);
}

static int add_stdin(struct saker_rules_loader *loader)
{
	struct textbuf text = {0};
	char buf[16384];
	size_t n;
	int r;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0 && text.len < MAX_FILE)
		textbuf_put(&text, buf, n);
	r = text.failed ? -ENOMEM : text.len >= MAX_FILE ? -EFBIG : 0;
	if (r == 0)
		r = saker_rules_loader_add_buffer(loader, "-", text.p ? text.p : "", text.len);
	textbuf_fini(&text);
	return r;
}

static int load_files(const struct strings *paths, struct saker_rules_loader *loader,
		      struct saker_inspection **ret, struct saker_ruleset **ret_ruleset)
{
	int r = saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue());

	for (uint32_t i = 0; i < paths->n && r == 0; i++) {
		r = util_streq(paths->v[i], "-") ? add_stdin(loader)
						 : saker_rules_loader_add_file(loader, paths->v[i]);
		if (r < 0 && r != -EBADMSG)
			complain("%s: %s", paths->v[i], strerror(-r));
	}
	if (r == 0)
		r = saker_rules_loader_compile(loader, ret_ruleset);
	return r < 0 ? r : saker_rules_loader_inspect(loader, ret);
}

/* Priority and enabled are the ruleset's; conditions the inspection's. */
static int take_rule(struct replay *r, const struct saker_rule_details *d,
		     const struct saker_ruleset *ruleset, struct replay_rules *rules)
{
	struct replay_rule *rule = &rules->v[rules->n];
	const struct saker_rule *compiled = NULL;
	int id = expression_node(r, d->root);

	if (id < 0)
		return id;
	for (uint32_t i = 0; i < saker_ruleset_n_rules(ruleset) && !compiled; i++) {
		compiled = saker_ruleset_rule(ruleset, i);
		if (!util_streq(compiled->name, d->name))
			compiled = NULL;
	}
	*rule = (struct replay_rule){.name = d->name,
				     .priority =
					     compiled ? compiled->priority : SAKER_PRIORITY_DEBUG,
				     .enabled = compiled && compiled->enabled,
				     .root = (uint32_t)id,
				     .exceptions = d->exceptions,
				     .n_exceptions = d->n_exceptions};
	rules->n++;
	return draw_facts(r, rule);
}

int replay_load(struct replay *replay, const struct strings *paths, struct replay_rules *ret_rules)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_inspection *inspection = NULL;
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset = NULL;
	struct replay_rules rules = {0};
	int r;

	options.diag = say;
	r = saker_rules_loader_new(&options, &loader);
	if (r < 0)
		return r;
	r = load_files(paths, loader, &inspection, &ruleset);
	if (r == 0 && GROW(replay->inspections, replay->n_inspections, replay->cap_inspections) < 0)
		r = -ENOMEM;
	if (r == 0) {
		replay->inspections[replay->n_inspections++] = inspection;
		rules.v = arena_alloc(&replay->arena, (inspection->n_rules + 1) * sizeof(*rules.v));
		r = rules.v ? 0 : -ENOMEM;
	} else {
		saker_inspection_free(inspection);
	}
	for (uint32_t i = 0; r == 0 && i < inspection->n_rules; i++)
		r = inspection->rules[i].root
			    ? take_rule(replay, &inspection->rules[i], ruleset, &rules)
			    : 0;
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
	if (r == 0)
		*ret_rules = rules;
	return r;
}

struct replay_rule *replay_find(const struct replay_rules *rules, struct text name)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		if (text_is(name, rules->v[i].name))
			return &rules->v[i];
	}
	return NULL;
}
