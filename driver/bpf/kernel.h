/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The kernel's types as far as we look into them: by hand, only the members
 * used, relocated to the running kernel when loaded (CO-RE). A type whose
 * shape changed over time has a flavour (___suffix) a shape, and the code asks
 * which of them the kernel has.
 */
#ifndef SAKER_BPF_KERNEL_H
#define SAKER_BPF_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "arch.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/*
 * What a chain of members leads to, from any address: READ(task, mm, exe_file)
 * is task->mm->exe_file, and 0 where a pointer on the way leads nowhere. Newer
 * kernels let us say an address' type and load, a few instructions each; older
 * ones need a call that copies for each member, some thirty nanoseconds.
 */
#define READ(ptr, ...) \
	(bpf_rdonly_cast ? ___arrow(READ_AS(ptr), __VA_ARGS__) : BPF_CORE_READ(ptr, __VA_ARGS__))
#define READ_AS(ptr) ((typeof(ptr))bpf_rdonly_cast(ptr, bpf_core_type_id_kernel(typeof(*(ptr)))))

/* The eight bytes at an address, by a type of the kernel that begins with a number of that size. */
#define READ_WORD(address) ((__u64)READ((struct timespec64 *)(address), tv_sec))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct file_system_type;

struct super_block {
	__u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	struct super_block *i_sb;
	unsigned long i_ino;
	/* since 6.11 */
	__s64 i_mtime_sec;
	__s64 i_ctime_sec;
	__u32 i_mtime_nsec;
	__u32 i_ctime_nsec;
};

/* before 6.6 */
struct inode___plain {
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
};

/* 6.6 (ctime) and 6.7 (mtime) to 6.10 */
struct inode___hidden {
	struct timespec64 __i_mtime;
	struct timespec64 __i_ctime;
};

