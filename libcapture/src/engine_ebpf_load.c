// SPDX-License-Identifier: Apache-2.0
/*
 * Loads the probe: sizes its maps, makes the rings, loads the programs that
 * the wanted syscalls need, fills its tables, attaches it. libbpf is done with
 * once that is over; what stays are descriptors and shared pages.
 */
#include "engine_ebpf.h"
#include "machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "schema/wire.h"

#include "probe.skel.h"

#define VERIFIER_LOG (UINT32_C(1) << 20) /* bytes; only its tail is shown */

/* ---- which events there are programs for ------------------------------------------- */

struct event_program {
	uint16_t code;
	uint8_t event_class;
	const char *name;
};

static const struct event_program event_programs[] = {
#define FILL(symbol, class, ...) {SAKER_EV_##symbol, PROBE_CLASS_##class, "x_" #symbol},
#define FILL_RING(symbol, class, ...) FILL(symbol, class)
#define FILL_MESSAGES(symbol, class, n, ...) FILL(symbol, class)
#include "schema/fill.def"
#undef FILL_RING
#undef FILL
#undef FILL_MESSAGES
	{PROBE_SLOT_GATE, PROBE_CLASS_OTHER, "gate"},
};

/* Wake a sleeping reader at once: what an alert must not wait for. */
static const uint16_t urgent_events[] = {
	SAKER_EV_SYSCALL_EXECVE_19_X,	  SAKER_EV_SYSCALL_EXECVEAT_X,
	SAKER_EV_SYSCALL_PTRACE_X,	  SAKER_EV_SYSCALL_SETUID_X,
	SAKER_EV_SYSCALL_SETRESUID_X,	  SAKER_EV_SYSCALL_SETREUID_X,
	SAKER_EV_SYSCALL_SETNS_X,	  SAKER_EV_SYSCALL_UNSHARE_X,
	SAKER_EV_SYSCALL_INIT_MODULE_X,	  SAKER_EV_SYSCALL_FINIT_MODULE_X,
	SAKER_EV_SYSCALL_DELETE_MODULE_X, SAKER_EV_SYSCALL_BPF_2_X,
	SAKER_EV_SYSCALL_MOUNT_X,	  SAKER_EV_SYSCALL_MEMFD_CREATE_X,
};

static const struct event_program *find_program(uint32_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(event_programs); i++)
		if (event_programs[i].code == code)
			return &event_programs[i];
	return NULL;
}

uint16_t ebpf_event_of(const struct saker_syscall_info *info)
{
	return find_program(info->event) ? info->event : SAKER_EV_GENERIC_X;
}

uint8_t ebpf_class_of(uint16_t event)
{
	const struct event_program *program = find_program(event);

	return program ? program->event_class : PROBE_CLASS_OTHER;
}

void ebpf_events_of_set(const struct saker_syscall_set *set, uint64_t codes[])
{
	uint32_t sc;

	BIT_SET(codes, SAKER_EV_GENERIC_X);
	for (sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);

		if (info && saker_syscall_set_has(set, sc))
			BIT_SET(codes, ebpf_event_of(info));
	}
	/* A successful execveat leaves the kernel as an execve. */
	if (BIT_TEST(codes, SAKER_EV_SYSCALL_EXECVEAT_X))
		BIT_SET(codes, SAKER_EV_SYSCALL_EXECVE_19_X);
}

/* ---- the object ------------------------------------------------------------------------------ */

struct object {
	struct probe_bpf *skel;
	char *log; /* the verifier's */
};

void ebpf_give_back(const void *bytes, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)bytes + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)bytes + size) & ~(page - 1);

	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

static void object_close(struct object *o)
{
	size_t size;
	const void *bytes = probe_bpf__elf_bytes(&size);

	probe_bpf__destroy(o->skel);
	ebpf_give_back(bytes, size);
	free(o->log);
	memset(o, 0, sizeof(*o));
}

static int object_open(struct object *o)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);

	memset(o, 0, sizeof(*o));
	o->log = calloc(1, VERIFIER_LOG);
	if (!o->log)
		return -ENOMEM;
	opts.kernel_log_buf = o->log;
	opts.kernel_log_size = VERIFIER_LOG;
	o->skel = probe_bpf__open_opts(&opts);
	return o->skel ? 0 : -errno;
}

static struct bpf_map *object_map(struct object *o, enum ebpf_map which)
{
	struct bpf_map *const maps[] = {
#define X(symbol, name) [EBPF_MAP_##symbol] = o->skel->maps.name,
		EBPF_MAP_LIST(X)
#undef X
	};

