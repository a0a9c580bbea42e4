/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked tree to values: which file is read when, and what each key
 * that has an effect means. Spelling and types were checked before, so look-ups
 * here fall back to the table's defaults.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config.h"
#include "config_keys.h"
#include "config_yaml.h"

/* ---- values by path -------------------------------------------------------- */

/* The text of a scalar key: as given, else its default. */
static const char *text_of(const struct config *config, const char *path)
{
	const struct config_node *node = config_tree_get(&config->tree, path);
	const struct config_key *key = config_key_find(path);

	if (node && node->kind == CONFIG_SCALAR)
		return node->text;
	return key ? key->preset : "";
}

static bool bool_of(const struct config *config, const char *path)
{
	bool value = false;

	config_parse_bool(text_of(config, path), &value);
	return value;
}

static uint64_t uint_of(const struct config *config, const char *path)
{
	uint64_t value = 0;

	config_parse_uint(text_of(config, path), &value);
	return value;
}

static double double_of(const struct config *config, const char *path)
{
	double value = 0;

	config_parse_double(text_of(config, path), &value);
	return value;
}

/* A list of texts, or one text; elements that are empty are passed over. */
static int texts_of(struct config *config, const struct config_node *node, const char ***ret_texts,
		    uint32_t *ret_n)
{
	uint32_t n = node && node->kind == CONFIG_LIST ? node->n : 1;
	const char **texts = arena_alloc(&config->tree.arena, (n + 1) * sizeof(*texts));

	*ret_n = 0;
	if (!texts)
		return -ENOMEM;
	*ret_texts = texts;
	if (node && node->kind == CONFIG_SCALAR && *node->text)
		texts[(*ret_n)++] = node->text;
	for (uint32_t i = 0; node && node->kind == CONFIG_LIST && i < node->n; i++) {
		const struct config_node *e = node->entries[i].value;

		if (e->kind == CONFIG_SCALAR && *e->text)
			texts[(*ret_n)++] = e->text;
	}
	return 0;
}

static const char *map_text(const struct config_node *map, const char *key)
{
	const struct config_node *node = config_map_get(map, key);

	return node && node->kind == CONFIG_SCALAR ? node->text : NULL;
}

/* ---- sections --------------------------------------------------------------- */

static int take_rules(struct config *config)
{
	const struct config_node *files = config_tree_get(&config->tree, "rules_files");
	const struct config_node *old = config_tree_get(&config->tree, "rules_file");

	if (files && old) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR, old, "keep rules_files",
				"both rules_files and its old name rules_file are there");
		return -EBADMSG;
	}
	if (old)
		config_complain(&config->tree, SAKER_SEVERITY_WARNING, old, NULL,
				"rules_file is the old name of rules_files");
	config->rules_files_given = files || old;
	return texts_of(config, files ? files : old, &config->rules_files, &config->n_rules_files);
}

static int take_selections(struct config *config)
{
	const struct config_node *list = config_tree_get(&config->tree, "rules");
	uint32_t n = list && list->kind == CONFIG_LIST ? list->n : 0;

	config->selections =
		arena_alloc(&config->tree.arena, (n * 4 + 1) * sizeof(*config->selections));
	if (!config->selections)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		for (int enable = 0; enable < 2; enable++) {
			const struct config_node *what = config_map_get(
				list->entries[i].value, enable ? "enable" : "disable");
			const char *rule = map_text(what, "rule"), *tag = map_text(what, "tag");

			if (rule)
				config->selections[config->n_selections++] =
					(struct config_selection){.rule = rule, .enable = enable};
			if (tag)
				config->selections[config->n_selections++] =
					(struct config_selection){.tag = tag, .enable = enable};
		}
	}
	return 0;
}

/* extra_fields: plain names, or {name: format} as "name=format". */
static int take_extra_fields(struct config *config, const struct config_node *list,
			     struct saker_rules_append *append)
{
	const char **fields;
	uint32_t n = 0;

