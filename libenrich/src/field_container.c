/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.* and k8s.*: the container that the event's thread is in. Its id
 * comes from the cgroups and is always there; what only a container runtime
 * knows is pending until one has told. On the host, most read "host" or false.
 */
#include "field.h"
#include "render.h"

static const struct enrich_container *container_of(const struct saker_record *r)
{
	return r->thread ? r->thread->container : NULL;
}

struct enrich_slice field_container_id(const struct saker_record *r)
{
	const struct enrich_container *c = container_of(r);

	return c ? (struct enrich_slice){c->id, c->id_len} : (struct enrich_slice){"", 0};
}

/* Metadata that has not been told: of a container still to come, of the host never. */
static void set_metadata(struct saker_values *out, const struct enrich_str *s)
{
	if (s)
		field_set_str(out, s);
	else
		saker_values_absent(out, SAKER_ABSENT_PENDING);
}

static void set_type(struct saker_values *out, const struct enrich_container *c)
{
	const char *name = enrich_container_type_name((enum enrich_container_type)c->type);

	/* The cgroup alone may fit several runtimes. */
	if (c->name && name)
		field_set_text(out, name, strlen(name));
	else
		saker_values_absent(out, SAKER_ABSENT_PENDING);
}

void field_container_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container *c = container_of(r);

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	if (!c) {
		if (ref->number <= CONTAINER_TYPE)
			field_set_text(out, "host", 4);
		else
			field_set_none(out);
		return;
	}
	switch ((enum field_container_text)ref->number) {
	case CONTAINER_ID:
		field_set_text(out, c->id, c->id_len);
		break;
	case CONTAINER_FULL_ID:
		field_set_text(out, c->full_id, c->full_id_len);
		break;
	case CONTAINER_NAME:
		set_metadata(out, c->name);
		break;
	case CONTAINER_TYPE:
		set_type(out, c);
		break;
	case CONTAINER_IMAGE:
		set_metadata(out, c->image);
		break;
	default:
		saker_values_absent(out, SAKER_ABSENT_PENDING);
	}
}

void field_container_flag(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (!r->thread)
		field_set_none(out);
	else if (!r->thread->container)
		field_set_bool(out, false);
	else
		saker_values_absent(out, SAKER_ABSENT_PENDING);
}

/* Any field that only a runtime can fill. */
void field_container_metadata(void *record, const struct saker_field_ref *ref,
			      struct saker_values *out)
{
	saker_values_absent(out, container_of(record) ? SAKER_ABSENT_PENDING
						      : SAKER_ABSENT_NOT_APPLICABLE);
}

/* Names that rules may still use; nothing collects them any more. */
void field_container_gone(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_none(out);
}

/* A container's first process starts its pid namespace; libs gives the host's, too. */
void field_container_start(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	const struct saker_record *r = record;
	uint64_t start = r->thread ? r->thread->pidns_init_start_ts : 0;

	if (!start)
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	else
		field_set_u64(out, ref, ref->number ? r->view.event->ts - start : start);
}
