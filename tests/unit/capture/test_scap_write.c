// SPDX-License-Identifier: Apache-2.0
/* The writer: what it wrote is read back the same, made by hand and from real captures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>

#include <saker/event_codes.h>
#include <saker/scap.h>

#include "scap_maker.h"
#include "scap_reader.h"

/* ---- events in memory -------------------------------------------------------------------------
 */

struct item {
	uint8_t *event;
	uint32_t len;
	uint16_t flags;
	uint16_t cpu;
};

struct items {
	struct item *list;
	uint32_t n;
	uint32_t capacity;
};

static void items_add(struct items *items, const struct saker_event *event,
		      const struct saker_event_meta *meta)
{
	struct item item = {.len = event->len, .flags = meta->flags, .cpu = meta->cpu};

	item.event = malloc(event->len);
	assert_non_null(item.event);
	memcpy(item.event, event, event->len);
	assert_int_equal(GROW(items->list, items->n, items->capacity), 0);
	items->list[items->n++] = item;
}

static void items_free(struct items *items)
{
	for (uint32_t i = 0; i < items->n; i++)
		free(items->list[i].event);
	free(items->list);
	memset(items, 0, sizeof(*items));
}

static void items_read(struct items *items, struct reader *r)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	int result;

	while ((result = saker_capture_next(r->capture, 0, &event, &meta)) == 1)
		items_add(items, event, &meta);
	assert_int_equal(result, -ENODATA);
	assert_int_equal(r->n_diags, 0);
}

static void items_expect(const struct items *a, const struct items *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		assert_int_equal(a->list[i].flags, b->list[i].flags);
		assert_int_equal(a->list[i].cpu, b->list[i].cpu);
		assert_int_equal(a->list[i].len, b->list[i].len);
		assert_memory_equal(a->list[i].event, b->list[i].event, a->list[i].len);
	}
}

/* Writes the items to a new memfd, which the caller closes. */
static int items_write(const struct items *items, const struct saker_scap_options *o)
{
	int fd = memfd_create("written", MFD_CLOEXEC);
	struct saker_scap_writer *w;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(saker_scap_open(path, o, &w), 0);
	for (uint32_t i = 0; i < items->n; i++) {
		const struct saker_event_meta meta = {.cpu = items->list[i].cpu,
						      .flags = items->list[i].flags};

		assert_int_equal(saker_scap_write(w, (void *)items->list[i].event, &meta), 0);
	}
	assert_int_equal(saker_scap_finish(w), 0);
	assert_int_equal(saker_scap_size(w), lseek(fd, 0, SEEK_END));
	assert_null(saker_scap_close(w));
	return fd;
}

static void items_read_fd(struct items *items, int fd)
{
	struct reader r = {.fd = fd};
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	items_read(items, &r);
	reader_close(&r);
}

/* ---- by hand
 * --------------------------------------------------------------------------------------- */

static void make_items(struct items *items)
{
	static const uint8_t data[100000] = {1, 2, 3};
	static const int64_t number = 5;
	const struct maker_param two[] = {{&number, 8}, {&number, 8}};
	const struct maker_param plugin[] = {{&number, 4}, {data, sizeof(data)}};
	const struct maker_param big[] = {{&number, 8}, {data, 64900}, {&number, 8}, {&number, 4}};
	const struct {
		uint16_t type;
		uint16_t flags;
		const struct maker_param *params;
		uint32_t n;
		size_t lens;
	} events[] = {
		{SAKER_EV_SYSCALL_CLOSE_X, 0, two, 2, 2},
		{SAKER_EV_SYSCALL_CLOSE_X, SAKER_EVENT_META_STATE_ONLY, two, 2, 2},
		{SAKER_EV_PLUGINEVENT_E, 0, plugin, 2, 4},
		{SAKER_EV_PLUGINEVENT_E, SAKER_EVENT_META_STATE_ONLY, plugin, 2, 4},
		{SAKER_EV_SYSCALL_READ_X, 0, big, 4, 2}, /* nearly as large as an event can be */
		{SAKER_EVENT_OWN_FIRST, 0, two, 1, 2},
		{SAKER_EV_SYSCALL_SETSID_X, 0, two, 1, 2},
	};
	struct maker m = {0};

	for (uint32_t i = 0; i < ARRAY_SIZE(events); i++) {
		const struct saker_event_meta meta = {.cpu = (uint16_t)i, .flags = events[i].flags};

		m.len = 0;
		maker_raw_event(&m, i, 9, events[i].type, events[i].params, events[i].n,
				events[i].lens);
		items_add(items, (void *)m.data, &meta);
	}
	maker_free(&m);
}

static void test_events(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
		struct items in = {0};
		struct items out = {0};

		o.plain = i == 0;
		o.level = i == 2 ? 1 : 0;
		make_items(&in);
		items_read_fd(&out, items_write(&in, &o));
		items_expect(&in, &out);
		items_free(&in);
		items_free(&out);
	}
}

