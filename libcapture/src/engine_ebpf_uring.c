// SPDX-License-Identifier: Apache-2.0
/*
 * The part of the probe that looks into io_uring: an object of its own, over
 * the rings and counters of the first. What a kernel has of it is found out by
 * trying: the tracepoints have had several names and arguments, and the kernel
 * refuses to attach what does not fit. Without it the rest works all the same.
 */
#include "engine_ebpf.h"

#include <fcntl.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "schema/wire.h"

#include "uring.skel.h"

#define VERIFIER_LOG (UINT32_C(1) << 20) /* bytes; only its tail is shown */
#define VERIFIER_TAIL 1500

struct operation {
	uint16_t opcode;
	uint16_t sc;
	uint16_t code;
};

static const struct operation operations[] = {
#define URING(opcode, name, syscall, event, load) {opcode, SAKER_SC_##syscall, SAKER_EV_##event},
#define URING_AT(...)
#include "schema/uring.def"
#undef URING
#undef URING_AT
};

/* The form that takes a position. */
static const struct operation positions[] = {
#define URING(...)
#define URING_AT(of, syscall, event) {SAKER_EV_##of, SAKER_SC_##syscall, SAKER_EV_##event},
#include "schema/uring.def"
#undef URING
#undef URING_AT
};

struct event_program {
	uint16_t code;
	enum probe_class class;
	const char *name;
};

static const struct event_program event_programs[] = {
	{PROBE_SLOT_GATE, PROBE_CLASS_OTHER, "u_gate"},
#define FILL(...)
#define FILL_MESSAGES(...)
#define FILL_RING(symbol, class, ...) {SAKER_EV_##symbol, PROBE_CLASS_##class, "u_" #symbol},
#include "schema/fill.def"
#undef FILL
#undef FILL_MESSAGES
#undef FILL_RING
};

static const struct event_program *program_of(uint32_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(event_programs); i++)
		if (event_programs[i].code == code)
			return &event_programs[i];
	return NULL;
}

static const struct operation *position_of(uint32_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(positions); i++)
		if (positions[i].opcode == code)
			return &positions[i];
	return NULL;
}

/* ---- which events ------------------------------------------------------------------------ */

static uint16_t number_of(uint32_t sc)
{
	const struct saker_syscall_info *info = saker_syscall_by_code(sc);

#if defined(__x86_64__)
	return (uint16_t)info->nr_x86_64;
#else
	return (uint16_t)info->nr_aarch64;
#endif
}

/* What the operation yields when this set is wanted; gates: its, set up in place. */
static struct probe_uring want_of(const struct operation *op, const struct saker_syscall_set *set,
				  const struct ebpf_choice *choice, struct probe_gate gates[2])
{
	const struct operation *at = position_of(op->code);
	struct probe_uring want = {
		.sc = op->sc,
		.nr = number_of(op->sc),
		.class = (unsigned char)program_of(op->code)->class,
	};

	if (saker_syscall_set_has(set, op->sc))
		want.code = ebpf_gate_fill(&gates[0], op->code, op->sc, choice);
	if (at && saker_syscall_set_has(set, at->sc))
		want.at = ebpf_gate_fill(&gates[1], at->code, at->sc, choice);
	return want;
}

/* Those that are not loaded yet; the gate with them, whose turn comes when there are filters. */
static bool missing_of(const struct saker_syscall_set *set, const uint64_t loaded[],
		       uint64_t missing[])
{
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *op = &operations[i], *at = position_of(op->code);

		if (saker_syscall_set_has(set, op->sc) && !BIT_TEST(loaded, op->code))
			BIT_SET(missing, op->code);
		if (at && saker_syscall_set_has(set, at->sc) && !BIT_TEST(loaded, at->code))
			BIT_SET(missing, at->code);
	}
	for (i = 0; i < PROBE_PROGRAMS / 64; i++)
		any |= missing[i] != 0;
	if (any && !BIT_TEST(loaded, PROBE_SLOT_GATE))
		BIT_SET(missing, PROBE_SLOT_GATE);
	return any;
}

