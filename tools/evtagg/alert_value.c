/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of alerts as numbers, addresses and booleans. See alert_value.h. */
#include <arpa/inet.h>

#include "alert_value.h"

static bool to_number(struct text t, bool is_signed, uint64_t *ret)
{
	char copy[40], *end;

	if (t.len == 0 || t.len >= sizeof(copy))
		return false;
	memcpy(copy, t.p, t.len);
	copy[t.len] = '\0';
	errno = 0;
	*ret = is_signed ? (uint64_t)strtoll(copy, &end, 0) : strtoull(copy, &end, 0);
	return !*end && !errno;
}

static bool to_ip(struct text t, struct saker_ip *ip)
{
	char copy[64];

	if (t.len >= sizeof(copy))
		return false;
	memcpy(copy, t.p, t.len);
	copy[t.len] = '\0';
	memset(ip, 0, sizeof(*ip));
	ip->family = strchr(copy, ':') ? 6 : 4;
	ip->prefix = ip->family == 4 ? 32 : 128;
	return inet_pton(ip->family == 4 ? AF_INET : AF_INET6, copy, ip->addr) == 1;
}

/* As the agent's type has it, out of what the alert says. */
bool alert_value(uint8_t type, uint8_t kind, struct text t, struct saker_ip *ip,
		 struct saker_value *ret)
{
	uint64_t n;

	switch (type) {
	case SAKER_TYPE_BOOL:
		*ret = saker_value_u64(SAKER_TYPE_BOOL, kind == SAKER_JSON_TRUE ||
								text_is(t, "true") ||
								text_is(t, "1"));
		return true;
	case SAKER_TYPE_I8 ... SAKER_TYPE_I64:
		if (!to_number(t, true, &n))
			return false;
		*ret = saker_value_i64((enum saker_type)type, (int64_t)n);
		return true;
	case SAKER_TYPE_U8 ... SAKER_TYPE_PORT:
		if (!to_number(t, false, &n))
			return false;
		*ret = saker_value_u64((enum saker_type)type, n);
		return true;
	case SAKER_TYPE_DOUBLE: {
		char copy[64];

		snprintf(copy, sizeof(copy), "%.*s", (int)MIN(t.len, 60), t.p);
		memset(ret, 0, sizeof(*ret));
		ret->type = SAKER_TYPE_DOUBLE;
		ret->f64 = strtod(copy, NULL);
		return true;
	}
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		memset(ret, 0, sizeof(*ret));
		ret->type = type;
		ret->ip = ip;
		return to_ip(t, ip);
	default:
		*ret = saker_value_str(t.p, t.len);
		ret->type = type;
		return true;
	}
}
