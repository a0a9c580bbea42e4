/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes' Container Runtime Interface, v1, as containerd and CRI-O serve
 * it. A container's status says most; its pod's the network, the namespaces and
 * who the pod is. A pod's own (pause) container is no container to CRI.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "cri.pb-c.h"
#include "grpc.h"
#include "runtime.h"

#define SERVICE "/runtime.v1.RuntimeService/"
#define REQUEST_MAX 1024u
#define CNI_MAX 4096u
#define NODE 2 /* the mode of a namespace that is the host's */
#define NS_PER_S 1000000000

struct cri {
	struct grpc *grpc;
	struct runtime_settings settings;
	enum enrich_container_type type; /* what the runtime calls itself; CRI = not asked yet */
};

static void cri_close(void *self)
{
	struct cri *c = self;

	if (!c)
		return;
	grpc_free(c->grpc);
	free(c);
}

static void *cri_open(const char *socket, const struct runtime_settings *settings)
{
	struct cri *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->settings = *settings;
	c->type = ENRICH_CONTAINER_CRI;
	c->grpc = grpc_new(socket, settings->timeout_ms);
	if (!c->grpc) {
		cri_close(c);
		return NULL;
	}
	return c;
}

/* Sends a message, and unpacks the answer as another. */
static int call(struct cri *c, const char *path, const ProtobufCMessage *request,
		const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_answer)
{
	uint8_t bytes[REQUEST_MAX];
	const uint8_t *answer;
	size_t len;
	int r;

	if (protobuf_c_message_get_packed_size(request) > sizeof(bytes))
		return -E2BIG;
	r = grpc_call(c->grpc, path, NULL, bytes, protobuf_c_message_pack(request, bytes), &answer,
		      &len);
	if (r < 0)
		return r;
	*ret_answer = protobuf_c_message_unpack(type, NULL, len, answer);
	return *ret_answer ? 0 : -EBADMSG;
}

static int cri_ping(void *self)
{
	Cri__VersionRequest request = CRI__VERSION_REQUEST__INIT;
	struct cri *c = self;
	Cri__VersionResponse *version;
	ProtobufCMessage *answer;
	int r;

	r = call(c, SERVICE "Version", &request.base, &cri__version_response__descriptor, &answer);
	if (r < 0)
		return r;
	version = (Cri__VersionResponse *)answer;
	if (strcmp(version->runtime_name, "containerd") == 0)
		c->type = ENRICH_CONTAINER_CONTAINERD;
	else if (strcmp(version->runtime_name, "cri-o") == 0)
		c->type = ENRICH_CONTAINER_CRIO;
	protobuf_c_message_free_unpacked(answer, NULL);
	return 0;
}

/* The JSON under "info", which a runtime may put there when one asks for more. */
static json_t *info_json(Cri__Pair **pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(pairs[i]->key, "info") == 0)
			return json_loads(pairs[i]->value, 0, NULL);
	}
	return NULL;
}

static bool is_true_at(const json_t *object, const char *first, ...)
{
	const char *key = first;
	va_list ap;

	va_start(ap, first);
	while (key) {
		object = json_object_get(object, key);
		key = va_arg(ap, const char *);
	}
	va_end(ap);
	return json_is_true(object);
}

/* ---- a container -------------------------------------------------------------------------- */

static void add_mounts(json_t *container, const Cri__ContainerStatus *status)
{
	static const char *const propagations[] = {"private", "rslave", "rshared"};

	for (size_t i = 0; i < status->n_mounts; i++) {
		const Cri__Mount *m = status->mounts[i];
		uint32_t mode = (uint32_t)m->propagation;

		runtime_json_mount(container, m->host_path, m->container_path, "", !m->readonly,
				   mode < ARRAY_SIZE(propagations) ? propagations[mode]
								   : "unknown");
	}
}

static void add_resources(json_t *container, const Cri__ContainerStatus *status)
{
	const Cri__LinuxResources *r = status->resources ? status->resources->of_linux : NULL;

	if (!r)
		return;
	if (r->cpu_period > 0)
		json_object_set_new(container, "cpu_period", json_integer(r->cpu_period));
	if (r->cpu_shares > 0)
		json_object_set_new(container, "cpu_shares", json_integer(r->cpu_shares));
	json_object_set_new(container, "cpu_quota", json_integer(r->cpu_quota));
	json_object_set_new(container, "memory_limit", json_integer(r->memory_limit));
	json_object_set_new(container, "swap_limit", json_integer(r->memory_swap_limit));
}

/*
 * The image's name as somebody typed it, and what it was resolved to:
 * "sha256:..." (an id) or "host/name@sha256:..." (a name and a digest).
 */