	if (!list || list->kind != CONFIG_LIST)
		return 0;
	for (uint32_t i = 0; i < list->n; i++)
		n += MAX(list->entries[i].value->n, 1);
	fields = arena_alloc(&config->tree.arena, (n + 1) * sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	append->extra_fields = fields;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct config_node *e = list->entries[i].value;

		if (e->kind == CONFIG_SCALAR)
			fields[append->n_extra_fields++] = e->text;
		for (uint32_t j = 0; e->kind == CONFIG_MAP && j < e->n; j++) {
			const char *format = map_text(e, e->entries[j].key);
			size_t size = strlen(e->entries[j].key) + (format ? strlen(format) : 0) + 2;
			char *text = arena_alloc(&config->tree.arena, size);

			if (!text)
				return -ENOMEM;
			snprintf(text, size, "%s=%s", e->entries[j].key, format ? format : "");
			fields[append->n_extra_fields++] = text;
		}
	}
	return 0;
}

static int take_append_entry(struct config *config, const struct config_node *node,
			     struct saker_rules_append *append)
{
	const struct config_node *match = config_map_get(node, "match");
	const char *suggested = map_text(node, "suggested_output");
	const char **tags = NULL;
	bool value = false;
	int r;

	append->source = map_text(match, "source");
	append->rule = map_text(match, "rule");
	append->extra_output = map_text(node, "extra_output");
	if (suggested)
		config_parse_bool(suggested, &value);
	append->suggested_output = value;
	r = texts_of(config, config_map_get(match, "tags"), &tags, &append->n_tags);
	append->tags = tags;
	if (r == 0)
		r = take_extra_fields(config, config_map_get(node, "extra_fields"), append);
	if (r == 0 && append->rule && append->n_tags)
		config_complain(&config->tree, SAKER_SEVERITY_WARNING, node, NULL,
				"append_output: only the rule '%s' can match, and only if it has "
				"all the tags",
				append->rule);
	return r;
}

static int take_append(struct config *config)
{
	const struct config_node *list = config_tree_get(&config->tree, "append_output");
	uint32_t n = list && list->kind == CONFIG_LIST ? list->n : 0;
	int r = 0;

	config->append = arena_alloc(&config->tree.arena, (n + 1) * sizeof(*config->append));
	if (!config->append)
		return -ENOMEM;
	if (!list) /* the default */
		config->append[config->n_append++].suggested_output = true;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		if (list->entries[i].value->kind == CONFIG_MAP)
			r = take_append_entry(config, list->entries[i].value,
					      &config->append[config->n_append++]);
	}
	return r;
}

static int take_statics(struct config *config)
{
	const struct config_node *map = config_tree_get(&config->tree, "static_fields");
	uint32_t n = map && map->kind == CONFIG_MAP ? map->n : 0;

	config->statics = arena_alloc(&config->tree.arena, (n + 1) * sizeof(*config->statics));
	if (!config->statics)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const char *value = map_text(map, map->entries[i].key);

		config->statics[config->n_statics++] = (struct config_static){
			.name = map->entries[i].key, .value = value ? value : ""};
	}
	return 0;
}

static void take_outputs(struct config *config)
{
	config->json_output = bool_of(config, "json_output");
	config->json_output_property = bool_of(config, "json_include_output_property");
	config->json_message_property = bool_of(config, "json_include_message_property");
	config->json_fields_property = bool_of(config, "json_include_output_fields_property");
	config->json_tags_property = bool_of(config, "json_include_tags_property");
	config->json_absent_property = bool_of(config, "json_include_absent_property");
	config->time_iso8601 = bool_of(config, "time_format_iso_8601");
	config->buffered_outputs = bool_of(config, "buffered_outputs");
	config->queue_capacity = (uint32_t)uint_of(config, "outputs_queue.capacity");
	config->stdout_enabled = bool_of(config, "stdout_output.enabled");
	config->file_enabled = bool_of(config, "file_output.enabled");
	config->file_keep_alive = bool_of(config, "file_output.keep_alive");
	config->file_name = text_of(config, "file_output.filename");
}

