/* SPDX-License-Identifier: Apache-2.0 */
/* Version numbers; see version.h. */
#include <errno.h>

#include "version.h"

static int number(const char **text, uint32_t *ret)
{
	const char *s = *text;
	uint64_t v = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	while (*s >= '0' && *s <= '9') {
		v = v * 10 + (uint64_t)(*s++ - '0');
		if (v > UINT32_MAX)
			return -EINVAL;
	}
	*text = s;
	*ret = (uint32_t)v;
	return 0;
}

int rules_version_parse(const char *text, struct rules_version *ret_version)
{
	struct rules_version v;

	/* As sscanf() reads it, which is what rule files were written against. */
	while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
		text++;
	if (number(&text, &v.major) < 0 || *text++ != '.' || number(&text, &v.minor) < 0 ||
	    *text++ != '.' || number(&text, &v.patch) < 0)
		return -EINVAL;
	*ret_version = v;
	return 0;
}

static int compare(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

int rules_version_compare(const struct rules_version *a, const struct rules_version *b)
{
	if (a->major != b->major)
		return compare(a->major, b->major);
	if (a->minor != b->minor)
		return compare(a->minor, b->minor);
	return compare(a->patch, b->patch);
}

bool rules_version_serves(const struct rules_version *have, const struct rules_version *want)
{
	return have->major == want->major && rules_version_compare(have, want) >= 0;
}
