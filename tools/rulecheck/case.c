/* SPDX-License-Identifier: Apache-2.0 */
/* Reading test files. Paths in them are relative to the file. */
#include <stdio.h>

#include "case.h"
#include "common/util.h"

static int complain(struct test_file *f, const struct config_node *where, const char *hint,
		    const char *message)
{
	config_complain(&f->tree, SAKER_SEVERITY_ERROR, where, hint, "%s", message);
	return -EBADMSG;
}

static int check_keys(struct test_file *f, const struct config_node *map, const char *const *keys,
		      size_t n)
{
	for (uint32_t i = 0; i < map->n; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known |= util_streq(keys[k], map->entries[i].key);
		if (!known) {
			config_complain(&f->tree, SAKER_SEVERITY_ERROR, map->entries[i].value, "",
					"there is no key '%s' here", map->entries[i].key);
			return -EBADMSG;
		}
	}
	return 0;
}

/* A scalar is a list of one. */
static const struct config_node *item(const struct config_node *node, uint32_t i)
{
	return node->kind == CONFIG_LIST ? node->entries[i].value : node;
}

static uint32_t count(const struct config_node *node)
{
	return !node || node->kind == CONFIG_NULL ? 0 : node->kind == CONFIG_LIST ? node->n : 1;
}

static const char *resolve(struct test_file *f, const char *path)
{
	const char *slash = strrchr(f->path, '/');
	size_t folder = slash ? (size_t)(slash - f->path) + 1 : 0;
	char *full;

	if (*path == '/' || folder == 0)
		return path;
	full = arena_alloc(&f->tree.arena, folder + strlen(path) + 1);
	if (full) {
		memcpy(full, f->path, folder);
		memcpy(full + folder, path, strlen(path) + 1);
	}
	return full;
}