struct hlist_bl_node {
	void **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct percpu_counter {
	__s64 count;
};

typedef struct {
	__s64 counter;
} atomic_long_t;

struct mm_struct {
	unsigned long total_vm;
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
	struct percpu_counter rss_stat[4]; /* since 6.2 */
};

/* before 6.2 */
struct mm_rss_stat {
	atomic_long_t count[4];
};

struct mm_struct___sum {
	struct mm_rss_stat rss_stat;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct pid_namespace {
	struct task_struct *child_reaper;
	unsigned int level;
};

struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
};

struct uid_gid_extent {
	__u32 first;
	__u32 lower_first;
	__u32 count;
};

struct uid_gid_map {
	__u32 nr_extents;
	struct uid_gid_extent extent[5];
};

struct user_namespace {
	struct uid_gid_map uid_map;
	struct uid_gid_map gid_map;
};

struct group_info {
	int ngroups;
	kgid_t gid[0];
};

/* Eight bytes whatever their inner shape. */
typedef struct {
	__u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct signal_struct {
	struct list_head thread_head;
	struct pid *pids[4];
	unsigned int is_child_subreaper : 1;
	unsigned int has_child_subreaper : 1;
	struct tty_struct *tty;
	struct rlimit rlim[16];
};

struct kernfs_node {
	struct kernfs_node *__parent; /* since 6.15 */
	const char *name;
};

struct kernfs_node___plain {
	struct kernfs_node *parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys {
	const char *name;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss;
};

enum cgroup_subsys_id {
	cpuset_cgrp_id = 0,
	cpu_cgrp_id = 1,
	cpuacct_cgrp_id = 2,
	io_cgrp_id = 3,
	memory_cgrp_id = 4,
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
};

struct thread_info {
	unsigned long flags;
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct task_struct *group_leader;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head children;
	struct pid *thread_pid;
	struct list_head thread_node;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *cred;
	char comm[16];
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	__u64 start_time;
	__u64 start_boottime;
	struct css_set *cgroups;
};

/* Who sent it: at the start of each member that knows. */
union __sifields {
	struct {
		int _pid;
	} _kill;
};

struct kernel_siginfo {
	int si_code;
	union __sifields _sifields;
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct ipv6_pinfo {
	struct in6_addr saddr;
};

struct inet_sock {
	struct ipv6_pinfo *pinet6;
	__u32 inet_saddr;
	__u16 inet_sport;
};

struct socket {
	struct sock *sk;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct filename {
	const char *name;
};

/* ---- io_uring: a request, and what it asks for in its first bytes, by opcode ---- */

struct io_cqe {
	__u64 user_data;
	__s32 res;
	int fd;
};

struct io_uring_cqe {
	__u64 user_data;
	__s32 res;
	__u32 flags;
};

struct io_uring_task;
struct io_ring_ctx;

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	unsigned int flags; /* the low half of 64 since 6.9 */
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	void *async_data;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

/* since 6.13 */
struct io_file_table {
	struct io_rsrc_data data;
};

struct io_fixed_file {
	unsigned long file_ptr;
};

struct io_file_table___plain {
	struct io_fixed_file *files;
};

struct io_sq_data {
	int task_tgid; /* of whom made it */
};

struct io_ring_ctx {
	unsigned int flags;
	unsigned int compat : 1;
	struct io_file_table file_table;
	struct io_sq_data *sq_data;
};

struct io_ring_ctx___plain {
	struct io_file_table___plain file_table;
};

struct kiocb {
	__s64 ki_pos;
};

struct io_rw {
	struct kiocb kiocb;
	__u64 addr;
	__u32 len;
};

struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_close {
	int fd;
	__u32 file_slot;
};

struct io_connect {
	void *addr;
	int addr_len;
};

struct io_accept {
	int flags;
	int iou_flags; /* since 6.10 */
	__u32 file_slot;
};

/* since 6.11 */
struct io_bind {
	int addr_len;
};

struct io_listen {
	int backlog;
};

struct io_socket {
	int domain;
	int type;
	int protocol;
	__u32 file_slot;
};

struct io_shutdown {
	int how;
};

struct io_sr_msg {
	void *buf; /* of a message: the caller's struct msghdr */
	__u32 len;
	unsigned int msg_flags;
	unsigned short flags;
	/* before 6.13: where to, in the caller's memory */
	unsigned short addr_len;
	void *addr;
};

struct __kernel_sockaddr_storage {
	unsigned short ss_family;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
};

struct io_async_msghdr {
	struct msghdr msg;
	struct __kernel_sockaddr_storage addr;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
};

/* symlink, too: oldpath is what it says */
struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_splice {
	struct file *file_out;
	__u64 len;
	int splice_fd_in;
	unsigned int flags;
};

struct io_epoll_wait {
	int maxevents;
};

struct io_pipe {
	int *fds;
	int flags;
	int file_slot;
};

struct seq_file {
	unsigned long count;
	unsigned long size;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* Index of task->signal->pids. */
enum {
	KERNEL_PID_TGID = 1,
	KERNEL_PID_PGID = 2,
	KERNEL_PID_SID = 3,
};

#define KERNEL_PF_EXITING 0x4
#define KERNEL_PF_KTHREAD 0x200000
#define KERNEL_PF_IO_WORKER 0x10
#define KERNEL_RLIMIT_NOFILE 7

#define KERNEL_S_IFMT 0170000
#define KERNEL_S_IFSOCK 0140000
#define KERNEL_S_IFLNK 0120000
#define KERNEL_S_IFREG 0100000
#define KERNEL_S_IFBLK 0060000
#define KERNEL_S_IFDIR 0040000
#define KERNEL_S_IFCHR 0020000
#define KERNEL_S_IFIFO 0010000

#define KERNEL_URING_SQPOLL (1 << 1)	 /* flags of a ring */
#define KERNEL_URING_FIXED_FILE (1 << 0) /* flags of a request: those that a program sets */
#define KERNEL_URING_BUFFER_SELECT (1 << 5)
#define KERNEL_URING_SKIP_SUCCESS (1 << 6)
#define KERNEL_URING_MULTISHOT (1 << 1) /* flags of a transfer */
#define KERNEL_URING_ACCEPT_MULTISHOT (1 << 0)
#define KERNEL_URING_MORE (1 << 1)	    /* flags of a completion */
#define KERNEL_URING_SLOT_ALLOC 0xffffffffU /* any free place of the ring's table */

#define KERNEL_FMODE_CREATED 0x100000
#define KERNEL_SB_RDONLY 1
#define KERNEL_S_IMMUTABLE 8
#define KERNEL_MAY_WRITE 2

#define KERNEL_MAGIC_OVERLAY 0x794c7630
#define KERNEL_MAGIC_SOCKFS 0x534f434b
#define KERNEL_MAGIC_PIPEFS 0x50495045
#define KERNEL_MAGIC_ANON 0x09041934
#define KERNEL_MAGIC_PIDFS 0x50494446

#define KERNEL_CAP_DAC_OVERRIDE 1
#define KERNEL_CAP_FOWNER 3

#define KERNEL_AF_UNIX 1
#define KERNEL_AF_INET 2
#define KERNEL_AF_INET6 10
#define KERNEL_AF_NETLINK 16
#define KERNEL_AF_MAX 46

#define KERNEL_EINPROGRESS 115

#define KERNEL_SIGCHLD 17
#define KERNEL_SI_USER 0
#define KERNEL_SI_QUEUE -1
#define KERNEL_SI_TKILL -6

#endif /* SAKER_BPF_KERNEL_H */