	return maps[which];
}

static int object_configure(struct object *o, struct ebpf_probe *probe)
{
	static const enum ebpf_map by_cpu[] = {EBPF_MAP_RINGS, EBPF_MAP_CPUS, EBPF_MAP_SCRATCHES};
	size_t i;
	int r;

	/* We map these pages ourselves and take them for the structure alone. */
	static_assert(offsetof(struct probe_bpf__bss, switches) == 0, "start of .bss");
	o->skel->rodata->config = probe->config;
	for (i = 0; i < ARRAY_SIZE(by_cpu); i++) {
		r = bpf_map__set_max_entries(object_map(o, by_cpu[i]), probe->n_cpus);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A later object works on the maps of the first. */
static int object_reuse(struct object *o, struct ebpf_probe *probe)
{
	int i, r;

	for (i = 0; i < EBPF_MAPS; i++) {
		r = bpf_map__reuse_fd(object_map(o, (enum ebpf_map)i), probe->maps[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Only what is asked for and not there yet: programs of events, and those that attach. */
static void object_select(struct object *o, const struct ebpf_probe *probe, const uint64_t codes[],
			  uint32_t links)
{
	struct bpf_program *prog;
	size_t i;

	bpf_object__for_each_program(prog, o->skel->obj) bpf_program__set_autoload(prog, false);
	for (i = 0; i < EBPF_LINKS_PROBE; i++) {
		prog = bpf_object__find_program_by_name(o->skel->obj,
							ebpf_link_program((enum ebpf_link)i));
		if (prog && links & UINT32_C(1) << i)
			bpf_program__set_autoload(prog, true);
	}
	for (i = 0; i < ARRAY_SIZE(event_programs); i++) {
		uint16_t code = event_programs[i].code;

		if (!BIT_TEST(codes, code) || BIT_TEST(probe->loaded, code))
			continue;
		prog = bpf_object__find_program_by_name(o->skel->obj, event_programs[i].name);
		if (prog)
			bpf_program__set_autoload(prog, true);
	}
}

/* Puts the loaded event programs where the dispatcher finds them. */
static int object_enter(struct object *o, struct ebpf_probe *probe)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(event_programs); i++) {
		uint32_t code = event_programs[i].code;
		struct bpf_program *prog =
			bpf_object__find_program_by_name(o->skel->obj, event_programs[i].name);
		int fd = prog ? bpf_program__fd(prog) : -1;

		if (fd < 0)
			continue;
		if (bpf_map_update_elem(probe->maps[EBPF_MAP_PROGRAMS], &code, &fd, BPF_ANY) < 0)
			return -errno;
		BIT_SET(probe->loaded, code);
	}
	return 0;
}

/* ---- rings and shared pages ---------------------------------------------------------------------
 */

static void *map_pages(int fd, size_t size, int prot, off_t offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

static size_t page_round(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) & ~(page - 1);
}

static int make_ring(struct ebpf_probe *probe, uint32_t i, uint16_t cpu)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *producer;
	void *consumer;

	probe->ring_fds[i] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "saker_ring", 0, 0,
					    (uint32_t)probe->ring_size, NULL);
	if (probe->ring_fds[i] < 0)
		return -errno;
	consumer = map_pages(probe->ring_fds[i], page, PROT_READ | PROT_WRITE, 0);
	probe->ring_maps[2 * i] = consumer;
	if (!consumer)
		return -errno;
	producer =
		map_pages(probe->ring_fds[i], page + 2 * probe->ring_size, PROT_READ, (off_t)page);
	probe->ring_maps[2 * i + 1] = producer;
	if (!producer)
		return -errno;
	capture_ring_init(&probe->rings[i], producer + page, probe->ring_size, consumer,
			  (const uint64_t *)producer, cpu,
			  probe->windows ? &probe->windows[i] : NULL);
	return 0;
}

/* Marks the CPUs of a list such as "0-3,8". */
static uint32_t parse_cpus(const char *text, uint64_t *online, uint32_t max)
{
	uint32_t n = 0;

	while (*text) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (end == text)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < max; first++, n++)
			BIT_SET(online, first);
		text = *end == ',' ? end + 1 : "";
	}
	return n;
}

#define MAX_CPUS 4096

static uint32_t online_cpus(uint64_t *online, uint32_t max)
{
	_cleanup_close_ int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	uint32_t i, cpus = 0;

	if (n > 0) {
		text[n] = 0;
		cpus = parse_cpus(text, online, max);
	}
	for (i = 0; !cpus && i < max; i++)
		BIT_SET(online, i);
	return cpus ? cpus : max;
}

