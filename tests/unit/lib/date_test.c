// SPDX-License-Identifier: GPL-2.0
/* Dates and seconds since 1970, compared with the host's C library. */
#include <lib/date.h>
#include <time.h>
#include "ktest.h"

KTEST_SUITE(date);

#define DAY	86400

KTEST_CASE(every_day_of_500_years_is_what_the_c_library_says)
{
	uint64_t last = 500ull * 365 * DAY;

	for (uint64_t seconds = DAY - 1; seconds < last; seconds += DAY) {
		struct date d = date_from_seconds(seconds);
		time_t t = (time_t)seconds;
		struct tm tm;

		gmtime_r(&t, &tm);
		EXPECT_TRUE(date_is_valid(&d));
		EXPECT_EQ(d.year, tm.tm_year + 1900);
		EXPECT_EQ(d.month, tm.tm_mon + 1);
		EXPECT_EQ(d.day, tm.tm_mday);
		EXPECT_EQ(d.weekday, tm.tm_wday);
		EXPECT_EQ(d.yearday, tm.tm_yday);
		EXPECT_EQ(d.hour * 10000 + d.minute * 100 + d.second, 235959);
		EXPECT_EQ(date_to_seconds(&d), seconds);
	}
}

KTEST_CASE(days_that_a_month_does_not_have_are_refused)
{
	static const unsigned int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct date d = { .year = 2023 };

	for (d.month = 1; d.month <= 12; d.month++) {
		d.day = lengths[d.month - 1];
		EXPECT_TRUE(date_is_valid(&d));
		d.day++;
		EXPECT_TRUE(!date_is_valid(&d));
	}
	d = (struct date){ .year = 2100, .month = 2, .day = 29 };
	EXPECT_TRUE(!date_is_valid(&d));
	d.year = 2000;
	EXPECT_TRUE(date_is_valid(&d));
	d.second = 60;
	EXPECT_TRUE(!date_is_valid(&d));
}
