/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table that one can sort, search and step into: what the terminal browser and the
 * web page show of rows, fields, alerts and of one alert. Cells are texts, escapes
 * resolved, bytes as they came: who shows them makes them harmless for where.
 */
#ifndef EVTAGG_GRID_H
#define EVTAGG_GRID_H

#include "marks.h"

#define GRID_MAX_COLUMNS 32

struct grid_column {
	const char *title;
	bool number;   /* sorted by number, the largest first */
	bool right;    /* aligned so */
	bool flexible; /* takes what room is left, or gives it */
	uint32_t most; /* columns of a terminal that it takes at most; 0 = no bound */
};

struct grid_cell {
	struct text text;
	uint64_t number; /* of a number column */
};

struct grid_row {
	struct grid_cell *cells;
	struct path_step steps[QUERY_MAX_BY]; /* that lead into it */
	uint32_t n_steps;
	uint32_t index; /* in what it was made from: a row, a field, an alert */
	uint8_t priority;
	bool marked;
};

struct grid {
	struct arena arena;
	struct grid_column columns[GRID_MAX_COLUMNS];
	uint32_t n_columns;
	struct grid_row *rows;
	uint32_t n_rows;
	uint32_t sorted; /* the column; n_columns = as made */
	bool reverse;
};

/* Rows of a result that stands under a path; the marks may be NULL. -ENOMEM. */
int grid_of_rows(const struct result *result, const struct path *path, const struct marks *marks,
		 struct grid *ret);
int grid_of_fields(const struct found_fields *fields, struct grid *ret);
/* Without the columns that the path says already. */
int grid_of_alerts(const struct found_alerts *alerts, const struct path *path, struct grid *ret);
/* All there is to one alert: a row for each of its keys and fields. */
int grid_of_alert(const struct found_alert *alert, struct grid *ret);
void grid_fini(struct grid *grid);

/* Stable. A column of numbers goes downwards first, one of texts upwards. */
void grid_sort(struct grid *grid, uint32_t column, bool reverse);
/* The next row after (or before) `from` with the text in one of its cells, any case; -1 = none. */
int64_t grid_search(const struct grid *grid, const char *what, int64_t from, bool backwards);

#endif /* EVTAGG_GRID_H */
