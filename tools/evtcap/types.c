/* SPDX-License-Identifier: Apache-2.0 */
/* Counting by type needs no state: two arrays, sorted when it is over. */
#include "types.h"

#include <inttypes.h>

#include "common/util.h"

#define GENERIC_EXIT 1

struct type_row {
	uint64_t events;
	uint32_t code;
	const char *name;
};

#define MAX_ROWS (SAKER_EVENT_CODES + SAKER_SYSCALL_CODES)

void types_count(struct types *types, const struct saker_event_view *event)
{
	uint16_t code = event->event->type;

	types->n++;
	if (code == GENERIC_EXIT && event->n_params && event->params[0].len == 2) {
		uint16_t sc = saker_load_u16(event->params[0].data);

		if (sc < SAKER_SYSCALL_CODES && saker_syscall_by_code(sc)) {
			types->by_syscall[sc]++;
			return;
		}
	}
	types->by_code[code]++;
}

static int compare(const void *a, const void *b)
{
	const struct type_row *x = a, *y = b;

	if (x->events != y->events)
		return x->events < y->events ? 1 : -1;
	return strcmp(x->name, y->name);
}

static uint32_t make_rows(const struct types *types, struct type_row rows[MAX_ROWS])
{
	uint32_t n = 0;

	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);

		if (types->by_code[code])
			rows[n++] = (struct type_row){types->by_code[code], code,
						      info ? info->name : "?"};
	}
	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		if (types->by_syscall[sc])
			rows[n++] = (struct type_row){types->by_syscall[sc], GENERIC_EXIT,
						      saker_syscall_by_code(sc)->name};
	}
	qsort(rows, n, sizeof(*rows), compare);
	return n;
}

void types_print(const struct types *types, FILE *out, const char *indent)
{
	struct type_row rows[MAX_ROWS];
	uint32_t n = make_rows(types, rows);

	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s%10" PRIu64 " %5.1f %%  %s\n", indent, rows[i].events,
			100.0 * (double)rows[i].events / (double)types->n, rows[i].name);
}

json_t *types_json(const struct types *types)
{
	struct type_row rows[MAX_ROWS];
	uint32_t n = make_rows(types, rows);
	json_t *array = json_array();

	for (uint32_t i = 0; array && i < n; i++) {
		json_t *row = json_pack("{ss si sI}", "type", rows[i].name, "code",
					(int)rows[i].code, "events", (json_int_t)rows[i].events);

		if (!row || json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
