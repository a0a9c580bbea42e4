// SPDX-License-Identifier: Apache-2.0
/* Memory, modules, keys, semaphores, other memory's bytes; and calls without an event of their own.
 */
#include "live.h"
#include "proc.h"

#include <linux/futex.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void t_memory(struct live *live)
{
	struct proc_usage usage;
	void *p;
	long r;

	BEGIN(SYSCALL_MMAP_X);
	p = (void *)syscall(SYS_mmap, NULL, 8192L, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 4096L);
	proc_usage(&usage);
	FIND();
	I64("res", (intptr_t)p);
	proc_check_memory(live, &usage);
	U64("addr", 0);
	U64("length", 8192);
	U32("prot", SAKER_FLAG_prot_flags_PROT_READ | SAKER_FLAG_prot_flags_PROT_WRITE);
	U32("flags", SAKER_FLAG_mmap_flags_MAP_PRIVATE | SAKER_FLAG_mmap_flags_MAP_ANONYMOUS |
			     SAKER_FLAG_mmap_flags_MAP_NORESERVE);
	I64("fd", -1);
	U64("offset", 4096);
	END();

	BEGIN(SYSCALL_MPROTECT_X);
	r = syscall(SYS_mprotect, p, 4096L, PROT_READ);
	FIND();
	I64("res", r);
	U64("addr", (uintptr_t)p);
	U64("length", 4096);
	U32("prot", SAKER_FLAG_prot_flags_PROT_READ);
	END();

	BEGIN(SYSCALL_MLOCK_X);
	r = syscall(SYS_mlock, p, 4096L);
	FIND();
	I64("res", RESULT(r));
	U64("addr", (uintptr_t)p);
	U64("len", 4096);
	END();

	BEGIN(SYSCALL_MLOCK2_X);
	r = syscall(SYS_mlock2, p, 4096L, 1);
	FIND();
	I64("res", RESULT(r));
	U64("addr", (uintptr_t)p);
	U64("len", 4096);
	U32("flags", SAKER_FLAG_mlock2_flags_MLOCK_ONFAULT);
	END();

	BEGIN(SYSCALL_MUNLOCK_X);
	r = syscall(SYS_munlock, p, 4096L);
	FIND();
	I64("res", RESULT(r));
	U64("addr", (uintptr_t)p);
	U64("len", 4096);
	END();

	BEGIN(SYSCALL_MLOCKALL_X);
	r = syscall(SYS_mlockall, 0x80);
	FIND();
	I64("res", RESULT(r));
	U32("flags", 0);
	END();

	BEGIN(SYSCALL_MUNLOCKALL_X);
	r = syscall(SYS_munlockall);
	FIND();
	I64("res", RESULT(r));
	END();

	BEGIN(SYSCALL_MUNMAP_X);
	r = syscall(SYS_munmap, p, 8192L);
	proc_usage(&usage);
	FIND();
	I64("res", r);
	proc_check_memory(live, &usage);
	U64("addr", (uintptr_t)p);
	U64("length", 8192);
	END();

	BEGIN(SYSCALL_BRK_4_X);
	r = syscall(SYS_brk, 0L);
	proc_usage(&usage);
	FIND();
	I64("res", r);
	proc_check_memory(live, &usage);
	U64("addr", 0);
	END();
}

static void t_process_vm(struct live *live)
{
	char from[8] = "secrets", to[8] = "";
	struct iovec local = {to, 7}, remote = {from, 7};
	long r;

	BEGIN(SYSCALL_PROCESS_VM_READV_X);
	r = syscall(SYS_process_vm_readv, getpid(), &local, 1L, &remote, 1L, 0L);
	FIND();
	I64("res", RESULT(r));
	I64("pid", getpid());
	if (r > 0)
		BYTES("data", from, 7);
	else
		EMPTY("data");
	END();

	BEGIN(SYSCALL_PROCESS_VM_WRITEV_X);
	r = syscall(SYS_process_vm_writev, 12345678, &local, 1L, &remote, 1L, 0L);
	FIND();
	I64("res", RESULT(r));
	I64("pid", 12345678);
	EMPTY("data");
	END();
}

static void t_modules(struct live *live)
{
	long r;

	BEGIN(SYSCALL_INIT_MODULE_X);
	r = syscall(SYS_init_module, "not a module", 12L, "a=1");
	FIND();
	I64("res", RESULT(r));
	BYTES("img", "not a module", 12);
	U64("length", 12);
	TEXT("uargs", "a=1");
	END();

	BEGIN(SYSCALL_FINIT_MODULE_X);
	r = syscall(SYS_finit_module, -1, "b=2", 1);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -1);
	TEXT("uargs", "b=2");
	U32("flags", SAKER_FLAG_finit_module_flags_MODULE_INIT_IGNORE_MODVERSIONS);
	END();

	BEGIN(SYSCALL_DELETE_MODULE_X);
	r = syscall(SYS_delete_module, "saker_no_such_module", O_NONBLOCK);
	FIND();
	I64("res", RESULT(r));
	TEXT("name", "saker_no_such_module");
	U32("flags", SAKER_FLAG_delete_module_flags_O_NONBLOCK);
	END();
}

