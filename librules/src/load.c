/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader: options, files in, switching rules on and off. What files hold is
 * read by load_item.c and load_rule.c; all is put together in resolve.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "load_internal.h"
#include "schema.h"

#define ARENA_BLOCK (256u << 10)

int saker_priority_parse(const char *text, enum saker_priority *ret_priority)
{
	static const char *const names[] = {
#define X(symbol, name) [SAKER_PRIORITY_##symbol] = name,
		SAKER_PRIORITY_LIST(X)
#undef X
	};

	if (!text || !ret_priority)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(text, names[i]) == 0) {
			*ret_priority = (enum saker_priority)i;
			return 0;
		}
	}
	if (strcasecmp(text, "info") != 0)
		return -EINVAL;
	*ret_priority = SAKER_PRIORITY_INFORMATIONAL;
	return 0;
}

/* ---- options --------------------------------------------------------------- */

static int copy_string(struct arena *arena, const char **s)
{
	if (!*s)
		return 0;
	*s = arena_strdup(arena, *s);
	return *s ? 0 : -ENOMEM;
}

static int copy_strings(struct arena *arena, const char *const **strings, uint32_t n)
{
	const char **copy = arena_alloc(arena, n * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		copy[i] = (*strings)[i];
		if (copy_string(arena, &copy[i]) < 0)
			return -ENOMEM;
	}
	*strings = copy;
	return 0;
}

static int copy_append(struct arena *arena, struct saker_rules_options *o)
{
	struct saker_rules_append *copy = arena_alloc(arena, o->n_append * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->n_append; i++) {
		copy[i] = o->append[i];
		if (copy_string(arena, &copy[i].source) < 0 ||
		    copy_string(arena, &copy[i].rule) < 0 ||
		    copy_string(arena, &copy[i].extra_output) < 0 ||
		    copy_strings(arena, &copy[i].tags, copy[i].n_tags) < 0 ||
		    copy_strings(arena, &copy[i].extra_fields, copy[i].n_extra_fields) < 0)
			return -ENOMEM;
	}
	o->append = copy;
	return 0;
}

static int copy_plugins(struct arena *arena, struct saker_rules_options *o)
{
	struct saker_rules_plugin *copy = arena_alloc(arena, o->n_plugins * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->n_plugins; i++) {
		copy[i] = o->plugins[i];
		if (!copy[i].name || !copy[i].version)
			return -EINVAL;
		if (copy_string(arena, &copy[i].name) < 0 ||
		    copy_string(arena, &copy[i].version) < 0)
			return -ENOMEM;
	}
	o->plugins = copy;
	return 0;
}

static int copy_options(struct arena *arena, const struct saker_rules_options *from,
			struct saker_rules_options *to)
{
	const struct saker_rules_options defaults = SAKER_RULES_OPTIONS_INIT;
	int r;

	*to = defaults;
	if (!from)
		return 0;
	if (from->size < sizeof(from->size))
		return -EINVAL;
	memcpy(to, from, MIN(from->size, sizeof(*to)));
	to->size = sizeof(*to);
	if ((unsigned int)to->min_priority > SAKER_PRIORITY_DEBUG ||
	    (unsigned int)to->matching > SAKER_RULE_MATCHING_ALL ||
	    (to->n_plugins && !to->plugins) || (to->n_append && !to->append))
		return -EINVAL;
	r = copy_plugins(arena, to);
	return r < 0 ? r : copy_append(arena, to);
}

int saker_rules_loader_new(const struct saker_rules_options *options,
			   struct saker_rules_loader **ret_loader)
{
	struct saker_rules_loader *loader;
	int r;

	if (!ret_loader)
		return -EINVAL;
	loader = calloc(1, sizeof(*loader));
	if (!loader)
		return -ENOMEM;
	arena_init(&loader->arena, ARENA_BLOCK);
	r = copy_options(&loader->arena, options, &loader->options);
	if (r < 0) {
		saker_rules_loader_free(loader);
		return r;
	}
	if (loader->options.max_file_size == 0)
		loader->options.max_file_size = RULES_MAX_FILE_SIZE;
	loader->reporter.fn = loader->options.diag;
	loader->reporter.userdata = loader->options.diag_userdata;
	*ret_loader = loader;
	return 0;
}

struct saker_rules_loader *saker_rules_loader_free(struct saker_rules_loader *loader)
{
	if (!loader)
		return NULL;
	rules_definitions_fini(&loader->definitions);
	free(loader->reporter.sources);
	arena_fini(&loader->arena);
	free(loader);
	return NULL;
}

int saker_rules_loader_add_catalogue(struct saker_rules_loader *loader,
				     const struct saker_catalogue *catalogue)
{
	if (!loader || !catalogue || !catalogue->source ||
	    catalogue->size < offsetof(struct saker_catalogue, has))
		return -EINVAL;
	if (rules_find_catalogue(loader, catalogue->source))
		return -EEXIST;
	if (loader->n_catalogues >= RULES_MAX_CATALOGUES)
		return -ENOSPC;
	loader->catalogues[loader->n_catalogues++] = catalogue;
	return 0;
}

