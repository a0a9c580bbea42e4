/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liboutput's HTTP server, as the verbs that serve something begin it: what it
 * logs, and why it could not begin, goes to standard error.
 */
#ifndef EVTAGG_LISTEN_H
#define EVTAGG_LISTEN_H

#include <saker/http_server.h>

/* Begins to answer at the options' address; its log is set here. */
int listen_on(struct saker_http_server_options *options, struct saker_http_server **ret);

#endif /* EVTAGG_LISTEN_H */
