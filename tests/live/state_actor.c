/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the test of the state: does what changes a process, a directory or a table
 * of descriptors in unusual ways, and after each says on standard output what
 * /proc says of it now, as a line of fields between tabs; then calls fstat, so
 * that there is an event that shows what the state has come to.
 *
 *     state-actor FOLDER      all of it, in that folder
 *     state-actor check NAME  just one line
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK (64 << 10)
#define KEPT 200 /* a descriptor that others leave alone */

static int proc; /* /proc of the namespace that we began in */
static const char *folder;

/* ---- what there is to see ----------------------------------------------------------- */

static void status(char *buf, size_t size)
{
	int fd = openat(proc, "thread-self/status", O_RDONLY);
	ssize_t n = read(fd, buf, size - 1);

	close(fd);
	buf[n > 0 ? n : 0] = '\0';
}

/* The nth word (from 0, -1 = the last that is not 0) of a line of status. */
static void print_word(const char *text, const char *key, int nth)
{
	const char *line = strstr(text, key);
	char words[256] = "", *word, *rest = words, *last = words;

	if (line)
		sscanf(line + strlen(key), "%255[^\n]", words);
	for (int i = 0; (word = strsep(&rest, "\t ")) && (nth < 0 || i <= nth);) {
		if (!*word)
			continue;
		if (i++ == 0 || nth >= 0 || strcmp(word, "0") != 0)
			last = word;
	}
	printf("\t%s", last);
}

static void print_link(const char *path)
{
	char to[4096];
	ssize_t n = readlinkat(proc, path, to, sizeof(to));

	printf("\t%.*s", n > 0 ? (int)n : 0, to);
}

static void check(const char *what, int fd)
{
	static const struct {
		const char *key;
		int nth;
	} words[] = {{"\nPid:", 0},    {"\nTgid:", 0},	 {"\nPPid:", 0}, {"\nNSpid:", -1},
		     {"\nNSsid:", -1}, {"\nNSpgid:", 0}, {"\nUid:", 1},	 {"\nGid:", 1},
		     {"\nCapPrm:", 0}, {"\nCapEff:", 0}};
	char text[8192], path[64];
	struct stat st;

	status(text, sizeof(text));
	printf("%s", what);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		print_word(text, words[i].key, words[i].nth);
	print_link("thread-self/cwd");
	snprintf(path, sizeof(path), "thread-self/fd/%d", fd);
	printf("\t%d", fd);
	print_link(path);
	printf("\n");
	fflush(stdout);
	syscall(SYS_fstat, fd, &st);
}

/* ---- who does it ----------------------------------------------------------------------- */

typedef void (*act_fn)(void);

static int run_and_exit(void *act)
{
	((act_fn)act)();
	syscall(SYS_exit, 0);
	return 0;
}

/* As a process or thread of these flags; returns when it is gone. */
static void as(unsigned long flags, act_fn act)
{
	char *stack = malloc(STACK);
	volatile pid_t tid = 1;
	pid_t pid;

	flags |= flags & CLONE_THREAD ? CLONE_VM | CLONE_SIGHAND | CLONE_CHILD_CLEARTID : SIGCHLD;
	fflush(stdout);
	pid = clone(run_and_exit, stack + STACK, (int)flags, (void *)act, NULL, NULL, &tid);
	if (pid < 0) {
		perror("clone");
		exit(1);
	}
	if (flags & CLONE_THREAD)
		while (tid)
			usleep(1000);
	else
		waitpid(pid, NULL, __WALL);
	free(stack);
}

#define USUAL_THREAD (CLONE_THREAD | CLONE_FS | CLONE_FILES)

static int open_file(const char *name)
{
	return open(name, O_RDWR | O_CREAT, 0600);
}

/* ---- directories -------------------------------------------------------------------------- */

static void go_to_usr(void)
{
	if (chdir("/usr") == 0)
		check("gone to /usr", 0);
}

static void go_to_usr_alone(void)
{
	if (unshare(CLONE_FS) == 0)
		go_to_usr();
}

static void open_here(const char *what)
{
	int fd = open_file("here");

	check(what, fd);
	close(fd);
	if (chdir(folder) < 0)
		exit(1);
}

static void directories(void)
{
	as(USUAL_THREAD, go_to_usr);
	check("a thread's chdir is all threads'", 0);
	open_here("opened after it");
	as(USUAL_THREAD, go_to_usr_alone);
	open_here("a thread that unshared its directory has gone");
	as(CLONE_THREAD | CLONE_FILES, go_to_usr);
	open_here("a thread that was made with its own directory has gone");
	as(CLONE_FS, go_to_usr);
	check("a child that shares the directory has gone", 0);
	open_here("opened after that");
	as(0, go_to_usr);
	open_here("a child has gone");
}

/* ---- tables of descriptors ------------------------------------------------------------------- */

