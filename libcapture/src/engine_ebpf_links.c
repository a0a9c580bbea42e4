// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's tracepoints that the probe hangs on: which of them a wanted set
 * needs, attaching them, and letting go of them for certain. Those of events
 * that are seldom wanted are attached only while they are.
 */
#include "engine_ebpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "schema/wire.h"

#define SETTLE_MS 2000

#define FOLLOW UINT16_MAX /* no syscall: wanted by filters */

static const struct link_row {
	const char *program;
	const char *tracepoint;
	uint16_t sc; /* attached while this is wanted; 0: always */
} rows[] = {
	[EBPF_LINK_EXIT] = {"process_exit", "sched_process_exit", 0},
	[EBPF_LINK_SYSCALL] = {"sys_exit", "sys_exit", 0},
	[EBPF_LINK_SWITCH] = {"sched_switch", "sched_switch", SAKER_SC_SCHED_SWITCH},
	[EBPF_LINK_SIGNAL] = {"signal_deliver", "signal_deliver", SAKER_SC_SIGNAL_DELIVER},
	[EBPF_LINK_FAULT_USER] = {"page_fault_user", "page_fault_user", SAKER_SC_PAGE_FAULT_USER},
	[EBPF_LINK_FAULT_KERNEL] = {"page_fault_kernel", "page_fault_kernel",
				    SAKER_SC_PAGE_FAULT_KERNEL},
	[EBPF_LINK_FOLLOW] = {"follow", "sched_process_fork", FOLLOW},
};

static_assert(ARRAY_SIZE(rows) == EBPF_LINKS_PROBE, "a row a link");

const char *ebpf_link_program(enum ebpf_link link)
{
	return rows[link].program;
}

static bool exists(const struct link_row *row)
{
	return libbpf_find_vmlinux_btf_id(row->tracepoint, BPF_TRACE_RAW_TP) > 0;
}

uint32_t ebpf_links_of_set(const struct saker_capture *capture, const struct saker_syscall_set *set)
{
	uint32_t mask = 0;
	int i;

	for (i = 0; i < EBPF_LINKS_PROBE; i++) {
		if (rows[i].sc && !saker_syscall_set_has(set, rows[i].sc))
			continue;
		/* The two that all rest on are not probed: the loader says best what it misses. */
		if (!rows[i].sc || exists(&rows[i])) {
			mask |= UINT32_C(1) << i;
			continue;
		}
		capture_diag(capture, SAKER_SEVERITY_WARNING, "CAPTURE_EVENT_NOT_SUPPORTED", "",
			     "leave it out of the wanted set; rules on it cannot match live",
			     "this kernel has no tracepoint for %s",
			     saker_syscall_by_code(rows[i].sc)->name);
	}
	return mask;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int ebpf_probe_link(struct ebpf_probe *probe, enum ebpf_link link, const char *name, int prog)
{
	struct bpf_link_info link_info = {0};
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(prog, &info, &len) == 0)
		probe->attached[link] = info.id;
	probe->links[link] = bpf_raw_tracepoint_open(name, prog);
	len = sizeof(link_info);
	if (probe->links[link] >= 0) {
		r = bpf_obj_get_info_by_fd(probe->links[link], &link_info, &len);
		probe->link_ids[link] = r == 0 ? link_info.id : 0;
		return 0;
	}
	r = -errno;
	probe->links[link] = -1;
	probe->attached[link] = 0;
	return r;
}

int ebpf_probe_attach(struct saker_capture *capture, struct ebpf_probe *probe)
{
	int i;

	for (i = 0; i < EBPF_LINKS_PROBE; i++) {
		_cleanup_close_ int prog = TAKE_FD(probe->programs[i]);
		int r = prog < 0 ? 0 : ebpf_probe_link(probe, (enum ebpf_link)i, NULL, prog);

		if (r < 0) {
			ebpf_diag_failure(capture, "attach", -r, NULL);
			return r;
		}
	}
	return 0;
}

/*
 * The kernel lets go of a detached program once no CPU and no task can be in
 * its tracepoint any more. Nothing else tells: a task may have been preempted
 * between the tracepoint and the program.
 */
static bool settle(struct ebpf_probe *probe, int link)
{
	int fd, ms = 0;

	if (!probe->attached[link])
		return true;
	while ((fd = bpf_prog_get_fd_by_id(probe->attached[link])) >= 0) {
		close(fd);
		if (ms++ >= SETTLE_MS)
			return false;
		usleep(1000);
	}
	probe->attached[link] = 0;
	return true;
}

/*
 * A child that was forked and has not executed anything has our links, too, and
 * they stay as long as it does: what is attached then must yield nothing.
 */
static void want_nothing(struct probe_switches *switches)
{
	memset(switches->want, 0, sizeof(switches->want));
	memset(switches->uring, 0, sizeof(switches->uring));
	switches->want_exit = 0;
	switches->traces = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void ebpf_probe_detach(struct ebpf_probe *probe)
{
	int i;

	if (probe->switches)
		want_nothing(probe->switches);
	for (i = 0; i < EBPF_LINKS; i++)
		close_fd(&probe->links[i]);
	for (i = 0; i < EBPF_LINKS_PROBE; i++)
		close_fd(&probe->programs[i]);
}

bool ebpf_probe_settle(struct ebpf_probe *probe)
{
	bool settled = true;
	int i;

	/* Who holds one of them holds them all. */
	for (i = 0; i < EBPF_LINKS && settled; i++)
		settled = settle(probe, i);
	return settled;
}

/*
 * Somebody else has it, too: a child that was forked and has not executed
 * anything. What stays attached may as well stay ours: another one beside it,
 * when it is wanted again, would yield everything twice.
 */
static void hold_again(struct ebpf_probe *probe, int link)
{
	if (probe->link_ids[link])
		probe->links[link] = bpf_link_get_fd_by_id(probe->link_ids[link]);
	if (probe->links[link] < 0)
		probe->links[link] = -1; /* it went just now */
}

/* Those that are not kept yield nothing any more: the switches say so already. */
void ebpf_probe_drop_links(struct ebpf_probe *probe, uint32_t keep)
{
	int i;

	for (i = 0; i < EBPF_LINKS_PROBE; i++)
		if (!(keep & UINT32_C(1) << i))
			close_fd(&probe->links[i]);
	/* Another program may take its place later; this one's events are all counted then. */
	for (i = 0; i < EBPF_LINKS_PROBE; i++)
		if (!(keep & UINT32_C(1) << i) && !settle(probe, i))
			hold_again(probe, i);
}

uint32_t ebpf_probe_linked(const struct ebpf_probe *probe)
{
	uint32_t mask = 0;
	int i;

	for (i = 0; i < EBPF_LINKS; i++)
		mask |= probe->links[i] >= 0 ? UINT32_C(1) << i : 0;
	return mask;
}
