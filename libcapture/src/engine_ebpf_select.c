// SPDX-License-Identifier: Apache-2.0
/*
 * What the probe lets through, and changing it while it runs: the tables by
 * syscall number, the maps of filters, the marks on tasks. A call that nothing
 * is asked of goes straight to its event's program; for others the table names
 * the gate (driver/bpf/gate.h).
 */
#include "engine_ebpf.h"

#include <sys/stat.h>

#include <bpf/bpf.h>

#include "schema/wire.h"

#include "ebpf_compat.h"

/* ---- the tables by syscall ------------------------------------------------------------- */

struct event_paths {
	uint16_t code;
	int8_t dir[2];
	int8_t path[2];
};

static const struct event_paths event_paths[] = {
#define PATHS(symbol, dir, path, dir2, path2) {SAKER_EV_##symbol, {dir, dir2}, {path, path2}},
#include "schema/paths.def"
#undef PATHS
};

/* An execve is wanted by who wants execveat: that is how a successful one ends. */
static bool is_wanted(const struct saker_syscall_set *set, uint32_t sc)
{
	return saker_syscall_set_has(set, sc) ||
	       (sc == SAKER_SC_EXECVE && saker_syscall_set_has(set, SAKER_SC_EXECVEAT));
}

static bool is_state(uint8_t event_class)
{
	return event_class == PROBE_CLASS_CLONE_FORK || event_class == PROBE_CLASS_EXECVE ||
	       event_class == PROBE_CLASS_PROC_EXIT;
}

static struct probe_gate gate_of(uint16_t code, uint32_t one_in)
{
	struct probe_gate gate = {
		.code = code,
		.event_class = ebpf_class_of(code),
		.path = {-1, -1},
		.one_in = one_in,
	};
	size_t i;

	gate.state = is_state(gate.event_class);
	for (i = 0; i < ARRAY_SIZE(event_paths); i++) {
		if (event_paths[i].code != code)
			continue;
		memcpy(gate.dir, event_paths[i].dir, sizeof(gate.dir));
		memcpy(gate.path, event_paths[i].path, sizeof(gate.path));
	}
	return gate;
}

uint16_t ebpf_gate_fill(struct probe_gate *gate, uint16_t code, uint32_t sc,
			const struct ebpf_choice *choice)
{
	*gate = gate_of(code, choice->one_in[sc]);
	/* Who reads the result in a table that the kernel looks at goes to the gate: it is there.
	 */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (!choice->filters && gate->one_in <= 1)
		return code;
	return PROBE_SLOT_GATE;
}

static uint16_t fill_one(struct probe_gate *gate, const struct saker_syscall_info *info,
			 const struct saker_syscall_set *set, const struct ebpf_choice *choice)
{
	if (!info || !is_wanted(set, info->sc))
		return 0;
	return ebpf_gate_fill(gate, ebpf_event_of(info), info->sc, choice);
}

/* What a carrier carries; whether any of it is wanted. */
static bool fill_calls(struct probe_switches *s, uint32_t carrier,
		       const struct saker_syscall_set *set, const struct ebpf_choice *choice)
{
	uint32_t of = carrier - PROBE_PROGRAMS;
	struct probe_call *calls = s->calls[of];
	bool wanted = false;
	uint32_t i;

	for (i = 0; i < PROBE_CALLS; i++) {
		const struct saker_syscall_info *info =
			saker_syscall_by_code((uint32_t)ebpf_compat_call(carrier, i));

		calls[i].sc = info->sc;
		calls[i].want = fill_one(&s->call_gates[of][i], info, set, choice);
		wanted |= calls[i].want != 0;
	}
	return wanted;
}

static void fill_traces(struct probe_switches *s, const struct saker_syscall_set *set,
			const struct ebpf_choice *choice)
{
	static const uint16_t codes[PROBE_TRACES] = {
		[PROBE_TRACE_SWITCH] = SAKER_SC_SCHED_SWITCH,
		[PROBE_TRACE_SIGNAL] = SAKER_SC_SIGNAL_DELIVER,
		[PROBE_TRACE_FAULT_USER] = SAKER_SC_PAGE_FAULT_USER,
		[PROBE_TRACE_FAULT_KERNEL] = SAKER_SC_PAGE_FAULT_KERNEL,
	};
	uint32_t i, traces = 0;

	for (i = 0; i < PROBE_TRACES; i++) {
		s->trace_one_in[i] = choice->one_in[codes[i]];
		traces |= saker_syscall_set_has(set, codes[i]) ? UINT32_C(1) << i : 0;
	}
	s->traces = traces;
}

