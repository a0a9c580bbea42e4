/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields an exception can be made of. See noise.h. */
#include <ctype.h>

#include <saker/enrich.h>
#include <saker/rules.h>

#include "noise.h"

/*
 * What says nothing about who did it, or changes by itself: numbers that the kernel gives
 * out, times, names of instances, versions of images; and what repeats other fields in a
 * form that cannot be compared.
 */
static const char *const left_out[] = {
	"evt.num",
	"evt.args",
	"evt.info",
	"evt.rawres",
	"evt.res",
	"evt.count",
	"evt.cpu",
	"evt.latency",
	"evt.dir",
	"proc.pid",
	"proc.ppid",
	"proc.vpid",
	"proc.pvpid",
	"proc.sid",
	"proc.vpgid",
	"proc.pgid",
	"proc.duration",
	"proc.vmsize",
	"proc.vmrss",
	"proc.vmswap",
	"proc.fdopencount",
	"proc.is_exe_writable",
	"proc.exe_ino",
	"proc.loginshellid",
	"fd.num",
	"fd.cport",
	"fd.ino",
	"fd.dev",
	"fd.uid",
	"container.name",
	"container.full_id",
	"container.image.tag",
	"container.image.digest",
	"container.image.id",
	"container.image",
	"container.start_ts",
	"k8s.pod.id",
	"k8s.pod.uid",
	"k8s.pod.sandbox_id",
	"k8s.pod.ip",
	"user.loginname",
	"evt.hostname",
};

static bool has_suffix(struct text t, const char *suffix)
{
	size_t n = strlen(suffix);

	return t.len >= n && memcmp(t.p + t.len - n, suffix, n) == 0;
}

static bool is_left_out(struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		if (text_is(name, left_out[i]))
			return true;
	}
	return (name.len >= 8 && memcmp(name.p, "evt.time", 8) == 0) ||
	       (name.len >= 11 && memcmp(name.p, "evt.rawtime", 11) == 0) ||
	       (name.len >= 7 && memcmp(name.p, "thread.", 7) == 0) || has_suffix(name, ".ts") ||
	       has_suffix(name, "ctime") || has_suffix(name, "mtime");
}

/* The agent's field of that name, with an argument in brackets or behind a dot. */
static const struct saker_field *agent_field(struct text name)
{
	const struct saker_catalogue *agent = saker_enrich_catalogue();

	for (uint32_t i = 0; i < agent->n_fields; i++) {
		const struct saker_field *f = &agent->fields[i];
		size_t n = strlen(f->name);
		bool takes = f->flags & (SAKER_FIELD_ARG_ALLOWED | SAKER_FIELD_ARG_REQUIRED);

		if (name.len < n || memcmp(f->name, name.p, n) != 0)
			continue;
		if (name.len == n)
			return f->flags & SAKER_FIELD_ARG_REQUIRED ? NULL : f;
		if (takes && name.len > n + 1 && name.p[n] == '.')
			return f;
		if (takes && name.len > n + 2 && name.p[n] == '[' && name.p[name.len - 1] == ']' &&
		    !memchr(name.p + n + 1, '[', name.len - n - 1))
			return f;
	}
	return NULL;
}

static bool is_word(struct text name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		if (!isalnum((unsigned char)name.p[i]) && !strchr("._[]/-", name.p[i]))
			return false;
	}
	return name.len && name.len <= 120 && isalpha((unsigned char)*name.p);
}

bool noise_compiles(struct text name, const char *check)
{
	struct saker_filter *filter = NULL;
	char text[192];
	int r;

	snprintf(text, sizeof(text), "%.*s %s", (int)name.len, name.p, check);
	r = saker_filter_compile(saker_enrich_catalogue(), text, NULL, NULL, &filter);
	saker_filter_free(filter);
	return r == 0;
}

bool noise_usable(struct text name, bool syscall, enum noise_type *ret_type)
{
	const struct saker_field *f = agent_field(name);

	*ret_type = NOISE_TEXT;
	if (!is_word(name) || !memchr(name.p, '.', name.len) || is_left_out(name))
		return false;
	if (!f)
		return !syscall && memcmp(name.p, "evt.", 4) != 0 && !memchr(name.p, '[', name.len);
	if (f->flags & (SAKER_FIELD_PRINT_ONLY | SAKER_FIELD_ANY | SAKER_FIELD_LIST) &&
	    name.p[name.len - 1] != ']')
		return false;
	if (name.len != strlen(f->name)) {
		*ret_type = noise_compiles(name, "regex \"a\"") ? NOISE_TEXT : NOISE_NUMBER;
		return noise_compiles(name, "= 1");
	}
	switch (f->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
		return true;
	case SAKER_TYPE_BOOL ... SAKER_TYPE_U64:
	case SAKER_TYPE_PORT:
	case SAKER_TYPE_IP:
		*ret_type = NOISE_NUMBER;
		return f->format == SAKER_FORMAT_DEC;
	default:
		return false;
	}
}
