/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule files laid out: keys two columns below their item, items of a list two below
 * their key, one empty line between rules. Every node is printed from the text it was
 * read from, so quotes and escapes stay; every comment before, behind or between the
 * nodes that it stood before, behind or between.
 */
#include <stdarg.h>
#include <stdio.h>

#include "fmt.h"

enum blank { BLANK_NONE, BLANK_KEEP, BLANK_FORCE };

struct printer {
	const struct source *s;
	FILE *out;
	uint32_t next_comment;
	bool any;	/* something was printed */
	bool fresh;	/* a collection begins: no empty line */
	bool exact;	/* what was printed ends with lines that count: no empty line */
	bool commented; /* the line ends in a comment */
	struct fmt_error *error;
	int r;
};

/* Where a node is printed. */
struct where {
	uint32_t indent;   /* of the collection it is in */
	int64_t column;	   /* that collection's in the source, -1 = none */
	size_t end;	   /* where the next node begins */
	bool is_condition; /* of a rule or macro */
	bool is_item;	   /* a rule, macro or list */
	bool begun;	   /* a line was begun for it */
};

static void print_value(struct printer *p, const struct source_node *node, uint32_t line,
			struct where w);

static void fail(struct printer *p, const struct source_node *node, const char *message)
{
	if (p->r < 0)
		return;
	p->r = -ENOTSUP;
	snprintf(p->error->message, sizeof(p->error->message), "%s", message);
	p->error->line = node->line + 1;
	p->error->column = node->column + 1;
}

static void put(struct printer *p, size_t from, size_t to)
{
	fwrite(p->s->text + from, 1, to - from, p->out);
}

static void begin_line(struct printer *p, uint32_t indent, uint32_t line, enum blank blank)
{
	bool empty = blank == BLANK_FORCE ||
		     (blank == BLANK_KEEP && line && source_line_is_blank(p->s, line - 1));

	if (p->any)
		fputc('\n', p->out);
	if (p->any && empty && !p->fresh && !p->exact)
		fputc('\n', p->out);
	fprintf(p->out, "%*s", (int)indent, "");
	p->any = true;
	p->fresh = p->exact = p->commented = false;
}

/* ---- comments --------------------------------------------------------------- */

static void print_comment(struct printer *p, const struct source_comment *c, uint32_t indent,
			  enum blank blank)
{
	uint32_t blanks = 0;

	if (c->trailing && p->any && !p->commented) {
		while (blanks < c->column && p->s->text[c->at - blanks - 1] == ' ')
			blanks++;
		fprintf(p->out, "%*s", (int)MAX(blanks, 1u), "");
	} else {
		begin_line(p, indent, c->line, blank);
	}
	put(p, c->at, c->at + c->len);
	p->commented = true;
}

/* Those before `limit`, as long as they stand at least in that column. */
static void flush_comments(struct printer *p, size_t limit, uint32_t indent, int64_t column)
{
	while (p->next_comment < p->s->n_comments) {
		const struct source_comment *c = &p->s->comments[p->next_comment];

		if (c->at >= limit || (!c->trailing && c->column < column))
			return;
		print_comment(p, c, indent, BLANK_KEEP);
		p->next_comment++;
	}
}

static bool has_comment_before(const struct printer *p, size_t limit)
{
	return p->next_comment < p->s->n_comments && p->s->comments[p->next_comment].at < limit;
}

/* ---- scalars ---------------------------------------------------------------- */

/* Lines of a plain or quoted scalar: blanks around their ends are not part of it. */
static void print_lines(struct printer *p, const char *text, size_t len, uint32_t indent,
			bool escapes)
{
	bool first = true;

	while (len || first) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len, start = 0, end = n;

		while (!first && start < end && strchr(" \t", text[start]))
			start++;
		while (newline && end > start && strchr(" \t\r", text[end - 1]) &&
		       !(escapes && end - start > 1 && text[end - 2] == '\\'))
			end--;
		if (!first)
			fprintf(p->out, "\n%*s", end > start ? (int)indent : 0, "");
		fwrite(text + start, 1, end - start, p->out);
		first = false;
		if (!newline)
			break;
		text = newline + 1;
		len -= n + 1;
	}
}

