/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell patterns over slices, as fnmatch(3) without flags reads them. Our own
 * because values are not NUL-terminated and because one star is remembered at a
 * time: the cost is bounded by pattern length times text length.
 */
#include <ctype.h>

#include "trie.h"

static inline unsigned char glob_fold(unsigned char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

static bool glob_named_class(const char *name, size_t len, unsigned char c)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
		{"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
		{"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0)
			return c < 128 && classes[i].is(c);
	return false;
}

/*
 * p stands behind the [. Returns what follows the bracket, or NULL when there is
 * no ], in which case [ is a plain character.
 */
static const char *glob_bracket(const char *p, const char *end, unsigned char c, bool fold,
				bool *ret_matches)
{
	unsigned char folded = glob_fold(c, fold);
	bool negated = false, matches = false, first = true;

	if (p < end && (*p == '!' || *p == '^')) {
		negated = true;
		p++;
	}
	for (; p < end && (first || *p != ']'); first = false) {
		unsigned char low, high;

		if (*p == '[' && p + 1 < end && p[1] == ':') {
			const char *close = memmem(p + 2, (size_t)(end - p - 2), ":]", 2);

			if (close) {
				matches |= glob_named_class(p + 2, (size_t)(close - p - 2), c) ||
					   (fold && glob_named_class(p + 2, (size_t)(close - p - 2),
								     folded));
				p = close + 2;
				continue;
			}
		}
		if (*p == '\\' && p + 1 < end)
			p++;
		low = high = (unsigned char)*p++;
		if (p + 1 < end && *p == '-' && p[1] != ']') {
			p++;
			if (*p == '\\' && p + 1 < end)
				p++;
			high = (unsigned char)*p++;
		}
		if ((c >= low && c <= high) ||
		    (folded >= glob_fold(low, fold) && folded <= glob_fold(high, fold)))
			matches = true;
	}
	if (p >= end)
		return NULL;
	*ret_matches = matches != negated;
	return p + 1;
}

/* One pattern element against one character: what follows it, or NULL when it does not match. */
static const char *glob_one(const char *p, const char *end, unsigned char c, bool fold)
{
	bool matches;

	switch (*p) {
	case '?':
		return p + 1;
	case '[': {
		const char *next = glob_bracket(p + 1, end, c, fold, &matches);

		if (next)
			return matches ? next : NULL;
		break;
	}
	case '\\':
		/* a backslash that ends the pattern matches nothing */
		if (++p == end)
			return NULL;
		break;
	}
	return glob_fold((unsigned char)*p, fold) == glob_fold(c, fold) ? p + 1 : NULL;
}

bool rules_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len,
		      bool fold)
{
	const char *p = pattern, *p_end = pattern + pattern_len;
	const char *t = text, *t_end = text + len;
	const char *star = NULL, *star_text = NULL;

	while (t < t_end) {
		const char *next;

		if (p < p_end && *p == '*') {
			star = ++p;
			star_text = t;
			continue;
		}
		next = p < p_end ? glob_one(p, p_end, (unsigned char)*t, fold) : NULL;
		if (next) {
			p = next;
			t++;
		} else if (star) {
			p = star;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < p_end && *p == '*')
		p++;
	return p == p_end;
}
