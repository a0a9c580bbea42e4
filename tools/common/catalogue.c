/* SPDX-License-Identifier: Apache-2.0 */
/*
 * static.NAME fields. They are the same for every event, so they are the
 * tools', not libenrich's: its catalogue is wrapped, and all but the constant
 * fields handed through.
 */
#include <saker/enrich.h>

#include "catalogue.h"
#include "common/util.h"

static const struct catalogue *of(const struct saker_catalogue *public)
{
	return public->userdata;
}

static void extract_static(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	const char *value = ref->data;

	saker_values_set(out, saker_value_str(value, strlen(value)));
}

static int bind_field(const struct saker_catalogue *public, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	const struct catalogue *c = of(public);
	size_t i = (size_t)(ref->field - c->fields);

	if (i < c->base->n_fields) {
		ref->field = &c->base->fields[i];
		return c->base->bind(c->base, ref, error, error_size);
	}
	ref->data = c->statics[i - c->base->n_fields].value;
	ref->extract = extract_static;
	return 0;
}

static int select_codes(const struct saker_catalogue *public, const struct saker_field_ref *ref,
			const char *constant, size_t len, uint64_t *may, uint64_t *must)
{
	const struct saker_catalogue *base = of(public)->base;

	if (!base->select || ref->extract == extract_static)
		return -ENOTSUP;
	return base->select(base, ref, constant, len, may, must);
}

int catalogue_init(struct catalogue *c, const struct config *config)
{
	memset(c, 0, sizeof(*c));
	c->base = saker_enrich_catalogue();
	c->public = *c->base;
	c->statics = config->statics;
	if (config->n_statics == 0)
		return 0;
	c->fields = calloc(c->base->n_fields + config->n_statics, sizeof(*c->fields));
	c->names = calloc(config->n_statics, sizeof(*c->names));
	if (!c->fields || !c->names)
		return -ENOMEM;
	memcpy(c->fields, c->base->fields, c->base->n_fields * sizeof(*c->fields));
	for (uint32_t i = 0; i < config->n_statics; i++) {
		size_t size = strlen("static.") + strlen(config->statics[i].name) + 1;

		c->names[i] = malloc(size);
		if (!c->names[i])
			return -ENOMEM;
		memcpy(c->names[i], "static.", strlen("static."));
		memcpy(c->names[i] + strlen("static."), config->statics[i].name,
		       size - strlen("static."));
		c->n_statics++;
		c->fields[c->base->n_fields + i] = (struct saker_field){
			.name = c->names[i],
			.type = SAKER_TYPE_STRING,
			.flags = SAKER_FIELD_SUGGESTED,
			.cost = 1,
			.group = "static",
			.description = "A constant of the configuration.",
		};
	}
	c->public.fields = c->fields;
	c->public.n_fields = c->base->n_fields + config->n_statics;
	c->public.userdata = c;
	c->public.bind = bind_field;
	c->public.select = select_codes;
	return 0;
}

void catalogue_fini(struct catalogue *c)
{
	for (uint32_t i = 0; i < c->n_statics; i++)
		free(c->names[i]);
	free(c->names);
	free(c->fields);
	memset(c, 0, sizeof(*c));
}
