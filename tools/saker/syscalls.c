/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of system calls: those that the rules can match, those that keep the
 * state right, less reads and writes unless all are asked for; base_syscalls
 * changes it in the way Falco documents.
 */
#include <stdio.h>

#include "syscalls.h"

#define GENERIC_EXIT 1 /* the event of all system calls without one of their own */
#define WORDS ((SAKER_EVENT_CODES + 63) / 64)
/* A rule that names no event type can match nearly every code. */
#define MATCHES_ALL (SAKER_EVENT_CODES / 2)

/* What base_syscalls.repair traces in place of the usual set: just enough for processes. */
static const char *const repair_always[] = {
	"clone",       "clone3",    "fork",	   "vfork",  "execve",	 "execveat", "fchdir",
	"chdir",       "chroot",    "capset",	   "setgid", "setgid32", "setpgid",  "setresgid",
	"setresgid32", "setresuid", "setresuid32", "setsid", "setuid",	 "setuid32", "prctl",
};

static void set_union(struct saker_syscall_set *to, const struct saker_syscall_set *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] |= from->bits[i];
}

static void set_minus(struct saker_syscall_set *to, const struct saker_syscall_set *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] &= ~from->bits[i];
}

uint32_t syscalls_count(const struct saker_syscall_set *set)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
		n += (uint32_t)__builtin_popcountll(set->bits[i]);
	return n;
}

/* evt.type = NAME of a system call that shares the generic event: only its name tells. */
static void add_constant(void *userdata, const char *field, const char *constant)
{
	const struct saker_syscall_info *info = saker_syscall_by_name(constant);

	if (info && info->event == GENERIC_EXIT)
		saker_syscall_set_add(userdata, info->sc);
}

static int add_rules(const struct saker_ruleset *ruleset, struct saker_syscall_set *set)
{
	uint64_t codes[WORDS] = {0};
	uint32_t n = 0;
	int r;

	r = saker_ruleset_codes(ruleset, "syscall", codes, WORDS);
	for (uint32_t code = 0; r == 0 && code < SAKER_EVENT_CODES; code++) {
		if (!(codes[code / 64] >> (code % 64) & 1))
			continue;
		n++;
		if (code != GENERIC_EXIT && saker_event_info(code))
			r = saker_syscall_set_add_event(set, code);
		if (r == -ENOENT)
			r = 0; /* an event that no system call yields */
	}
	if (r == 0 && n > MATCHES_ALL)
		r = saker_syscall_set_add_name(set, "all");
	if (r == 0)
		r = saker_ruleset_constants(ruleset, "syscall", add_constant, set);
	return r;
}

static uint16_t category_of(uint32_t sc)
{
	const struct saker_syscall_info *info = saker_syscall_by_code(sc);
	const struct saker_event_info *event = info ? saker_event_info(info->event) : NULL;

	return event ? event->category & 63 : 0;
}

static void add_names(struct saker_syscall_set *set, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		saker_syscall_set_add_name(set, names[i]); /* absent on some architectures */
}

static void add_repair(struct saker_syscall_set *set)
{
	static const char *const net[] = {"socket", "getsockopt"};
	static const char *const bind[] = {"bind"};
	static const char *const fds[] = {"close"};
	static const char *const listening[] = {"accept", "accept4", "listen"};
	bool has_net = false, has_fds = false, has_listening = false;

	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		uint16_t category = category_of(sc);

		if (!saker_syscall_set_has(set, sc))
			continue;
		has_net = has_net || category == SAKER_EC_NET;
		has_fds = has_fds || category == SAKER_EC_NET || category == SAKER_EC_FILE ||
			  category >= SAKER_EC_IO_BASE;
		for (size_t i = 0; i < ARRAY_SIZE(listening); i++)
			has_listening = has_listening ||
					util_streq(saker_syscall_by_code(sc)->name, listening[i]);
	}
	add_names(set, repair_always, ARRAY_SIZE(repair_always));
	if (has_net)
		add_names(set, net, ARRAY_SIZE(net));
	if (has_listening)
		add_names(set, bind, ARRAY_SIZE(bind));
	if (has_fds)
		add_names(set, fds, ARRAY_SIZE(fds));
}

/* custom_set: what it adds and what, with '!', it takes away. */
static void read_custom(const struct config *config, const struct logger *logger,
			struct saker_syscall_set *add, struct saker_syscall_set *take)
{
	for (uint32_t i = 0; i < config->n_custom_syscalls; i++) {
		const char *name = config->custom_syscalls[i];
		bool negative = *name == '!';
		int r = saker_syscall_set_add_name(negative ? take : add, name + negative);

		if (r < 0)
			logger_print(logger, SAKER_PRIORITY_WARNING,
				     "base_syscalls.custom_set: there is no system call '%s'",
				     name + negative);
	}
}

static void warn_untraced(const struct saker_syscall_set *rules,
			  const struct saker_syscall_set *set, const struct logger *logger)
{
	char names[1024] = "";
	size_t len = 0;
	uint32_t n = 0;

	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);

		if (!saker_syscall_set_has(rules, sc) || saker_syscall_set_has(set, sc) || !info ||
		    len + strlen(info->name) + 3 > sizeof(names))
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", n++ ? ", " : "",
					info->name);
	}
	if (n)
		logger_print(logger, SAKER_PRIORITY_WARNING,
			     "rules name system calls that are not traced (base_syscalls): %s",
			     names);
}

int syscalls_wanted(const struct saker_ruleset *ruleset, const struct config *config,
		    const struct logger *logger, struct saker_syscall_set *ret_set)
{
	struct saker_syscall_set rules = {0}, set = {0}, add = {0}, take = {0}, io = {0};
	bool repair_only;
	int r;

	r = add_rules(ruleset, &rules);
	if (r < 0)
		return r;
	read_custom(config, logger, &add, &take);
	set_union(&set, &rules);
	repair_only = config->repair_syscalls && syscalls_count(&add) == 0;
	if (repair_only)
		add_repair(&set);
	else if (syscalls_count(&add))
		set_union(&set, &add);
	else
		r = saker_syscall_set_add_name(&set, "state");
	set_minus(&set, &take);
	if (r == 0 && !config->all_syscalls) {
		r = saker_syscall_set_add_name(&io, "io");
		set_minus(&set, &io);
	}
	if (config->repair_syscalls && config->n_custom_syscalls)
		add_repair(&set);
	/* Whatever was chosen: without exits the table of processes would only grow. */
	if (r == 0)
		r = saker_syscall_set_add_name(&set, "sched_process_exit");
	if (r < 0)
		return r;
	warn_untraced(&rules, &set, logger);
	*ret_set = set;
	return 0;
}
