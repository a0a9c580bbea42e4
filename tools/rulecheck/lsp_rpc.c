/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the protocol: a header with the length, then JSON-RPC 2.0. */
#include <poll.h>
#include <stdarg.h>

#include "lsp.h"
#include "text.h"

#define MAX_HEADER 1024 /* bytes of a header's line */

bool lsp_has_input(const struct lsp_input *in)
{
	struct pollfd p = {.fd = in->fd, .events = POLLIN};

	return in->at < in->n || in->ended || poll(&p, 1, 0) > 0;
}

/* Fills the buffer when it is used up; false = the end. */
static bool fill(struct lsp_input *in)
{
	ssize_t n;

	if (in->at < in->n)
		return true;
	do {
		n = in->ended ? 0 : read(in->fd, in->buffer, sizeof(in->buffer));
	} while (n < 0 && errno == EINTR);
	in->ended = n <= 0;
	in->at = 0;
	in->n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static int get_char(struct lsp_input *in)
{
	return fill(in) ? (unsigned char)in->buffer[in->at++] : EOF;
}

static size_t get_bytes(struct lsp_input *in, char *to, size_t n)
{
	size_t got = 0;

	while (got < n && fill(in)) {
		size_t take = MIN(n - got, in->n - in->at);

		memcpy(to + got, in->buffer + in->at, take);
		in->at += take;
		got += take;
	}
	return got;
}

/* A line without its end; -1 = the input ended, -EMSGSIZE = too long, the rest is skipped. */
static int read_line(struct lsp_input *in, char *line)
{
	size_t n = 0;
	int c;

	while ((c = get_char(in)) != EOF && c != '\n') {
		if (n + 1 < MAX_HEADER)
			line[n++] = (char)c;
		else
			n = MAX_HEADER;
	}
	if (c == EOF)
		return -1;
	if (n >= MAX_HEADER)
		return -EMSGSIZE;
	if (n && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	return (int)n;
}

/* The headers; the length in *ret, or -EBADMSG when they do not tell it. */
static int read_headers(struct lsp_input *in, size_t *ret)
{
	char line[MAX_HEADER];
	bool any = false, known = false;

	for (;;) {
		int n = read_line(in, line);
		unsigned long long length;
		char *end;

		if (n == -1)
			return 0;
		if (n == 0) {
			if (any)
				return known ? 1 : -EBADMSG;
			continue; /* an empty line too many between messages */
		}
		any = true;
		if (n < 0 || strncasecmp(line, "Content-Length:", 15) != 0)
			continue;
		errno = 0;
		length = strtoull(line + 15, &end, 10);
		known = errno == 0 && end != line + 15 && line[15 + strspn(line + 15, " ")] != '-';
		if (known && length > LSP_MAX_MESSAGE)
			return -EFBIG;
		*ret = (size_t)length;
	}
}

int lsp_read(struct lsp_input *in, char **ret_text, size_t *ret_len)
{
	size_t len = 0, got = 0, room = 0;
	char *text = NULL;
	int r = read_headers(in, &len);

	if (r <= 0)
		return r;
	/* The room grows with what comes: a length alone takes no memory. */
	while (got < len || !text) {
		size_t want = MIN(len, MAX(room * 2, (size_t)(64u << 10)));
		char *more = realloc(text, want + 1);

		if (!more) {
			free(text);
			return -ENOMEM;
		}
		text = more;
		room = want;
		got += get_bytes(in, text + got, room - got);
		if (got < room) {
			free(text);
			return 0;
		}
		if (len == 0)
			break;
	}
	text[got] = '\0';
	*ret_text = text;
	*ret_len = got;
	return 1;
}

static void send(struct lsp_server *server, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (!text) /* what is no UTF-8 does not get this far; memory may be short */
		return;
	fprintf(server->out, "Content-Length: %zu\r\n\r\n%s", strlen(text), text);
	fflush(server->out);
	free(text);
}

void lsp_answer(struct lsp_server *server, const json_t *id, json_t *result)
{
	if (!result) {
		lsp_fail(server, id, LSP_INTERNAL_ERROR, "no memory");
		return;
	}
	send(server, json_pack("{ss sO so}", "jsonrpc", "2.0", "id", id, "result", result));
}

void lsp_fail(struct lsp_server *server, const json_t *id, enum lsp_error code, const char *message)
{
	json_t *null = json_null();

	send(server, json_pack("{ss sO s{si ss}}", "jsonrpc", "2.0", "id", id ? id : null, "error",
			       "code", (int)code, "message", message));
}

void lsp_notify(struct lsp_server *server, const char *method, json_t *params)
{
	if (params)
		send(server,
		     json_pack("{ss ss so}", "jsonrpc", "2.0", "method", method, "params", params));
}

json_t *lsp_refuse(struct lsp_problem *problem, enum lsp_error code, const char *format, ...)
{
	va_list ap;

	problem->code = code;
	va_start(ap, format);
	vsnprintf(problem->message, sizeof(problem->message), format, ap);
	va_end(ap);
	text_make_utf8(problem->message); /* it may end within a character */
	return NULL;
}
