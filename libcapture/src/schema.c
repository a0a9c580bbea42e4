// SPDX-License-Identifier: Apache-2.0
/*
 * The schema's tables expanded to constant descriptors, by code. Look-ups by
 * name are in names.c; nothing here computes anything.
 */
#include "schema.h"

#include <assert.h>

#include "schema/wire.h"

/* ---- flag tables ----------------------------------------------------------- */

#define FLAG(table, flag, value_) {.name = #flag, .value = (value_)},
#define FLAG_AGAIN(table, flag, value_) {.name = #flag, .value = (value_)},
#define FLAG_TABLE(table, n, flags) static const struct saker_flag names_##table[] = {flags};
#include "schema/flags.def"
#undef FLAG_TABLE
#define FLAG_TABLE(table, n, flags) \
	static_assert(ARRAY_SIZE(names_##table) == (n), "count of " #table);
#include "schema/flags.def"
#undef FLAG_TABLE

enum flag_table_index {
#define FLAG_TABLE(table, n, flags) TABLE_##table,
#include "schema/flags.def"
#undef FLAG_TABLE
	N_FLAG_TABLES,
};
static_assert(N_FLAG_TABLES == CAPTURE_FLAG_TABLES, "flag tables of the schema");

const struct saker_flag_table capture_flag_tables[CAPTURE_FLAG_TABLES] = {
#define FLAG_TABLE(table, n, fl) \
	[TABLE_##table] = {.name = #table, .flags = names_##table, .n_flags = (n)},
#include "schema/flags.def"
#undef FLAG_TABLE
};

/* ---- variants of dynamic parameters ---------------------------------------- */

#define VARIANT(table, variant, type_, format_) \
	{.name = "", .type = SAKER_PT_##type_, .format = SAKER_PF_##format_, .dirfd = -1},
#define DYN_TABLE(table, n, variants_) \
	static const struct saker_param_info dyn_##table[] = {variants_};
#include "schema/dynamic.def"
#undef DYN_TABLE
#define DYN_TABLE(table, n, variants_) \
	static_assert(ARRAY_SIZE(dyn_##table) == (n), "count of " #table);
#include "schema/dynamic.def"
#undef DYN_TABLE

/* ---- events ------------------------------------------------------------------ */

#define F(flag) SAKER_EF_##flag
#define P(name_, type_, format_) \
	{.name = (name_), .type = SAKER_PT_##type_, .format = SAKER_PF_##format_, .dirfd = -1},
#define PF(name_, type_, format_, table)                      \
	{                                                     \
		.name = (name_),                              \
		.type = SAKER_PT_##type_,                     \
		.format = SAKER_PF_##format_,                 \
		.dirfd = -1,                                  \
		.flags = &capture_flag_tables[TABLE_##table], \
	},
#define PR(name_, type_, format_, index) \
	{.name = (name_), .type = SAKER_PT_##type_, .format = SAKER_PF_##format_, .dirfd = (index)},
#define PD(name_, type_, format_, table)               \
	{                                              \
		.name = (name_),                       \
		.type = SAKER_PT_##type_,              \
		.format = SAKER_PF_##format_,          \
		.dirfd = -1,                           \
		.n_variants = ARRAY_SIZE(dyn_##table), \
		.variants = dyn_##table,               \
	},

/* What a code that was never used has for an origin. */
#define SAKER_EC_NONE 0

/* One more than there are: no array is empty. */
#define EVENT(code, symbol, name, kind, origin, flags, n, ...) \
	static const struct saker_param_info params_##symbol[] = {__VA_ARGS__{.dirfd = -1}};
#include "schema/events.def"
#undef EVENT
#define EVENT(code, symbol, name, kind, origin, flags, n, ...) \
	static_assert(ARRAY_SIZE(params_##symbol) == (n) + 1, "parameters of " #symbol);
#include "schema/events.def"
#undef EVENT

const struct saker_event_info capture_events[SAKER_EVENT_CODES] = {
#define EVENT(code, symbol_, name_, kind, origin, flags_, n, ...) \
	[code] = {                                                \
		.name = (name_),                                  \
		.symbol = #symbol_,                               \
		.category = SAKER_EC_##kind | SAKER_EC_##origin,  \
		.flags = (flags_),                                \
		.n_params = (n),                                  \
		.params = params_##symbol_,                       \
	},
#include "schema/events.def"
#undef EVENT
};

/* Written out, not ARRAY_SIZE: a table that lost a line would still have its size. */
enum {
#define EVENT(...) +1
	N_EVENTS = 0
#include "schema/events.def"
#undef EVENT
	,
#define EVENT(code, symbol_, name_, kind, origin, flags_, n, ...) +(n)
	N_PARAMS = 0
#include "schema/events.def"
#undef EVENT
	,
#define SYSCALL(...) +1
#define TRACEPOINT(...) +1
#define SYSCALL_NONE(...) +1
	N_SYSCALLS = 0
#include "schema/syscalls.def"
#undef SYSCALL
#undef TRACEPOINT
#undef SYSCALL_NONE
};
static_assert(N_EVENTS == SAKER_EVENT_CODES && SAKER_EV_MAX == SAKER_EVENT_CODES, "events");
static_assert(N_PARAMS == 1345, "parameters of all events");
static_assert(N_SYSCALLS == SAKER_SYSCALL_CODES && SAKER_SC_MAX == SAKER_SYSCALL_CODES, "syscalls");

/* ---- syscalls ---------------------------------------------------------------- */

#define SYSCALL(sc_, symbol, name_, x86_64, aarch64, event_, drop_) \
	[sc_] = {                                                   \
		.name = (name_),                                    \
		.sc = (sc_),                                        \
		.event = (event_),                                  \
		.nr_x86_64 = (x86_64),                              \
		.nr_aarch64 = (aarch64),                            \
		.drop = SAKER_SYSCALL_DROP_##drop_,                 \
	},
#define TRACEPOINT(sc_, symbol, name_, event_) \
	[sc_] = {                              \
		.name = (name_),               \
		.sc = (sc_),                   \
		.event = (event_),             \
		.nr_x86_64 = -1,               \
		.nr_aarch64 = -1,              \
	},
#define SYSCALL_NONE(sc, symbol)
const struct saker_syscall_info capture_syscalls[SAKER_SYSCALL_CODES] = {
#include "schema/syscalls.def"
};
#undef SYSCALL
#undef TRACEPOINT
#undef SYSCALL_NONE