/* ---- the object ---------------------------------------------------------------------------- */

static struct bpf_map *own_map(struct uring_bpf *skel, enum ebpf_uring_map which)
{
	struct bpf_map *const maps[] = {
#define X(symbol, name) [EBPF_URING_MAP_##symbol] = skel->maps.name,
		EBPF_URING_MAP_LIST(X)
#undef X
	};

	return maps[which];
}

static struct bpf_map *shared_map(struct uring_bpf *skel, enum ebpf_map which)
{
	struct bpf_map *const maps[] = {
#define X(symbol, name) [EBPF_MAP_##symbol] = skel->maps.name,
		EBPF_MAP_LIST(X)
#undef X
	};

	return maps[which];
}

static int use_maps(struct uring_bpf *skel, struct ebpf_probe *probe)
{
	int i, r = 0;

	for (i = 0; i < EBPF_MAPS && r >= 0; i++)
		r = bpf_map__reuse_fd(shared_map(skel, (enum ebpf_map)i), probe->maps[i]);
	if (r >= 0 && probe->uring.maps[0] < 0)
		return bpf_map__set_max_entries(own_map(skel, EBPF_URING_MAP_SLOTS), probe->n_cpus);
	for (i = 0; i < EBPF_URING_MAPS && r >= 0; i++)
		r = bpf_map__reuse_fd(own_map(skel, (enum ebpf_uring_map)i), probe->uring.maps[i]);
	return r;
}

static int keep_maps(struct uring_bpf *skel, struct ebpf_uring *uring)
{
	int i;

	for (i = 0; i < EBPF_URING_MAPS; i++) {
		if (uring->maps[i] >= 0)
			continue;
		uring->maps[i] = fcntl(bpf_map__fd(own_map(skel, (enum ebpf_uring_map)i)),
				       F_DUPFD_CLOEXEC, 0);
		if (uring->maps[i] < 0)
			return -errno;
	}
	return 0;
}

/* What attaches is loaded the first time, the events' programs when they are wanted. */
static void select_programs(struct uring_bpf *skel, const uint64_t codes[], bool base)
{
	struct bpf_program *prog;
	size_t i;

	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, base && bpf_program__name(prog)[1] != '_');
	for (i = 0; i < ARRAY_SIZE(event_programs); i++) {
		prog = bpf_object__find_program_by_name(skel->obj, event_programs[i].name);
		if (prog && BIT_TEST(codes, event_programs[i].code))
			bpf_program__set_autoload(prog, true);
	}
}

static int enter_programs(struct uring_bpf *skel, struct ebpf_uring *uring)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(event_programs); i++) {
		uint32_t code = event_programs[i].code;
		struct bpf_program *prog =
			bpf_object__find_program_by_name(skel->obj, event_programs[i].name);
		int fd = prog ? bpf_program__fd(prog) : -1;

		if (fd < 0)
			continue;
		if (bpf_map_update_elem(uring->maps[EBPF_URING_MAP_PROGRAMS], &code, &fd, BPF_ANY) <
		    0)
			return -errno;
		BIT_SET(uring->loaded, code);
	}
	return 0;
}

/* ---- attaching ------------------------------------------------------------------------------ */

static int link_first(struct ebpf_probe *probe, enum ebpf_link link, const char *const names[],
		      struct bpf_program *const progs[], size_t n)
{
	int r = -ENOENT;
	size_t i;

	for (i = 0; i < n && r < 0; i++)
		r = ebpf_probe_link(probe, link, names[i], bpf_program__fd(progs[i]));
	return r;
}

static int attach(struct uring_bpf *skel, struct ebpf_probe *probe)
{
	static const char *const submit_names[] = {"io_uring_submit_req", "io_uring_submit_sqe"};
	static const char *const complete_names[] = {"io_uring_complete", "io_uring_complete"};
	struct bpf_program *const submit[] = {skel->progs.uring_submit, skel->progs.uring_submit};
	/* One reads more than a newer kernel passes, which then refuses it. */
	struct bpf_program *const complete[] = {skel->progs.uring_complete_members,
						skel->progs.uring_complete_cqe};
	int r;

	/* What is submitted before its completions are seen would be kept for nothing. */
	r = link_first(probe, EBPF_LINK_URING_COMPLETE, complete_names, complete,
		       ARRAY_SIZE(complete));
	if (r >= 0)
		r = link_first(probe, EBPF_LINK_URING_SUBMIT, submit_names, submit,
			       ARRAY_SIZE(submit));
	probe->uring.attached = r >= 0;
	return r;
}

