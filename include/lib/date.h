/* SPDX-License-Identifier: GPL-2.0 */
/* Dates of the Gregorian calendar and seconds since 1970, without leap seconds (POSIX, "Seconds Since the Epoch"). Any context. */
#ifndef LIB_DATE_H
#define LIB_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct date {
	unsigned int second, minute, hour, day, month, year;	/* days and months from 1 */
	unsigned int weekday, yearday;				/* from 0, a Sunday and the first of January: only date_from_seconds() sets them */
};

/* From 1970 to 9999, a day that its month has, a time that a day has. */
bool date_is_valid(const struct date *d);
/* Of a valid one. */
uint64_t date_to_seconds(const struct date *d);
struct date date_from_seconds(uint64_t seconds);

#endif
