/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files load together, in which order, and what is wrong with them. The order is
 * the agent's: given files, a configuration's rules_files, or the folder's by name. A
 * document that an editor opens and none of them names comes behind them.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "lint.h"
#include "lsp.h"
#include "text.h"

#define MAX_DEPTH 4 /* of folders */
#define SNIFF 65536 /* bytes of a file in which its first item has to begin */

struct lsp_document *lsp_document_find(struct lsp_server *s, const char *uri)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (util_streq(s->documents[i].uri, uri))
			return &s->documents[i];
	}
	return NULL;
}

static struct lsp_document *find_path(struct lsp_server *s, const char *path)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (util_streq(s->documents[i].path, path))
			return &s->documents[i];
	}
	return NULL;
}

/* Takes path, uri and text. */
static int add_document(struct lsp_server *s, char *path, char *uri, char *text, size_t len,
			bool open)
{
	struct lsp_document d = {.path = path, .uri = uri, .open = open};
	int r = path && uri && text ? 0 : -ENOMEM;

	if (r == 0 && s->n == LSP_MAX_DOCUMENTS)
		r = -ENOSPC;
	if (r == 0 && GROW(s->documents, s->n, s->capacity) < 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		lsp_document_fini(&d);
		return r;
	}
	r = lsp_document_set(&d, text, len);
	if (r < 0)
		lsp_document_fini(&d);
	else
		s->documents[s->n++] = d;
	return r;
}

/* ---- files --------------------------------------------------------------------------- */

/* Whether a text is about rules; a folder has other YAML as well. */
static bool has_items(const char *text)
{
	static const char *const keys[] = {"rule:", "macro:", "list:", "required_engine_version:",
					   "required_plugin_versions:"};

	for (const char *line = text; line && line - text < SNIFF;) {
		line += strspn(line, " ");
		if (*line == '-') {
			line += 1 + strspn(line + 1, " ");
			for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
				if (strncmp(line, keys[i], strlen(keys[i])) == 0)
					return true;
			}
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return false;
}

static int add_file(struct lsp_server *s, const char *path, bool sniff)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	char *text = NULL;
	size_t len;
	int r;

	if (!real)
		return errno == ENOMEM ? -ENOMEM : 0;
	if (find_path(s, real))
		return 0;
	r = read_whole_file(real, SOURCE_MAX_SIZE, &text, &len);
	if (r < 0)
		return r == -ENOMEM ? r : 0; /* loading says what is wrong with it */
	if (sniff && !has_items(text)) {
		free(text);
		return 0;
	}
	return add_document(s, strdup(real), findings_uri(real), text, len, false);
}

static int is_candidate(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	if (e->d_name[0] == '.' || util_streq(e->d_name, "node_modules"))
		return 0;
	return e->d_type == DT_DIR || e->d_type == DT_UNKNOWN ||
	       (dot && (util_streq(dot, ".yaml") || util_streq(dot, ".yml")));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct lsp_server *s, const char *folder, int depth)
{
	struct dirent **list;
	int n = scandir(folder, &list, is_candidate, by_name), r = 0;

	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		if (r == 0 && s->n < LSP_MAX_FOUND &&
		    snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name) <
			    (int)sizeof(path) &&
		    lstat(path, &st) == 0) { /* links are not followed: they may lead in a circle */
			if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
				r = add_folder(s, path, depth + 1);
			else if (S_ISREG(st.st_mode) && list[i]->d_type != DT_DIR)
				r = add_file(s, path, true);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return r == -ENOSPC ? 0 : r;
}

static void ignore_diag(void *userdata, const struct saker_diag *diag)
{
}

static int add_given(struct lsp_server *s)
{
	struct rules_files files = {0};
	struct config config;
	int r = config_load(&config, s->config, NULL, 0, ignore_diag, NULL);

	if (r == 0)
		r = rules_files_find(&files, s->files, s->n_files, &config, ignore_diag, NULL);
	for (uint32_t i = 0; r == 0 && i < files.n; i++)
		r = add_file(s, files.paths[i], false);
	rules_files_fini(&files);
	config_fini(&config);
	return r == -EBADMSG || r == -ENOSPC ? 0 : r;
}

int lsp_workspace_find(struct lsp_server *s)
{
	if (s->no_disk)
		return 0;
	if (s->n_files || s->config)
		return add_given(s);
	return s->root ? add_folder(s, s->root, 0) : 0;
}

int lsp_document_open(struct lsp_server *s, const char *uri, char *text, size_t len)
{
	struct lsp_document *d = lsp_document_find(s, uri);
	char *path = lsp_path_of_uri(uri), *given;

	if (!d && path && !s->no_disk) { /* an address may be spelt in several ways */
		_cleanup_free_ char *real = realpath(path, NULL);

		d = real ? find_path(s, real) : NULL;
	}
	if (!d)
		return add_document(s, path ? path : strdup(uri), strdup(uri), text, len, true);
	free(path);
	given = strdup(uri);
	if (!given) {
		free(text);
		return -ENOMEM;
	}
	free(d->uri);
	d->uri = given;
	d->open = true;
	return lsp_document_set(d, text, len);
}

static void remove_document(struct lsp_server *s, struct lsp_document *d)
{
	uint32_t i = (uint32_t)(d - s->documents);

	lsp_document_fini(d);
	memmove(d, d + 1, (s->n - i - 1) * sizeof(*d));
	s->n--;
}

/* As on disk; false = it is not there. */
static bool reread(struct lsp_server *s, struct lsp_document *d)
{
	char *text = NULL;
	size_t len;

	if (s->no_disk || d->path[0] != '/' ||
	    read_whole_file(d->path, SOURCE_MAX_SIZE, &text, &len) < 0)
		return false;
	if (len == d->len && memcmp(text, d->text, len) == 0) {
		free(text);
		return true;
	}
	return lsp_document_set(d, text, len) == 0;
}

