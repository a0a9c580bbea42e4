// SPDX-License-Identifier: Apache-2.0
/*
 * Writes a capture until it is killed: endless FILE plain|gzip|small (gzip of another
 * level, which another library makes). After each flush
 * the count of events so far goes to standard output, as 8 bytes. For test_kill.py.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <saker/event_codes.h>
#include <saker/scap.h>

#include "tests/unit/enrich/event_builder.h"

static int put_process(struct saker_scap_writer *w, struct event_builder *b)
{
	const struct saker_event_info *info = saker_event_info(SAKER_EV_ITER_TASK_E);

	eb_begin(b);
	for (uint32_t i = 0; i < info->n_params; i++) {
		uint64_t number = 100;
		uint32_t size = saker_param_type_size((enum saker_param_type)info->params[i].type);

		if (size)
			eb_param(b, &number, size);
		else
			eb_str(b, "endless");
	}
	return saker_scap_write(w, eb_end(b, SAKER_EV_ITER_TASK_E, 1, UINT64_C(100) << 32 | 100),
				NULL);
}

int main(int argc, char **argv)
{
	static struct event_builder b;
	struct saker_machine machine = {.n_cpus = 1, .hostname = "endless"};
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	uint64_t n = 0;
	char name[1024];
	int r;

	if (argc != 3)
		return 2;
	o.plain = strcmp(argv[2], "plain") == 0;
	o.level = strcmp(argv[2], "small") == 0 ? 6 : 1;
	o.machine = &machine;
	if (saker_scap_open(argv[1], &o, &w) < 0)
		return 1;
	memset(name, 'x', sizeof(name));
	r = put_process(w, &b);
	while (r == 0) {
		/* Names of all lengths, so that events begin and end anywhere in a page. */
		snprintf(name, sizeof(name), "/%-*d", (int)(n * 37 % 900), (int)n);
		r = saker_scap_write(w,
				     eb_make(&b, SAKER_EV_SYSCALL_OPEN_X, 1000 + n, 100, "qswwwq",
					     INT64_C(3), name, 1, 0, 5, INT64_C(6)),
				     NULL);
		if (++n % 64 == 0 && r == 0) {
			r = saker_scap_flush(w);
			if (write(STDOUT_FILENO, &n, sizeof(n)) != sizeof(n))
				return 1;
			usleep(100); /* not gigabytes */
		}
	}
	return 1;
}