void ebpf_probe_fill_switches(struct ebpf_probe *probe, const struct saker_syscall_set *set,
			      const struct ebpf_choice *choice)
{
	struct probe_switches *s = probe->switches;
	uint32_t i;

	for (i = 0; i < PROBE_SYSCALLS; i++) {
		int compat = ebpf_compat_code(i), carrier;
		const struct saker_syscall_info *own = saker_syscall_by_number(i);
		const struct saker_syscall_info *other =
			compat > 0 ? saker_syscall_by_code((uint32_t)compat) : NULL;

		s->sc[i].own = own ? own->sc : 0;
		s->sc[i].compat = other ? other->sc : 0;
		s->want[i].own = fill_one(&s->gates[i].own, own, set, choice);
		s->want[i].compat = fill_one(&s->gates[i].compat, other, set, choice);
		carrier = ebpf_compat_carrier(i);
		if (carrier > 0)
			s->want[i].compat = fill_calls(s, (uint32_t)carrier, set, choice)
						    ? (uint16_t)carrier
						    : 0;
	}
	s->want_exit = saker_syscall_set_has(set, SAKER_SC_SCHED_PROCESS_EXIT);
	fill_traces(s, set, choice);
}

/* ---- a selection in the kernel's terms ---------------------------------------------------- */

static const struct {
	enum ebpf_map map;
	uint32_t bit; /* enum probe_filter */
} kinds[] = {
	[SAKER_CAPTURE_FILTER_PID] = {EBPF_MAP_ROOTS, PROBE_FILTER_PID},
	[SAKER_CAPTURE_FILTER_TREE] = {EBPF_MAP_ROOTS, PROBE_FILTER_PID},
	[SAKER_CAPTURE_FILTER_COMM] = {EBPF_MAP_COMMS, PROBE_FILTER_COMM},
	[SAKER_CAPTURE_FILTER_UID] = {EBPF_MAP_UIDS, PROBE_FILTER_UID},
	[SAKER_CAPTURE_FILTER_CGROUP] = {EBPF_MAP_CGROUPS, PROBE_FILTER_CGROUP},
	[SAKER_CAPTURE_FILTER_CGROUP_TREE] = {EBPF_MAP_CGROUPS, PROBE_FILTER_CGROUP},
	[SAKER_CAPTURE_FILTER_PATH] = {EBPF_MAP_PATHS, PROBE_FILTER_PATH},
};

static_assert(ARRAY_SIZE(kinds) == SAKER_CAPTURE_FILTER_KINDS, "a row a kind");

static const enum ebpf_map filter_maps[] = {EBPF_MAP_ROOTS, EBPF_MAP_COMMS, EBPF_MAP_UIDS,
					    EBPF_MAP_CGROUPS, EBPF_MAP_PATHS};

/* Keys as the maps have them. */
union filter_key {
	uint32_t number;
	uint64_t cgroup;
	char comm[PROBE_COMM];
	struct probe_prefix prefix;
};

/* text: which one; may be NULL. */
static int bad_choice(struct saker_capture *capture, int error, const char *what, const char *text,
		      const char *hint)
{
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_BAD_FILTER", "", hint, "%s%s%s", what,
		     text ? ": " : "", text ? text : "");
	return error;
}

static int cgroup_key(struct saker_capture *capture, const struct saker_capture_filter *filter,
		      union filter_key *key)
{
	struct stat st;

	key->cgroup = filter->number;
	if (!filter->text)
		return 0;
	if (stat(filter->text, &st) < 0)
		return bad_choice(capture, -ENOENT, "a control group cannot be looked at",
				  filter->text,
				  "name its directory in the unified hierarchy (cgroup2)");
	key->cgroup = st.st_ino;
	return 0;
}

static int filter_key(struct saker_capture *capture, const struct saker_capture_filter *filter,
		      union filter_key *key)
{
	size_t len = filter->text ? strlen(filter->text) : 0;

