/* SPDX-License-Identifier: Apache-2.0 */
/* Syscalls by the 32-bit convention of a 64-bit kernel. */
#ifndef CAPTURE_EBPF_COMPAT_H
#define CAPTURE_EBPF_COMPAT_H

#include <stdint.h>

/* The public code of a 32-bit syscall number; -1 = none, or not one that we can read. */
int ebpf_compat_code(uint32_t number);
/* Which carrier of other calls (enum probe_carrier) a 32-bit syscall number is; -1 = none. */
int ebpf_compat_carrier(uint32_t number);
/* The public code of a call that a carrier carries; its own for one that there is not. */
int ebpf_compat_call(uint32_t carrier, uint32_t call);

#endif /* CAPTURE_EBPF_COMPAT_H */
