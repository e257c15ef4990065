/* SPDX-License-Identifier: GPL-2.0 */
/* The machine's battery-backed clock, an MC146818 or what behaves like one (data sheet MC146818A). Its seconds are UTC's. */
#ifndef ASM_RTC_H
#define ASM_RTC_H

#include <kernel/types.h>

/* Does the machine have one? Any context. */
bool rtc_present(void);
/* Seconds since 1970; 0 when it talks nonsense. Waits for the end of an update, up to 10 ms: at start-up, and where one may wait. */
uint64_t rtc_date(void);
/* The same without a wait: -EAGAIN during an update, -EIO for nonsense. Any context. */
int rtc_date_now(uint64_t *seconds);
/* Set it. -EINVAL: its two digits of the year cannot tell that date from another one. Not beside another call of it. Any context. */
int rtc_set_date(uint64_t seconds);

#endif
