/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the aggregation answers when there are more groups than memory: 10 M rows of
 * 2 M groups (Zipf) counted within some bounds, held against exact counts. Prints the
 * errors there were beside those that are stated, and says when a bound is not kept.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregate.h"
#include "common/hash.h"

#define ROWS 10000000u
#define GROUPS 2000000u
#define TOP 100

static uint32_t *exact; /* by group */

/* Zipf with exponent 1 by inversion: the more alerts the smaller the number. */
static uint32_t draw(uint32_t i)
{
	double u = (double)(hash_u64(i + 1) >> 11) / 9007199254740992.0;

	return (uint32_t)MIN(exp(u * log(GROUPS)) - 1, GROUPS - 1);
}

static void fill(void *state, bool count)
{
	struct saker_json_slice field = {.kind = SAKER_JSON_STRING};
	struct saker_scanned scanned = {.kind = SAKER_LINE_ALERT, .fields = &field, .n_fields = 1};
	struct record record = {.alert = &scanned, .priority = SAKER_PRIORITY_ERROR};
	char text[24];

	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t group = draw(i);

		if (count)
			exact[group]++;
		field.text = text;
		field.len = (uint32_t)snprintf(text, sizeof(text), "group-%u", group);
		if (aggregate_memory.add(state, &record) < 0 ||
		    (i % 1000 == 0 && aggregate_memory.settle(state) < 0))
			exit(1);
	}
	aggregate_memory.settle(state);
}

static uint32_t group_of(const struct result_row *row)
{
	char text[24];

	snprintf(text, sizeof(text), "%.*s", (int)row->keys[0].text.len, row->keys[0].text.p);
	return (uint32_t)strtoul(text + 6, NULL, 10);
}

static int judge(const struct result *r, uint32_t groups, double seconds, size_t memory)
{
	double worst = 0, sum = 0;
	uint64_t over = 0;
	int broken = 0;

	for (uint32_t i = 0; i < r->n_rows; i++) {
		const struct result_row *row = &r->rows[i];
		uint64_t truth = exact[group_of(row)];

		broken += truth > row->count || row->count - row->error > truth;
		over = MAX(over, row->count - truth);
		if (i < TOP) {
			double error = (double)(row->count - truth) / (double)truth;

			worst = MAX(worst, error);
			sum += error;
		}
	}
	printf("%8.1f MB %5.1f s  %s  top %d: mean error %.4f %%, worst %.4f %%; any row at most "
	       "%llu "
	       "too high, stated %llu; groups %llu of %u (%+.2f %%)%s\n",
	       (double)memory / 1e6, seconds, r->exact ? "exact " : "bounds", TOP, sum, worst * 100,
	       (unsigned long long)over, (unsigned long long)r->max_error,
	       (unsigned long long)r->n_groups, groups, 100.0 * ((double)r->n_groups / groups - 1),
	       broken ? "  BOUNDS NOT KEPT" : "");
	return broken;
}

int main(void)
{
	static const size_t bounds[] = {(size_t)4 << 30, 96u << 20, 16u << 20, 4u << 20};
	struct query query = {.by = {"group"}, .n_by = 1};
	struct column column = {.kind = COLUMN_FIELD, .name = "group"};
	uint32_t groups = 0;
	int broken = 0;

	exact = calloc(GROUPS, sizeof(*exact));
	if (!exact)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		struct result result = {0};
		clock_t start = clock();
		void *state;

		query.memory_max = bounds[i];
		if (aggregate_memory.open(&query, &column, &state) < 0)
			return 1;
		fill(state, i == 0);
		for (uint32_t g = 0; i == 0 && g < GROUPS; g++)
			groups += exact[g] > 0;
		arena_init(&result.arena, 1 << 20);
		if (aggregate_memory.result(state, &result) < 0)
			return 1;
		broken += judge(&result, groups, (double)(clock() - start) / CLOCKS_PER_SEC,
				aggregate_memory.memory(state));
		arena_fini(&result.arena);
		aggregate_memory.close(state);
	}
	free(exact);
	return broken != 0;
}
