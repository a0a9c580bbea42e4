/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginning to listen. See listen.h.
 */
#include "listen.h"

#include <errno.h>
#include <string.h>

#include "evtagg.h"

static void log_line(void *userdata, enum saker_severity severity, const char *message)
{
	complain("%s", message);
}

int listen_on(struct saker_http_server_options *options, struct saker_http_server **ret)
{
	int r;

	options->log = log_line;
	r = saker_http_server_new(options, ret);
	if (r < 0)
		complain("--listen %s: %s", options->listen,
			 r == -EINVAL	    ? "an address is ADDRESS:PORT or :PORT"
			 : r == -EOPNOTSUPP ? "liboutput was built without its HTTP server"
					    : strerror(-r));
	return r;
}
