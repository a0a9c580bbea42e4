/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: RE2's POSIX syntax, the whole value must match, time linear
 * in the value. This is the C side of the one file that speaks C++.
 */
#ifndef RULES_REGEX_H
#define RULES_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rules_regex;

/* -EINVAL with a reason in error; -EOPNOTSUPP when built without RE2. */
int rules_regex_new(const char *pattern, size_t len, char *error, size_t error_size,
		    struct rules_regex **ret_regex);
struct rules_regex *rules_regex_free(struct rules_regex *regex);
/* text must be valid UTF-8: rules_regex_sanitize. */
bool rules_regex_match(const struct rules_regex *regex, const char *text, size_t len);

/*
 * Bytes that are not UTF-8 become U+FFFD, one for each maximal part of a sequence.
 * Returns how long the result is, which may be more than room (then buf holds
 * only its beginning); text that is valid already is not copied: *ret_text = text.
 */
size_t rules_regex_sanitize(const char *text, size_t len, char *buf, size_t room,
			    const char **ret_text);

#ifdef __cplusplus
}
#endif

#endif /* RULES_REGEX_H */
