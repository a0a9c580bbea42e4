/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as one line: Falco's text form and Falco's JSON form, byte for byte
 * save that DEL, the C1 controls, line separators and changes of direction are
 * escaped too. Pure: no state, no I/O.
 */
#include <stdio.h>
#include <time.h>

#include "alert.h"
#include "buffer.h"

#define NS_PER_S UINT64_C(1000000000)

enum stamp {
	STAMP_LOCAL, /* 18:34:34.926492031 */
	STAMP_UTC,   /* 2026-11-20T18:34:34.926492031 */
};

static void put_stamp(struct output_buffer *b, uint64_t ns, enum stamp stamp)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm = {0};

	if (stamp == STAMP_LOCAL) {
		localtime_r(&seconds, &tm);
	} else {
		gmtime_r(&seconds, &tm);
		output_put_padded(b, (uint64_t)tm.tm_year + 1900, 4);
		output_put_lit(b, "-");
		output_put_padded(b, (uint64_t)tm.tm_mon + 1, 2);
		output_put_lit(b, "-");
		output_put_padded(b, (uint64_t)tm.tm_mday, 2);
		output_put_lit(b, "T");
	}
	output_put_padded(b, (uint64_t)tm.tm_hour, 2);
	output_put_lit(b, ":");
	output_put_padded(b, (uint64_t)tm.tm_min, 2);
	output_put_lit(b, ":");
	output_put_padded(b, (uint64_t)tm.tm_sec, 2);
	output_put_lit(b, ".");
	output_put_padded(b, ns % NS_PER_S, 9);
}

static const char *text_or_empty(const char *s)
{
	return s ? s : "";
}

/* The text line: in the text form all there is, in JSON the "output" property. */
static void put_line(struct output_buffer *b, const struct saker_alert *alert,
		     const struct saker_alert_format *format, struct output_layout *layout)
{
	const char *priority = saker_priority_name(alert->priority);
	const char *message = text_or_empty(alert->message);

	if (format->time_iso8601) {
		put_stamp(b, alert->time, STAMP_UTC);
		output_put_lit(b, "+0000");
	} else {
		put_stamp(b, alert->time, STAMP_LOCAL);
	}
	output_put_lit(b, ": ");
	if (layout) {
		layout->priority = b->len;
		layout->priority_len = strlen(priority);
	}
	output_put_str(b, priority);
	output_put_lit(b, " ");
	output_put_escaped(b, message, strlen(message));
}

static void put_json_text(struct output_buffer *b, const char *text)
{
	text = text_or_empty(text);
	output_put_json_string(b, text, strlen(text));
}

static void put_field(struct output_buffer *b, const struct saker_alert_field *field)
{
	put_json_text(b, field->name);
	output_put_lit(b, ":");
	if (!field->is_list) {
		output_put_json_value(b, &field->value);
		return;
	}
	output_put_lit(b, "[");
	for (uint32_t i = 0; i < field->n_list; i++) {
		if (i)
			output_put_lit(b, ",");
		output_put_json_value(b, &field->list[i]);
	}
	output_put_lit(b, "]");
}

static void put_fields(struct output_buffer *b, const struct saker_alert *alert)
{
	output_put_lit(b, ",\"output_fields\":{");
	for (uint32_t i = 0; i < alert->n_fields; i++) {
		if (i)
			output_put_lit(b, ",");
		put_field(b, &alert->fields[i]);
	}
	output_put_lit(b, "}");
}

/* "absent":{"fd.name":"dropped"} of those that have no value, if any. */
static void put_absent(struct output_buffer *b, const struct saker_alert *alert)
{
	bool any = false;

	for (uint32_t i = 0; i < alert->n_fields; i++) {
		const struct saker_alert_field *field = &alert->fields[i];
		const char *why = field->is_list ? NULL : saker_absence_name(field->value.absent);

		if (!why)
			continue;
		output_put_str(b, any ? "," : "\"absent\":{");
		put_json_text(b, field->name);
		output_put_lit(b, ":");
		put_json_text(b, why);
		any = true;
	}
	if (any)
		output_put_lit(b, "},");
}

static void put_tags(struct output_buffer *b, const struct saker_alert *alert)
{
	output_put_lit(b, ",\"tags\":[");
	for (uint32_t i = 0; i < alert->n_tags; i++) {
		if (i)
			output_put_lit(b, ",");
		put_json_text(b, alert->tags[i]);
	}
	output_put_lit(b, "]");
}

/* The keys in alphabetical order, as readers of Falco's alerts have always seen them. */
static void put_json(struct output_buffer *b, const struct saker_alert *alert,
		     const struct saker_alert_format *format)
{
	output_put_lit(b, "{");
	if (format->include_absent)
		put_absent(b, alert);
	output_put_lit(b, "\"hostname\":");
	put_json_text(b, alert->hostname);
	if (format->include_message) {
		output_put_lit(b, ",\"message\":");
		put_json_text(b, alert->message);
	}
	if (format->include_output) {
		output_put_lit(b, ",\"output\":\"");
		put_line(b, alert, format, NULL);
		output_put_lit(b, "\"");
	}
	if (format->include_fields)
		put_fields(b, alert);
	output_put_lit(b, ",\"priority\":");
	put_json_text(b, saker_priority_name(alert->priority));
	output_put_lit(b, ",\"rule\":");
	put_json_text(b, alert->rule);
	output_put_lit(b, ",\"source\":");
	put_json_text(b, alert->source);
	if (format->include_tags)
		put_tags(b, alert);
	output_put_lit(b, ",\"time\":\"");
	put_stamp(b, alert->time, STAMP_UTC);
	output_put_lit(b, "Z\"}");
}

size_t output_alert_write(const struct saker_alert *alert, const struct saker_alert_format *format,
			  char *buf, size_t size, struct output_layout *layout)
{
	struct output_buffer b;

	output_buffer_init(&b, buf, size);
	if (layout)
		*layout = (struct output_layout){0};
	if (format->json)
		put_json(&b, alert, format);
	else
		put_line(&b, alert, format, layout);
	return output_buffer_finish(&b);
}

size_t saker_alert_write(const struct saker_alert *alert, const struct saker_alert_format *format,
			 char *buf, size_t size)
{
	if (!alert || !format || (!buf && size)) {
		if (buf && size)
			buf[0] = '\0';
		return 0;
	}
	return output_alert_write(alert, format, buf, size, NULL);
}
