/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema's numbers as constants, for programs that switch on event codes:
 * SAKER_EV_SYSCALL_OPENAT_2_X, SAKER_SC_OPENAT, SAKER_FLAG_file_flags_O_CREAT.
 * Apart from event.h because it expands to some two thousand names. The tables
 * behind it are installed beside it (schema/) under GPL-2.0-only OR MIT.
 */
#ifndef SAKER_EVENT_CODES_H
#define SAKER_EVENT_CODES_H
#pragma once

#include "schema/wire.h"

#endif /* SAKER_EVENT_CODES_H */
