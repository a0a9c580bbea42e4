/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics with the text they are about. Whatever is quoted may come from a capture. */
#include <stdarg.h>

#include "say.h"
#include "text.h"

#define RED "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define CYAN "\x1b[1;36m"
#define RESET "\x1b[0m"

static void put_coloured(const struct say *say, const char *code, const char *text)
{
	fprintf(say->out, "%s%s%s", say->colour ? code : "", text, say->colour ? RESET : "");
}

_printf_(4, 0) static void say_text(const struct say *say, const char *code, const char *kind,
				    const char *format, va_list ap)
{
	char message[2048];

	vsnprintf(message, sizeof(message), format, ap);
	fputs("evtcap: ", say->out);
	if (kind) {
		put_coloured(say, code, kind);
		fputs(": ", say->out);
	}
	text_put_clean(say->out, message, strlen(message));
	fputc('\n', say->out);
}

void say_error(struct say *say, const char *format, ...)
{
	va_list ap;

	say->errors++;
	va_start(ap, format);
	say_text(say, RED, "error", format, ap);
	va_end(ap);
}

void say_warning(struct say *say, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(say, YELLOW, "warning", format, ap);
	va_end(ap);
}

void say_line(struct say *say, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(say, "", NULL, format, ap);
	va_end(ap);
}

/* The source line, and below it the caret that the library put there. */
static void put_snippet(const struct say *say, const char *snippet)
{
	while (*snippet) {
		size_t n = strcspn(snippet, "\n");
		bool caret = n && snippet[n - 1] == '^' && strspn(snippet, " ") == n - 1;

		fputs("    ", say->out);
		if (caret && say->colour)
			fputs(RED, say->out);
		text_put_clean(say->out, snippet, n);
		if (caret && say->colour)
			fputs(RESET, say->out);
		fputc('\n', say->out);
		snippet += n + (snippet[n] == '\n');
	}
}

void say_diag(void *userdata, const struct saker_diag *diag)
{
	struct say *say = userdata;
	bool is_error = diag->severity >= SAKER_SEVERITY_ERROR;
	const char *place = diag->file[0] ? diag->file : say->subject ? say->subject : "";

	if (is_error)
		say->errors++;
	fputs("evtcap: ", say->out);
	put_coloured(say, is_error ? RED : YELLOW, is_error ? "error" : "warning");
	fputs(": ", say->out);
	if (*place) {
		text_put_clean(say->out, place, strlen(place));
		if (diag->column)
			fprintf(say->out, ", column %u", diag->column);
		fputs(": ", say->out);
	}
	text_put_clean(say->out, diag->message, strlen(diag->message));
	fputc('\n', say->out);
	put_snippet(say, diag->snippet);
	if (diag->hint[0]) {
		fputs("    ", say->out);
		put_coloured(say, CYAN, "hint: ");
		text_put_clean(say->out, diag->hint, strlen(diag->hint));
		fputc('\n', say->out);
	}
}
