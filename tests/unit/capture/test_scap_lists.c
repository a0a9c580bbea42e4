// SPDX-License-Identifier: Apache-2.0
/* A capture's lists: every version of processes and descriptors, interfaces, accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include <saker/event_codes.h>

#include "scap_maker.h"
#include "scap_reader.h"

/* ---- processes ------------------------------------------------------------------------------- */

static const uint32_t process_blocks[][2] = {
	/* block type, version */
	{0x202, 1}, {0x8000ABCD, 1}, {0x207, 2}, {0x8013ABCD, 2}, {0x209, 3}, {0x8014ABCD, 3},
	{0x210, 4}, {0x211, 5},	     {0x212, 6}, {0x213, 7},	  {0x214, 8}, {0x215, 9},
};

/* What an entry of version 9 may leave out at its end: bytes of the longest and shorter ones. */
enum tail { TAIL_NONE, TAIL_OLD, TAIL_FULL };

static void add_tail(struct maker *m, enum tail tail)
{
	if (tail == TAIL_FULL) {
		maker_u64(m, 1111);  /* pidns_init_start_ts */
		maker_u32(m, 34816); /* tty */
	}
	if (tail >= TAIL_OLD) {
		maker_u32(m, 1000); /* loginuid */
		maker_u8(m, 1);	    /* exe_writable */
		maker_u64(m, 1);    /* inheritable */
		maker_u64(m, 2);    /* permitted */
		maker_u64(m, 3);    /* effective */
	}
	if (tail == TAIL_FULL) {
		maker_u8(m, 1); /* upper layer */
		maker_u64(m, 555);
		maker_u64(m, 666);
		maker_u64(m, 777);
		maker_u8(m, 0);
		maker_u8(m, 1);	  /* lower layer */
		maker_u64(m, 70); /* pgid */
	}
}

static void add_process(struct maker *m, uint32_t version, uint64_t tid, enum tail tail)
{
	size_t at = m->len;

	if (version >= 9)
		maker_u32(m, 0);
	maker_u64(m, tid);
	maker_u64(m, 70);
	maker_u64(m, 1);
	if (version >= 6)
		maker_u64(m, 60);
	if (version >= 8)
		maker_u64(m, 61);
	maker_str(m, "bash");
	maker_str(m, "/bin/bash");
	if (version >= 7)
		maker_str(m, "/usr/bin/bash");
	maker_text(m, "-c\0ls", 6);
	maker_str(m, "/root");
	maker_u64(m, 1024);
	maker_u32(m, 0);
	maker_u32(m, 10);
	maker_u32(m, 20);
	if (version >= 2) {
		maker_u32(m, 100);
		maker_u32(m, 101);
		maker_u32(m, 102);
		maker_u64(m, 103);
		maker_u64(m, 104);
	}
	if (version >= 3)
		maker_text(m, "A=1\0B=2", 7); /* without the last NUL */
	if (version >= 4) {
		maker_u64(m, 7);
		maker_u64(m, 6);
		maker_text(m, "cpu=/a", 7);
	}
	if (version >= 5)
		maker_str(m, "/chroot");
	if (version >= 9) {
		add_tail(m, tail);
		maker_patch(m, at, (uint32_t)(m->len - at));
	}
}

static const struct saker_param *param(const struct saker_event_view *view, const char *name)
{
	for (uint32_t i = 0; i < view->n_params; i++)
		if (util_streq(view->info->params[i].name, name))
			return &view->params[i];
	fail_msg("no parameter %s", name);
	return NULL;
}

static void expect_bytes(const struct saker_event_view *view, const char *name, bool known,
			 const void *bytes, size_t len)
{
	const struct saker_param *p = param(view, name);

	if (p->len != (known ? len : 0))
		fail_msg("%s has %u bytes", name, p->len);
	if (known)
		assert_memory_equal(p->data, bytes, len);
}

static void expect_u32(const struct saker_event_view *view, const char *name, bool known,
		       uint32_t v)
{
	expect_bytes(view, name, known, &v, sizeof(v));
}

static void expect_u64(const struct saker_event_view *view, const char *name, bool known,
		       uint64_t v)
{
	expect_bytes(view, name, known, &v, sizeof(v));
}

