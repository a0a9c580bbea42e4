/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtagg browse, in three files: verb_browse.c has the loop and the keys,
 * browse_level.c what one looks at and how one gets deeper, browse_screen.c draws.
 */
#ifndef EVTAGG_BROWSE_H
#define EVTAGG_BROWSE_H

#include "grid.h"

#define BROWSE_MAX_DEPTH 16
#define BROWSE_ALERTS 2000 /* single alerts in a list: the newest */

struct browse;
struct level;

/* What a level shows; one const descriptor each, in browse_level.c. */
struct level_kind {
	const char *name;
	bool live;     /* is made anew when alerts came */
	bool timeline; /* has alerts over time */
	bool marks;    /* its rows can be marked as noise */
	/* Makes level->grid. */
	int (*load)(struct browse *b, struct level *level);
	/* Goes deeper from the row; 0, or a negative errno. */
	int (*enter)(struct browse *b, struct level *level, const struct grid_row *row);
};

struct level {
	const struct level_kind *kind;
	struct arena arena; /* owns path and by */
	struct path path;
	const char *by[QUERY_MAX_BY];
	uint32_t n_by;
	struct grid grid;
	struct result *result;	    /* rows: for the time line */
	struct found_alerts alerts; /* alerts */
	struct found_alert alert;   /* one alert: its own copy */
	uint64_t generation;	    /* of what is shown */
	uint64_t loaded;	    /* when, monotonic ns */
	int64_t at;		    /* the row under the bar */
	int64_t top;		    /* the first on the screen */
	uint32_t column;	    /* the chosen one */
	bool sorted;		    /* a person chose an order: it stays */
};

enum browse_prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_GROUP };

struct browse {
	struct session *session;
	struct marks marks;
	struct level levels[BROWSE_MAX_DEPTH];
	uint32_t depth; /* levels in use */
	bool end;	/* all is read */
	bool follow;
	bool colour;
	bool hide_marked;
	bool timeline;
	bool help;
	bool quit;
	int64_t help_top;
	enum browse_prompt prompt;
	char typed[256];
	size_t n_typed;
	char searched[256];
	int64_t search_from;
	char message[256]; /* until the next key */
};

static inline struct level *browse_level(struct browse *b)
{
	return &b->levels[b->depth - 1];
}

extern const struct level_kind level_rows, level_fields, level_alerts, level_alert;

/* Goes to a level under path, or says why not. by: columns of a rows level, or NULL. */
int browse_push(struct browse *b, const struct level_kind *kind, const struct path *path,
		const char *const *by, uint32_t n_by);
void browse_pop(struct browse *b);
/* Makes the level's grid anew; the bar stays on what it was on. */
int browse_load(struct browse *b, struct level *level);
/* The path of the level and the row's own steps. */
int browse_path(const struct level *level, const struct grid_row *row, struct path *ret);
_printf_(2, 3) void browse_say(struct browse *b, const char *format, ...);

void browse_draw_start(struct browse *b);
void browse_draw(struct browse *b);
/* Rows of a table that fit on the screen. */
int64_t browse_page(const struct browse *b);

/* The keys, for the help: a key's name and what it does; NULL at the end. */
const char *browse_key_help(uint32_t i, const char **ret_key);

#endif /* EVTAGG_BROWSE_H */
