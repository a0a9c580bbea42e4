/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of single events: a line of text by a format, or a JSON object of its
 * fields. A format that begins with '*' shows every event; otherwise only those
 * that have all of its fields, as sysdig has it.
 */
#include <sys/random.h>

#include "fields.h"
#include "json.h"
#include "session.h"
#include "text.h"

#define DEFAULT_FORMAT                                                           \
	"*%evt.num %evt.outputtime %evt.cpu %proc.name (%thread.tid) %evt.type " \
	"%evt.args"
#define OUTPUT_TIME "%evt.outputtime"
/*
 * In a format: what follows is the run's nonce, which no value can guess, and a
 * letter: a colour, or a tab or newline that is the format's own.
 */
#define MARK '\x01'
#define NONCE_LEN 6

/* What fields look like on a terminal; the first that a field begins with counts. */
static const struct {
	const char *field;
	char letter;
} field_colours[] = {
	{"evt.num", 'd'},   {"evt.time", 'd'}, {"evt.rawtime", 'd'}, {"evt.reltime", 'd'},
	{"evt.delta", 'd'}, {"evt.date", 'd'}, {"evt.cpu", 'd'},     {"evt.type", 't'},
	{"proc.", 'p'},	    {"fd.", 'f'},      {"user.", 'u'},	     {"container.", 'u'},
	{"evt.res", 't'},
};

struct show {
	struct saker_formatter *formatter;
	struct saker_field_ref failed;
	char nonce[NONCE_LEN + 1];
	bool all; /* also events that lack some of the fields */
	bool json;
	bool reasons;
	bool colour;
};

/* ---- the format ------------------------------------------------------------------- */

struct builder {
	const char *nonce;
	char *text;
	size_t len;
	size_t capacity;
	bool failed;
};

static void build(struct builder *b, const char *text, size_t len)
{
	if (b->len + len + 1 > b->capacity) {
		size_t capacity = (b->len + len + 1) * 2;
		char *more = realloc(b->text, capacity);

		if (!more) {
			b->failed = true;
			return;
		}
		b->text = more;
		b->capacity = capacity;
	}
	memcpy(b->text + b->len, text, len);
	b->len += len;
	b->text[b->len] = '\0';
}

static void build_mark(struct builder *b, char letter)
{
	char mark[NONCE_LEN + 2] = {MARK};

	memcpy(mark + 1, b->nonce, NONCE_LEN);
	mark[NONCE_LEN + 1] = letter;
	build(b, mark, sizeof(mark));
}

/* Text between fields. */
static void build_literal(struct builder *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\t' || text[i] == '\n')
			build_mark(b, text[i] == '\t' ? 'T' : 'N');
		else
			build(b, text + i, 1);
	}
}

static char colour_of(const char *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_colours); i++) {
		if (strncmp(field, field_colours[i].field, strlen(field_colours[i].field)) == 0)
			return field_colours[i].letter;
	}
	return 0;
}

