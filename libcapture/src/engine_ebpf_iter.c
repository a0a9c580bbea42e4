// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's task iterators as a source of events: their programs write
 * whole events into the buffer that reading the iterator's descriptor fills.
 * A kernel may hide a process from them and show it in /proc all the same (a
 * sandbox's own init): those are told from there, last.
 */
#include "engine_ebpf_iter.h"
#include "engine_ebpf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/shared.h"
#include "schema/wire.h"

#include "iter.skel.h"
#include "procfs.h"

/* One read yields at most what the kernel gathers, 32 KiB; an event may be cut at its end. */
#define ITER_BUF ((size_t)128 << 10)

#define ITER_PIDS (UINT32_C(1) << 22) /* the most there can be: PID_MAX_LIMIT */
#define INITIAL_PID_NS 0xeffffffc     /* its inode; include/uapi/linux/nsfs.h */

void ebpf_iter_init(struct ebpf_iter *iter)
{
	memset(iter, 0, sizeof(*iter));
	iter->programs[EBPF_ITER_TASKS] = iter->programs[EBPF_ITER_FILES] = -1;
	iter->fd = -1;
	iter->scan = EBPF_ITERS;
}

void ebpf_iter_stop(struct ebpf_iter *iter)
{
	if (iter->fd >= 0)
		close(iter->fd);
	iter->fd = -1;
	iter->scan = EBPF_ITERS;
	iter->procfs = procfs_scan_free(iter->procfs);
	if (iter->holes)
		closedir(iter->holes);
	iter->holes = NULL;
	free(iter->told);
	iter->told = NULL;
	free(iter->buf);
	iter->buf = NULL;
	iter->len = iter->at = 0;
}

void ebpf_iter_close(struct ebpf_iter *iter)
{
	int i;

	ebpf_iter_stop(iter);
	for (i = 0; i < EBPF_ITERS; i++)
		if (iter->programs[i] >= 0)
			close(iter->programs[i]);
	ebpf_iter_init(iter);
}

/* The programs use single entries of the maps that the probe has by CPU, and neither rings nor
 * jumps. */
static int load_programs(struct ebpf_iter *iter, struct iter_bpf *skel)
{
	static const char *const names[EBPF_ITERS] = {"iter_task", "iter_task_file"};
	struct bpf_program *prog;
	int i, r;

	bpf_map__set_autocreate(skel->maps.rings, false);
	bpf_map__set_autocreate(skel->maps.programs, false);
	skel->bss->switches.epoch_offset = iter->epoch_offset;
	r = iter_bpf__load(skel);
	if (r < 0)
		return r;
	for (i = 0; i < EBPF_ITERS; i++) {
		prog = bpf_object__find_program_by_name(skel->obj, names[i]);
		iter->programs[i] = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
		if (iter->programs[i] < 0)
			return -errno;
	}
	return 0;
}

int ebpf_iter_open(struct saker_capture *capture, struct ebpf_iter *iter, uint64_t epoch_offset)
{
	struct iter_bpf *skel = iter_bpf__open();
	size_t size;
	const void *bytes = iter_bpf__elf_bytes(&size);
	int r;

	iter->epoch_offset = epoch_offset;
	iter->opened = true;
	if (!skel)
		return -errno;
	r = load_programs(iter, skel);
	iter_bpf__destroy(skel);
	ebpf_give_back(bytes, size);
	if (r < 0) {
		ebpf_iter_close(iter);
		iter->epoch_offset = epoch_offset;
		iter->opened = true;
		capture_diag(
			capture, SAKER_SEVERITY_INFO, "CAPTURE_NO_ITERATORS", "",
			"nothing to do; the first scan takes longer",
			"the kernel's task iterators are not available (%s): reading /proc instead",
			strerror(-r));
	}
	return 0;
}

/* ---- a scan --------------------------------------------------------------------------------- */

/*
 * Whether the link goes over that one thread. A kernel that cannot do it
 * ignores the wish, and would tell of all threads.
 */
static bool is_of_thread(int link, int64_t tid)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(link, &info, &len) == 0 && info.iter.task.tid == tid;
}

static int open_scan(struct ebpf_iter *iter, int scan)
{
	union bpf_iter_link_info info = {0};
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int link, fd;

	if (iter->tid) {
		info.task.tid = (uint32_t)iter->tid;
		opts.iter_info = &info;
		opts.iter_info_len = sizeof(info);
	}
	link = bpf_link_create(iter->programs[scan], 0, BPF_TRACE_ITER, &opts);
	if (link < 0)
		return -errno;
	if (iter->tid && !is_of_thread(link, iter->tid))
		fd = -EINVAL;
	else
		fd = bpf_iter_create(link);
	close(link); /* the iterator holds on to it */
	return fd;
}

static int start_procfs(struct ebpf_iter *iter)
{
	return procfs_scan_new(iter->tid, iter->epoch_offset, &iter->procfs);
}

/* /proc numbers processes as the iterators do: not so within a pid namespace. */
static bool same_pids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PID_NS;
}

