/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: from a place or a mark to the saker_diag that the caller sees. See diag.h. */
#include <stdarg.h>
#include <stdio.h>

#include "load_internal.h"

#define MAX_PLACES 12

const char *rules_code_id(enum rules_code code)
{
	static const char *const ids[] = {
#define X(symbol, severity, text) #symbol,
		RULES_CODE_LIST(X)
#undef X
	};

	return (size_t)code < ARRAY_SIZE(ids) ? ids[code] : "";
}

const char *rules_code_text(enum rules_code code)
{
	static const char *const texts[] = {
#define X(symbol, severity, text) text,
		RULES_CODE_LIST(X)
#undef X
	};

	return (size_t)code < ARRAY_SIZE(texts) ? texts[code] : "";
}

static enum saker_severity severity_of(enum rules_code code)
{
	static const uint8_t severities[] = {
#define X(symbol, severity, text) SAKER_SEVERITY_##severity,
		RULES_CODE_LIST(X)
#undef X
	};

	return (enum saker_severity)severities[code];
}

static const char *place_kind_text(enum rules_place_kind kind)
{
	static const char *const texts[] = {
#define X(symbol, text) text,
		RULES_PLACE_LIST(X)
#undef X
	};

	return texts[kind];
}

int rules_add_source(struct rules_reporter *reporter, const struct rules_source *source,
		     uint32_t *ret_index)
{
	int r = GROW(reporter->sources, reporter->n_sources, reporter->sources_cap);

	if (r < 0)
		return r;
	reporter->sources[reporter->n_sources] = *source;
	*ret_index = reporter->n_sources++;
	return 0;
}

