/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container runtime tells, as the JSON text of a container event: the
 * shape that Falco's container plugin and the older sysdig write into captures
 * ({"container": {"id": ..., "image": ..., "labels": {...}, "Mounts": [...]}}).
 * Ours has the same, so there is one way in. Keys that are absent, null or of
 * another type read as empty; nothing but broken JSON is an error.
 */
#include <errno.h>
#include <jansson.h>

#include "internal.h"

/* An event's parameter cannot hold more anyway; these keep the arrays small. */
#define MOUNTS_MAX 1024u
#define LABELS_MAX 1024u

static struct enrich_str *str_from(struct saker_state *s, const json_t *value)
{
	if (!json_is_string(value))
		return enrich_str_new(s, "", 0);
	return enrich_str_new(s, json_string_value(value),
			      MIN(json_string_length(value), (size_t)ENRICH_STR_MAX));
}

static void labels_free(struct saker_state *s, struct enrich_label *labels, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		enrich_str_unref(s, labels[i].key);
		enrich_str_unref(s, labels[i].value);
	}
	if (labels)
		enrich_dealloc(s, labels, n * sizeof(*labels));
}

static void mounts_free(struct saker_state *s, struct enrich_mount *mounts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		enrich_str_unref(s, mounts[i].source);
		enrich_str_unref(s, mounts[i].dest);
		enrich_str_unref(s, mounts[i].mode);
		enrich_str_unref(s, mounts[i].propagation);
	}
	if (mounts)
		enrich_dealloc(s, mounts, n * sizeof(*mounts));
}

void enrich_container_info_free(struct saker_state *s, struct enrich_container_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(info->texts); i++)
		enrich_str_unref(s, info->texts[i]);
	mounts_free(s, info->mounts, info->n_mounts);
	labels_free(s, info->labels, info->n_labels);
	labels_free(s, info->pod_labels, info->n_pod_labels);
	enrich_dealloc(s, info, sizeof(*info));
}

static int by_key(const void *a, const void *b)
{
	const struct enrich_label *x = a;
	const struct enrich_label *y = b;

	return strcmp(x->key->text, y->key->text);
}

/* In order of their keys, as they are listed. */
static int labels_from(struct saker_state *s, json_t *object, struct enrich_label **ret_labels,
		       uint32_t *ret_n)
{
	uint32_t n = (uint32_t)MIN(json_object_size(object), (size_t)LABELS_MAX);
	struct enrich_label *labels;
	const char *key;
	json_t *value;
	uint32_t i = 0;

	if (n == 0)
		return 0;
	labels = enrich_alloc_zero(s, n * sizeof(*labels));
	if (!labels)
		return -ENOMEM;
	*ret_labels = labels;
	*ret_n = n;
	json_object_foreach(object, key, value)
	{
		if (i == n)
			break;
		labels[i].key = enrich_str_new(s, key, MIN(strlen(key), (size_t)ENRICH_STR_MAX));
		labels[i].value = str_from(s, value);
		if (!labels[i].key || !labels[i].value)
			return -ENOMEM;
		i++;
	}
	qsort(labels, n, sizeof(*labels), by_key);
	return 0;
}

static int mounts_from(struct saker_state *s, const json_t *array,
		       struct enrich_container_info *info)
{
	uint32_t n = (uint32_t)MIN(json_array_size(array), (size_t)MOUNTS_MAX);

	if (n == 0)
		return 0;
	info->mounts = enrich_alloc_zero(s, n * sizeof(*info->mounts));
	if (!info->mounts)
		return -ENOMEM;
	info->n_mounts = n;
	for (uint32_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(array, i);
		struct enrich_mount *to = &info->mounts[i];

		to->source = str_from(s, json_object_get(from, "Source"));
		to->dest = str_from(s, json_object_get(from, "Destination"));
		to->mode = str_from(s, json_object_get(from, "Mode"));
		to->propagation = str_from(s, json_object_get(from, "Propagation"));
		to->writable = json_is_true(json_object_get(from, "RW"));
		if (!to->source || !to->dest || !to->mode || !to->propagation)
			return -ENOMEM;
	}
	return 0;
}

static int info_fill(struct saker_state *s, const json_t *container,
		     struct enrich_container_info *info)
{
	static const char *const texts[] = {
#define X(symbol, key) key,
		ENRICH_CONTAINER_TEXT_LIST(X)
#undef X
	};
	static const char *const flags[] = {
#define X(symbol, key) key,
		ENRICH_CONTAINER_FLAG_LIST(X)
#undef X
	};
	json_int_t type = json_integer_value(json_object_get(container, "type"));
	int r;

	info->type = type >= 0 && type <= UINT16_MAX ? (uint16_t)type : ENRICH_CONTAINER_CUSTOM;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		info->texts[i] = str_from(s, json_object_get(container, texts[i]));
		if (!info->texts[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		info->flags[i] = json_is_true(json_object_get(container, flags[i]));
	r = mounts_from(s, json_object_get(container, "Mounts"), info);
	if (r == 0)
		r = labels_from(s, json_object_get(container, "labels"), &info->labels,
				&info->n_labels);
	if (r == 0)
		r = labels_from(s, json_object_get(container, "pod_sandbox_labels"),
				&info->pod_labels, &info->n_pod_labels);
	return r;
}

static size_t id_from(const json_t *container, const char *key, char *id)
{
	const json_t *value = json_object_get(container, key);
	size_t len = json_is_string(value) ? json_string_length(value) : 0;

	if (len >= ENRICH_CONTAINER_ID_MAX)
		return 0;
	if (len)
		memcpy(id, json_string_value(value), len);
	return len;
}

int enrich_container_info_parse(struct saker_state *s, const char *text, size_t len,
				char ret_id[static ENRICH_CONTAINER_ID_MAX], size_t *ret_id_len,
				struct enrich_container_info **ret_info)
{
	struct enrich_container_info *info;
	const json_t *container;
	json_t *root;
	int r;

	/* The writers count the NUL at the end. */
	root = json_loadb(text, strnlen(text, len), JSON_REJECT_DUPLICATES, NULL);
	container = json_object_get(root, "container");
	if (!json_is_object(container)) {
		json_decref(root);
		return -EBADMSG;
	}
	info = enrich_alloc_zero(s, sizeof(*info));
	r = info ? info_fill(s, container, info) : -ENOMEM;
	if (r == 0) {
		*ret_id_len = id_from(container, "full_id", ret_id);
		if (*ret_id_len == 0)
			*ret_id_len = id_from(container, "id", ret_id);
		*ret_info = info;
	} else {
		enrich_container_info_free(s, info);
	}
	json_decref(root);
	return r;
}
