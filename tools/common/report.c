/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics and log lines. Everything printed here may hold text from rule
 * files, captures or the kernel: control characters never reach the terminal.
 */
#include <stdarg.h>
#include <syslog.h>

#include "report.h"

#define MAX_PRINTED 50 /* findings in full; more would be noise */
#define SNIPPET 100    /* columns of a source line shown */

#define RED "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define CYAN "\x1b[1;36m"
#define BOLD "\x1b[1m"
#define RESET "\x1b[0m"

bool report_colour(FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(stream)) && !(no && *no) && !(term && util_streq(term, "dumb"));
}

/* C0, DEL and the C1 controls of UTF-8 become '?'; a tab or newline a blank. */
void report_put(FILE *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\t' || c == '\n')
			fputc(' ', out);
		else if (c < 0x20 || c == 0x7f)
			fputc('?', out);
		else if (c == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] < 0xa0)
			fputc('?', out), i++;
		else
			fputc(c, out);
	}
}

static void put_coloured(FILE *out, bool colour, const char *code, const char *text)
{
	if (colour)
		fputs(code, out);
	report_put(out, text, strlen(text));
	if (colour)
		fputs(RESET, out);
}

/* The line-th line of a file, without newline; to be freed. NULL = cannot be had. */
static char *read_line(const char *file, uint32_t line)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = fopen(file, "re");

	if (!f)
		return NULL;
	for (uint32_t i = 0; i < line; i++) {
		if (getline(&text, &size, f) < 0) {
			free(text);
			fclose(f);
			return NULL;
		}
	}
	fclose(f);
	text[strcspn(text, "\r\n")] = '\0';
	return text;
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *text, size_t len, size_t n)
{
	size_t at = 0;

	for (; n && at < len; n--) {
		do {
			at++;
		} while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80);
	}
	return at;
}

