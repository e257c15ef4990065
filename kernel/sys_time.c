// SPDX-License-Identifier: GPL-2.0
/* Clocks, sleeping and interval timers. All clocks of time come from time_now(), those of CPU time from the scheduler. */
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <mm/user.h>
#include "cpu_clock.h"
#include "process_internal.h"

#define SECONDS_MAX	(TIME_FOREVER / NSEC_PER_SEC - 1)
#define TICK_NS		(NSEC_PER_SEC / LINUX_CLK_TCK)

time_ns_t deadline_after(uint64_t ns)
{
	time_ns_t now = time_now();

	return ns > TIME_FOREVER - now ? TIME_FOREVER : now + ns;
}

static int timespec_check(const struct linux_timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || (uint64_t)ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = (uint64_t)ts->tv_sec >= SECONDS_MAX ? TIME_FOREVER : ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

int timespec_from_user(uint64_t address, uint64_t *ns)
{
	struct linux_timespec ts;

	return copy_from_user(&ts, address, sizeof(ts)) ? -EFAULT : timespec_check(&ts, ns);
}

int timespec_to_user(uint64_t address, uint64_t ns)
{
	struct linux_timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	return copy_to_user(address, &ts, sizeof(ts));
}

static int cpu_clock_read(int clock, uint64_t *ns)
{
	struct cpu_clock c;
	int err = cpu_clock_get(clock, &c);

	if (err)
		return err;
	*ns = cpu_clock_now(&c);
	cpu_clock_put(&c);
	return 0;
}

int clock_read(int clock, uint64_t *ns)
{
	if (clock < 0)
		return cpu_clock_read(clock, ns);

	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_REALTIME_ALARM:
		*ns = time_realtime();
		return 0;
	case LINUX_CLOCK_TAI:
		*ns = time_realtime() + time_tai_ahead();
		return 0;
	case LINUX_CLOCK_MONOTONIC_RAW:
		*ns = clock_raw_now() + time_ahead(TIME_NS_MONOTONIC);
		return 0;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_COARSE:
		*ns = time_now() + time_ahead(TIME_NS_MONOTONIC);
		return 0;
	case LINUX_CLOCK_BOOTTIME:
	case LINUX_CLOCK_BOOTTIME_ALARM:
		*ns = time_now() + time_ahead(TIME_NS_BOOT);
		return 0;
	case LINUX_CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock_read(clock, ns);
	case LINUX_CLOCK_THREAD_CPUTIME_ID:
		*ns = current->runtime_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

bool clock_is_date(int clock)
{
	return clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_REALTIME_ALARM || clock == LINUX_CLOCK_TAI;
}

bool clock_is_alarm(int clock)
{
	return clock == LINUX_CLOCK_REALTIME_ALARM || clock == LINUX_CLOCK_BOOTTIME_ALARM;
}

uint64_t date_of_clock(int clock, uint64_t ns)
{
	return clock == LINUX_CLOCK_TAI ? ns - MIN(time_tai_ahead(), ns) : ns;
}

time_ns_t deadline_of_clock(int clock, uint64_t ns)
{
	uint64_t now = 0;

	if (ns == TIME_FOREVER || clock_read(clock, &now))
		return TIME_FOREVER;
	return ns <= now ? time_now() : deadline_after(ns - now);
}

SYSCALL_FLAGS(NR_clock_gettime, clock_gettime, SYSCALL_DRIVER)
{
	uint64_t ns;
	int err = clock_read(args->a[0], &ns);

	return err ? err : timespec_to_user(args->a[1], ns);
}

SYSCALL_FLAGS(NR_clock_getres, clock_getres, SYSCALL_DRIVER)
{
	bool coarse = args->a[0] == LINUX_CLOCK_REALTIME_COARSE || args->a[0] == LINUX_CLOCK_MONOTONIC_COARSE;
	uint64_t ns;
	int err = clock_read(args->a[0], &ns);

	if (err || !args->a[1])
		return err;
	return timespec_to_user(args->a[1], coarse ? TICK_NS : 1);
}

static int64_t realtime_set(uint64_t ns)
{
	if (!privileged(LINUX_CAP_SYS_TIME))
		return -EPERM;
	return date_set(ns);
}

SYSCALL(NR_clock_settime, clock_settime)
{
	int clock = args->a[0], err;
	uint64_t ns;

	if (clock >= 0 && clock != LINUX_CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_from_user(args->a[1], &ns);
	if (!err && clock < 0)
		err = clock_read(clock, &ns) ? -EINVAL : -EPERM;
	return err ? err : realtime_set(ns);
}

#define ZONE_MAX	(15 * 60)

/* Kept for programs that ask; each half is read and written alone. */
static struct linux_timezone zone;

SYSCALL(NR_gettimeofday, gettimeofday)
{
	uint64_t now = time_realtime();
	struct linux_timeval tv = { now / NSEC_PER_SEC, now % NSEC_PER_SEC / NSEC_PER_USEC };

	if (args->a[0] && copy_to_user(args->a[0], &tv, sizeof(tv)))
		return -EFAULT;
	return args->a[1] ? copy_to_user(args->a[1], &zone, sizeof(zone)) : 0;
}

static int timeval_check(const struct linux_timeval *tv, uint64_t *ns)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (uint64_t)tv->tv_sec >= SECONDS_MAX ? TIME_FOREVER : tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
	return 0;
}

static int zone_set(const struct linux_timezone *tz)
{
	if (tz->tz_minuteswest < -ZONE_MAX || tz->tz_minuteswest > ZONE_MAX)
		return -EINVAL;
	WRITE_ONCE(zone.tz_minuteswest, tz->tz_minuteswest);
	WRITE_ONCE(zone.tz_dsttime, tz->tz_dsttime);
	return 0;
}

SYSCALL(NR_settimeofday, settimeofday)
{
	struct linux_timeval tv;
	struct linux_timezone tz;
	uint64_t ns = 0;
	int err;

	if (args->a[0] && copy_from_user(&tv, args->a[0], sizeof(tv)))
		return -EFAULT;
	if (args->a[1] && copy_from_user(&tz, args->a[1], sizeof(tz)))
		return -EFAULT;
	err = args->a[0] ? timeval_check(&tv, &ns) : 0;
	if (!err && !privileged(LINUX_CAP_SYS_TIME))
		err = -EPERM;
	if (!err && args->a[1])
		err = zone_set(&tz);
	return err || !args->a[0] ? err : realtime_set(ns);
}

SYSCALL(NR_time, time)
{
	uint64_t seconds = time_realtime() / NSEC_PER_SEC;

	return args->a[0] && put_user64(args->a[0], seconds) ? -EFAULT : (int64_t)seconds;
}

SYSCALL_FLAGS(NR_ferry_get_time, ferry_get_time, SYSCALL_DRIVER)
{
	return time_now();
}

static int64_t sleep_restart(struct thread *t);

/* Sleep to @deadline; the rest goes to @remaining (0: nowhere) when a handler ends it early. */
static int64_t sleep_call(time_ns_t deadline, uint64_t remaining)
{
	struct thread *t = current;
	time_ns_t now;

	if (sleep_until(deadline, true) == 0)
		return 0;
	now = time_now();
	if (now >= deadline)
		return 0;
	if (remaining && timespec_to_user(remaining, deadline - now))
		return -EFAULT;
	t->restart = sleep_restart;
	t->restart_args[0] = deadline;
	t->restart_args[1] = remaining;
	return -ERESTART_BLOCK;
}

static int64_t sleep_restart(struct thread *t)
{
	return sleep_call(t->restart_args[0], t->restart_args[1]);
}

SYSCALL_FLAGS(NR_nanosleep, nanosleep, SYSCALL_DRIVER)
{
	uint64_t ns;
	int err = timespec_from_user(args->a[0], &ns);

	return err ? err : sleep_call(deadline_after(ns), args->a[1]);
}

/* Another clock than sleep_call()'s: an interrupted sleep goes on in the same way. */
static int64_t cpu_sleep_restart(struct thread *t);

static int64_t cpu_sleep(int clock, uint64_t deadline, uint64_t remaining, bool absolute)
{
	struct thread *t = current;
	struct cpu_clock c;
	uint64_t now;
	int err = cpu_clock_get(clock, &c);

	if (err)
		return err;
	err = c.thread == t ? -EINVAL : cpu_clock_sleep(&c, deadline);
	now = cpu_clock_now(&c);
	cpu_clock_put(&c);
	if (err != -EINTR || now >= deadline)
		return err == -EINTR ? 0 : err;
	if (absolute)
		return -ERESTARTNOHAND;
	if (remaining && timespec_to_user(remaining, deadline - now))
		return -EFAULT;
	t->restart = cpu_sleep_restart;
	t->restart_args[0] = (uint32_t)clock;
	t->restart_args[1] = deadline;
	t->restart_args[2] = remaining;
	return -ERESTART_BLOCK;
}

static int64_t cpu_sleep_restart(struct thread *t)
{
	return cpu_sleep((int)t->restart_args[0], t->restart_args[1], t->restart_args[2], false);
}

/* -EINVAL: no such clock; -EOPNOTSUPP: nobody sleeps on it. */
static int sleep_check(int clock)
{
	uint64_t now;

	if (clock_read(clock, &now))
		return -EINVAL;
	return clock == LINUX_CLOCK_THREAD_CPUTIME_ID || clock == LINUX_CLOCK_MONOTONIC_RAW || clock == LINUX_CLOCK_REALTIME_COARSE ||
	       clock == LINUX_CLOCK_MONOTONIC_COARSE ? -EOPNOTSUPP : 0;
}

/* Only alarm clocks look at the other flags, as on Linux. */
static int alarm_sleep_check(uint32_t flags)
{
	if (flags & ~(uint32_t)LINUX_TIMER_ABSTIME)
		return -EINVAL;
	return privileged(LINUX_CAP_WAKE_ALARM) ? 0 : -EPERM;
}

/* clock_nanosleep(clock, flags, time, remaining) */
SYSCALL_FLAGS(NR_clock_nanosleep, clock_nanosleep, SYSCALL_DRIVER)
{
	bool absolute = args->a[1] & LINUX_TIMER_ABSTIME;
	int clock = args->a[0], err = sleep_check(clock);
	uint64_t ns, now;

	if (!err)
		err = timespec_from_user(args->a[2], &ns);
	if (!err && clock_is_alarm(clock))
		err = alarm_sleep_check((uint32_t)args->a[1]);
	if (!err && (clock < 0 || clock == LINUX_CLOCK_PROCESS_CPUTIME_ID)) {
		err = clock_read(clock, &now);
		return err ? err : cpu_sleep(clock, absolute ? ns : now + ns, args->a[3], absolute);
	}
	if (err)
		return err;
	if (!absolute)
		return sleep_call(deadline_after(ns), args->a[3]);
	if (clock_is_date(clock))
		return sleep_until_date(date_of_clock(clock, ns)) ? -ERESTARTNOHAND : 0;
	return sleep_until(deadline_of_clock(clock, ns), true) ? -ERESTARTNOHAND : 0;
}

/* In the timer interrupt. */
void itimer_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimer_real);
	uint64_t missed;

	if (p->itimer_interval) {
		time_ns_t now = time_now(), next = period_next(timer->deadline, p->itimer_interval, now, &missed);

		bool untaken = (p->pending & SIG_BIT(LINUX_SIGALRM)) || process_ignores(p, LINUX_SIGALRM);

		timer_arm(timer, MAX(next, now + period_rest(&p->itimer_untaken, untaken)));
	}
	signal_send_process(p, LINUX_SIGALRM, NULL);
}

