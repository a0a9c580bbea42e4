/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container runtime is to containers.c: one const descriptor, one file.
 * A connection belongs to one thread. The descriptors make the JSON text of a
 * container event (container_info.c reads it) out of what their runtime says,
 * with the helpers of runtime_json.c.
 */
#ifndef ENRICH_RUNTIME_H
#define ENRICH_RUNTIME_H

#include <jansson.h>
#include <saker/containers.h>

#include "state.h"

/* More than any runtime says of one container. */
#define RUNTIME_ANSWER_MAX (4u << 20)

struct runtime_settings {
	uint32_t timeout_ms;
	uint32_t label_max;
};

struct runtime_descriptor {
	enum saker_runtime runtime;
	uint32_t types; /* bits of enum enrich_container_type whose containers it may know */
	/* Nothing is sent yet. NULL = out of memory. */
	void *(*open)(const char *socket, const struct runtime_settings *settings);
	void (*close)(void *self);
	/* Is it there and does it answer? 0 or a negative errno. */
	int (*ping)(void *self);
	/*
	 * {"container": {...}} of this id, a new reference. -ENOENT: it knows none; any other
	 * errno: no proper answer.
	 */
	int (*lookup)(void *self, const char *id, json_t **ret_json);
};

extern const struct runtime_descriptor runtime_docker;
extern const struct runtime_descriptor runtime_podman;
extern const struct runtime_descriptor runtime_cri;
extern const struct runtime_descriptor runtime_containerd;

/* ---- runtime_json.c ------------------------------------------------------------------- */

/*
 * A container event's object with every key of the shape at its neutral value;
 * ret_container is borrowed from it. NULL = out of memory.
 */
json_t *runtime_json_new(enum enrich_container_type type, const char *full_id,
			 json_t **ret_container);
/* Sets a string; NULL is left out. Broken UTF-8 is left out, too. */
void runtime_json_text(json_t *container, const char *key, const char *text);
/* image, imagerepo and imagetag from a reference: "host:5000/name:tag@sha256:...". */
void runtime_json_image(json_t *container, const char *image);
/* A label, unless its value is longer than is kept. which: "labels" or "pod_sandbox_labels". */
void runtime_json_label(json_t *container, const struct runtime_settings *settings,
			const char *which, const char *key, const char *value);
/* One mount more; NULLs read as empty. */
void runtime_json_mount(json_t *container, const char *source, const char *dest, const char *mode,
			bool writable, const char *propagation);
/* The text of a path of keys in an object; NULL = not there, or no string. */
const char *runtime_json_path(const json_t *object, const char *first, ...)
	__attribute__((sentinel));

#endif /* ENRICH_RUNTIME_H */