static const struct rules_segment *find_segment(const struct rules_source *source, size_t offset)
{
	size_t low = 0;
	size_t high = source->n_segments;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (source->segments[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return &source->segments[low];
}

/* Bulk values have a NUL where their line ended. */
static bool is_line_end(char c)
{
	return c == '\n' || c == '\0';
}

/* Line and column of a byte of a file, counted on from a mark known before it. */
static void count_lines(const struct rules_source *file, const struct rules_mark *from,
			struct rules_mark *to)
{
	to->line = from->line;
	to->column = from->column;
	for (uint64_t i = from->offset; i < to->offset && i < file->len; i++) {
		if (is_line_end(file->content[i])) {
			to->line++;
			to->column = 0;
		} else if (((unsigned char)file->content[i] & 0xc0) != 0x80) {
			to->column++;
		}
	}
}

struct rules_mark rules_locate(const struct rules_reporter *reporter, const struct rules_mark *mark)
{
	const struct rules_source *source = &reporter->sources[mark->source];
	const struct rules_segment *segment;
	const struct rules_source *file;
	struct rules_mark found;

	if (source->name && mark->line == RULES_LINE_UNKNOWN) {
		found = (struct rules_mark){.source = mark->source, .offset = mark->offset};
		count_lines(source, &(struct rules_mark){0}, &found);
		return found;
	}
	if (source->name || source->n_segments == 0)
		return *mark;
	segment = find_segment(source, mark->offset);
	found = segment->scalar->mark;
	file = &reporter->sources[found.source];
	found.offset = rules_yaml_locate(
		segment->scalar, file->content, file->len,
		segment->offset + (segment->fixed ? 0 : mark->offset - segment->start));
	count_lines(file, &segment->scalar->mark, &found);
	return found;
}

/*
 * The line a byte stands in, cut to the snippet's width around it, and below it
 * a line with a caret under the byte.
 */
static void make_snippet(const char *content, size_t len, size_t pos, char *out, size_t size)
{
	size_t half = RULES_SNIPPET_WIDTH / 2;
	size_t from;
	size_t to;

	out[0] = '\0';
	if (len == 0)
		return;
	/* The mark of a missing value may lie behind the end or on a line break. */
	while (pos > 0 && (pos >= len || is_line_end(content[pos])))
		pos--;
	from = pos;
	while (from > 0 && !is_line_end(content[from - 1]) && pos - from < half)
		from--;
	to = pos;
	while (to < len && !is_line_end(content[to]) && to - pos < half)
		to++;
	if (to > from && content[to - 1] == '\r')
		to--;
	/* Never half a character at either end. */
	while (from < pos && ((unsigned char)content[from] & 0xc0) == 0x80)
		from++;
	while (to > pos && to < len && ((unsigned char)content[to] & 0xc0) == 0x80)
		to--;
	snprintf(out, size, "%.*s\n%*s^\n", (int)(to - from), content + from, (int)(pos - from),
		 "");
}

/* ---- waiting ---------------------------------------------------------------- */

/* A finding that waits; its strings and places are in the arena. */
struct rules_held {
	uint64_t about;
	uint32_t index; /* when it came: the order of those about the same */
	struct saker_diag diag;
};

void rules_hold(struct rules_reporter *reporter, struct arena *arena)
{
	reporter->holding = arena;
	reporter->about = 0;
}

void rules_about(struct rules_reporter *reporter, enum rules_stage stage, uint32_t position,
		 enum rules_step step)
{
	reporter->about = (uint64_t)stage << 48 | (uint64_t)position << 8 | (uint64_t)step;
}

static bool keep_strings(struct arena *arena, struct saker_diag *diag)
{
	const char **strings[] = {&diag->file, &diag->message, &diag->hint, &diag->snippet};
	/* Names of places are the arena's or constant already. */
	struct saker_diag_place *places =
		arena_alloc(arena, MAX(diag->n_places, 1u) * sizeof(*places));

	if (!places)
		return false;
	memcpy(places, diag->places, diag->n_places * sizeof(*places));
	diag->places = places;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		*strings[i] = arena_strdup(arena, *strings[i]);
		if (!*strings[i])
			return false;
	}
	return true;
}

/* Without memory to keep a finding it goes out at once: out of order is better than not. */
static void deliver(struct rules_reporter *reporter, const struct saker_diag *diag)
{
	struct saker_diag kept = *diag;

	if (!reporter->holding || GROW(reporter->held, reporter->n_held, reporter->held_cap) < 0 ||
	    !keep_strings(reporter->holding, &kept)) {
		reporter->fn(reporter->userdata, diag);
		return;
	}
	reporter->held[reporter->n_held] = (struct rules_held){
		.about = reporter->about, .index = reporter->n_held, .diag = kept};
	reporter->n_held++;
}

static int compare_held(const void *a, const void *b)
{
	const struct rules_held *x = a;
	const struct rules_held *y = b;

	if (x->about != y->about)
		return x->about < y->about ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

void rules_release(struct rules_reporter *reporter, bool first_error)
{
	bool stop = false;

	reporter->holding = NULL;
	if (reporter->n_held)
		qsort(reporter->held, reporter->n_held, sizeof(*reporter->held), compare_held);
	for (uint32_t i = 0; i < reporter->n_held && !stop; i++) {
		const struct saker_diag *diag = &reporter->held[i].diag;

		reporter->fn(reporter->userdata, diag);
		stop = first_error && diag->severity == SAKER_SEVERITY_ERROR;
	}
	free(reporter->held);
	reporter->held = NULL;
	reporter->n_held = reporter->held_cap = 0;
}

static const char *file_of(const struct rules_reporter *reporter, const struct rules_mark *mark)
{
	const char *name = NULL;

	if (mark->source < reporter->n_sources)
		name = reporter->sources[mark->source].name;
	return name ? name : "";
}

static void emit(struct rules_reporter *reporter, enum rules_code code,
		 const struct rules_place *place, const struct rules_mark *mark, const char *hint,
		 const char *message)
{
	struct saker_diag_place places[MAX_PLACES];
	char snippet[RULES_SNIPPET_WIDTH * 2 + 8] = "";
	const struct rules_place *p;
	const struct rules_source *file;
	struct rules_mark at = {0};
	uint32_t n = 0;
	struct saker_diag diag = {
		.id = rules_code_id(code),
		.severity = severity_of(code),
		.file = "",
		.message = message,
		.hint = hint ? hint : "",
		.snippet = snippet,
		.places = places,
	};

	if (diag.severity == SAKER_SEVERITY_ERROR)
		reporter->failed = true;
	if (!reporter->fn)
		return;
	for (p = place; p; p = p->parent)
		n++;
	n = MIN(n, MAX_PLACES - 1);
	diag.n_places = n;
	for (p = place; p && n > 0; p = p->parent) {
		places[--n] = (struct saker_diag_place){
			.kind = place_kind_text(p->kind),
			.name = p->name,
			.file = file_of(reporter, &p->mark),
			.line = p->mark.line + 1,
			.column = p->mark.column + 1,
			.offset = p->mark.offset,
			.detail = p->detail,
		};
	}
	if (place)
		at = place->mark;
	if (mark) {
		at = rules_locate(reporter, mark);
		places[diag.n_places++] = (struct saker_diag_place){
			.kind = place_kind_text(place && place->kind == RULES_PLACE_RULE_OUTPUT
							? RULES_PLACE_RULE_OUTPUT_EXPRESSION
							: RULES_PLACE_CONDITION_EXPRESSION),
			.name = "",
			.file = file_of(reporter, &at),
			.line = at.line + 1,
			.column = at.column + 1,
			.offset = at.offset,
			.detail = place && place->kind == RULES_PLACE_RULE_OUTPUT,
		};
	}
	if (place && at.source < reporter->n_sources) {
		file = &reporter->sources[at.source];
		diag.file = file_of(reporter, &at);
		diag.line = at.line + 1;
		diag.column = at.column + 1;
		make_snippet(file->content, file->len, at.offset, snippet, sizeof(snippet));
	}
	deliver(reporter, &diag);
}

_printf_(6, 0) static void finding(struct rules_reporter *reporter, enum rules_code code,
				   const struct rules_place *place, const struct rules_mark *mark,
				   const char *hint, const char *format, va_list ap)
{
	char message[1024];
	char *whole = NULL;

	/* Names may be long: without memory for the whole text its start will do. */
	if (vasprintf(&whole, format, ap) < 0) {
		whole = NULL;
		snprintf(message, sizeof(message), "%s", rules_code_text(code));
	}
	emit(reporter, code, place, mark, hint, whole ? whole : message);
	free(whole);
}

int rules_finding(struct rules_reporter *reporter, enum rules_code code,
		  const struct rules_place *place, const char *hint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	finding(reporter, code, place, NULL, hint, format, ap);
	va_end(ap);
	return severity_of(code) == SAKER_SEVERITY_ERROR ? -EBADMSG : 0;
}

int rules_finding_at(struct rules_reporter *reporter, enum rules_code code,
		     const struct rules_place *place, const struct rules_mark *mark,
		     const char *hint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	finding(reporter, code, place, mark, hint, format, ap);
	va_end(ap);
	return severity_of(code) == SAKER_SEVERITY_ERROR ? -EBADMSG : 0;
}

/*
 * What a macro or a list brought into a rule's condition: its own places go
 * below the rule's, so that the chain leads to the very file.
 */
static const struct rules_place *foreign_places(const struct rules_source *source,
						const struct rules_place *place,
						struct rules_place room[2])
{
	const struct rules_place *owner = source->owner;

	if (!owner || owner == place || !owner->parent)
		return place;
	room[0] = *owner->parent;
	room[0].parent = place;
	room[0].detail = true;
	room[1] = *owner;
	room[1].parent = &room[0];
	room[1].detail = true;
	return &room[1];
}

static enum rules_step step_of(enum rules_code code, enum rules_part part)
{
	if (part == RULES_PART_OUTPUT)
		return RULES_STEP_OUTPUT;
	if (part == RULES_PART_RULE)
		return code == RULES_LOAD_NO_EVTTYPE ? RULES_STEP_CODES : RULES_STEP_OUTPUT_TEXT;
	if (code == RULES_LOAD_COMPILE_CONDITION)
		return RULES_STEP_CONDITION_NOTES;
	return code == RULES_LOAD_DEPRECATED_ITEM ? RULES_STEP_CONDITION_WARNINGS
						  : RULES_STEP_CONDITION;
}

void rules_report(struct rules_build *build, enum rules_code code, const struct rules_input *input,
		  enum rules_part part, const struct rules_mark *mark, const char *hint,
		  const char *format, ...)
{
	struct rules_reporter *reporter = &build->loader->reporter;
	const struct rules_place *place = input->place;
	struct rules_place room[2];
	va_list ap;

	if (part == RULES_PART_CONDITION)
		place = input->condition_place;
	else if (part == RULES_PART_OUTPUT)
		place = input->output_place;
	if (mark && mark->source < reporter->n_sources)
		place = foreign_places(&reporter->sources[mark->source], place, room);
	else
		mark = NULL;
	rules_about(reporter, RULES_STAGE_RULE, input->position, step_of(code, part));
	va_start(ap, format);
	finding(reporter, code, place, mark, hint, format, ap);
	va_end(ap);
	if (severity_of(code) == SAKER_SEVERITY_ERROR)
		build->failed = true;
}

void rules_report_text(saker_diag_fn fn, void *userdata, enum rules_code code, const char *text,
		       size_t len, size_t offset, const char *hint, const char *message)
{
	char snippet[RULES_SNIPPET_WIDTH * 2 + 8];
	struct rules_source source = {.content = text, .len = len};
	struct rules_mark start = {0};
	struct rules_mark at = {.offset = MIN(offset, len)};
	struct saker_diag diag = {
		.id = rules_code_id(code),
		.severity = severity_of(code),
		.file = "",
		.message = message,
		.hint = hint ? hint : "",
		.snippet = snippet,
	};

	if (!fn)
		return;
	count_lines(&source, &start, &at);
	diag.line = at.line + 1;
	diag.column = at.column + 1;
	make_snippet(text, len, at.offset, snippet, sizeof(snippet));
	fn(userdata, &diag);
}

/* Edits between two names, given up on beyond `limit`. */
static size_t distance(const char *a, const char *b, size_t limit)
{
	size_t row[64];
	size_t n = strlen(a);
	size_t m = strlen(b);

	if (n >= ARRAY_SIZE(row) || m >= ARRAY_SIZE(row) || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = MIN(best, row[j] + 1);
			row[j] = MIN(best, row[j - 1] + 1);
		}
	}
	return row[m];
}

const char *rules_nearest(const char *name, const char *const *names, size_t n)
{
	size_t len = strlen(name);
	size_t limit = len < 4 ? 1 : len < 9 ? 2 : 3;
	const char *best = NULL;

	for (size_t i = 0; i < n && limit > 0; i++) {
		size_t d = distance(name, names[i], limit);

		if (d <= limit && d > 0) {
			best = names[i];
			limit = d - 1;
		}
	}
	return best;
}
