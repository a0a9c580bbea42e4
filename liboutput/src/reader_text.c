/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts out of text: "18:34:34.926492031: Warning What happened | user=root file=/x".
 * A field is a word and '='; its value goes up to the next field, so it may have blanks.
 * Older outputs have the fields in parentheses.
 */
#include <ctype.h>

#include "reader.h"

#define NS_PER_S UINT64_C(1000000000)
#define CLOCK_LEN 18 /* HH:MM:SS.nnnnnnnnn */

static bool two(const char *p, uint32_t max, uint32_t *ret)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*ret = (uint32_t)(p[0] - '0') * 10 + (uint32_t)(p[1] - '0');
	return *ret <= max;
}

/* "HH:MM:SS.nnnnnnnnn" of a day. */
static bool take_clock(const char *p, size_t len, uint64_t day, uint64_t *ret)
{
	uint32_t hour, minute, second;
	uint64_t fraction = 0;

	if (len < CLOCK_LEN || !two(p, 23, &hour) || p[2] != ':' || !two(p + 3, 59, &minute) ||
	    p[5] != ':' || !two(p + 6, 60, &second) || p[8] != '.')
		return false;
	for (int i = 9; i < CLOCK_LEN; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		fraction = fraction * 10 + (uint64_t)(p[i] - '0');
	}
	*ret = day ? day + (hour * 3600 + minute * 60 + second) * NS_PER_S + fraction : 0;
	return true;
}

size_t output_text_head(const char *line, size_t len, uint64_t day, uint64_t *ret_time,
			enum saker_priority *ret_priority)
{
	const char *end = memmem(line, MIN(len, 48), ": ", 2), *word;
	size_t n;

	if (!end)
		return 0;
	n = (size_t)(end - line);
	if (!(n == CLOCK_LEN && take_clock(line, n, day, ret_time)) &&
	    saker_alert_time_parse(line, n, ret_time) < 0)
		return 0;
	word = end + 2;
	for (n = 0; word + n < line + len && isalpha((unsigned char)word[n]); n++)
		;
	if (word + n >= line + len || word[n] != ' ' ||
	    saker_alert_priority_parse(word, n, ret_priority) < 0)
		return 0;
	return (size_t)(word - line) + n + 1;
}

bool saker_alert_is_text(const char *line, size_t len)
{
	enum saker_priority priority;
	uint64_t time;

	return line && output_text_head(line, len, 0, &time, &priority) > 0;
}

/* A field's name: a word with dots and brackets, and '=' behind it. Its length, or 0. */
static size_t name_at(const char *p, const char *end)
{
	const char *s = p;

	if (p == end || !(isalpha((unsigned char)*p) || *p == '_'))
		return 0;
	while (s < end && (isalnum((unsigned char)*s) || strchr("_.[]", *s)) && *s)
		s++;
	return s < end && *s == '=' ? (size_t)(s - p) : 0;
}

static int add_field(struct saker_alert_reader *reader, const char *name, size_t name_len,
		     const char *value, const char *end)
{
	struct saker_alert_field field = {.name = arena_strndup(&reader->arena, name, name_len)};
	char *copy;

	while (end > value && (end[-1] == ' ' || end[-1] == ','))
		end--;
	copy = arena_strndup(&reader->arena, value, (size_t)(end - value));
	if (!field.name || !copy)
		return -ENOMEM;
	if (strcmp(copy, "<NA>") == 0)
		field.value = saker_value_absent(SAKER_TYPE_STRING, SAKER_ABSENT_NOT_APPLICABLE);
	else
		field.value = saker_value_str(copy, (size_t)(end - value));
	return output_reader_add(reader, &field);
}

static int take_fields(struct saker_alert_reader *reader, const char *p, const char *end)
{
	const char *name = NULL, *value = NULL;
	size_t name_len = 0, n;
	int r = 0;

	for (bool at_word = true; p < end && r == 0; p++) {
		n = at_word ? name_at(p, end) : 0;
		at_word = *p == ' ' || *p == '(';
		if (!n)
			continue;
		if (name)
			r = add_field(reader, name, name_len, value, p);
		name = p;
		name_len = n;
		value = p + n + 1;
		p = value - 1;
	}
	return r == 0 && name ? add_field(reader, name, name_len, value, end) : r;
}

/* Where the fields begin, behind what says in words what happened. */
static const char *find_fields(const char *message, const char *end, const char **ret_words_end)
{
	const char *bar = memmem(message, (size_t)(end - message), " | ", 3), *p;

	if (bar) {
		*ret_words_end = bar;
		return bar + 3;
	}
	/* "Words (user=root command=...)": of the parentheses the one before a field. */
	for (p = message; p < end; p++) {
		if (*p == '(' && name_at(p + 1, end)) {
			*ret_words_end = p > message && p[-1] == ' ' ? p - 1 : p;
			return p + 1;
		}
	}
	for (p = message; p < end; p++) {
		if ((p == message || p[-1] == ' ') && name_at(p, end)) {
			*ret_words_end = p > message ? p - 1 : p;
			return p;
		}
	}
	*ret_words_end = end;
	return end;
}

static const char *find_rule(const struct saker_alert_reader *reader, const char *message,
			     size_t len)
{
	const char *rule = NULL;
	size_t longest = 0;

	for (uint32_t i = 0; i < reader->n_starts; i++) {
		size_t n = strlen(reader->starts[i].start);

		if (n > longest && n <= len && memcmp(reader->starts[i].start, message, n) == 0) {
			longest = n;
			rule = reader->starts[i].rule;
		}
	}
	return rule;
}

int output_reader_text_alert(struct saker_alert_reader *reader, const char *line, size_t len,
			     struct saker_alert *ret)
{
	const char *end = line + len, *message, *words_end, *fields;
	struct saker_alert a = {.source = "", .hostname = ""};
	size_t head = output_text_head(line, len, reader->day, &a.time, &a.priority);
	int r;

	if (!head)
		return 0;
	message = line + head;
	if (reader->text_escaped) {
		struct saker_json_slice s = {message, (uint32_t)MIN(len - head, UINT32_MAX),
					     SAKER_JSON_STRING, 1};

		message = output_reader_text(reader, &s);
		if (!message)
			return -ENOMEM;
		len = head + strlen(message);
		end = message + strlen(message);
	}
	fields = find_fields(message, end, &words_end);
	if (fields < end && fields[-1] == '(' && end[-1] == ')')
		end--;
	r = take_fields(reader, fields, end);
	if (r < 0)
		return r;
	a.message = arena_strndup(&reader->arena, message, len - head);
	a.rule = find_rule(reader, message, len - head);
	if (!a.rule)
		a.rule = arena_strndup(&reader->arena, message, (size_t)(words_end - message));
	if (!a.message || !a.rule)
		return -ENOMEM;
	r = output_reader_finish(reader, &a);
	if (r < 0)
		return r;
	*ret = a;
	return 1;
}
