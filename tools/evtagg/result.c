/* SPDX-License-Identifier: Apache-2.0 */
/* A result's end, and how its keys read. */
#include "result.h"

struct result *result_free(struct result *result)
{
	if (!result)
		return NULL;
	arena_fini(&result->arena);
	free(result);
	return NULL;
}

struct text result_key_text(const struct result_key *key)
{
	if (key->kind == SAKER_JSON_NONE || key->kind == SAKER_JSON_NULL)
		return TEXT("<NA>");
	return key->text;
}
