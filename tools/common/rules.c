/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule files there are, and from them a ruleset. */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <sys/stat.h>

#include "rules.h"

/* The container plugin that rule files may require is built into libenrich. */
static const struct saker_rules_plugin plugins[] = {{"container", "0.7.1"}};

static void complain(saker_diag_fn diag, void *userdata, const char *message, const char *hint)
{
	struct saker_diag d = {.id = "RULES",
			       .severity = SAKER_SEVERITY_ERROR,
			       .file = "",
			       .message = message,
			       .hint = hint,
			       .snippet = ""};

	diag(userdata, &d);
}

static int add_string(char ***array, uint32_t *n, uint32_t *capacity, const char *text)
{
	char *copy = strdup(text);

	if (!copy || GROW(*array, *n, *capacity) < 0) {
		free(copy);
		return -ENOMEM;
	}
	(*array)[(*n)++] = copy;
	return 0;
}

static int is_rule_file(const struct dirent *entry)
{
	return fnmatch("*.yaml", entry->d_name, FNM_PERIOD) == 0 ||
	       fnmatch("*.yml", entry->d_name, FNM_PERIOD) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct rules_files *files, const char *folder)
{
	struct dirent **list;
	int n = scandir(folder, &list, is_rule_file, by_name), r;

	if (n < 0)
		return -errno;
	r = add_string(&files->folders, &files->n_folders, &files->folders_capacity, folder);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(folder);
		char path[4096];
		struct stat st;

		if (r == 0 &&
		    snprintf(path, sizeof(path), "%s%s%s", folder,
			     len && folder[len - 1] == '/' ? "" : "/",
			     list[i]->d_name) < (int)sizeof(path) &&
		    stat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = add_string(&files->paths, &files->n, &files->capacity, path);
		free(list[i]);
	}
	free(list);
	return r;
}

/* must: it is an error when it is not there. */
static int add_path(struct rules_files *files, const char *path, bool must, saker_diag_fn diag,
		    void *userdata)
{
	char message[4200];
	struct stat st;
	int r = 0;

	if (stat(path, &st) < 0)
		r = must ? -errno : 0;
	else if (S_ISDIR(st.st_mode))
		r = add_folder(files, path);
	else
		r = add_string(&files->paths, &files->n, &files->capacity, path);
	if (r < 0 && r != -ENOMEM) {
		snprintf(message, sizeof(message), "%s: rules cannot be read: %s", path,
			 strerror(-r));
		complain(diag, userdata, message, "");
		r = -EBADMSG;
	}
	return r;
}

int rules_files_find(struct rules_files *files, const char *const *given, uint32_t n_given,
		     const struct config *config, saker_diag_fn diag, void *userdata)
{
	int r = 0;

	memset(files, 0, sizeof(*files));
	if (n_given) {
		for (uint32_t i = 0; i < n_given && r == 0; i++)
			r = add_path(files, given[i], true, diag, userdata);
	} else if (config->rules_files_given) {
		for (uint32_t i = 0; i < config->n_rules_files && r == 0; i++)
			r = add_path(files, config->rules_files[i], false, diag, userdata);
	} else {
		r = add_path(files, SAKER_RULES_DIR, false, diag, userdata);
	}
	if (r == 0 && files->n == 0) {
		complain(diag, userdata, "there are no rules",
			 "name files or folders with -r or rules_files, or put *.yaml files "
			 "into " SAKER_RULES_DIR);
		r = -EBADMSG;
	}
	return r;
}

void rules_files_fini(struct rules_files *files)
{
	for (uint32_t i = 0; i < files->n; i++)
		free(files->paths[i]);
	for (uint32_t i = 0; i < files->n_folders; i++)
		free(files->folders[i]);
	for (uint32_t i = 0; i < files->n_items; i++)
		free(files->items[i]);
	free(files->items);
	free(files->paths);
	free(files->folders);
	memset(files, 0, sizeof(*files));
}

