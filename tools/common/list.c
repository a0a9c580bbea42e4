/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of fields as text, Markdown or JSON. */
#include <jansson.h>

#include "list.h"
#include "text.h"

#include "common/util.h"

const char *list_type_name(uint8_t type)
{
	static const char *const names[] = {
		[SAKER_TYPE_NONE] = "any",	  [SAKER_TYPE_STRING] = "string",
		[SAKER_TYPE_PATH] = "path",	  [SAKER_TYPE_BYTES] = "bytes",
		[SAKER_TYPE_BOOL] = "bool",	  [SAKER_TYPE_I8] = "int8",
		[SAKER_TYPE_I16] = "int16",	  [SAKER_TYPE_I32] = "int32",
		[SAKER_TYPE_I64] = "int64",	  [SAKER_TYPE_U8] = "uint8",
		[SAKER_TYPE_U16] = "uint16",	  [SAKER_TYPE_U32] = "uint32",
		[SAKER_TYPE_U64] = "uint64",	  [SAKER_TYPE_RELTIME] = "reltime",
		[SAKER_TYPE_ABSTIME] = "abstime", [SAKER_TYPE_PORT] = "port",
		[SAKER_TYPE_DOUBLE] = "double",	  [SAKER_TYPE_IP] = "ipaddr",
		[SAKER_TYPE_NET] = "ipnet",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "any";
}

static const struct {
	uint16_t flag;
	const char *name;
} flag_names[] = {
	{SAKER_FIELD_ARG_REQUIRED, "argument required"},
	{SAKER_FIELD_ARG_ALLOWED, "argument allowed"},
	{SAKER_FIELD_LIST, "list"},
	{SAKER_FIELD_ANY, "any of several"},
	{SAKER_FIELD_DEPRECATED, "deprecated"},
	{SAKER_FIELD_FILTER_ONLY, "conditions only"},
	{SAKER_FIELD_PRINT_ONLY, "outputs only"},
	{SAKER_FIELD_SUGGESTED, "suggested output"},
};

void list_flags_text(uint16_t flags, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if ((flags & flag_names[i].flag) && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
						flag_names[i].name);
	}
}

/* The class is the name up to the dot, or the group's name. */
static bool is_of_class(const struct saker_field *field, const char *class)
{
	size_t len = class ? strlen(class) : 0;

	if (field->flags & SAKER_FIELD_HIDDEN)
		return false;
	if (!class || util_streq(class, "syscall"))
		return true;
	return (strncmp(field->name, class, len) == 0 && field->name[len] == '.') ||
	       (field->group && strcasecmp(field->group, class) == 0);
}

static void put_text(FILE *out, const struct saker_field *f)
{
	char flags[160];

	list_flags_text(f->flags, flags, sizeof(flags));
	fprintf(out, "  %-34s %s%s%s%s", f->name, list_type_name(f->type), *flags ? " (" : "",
		flags, *flags ? ")" : "");
	text_wrap(out, f->description ? f->description : "", 6, 100);
}

static void put_markdown(FILE *out, const struct saker_field *f)
{
	char flags[160];

	list_flags_text(f->flags, flags, sizeof(flags));
	fprintf(out, "`%s` | %s | %s | ", f->name, list_type_name(f->type), flags);
	for (const char *p = f->description ? f->description : ""; *p; p++) {
		if (*p == '|')
			fputc('\\', out);
		fputc(*p == '\n' ? ' ' : *p, out);
	}
	fputc('\n', out);
}

static int add_json(json_t *array, const struct saker_field *f)
{
	json_t *flags = json_array(), *object;

	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (f->flags & flag_names[i].flag)
			json_array_append_new(flags, json_string(flag_names[i].name));
	}
	object = json_pack("{ss ss ss ss so}", "name", f->name, "class", f->group ? f->group : "",
			   "type", list_type_name(f->type), "description",
			   f->description ? f->description : "", "flags", flags);
	return object ? json_array_append_new(array, object) : -1;
}

static int list_json(FILE *out, const struct saker_catalogue *c, const char *class)
{
	json_t *array = json_array();
	size_t n;

	if (!array)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_fields; i++) {
		if (is_of_class(&c->fields[i], class) && add_json(array, &c->fields[i]) < 0) {
			json_decref(array);
			return -ENOMEM;
		}
	}
	n = json_array_size(array);
	json_dumpf(array, out, JSON_INDENT(2) | JSON_SORT_KEYS);
	fputc('\n', out);
	json_decref(array);
	return n ? 0 : -ENOENT;
}

int list_fields(FILE *out, const struct saker_catalogue *c, const char *class,
		enum list_format format, bool names_only)
{
	const char *group = "";
	uint32_t n = 0;

	if (format == LIST_JSON && !names_only)
		return list_json(out, c, class);
	for (uint32_t i = 0; i < c->n_fields; i++) {
		const struct saker_field *f = &c->fields[i];
		const char *its = f->group ? f->group : "";

		if (!is_of_class(f, class))
			continue;
		n++;
		if (names_only) {
			fprintf(out, "%s\n", f->name);
			continue;
		}
		if (!util_streq(group, its)) {
			fprintf(out,
				format == LIST_MARKDOWN
					? "\n## %s\n\nName | Type | Notes | Description\n"
					  ":----|:-----|:------|:-----------\n"
					: "\n%s\n",
				its);
			group = its;
		}
		if (format == LIST_MARKDOWN)
			put_markdown(out, f);
		else
			put_text(out, f);
	}
	return n ? 0 : -ENOENT;
}
