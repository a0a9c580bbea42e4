// SPDX-License-Identifier: Apache-2.0
/*
 * A 64-bit kernel runs 32-bit syscalls as well, from 32-bit programs or from
 * any program that asks (int 0x80), by numbers of their own. Without this
 * table such a call would be read as another one, or be a way to hide.
 */
#include "ebpf_compat.h"

#include "common/util.h"

#include "bpf/shared.h"
#include "schema/wire.h"

#if defined(__x86_64__)

int ebpf_compat_code(uint32_t number)
{
	static const uint16_t codes[] = {
#define COMPAT(nr, symbol) [nr] = SAKER_SC_##symbol,
#define CALL(carrier, call, symbol)
#include "bpf/compat_x86.def"
#undef COMPAT
#undef CALL
	};

	return number < ARRAY_SIZE(codes) && codes[number] ? codes[number] : -1;
}

int ebpf_compat_carrier(uint32_t number)
{
	int code = ebpf_compat_code(number);

	return code == SAKER_SC_SOCKETCALL ? PROBE_CARRIER_SOCKETCALL
	       : code == SAKER_SC_IPC	   ? PROBE_CARRIER_IPC
					   : -1;
}

int ebpf_compat_call(uint32_t carrier, uint32_t call)
{
	static const uint16_t codes[PROBE_CARRIERS][PROBE_CALLS] = {
#define COMPAT(nr, symbol)
#define CALL(carrier, call, symbol) \
	[PROBE_CARRIER_##carrier - PROBE_PROGRAMS][call] = SAKER_SC_##symbol,
#include "bpf/compat_x86.def"
#undef COMPAT
#undef CALL
	};
	uint32_t row = carrier - PROBE_PROGRAMS;
	uint16_t code = row < PROBE_CARRIERS && call < PROBE_CALLS ? codes[row][call] : 0;

	if (code)
		return code;
	return carrier == PROBE_CARRIER_IPC ? SAKER_SC_IPC : SAKER_SC_SOCKETCALL;
}

#else

int ebpf_compat_code(uint32_t number)
{
	(void)number;
	return -1;
}

int ebpf_compat_carrier(uint32_t number)
{
	(void)number;
	return -1;
}

int ebpf_compat_call(uint32_t carrier, uint32_t call)
{
	(void)carrier;
	(void)call;
	return -1;
}

#endif
