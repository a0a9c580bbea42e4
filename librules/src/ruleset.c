/* SPDX-License-Identifier: Apache-2.0 */
/* The ruleset as others see it: references, rules, what they are about. */
#include "ruleset.h"

SAKER_PUBLIC struct saker_ruleset *saker_ruleset_ref(struct saker_ruleset *ruleset)
{
	if (ruleset)
		atomic_fetch_add_explicit(&ruleset->references, 1, memory_order_relaxed);
	return ruleset;
}

SAKER_PUBLIC struct saker_ruleset *saker_ruleset_unref(struct saker_ruleset *ruleset)
{
	/* the last one must see what the others did */
	if (!ruleset ||
	    atomic_fetch_sub_explicit(&ruleset->references, 1, memory_order_acq_rel) != 1)
		return NULL;
	for (uint32_t i = 0; i < ruleset->n_sources; i++)
		rules_program_free(ruleset->sources[i].program);
	arena_fini(&ruleset->arena);
	free(ruleset);
	return NULL;
}

SAKER_PUBLIC uint32_t saker_ruleset_n_rules(const struct saker_ruleset *ruleset)
{
	return ruleset ? ruleset->n_rules : 0;
}

SAKER_PUBLIC const struct saker_rule *saker_ruleset_rule(const struct saker_ruleset *ruleset,
							 uint32_t index)
{
	return ruleset && index < ruleset->n_rules ? &ruleset->rules[index] : NULL;
}

static const struct rules_ruleset_source *ruleset_source(const struct saker_ruleset *ruleset,
							 const char *source)
{
	for (uint32_t i = 0; ruleset && source && i < ruleset->n_sources; i++)
		if (util_streq(ruleset->sources[i].name, source))
			return &ruleset->sources[i];
	return NULL;
}

SAKER_PUBLIC int saker_ruleset_codes(const struct saker_ruleset *ruleset, const char *source,
				     uint64_t *bitmap, uint32_t n_words)
{
	const struct rules_ruleset_source *s = ruleset_source(ruleset, source);

	if (!ruleset || !source || (!bitmap && n_words))
		return -EINVAL;
	if (!s)
		return -ENOENT;
	rules_program_codes(s->program, bitmap, n_words);
	return 0;
}

SAKER_PUBLIC int saker_ruleset_constants(const struct saker_ruleset *ruleset, const char *source,
					 saker_ruleset_constant_fn fn, void *userdata)
{
	const struct rules_ruleset_source *s = ruleset_source(ruleset, source);

	if (!ruleset || !source || !fn)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	for (uint32_t i = 0; i < s->n_constants; i++)
		fn(userdata, s->constants[i].field, s->constants[i].constant);
	return 0;
}

SAKER_PUBLIC int saker_ruleset_fields(const struct saker_ruleset *ruleset, const char *source,
				      saker_ruleset_field_fn fn, void *userdata)
{
	const struct rules_ruleset_source *s = ruleset_source(ruleset, source);

	if (!ruleset || !source || !fn)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	for (uint32_t i = 0; i < s->n_fields; i++)
		fn(userdata, s->fields[i]);
	return 0;
}
