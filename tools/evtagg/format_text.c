/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times, as a person writes and reads them. */
#include <time.h>

#include "str.h"

char *format_count(uint64_t n, char *buf, size_t size)
{
	char digits[32];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t out = 0;

	for (size_t i = 0; i < len && out + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	if (size)
		buf[out] = '\0';
	return buf;
}

char *format_bytes(uint64_t n, char *buf, size_t size)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)n;
	size_t unit = 0;

	while (v >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
		v /= 1000;
		unit++;
	}
	snprintf(buf, size, unit && v < 99.95 ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return buf;
}

char *format_duration(uint64_t ns, char *buf, size_t size)
{
	unsigned long long s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		snprintf(buf, size, "%llu ms", (unsigned long long)(ns / 1000000));
	else if (s < 60)
		snprintf(buf, size, "%llu s", s);
	else if (s < 3600)
		snprintf(buf, size, "%llu min %02llu s", s / 60, s % 60);
	else if (s < 172800)
		snprintf(buf, size, "%llu h %02llu min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%llu d %llu h", s / 86400, s / 3600 % 24);
	return buf;
}

char *format_time(uint64_t ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;

	if (size)
		buf[0] = '\0';
	if (ns && gmtime_r(&seconds, &tm))
		strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

char *format_time_iso(uint64_t ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;
	size_t n;

	if (size)
		buf[0] = '\0';
	if (!ns || !gmtime_r(&seconds, &tm))
		return buf;
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%09lluZ", (unsigned long long)(ns % NS_PER_S));
	return buf;
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{"", NS_PER_S},		{"s", NS_PER_S},	  {"m", 60 * NS_PER_S},
		{"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S},	  {"d", 86400 * NS_PER_S},
		{"ms", 1000000},	{"w", 604800 * NS_PER_S},
	};
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!util_streq(end, units[i].unit))
			continue;
		return __builtin_mul_overflow((uint64_t)v, units[i].ns, ret_ns) ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int parse_ago(const char *text, uint64_t now, uint64_t *ret_ns)
{
	char copy[64];
	size_t len;
	uint64_t ago;

	text += *text == '-';
	len = strlen(text);
	if (len >= 4 && util_streq(text + len - 4, " ago"))
		len -= 4;
	if (len == 0 || len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (parse_duration(copy, &ago) < 0 || ago > now)
		return -EINVAL;
	*ret_ns = now - ago;
	return 0;
}

int parse_time(const char *text, uint64_t now, uint64_t *ret_ns)
{
	uint64_t day = now - now % (86400 * NS_PER_S);
	char full[64], date[16];
	char *end;

	if (util_streq(text, "now") || util_streq(text, "today") || util_streq(text, "yesterday")) {
		*ret_ns = *text == 'n' ? now : *text == 't' ? day : day - 86400 * NS_PER_S;
		return 0;
	}
	if (*text == '@') {
		unsigned long long s = strtoull(text + 1, &end, 10);

		if (end == text + 1 || *end || s > UINT64_MAX / NS_PER_S)
			return -EINVAL;
		*ret_ns = s * NS_PER_S;
		return 0;
	}
	if (saker_alert_time_parse(text, strlen(text), ret_ns) == 0)
		return 0;
	format_time(day, full, sizeof(full));
	snprintf(date, sizeof(date), "%.10s", full);
	if (strlen(text) == 10)
		snprintf(full, sizeof(full), "%sT00:00:00", text);
	else if (strlen(text) == 16)
		snprintf(full, sizeof(full), "%s:00", text);
	else if (strlen(text) == 8)
		snprintf(full, sizeof(full), "%sT%s", date, text);
	else if (strlen(text) == 5 && text[2] == ':')
		snprintf(full, sizeof(full), "%sT%s:00", date, text);
	else
		full[0] = '\0';
	if (saker_alert_time_parse(full, strlen(full), ret_ns) == 0)
		return 0;
	return parse_ago(text, now, ret_ns);
}

int parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	unsigned int shift = 0;
	const char *unit;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		return -EINVAL;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (v > UINT64_MAX >> shift)
		return -EINVAL;
	*ret = (uint64_t)v << shift;
	return 0;
}

int parse_u32(const char *text, uint32_t *ret)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}
