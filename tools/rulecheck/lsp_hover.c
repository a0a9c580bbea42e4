/* SPDX-License-Identifier: Apache-2.0 */
/* What a name at the cursor means, as Markdown. */
#include "events.h"
#include "expression.h"
#include "list.h"
#include "lsp.h"
#include "tokens.h"

#define MAX_EVENTS 20
#define MAX_VALUES 40
#define MAX_TEXT 4000 /* bytes of a condition shown */

const struct saker_field *lsp_find_field(const struct lsp_server *s, const char *name, size_t len)
{
	const struct saker_catalogue *c = s->catalogue;

	for (uint32_t i = 0; i < c->n_fields; i++) {
		if (strlen(c->fields[i].name) == len && strncmp(c->fields[i].name, name, len) == 0)
			return &c->fields[i];
	}
	return NULL;
}

void lsp_describe_field(FILE *out, const struct saker_field *f)
{
	char flags[256];

	list_flags_text(f->flags, flags, sizeof(flags));
	fprintf(out, "**%s** (%s%s%s)\n\n%s", f->name, list_type_name(f->type),
		flags[0] ? ", " : "", flags, f->description);
}

static void put_code(FILE *out, const char *text)
{
	size_t n = strlen(text), cut = MIN(n, (size_t)MAX_TEXT);

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	fprintf(out, "\n```\n%.*s%s\n```\n", (int)MIN(n, cut), text, n > cut ? " ..." : "");
}

static void put_expanded(FILE *out, const struct saker_rule_details *d)
{
	struct expression_printer printer = {.out = out, .indent = 0};

	fputs("\nWritten out:\n\n```\n", out);
	expression_print(&printer, d->root);
	fputs("```\n", out);
}

static const char *text_of(const struct source_node *item, const char *key)
{
	const struct source_node *node = source_get(item, key);

	return node && node->kind == SOURCE_SCALAR ? node->value : "";
}

/* A macro has events of its own only as the condition of a rule: it is made one. */
static void hover_macro(struct lsp_server *s, FILE *out, const char *name)
{
	static const char rule[] = "- rule: rulecheck hover\n  desc: x\n  output: x\n"
				   "  priority: INFO\n  condition: ";
	const struct lsp_item *item = lsp_find_item(s, LSP_MACRO, name, NULL);
	const struct saker_rule_details *d;
	struct ruleset_loaded loaded;
	char *more = NULL;

	if (!item) {
		fprintf(out, "There is no macro **%s** in these files.", name);
		return;
	}
	fprintf(out, "macro **%s**\n", name);
	put_code(out, text_of(item->node, "condition"));
	if (asprintf(&more, "%s%s\n", rule, name) < 0)
		return;
	if (lsp_workspace_load(s, &loaded, more, NULL, NULL) == 0) {
		d = ruleset_details(&loaded, "rulecheck hover");
		if (d) {
			put_expanded(out, d);
			fputs("\nEvents: ", out);
			events_put(out, d, MAX_EVENTS, ", ");
			fputc('\n', out);
		}
	}
	ruleset_fini(&loaded);
	free(more);
}

static void hover_rule(struct lsp_server *s, FILE *out, const char *name)
{
	const struct lsp_item *item = lsp_find_item(s, LSP_RULE, name, NULL);
	const struct saker_rule_details *d;
	struct ruleset_loaded loaded;

	fprintf(out, "rule **%s**, %s\n\n%s\n", name,
		item ? text_of(item->node, "priority") : "not defined",
		item ? text_of(item->node, "desc") : "");
	if (lsp_workspace_load(s, &loaded, NULL, NULL, NULL) == 0) {
		d = ruleset_details(&loaded, name);
		if (d) {
			put_expanded(out, d);
			fputs("\nEvents: ", out);
			events_put(out, d, MAX_EVENTS, ", ");
			fputc('\n', out);
		}
	}
	ruleset_fini(&loaded);
}

static void hover_list(struct lsp_server *s, FILE *out, const char *name)
{
	const struct lsp_item *item = lsp_find_item(s, LSP_LIST, name, NULL);
	const struct source_node *items = item ? source_get(item->node, "items") : NULL;

	fprintf(out, "list **%s**\n\n", name);
	if (!items || items->kind != SOURCE_SEQUENCE)
		return;
	for (uint32_t i = 0; i < items->n && i < MAX_VALUES; i++) {
		if (items->children[i]->kind == SOURCE_SCALAR)
			fprintf(out, "%s`%s`", i ? ", " : "", items->children[i]->value);
	}
	if (items->n > MAX_VALUES)
		fprintf(out, " ... %u in all", items->n);
}

static void hover_word(FILE *out, enum lsp_kind kind, const char *name)
{
	static const struct {
		const char *word;
		const char *description;
	} words[] = {
#define WORD(word, description) {word, description},
#include "lsp_words.def"
#undef WORD
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (util_streq(words[i].word, name))
			fprintf(out, "%s **%s**\n\n%s", lsp_kind_names[kind], name,
				words[i].description);
	}
}

static void hover_field(struct lsp_server *s, FILE *out, const char *name)
{
	const char *dot = strrchr(name, '.');
	const struct saker_field *f = lsp_find_field(s, name, strlen(name));

	/* evt.arg.flags is evt.arg[flags] */
	if (!f && dot)
		f = lsp_find_field(s, name, (size_t)(dot - name));
	if (f)
		lsp_describe_field(out, f);
	else
		fprintf(out, "There is no field **%s**.", name);
}

json_t *lsp_hover(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		  struct lsp_problem *problem)
{
	struct lsp_position position;
	const struct lsp_mention *m;
	char *text = NULL;
	json_t *result;
	size_t size;
	FILE *out;

	if (!lsp_get_position(json_object_get(params, "position"), &position))
		return lsp_refuse(problem, LSP_INVALID_PARAMS, "there is no position");
	m = lsp_mention_at(s, d, lsp_offset_of(d, position));
	if (!m)
		return json_null();
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	if (m->kind == LSP_FIELD)
		hover_field(s, out, m->name);
	else if (m->kind == LSP_MACRO)
		hover_macro(s, out, m->name);
	else if (m->kind == LSP_LIST)
		hover_list(s, out, m->name);
	else if (m->kind == LSP_RULE)
		hover_rule(s, out, m->name);
	else
		hover_word(out, (enum lsp_kind)m->kind, m->name);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	result = *text ? json_pack("{s{ss ss} so}", "contents", "kind", "markdown", "value", text,
				   "range", lsp_range(d, m->at, m->at + m->len))
		       : json_null();
	free(text);
	return result;
}
