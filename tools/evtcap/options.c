/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table gives the letters, the long options and the help. */
#include <sys/stat.h>

#include "cli.h"
#include "options.h"

#define MEGABYTE 1000000u /* as tcpdump counts */
#define MAX_MEGABYTES 1000000000u
#define MAX_SECONDS 1000000000u

enum {
	OPT_JSON = 256,
	OPT_TOP,
	OPT_BY,
	OPT_ROWS,
	OPT_LIST,
	OPT_COLOUR,
	OPT_PRINT,
	OPT_SELF,
	OPT_VERSION,
	OPT_ENGINE,
	OPT_POLL,
	OPT_SAMPLE,
	OPT_DYNAMIC,
	OPT_PORTS,
	OPT_FOR_SYSDIG,
	OPT_REASONS,
};

static const struct cli_option rows[] = {
	{'r', "read", required_argument, "FILE",
	 "Where events come from (default: this machine, live)",
	 "a capture file (.scap, gzip or not), - is standard input"},
	{OPT_ENGINE, "engine", required_argument, "NAME", NULL,
	 "live: ebpf (default), or procfs, which only polls and needs no root"},
	{OPT_POLL, "poll", required_argument, "MS", NULL,
	 "with --engine procfs: milliseconds between two looks (1000)"},
	{'e', "events", required_argument, "SET", NULL,
	 "live: state, io, all, or names of system calls, by commas"},
	{'s', "snaplen", required_argument, "BYTES", NULL,
	 "live: how much of I/O data is kept (80)"},
	{OPT_DYNAMIC, "dynamic-snaplen", no_argument, NULL, NULL,
	 "live: more (2000) of DNS, HTTP, MySQL, PostgreSQL, MongoDB"},
	{OPT_PORTS, "full-ports", required_argument, "A-B", NULL,
	 "live: most (16000) of what goes through these ports"},
	{'k', "keep", required_argument, "WHAT", NULL,
	 "live, in the kernel: tree=PID, pid=, comm=, uid=, cgrouptree=, path=; != leaves out"},
	{OPT_SAMPLE, "sample", required_argument, "SET=N", NULL,
	 "live: one in N of these system calls"},
	{OPT_SELF, "self", no_argument, NULL, NULL, "live: evtcap's own system calls too"},
	{'w', "write", required_argument, "FILE",
	 "Where they go (default: standard output, as text)",
	 "a capture file, - is standard output"},
	{'z', "gzip", no_argument, NULL, NULL, "with -w: compressed"},
	{OPT_FOR_SYSDIG, "for-sysdig", no_argument, NULL, NULL,
	 "with -w: without system calls that sysdig of 2022 crashes on"},
	{'C', "file-size", required_argument, "MB", NULL,
	 "with -w: a new file each MB million bytes"},
	{'G', "file-time", required_argument, "SECONDS", NULL,
	 "with -w: a new file each SECONDS; FILE may have %H%M ..."},
	{'W', "files", required_argument, "COUNT", NULL,
	 "with -C or -G: keep the newest COUNT files"},
	{OPT_PRINT, "print", no_argument, NULL, NULL, "with -w: print events as well"},
	{'n', "count", required_argument, "COUNT", "Which and how many",
	 "stop after so many events (that satisfy FILTER)"},
	{'p', "format", required_argument, "FORMAT", "How they look",
	 "output format, fields as %proc.name"},
	{'F', "fields", required_argument, "FIELDS", NULL, "just these fields, by commas"},
	{OPT_JSON, "json", no_argument, NULL, NULL, "one JSON object a line (or for all of -i)"},
	{OPT_REASONS, "reasons", no_argument, NULL, NULL,
	 "with --json: why fields have no value, as \"absent\""},
	{'t', "time", required_argument, "FORM", NULL,
	 "clock, date, iso, epoch, relative or delta (or h d i a r D)"},
	{OPT_COLOUR, "color", required_argument, "WHEN", NULL, "auto, always or never"},
	{'i', "info", no_argument, NULL, "Instead of events", "what a capture holds"},
	{OPT_TOP, "top", optional_argument, "OF", NULL,
	 "the busiest: proc (default), file or conn"},
	{OPT_BY, "by", required_argument, "WHAT", NULL, "with --top: sort by events or bytes"},
	{OPT_ROWS, "rows", required_argument, "COUNT", NULL, "with --top: how many"},
	{'S', "summary", no_argument, NULL, NULL, "only count, by type"},
	{OPT_LIST, "list", optional_argument, "CLASS", NULL,
	 "the fields of filters and formats, of a class (proc, fd) or all"},
	{'N', "names-only", no_argument, NULL, NULL, "with --list: names only"},
	{'q', "quiet", no_argument, NULL, "Else", "no summary at the end, no progress"},
	{OPT_VERSION, "version", no_argument, NULL, NULL, "print the version"},
	{'h', "help", no_argument, NULL, NULL, "print this help"},
};

