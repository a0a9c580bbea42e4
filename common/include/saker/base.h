/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all four Saker libraries share: diagnostics, the log callback and the
 * value that a field yields, an alert carries and a format renders. Header
 * only, so that installing one library never pulls in another.
 *
 * Conventions of every function in every <saker/...> header:
 *  - the result is 0 or a negative errno; a positive result only where its
 *    comment says so;
 *  - out-parameters come last, start with ret_ and are written on success only;
 *  - an options struct starts with `size`, which the caller sets to its sizeof
 *    (use the SAKER_*_OPTIONS_INIT macro): fields may be appended later;
 *  - free and close functions take NULL and return NULL;
 *  - strings are UTF-8 when they come from files and raw bytes when they come
 *    from the kernel; slices are not NUL-terminated unless stated.
 */
#ifndef SAKER_BASE_H
#define SAKER_BASE_H
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_PUBLIC __attribute__((visibility("default")))

/* ---- diagnostics: what a person must read ------------------------------- */

enum saker_severity {
	SAKER_SEVERITY_DEBUG = 0,
	SAKER_SEVERITY_INFO = 1,
	SAKER_SEVERITY_WARNING = 2,
	SAKER_SEVERITY_ERROR = 3,
};

/* One step of the way from a file to the very token: "rule condition 'x'". */
struct saker_diag_place {
	const char *kind; /* "rule", "macro condition", ...: Falco's item_type */
	const char *name; /* "" when the place has none */
	const char *file; /* a finding may lead from one file into another */
	uint32_t line;	  /* 1-based; 0 = unknown */
	uint32_t column;  /* 1-based; 0 = unknown */
	uint64_t offset;  /* bytes from the start of the file */
	bool detail;	  /* leads on where Falco's chain of places ends: a macro, a key */
};

/*
 * One finding. All strings live until the callback returns. `id` is stable and
 * never reused ("LOAD_ERR_YAML_PARSE", "CAPTURE_NO_BTF"). `message` says what
 * is wrong, `hint` what to do about it ("" when there is nothing to add).
 */
struct saker_diag {
	const char *id;
	enum saker_severity severity;
	const char *file; /* "" when the finding is not about a file */
	uint32_t line;	  /* 1-based; 0 = unknown */
	uint32_t column;  /* 1-based; 0 = unknown */
	const char *message;
	const char *hint;
	const char *snippet; /* the source text concerned, "" when there is none */
	const struct saker_diag_place *places; /* outermost first */
	uint32_t n_places;
};

/* Called on the thread that made the call; must not call back into the object. */
typedef void (*saker_diag_fn)(void *userdata, const struct saker_diag *diag);

/* Log lines for operators and developers; `message` has no trailing newline. */
typedef void (*saker_log_fn)(void *userdata, enum saker_severity severity, const char *message);

/* ---- values ------------------------------------------------------------- */

/* The type of a value or field; the width and sign bound its constants. */
enum saker_type {
	SAKER_TYPE_NONE = 0,
	SAKER_TYPE_STRING = 1, /* slice of text */
	SAKER_TYPE_PATH = 2,   /* slice; a file system path */
	SAKER_TYPE_BYTES = 3,  /* slice of binary */
	SAKER_TYPE_BOOL = 4,   /* u64: 0 or 1 */
	SAKER_TYPE_I8 = 5,     /* i64 from here */
	SAKER_TYPE_I16 = 6,
	SAKER_TYPE_I32 = 7,
	SAKER_TYPE_I64 = 8,
	SAKER_TYPE_U8 = 9, /* u64 from here */
	SAKER_TYPE_U16 = 10,
	SAKER_TYPE_U32 = 11,
	SAKER_TYPE_U64 = 12,
	SAKER_TYPE_RELTIME = 13, /* u64 nanoseconds */
	SAKER_TYPE_ABSTIME = 14, /* u64 nanoseconds since 1970 */
	SAKER_TYPE_PORT = 15,	 /* u64; constants may be service names */
	SAKER_TYPE_DOUBLE = 16,	 /* f64 */
	SAKER_TYPE_IP = 17,	 /* ip; prefix is not used */
	SAKER_TYPE_NET = 18,	 /* ip with prefix; fields yield an address */
};

/* Why there is no value, and in words. */
#define SAKER_ABSENCE_LIST(X)                                                                \
	X(NOT_APPLICABLE, 1, "not applicable") /* the record has no such thing */            \
	X(NOT_CAPTURED, 2, "not captured")     /* never asked the kernel for it */           \
	X(EVICTED, 3, "evicted")	       /* was known, gave way to the memory bound */ \
	X(DROPPED, 4, "dropped")	       /* the event that carried it was lost */      \
	X(TRUNCATED, 5, "truncated")	       /* cut off at a limit */                      \
	X(NO_PERMISSION, 6, "no permission")   /* the kernel refused to tell */              \
	X(PENDING, 7, "pending")	       /* metadata still on its way */

