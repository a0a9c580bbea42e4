// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of fuzz_scap to the files named on the command line: small
 * captures with every kind of block, old and new, whole and damaged; the last
 * ones are of our own writer.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <saker/event_codes.h>
#include <saker/scap.h>

#include "../../unit/capture/scap_maker.h"

#define MADE 12 /* seeds by the maker; those behind are the writer's */

static const int64_t number = 5;

static void add_process(struct maker *m, int version)
{
	size_t at = m->len;

	if (version >= 9)
		maker_u32(m, 0);
	maker_u64(m, 71);
	maker_u64(m, 70);
	maker_u64(m, 1);
	if (version >= 6)
		maker_u64(m, 70);
	if (version >= 8)
		maker_u64(m, 70);
	maker_str(m, "cat");
	maker_str(m, "/bin/cat");
	if (version >= 7)
		maker_str(m, "/usr/bin/cat");
	maker_text(m, "-n\0f", 5);
	maker_str(m, "/");
	maker_u64(m, 1024);
	for (int i = 0; i < 3; i++)
		maker_u32(m, 0);
	for (int i = 0; version >= 2 && i < 7; i++)
		maker_u32(m, 9);
	if (version >= 3)
		maker_text(m, "A=1", 4);
	for (int i = 0; version >= 4 && i < 2; i++)
		maker_u64(m, 7);
	if (version >= 4)
		maker_str(m, "cpu=/");
	if (version >= 5)
		maker_str(m, "/");
	for (int i = 0; version >= 9 && i < 83; i++)
		maker_u8(m, 1);
	if (version >= 9)
		maker_patch(m, at, (uint32_t)(m->len - at));
}

static void add_files(struct maker *m, bool second)
{
	static const struct {
		uint8_t type;
		uint8_t len;
	} kinds[] = {{1, 2},  {3, 13}, {4, 37}, {5, 7},	 {6, 19}, {7, 2},
		     {8, 18}, {9, 2},  {15, 2}, {16, 6}, {20, 2}, {99, 0}};

	maker_begin(m, second ? 0x218 : 0x203);
	maker_u64(m, 71);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t extra = second && kinds[i].type == 16 ? 4 : 0;

		if (second)
			maker_u32(m, 4u + 17u + kinds[i].len + extra);
		maker_u64(m, i);
		maker_u64(m, 4);
		maker_u8(m, kinds[i].type);
		for (uint8_t k = 0; k < kinds[i].len + extra; k++)
			maker_u8(m, 0);
	}
	maker_end(m);
}

static void add_tables(struct maker *m)
{
	maker_machine(m, 2, "seed");
	maker_begin(m, 0x219);
	maker_u32(m, 4 + 12 + 8 + 2);
	maker_u16(m, 1);
	maker_u16(m, 2);
	for (int i = 0; i < 5; i++)
		maker_u32(m, 0xffffff);
	maker_bytes(m, "lo", 2);
	maker_end(m);
	maker_begin(m, 0x220);
	maker_u32(m, 4 + 1 + 4 + 3);
	maker_u8(m, 1);
	maker_u32(m, 1);
	maker_str(m, "g");
	maker_end(m);
}

/* Enter and exit events of old: unlink, clone, execve, open, container. */
static void add_old_events(struct maker *m, uint32_t block)
{
	const struct maker_param p[20] = {{&number, 8}, {"/a", 3},    {"b", 2}, {&number, 8},
					  {&number, 8}, {&number, 8}, {"/", 2}, {&number, 8}};
	const struct maker_param path[] = {{"/tmp/x", 7}};
	const struct maker_param container[] = {{"id", 3}, {&number, 4}, {"n", 2}, {"i", 2}};

	maker_event(m, block, 0, 1, 7, 108, path, 1);
	maker_event(m, block, 0, 2, 7, 109, p, 1);
	maker_event(m, block, 0, 3, 7, 13, p, 8);
	maker_event(m, block, 0, 4, 7, 3, p, 4);
	maker_event(m, block, 0, 5, 7, 228, container, 4);
	maker_event(m, block, 0, 6, 7, 4, p, 1);
	maker_event(m, block, 0, 7, 7, 5, p, 1);
}

/* An event for each rule of the converter, behind its enter event; `block` says in which format. */
static void add_convertible_events(struct maker *m, uint32_t block)
{
	static const struct {
		uint16_t code;
		uint8_t n;
	} rules[] = {
#define RULE(code, n, ...) {code, n},
#include "schema/converter.def"
#undef RULE
	};
	struct maker_param params[SAKER_EVENT_MAX_PARAMS];
	uint64_t ts = 0;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		uint16_t code = rules[i].code & ~1;

		for (; code <= rules[i].code; code++) {
			const struct saker_event_info *info = saker_event_info(code);
			uint32_t n = code == rules[i].code ? rules[i].n : info->n_params;

			if (info->flags & SAKER_EF_LARGE_PAYLOAD)
				continue;
			for (uint32_t k = 0; k < n; k++) {
				uint32_t size =
					k < info->n_params
						? saker_param_type_size(info->params[k].type)
						: 0;

				params[k] = size ? (struct maker_param){&number, size}
						 : (struct maker_param){"/a", 3};
			}
			maker_event(m, block, 0, ++ts, 7, code, params, n);
		}
	}
}

