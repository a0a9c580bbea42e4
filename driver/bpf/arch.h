/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What differs between machines: where a syscall's number and arguments stand
 * in the saved registers, and the values of the few flags that each machine
 * numbers for itself.
 */
#ifndef SAKER_BPF_ARCH_H
#define SAKER_BPF_ARCH_H

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	unsigned long bp;
	unsigned long bx;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
} __attribute__((preserve_access_index));

#define ARCH_IP(r) ((r)->ip)
/* A page fault's error code (arch/x86/include/asm/trap_pf.h); machines without have no such
 * tracepoint either. */
#define ARCH_PF_PROTECTION 1
#define ARCH_PF_WRITE 2
#define ARCH_PF_USER 4
#define ARCH_PF_RESERVED 8
#define ARCH_PF_FETCH 16

#define ARCH_CHILD_TELLS 1 /* sys_exit fires in the child of a clone, too */
/* The kernel takes the lower half alone: whatever a caller puts above it calls the same. */
#define ARCH_NR_SAVED(r) ((r)->orig_ax)
#define ARCH_NR(r) ((__u32)ARCH_NR_SAVED(r))
/* Says that the call is by the x32 convention, where a kernel has it; below 512 the same calls. */
#define ARCH_NR_FLAG 0x40000000
#define ARCH_ARG0(r) ((r)->di)
#define ARCH_ARG1(r) ((r)->si)
#define ARCH_ARG2(r) ((r)->dx)
#define ARCH_ARG3(r) ((r)->r10)
#define ARCH_ARG4(r) ((r)->r8)
#define ARCH_ARG5(r) ((r)->r9)

/* A syscall by the 32-bit convention: other numbers, other registers. */
#define ARCH_COMPAT_BIT 2 /* TS_COMPAT in thread_info.status */
#define ARCH_COMPAT_STATE(task) ((task)->thread_info.status)
#define ARCH_COMPAT_ARG0(r) ((__u32)(r)->bx)
#define ARCH_COMPAT_ARG1(r) ((__u32)(r)->cx)
#define ARCH_COMPAT_ARG2(r) ((__u32)(r)->dx)
#define ARCH_COMPAT_ARG3(r) ((__u32)(r)->si)
#define ARCH_COMPAT_ARG4(r) ((__u32)(r)->di)
#define ARCH_COMPAT_ARG5(r) ((__u32)(r)->bp)

/* Calls that carry others, or have their arguments in memory; -1: no such call. */
#define ARCH_COMPAT_OLD_MMAP 90
#define ARCH_COMPAT_SOCKETCALL 102
#define ARCH_COMPAT_IPC 117
#define ARCH_COMPAT_IPC_SEMOP 1
#define ARCH_COMPAT_IPC_SEMCTL 3
/* Those with users and groups of 16 bits: chown and its like, set and get. */
#define ARCH_COMPAT_UID16_CALLS                                                               \
	16 : case 23 : case 46 : case 70 : case 71 : case 95 : case 164 : case 165 : case 170 \
	    : case 171 : case 182
/* The newer ones of calls that come in two widths. */
#define ARCH_COMPAT_SENDFILE64 239
#define ARCH_COMPAT_PPOLL_TIME64 414

#define ARCH_O_DIRECT 040000
#define ARCH_O_LARGEFILE 0100000
#define ARCH_O_DIRECTORY 0200000

#elif defined(__TARGET_ARCH_arm64)

#define ARCH_CHILD_TELLS 0

struct user_pt_regs {
	__u64 regs[31];
} __attribute__((preserve_access_index));

struct pt_regs {
	struct user_pt_regs user_regs;
	__u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));

#define ARCH_NR_SAVED(r) ((r)->syscallno)
#define ARCH_NR(r) ((__u32)ARCH_NR_SAVED(r))
#define ARCH_NR_FLAG 0 /* none here */
/* x0 holds the result by now. */
#define ARCH_ARG0(r) ((r)->orig_x0)
#define ARCH_ARG1(r) ((r)->user_regs.regs[1])
#define ARCH_ARG2(r) ((r)->user_regs.regs[2])
#define ARCH_ARG3(r) ((r)->user_regs.regs[3])
#define ARCH_ARG4(r) ((r)->user_regs.regs[4])
#define ARCH_ARG5(r) ((r)->user_regs.regs[5])

#define ARCH_COMPAT_BIT (1 << 22) /* _TIF_32BIT in thread_info.flags */
#define ARCH_COMPAT_STATE(task) ((task)->thread_info.flags)
#define ARCH_COMPAT_ARG0(r) ((__u32)(r)->orig_x0)
#define ARCH_COMPAT_ARG1(r) ((__u32)(r)->user_regs.regs[1])
#define ARCH_COMPAT_ARG2(r) ((__u32)(r)->user_regs.regs[2])
#define ARCH_COMPAT_ARG3(r) ((__u32)(r)->user_regs.regs[3])
#define ARCH_COMPAT_ARG4(r) ((__u32)(r)->user_regs.regs[4])
#define ARCH_COMPAT_ARG5(r) ((__u32)(r)->user_regs.regs[5])

/* 32-bit calls are not in the tables of this machine. */
#define ARCH_COMPAT_OLD_MMAP -1ULL
#define ARCH_COMPAT_SOCKETCALL -1ULL
#define ARCH_COMPAT_IPC -1ULL
#define ARCH_COMPAT_IPC_SEMOP 1
#define ARCH_COMPAT_IPC_SEMCTL 3
#define ARCH_COMPAT_UID16_CALLS -1
#define ARCH_COMPAT_SENDFILE64 -1ULL
#define ARCH_COMPAT_PPOLL_TIME64 -1ULL

#define ARCH_O_DIRECT 0200000
#define ARCH_O_LARGEFILE 0400000
#define ARCH_O_DIRECTORY 040000

#else
#error "no registers known for this machine"
#endif

#endif /* SAKER_BPF_ARCH_H */