static int load_file(struct saker_rules_loader *loader, const struct rules_files *files,
		     const char *path)
{
	size_t len;
	const char *text = files->text_of ? files->text_of(files->text_userdata, path, &len) : NULL;

	return text ? saker_rules_loader_add_buffer(loader, path, text, len)
		    : saker_rules_loader_add_file(loader, path);
}

static int load_into(struct saker_rules_loader *loader, const struct rules_files *files,
		     const struct config *config, saker_diag_fn diag, void *userdata)
{
	char message[4200];
	bool bad = false;
	int r;

	/* All files are read even after a bad one: people want all that is wrong. */
	for (uint32_t i = 0; i < files->n; i++) {
		r = load_file(loader, files, files->paths[i]);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -EBADMSG) {
			snprintf(message, sizeof(message), "%s: rules cannot be read: %s",
				 files->paths[i], strerror(-r));
			complain(diag, userdata, message, "");
		}
		bad = bad || r < 0;
	}
	for (uint32_t i = 0; i < config->n_selections; i++) {
		const struct config_selection *s = &config->selections[i];

		r = saker_rules_loader_enable(loader, s->rule, s->tag, s->enable);
		if (r < 0)
			return r;
	}
	return bad ? -EBADMSG : 0;
}

int rules_loader_new(const struct config *config, const struct saker_catalogue *catalogue,
		     bool first_error, bool schema, saker_diag_fn diag, void *userdata,
		     struct saker_rules_loader **ret_loader)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	int r;

	options.first_error = first_error;
	options.schema = schema;
	options.diag = diag;
	options.diag_userdata = userdata;
	options.matching = config->matching;
	options.min_priority = config->min_priority;
	options.time_iso8601 = config->time_iso8601;
	options.plugins = plugins;
	options.n_plugins = ARRAY_SIZE(plugins);
	options.append = config->append;
	options.n_append = config->n_append;
	r = saker_rules_loader_new(&options, &loader);
	if (r < 0)
		return r;
	r = saker_rules_loader_add_catalogue(loader, catalogue);
	if (r < 0) {
		saker_rules_loader_free(loader);
		return r;
	}
	*ret_loader = loader;
	return 0;
}

int rules_open(const struct rules_files *files, const struct config *config,
	       const struct saker_catalogue *catalogue, saker_diag_fn diag, void *userdata,
	       struct saker_rules_loader **ret_loader)
{
	struct saker_rules_loader *loader;
	int r = rules_loader_new(config, catalogue, false, false, diag, userdata, &loader);

	if (r < 0)
		return r;
	r = load_into(loader, files, config, diag, userdata);
	if (r < 0) {
		saker_rules_loader_free(loader);
		return r;
	}
	*ret_loader = loader;
	return 0;
}

/* What the loader read besides the rule files. */
static int note_items(struct rules_files *files, const struct saker_rules_loader *loader)
{
	int r = 0;

	for (uint32_t i = 0; i < saker_rules_loader_n_files(loader) && r == 0; i++) {
		const char *name = saker_rules_loader_file(loader, i);
		bool known = false;

		for (uint32_t k = 0; k < files->n; k++)
			known = known || util_streq(files->paths[k], name);
		if (!known)
			r = add_string(&files->items, &files->n_items, &files->items_capacity,
				       name);
	}
	return r;
}

int rules_load(struct rules_files *files, const struct config *config,
	       const struct saker_catalogue *catalogue, saker_diag_fn diag, void *userdata,
	       struct saker_ruleset **ret_ruleset)
{
	struct saker_rules_loader *loader;
	int r = rules_open(files, config, catalogue, diag, userdata, &loader);

	if (r < 0)
		return r;
	r = note_items(files, loader);
	if (r == 0)
		r = saker_rules_loader_compile(loader, ret_ruleset);
	saker_rules_loader_free(loader);
	return r;
}

uint32_t rules_n_enabled(const struct saker_ruleset *ruleset)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < saker_ruleset_n_rules(ruleset); i++)
		n += saker_ruleset_rule(ruleset, i)->enabled;
	return n;
}
