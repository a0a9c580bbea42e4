/* SPDX-License-Identifier: Apache-2.0 */
/* libenrich's fields and, with static_fields, the constant ones of the configuration. */
#ifndef TOOLS_CATALOGUE_H
#define TOOLS_CATALOGUE_H

#include <saker/field.h>

#include "config.h"

struct catalogue {
	struct saker_catalogue public;
	const struct saker_catalogue *base;
	struct saker_field *fields; /* the base's, then ours */
	char **names;
	const struct config_static *statics;
	uint32_t n_statics;
};

/* The configuration must outlive it. */
int catalogue_init(struct catalogue *catalogue, const struct config *config);
void catalogue_fini(struct catalogue *catalogue);

#endif /* TOOLS_CATALOGUE_H */
