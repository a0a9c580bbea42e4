/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering: values as text, messages and the named values of an alert. */
#include "format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- one value ----------------------------------------------------------- */

static size_t format_put(char *buf, size_t room, const char *text, size_t len)
{
	if (room && len)
		memcpy(buf, text, MIN(room, len));
	return len;
}

static size_t format_number(const struct saker_value *v, enum saker_format format, char *buf,
			    size_t room)
{
	bool is_signed = v->type >= SAKER_TYPE_I8 && v->type <= SAKER_TYPE_I64;
	uint64_t u = saker_value_bits(v);
	char text[40];
	int n;

	switch (format) {
	case SAKER_FORMAT_HEX:
		n = snprintf(text, sizeof(text), "%" PRIX64, u);
		break;
	case SAKER_FORMAT_OCT:
		n = snprintf(text, sizeof(text), "%" PRIo64, u);
		break;
	case SAKER_FORMAT_PADDED_DEC:
		n = is_signed ? snprintf(text, sizeof(text), "%09" PRId64, v->i64)
			      : snprintf(text, sizeof(text), "%09" PRIu64, v->u64);
		break;
	default:
		n = is_signed ? snprintf(text, sizeof(text), "%" PRId64, v->i64)
			      : snprintf(text, sizeof(text), "%" PRIu64, v->u64);
		break;
	}
	return format_put(buf, room, text, (size_t)n);
}

static size_t format_bytes(const struct saker_value *v, char *buf, size_t room)
{
	for (uint32_t i = 0; i < v->len && i < room; i++)
		buf[i] = v->str[i] >= 0x20 && v->str[i] < 0x7f ? v->str[i] : '.';
	return v->len;
}

static size_t format_ip(const struct saker_value *v, char *buf, size_t room)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(v->ip->family == 4 ? AF_INET : AF_INET6, v->ip->addr, text, sizeof(text)))
		return format_put(buf, room, "<NA>", 4);
	return format_put(buf, room, text, strlen(text));
}

size_t rules_format_value(const struct saker_value *value, enum saker_format format, char *buf,
			  size_t room)
{
	char text[352];

	if (value->format)
		format = (enum saker_format)value->format;
	switch ((enum saker_type)value->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
		return format_put(buf, room, value->str, value->len);
	case SAKER_TYPE_BYTES:
		return format_bytes(value, buf, room);
	case SAKER_TYPE_BOOL:
		return value->u64 ? format_put(buf, room, "true", 4)
				  : format_put(buf, room, "false", 5);
	case SAKER_TYPE_DOUBLE:
		return format_put(buf, room, text,
				  (size_t)snprintf(text, sizeof(text), "%.1f", value->f64));
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		return format_ip(value, buf, room);
	case SAKER_TYPE_NONE:
		return format_put(buf, room, "<NA>", 4);
	default:
		return format_number(value, format, buf, room);
	}
}

/* ---- messages ------------------------------------------------------------ */

void rules_renderer_fini(struct rules_renderer *renderer)
{
	free(renderer->message);
	free(renderer->values);
	free(renderer->typed);
	arena_fini(&renderer->arena);
	memset(renderer, 0, sizeof(*renderer));
}

static int render_reserve(struct rules_renderer *renderer, size_t len)
{
	size_t room;
	char *message;

	if (renderer->len + len + 1 <= renderer->room)
		return 0;
	room = MAX(renderer->room * 2, renderer->len + len + 256);
	message = realloc(renderer->message, room);
	if (!message)
		return -ENOMEM;
	renderer->message = message;
	renderer->room = room;
	return 0;
}

static int render_text(struct rules_renderer *renderer, const char *text, size_t len)
{
	int r = render_reserve(renderer, len);

	if (r < 0)
		return r;
	if (len)
		memcpy(renderer->message + renderer->len, text, len);
	renderer->len += len;
	return 0;
}

static int render_value(struct rules_renderer *renderer, const struct saker_value *value,
			enum saker_format format)
{
	size_t room = renderer->room - renderer->len;
	size_t len = rules_format_value(
		value, format, renderer->message ? renderer->message + renderer->len : NULL,
		renderer->message ? room : 0);

	/* once more when it did not fit */
	if (len + 1 > room) {
		int r = render_reserve(renderer, len);

		if (r < 0)
			return r;
		rules_format_value(value, format, renderer->message + renderer->len, len);
	}
	renderer->len += len;
	return 0;
}

/* Lists as (a,b); alternatives with blanks between, but never a blank first. */
static int render_values(struct rules_renderer *renderer, const struct rules_term *term,
			 const struct saker_values *values)
{
	int r = term->list ? render_text(renderer, "(", 1) : 0;
	size_t start = renderer->len;

	for (uint32_t i = 0; r >= 0 && i < values->n; i++) {
		if (term->list ? i > 0 : renderer->len > start)
			r = render_text(renderer, term->list ? "," : " ", 1);
		if (r >= 0)
			r = render_value(renderer, &values->v[i], (enum saker_format)term->format);
	}
	if (r >= 0 && term->list)
		r = render_text(renderer, ")", 1);
	return r;
}

/* Alternatives that are all empty have nothing to show; a single value that is empty is one. */
static bool render_is_blank(const struct rules_term *term, const struct saker_values *values)
{
	if (!(term->flags & SAKER_FIELD_ANY) || term->type != SAKER_TYPE_STRING)
		return false;
	for (uint32_t i = 0; i < values->n; i++) {
		if (values->v[i].len)
			return false;
	}
	return true;
}

static bool render_is_missing(const struct rules_term *term, const struct saker_values *values)
{
	return (!values->n && (values->absent || !term->list)) ||
	       term->flags & SAKER_FIELD_FILTER_ONLY || render_is_blank(term, values);
}

