/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing capture files that libs, falco, sysdig and saker_capture_open read. In
 * the order one calls them:
 *
 *   saker_scap_open     creates the file, writes what is known of the machine
 *   saker_scap_write    start-up events first (they become the file's lists), then all others
 *   saker_scap_flush    what was written so far is in the file
 *   saker_scap_finish   completes the file; the last chance to learn that it is not
 *   saker_scap_close
 *
 * Whatever moment the program dies at, a file ends behind a whole block: readers get
 * all that was flushed (and what was written since to make room), and no error. A
 * moment is an exception in which events of more than a page, or the lists in front
 * of all events, are on their way; and a power cut, which fsync(2) is for.
 *
 * Descriptors of kinds that readers of before 2023 refuse (bpf, io_uring, memfd, pidfd,
 * userfaultfd) are listed as of no kind, with a name that says which, as /proc has it;
 * saker_capture_open makes of it what it was.
 *
 * Descriptors of a thread that was not told of (one born between two looks at a
 * running machine) are left out: readers of libs refuse a file with such.
 *
 * A writer belongs to one thread.
 */
#ifndef SAKER_SCAP_H
#define SAKER_SCAP_H
#pragma once

#include <saker/capture.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_scap_writer;

struct saker_scap_options {
	size_t size;
	bool plain;    /* do not compress */
	uint8_t level; /* of gzip, 1 (fast: for live captures) to 9 (small); 0 = 6 */
	/* What the capture was made on, copied to the file; NULL or 0 = not told. */
	const struct saker_machine *machine;
	const struct saker_interface *interfaces;
	const struct saker_account *accounts;
	uint32_t n_interfaces;
	uint32_t n_accounts;
	/*
	 * Rotation: the file goes on in another one, when an event would be the first
	 * past a limit; 0 = no limit. Later files are FILE1, FILE2 ...; a name with '%'
	 * is expanded by strftime(3) in local time whenever a file begins, and gets a
	 * number only if that gives the same name again. Each can be read alone: later
	 * ones repeat, as for the state only, what events told of containers (metadata,
	 * users, groups) that are still there, and of executables. What machine, interfaces and
	 * accounts point to must then live as long as the writer. Not with "-".
	 */
	uint64_t file_bytes; /* of the file; may be exceeded by some hundred KiB when compressed */
	uint64_t file_ns;    /* between the times of its first and last event */
	uint32_t max_files;  /* only the newest are kept, numbers start over; 0 = all */
	/*
	 * Hands the start-up events of now to fn, for the next file; NULL = it has
	 * none. 0 or -errno. Called by saker_scap_write, whose event must outlive it.
	 */
	int (*state)(void *state_userdata, saker_capture_event_fn fn, void *userdata);
	void *state_userdata;
};

#define SAKER_SCAP_OPTIONS_INIT                            \
	{                                                  \
		.size = sizeof(struct saker_scap_options), \
	}

/*
 * Creates the file (mode 0600; one that exists is replaced), "-" = standard
 * output. options may be NULL. -errno as open(2); -EINVAL; -ENOMEM.
 */
SAKER_PUBLIC int saker_scap_open(const char *file, const struct saker_scap_options *options,
				 struct saker_scap_writer **ret_writer);

/*
 * Adds one event, as saker_capture_next yields it; meta may be NULL. Start-up
 * events (430-448) in front of all others become the process and descriptor
 * lists, later ones stay events. Limits of the format cut texts of those lists:
 * paths at 1023 bytes; arguments, environment and cgroups at 4096.
 * -EBADMSG: not a well-formed event; -errno of writing, then and ever after.
 */
SAKER_PUBLIC int saker_scap_write(struct saker_scap_writer *writer, const struct saker_event *event,
				  const struct saker_event_meta *meta);

/* Hands everything to the kernel; a reader sees all events up to here. */
SAKER_PUBLIC int saker_scap_flush(struct saker_scap_writer *writer);

/* Bytes in the file, or all files, so far; some hundred KiB may wait for more, or a flush. */
SAKER_PUBLIC uint64_t saker_scap_size(const struct saker_scap_writer *writer);

/* The name of the file that is being written; with rotation it changes. Valid until the next call.
 */
SAKER_PUBLIC const char *saker_scap_file(const struct saker_scap_writer *writer);

/* How many files were begun. */
SAKER_PUBLIC uint32_t saker_scap_n_files(const struct saker_scap_writer *writer);

/* Flushes and ends the file; nothing can be written any more. 0 = it is complete. */
SAKER_PUBLIC int saker_scap_finish(struct saker_scap_writer *writer);

/* Finishes when that was not done, and frees. */
SAKER_PUBLIC struct saker_scap_writer *saker_scap_close(struct saker_scap_writer *writer);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_SCAP_H */