static void test_many(void **state)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct items in = {0};
	struct items out = {0};

	/* Past every buffer's size. */
	for (int i = 0; i < 200; i++)
		make_items(&in);
	o.level = 1;
	items_read_fd(&out, items_write(&in, &o));
	items_expect(&in, &out);
	items_free(&in);
	items_free(&out);
}

static void test_front(void **state)
{
	const struct saker_machine machine = {
		.n_cpus = 3, .memory = 7, .max_pid = 8, .boot_ts = 9, .hostname = "h"};
	const struct saker_interface interfaces[] = {
		{"eth0", {.family = 4, .prefix = 20, .addr = {10, 1, 2, 3}}},
		{"lo", {.family = 6, .prefix = 128, .addr = {0, 1}}},
	};
	const struct saker_account accounts[] = {
		{0, 1, 2, "joe", "/home/joe", "/bin/sh"},
		{1, 0, 2, "users", NULL, NULL},
	};
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_machine got_machine;
	struct saker_interface it;
	struct saker_account account;
	struct reader r = {0};
	struct items none = {0};
	char path[64];

	o.machine = &machine;
	o.interfaces = interfaces;
	o.n_interfaces = 2;
	o.accounts = accounts;
	o.n_accounts = 2;
	r.fd = items_write(&none, &o);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.fd);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	assert_int_equal(saker_capture_machine(r.capture, &got_machine), 0);
	assert_int_equal(got_machine.n_cpus, machine.n_cpus);
	assert_int_equal(got_machine.memory, machine.memory);
	assert_int_equal(got_machine.max_pid, machine.max_pid);
	assert_int_equal(got_machine.boot_ts, machine.boot_ts);
	assert_string_equal(got_machine.hostname, machine.hostname);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(saker_capture_interface(r.capture, i, &it), 1);
		assert_string_equal(it.name, interfaces[i].name);
		assert_int_equal(it.addr.family, interfaces[i].addr.family);
		assert_int_equal(it.addr.prefix, interfaces[i].addr.prefix);
		assert_memory_equal(it.addr.addr, interfaces[i].addr.addr, sizeof(it.addr.addr));
		assert_int_equal(saker_capture_account(r.capture, i, &account), 1);
		assert_string_equal(account.name, accounts[i].name);
		assert_string_equal(account.home, accounts[i].home ? accounts[i].home : "");
		assert_int_equal(account.uid, accounts[i].uid);
		assert_int_equal(account.gid, accounts[i].gid);
		assert_int_equal(account.type, accounts[i].type);
	}
	assert_int_equal(saker_capture_interface(r.capture, 2, &it), 0);
	assert_int_equal(saker_capture_account(r.capture, 2, &account), 0);
	reader_close(&r);
}

/* A start-up event that comes late stays one, in its place. */
static void test_late_initial(void **state)
{
	static const int64_t number = 5;
	const struct maker_param two[] = {{&number, 8}, {&number, 8}};
	const struct maker_param pipe[] = {{&number, 4}, {"pipe:[1]", 9}, {&number, 8}};
	const struct saker_event_meta initial = {.flags = SAKER_EVENT_META_INITIAL};
	const struct saker_event_meta ordinary = {0};
	struct items in = {0};
	struct items out = {0};
	struct maker m = {0};

	for (int i = 0; i < 4; i++) {
		bool late = i % 2;

		m.len = 0;
		if (late)
			maker_raw_event(&m, 1, UINT64_C(9) << 32 | 9,
					SAKER_EV_ITER_TASK_FILE_PIPE_E, pipe, 3, 2);
		else
			maker_raw_event(&m, 1, 9, SAKER_EV_SYSCALL_CLOSE_X, two, 2, 2);
		items_add(&in, (void *)m.data, late ? &initial : &ordinary);
	}
	items_read_fd(&out, items_write(&in, NULL));
	items_expect(&in, &out);
	items_free(&in);
	items_free(&out);
	maker_free(&m);
}

static void test_flush(void **state)
{
	int fd = memfd_create("written", MFD_CLOEXEC);
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	struct items in = {0};
	struct items out = {0};
	struct reader r = {.fd = -1};
	char path[64];

	make_items(&in);
	o.plain = true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(saker_scap_open(path, &o, &w), 0);
	for (uint32_t i = 0; i < in.n; i++) {
		const struct saker_event_meta meta = {.cpu = in.list[i].cpu,
						      .flags = in.list[i].flags};

		assert_int_equal(saker_scap_write(w, (void *)in.list[i].event, &meta), 0);
	}
	assert_int_equal(saker_scap_flush(w), 0);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	items_read(&out, &r);
	items_expect(&in, &out);
	reader_close(&r);
	assert_null(saker_scap_close(w));
	close(fd);
	items_free(&in);
	items_free(&out);
}