enum saker_absence {
	SAKER_PRESENT = 0,
#define X(symbol, number, name) SAKER_ABSENT_##symbol = number,
	SAKER_ABSENCE_LIST(X)
#undef X
};

/* NULL of what is none: that there is a value, too. */
static inline const char *saker_absence_name(unsigned int why)
{
	switch (why) {
#define X(symbol, number, name) \
	case number:            \
		return name;
		SAKER_ABSENCE_LIST(X)
#undef X
	default:
		return NULL;
	}
}

struct saker_ip {
	uint8_t family;	  /* 4 or 6 */
	uint8_t prefix;	  /* bits, for SAKER_TYPE_NET */
	uint8_t addr[16]; /* network order; IPv4 uses the first four */
};

/*
 * A typed value; never owns what it points to. The maker of a value states how
 * long it lives (a field value: until the next record).
 */
struct saker_value {
	uint8_t type;	/* enum saker_type */
	uint8_t absent; /* enum saker_absence; not SAKER_PRESENT = no value */
	uint8_t format; /* enum saker_format: how a number is written */
	uint8_t reserved;
	uint32_t len; /* bytes of str, for STRING, PATH and BYTES */
	union {
		const char *str;
		int64_t i64;
		uint64_t u64;
		double f64;
		const struct saker_ip *ip;
	};
};

/* How a number is written in text. In JSON, only DEC is a number; the others are strings. */
enum saker_format {
	SAKER_FORMAT_DEC = 0,
	SAKER_FORMAT_HEX = 1,
	SAKER_FORMAT_OCT = 2,
	SAKER_FORMAT_PADDED_DEC = 3, /* at least nine digits, zero-padded */
};

/* The bits of a number as hexadecimal and octal show them: negative ones those of their width. */
static inline uint64_t saker_value_bits(const struct saker_value *v)
{
	switch (v->type) {
	case SAKER_TYPE_I8:
		return (uint8_t)v->u64;
	case SAKER_TYPE_I16:
		return (uint16_t)v->u64;
	case SAKER_TYPE_I32:
		return (uint32_t)v->u64;
	default:
		return v->u64;
	}
}

static inline struct saker_value saker_value_str(const char *str, size_t len)
{
	struct saker_value v;

	memset(&v, 0, sizeof(v));
	v.type = SAKER_TYPE_STRING;
	v.len = (uint32_t)len;
	v.str = str;
	return v;
}

static inline struct saker_value saker_value_u64(enum saker_type type, uint64_t u64)
{
	struct saker_value v;

	memset(&v, 0, sizeof(v));
	v.type = (uint8_t)type;
	v.u64 = u64;
	return v;
}

static inline struct saker_value saker_value_i64(enum saker_type type, int64_t i64)
{
	struct saker_value v;

	memset(&v, 0, sizeof(v));
	v.type = (uint8_t)type;
	v.i64 = i64;
	return v;
}

static inline struct saker_value saker_value_absent(enum saker_type type, enum saker_absence why)
{
	struct saker_value v;

	memset(&v, 0, sizeof(v));
	v.type = (uint8_t)type;
	v.absent = (uint8_t)why;
	return v;
}

/* ---- priorities: of a rule and of its alerts ----------------------------- */

enum saker_priority {
	SAKER_PRIORITY_EMERGENCY = 0,
	SAKER_PRIORITY_ALERT = 1,
	SAKER_PRIORITY_CRITICAL = 2,
	SAKER_PRIORITY_ERROR = 3,
	SAKER_PRIORITY_WARNING = 4,
	SAKER_PRIORITY_NOTICE = 5,
	SAKER_PRIORITY_INFORMATIONAL = 6,
	SAKER_PRIORITY_DEBUG = 7,
};

#define SAKER_PRIORITY_LIST(X)            \
	X(EMERGENCY, "Emergency")         \
	X(ALERT, "Alert")                 \
	X(CRITICAL, "Critical")           \
	X(ERROR, "Error")                 \
	X(WARNING, "Warning")             \
	X(NOTICE, "Notice")               \
	X(INFORMATIONAL, "Informational") \
	X(DEBUG, "Debug")

/* "Warning" for SAKER_PRIORITY_WARNING; "?" outside the range. */
static inline const char *saker_priority_name(enum saker_priority priority)
{
	switch (priority) {
#define X(symbol, text)               \
	case SAKER_PRIORITY_##symbol: \
		return text;
		SAKER_PRIORITY_LIST(X)
#undef X
	}
	return "?";
}

#ifdef __cplusplus
}
#endif

#endif /* SAKER_BASE_H */
