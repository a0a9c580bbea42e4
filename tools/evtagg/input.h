/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam for where alerts come from. A kind of input is a file input_NAME.c with a
 * const descriptor and a line in INPUT_KIND_LIST; it yields blocks, and knows nothing
 * of alerts. How the bytes of a block are lines and alerts is a format (format.h).
 */
#ifndef EVTAGG_INPUT_H
#define EVTAGG_INPUT_H

#include <saker/base.h>

#include "str.h"

struct input_options {
	bool follow;	/* go on when the end is reached, until told to stop */
	bool from_now;	/* with follow: not what is there already */
	uint64_t since; /* ns since 1970: a hint, what can seek by time does; 0 = from the start */
	uint64_t until;
	const char *format; /* NULL = find out */
	size_t max_line;    /* bytes; longer ones are counted, not read */
	const char *unit;   /* journal: of this unit only; NULL = any */
	const char *socket; /* container engine; NULL = the usual ones */
};

/* What an input yields at a time. */
struct block {
	char *data; /* whole lines but for the last of an input; the reader may write into it */
	size_t len;
	struct text host;	/* where all of it comes from; "" = see the input's */
	uint64_t time;		/* when it was logged; 0 = unknown */
	bool message;		/* one message of a journal, whatever it holds */
	bool empty_line;	/* len is 0, and it is a line all the same */
	uint64_t skipped_lines; /* lines left out before this block: over max_line */
	uint64_t skipped_bytes;
};

/* Of an input, for statistics; the kind adds to them. */
struct input_stats {
	uint64_t bytes;	     /* read, before they are decompressed */
	uint64_t total;	     /* bytes there are in all; 0 = nobody knows */
	uint64_t reconnects; /* of a container's log; files taken up again after rotation */
	uint64_t dropped;    /* lines that a full queue refused */
	uint64_t errors;
};

struct input {
	const struct input_kind *kind;
	const struct input_options *options;
	char *name; /* the file's path, "journal", "docker:NAME" */
	char *host; /* a host that the name tells, or "" */
	struct input_stats stats;
	char error[256]; /* what went wrong, for a person */
	void *state;	 /* the kind's own */
	bool ended;
};

struct input_kind {
	const char *name;
	const char *prefix; /* "docker:"; NULL = for what no prefix claims */
	const char *shown;  /* in the help: "docker:NAME" */
	const char *summary;
	/* what: the argument without the prefix. A negative errno and in->error. */
	int (*open)(struct input *in, const char *what);
	/*
	 * 1 = a block, valid until the next call; 0 = none now (follow: never waits);
	 * -ENODATA = the end; another errno, with in->error: this input is over.
	 */
	int (*next)(struct input *in, struct block *ret);
	/* What poll(2) can wait on, or -1 = look again in a while. May be NULL. */
	int (*fd)(struct input *in);
	void (*close)(struct input *in);
};

#define INPUT_KIND_LIST(X) \
	X(file)            \
	X(journal)         \
	X(docker)          \
	X(podman)

#define X(name) extern const struct input_kind input_##name;
INPUT_KIND_LIST(X)
#undef X

/* By number, for listings; NULL past the last. */
const struct input_kind *input_kind_at(uint32_t i);

struct inputs {
	struct input **v;
	uint32_t n;
	uint32_t capacity;
	uint32_t next; /* whose turn it is */
	struct input_options options;
};

/* Opens `what`: a file, "-", a folder (all files in it), "journal:", "docker:NAME".
 * After a line on standard error: a negative errno. */
int inputs_add(struct inputs *inputs, const char *what);
/*
 * The next block of any, and whose. Files one after the other; when following, each
 * in turn, waiting at most timeout_ms. 0 = nothing came, -ENODATA = all are at their
 * end. What goes wrong with one input is said, counted, and ends that one only.
 */
int inputs_next(struct inputs *inputs, int timeout_ms, struct input **ret_input,
		struct block *ret_block);
void inputs_stats(const struct inputs *inputs, struct input_stats *ret);
void inputs_fini(struct inputs *inputs);

#endif /* EVTAGG_INPUT_H */