static void test_errors(void **state)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_event bad = {.len = 10};
	struct saker_scap_writer *w;
	struct items in = {0};
	int result = 0;

	assert_int_equal(saker_scap_open(NULL, NULL, &w), -EINVAL);
	assert_int_equal(saker_scap_open("/nonexistent/x.scap", NULL, &w), -ENOENT);
	o.level = 10;
	assert_int_equal(saker_scap_open("/dev/null", &o, &w), -EINVAL);
	assert_int_equal(saker_scap_write(NULL, &bad, NULL), -EINVAL);
	assert_null(saker_scap_close(NULL));

	/* A full disk: said by the write that finds out, and ever after. */
	make_items(&in);
	o.level = 1;
	o.plain = true;
	assert_int_equal(saker_scap_open("/dev/full", &o, &w), 0);
	assert_int_equal(saker_scap_write(w, &bad, NULL), -EBADMSG);
	for (int i = 0; i < 1000 && !result; i++)
		result = saker_scap_write(w, (void *)in.list[2].event, NULL);
	assert_int_equal(result, -ENOSPC);
	assert_int_equal(saker_scap_write(w, (void *)in.list[2].event, NULL), -ENOSPC);
	assert_int_equal(saker_scap_flush(w), -ENOSPC);
	assert_int_equal(saker_scap_finish(w), -ENOSPC);
	assert_int_equal(saker_scap_write(w, (void *)in.list[2].event, NULL), -ENOSPC);
	assert_null(saker_scap_close(w));
	items_free(&in);
}

/* ---- real captures
 * ------------------------------------------------------------------------------------ */

/* Events come back as they are. Start-up state gains what a list has no "unknown" for, once. */
static void check_capture(const char *file)
{
	struct items in = {0};
	struct items once = {0};
	struct items twice = {0};
	struct reader r = {.fd = -1};

	assert_int_equal(reader_open_file(&r, file, false), 0);
	items_read(&in, &r);
	reader_close(&r);
	items_read_fd(&once, items_write(&in, NULL));
	items_read_fd(&twice, items_write(&once, NULL));
	items_expect(&once, &twice);
	assert_int_equal(in.n, once.n);
	for (uint32_t i = 0; i < in.n; i++) {
		const struct saker_event *a = (void *)in.list[i].event;
		const struct saker_event *b = (void *)once.list[i].event;

		assert_int_equal(a->type, b->type);
		assert_int_equal(a->tid, b->tid);
		assert_int_equal(in.list[i].flags, once.list[i].flags);
		if (!(in.list[i].flags & SAKER_EVENT_META_INITIAL)) {
			assert_int_equal(a->len, b->len);
			assert_memory_equal(a, b, a->len);
		}
	}
	items_free(&in);
	items_free(&once);
	items_free(&twice);
}

static void test_captures(void **state)
{
	const char *reference = getenv("SAKER_REFERENCE");
	char pattern[4096];
	glob_t files;

	if (!reference || !*reference) {
		print_message("SAKER_REFERENCE is not set\n");
		skip();
	}
	snprintf(pattern, sizeof(pattern), "%s/captures/*.scap", reference);
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_capture(files.gl_pathv[i]);
	globfree(&files);
}

/* ---- what other readers need -------------------------------------------------- */

#define OLD_KINDS 16 /* of descriptors: what readers of before 2023 know */
#define PAGE 4096

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint8_t *read_whole(int fd, size_t *ret_size)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *data = malloc((size_t)size);

	assert_non_null(data);
	assert_int_equal(pread(fd, data, (size_t)size, 0), size);
	*ret_size = (size_t)size;
	return data;
}

/* A process of which nothing else is known. */
static void add_process(struct items *items, uint32_t pid)
{
	const struct saker_event_meta meta = {.flags = SAKER_EVENT_META_INITIAL};
	const struct maker_param unknown[SAKER_EVENT_MAX_PARAMS] = {{NULL, 0}};
	struct maker m = {0};

	maker_raw_event(&m, 0, (uint64_t)pid << 32 | pid, SAKER_EV_ITER_TASK_E, unknown,
			saker_event_info(SAKER_EV_ITER_TASK_E)->n_params, 2);
	items_add(items, (const struct saker_event *)m.data, &meta);
	maker_free(&m);
}

