/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions that another one replaces. (Unused ones are the loader's findings.) */
#include "lint.h"

static void check_replaced(const struct lint *lint)
{
	const struct saker_inspection *all = lint->loaded->inspection;

	for (uint32_t i = 0; i < all->n_definitions; i++) {
		const struct saker_definition *d = &all->definitions[i];

		if (d->replaced_by.file && d->replaced_by_same)
			lint_report(lint, LINT_REPEATED, &d->replaced_by, d->name,
				    "Remove one of the two.",
				    "the %s '%s' says what it said before, at %s:%u", d->kind,
				    d->name, d->place.file, d->place.line);
		else if (d->replaced_by.file)
			lint_report(lint, LINT_REPLACED, &d->replaced_by, d->name,
				    "Use an override, give it another name, or remove one.",
				    "the %s '%s' was defined before, at %s:%u; nothing of that "
				    "counts any more",
				    d->kind, d->name, d->place.file, d->place.line);
	}
}

const struct lint_check lint_definitions = {.all = check_replaced};
