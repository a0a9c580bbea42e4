/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a container, for who wants all of them. The scanner has held it
 * against the grammar; what it has not seen ends the walk and nothing worse.
 */
#include <saker/alert_scan.h>

#include "common/util.h"

void saker_json_iter_init(struct saker_json_iter *iter, const struct saker_json_slice *container)
{
	if (!iter)
		return;
	memset(iter, 0, sizeof(*iter));
	if (!container || !container->text || container->len < 2 ||
	    (container->kind != SAKER_JSON_OBJECT && container->kind != SAKER_JSON_ARRAY))
		return;
	iter->object = container->kind == SAKER_JSON_OBJECT;
	iter->p = container->text + 1;
	iter->end = container->text + container->len - 1;
}

static void skip_blank(struct saker_json_iter *it)
{
	while (it->p < it->end && (*it->p == ' ' || *it->p == '\t' || *it->p == '\r' ||
				   *it->p == '\n' || *it->p == ',' || *it->p == ':'))
		it->p++;
}

/* p is at the opening quote; false = there is no closing one. */
static bool take_string(struct saker_json_iter *it, struct saker_json_slice *ret)
{
	const char *start = ++it->p;

	*ret = (struct saker_json_slice){.text = start, .kind = SAKER_JSON_STRING};
	for (; it->p < it->end && *it->p != '"'; it->p++) {
		if (*it->p != '\\')
			continue;
		ret->escaped = 1;
		if (++it->p == it->end)
			return false;
	}
	if (it->p >= it->end)
		return false;
	ret->len = (uint32_t)(it->p++ - start);
	return true;
}

static bool take_container(struct saker_json_iter *it, struct saker_json_slice *ret)
{
	const char *start = it->p;
	struct saker_json_slice ignored;
	size_t depth = 0;

	ret->kind = *start == '{' ? SAKER_JSON_OBJECT : SAKER_JSON_ARRAY;
	while (it->p < it->end) {
		char c = *it->p;

		if (c == '"') {
			if (!take_string(it, &ignored))
				return false;
			continue;
		}
		it->p++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			break;
	}
	ret->text = start;
	ret->len = (uint32_t)(it->p - start);
	ret->escaped = 0;
	return depth == 0;
}

static bool take_value(struct saker_json_iter *it, struct saker_json_slice *ret)
{
	const char *start = it->p;

	if (*start == '"')
		return take_string(it, ret);
	if (*start == '{' || *start == '[')
		return take_container(it, ret);
	while (it->p < it->end && !strchr(" \t\r\n,", *it->p))
		it->p++;
	ret->text = start;
	ret->len = (uint32_t)(it->p - start);
	ret->escaped = 0;
	ret->kind = *start == 't'   ? SAKER_JSON_TRUE
		    : *start == 'f' ? SAKER_JSON_FALSE
		    : *start == 'n' ? SAKER_JSON_NULL
				    : SAKER_JSON_NUMBER;
	return ret->len > 0;
}

static bool stop(struct saker_json_iter *it)
{
	it->p = it->end;
	return false;
}

bool saker_json_iter_next(struct saker_json_iter *iter, struct saker_json_slice *ret_key,
			  struct saker_json_slice *ret_value)
{
	struct saker_json_slice key = {0};

	if (!iter || !ret_value)
		return false;
	skip_blank(iter);
	if (iter->p >= iter->end)
		return false;
	if (iter->object) {
		if (*iter->p != '"' || !take_string(iter, &key))
			return stop(iter);
		skip_blank(iter);
		if (iter->p >= iter->end)
			return false;
	}
	if (!take_value(iter, ret_value))
		return stop(iter);
	if (ret_key)
		*ret_key = key;
	return true;
}