static void replace_kept(void)
{
	int fd = open_file("replaced");

	dup2(fd, KEPT);
	check("replaced", KEPT);
	close(fd);
}

static void replace_kept_alone(void)
{
	if (unshare(CLONE_FILES) == 0)
		replace_kept();
}

static void close_all_alone(void)
{
	syscall(SYS_close_range, KEPT, KEPT, CLOSE_RANGE_UNSHARE);
	check("closed in its own table", KEPT);
}

static void keep(void)
{
	int fd = open_file("kept");

	dup2(fd, KEPT);
	close(fd);
}

static void tables(void)
{
	keep();
	as(USUAL_THREAD, replace_kept_alone);
	check("kept though a thread has unshared and replaced it", KEPT);
	as(CLONE_THREAD | CLONE_FS, replace_kept);
	check("kept though a thread with its own table has replaced it", KEPT);
	as(USUAL_THREAD, close_all_alone);
	check("kept though a thread has unshared and closed it", KEPT);
	as(CLONE_FILES, replace_kept_alone);
	check("kept though a child has unshared and replaced it", KEPT);
	as(USUAL_THREAD, replace_kept);
	check("a thread has replaced it", KEPT);
	keep();
	as(CLONE_FILES, replace_kept);
	check("a child that shares the table has replaced it", KEPT);
}

static void *exec_from_here(void *unused)
{
	(void)unused;
	execl("/proc/self/exe", "state-actor", "check", "begun by a thread", NULL);
	return NULL;
}

static void exec_from_thread(void)
{
	pthread_t thread;

	keep();
	pthread_create(&thread, NULL, exec_from_here, NULL);
	pthread_join(thread, NULL);
}

/* ---- groups, sessions, parents ------------------------------------------------------------ */

static void lead_session(void)
{
	setsid();
	check("leads a session", 0);
}

static void lead_group(void)
{
	setpgid(0, 0);
	check("leads a group", 0);
	as(0, lead_session);
}

static void in_namespace(void)
{
	as(0, lead_group);
}

static void grouped_by_parent(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		while (getpgid(0) != getpid())
			usleep(1000);
		check("was put into a group", 0);
		_exit(0);
	}
	setpgid(pid, pid);
	waitpid(pid, NULL, 0);
}

static void orphan(void)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		while (getppid() == parent)
			usleep(1000);
		check("has a new parent", 0);
		_exit(0);
	}
}

static void adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	as(0, orphan);
	while (wait(NULL) > 0)
		;
}

/* ---- users --------------------------------------------------------------------------------- */

static void become(void)
{
	/* By the call itself: libc's makes all threads do it. */
	syscall(SYS_setresgid, -1, 33, -1);
	syscall(SYS_setresuid, -1, 33, -1);
	check("effectively another", 0);
	syscall(SYS_setresuid, -1, 0, -1);
	check("and root again", 0);
	syscall(SYS_setresuid, 33, -1, -1);
	check("really another", 0);
	syscall(SYS_setresuid, 33, 33, 33);
	check("another altogether", 0);
}

static void become_with_capabilities(void)
{
	prctl(PR_SET_KEEPCAPS, 1);
	syscall(SYS_setuid, 33);
	check("another with what is permitted", 0);
}

/* ---- files --------------------------------------------------------------------------------- */

static void opened_by_path(const char *what, const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	check(what, fd);
	close(fd);
}

static void files(void)
{
	int dir, fd;

	symlink("/usr", "link");
	opened_by_path("through a link", "link/lib", O_RDONLY);
	opened_by_path("beside where a link leads", "link/../etc/passwd", O_RDONLY);
	opened_by_path("without a name", ".", O_TMPFILE | O_RDWR);
	mkdir("old", 0700);
	dir = open("old", O_RDONLY | O_DIRECTORY);
	rename("old", "new");
	fd = openat(dir, "x", O_RDWR | O_CREAT, 0600);
	check("in a directory that was renamed", fd);
	close(fd);
	close(dir);
}

static void pass(void)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {{CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int ends[2], fd = open_file("passed");

	socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	sendmsg(ends[0], &message, 0);
	recvmsg(ends[1], &message, 0);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	check("passed through a socket", fd);
	/* It is asked of the kernel, which knows while we are here. */
	usleep(300000);
}

int main(int argc, char **argv)
{
	proc = open("/proc", O_PATH | O_CLOEXEC);
	if (argc == 3 && strcmp(argv[1], "check") == 0) {
		check(argv[2], KEPT);
		return 0;
	}
	folder = argc == 2 ? argv[1] : NULL;
	if (proc < 0 || !folder || chdir(folder) < 0)
		return 2;
	directories();
	as(0, tables);
	as(0, exec_from_thread);
	as(0, lead_group);
	as(0, grouped_by_parent);
	as(CLONE_NEWPID, in_namespace);
	as(0, adopt);
	as(0, become);
	as(0, become_with_capabilities);
	as(0, files);
	as(0, pass);
	return 0;
}
