/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A language server for rule files (Language Server Protocol 3.17 over a pair of
 * streams). One thread, one request after the other. What comes in is anybody's:
 * everything is bounded, and what is no message is answered or left out, never trusted.
 *
 *   lsp_rpc        messages in and out
 *   lsp_text       documents, positions (lines and UTF-16 units) and file: addresses
 *   lsp_index      which names a document defines and mentions, and where
 *   lsp_workspace  which files belong together, and what is wrong with them
 *   lsp_complete, lsp_hover, lsp_names   the answers
 *   lsp            which request is whose
 */
#ifndef RULECHECK_LSP_H
#define RULECHECK_LSP_H

#include <jansson.h>
#include <stdio.h>

#include "findings.h"
#include "rulecheck.h"
#include "source.h"

#define LSP_MAX_MESSAGE (64u << 20)
#define LSP_MAX_DOCUMENTS 1000
#define LSP_MAX_FOUND 500 /* files of a folder */

enum lsp_error {
	LSP_PARSE_ERROR = -32700,
	LSP_INVALID_REQUEST = -32600,
	LSP_METHOD_NOT_FOUND = -32601,
	LSP_INVALID_PARAMS = -32602,
	LSP_INTERNAL_ERROR = -32603,
	LSP_NOT_INITIALIZED = -32002,
	LSP_REQUEST_FAILED = -32803,
};

/* ---- documents ----------------------------------------------------------------- */

enum lsp_kind {
	LSP_RULE,
	LSP_MACRO,
	LSP_LIST,
	LSP_FIELD,
	LSP_OPERATOR,
	LSP_TRANSFORMER,
	LSP_KINDS
};

/* A name where it stands. LIST: any item that may be one's name. */
struct lsp_mention {
	uint8_t kind; /* enum lsp_kind */
	bool defines;
	const char *name; /* in the source's arena */
	size_t at;	  /* bytes of the document */
	size_t len;
};

struct lsp_item {
	uint8_t kind;
	const char *name;
	size_t start;
	size_t end;
	size_t name_at;
	size_t name_len;
	const struct source_node *node;
};

struct lsp_document {
	char *path; /* as files name it; of what is no file, its address */
	char *uri;
	char *text;
	size_t len;
	bool open;   /* an editor has it; otherwise it is as on disk */
	bool listed; /* has findings that the editor shows */
	bool has_source;
	struct source source;
	struct lsp_mention *mentions;
	uint32_t n_mentions;
	uint32_t mentions_capacity;
	struct lsp_item *items;
	uint32_t n_items;
	uint32_t items_capacity;
};

struct lsp_position {
	uint32_t line;	    /* from 0 */
	uint32_t character; /* UTF-16 units, from 0 */
};

/* Takes the text, which is NUL-terminated. */
int lsp_document_set(struct lsp_document *document, char *text, size_t len);
void lsp_document_fini(struct lsp_document *document);
size_t lsp_offset_of(const struct lsp_document *document, struct lsp_position position);
struct lsp_position lsp_position_of(const struct lsp_document *document, size_t offset);
/* For line and column of a saker_diag: from 1, in characters. */
size_t lsp_offset_of_diag(const struct lsp_document *document, uint32_t line, uint32_t column);
json_t *lsp_range(const struct lsp_document *document, size_t start, size_t end);
bool lsp_get_position(const json_t *json, struct lsp_position *ret);

/* To be freed; NULL = no memory, or no file: address. */
char *lsp_path_of_uri(const char *uri);

/* Fills mentions and items from the source; 0 or -ENOMEM. */
int lsp_index(struct lsp_document *document);

/* ---- the server ------------------------------------------------------------------- */

/* Read ahead, so that one knows whether more has come. */
struct lsp_input {
	int fd;
	bool ended;
	size_t at;
	size_t n;
	char buffer[64 << 10];
};

struct lsp_server {
	struct lsp_input in;
	FILE *out;
	const char *config;	  /* a falco.yaml whose rules_files count; or NULL */
	const char *const *files; /* given ones, in order; none = those of the folder */
	uint32_t n_files;
	bool no_disk; /* nothing is read but what comes in */
	char *root;
	bool unchecked; /* something changed, and the editor has not heard what is wrong */
	bool initialized;
	bool shut_down;
	bool done;
	struct lsp_document *documents; /* in the order they load */
	uint32_t n;
	uint32_t capacity;
	const struct saker_catalogue *catalogue;
};

