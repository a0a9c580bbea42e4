/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools say to people: diagnostics with their source line, and log lines. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <stdio.h>

#include <saker/base.h>

#include "common/util.h"

/* Whether to colour what goes to this stream: a terminal, and NO_COLOR is not set. */
bool report_colour(FILE *stream);

/* Prints n bytes that may be anybody's: controls become '?', a tab or newline a blank. */
void report_put(FILE *out, const char *s, size_t n);

/*
 * The field that a finding about an output does not know, in its message; NULL = it is
 * about something else. Such a finding is placed where the output begins, as Falco does;
 * people want to see the field.
 */
const char *report_output_field(const struct saker_diag *diag, size_t *ret_len);

/* Prints one finding: place, severity, message, the line with a caret, the hint. */
void report_diag(FILE *out, bool colour, const struct saker_diag *diag);

/* Prints findings as they come and counts them; past a limit it only counts. */
struct reporter {
	FILE *out;
	bool colour;
	bool quiet; /* errors only */
	unsigned int errors;
	unsigned int warnings;
	unsigned int unprinted;
};

void reporter_diag(void *reporter, const struct saker_diag *diag);
/* Says how many more there were. */
void reporter_finish(struct reporter *reporter);

struct logger {
	enum saker_priority level; /* the least severe that is logged */
	enum saker_severity libs_level;
	bool libs;
	bool to_stderr;
	bool to_syslog;
	bool colour;
};

_printf_(3, 4) void logger_print(const struct logger *logger, enum saker_priority priority,
				 const char *format, ...);
/* For the libraries' log callbacks; userdata is a struct logger. */
void logger_lib(void *logger, enum saker_severity severity, const char *message);
/* For liboutput, whose failures are the operator's business whatever libs_logger says. */
void logger_output(void *logger, enum saker_severity severity, const char *message);

#endif /* TOOLS_REPORT_H */