static int take_engine(struct config *config)
{
	const struct config_node *node = config_tree_get(&config->tree, "engine.kind");
	const char *kind = text_of(config, "engine.kind");
	uint64_t preset = uint_of(config, "engine.modern_ebpf.buf_size_preset");

	config->capture_file = text_of(config, "engine.replay.capture_file");
	config->cpus_per_ring =
		(uint32_t)uint_of(config, "engine.modern_ebpf.cpus_for_each_buffer");
	config->ring_bytes = UINT64_C(1) << (20 + (MAX(preset, 1) - 1));
	config->drop_failed_exit = bool_of(config, "engine.modern_ebpf.drop_failed_exit");
	config->engine = CONFIG_ENGINE_EBPF;
	if (strcasecmp(kind, "replay") == 0) {
		config->engine = CONFIG_ENGINE_REPLAY;
	} else if (strcasecmp(kind, "nodriver") == 0) {
		config->engine = CONFIG_ENGINE_PROCFS;
	} else if (strcasecmp(kind, "modern_ebpf") != 0) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR, node,
				"use modern_ebpf, nodriver, or replay with a capture file",
				"engine.kind %s is not available", kind);
		return -EBADMSG;
	}
	return 0;
}

static int take_syscalls(struct config *config)
{
	int r;

	config->repair_syscalls = bool_of(config, "base_syscalls.repair");
	config->all_syscalls = bool_of(config, "base_syscalls.all");
	config->max_threads = (uint32_t)uint_of(config, "falco_libs.thread_table_size");
	config->snaplen = (uint32_t)uint_of(config, "falco_libs.snaplen");
	config->dynamic_snaplen = bool_of(config, "falco_libs.dynamic_snaplen");
	config->port_first = (uint16_t)uint_of(config, "falco_libs.fullcapture_port_first");
	config->port_last = (uint16_t)uint_of(config, "falco_libs.fullcapture_port_last");
	config->reserve_percent = (uint32_t)uint_of(config, "engine.modern_ebpf.reserve_percent");
	r = texts_of(config, config_tree_get(&config->tree, "engine.modern_ebpf.filters"),
		     &config->filters, &config->n_filters);
	if (r < 0)
		return r;
	return texts_of(config, config_tree_get(&config->tree, "base_syscalls.custom_set"),
			&config->custom_syscalls, &config->n_custom_syscalls);
}

/* enabled and sockets of one container runtime. */
static int take_runtime(struct config *config, const struct config_node *node,
			enum saker_runtime runtime)
{
	const struct config_node *sockets = config_map_get(node, "sockets");
	const char *enabled = map_text(node, "enabled");
	const char **paths;
	bool value = true;
	uint32_t n;
	int r;

	if (enabled && !config_parse_bool(enabled, &value)) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR,
				config_map_get(node, "enabled"), NULL,
				"%s: enabled must be true or false", saker_runtime_name(runtime));
		return -EBADMSG;
	}
	if (value && !sockets)
		return 0;
	r = texts_of(config, value ? sockets : NULL, &paths, &n);
	if (r < 0)
		return r;
	paths[n] = NULL;
	config->runtime_sockets[runtime] = paths;
	return 0;
}

/* Runtimes by name, in our own section or as Falco's container plugin has them. */
static int take_runtimes(struct config *config, const struct config_node *map)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SAKER_RUNTIMES; i++) {
		const struct config_node *node = config_map_get(map, saker_runtime_name(i));

		if (node)
			r = take_runtime(config, node, i);
	}
	return r;
}

static int take_container_plugin(struct config *config, const struct config_node *init)
{
	const char *text = map_text(init, "label_max_len");
	uint64_t label_max = 0;

	if (text && (!config_parse_uint(text, &label_max) || label_max > 65535)) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR,
				config_map_get(init, "label_max_len"), NULL,
				"container: label_max_len must be a whole number in 1..65535");
		return -EBADMSG;
	}
	if (label_max)
		config->label_max = (uint32_t)label_max;
	return take_runtimes(config, config_map_get(init, "engines"));
}

