/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a configuration tree against the table of keys. What a key does is
 * config.c's business.
 */
#include <ctype.h>
#include <math.h>

#include "config_keys.h"

#define MAX_PATH 512

const struct config_key config_keys[] = {
#define KEY(path, type, preset, limits, effect, quiet, description) \
	{path, CONFIG_TYPE_##type, preset, limits, CONFIG_EFFECT_##effect, quiet, description},
#include "config_keys.def"
#undef KEY
};
const uint32_t config_n_keys = ARRAY_SIZE(config_keys);

const char *config_type_name(enum config_type type)
{
	static const char *const names[] = {
		[CONFIG_TYPE_BOOL] = "true or false", [CONFIG_TYPE_UINT] = "a whole number",
		[CONFIG_TYPE_DOUBLE] = "a number",    [CONFIG_TYPE_TEXT] = "text",
		[CONFIG_TYPE_ENUM] = "a word",	      [CONFIG_TYPE_LIST] = "a list",
		[CONFIG_TYPE_MAP] = "a map",	      [CONFIG_TYPE_ANY] = "list or map",
	};

	return names[type];
}

const struct config_key *config_key_find(const char *path)
{
	for (uint32_t i = 0; i < config_n_keys; i++) {
		if (util_streq(config_keys[i].path, path))
			return &config_keys[i];
	}
	return NULL;
}

bool config_parse_bool(const char *text, bool *ret_value)
{
	static const char *const yes[] = {"true", "yes", "on", "y"};
	static const char *const no[] = {"false", "no", "off", "n"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*ret_value = true;
			return true;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*ret_value = false;
			return true;
		}
	}
	return false;
}

bool config_parse_uint(const char *text, uint64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
	return errno == 0 && *end == '\0';
}

bool config_parse_double(const char *text, double *ret_value)
{
	char *end;

	if (!*text || isspace((unsigned char)*text))
		return false;
	*ret_value = strtod(text, &end);
	return *end == '\0' && isfinite(*ret_value);
}

/* ---- names that are nearly right ------------------------------------------ */