static int take_u32(const struct cli *cli, const char *option, const char *text, uint32_t max,
		    uint32_t *ret, FILE *err)
{
	uint64_t v = 0;
	int r = cli_number(cli, option, text, max, &v, err);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

static int take_time(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	static const char *const words[] = {
#define X(symbol, word, letter, text, field) word,
		EVTCAP_TIME_LIST(X)
#undef X
			NULL};
	static const char letters[] = {
#define X(symbol, word, letter, text, field) letter,
		EVTCAP_TIME_LIST(X)
#undef X
	};
	int r;

	for (size_t i = 0; i < sizeof(letters); i++) {
		if (text[0] == letters[i] && !text[1]) {
			o->time = (enum evtcap_time)i;
			return 0;
		}
	}
	r = cli_word(cli, "-t", text, words, err);
	if (r >= 0)
		o->time = (enum evtcap_time)r;
	return r < 0 ? r : 0;
}

static int take_top(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	static const char *const words[] = {"proc", "file", "conn", NULL};
	int r = text ? cli_word(cli, "--top", text, words, err) : 0;

	o->mode = EVTCAP_TOP;
	if (r >= 0)
		o->top_of = (enum evtcap_top_of)r;
	return r < 0 ? r : 0;
}

static int take_by(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	static const char *const words[] = {"events", "bytes", NULL};
	int r = cli_word(cli, "--by", text, words, err);

	o->top_by_bytes = r == 1;
	return r < 0 ? r : 0;
}

static int take_colour(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	static const char *const words[] = {"auto", "always", "never", NULL};
	int r = cli_word(cli, "--color", text, words, err);

	if (r >= 0)
		o->colour = (enum evtcap_colour)r;
	return r < 0 ? r : 0;
}

static int take_engine(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	static const char *const words[] = {"ebpf", "procfs", NULL};
	int r = cli_word(cli, "--engine", text, words, err);

	if (r >= 0)
		o->engine = words[r];
	return r < 0 ? r : 0;
}

static int take_rotation(const struct cli *cli, struct evtcap_options *o, int value,
			 const char *text, FILE *err)
{
	uint64_t v = 0;
	int r;

	if (value == 'W')
		return take_u32(cli, "-W", text, 1000000, &o->max_files, err);
	r = cli_number(cli, value == 'C' ? "-C" : "-G", text,
		       value == 'C' ? MAX_MEGABYTES : MAX_SECONDS, &v, err);
	if (r == 0 && value == 'C')
		o->file_bytes = v * MEGABYTE;
	else if (r == 0)
		o->file_ns = v * UINT64_C(1000000000);
	return r;
}

/* An option that can be given several times. */
static int take_more(const struct cli *cli, const char *option, const char *text, const char **list,
		     uint32_t *n, FILE *err)
{
	if (*n == EVTCAP_MAX_KEEP)
		return cli_bad(cli, err, "%s can be given %d times", option, EVTCAP_MAX_KEEP);
	list[(*n)++] = text;
	return 0;
}

static int take_ports(const struct cli *cli, struct evtcap_options *o, const char *text, FILE *err)
{
	unsigned int first = 0, last = 0;
	int end = 0;

	if (sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || text[end] || !first ||
	    first > last || last > UINT16_MAX)
		return cli_bad(cli, err, "--full-ports takes two ports, as in 8000-8999, not '%s'",
			       text);
	o->port_first = (uint16_t)first;
	o->port_last = (uint16_t)last;
	return 0;
}

static int take_flag(struct evtcap_options *o, int value)
{
	switch (value) {
	case 'z':
		o->gzip = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'N':
		o->names_only = true;
		return 0;
	case 'i':
		o->mode = EVTCAP_INFO;
		return 0;
	case 'S':
		o->mode = EVTCAP_SUMMARY;
		return 0;
	case 'h':
		o->mode = EVTCAP_HELP;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_FOR_SYSDIG:
		o->for_sysdig = true;
		return 0;
	case OPT_REASONS:
		o->reasons = true;
		return 0;
	case OPT_PRINT:
		o->print = true;
		return 0;
	case OPT_SELF:
		o->self = true;
		return 0;
	case OPT_DYNAMIC:
		o->dynamic_snaplen = true;
		return 0;
	case OPT_VERSION:
		o->mode = EVTCAP_VERSION;
		return 0;
	default:
		return -EINVAL;
	}
}

static int take(const struct cli *cli, void *target, int value, const char *argument, FILE *err)
{
	struct evtcap_options *o = target;

	switch (value) {
	case 'r':
		o->read = argument;
		return 0;
	case 'w':
		o->write = argument;
		return 0;
	case 'e':
		o->select = argument;
		return 0;
	case 'p':
		o->format = argument;
		return 0;
	case 'F':
		o->fields = argument;
		return 0;
	case 'n':
		return cli_number(cli, "-n", argument, UINT64_MAX, &o->count, err);
	case 's':
		return take_u32(cli, "-s", argument, 65000, &o->snaplen, err);
	case 'C':
	case 'G':
	case 'W':
		return take_rotation(cli, o, value, argument, err);
	case 't':
		return take_time(cli, o, argument, err);
	case 'k':
		return take_more(cli, "-k", argument, o->keep, &o->n_keep, err);
	case OPT_SAMPLE:
		return take_more(cli, "--sample", argument, o->samples, &o->n_samples, err);
	case OPT_PORTS:
		return take_ports(cli, o, argument, err);
	case OPT_TOP:
		return take_top(cli, o, argument, err);
	case OPT_BY:
		return take_by(cli, o, argument, err);
	case OPT_ROWS:
		return take_u32(cli, "--rows", argument, 100000, &o->rows, err);
	case OPT_ENGINE:
		return take_engine(cli, o, argument, err);
	case OPT_POLL:
		return take_u32(cli, "--poll", argument, 3600000, &o->poll_ms, err);
	case OPT_COLOUR:
		return take_colour(cli, o, argument, err);
	case OPT_LIST:
		o->mode = EVTCAP_LIST;
		o->list_class = argument;
		return 0;
	default:
		return take_flag(o, value);
	}
}

static const struct cli command_line = {
	.program = "evtcap",
	.help = "evtcap --help",
	.options = rows,
	.n = ARRAY_SIZE(rows),
	.take = take,
};

void evtcap_options_help(FILE *out)
{
	fputs("Usage: evtcap [OPTION]... [FILTER]\n"
	      "Shows, writes and sums up system calls, of this machine or of a capture file.\n"
	      "FILTER is a condition as in rules: evtcap 'evt.type=openat and fd.name startswith "
	      "/etc'\n",
	      out);
	fputc('\n', out);
	cli_print_options(&command_line, 27, out);
	fputs("\nExit: 0 well, 1 the filter, format or events are wrong, 2 usage, 3 the capture "
	      "cannot be\n"
	      "opened, 4 it failed while running (damaged capture, full disk). Ctrl-C stops. See "
	      "evtcap(1).\n",
	      out);
}

/* The words that are no options, joined by blanks, as tcpdump does. */
static int take_filter(struct evtcap_options *o, char **words, int n)
{
	size_t size = 1, len = 0;

	for (int i = 0; i < n; i++)
		size += strlen(words[i]) + 1;
	o->filter = malloc(size);
	if (!o->filter)
		return -ENOMEM;
	o->filter[0] = '\0';
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(o->filter + len, size - len, "%s%s", i ? " " : "",
					words[i]);
	if (o->filter[strspn(o->filter, " \t\n")] == '\0') {
		free(o->filter);
		o->filter = NULL;
	}
	return 0;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

/* Options that the probe alone can heed. */
static bool probes(const struct evtcap_options *o)
{
	return o->n_keep || o->n_samples || o->dynamic_snaplen || o->port_last;
}

static int check(const struct evtcap_options *o, FILE *err)
{
	bool rotates = o->file_bytes || o->file_ns;
	bool is_procfs = o->engine && util_streq(o->engine, "procfs");

	if (o->mode == EVTCAP_LIST || o->mode == EVTCAP_HELP || o->mode == EVTCAP_VERSION)
		return 0;
	if (!o->write && (rotates || o->max_files || o->gzip || o->for_sysdig || o->print))
		return cli_bad(&command_line, err,
			       "-z, -C, -G, -W, --for-sysdig and --print say how -w writes, which "
			       "is missing");
	if (o->max_files && !rotates)
		return cli_bad(&command_line, err, "-W needs -C or -G");
	if (o->reasons && (!o->json || o->mode != EVTCAP_SHOW))
		return cli_bad(&command_line, err, "--reasons needs --json, and events to show");
	if (rotates && util_streq(o->write, "-"))
		return cli_bad(&command_line, err, "standard output cannot be split into files");
	if (util_streq(o->write ? o->write : "", "-") && isatty(STDOUT_FILENO))
		return cli_bad(&command_line, err,
			       "a capture is no text: send it to a file or a pipe, not a terminal");
	if (is_same_file(o->read, o->write))
		return cli_bad(&command_line, err, "%s would be overwritten while it is read",
			       o->read);
	if (o->read && (o->select || o->snaplen || probes(o) || o->self || o->engine || o->poll_ms))
		return cli_bad(&command_line, err,
			       "-e, -k, -s, --self, --sample, --engine, --poll, --dynamic-snaplen "
			       "and --full-ports are for live capture; a file has what it has");
	if (is_procfs && (o->select || o->snaplen || probes(o) || o->self))
		return cli_bad(&command_line, err,
			       "-e, -k, -s, --sample, --self, --dynamic-snaplen and --full-ports "
			       "tell the probe what to do; --engine procfs has none");
	if (o->poll_ms && !is_procfs)
		return cli_bad(&command_line, err, "--poll goes with --engine procfs");
	if (o->poll_ms && o->poll_ms < 10)
		return cli_bad(&command_line, err, "--poll is at least 10 ms");
	if (o->format && o->fields)
		return cli_bad(&command_line, err, "-p and -F both say what is shown: give one");
	if (o->write && util_streq(o->write, "-") && (o->print || o->mode != EVTCAP_SHOW))
		return cli_bad(&command_line, err,
			       "standard output cannot hold both a capture and text");
	return 0;
}

int evtcap_options_parse(struct evtcap_options *options, int argc, char **argv, FILE *err)
{
	int first = 0, r;

	memset(options, 0, sizeof(*options));
	r = cli_parse(&command_line, options, argc, argv, err, &first);
	if (r < 0)
		return r;
	/* "--list proc" is what people type. */
	if (options->mode == EVTCAP_LIST && first < argc) {
		if (options->list_class || argc - first > 1)
			return cli_bad(&command_line, err, "--list takes one class");
		options->list_class = argv[first];
		return 0;
	}
	r = take_filter(options, argv + first, argc - first);
	return r < 0 ? r : check(options, err);
}

void evtcap_options_fini(struct evtcap_options *options)
{
	free(options->filter);
	options->filter = NULL;
}
