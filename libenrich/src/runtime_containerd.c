/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd itself, for what neither Docker nor Kubernetes manages: ctr,
 * nerdctl. Its namespaces are not the kernel's: a container's id is unique in
 * one of them only, and the cgroup need not tell which. What is not in its own
 * records stands in the container's OCI specification, a JSON text.
 */
#include <errno.h>
#include <stdio.h>

#include "containerd.pb-c.h"
#include "grpc.h"
#include "runtime.h"

#define NAMESPACES "/containerd.services.namespaces.v1.Namespaces/"
#define CONTAINERS "/containerd.services.containers.v1.Containers/"
#define IMAGES "/containerd.services.images.v1.Images/"
#define REQUEST_MAX 1024u
#define NAMESPACES_MAX 64u
#define SHORT_ID 12

struct ctrd {
	struct grpc *grpc;
	struct runtime_settings settings;
};

static void ctrd_close(void *self)
{
	struct ctrd *c = self;

	if (!c)
		return;
	grpc_free(c->grpc);
	free(c);
}

static void *ctrd_open(const char *socket, const struct runtime_settings *settings)
{
	struct ctrd *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->settings = *settings;
	c->grpc = grpc_new(socket, settings->timeout_ms);
	if (!c->grpc) {
		ctrd_close(c);
		return NULL;
	}
	return c;
}

static int call(struct ctrd *c, const char *path, const char *ns, const ProtobufCMessage *request,
		const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_answer)
{
	uint8_t bytes[REQUEST_MAX];
	const uint8_t *answer;
	size_t len;
	int r;

	if (protobuf_c_message_get_packed_size(request) > sizeof(bytes))
		return -E2BIG;
	r = grpc_call(c->grpc, path, ns, bytes, protobuf_c_message_pack(request, bytes), &answer,
		      &len);
	if (r < 0)
		return r;
	*ret_answer = protobuf_c_message_unpack(type, NULL, len, answer);
	return *ret_answer ? 0 : -EBADMSG;
}

static int list_namespaces(struct ctrd *c, Ctrd__ListNamespacesResponse **ret_list)
{
	Ctrd__ListNamespacesRequest request = CTRD__LIST_NAMESPACES_REQUEST__INIT;
	ProtobufCMessage *answer;
	int r;

	r = call(c, NAMESPACES "List", NULL, &request.base,
		 &ctrd__list_namespaces_response__descriptor, &answer);
	if (r == 0)
		*ret_list = (Ctrd__ListNamespacesResponse *)answer;
	return r;
}

static int ctrd_ping(void *self)
{
	Ctrd__ListNamespacesResponse *list = NULL;
	int r = list_namespaces(self, &list);

	if (r == 0)
		protobuf_c_message_free_unpacked(&list->base, NULL);
	return r;
}

/* ---- the specification -------------------------------------------------------------------- */

static bool has_option(const json_t *mount, const char *option)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(mount, "options"), i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), option) == 0)
			return true;
	}
	return false;
}

/* "mode=755" of a mount's options; "" when there is none. */
static const char *mode_of(const json_t *mount)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(mount, "options"), i, item)
	{
		const char *text = json_string_value(item);

		if (text && strncmp(text, "mode=", 5) == 0)
			return text + 5;
	}
	return "";
}

static void add_mounts(json_t *container, const json_t *spec)
{
	const char *propagation = runtime_json_path(spec, "linux", "rootfsPropagation", NULL);
	const json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(spec, "mounts"), i, mount)
		runtime_json_mount(container, runtime_json_path(mount, "source", NULL),
				   runtime_json_path(mount, "destination", NULL), mode_of(mount),
				   !has_option(mount, "ro"), propagation);
}

/* What the container does not have of its own is the host's. */
static void add_namespaces(json_t *container, const json_t *spec)
{
	static const char *const names[][2] = {
		{"pid", "host_pid"}, {"network", "host_network"}, {"ipc", "host_ipc"}};
	const json_t *own = json_object_get(json_object_get(spec, "linux"), "namespaces");
	const json_t *item;
	size_t k;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool host = true;

		json_array_foreach(own, k, item)
		{
			const char *type = runtime_json_path(item, "type", NULL);

			host &= !(type && strcmp(type, names[i][0]) == 0);
		}
		json_object_set_new(container, names[i][1], json_boolean(host));
	}
}

/*
 * The specification has no such word: privileged is who is confined by none of
 * what containerd takes away for it, and may write to /sys.
 */
static bool is_privileged(const json_t *spec)
{
	const json_t *linux_ = json_object_get(spec, "linux");
	const char *apparmor = runtime_json_path(spec, "process", "apparmorProfile", NULL);
	const char *selinux = runtime_json_path(spec, "process", "selinuxLabel", NULL);
	const json_t *mount;
	size_t i;

	if (!linux_ || json_array_size(json_object_get(linux_, "maskedPaths")) ||
	    json_array_size(json_object_get(linux_, "readonlyPaths")) ||
	    json_is_object(json_object_get(linux_, "seccomp")) || (selinux && *selinux) ||
	    (apparmor && *apparmor && strcmp(apparmor, "unconfined") != 0))
		return false;
	json_array_foreach(json_object_get(spec, "mounts"), i, mount)
	{
		const char *type = runtime_json_path(mount, "type", NULL);

		if (type && (strcmp(type, "sysfs") == 0 || strcmp(type, "cgroup") == 0) &&
		    has_option(mount, "ro"))
			return false;
	}
	return true;
}

