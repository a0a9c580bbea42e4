/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that can never hold, alternatives that always do, rules behind others. */
#include "lint.h"
#include "logic.h"

#define MAX_VISITS 200000 /* nodes of one condition, macros written out */
#define MAX_LITERALS 512  /* that have to hold at once */

struct logic_context {
	const struct lint *lint;
	const struct lint_rule *rule;
	struct literal literals[MAX_LITERALS];
	uint32_t n;
	uint32_t visits;
};

static bool joins(const struct saker_expression *e, bool negated, bool and)
{
	enum saker_expression_kind kind =
		negated != and? SAKER_EXPRESSION_AND : SAKER_EXPRESSION_OR;

	return e->kind == kind;
}

static void describe(char *buffer, size_t size, const struct literal *l)
{
	FILE *f = fmemopen(buffer, size, "w");

	buffer[0] = '\0';
	if (!f)
		return;
	fputs(l->negated ? "not " : "", f);
	expression_put_check(f, l->check);
	fclose(f);
	buffer[size - 1] = '\0';
}

static bool is_dead(struct logic_context *c, const struct saker_expression *e, bool negated,
		    const struct literal *outer, enum lint_id id);

static void report_clash(struct logic_context *c, enum lint_id id, const struct literal *l,
			 const struct literal *other)
{
	char one[256], two[256], hint[64];

	describe(one, sizeof(one), l);
	describe(two, sizeof(two), other);
	snprintf(hint, sizeof(hint), "See line %u.", other->check->place.line);
	lint_report(c->lint, id, &l->check->place, c->rule->rule->name, hint,
		    "%s '%s': '%s' and '%s' exclude each other",
		    id == LINT_NEVER ? "nothing matches" : "an alternative never holds in",
		    c->rule->rule->name, one, two);
}

static struct literal *push(struct logic_context *c, const struct saker_expression *check,
			    bool negated, const struct literal *outer)
{
	struct literal *l;

	if (c->n == MAX_LITERALS)
		return NULL;
	l = &c->literals[c->n++];
	*l = (struct literal){check, lint_field(c->lint, check->left), negated, outer};
	return l;
}

/*
 * Takes the checks of a conjunction, nested ones as well; `rest` gets what is not
 * a check. Returns whether two of them clash.
 */
static bool gather(struct logic_context *c, const struct saker_expression *e, bool negated,
		   const struct literal **facts, const struct saker_expression **rest,
		   bool *rest_negated, uint32_t *n_rest, enum lint_id id)
{
	const struct literal *other;
	struct literal *l;

	if (++c->visits > MAX_VISITS)
		return false;
	while (e->kind == SAKER_EXPRESSION_NOT) {
		e = e->children[0];
		negated = !negated;
	}
	if (e->kind == SAKER_EXPRESSION_CHECK) {
		l = push(c, e, negated, *facts);
		if (!l)
			return false;
		if (logic_excludes(l, &other)) {
			report_clash(c, id, l, other);
			return true;
		}
		*facts = l;
		return false;
	}
	if (joins(e, negated, true)) {
		for (uint32_t i = 0; i < e->n_children; i++) {
			if (gather(c, e->children[i], negated, facts, rest, rest_negated, n_rest,
				   id))
				return true;
		}
		return false;
	}
	if (*n_rest < MAX_LITERALS) {
		rest[*n_rest] = e;
		rest_negated[(*n_rest)++] = negated;
	}
	return false;
}

static void check_cover(struct logic_context *c, const struct saker_expression *e, bool negated)
{
	for (uint32_t i = 0; i < e->n_children && i < 64; i++) {
		for (uint32_t k = 0; k < i; k++) {
			const struct saker_expression *x = e->children[k], *y = e->children[i];
			bool nx = negated, ny = negated;
			struct literal a, b;
			char one[256], two[256];

			for (; x->kind == SAKER_EXPRESSION_NOT; x = x->children[0])
				nx = !nx;
			for (; y->kind == SAKER_EXPRESSION_NOT; y = y->children[0])
				ny = !ny;
			if (x->kind != SAKER_EXPRESSION_CHECK || y->kind != SAKER_EXPRESSION_CHECK)
				continue;
			a = (struct literal){x, lint_field(c->lint, x->left), nx, NULL};
			b = (struct literal){y, lint_field(c->lint, y->left), ny, NULL};
			if (!logic_covers(&a, &b))
				continue;
			describe(one, sizeof(one), &a);
			describe(two, sizeof(two), &b);
			lint_report(c->lint, LINT_ALWAYS, &y->place, c->rule->rule->name,
				    "Join the two with 'and', or use 'not ... in (...)'.",
				    "'%s or %s' always holds", one, two);
		}
	}
}

