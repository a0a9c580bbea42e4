/* SPDX-License-Identifier: Apache-2.0 */
/* See coverage.h. */
#include <fnmatch.h>

#include "coverage.h"

static struct covered_rule *find_or_add(struct coverage *c, const char *name)
{
	char *copy;

	for (uint32_t i = 0; i < c->n; i++) {
		if (util_streq(c->v[i].name, name))
			return &c->v[i];
	}
	copy = strdup(name);
	if (!copy || GROW(c->v, c->n, c->capacity) < 0) {
		free(copy);
		return NULL;
	}
	c->v[c->n] = (struct covered_rule){.name = copy};
	return &c->v[c->n++];
}

/* A case that expects a rule and names it with a wildcard besides does not want it quiet. */
static void take_case(struct covered_rule *rule, const struct test_case *c)
{
	bool fires = false, quiet = false;

	for (uint32_t i = 0; i < c->n_match; i++) {
		if (!util_streq(c->match[i].rule, rule->name))
			continue;
		fires |= c->match[i].count != 0;
		quiet |= c->match[i].count == 0;
	}
	for (uint32_t i = 0; i < c->n_no_match; i++)
		quiet |= !fires && fnmatch(c->no_match[i], rule->name, 0) == 0;
	rule->fires |= fires;
	rule->quiet |= quiet;
}

int coverage_add(struct coverage *coverage, const struct saker_ruleset *ruleset,
		 const struct test_case *c)
{
	for (uint32_t i = 0; i < saker_ruleset_n_rules(ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(ruleset, i);
		struct covered_rule *covered =
			rule->enabled ? find_or_add(coverage, rule->name) : NULL;

		if (covered)
			take_case(covered, c);
		else if (rule->enabled)
			return -ENOMEM;
	}
	return 0;
}

uint32_t coverage_print(FILE *out, const struct coverage *c)
{
	uint32_t bare = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct covered_rule *rule = &c->v[i];

		if (rule->fires && rule->quiet)
			continue;
		bare++;
		fprintf(out, "%s: ",
			rule->fires   ? "no case has it keep quiet"
			: rule->quiet ? "no case has it match"
				      : "no case is about it");
		put_text(out, rule->name);
		fputc('\n', out);
	}
	fprintf(out, "%u of %u rules have cases that match and cases that do not\n", c->n - bare,
		c->n);
	return bare;
}

void coverage_fini(struct coverage *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		free(c->v[i].name);
	free(c->v);
}