	memset(key, 0, sizeof(*key));
	switch (filter->kind) {
	case SAKER_CAPTURE_FILTER_CGROUP:
	case SAKER_CAPTURE_FILTER_CGROUP_TREE:
		return cgroup_key(capture, filter, key);
	case SAKER_CAPTURE_FILTER_COMM:
		if (!len || len >= PROBE_COMM)
			return bad_choice(capture, -EINVAL, "no thread can have this command",
					  filter->text, "the kernel keeps 15 bytes: give those");
		memcpy(key->comm, filter->text, len);
		return 0;
	case SAKER_CAPTURE_FILTER_PATH:
		if (!len || len > PROBE_PREFIX || filter->text[0] != '/')
			return bad_choice(capture, -EINVAL, "no path begins like this",
					  filter->text,
					  "give an absolute one, of at most 255 bytes");
		memcpy(key->prefix.text, filter->text, len);
		key->prefix.bits = (uint32_t)len * 8;
		return 0;
	default:
		if (filter->number > UINT32_MAX)
			return bad_choice(capture, -EINVAL, "a filter's number is too large", NULL,
					  "processes and users have 32 bits");
		key->number = (uint32_t)filter->number;
		return 0;
	}
}

static bool changes_nothing(const struct saker_capture_sample *sample)
{
	return sample->one_in == 1;
}

static int add_sample(struct saker_capture *capture, const struct saker_capture_sample *sample,
		      struct ebpf_choice *choice)
{
	uint32_t sc;

	if (!sample->syscalls || !sample->one_in)
		return bad_choice(capture, -EINVAL, "a sample of nothing", NULL,
				  "name syscalls, and keep one in 1 or more");
	for (sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);

		if (!info || !saker_syscall_set_has(sample->syscalls, sc))
			continue;
		if (!changes_nothing(sample) && (sc == SAKER_SC_SCHED_PROCESS_EXIT ||
						 is_state(ebpf_class_of(ebpf_event_of(info)))))
			return bad_choice(capture, -EINVAL, "this cannot be sampled", info->name,
					  "the state of the machine rests on it: leave it whole");
		choice->one_in[sc] = sample->one_in;
	}
	choice->samples |= !changes_nothing(sample);
	return 0;
}

static int make_choice(struct saker_capture *capture,
		       const struct saker_capture_selection *selection, struct ebpf_choice *choice)
{
	uint32_t n_of[EBPF_MAPS] = {0};
	union filter_key key;
	uint32_t i;
	int r;

	memset(choice, 0, sizeof(*choice));
	for (i = 0; i < selection->n_filters; i++) {
		const struct saker_capture_filter *filter = &selection->filters[i];

		if ((unsigned int)filter->kind >= SAKER_CAPTURE_FILTER_KINDS)
			return bad_choice(capture, -EINVAL, "a filter of no kind", NULL,
					  "see enum saker_capture_filter_kind");
		r = filter_key(capture, filter, &key);
		if (r < 0)
			return r;
		if (++n_of[kinds[filter->kind].map] > PROBE_FILTER_ENTRIES)
			return bad_choice(capture, -E2BIG, "too many filters of one kind", NULL,
					  "at most 256");
		choice->filters |= kinds[filter->kind].bit;
		if (!filter->exclude)
			choice->includes |= kinds[filter->kind].bit;
	}
	for (i = 0; i < selection->n_samples; i++) {
		r = add_sample(capture, &selection->samples[i], choice);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the maps of filters ------------------------------------------------------------------- */

static void clear_maps(struct ebpf_probe *probe)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(filter_maps); i++) {
		union filter_key key;
		int map = probe->maps[filter_maps[i]];

		while (bpf_map_get_next_key(map, NULL, &key) == 0)
			if (bpf_map_delete_elem(map, &key) < 0)
				break;
	}
}

static int fill_maps(struct saker_capture *capture, struct ebpf_probe *probe,
		     const struct saker_capture_selection *selection)
{
	union filter_key key;
	uint32_t i;
	int r;

	for (i = 0; i < selection->n_filters; i++) {
		const struct saker_capture_filter *filter = &selection->filters[i];
		uint32_t verdict = filter->exclude ? 0 : PROBE_VERDICT_INCLUDE;

		if (filter->kind == SAKER_CAPTURE_FILTER_PID ||
		    filter->kind == SAKER_CAPTURE_FILTER_CGROUP)
			verdict |= PROBE_VERDICT_EXACT;
		r = filter_key(capture, filter, &key);
		if (r < 0)
			return r;
		if (bpf_map_update_elem(probe->maps[kinds[filter->kind].map], &key, &verdict,
					BPF_ANY) < 0)
			return bad_choice(capture, -errno, "a filter cannot be set",
					  strerror(errno), "is there memory left?");
	}
	return 0;
}