/* ---- files ----------------------------------------------------------------- */

/* ---- the schema ------------------------------------------------------------- */

static void tell_schema(struct rules_reading *r, const struct rules_yaml *at, const char *message)
{
	const struct saker_diag diag = {
		.id = "RULES_SCHEMA",
		.severity = SAKER_SEVERITY_INFO,
		.file = r->reporter->sources[at->mark.source].name,
		.line = at->mark.line + 1,
		.column = at->mark.column + 1,
		.message = message,
		.hint = "",
		.snippet = "",
	};

	if (r->reporter->fn)
		r->reporter->fn(r->reporter->userdata, &diag);
}

static void tell_misfit(void *userdata, const struct rules_yaml *at, const char *where,
			const char *what)
{
	char message[1024];

	snprintf(message, sizeof(message), "%s: %s", where, what);
	tell_schema(userdata, at, message);
}

static void check_schema(struct rules_reading *r, struct rules_yaml *const *documents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (documents[i]->kind != RULES_YAML_NULL &&
		    rules_schema_check(documents[i], tell_misfit, r))
			tell_schema(r, documents[i], "ok");
	}
}

/*
 * A key of an item that is a list or a mapping itself. Falco's schema, which is held
 * against the first document, trips over it before any item is read.
 */
static int check_item_keys(struct rules_reading *r, const struct rules_yaml *document)
{
	for (uint32_t i = 0; document->kind == RULES_YAML_SEQUENCE && i < document->len; i++) {
		const struct rules_yaml *item = document->children[i];

		for (uint32_t k = 0; item->kind == RULES_YAML_MAPPING && k < item->len; k += 2) {
			struct rules_place at;

			if (item->children[k]->kind != RULES_YAML_SEQUENCE &&
			    item->children[k]->kind != RULES_YAML_MAPPING)
				continue;
			at = rules_place_of(item->children[k], RULES_PLACE_VALUE_FOR, "",
					    r->content);
			return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_PARSE, &at,
					     "A key is one word.", "bad conversion");
		}
	}
	return 0;
}

static int read_documents(struct rules_reading *r, const struct rules_source *file, char *content)
{
	struct rules_yaml_error error = {0};
	struct rules_yaml **documents;
	struct rules_place at;
	size_t n;
	int rc = rules_yaml_read(r->arena, r->content->mark.source, content, file->len, &error,
				 &documents, &n);

	if (rc == -EBADMSG) {
		at = (struct rules_place){.parent = r->content, .name = "", .mark = error.mark};
		at.kind = RULES_PLACE_VALUE_FOR;
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_PARSE, &at,
				     strstr(error.message, "tab character")
					     ? "Indent with blanks: YAML takes no tabs."
					     : "Check indentation, colons and quotes here and just "
					       "above.",
				     "yaml: error at line %u, column %u: %s", error.mark.line + 1,
				     error.mark.column + 1, error.message);
	}
	if (rc < 0)
		return rc;
	if (n)
		rc = check_item_keys(r, documents[0]);
	if (rc == 0 && r->loader->options.schema)
		check_schema(r, documents, n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct rules_yaml *document = documents[i];

		if (document->kind == RULES_YAML_NULL)
			continue;
		if (document->kind != RULES_YAML_SEQUENCE) {
			at = rules_place_of(document, RULES_PLACE_VALUE_FOR, "", r->content);
			at.detail = true;
			rc = rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
					   "A rules file is a list of items: \"- rule: ...\".",
					   document->kind == RULES_YAML_MAPPING
						   ? "Rules content is not yaml array of objects"
						   : "Rules content is not yaml");
			break;
		}
		for (uint32_t k = 0; rc == 0 && k < document->len; k++) {
			if (document->children[k]->kind != RULES_YAML_NULL)
				rc = rules_load_item(r, document->children[k]);
		}
	}
	free(documents);
	return rc;
}

/* The content is in the arena already. */
static int add_content(struct saker_rules_loader *loader, const char *name, char *content,
		       size_t len)
{
	struct rules_source source = {.content = content, .len = len};
	struct rules_definitions definitions;
	struct rules_place *place = arena_alloc(&loader->arena, sizeof(*place));
	struct rules_reading reading = {
		.loader = loader,
		.arena = &loader->arena,
		.reporter = &loader->reporter,
		.definitions = &definitions,
		.content = place,
	};
	int r;

	source.name = arena_strdup(&loader->arena, name);
	if (!place || !source.name)
		return -ENOMEM;
	place->kind = RULES_PLACE_CONTENT;
	place->name = "";
	r = rules_add_source(&loader->reporter, &source, &place->mark.source);
	if (r == 0)
		r = rules_definitions_clone(&loader->definitions, &definitions);
	if (r < 0)
		return r;
	r = read_documents(&reading, &source, content);
	if (r < 0 && !(r == -EBADMSG && loader->options.first_error)) {
		rules_definitions_fini(&definitions);
		return r;
	}
	rules_definitions_fini(&loader->definitions);
	loader->definitions = definitions;
	return r;
}

