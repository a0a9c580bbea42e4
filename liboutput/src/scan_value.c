/* SPDX-License-Identifier: Apache-2.0 */
/* What an alert's time and priority say, read from their text. */
#include <strings.h>

#include <saker/alert_scan.h>

#include "common/util.h"

#define NS_PER_S UINT64_C(1000000000)

static bool digits(const char *p, size_t n, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(p[i] - '0');
	}
	*ret = v;
	return true;
}

/* Days since 1970 of a day of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, uint32_t month, uint32_t day)
{
	int64_t era, in_era, in_year;

	year -= month <= 2;
	era = year / 400;
	in_era = year - era * 400;
	in_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
		return 29;
	return days[month - 1];
}

/* "YYYY-MM-DDTHH:MM:SS" to seconds. */
static bool take_seconds(const char *p, int64_t *ret)
{
	uint32_t year, month, day, hour, minute, second;

	if (!digits(p, 4, &year) || p[4] != '-' || !digits(p + 5, 2, &month) || p[7] != '-' ||
	    !digits(p + 8, 2, &day) || (p[10] != 'T' && p[10] != ' ' && p[10] != 't') ||
	    !digits(p + 11, 2, &hour) || p[13] != ':' || !digits(p + 14, 2, &minute) ||
	    p[16] != ':' || !digits(p + 17, 2, &second))
		return false;
	if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month) || hour > 23 || minute > 59 || second > 60)
		return false;
	*ret = days_of(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
	return true;
}

/* "", "Z", "+02:00", "+0200", "+02": how far ahead of UTC, in seconds. */
static bool take_offset(const char *p, size_t len, int64_t *ret)
{
	uint32_t hour, minute = 0;

	*ret = 0;
	if (len == 0 || (len == 1 && (*p | 0x20) == 'z'))
		return true;
	if ((*p != '+' && *p != '-') || len < 3 || !digits(p + 1, 2, &hour))
		return false;
	if (len == 6 && p[3] == ':' && digits(p + 4, 2, &minute))
		;
	else if (!(len == 3 || (len == 5 && digits(p + 3, 2, &minute))))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*ret = (int64_t)(hour * 3600 + minute * 60) * (*p == '-' ? -1 : 1);
	return true;
}

int saker_alert_time_parse(const char *text, size_t len, uint64_t *ret_ns)
{
	uint64_t fraction = 0, unit = NS_PER_S / 10;
	int64_t seconds, offset;
	size_t i = 19;

	if (!text || !ret_ns || len < 19 || !take_seconds(text, &seconds))
		return -EINVAL;
	if (i < len && (text[i] == '.' || text[i] == ',')) {
		if (++i == len || text[i] < '0' || text[i] > '9')
			return -EINVAL;
		for (; i < len && text[i] >= '0' && text[i] <= '9'; i++, unit /= 10)
			fraction += (uint64_t)(text[i] - '0') * unit;
	}
	if (!take_offset(text + i, len - i, &offset))
		return -EINVAL;
	seconds -= offset;
	if (seconds < 0)
		return -EINVAL;
	*ret_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return 0;
}

int saker_alert_priority_parse(const char *text, size_t len, enum saker_priority *ret_priority)
{
	static const struct {
		const char *word;
		enum saker_priority priority;
	} words[] = {
#define X(symbol, name) {name, SAKER_PRIORITY_##symbol},
		SAKER_PRIORITY_LIST(X)
#undef X
			{"info", SAKER_PRIORITY_INFORMATIONAL},
		{"emerg", SAKER_PRIORITY_EMERGENCY},
		{"crit", SAKER_PRIORITY_CRITICAL},
		{"err", SAKER_PRIORITY_ERROR},
		{"warn", SAKER_PRIORITY_WARNING},
	};

	if (!text || !ret_priority)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, text, len) == 0) {
			*ret_priority = words[i].priority;
			return 0;
		}
	}
	return -EINVAL;
}
