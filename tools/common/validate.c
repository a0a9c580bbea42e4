/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on rule files. Findings are kept until all files are compiled
 * together, since only then it is known what each file has.
 */
#include <jansson.h>

#include "codes.h"
#include "common/arena.h"
#include "report.h"
#include "rules.h"
#include "validate.h"

#define MAX_FINDINGS 10000

struct finding {
	struct saker_diag diag; /* its strings are in the arena */
	uint32_t file;		/* which of the files; the last one when it names none */
};

struct verdict {
	struct arena arena;
	const char *const *files;
	uint32_t n_files;
	struct finding *findings;
	uint32_t n;
	uint32_t capacity;
	bool out_of_memory;
};

static const char *keep(struct verdict *v, const char *text)
{
	char *copy = arena_strdup(&v->arena, text ? text : "");

	if (!copy)
		v->out_of_memory = true;
	return copy ? copy : "";
}

static void keep_places(struct verdict *v, struct saker_diag *diag)
{
	struct saker_diag_place *places =
		arena_alloc(&v->arena, (diag->n_places + 1) * sizeof(*places));

	if (!places) {
		v->out_of_memory = true;
		diag->n_places = 0;
		return;
	}
	for (uint32_t i = 0; i < diag->n_places; i++) {
		places[i] = diag->places[i];
		places[i].kind = keep(v, diag->places[i].kind);
		places[i].name = keep(v, diag->places[i].name);
	}
	diag->places = places;
}

static void keep_finding(void *userdata, const struct saker_diag *diag)
{
	struct verdict *v = userdata;
	struct finding *f;

	if (diag->severity < SAKER_SEVERITY_WARNING || v->n == MAX_FINDINGS)
		return;
	if (GROW(v->findings, v->n, v->capacity) < 0) {
		v->out_of_memory = true;
		return;
	}
	f = &v->findings[v->n++];
	f->diag = *diag;
	f->diag.id = keep(v, diag->id);
	f->diag.file = keep(v, diag->file);
	f->diag.message = keep(v, diag->message);
	f->diag.hint = keep(v, diag->hint);
	f->diag.snippet = keep(v, diag->snippet);
	keep_places(v, &f->diag);
	f->file = v->n_files - 1;
	for (uint32_t i = 0; i < v->n_files; i++) {
		if (util_streq(v->files[i], f->diag.file))
			f->file = i;
	}
}

static uint32_t count(const struct verdict *v, uint32_t file, enum saker_severity severity)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->n; i++)
		n += v->findings[i].file == file && v->findings[i].diag.severity == severity;
	return n;
}

static void print_text(FILE *out, FILE *err, const struct verdict *v)
{
	for (uint32_t file = 0; file < v->n_files; file++) {
		bool bad = count(v, file, SAKER_SEVERITY_ERROR) > 0;

		fprintf(out, "%s: %s\n", v->files[file],
			bad					     ? "Invalid"
			: count(v, file, SAKER_SEVERITY_WARNING) > 0 ? "Ok, with warnings"
								     : "Ok");
		for (uint32_t i = 0; i < v->n; i++) {
			const struct finding *f = &v->findings[i];

			/* What makes it invalid belongs to the answer, the rest beside it. */
			if (f->file == file && f->diag.severity == SAKER_SEVERITY_ERROR)
				report_diag(out, report_colour(out), &f->diag);
			else if (f->file == file)
				report_diag(err, report_colour(err), &f->diag);
		}
	}
}

/* Positions count from 0 here. */
static json_t *location(const char *kind, const char *item, const char *file, uint32_t line,
			uint32_t column, uint64_t offset)
{
	return json_pack("{ss ss s{ss sI sI sI}}", "item_type", kind, "item_name", item, "position",
			 "name", file, "line", (json_int_t)(line ? line - 1 : 0), "column",
			 (json_int_t)(column ? column - 1 : 0), "offset", (json_int_t)offset);
}

static json_t *finding_json(const struct saker_diag *d)
{
	json_t *locations = json_array();

	for (uint32_t i = 0; i < d->n_places; i++)
		json_array_append_new(locations,
				      location(d->places[i].kind, d->places[i].name, d->file,
					       d->places[i].line, d->places[i].column,
					       d->places[i].offset));
	if (d->n_places == 0)
		json_array_append_new(
			locations, location("rules content", "", d->file, d->line, d->column, 0));
	return json_pack("{ss ss ss s{so ss}}", "code", d->id, "codedesc", codes_describe(d->id),
			 "message", d->message, "context", "locations", locations, "snippet",
			 d->snippet);
}

static json_t *findings_json(const struct verdict *v, uint32_t file, enum saker_severity severity)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < v->n; i++) {
		if (v->findings[i].file == file && v->findings[i].diag.severity == severity)
			json_array_append_new(array, finding_json(&v->findings[i].diag));
	}
	return array;
}

/* What a schema of rule files would object to, as messages. */
static json_t *schema_warnings(const struct verdict *v, uint32_t file)
{
	static const char *const ids[] = {"LOAD_ERR_YAML_PARSE", "LOAD_ERR_YAML_VALIDATE",
					  "LOAD_UNKNOWN_ITEM", "LOAD_UNKNOWN_KEY"};
	json_t *array = json_array();

	for (uint32_t i = 0; i < v->n; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ids); j++) {
			if (v->findings[i].file == file &&
			    util_streq(v->findings[i].diag.id, ids[j]))
				json_array_append_new(array,
						      json_string(v->findings[i].diag.message));
		}
	}
	return array;
}

static int print_json(FILE *out, const struct verdict *v)
{
	json_t *results = json_array(), *all = json_pack("{so}", "falco_load_results", results);
	int r;

	for (uint32_t file = 0; file < v->n_files; file++) {
		json_t *schema = schema_warnings(v, file);
		json_t *result =
			json_pack("{ss sb sb so so so}", "name", v->files[file], "successful",
				  count(v, file, SAKER_SEVERITY_ERROR) == 0, "schema_valid",
				  json_array_size(schema) == 0, "schema_warnings", schema, "errors",
				  findings_json(v, file, SAKER_SEVERITY_ERROR), "warnings",
				  findings_json(v, file, SAKER_SEVERITY_WARNING));

		json_array_append_new(results, result);
	}
	r = json_dumpf(all, out, JSON_COMPACT | JSON_SORT_KEYS) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(all);
	return r;
}

int validate_files(FILE *out, FILE *err, const char *const *files, uint32_t n_files,
		   const struct config *config, const struct saker_catalogue *catalogue)
{
	struct verdict v = {.files = files, .n_files = n_files};
	struct saker_ruleset *ruleset = NULL;
	struct rules_files found = {0};
	int r, r2 = 0;

	arena_init(&v.arena, 16 << 10);
	r = rules_files_find(&found, files, n_files, config, keep_finding, &v);
	if (found.n) { /* a folder is as many files as it has */
		v.files = (const char *const *)found.paths;
		v.n_files = found.n;
	}
	if (r == 0)
		r = rules_load(&found, config, catalogue, keep_finding, &v, &ruleset);
	if (config->json_output)
		r2 = print_json(out, &v);
	else
		print_text(out, err, &v);
	saker_ruleset_unref(ruleset);
	rules_files_fini(&found);
	free(v.findings);
	arena_fini(&v.arena);
	return v.out_of_memory ? -ENOMEM : r2 ? r2 : r;
}