/* Serves until exit or the end of input. 0, or 1 when exit came without shutdown. */
int lsp_serve(struct lsp_server *server);

/* 1 = a message's text, to be freed; 0 = the end; -EBADMSG = no message, go on; -ENOMEM, -EFBIG. */
int lsp_read(struct lsp_input *in, char **ret_text, size_t *ret_len);
/* Whether something can be read now; an end counts. */
bool lsp_has_input(const struct lsp_input *in);
/* Take the JSON; NULL stands for no memory. */
void lsp_answer(struct lsp_server *server, const json_t *id, json_t *result);
void lsp_fail(struct lsp_server *server, const json_t *id, enum lsp_error code,
	      const char *message);
void lsp_notify(struct lsp_server *server, const char *method, json_t *params);

/* ---- the workspace ------------------------------------------------------------------ */

int lsp_workspace_find(struct lsp_server *server);
/* By address; NULL = none. */
struct lsp_document *lsp_document_find(struct lsp_server *server, const char *uri);
/* Adds it when there is none. Takes the text. */
int lsp_document_open(struct lsp_server *server, const char *uri, char *text, size_t len);
/* From now on as on disk, or gone. */
void lsp_document_close(struct lsp_server *server, struct lsp_document *document);
/* Reads what is not open anew. */
void lsp_workspace_refresh(struct lsp_server *server);
/* Loads everything and tells the editor what is wrong. */
void lsp_workspace_check(struct lsp_server *server);
/* As ruleset_load, with a text more at the end, or NULL. */
int lsp_workspace_load(struct lsp_server *server, struct ruleset_loaded *loaded, const char *more,
		       saker_diag_fn diag, void *userdata);
/* The first definition of a name, and its document. */
const struct lsp_item *lsp_find_item(struct lsp_server *server, enum lsp_kind kind,
				     const char *name, struct lsp_document **ret_document);
/* The name that stands at an offset; LIST only when there is such a list. */
const struct lsp_mention *lsp_mention_at(struct lsp_server *server,
					 const struct lsp_document *document, size_t offset);

/* ---- answers: JSON, or NULL; *ret_error is set when the request is at fault --------------- */

struct lsp_problem {
	enum lsp_error code; /* 0 = none */
	char message[256];
};

typedef json_t *(*lsp_answer_fn)(struct lsp_server *server, struct lsp_document *document,
				 const json_t *params, struct lsp_problem *ret_problem);

json_t *lsp_complete(struct lsp_server *, struct lsp_document *, const json_t *,
		     struct lsp_problem *);
json_t *lsp_hover(struct lsp_server *, struct lsp_document *, const json_t *, struct lsp_problem *);
json_t *lsp_definition(struct lsp_server *, struct lsp_document *, const json_t *,
		       struct lsp_problem *);
json_t *lsp_references(struct lsp_server *, struct lsp_document *, const json_t *,
		       struct lsp_problem *);
json_t *lsp_prepare_rename(struct lsp_server *, struct lsp_document *, const json_t *,
			   struct lsp_problem *);
json_t *lsp_rename(struct lsp_server *, struct lsp_document *, const json_t *,
		   struct lsp_problem *);
json_t *lsp_symbols(struct lsp_server *, struct lsp_document *, const json_t *,
		    struct lsp_problem *);
json_t *lsp_format(struct lsp_server *, struct lsp_document *, const json_t *,
		   struct lsp_problem *);

_printf_(3, 4) json_t *lsp_refuse(struct lsp_problem *problem, enum lsp_error code,
				  const char *format, ...);
/* Markdown about a field. */
void lsp_describe_field(FILE *out, const struct saker_field *field);
const struct saker_field *lsp_find_field(const struct lsp_server *server, const char *name,
					 size_t len);
extern const char *const lsp_kind_names[LSP_KINDS];

#endif /* RULECHECK_LSP_H */
