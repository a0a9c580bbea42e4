/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The probe's maps: rings, counters and scratch by CPU, the tail-call table, the switches. */
#ifndef SAKER_BPF_MAPS_H
#define SAKER_BPF_MAPS_H

#include "kernel.h"
#include "shared.h"

/* What the engine sizes is 1 here; see engine_ebpf_load.c. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* By CPU; several CPUs may share one. Those that can come online later share the existing ones. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_cpu);
} cpus SEC(".maps");

/* An array by CPU and not a per-CPU array: that one refuses values of this size. */
struct probe_scratch {
	__u8 data[2 * PROBE_EVENT_MAX];
	__u8 tmp[PROBE_TMP];
	/* A path being walked up; kernel addresses. */
	struct probe_walk {
		__u64 dentry;
		__u64 mnt_root;
		__u64 mnt;
		__u32 at;
		bool whole; /* it came to the root */
	} walk;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PROBE_PROGRAMS);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/* ---- filters; empty and unused unless asked for ---------------------------------------- */

#define FILTER_MAP(name, key_type)                         \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_HASH);           \
		__uint(map_flags, BPF_F_NO_PREALLOC);      \
		__uint(max_entries, PROBE_FILTER_ENTRIES); \
		__type(key, key_type);                     \
		__type(value, __u32);                      \
	} name SEC(".maps")

struct probe_comm {
	char text[PROBE_COMM];
};

FILTER_MAP(filter_roots, __u32); /* by process id */
FILTER_MAP(filter_comms, struct probe_comm);
FILTER_MAP(filter_uids, __u32);
FILTER_MAP(filter_cgroups, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROBE_FILTER_ENTRIES);
	__type(key, struct probe_prefix);
	__type(value, __u32);
} filter_paths SEC(".maps");

/* On the tasks themselves: nothing to look up by id, and gone when the task is. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __s32);
	__type(value, struct probe_mark);
} filter_marks SEC(".maps");

const volatile struct probe_config config = {};
volatile struct probe_switches switches = {};

#endif /* SAKER_BPF_MAPS_H */
