// SPDX-License-Identifier: GPL-2.0
/* Days are counted in years that begin in March, so that the leap day is the last: such a year's months have lengths that repeat by five. */
#include <lib/date.h>

#define DAY_SECONDS	86400u
#define ERA_DAYS	146097u		/* of 400 years */
#define DAYS_TO_1970	719468u		/* from the first of March of year 0 */

static bool is_leap(unsigned int year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

static unsigned int month_days(unsigned int year, unsigned int month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return 30 + ((month + month / 8) & 1);
}

static uint64_t days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

bool date_is_valid(const struct date *d)
{
	return d->year >= 1970 && d->year <= 9999 && d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= month_days(d->year, d->month) &&
	       d->hour < 24 && d->minute < 60 && d->second < 60;
}

uint64_t date_to_seconds(const struct date *d)
{
	return days_since_1970(d->year, d->month, d->day) * DAY_SECONDS + d->hour * 3600 + d->minute * 60 + d->second;
}

struct date date_from_seconds(uint64_t seconds)
{
	uint64_t days = seconds / DAY_SECONDS, era = (days + DAYS_TO_1970) / ERA_DAYS;
	unsigned int rest = (unsigned int)(seconds % DAY_SECONDS), of_era = (unsigned int)((days + DAYS_TO_1970) % ERA_DAYS);
	unsigned int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;
	struct date d = { .second = rest % 60, .minute = rest / 60 % 60, .hour = rest / 3600, .day = of_year - (153 * m + 2) / 5 + 1 };

	d.month = m < 10 ? m + 3 : m - 9;
	d.year = (unsigned int)(era * 400) + year + (d.month < 3);
	d.weekday = (unsigned int)((days + 4) % 7);	/* 1970 began on a Thursday */
	d.yearday = (unsigned int)(days - days_since_1970(d.year, 1, 1));
	return d;
}
