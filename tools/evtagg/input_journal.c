/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: is the systemd journal of this machine, journal:PATH one file or folder of
 * journals (as systemd-journal-remote collects from many hosts).
 */
#include <sys/stat.h>

#include "input.h"

#if SAKER_HAVE_JOURNAL
#include <systemd/sd-journal.h>

struct journal {
	sd_journal *j;
	char *host;
};

static int fail(struct input *in, const char *what, int r)
{
	snprintf(in->error, sizeof(in->error), "%s: %s", what, strerror(-r));
	return r;
}

static int open_journal(const char *what, sd_journal **ret)
{
	const char *files[] = {what, NULL};
	struct stat st;

	if (!*what)
		return sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
	if (stat(what, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? sd_journal_open_directory(ret, what, 0)
				   : sd_journal_open_files(ret, files, 0);
}

/* A unit's own messages; the name may lack its ".service". */
static int match_unit(sd_journal *j, const char *unit)
{
	char match[320];

	snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%.256s%s", unit,
		 strchr(unit, '.') ? "" : ".service");
	return sd_journal_add_match(j, match, 0);
}

static int seek(sd_journal *j, const struct input_options *o)
{
	int r;

	if (o->follow && o->from_now) {
		r = sd_journal_seek_tail(j);
		/* Behind the last entry: the next one is new. */
		return r < 0 ? r : sd_journal_previous(j);
	}
	return o->since ? sd_journal_seek_realtime_usec(j, o->since / 1000)
			: sd_journal_seek_head(j);
}

static int journal_open(struct input *in, const char *what)
{
	struct journal *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	in->state = s;
	r = open_journal(what, &s->j);
	if (r < 0)
		return fail(in, "cannot be opened", r);
	sd_journal_set_data_threshold(s->j, in->options->max_line);
	if (in->options->unit)
		r = match_unit(s->j, in->options->unit);
	if (r >= 0)
		r = seek(s->j, in->options);
	return r < 0 ? fail(in, "cannot be read", r) : 0;
}

static int take_host(struct journal *s, struct block *ret)
{
	const char *data;
	size_t len;

	if (sd_journal_get_data(s->j, "_HOSTNAME", (const void **)&data, &len) < 0 || len < 10)
		return 0;
	free(s->host); /* the next get_data may take data's memory away */
	s->host = strndup(data + 10, len - 10);
	if (!s->host)
		return -ENOMEM;
	ret->host = text_of(s->host);
	return 0;
}

static int take_entry(struct input *in, struct journal *s, struct block *ret)
{
	uint64_t usec = 0;
	const char *data;
	size_t len;
	int r = take_host(s, ret);

	if (r < 0)
		return r;
	sd_journal_get_realtime_usec(s->j, &usec);
	if (in->options->until && usec * 1000 >= in->options->until && !in->options->follow)
		return -ENODATA;
	ret->time = usec * 1000;
	ret->message = true;
	r = sd_journal_get_data(s->j, "MESSAGE", (const void **)&data, &len);
	if (r < 0 || len < 8) {
		ret->empty_line = true; /* an entry without a message */
		return r < 0 && r != -ENOENT ? fail(in, "an entry cannot be read", r) : 1;
	}
	ret->data = (char *)data + 8;
	ret->len = len - 8;
	ret->empty_line = ret->len == 0;
	in->stats.bytes += len;
	return 1;
}

static int journal_next(struct input *in, struct block *ret)
{
	struct journal *s = in->state;
	int r = sd_journal_next(s->j);

	if (r == 0 && in->options->follow) {
		sd_journal_process(s->j); /* what the file descriptor told */
		r = sd_journal_next(s->j);
		if (r == 0)
			return 0;
	}
	if (r < 0)
		return fail(in, "cannot be read", r);
	return r == 0 ? -ENODATA : take_entry(in, s, ret);
}

static int journal_fd(struct input *in)
{
	const struct journal *s = in->state;

	return in->options->follow ? sd_journal_get_fd(s->j) : -1;
}

static void journal_close(struct input *in)
{
	struct journal *s = in->state;

	if (s->j)
		sd_journal_close(s->j);
	free(s->host);
	free(s);
	in->state = NULL;
}

#else

static int journal_open(struct input *in, const char *what)
{
	snprintf(in->error, sizeof(in->error),
		 "built without libsystemd; pipe journalctl -o export instead");
	return -EOPNOTSUPP;
}

static int journal_next(struct input *in, struct block *ret)
{
	return -ENODATA;
}

static int journal_fd(struct input *in)
{
	return -1;
}

static void journal_close(struct input *in)
{
}

#endif

const struct input_kind input_journal = {
	.name = "journal",
	.prefix = "journal:",
	.shown = "journal:[PATH]",
	.summary = "the systemd journal, or a file or folder of journals",
	.open = journal_open,
	.next = journal_next,
	.fd = journal_fd,
	.close = journal_close,
};
