/* SPDX-License-Identifier: Apache-2.0 */
/* liboutput alone: one alert of a program's own, as a line of JSON on standard output. */
#include <saker/output.h>

#include <string.h>

int main(void)
{
	struct saker_output_options options = SAKER_OUTPUT_OPTIONS_INIT;
	struct saker_output *output = NULL;
	static const char *const tags[] = {"door", "example"};
	struct saker_alert_field fields[] = {
		{.name = "door.number", .value = saker_value_u64(SAKER_TYPE_U64, 7)},
		{.name = "door.state", .value = saker_value_str("open", strlen("open"))},
	};
	struct saker_alert alert = {
		.time = 1700000000123456789,
		.rule = "Door left open",
		.priority = SAKER_PRIORITY_NOTICE,
		.source = "doors",
		.hostname = "gate",
		.message = "door 7 is open",
		.tags = tags,
		.n_tags = 2,
		.fields = fields,
		.n_fields = 2,
	};
	int rc = 1;

	options.format.json = true;
	if (saker_output_new(&options, &output) == 0 && saker_output_add_stdout(output, false) == 0)
		rc = saker_output_emit(output, &alert) ? 1 : 0;
	saker_output_free(output);
	return rc;
}