/* Arm the real interval timer (0: off); what was left of it goes to *left. */
static void itimer_set(uint64_t value, uint64_t interval, uint64_t *left, uint64_t *old_interval)
{
	struct process *p = current_process;
	bool armed = timer_disarm(&p->itimer_real);
	time_ns_t now = time_now();

	*left = 0;
	if (armed)
		*left = p->itimer_real.deadline > now ? p->itimer_real.deadline - now : 1;
	*old_interval = p->itimer_interval;
	p->itimer_interval = value ? interval : 0;
	if (value)
		timer_arm(&p->itimer_real, deadline_after(value));
}

static struct linux_itimerval itimerval_of(uint64_t value, uint64_t interval)
{
	uint64_t us = (value + NSEC_PER_USEC - 1) / NSEC_PER_USEC;

	return (struct linux_itimerval){
		.it_interval = { interval / NSEC_PER_SEC, interval % NSEC_PER_SEC / NSEC_PER_USEC },
		.it_value = { us / 1000000, us % 1000000 },
	};
}

SYSCALL(NR_alarm, alarm)
{
	uint64_t left, interval;

	itimer_set((uint32_t)args->a[0] * NSEC_PER_SEC, 0, &left, &interval);
	return (left + NSEC_PER_SEC / 2) / NSEC_PER_SEC + (left && left < NSEC_PER_SEC / 2);
}