static int take_containers(struct config *config)
{
	const struct config_node *own = config_tree_get(&config->tree, "container_metadata");
	const struct config_node *list = config_tree_get(&config->tree, "plugins");
	int r = 0;

	config->state_memory_max = uint_of(config, "state.memory_max_mb") << 20;
	config->exe_hash_hold_ms = (uint32_t)uint_of(config, "exe_hash.hold_ms");
	config->exe_hash_file_max = uint_of(config, "exe_hash.file_size_max_mb") << 20;
	config->hold_ms = (uint32_t)uint_of(config, "container_metadata.hold_ms");
	config->runtime_timeout_ms = (uint32_t)uint_of(config, "container_metadata.timeout_ms");
	config->label_max = (uint32_t)uint_of(config, "container_metadata.label_max_len");
	for (uint32_t i = 0; list && list->kind == CONFIG_LIST && i < list->n; i++) {
		const struct config_node *plugin = list->entries[i].value;
		const char *name = map_text(plugin, "name");

		if (r == 0 && name && strcmp(name, "container") == 0)
			r = take_container_plugin(config, config_map_get(plugin, "init_config"));
	}
	return r < 0 ? r : take_runtimes(config, own);
}

static int take_drops(struct config *config)
{
	const struct config_node *node =
		config_tree_get(&config->tree, "syscall_event_drops.actions");
	const char **actions;
	bool ignore = false;
	uint32_t n;
	int r = texts_of(config, node, &actions, &n);

	if (r < 0)
		return r;
	config->drop_threshold = double_of(config, "syscall_event_drops.threshold");
	config->drop_rate = double_of(config, "syscall_event_drops.rate");
	config->drop_burst = double_of(config, "syscall_event_drops.max_burst");
	config->drop_actions = node ? 0 : CONFIG_DROP_LOG | CONFIG_DROP_ALERT;
	for (uint32_t i = 0; i < n; i++) {
		if (strcasecmp(actions[i], "ignore") == 0)
			ignore = true;
		else if (strcasecmp(actions[i], "log") == 0)
			config->drop_actions |= CONFIG_DROP_LOG;
		else if (strcasecmp(actions[i], "alert") == 0)
			config->drop_actions |= CONFIG_DROP_ALERT;
		else if (strcasecmp(actions[i], "exit") == 0)
			config->drop_actions |= CONFIG_DROP_EXIT;
	}
	if (ignore && config->drop_actions) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR, node, NULL,
				"syscall_event_drops.actions: ignore stands alone");
		return -EBADMSG;
	}
	return 0;
}

static void take_log(struct config *config)
{
	static const struct {
		const char *name;
		enum saker_severity severity;
	} severities[] = {
		{"fatal", SAKER_SEVERITY_ERROR}, {"critical", SAKER_SEVERITY_ERROR},
		{"error", SAKER_SEVERITY_ERROR}, {"warning", SAKER_SEVERITY_WARNING},
		{"notice", SAKER_SEVERITY_INFO}, {"info", SAKER_SEVERITY_INFO},
		{"debug", SAKER_SEVERITY_DEBUG}, {"trace", SAKER_SEVERITY_DEBUG},
	};
	const char *severity = text_of(config, "libs_logger.severity");

	saker_priority_parse(text_of(config, "log_level"), &config->log_level);
	config->log_stderr = bool_of(config, "log_stderr");
	config->log_syslog = bool_of(config, "log_syslog");
	config->libs_log = bool_of(config, "libs_logger.enabled");
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++) {
		if (strcasecmp(severity, severities[i].name) == 0)
			config->libs_severity = severities[i].severity;
	}
}

