/* SPDX-License-Identifier: Apache-2.0 */
/* evtcap's command line. */
#ifndef EVTCAP_OPTIONS_H
#define EVTCAP_OPTIONS_H

#include <stdio.h>

#include "common/util.h"

enum evtcap_mode {
	EVTCAP_SHOW, /* one line an event */
	EVTCAP_INFO,
	EVTCAP_TOP,
	EVTCAP_SUMMARY,
	EVTCAP_LIST,
	EVTCAP_HELP,
	EVTCAP_VERSION,
};

/* How %evt.outputtime reads: the word of -t, its letter, what it is in text and in JSON. */
#define EVTCAP_TIME_LIST(X)                                                            \
	X(CLOCK, "clock", 'h', "%evt.time", "%evt.time")                               \
	X(DATE, "date", 'd', "%evt.datetime", "%evt.datetime")                         \
	X(ISO, "iso", 'i', "%evt.time.iso8601", "%evt.time.iso8601")                   \
	X(EPOCH, "epoch", 'a', "%evt.rawtime.s.%evt.rawtime.ns", "%evt.rawtime")       \
	X(RELATIVE, "relative", 'r', "%evt.reltime.s.%evt.reltime.ns", "%evt.reltime") \
	X(DELTA, "delta", 'D', "%evt.deltatime.s.%evt.deltatime.ns", "%evt.deltatime")

enum evtcap_time {
#define X(symbol, word, letter, text, field) EVTCAP_TIME_##symbol,
	EVTCAP_TIME_LIST(X)
#undef X
};

enum evtcap_top_of { EVTCAP_TOP_PROC, EVTCAP_TOP_FILE, EVTCAP_TOP_CONN };

enum evtcap_colour { EVTCAP_COLOUR_AUTO, EVTCAP_COLOUR_ALWAYS, EVTCAP_COLOUR_NEVER };

#define EVTCAP_MAX_KEEP 64 /* times that -k and --sample can be given */

/* Strings point into argv, but for filter. */
struct evtcap_options {
	enum evtcap_mode mode;
	const char *read;   /* NULL = live */
	const char *write;  /* NULL = not */
	const char *format; /* NULL = the default one */
	const char *fields; /* -F: names and commas */
	const char *select; /* -e */
	const char *engine; /* NULL = ebpf, or the file's */
	const char *list_class;
	const char *keep[EVTCAP_MAX_KEEP]; /* -k */
	const char *samples[EVTCAP_MAX_KEEP];
	uint32_t n_keep;
	uint32_t n_samples;
	uint16_t port_first; /* --full-ports; last 0 = none */
	uint16_t port_last;
	bool dynamic_snaplen;
	char *filter;	     /* NULL = all events */
	uint64_t count;	     /* 0 = no end */
	uint64_t file_bytes; /* -C; 0 = one file */
	uint64_t file_ns;    /* -G */
	uint32_t max_files;  /* -W */
	uint32_t snaplen;    /* 0 = the engine's */
	uint32_t poll_ms;    /* 0 = the engine's */
	uint32_t rows;	     /* --rows; 0 = what fits */
	enum evtcap_time time;
	enum evtcap_top_of top_of;
	enum evtcap_colour colour;
	bool top_by_bytes;
	bool json;
	bool reasons; /* with json: why there is no value */
	bool gzip;
	bool for_sysdig;
	bool print; /* events too when they are written to a file */
	bool quiet;
	bool self; /* our own system calls too */
	bool names_only;
};

/* -EINVAL after one line on err; -ENOMEM. Free in either case. */
int evtcap_options_parse(struct evtcap_options *options, int argc, char **argv, FILE *err);
void evtcap_options_fini(struct evtcap_options *options);
void evtcap_options_help(FILE *out);

#endif /* EVTCAP_OPTIONS_H */