static void add_spec(json_t *container, const Ctrd__Any *any)
{
	json_t *env;
	json_t *spec;

	spec = any ? json_loadb((const char *)any->value.data, any->value.len, 0, NULL) : NULL;
	if (!json_is_object(spec)) {
		json_decref(spec);
		return;
	}
	add_mounts(container, spec);
	add_namespaces(container, spec);
	json_object_set_new(container, "privileged", json_boolean(is_privileged(spec)));
	env = json_object_get(json_object_get(spec, "process"), "env");
	if (json_is_array(env))
		json_object_set(container, "env", env);
	json_object_set_new(
		container, "User",
		json_sprintf("%lld",
			     (long long)json_integer_value(json_object_get(
				     json_object_get(json_object_get(spec, "process"), "user"),
				     "uid"))));
	runtime_json_text(
		container, "pod_sandbox_id",
		runtime_json_path(spec, "annotations", "io.kubernetes.cri.sandbox-id", NULL));
	json_decref(spec);
}

/* ---- a question ------------------------------------------------------------------------------ */

static void add_digest(struct ctrd *c, json_t *container, const char *ns, char *image)
{
	Ctrd__GetImageRequest request = CTRD__GET_IMAGE_REQUEST__INIT;
	Ctrd__GetImageResponse *got;
	ProtobufCMessage *answer;

	request.name = image;
	if (!*image || call(c, IMAGES "Get", ns, &request.base,
			    &ctrd__get_image_response__descriptor, &answer) < 0)
		return;
	got = (Ctrd__GetImageResponse *)answer;
	if (got->image && got->image->target)
		runtime_json_text(container, "imagedigest", got->image->target->digest);
	protobuf_c_message_free_unpacked(answer, NULL);
}

static json_t *container_json(struct ctrd *c, const char *ns, const Ctrd__Container *from)
{
	char name[SHORT_ID + 1];
	json_t *container;
	json_t *root;

	root = runtime_json_new(ENRICH_CONTAINER_CONTAINERD, from->id, &container);
	if (!root)
		return NULL;
	/* It has no other name, so Falco takes the short id. */
	snprintf(name, sizeof(name), "%s", from->id);
	runtime_json_text(container, "name", name);
	runtime_json_image(container, from->image);
	if (from->runtime)
		runtime_json_text(container, "runtime", from->runtime->name);
	add_digest(c, container, ns, from->image);
	if (from->created_at)
		json_object_set_new(container, "created_time",
				    json_integer(from->created_at->seconds));
	add_spec(container, from->spec);
	if (*from->sandbox)
		runtime_json_text(container, "pod_sandbox_id", from->sandbox);
	for (size_t i = 0; i < from->n_labels; i++) {
		const Ctrd__Pair *label = from->labels[i];

		runtime_json_label(container, &c->settings, "labels", label->key, label->value);
		if (strcmp(label->key, "io.cri-containerd.kind") == 0 &&
		    strcmp(label->value, "sandbox") == 0)
			json_object_set_new(container, "is_pod_sandbox", json_true());
	}
	return root;
}

static int lookup_in(struct ctrd *c, const char *ns, const char *id, json_t **ret_json)
{
	Ctrd__GetContainerRequest request = CTRD__GET_CONTAINER_REQUEST__INIT;
	Ctrd__GetContainerResponse *got;
	ProtobufCMessage *answer;
	json_t *root = NULL;
	int r;

	request.id = (char *)id;
	r = call(c, CONTAINERS "Get", ns, &request.base, &ctrd__get_container_response__descriptor,
		 &answer);
	if (r < 0)
		return r;
	got = (Ctrd__GetContainerResponse *)answer;
	if (got->container)
		root = container_json(c, ns, got->container);
	protobuf_c_message_free_unpacked(answer, NULL);
	if (!root)
		return -EBADMSG;
	*ret_json = root;
	return 0;
}

static int ctrd_lookup(void *self, const char *id, json_t **ret_json)
{
	struct ctrd *c = self;
	Ctrd__ListNamespacesResponse *list = NULL;
	int r = list_namespaces(c, &list);

	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < MIN(list->n_namespaces, (size_t)NAMESPACES_MAX); i++)
		r = lookup_in(c, list->namespaces[i]->name, id, ret_json);
	protobuf_c_message_free_unpacked(&list->base, NULL);
	return r;
}

const struct runtime_descriptor runtime_containerd = {
	.runtime = SAKER_RUNTIME_CONTAINERD,
	.types = 1u << ENRICH_CONTAINER_DOCKER | 1u << ENRICH_CONTAINER_CONTAINERD,
	.open = ctrd_open,
	.close = ctrd_close,
	.ping = ctrd_ping,
	.lookup = ctrd_lookup,
};
