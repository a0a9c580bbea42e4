// SPDX-License-Identifier: Apache-2.0
/* The process itself and how it is started; see specimen.h. */
#include "specimen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_if(int fd, int at)
{
	if (fd < 0)
		return;
	dup2(fd, at);
	close(fd);
}

static void put(int fd, int at)
{
	if (fd < 0)
		_exit(3);
	put_if(fd, at);
}

static void bind_to(int fd, const void *addr, socklen_t len)
{
	if (bind(fd, addr, len) < 0)
		_exit(4);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage s = {0};
	socklen_t len = sizeof(s);

	if (getsockname(fd, (void *)&s, &len) < 0)
		_exit(5);
	return ntohs(s.ss_family == AF_INET ? ((struct sockaddr_in *)&s)->sin_port
					    : ((struct sockaddr_in6 *)&s)->sin6_port);
}

static void open_files(void)
{
	int fds[2];

	if (pipe(fds) < 0 || mkfifo("fifo", 0600) < 0 || symlink("regular", "link") < 0)
		_exit(2);
	put(fds[0], FD_PIPE);
	put(open("fifo", O_RDWR), FD_FIFO);
	put(memfd_create("specimen", 0), FD_MEMFD);
	put(open("regular", O_CREAT | O_RDWR | O_APPEND, 0600), FD_REGULAR);
	put(open("deleted", O_CREAT | O_WRONLY, 0600), FD_DELETED);
	unlink("deleted");
	put(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
	put(open("/dev/null", O_WRONLY), FD_DEVICE);
	put(open("link", O_PATH | O_NOFOLLOW), FD_SYMLINK);
}

/* A datagram and a stream socket of each family, one bound and one connected to it. */
static void open_inet(struct specimen_ports *ports)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	put(socket(AF_INET, SOCK_DGRAM, 0), FD_INET);
	bind_to(FD_INET, &in, sizeof(in));
	ports->inet = port_of(FD_INET);
	in.sin_port = htons(ports->inet);
	put(socket(AF_INET, SOCK_DGRAM, 0), FD_INET_CONNECTED);
	if (connect(FD_INET_CONNECTED, (void *)&in, sizeof(in)) < 0)
		_exit(6);
	ports->inet_connected = port_of(FD_INET_CONNECTED);

	put(socket(AF_INET6, SOCK_STREAM, 0), FD_INET6);
	bind_to(FD_INET6, &in6, sizeof(in6));
	if (listen(FD_INET6, 1) < 0)
		_exit(7);
	ports->inet6 = port_of(FD_INET6);
	in6.sin6_port = htons(ports->inet6);
	put(socket(AF_INET6, SOCK_STREAM, 0), FD_INET6_CONNECTED);
	if (connect(FD_INET6_CONNECTED, (void *)&in6, sizeof(in6)) < 0)
		_exit(8);
	ports->inet6_connected = port_of(FD_INET6_CONNECTED);
}

static void open_local(const char *dir)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fds[2];

	put(socket(AF_UNIX, SOCK_SEQPACKET, 0), FD_UNIX);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", dir);
	bind_to(FD_UNIX, &un, sizeof(un));
	put(socket(AF_UNIX, SOCK_DGRAM, 0), FD_UNIX_ABSTRACT);
	memset(un.sun_path, 0, sizeof(un.sun_path));
	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "saker-specimen-%d", getpid());
	bind_to(FD_UNIX_ABSTRACT, &un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(un.sun_path + 1)));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		_exit(9);
	put(fds[0], FD_UNIX_PAIR);
	put(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), FD_NETLINK);
}

static void open_anon(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	/* return 0 */
	const struct bpf_insn insns[] = {{.code = 0xb7}, {.code = 0x95}};
	union bpf_attr prog = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			       .insns = (uintptr_t)insns,
			       .insn_cnt = 2,
			       .license = (uintptr_t) "GPL"};
	struct perf_event_attr perf = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(perf), .config = PERF_COUNT_SW_DUMMY};
	struct io_uring_params uring = {0};
	sigset_t mask;

	sigemptyset(&mask);
	put(eventfd(0, 0), FD_EVENTFD);
	put(epoll_create1(0), FD_EPOLL);
	put(inotify_init1(0), FD_INOTIFY);
	put(signalfd(-1, &mask, 0), FD_SIGNALFD);
	put(timerfd_create(CLOCK_MONOTONIC, 0), FD_TIMERFD);
	put((int)syscall(SYS_pidfd_open, getpid(), 0), FD_PIDFD);
	put_if((int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)), FD_BPF_MAP);
	put_if((int)syscall(SYS_bpf, BPF_PROG_LOAD, &prog, sizeof(prog)), FD_BPF_PROG);
	put_if((int)syscall(SYS_io_uring_setup, 1, &uring), FD_IO_URING);
	put_if((int)syscall(SYS_userfaultfd, 0), FD_USERFAULTFD);
	put_if((int)syscall(SYS_perf_event_open, &perf, 0, -1, -1, 0L), FD_PERF_EVENT);
	put_if(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), FD_FANOTIFY);
}

/* It says that it is ready on this descriptor and then waits to be killed. */
static void specimen(const char *dir, int ready)
{
	struct specimen_ports ports;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(dir) < 0)
		_exit(2);
	open_files();
	open_inet(&ports);
	open_local(dir);
	open_anon();
	if (write(ready, &ports, sizeof(ports)) != sizeof(ports))
		_exit(1);
	for (;;)
		pause();
}

void specimen_main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "--specimen") == 0)
		specimen(argv[2], (int)strtol(argv[3], NULL, 10));
}

pid_t specimen_start(const char *dir, struct specimen_ports *ret_ports)
{
	char fd_text[16], *env[] = {"ONE=1", "TWO=2 2", NULL};
	char *argv[] = {"specimen-name", "--specimen", (char *)dir, fd_text, "", "x y", NULL};
	int ready[2], status;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	snprintf(fd_text, sizeof(fd_text), "%d", ready[1]);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		execve("/proc/self/exe", argv, env);
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], ret_ports, sizeof(*ret_ports)) == sizeof(*ret_ports)) {
		close(ready[0]);
		return pid;
	}
	close(ready[0]);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid)
		fprintf(stderr, "the specimen ended with %d\n", WEXITSTATUS(status));
	return -1;
}