static void add_image(json_t *container, const Cri__ContainerStatus *status, const json_t *info)
{
	const char *name = status->image ? status->image->image : "";
	const char *ref = status->image_ref;
	const char *at = strstr(ref, "@sha256:");

	if (!*name || strncmp(name, "sha256:", 7) == 0) {
		static const char *const keys[] = {"io.kubernetes.cri.image-name",
						   "io.kubernetes.cri-o.ImageName",
						   "io.kubernetes.cri-o.Image"};

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			const char *text = runtime_json_path(info, "runtimeSpec", "annotations",
							     keys[i], NULL);

			if (text) {
				name = text;
				break;
			}
		}
	}
	if (*name && strncmp(name, "sha256:", 7) != 0)
		runtime_json_image(container, name);
	else if (at)
		runtime_json_image(container, ref);
	if (at)
		runtime_json_text(container, "imagedigest", at + 1);
	else if (strncmp(ref, "sha256:", 7) == 0)
		runtime_json_text(container, "imagedigest", ref);
	ref = runtime_json_path(info, "config", "image", "image", NULL);
	if (ref && strncmp(ref, "sha256:", 7) == 0)
		runtime_json_text(container, "imageid", ref + 7);
}

static void add_env(json_t *container, const json_t *info)
{
	const json_t *envs = json_object_get(json_object_get(info, "config"), "envs");
	json_t *item;
	size_t i;

	json_array_foreach(envs, i, item)
	{
		const char *key = runtime_json_path(item, "key", NULL);
		const char *value = runtime_json_path(item, "value", NULL);

		if (key)
			json_array_append_new(json_object_get(container, "env"),
					      json_sprintf("%s=%s", key, value ? value : ""));
	}
}

static void add_status(const struct cri *c, json_t *container, const Cri__ContainerStatus *status,
		       const json_t *info)
{
	if (status->metadata)
		runtime_json_text(container, "name", status->metadata->name);
	json_object_set_new(container, "created_time", json_integer(status->created_at / NS_PER_S));
	if (is_true_at(info, "config", "linux", "security_context", "privileged", NULL) ||
	    is_true_at(info, "privileged", NULL))
		json_object_set_new(container, "privileged", json_true());
	runtime_json_text(container, "runtime", runtime_json_path(info, "runtimeType", NULL));
	add_image(container, status, info);
	add_env(container, info);
	add_mounts(container, status);
	add_resources(container, status);
	for (size_t i = 0; i < status->n_labels; i++)
		runtime_json_label(container, &c->settings, "labels", status->labels[i]->key,
				   status->labels[i]->value);
}

/* ---- its pod -------------------------------------------------------------------------------- */

/* The network plugin's interfaces, without the loopback and the host's ends. */
static void add_cni(json_t *container, const json_t *info)
{
	json_t *all = json_object_get(json_object_get(info, "cniResult"), "Interfaces");
	const char *text = runtime_json_path(info, "runtimeSpec", "annotations",
					     "io.kubernetes.cri-o.CNIResult", NULL);
	char *dumped = NULL;
	const char *key;
	json_t *value;
	json_t *some;

	if (json_is_object(all) && (some = json_object())) {
		json_object_foreach(all, key, value)
		{
			if (strcmp(key, "lo") != 0 && strncmp(key, "veth", 4) != 0)
				json_object_set(some, key, value);
		}
		dumped = json_dumps(some, JSON_COMPACT);
		json_decref(some);
		text = dumped;
	}
	if (text)
		json_object_set_new(container, "cni_json",
				    json_stringn(text, MIN(strlen(text), (size_t)CNI_MAX)));
	free(dumped);
}

static void add_namespaces(json_t *container, const Cri__PodSandboxStatus *pod)
{
	const Cri__Namespace *ns = pod->of_linux ? pod->of_linux->namespaces : NULL;
	const Cri__NamespaceOption *o = ns ? ns->options : NULL;

	if (!o)
		return;
	json_object_set_new(container, "host_network", json_boolean(o->network == NODE));
	json_object_set_new(container, "host_pid", json_boolean(o->pid == NODE));
	json_object_set_new(container, "host_ipc", json_boolean(o->ipc == NODE));
}

static void add_pod(const struct cri *c, json_t *container, const Cri__PodSandboxStatusResponse *r)
{
	const Cri__PodSandboxStatus *pod = r->status;
	json_t *labels = json_object_get(container, "labels");
	json_t *info = info_json(r->info, r->n_info);

	add_cni(container, info);
	json_decref(info);
	if (!pod)
		return;
	add_namespaces(container, pod);
	/* Where the runtime does not say what runs the pod, its class does. */
	if (*pod->runtime_handler && !runtime_json_path(container, "runtime", NULL))
		runtime_json_text(container, "runtime", pod->runtime_handler);
	runtime_json_text(container, "pod_sandbox_id", pod->id);
	runtime_json_text(labels, "io.kubernetes.sandbox.id", pod->id);
	if (pod->network)
		runtime_json_text(container, "ip", pod->network->ip);
	if (pod->metadata) {
		runtime_json_text(labels, "io.kubernetes.pod.name", pod->metadata->name);
		runtime_json_text(labels, "io.kubernetes.pod.uid", pod->metadata->uid);
		runtime_json_text(labels, "io.kubernetes.pod.namespace", pod->metadata->ns);
	}
	for (size_t i = 0; i < pod->n_labels; i++)
		runtime_json_label(container, &c->settings, "pod_sandbox_labels",
				   pod->labels[i]->key, pod->labels[i]->value);
}

