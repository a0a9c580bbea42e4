/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.* and k8s.*: the container that the event's thread is in, or that a
 * container event tells of. Its id comes from the cgroups and is always there;
 * what only a container runtime knows is absent until one has told, with the
 * reason. On the host, most read "host" or false.
 */
#include <fnmatch.h>

#include "field.h"
#include "render.h"

#define SHORT_ID 12u

/* The container in view; NULL on the host, or when the thread is not known. */
static const struct enrich_container *container_of(const struct saker_record *r)
{
	if (r->container)
		return r->container;
	return r->thread ? enrich_thread_container(r->thread) : NULL;
}

/* Neither a container nor the host. */
static bool is_nowhere(const struct saker_record *r)
{
	return !r->thread && !r->container;
}

struct enrich_slice field_container_id(const struct saker_record *r)
{
	const struct enrich_container *c = container_of(r);

	return c ? (struct enrich_slice){c->id, c->id_len} : (struct enrich_slice){"", 0};
}

void field_container_id_text(void *record, const struct saker_field_ref *ref,
			     struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container *c = container_of(r);

	if (is_nowhere(r))
		field_set_none(out);
	else if (!c)
		field_set_text(out, "host", 4);
	else if (ref->number)
		field_set_text(out, c->full_id, c->full_id_len);
	else
		field_set_text(out, c->id, c->id_len);
}

/*
 * The host as a container: no image, no mounts, no labels, which is known of it and not the same as
 * a value that is missing. `container.image.repository != x` is true on the host.
 */
static const struct enrich_str nothing = {.refs = 1};
static const struct enrich_container_info the_host = {
	.texts = {[0 ... ENRICH_CONTAINER_TEXTS - 1] = (struct enrich_str *)&nothing},
};

/* What was told, or NULL with the reason in out. */
static const struct enrich_container_info *info_of(const struct saker_record *r,
						   struct saker_values *out)
{
	const struct enrich_container *c = container_of(r);

	if (is_nowhere(r))
		field_set_none(out);
	else if (!c)
		return &the_host;
	else if (!c->info)
		saker_values_absent(out, c->why_not);
	else
		return c->info;
	return NULL;
}

/* The cgroup may fit several runtimes: the type is what was told, where one could tell. */
void field_container_type(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container *c = is_nowhere(r) ? NULL : container_of(r);
	const struct enrich_container_info *info = info_of(r, out);
	uint16_t type = info == &the_host ? (uint16_t)ENRICH_CONTAINER_HOST
			: info		  ? info->type
			: c		  ? c->type
					  : 0;
	const char *name;

	if (!info && !(c && enrich_container_untold(c->type)))
		return;
	name = enrich_container_type_name((enum enrich_container_type)type);
	field_set_text(out, name, strlen(name));
}

void field_container_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container_info *info;

	if (ref->number == ENRICH_CONTAINER_TEXT_NAME && !is_nowhere(r) && !container_of(r)) {
		field_set_text(out, "host", 4);
		return;
	}
	info = info_of(r, out);
	if (info == &the_host && ref->number == ENRICH_CONTAINER_TEXT_RUNTIME)
		field_set_none(out);
	else if (info)
		field_set_str(out, info->texts[ref->number]);
}

void field_container_flag(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_container_info *info = info_of(record, out);

	if (info)
		field_set_bool(out, info->flags[ref->number]);
}

/* ---- mounts -------------------------------------------------------------------------- */

static void add_str(struct render_text *t, const struct enrich_str *s)
{
	render_add(t, s->text, s->len);
}

static void render_mount(struct render_text *t, const struct enrich_mount *m)
{
	add_str(t, m->source);
	render_char(t, ':');
	add_str(t, m->dest);
	render_char(t, ':');
	add_str(t, m->mode);
	render_string(t, m->writable ? ":true:" : ":false:");
	add_str(t, m->propagation);
}

void field_container_mounts(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_container_info *info = info_of(r, out);
	struct render_text t;

	if (!info)
		return;
	render_init(&t, &r->scratch);
	for (uint32_t i = 0; i < info->n_mounts; i++) {
		if (i)
			render_char(&t, ',');
		render_mount(&t, &info->mounts[i]);
	}
	field_set_slice(out, render_result(&t));
}

/* By number; else by a glob over the destination for the source, and over the source for the rest.
 */
static const struct enrich_mount *mount_find(const struct enrich_container_info *info,
					     const struct saker_field_ref *ref)
{
	bool by_dest = field_what(ref) == MOUNT_SOURCE;

	if (ref->number >= 0)
		return ref->number < info->n_mounts ? &info->mounts[ref->number] : NULL;
	for (uint32_t i = 0; i < info->n_mounts; i++) {
		const struct enrich_mount *m = &info->mounts[i];

		if (fnmatch(ref->arg, by_dest ? m->dest->text : m->source->text, 0) == 0)
			return m;
	}
	return NULL;
}

void field_container_mount(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_container_info *info = info_of(r, out);
	const struct enrich_mount *m;
	struct render_text t;

	if (!info)
		return;
	m = mount_find(info, ref);
	if (!m) {
		field_set_none(out);
		return;
	}
	switch ((enum field_mount)field_what(ref)) {
	case MOUNT_ALL:
		render_init(&t, &r->scratch);
		render_mount(&t, m);
		field_set_slice(out, render_result(&t));
		break;
	case MOUNT_SOURCE:
		field_set_str(out, m->source);
		break;
	case MOUNT_DEST:
		field_set_str(out, m->dest);
		break;
	case MOUNT_MODE:
		field_set_str(out, m->mode);
		break;
	case MOUNT_RDWR:
		field_set_text(out, m->writable ? "true" : "false", m->writable ? 4 : 5);
		break;
	case MOUNT_PROPAGATION:
		field_set_str(out, m->propagation);
		break;
	}
}