int ebpf_iter_start(struct ebpf_iter *iter, int64_t tid)
{
	int r;

	ebpf_iter_stop(iter);
	iter->tid = tid;
	if (iter->programs[EBPF_ITER_TASKS] < 0)
		return start_procfs(iter);
	iter->buf = malloc(ITER_BUF);
	if (!iter->buf)
		return -ENOMEM;
	/* Without the memory for it the holes stay. */
	if (!tid && same_pids())
		iter->told = calloc(ITER_PIDS / 64, sizeof(*iter->told));
	r = open_scan(iter, EBPF_ITER_TASKS);
	if (r < 0) {
		ebpf_iter_stop(iter);
		/* A kernel that cannot iterate over one task alone. */
		if (r == -EINVAL && tid)
			return start_procfs(iter);
		return r;
	}
	iter->fd = r;
	iter->scan = EBPF_ITER_TASKS;
	return 0;
}

/* More bytes; 0: the scan has no more. */
static int read_more(struct ebpf_iter *iter)
{
	ssize_t n;

	memmove(iter->buf, iter->buf + iter->at, iter->len - iter->at);
	iter->len -= iter->at;
	iter->at = 0;
	do
		n = read(iter->fd, iter->buf + iter->len, ITER_BUF - iter->len);
	while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return -errno;
	iter->len += (size_t)n;
	return n > 0;
}

/* The event at the front of the buffer; NULL: it is not all there. */
static const struct saker_event *front(const struct ebpf_iter *iter)
{
	const struct saker_event *event = (const void *)(iter->buf + iter->at);
	size_t left = iter->len - iter->at;

	if (left < sizeof(*event) || left < event->len || event->len < sizeof(*event))
		return NULL;
	return event;
}

static int next_scan(struct ebpf_iter *iter)
{
	int r = 0;

	close(iter->fd);
	iter->fd = -1;
	iter->len = iter->at = 0;
	iter->scan++;
	if (iter->scan == EBPF_ITERS)
		return 0;
	r = open_scan(iter, iter->scan);
	/* A thread that ended between the scans has no files any more. */
	if (r == -ESRCH) {
		iter->scan = EBPF_ITERS;
		return 0;
	}
	if (r < 0)
		return r;
	iter->fd = r;
	return 1;
}

static void note_told(struct ebpf_iter *iter, const struct saker_event *event)
{
	uint32_t pid = saker_event_task_pid(event);

	if (iter->told && event->type == SAKER_EV_ITER_TASK_E && pid < ITER_PIDS)
		iter->told[pid / 64] |= UINT64_C(1) << pid % 64;
}

/* A process that /proc has and no iterator told; 0: no more. */
static uint32_t next_hole(struct ebpf_iter *iter)
{
	struct dirent *entry;

	while (iter->holes && (entry = readdir(iter->holes))) {
		char *end;
		unsigned long pid = strtoul(entry->d_name, &end, 10);

		if (pid && !*end && pid < ITER_PIDS && !(iter->told[pid / 64] >> pid % 64 & 1))
			return (uint32_t)pid;
	}
	return 0;
}

/* The kernel's own threads are among them: of those /proc tells nothing. */
static int next_of_holes(struct ebpf_iter *iter, const struct saker_event **ret_event)
{
	uint32_t pid;
	int r;

	if (!iter->told)
		return 0;
	if (!iter->holes)
		iter->holes = opendir("/proc");
	for (;;) {
		r = iter->procfs ? procfs_scan_next(iter->procfs, ret_event) : 0;
		if (r)
			return r;
		iter->procfs = procfs_scan_free(iter->procfs);
		pid = next_hole(iter);
		if (!pid)
			return 0;
		r = procfs_scan_new(pid, iter->epoch_offset, &iter->procfs);
		if (r < 0 && r != -ESRCH)
			return r;
	}
}

int ebpf_iter_next(struct ebpf_iter *iter, const struct saker_event **ret_event)
{
	const struct saker_event *event;
	int r;

	if (iter->procfs && !iter->holes)
		return procfs_scan_next(iter->procfs, ret_event);
	while (iter->scan < EBPF_ITERS) {
		event = front(iter);
		if (event) {
			iter->at += event->len;
			note_told(iter, event);
			*ret_event = event;
			return 1;
		}
		r = read_more(iter);
		if (r == 0)
			r = next_scan(iter);
		if (r < 0)
			return r;
	}
	return next_of_holes(iter, ret_event);
}

/* Hands out what a scan of one thread has. 1: there was some; 0: nothing. */
static int hand_out(struct ebpf_iter *one, saker_capture_event_fn fn, void *userdata)
{
	const struct saker_event *event;
	int r, found = 0;

	while ((r = ebpf_iter_next(one, &event)) > 0) {
		found = 1;
		fn(userdata, event);
	}
	return r < 0 ? r : found;
}

int ebpf_iter_refill(struct ebpf_iter *iter, int64_t tid, saker_capture_event_fn fn, void *userdata)
{
	struct ebpf_iter one = *iter; /* a scan of all may be going on */
	int r;

	one.fd = -1;
	one.buf = NULL;
	one.procfs = NULL;
	one.told = NULL;
	one.holes = NULL;
	one.scan = EBPF_ITERS;
	one.len = one.at = 0;
	r = ebpf_iter_start(&one, tid);
	if (r >= 0)
		r = hand_out(&one, fn, userdata);
	/* Gone, or hidden from iterators. */
	if ((r == 0 || r == -ESRCH) && !one.procfs && same_pids()) {
		ebpf_iter_stop(&one);
		r = start_procfs(&one);
		if (r >= 0)
			r = hand_out(&one, fn, userdata);
	}
	ebpf_iter_stop(&one);
	if (r < 0)
		return r;
	return r ? 0 : -ESRCH;
}
