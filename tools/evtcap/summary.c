/* SPDX-License-Identifier: Apache-2.0 */
/* -S: events are only counted, by type. */
#include "session.h"
#include "types.h"

struct summary {
	struct types types;
	bool json;
};

static int summary_event(void *self, const struct saker_event_view *event,
			 const struct saker_event_meta *meta, struct saker_record *record)
{
	struct summary *summary = self;

	types_count(&summary->types, event);
	return 1;
}

static int summary_finish(void *self)
{
	struct summary *summary = self;
	json_t *types;

	if (!summary->json) {
		types_print(&summary->types, stdout, "");
	} else {
		types = types_json(&summary->types);
		if (!types)
			return -ENOMEM;
		json_dumpf(types, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(types);
	}
	errno = 0;
	return fflush(stdout) == 0 ? 0 : errno ? -errno : -EIO;
}

static int summary_open(struct session *s, void **ret_self)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->json = s->options->json;
	*ret_self = summary;
	return 0;
}

const struct view view_summary = {
	.no_state = true,
	.open = summary_open,
	.event = summary_event,
	.finish = summary_finish,
	.close = free,
};
