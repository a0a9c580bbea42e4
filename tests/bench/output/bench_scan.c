/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner over alerts of 600 to 1,500 bytes: GB a second of one core, by the kind
 * of walk, with fields fetched, and with every byte checked. The best of some rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <saker/alert_scan.h>

#include "common/util.h"

#define BYTES (4u << 20) /* stays in the cache: what is measured is the walk */
#define ROUNDS 60

static const char *const fields[] = {"proc.name", "container.image.repository", "user.name"};

static size_t make(char *data)
{
	size_t len = 0;

	for (unsigned int i = 0; len + 2000 < BYTES; i++) {
		int filling = (int)(i * 7919 % 430);

		len += (size_t)snprintf(
			data + len, 2000,
			"{\"hostname\":\"host%u\",\"output\":\"18:35:23.%09u: Warning Sensitive "
			"file "
			"opened for reading by non-trusted program | file=/etc/shadow gparent=bash "
			"process=cat command=cat /etc/shadow %.*s\",\"output_fields\":{"
			"\"container.id\":\"host\",\"container.image.repository\":null,"
			"\"evt.time\":17951997231785%05u,\"evt.type\":\"openat\",\"fd.name\":"
			"\"/etc/shadow\",\"proc.aname[2]\":\"containerd-shim\",\"proc.cmdline\":"
			"\"cat /etc/shadow %.*s\",\"proc.exepath\":\"/usr/bin/cat\",\"proc.name\":"
			"\"cat\",\"proc.pname\":\"sh\",\"proc.tty\":0,\"user.loginuid\":-1,"
			"\"user.name\":\"root\",\"user.uid\":0},\"priority\":\"Warning\",\"rule\":"
			"\"Read sensitive file untrusted %u\",\"source\":\"syscall\",\"tags\":"
			"[\"T1555\",\"container\",\"filesystem\",\"host\",\"maturity_stable\"],"
			"\"time\":\"2026-11-20T18:35:23.%09uZ\"}\n",
			i % 50, i, filling,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"x"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"x"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"x"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"x",
			i % 100000, filling / 2,
			"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
			"y"
			"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
			"y"
			"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
			"y",
			i % 40, i);
	}
	return len;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void measure(const char *what, uint8_t level, uint32_t n_fields, bool strict,
		    const char *data, size_t len)
{
	struct saker_scan_options o = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_scanner *scanner;
	struct saker_scanned s;
	double best = 1e9;
	size_t alerts = 0;

	o.level = level;
	o.fields = fields;
	o.n_fields = n_fields;
	o.strict = strict;
	if (saker_alert_scanner_new(&o, &scanner) < 0)
		exit(1);
	for (int round = 0; round < ROUNDS; round++) {
		double start = now(), took;

		alerts = 0;
		for (size_t at = 0; at < len;) {
			at += saker_alert_scan(scanner, data + at, len - at, &s);
			alerts += s.kind == SAKER_LINE_ALERT;
		}
		took = now() - start;
		best = took < best ? took : best;
	}
	printf("%-34s %6.2f GB/s  %5.0f ns an alert of %zu bytes\n", what, (double)len / best / 1e9,
	       best * 1e9 / (double)alerts, len / alerts);
	saker_alert_scanner_free(scanner);
}

int main(void)
{
	char *data = malloc(BYTES);
	size_t len;

	if (!data)
		return 1;
	len = make(data);
	measure("by rule", 0, 0, false, data, len);
	measure("by rule, every byte checked", 0, 0, true, data, len);
	measure("three fields", 0, 3, false, data, len);
	measure("by rule, SSE2", 2, 0, false, data, len);
	measure("by rule, portable", 1, 0, false, data, len);
	free(data);
	return 0;
}
