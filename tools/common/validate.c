/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on rule files. As in Falco, each file is compiled together with
 * those before it, and what that finds is the verdict on the file, also where it
 * is about a definition further up: a file may spoil what an earlier one made.
 */
#include <jansson.h>

#include "codes.h"
#include "common/arena.h"
#include "report.h"
#include "rules.h"
#include "validate.h"

#define MAX_FINDINGS 10000
#define SCHEMA "RULES_SCHEMA"

struct finding {
	struct saker_diag diag; /* its strings are in the arena */
	uint32_t file;		/* which of the files; the last one when it names none */
};

struct verdict {
	struct arena arena;
	const char *const *files;
	uint32_t n_files;
	uint32_t file; /* the one being read */
	bool once;     /* a finding counts for the file it stands in, and is told once */
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
		places[i].file = keep(v, diag->places[i].file);
	}
	diag->places = places;
}

/* What nobody uses so far may be used in a later file. */
static bool is_early(const struct verdict *v, const struct saker_diag *diag)
{
	return v->once && v->file + 1 < v->n_files &&
	       (util_streq(diag->id, "LOAD_UNUSED_MACRO") ||
		util_streq(diag->id, "LOAD_UNUSED_LIST"));
}

static bool is_known(const struct verdict *v, const struct saker_diag *diag)
{
	for (uint32_t i = 0; v->once && i < v->n; i++) {
		const struct saker_diag *d = &v->findings[i].diag;

		if (d->line == diag->line && d->column == diag->column &&
		    util_streq(d->id, diag->id) && util_streq(d->file, diag->file) &&
		    util_streq(d->message, diag->message))
			return true;
	}
	return false;
}

static void keep_finding(void *userdata, const struct saker_diag *diag)
{
	struct verdict *v = userdata;
	struct finding *f;

	if ((diag->severity < SAKER_SEVERITY_WARNING && !util_streq(diag->id, SCHEMA)) ||
	    v->n == MAX_FINDINGS || is_early(v, diag) || is_known(v, diag))
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
	f->file = v->file;
	/* An error is the verdict on the file that brought it. */
	for (uint32_t i = 0; i < v->file && diag->severity < SAKER_SEVERITY_ERROR && v->once; i++) {
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

			if (f->file != file ||
			    (util_streq(f->diag.id, SCHEMA) && util_streq(f->diag.message, "ok")))
				continue;
			/* What makes it invalid belongs to the answer, the rest beside it. */
			if (f->diag.severity == SAKER_SEVERITY_ERROR)
				report_diag(out, report_colour(out), &f->diag);
			else
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

/* The field that a warning calls deprecated, which the message holds between quotes. */
static json_t *deprecated_field(const struct saker_diag *d)
{
	const char *quote = strstr(d->message, "field '"), *end;

	if (!quote || !util_streq(d->id, "LOAD_DEPRECATED_ITEM"))
		return NULL;
	quote += strlen("field '");
	end = strchr(quote, '\'');
	return end ? json_stringn(quote, (size_t)(end - quote)) : NULL;
}

static json_t *finding_json(const struct saker_diag *d)
{
	json_t *locations = json_array(), *finding, *field;

	for (uint32_t i = 0; i < d->n_places; i++) {
		const struct saker_diag_place *p = &d->places[i];

		if (!p->detail)
			json_array_append_new(locations, location(p->kind, p->name, p->file,
								  p->line, p->column, p->offset));
	}
	if (d->n_places == 0)
		json_array_append_new(
			locations, location("rules content", "", d->file, d->line, d->column, 0));
	finding = json_pack("{ss ss ss s{so ss}}", "code", d->id, "codedesc", codes_describe(d->id),
			    "message", d->message, "context", "locations", locations, "snippet",
			    d->snippet);
	field = deprecated_field(d);
	if (field)
		json_object_set_new(finding, "deprecated_field", field);
	return finding;
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

/* Adds schema_valid and schema_warnings, unless the file had nothing to be looked at. */
static void add_schema(json_t *result, const struct verdict *v, uint32_t file)
{
	json_t *warnings = json_array();
	bool any = false;

	for (uint32_t i = 0; i < v->n; i++) {
		const struct finding *f = &v->findings[i];

		if (f->file != file || !util_streq(f->diag.id, SCHEMA))
			continue;
		any = true;
		if (!util_streq(f->diag.message, "ok"))
			json_array_append_new(warnings,
					      json_sprintf("failed for %s", f->diag.message));
	}
	if (any) {
		json_object_set_new(result, "schema_valid",
				    json_boolean(json_array_size(warnings) == 0));
		json_object_set_new(result, "schema_warnings", warnings);
	} else {
		json_decref(warnings);
	}
}

static int print_json(FILE *out, const struct verdict *v)
{
	json_t *results = json_array(), *all = json_pack("{so}", "falco_load_results", results);
	int r;

	for (uint32_t file = 0; file < v->n_files; file++) {
		json_t *result = json_pack("{ss sb so so}", "name", v->files[file], "successful",
					   count(v, file, SAKER_SEVERITY_ERROR) == 0, "errors",
					   findings_json(v, file, SAKER_SEVERITY_ERROR), "warnings",
					   findings_json(v, file, SAKER_SEVERITY_WARNING));

		add_schema(result, v, file);
		json_array_append_new(results, result);
	}
	r = json_dumpf(all, out, JSON_COMPACT | JSON_SORT_KEYS) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(all);
	return r;
}

static int validate_each(struct verdict *v, struct saker_rules_loader *loader)
{
	bool bad = false;
	int r;

	for (v->file = 0; v->file < v->n_files; v->file++) {
		struct saker_ruleset *ruleset = NULL;

		r = saker_rules_loader_add_file(loader, v->files[v->file]);
		if (r == 0)
			r = saker_rules_loader_compile(loader, &ruleset);
		saker_ruleset_unref(ruleset);
		if (r == -ENOMEM)
			return r;
		bad = bad || r < 0;
	}
	return bad ? -EBADMSG : 0;
}

int validate_files(FILE *out, FILE *err, const char *const *files, uint32_t n_files,
		   const struct config *config, const struct saker_catalogue *catalogue)
{
	struct verdict v = {.files = files, .n_files = n_files, .once = !config->json_output};
	struct saker_rules_loader *loader = NULL;
	struct rules_files found = {0};
	int r, r2 = 0;

	arena_init(&v.arena, 16 << 10);
	r = rules_files_find(&found, files, n_files, config, keep_finding, &v);
	if (found.n) { /* a folder is as many files as it has */
		v.files = (const char *const *)found.paths;
		v.n_files = found.n;
	}
	if (r == 0)
		r = rules_loader_new(config, catalogue, config->json_output, true, keep_finding, &v,
				     &loader);
	if (r == 0)
		r = validate_each(&v, loader);
	if (config->json_output)
		r2 = print_json(out, &v);
	else
		print_text(out, err, &v);
	saker_rules_loader_free(loader);
	rules_files_fini(&found);
	free(v.findings);
	arena_fini(&v.arena);
	return v.out_of_memory ? -ENOMEM : r2 ? r2 : r;
}