/* A ring for every cpus_per_ring CPUs that are online; CPUs that come later share those. */
static int make_rings(struct ebpf_probe *probe, uint32_t cpus_per_ring)
{
	uint64_t online[MAX_CPUS / 64] = {0};
	uint32_t n_online = online_cpus(online, probe->n_cpus);
	uint32_t cpu, n = 0;
	int r;

	probe->n_rings = (n_online + cpus_per_ring - 1) / cpus_per_ring;
	probe->ring_fds = malloc(probe->n_rings * sizeof(int));
	probe->rings = calloc(probe->n_rings, sizeof(*probe->rings));
	probe->ring_maps = calloc(2 * (size_t)probe->n_rings, sizeof(void *));
	if (cpus_per_ring > 1)
		probe->windows = calloc(probe->n_rings, sizeof(*probe->windows));
	if (!probe->ring_fds || !probe->rings || !probe->ring_maps ||
	    (cpus_per_ring > 1 && !probe->windows))
		return -ENOMEM;
	memset(probe->ring_fds, 0xff, probe->n_rings * sizeof(int));
	for (cpu = 0; cpu < probe->n_cpus; cpu++) {
		if (!BIT_TEST(online, cpu))
			continue;
		if (n % cpus_per_ring == 0) {
			r = make_ring(probe, n / cpus_per_ring, (uint16_t)cpu);
			if (r < 0)
				return r;
		}
		n++;
	}
	for (cpu = 0, n = 0; cpu < probe->n_cpus; cpu++) {
		uint32_t ring = BIT_TEST(online, cpu) ? n++ / cpus_per_ring : cpu % probe->n_rings;

		if (bpf_map_update_elem(probe->maps[EBPF_MAP_RINGS], &cpu, &probe->ring_fds[ring],
					BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static int share_pages(struct ebpf_probe *probe)
{
	probe->switches =
		map_pages(probe->maps[EBPF_MAP_SWITCHES], page_round(sizeof(*probe->switches)),
			  PROT_READ | PROT_WRITE, 0);
	if (!probe->switches)
		return -errno;
	probe->cpus = map_pages(probe->maps[EBPF_MAP_CPUS],
				page_round(probe->n_cpus * sizeof(*probe->cpus)), PROT_READ, 0);
	return probe->cpus ? 0 : -errno;
}

/* ---- from outside
 * -------------------------------------------------------------------------------- */

void ebpf_probe_init(struct ebpf_probe *probe)
{
	memset(probe, 0, sizeof(*probe));
	memset(probe->maps, 0xff, sizeof(probe->maps));
	memset(probe->programs, 0xff, sizeof(probe->programs));
	memset(probe->links, 0xff, sizeof(probe->links));
	probe->marker = -1;
	ebpf_uring_init(&probe->uring);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void ebpf_probe_fini(struct ebpf_probe *probe)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t i;

	ebpf_probe_detach(probe);
	close_fd(&probe->marker);
	for (i = 0; i < probe->n_rings; i++) {
		if (probe->ring_maps && probe->ring_maps[2 * i])
			munmap(probe->ring_maps[2 * i], page);
		if (probe->ring_maps && probe->ring_maps[2 * i + 1])
			munmap(probe->ring_maps[2 * i + 1], page + 2 * probe->ring_size);
		if (probe->ring_fds)
			close_fd(&probe->ring_fds[i]);
	}
	if (probe->switches)
		munmap(probe->switches, page_round(sizeof(*probe->switches)));
	if (probe->cpus)
		munmap(probe->cpus, page_round(probe->n_cpus * sizeof(*probe->cpus)));
	for (i = 0; i < EBPF_MAPS; i++)
		close_fd(&probe->maps[i]);
	ebpf_uring_fini(&probe->uring);
	free(probe->ring_fds);
	free(probe->rings);
	free(probe->windows);
	free(probe->ring_maps);
	ebpf_probe_init(probe);
}

/* Our own descriptors of the maps that the object made; it can go then. */
static int keep_maps(struct object *o, struct ebpf_probe *probe)
{
	int i;

	for (i = 0; i < EBPF_MAPS; i++) {
		probe->maps[i] =
			fcntl(bpf_map__fd(object_map(o, (enum ebpf_map)i)), F_DUPFD_CLOEXEC, 0);
		if (probe->maps[i] < 0)
			return -errno;
	}
	return 0;
}

/* The same of the programs that are to be attached. */
static int keep_programs(struct object *o, struct ebpf_probe *probe, uint32_t links)
{
	int i;

	for (i = 0; i < EBPF_LINKS_PROBE; i++) {
		struct bpf_program *prog;

		if (!(links & UINT32_C(1) << i))
			continue;
		prog = bpf_object__find_program_by_name(o->skel->obj,
							ebpf_link_program((enum ebpf_link)i));
		if (!prog)
			return -ENOENT;
		probe->programs[i] = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
		if (probe->programs[i] < 0)
			return -errno;
	}
	return 0;
}

static int load(struct saker_capture *capture, struct object *o)
{
	int r = bpf_object__load(o->skel->obj);

	if (r < 0)
		ebpf_diag_failure(capture, "load", -r, o->log);
	return r;
}

int ebpf_probe_load(struct saker_capture *capture, struct ebpf_probe *probe,
		    const struct saker_capture_options *options,
		    const struct saker_syscall_set *set)
{
	uint64_t codes[PROBE_PROGRAMS / 64] = {0};
	int cpus = libbpf_num_possible_cpus();
	uint32_t links = ebpf_links_of_set(capture, set);
	struct object o;
	size_t i;
	int r;

	if (cpus <= 0 || cpus > MAX_CPUS) {
		ebpf_diag_failure(capture, "count CPUs", cpus <= 0 ? -cpus : ERANGE, NULL);
		return cpus <= 0 ? cpus : -ERANGE;
	}
	probe->n_cpus = (uint32_t)cpus;
	probe->ring_size = options->ring_bytes;
	probe->config.n_cpus = probe->n_cpus;
	probe->config.snaplen = options->snaplen;
	probe->config.watermark = (uint32_t)(probe->ring_size / 4);
	probe->config.ring_size = (uint32_t)probe->ring_size;
	probe->config.reserve = (uint32_t)(probe->ring_size * options->reserve_percent / 100) & ~7u;
	probe->config.shared_rings = options->cpus_per_ring > 1;
	probe->config.drop_failed = options->drop_failed_exit;
	probe->config.dynamic_snaplen = options->dynamic_snaplen;
	probe->config.statsd_port =
		options->statsd_port ? options->statsd_port : EBPF_DEFAULT_STATSD;
	probe->config.fullcapture_first = options->fullcapture_port_first;
	probe->config.fullcapture_last = options->fullcapture_port_last;
	ebpf_events_of_set(set, codes);

	r = object_open(&o);
	if (r >= 0) {
		object_select(&o, probe, codes, links);
		r = object_configure(&o, probe);
	}
	if (r < 0) {
		ebpf_diag_failure(capture, "open the probe", -r, NULL);
		object_close(&o);
		return r;
	}
	r = load(capture, &o);
	if (r < 0) {
		object_close(&o);
		return r;
	}
	r = keep_maps(&o, probe);
	if (r >= 0)
		r = keep_programs(&o, probe, links);
	if (r >= 0)
		r = object_enter(&o, probe);
	object_close(&o);
	if (r >= 0)
		r = make_rings(probe, options->cpus_per_ring);
	if (r >= 0)
		r = share_pages(probe);
	if (r < 0) {
		ebpf_diag_failure(capture, "set up rings", -r, NULL);
		return r;
	}
	probe->switches->epoch_offset = machine_epoch_offset();
	for (i = 0; i < ARRAY_SIZE(urgent_events); i++)
		probe->switches->urgent[urgent_events[i]] = 1;
	return 0;
}

/* Made once, run whenever there are tasks to mark. */
static int keep_marker(struct object *o, struct ebpf_probe *probe)
{
	probe->marker = bpf_link_create(bpf_program__fd(o->skel->progs.mark_tasks), 0,
					BPF_TRACE_ITER, NULL);
	return probe->marker < 0 ? -errno : 0;
}

int ebpf_probe_load_more(struct saker_capture *capture, struct ebpf_probe *probe,
			 const uint64_t codes[], uint32_t links, bool marker)
{
	struct object o;
	int r = object_open(&o);

	if (r >= 0) {
		object_select(&o, probe, codes, links);
		bpf_program__set_autoload(o.skel->progs.mark_tasks, marker);
		r = object_reuse(&o, probe);
	}
	if (r >= 0)
		r = load(capture, &o);
	if (r >= 0)
		r = keep_programs(&o, probe, links);
	if (r >= 0 && marker)
		r = keep_marker(&o, probe);
	if (r >= 0)
		r = object_enter(&o, probe);
	object_close(&o);
	return r;
}
