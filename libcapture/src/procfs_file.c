// SPDX-License-Identifier: Apache-2.0
/*
 * The open files of a process: what each link under fd/ points to, and for
 * sockets what the tables under net/ know of its inode.
 */
#include "procfs_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct procfs_socket {
	uint64_t ino;
	uint64_t address; /* unix: the kernel's */
	uint16_t family, type, protocol;
	uint16_t local_port, remote_port;
	uint8_t local[16], remote[16];
	char path[110];
};

/* ---- sockets ----------------------------------------------------------------------------- */

/* "0100007F:1F90": words of the address as the machine prints them, and the port. */
static bool parse_address(const char *text, uint8_t *addr, size_t words, uint16_t *ret_port)
{
	unsigned int port;
	size_t i;

	for (i = 0; i < words; i++) {
		uint32_t word;

		if (sscanf(text + 8 * i, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(addr + 4 * i, &word, sizeof(word));
	}
	if (sscanf(text + 8 * words, ":%x", &port) != 1)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_inet(const char *line, struct procfs_socket *s)
{
	size_t words = s->family == AF_INET ? 1 : 4;
	char local[48], remote[48];

	return sscanf(line, " %*d: %47s %47s %*x %*s %*s %*s %*u %*u %" SCNu64, local, remote,
		      &s->ino) == 3 &&
	       strlen(local) > 8 * words && strlen(remote) > 8 * words &&
	       parse_address(local, s->local, words, &s->local_port) &&
	       parse_address(remote, s->remote, words, &s->remote_port);
}

static bool parse_unix(const char *line, struct procfs_socket *s)
{
	unsigned int type;
	int path = 0;

	if (sscanf(line, "%" SCNx64 ": %*x %*x %*x %x %*x %" SCNu64 "%n", &s->address, &type,
		   &s->ino, &path) != 3)
		return false;
	s->type = (uint16_t)type;
	line += path;
	line += *line == ' ';
	line += *line == '@'; /* abstract */
	snprintf(s->path, sizeof(s->path), "%.*s", (int)strcspn(line, "\n"), line);
	return true;
}

static bool parse_netlink(const char *line, struct procfs_socket *s)
{
	unsigned int protocol;

	if (sscanf(line, "%*x %u %*u %*x %*d %*d %*s %*d %*u %" SCNu64, &protocol, &s->ino) != 2)
		return false;
	s->type = SOCK_RAW;
	s->protocol = (uint16_t)protocol;
	return true;
}

static const struct net_table {
	const char *name;
	uint16_t family, type, protocol;
	bool (*parse)(const char *line, struct procfs_socket *s);
} net_tables[] = {
	{"tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP, parse_inet},
	{"udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP, parse_inet},
	{"raw", AF_INET, SOCK_RAW, IPPROTO_RAW, parse_inet},
	{"tcp6", AF_INET6, SOCK_STREAM, IPPROTO_TCP, parse_inet},
	{"udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, parse_inet},
	{"raw6", AF_INET6, SOCK_RAW, IPPROTO_RAW, parse_inet},
	{"unix", AF_UNIX, SOCK_STREAM, 0, parse_unix},
	{"netlink", AF_NETLINK, SOCK_RAW, 0, parse_netlink},
};

static void read_table(struct procfs_net *net, int dir, const struct net_table *table)
{
	int fd = openat(dir, table->name, O_RDONLY | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "re") : NULL;
	char *line = NULL;
	size_t size = 0;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (getline(&line, &size, f) > 0) {
		struct procfs_socket s = {
			.family = table->family, .type = table->type, .protocol = table->protocol};

		if (!table->parse(line, &s) || !s.ino)
			continue;
		if (GROW(net->sockets, net->n, net->capacity) < 0)
			break;
		net->sockets[net->n++] = s;
	}
	free(line);
	fclose(f);
}

static int by_ino(const void *a, const void *b)
{
	const struct procfs_socket *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* The process's network namespace, its tables read once a scan. */
static struct procfs_net *find_net(struct procfs_scan *scan)
{
	_cleanup_close_ int dir = -1;
	struct procfs_net *net;
	struct stat st;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", scan->pid);
	if (stat(path, &st) < 0)
		return NULL;
	for (i = 0; i < scan->n_nets; i++)
		if (scan->nets[i].ns == st.st_ino)
			return &scan->nets[i];
	if (scan->n_nets == PROCFS_NETS)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%u/net", scan->pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return NULL;
	net = &scan->nets[scan->n_nets++];
	net->ns = st.st_ino;
	for (i = 0; i < ARRAY_SIZE(net_tables); i++)
		read_table(net, dir, &net_tables[i]);
	if (net->n)
		qsort(net->sockets, net->n, sizeof(*net->sockets), by_ino);
	return net;
}

void procfs_sockets_free(struct procfs_scan *scan)
{
	size_t i;

	for (i = 0; i < scan->n_nets; i++)
		free(scan->nets[i].sockets);
	scan->n_nets = 0;
}

static void add_endpoint(struct event_build *b, const uint8_t *addr, size_t len, uint16_t port)
{
	event_build_add(b, addr, len);
	event_build_u16(b, port);
}

static bool build_socket(struct procfs_scan *scan, struct event_build *b, uint32_t fd, uint64_t ino)
{
	struct procfs_socket key = {.ino = ino}, *s;
	uint64_t tid = (uint64_t)scan->pid << 32 | scan->pid;
	size_t len;

	if (!scan->net)
		scan->net = find_net(scan);
	s = scan->net && scan->net->n
		    ? bsearch(&key, scan->net->sockets, scan->net->n, sizeof(key), by_ino)
		    : NULL;
	if (!s)
		return false;
	len = s->family == AF_INET ? 4 : 16;
	event_build_begin(b, scan->event,
			  s->family == AF_INET	  ? SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E
			  : s->family == AF_INET6 ? SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E
			  : s->family == AF_UNIX  ? SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E
						  : SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E,
			  scan->ts, tid);
	event_build_u32(b, fd);
	event_build_u16(b, s->type);
	event_build_u16(b, s->protocol);
	if (s->family == AF_UNIX) {
		event_build_u64(b, s->address);
		event_build_text(b, s->path, strlen(s->path), sizeof(s->path));
	} else if (s->family != AF_NETLINK) {
		add_endpoint(b, s->local, len, s->local_port);
		add_endpoint(b, s->remote, len, s->remote_port);
	}
	event_build_u64(b, ino);
	event_build_end(b);
	return true;
}

/* ---- other files ---------------------------------------------------------------------------- */

static const struct anon_name {
	const char *name;
	uint8_t type;
} anon_names[] = {
#define TYPE(name) SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##name
	{"[eventfd]", TYPE(EVENTFD)},	      {"[eventpoll]", TYPE(EVENTPOLL)},
	{"inotify", TYPE(INOTIFY)},	      {"[signalfd]", TYPE(SIGNALFD)},
	{"[timerfd]", TYPE(TIMERFD)},	      {"[io_uring]", TYPE(IO_URING)},
	{"[userfaultfd]", TYPE(USERFAULTFD)}, {"[pidfd]", TYPE(PIDFD)},
	{"bpf-map", TYPE(BPF_MAP)},	      {"bpf-prog", TYPE(BPF_PROG)},
	{"bpf-link", TYPE(BPF_LINK)},	      {"bpf_iter", TYPE(BPF_ITER)},
	{"[perf_event]", TYPE(PERF_EVENT)},
#undef TYPE
};

#define ANON "anon_inode:"

/* name: what is behind "anon_inode:", a part of the path. */
static void build_anon(struct event_build *b, const char *path, const char *name, uint64_t ino)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(anon_names); i++)
		if (util_streq(anon_names[i].name, name))
			break;
	if (i < ARRAY_SIZE(anon_names)) {
		event_build_u8(b, anon_names[i].type);
		event_build_unknown(b);
	} else {
		event_build_u8(b, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_UNKNOWN);
		event_build_text(b, path, strlen(path), PROCFS_PATH_MAX);
	}
	event_build_u64(b, ino);
}

/* open(2)'s flags, from fdinfo, as events have them. */
static uint32_t convert_flags(uint64_t flags)
{
	static const struct {
		uint32_t from, to;
	} bits[] = {
		{O_CREAT, SAKER_FLAG_file_flags_O_CREAT},
		{O_TMPFILE, SAKER_FLAG_file_flags_O_TMPFILE},
		{O_APPEND, SAKER_FLAG_file_flags_O_APPEND},
		{O_DSYNC, SAKER_FLAG_file_flags_O_DSYNC},
		{O_EXCL, SAKER_FLAG_file_flags_O_EXCL},
		{O_NONBLOCK, SAKER_FLAG_file_flags_O_NONBLOCK},
		{O_SYNC, SAKER_FLAG_file_flags_O_SYNC},
		{O_TRUNC, SAKER_FLAG_file_flags_O_TRUNC},
		{O_DIRECT, SAKER_FLAG_file_flags_O_DIRECT},
		{O_DIRECTORY, SAKER_FLAG_file_flags_O_DIRECTORY},
		{O_CLOEXEC, SAKER_FLAG_file_flags_O_CLOEXEC},
	};
	uint32_t out = (flags & O_ACCMODE) == O_WRONLY ? SAKER_FLAG_file_flags_O_WRONLY
		       : (flags & O_ACCMODE) == O_RDWR ? SAKER_FLAG_file_flags_O_RDWR
						       : SAKER_FLAG_file_flags_O_RDONLY;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if ((flags & bits[i].from) == bits[i].from)
			out |= bits[i].to;
	return out;
}

static void build_regular(struct procfs_scan *scan, struct event_build *b, const char *name,
			  const char *path, uint64_t ino)
{
	const char *flags = NULL, *mnt = NULL;

	if (procfs_read(scan->fdinfo, name, scan->text, sizeof(scan->text)) > 0) {
		flags = strstr(scan->text, "flags:\t");
		mnt = strstr(scan->text, "mnt_id:\t");
	}
	event_build_text(b, path, strlen(path), PROCFS_PATH_MAX);
	event_build_u32(b, convert_flags(flags ? strtoull(flags + 7, NULL, 8) : 0));
	event_build_u32(b, mnt ? (uint32_t)strtoul(mnt + 8, NULL, 10) : 0);
	event_build_u64(b, ino);
}

bool procfs_file_build(struct procfs_scan *scan, const char *name)
{
	uint64_t tid = (uint64_t)scan->pid << 32 | scan->pid;
	uint32_t fd = (uint32_t)strtoul(name, NULL, 10);
	char path[PROCFS_PATH_MAX];
	struct event_build b;
	struct stat st;
	uint16_t code;

	if (procfs_link(dirfd(scan->files), name, path, sizeof(path)) < 0 ||
	    fstatat(dirfd(scan->files), name, &st, 0) < 0)
		return false;
	if (!strncmp(path, "socket:[", 8))
		return build_socket(scan, &b, fd, st.st_ino);
	code = !strncmp(path, ANON, strlen(ANON)) ? SAKER_EV_ITER_TASK_FILE_ANON_INODE_E
	       : !strncmp(path, "pidfd:", 6)	  ? SAKER_EV_ITER_TASK_FILE_ANON_INODE_E
	       : !strncmp(path, "/memfd:", 7)	  ? SAKER_EV_ITER_TASK_FILE_MEMFD_E
	       : S_ISFIFO(st.st_mode)		  ? SAKER_EV_ITER_TASK_FILE_PIPE_E
	       : S_ISDIR(st.st_mode)		  ? SAKER_EV_ITER_TASK_FILE_DIRECTORY_E
						  : SAKER_EV_ITER_TASK_FILE_REGULAR_E;
	event_build_begin(&b, scan->event, code, scan->ts, tid);
	event_build_u32(&b, fd);
	if (code == SAKER_EV_ITER_TASK_FILE_ANON_INODE_E) {
		build_anon(&b, path, path[0] == 'p' ? "[pidfd]" : path + strlen(ANON), st.st_ino);
	} else if (code == SAKER_EV_ITER_TASK_FILE_REGULAR_E) {
		build_regular(scan, &b, name, path, st.st_ino);
	} else {
		/* A pipe without a name: the kernel knows none either. */
		if (!strncmp(path, "pipe:[", 6))
			path[0] = 0;
		event_build_text(&b, path, strlen(path), sizeof(path));
		event_build_u64(&b, st.st_ino);
	}
	event_build_end(&b);
	return true;
}

void procfs_files_begin(struct procfs_scan *scan)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/fd", scan->pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scan->files = fd >= 0 ? fdopendir(fd) : NULL;
	if (!scan->files) {
		if (fd >= 0)
			close(fd);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%u/fdinfo", scan->pid);
	scan->fdinfo = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scan->net = NULL;
}

bool procfs_files_next(struct procfs_scan *scan)
{
	struct dirent *entry;

	while ((entry = readdir(scan->files)))
		if (entry->d_name[0] != '.' && procfs_file_build(scan, entry->d_name))
			return true;
	return false;
}

void procfs_files_end(struct procfs_scan *scan)
{
	if (!scan->files)
		return;
	closedir(scan->files);
	scan->files = NULL;
	if (scan->fdinfo >= 0)
		close(scan->fdinfo);
}
