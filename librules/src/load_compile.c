/* SPDX-License-Identifier: Apache-2.0 */
/* Where front and back meet; apart so that either can be linked without the other. */
#include "resolve.h"

int saker_rules_loader_compile(struct saker_rules_loader *loader,
			       struct saker_ruleset **ret_ruleset)
{
	struct saker_ruleset *ruleset = NULL;
	int r;

	if (!loader || !ret_ruleset)
		return -EINVAL;
	r = rules_compile(loader, rules_ruleset_build, &ruleset);
	if (r < 0) {
		saker_ruleset_unref(ruleset);
		return r;
	}
	*ret_ruleset = ruleset;
	return 0;
}
