/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts made of arbitrary bytes: saker_alert_write must stay in its buffer,
 * tell the same length for every size, and never let a control character or
 * broken UTF-8 through.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <saker/output.h>

#define FIELDS 4

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take_byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* A NUL-terminated piece of the input; NULL now and then. */
static char *take_text(struct input *in)
{
	size_t len = take_byte(in);
	char *text;

	if (len == 255)
		return NULL;
	if (len > in->size)
		len = in->size;
	text = malloc(len + 1);
	if (!text)
		abort();
	memcpy(text, in->data, len);
	text[len] = '\0';
	in->data += len;
	in->size -= len;
	return text;
}

static struct saker_value take_value(struct input *in, const char *text, const struct saker_ip *ip)
{
	struct saker_value v = {.type = take_byte(in) % 20, .absent = take_byte(in) % 16 == 0};

	v.format = take_byte(in) % 5;
	if (v.type >= SAKER_TYPE_STRING && v.type <= SAKER_TYPE_BYTES)
		return saker_value_str(text, text ? strlen(text) : 0);
	if (v.type == SAKER_TYPE_IP || v.type == SAKER_TYPE_NET) {
		v.ip = ip;
		return v;
	}
	for (int i = 0; i < 8; i++)
		v.u64 = v.u64 << 8 | take_byte(in);
	return v;
}

static void check(const struct saker_alert *alert, const struct saker_alert_format *format)
{
	size_t len = saker_alert_write(alert, format, NULL, 0);
	char *full = malloc(len + 1), *part = malloc(len / 2 + 1);

	if (!full || !part)
		abort();
	if (saker_alert_write(alert, format, full, len + 1) != len || strlen(full) != len)
		abort();
	if (saker_alert_write(alert, format, part, len / 2 + 1) != len ||
	    memcmp(full, part, len / 2) != 0)
		abort();
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)full[i] < 0x20 || full[i] == 0x7f)
			abort();
	}
	free(full);
	free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct saker_ip ip = {.family = 4};
	struct saker_alert_field fields[FIELDS] = {0};
	char *texts[FIELDS + 4], *names[FIELDS];
	uint8_t flags = take_byte(&in);
	struct saker_alert_format format = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert alert = {.priority = flags >> 5, .n_fields = FIELDS, .fields = fields};
	const char *tags[1];

	format.json = flags & 1;
	format.time_iso8601 = flags & 2;
	format.include_message = flags & 4;
	for (int i = 0; i < 8; i++)
		alert.time = alert.time << 8 | take_byte(&in);
	ip.family = flags & 8 ? 6 : 4;
	for (size_t i = 0; i < sizeof(ip.addr); i++)
		ip.addr[i] = take_byte(&in);
	for (size_t i = 0; i < FIELDS + 4; i++)
		texts[i] = take_text(&in);
	for (size_t i = 0; i < FIELDS; i++) {
		names[i] = take_text(&in);
		fields[i].name = names[i];
		fields[i].value = take_value(&in, texts[i], &ip);
	}
	fields[3].is_list = true;
	fields[3].list = &fields[2].value;
	fields[3].n_list = 1;
	alert.rule = texts[FIELDS];
	alert.hostname = texts[FIELDS + 1];
	alert.source = texts[FIELDS + 2];
	alert.message = texts[FIELDS + 3];
	tags[0] = texts[0];
	alert.tags = tags;
	alert.n_tags = 1;
	check(&alert, &format);
	for (size_t i = 0; i < FIELDS + 4; i++)
		free(texts[i]);
	for (size_t i = 0; i < FIELDS; i++)
		free(names[i]);
	return 0;
}