static void add_descriptor(struct items *items, uint16_t code, int32_t fd, uint8_t kind,
			   const char *name)
{
	const struct saker_event_meta meta = {.flags = SAKER_EVENT_META_INITIAL};
	const int64_t ino = 99;
	const struct maker_param anon[] = {
		{&fd, 4}, {&kind, 1}, {name, strlen(name) + 1}, {&ino, 8}};
	const struct maker_param named[] = {{&fd, 4}, {name, strlen(name) + 1}, {&ino, 8}};
	bool is_anon = code == SAKER_EV_ITER_TASK_FILE_ANON_INODE_E;
	struct maker m = {0};

	maker_raw_event(&m, 0, UINT64_C(7) << 32 | 7, code, is_anon ? anon : named, is_anon ? 4 : 3,
			2);
	items_add(items, (const struct saker_event *)m.data, &meta);
	maker_free(&m);
}

/* The type of each entry of the (only) descriptor list is one that old readers know. */
static void check_kinds(const uint8_t *data, size_t size, uint32_t n)
{
	for (size_t at = 0; at < size; at += u32_at(data + at + 4)) {
		const uint8_t *entry = data + at + 16;

		if (u32_at(data + at) != 0x218)
			continue;
		for (; n; n--, entry += u32_at(entry))
			assert_in_range(entry[20], 0, OLD_KINDS);
	}
	assert_int_equal(n, 0);
}

/* Kinds that old readers refuse are there in another guise, and come back as they were. */
static void test_kinds(void **state)
{
	static const char *const memfds[] = {"/memfd:a", "/memfd:b (deleted)", "memfd:c"};
	struct items items = {0}, found = {0}, in, out;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	int32_t fd = 3;
	uint8_t *data;
	size_t size;
	int file;

	add_process(&items, 7);
	for (uint8_t kind = 0; kind <= SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_BPF_ITER;
	     kind++) {
		add_descriptor(&items, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, fd++, kind, "");
		add_descriptor(&items, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, fd++, kind, "a name");
	}
	for (size_t i = 0; i < ARRAY_SIZE(memfds); i++)
		add_descriptor(&items, SAKER_EV_ITER_TASK_FILE_MEMFD_E, fd++, 0, memfds[i]);
	o.plain = true;
	file = items_write(&items, &o);
	data = read_whole(file, &size);
	check_kinds(data, size, items.n - 1);
	items_read_fd(&found, file);
	in = (struct items){.list = items.list + 1, .n = items.n - 1};
	out = (struct items){.list = found.list + 1, .n = found.n - 1};
	items_expect(&in, &out);
	items_free(&items);
	items_free(&found);
	free(data);
	close(file);
}

/*
 * Descriptors of who is in no list of processes, born between two looks at the machine:
 * libs refuses a file with those.
 */
static void test_unlisted(void **state)
{
	struct items items = {0}, found = {0};

	/* It is 7's. */
	add_process(&items, 6);
	add_process(&items, 8);
	add_descriptor(&items, SAKER_EV_ITER_TASK_FILE_MEMFD_E, 3, 0, "/memfd:a");
	items_read_fd(&found, items_write(&items, NULL));
	assert_int_equal(found.n, 2);
	items_free(&found);
	items_free(&items);

	add_process(&items, 7);
	add_process(&items, 4000000); /* what is noted grows */
	add_descriptor(&items, SAKER_EV_ITER_TASK_FILE_MEMFD_E, 3, 0, "/memfd:a");
	items_read_fd(&found, items_write(&items, NULL));
	assert_int_equal(found.n, 3);
	items_free(&found);
	items_free(&items);
}

/* In a plain file no event of less than a page crosses the end of one. */
static void test_pages(void **state)
{
	struct items items = {0}, found = {0};
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	const struct saker_event_meta meta = {.cpu = 1};
	static const char text[PAGE];
	const int64_t number = 5;
	size_t size, crossing = 0;
	uint8_t *data;
	int file;

	for (uint32_t i = 0; i < 5000; i++) {
		const struct maker_param p[] = {{&number, 8}, {text, 1 + i * 37 % 3000}};
		struct maker m = {0};

		maker_raw_event(&m, i, 7, SAKER_EV_SYSCALL_UNLINK_2_X, p, 2, 2);
		items_add(&items, (const struct saker_event *)m.data, &meta);
		maker_free(&m);
	}
	o.plain = true;
	file = items_write(&items, &o);
	data = read_whole(file, &size);
	for (size_t at = 0; at < size; at += u32_at(data + at + 4)) {
		size_t end = at + u32_at(data + at + 4) - 1;

		crossing += at / PAGE != end / PAGE;
	}
	assert_int_equal(crossing, 0);
	items_read_fd(&found, file);
	items_expect(&items, &found);
	items_free(&items);
	items_free(&found);
	free(data);
	close(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),	 cmocka_unit_test(test_many),
		cmocka_unit_test(test_front),	 cmocka_unit_test(test_late_initial),
		cmocka_unit_test(test_flush),	 cmocka_unit_test(test_errors),
		cmocka_unit_test(test_kinds),	 cmocka_unit_test(test_pages),
		cmocka_unit_test(test_unlisted), cmocka_unit_test(test_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
