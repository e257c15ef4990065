// SPDX-License-Identifier: GPL-2.0
/* The battery-backed clock, /dev/rtc0 (rtc(4)): its date, its alarm, its interrupts. */
#include <fcntl.h>
#include <uapi/ferry/linux_time.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define DAY	86400

/* -1: no such clock here, or not for us. */
static int rtc_open(int flags)
{
	int fd = open("/dev/rtc0", O_RDONLY | flags);

	CHECK(fd >= 0 || errno == ENOENT || errno == EACCES || errno == ENXIO);
	return fd;
}

static time_t seconds(const struct linux_rtc_time *t)
{
	struct tm tm = { .tm_sec = t->tm_sec, .tm_min = t->tm_min, .tm_hour = t->tm_hour, .tm_mday = t->tm_mday, .tm_mon = t->tm_mon,
			 .tm_year = t->tm_year };

	return timegm(&tm);
}

static struct linux_rtc_time broken(time_t s)
{
	struct tm tm;

	gmtime_r(&s, &tm);
	return (struct linux_rtc_time){ .tm_sec = tm.tm_sec, .tm_min = tm.tm_min, .tm_hour = tm.tm_hour, .tm_mday = tm.tm_mday, .tm_mon = tm.tm_mon,
				  .tm_year = tm.tm_year };
}

static time_t rtc_now(int fd)
{
	struct linux_rtc_time t;

	CHECK(!ioctl(fd, LINUX_RTC_RD_TIME, &t));
	return seconds(&t);
}

ABI_CASE(the_rtc_tells_a_date_and_takes_another)
{
	int fd = rtc_open(0);
	struct linux_rtc_time t;
	time_t before;

	if (fd < 0)
		return;
	before = rtc_now(fd);
	CHECK(before > 1600000000);
	CHECK_ERR(ioctl(fd, LINUX_RTC_RD_TIME, NULL), EFAULT);
	t = broken(before + 400 * DAY);
	CHECK(!ioctl(fd, LINUX_RTC_SET_TIME, &t));
	CHECK(rtc_now(fd) - (before + 400 * DAY) <= 2);
	t.tm_mon = 12;
	CHECK_ERR(ioctl(fd, LINUX_RTC_SET_TIME, &t), EINVAL);
	t.tm_mon = 1;
	t.tm_mday = 30;
	CHECK_ERR(ioctl(fd, LINUX_RTC_SET_TIME, &t), EINVAL);
	t = broken(before + 1);
	CHECK(!ioctl(fd, LINUX_RTC_SET_TIME, &t));
	CHECK_ERR(ioctl(fd, 0x7099, 0), ENOTTY);
}

ABI_CASE(the_rtc_is_one_program_s_at_a_time)
{
	int fd = rtc_open(0);

	if (fd < 0)
		return;
	CHECK_ERR(open("/dev/rtc0", O_RDONLY), EBUSY);
	CHECK(!close(fd));
	fd = rtc_open(0);
	CHECK(fd >= 0);
}

ABI_CASE(updates_of_the_rtc_come_once_a_second)
{
	int fd = rtc_open(O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned long data;
	time_t before;

	if (fd < 0)
		return;
	CHECK_ERR(read(fd, &data, sizeof(data)), EAGAIN);
	CHECK_ERR(read(fd, &data, 3), EINVAL);
	CHECK(!ioctl(fd, LINUX_RTC_UIE_ON, 0));
	before = rtc_now(fd);
	CHECK(poll(&p, 1, 10000) == 1 && read(fd, &data, sizeof(data)) == sizeof(data));
	CHECK((data & (LINUX_RTC_IRQF | LINUX_RTC_UF)) == (LINUX_RTC_IRQF | LINUX_RTC_UF) && data >> 8 >= 1);
	CHECK(rtc_now(fd) > before);
	CHECK(poll(&p, 1, 10000) == 1 && read(fd, &data, sizeof(unsigned int)) == sizeof(unsigned int));
	CHECK(!ioctl(fd, LINUX_RTC_UIE_OFF, 0));
}

ABI_CASE(an_alarm_of_the_rtc_rings_at_its_second)
{
	int fd = rtc_open(0);
	struct linux_rtc_wkalrm a = { .enabled = 1 };
	struct linux_rtc_time t;
	unsigned long data;
	time_t when;

	if (fd < 0)
		return;
	when = rtc_now(fd) + 2;
	a.time = broken(when);
	CHECK(!ioctl(fd, LINUX_RTC_WKALM_SET, &a) && !ioctl(fd, LINUX_RTC_WKALM_RD, &a));
	CHECK(a.enabled && seconds(&a.time) == when);
	CHECK(read(fd, &data, sizeof(data)) == sizeof(data));
	CHECK((data & (LINUX_RTC_IRQF | LINUX_RTC_AF)) == (LINUX_RTC_IRQF | LINUX_RTC_AF) && data >> 8 == 1);
	CHECK(rtc_now(fd) >= when);
	a.time = broken(when - 60);
	a.enabled = 1;
	CHECK(!ioctl(fd, LINUX_RTC_WKALM_SET, &a));
	CHECK(read(fd, &data, sizeof(data)) == sizeof(data) && (data & LINUX_RTC_AF));
	/* A time of the day that was, today, is tomorrow's. */
	t = broken(when - 5);
	CHECK(!ioctl(fd, LINUX_RTC_ALM_SET, &t) && !ioctl(fd, LINUX_RTC_ALM_READ, &t));
	CHECK(seconds(&t) > when && (seconds(&t) - (when - 5)) % DAY == 0);
}

ABI_CASE(periodic_interrupts_of_the_rtc_count)
{
	int fd = rtc_open(0);
	unsigned long data, n = 0, hz;
	struct timespec start, now;

	if (fd < 0)
		return;
	CHECK_ERR(ioctl(fd, LINUX_RTC_IRQP_SET, 0), EINVAL);
	CHECK(!ioctl(fd, LINUX_RTC_IRQP_SET, 64) && !ioctl(fd, LINUX_RTC_IRQP_READ, &hz) && hz == 64);
	CHECK(!clock_gettime(CLOCK_MONOTONIC, &start) && !ioctl(fd, LINUX_RTC_PIE_ON, 0));
	while (n < 32) {
		CHECK(read(fd, &data, sizeof(data)) == sizeof(data) && (data & LINUX_RTC_PF));
		n += data >> 8;
	}
	CHECK(!ioctl(fd, LINUX_RTC_PIE_OFF, 0) && !clock_gettime(CLOCK_MONOTONIC, &now));
	CHECK((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 >= 31 * 1000 / 64);
}

ABI_CASE(setting_the_rtc_is_a_privilege)
{
	int fd = rtc_open(0);
	pid_t pid;

	if (fd < 0)
		return;
	pid = fork();
	if (!pid) {
		struct linux_rtc_time t = broken(rtc_now(fd));

		CHECK(!setresuid(1000, 1000, 1000));
		CHECK_ERR(ioctl(fd, LINUX_RTC_SET_TIME, &t), EACCES);
		CHECK_ERR(ioctl(fd, LINUX_RTC_IRQP_SET, 128), EACCES);
		CHECK(!ioctl(fd, LINUX_RTC_IRQP_SET, 64));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}