#define expect_text(view, name, known, text) expect_bytes(view, name, known, text, sizeof(text))

static void check_process(const struct saker_event_view *v, uint32_t version, enum tail tail)
{
	bool old = version >= 9 && tail >= TAIL_OLD;
	bool full = version >= 9 && tail == TAIL_FULL;

	assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_E);
	assert_int_equal(v->n_params, 32);
	expect_u32(v, "ppid", true, 1);
	expect_u32(v, "pgid", full, 70);
	expect_u32(v, "vpgid", version >= 8, 61);
	expect_u32(v, "sid", version >= 6, 60);
	expect_text(v, "comm", true, "bash");
	expect_bytes(v, "argv", true, "/bin/bash\0-c\0ls", 16);
	expect_text(v, "exepath", version >= 7, "/usr/bin/bash");
	expect_u32(v, "flags", old, full ? 1 | 2 | 8 : 1);
	expect_bytes(v, "env", version >= 3, "A=1\0B=2", 8);
	expect_text(v, "cwd", true, "/root");
	expect_u64(v, "fdlimit", true, 1024);
	expect_u32(v, "euid", true, 10);
	expect_u32(v, "egid", true, 20);
	expect_u64(v, "cap_permitted", old, 2);
	expect_u64(v, "cap_effective", old, 3);
	expect_u64(v, "cap_inheritable", old, 1);
	expect_u64(v, "exe_ino_num", full, 555);
	expect_u64(v, "exe_ino_ctime", full, 666);
	expect_u64(v, "exe_ino_mtime", full, 777);
	expect_u32(v, "vm_size", version >= 2, 100);
	expect_u32(v, "vm_rss", version >= 2, 101);
	expect_u32(v, "vm_swap", version >= 2, 102);
	expect_u64(v, "pgft_maj", version >= 2, 103);
	expect_u64(v, "pgft_min", version >= 2, 104);
	expect_u32(v, "vtgid", version >= 4, 6);
	expect_u32(v, "vpid", version >= 4, 7);
	expect_u64(v, "pidns_init_start_ts", full, 1111);
	expect_text(v, "cgroups", version >= 4, "cpu=/a");
	expect_text(v, "root", version >= 5, "/chroot");
	expect_bytes(v, "start_time", false, NULL, 0);
	expect_u32(v, "tty", full, 34816);
	expect_u32(v, "loginuid", old, 1000);
}

static void test_processes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(process_blocks) * 3 * 2; i++) {
		uint32_t block = process_blocks[i / 6][0];
		uint32_t version = process_blocks[i / 6][1];
		enum tail tail = i % 3;
		const struct saker_event *event;
		struct saker_event_meta meta;
		struct saker_event_view view;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		maker_begin(&m, block);
		add_process(&m, version, 70, tail);
		add_process(&m, version, 71, tail);
		maker_end(&m);
		assert_int_equal(reader_open_with(&r, m.data, m.len, i / 3 % 2, false), 0);
		for (uint32_t tid = 70; tid <= 71; tid++) {
			assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
			assert_int_equal(meta.flags, SAKER_EVENT_META_INITIAL);
			assert_int_equal(saker_event_decode(event, event->len, &view), 0);
			assert_int_equal(saker_event_task_tid(event), tid);
			assert_int_equal(saker_event_task_pid(event), 70);
			check_process(&view, version, tail);
		}
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
		assert_int_equal(r.n_diags, 0);
		reader_close(&r);
		maker_free(&m);
	}
}

