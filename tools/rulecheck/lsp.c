/* SPDX-License-Identifier: Apache-2.0 */
/* The server's life and which request is answered by what. See lsp.h. */
#include "lsp.h"
#include "mitre.h"

struct method {
	const char *name;
	lsp_answer_fn answer;
};

static const struct method methods[] = {
	{"textDocument/completion", lsp_complete},
	{"textDocument/hover", lsp_hover},
	{"textDocument/definition", lsp_definition},
	{"textDocument/references", lsp_references},
	{"textDocument/prepareRename", lsp_prepare_rename},
	{"textDocument/rename", lsp_rename},
	{"textDocument/documentSymbol", lsp_symbols},
	{"textDocument/formatting", lsp_format},
};

static const char *get_string(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* ---- documents ----------------------------------------------------------------------------- */

static const char *uri_of(const json_t *params)
{
	return get_string(json_object_get(params, "textDocument"), "uri");
}

static void did_open(struct lsp_server *s, const json_t *params)
{
	const json_t *text = json_object_get(json_object_get(params, "textDocument"), "text");
	char *copy;

	if (!json_is_string(text) || !*uri_of(params))
		return;
	copy = strdup(json_string_value(text));
	if (copy && lsp_document_open(s, uri_of(params), copy, strlen(copy)) == 0)
		s->unchecked = true;
}

/* One change: a range's new text, or the whole. */
static int apply_change(struct lsp_document *d, const json_t *change)
{
	const json_t *range = json_object_get(change, "range");
	const char *text = get_string(change, "text");
	struct lsp_position start, end;
	size_t from = 0, to = d->len, len = strlen(text);
	char *new;

	if (range) {
		if (!lsp_get_position(json_object_get(range, "start"), &start) ||
		    !lsp_get_position(json_object_get(range, "end"), &end))
			return -EINVAL;
		from = lsp_offset_of(d, start);
		to = MAX(lsp_offset_of(d, end), from);
	}
	if (from + len + (d->len - to) > SOURCE_MAX_SIZE)
		return -EFBIG;
	new = malloc(from + len + (d->len - to) + 1);
	if (!new)
		return -ENOMEM;
	memcpy(new, d->text, from);
	memcpy(new + from, text, len);
	memcpy(new + from + len, d->text + to, d->len - to);
	new[from + len + (d->len - to)] = '\0';
	return lsp_document_set(d, new, from + len + (d->len - to));
}

static void did_change(struct lsp_server *s, const json_t *params)
{
	struct lsp_document *d = lsp_document_find(s, uri_of(params));
	const json_t *changes = json_object_get(params, "contentChanges");
	size_t n = json_array_size(changes);

	for (size_t i = 0; d && i < n; i++) {
		if (apply_change(d, json_array_get(changes, i)) < 0)
			break;
	}
	if (d)
		s->unchecked = true;
}

static void did_close(struct lsp_server *s, const json_t *params)
{
	struct lsp_document *d = lsp_document_find(s, uri_of(params));

	if (!d)
		return;
	lsp_document_close(s, d);
	s->unchecked = true;
}

/* Something on disk changed: what is open is the editor's, the rest is read anew. */
static void did_save(struct lsp_server *s, const json_t *params)
{
	lsp_workspace_refresh(s);
	s->unchecked = true;
}

/* Before an answer, or once nothing more waits: who types fast is not judged by each letter. */
static void check(struct lsp_server *s)
{
	if (s->unchecked)
		lsp_workspace_check(s);
	s->unchecked = false;
}

/* ---- the server's life ----------------------------------------------------------------------- */

static json_t *capabilities(void)
{
	return json_pack("{s{ss s{sb si sb} s{s[sssss] sb} sb sb sb s{sb} sb sb} s{ss ss}}",
			 "capabilities", "positionEncoding", "utf-16", "textDocumentSync",
			 "openClose", 1, "change", 2, "save", 1, "completionProvider",
			 "triggerCharacters", ".", "%", "(", ",", " ", "resolveProvider", 0,
			 "hoverProvider", 1, "definitionProvider", 1, "referencesProvider", 1,
			 "renameProvider", "prepareProvider", 1, "documentSymbolProvider", 1,
			 "documentFormattingProvider", 1, "serverInfo", "name", "rulecheck",
			 "version", SAKER_VERSION);
}

static void initialize(struct lsp_server *s, const json_t *id, const json_t *params)
{
	const json_t *folder = json_array_get(json_object_get(params, "workspaceFolders"), 0);
	const char *uri = get_string(folder, "uri");

	if (s->initialized) {
		lsp_fail(s, id, LSP_INVALID_REQUEST, "initialize came before");
		return;
	}
	if (!*uri)
		uri = get_string(params, "rootUri");
	s->root = lsp_path_of_uri(uri);
	if (!s->root && get_string(params, "rootPath")[0] == '/')
		s->root = strdup(get_string(params, "rootPath"));
	s->initialized = true;
	lsp_answer(s, id, capabilities());
}

static void answer(struct lsp_server *s, const json_t *id, const char *name, const json_t *params)
{
	struct lsp_problem problem = {0};
	struct lsp_document *d;
	json_t *result;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (!util_streq(methods[i].name, name))
			continue;
		d = lsp_document_find(s, uri_of(params));
		result = d ? methods[i].answer(s, d, params, &problem)
			   : lsp_refuse(&problem, LSP_INVALID_PARAMS, "there is no such document");
		if (problem.code)
			lsp_fail(s, id, problem.code, problem.message);
		else
			lsp_answer(s, id, result);
		return;
	}
	lsp_fail(s, id, LSP_METHOD_NOT_FOUND, "rulecheck has no such method");
}

