/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the files that one capture is written to, one after the other. */
#ifndef CAPTURE_SCAP_ROTATE_H
#define CAPTURE_SCAP_ROTATE_H

#include "common/util.h"

struct capture_rotation {
	char *pattern;
	char *name; /* of the file being written */
	char *stem; /* the name before it got a number */
	uint32_t number;
	uint32_t max_files; /* 0 = all are kept */
	bool dated;	    /* the pattern has strftime codes */
	char **kept;	    /* dated: the last max_files names, a ring */
	uint32_t kept_at;
};

/* The first name. -ENAMETOOLONG; -ENOMEM. Without rotates the name is the pattern. */
int capture_rotation_init(struct capture_rotation *rotation, const char *pattern, bool rotates,
			  uint32_t max_files);
/* The next name; the file that gives way to it, if any, is removed. */
int capture_rotation_next(struct capture_rotation *rotation);
void capture_rotation_fini(struct capture_rotation *rotation);

#endif /* CAPTURE_SCAP_ROTATE_H */