/* A disjunction: dead when all its children are. */
static bool is_dead_choice(struct logic_context *c, const struct saker_expression *e, bool negated,
			   const struct literal *facts)
{
	uint32_t alive = 0;

	check_cover(c, e, negated);
	for (uint32_t i = 0; i < e->n_children; i++)
		alive += !is_dead(c, e->children[i], negated, facts, LINT_DEAD_BRANCH);
	return alive == 0;
}

/* Whether e (or not e) cannot hold where the facts do; the clash is reported under id. */
static bool is_dead(struct logic_context *c, const struct saker_expression *e, bool negated,
		    const struct literal *facts, enum lint_id id)
{
	uint32_t n_rest = 0, n = c->n;
	const struct saker_expression **rest = calloc(MAX_LITERALS, sizeof(*rest));
	bool *rest_negated = calloc(MAX_LITERALS, sizeof(*rest_negated)), dead;

	if (!rest || !rest_negated) {
		c->lint->findings->out_of_memory = true;
		dead = false;
	} else {
		dead = gather(c, e, negated, &facts, rest, rest_negated, &n_rest, id);
	}
	for (uint32_t i = 0; !dead && i < n_rest; i++) {
		dead = is_dead_choice(c, rest[i], rest_negated[i], facts);
		if (dead && id == LINT_NEVER)
			lint_report(c->lint, id, &rest[i]->place, c->rule->rule->name,
				    "See the notes about each of them: --level note.",
				    "nothing matches '%s': none of these alternatives can hold",
				    c->rule->rule->name);
	}
	c->n = n;
	free(rest);
	free(rest_negated);
	return dead;
}

static void check_logic(const struct lint *lint, const struct lint_rule *rule)
{
	struct logic_context *c = calloc(1, sizeof(*c));

	if (!c) {
		lint->findings->out_of_memory = true;
		return;
	}
	c->lint = lint;
	c->rule = rule;
	is_dead(c, rule->details->root, false, NULL, LINT_NEVER);
	free(c);
}

/* ---- rules behind others --------------------------------------------------------- */

#define MAX_PARTS 64

/* What a rule asks for, all of it: the hashes of its parts, ascending. */
struct parts {
	uint64_t v[MAX_PARTS];
	uint32_t n;
	bool too_many;
};

static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_parts(struct parts *p, const struct saker_expression *e)
{
	_cleanup_free_ char *text = NULL;

	if (e->kind == SAKER_EXPRESSION_AND) {
		for (uint32_t i = 0; i < e->n_children; i++)
			add_parts(p, e->children[i]);
		return;
	}
	text = expression_normal_text(e);
	if (!text || p->n == MAX_PARTS)
		p->too_many = true;
	else
		p->v[p->n++] = hash(text);
}

static void drop_doubles(struct parts *p)
{
	uint32_t n = 0;

	qsort(p->v, p->n, sizeof(p->v[0]), by_number);
	for (uint32_t i = 0; i < p->n; i++) {
		if (n == 0 || p->v[n - 1] != p->v[i])
			p->v[n++] = p->v[i];
	}
	p->n = n;
}

static bool contains_all(const struct parts *more, const struct parts *less)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < more->n && k < less->n; i++)
		k += more->v[i] == less->v[k];
	return k == less->n;
}

static void compare_rules(const struct lint *lint, const struct saker_rule *earlier,
			  const struct saker_rule *later, const struct parts *a,
			  const struct parts *b)
{
	const struct saker_rule_details *details = ruleset_details(lint->loaded, later->name);

	if (!details || !util_streq(earlier->source, later->source) || !contains_all(b, a))
		return;
	if (a->n == b->n)
		lint_report(lint, LINT_SAME_CONDITION, &details->place, later->name,
			    "Remove one of the two, or make them differ.",
			    "'%s' has the condition of '%s'", later->name, earlier->name);
	else
		lint_report(lint, LINT_SHADOWED, &details->place, later->name,
			    "Put it before that rule, or have rule_matching: all.",
			    "'%s' stands behind '%s', which matches all that it could", later->name,
			    earlier->name);
}

static void check_shadowed(const struct lint *lint)
{
	const struct saker_ruleset *ruleset = lint->loaded->ruleset;
	uint32_t n = saker_ruleset_n_rules(ruleset);
	_cleanup_free_ struct parts *parts = calloc((size_t)n + 1, sizeof(*parts));

	if (!parts) {
		lint->findings->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct saker_rule *rule = saker_ruleset_rule(ruleset, i);
		const struct saker_rule_details *d = ruleset_details(lint->loaded, rule->name);

		parts[i].too_many = !d || !rule->enabled;
		if (parts[i].too_many)
			continue;
		add_parts(&parts[i], d->root);
		drop_doubles(&parts[i]);
		for (uint32_t k = 0; k < i && !parts[i].too_many; k++) {
			if (!parts[k].too_many)
				compare_rules(lint, saker_ruleset_rule(ruleset, k), rule, &parts[k],
					      &parts[i]);
		}
	}
}

const struct lint_check lint_logic = {.all = check_shadowed, .rule = check_logic};