static int report_unreadable(struct saker_rules_loader *loader, const char *path, int error)
{
	const struct saker_diag diag = {
		.id = rules_code_id(RULES_LOAD_ERR_FILE_READ),
		.severity = SAKER_SEVERITY_ERROR,
		.file = path,
		.message = error == -EFBIG ? "File is larger than the limit for rule files"
					   : strerror(-error),
		.hint = error == -EFBIG ? "Split the file, or raise the limit."
					: "Check the file's name and permissions.",
		.snippet = "",
	};

	if (loader->reporter.fn)
		loader->reporter.fn(loader->reporter.userdata, &diag);
	return error;
}

static int too_large(struct saker_rules_loader *loader, const char *name)
{
	report_unreadable(loader, name, -EFBIG);
	return -EFBIG;
}

int saker_rules_loader_add_buffer(struct saker_rules_loader *loader, const char *name,
				  const char *data, size_t len)
{
	char *content;

	if (!loader || !name || (!data && len))
		return -EINVAL;
	if (len > loader->options.max_file_size)
		return too_large(loader, name);
	content = arena_strndup(&loader->arena, len ? data : "", len);
	return content ? add_content(loader, name, content, len) : -ENOMEM;
}

/* What a regular file holds goes straight into the arena: it may be large. */
static int read_regular(struct saker_rules_loader *loader, int fd, size_t size, char **ret,
			size_t *ret_len)
{
	char *text = arena_alloc(&loader->arena, size + 1);
	size_t len = 0;

	if (!text)
		return -ENOMEM;
	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

/* A pipe and its like, up to the limit. */
static int read_stream(struct saker_rules_loader *loader, int fd, char **ret, size_t *ret_len)
{
	uint64_t max = loader->options.max_file_size;
	_cleanup_free_ char *buffer = NULL;
	size_t len = 0;
	size_t cap = 0;

	for (;;) {
		ssize_t got;

		if (len == cap) {
			size_t more = MIN(cap ? cap * 2 : 4096, max + 1);
			char *p = len > max ? NULL : realloc(buffer, more);

			if (!p)
				return len > max ? -EFBIG : -ENOMEM;
			buffer = p;
			cap = more;
		}
		got = read(fd, buffer + len, cap - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len > max)
		return -EFBIG;
	*ret = arena_strndup(&loader->arena, buffer ? buffer : "", len);
	*ret_len = len;
	return *ret ? 0 : -ENOMEM;
}

int rules_read_file(struct saker_rules_loader *loader, const char *path, char **ret_content,
		    size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* Those of /proc and /sys say 0 and hold more. */
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return read_stream(loader, fd, ret_content, ret_len);
	if ((uint64_t)st.st_size > loader->options.max_file_size)
		return -EFBIG;
	return read_regular(loader, fd, (size_t)st.st_size, ret_content, ret_len);
}

int saker_rules_loader_add_file(struct saker_rules_loader *loader, const char *path)
{
	char *content = NULL;
	size_t len = 0;
	int r;

	if (!loader || !path)
		return -EINVAL;
	r = rules_read_file(loader, path, &content, &len);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return report_unreadable(loader, path, r);
	return add_content(loader, path, content, len);
}

int saker_rules_loader_add_reader(struct saker_rules_loader *loader, const char *name,
				  saker_rules_read_fn fn, void *userdata)
{
	_cleanup_free_ char *buffer = NULL;
	size_t len = 0;
	size_t cap = 0;
	int64_t got;

	if (!loader || !name || !fn)
		return -EINVAL;
	do {
		if (len == cap) {
			char *p;

			cap = cap ? cap * 2 : 4096;
			p = realloc(buffer, cap);
			if (!p)
				return -ENOMEM;
			buffer = p;
		}
		got = fn(userdata, buffer + len, cap - len);
		if (got < 0)
			return report_unreadable(loader, name, (int)got);
		if ((uint64_t)got > cap - len)
			return -EINVAL;
		len += (size_t)got;
		if (len > loader->options.max_file_size)
			return too_large(loader, name);
	} while (got > 0);
	return saker_rules_loader_add_buffer(loader, name, buffer, len);
}

uint32_t saker_rules_loader_n_files(const struct saker_rules_loader *loader)
{
	return loader ? loader->reporter.n_sources : 0;
}

const char *saker_rules_loader_file(const struct saker_rules_loader *loader, uint32_t index)
{
	return loader && index < loader->reporter.n_sources ? loader->reporter.sources[index].name
							    : NULL;
}

/* ---- switching ------------------------------------------------------------- */

static bool has_tag(const struct rules_rule *rule, const char *tag)
{
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		if (util_streq(rule->tags[i], tag))
			return true;
	}
	return false;
}

/* * and ? only: brackets and backslashes in names stand for themselves. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL;
	const char *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

int saker_rules_loader_enable(struct saker_rules_loader *loader, const char *rule, const char *tag,
			      bool enabled)
{
	if (!loader || !rule == !tag)
		return -EINVAL;
	for (uint32_t i = 0; i < loader->definitions.n_rules; i++) {
		struct rules_rule *r = &loader->definitions.rules[i];

		if (rule ? matches(rule, r->name) : has_tag(r, tag))
			r->enabled = enabled;
	}
	return 0;
}