/* Texts beyond the limits are cut; the event still holds together. */
static void test_process_long_texts(void **state)
{
	static char text[65535];
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct maker m = {0};
	struct reader r;
	size_t at;

	memset(text, 'a', sizeof(text));
	maker_section(&m);
	maker_begin(&m, 0x215);
	at = m.len;
	maker_u32(&m, 0);
	for (int i = 0; i < 5; i++)
		maker_u64(&m, 1);
	for (int i = 0; i < 5; i++)
		maker_text(&m, text, sizeof(text));
	maker_u64(&m, 0);
	for (int i = 0; i < 6; i++)
		maker_u32(&m, 0);
	maker_u64(&m, 0);
	maker_u64(&m, 0);
	maker_text(&m, text, sizeof(text));
	maker_u64(&m, 0);
	maker_u64(&m, 0);
	maker_text(&m, text, sizeof(text));
	maker_text(&m, text, sizeof(text));
	maker_patch(&m, at, (uint32_t)(m.len - at));
	maker_end(&m);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(param(&view, "comm")->len, 4096);
	assert_int_equal(param(&view, "root")->len, 4096);
	assert_int_equal(param(&view, "env")->len, 12288);
	assert_int_equal(param(&view, "cgroups")->len, 12288);
	assert_int_equal(param(&view, "env")->data[12287], 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	reader_close(&r);
	maker_free(&m);
}

/* ---- descriptors -------------------------------------------------------------------------------
 */

struct file_case {
	uint8_t type;
	uint16_t event;
	const char *data; /* what follows the type */
	size_t len;
	/* Expected parameters after fd and before ino, one behind the other. */
	const char *params;
	size_t params_len;
};

#define DATA(s) s, sizeof(s) - 1
static const struct file_case file_cases[] = {
	{0, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA(""), DATA("\0\0")},
	{1, SAKER_EV_ITER_TASK_FILE_REGULAR_E, DATA("\x04\0/a/b"), DATA("/a/b\0")},
	{16, SAKER_EV_ITER_TASK_FILE_REGULAR_E, DATA("\x01\x10\0\0\x04\0/a/b\x05\0\0\0"),
	 DATA("/a/b\0\x01\x10\0\0\x05\0\0\0")}, /* the device where a mount would be */
	{2, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, DATA("\x02\0/a"), DATA("/a\0")},
	/* 10.0.0.1:1234 -> 10.0.0.2:80, TCP: stream, 6 */
	{3, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E,
	 DATA("\x0a\0\0\x01\x0a\0\0\x02\xd2\x04\x50\0\x02"),
	 DATA("\x01\0\x06\0\x0a\0\0\x01\xd2\x04\x0a\0\0\x02\x50\0")},
	{5, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, DATA("\x0a\0\0\x01\x50\0\x03"),
	 DATA("\x02\0\x11\0\x0a\0\0\x01\x50\0\0\0\0\0\0\0")},
	{4, SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E,
	 DATA("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb\xd2\x04\x50\0\x04"),
	 DATA("\x02\0\x01\0aaaaaaaaaaaaaaaa\xd2\x04"
	      "bbbbbbbbbbbbbbbb\x50\0")},
	{6, SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, DATA("aaaaaaaaaaaaaaaa\x50\0\x05"),
	 DATA("\x03\0\xff\0aaaaaaaaaaaaaaaa\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
	{7, SAKER_EV_ITER_TASK_FILE_PIPE_E, DATA("\x04\0pipe"), DATA("pipe\0")},
	{8, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, DATA("SSSSSSSSDDDDDDDD\x02\0/s"),
	 DATA("SSSSSSSS/s\0")},
	{9, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\x01\0e"),
	 DATA("\x01"
	      "e\0")},
	{10, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\x01\0u"), DATA("\0u\0")},
	{11, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x04\0")},
	{12, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x02\0")},
	{13, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x03\0")},
	{14, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x05\0")},
	{15, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, DATA("\x01\0n"), DATA("")},
	{17, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x09\0")},
	{18, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x07\0")},
	{19, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x06\0")},
	{20, SAKER_EV_ITER_TASK_FILE_MEMFD_E, DATA("\x01\0m"), DATA("m\0")},
	{21, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, DATA("\0\0"), DATA("\x08\0")},
};

static void add_file(struct maker *m, const struct file_case *c, bool with_len)
{
	size_t at = m->len;

	if (with_len)
		maker_u32(m, 0);
	maker_u64(m, 33);
	maker_u64(m, 4444);
	maker_u8(m, c->type);
	maker_bytes(m, c->data, c->len - (c->type == 16 && !with_len ? 4 : 0));
	if (with_len)
		maker_patch(m, at, (uint32_t)(m->len - at));
}

static void check_file(const struct saker_event *event, const struct file_case *c, bool with_len)
{
	size_t params_len = c->params_len - (c->type == 16 && !with_len ? 4 : 0);
	struct saker_event_view view;
	size_t at = 0;

	assert_int_equal(event->type, c->event);
	assert_int_equal(saker_event_task_tid(event), 71);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.n_params, view.info->n_params);
	assert_int_equal(saker_load_u32(view.params[0].data), 33);
	assert_int_equal(saker_load_u64(view.params[view.n_params - 1].data), 4444);
	for (uint32_t i = 1; i + 1 < view.n_params; i++) {
		assert_true(at + view.params[i].len <= params_len);
		assert_memory_equal(view.params[i].data, c->params + at, view.params[i].len);
		at += view.params[i].len;
	}
	assert_int_equal(at, params_len);
}

static void test_files(void **state)
{
	static const uint32_t blocks[] = {0x203, 0x8001ABCD, 0x218};

	for (size_t b = 0; b < ARRAY_SIZE(blocks) * 2; b++) {
		uint32_t block = blocks[b / 2];
		const struct saker_event *event;
		struct saker_event_meta meta;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		maker_begin(&m, block);
		maker_u64(&m, 71);
		for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++)
			add_file(&m, &file_cases[i], block == 0x218);
		maker_end(&m);
		assert_int_equal(reader_open_with(&r, m.data, m.len, b % 2, false), 0);
		for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
			assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
			assert_int_equal(meta.flags, SAKER_EVENT_META_INITIAL);
			check_file(event, &file_cases[i], block == 0x218);
		}
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
		reader_close(&r);
		maker_free(&m);
	}
}

/* A kind that came later is still a descriptor. */
static void test_file_of_the_future(void **state)
{
	static const struct file_case later = {99, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E,
					       DATA("whatever"), DATA("\0\0")};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_begin(&m, 0x218);
	maker_u64(&m, 71);
	add_file(&m, &later, true);
	add_file(&m, &file_cases[3], true);
	maker_end(&m);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	check_file(event, &later, true);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	check_file(event, &file_cases[3], true);
	reader_close(&r);
	maker_free(&m);
}

static void test_no_initial_state(void **state)
{
	const int64_t zero = 0;
	const struct maker_param params[] = {{&zero, 8}, {&zero, 8}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_begin(&m, 0x215);
	add_process(&m, 9, 70, TAIL_FULL);
	maker_end(&m);
	maker_begin(&m, 0x218);
	maker_u64(&m, 70);
	add_file(&m, &file_cases[0], true);
	maker_end(&m);
	maker_event(&m, 0x216, 0, 1, 1, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	assert_int_equal(reader_open_with(&r, m.data, m.len, false, true), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	reader_close(&r);
	maker_free(&m);
}

static void test_malformed_lists(void **state)
{
	static const struct {
		uint32_t block;
		size_t at; /* in the block */
		uint32_t value;
	} cases[] = {
		{0x215, 8, 3},		 {0x215, 8, 100000},
		{0x215, 8, 20},		 {0x215, 8 + 4 + 40, 0xffff}, /* length of the first text */
		{0x214, 8 + 40, 0xffff}, {0x218, 16, 2},
		{0x218, 16, 21},	 {0x218, 4, 13},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct maker m = {0};
		struct reader r;
		size_t at;
		uint32_t n;

		maker_section(&m);
		at = m.len;
		maker_begin(&m, cases[i].block);
		if (cases[i].block == 0x218) {
			maker_u64(&m, 71);
			add_file(&m, &file_cases[3], true);
		} else {
			add_process(&m, cases[i].block == 0x215 ? 9 : 8, 70, TAIL_FULL);
		}
		maker_end(&m);
		maker_patch(&m, at + cases[i].at, cases[i].value);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		assert_int_equal(reader_drain(&r, &n), -EBADMSG);
		assert_int_equal(r.n_diags, 1);
		assert_string_equal(r.id, "CAPTURE_FILE_MALFORMED");
		reader_close(&r);
		maker_free(&m);
	}
}

/* ---- interfaces and accounts
 * ---------------------------------------------------------------------- */

static void add_interface(struct maker *m, uint32_t block, uint16_t type, const char *name)
{
	bool v6 = type % 2 == 0;
	uint8_t addr[16] = {192, 168, 1, 7};
	uint8_t mask[16] = {255, 255, 252};
	size_t at = m->len;
	size_t len = v6 ? 16 : 4;

	if (v6) {
		memcpy(addr, "\xfe\x80", 2);
		memset(mask, 0xff, 8);
	}
	if (block == 0x219)
		maker_u32(m, 0);
	maker_u16(m, type);
	maker_u16(m, (uint16_t)strlen(name));
	maker_bytes(m, addr, len);
	maker_bytes(m, mask, len);
	maker_bytes(m, addr, len);
	if (type <= 2)
		maker_u64(m, 1000);
	maker_bytes(m, name, strlen(name));
	if (block == 0x219)
		maker_patch(m, at, (uint32_t)(m->len - at - 4));
}

static void test_interfaces(void **state)
{
	static const uint32_t blocks[] = {0x205, 0x8011ABCD, 0x219};
	static const char *const names[] = {"lo", "eth0", "wlan0-long-name", "x"};

	for (size_t b = 0; b < ARRAY_SIZE(blocks); b++) {
		struct saker_interface it;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		maker_begin(&m, blocks[b]);
		for (uint16_t i = 0; i < 4; i++)
			add_interface(&m, blocks[b], i + 1, names[i]);
		maker_end(&m);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		for (uint32_t i = 0; i < 4; i++) {
			assert_int_equal(saker_capture_interface(r.capture, i, &it), 1);
			assert_string_equal(it.name, names[i]);
			assert_int_equal(it.addr.family, i % 2 ? 6 : 4);
			assert_int_equal(it.addr.prefix, i % 2 ? 64 : 22);
			assert_int_equal(it.addr.addr[0], i % 2 ? 0xfe : 192);
		}
		assert_int_equal(saker_capture_interface(r.capture, 4, &it), 0);
		reader_close(&r);
		maker_free(&m);
	}
}

static void add_accounts(struct maker *m, uint32_t block, const char *user)
{
	size_t at = m->len;

	if (block == 0x220)
		maker_u32(m, 0);
	maker_u8(m, 0);
	maker_u32(m, 1000);
	maker_u32(m, 100);
	maker_str(m, user);
	maker_str(m, "/home/joe");
	maker_str(m, "/bin/sh");
	if (block == 0x220) {
		maker_patch(m, at, (uint32_t)(m->len - at));
		at = m->len;
		maker_u32(m, 0);
	}
	maker_u8(m, 1);
	maker_u32(m, 100);
	maker_str(m, "users");
	if (block == 0x220)
		maker_patch(m, at, (uint32_t)(m->len - at));
}

static void test_accounts(void **state)
{
	static const uint32_t blocks[] = {0x206, 0x8012ABCD, 0x220};

	for (size_t b = 0; b < ARRAY_SIZE(blocks); b++) {
		struct saker_account account;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		maker_begin(&m, blocks[b]);
		add_accounts(&m, blocks[b], "jane");
		maker_end(&m);
		/* A later list replaces the first. */
		maker_begin(&m, blocks[b]);
		add_accounts(&m, blocks[b], "joe");
		maker_end(&m);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		assert_int_equal(saker_capture_account(r.capture, 0, &account), 1);
		assert_int_equal(account.type, 0);
		assert_int_equal(account.uid, 1000);
		assert_int_equal(account.gid, 100);
		assert_string_equal(account.name, "joe");
		assert_string_equal(account.home, "/home/joe");
		assert_string_equal(account.shell, "/bin/sh");
		assert_int_equal(saker_capture_account(r.capture, 1, &account), 1);
		assert_int_equal(account.type, 1);
		assert_int_equal(account.gid, 100);
		assert_string_equal(account.name, "users");
		assert_int_equal(saker_capture_account(r.capture, 2, &account), 0);
		reader_close(&r);
		maker_free(&m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_process_long_texts),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_file_of_the_future),
		cmocka_unit_test(test_no_initial_state),
		cmocka_unit_test(test_malformed_lists),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
