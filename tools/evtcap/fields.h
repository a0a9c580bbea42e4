/* SPDX-License-Identifier: Apache-2.0 */
/* Single fields of a record, without a format around them. */
#ifndef EVTCAP_FIELDS_H
#define EVTCAP_FIELDS_H

#include <saker/enrich.h>

/* name must be one of libenrich's fields that take no argument: -ENOENT otherwise. */
int fields_bind(const char *name, struct saker_field_ref *ret_ref);
/* fallback when there is no value. */
int64_t fields_number(const struct saker_field_ref *ref, struct saker_record *record,
		      int64_t fallback);
/* Returns the length; 0 and "" when there is no value. Valid until the next event. */
size_t fields_text(const struct saker_field_ref *ref, struct saker_record *record,
		   const char **ret_text);

#endif /* EVTCAP_FIELDS_H */
