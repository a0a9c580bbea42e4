/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's configuration: defaults, files and -o, as values ready to use. */
#ifndef TOOLS_CONFIG_H
#define TOOLS_CONFIG_H

#include <saker/containers.h>
#include <saker/rules.h>

#include "config_tree.h"

struct config_selection {
	const char *rule; /* one of the two is NULL */
	const char *tag;
	bool enable;
};

struct config_static {
	const char *name;
	const char *value;
};

enum config_engine {
	CONFIG_ENGINE_EBPF,
	CONFIG_ENGINE_REPLAY,
	CONFIG_ENGINE_PROCFS, /* nodriver */
};

enum config_drop_action {
	CONFIG_DROP_LOG = 1 << 0,
	CONFIG_DROP_ALERT = 1 << 1,
	CONFIG_DROP_EXIT = 1 << 2,
};

/* All that it points to belongs to the tree. */
struct config {
	struct config_tree tree;

	const char **rules_files;
	uint32_t n_rules_files;
	bool rules_files_given; /* the key is there, whatever is in it */
	struct config_selection *selections;
	uint32_t n_selections;
	struct saker_rules_append *append;
	uint32_t n_append;
	struct config_static *statics;
	uint32_t n_statics;
	enum saker_rule_matching matching;
	enum saker_priority min_priority;
	bool watch_config_files;

	bool json_output;
	bool json_output_property;
	bool json_message_property;
	bool json_fields_property;
	bool json_tags_property;
	bool json_absent_property;
	bool time_iso8601;
	bool buffered_outputs;
	uint32_t queue_capacity;
	bool stdout_enabled;
	bool file_enabled;
	bool file_keep_alive;
	const char *file_name;

	enum config_engine engine;
	const char *capture_file;
	uint32_t cpus_per_ring; /* 0 = all */
	uint64_t ring_bytes;	/* 0 = the engine's */
	bool drop_failed_exit;
	const char **custom_syscalls;
	uint32_t n_custom_syscalls;
	bool repair_syscalls;
	bool all_syscalls;
	uint32_t max_threads;
	uint32_t snaplen;
	bool dynamic_snaplen;
	uint16_t port_first; /* of which most is kept; last 0 = none */
	uint16_t port_last;
	uint32_t reserve_percent;
	const char **filters; /* of the kernel */
	uint32_t n_filters;

	uint64_t state_memory_max;
	uint32_t exe_hash_hold_ms;
	uint64_t exe_hash_file_max; /* bytes */

	uint32_t label_max;
	uint32_t hold_ms;
	uint32_t runtime_timeout_ms;
	const char **runtime_sockets[SAKER_RUNTIMES]; /* NULL-terminated; NULL = the usual ones */

	double drop_threshold;
	double drop_rate;
	double drop_burst;
	unsigned int drop_actions; /* enum config_drop_action */

	enum saker_priority log_level;
	bool log_stderr;
	bool log_syslog;
	bool libs_log;
	enum saker_severity libs_severity;
};

/*
 * Reads path (NULL = none), the files it names and the -o options, in Falco's
 * order of precedence, and checks it all. -EBADMSG after diagnostics, which may
 * come as warnings on success too. The config must be freed in either case.
 */
int config_load(struct config *config, const char *path, const char *const *options,
		uint32_t n_options, saker_diag_fn diag, void *userdata);
void config_fini(struct config *config);

#endif /* TOOLS_CONFIG_H */
