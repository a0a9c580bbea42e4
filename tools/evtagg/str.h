/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, lists of strings, and how numbers, times and hostile text read. */
#ifndef EVTAGG_STR_H
#define EVTAGG_STR_H

#include <stdio.h>

#include <saker/alert_scan.h>

#include "common/util.h"

#define NS_PER_S UINT64_C(1000000000)

struct text {
	const char *p;
	uint32_t len;
};

#define TEXT(lit) ((struct text){(lit), sizeof(lit) - 1})

static inline struct text text_of(const char *s)
{
	return (struct text){s, s ? (uint32_t)strlen(s) : 0};
}

static inline bool text_eq(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool text_is(struct text a, const char *s)
{
	return text_eq(a, text_of(s));
}

/* As memcmp, the shorter first. */
int text_cmp(struct text a, struct text b);

struct strings {
	const char **v; /* not owned */
	uint32_t n;
	uint32_t capacity;
};

int strings_add(struct strings *s, const char *text);
void strings_fini(struct strings *s);

/* A growing text; the error sticks. */
struct textbuf {
	char *p; /* NUL-terminated, or NULL when empty */
	size_t len;
	size_t capacity;
	bool failed; /* memory was short: what is there is not all */
};

void textbuf_put(struct textbuf *b, const char *p, size_t n);
void textbuf_puts(struct textbuf *b, const char *s);
_printf_(2, 3) void textbuf_printf(struct textbuf *b, const char *format, ...);
/* As JSON, with quotes; invalid UTF-8 becomes U+FFFD, controls and '<' are escaped. */
void textbuf_json(struct textbuf *b, struct text t);
void textbuf_fini(struct textbuf *b);

/* For a terminal or a log: what would control it is escaped, broken UTF-8 is '?'. */
void put_text(FILE *out, struct text t);
void put_json_text(FILE *out, struct text t);
/* As it is, but for what is no UTF-8, which becomes U+FFFD: JSON out of a line. */
void put_utf8(FILE *out, struct text t);
/* In columns of a terminal, as put_text would show it. */
size_t text_width(struct text t);
/* The same, cut to `width` columns with "..." where it is longer; returns the columns used. */
size_t put_text_cut(FILE *out, struct text t, size_t width);

/* "1,234,567" */
char *format_count(uint64_t n, char *buf, size_t size);
/* "12.3 GB" */
char *format_bytes(uint64_t n, char *buf, size_t size);
/* "2 h 03 min", "45 s" */
char *format_duration(uint64_t ns, char *buf, size_t size);
/* "2026-11-20 18:34:34" (UTC); "" for 0. */
char *format_time(uint64_t ns, char *buf, size_t size);
/* "2026-11-20T18:34:34.926492031Z"; "" for 0. */
char *format_time_iso(uint64_t ns, char *buf, size_t size);

/* "90", "90s", "15m", "2h", "7d", "1w", "250ms". -EINVAL. */
int parse_duration(const char *text, uint64_t *ret_ns);
/*
 * A point in time: an alert's form, a date "2026-11-20", "HH:MM[:SS]" (today, UTC), "@seconds",
 * "now", "today", "yesterday", or a duration that means so long ago ("2h", "-2h", "2h ago").
 */
int parse_time(const char *text, uint64_t now, uint64_t *ret_ns);
/* "64M", "2G", "100000"; K, M and G are powers of 1024. */
int parse_size(const char *text, uint64_t *ret);
int parse_u32(const char *text, uint32_t *ret);

uint64_t now_ns(void); /* since 1970 */
uint64_t monotonic_ns(void);

#endif /* EVTAGG_STR_H */
