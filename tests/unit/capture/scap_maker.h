/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes capture files in memory, block by block, good and bad ones, for the
 * tests and the seeds of the fuzz targets. Independent of the library's reader
 * and writer: it knows the format by itself.
 */
#ifndef TEST_SCAP_MAKER_H
#define TEST_SCAP_MAKER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct maker {
	uint8_t *data;
	size_t len;
	size_t capacity;
	size_t block; /* where the open block begins */
};

struct maker_param {
	const void *data;
	size_t len;
};

static inline void maker_bytes(struct maker *m, const void *data, size_t len)
{
	if (m->len + len > m->capacity) {
		size_t capacity = (m->len + len) * 2 + 256;
		void *p = realloc(m->data, capacity);

		if (!p)
			abort();
		m->data = p;
		m->capacity = capacity;
	}
	if (len)
		memcpy(m->data + m->len, data, len);
	m->len += len;
}

static inline void maker_free(struct maker *m)
{
	free(m->data);
	memset(m, 0, sizeof(*m));
}

static inline void maker_u8(struct maker *m, uint8_t v)
{
	maker_bytes(m, &v, sizeof(v));
}

static inline void maker_u16(struct maker *m, uint16_t v)
{
	maker_bytes(m, &v, sizeof(v));
}

static inline void maker_u32(struct maker *m, uint32_t v)
{
	maker_bytes(m, &v, sizeof(v));
}

static inline void maker_u64(struct maker *m, uint64_t v)
{
	maker_bytes(m, &v, sizeof(v));
}

/* u16 length and bytes. */
static inline void maker_text(struct maker *m, const char *text, size_t len)
{
	maker_u16(m, (uint16_t)len);
	maker_bytes(m, text, len);
}

static inline void maker_str(struct maker *m, const char *text)
{
	maker_text(m, text, strlen(text));
}

/* Overwrites four bytes. */
static inline void maker_patch(struct maker *m, size_t at, uint32_t v)
{
	memcpy(m->data + at, &v, sizeof(v));
}

static inline void maker_begin(struct maker *m, uint32_t type)
{
	m->block = m->len;
	maker_u32(m, type);
	maker_u32(m, 0);
}

static inline void maker_end(struct maker *m)
{
	uint32_t len;

	while ((m->len - m->block) % 4)
		maker_u8(m, 0);
	len = (uint32_t)(m->len - m->block) + 4;
	maker_u32(m, len);
	maker_patch(m, m->block + 4, len);
}

static inline void maker_section(struct maker *m)
{
	maker_begin(m, 0x0A0D0D0A);
	maker_u32(m, 0x1A2B3C4D);
	maker_u16(m, 1);
	maker_u16(m, 2);
	maker_u64(m, UINT64_MAX);
	maker_end(m);
}

static inline void maker_machine(struct maker *m, uint32_t n_cpus, const char *hostname)
{
	char host[128] = {0};

	memcpy(host, hostname, strlen(hostname));
	maker_begin(m, 0x201);
	maker_u32(m, n_cpus);
	maker_u64(m, 1u << 30);
	maker_u64(m, 32768);
	maker_bytes(m, host, sizeof(host));
	maker_u64(m, UINT64_C(1600000000000000000));
	maker_u64(m, 0);
	maker_u64(m, 0);
	maker_u64(m, 0);
	maker_end(m);
}

/* Bytes of an event; len_size 0 = the first format, without a count of parameters. */
static inline void maker_raw_event(struct maker *m, uint64_t ts, uint64_t tid, uint16_t type,
				   const struct maker_param *params, uint32_t n, size_t len_size)
{
	size_t header = len_size ? 26 : 22;
	size_t lens = len_size ? len_size : 2;
	size_t len = header + n * lens;
	uint32_t i;

	for (i = 0; i < n; i++)
		len += params[i].len;
	maker_u64(m, ts);
	maker_u64(m, tid);
	maker_u32(m, (uint32_t)len);
	maker_u16(m, type);
	if (len_size)
		maker_u32(m, n);
	for (i = 0; i < n; i++) {
		if (lens == 2)
			maker_u16(m, (uint16_t)params[i].len);
		else
			maker_u32(m, (uint32_t)params[i].len);
	}
	for (i = 0; i < n; i++)
		maker_bytes(m, params[i].data, params[i].len);
}

/* An event's block of any of the seven types. */
static inline void maker_event(struct maker *m, uint32_t block, uint32_t flags, uint64_t ts,
			       uint64_t tid, uint16_t type, const struct maker_param *params,
			       uint32_t n)
{
	int first = block == 0x204 || block == 0x8010ABCD || block == 0x208;
	int large = block == 0x221 || block == 0x222;

	maker_begin(m, block);
	maker_u16(m, 1); /* CPU */
	if (block == 0x208 || block == 0x217 || block == 0x222)
		maker_u32(m, flags);
	maker_raw_event(m, ts, tid, type, params, n, first ? 0 : large ? 4 : 2);
	maker_end(m);
}

#endif /* TEST_SCAP_MAKER_H */
