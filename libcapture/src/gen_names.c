// SPDX-License-Identifier: Apache-2.0
/*
 * Runs at build time: sorts the schema's names and the kernel's syscall numbers
 * and prints the index tables that names.c searches. Apart because the
 * preprocessor cannot sort, and tables sorted by hand would go stale.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	const char *name;
	unsigned int code;
};

static const struct name events[] = {
#define EVENT(code, symbol, name, ...) {name, code},
#include "schema/events.def"
#undef EVENT
};

static const struct name syscalls[] = {
#define SYSCALL(sc, symbol, name, ...) {name, sc},
#define TRACEPOINT(sc, symbol, name, event) {name, sc},
#define SYSCALL_NONE(sc, symbol)
#include "schema/syscalls.def"
#undef SYSCALL
#undef TRACEPOINT
#undef SYSCALL_NONE
};

static const struct name flag_tables[] = {
#define FLAG_TABLE(table, n_flags, flags) {#table, 0},
#include "schema/flags.def"
#undef FLAG_TABLE
};

static const struct number {
	unsigned int sc;
	int x86_64;
	int aarch64;
} numbers[] = {
#define SYSCALL(sc, symbol, name, x86_64, aarch64, ...) {sc, x86_64, aarch64},
#define TRACEPOINT(sc, symbol, name, event)
#define SYSCALL_NONE(sc, symbol)
#include "schema/syscalls.def"
};

static int compare(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->code < y->code ? -1 : x->code > y->code;
}

static int print_sorted(const char *what, const struct name *names, size_t n, int by_position)
{
	struct name *sorted = calloc(n, sizeof(*sorted));
	size_t i;

	if (!sorted)
		return -1;
	memcpy(sorted, names, n * sizeof(*sorted));
	for (i = 0; by_position && i < n; i++)
		sorted[i].code = (unsigned int)i;
	qsort(sorted, n, sizeof(*sorted), compare);
	printf("static const uint16_t %s[%zu] = {", what, n);
	for (i = 0; i < n; i++)
		printf("%s%u,", i % 16 ? " " : "\n\t", sorted[i].code);
	printf("\n};\n");
	free(sorted);
	return 0;
}

static void print_numbers(const char *what, int aarch64)
{
	size_t i;

	printf("static const uint16_t %s[] = {\n", what);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int nr = aarch64 ? numbers[i].aarch64 : numbers[i].x86_64;

		if (nr >= 0)
			printf("\t[%d] = %u,\n", nr, numbers[i].sc);
	}
	printf("};\n");
}

int main(void)
{
	printf("/* Made by gen_names from the schema. */\n#include <stdint.h>\n");
	if (print_sorted("events_by_name", events, sizeof(events) / sizeof(events[0]), 0) ||
	    print_sorted("syscalls_by_name", syscalls, sizeof(syscalls) / sizeof(syscalls[0]), 0) ||
	    print_sorted("flag_tables_by_name", flag_tables,
			 sizeof(flag_tables) / sizeof(flag_tables[0]), 1))
		return 1;
	printf("#if defined(__aarch64__)\n");
	print_numbers("syscalls_by_number", 1);
	printf("#elif defined(__x86_64__)\n");
	print_numbers("syscalls_by_number", 0);
	printf("#else\n#error \"no syscall numbers for this architecture\"\n#endif\n");
	return fflush(stdout) ? 1 : 0;
}