static int take_all(struct config *config)
{
	int r, r2;

	config->log_level = SAKER_PRIORITY_INFORMATIONAL;
	config->min_priority = SAKER_PRIORITY_DEBUG;
	saker_priority_parse(text_of(config, "priority"), &config->min_priority);
	config->matching = strcasecmp(text_of(config, "rule_matching"), "all") == 0
				   ? SAKER_RULE_MATCHING_ALL
				   : SAKER_RULE_MATCHING_FIRST;
	config->watch_config_files = bool_of(config, "watch_config_files");
	take_outputs(config);
	take_log(config);
	r = take_rules(config);
	if (r != -ENOMEM && (r2 = take_selections(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_append(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_statics(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_engine(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_syscalls(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_containers(config)) < 0)
		r = r2;
	if (r != -ENOMEM && (r2 = take_drops(config)) < 0)
		r = r2;
	if (r == 0 && config->file_enabled && !*config->file_name) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR,
				config_tree_get(&config->tree, "file_output.filename"), NULL,
				"file_output is enabled and has no filename");
		r = -EBADMSG;
	}
	return r;
}

/* ---- files ------------------------------------------------------------------- */

static int merge_file(struct config *config, const char *path, enum config_strategy strategy,
		      bool main_file)
{
	struct config_node *root;
	int r = config_tree_read(&config->tree, path, &root);

	if (r < 0 || root->kind == CONFIG_NULL)
		return r;
	if (root->kind != CONFIG_MAP) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR, root, NULL,
				"a configuration is a map of keys");
		return -EBADMSG;
	}
	if (!main_file && config_map_get(root, "config_files")) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR,
				config_map_get(root, "config_files"), NULL,
				"config_files is allowed in the main file only");
		return -EBADMSG;
	}
	return config_tree_merge(&config->tree, root, strategy);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int merge_folder(struct config *config, const char *folder, enum config_strategy strategy)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, by_name), r = 0;

	if (n < 0)
		return 0; /* as one that does not exist */
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		if (r == 0 &&
		    snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name) <
			    (int)sizeof(path) &&
		    stat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = merge_file(config, path, strategy, false);
		free(list[i]);
	}
	free(list);
	return r;
}

static int merge_included(struct config *config, const char *main_path,
			  const struct config_node *node)
{
	const char *path = node->kind == CONFIG_SCALAR ? node->text : map_text(node, "path");
	const char *word = map_text(node, "strategy");
	enum config_strategy strategy = CONFIG_APPEND;
	struct stat st;

	if (word && strcasecmp(word, "override") == 0)
		strategy = CONFIG_OVERRIDE;
	else if (word && strcasecmp(word, "add-only") == 0)
		strategy = CONFIG_ADD_ONLY;
	if (path && main_path && util_streq(path, main_path)) {
		config_complain(&config->tree, SAKER_SEVERITY_ERROR, node, NULL,
				"config_files names the main file itself");
		return -EBADMSG;
	}
	if (!path || stat(path, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? merge_folder(config, path, strategy)
				   : merge_file(config, path, strategy, false);
}

/* The main file, the files it or "-o config_files" names, then every -o. */
static int read_all(struct config *config, const char *path, const char *const *options,
		    uint32_t n_options)
{
	const struct config_node *include;
	int r = path ? merge_file(config, path, CONFIG_OVERRIDE, true) : 0;

	for (uint32_t i = 0; i < n_options && r == 0; i++) {
		if (strncmp(options[i], "config_files", 12) == 0)
			r = config_tree_set(&config->tree, options[i]);
	}
	include = config_tree_get(&config->tree, "config_files");
	if (r == 0 && include && include->kind == CONFIG_SCALAR)
		r = merge_included(config, path, include);
	for (uint32_t i = 0; r == 0 && include && include->kind == CONFIG_LIST && i < include->n;
	     i++)
		r = merge_included(config, path, include->entries[i].value);
	for (uint32_t i = 0; i < n_options && r == 0; i++) {
		if (strncmp(options[i], "config_files", 12) != 0)
			r = config_tree_set(&config->tree, options[i]);
	}
	return r;
}

int config_load(struct config *config, const char *path, const char *const *options,
		uint32_t n_options, saker_diag_fn diag, void *userdata)
{
	int r;

	memset(config, 0, sizeof(*config));
	r = config_tree_init(&config->tree, diag, userdata);
	if (r == 0)
		r = read_all(config, path, options, n_options);
	if (r == 0)
		r = config_check(&config->tree);
	if (r == 0)
		r = take_all(config);
	return r;
}

void config_fini(struct config *config)
{
	config_tree_fini(&config->tree);
}