/* Bytes of a plain field behind its '%', with width and argument; 0 = something else. */
static size_t field_length(const char *text, const char **ret_name)
{
	size_t digits = strspn(text, "0123456789"), n;

	*ret_name = text + digits;
	n = digits + strspn(*ret_name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_.");
	if (text[n] == '(' || n == digits)
		return 0;
	if (text[n] == '[')
		n += strcspn(text + n, "]") + (strchr(text + n, ']') ? 1 : 0);
	return n;
}

/* Puts marks around the fields; they are turned into colours when a line is written. */
static void build_marked(struct builder *b, const char *format, bool colour)
{
	while (*format) {
		size_t literal = strcspn(format, "%"), n;
		const char *name;
		char letter;

		build_literal(b, format, literal);
		format += literal;
		if (!*format)
			break;
		n = field_length(format + 1, &name);
		letter = n && colour ? colour_of(name) : 0;
		if (letter)
			build_mark(b, letter);
		build(b, format, n + 1);
		if (letter)
			build_mark(b, '0');
		format += n + 1;
	}
}

static void build_time(struct builder *b, const char *format, enum evtcap_time form, bool json)
{
	static const char *const texts[][2] = {
#define X(symbol, word, letter, text, field) {text, field},
		EVTCAP_TIME_LIST(X)
#undef X
	};
	const char *at;

	while ((at = strstr(format, OUTPUT_TIME))) {
		build(b, format, (size_t)(at - format));
		build(b, texts[form][json], strlen(texts[form][json]));
		format = at + strlen(OUTPUT_TIME);
	}
	build(b, format, strlen(format));
}

/* "a,b" as a format that shows everything. */
static void build_fields(struct builder *b, const char *fields)
{
	build(b, "*", 1);
	while (*fields) {
		size_t n = strcspn(fields, ",");

		/* A comma in brackets belongs to an argument. */
		while (fields[n] && memchr(fields, '[', n) && !memchr(fields, ']', n))
			n += 1 + strcspn(fields + n + 1, ",");
		if (n) {
			build(b, b->len > 1 ? "\t%" : "%", b->len > 1 ? 2 : 1);
			build(b, fields, n);
		}
		fields += n + (fields[n] == ',');
	}
}

static int compile(struct session *s, struct show *show, const char *format)
{
	int r;

	s->say.subject = s->options->fields ? "fields" : "format";
	r = saker_formatter_compile(saker_enrich_catalogue(), format, say_diag, &s->say,
				    &show->formatter);
	if (r < 0 && s->say.errors == 0)
		say_error(&s->say, "the format cannot be used: %s", strerror(-r));
	s->say.subject = NULL;
	return r;
}

static int make_nonce(struct show *show)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(show->nonce, sizeof(show->nonce), "%06x", random & 0xffffff);
	return 0;
}

static int open_format(struct session *s, struct show *show)
{
	const struct evtcap_options *o = s->options;
	const char *format = o->format ? o->format : DEFAULT_FORMAT;
	struct builder fields = {0}, timed = {0}, marked = {.nonce = show->nonce};
	int r = make_nonce(show);

	if (o->fields) {
		build_fields(&fields, o->fields);
		format = fields.failed ? "" : fields.text;
	}
	show->all = *format == '*';
	build_time(&timed, format + show->all, o->time, o->json);
	if (!timed.failed)
		build_marked(&marked, timed.text, show->colour);
	if (fields.failed || timed.failed || marked.failed)
		r = -ENOMEM;
	/* First as typed, so that a caret stands where it should. */
	if (r == 0)
		r = compile(s, show, timed.text);
	if (r == 0 && !show->json && marked.text) {
		show->formatter = saker_formatter_free(show->formatter);
		r = compile(s, show, marked.text);
	}
	free(fields.text);
	free(timed.text);
	free(marked.text);
	return r;
}

/* ---- lines --------------------------------------------------------------------------- */

static const char *mark_text(char letter, bool failed)
{
	switch (letter) {
	case 'd':
		return "\x1b[2m";
	case 't':
		return failed ? "\x1b[1;31m" : "\x1b[1m";
	case 'p':
		return "\x1b[36m";
	case 'f':
		return "\x1b[32m";
	case 'u':
		return "\x1b[35m";
	case '0':
		return "\x1b[0m";
	case 'T':
		return "\t";
	case 'N':
		return "\n";
	default:
		return NULL;
	}
}

static void put_line(const struct show *show, const char *text, size_t len, bool failed)
{
	while (len) {
		size_t bad, good = text_clean_span(text, len, &bad);

		fwrite_unlocked(text, 1, good, stdout);
		text += good;
		len -= good;
		if (!bad)
			break;
		if (*text == MARK && len >= NONCE_LEN + 2 &&
		    memcmp(text + 1, show->nonce, NONCE_LEN) == 0) {
			const char *meant = mark_text(text[NONCE_LEN + 1], failed);

			fputs_unlocked(meant ? meant : "", stdout);
			bad = NONCE_LEN + 2;
		} else {
			fprintf(stdout, "\\x%02x", (unsigned char)*text);
		}
		text += bad;
		len -= bad;
	}
	putc_unlocked('\n', stdout);
}

