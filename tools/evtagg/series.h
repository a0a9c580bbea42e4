/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many alerts came when: buckets over the times that were seen. All series of one
 * time line share its bucket, which doubles when there are too many of them.
 */
#ifndef EVTAGG_SERIES_H
#define EVTAGG_SERIES_H

#include "common/util.h"

#define TIMELINE_BUCKETS 512	  /* as fits: at most so many */
#define TIMELINE_MAX_BUCKETS 8192 /* of a width that was asked for */

struct timeline {
	uint64_t width;	   /* ns of a bucket, before doubling */
	uint32_t shift;	   /* how often it doubled */
	uint32_t max;	   /* buckets */
	uint64_t from, to; /* buckets, inclusive, since 1970; valid when any */
	bool any;
};

struct series {
	uint32_t *v;
	uint32_t n;
	uint32_t capacity;
	uint32_t shift; /* what v was made for */
	uint64_t from;
};

void timeline_init(struct timeline *t, uint64_t width);
/* Counts one at that time. -ENOMEM. */
int series_add(struct series *s, struct timeline *t, uint64_t time);
/* All that another has, of another time line of the same width. -ENOMEM. */
int series_merge(struct series *s, struct timeline *t, const struct series *other,
		 const struct timeline *other_t);
/* Fills out, of timeline_buckets(t) buckets, from t->from on. */
void series_fill(const struct series *s, const struct timeline *t, uint32_t *out);
uint32_t timeline_buckets(const struct timeline *t);
static inline uint64_t timeline_bucket(const struct timeline *t)
{
	return t->width << t->shift;
}
void series_fini(struct series *s);

#endif /* EVTAGG_SERIES_H */
