// SPDX-License-Identifier: Apache-2.0
/*
 * The only C++ of the project: RE2 behind three C functions. No exception may
 * leave this file.
 */
#include "regex.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include <re2/re2.h>

struct rules_regex {
	explicit rules_regex(const re2::StringPiece &pattern, const RE2::Options &options)
	    : re(pattern, options)
	{
	}
	RE2 re;
};

int rules_regex_new(const char *pattern, size_t len, char *error, size_t error_size,
		    struct rules_regex **ret_regex)
{
	try {
		RE2::Options options(RE2::POSIX);
		options.set_log_errors(false);
		auto *regex = new rules_regex(re2::StringPiece(pattern, len), options);
		if (!regex->re.ok()) {
			std::snprintf(error, error_size, "%s", regex->re.error().c_str());
			delete regex;
			return -EINVAL;
		}
		*ret_regex = regex;
		return 0;
	} catch (const std::exception &) {
		std::snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
}

struct rules_regex *rules_regex_free(struct rules_regex *regex)
{
	delete regex;
	return nullptr;
}

bool rules_regex_match(const struct rules_regex *regex, const char *text, size_t len)
{
	try {
		return regex->re.Match(re2::StringPiece(text, len), 0, len, RE2::ANCHOR_BOTH,
				       nullptr, 0);
	} catch (const std::exception &) {
		return false;
	}
}
