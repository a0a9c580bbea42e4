/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field on events of arbitrary parameters. The input is a list of events:
 * code (two bytes), thread (one), then each parameter of that code as a length
 * (one byte) and its bytes. What fields yield is read, so that a sanitizer sees
 * what it should not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/enrich/event_story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REFS_MAX 512

static volatile uint64_t sink; /* keeps the reads */

static const char *const with_arguments[] = {
	"evt.arg.res",	    "evt.arg.fd",      "evt.arg.name",	    "evt.arg.flags",
	"evt.arg.addr",	    "evt.arg.tuple",   "evt.arg[0]",	    "evt.arg[7]",
	"evt.rawarg.res",   "evt.rawarg.name", "evt.rawarg.data",   "evt.rawarg.mode",
	"evt.type.is.open", "evt.around[1]",   "evt.abspath.src",   "evt.abspath.dst",
	"proc.aname[1]",    "proc.args[0]",    "proc.aargs[1]",	    "proc.env[PATH]",
	"proc.aenv[PATH]",  "proc.aenv[1]",    "thread.cgroup.cpu", "fd.types[0]",
};

struct refs {
	struct saker_field_ref v[REFS_MAX];
	char args[REFS_MAX][128];
	uint32_t n;
};

static void bind_all(struct refs *refs)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();

	for (uint32_t i = 0; i < c->n_fields; i++) {
		if (c->fields[i].flags & SAKER_FIELD_ARG_REQUIRED)
			continue;
		if (story_bind(c->fields[i].name, refs->args[refs->n], &refs->v[refs->n]) < 0)
			abort();
		refs->n++;
	}
	for (size_t i = 0; i < sizeof(with_arguments) / sizeof(with_arguments[0]); i++, refs->n++)
		if (story_bind(with_arguments[i], refs->args[refs->n], &refs->v[refs->n]) < 0)
			abort();
}

static uint64_t touch(const struct saker_values *out)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < out->n; i++) {
		const struct saker_value *v = &out->v[i];

		if (v->type == SAKER_TYPE_IP || v->type == SAKER_TYPE_NET)
			sum += v->ip->addr[15];
		else if (v->type <= SAKER_TYPE_BYTES)
			for (uint32_t j = 0; j < v->len; j++)
				sum += (uint8_t)v->str[j];
		else
			sum += v->u64;
	}
	return sum;
}

static uint64_t extract_all(struct saker_record *record, const struct refs *refs)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < refs->n; i++) {
		const struct saker_field_ref *ref = &refs->v[i];
		struct saker_values out;

		memset(&out, 0, sizeof(out));
		ref->extract(record, ref, &out);
		/* Only a list may be empty. */
		if (!out.n && out.absent == SAKER_PRESENT &&
		    !(ref->field->flags & SAKER_FIELD_LIST))
			abort();
		sum += touch(&out);
		if (!ref->extract_typed)
			continue;
		memset(&out, 0, sizeof(out));
		ref->extract_typed(record, ref, &out);
		sum += touch(&out);
	}
	return sum;
}

/* Moves *data on; NULL at the end of the input. */
static const struct saker_event *next_event(struct event_builder *b, const uint8_t **data,
					    const uint8_t *end, uint64_t ts)
{
	const uint8_t *p = *data;
	const struct saker_event_info *info;
	uint16_t code;
	uint8_t tid;

	if (end - p < 3)
		return NULL;
	code = (uint16_t)((p[0] | p[1] << 8) % SAKER_EVENT_CODES);
	tid = p[2] % 8;
	p += 3;
	info = saker_event_info(code);
	eb_begin(b);
	for (uint32_t i = 0; i < info->n_params && p < end; i++) {
		uint8_t len = *p++;

		if (len > end - p)
			len = (uint8_t)(end - p);
		eb_param(b, p, len);
		p += len;
	}
	*data = p;
	return eb_end(b, code, ts, 100 + tid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_builder b;
	static struct refs refs;
	const uint8_t *end = data + size;
	const struct saker_event *event;
	uint64_t ts = STORY_TS;
	uint64_t sum = 0;
	struct saker_state *state = story_state();

	if (!state)
		abort();
	if (!refs.n)
		bind_all(&refs);
	story_execve(&b, state, 100, 1, "bash", "bash", "-c\0x", 5, ts);
	story_execve(&b, state, 101, 100, "vi", "vi", "", 0, ts);
	story_openat(&b, state, 101, 3, "/etc/passwd", SAKER_FLAG_file_flags_O_RDONLY, 0, ts);
	while ((event = next_event(&b, &data, end, ++ts))) {
		struct saker_record *record = story_apply(state, event);

		if (record)
			sum += extract_all(record, &refs);
	}
	saker_state_free(state);
	sink = sum;
	return 0;
}