/* ---- from outside ---------------------------------------------------------------------------- */

void ebpf_uring_init(struct ebpf_uring *uring)
{
	memset(uring, 0, sizeof(*uring));
	memset(uring->maps, 0xff, sizeof(uring->maps));
}

void ebpf_uring_fini(struct ebpf_uring *uring)
{
	int i;

	for (i = 0; i < EBPF_URING_MAPS; i++)
		if (uring->maps[i] >= 0)
			close(uring->maps[i]);
	ebpf_uring_init(uring);
}

/* log: where the verifier's goes. */
static int load(struct ebpf_probe *probe, const uint64_t codes[], char *log)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct uring_bpf *skel;
	int r;

	opts.kernel_log_buf = log;
	opts.kernel_log_size = VERIFIER_LOG;
	skel = uring_bpf__open_opts(&opts);
	if (!skel)
		return -errno;
	select_programs(skel, codes, !probe->uring.attached);
	r = use_maps(skel, probe);
	if (r >= 0)
		r = bpf_object__load(skel->obj);
	if (r >= 0)
		r = keep_maps(skel, &probe->uring);
	if (r >= 0)
		r = enter_programs(skel, &probe->uring);
	if (r >= 0 && !probe->uring.attached)
		r = attach(skel, probe);
	uring_bpf__destroy(skel);
	return r;
}

static void give_up(struct saker_capture *capture, struct ebpf_probe *probe, int error,
		    const char *log)
{
	size_t len = strlen(log);
	int i;

	for (i = EBPF_LINK_URING_SUBMIT; i <= EBPF_LINK_URING_COMPLETE; i++) {
		if (probe->links[i] >= 0)
			close(probe->links[i]);
		probe->links[i] = -1;
	}
	ebpf_uring_fini(&probe->uring);
	probe->uring.off = true;
	capture_diag(
		capture, SAKER_SEVERITY_WARNING, "CAPTURE_NO_IO_URING", "",
		"a kernel from 5.19 on, with io_uring and its tracepoints, is what this takes; "
		"on another let sysctl kernel.io_uring_disabled forbid it",
		"what programs do through io_uring is not seen: %s%s%s", strerror(-error),
		len ? "; the kernel says: " : "",
		len > VERIFIER_TAIL ? log + len - VERIFIER_TAIL : log);
}

/* In place are the gates alone: they come first, as a code in the table may lead there. */
static void fill_switches(struct probe_switches *s, bool off, const struct saker_syscall_set *set,
			  const struct ebpf_choice *choice)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		struct probe_uring *u = &s->uring[operations[i].opcode], want = {0};

		if (!off)
			want = want_of(&operations[i], set, choice, u->gates);
		memcpy(want.gates, u->gates, sizeof(want.gates));
		*u = want;
	}
}

void ebpf_uring_load(struct saker_capture *capture, struct ebpf_probe *probe,
		     const struct saker_syscall_set *set)
{
	uint64_t missing[PROBE_PROGRAMS / 64] = {0};
	_cleanup_free_ char *log = NULL;
	int r;

	if (probe->uring.off || !missing_of(set, probe->uring.loaded, missing))
		return;
	log = calloc(1, VERIFIER_LOG);
	r = log ? load(probe, missing, log) : -ENOMEM;
	if (r < 0)
		give_up(capture, probe, r, log ? log : "");
}

void ebpf_uring_want(struct saker_capture *capture, struct ebpf_probe *probe,
		     const struct saker_syscall_set *set, const struct ebpf_choice *choice)
{
	ebpf_uring_load(capture, probe, set);
	fill_switches(probe->switches, probe->uring.off, set, choice);
}
