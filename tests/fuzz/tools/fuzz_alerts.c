/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtagg's formats over arbitrary bytes, handed over in one block or two, into an
 * aggregation with little memory: every line is one of alert, JSON, text or broken, the
 * alerts are those of the result, and what is shown of it is JSON.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "reader.h"
#include "view.h"

static void require(int condition)
{
	if (!condition)
		abort();
}

static void feed(struct reader *reader, struct stream *stream, const uint8_t *data, size_t size)
{
	static const struct input_options options = {.max_line = 1 << 20};
	struct block block = {0};

	if (!size)
		return;
	/* On the heap, no longer than it is: a read past the end is found. */
	block.data = malloc(size);
	require(block.data != NULL);
	memcpy(block.data, data, size);
	block.len = size;
	require(reader_feed(reader, stream, &options, &block) >= 0);
	free(block.data);
}

static void check_view(const struct result *result)
{
	struct saker_alert_scanner *scanner;
	struct saker_scan_options o = SAKER_SCAN_OPTIONS_INIT;
	struct view_options how = {0};
	struct saker_scanned s;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	require(out != NULL);
	require(view_find("json")->render(out, result, &how) == 0);
	fclose(out);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			text[i] = ' ';
	}
	o.strict = true;
	require(saker_alert_scanner_new(&o, &scanner) == 0);
	require(saker_alert_scan(scanner, text, len, &s) == len && s.kind == SAKER_LINE_JSON);
	saker_alert_scanner_free(scanner);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query query = {.by = {"rule", "a"}, .n_by = 2, .timeline = true};
	const struct aggregate_backend *backend = &aggregate_memory;
	struct stream stream = {.input = "fuzz"};
	struct wanted wanted = {0};
	struct column columns[2];
	struct consumer consumer;
	struct result *result = calloc(1, sizeof(*result));
	struct reader reader;
	size_t half = 0, n_formats = 0;

	while (format_at((uint32_t)n_formats))
		n_formats++;
	for (int i = 0; i < 2; i++)
		require(column_parse(query.by[i], &wanted, &columns[i]) == 0);
	require(result && reader_init(&reader, &wanted, false) == 0);
	require(backend->open(&query, columns, &consumer.userdata) == 0);
	consumer.record = backend->add;
	consumer.settle = backend->settle;
	reader.consumers[reader.n_consumers++] = consumer;
	if (size) {
		/* The last byte says how: so that seeds are files as they are. */
		uint8_t how = data[--size];

		if (how & 8)
			stream.format = format_at(how % (uint32_t)n_formats);
		for (half = how & 16 ? size / 2 : 0; half && half < size && data[half - 1] != '\n';)
			half++;
	}
	feed(&reader, &stream, data, half);
	feed(&reader, &stream, data + half, size - half);
	require(reader_end(&reader, &stream) >= 0);
	arena_init(&result->arena, 4096);
	require(backend->result(consumer.userdata, result) == 0);
	require(result->selected == reader.stats.alerts && result->shown == result->selected);
	if (stream.format && !stream.format->end && strcmp(stream.format->name, "cri") != 0)
		require(reader.stats.lines == reader.stats.alerts + reader.stats.json +
						      reader.stats.text + reader.stats.broken);
	check_view(result);
	result_free(result);
	backend->close(consumer.userdata);
	stream_fini(&stream);
	reader_fini(&reader);
	wanted_fini(&wanted);
	return 0;
}