/* ---- labels and pods -------------------------------------------------------------------- */

/* The pod's own container, where what is the pod's was told with that one. */
static const struct enrich_container_info *sandbox_of(const struct saker_record *r,
						      const struct enrich_container_info *info)
{
	const struct enrich_str *id = info->texts[ENRICH_CONTAINER_TEXT_SANDBOX_ID];
	const struct enrich_container *c;

	if (info->texts[ENRICH_CONTAINER_TEXT_CNI]->len || !id->len)
		return NULL;
	c = enrich_state_container(r->state, id->text, id->len);
	return c ? c->info : NULL;
}

static void set_label(struct saker_values *out, const struct enrich_label *labels, uint32_t n,
		      const char *key)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(labels[i].key->text, key) == 0) {
			field_set_str(out, labels[i].value);
			return;
		}
	}
	field_set_none(out);
}

void field_container_label(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container_info *info = info_of(r, out);
	const struct enrich_container_info *sandbox;

	if (!info)
		return;
	if (field_what(ref) == LABEL_CONTAINER) {
		set_label(out, info->labels, info->n_labels, ref->arg);
		return;
	}
	field_set_none(out);
	sandbox = sandbox_of(r, info);
	if (sandbox)
		set_label(out, sandbox->pod_labels, sandbox->n_pod_labels, ref->arg);
	if (!out->n)
		set_label(out, info->pod_labels, info->n_pod_labels, ref->arg);
}

void field_container_known_label(void *record, const struct saker_field_ref *ref,
				 struct saker_values *out)
{
	static const char *const keys[] = {
		[LABEL_POD_NAME] = "io.kubernetes.pod.name",
		[LABEL_POD_NAMESPACE] = "io.kubernetes.pod.namespace",
		[LABEL_POD_UID] = "io.kubernetes.pod.uid",
	};
	const struct enrich_container_info *info = info_of(record, out);

	if (info)
		set_label(out, info->labels, info->n_labels, keys[ref->number]);
}

/* What runtimes and Kubernetes keep for themselves is not listed. */
static bool is_internal(const struct enrich_str *key)
{
	static const char *const prefixes[] = {"annotation.", "io.kubernetes."};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(key->text, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

void field_container_labels(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_container_info *info = info_of(r, out);
	const struct enrich_container_info *sandbox;
	const struct enrich_label *labels;
	bool first = true;
	struct render_text t;
	uint32_t n;

	if (!info)
		return;
	labels = info->labels;
	n = info->n_labels;
	if (ref->number == LABEL_POD) {
		sandbox = sandbox_of(r, info);
		if (!sandbox || !sandbox->n_pod_labels)
			sandbox = info; /* asked for too early to have them */
		labels = sandbox->pod_labels;
		n = sandbox->n_pod_labels;
	}
	render_init(&t, &r->scratch);
	for (uint32_t i = 0; i < n; i++) {
		if (is_internal(labels[i].key))
			continue;
		if (!first)
			render_string(&t, ", ");
		first = false;
		add_str(&t, labels[i].key);
		if (labels[i].value->len) {
			render_char(&t, ':');
			add_str(&t, labels[i].value);
		}
	}
	field_set_slice(out, render_result(&t));
}

/* The network is the pod's: told with the container by some runtimes, with the sandbox by others;
 * empty where there is no pod.
 */
static void set_of_network(struct saker_values *out, const struct saker_record *r,
			   const struct enrich_container_info *info,
			   enum enrich_container_text text)
{
	const struct enrich_container_info *sandbox = sandbox_of(r, info);

	if (sandbox && sandbox->texts[text]->len)
		field_set_str(out, sandbox->texts[text]);
	else if (sandbox || info->texts[ENRICH_CONTAINER_TEXT_CNI]->len)
		field_set_str(out, info->texts[text]);
	else
		field_set_text(out, "", 0);
}

void field_container_pod(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_container_info *info = info_of(r, out);
	const struct enrich_str *id;

	if (!info)
		return;
	id = info->texts[ENRICH_CONTAINER_TEXT_SANDBOX_ID];
	switch ((enum field_pod)ref->number) {
	case POD_SANDBOX_ID:
		field_set_text(out, id->text, MIN(id->len, SHORT_ID));
		break;
	case POD_FULL_SANDBOX_ID:
		field_set_str(out, id);
		break;
	case POD_IP:
		set_of_network(out, r, info, ENRICH_CONTAINER_TEXT_IP);
		break;
	case POD_CNI:
		set_of_network(out, r, info, ENRICH_CONTAINER_TEXT_CNI);
		break;
	}
}

/* ---- what is left ------------------------------------------------------------------------ */

/* Names that rules may still use; nothing collects them any more. */
void field_container_gone(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_none(out);
}

/*
 * A container's first process starts its pid namespace; libs gives the host's, too. The thread of
 * an event that tells of a container need not be in it.
 */
void field_container_start(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	const struct saker_record *r = record;
	uint64_t start = r->thread && !r->container ? r->thread->pidns_init_start_ts : 0;

	if (!start)
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	else
		field_set_u64(out, ref, ref->number ? r->view.event->ts - start : start);
}
