/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text out of binary: a string builder over a record's scratch memory, and the
 * one function that writes any parameter of any event as text.
 */
#ifndef ENRICH_RENDER_H
#define ENRICH_RENDER_H

#include "state.h"

/* Grows in the arena. After a failed allocation it stays as it was and says so. */
struct render_text {
	struct arena *arena;
	char *text;
	uint32_t len;
	uint32_t capacity;
	bool failed;
};

void render_init(struct render_text *t, struct arena *arena);
void render_add(struct render_text *t, const char *s, size_t len);
void render_char(struct render_text *t, char c);
void render_format(struct render_text *t, const char *format, ...) _printf_(2, 3);
/* A NUL-separated list with its NULs as blanks (or another separator). */
void render_list(struct render_text *t, const struct enrich_str *list, char separator);

static inline void render_string(struct render_text *t, const char *s)
{
	render_add(t, s, strlen(s));
}

static inline void render_slice(struct render_text *t, struct enrich_slice s)
{
	render_add(t, s.text, s.len);
}

static inline struct enrich_slice render_result(const struct render_text *t)
{
	return (struct enrich_slice){t->text ? t->text : "", t->len};
}

/* "1.2.3.4" or "::1"; returns the length. buf takes INET6_ADDRSTRLEN bytes. */
uint32_t render_ip(char *buf, const uint8_t *addr, bool v6);
/* Non-printable bytes as dots. */
void render_bytes(struct render_text *t, const uint8_t *data, uint32_t len);

/* A parameter's two forms: as it is, and what it stands for (empty = nothing else). */
struct enrich_rendered {
	struct enrich_slice raw;
	struct enrich_slice resolved;
};

/*
 * Both forms of parameter `index`, which the event must have; they live in the
 * event, the state or the scratch. Never fails: what can't be said is "<NA>".
 */
void enrich_param_render(struct saker_record *r, uint32_t index, struct enrich_rendered *ret);
/* The resolved form, or the raw one where there is none. */
struct enrich_slice enrich_param_resolved(struct saker_record *r, uint32_t index);
/* As evt.args has it. */
void enrich_args_render(struct saker_record *r, struct render_text *t);

#endif /* ENRICH_RENDER_H */