static int pod_status(struct cri *c, const char *id, Cri__PodSandboxStatusResponse **ret_pod)
{
	Cri__StatusRequest request = CRI__STATUS_REQUEST__INIT;
	ProtobufCMessage *answer;
	int r;

	request.id = (char *)id;
	request.verbose = true;
	r = call(c, SERVICE "PodSandboxStatus", &request.base,
		 &cri__pod_sandbox_status_response__descriptor, &answer);
	if (r == 0)
		*ret_pod = (Cri__PodSandboxStatusResponse *)answer;
	return r;
}

/* ---- a question ------------------------------------------------------------------------------ */

/* The pod that a container is in, for the caller to free; NULL without an error = there is none. */
static int find_pod(struct cri *c, const char *id, char **ret_pod)
{
	Cri__ListContainersRequest request = CRI__LIST_CONTAINERS_REQUEST__INIT;
	Cri__ContainerFilter filter = CRI__CONTAINER_FILTER__INIT;
	Cri__ListContainersResponse *list;
	ProtobufCMessage *answer;
	int r;

	filter.id = (char *)id;
	request.filter = &filter;
	r = call(c, SERVICE "ListContainers", &request.base,
		 &cri__list_containers_response__descriptor, &answer);
	if (r < 0)
		return r;
	list = (Cri__ListContainersResponse *)answer;
	if (list->n_containers == 0)
		r = -ENOENT;
	else
		*ret_pod = strdup(list->containers[0]->pod_sandbox_id);
	protobuf_c_message_free_unpacked(answer, NULL);
	return r == 0 && !*ret_pod ? -ENOMEM : r;
}

/* A pod's own container. */
static int lookup_pod(struct cri *c, const char *id, json_t **ret_json)
{
	Cri__PodSandboxStatusResponse *pod = NULL;
	json_t *container;
	json_t *root;
	int r;

	r = pod_status(c, id, &pod);
	if (r < 0)
		return r;
	root = pod->status ? runtime_json_new(c->type, id, &container) : NULL;
	if (root) {
		add_pod(c, container, pod);
		json_object_set_new(container, "is_pod_sandbox", json_true());
		if (pod->status->metadata)
			runtime_json_text(container, "name", pod->status->metadata->name);
		*ret_json = root;
	}
	protobuf_c_message_free_unpacked(&pod->base, NULL);
	return root ? 0 : -EBADMSG;
}

static int lookup_container(struct cri *c, const char *id, const char *pod_id, json_t **ret_json)
{
	Cri__StatusRequest request = CRI__STATUS_REQUEST__INIT;
	Cri__ContainerStatusResponse *status;
	Cri__PodSandboxStatusResponse *pod = NULL;
	ProtobufCMessage *answer;
	json_t *container;
	json_t *info;
	json_t *root;
	int r;

	request.id = (char *)id;
	request.verbose = true;
	r = call(c, SERVICE "ContainerStatus", &request.base,
		 &cri__container_status_response__descriptor, &answer);
	if (r < 0)
		return r;
	status = (Cri__ContainerStatusResponse *)answer;
	root = status->status ? runtime_json_new(c->type, id, &container) : NULL;
	if (root) {
		info = info_json(status->info, status->n_info);
		add_status(c, container, status->status, info);
		json_decref(info);
		if (pod_status(c, pod_id, &pod) == 0) {
			add_pod(c, container, pod);
			protobuf_c_message_free_unpacked(&pod->base, NULL);
		}
		*ret_json = root;
	}
	protobuf_c_message_free_unpacked(answer, NULL);
	return root ? 0 : -EBADMSG;
}

static int cri_lookup(void *self, const char *id, json_t **ret_json)
{
	struct cri *c = self;
	char *pod = NULL;
	int r;

	if (c->type == ENRICH_CONTAINER_CRI) {
		r = cri_ping(c);
		if (r < 0)
			return r;
	}
	r = find_pod(c, id, &pod);
	if (r == -ENOENT)
		return lookup_pod(c, id, ret_json);
	if (r == 0)
		r = lookup_container(c, id, pod, ret_json);
	free(pod);
	return r;
}

const struct runtime_descriptor runtime_cri = {
	.runtime = SAKER_RUNTIME_CRI,
	.types = 1u << ENRICH_CONTAINER_DOCKER | 1u << ENRICH_CONTAINER_CRI |
		 1u << ENRICH_CONTAINER_CONTAINERD | 1u << ENRICH_CONTAINER_CRIO,
	.open = cri_open,
	.close = cri_close,
	.ping = cri_ping,
	.lookup = cri_lookup,
};
