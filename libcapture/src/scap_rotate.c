// SPDX-License-Identifier: Apache-2.0
/*
 * Names of rotated capture files: FILE, FILE1, FILE2 ..., or by strftime(3).
 * Apart from the writer because nothing here knows what is in the files.
 */
#include "scap_rotate.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#define ROTATE_MAX_FILES 1000000

/* A copy of text as the stem, with the date in it. */
static char *make_stem(const struct capture_rotation *rot)
{
	char text[PATH_MAX];
	time_t now = time(NULL);
	struct tm tm;

	if (!rot->dated)
		return strdup(rot->pattern);
	errno = ENAMETOOLONG;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* strftime: reads no arguments */
	if (!localtime_r(&now, &tm) || strftime(text, sizeof(text), rot->pattern, &tm) == 0)
		return NULL;
#pragma GCC diagnostic pop
	return strdup(text);
}

static char *make_name(const char *stem, uint32_t number)
{
	size_t size = strlen(stem) + 12;
	char *name = malloc(size);

	if (name && number)
		snprintf(name, size, "%s%u", stem, number);
	else if (name)
		snprintf(name, size, "%s", stem);
	return name;
}

/* Dated names do not come again by themselves: the oldest goes when there are too many. */
static int keep(struct capture_rotation *rot)
{
	char **slot, *copy;

	if (!rot->kept)
		return 0;
	copy = strdup(rot->name);
	if (!copy)
		return -ENOMEM;
	slot = &rot->kept[rot->kept_at];
	if (*slot && !util_streq(*slot, copy))
		(void)unlink(*slot); /* gone already is as good */
	free(*slot);
	*slot = copy;
	rot->kept_at = (rot->kept_at + 1) % rot->max_files;
	return 0;
}

int capture_rotation_next(struct capture_rotation *rot)
{
	char *stem = make_stem(rot), *name;

	if (!stem)
		return -errno;
	if (util_streq(stem, rot->stem)) {
		rot->number++;
		if (!rot->dated && rot->max_files)
			rot->number %= rot->max_files;
	} else {
		rot->number = 0;
	}
	name = make_name(stem, rot->number);
	if (!name) {
		free(stem);
		return -ENOMEM;
	}
	free(rot->stem);
	free(rot->name);
	rot->stem = stem;
	rot->name = name;
	return keep(rot);
}

int capture_rotation_init(struct capture_rotation *rot, const char *pattern, bool rotates,
			  uint32_t max_files)
{
	memset(rot, 0, sizeof(*rot));
	if (max_files > ROTATE_MAX_FILES)
		return -EINVAL;
	rot->dated = rotates && strchr(pattern, '%');
	rot->max_files = max_files;
	rot->pattern = strdup(pattern);
	if (!rot->pattern)
		return -ENOMEM;
	rot->stem = make_stem(rot);
	if (!rot->stem)
		return -errno;
	rot->name = strdup(rot->stem);
	if (rot->dated && max_files)
		rot->kept = calloc(max_files, sizeof(*rot->kept));
	if (!rot->name || (rot->dated && max_files && !rot->kept))
		return -ENOMEM;
	return keep(rot);
}

void capture_rotation_fini(struct capture_rotation *rot)
{
	for (uint32_t i = 0; rot->kept && i < rot->max_files; i++)
		free(rot->kept[i]);
	free(rot->kept);
	free(rot->pattern);
	free(rot->stem);
	free(rot->name);
	memset(rot, 0, sizeof(*rot));
}