/* Lines that are laid out already. */
static void print_laid_out(struct printer *p, const char *text, uint32_t indent, bool begun)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (begun)
			fputc('\n', p->out);
		if (n && begun)
			fprintf(p->out, "%*s", (int)indent, "");
		fwrite(text, 1, n, p->out);
		begun = true;
		text += n + (text[n] == '\n');
	}
}

/* A word that would mean something to YAML once blanks stand around it. */
static bool is_safe_plain(const char *text)
{
	return !strstr(text, " #") && !strstr(text, ": ") && !strstr(text, ":\n") &&
	       !strstr(text, "\n#") && (!*text || text[strlen(text) - 1] != ':');
}

static void print_plain_condition(struct printer *p, const struct source_node *node,
				  uint32_t indent, bool begun)
{
	const char *text = p->s->text + node->content;
	size_t len = node->end - node->content;
	/* "condition: " stands before the first line, two columns of it are the others' indent */
	uint32_t before = begun ? 0 : (uint32_t)strlen("condition: ") - 2;
	_cleanup_free_ char *done = fmt_condition(text, len, before);

	if (done && is_safe_plain(done))
		print_laid_out(p, done, indent, false);
	else
		print_lines(p, text, len, indent, false);
}

struct block {
	const char *text; /* behind the header's line */
	size_t len;
	size_t indent;
	bool given; /* the header says how deep */
	bool keep;  /* empty lines at the end count */
};

static struct block read_block(const struct printer *p, const struct source_node *node,
			       int64_t column)
{
	const char *header = p->s->text + node->content, *end = p->s->text + node->end;
	const char *line = memchr(header, '\n', (size_t)(end - header));
	struct block b = {.text = line ? line + 1 : end};

	for (const char *c = header; c < b.text && !strchr(" \t\r\n#", *c); c++) {
		if (*c >= '1' && *c <= '9') {
			b.given = true;
			b.indent = (size_t)MAX(column, (int64_t)0) + (size_t)(*c - '0');
		}
		b.keep |= *c == '+';
	}
	b.len = (size_t)(end - b.text);
	for (const char *c = b.text; !b.given && c < end;) {
		const char *newline = memchr(c, '\n', (size_t)(end - c));
		size_t n = newline ? (size_t)(newline - c) : (size_t)(end - c), blanks = 0;

		while (blanks < n && c[blanks] == ' ')
			blanks++;
		b.indent = MAX(b.indent, blanks); /* as libyaml has it: of empty lines too */
		if (blanks < n && c[blanks] != '\r')
			break;
		c += n + 1;
	}
	return b;
}

static void print_block_header(struct printer *p, const struct source_node *node,
			       const struct block *b)
{
	const char *c = p->s->text + node->content, *end = b->text;
	const char *last = end;

	while (last > c && strchr(" \t\r\n", last[-1]))
		last--;
	for (bool done = false; c < last; c++) {
		done |= strchr(" \t#", *c) != NULL;
		if (!done && *c >= '1' && *c <= '9')
			fputc('2', p->out); /* what is printed stands two columns below its key */
		else
			fputc(*c, p->out);
	}
}

/* Empty lines at the end that do not count. */
static size_t block_len(const struct block *b)
{
	size_t len = b->len;

	while (!b->keep && len) {
		size_t start = len - (b->text[len - 1] == '\n'), n;

		while (start && b->text[start - 1] != '\n')
			start--;
		n = len - start;
		while (n && strchr("\r\n", b->text[start + n - 1]))
			n--;
		if (n > b->indent || strspn(b->text + start, " ") < n)
			break;
		len = start;
	}
	return len;
}

static void print_block_lines(struct printer *p, const struct block *b, size_t len, uint32_t indent)
{
	const char *c = b->text, *end = c + len;

	while (c < end) {
		const char *newline = memchr(c, '\n', (size_t)(end - c));
		size_t n = newline ? (size_t)(newline - c) : (size_t)(end - c), skip = 0;

		if (n && c[n - 1] == '\r')
			n--;
		while (skip < b->indent && skip < n && c[skip] == ' ')
			skip++;
		fputc('\n', p->out);
		if (skip < n)
			fprintf(p->out, "%*s", (int)indent, "");
		fwrite(c + skip, 1, n - skip, p->out);
		c = newline ? newline + 1 : end;
	}
}

