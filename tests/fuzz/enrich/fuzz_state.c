/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random but mostly well-formed events through the state. The input is a
 * program: each step takes a code, a thread and parameters out of a small world
 * (few threads, few fds, values of the right size), now and then something of
 * the wrong size, and checks after each that the bounds hold and that what a
 * record points to can be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#include "tests/unit/enrich/event_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	const uint8_t *end;
};

static struct event_builder eb;

static uint8_t take(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static const uint16_t codes[] = {
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE3_X,
	SAKER_EV_SYSCALL_VFORK_20_X,
	SAKER_EV_SYSCALL_EXECVE_19_X,
	SAKER_EV_SYSCALL_EXECVEAT_X,
	SAKER_EV_PROCEXIT_1_E,
	SAKER_EV_PROCEXIT_1_E,
	SAKER_EV_SYSCALL_OPENAT_2_E,
	SAKER_EV_SYSCALL_OPENAT_2_X,
	SAKER_EV_SYSCALL_OPENAT2_X,
	SAKER_EV_SYSCALL_CLOSE_X,
	SAKER_EV_SYSCALL_CLOSE_RANGE_X,
	SAKER_EV_SYSCALL_DUP2_X,
	SAKER_EV_SYSCALL_DUP3_X,
	SAKER_EV_SYSCALL_FCNTL_X,
	SAKER_EV_SYSCALL_PIPE2_X,
	SAKER_EV_SOCKET_SOCKET_X,
	SAKER_EV_SOCKET_CONNECT_E,
	SAKER_EV_SOCKET_CONNECT_X,
	SAKER_EV_SOCKET_BIND_X,
	SAKER_EV_SOCKET_ACCEPT4_6_X,
	SAKER_EV_SOCKET_SENDTO_X,
	SAKER_EV_SOCKET_RECVFROM_X,
	SAKER_EV_SOCKET_RECVMSG_X,
	SAKER_EV_SOCKET_SOCKETPAIR_X,
	SAKER_EV_SYSCALL_CHDIR_X,
	SAKER_EV_SYSCALL_FCHDIR_X,
	SAKER_EV_SYSCALL_PIDFD_OPEN_X,
	SAKER_EV_SYSCALL_PIDFD_GETFD_X,
	SAKER_EV_SYSCALL_PRCTL_X,
	SAKER_EV_ITER_TASK_E,
	SAKER_EV_ITER_TASK_FILE_REGULAR_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E,
	SAKER_EV_USER_ADDED_E,
	SAKER_EV_USER_DELETED_E,
};

static const char *const texts[] = {
	"",
	"a",
	"/etc/passwd",
	"../../x",
	"./a//b/../c/",
	"cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"cpu=/default/redis",
	"/bin/x (deleted)",
	"io=/lxc/web",
};

/* A number that means something in the small world. */
static int64_t number(struct input *in)
{
	static const int64_t some[] = {0, 1, -1,   -2,	      -100,	 -115,	   3,
				       4, 5, 8192, 134217728, INT64_MAX, INT64_MIN};
	uint8_t b = take(in);

	return b < 128 ? b % 16 : some[b % (sizeof(some) / sizeof(some[0]))];
}

static void text_param(struct input *in)
{
	const char *text = texts[take(in) % (sizeof(texts) / sizeof(texts[0]))];

	eb_param(&eb, text, strlen(text) + (take(in) & 1));
}

static void bytes_param(struct input *in, bool socket)
{
	uint8_t len = take(in);
	uint8_t buf[256];

	for (uint32_t i = 0; i < len; i++)
		buf[i] = take(in);
	if (socket && len) {
		static const uint8_t families[] = {1, 2, 10, 2};

		buf[0] = families[buf[0] % 4];
		buf[len - 1] &= 1;
	}
	eb_param(&eb, buf, len);
}

static void param(struct input *in, const struct saker_param_info *info)
{
	uint32_t size = saker_param_type_size((enum saker_param_type)info->type);
	uint8_t odd = take(in);
	int64_t v;

	if (odd == 255) {
		bytes_param(in, false);
		return;
	}
	if (odd > 240) {
		eb_param(&eb, NULL, 0);
		return;
	}
	switch (info->type) {
	case SAKER_PT_CHARBUF:
	case SAKER_PT_FSPATH:
	case SAKER_PT_FSRELPATH:
	case SAKER_PT_CHARBUFARRAY:
		text_param(in);
		return;
	case SAKER_PT_BYTEBUF:
		if (odd & 1)
			text_param(in);
		else
			bytes_param(in, false);
		return;
	case SAKER_PT_SOCKADDR:
	case SAKER_PT_SOCKTUPLE:
		bytes_param(in, true);
		return;
	default:
		break;
	}
	v = number(in);
	if (size > sizeof(v) || size == 0)
		bytes_param(in, false);
	else
		eb_param(&eb, &v, size);
}

static const struct saker_event *make_event(struct input *in, uint64_t *ts)
{
	uint8_t which = take(in);
	uint16_t code = which < 200 ? codes[which % (sizeof(codes) / sizeof(codes[0]))]
				    : (uint16_t)((take(in) | take(in) << 8) % SAKER_EVENT_CODES);
	const struct saker_event_info *info = saker_event_info(code);
	uint64_t tid = take(in) % 12;
	uint8_t step = take(in);

	/* Time goes on, mostly; sometimes far, sometimes back. */
	*ts += step < 250 ? step : step < 253 ? UINT64_C(3000000000) : (uint64_t)-100;
	if (info && info->category & SAKER_EC_ITER)
		tid |= (uint64_t)(take(in) % 12) << 32;
	eb_begin(&eb);
	for (uint32_t i = 0; info && i < info->n_params; i++)
		param(in, &info->params[i]);
	return eb_end(&eb, code, *ts, tid);
}

/* Reads all that a record leads to; a sanitizer sees what it should not. */
static size_t check_record(const struct saker_state *s, struct saker_record *r)
{
	size_t sum = 0;
	uint32_t iter = 0;
	const struct enrich_fd *fd;
	const struct enrich_thread *t = r->thread;

	if (r->fd)
		sum += enrich_str_len(r->fd->name) + r->fd->type;
	if (!t)
		return sum;
	sum += strlen(enrich_str_text(t->comm)) + enrich_thread_cwd(s, t).len;
	sum += enrich_list_count(t->args) + enrich_list_count(t->cgroups) +
	       enrich_thread_n_threads(t);
	while ((fd = enrich_fd_next(t, &iter)))
		sum += enrich_str_len(fd->name);
	for (uint32_t i = 0; i < 20; i++)
		sum += enrich_thread_ancestor(s, t, i) != NULL;
	sum += enrich_thread_session_leader(s, t) != NULL;
	sum += enrich_thread_vpgid_leader(s, t) != NULL;
	for (uint32_t i = 0; i < r->view.n_params; i++)
		sum += enrich_record_path(r, i).len;
	return sum;
}

static int refill(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	static struct event_builder own;
	uint32_t *calls = userdata;

	if (++*calls % 3 == 0)
		return -ESRCH;
	fn(fn_userdata,
	   eb_task(&own, &(struct eb_task){.tid = tid, .ptid = *calls % 12, .comm = "found"}));
	fn(fn_userdata,
	   eb_make(&own, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, (uint64_t)tid << 32 | (uint64_t)tid,
		   "wswwq", 3, "/etc/found", 1, 0, INT64_C(1)));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct input in = {data, data + size};
	uint64_t ts = UINT64_C(1000000000000);
	uint8_t mode = take(&in);
	uint32_t calls = 0;
	struct saker_state *s;

	options.offline = true;
	options.max_threads = mode & 1 ? 16 : 0;
	options.max_fds = mode & 2 ? 16 : 0;
	options.memory_max = UINT64_C(2) << 20;
	options.refill = mode & 4 ? refill : NULL;
	options.refill_userdata = &calls;
	if (saker_state_new(&options, &s) < 0)
		abort();
	while (in.p < in.end) {
		const struct saker_event *event = make_event(&in, &ts);
		struct saker_record *r;

		if (saker_state_apply(s, event, NULL, &r) == 1 && check_record(s, r) == SIZE_MAX)
			abort();
		if (s->pool.used > s->pool.limit || s->n_threads > s->max_threads)
			abort();
	}
	saker_state_free(s);
	return 0;
}