static void make(struct maker *m, int which)
{
	const struct maker_param p[] = {{&number, 8}, {&number, 8}};
	const struct maker_param plugin[] = {{&number, 4}, {"payload", 7}};

	maker_u8(m, (uint8_t)which); /* odd: compressed */
	maker_section(m);
	add_tables(m);
	switch (which / 2) {
	case 0:
		maker_begin(m, 0x215);
		add_process(m, 9);
		add_process(m, 9);
		maker_end(m);
		add_files(m, true);
		maker_event(m, 0x216, 0, 1, 7, 5, p, 2);
		maker_event(m, 0x217, 1, 1, 7, 5, p, 2);
		maker_event(m, 0x221, 0, 1, 7, 322, plugin, 2);
		break;
	case 1:
		for (int version = 1; version <= 8; version++) {
			static const uint32_t types[] = {0x202, 0x207, 0x209, 0x210,
							 0x211, 0x212, 0x213, 0x214};

			maker_begin(m, types[version - 1]);
			add_process(m, version);
			maker_end(m);
		}
		add_files(m, false);
		add_old_events(m, 0x204);
		break;
	case 2:
		add_old_events(m, 0x216);
		maker_section(m);
		add_old_events(m, 0x208);
		break;
	case 3:
		add_convertible_events(m, 0x216);
		break;
	case 4:
		add_convertible_events(m, 0x204);
		break;
	default:
		maker_event(m, 0x216, 0, 1, 7, 5, p, 2);
		m->len -= 7; /* cut short */
		break;
	}
}

/* ---- by the writer ------------------------------------------------------------------ */

static int put(struct saker_scap_writer *w, uint64_t tid, uint16_t type,
	       const struct maker_param *params, uint32_t n, uint16_t flags)
{
	const struct saker_event_meta meta = {.cpu = 1, .flags = flags};
	struct maker event = {0};
	int r;

	maker_raw_event(&event, 1000, tid, type, params, n, 2);
	r = saker_scap_write(w, (const struct saker_event *)event.data, &meta);
	maker_free(&event);
	return r;
}

/* A process and its file in the lists, then an event, one for the state, and a companion. */
static int write_events(struct saker_scap_writer *w)
{
	const struct maker_param close_p[] = {{&number, 8}, {&number, 8}};
	const struct maker_param file[] = {
		{&number, 4}, {"/tmp/x", 7}, {&number, 4}, {&number, 4}, {&number, 8}};
	struct maker_param task[32];
	const uint64_t tid = UINT64_C(70) << 32 | 70;
	int r;

	for (uint32_t i = 0; i < 32; i++) {
		const struct saker_event_info *info = saker_event_info(SAKER_EV_ITER_TASK_E);
		uint32_t size = saker_param_type_size((enum saker_param_type)info->params[i].type);

		task[i] = size ? (struct maker_param){&number, size}
			       : (struct maker_param){"cpu=/\0b=1", 10};
	}
	r = put(w, tid, SAKER_EV_ITER_TASK_E, task, 32, SAKER_EVENT_META_INITIAL);
	if (r == 0)
		r = put(w, tid, SAKER_EV_ITER_TASK_FILE_REGULAR_E, file, 5,
			SAKER_EVENT_META_INITIAL);
	if (r == 0)
		r = put(w, 70, SAKER_EV_SYSCALL_CLOSE_X, close_p, 2, 0);
	if (r == 0)
		r = put(w, 70, SAKER_EV_SYSCALL_CLOSE_X, close_p, 2, SAKER_EVENT_META_STATE_ONLY);
	return r ? r : put(w, 70, SAKER_EVENT_OWN_FIRST, close_p, 1, 0);
}

static int write_seed(struct maker *m, uint8_t first, bool plain, uint8_t level)
{
	const struct saker_machine machine = {.n_cpus = 2, .hostname = "seed"};
	const struct saker_interface lo = {"lo",
					   {.family = 4, .prefix = 8, .addr = {127, 0, 0, 1}}};
	const struct saker_account root = {.name = "root", .home = "/root", .shell = "/bin/sh"};
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	int fd = memfd_create("seed", MFD_CLOEXEC), r;
	uint8_t buf[4096];
	ssize_t n = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o.plain = plain;
	o.level = level;
	o.machine = &machine;
	o.interfaces = &lo;
	o.n_interfaces = 1;
	o.accounts = &root;
	o.n_accounts = 1;
	r = saker_scap_open(path, &o, &w);
	if (r < 0)
		return r;
	r = write_events(w);
	if (r == 0 && first) /* a member of its own */
		r = saker_scap_flush(w);
	if (r == 0 && first)
		r = write_events(w);
	if (r == 0)
		r = saker_scap_finish(w);
	saker_scap_close(w);
	maker_u8(m, first);
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		maker_bytes(m, buf, (size_t)n);
	close(fd);
	return r ? r : (int)n;
}

int main(int argc, char **argv)
{
	/* As they are, and as gzip streams that are inflated in pieces. */
	static const uint8_t firsts[] = {0, 0, 2, 2 | 5 << 3, 2 | 15 << 3};

	if (argc > MADE + 1 + (int)sizeof(firsts))
		return 1;
	for (int i = 1; i < argc; i++) {
		struct maker m = {0};
		FILE *f = fopen(argv[i], "wbe");

		if (!f)
			return 1;
		if (i <= MADE)
			make(&m, i - 1);
		else if (write_seed(&m, firsts[i - MADE - 1], i == MADE + 1, i % 2 ? 1 : 6))
			return 1;
		if (fwrite(m.data, 1, m.len, f) != m.len || fclose(f))
			return 1;
		maker_free(&m);
	}
	return 0;
}
