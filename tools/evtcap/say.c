/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics with the text they are about. Whatever is quoted may come from a capture. */
#include <stdarg.h>

#include "say.h"

#define RED "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define CYAN "\x1b[1;36m"
#define RESET "\x1b[0m"

/* Bytes of the UTF-8 character at p that is no control; 0 = there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	static const unsigned char least[] = {0, 0, 0, 0xa0, 0x90}; /* of the second byte, below */
	size_t want = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (want == 0 || n < want)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 || p[0] == 0xf0) && p[1] < least[want])
		return 0; /* longer than need be */
	if ((p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0; /* half a surrogate pair, or past the last character */
	return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : want;
}

size_t say_clean_span(const char *text, size_t len, size_t *ret_bad)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		if (likely(p[i] >= 0x20 && p[i] < 0x7f)) {
			i++;
			continue;
		}
		if (p[i] >= 0x80) {
			size_t n = utf8_length(p + i, len - i);

			if (n) {
				i += n;
				continue;
			}
		}
		*ret_bad = 1;
		return i;
	}
	*ret_bad = 0;
	return i;
}

void say_put_clean(FILE *out, const char *text, size_t len)
{
	while (len) {
		size_t bad, good = say_clean_span(text, len, &bad);

		fwrite(text, 1, good, out);
		if (bad)
			fprintf(out, "\\x%02x", (unsigned char)text[good]);
		text += good + bad;
		len -= good + bad;
	}
}

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
	say_put_clean(say->out, message, strlen(message));
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
		say_put_clean(say->out, snippet, n);
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
		say_put_clean(say->out, place, strlen(place));
		if (diag->column)
			fprintf(say->out, ", column %u", diag->column);
		fputs(": ", say->out);
	}
	say_put_clean(say->out, diag->message, strlen(diag->message));
	fputc('\n', say->out);
	put_snippet(say, diag->snippet);
	if (diag->hint[0]) {
		fputs("    ", say->out);
		put_coloured(say, CYAN, "hint: ");
		say_put_clean(say->out, diag->hint, strlen(diag->hint));
		fputc('\n', say->out);
	}
}
