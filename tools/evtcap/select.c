/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls the kernel is asked for: those of -e, or those that can
 * satisfy the filter and those that keep the state right; what of them it is to
 * keep (-k) and to sample.
 */
#include <ctype.h>

#include "session.h"
#include "text.h"

#define GENERIC_EXIT 1 /* the event of all system calls without one of their own */
#define WORDS ((SAKER_EVENT_CODES + 63) / 64)
#define MAX_NAME 63

/* At most two letters off, and fewer than all of them; NULL = there is none. */
static const char *nearest_syscall(const char *name)
{
	const char *near = NULL;
	unsigned int least = (unsigned int)MIN(strlen(name), (size_t)3);

	for (uint32_t sc = 0; sc < 512; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);
		unsigned int n = info ? text_distance(name, info->name) : least;

		if (n < least) {
			least = n;
			near = info->name;
		}
	}
	return near;
}

static int add_names(struct session *s, const char *names, struct saker_syscall_set *set)
{
	while (*names) {
		size_t n = strcspn(names, ", ");
		char name[MAX_NAME + 1] = "";

		memcpy(name, names, MIN(n, (size_t)MAX_NAME));
		if (n && saker_syscall_set_add_name(set, name) < 0) {
			const char *near = nearest_syscall(name);

			say_error(&s->say,
				  "there is no system call or event '%s'%s%s%s; the sets are "
				  "state, io and all",
				  name, near ? ", did you mean " : "", near ? near : "",
				  near ? "?" : "");
			return -ENOENT;
		}
		names += n;
		names += strspn(names, ", ");
	}
	return 0;
}

static int select_names(struct session *s, const char *names, struct saker_syscall_set *set)
{
	int r = add_names(s, names, set);

	/* Without exits the table of processes would only grow. */
	return r < 0 ? r : saker_syscall_set_add_name(set, "sched_process_exit");
}

/*
 * The generic event says only in its first parameter which call it is of, and
 * the filter's codes do not tell: every such name in its text is taken. Returns
 * whether there was one.
 */
static bool add_generic(const char *filter, struct saker_syscall_set *set)
{
	bool found = false;

	while (*filter) {
		const struct saker_syscall_info *info;
		char name[MAX_NAME + 1];
		size_t n = 0;

		while (isalnum((unsigned char)filter[n]) || filter[n] == '_')
			n++;
		if (n == 0) {
			filter++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)MIN(n, (size_t)MAX_NAME), filter);
		info = saker_syscall_by_name(name);
		if (info && info->event == GENERIC_EXIT) {
			saker_syscall_set_add(set, info->sc);
			found = true;
		}
		filter += n;
	}
	return found;
}

/*
 * Context switches, page faults and signals come by the million: a filter that
 * lets everything pass does not ask for them, one that names them does.
 */
static bool is_asked(const char *filter, uint32_t code)
{
	struct saker_syscall_set all = {0}, set = {0};

	if (saker_syscall_set_add_name(&all, "all") < 0 ||
	    saker_syscall_set_add_event(&set, code) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(set.bits); i++) {
		if (set.bits[i] & all.bits[i])
			return true;
	}
	return strstr(filter, saker_event_info(code)->name) != NULL;
}

static int select_filtered(struct session *s, struct saker_syscall_set *set)
{
	uint64_t codes[WORDS] = {0};
	int r = saker_filter_codes(s->filter, codes, WORDS);

	for (uint32_t code = GENERIC_EXIT + 1; r == 0 && code < SAKER_EVENT_CODES; code++) {
		if (!(codes[code / 64] >> (code % 64) & 1) || !saker_event_info(code) ||
		    !is_asked(s->options->filter, code))
			continue;
		r = saker_syscall_set_add_event(set, code);
		if (r == -ENOENT)
			r = 0; /* an event that no system call yields */
	}
	if (r == 0 && codes[0] >> GENERIC_EXIT & 1 && !add_generic(s->options->filter, set))
		r = saker_syscall_set_add_name(set, "all");
	if (r == 0)
		r = saker_syscall_set_add_name(set, "state");
	return r;
}

static int select_syscalls(struct session *s, struct saker_syscall_set *set)
{
	if (s->options->select)
		return select_names(s, s->options->select, set);
	if (s->filter)
		return select_filtered(s, set);
	return saker_syscall_set_add_name(set, "all");
}

static int select_kept(struct session *s, struct wanted *w)
{
	for (uint32_t i = 0; i < s->options->n_keep; i++) {
		if (saker_capture_filter_parse(s->options->keep[i], &w->filters[i]) < 0) {
			say_error(&s->say,
				  "-k %s: give one of pid, tree, comm, uid, cgroup, cgrouptree or "
				  "path, = or !=, and a value",
				  s->options->keep[i]);
			return -EINVAL;
		}
	}
	w->selection.filters = w->filters;
	w->selection.n_filters = s->options->n_keep;
	return 0;
}

/* SET=N */
static int select_samples(struct session *s, struct wanted *w)
{
	for (uint32_t i = 0; i < s->options->n_samples; i++) {
		const char *text = s->options->samples[i], *at = strrchr(text, '=');
		unsigned long n = at ? strtoul(at + 1, NULL, 10) : 0;
		char names[512];
		int r;

		if (!at || n < 1 || n > UINT32_MAX || (size_t)(at - text) >= sizeof(names)) {
			say_error(&s->say,
				  "--sample %s: give system calls or sets, = and how many "
				  "one is kept of, as in io=100",
				  text);
			return -EINVAL;
		}
		memcpy(names, text, (size_t)(at - text));
		names[at - text] = '\0';
		r = add_names(s, names, &w->sampled[i]);
		if (r < 0)
			return r;
		w->samples[i] = (struct saker_capture_sample){.syscalls = &w->sampled[i],
							      .one_in = (uint32_t)n};
	}
	w->selection.samples = w->samples;
	w->selection.n_samples = s->options->n_samples;
	return 0;
}

int select_events(struct session *s, struct wanted *ret_wanted)
{
	struct wanted *w = ret_wanted;
	int r;

	memset(w, 0, sizeof(*w));
	w->selection.size = sizeof(w->selection);
	w->selection.syscalls = &w->syscalls;
	r = select_syscalls(s, &w->syscalls);
	if (r >= 0)
		r = select_kept(s, w);
	return r < 0 ? r : select_samples(s, w);
}
