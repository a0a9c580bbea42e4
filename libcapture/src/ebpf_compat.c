// SPDX-License-Identifier: Apache-2.0
/*
 * A 64-bit kernel runs 32-bit syscalls as well, from 32-bit programs or from
 * any program that asks (int 0x80), by numbers of their own. Without this
 * table such a call would be read as another one, or be a way to hide.
 */
#include "ebpf_compat.h"

#include "common/util.h"

#include "schema/wire.h"

#if defined(__x86_64__)

int ebpf_compat_code(uint32_t number)
{
	static const uint16_t codes[] = {
#define COMPAT(nr, symbol) [nr] = SAKER_SC_##symbol,
#include "bpf/compat_x86.def"
#undef COMPAT
	};

	return number < ARRAY_SIZE(codes) && codes[number] ? codes[number] : -1;
}

#else

int ebpf_compat_code(uint32_t number)
{
	(void)number;
	return -1;
}

#endif