static size_t key_number(uint8_t *out, int64_t v)
{
	out[0] = SAKER_DYN_keyctl_dynamic_param_INT64;
	memcpy(out + 1, &v, 8);
	return 9;
}

static void t_keyctl(struct live *live)
{
	uint8_t want[32];
	long r;

	BEGIN(SYSCALL_KEYCTL_X);
	r = syscall(SYS_keyctl, KEYCTL_SEARCH, 123456789L, "user", "name", 5L);
	FIND();
	I64("res", RESULT(r));
	U32("operation", SAKER_FLAG_keyctl_operations_KEYCTL_SEARCH);
	BYTES("arg2", want, key_number(want, 123456789));
	BYTES("arg3", "\1user", 6);
	BYTES("arg4", "\1name", 6);
	BYTES("arg5", want, key_number(want, 5));
	END();

	BEGIN(SYSCALL_KEYCTL_X);
	r = syscall(SYS_keyctl, KEYCTL_REVOKE, -77L, 1L, 2L, 3L);
	FIND();
	I64("res", RESULT(r));
	U32("operation", SAKER_FLAG_keyctl_operations_KEYCTL_REVOKE);
	BYTES("arg2", want, key_number(want, -77));
	BYTES("arg3", want, key_number(want, 0));
	BYTES("arg4", want, key_number(want, 0));
	BYTES("arg5", want, key_number(want, 0));
	END();
}

/*
 * What arguments 2 to 5 of each operation are: a number, text, or nothing. Keys
 * that there are not, so that nothing comes of it. Without joining a session
 * keyring, which has a case of its own, and giving one to the parent.
 */
static void t_keyctl_operations(struct live *live)
{
#define OP(name, shape)                                                          \
	{                                                                        \
		KEYCTL_##name, SAKER_FLAG_keyctl_operations_KEYCTL_##name, shape \
	}
	static const struct {
		long op;
		uint32_t schema;
		const char *shape;
	} ops[] = {
		OP(GET_KEYRING_ID, "nn--"),
		OP(UPDATE, "nnn-"),
		OP(REVOKE, "n---"),
		OP(CHOWN, "nnn-"),
		OP(SETPERM, "nn--"),
		OP(DESCRIBE, "nnn-"),
		OP(CLEAR, "n---"),
		OP(LINK, "nn--"),
		OP(UNLINK, "nn--"),
		OP(SEARCH, "nttn"),
		OP(READ, "nnn-"),
		OP(INSTANTIATE, "nnnn"),
		OP(NEGATE, "nnn-"),
		OP(SET_REQKEY_KEYRING, "n---"),
		OP(SET_TIMEOUT, "nn--"),
		OP(ASSUME_AUTHORITY, "n---"),
		OP(GET_SECURITY, "nnn-"),
		OP(REJECT, "nnnn"),
		OP(INSTANTIATE_IOV, "nnnn"),
		OP(INVALIDATE, "n---"),
		OP(GET_PERSISTENT, "nn--"),
		OP(DH_COMPUTE, "nnnn"),
		OP(PKEY_QUERY, "nnt-"),
		OP(PKEY_ENCRYPT, "ntnn"),
		OP(PKEY_DECRYPT, "ntnn"),
		OP(PKEY_SIGN, "ntnn"),
		OP(PKEY_VERIFY, "ntnn"),
		OP(RESTRICT_KEYRING, "ntt-"),
		OP(MOVE, "nnnn"),
		OP(CAPABILITIES, "nn--"),
		OP(WATCH_KEY, "nnn-"),
	};
#undef OP
	static const char *const names[] = {"arg2", "arg3", "arg4", "arg5"};
	static const char *const texts[] = {"\1two", "\1three", "\1four", "\1five"};
	uint8_t want[32];
	size_t i, k;
	long r;

	BEGIN(SYSCALL_KEYCTL_X);
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		long args[4];

		for (k = 0; k < 4; k++)
			args[k] = ops[i].shape[k] == 't' ? (long)(texts[k] + 1) : -101 - (long)k;
		r = syscall(SYS_keyctl, ops[i].op, args[0], args[1], args[2], args[3]);
		FIND();
		I64("res", RESULT(r));
		U32("operation", ops[i].schema);
		for (k = 0; k < 4; k++)
			if (ops[i].shape[k] == 't')
				BYTES(names[k], texts[k], strlen(texts[k]) + 1);
			else
				BYTES(names[k], want,
				      key_number(want, ops[i].shape[k] == 'n' ? args[k] : 0));
		END();
	}
}