static int itimer_which(uint64_t which)
{
	return (uint32_t)which > LINUX_ITIMER_PROF ? -EINVAL : 0;
}

SYSCALL(NR_setitimer, setitimer)
{
	struct linux_itimerval new = { { 0, 0 }, { 0, 0 } }, old;
	uint64_t value, interval, left, old_interval;
	int which = args->a[0], err;

	if (args->a[1] && copy_from_user(&new, args->a[1], sizeof(new)))
		return -EFAULT;
	err = timeval_check(&new.it_value, &value);
	if (!err)
		err = itimer_which(which);
	if (!err)
		err = timeval_check(&new.it_interval, &interval);
	if (err)
		return err;
	if (which == LINUX_ITIMER_REAL) {
		itimer_set(value, interval, &left, &old_interval);
		old = itimerval_of(left, old_interval);
	} else {
		struct cpu_timer before;

		cpu_timer_set(which - LINUX_ITIMER_VIRTUAL, &(struct cpu_timer){ value, interval }, &before);
		old = itimerval_of(before.left, before.interval);
	}
	return args->a[2] ? copy_to_user(args->a[2], &old, sizeof(old)) : 0;
}

SYSCALL(NR_getitimer, getitimer)
{
	struct process *p = current_process;
	time_ns_t now = time_now(), deadline = p->itimer_real.deadline;
	struct linux_itimerval value;
	int which = args->a[0], err = itimer_which(which);

	if (err)
		return err;
	if (which != LINUX_ITIMER_REAL) {
		struct cpu_timer now_left;

		cpu_timer_get(which - LINUX_ITIMER_VIRTUAL, &now_left);
		value = itimerval_of(now_left.left, now_left.interval);
		return copy_to_user(args->a[1], &value, sizeof(value));
	}
	value = itimerval_of(p->itimer_real.armed && deadline > now ? deadline - now : 0, p->itimer_interval);
	return copy_to_user(args->a[1], &value, sizeof(value));
}
