/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that were asked for and that no alert has. See known.h. */
#include "evtagg.h"
#include "known.h"
#include "tools/common/text.h"

void known_init(struct known *known, uint32_t n_asked)
{
	memset(known, 0, sizeof(*known));
	known->n_asked = known->n_missing = n_asked;
}

void known_fini(struct known *known)
{
	free(known->names);
	memset(known, 0, sizeof(*known));
}

static void add_name(struct known *known, const char *name, size_t len)
{
	if (!len || len >= KNOWN_MAX_NAME || known->n_names == KNOWN_MAX)
		return;
	/* It may be shown on a terminal, and comes from who wrote the alert. */
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] > '~')
			return;
	}
	for (uint32_t i = 0; i < known->n_names; i++) {
		if (strncmp(known->names[i], name, len) == 0 && !known->names[i][len])
			return;
	}
	/* Without memory there is a hint less. */
	if (GROW(known->names, known->n_names, known->room_names) < 0)
		return;
	memcpy(known->names[known->n_names], name, len);
	known->names[known->n_names++][len] = '\0';
}

static void add_names(struct known *known, const struct saker_scanned *alert)
{
	struct saker_json_slice key, value;
	struct saker_json_iter iter;

	saker_json_iter_init(&iter, &alert->output_fields);
	while (saker_json_iter_next(&iter, &key, &value)) {
		if (!key.escaped)
			add_name(known, key.text, key.len);
	}
}

void known_look(struct known *known, const struct saker_scanned *alert, uint64_t number)
{
	for (uint32_t i = 0; i < known->n_asked; i++) {
		if (known->has[i] || alert->fields[i].kind == SAKER_JSON_NONE)
			continue;
		known->has[i] = true;
		known->n_missing--;
	}
	if (known->n_missing && (number <= KNOWN_FIRST || (number & (number - 1)) == 0))
		add_names(known, alert);
}

void known_merge(struct known *known, const struct known *other)
{
	for (uint32_t i = 0; i < known->n_asked; i++) {
		if (other->has[i] && !known->has[i]) {
			known->has[i] = true;
			known->n_missing--;
		}
	}
	for (uint32_t i = 0; i < other->n_names; i++)
		add_name(known, other->names[i], strlen(other->names[i]));
}

/* Of the names there are the one that is least far; NULL = all are farther than a third of it. */
static const char *nearest(const struct known *known, const char *name)
{
	static const char *const columns[] = {
#define X(symbol, word, help) word,
		COLUMN_LIST(X)
#undef X
	};
	unsigned int best = (unsigned int)strlen(name) / 3 + 1, n;
	const char *near = NULL;

	for (uint32_t i = 0; i < known->n_names + ARRAY_SIZE(columns); i++) {
		const char *word =
			i < known->n_names ? known->names[i] : columns[i - known->n_names];

		n = text_distance(name, word);
		if (n < best) {
			best = n;
			near = word;
		}
	}
	return near;
}

void known_say(const struct known *known, const struct wanted *wanted)
{
	for (uint32_t i = 0; i < known->n_asked; i++) {
		const char *near;

		if (known->has[i])
			continue;
		near = nearest(known, wanted->names.v[i]);
		if (near)
			complain("no alert has a field %s: did you mean %s?", wanted->names.v[i],
				 near);
		else
			complain("no alert has a field %s", wanted->names.v[i]);
	}
}
