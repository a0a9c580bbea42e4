/* SPDX-License-Identifier: Apache-2.0 */
/* Findings kept and given out. SARIF is version 2.1.0 as code scanners read it. */
#include <jansson.h>

#include "findings.h"
#include "rulecheck.h"
#include "text.h"

void findings_init(struct findings *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena, 16 << 10);
}

void findings_fini(struct findings *f)
{
	free(f->v);
	arena_fini(&f->arena);
}

static const char *keep(struct findings *f, const char *text)
{
	char *copy = arena_strdup(&f->arena, text ? text : "");

	if (!copy)
		f->out_of_memory = true;
	else
		text_make_utf8(copy);
	return copy ? copy : "";
}

struct finding *findings_add(struct findings *f, const struct saker_diag *diag)
{
	struct finding *it;

	if (f->n == FINDINGS_MAX) {
		f->lost++;
		return NULL;
	}
	if (GROW(f->v, f->n, f->capacity) < 0) {
		f->out_of_memory = true;
		return NULL;
	}
	it = &f->v[f->n++];
	*it = (struct finding){.diag = *diag, .about = ""};
	it->diag.id = keep(f, diag->id);
	it->diag.file = keep(f, diag->file);
	it->diag.message = keep(f, diag->message);
	it->diag.hint = keep(f, diag->hint);
	it->diag.snippet = keep(f, diag->snippet);
	it->diag.places = NULL;
	it->diag.n_places = 0;
	for (uint32_t i = 0; i < diag->n_places; i++) {
		if (util_streq(diag->places[i].kind, "rule") ||
		    util_streq(diag->places[i].kind, "macro") ||
		    util_streq(diag->places[i].kind, "list"))
			it->about = keep(f, diag->places[i].name);
	}
	return it;
}

void findings_diag(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity >= SAKER_SEVERITY_WARNING)
		findings_add(userdata, diag);
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int order = strcmp(x->diag.file, y->diag.file);

	if (order)
		return order;
	if (x->diag.line != y->diag.line)
		return x->diag.line < y->diag.line ? -1 : 1;
	if (x->diag.column != y->diag.column)
		return x->diag.column < y->diag.column ? -1 : 1;
	order = strcmp(x->diag.id, y->diag.id);
	return order ? order : strcmp(x->diag.message, y->diag.message);
}

void findings_sort(struct findings *f)
{
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_place);
}

uint32_t findings_count(const struct findings *f, enum saker_severity severity)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		n += f->v[i].diag.severity == severity;
	return n;
}

static const char *severity_name(enum saker_severity severity)
{
	return severity == SAKER_SEVERITY_ERROR	    ? "error"
	       : severity == SAKER_SEVERITY_WARNING ? "warning"
						    : "note";
}

static int put(FILE *out, json_t *j)
{
	int r = j ? json_dumpf(j, out, JSON_INDENT(2) | JSON_SORT_KEYS) : -1;

	fputc('\n', out);
	json_decref(j);
	return r < 0 ? -ENOMEM : 0;
}

int findings_json(FILE *out, const struct findings *f)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < f->n; i++) {
		const struct saker_diag *d = &f->v[i].diag;

		json_array_append_new(array,
				      json_pack("{ss ss ss sI sI ss ss ss}", "id", d->id,
						"severity", severity_name(d->severity), "file",
						d->file, "line", (json_int_t)d->line, "column",
						(json_int_t)d->column, "item", f->v[i].about,
						"message", d->message, "hint", d->hint));
	}
	return put(out, json_pack("{so}", "findings", array));
}

char *findings_uri(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";
	char *text = malloc(strlen(path) * 3 + sizeof("file://"));
	size_t len = 0;

	if (!text)
		return NULL;
	if (*path == '/')
		len = (size_t)snprintf(text, sizeof("file://"), "file://");
	for (const char *p = path; *p; p++) {
		if (strchr(plain, *p))
			text[len++] = *p;
		else
			len += (size_t)snprintf(text + len, 4, "%%%02X", (unsigned char)*p);
	}
	text[len] = '\0';
	return text;
}

static json_t *uri(const char *path)
{
	_cleanup_free_ char *text = findings_uri(path);

	return text ? json_string(text) : NULL;
}

static json_t *sarif_result(const struct finding *f)
{
	const struct saker_diag *d = &f->diag;
	char text[4096];
	json_t *region, *result;

	snprintf(text, sizeof(text), "%s%s%s", d->message,
		 !*d->hint							      ? ""
		 : d->message[0] && strchr(".!?", d->message[strlen(d->message) - 1]) ? " "
										      : "; ",
		 d->hint);
	result = json_pack("{ss ss s{ss}}", "ruleId", d->id, "level", severity_name(d->severity),
			   "message", "text", text);
	if (!*d->file)
		return result;
	region = json_pack("{sI sI}", "startLine", (json_int_t)MAX(d->line, 1u), "startColumn",
			   (json_int_t)MAX(d->column, 1u));
	json_object_set_new(result, "locations",
			    json_pack("[{s{s{so} so}}]", "physicalLocation", "artifactLocation",
				      "uri", uri(d->file), "region", region));
	return result;
}

/* Each id once, as SARIF's rules. */
static json_t *sarif_rules(const struct findings *f, const struct findings_words *words)
{
	json_t *rules = json_array(), *seen = json_object();

	for (uint32_t i = 0; i < f->n; i++) {
		const char *id = f->v[i].diag.id;

		if (json_object_get(seen, id))
			continue;
		json_object_set_new(seen, id, json_true());
		json_array_append_new(
			rules, json_pack("{ss s{ss} s{ss}}", "id", id, "shortDescription", "text",
					 words->describe(id), "help", "text", words->explain(id)));
	}
	json_decref(seen);
	return rules;
}

int findings_sarif(FILE *out, const struct findings *f, const struct findings_words *words)
{
	json_t *results = json_array();

	for (uint32_t i = 0; i < f->n; i++)
		json_array_append_new(results, sarif_result(&f->v[i]));
	return put(out, json_pack("{ss ss s[{s{s{ss ss so}} so ss}]}", "$schema",
				  "https://json.schemastore.org/sarif-2.1.0.json", "version",
				  "2.1.0", "runs", "tool", "driver", "name", "rulecheck", "version",
				  SAKER_VERSION, "rules", sarif_rules(f, words), "results", results,
				  /* columns are characters, not UTF-16 units */
				  "columnKind", "unicodeCodePoints"));
}
