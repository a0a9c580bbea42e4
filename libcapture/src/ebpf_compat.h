/* SPDX-License-Identifier: Apache-2.0 */
/* Syscalls by the 32-bit convention of a 64-bit kernel. */
#ifndef CAPTURE_EBPF_COMPAT_H
#define CAPTURE_EBPF_COMPAT_H

#include <stdint.h>

/* The public code of a 32-bit syscall number; -1 = none, or not one that we can read. */
int ebpf_compat_code(uint32_t number);

#endif /* CAPTURE_EBPF_COMPAT_H */
