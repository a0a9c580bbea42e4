/* SPDX-License-Identifier: Apache-2.0 */
/* A value out of an alert with the type that the agent's field has, for librules. */
#ifndef EVTAGG_ALERT_VALUE_H
#define EVTAGG_ALERT_VALUE_H

#include <saker/field.h>

#include "str.h"

/*
 * kind: enum saker_json_kind of the value; text: its bytes, escapes resolved, which must
 * outlive ret. ip is where an address goes. false = it does not read as that type.
 */
bool alert_value(uint8_t type, uint8_t kind, struct text text, struct saker_ip *ip,
		 struct saker_value *ret);

#endif /* EVTAGG_ALERT_VALUE_H */
