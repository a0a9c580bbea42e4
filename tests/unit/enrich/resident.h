/* SPDX-License-Identifier: Apache-2.0 */
/* What this process holds in memory, for tests of a bound; says nothing under a sanitizer. */
#ifndef TESTS_ENRICH_RESIDENT_H
#define TESTS_ENRICH_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Bytes; 0 = it cannot be told. */
static inline uint64_t resident(void)
{
	unsigned long long all = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	bool ok = f && fscanf(f, "%llu %llu", &all, &pages) == 2;

	if (f)
		fclose(f);
	return ok ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* More than it held then; a sanitizer's own share is not the test's business. */
static inline uint64_t resident_since(uint64_t before)
{
	uint64_t now = resident();

	return SANITIZED || now < before ? 0 : now - before;
}

#endif /* TESTS_ENRICH_RESIDENT_H */
