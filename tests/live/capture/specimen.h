/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process made to be looked at: this program again, with a name, arguments
 * and an environment that are known, and one open file of each kind.
 */
#ifndef TEST_SPECIMEN_H
#define TEST_SPECIMEN_H

#include <stdint.h>
#include <sys/types.h>

/* Descriptors that it has open, from here on; those that the kernel would not make are closed. */
enum {
	FD_PIPE = 20,
	FD_FIFO,
	FD_MEMFD,
	FD_REGULAR,
	FD_DELETED,
	FD_DIRECTORY,
	FD_DEVICE,
	FD_SYMLINK,
	FD_INET,
	FD_INET_CONNECTED,
	FD_INET6,
	FD_INET6_CONNECTED,
	FD_UNIX,
	FD_UNIX_ABSTRACT,
	FD_UNIX_PAIR,
	FD_NETLINK,
	FD_EVENTFD,
	FD_EPOLL,
	FD_INOTIFY,
	FD_SIGNALFD,
	FD_TIMERFD,
	FD_PIDFD,
	FD_BPF_MAP,
	FD_BPF_PROG,
	FD_IO_URING,
	FD_USERFAULTFD,
	FD_PERF_EVENT,
	FD_FANOTIFY,
	FD_END,
};

/* What only it can tell: its sockets' own ports. */
struct specimen_ports {
	uint16_t inet, inet_connected, inet6, inet6_connected;
};

/* Starts it in this folder and waits until it is complete. -1 when it did not get there. */
pid_t specimen_start(const char *dir, struct specimen_ports *ret_ports);
/* First in main: does not come back when this process is to be the specimen. */
void specimen_main(int argc, char **argv);

#endif /* TEST_SPECIMEN_H */
