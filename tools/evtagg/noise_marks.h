/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person marked as noise (mark_list.h), held against the patterns of alerts. Lines
 * that start with '{' and are no marks are an error, others are comments.
 */
#ifndef EVTAGG_NOISE_MARKS_H
#define EVTAGG_NOISE_MARKS_H

#include "mark_list.h"
#include "noise.h"

/* -EBADMSG after a line on standard error that says where; -errno of reading. */
int noise_marks_read(const char *path, struct mark_list *ret_marks);
/* The same from memory; name is for findings. */
int noise_marks_parse(const char *name, const char *data, size_t len, struct mark_list *ret_marks);
/* Sets `marked` of the patterns that a mark means; returns how many alerts these are. */
uint64_t noise_marks_apply(const struct mark_list *marks, struct noise *noise);

#endif /* EVTAGG_NOISE_MARKS_H */
