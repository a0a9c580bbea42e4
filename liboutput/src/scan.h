/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner's insides: what the one walker, compiled for each kind of processor, shares. */
#ifndef SAKER_OUTPUT_SCAN_H
#define SAKER_OUTPUT_SCAN_H

#include <saker/alert_scan.h>

#include "common/util.h"

struct scan_name {
	const char *text;
	uint32_t len;
	uint32_t next; /* 1 + the next of the same length; 0 = none */
};

#define SCAN_LENGTHS 64 /* names this long or longer share one chain */

struct saker_alert_scanner {
	size_t (*scan)(struct saker_alert_scanner *scanner, const char *data, size_t len,
		       struct saker_scanned *ret);
	bool strict;
	uint32_t n_fields;
	uint64_t lengths;		  /* bit i: a wanted name has i bytes */
	uint32_t by_length[SCAN_LENGTHS]; /* 1 + the first name of that length */
	struct scan_name *names;
	struct saker_json_slice *values;	   /* one a name */
	uint64_t stack[SAKER_SCAN_MAX_DEPTH / 64]; /* bit = the container is an object */
};

/* The slow ways out of the walk, compiled once. */

/* A key with escapes, resolved into buf; its length, or SIZE_MAX when it does not fit. */
size_t output_scan_key(const char *text, size_t len, char *buf, size_t size);
/* 1 + the index of the wanted field of that name; 0 = not wanted. */
uint32_t output_scan_find(const struct saker_alert_scanner *scanner, const char *name, size_t len);
/* Where in ret the value of this key of the alert belongs; NULL = nowhere. */
struct saker_json_slice *output_scan_slot(struct saker_scanned *ret, const char *key, size_t len);
/* The first byte that is not UTF-8, or len. */
size_t output_utf8_check(const char *text, size_t len);

size_t output_scan_portable(struct saker_alert_scanner *scanner, const char *data, size_t len,
			    struct saker_scanned *ret);
#if defined(__x86_64__)
size_t output_scan_sse2(struct saker_alert_scanner *scanner, const char *data, size_t len,
			struct saker_scanned *ret);
size_t output_scan_avx2(struct saker_alert_scanner *scanner, const char *data, size_t len,
			struct saker_scanned *ret);
#endif

#endif /* SAKER_OUTPUT_SCAN_H */