/* "absent":{"fd.name":"dropped"} of those that have no value, if any. */
static void put_reasons(const struct saker_rendered *rendered)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rendered->n_values; i++) {
		const struct saker_named_value *v = &rendered->values[i];
		const char *why = v->is_list ? NULL : saker_absence_name(v->value.absent);

		if (!why)
			continue;
		fputs_unlocked(n++ ? "," : ",\"absent\":{", stdout);
		json_put_string(stdout, v->name, strlen(v->name));
		fprintf(stdout, ":\"%s\"", why);
	}
	if (n)
		putc_unlocked('}', stdout);
}

static void put_json(const struct saker_rendered *rendered, bool reasons)
{
	putc_unlocked('{', stdout);
	for (uint32_t i = 0; i < rendered->n_values; i++) {
		const struct saker_named_value *v = &rendered->values[i];

		if (i)
			putc_unlocked(',', stdout);
		json_put_string(stdout, v->name, strlen(v->name));
		putc_unlocked(':', stdout);
		if (!v->is_list) {
			json_put_value(stdout, &v->value);
			continue;
		}
		putc_unlocked('[', stdout);
		for (uint32_t j = 0; j < v->n_list; j++) {
			if (j)
				putc_unlocked(',', stdout);
			json_put_value(stdout, &v->list[j]);
		}
		putc_unlocked(']', stdout);
	}
	if (reasons)
		put_reasons(rendered);
	fputs_unlocked("}\n", stdout);
}

static bool is_complete(const struct saker_rendered *rendered)
{
	for (uint32_t i = 0; i < rendered->n_values; i++) {
		const struct saker_named_value *v = &rendered->values[i];

		if (v->is_list ? v->n_list == 0 : v->value.absent != SAKER_PRESENT)
			return false;
	}
	return true;
}

static int show_event(void *self, const struct saker_event_view *event,
		      const struct saker_event_meta *meta, struct saker_record *record)
{
	struct show *show = self;
	struct saker_rendered rendered;
	bool failed = false;
	int r = saker_formatter_render(show->formatter, record, &rendered);

	if (r < 0)
		return r;
	if (!show->all && !is_complete(&rendered))
		return 0;
	if (show->json) {
		put_json(&rendered, show->reasons);
	} else {
		if (show->colour)
			failed = fields_number(&show->failed, record, 0) != 0;
		put_line(show, rendered.message, rendered.message_len, failed);
	}
	return ferror_unlocked(stdout) ? (errno ? -errno : -EIO) : 1;
}

static int flush(void)
{
	errno = 0;
	return fflush(stdout) == 0 ? 0 : errno ? -errno : -EIO;
}

static int show_tick(void *self, uint64_t now, bool idle)
{
	return idle ? flush() : 0;
}

static int show_finish(void *self)
{
	return flush();
}

static void show_close(void *self)
{
	struct show *show = self;

	saker_formatter_free(show->formatter);
	free(show);
}

static int show_open(struct session *s, void **ret_self)
{
	struct show *show = calloc(1, sizeof(*show));
	int r;

	if (!show)
		return -ENOMEM;
	show->json = s->options->json;
	show->reasons = s->options->reasons;
	show->colour = s->colour && !show->json;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	r = fields_bind("evt.failed", &show->failed);
	if (r == 0)
		r = open_format(s, show);
	if (r < 0) {
		show_close(show);
		return r;
	}
	*ret_self = show;
	return 0;
}

const struct view view_show = {
	.open = show_open,
	.event = show_event,
	.tick = show_tick,
	.finish = show_finish,
	.close = show_close,
};