/* What JSON has of it. */
static const struct saker_values *typed_values(struct rules_machine *machine,
					       const struct rules_term *term,
					       struct saker_values *room)
{
	memset(room, 0, sizeof(*room));
	room->absent = SAKER_ABSENT_NOT_APPLICABLE;
	term->ref->extract_typed(machine->record, term->ref, room);
	return room;
}

static int render_term(struct rules_renderer *renderer, struct rules_machine *machine, uint32_t id)
{
	const struct rules_term *term = &machine->program->terms[id];
	const struct saker_values *values;
	struct saker_values room;

	if (term->kind == RULES_TERM_FIELD && term->flags & SAKER_FIELD_TYPED_TEXT &&
	    term->ref->extract_typed)
		values = typed_values(machine, term, &room);
	else
		values = rules_machine_term(machine, id);
	if (render_is_missing(term, values))
		return render_text(renderer, "<NA>", 4);
	return render_values(renderer, term, values);
}

static int render_pad(struct rules_renderer *renderer, size_t start, uint32_t pad)
{
	size_t len = renderer->len - start;
	int r;

	if (len >= pad) {
		renderer->len = start + pad;
		return 0;
	}
	r = render_reserve(renderer, pad - len);
	if (r < 0)
		return r;
	memset(renderer->message + renderer->len, ' ', pad - len);
	renderer->len = start + pad;
	return 0;
}

static int render_format(struct rules_renderer *renderer, struct rules_machine *machine,
			 const struct rules_format *format)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < format->n_pieces; i++) {
		const struct rules_format_piece *piece = &format->pieces[i];
		size_t start = renderer->len;

		if (piece->term == RULES_NO_ID)
			r = render_text(renderer, piece->text, piece->len);
		else
			r = render_term(renderer, machine, piece->term);
		if (r >= 0 && piece->pad)
			r = render_pad(renderer, start, piece->pad);
	}
	return r;
}

/* ---- named values -------------------------------------------------------- */

/* Takes what was rendered since start as a text value of its own. */
static int render_take(struct rules_renderer *renderer, size_t start, struct saker_value *ret)
{
	size_t len = renderer->len - start;
	char *text = arena_strndup(&renderer->arena, renderer->message + start, len);

	if (!text)
		return -ENOMEM;
	renderer->len = start;
	*ret = saker_value_str(text, len);
	return 0;
}

static int render_named_term(struct rules_renderer *renderer, struct rules_machine *machine,
			     uint32_t id, struct saker_values *typed,
			     struct saker_named_value *named)
{
	const struct rules_term *term = &machine->program->terms[id];
	const struct saker_values *values;
	size_t start = renderer->len;
	int r;

	if (term->kind == RULES_TERM_FIELD && term->ref->extract_typed)
		values = typed_values(machine, term, typed);
	else
		values = rules_machine_term(machine, id);
	if (render_is_missing(term, values)) {
		named->value =
			saker_value_absent((enum saker_type)term->type,
					   values->absent ? (enum saker_absence)values->absent
							  : SAKER_ABSENT_NOT_APPLICABLE);
		return 0;
	}
	if (term->list) {
		named->is_list = true;
		named->list = values->v;
		named->n_list = values->n;
		return 0;
	}
	if (values->n > 1) {
		r = render_values(renderer, term, values);
		return r < 0 ? r : render_take(renderer, start, &named->value);
	}
	named->value = values->v[0];
	if (!named->value.format)
		named->value.format = term->format;
	return 0;
}

static int render_named(struct rules_renderer *renderer, struct rules_machine *machine,
			const struct rules_output *output)
{
	int r = 0;

	if (output->n_values > renderer->room_values) {
		size_t room = output->n_values;
		void *values = util_reallocarray(renderer->values, room, sizeof(*renderer->values));
		void *typed;

		if (!values)
			return -ENOMEM;
		renderer->values = values;
		typed = util_reallocarray(renderer->typed, room, sizeof(*renderer->typed));
		if (!typed)
			return -ENOMEM;
		renderer->typed = typed;
		renderer->room_values = (uint32_t)room;
	}
	for (uint32_t i = 0; r >= 0 && i < output->n_values; i++) {
		const struct rules_output_value *value = &output->values[i];
		struct saker_named_value *named = &renderer->values[i];
		size_t start = renderer->len;

		memset(named, 0, sizeof(*named));
		named->name = value->name;
		if (value->format) {
			r = render_format(renderer, machine, value->format);
			if (r >= 0)
				r = render_take(renderer, start, &named->value);
		} else {
			r = render_named_term(renderer, machine, value->term, &renderer->typed[i],
					      named);
		}
	}
	return r;
}

int rules_render(struct rules_renderer *renderer, struct rules_machine *machine,
		 const struct rules_output *output, struct saker_rendered *ret_rendered)
{
	int r;

	renderer->len = 0;
	if (!renderer->arena.block_size)
		arena_init(&renderer->arena, 4096);
	arena_rewind(&renderer->arena);
	r = render_reserve(renderer, 0);
	if (r >= 0)
		r = render_format(renderer, machine, &output->format);
	if (r >= 0) {
		/* values use the buffer's end; the message stays in front of them */
		size_t len = renderer->len;

		r = render_reserve(renderer, 1);
		if (r >= 0) {
			renderer->len = len + 1;
			r = render_named(renderer, machine, output);
		}
		if (r >= 0) {
			renderer->message[len] = '\0';
			ret_rendered->message_len = len;
		}
	}
	if (r < 0)
		return r;
	ret_rendered->message = renderer->message;
	ret_rendered->values = renderer->values;
	ret_rendered->n_values = output->n_values;
	return 0;
}
