/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output formats: "%proc.name %20fd.name %tolower(user.name)" to pieces, the
 * values that go with an alert, and their rendering.
 */
#ifndef RULES_FORMAT_H
#define RULES_FORMAT_H

#include "eval.h"

/* %NN pads and cuts to at most this many bytes. */
#define RULES_FORMAT_MAX_PAD 65535

struct rules_format_piece {
	uint32_t term; /* RULES_NO_ID = plain text */
	uint32_t pad;  /* 0 = as long as it is */
	uint32_t len;
	const char *text;
};

struct rules_format {
	struct rules_format_piece *pieces; /* in the program's arena */
	uint32_t n_pieces;
};

/* A value that goes with the message. */
struct rules_output_value {
	const char *name;
	uint32_t term;			   /* RULES_NO_ID: */
	const struct rules_format *format; /* a format of its own */
};

struct rules_output {
	struct rules_format format;
	struct rules_output_value *values; /* by name, no name twice */
	uint32_t n_values;
};

/* Collects the pieces and values of an output while it is compiled. */
struct rules_format_builder {
	struct rules_builder *builder;
	RULES_ARRAY(struct rules_output_value, values);
	RULES_ARRAY(struct rules_format_piece, pieces);
};

void rules_format_builder_fini(struct rules_format_builder *fb);
/* Adds the fields in it to the values unless `silent`. -EBADMSG: error->offset says where. */
int rules_format_compile(struct rules_format_builder *fb, const char *text, size_t len, bool silent,
			 struct rules_format *ret_format);
/* Adds a value by field name with or without argument in brackets: "proc.aname[2]". */
int rules_format_add_field(struct rules_format_builder *fb, const char *text);
int rules_format_add_value(struct rules_format_builder *fb, const char *name, uint32_t term,
			   const struct rules_format *format);
/* Sorted, unique values into the output. */
int rules_format_finish(struct rules_format_builder *fb, struct rules_output *output);

/* ---- rendering ----------------------------------------------------------- */

/* Room for one rendered output; grows as needed and is kept. */
struct rules_renderer {
	char *message;
	size_t len;
	size_t room;
	struct arena arena; /* joined texts of values */
	struct saker_named_value *values;
	struct saker_values *typed;
	uint32_t room_values;
};

void rules_renderer_fini(struct rules_renderer *renderer);
/* Over the record that the machine is at. */
int rules_render(struct rules_renderer *renderer, struct rules_machine *machine,
		 const struct rules_output *output, struct saker_rendered *ret_rendered);

#endif /* RULES_FORMAT_H */