static void print_block(struct printer *p, const struct source_node *node, uint32_t indent,
			const struct where *w)
{
	struct block b = read_block(p, node, w->column);
	size_t len = block_len(&b);
	_cleanup_free_ char *done =
		w->is_condition && !b.keep ? fmt_condition(b.text, len, 0) : NULL;

	print_block_header(p, node, &b);
	if (done)
		print_laid_out(p, done, indent, true);
	else
		print_block_lines(p, &b, len, indent);
	p->exact = b.keep;
}

static void print_scalar(struct printer *p, const struct source_node *node, uint32_t indent,
			 const struct where *w)
{
	const char *text = p->s->text + node->content;
	size_t len = node->end - node->content;

	if (node->style == YAML_LITERAL_SCALAR_STYLE || node->style == YAML_FOLDED_SCALAR_STYLE)
		print_block(p, node, indent, w);
	else if (node->style == YAML_PLAIN_SCALAR_STYLE && w->is_condition && len)
		print_plain_condition(p, node, indent, w->begun);
	else
		print_lines(p, text, len, indent, node->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* ---- flow collections ---------------------------------------------------------- */

static void print_flow(struct printer *p, const struct source_node *node, uint32_t indent);

static void print_flow_child(struct printer *p, const struct source_node *node, uint32_t indent)
{
	struct where w = {.indent = indent, .column = -1};

	if (node->content > node->start && node->content >= node->end)
		fail(p, node, "a tag without a value within [] or {}");
	put(p, node->start, node->content);
	if (node->kind == SOURCE_ALIAS)
		put(p, node->start, node->end);
	else if (node->kind == SOURCE_SCALAR)
		print_scalar(p, node, indent, &w);
	else
		print_flow(p, node, indent);
}

/* Before a child or the closing bracket: its comments, and a new line or not. */
static void flow_break(struct printer *p, size_t at, uint32_t indent, uint32_t deeper,
		       uint32_t from_line, bool blank)
{
	uint32_t line = source_line_of(p->s, at);

	flush_comments(p, at, deeper, 0);
	if (p->commented || line != from_line)
		begin_line(p, indent, line, BLANK_NONE);
	else if (blank)
		fputc(' ', p->out);
}

static bool is_plain_key(const struct printer *p, const struct source_node *key)
{
	size_t at = key->start;

	while (at && strchr(" \t\r\n", p->s->text[at - 1]))
		at--;
	return (key->kind == SOURCE_SCALAR || key->kind == SOURCE_ALIAS) &&
	       key->line == key->end_line && !(at && p->s->text[at - 1] == '?') &&
	       key->end > key->start;
}

static void print_flow(struct printer *p, const struct source_node *node, uint32_t indent)
{
	bool mapping = node->kind == SOURCE_MAPPING;
	uint32_t step = mapping ? 2 : 1, line = node->line;

	if (p->s->text[node->content] != (mapping ? '{' : '['))
		fail(p, node, "a pair within [] without {} around it");
	fputc(mapping ? '{' : '[', p->out);
	for (uint32_t i = 0; i + step <= node->n && p->r == 0; i += step) {
		const struct source_node *child = node->children[i];

		flow_break(p, child->start, indent + 2, indent + 2, line, i > 0);
		if (mapping && !is_plain_key(p, child))
			fail(p, child, "a key that is not one word or string in one line");
		print_flow_child(p, child, indent + 2);
		line = child->end_line;
		if (mapping) {
			const struct source_node *value = node->children[i + 1];

			fputs(":", p->out);
			flow_break(p, value->start, indent + 4, indent + 4,
				   value->end > value->start ? line
							     : source_line_of(p->s, value->start),
				   true);
			print_flow_child(p, value, indent + 4);
			line = value->end_line;
		}
		if (i + step < node->n)
			fputc(',', p->out);
	}
	flow_break(p, node->end - 1, indent, indent + 2, line, false);
	fputc(mapping ? '}' : ']', p->out);
}

/* ---- block collections ----------------------------------------------------------- */

static bool is_block(const struct source_node *node)
{
	return (node->kind == SOURCE_SEQUENCE || node->kind == SOURCE_MAPPING) && !node->flow;
}

/* Comments behind the last child that stand as deep as the children. */
static void end_block(struct printer *p, const struct source_node *node, const struct where *w,
		      uint32_t indent)
{
	flush_comments(p, w->end, indent, MAX((int64_t)node->column, w->column + 1));
}

static void print_mapping(struct printer *p, const struct source_node *node, struct where w,
			  bool begun)
{
	for (uint32_t i = 0; i + 1 < node->n && p->r == 0; i += 2) {
		const struct source_node *key = node->children[i], *value = node->children[i + 1];
		struct where inner = {.indent = w.indent, .column = node->column, .end = w.end};

		if (!is_plain_key(p, key))
			fail(p, key, "a key that is not one word or string in one line");
		if (i + 2 < node->n)
			inner.end = node->children[i + 2]->start;
		inner.is_condition = w.is_item && key->kind == SOURCE_SCALAR &&
				     util_streq(key->value, "condition");
		if (i || !begun) {
			flush_comments(p, key->start, w.indent, 0);
			begin_line(p, w.indent, key->line, BLANK_KEEP);
		}
		put(p, key->start, key->end);
		fputs(":", p->out);
		print_value(p, value, key->line, inner);
	}
	end_block(p, node, &w, w.indent);
}

/* Whether an empty line stands anywhere before a top-level item, behind the one before. */
static bool has_blank_before(const struct printer *p, const struct source_node *item)
{
	for (uint32_t i = p->next_comment; i < p->s->n_comments; i++) {
		const struct source_comment *c = &p->s->comments[i];

		if (c->at >= item->start)
			break;
		if (c->line && source_line_is_blank(p->s, c->line - 1))
			return true;
	}
	return item->line && source_line_is_blank(p->s, item->line - 1);
}

static void begin_item(struct printer *p, const struct source_node *item, uint32_t indent, bool top,
		       bool first, bool begun)
{
	bool force = top && !first && !has_blank_before(p, item);

	if (begun)
		return;
	if (force && has_comment_before(p, item->start)) {
		print_comment(p, &p->s->comments[p->next_comment++], indent, BLANK_FORCE);
		force = false;
	}
	flush_comments(p, item->start, indent, 0);
	begin_line(p, indent, item->line, force ? BLANK_FORCE : BLANK_KEEP);
}

static void print_sequence(struct printer *p, const struct source_node *node, struct where w,
			   bool begun, bool top)
{
	for (uint32_t i = 0; i < node->n && p->r == 0; i++) {
		const struct source_node *item = node->children[i];
		struct where inner = {.indent = w.indent, .column = node->column, .end = w.end};

		if (i + 1 < node->n)
			inner.end = node->children[i + 1]->start;
		begin_item(p, item, w.indent, top, i == 0, i == 0 && begun);
		fputc('-', p->out);
		inner.is_item = top;
		if (is_block(item) && item->content == item->start) {
			inner.indent = w.indent + 2;
			fputc(' ', p->out);
			if (item->kind == SOURCE_MAPPING)
				print_mapping(p, item, inner, true);
			else
				print_sequence(p, item, inner, true, false);
		} else {
			print_value(p, item, item->line, inner);
		}
	}
	end_block(p, node, &w, w.indent);
}

/* What stands behind "key:" or "-", which are in `line`. */
static void print_value(struct printer *p, const struct source_node *node, uint32_t line,
			struct where w)
{
	size_t content = node->start;

	if (node->content > node->start) {
		size_t end = node->content;

		if (has_comment_before(p, node->content))
			fail(p, node, "a comment before an anchor or tag");
		while (end > node->start && strchr(" \t\r\n", p->s->text[end - 1]))
			end--;
		fputc(' ', p->out);
		put(p, node->start, end);
		content = node->content;
		if (is_block(node) && node->n)
			content = node->children[0]->start;
	}
	p->fresh = true;
	if (is_block(node)) {
		w.indent += 2;
		flush_comments(p, content, w.indent, 0);
		if (node->kind == SOURCE_MAPPING)
			print_mapping(p, node, w, false);
		else
			print_sequence(p, node, w, false, false);
		return;
	}
	if (node->end == node->start) { /* null */
		p->fresh = false;
		return;
	}
	flush_comments(p, content, w.indent + 2, 0);
	if (p->commented || (node->line != line && node->content == node->start))
		w.begun = true;
	if (w.begun)
		begin_line(p, w.indent + 2, node->line, BLANK_NONE);
	else if (node->end > content)
		fputc(' ', p->out);
	p->fresh = false;
	if (node->kind == SOURCE_ALIAS)
		put(p, node->start, node->end);
	else if (node->kind == SOURCE_SCALAR)
		print_scalar(p, node, w.indent + 2, &w);
	else
		print_flow(p, node, w.indent);
}

static void print_root(struct printer *p, const struct source_node *root, size_t end)
{
	struct where w = {.column = -1, .end = end};

	flush_comments(p, root->start, 0, 0);
	if (root->content > root->start)
		fail(p, root, "an anchor or tag on the whole file");
	else if (!is_block(root) && root->end > root->start) {
		begin_line(p, 0, root->line, BLANK_KEEP);
		if (root->kind == SOURCE_SCALAR)
			print_scalar(p, root, 2, &w);
		else
			print_flow(p, root, 0);
	} else if (root->kind == SOURCE_MAPPING) {
		print_mapping(p, root, w, false);
	} else if (root->kind == SOURCE_SEQUENCE) {
		print_sequence(p, root, w, false, true);
	}
}

static void print_documents(struct printer *p)
{
	const struct source *s = p->s;

	for (uint32_t i = 0; i < s->n_documents && p->r == 0; i++) {
		size_t end = i + 1 < s->n_documents ? MIN(s->starts[i + 1], s->len) : s->len;

		if (s->starts[i] != SIZE_MAX) {
			flush_comments(p, s->starts[i], 0, 0);
			begin_line(p, 0, source_line_of(s, s->starts[i]), BLANK_KEEP);
			fputs("---", p->out);
		}
		if (s->documents[i])
			print_root(p, s->documents[i], end);
	}
	flush_comments(p, SIZE_MAX, 0, 0);
	if (p->any)
		fputc('\n', p->out);
}

/* Old Mac's and Unicode's line ends, and a byte order mark within: YAML skips them, most
 * editors do not. */
static const char *find_odd_break(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t left = len - i;

		if ((text[i] == '\r' && (left < 2 || text[i + 1] != '\n')) ||
		    (text[i] == '\xc2' && left > 1 && text[i + 1] == '\x85') ||
		    (text[i] == '\xe2' && left > 2 && text[i + 1] == '\x80' &&
		     (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) ||
		    (left > 2 && memcmp(text + i, "\xef\xbb\xbf", 3) == 0))
			return text + i;
	}
	return NULL;
}

static int read_source(struct source *s, const char *text, size_t len, struct fmt_error *error)
{
	int r = source_read(s, text, len);

	if (r == -EFBIG)
		snprintf(error->message, sizeof(error->message),
			 "the file is too large to be laid out");
	if (r == -EBADMSG) {
		snprintf(error->message, sizeof(error->message), "%s", s->error);
		error->line = s->error_line + 1;
		error->column = s->error_column + 1;
	}
	if (r == 0 && find_odd_break(s->text, s->len)) {
		snprintf(error->message, sizeof(error->message),
			 "line ends other than LF and CR LF, and byte order marks, are not laid "
			 "out");
		error->line =
			source_line_of(s, (size_t)(find_odd_break(s->text, s->len) - s->text)) + 1;
		r = -ENOTSUP;
	}
	if (r == 0 && s->directives) {
		snprintf(error->message, sizeof(error->message),
			 "a file with %%YAML or %%TAG is not laid out");
		error->line = 1;
		r = -ENOTSUP;
	}
	return r;
}

int fmt_text(const char *text, size_t len, char **ret_text, size_t *ret_len,
	     struct fmt_error *error)
{
	struct source source;
	struct printer p = {.s = &source, .error = error};
	char *done = NULL;
	size_t size = 0;
	int r;

	memset(error, 0, sizeof(*error));
	r = read_source(&source, text, len, error);
	if (r == 0) {
		p.out = open_memstream(&done, &size);
		r = p.out ? 0 : -ENOMEM;
	}
	if (r == 0) {
		print_documents(&p);
		r = fclose(p.out) != 0 ? -ENOMEM : p.r;
	}
	source_fini(&source);
	if (r == 0)
		r = fmt_check(text, len, done, size);
	if (r == -EPROTO)
		snprintf(error->message, sizeof(error->message),
			 "it cannot be laid out without a change of what it says");
	if (r < 0) {
		free(done);
		return r;
	}
	*ret_text = done;
	*ret_len = size;
	return 0;
}