static void request(struct lsp_server *s, const json_t *id, const char *name, const json_t *params)
{
	check(s);
	if (util_streq(name, "initialize")) {
		initialize(s, id, params);
	} else if (!s->initialized) {
		lsp_fail(s, id, LSP_NOT_INITIALIZED, "initialize comes first");
	} else if (s->shut_down) {
		lsp_fail(s, id, LSP_INVALID_REQUEST, "the server is shut down");
	} else if (util_streq(name, "shutdown")) {
		s->shut_down = true;
		lsp_answer(s, id, json_null());
	} else {
		answer(s, id, name, params);
	}
}

static void notification(struct lsp_server *s, const char *name, const json_t *params)
{
	static const struct {
		const char *name;
		void (*take)(struct lsp_server *s, const json_t *params);
	} known[] = {
		{"textDocument/didOpen", did_open},
		{"textDocument/didChange", did_change},
		{"textDocument/didClose", did_close},
		{"textDocument/didSave", did_save},
		{"workspace/didChangeWatchedFiles", did_save},
	};

	if (util_streq(name, "exit")) {
		s->done = true;
		return;
	}
	if (!s->initialized || s->shut_down)
		return;
	if (util_streq(name, "initialized")) {
		lsp_workspace_find(s);
		s->unchecked = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (util_streq(known[i].name, name))
			known[i].take(s, params);
	}
}

static void take_message(struct lsp_server *s, const json_t *message)
{
	const json_t *id = json_object_get(message, "id");
	const json_t *method = json_object_get(message, "method");
	const json_t *params = json_object_get(message, "params");

	if (!json_is_object(message) || (id && !json_is_string(id) && !json_is_integer(id)))
		lsp_fail(s, NULL, LSP_INVALID_REQUEST, "this is no message of JSON-RPC 2.0");
	else if (!json_is_string(method) && !json_object_get(message, "result") &&
		 !json_object_get(message, "error"))
		lsp_fail(s, id, LSP_INVALID_REQUEST, "there is no method");
	else if (json_is_string(method) && id)
		request(s, id, json_string_value(method), params);
	else if (json_is_string(method))
		notification(s, json_string_value(method), params);
	/* else an answer; nothing was asked */
}

int lsp_serve(struct lsp_server *s)
{
	int r = 1;

	while (!s->done && r != 0) {
		json_error_t error;
		json_t *message;
		char *text;
		size_t len;

		if (!lsp_has_input(&s->in))
			check(s);
		r = lsp_read(&s->in, &text, &len);
		if (r == -EFBIG || r == -ENOMEM) {
			lsp_fail(s, NULL, LSP_INVALID_REQUEST, "the message is too long");
			break; /* where the next one begins is not known */
		}
		if (r == -EBADMSG)
			lsp_fail(s, NULL, LSP_PARSE_ERROR, "there is no Content-Length");
		if (r != 1)
			continue;
		message = json_loadb(text, len, 0, &error);
		free(text);
		if (message)
			take_message(s, message);
		else
			lsp_fail(s, NULL, LSP_PARSE_ERROR, "this is no JSON");
		json_decref(message);
	}
	for (uint32_t i = 0; i < s->n; i++)
		lsp_document_fini(&s->documents[i]);
	free(s->documents);
	free(s->root);
	s->documents = NULL;
	s->n = 0;
	return s->shut_down ? 0 : 1;
}