static void clear(struct lsp_server *s, struct lsp_document *d)
{
	if (d->listed)
		lsp_notify(s, "textDocument/publishDiagnostics",
			   json_pack("{ss s[]}", "uri", d->uri, "diagnostics"));
	d->listed = false;
}

void lsp_document_close(struct lsp_server *s, struct lsp_document *d)
{
	d->open = false;
	if (reread(s, d))
		return;
	clear(s, d);
	remove_document(s, d);
}

void lsp_workspace_refresh(struct lsp_server *s)
{
	for (uint32_t i = s->n; i > 0; i--) {
		struct lsp_document *d = &s->documents[i - 1];

		if (d->open || reread(s, d))
			continue;
		clear(s, d);
		remove_document(s, d);
	}
	lsp_workspace_find(s);
}

/* ---- loading ------------------------------------------------------------------------- */

#define MORE "rulecheck:more"

struct texts {
	struct lsp_server *server;
	const char *more;
};

static const char *text_of(void *userdata, const char *path, size_t *ret_len)
{
	struct texts *t = userdata;
	struct lsp_document *d = find_path(t->server, path);

	if (t->more && util_streq(path, MORE)) {
		*ret_len = strlen(t->more);
		return t->more;
	}
	*ret_len = d ? d->len : 0;
	return d ? d->text : NULL;
}

int lsp_workspace_load(struct lsp_server *s, struct ruleset_loaded *loaded, const char *more,
		       saker_diag_fn diag, void *userdata)
{
	struct texts texts = {s, more};
	const struct ruleset_how how = {
		.config = s->config, .text_of = text_of, .text_userdata = &texts};
	_cleanup_free_ const char **paths = calloc((size_t)s->n + 1, sizeof(*paths));
	uint32_t n = 0;

	memset(loaded, 0, sizeof(*loaded));
	if (!paths)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		paths[n++] = s->documents[i].path;
	if (more)
		paths[n++] = MORE;
	return ruleset_load_files(loaded, paths, n, &how, diag, userdata);
}

/* To the end of the word, so that something is underlined. */
static size_t end_of_word(const struct lsp_document *d, size_t at)
{
	size_t end = at;

	while (end < d->len && !strchr(" \t\r\n(),\"'", d->text[end]))
		end++;
	if (end == at)
		end += end < d->len && d->text[end] != '\n';
	while (end < d->len && ((unsigned char)d->text[end] & 0xc0) == 0x80)
		end++;
	return end;
}

static json_t *diagnostic(const struct lsp_document *d, const struct saker_diag *diag)
{
	static const int severities[] = {4, 3, 2, 1}; /* by enum saker_severity: hint ... error */
	size_t at = lsp_offset_of_diag(d, diag->line, diag->column), len;
	const char *field = report_output_field(diag, &len);
	const char *found = field ? memmem(d->text + at, d->len - at, field, len) : NULL;
	char text[4096];

	if (found)
		at = (size_t)(found - d->text);

	snprintf(text, sizeof(text), "%s%s%s", diag->message, *diag->hint ? "\n" : "", diag->hint);
	text_make_utf8(text);
	return json_pack("{so si ss ss ss}", "range", lsp_range(d, at, end_of_word(d, at)),
			 "severity", severities[MIN((unsigned int)diag->severity, 3u)], "code",
			 diag->id, "source", "rulecheck", "message", text);
}

static void publish(struct lsp_server *s, struct lsp_document *d, const struct findings *f)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < f->n; i++) {
		if (util_streq(f->v[i].diag.file, d->path))
			json_array_append_new(list, diagnostic(d, &f->v[i].diag));
	}
	if (json_array_size(list) == 0 && !d->open && !d->listed) {
		json_decref(list);
		return;
	}
	d->listed = json_array_size(list) > 0;
	lsp_notify(s, "textDocument/publishDiagnostics",
		   json_pack("{ss so}", "uri", d->uri, "diagnostics", list));
}

void lsp_workspace_check(struct lsp_server *s)
{
	struct texts texts = {s, NULL};
	struct ruleset_loaded loaded;
	struct findings findings;
	struct lint lint = {.loaded = &loaded, .findings = &findings};
	int r;

	findings_init(&findings);
	r = lsp_workspace_load(s, &loaded, NULL, lint_take_loader_finding, &findings);
	if (r == 0)
		lint_all(&lint);
	lint_ignore(&findings, text_of, &texts);
	findings_sort(&findings);
	for (uint32_t i = 0; i < s->n; i++)
		publish(s, &s->documents[i], &findings);
	findings_fini(&findings);
	ruleset_fini(&loaded);
}

/* ---- names --------------------------------------------------------------------------- */

const struct lsp_item *lsp_find_item(struct lsp_server *s, enum lsp_kind kind, const char *name,
				     struct lsp_document **ret_document)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct lsp_document *d = &s->documents[i];

		for (uint32_t k = 0; k < d->n_items; k++) {
			if (d->items[k].kind != kind || !util_streq(d->items[k].name, name))
				continue;
			if (ret_document)
				*ret_document = d;
			return &d->items[k];
		}
	}
	return NULL;
}

const struct lsp_mention *lsp_mention_at(struct lsp_server *s, const struct lsp_document *d,
					 size_t offset)
{
	for (uint32_t i = 0; i < d->n_mentions; i++) {
		const struct lsp_mention *m = &d->mentions[i];

		if (offset < m->at || offset > m->at + m->len)
			continue;
		if (m->kind == LSP_LIST && !m->defines &&
		    !lsp_find_item(s, LSP_LIST, m->name, NULL))
			continue;
		return m;
	}
	return NULL;
}