static int take_strings(struct test_file *f, const struct config_node *node, bool paths,
			const char ***ret, uint32_t *ret_n)
{
	uint32_t n = count(node);
	const char **v = arena_alloc(&f->tree.arena, (n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (item(node, i)->kind != CONFIG_SCALAR)
			return complain(f, item(node, i), "",
					"this is to be a name, or a list of names");
		v[i] = paths ? resolve(f, item(node, i)->text) : item(node, i)->text;
		if (!v[i])
			return -ENOMEM;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int take_expectation(struct test_file *f, const struct config_node *node,
			    struct expectation *e)
{
	static const char *const keys[] = {"rule", "output", "contains", "count"};
	const struct config_node *v[ARRAY_SIZE(keys)];
	char *end;

	*e = (struct expectation){.count = -1, .line = node->line};
	if (node->kind == CONFIG_SCALAR) {
		e->rule = node->text;
		return 0;
	}
	if (node->kind != CONFIG_MAP)
		return complain(f, node, "", "this is to be a rule's name, or {rule: NAME, ...}");
	if (check_keys(f, node, keys, ARRAY_SIZE(keys)) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		v[i] = config_map_get(node, keys[i]);
		if (v[i] && v[i]->kind != CONFIG_SCALAR)
			return complain(f, v[i], "", "this is to be one value");
	}
	if (!v[0])
		return complain(f, node, "Add rule: NAME.", "this does not say which rule");
	e->rule = v[0]->text;
	e->output = v[1] ? v[1]->text : NULL;
	e->contains = v[2] ? v[2]->text : NULL;
	if (v[3]) {
		e->count = strtoll(v[3]->text, &end, 10);
		if (end == v[3]->text || *end || e->count < 0)
			return complain(f, v[3], "", "count is a number of alerts");
	}
	return 0;
}

static int take_match(struct test_file *f, const struct config_node *node, struct test_case *c)
{
	int r = 0;

	c->n_match = count(node);
	c->match = arena_alloc(&f->tree.arena, (c->n_match + 1) * sizeof(*c->match));
	if (!c->match)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < c->n_match; i++)
		r = take_expectation(f, item(node, i), &c->match[i]);
	return r;
}

static int take_records(struct test_file *f, const struct config_node *node, struct test_case *c)
{
	int r = 0;

	c->n_records = count(node);
	c->records = arena_alloc(&f->tree.arena, (c->n_records + 1) * sizeof(*c->records));
	if (!c->records)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < c->n_records; i++) {
		const struct config_node *map = item(node, i), *where = map;
		char error[512] = "";

		if (map->kind != CONFIG_MAP)
			return complain(f, map, "", "an event is a map of fields and values");
		r = record_make(&f->tree.arena, map, i + 1, &c->records[i], error, sizeof(error),
				&where);
		if (r == -EINVAL)
			return complain(f, where, "", error);
	}
	return r;
}

static int take_case(struct test_file *f, const struct config_node *node,
		     const struct config_node *rules, struct test_case *c)
{
	static const char *const keys[] = {"name",   "rules", "capture", "event",
					   "events", "match", "no_match"};
	const struct config_node *v[ARRAY_SIZE(keys)];
	const struct config_node *events;
	int r;

	if (node->kind != CONFIG_MAP)
		return complain(f, node, "Begin it with \"- name: ...\".", "a case is a map");
	if (check_keys(f, node, keys, ARRAY_SIZE(keys)) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		v[i] = config_map_get(node, keys[i]);
	if (!v[0] || v[0]->kind != CONFIG_SCALAR)
		return complain(f, node, "Add name: ....", "the case has no name");
	if (!v[1])
		v[1] = rules;
	events = v[3] ? v[3] : v[4];
	if (count(v[1]) == 0)
		return complain(f, node, "Add rules: [FILE].", "the case has no rules");
	if (!v[2] == !events || (v[3] && v[4]))
		return complain(f, node, "", "a case has one of capture, event and events");
	if (count(v[5]) + count(v[6]) == 0)
		return complain(f, node, "Add match or no_match.", "the case expects nothing");
	if (v[2] && v[2]->kind != CONFIG_SCALAR)
		return complain(f, v[2], "", "capture is a file");
	c->name = v[0]->text;
	c->line = node->line;
	c->capture = v[2] ? resolve(f, v[2]->text) : NULL;
	if (v[2] && !c->capture)
		return -ENOMEM;
	r = take_strings(f, v[1], true, &c->rules, &c->n_rules);
	if (r == 0 && events)
		r = take_records(f, events, c);
	if (r == 0)
		r = take_match(f, v[5], c);
	if (r == 0)
		r = take_strings(f, v[6], false, &c->no_match, &c->n_no_match);
	return r;
}

int test_file_read(struct test_file *f, const char *path, saker_diag_fn diag, void *userdata)
{
	static const char *const keys[] = {"rules", "cases"};
	const struct config_node *rules, *cases;
	struct config_node *root;
	int r;

	memset(f, 0, sizeof(*f));
	f->path = path;
	r = config_tree_init(&f->tree, diag, userdata);
	if (r == 0)
		r = config_tree_read(&f->tree, path, &root);
	if (r < 0)
		return r;
	if (root->kind != CONFIG_MAP)
		return complain(f, root, "See rulecheck(1).", "a test file has rules and cases");
	if (check_keys(f, root, keys, ARRAY_SIZE(keys)) < 0)
		return -EBADMSG;
	rules = config_map_get(root, "rules");
	cases = config_map_get(root, "cases");
	if (!cases || cases->kind != CONFIG_LIST || cases->n == 0)
		return complain(f, root, "Add cases: and \"- name: ...\".", "there are no cases");
	f->cases = arena_alloc(&f->tree.arena, cases->n * sizeof(*f->cases));
	if (!f->cases)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < cases->n; i++)
		r = take_case(f, cases->entries[i].value, rules, &f->cases[f->n++]);
	return r;
}

void test_file_fini(struct test_file *f)
{
	config_tree_fini(&f->tree);
}