static void t_semaphores(struct live *live)
{
	struct sembuf ops[2] = {{1, -2, IPC_NOWAIT}, {3, 4, SEM_UNDO}};
	long r;

	BEGIN(SYSCALL_SEMGET_X);
	r = syscall(SYS_semget, 0x7777, -1, IPC_CREAT | IPC_EXCL);
	FIND();
	I64("res", RESULT(r));
	U32("key", 0x7777);
	U32("nsems", -1);
	U32("semflg", SAKER_FLAG_semget_flags_IPC_CREAT | SAKER_FLAG_semget_flags_IPC_EXCL);
	END();

	BEGIN(SYSCALL_SEMOP_X);
	r = syscall(SYS_semop, -1, ops, 2L);
	FIND();
	I64("res", RESULT(r));
	U32("nsops", 2);
	U16("sem_num_0", 1);
	U16("sem_op_0", -2);
	U16("sem_flg_0", SAKER_FLAG_semop_flags_IPC_NOWAIT);
	U16("sem_num_1", 3);
	U16("sem_op_1", 4);
	U16("sem_flg_1", SAKER_FLAG_semop_flags_SEM_UNDO);
	U32("semid", -1);
	END();

	BEGIN(SYSCALL_SEMCTL_X);
	r = syscall(SYS_semctl, -1, 2, SETVAL, 9L);
	FIND();
	I64("res", RESULT(r));
	U32("semid", -1);
	U32("semnum", 2);
	U16("cmd", SAKER_FLAG_semctl_commands_SETVAL);
	U32("val", 9);
	END();
}

static void t_futex(struct live *live)
{
	uint32_t word = 5;
	long r;

	BEGIN(SYSCALL_FUTEX_X);
	r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME,
		    4L, NULL, NULL, 1L);
	FIND();
	I64("res", RESULT(r));
	U64("addr", (uintptr_t)&word);
	U16("op", SAKER_FLAG_futex_operations_FUTEX_WAIT_BITSET |
			  SAKER_FLAG_futex_operations_FUTEX_PRIVATE_FLAG |
			  SAKER_FLAG_futex_operations_FUTEX_CLOCK_REALTIME);
	U64("val", 4);
	END();
}

/* A syscall without an event of its own is told by its public code. */
static void t_generic(struct live *live)
{
	struct saker_syscall_set set = {{0}};

	BEGIN(GENERIC_X);
	saker_syscall_set_add_name(&set, "getppid");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	syscall(SYS_getppid);
	FIND();
	U16("ID", SAKER_SC_GETPPID);
	U16("nativeID", SYS_getppid);
	END();
}

static void check_openat_missing(struct live *live, long number)
{
	long r;

	BEGIN(SYSCALL_OPENAT_2_X);
	r = syscall(number, AT_FDCWD, "/nowhere/numbered", O_RDONLY | O_CLOEXEC, 0L);
	FIND();
	I64("fd", RESULT(r));
	I64("dirfd", AT_FDCWD);
	TEXT("name", "/nowhere/numbered");
	U32("flags", SAKER_FLAG_file_flags_O_RDONLY | SAKER_FLAG_file_flags_O_CLOEXEC);
	U32("mode", 0);
	U32("dev", 0);
	I64("ino", 0);
	END();
}

/* The kernel looks at 32 bits of a number: with others above them it is the same call. */
static void t_number_above(struct live *live)
{
	struct saker_syscall_set set = {{0}};

	assert_int_equal(syscall(SYS_getppid | 1L << 32), getppid());
	check_openat_missing(live, SYS_openat | 1L << 32);
	check_openat_missing(live, SYS_openat | 1L << 62);

	BEGIN(GENERIC_X);
	saker_syscall_set_add_name(&set, "getppid");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	syscall(SYS_getppid | 0x5aL << 40);
	FIND();
	U16("ID", SAKER_SC_GETPPID);
	U16("nativeID", SYS_getppid);
	END();
}

/* Where a kernel has no x32 it fails with ENOSYS, and was asked for all the same. */
static void t_number_x32(struct live *live)
{
#ifdef __x86_64__
	check_openat_missing(live, SYS_openat | 1L << 30);
#else
	(void)live;
#endif
}

/* What is not wanted does not come. */
static void t_unwanted(struct live *live)
{
	const struct saker_event *event;
	struct saker_syscall_set none = {{0}};
	int i;

	BEGIN(SYSCALL_CLOSE_X);
	assert_int_equal(saker_capture_want(live->capture, &none), 0);
	while (saker_capture_next(live->capture, 5, &event, NULL) > 0)
		;
	for (i = 0; i < 1000; i++)
		syscall(SYS_close, -1);
	assert_int_equal(saker_capture_next(live->capture, 60, &event, NULL), 0);
}

const struct live_case live_misc_cases[] = {
	CASE(t_memory),	      CASE(t_process_vm),	 CASE(t_modules),
	CASE(t_keyctl),	      CASE(t_keyctl_operations), CASE(t_semaphores),
	CASE(t_futex),	      CASE(t_generic),		 CASE(t_unwanted),
	CASE(t_number_above), CASE(t_number_x32),	 {NULL, NULL},
};
