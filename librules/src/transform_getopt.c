/* SPDX-License-Identifier: Apache-2.0 */
/* The getopt transformer's walk; its results point into the arguments. */
#include "transform_getopt.h"

void rules_optstring_parse(struct rules_optstring *optstring, const char *text, size_t len)
{
	memset(optstring, 0, sizeof(*optstring));
	for (size_t i = len && text[0] == ':'; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == ':')
			continue;
		optstring->valid[c] = true;
		if (i + 1 < len && text[i + 1] == ':') {
			optstring->takes_value[c] = true;
			i++;
		}
	}
}

struct getopt_walk {
	const struct saker_values *list;
	const struct rules_optstring *optstring;
	bool has_selector;
	unsigned char selector;
	uint32_t at;
	struct saker_value *results; /* NULL while they are counted */
	uint32_t n;
	bool found;
	struct saker_value last; /* with a selector */
};

static void getopt_emit(struct getopt_walk *w, const char *text, size_t len)
{
	if (w->results)
		w->results[w->n] = saker_value_str(text, len);
	w->n++;
}

static void getopt_found(struct getopt_walk *w, const char *option, const struct saker_value *value)
{
	if (w->has_selector) {
		w->found = true;
		w->last = value ? *value : saker_value_str(option, 1);
		return;
	}
	getopt_emit(w, option, 1);
	if (value)
		getopt_emit(w, value->str, value->len);
}

static void getopt_missing(struct getopt_walk *w)
{
	if (w->has_selector) {
		w->found = true;
		w->last = saker_value_str("", 0);
		return;
	}
	getopt_emit(w, "", 0);
}

/* One argument such as -nt or -tvalue. */
static void getopt_cluster(struct getopt_walk *w, const struct saker_value *arg)
{
	for (uint32_t i = 1; i < arg->len; i++) {
		unsigned char c = (unsigned char)arg->str[i];
		bool wanted = !w->has_selector || c == w->selector;
		struct saker_value value;

		if (c == ':' || !w->optstring->valid[c]) {
			if (!w->has_selector)
				getopt_emit(w, "?", 1);
			continue;
		}
		if (!w->optstring->takes_value[c]) {
			if (wanted)
				getopt_found(w, arg->str + i, NULL);
			continue;
		}
		if (i + 1 < arg->len) {
			value = saker_value_str(arg->str + i + 1, arg->len - i - 1);
		} else if (w->at + 1 < w->list->n) {
			value = w->list->v[++w->at];
		} else {
			if (wanted)
				getopt_missing(w);
			return;
		}
		if (wanted)
			getopt_found(w, arg->str + i, &value);
		return;
	}
}

static void getopt_run(struct getopt_walk *w)
{
	w->n = 0;
	for (w->at = 0; w->at < w->list->n; w->at++) {
		const struct saker_value *arg = &w->list->v[w->at];

		if (arg->len < 2 || arg->str[0] != '-')
			return;
		if (arg->str[1] == '-') {
			if (arg->len == 2)
				return;
			continue;
		}
		getopt_cluster(w, arg);
	}
}

void rules_getopt(const struct saker_values *list, const struct rules_optstring *optstring,
		  bool has_selector, char selector, struct rules_scratch *scratch,
		  struct saker_values *out)
{
	struct getopt_walk walk = {
		.list = list,
		.optstring = optstring,
		.has_selector = has_selector,
		.selector = (unsigned char)selector,
	};

	getopt_run(&walk);
	if (has_selector) {
		if (walk.found)
			saker_values_set(out, walk.last);
		else
			saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	walk.results = rules_scratch_alloc(scratch, MAX(walk.n, 1) * sizeof(*walk.results));
	if (!walk.results) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	getopt_run(&walk);
	out->v = walk.results;
	out->n = walk.n;
	out->absent = SAKER_PRESENT;
}