#define MARK_RUNS 8

/*
 * Marks the processes that exist. One that is born meanwhile is missed when its
 * parent was not yet marked and its number lies behind: so until a run finds
 * none.
 */
static int mark_tasks(struct ebpf_probe *probe)
{
	const volatile unsigned int *marked = &probe->switches->marked;
	int i;

	for (i = 0; i < MARK_RUNS; i++) {
		_cleanup_close_ int iter = bpf_iter_create(probe->marker);
		unsigned int before = *marked;
		char none[64];
		ssize_t n;

		if (iter < 0)
			return -errno;
		while ((n = read(iter, none, sizeof(none))) > 0 || (n < 0 && errno == EAGAIN))
			;
		if (n < 0)
			return -errno;
		if (*marked == before)
			break;
	}
	return 0;
}

/* ---- changing ----------------------------------------------------------------------------------
 */

static int load_missing(struct saker_capture *capture, struct ebpf_probe *probe,
			const struct saker_syscall_set *set, const struct ebpf_choice *choice,
			uint32_t links)
{
	uint64_t codes[PROBE_PROGRAMS / 64] = {0};
	bool marker = (choice->filters & PROBE_FILTER_PID) && probe->marker < 0;
	uint32_t new_links = 0;
	bool missing = marker;
	size_t i;

	for (i = 0; i < EBPF_LINKS; i++)
		if (links & UINT32_C(1) << i && probe->links[i] < 0 && probe->programs[i] < 0)
			new_links |= UINT32_C(1) << i;
	ebpf_events_of_set(set, codes);
	if (choice->filters || choice->samples)
		BIT_SET(codes, PROBE_SLOT_GATE);
	missing |= new_links != 0;
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		missing |= (codes[i] & ~probe->loaded[i]) != 0;
	if (missing)
		return ebpf_probe_load_more(capture, probe, codes, new_links, marker);
	return 0;
}

static uint32_t links_of(const struct saker_capture *capture, const struct saker_syscall_set *set,
			 const struct ebpf_choice *choice)
{
	return ebpf_links_of_set(capture, set) |
	       (choice->filters & PROBE_FILTER_PID ? UINT32_C(1) << EBPF_LINK_FOLLOW : 0);
}

int ebpf_probe_want(struct saker_capture *capture, struct ebpf_probe *probe,
		    const struct saker_syscall_set *set)
{
	uint32_t links = links_of(capture, set, &probe->choice);
	int r = load_missing(capture, probe, set, &probe->choice, links);

	if (r >= 0)
		r = ebpf_probe_attach(capture, probe);
	if (r < 0)
		return r;
	ebpf_probe_fill_switches(probe, set, &probe->choice);
	ebpf_probe_drop_links(probe, links);
	ebpf_uring_want(capture, probe, set, &probe->choice);
	return 0;
}

/* From nothing filtered to all of the choice. */
static int set_filters(struct saker_capture *capture, struct ebpf_probe *probe,
		       const struct saker_capture_selection *selection,
		       const struct ebpf_choice *choice)
{
	volatile struct probe_switches *s = probe->switches;
	int r;

	s->filters = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	s->generation++;
	clear_maps(probe);
	r = fill_maps(capture, probe, selection);
	if (r >= 0 && choice->filters & PROBE_FILTER_PID)
		r = mark_tasks(probe);
	if (r < 0)
		return r;
	s->includes = choice->includes;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	s->filters = choice->filters;
	return 0;
}

int ebpf_probe_select(struct saker_capture *capture, struct ebpf_probe *probe,
		      const struct saker_capture_selection *selection)
{
	struct saker_syscall_set set = {0};
	struct ebpf_choice choice;
	uint32_t links;
	int r;

	if (selection->syscalls)
		set = *selection->syscalls;
	else
		saker_syscall_set_add_name(&set, "state");
	r = make_choice(capture, selection, &choice);
	if (r < 0)
		return r;
	links = links_of(capture, &set, &choice);
	r = load_missing(capture, probe, &set, &choice, links);
	if (r >= 0)
		r = ebpf_probe_attach(capture, probe);
	if (r >= 0)
		r = set_filters(capture, probe, selection, &choice);
	if (r < 0)
		return r;
	ebpf_probe_fill_switches(probe, &set, &choice);
	ebpf_probe_drop_links(probe, links);
	ebpf_uring_want(capture, probe, &set, &choice);
	probe->choice = choice;
	return 0;
}
