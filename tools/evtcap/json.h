/* SPDX-License-Identifier: Apache-2.0 */
/* Field values as JSON, straight into a stream. */
#ifndef EVTCAP_JSON_H
#define EVTCAP_JSON_H

#include <stdio.h>

#include <saker/base.h>

/* Valid JSON whatever the bytes: what is no UTF-8 becomes U+FFFD. */
void json_put_string(FILE *out, const char *text, size_t len);
/* No value is null; hexadecimal and octal numbers are strings. */
void json_put_value(FILE *out, const struct saker_value *value);

#endif /* EVTCAP_JSON_H */
