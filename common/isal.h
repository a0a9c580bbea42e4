/* SPDX-License-Identifier: Apache-2.0 */
/* What one must know of ISA-L to call it. */
#ifndef SAKER_COMMON_ISAL_H
#define SAKER_COMMON_ISAL_H

#if SAKER_HAVE_ISAL
#include <isa-l/igzip_lib.h>

/*
 * After each call that compresses or inflates: ISA-L 2.30 returns with the upper halves
 * of vector registers in use (it has no vzeroupper), which slows down whatever SSE
 * code comes next in the thread; zlib's deflate to half its speed.
 */
#if defined(__x86_64__)
__attribute__((target("avx"))) static inline void isal_clear_upper(void)
{
	__builtin_ia32_vzeroupper();
}
#endif

static inline void isal_leave(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx"))
		isal_clear_upper();
#endif
}
#endif

#endif /* SAKER_COMMON_ISAL_H */
