/* SPDX-License-Identifier: Apache-2.0 */
/* A condition or a format by itself, for tools: a program with one rule, or none. */
#include <stdio.h>

#include "format.h"
#include "loader.h"

struct saker_filter {
	struct rules_program *program;
	struct rules_machine machine;
};

struct saker_formatter {
	struct rules_program *program;
	struct rules_machine machine;
	struct rules_output output;
	struct rules_renderer renderer;
};

/* Where findings about one text go. */
struct filter_report {
	saker_diag_fn diag;
	void *userdata;
	const char *text;
};

static void filter_report(const struct filter_report *report, int code, size_t offset,
			  const char *hint, const char *message)
{
	rules_report_text(report->diag, report->userdata, (enum rules_code)code, report->text,
			  strlen(report->text), offset, hint, message);
}

static void filter_warn(void *userdata, int code, const struct rules_mark *mark,
			const char *message)
{
	filter_report(userdata, code, mark ? mark->offset : 0, "", message);
}

static int filter_build(struct rules_builder *builder, const struct filter_report *report,
			struct arena *scratch)
{
	struct rules_parse_error error;
	struct rules_plan_rule rule = {0};
	struct rules_node *root;
	int r = rules_parse_condition(scratch, report->text, strlen(report->text), &error, &root);

	if (r == -EBADMSG)
		filter_report(report, RULES_LOAD_ERR_COMPILE_CONDITION, error.offset, "",
			      error.message);
	if (r < 0)
		return r;
	r = rules_compile_condition(builder, root, &rule.literal);
	if (r == -EBADMSG)
		filter_report(report, RULES_LOAD_ERR_COMPILE_CONDITION,
			      builder->error->mark ? builder->error->mark->offset : 0,
			      builder->error->hint, builder->error->message);
	if (r < 0)
		return r;
	builder->program->n_rules = 1;
	return rules_plan_build(builder, &rule, 1);
}

SAKER_PUBLIC int saker_filter_compile(const struct saker_catalogue *catalogue,
				      const char *condition, saker_diag_fn diag, void *userdata,
				      struct saker_filter **ret_filter)
{
	struct filter_report report = {diag, userdata, condition};
	struct rules_compile_error error = {0};
	struct rules_builder builder;
	struct saker_filter *filter;
	struct arena scratch;
	int r;

	if (!catalogue || !condition || !ret_filter || catalogue->n_codes > RULES_MAX_CODES)
		return -EINVAL;
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	filter->program = rules_program_new(catalogue);
	if (!filter->program) {
		free(filter);
		return -ENOMEM;
	}
	arena_init(&scratch, 16384);
	r = rules_builder_init(&builder, filter->program, &scratch);
	builder.error = &error;
	builder.warn = filter_warn;
	builder.warn_userdata = &report;
	if (r >= 0)
		r = filter_build(&builder, &report, &scratch);
	rules_builder_fini(&builder);
	arena_fini(&scratch);
	if (r >= 0)
		r = rules_machine_init(&filter->machine, filter->program);
	if (r < 0) {
		saker_filter_free(filter);
		return r;
	}
	*ret_filter = filter;
	return 0;
}

SAKER_PUBLIC struct saker_filter *saker_filter_free(struct saker_filter *filter)
{
	if (!filter)
		return NULL;
	rules_machine_fini(&filter->machine);
	rules_program_free(filter->program);
	free(filter);
	return NULL;
}

SAKER_PUBLIC int saker_filter_eval(struct saker_filter *filter, void *record)
{
	const struct saker_catalogue *catalogue;
	uint32_t code;

	if (unlikely(!filter))
		return -EINVAL;
	catalogue = filter->program->catalogue;
	code = catalogue->code ? catalogue->code(record) : 0;
	if (code >= filter->program->n_codes || !filter->program->plan_of_code[code])
		return 0;
	rules_machine_begin(&filter->machine, record);
	return rules_machine_run(&filter->machine, filter->program->plan_of_code[code], true) > 0;
}

SAKER_PUBLIC int saker_filter_codes(const struct saker_filter *filter, uint64_t *bitmap,
				    uint32_t n_words)
{
	if (!filter || (!bitmap && n_words))
		return -EINVAL;
	rules_program_codes(filter->program, bitmap, n_words);
	return 0;
}

static int formatter_build(struct rules_builder *builder, const struct filter_report *report,
			   struct rules_output *output)
{
	struct rules_format_builder fb = {.builder = builder};
	int r = rules_format_compile(&fb, report->text, strlen(report->text), false,
				     &output->format);

	if (r >= 0)
		r = rules_format_finish(&fb, output);
	rules_format_builder_fini(&fb);
	if (r == -EBADMSG)
		filter_report(report, RULES_LOAD_ERR_COMPILE_OUTPUT, builder->error->offset,
			      builder->error->hint, builder->error->message);
	return r;
}

SAKER_PUBLIC int saker_formatter_compile(const struct saker_catalogue *catalogue,
					 const char *format, saker_diag_fn diag, void *userdata,
					 struct saker_formatter **ret_formatter)
{
	struct filter_report report = {diag, userdata, format};
	struct rules_compile_error error = {0};
	struct saker_formatter *formatter;
	struct rules_builder builder;
	struct arena scratch;
	int r;

	if (!catalogue || !format || !ret_formatter || catalogue->n_codes > RULES_MAX_CODES)
		return -EINVAL;
	formatter = calloc(1, sizeof(*formatter));
	if (!formatter)
		return -ENOMEM;
	formatter->program = rules_program_new(catalogue);
	if (!formatter->program) {
		free(formatter);
		return -ENOMEM;
	}
	arena_init(&scratch, 16384);
	r = rules_builder_init(&builder, formatter->program, &scratch);
	builder.error = &error;
	if (r >= 0)
		r = formatter_build(&builder, &report, &formatter->output);
	rules_builder_fini(&builder);
	arena_fini(&scratch);
	if (r >= 0)
		r = rules_machine_init(&formatter->machine, formatter->program);
	if (r < 0) {
		saker_formatter_free(formatter);
		return r;
	}
	*ret_formatter = formatter;
	return 0;
}

SAKER_PUBLIC struct saker_formatter *saker_formatter_free(struct saker_formatter *formatter)
{
	if (!formatter)
		return NULL;
	rules_machine_fini(&formatter->machine);
	rules_renderer_fini(&formatter->renderer);
	rules_program_free(formatter->program);
	free(formatter);
	return NULL;
}

SAKER_PUBLIC int saker_formatter_render(struct saker_formatter *formatter, void *record,
					struct saker_rendered *ret_rendered)
{
	if (!formatter || !ret_rendered)
		return -EINVAL;
	rules_machine_begin(&formatter->machine, record);
	return rules_render(&formatter->renderer, &formatter->machine, &formatter->output,
			    ret_rendered);
}
