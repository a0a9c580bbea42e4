// SPDX-License-Identifier: Apache-2.0
/* Filters as text, for the command lines and configurations of tools. */
#include <saker/capture.h>

#include "common/util.h"

static const struct {
	const char *word;
	bool number;
} kinds[] = {
#define X(symbol, word, number) {word, number},
	SAKER_CAPTURE_FILTER_LIST(X)
#undef X
};

static bool may_be_text(enum saker_capture_filter_kind kind)
{
	return kind == SAKER_CAPTURE_FILTER_CGROUP || kind == SAKER_CAPTURE_FILTER_CGROUP_TREE;
}

static int take_value(struct saker_capture_filter *filter, const char *value)
{
	char *end;

	if (!*value)
		return -EINVAL;
	filter->text = value;
	if (!kinds[filter->kind].number || (may_be_text(filter->kind) && *value == '/'))
		return 0;
	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	filter->number = strtoull(value, &end, 10);
	filter->text = NULL;
	return *end || errno ? -EINVAL : 0;
}

int saker_capture_filter_parse(const char *text, struct saker_capture_filter *ret_filter)
{
	struct saker_capture_filter filter = {0};
	size_t len, i;
	int r;

	if (!text || !ret_filter)
		return -EINVAL;
	len = strcspn(text, "!=");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].word) == len && strncmp(kinds[i].word, text, len) == 0)
			break;
	if (i == ARRAY_SIZE(kinds))
		return -EINVAL;
	filter.kind = (enum saker_capture_filter_kind)i;
	filter.exclude = text[len] == '!';
	len += filter.exclude;
	if (text[len] != '=')
		return -EINVAL;
	r = take_value(&filter, text + len + 1);
	if (r == 0)
		*ret_filter = filter;
	return r;
}
