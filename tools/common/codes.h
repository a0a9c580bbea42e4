/* SPDX-License-Identifier: Apache-2.0 */
/* The codes of findings about rule files, and what they mean. */
#ifndef TOOLS_CODES_H
#define TOOLS_CODES_H

struct code {
	const char *id;
	const char *text;	 /* as load results carry it */
	const char *explanation; /* for people */
};

/* NULL = there is no such code. */
const struct code *codes_find(const char *id);
/* The text of a code; the id itself when it is none. */
const char *codes_describe(const char *id);

#endif /* TOOLS_CODES_H */
