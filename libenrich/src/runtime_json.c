/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of a container event, put together from what a runtime says. Its
 * keys are those that Falco's container plugin writes, so that captures serve
 * both.
 */
#include <stdarg.h>

#include "runtime.h"

#define SHORT_ID 12u
#define CPU_PERIOD_DEFAULT 100000
#define CPU_SHARES_DEFAULT 1024

json_t *runtime_json_new(enum enrich_container_type type, const char *full_id,
			 json_t **ret_container)
{
	size_t len = strlen(full_id);
	json_t *container;
	json_t *root;

	container = json_pack("{s:i, s:s%, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type",
			      (int)type, "id", full_id, MIN(len, (size_t)SHORT_ID), "full_id",
			      full_id, "name", "", "image", "", "imageid", "", "imagerepo", "",
			      "imagetag", "", "imagedigest", "", "ip", "", "User", "");
	if (!container)
		return NULL;
	json_object_set_new(container, "cni_json", json_string(""));
	json_object_set_new(container, "pod_sandbox_id", json_string(""));
	json_object_set_new(container, "cpu_period", json_integer(CPU_PERIOD_DEFAULT));
	json_object_set_new(container, "cpu_quota", json_integer(0));
	json_object_set_new(container, "cpu_shares", json_integer(CPU_SHARES_DEFAULT));
	json_object_set_new(container, "cpuset_cpu_count", json_integer(0));
	json_object_set_new(container, "created_time", json_integer(0));
	json_object_set_new(container, "size", json_integer(-1));
	json_object_set_new(container, "memory_limit", json_integer(0));
	json_object_set_new(container, "swap_limit", json_integer(0));
	json_object_set_new(container, "env", json_array());
	json_object_set_new(container, "port_mappings", json_array());
	json_object_set_new(container, "Mounts", json_array());
	json_object_set_new(container, "labels", json_object());
	json_object_set_new(container, "pod_sandbox_labels", json_object());
	json_object_set_new(container, "host_ipc", json_false());
	json_object_set_new(container, "host_network", json_false());
	json_object_set_new(container, "host_pid", json_false());
	json_object_set_new(container, "is_pod_sandbox", json_false());
	json_object_set_new(container, "privileged", json_false());
	root = json_pack("{s:o}", "container", container);
	if (root)
		*ret_container = container;
	return root;
}

void runtime_json_text(json_t *container, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	if (value)
		json_object_set_new(container, key, value);
}

void runtime_json_image(json_t *container, const char *image)
{
	const char *slash, *colon, *at;
	size_t len;

	if (!image)
		return;
	runtime_json_text(container, "image", image);
	at = strchr(image, '@');
	len = at ? (size_t)(at - image) : strlen(image);
	slash = memrchr(image, '/', len);
	colon = memrchr(image, ':', len);
	/* A colon before the last slash is a registry's port. */
	if (!colon || (slash && colon < slash))
		colon = image + len;
	json_object_set_new(container, "imagerepo", json_stringn(image, (size_t)(colon - image)));
	if (colon < image + len)
		json_object_set_new(container, "imagetag",
				    json_stringn(colon + 1, (size_t)(image + len - colon - 1)));
}

void runtime_json_label(json_t *container, const struct runtime_settings *settings,
			const char *which, const char *key, const char *value)
{
	if (key && value && strlen(value) <= settings->label_max)
		runtime_json_text(json_object_get(container, which), key, value);
}

void runtime_json_mount(json_t *container, const char *source, const char *dest, const char *mode,
			bool writable, const char *propagation)
{
	json_t *mount = json_pack("{s:s, s:s, s:s, s:b, s:s}", "Source", source ? source : "",
				  "Destination", dest ? dest : "", "Mode", mode ? mode : "", "RW",
				  writable, "Propagation", propagation ? propagation : "");

	if (mount)
		json_array_append_new(json_object_get(container, "Mounts"), mount);
}

const char *runtime_json_path(const json_t *object, const char *first, ...)
{
	const char *key = first;
	va_list ap;

	va_start(ap, first);
	while (key) {
		object = json_object_get(object, key);
		key = va_arg(ap, const char *);
	}
	va_end(ap);
	return json_string_value(object);
}