static size_t count_chars(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/*
 * The source line and a caret below the column; a long line as the part around it.
 * Columns count characters.
 */
static void put_source(FILE *out, bool colour, const struct saker_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	size_t len, chars, skipped = 0, caret = diag->column ? diag->column - 1 : 0, from, to;
	char number[16];

	if (!diag->line)
		return;
	text = read_line(diag->file, diag->line);
	if (!text || !*text)
		return;
	len = strlen(text);
	chars = count_chars(text, len);
	caret = MIN(caret, chars);
	if (caret > SNIPPET * 3 / 4)
		skipped = caret - SNIPPET / 2;
	from = bytes_of(text, len, skipped);
	to = bytes_of(text, len, skipped + SNIPPET);
	snprintf(number, sizeof(number), "%5u", diag->line);
	fprintf(out, "%s | %s", number, from ? "..." : "");
	report_put(out, text + from, to - from);
	fprintf(out, "%s\n", to < len ? "..." : "");
	if (diag->column) {
		fprintf(out, "      | %*s", (int)(caret - skipped + (skipped ? 3 : 0)), "");
		put_coloured(out, colour, RED, "^");
		fputc('\n', out);
	}
}

const char *report_output_field(const struct saker_diag *diag, size_t *ret_len)
{
	static const char words[] = "nonexistent field ";
	const char *name = strstr(diag->message, words);

	if (!util_streq(diag->id, "LOAD_ERR_COMPILE_OUTPUT") || !name)
		return NULL;
	name += strlen(words);
	*ret_len = strcspn(name, " \n");
	return *ret_len ? name : NULL;
}

#define MAX_OUTPUT_LINES 50

/* Moves the place to the field, where it is found below the output's beginning. */
static void find_field(struct saker_diag *diag)
{
	size_t len;
	const char *name = report_output_field(diag, &len);

	for (uint32_t i = 0; name && diag->line && i < MAX_OUTPUT_LINES; i++) {
		_cleanup_free_ char *text = read_line(diag->file, diag->line + i);
		const char *found = text;

		if (!text)
			return;
		if (i == 0)
			found += bytes_of(text, strlen(text), MAX(diag->column, 1u) - 1);
		found = memmem(found, strlen(found), name, len);
		if (!found)
			continue;
		diag->line += i;
		diag->column = (uint32_t)count_chars(text, (size_t)(found - text)) + 1;
		return;
	}
}

void report_diag(FILE *out, bool colour, const struct saker_diag *diag)
{
	static const struct {
		const char *name;
		const char *code;
	} severities[] = {
		[SAKER_SEVERITY_DEBUG] = {"debug", BOLD},
		[SAKER_SEVERITY_INFO] = {"note", CYAN},
		[SAKER_SEVERITY_WARNING] = {"warning", YELLOW},
		[SAKER_SEVERITY_ERROR] = {"error", RED},
	};
	unsigned int s = MIN((unsigned int)diag->severity, (unsigned int)SAKER_SEVERITY_ERROR);
	struct saker_diag moved = *diag;
	char place[32] = "";

	diag = &moved;
	if (diag->file[0])
		find_field(&moved);
	if (diag->file[0]) {
		if (diag->line && diag->column)
			snprintf(place, sizeof(place), ":%u:%u", diag->line, diag->column);
		else if (diag->line)
			snprintf(place, sizeof(place), ":%u", diag->line);
		put_coloured(out, colour, BOLD, diag->file);
		put_coloured(out, colour, BOLD, place);
		fputs(": ", out);
	} else {
		fprintf(out, "%s: ", program_invocation_short_name);
	}
	put_coloured(out, colour, severities[s].code, severities[s].name);
	fputs(": ", out);
	report_put(out, diag->message, strlen(diag->message));
	if (strncmp(diag->id, "LOAD_", 5) == 0)
		fprintf(out, " [%s]", diag->id);
	fputc('\n', out);
	if (diag->file[0])
		put_source(out, colour, diag);
	if (diag->hint[0]) {
		fputs("      ", out);
		put_coloured(out, colour, CYAN, "hint: ");
		report_put(out, diag->hint, strlen(diag->hint));
		fputc('\n', out);
	}
}

void reporter_diag(void *userdata, const struct saker_diag *diag)
{
	struct reporter *r = userdata;

	if (diag->severity == SAKER_SEVERITY_ERROR)
		r->errors++;
	else if (diag->severity == SAKER_SEVERITY_WARNING)
		r->warnings++;
	if (r->quiet && diag->severity != SAKER_SEVERITY_ERROR)
		return;
	if (r->errors + r->warnings > MAX_PRINTED)
		r->unprinted++;
	else
		report_diag(r->out, r->colour, diag);
}

void reporter_finish(struct reporter *r)
{
	if (r->unprinted)
		fprintf(r->out, "%s: and %u more\n", program_invocation_short_name, r->unprinted);
	r->unprinted = 0;
}

/* ---- the log ---------------------------------------------------------------- */

static void print_line(const struct logger *logger, enum saker_priority priority,
		       const char *message)
{
	bool serious = priority <= SAKER_PRIORITY_WARNING;

	if (logger->to_syslog)
		syslog((int)priority, "%s", message); /* the numbers are those of syslog */
	if (!logger->to_stderr)
		return;
	flockfile(stderr);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (serious) {
		put_coloured(stderr, logger->colour,
			     priority == SAKER_PRIORITY_WARNING ? YELLOW : RED,
			     priority == SAKER_PRIORITY_WARNING ? "warning" : "error");
		fputs(": ", stderr);
	}
	report_put(stderr, message, strlen(message));
	fputc('\n', stderr);
	funlockfile(stderr);
}

void logger_print(const struct logger *logger, enum saker_priority priority, const char *format,
		  ...)
{
	char message[2048];
	va_list ap;

	if (priority > logger->level)
		return;
	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	print_line(logger, priority, message);
}

static enum saker_priority priority_of(enum saker_severity severity)
{
	switch (severity) {
	case SAKER_SEVERITY_ERROR:
		return SAKER_PRIORITY_ERROR;
	case SAKER_SEVERITY_WARNING:
		return SAKER_PRIORITY_WARNING;
	case SAKER_SEVERITY_INFO:
		return SAKER_PRIORITY_INFORMATIONAL;
	default:
		return SAKER_PRIORITY_DEBUG;
	}
}

void logger_lib(void *userdata, enum saker_severity severity, const char *message)
{
	const struct logger *logger = userdata;

	if (logger->libs && severity >= logger->libs_level)
		logger_print(logger, priority_of(severity), "%s", message);
}

void logger_output(void *userdata, enum saker_severity severity, const char *message)
{
	logger_print(userdata, priority_of(severity), "%s", message);
}
