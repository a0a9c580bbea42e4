/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one suspicious thing and exits, for the live tests: what a shell command
 * cannot do, or what must be done by a process of a certain name (the tests run
 * copies of this program called nginx, sshd, ssh). Exit code 0: done, 1: the
 * system refused (it says why), 2: wrong use. Nothing here outlives the process;
 * addresses other than loopback exist only in a network namespace of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int refused(const char *what)
{
	fprintf(stderr, "actor: %s: %s\n", what, strerror(errno));
	return 1;
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0)
		return refused("fork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return refused("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* open PATH: for reading, once. */
static int act_open(char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return refused(argv[0]);
	close(fd);
	return 0;
}

/* wait-open SECONDS PATH: as a service that has long been up. */
static int act_wait_open(char **argv)
{
	struct timespec ts = {.tv_sec = strtol(argv[0], NULL, 10)};

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
	return act_open(argv + 1);
}

/* spawn UID PROGRAM ARG...: a child, as that user, and its exit code. */
static int act_spawn(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[0], NULL, 10);
	pid_t pid = fork();

	if (pid)
		return wait_for(pid);
	if (uid && (setgroups(0, NULL) || setgid(uid) || setuid(uid)))
		_exit(refused("setuid"));
	execv(argv[1], argv + 1);
	_exit(refused(argv[1]));
}

static bool copy_to(int fd, const char *path)
{
	char buf[65536];
	int in = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (in < 0)
		return false;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	close(in);
	return n == 0;
}

/* memfd PROGRAM ARG...: runs a copy of it that is on no disk. */
static int act_memfd(char **argv)
{
	int fd = memfd_create("payload", MFD_CLOEXEC);

	if (fd < 0 || !copy_to(fd, argv[0]))
		return refused("memfd");
	fexecve(fd, argv, (char *[]){NULL});
	return refused("fexecve");
}

/* traceme: asks to be traced by its parent. */
static int act_traceme(char **argv)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? refused("PTRACE_TRACEME") : 0;
}

/* attach: attaches to a child of its own, then lets it go. */
static int act_attach(char **argv)
{
	pid_t pid = fork();
	int rc = 0;

	if (!pid) {
		pause();
		_exit(0);
	}
	if (pid < 0)
		return refused("fork");
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, NULL, 0) < 0 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL))
		rc = refused("PTRACE_ATTACH");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rc;
}

/* Gives lo the address in a network namespace that ends with this process. */
static bool own_network(const char *address)
{
	struct ifreq ifr = {0};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd;
	bool ok;

	if (unshare(CLONE_NEWNET) || inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	memcpy(ifr.ifr_name, "lo", 3);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	ok = !ioctl(fd, SIOCSIFFLAGS, &ifr);
	memcpy(ifr.ifr_name, "lo:1", 5);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	ok = ok && !ioctl(fd, SIOCSIFADDR, &ifr);
	close(fd);
	return ok;
}

/* Listens on the address and connects to it: the connecting socket, or -1. */
static int connect_to_self(const char *address, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(sin);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (server < 0 || client < 0 || inet_pton(AF_INET, address, &sin.sin_addr) != 1 ||
	    bind(server, (struct sockaddr *)&sin, len) || listen(server, 1) ||
	    getsockname(server, (struct sockaddr *)&sin, &len) ||
	    connect(client, (struct sockaddr *)&sin, len))
		return -1;
	return client;
}

/* connect ADDRESS PORT: over TCP, in a network of its own. */
static int act_connect(char **argv)
{
	if (!own_network(argv[0]))
		return refused("network namespace");
	if (connect_to_self(argv[0], (uint16_t)strtoul(argv[1], NULL, 10)) < 0)
		return refused("connect");
	return 0;
}

/* wire PROGRAM ARG...: runs it with a TCP connection as its standard input. */
static int act_wire(char **argv)
{
	int fd = connect_to_self("127.0.0.1", 0);

	if (fd < 0)
		return refused("connect");
	if (dup2(fd, 0) < 0)
		return refused("dup2");
	execv(argv[0], argv);
	return refused(argv[0]);
}

/* packet: a socket that sees all frames. */
static int act_packet(char **argv)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return refused("AF_PACKET");
	close(fd);
	return 0;
}

/* bpf: loads "return 0", not attached to anything. */
static int act_bpf(char **argv)
{
	static const struct bpf_insn prog[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)prog,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return refused("BPF_PROG_LOAD");
	close((int)fd);
	return 0;
}

/* io-uring: a ring of one entry. */
static int act_io_uring(char **argv)
{
	struct io_uring_params params = {0};
	long fd = syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0)
		return refused("io_uring_setup");
	close((int)fd);
	return 0;
}

/* A place for one operation, of a ring that is opened for it; NULL: refused. */
static struct io_uring_sqe *ring_begin(int *ret_fd, uint32_t **ret_tail)
{
	struct io_uring_params p = {0};
	struct io_uring_sqe *sqes;
	uint8_t *sq;

	*ret_fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (*ret_fd < 0)
		return NULL;
	sq = mmap(NULL, p.sq_off.array + sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		  *ret_fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, *ret_fd,
		    IORING_OFF_SQES);
	if (sq == MAP_FAILED || sqes == MAP_FAILED)
		return NULL;
	*(uint32_t *)(sq + p.sq_off.array) = 0;
	*ret_tail = (uint32_t *)(sq + p.sq_off.tail);
	return sqes;
}

/* ring-open PATH: as open, through an io_uring. */
static int act_ring_open(char **argv)
{
	struct io_uring_sqe *sqe;
	uint32_t *tail;
	int fd;

	sqe = ring_begin(&fd, &tail);
	if (!sqe)
		return refused("io_uring_setup");
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uintptr_t)argv[0];
	sqe->open_flags = O_RDONLY | O_CLOEXEC;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return refused("io_uring_enter");
	return 0;
}

/* module: tries to load a module from a descriptor that is none. */
static int act_module(char **argv)
{
	return syscall(SYS_finit_module, -1, "", 0) ? 0 : 1;
}

/* scratch DIR PROGRAM ARG...: runs it where DIR is an empty file system of its own. */
static int act_scratch(char **argv)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("scratch", argv[0], "tmpfs", 0, NULL))
		return refused("mount");
	execv(argv[1], argv + 1);
	return refused(argv[1]);
}

/* flood COUNT: opens and closes a file that often, as fast as it goes. */
static int act_flood(char **argv)
{
	unsigned long i, n = strtoul(argv[0], NULL, 10);

	for (i = 0; i < n; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return refused("/dev/null");
		close(fd);
	}
	return 0;
}

static const struct {
	const char *name;
	int n_args; /* at least */
	int (*run)(char **argv);
} acts[] = {
	{"open", 1, act_open},	       {"wait-open", 2, act_wait_open},
	{"spawn", 2, act_spawn},       {"memfd", 1, act_memfd},
	{"traceme", 0, act_traceme},   {"attach", 0, act_attach},
	{"connect", 2, act_connect},   {"wire", 1, act_wire},
	{"packet", 0, act_packet},     {"bpf", 0, act_bpf},
	{"io-uring", 0, act_io_uring}, {"ring-open", 1, act_ring_open},
	{"module", 0, act_module},     {"scratch", 2, act_scratch},
	{"flood", 1, act_flood},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!strcmp(argv[1], acts[i].name) && argc - 2 >= acts[i].n_args)
			return acts[i].run(argv + 2);
	fprintf(stderr, "usage: actor ACT ARG...; the acts stand in actor.c\n");
	return 2;
}
