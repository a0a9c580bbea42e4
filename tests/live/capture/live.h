/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests on the running kernel: make a system call, find its event, check
 * every one of its parameters. A case begins by wanting only its own event and
 * ends by asserting that no parameter went unchecked.
 */
#ifndef TEST_LIVE_H
#define TEST_LIVE_H

#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* How the call went that a case is of; events that cannot tell only ever do the first. */
enum live_outcome {
	LIVE_SUCCESS = 1,
	LIVE_FAILURE = 2,
};

struct live {
	struct saker_capture *capture;
	struct saker_event_view view; /* of the event found */
	uint8_t event[SAKER_EVENT_MAX_SIZE];
	struct saker_note note; /* of its companion; all zero when it has none */
	bool has_note;
	uint8_t companion[SAKER_EVENT_MAX_SIZE];
	uint32_t checked; /* one bit a parameter */
	uint16_t code;
	uint64_t since;	     /* events before this are not the case's */
	char dir[64];	     /* to make files in; absolute */
	const char *current; /* of a loop: what it is at, for messages */
	/* By event code, what was checked to its last parameter: enum live_outcome. */
	uint8_t proven[SAKER_EVENT_CODES];
};

/* The handle all cases share, with every program loaded; NULL: cannot capture here. */
struct live *live_open(void);
void live_close(struct live *live);

/* From here on only calls that yield this event are wanted. */
void live_begin(struct live *live, uint16_t code);
/* Finds the event of this thread, or of another; fails the test when it does not come. */
void live_find(struct live *live);
void live_find_tid(struct live *live, int64_t tid);
/* As live_find, but more than one event may fit: the first one whose parameter has this value. */
void live_find_i64(struct live *live, int64_t tid, const char *name, int64_t value);
/* The event's companion says this, and nothing was cut. */
void live_note(struct live *live, uint8_t via, uint8_t how);
/* All parameters were looked at. */
void live_end(struct live *live);

void live_int(struct live *live, const char *name, uint32_t size, int64_t value);
void live_text(struct live *live, const char *name, const char *value);
void live_bytes(struct live *live, const char *name, const void *data, size_t len);
void live_empty(struct live *live, const char *name);
/* There, of this size, and more than zero. */
void live_positive(struct live *live, const char *name, uint32_t size);
/* An address in the kernel. */
void live_address(struct live *live, const char *name);
/* There, whatever it is: only for what no test can know. */
void live_any(struct live *live, const char *name);
/* The name of an event's first parameter. */
const char *live_result_name(uint16_t code);
/* The running kernel cannot do this; said, and not missed in the end. */
void live_excuse(struct live *live, enum live_outcome outcome, const char *why);
const struct saker_param *live_param(struct live *live, const char *name);

#define I64(name, value) live_int(live, name, 8, (int64_t)(value))
#define U64(name, value) live_int(live, name, 8, (int64_t)(value))
#define U32(name, value) live_int(live, name, 4, (int32_t)(value))
#define U16(name, value) live_int(live, name, 2, (int16_t)(value))
#define U8(name, value) live_int(live, name, 1, (int8_t)(value))
#define TEXT(name, value) live_text(live, name, value)
#define BYTES(name, data, len) live_bytes(live, name, data, len)
#define EMPTY(name) live_empty(live, name)
#define POSITIVE(name, size) live_positive(live, name, size)
#define ANY(name) live_any(live, name)
#define ADDRESS(name) live_address(live, name)

/* The result as an event has it: a negative errno. */
#define RESULT(r) ((r) < 0 ? -(int64_t)errno : (int64_t)(r))

#define BEGIN(code) live_begin(live, SAKER_EV_##code)
#define FIND() live_find(live)
#define END() live_end(live)

/* A file name in the test's folder; static, one at a time per slot. */
const char *live_path(struct live *live, unsigned int slot, const char *name);

struct live_case {
	const char *name;
	void (*run)(struct live *live);
};

#define CASE(name)          \
	{                   \
#name, name \
	}

extern const struct live_case live_file_cases[], live_fd_cases[], live_socket_cases[],
	live_process_cases[], live_misc_cases[], live_ia32_cases[], live_ia32_socket_cases[],
	live_fail_cases[], live_flags_cases[], live_success_cases[], live_coverage_cases[];

#endif /* TEST_LIVE_H */