/* Changes (insert, delete, replace, swap neighbours) from a to b; both under 128 bytes. */
static unsigned int distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned int row[3][129];

	if (n > 128 || m > 128)
		return UINT32_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *now = row[i % 3], *up = row[(i - 1) % 3], *upup = row[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] =
				MIN(MIN(up[j], now[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], upup[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

/* Whether candidate is a part of path that was there to be written in. */
static bool is_above(const char *candidate, const char *path)
{
	size_t len = strlen(candidate);

	return strncmp(path, candidate, len) == 0 && (path[len] == '.' || path[len] == '[');
}

/* The known path that differs least from an unknown one; whether that is little. */
static bool nearest_by_distance(const char *path, char found[MAX_PATH])
{
	unsigned int least = MAX(2, (unsigned int)strlen(path) / 4), best = UINT32_MAX;

	found[0] = '\0';
	for (uint32_t i = 0; i < config_n_keys; i++) {
		/* Every section is a candidate too: "engin" is near "engine". */
		for (const char *end = config_keys[i].path; end; end = strchr(end + 1, '.')) {
			size_t len = end == config_keys[i].path
					     ? strlen(end)
					     : (size_t)(end - config_keys[i].path);
			char candidate[MAX_PATH];
			unsigned int d;

			memcpy(candidate, config_keys[i].path, len);
			candidate[len] = '\0';
			if (is_above(candidate, path))
				continue;
			d = distance(path, candidate);
			/* Cut short is near, however much is missing. */
			if (strncmp(path, candidate, strlen(path)) == 0)
				d = MIN(d, 2);
			if (d < best) {
				best = d;
				memcpy(found, candidate, len + 1);
			}
		}
	}
	return best <= least;
}

/* The first known path of the same last name: the section is what is wrong. */
static bool nearest_by_name(const char *path, char found[MAX_PATH])
{
	const char *last = strrchr(path, '.');

	for (uint32_t i = 0; i < config_n_keys; i++) {
		const char *known = strrchr(config_keys[i].path, '.');

		known = known ? known + 1 : config_keys[i].path;
		if (util_streq(known, last ? last + 1 : path)) {
			memcpy(found, config_keys[i].path, strlen(config_keys[i].path) + 1);
			return true;
		}
	}
	return false;
}

static void suggest(const char *path, char *hint, size_t size)
{
	char found[MAX_PATH];

	if (nearest_by_distance(path, found) || nearest_by_name(path, found))
		snprintf(hint, size, "did you mean '%s'?", found);
	else if (found[0])
		snprintf(hint, size, "the nearest known key is '%s'; --list-keys lists them all",
			 found);
	else
		snprintf(hint, size, "--list-keys lists those that are known");
}

/* ---- the check ------------------------------------------------------------- */

struct check {
	const struct config_tree *tree;
	int errors;
	char shown[MAX_PATH]; /* the path as the user wrote it */
};

static void bad_value(struct check *c, const struct config_node *node, const char *wanted)
{
	c->errors++;
	config_complain(c->tree, SAKER_SEVERITY_ERROR, node, NULL, "%s%s must be %s%s%s%s",
			node->command_line ? "-o " : "", c->shown, wanted,
			node->kind == CONFIG_SCALAR ? ", not '" : "",
			node->kind == CONFIG_SCALAR ? node->text : "",
			node->kind == CONFIG_SCALAR ? "'" : "");
}

static bool is_one_of(const char *word, const char *words, bool any_case)
{
	size_t len = strlen(word);

	for (const char *p = words; *p; p += strcspn(p, "|"), p += *p == '|') {
		size_t n = strcspn(p, "|");

		if (n == len && (any_case ? strncasecmp(p, word, n) : strncmp(p, word, n)) == 0)
			return true;
	}
	return false;
}

static void check_number(struct check *c, const struct config_key *key,
			 const struct config_node *node)
{
	const char *dots = strstr(key->limits, "..");
	double least = dots ? strtod(key->limits, NULL) : 0;
	double most = dots ? strtod(dots + 2, NULL) : 1.8e19;
	char wanted[128];
	uint64_t whole = 0;
	double value = 0;
	bool ok;

	if (key->type == CONFIG_TYPE_UINT) {
		ok = config_parse_uint(node->text, &whole);
		value = (double)whole;
	} else {
		ok = config_parse_double(node->text, &value);
	}
	if (ok && value >= least && value <= most)
		return;
	snprintf(wanted, sizeof(wanted), "%s%s%s", config_type_name(key->type), dots ? " in " : "",
		 dots ? key->limits : "");
	bad_value(c, node, wanted);
}

static void check_scalar(struct check *c, const struct config_key *key,
			 const struct config_node *node)
{
	char wanted[256];
	bool b;

	switch (key->type) {
	case CONFIG_TYPE_BOOL:
		if (!config_parse_bool(node->text, &b))
			bad_value(c, node, "true or false");
		break;
	case CONFIG_TYPE_UINT:
	case CONFIG_TYPE_DOUBLE:
		check_number(c, key, node);
		break;
	case CONFIG_TYPE_ENUM:
	case CONFIG_TYPE_LIST: /* one element stands for the list of it */
		if (key->limits[0] && !is_one_of(node->text, key->limits, true)) {
			snprintf(wanted, sizeof(wanted), "one of %s", key->limits);
			bad_value(c, node, wanted);
		}
		break;
	case CONFIG_TYPE_TEXT:
	case CONFIG_TYPE_ANY: /* config_files, extra_fields: a plain name */
		break;
	case CONFIG_TYPE_MAP:
		bad_value(c, node, "a map");
		break;
	}
}

/* Whether a value from a file asks for nothing that is not there yet. */
static bool is_quiet(const struct config_key *key, const struct config_node *node)
{
	bool a, b;

	if (util_streq(key->quiet, "*"))
		return true;
	if (key->type == CONFIG_TYPE_LIST)
		return node->kind == CONFIG_LIST && node->n == 0;
	if (node->kind != CONFIG_SCALAR)
		return node->kind == CONFIG_NULL;
	if (key->type == CONFIG_TYPE_BOOL)
		return config_parse_bool(node->text, &a) && config_parse_bool(key->quiet, &b) &&
		       a == b;
	return util_streq(node->text, key->quiet);
}

static void check_known(struct check *c, const struct config_key *key,
			const struct config_node *node)
{
	if (node->kind == CONFIG_SCALAR)
		check_scalar(c, key, node);
	else if (node->kind == CONFIG_LIST && key->type != CONFIG_TYPE_LIST &&
		 key->type != CONFIG_TYPE_ANY)
		bad_value(c, node, config_type_name(key->type));
	else if (node->kind == CONFIG_MAP && key->type != CONFIG_TYPE_MAP &&
		 key->type != CONFIG_TYPE_ANY)
		bad_value(c, node, config_type_name(key->type));
	if (key->type == CONFIG_TYPE_LIST && node->kind == CONFIG_LIST) {
		for (uint32_t i = 0; i < node->n; i++) {
			if (node->entries[i].value->kind == CONFIG_SCALAR)
				check_scalar(c, key, node->entries[i].value);
			else
				bad_value(c, node->entries[i].value, "a list of plain texts");
		}
	}
	if (key->effect == CONFIG_EFFECT_LATER && (node->command_line || !is_quiet(key, node)))
		config_complain(c->tree, SAKER_SEVERITY_WARNING, node, NULL,
				"%s%s has no effect yet", node->command_line ? "-o " : "",
				c->shown);
}

/* Whether the pattern path, or "pattern." of some key, is known. */
static bool is_section(const char *pattern)
{
	size_t len = strlen(pattern);

	for (uint32_t i = 0; i < config_n_keys; i++) {
		const char *rest = config_keys[i].path + len;

		if (strncmp(config_keys[i].path, pattern, len) == 0 &&
		    (*rest == '.' || *rest == '['))
			return true;
	}
	return false;
}

static void unknown_key(struct check *c, const struct config_entry *entry, const char *pattern)
{
	struct config_node where = *entry->value;
	char hint[MAX_PATH + 64];

	where.line = entry->line;
	where.column = entry->column;
	suggest(pattern, hint, sizeof(hint));
	c->errors++;
	config_complain(c->tree, SAKER_SEVERITY_ERROR, &where, hint, "%sunknown key '%s'",
			entry->value->command_line ? "-o " : "", c->shown);
}

static void check_node(struct check *c, const struct config_node *node, const char *pattern,
		       size_t shown, int depth);

static void check_entry(struct check *c, const struct config_node *node, uint32_t i,
			const char *pattern, size_t shown, int depth)
{
	const struct config_entry *e = &node->entries[i];
	char path[MAX_PATH], star[MAX_PATH];
	const struct config_key *key;
	size_t room = sizeof(c->shown) - shown;
	int n;

	if (node->kind == CONFIG_LIST) {
		snprintf(path, sizeof(path), "%s[]", pattern);
		n = snprintf(c->shown + shown, room, "[%u]", i);
		snprintf(star, sizeof(star), "%s", path);
	} else {
		snprintf(path, sizeof(path), "%s%s%s", pattern, *pattern ? "." : "", e->key);
		n = snprintf(c->shown + shown, room, "%s%s", shown ? "." : "", e->key);
		snprintf(star, sizeof(star), "%s.*", pattern);
	}
	if (n < 0 || (size_t)n >= room)
		return;
	key = config_key_find(path);
	if (!key && *pattern)
		key = config_key_find(star);
	if (key)
		check_known(c, key, e->value);
	else if (node->kind == CONFIG_MAP && !is_section(path)) {
		unknown_key(c, e, path);
		return;
	} else if (node->kind == CONFIG_MAP && e->value->kind != CONFIG_MAP &&
		   e->value->kind != CONFIG_NULL) {
		bad_value(c, e->value, "a map");
		return;
	}
	check_node(c, e->value, path, shown + (size_t)n, depth + 1);
	c->shown[shown] = '\0';
}

static void check_node(struct check *c, const struct config_node *node, const char *pattern,
		       size_t shown, int depth)
{
	const struct config_key *key = config_key_find(pattern);

	/* What is free below (a plugin's configuration) is not looked into. */
	if (depth > CONFIG_MAX_DEPTH || (key && !is_section(pattern)))
		return;
	for (uint32_t i = 0; i < node->n; i++) {
		check_entry(c, node, i, pattern, shown, depth);
		c->shown[shown] = '\0';
	}
}

int config_check(const struct config_tree *tree)
{
	struct check c = {.tree = tree};

	if (tree->root->kind != CONFIG_MAP) {
		config_complain(tree, SAKER_SEVERITY_ERROR, tree->root, NULL,
				"a configuration is a map of keys");
		return -EBADMSG;
	}
	check_node(&c, tree->root, "", 0, 0);
	return c.errors ? -EBADMSG : 0;
}

void config_list_keys(FILE *out, bool json)
{
	static const char *const types[] = {"bool", "uint", "double", "text",
					    "enum", "list", "map",    "any"};

	if (json)
		fputs("[", out);
	for (uint32_t i = 0; i < config_n_keys; i++) {
		const struct config_key *k = &config_keys[i];
		bool now = k->effect == CONFIG_EFFECT_NOW;

		if (json) /* the table has no character that JSON would escape */
			fprintf(out,
				"%s\n{\"key\":\"%s\",\"type\":\"%s\",\"default\":\"%s\","
				"\"limits\":\"%s\",\"effect\":%s,\"description\":\"%s\"}",
				i ? "," : "", k->path, types[k->type], k->preset, k->limits,
				now ? "true" : "false", k->description);
		else
			fprintf(out, "%-58s %-6s %-12s %s%s\n", k->path, types[k->type],
				*k->preset ? k->preset : "-", k->description,
				now ? "" : " (no effect yet)");
	}
	if (json)
		fputs("\n]\n", out);
}
