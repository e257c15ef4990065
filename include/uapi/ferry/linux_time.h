/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's clocks, timers and structures of time on the border. */
#ifndef UAPI_FERRY_LINUX_TIME_H
#define UAPI_FERRY_LINUX_TIME_H

/* Time. */
struct linux_timespec {
	long tv_sec, tv_nsec;
};

struct linux_timeval {
	long tv_sec, tv_usec;
};

struct linux_timezone {
	int tz_minuteswest, tz_dsttime;
};

struct linux_itimerval {
	struct linux_timeval it_interval, it_value;
};

struct linux_itimerspec {
	struct linux_timespec it_interval, it_value;
};

#define LINUX_CLOCK_REALTIME		0
#define LINUX_CLOCK_MONOTONIC		1
#define LINUX_CLOCK_PROCESS_CPUTIME_ID	2
#define LINUX_CLOCK_THREAD_CPUTIME_ID	3
#define LINUX_CLOCK_MONOTONIC_RAW	4
#define LINUX_CLOCK_REALTIME_COARSE	5
#define LINUX_CLOCK_MONOTONIC_COARSE	6
#define LINUX_CLOCK_BOOTTIME		7
#define LINUX_CLOCK_REALTIME_ALARM	8
#define LINUX_CLOCK_BOOTTIME_ALARM	9
#define LINUX_CLOCK_TAI			11
/* Of a process or thread: ~id << 3 | which. */
#define LINUX_CPUCLOCK_ID_SHIFT		3
#define LINUX_CPUCLOCK_THREAD		4
#define LINUX_CPUCLOCK_WHICH		3
#define LINUX_CPUCLOCK_PROF		0
#define LINUX_CPUCLOCK_VIRT		1
#define LINUX_CPUCLOCK_SCHED		2
#define LINUX_TIMER_ABSTIME		1
#define LINUX_ITIMER_REAL		0
#define LINUX_ITIMER_VIRTUAL		1
#define LINUX_ITIMER_PROF		2
#define LINUX_CLK_TCK			100

#define LINUX_SIGEV_SIGNAL		0
#define LINUX_SIGEV_NONE		1
#define LINUX_SIGEV_THREAD		2
#define LINUX_SIGEV_THREAD_ID		4

/* 64 bytes. */
struct linux_sigevent {
	unsigned long value;
	int signo, notify;
	int tid;
	int pad[11];
};

/* adjtimex(2). The modes from ADJTIME on are adjtime(3)'s. */
#define LINUX_ADJ_OFFSET		0x0001u
#define LINUX_ADJ_FREQUENCY		0x0002u
#define LINUX_ADJ_MAXERROR		0x0004u
#define LINUX_ADJ_ESTERROR		0x0008u
#define LINUX_ADJ_STATUS		0x0010u
#define LINUX_ADJ_TIMECONST		0x0020u
#define LINUX_ADJ_TAI			0x0080u
#define LINUX_ADJ_SETOFFSET		0x0100u
#define LINUX_ADJ_MICRO			0x1000u
#define LINUX_ADJ_NANO			0x2000u
#define LINUX_ADJ_TICK			0x4000u
#define LINUX_ADJ_ADJTIME		0x8000u
#define LINUX_ADJ_OFFSET_SINGLESHOT	0x8001u
#define LINUX_ADJ_OFFSET_READONLY	0xa000u
#define LINUX_ADJ_OFFSET_SS_READ	0xa001u
#define LINUX_STA_PLL			0x0001
#define LINUX_STA_FLL			0x0008
#define LINUX_STA_UNSYNC		0x0040
#define LINUX_STA_FREQHOLD		0x0080
#define LINUX_STA_CLOCKERR		0x1000
#define LINUX_STA_NANO			0x2000
#define LINUX_STA_MODE			0x4000
#define LINUX_STA_RONLY			0xff00	/* the kernel's own */
#define LINUX_TIME_OK			0
#define LINUX_TIME_ERROR		5

struct linux_timex {
	unsigned int modes, pad0;
	long long offset, freq, maxerror, esterror;
	int status, pad1;
	long long constant, precision, tolerance, sec, usec, tick, ppsfreq, jitter;
	int shift, pad2;
	long long stabil, jitcnt, calcnt, errcnt, stbcnt;
	int tai, reserved[11];
};

/* rtc(4): requests of /dev/rtc0, in the order of their numbers. */
#define LINUX_RTC_AIE_ON		0x7001u
#define LINUX_RTC_AIE_OFF		0x7002u
#define LINUX_RTC_UIE_ON		0x7003u
#define LINUX_RTC_UIE_OFF		0x7004u
#define LINUX_RTC_PIE_ON		0x7005u
#define LINUX_RTC_PIE_OFF		0x7006u
#define LINUX_RTC_ALM_SET		0x40247007u
#define LINUX_RTC_ALM_READ		0x80247008u
#define LINUX_RTC_RD_TIME		0x80247009u
#define LINUX_RTC_SET_TIME		0x4024700au
#define LINUX_RTC_IRQP_READ		0x8008700bu
#define LINUX_RTC_IRQP_SET		0x4008700cu
#define LINUX_RTC_EPOCH_SET		0x4008700eu
#define LINUX_RTC_WKALM_SET		0x4028700fu
#define LINUX_RTC_WKALM_RD		0x80287010u
/* What a read tells, below the number of interrupts. */
#define LINUX_RTC_UF			0x10u
#define LINUX_RTC_AF			0x20u
#define LINUX_RTC_PF			0x40u
#define LINUX_RTC_IRQF			0x80u

/* Months from 0, years from 1900; the last is unused. */
struct linux_rtc_time {
	int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};

struct linux_rtc_wkalrm {
	unsigned char enabled, pending, pad[2];
	struct linux_rtc_time time;
};

#endif
