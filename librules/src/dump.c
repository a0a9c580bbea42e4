/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts that the dumps share: terms, checks, literals. Constants of checks that a
 * table answers are read back from the table: only there they are kept.
 */
#include <arpa/inet.h>
#include <inttypes.h>

#include "dump.h"
#include "parse.h"
#include "transform.h"

/* ---- terms ------------------------------------------------------------------------ */

static void put_quoted(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_arguments(FILE *out, const struct rules_program *program,
			  const struct rules_term *term)
{
	fputc('(', out);
	for (uint32_t i = 0; i < term->n_args; i++) {
		if (i)
			fputs(", ", out);
		rules_dump_term(out, program, term->args[i]);
	}
	fputc(')', out);
}

void rules_dump_term(FILE *out, const struct rules_program *program, uint32_t id)
{
	const struct rules_term *term = &program->terms[id];

	switch (term->kind) {
	case RULES_TERM_FIELD:
		fputs(term->ref->field->name, out);
		if (term->ref->arg)
			fprintf(out, "[%s]", term->ref->arg);
		return;
	case RULES_TERM_CONSTANT:
		put_quoted(out, term->text, term->len);
		return;
	case RULES_TERM_LIST:
		put_arguments(out, program, term);
		return;
	default:
		fputs(rules_transform_name((enum rules_transform)term->transform), out);
		put_arguments(out, program, term);
		if (term->has_selector)
			fprintf(out, "[%c]", term->selector);
	}
}

/* ---- constants ---------------------------------------------------------------------- */

static void put_address(FILE *out, const struct saker_ip *ip, bool net)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->addr, text, sizeof(text));
	fputs(text, out);
	if (net)
		fprintf(out, "/%u", ip->prefix);
}

static void put_constant(FILE *out, uint8_t class, const struct rules_constant *c)
{
	switch (class) {
	case RULES_CLASS_TEXT:
	case RULES_CLASS_BYTES:
		put_quoted(out, c->str, c->len);
		return;
	case RULES_CLASS_BOOL:
		fputs(c->u64 ? "true" : "false", out);
		return;
	case RULES_CLASS_SIGNED:
		fprintf(out, "%" PRId64, c->i64);
		return;
	case RULES_CLASS_DOUBLE:
		fprintf(out, "%g", c->f64);
		return;
	case RULES_CLASS_IP:
	case RULES_CLASS_NET:
		put_address(out, &c->ip, class == RULES_CLASS_NET);
		return;
	default:
		fprintf(out, "%" PRIu64, c->u64);
	}
}

/* A set's key, which is the constant's bytes (rules_type_key). */
static void put_key(FILE *out, uint8_t class, const char *key, size_t len)
{
	struct rules_constant c = {.len = (uint32_t)len};

	if (class == RULES_CLASS_TEXT || class == RULES_CLASS_BYTES) {
		put_quoted(out, key, len);
		return;
	}
	if (class == RULES_CLASS_IP || class == RULES_CLASS_NET) {
		c.ip.family = (uint8_t)key[0];
		memcpy(c.ip.addr, key + 1, MIN(len - 1, sizeof(c.ip.addr)));
		put_constant(out, RULES_CLASS_IP, &c);
		return;
	}
	memcpy(&c.u64, key, MIN(len, sizeof(c.u64)));
	put_constant(out, class, &c);
}

struct values {
	FILE *out;
	uint32_t n;
};

static bool next_value(struct values *v)
{
	if (v->n++ >= RULES_DUMP_VALUES)
		return false;
	if (v->n > 1)
		fputs(", ", v->out);
	return true;
}

static void put_set(struct values *v, const struct rules_group *group,
		    const struct rules_predicate *p)
{
	for (uint32_t i = 0; i < group->set.n; i++) {
		const struct rules_set_entry *e = &group->set.entries[i];

		if (rules_rows_has(&group->set.rows, group->set.entry_rows[i], p->local) &&
		    next_value(v))
			put_key(v->out, p->class, group->set.bytes + e->offset, e->len);
	}
}

static void put_needle(void *userdata, const char *text, size_t len)
{
	struct values *v = userdata;

	if (next_value(v))
		put_quoted(v->out, text, len);
}

static void put_values(FILE *out, const struct rules_program *program,
		       const struct rules_predicate *p)
{
	const struct rules_group *group =
		p->group == RULES_NO_ID ? NULL : &program->groups[p->group];
	struct values v = {.out = out};

	fputc('(', out);
	if (!group) {
		for (uint32_t i = 0; p->constants && i < p->n_constants; i++) {
			if (next_value(&v))
				put_constant(out, p->class, &p->constants[i]);
		}
	} else if (group->kind == RULES_GROUP_SET) {
		put_set(&v, group, p);
	} else if (group->kind == RULES_GROUP_NET) {
		fprintf(out, "%u nets", p->n_constants); /* kept as ranges, joined */
	} else {
		rules_dump_needles(&group->ac, p->local, put_needle, &v);
	}
	if (v.n > RULES_DUMP_VALUES)
		fprintf(out, ", ... %u in all", v.n);
	fputc(')', out);
}

/* ---- checks --------------------------------------------------------------------------- */

const char *rules_dump_group_name(const struct rules_group *group)
{
	static const char *const names[] = {
		[RULES_GROUP_SET] = "set",
		[RULES_GROUP_CONTAINS] = "contains",
		[RULES_GROUP_ICONTAINS] = "icontains",
		[RULES_GROUP_PREFIX] = "prefixes",
		[RULES_GROUP_SUFFIX] = "suffixes",
		[RULES_GROUP_NET] = "nets",
	};

	return names[group->kind];
}

void rules_dump_predicate(FILE *out, const struct rules_program *program, uint32_t id)
{
	const struct rules_predicate *p = &program->predicates[id];
	const char *modifier = rules_modifier_text((enum rules_modifier)p->modifier);

	rules_dump_term(out, program, p->term);
	fprintf(out, " %s", rules_op_text((enum rules_op)p->op));
	if (*modifier)
		fprintf(out, " %s", modifier);
	if (p->test == RULES_TEST_EXISTS)
		return;
	fputc(' ', out);
	if (p->test == RULES_TEST_TERM) {
		fputs("val(", out);
		rules_dump_term(out, program, p->rhs);
		fputc(')', out);
	} else {
		put_values(out, program, p);
	}
}

void rules_dump_literal(FILE *out, const struct rules_program *program, uint32_t literal)
{
	const struct rules_dag_node *node = &program->nodes[literal >> 1];

	if (literal >> 1 == 0) {
		fputs(literal == RULES_LITERAL_TRUE ? "true" : "false", out);
		return;
	}
	if (literal & 1)
		fputs("not ", out);
	if (node->kind == RULES_DAG_PREDICATE)
		rules_dump_predicate(out, program, node->first);
	else
		fprintf(out, "n%u", literal >> 1);
}

/* ---- the call ---------------------------------------------------------------------------- */

SAKER_PUBLIC int saker_ruleset_dump(const struct saker_ruleset *ruleset,
				    enum saker_dump_stage stage, char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!ruleset || !ret_text || (stage != SAKER_DUMP_DAG && stage != SAKER_DUMP_PLAN))
		return -EINVAL;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < ruleset->n_sources; i++) {
		if (stage == SAKER_DUMP_DAG)
			rules_dump_dag(out, ruleset, i);
		else
			rules_dump_plan(out, ruleset, i);
	}
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}
