// SPDX-License-Identifier: GPL-2.0
/* The date is set: whoever waits for one notices. CPU-time clocks of others. What needs root is skipped by passing without it. */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET	2
#endif
#define HOUR	3600

static struct timespec clock_now(int clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return t;
}

/* The date goes on by @seconds, and back again at the end of the case. */
static void shift(long seconds)
{
	struct timespec t = clock_now(CLOCK_REALTIME);

	t.tv_sec += seconds;
	CHECK(!clock_settime(CLOCK_REALTIME, &t));
}

static bool may_set(void)
{
	struct timespec t = clock_now(CLOCK_REALTIME);

	return !clock_settime(CLOCK_REALTIME, &t);
}

/* In a child that waits a moment, so that the parent sleeps by then. */
static pid_t shift_later(long seconds)
{
	pid_t pid = fork();

	if (!pid) {
		usleep(50000);
		shift(seconds);
		_exit(0);
	}
	CHECK(pid > 0);
	return pid;
}

static struct itimerspec in_an_hour(void)
{
	struct itimerspec s = { .it_value = clock_now(CLOCK_REALTIME) };

	s.it_value.tv_sec += HOUR;
	return s;
}

ABI_CASE(a_timer_for_a_date_notices_that_the_date_was_set)
{
	struct itimerspec s = in_an_hour();
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	sigset_t set;
	timer_t t;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	if (!may_set())
		return;
	CHECK(!timer_create(CLOCK_REALTIME, &e, &t) && !timer_settime(t, TIMER_ABSTIME, &s, NULL));
	shift(HOUR);
	CHECK(!sigwait(&set, &sig) && sig == SIGUSR1);
	shift(-HOUR);
}

ABI_CASE(a_timer_for_a_time_from_now_does_not_care_for_the_date)
{
	struct itimerspec s = { .it_value.tv_sec = HOUR }, left;
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	timer_t t;

	if (!may_set())
		return;
	CHECK(!timer_create(CLOCK_REALTIME, &e, &t) && !timer_settime(t, 0, &s, NULL));
	shift(2 * HOUR);
	CHECK(!timer_gettime(t, &left) && left.it_value.tv_sec > HOUR / 2);
	shift(-2 * HOUR);
}

ABI_CASE(a_sleep_to_a_date_ends_when_the_date_is_set_behind_it)
{
	struct itimerspec s = in_an_hour();
	pid_t pid;

	if (!may_set())
		return;
	pid = shift_later(HOUR + 1);
	CHECK(!clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &s.it_value, NULL));
	CHECK(abi_wait(pid) == 0);
	shift(-HOUR - 1);
}

ABI_CASE(a_timerfd_for_a_date_notices_that_the_date_was_set)
{
	struct itimerspec s = in_an_hour();
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	CHECK(fd >= 0 && !timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	if (!may_set())
		return;
	CHECK_ERR(read(fd, &n, sizeof(n)), EAGAIN);
	shift(HOUR);
	CHECK(poll(&p, 1, -1) == 1 && read(fd, &n, sizeof(n)) == sizeof(n) && n == 1);
	shift(-HOUR);
}

ABI_CASE(a_timerfd_tells_that_the_date_was_set_when_asked_to)
{
	struct itimerspec s = in_an_hour();
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	uint64_t n;

	CHECK(fd >= 0 && !timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	if (!may_set())
		return;
	shift(1);
	CHECK_ERR(read(fd, &n, sizeof(n)), ECANCELED);
	CHECK_ERR(read(fd, &n, sizeof(n)), EAGAIN);
	shift(-1);
}

ABI_CASE(files_get_the_date_that_was_set)
{
	char name[] = "/tmp/date.XXXXXX";
	int fd = mkstemp(name);
	struct stat s;
	time_t before = time(NULL);

	CHECK(fd >= 0 && !unlink(name));
	if (!may_set())
		return;
	shift(HOUR);
	CHECK(write(fd, "x", 1) == 1 && !fstat(fd, &s));
	shift(-HOUR);
	CHECK(s.st_mtime >= before + HOUR);
}

ABI_CASE(the_cpu_time_of_another_process_can_be_read)
{
	struct timespec t, more;
	pid_t pid = fork();
	clockid_t clock;

	if (!pid)
		for (;;)
			sched_yield();
	CHECK(pid > 0 && !clock_getcpuclockid(pid, &clock));
	do
		CHECK(!clock_gettime(clock, &t));
	while (!t.tv_sec && !t.tv_nsec);
	do
		CHECK(!clock_gettime(clock, &more));
	while (more.tv_sec == t.tv_sec && more.tv_nsec == t.tv_nsec);
	CHECK(more.tv_sec > t.tv_sec || more.tv_nsec > t.tv_nsec);
	CHECK(!kill(pid, SIGKILL));
	abi_wait(pid);
	CHECK_ERR(clock_gettime(clock, &t), EINVAL);
}

ABI_CASE(a_cpu_clock_of_nobody_is_refused)
{
	struct timespec t;

	CHECK_ERR(syscall(SYS_clock_gettime, ~(1 << 22) * 8 | 2, &t), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, ~getpid() * 8 | 3, &t), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, ~1 * 8 | 4 | 2, &t), EINVAL);
	CHECK(!syscall(SYS_clock_gettime, ~getpid() * 8 | 4 | 2, &t));
}

#define SETOFFSET	0x100
#define MAXERROR	0x4

struct clock_state {
	int modes;
	long offset, freq, maxerror, esterror;
	int status;
	long constant, precision, tolerance, sec, usec, tick, more[20];
};

ABI_CASE(the_clock_s_state_is_told_and_kept)
{
	struct clock_state t = { .modes = 0 }, was;
	struct timespec now;

	CHECK(syscall(SYS_adjtimex, &t) >= 0 && !clock_gettime(CLOCK_REALTIME, &now));
	CHECK(t.tick >= 9000 && t.tick <= 11000 && t.tolerance > 0 && t.sec <= now.tv_sec && t.sec + 60 > now.tv_sec);
	CHECK_ERR(syscall(SYS_adjtimex, BAD), EFAULT);
	CHECK(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) >= 0);
	CHECK_ERR(syscall(SYS_clock_adjtime, 77, &t), EINVAL);
	CHECK_ERR(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP);
	if (!may_set())
		return;
	was = t;
	t.modes = MAXERROR;
	t.maxerror = 1234;
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	t.modes = 0;
	CHECK(syscall(SYS_adjtimex, &t) >= 0 && t.maxerror >= 1234 && t.maxerror < 100000);
	was.modes = MAXERROR;
	CHECK(syscall(SYS_adjtimex, &was) >= 0);
	t = (struct clock_state){ .modes = 0x4000, .tick = 1 };
	CHECK_ERR(syscall(SYS_adjtimex, &t), EINVAL);
}

ABI_CASE(the_date_is_moved_by_an_offset)
{
	struct clock_state t = { .modes = SETOFFSET, .sec = HOUR };
	struct timespec before = clock_now(CLOCK_REALTIME), after;

	if (!may_set())
		return;
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	after = clock_now(CLOCK_REALTIME);
	t = (struct clock_state){ .modes = SETOFFSET, .sec = -HOUR };
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	CHECK(after.tv_sec >= before.tv_sec + HOUR && after.tv_sec < before.tv_sec + 2 * HOUR);
	t = (struct clock_state){ .modes = SETOFFSET, .usec = 1000000 };
	CHECK_ERR(syscall(SYS_adjtimex, &t), EINVAL);
	t = (struct clock_state){ .modes = SETOFFSET, .usec = -1 };
	CHECK_ERR(syscall(SYS_adjtimex, &t), EINVAL);
}

/* ---- Steering ---- */

#define FREQUENCY	0x0002
#define TAI		0x0080
#define TICK		0x4000
#define ADJTIME		0x8001
#define ADJTIME_LEFT	0xa001

static long ns_between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000000000 + to->tv_nsec - from->tv_nsec;
}

static void steer(int modes, long freq, long tick)
{
	struct clock_state t = { .modes = modes, .freq = freq, .tick = tick };

	CHECK(syscall(SYS_adjtimex, &t) >= 0);
}

/* Both clocks within 2 us of one another, which a busy host allows at some time. */
static void both_now(int clock, struct timespec *steered, struct timespec *raw)
{
	struct timespec again;

	do {
		*raw = clock_now(CLOCK_MONOTONIC_RAW);
		*steered = clock_now(clock);
		again = clock_now(CLOCK_MONOTONIC_RAW);
	} while (ns_between(raw, &again) > 2000);
}

/* What @clock gains on CLOCK_MONOTONIC_RAW, in parts of a million. */
static long gain_of(int clock)
{
	struct timespec steered[2], raw[2];

	usleep(20000);	/* Linux changes the rate with the next tick */
	both_now(clock, &steered[0], &raw[0]);
	usleep(200000);
	both_now(clock, &steered[1], &raw[1]);
	return (ns_between(&steered[0], &steered[1]) - ns_between(&raw[0], &raw[1])) * 1000 / (ns_between(&raw[0], &raw[1]) / 1000);
}

ABI_CASE(the_clock_goes_as_fast_as_adjtimex_says)
{
	long gain[5];

	if (!may_set())
		return;
	steer(TICK | FREQUENCY, 0, 10500);
	gain[0] = gain_of(CLOCK_MONOTONIC);
	gain[1] = gain_of(CLOCK_REALTIME);
	steer(TICK, 0, 9500);
	gain[2] = gain_of(CLOCK_BOOTTIME);
	steer(TICK | FREQUENCY, 400 << 16, 10000);
	gain[3] = gain_of(CLOCK_MONOTONIC);
	steer(FREQUENCY, 0, 0);
	gain[4] = gain_of(CLOCK_MONOTONIC);
	CHECK(gain[0] > 49900 && gain[0] < 50100 && gain[1] > 49900 && gain[1] < 50100 && gain[2] > -50100 && gain[2] < -49900);
	CHECK(gain[3] > 350 && gain[3] < 450 && gain[4] > -50 && gain[4] < 50);
}

/* By the vDSO and by the kernel in turns. */
ABI_CASE(steering_never_turns_the_clock_back)
{
	struct timespec last = clock_now(CLOCK_MONOTONIC), now;
	int went_back = 0;
	pid_t pid;

	if (!may_set())
		return;
	pid = fork();
	if (!pid) {
		for (int n = 0; n < 20000; n++)
			steer(TICK, 0, n & 1 ? 9000 : 11000);
		steer(TICK, 0, 10000);
		_exit(0);
	}
	while (!waitpid(pid, NULL, WNOHANG)) {
		for (int n = 0; n < 1000; n++) {
			CHECK(!(n & 1 ? clock_gettime(CLOCK_MONOTONIC, &now) : (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now)));
			went_back += ns_between(&last, &now) < 0;
			last = now;
		}
	}
	CHECK(!went_back);
}

ABI_CASE(an_offset_of_adjtime_is_worn_off)
{
	struct clock_state t = { .modes = ADJTIME, .offset = 3000 }, left = { .modes = ADJTIME_LEFT };
	struct timespec steered[2], raw[2];
	long gained;

	if (!may_set())
		return;
	both_now(CLOCK_REALTIME, &steered[0], &raw[0]);
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	sleep(2);
	usleep(200000);
	CHECK(syscall(SYS_adjtimex, &left) >= 0 && left.offset >= 1000 && left.offset <= 2500);
	both_now(CLOCK_REALTIME, &steered[1], &raw[1]);
	gained = ns_between(&steered[0], &steered[1]) - ns_between(&raw[0], &raw[1]);
	t = (struct clock_state){ .modes = ADJTIME };
	CHECK(syscall(SYS_adjtimex, &t) >= 0 && t.offset >= 500 && t.offset <= left.offset);	/* what was left; nothing is now */
	CHECK(syscall(SYS_adjtimex, &left) >= 0 && !left.offset);
	CHECK(gained > 500000 && gained < 2500000);
}

ABI_CASE(tai_is_ahead_by_what_adjtimex_was_told)
{
	struct clock_state t = { .modes = TAI, .constant = 37 };
	struct timespec date, ahead, asked;

	if (!may_set())
		return;
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	date = clock_now(CLOCK_REALTIME);
	ahead = clock_now(11);
	CHECK(!syscall(SYS_clock_gettime, 11, &asked));
	t.constant = 0;
	CHECK(syscall(SYS_adjtimex, &t) >= 0);
	CHECK(ns_between(&date, &ahead) >= 37000000000 && ns_between(&date, &ahead) < 38000000000 && ns_between(&ahead, &asked) >= 0);
	CHECK(ns_between(&date, &asked) < 39000000000);
}

ABI_CASE(no_date_is_set_that_cannot_be_counted)
{
	struct timespec late = { .tv_sec = 9223372036 - 3600 }, early = { 0 };
	struct clock_state t = { .modes = SETOFFSET, .sec = 9223372036854775807 };

	if (!may_set())
		return;
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &late), EINVAL);
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &early), EINVAL);	/* before the machine was switched on */
	CHECK_ERR(syscall(SYS_adjtimex, &t), EINVAL);
	t = (struct clock_state){ .modes = SETOFFSET, .sec = -clock_now(CLOCK_REALTIME).tv_sec };
	CHECK_ERR(syscall(SYS_adjtimex, &t), EINVAL);
}

ABI_CASE(a_futex_wait_for_a_date_notices_that_the_date_was_set)
{
	struct itimerspec s = in_an_hour();
	static uint32_t word;
	pid_t pid;

	if (!may_set())
		return;
	pid = shift_later(HOUR);
	CHECK_ERR(syscall(SYS_futex, &word, 9 | 256, 0, &s.it_value, NULL, ~0u), ETIMEDOUT);
	CHECK(abi_wait(pid) == 0);
	shift(-HOUR);
}

ABI_CASE(waits_for_a_lock_with_priority_inheritance_or_several_words_notice_that_the_date_was_set)
{
	struct itimerspec s = in_an_hour();
	struct {
		uint64_t value, address;
		uint32_t flags, reserved;
	} one = { .flags = 2 };
	uint32_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t owner, pid;

	CHECK(lock != MAP_FAILED);
	if (!may_set())
		return;
	owner = fork();
	if (owner == 0) {
		CHECK(!syscall(SYS_futex, lock, 6, 0, NULL, NULL, 0));
		for (;;)
			pause();
	}
	while (!__atomic_load_n(lock, __ATOMIC_SEQ_CST))
		usleep(1000);
	pid = shift_later(HOUR);
	CHECK_ERR(syscall(SYS_futex, lock, 6, 0, &s.it_value, NULL, 0), ETIMEDOUT);
	CHECK(abi_wait(pid) == 0);
	shift(-HOUR);
	one.address = (uintptr_t)&lock[1];
	pid = shift_later(HOUR);
	CHECK_ERR(syscall(449, &one, 1, 0, &s.it_value, CLOCK_REALTIME), ETIMEDOUT);
	CHECK(abi_wait(pid) == 0);
	shift(-HOUR);
	kill(owner, SIGKILL);
	CHECK(WTERMSIG(abi_wait(owner)) == SIGKILL);
}

/* ---- Clocks of CPU time ---- */

static volatile int fired;

static void fire(int sig)
{
	(void)sig;
	fired++;
}

static void check_cpu_timer(clockid_t clock)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec s = { .it_value.tv_nsec = 30000000, .it_interval.tv_nsec = 20000000 }, left;
	struct timespec before, after;
	timer_t t;

	fired = 0;
	signal(SIGUSR1, fire);
	CHECK(!timer_create(clock, &e, &t) && !clock_gettime(clock, &before) && !timer_settime(t, 0, &s, NULL));
	CHECK(!timer_gettime(t, &left) && left.it_interval.tv_nsec == 20000000 && (left.it_value.tv_nsec || left.it_value.tv_sec));
	while (fired < 3)
		;
	CHECK(!clock_gettime(clock, &after) && !timer_delete(t));
	CHECK((after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec > 30000000);
}

ABI_CASE(timers_count_the_time_of_a_process_and_of_a_thread)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec s = { .it_value.tv_nsec = 1 };
	clockid_t clock;
	timer_t t;

	check_cpu_timer(CLOCK_PROCESS_CPUTIME_ID);
	check_cpu_timer(CLOCK_THREAD_CPUTIME_ID);
	CHECK(!clock_getcpuclockid(getpid(), &clock));
	check_cpu_timer(clock);
	fired = 0;
	CHECK(!timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &t) && !timer_settime(t, TIMER_ABSTIME, &s, NULL));
	while (!fired)
		;
	CHECK(!timer_delete(t));
	CHECK_ERR(timer_create((clockid_t)(~0x7ffff0u << 3 | 2), NULL, &t), EINVAL);
}

/* The parent sleeps by the clock of a child that works; its own stands still meanwhile. */
ABI_CASE(sleeping_by_the_clock_of_another_process)
{
	struct timespec t = { 0, 30000000 }, now = { 0, 0 };
	pid_t pid = fork();
	clockid_t clock;

	if (pid == 0)
		for (;;)
			;
	CHECK(!clock_getcpuclockid(pid, &clock) && !clock_nanosleep(clock, 0, &t, NULL) && !clock_gettime(clock, &now));
	CHECK(now.tv_sec > 0 || now.tv_nsec >= 30000000);
	CHECK(!clock_nanosleep(clock, TIMER_ABSTIME, &t, NULL));
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
	CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL) == EINVAL || clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL) == EOPNOTSUPP);
}

ABI_CASE(a_sleep_by_the_clock_of_a_process_is_ended_by_a_handler)
{
	struct timespec t = { 3600, 0 }, rest = { 0, 0 };
	struct itimerval soon = { { 0, 50000 }, { 0, 50000 } };	/* again and again: the first may come before the sleep begins */

	signal(SIGALRM, fire);
	CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
	CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &t, &rest) == EINTR && rest.tv_sec >= 3500 && fired > 0);
}

ABI_CASE(the_time_zone_is_kept_for_who_asks)
{
	struct timezone before, tz = { -120, 1 }, now;

	CHECK(!syscall(SYS_gettimeofday, NULL, &before));
	if (geteuid()) {
		CHECK_ERR(syscall(SYS_settimeofday, NULL, &tz), EPERM);
		return;
	}
	CHECK(!syscall(SYS_settimeofday, NULL, &tz));
	CHECK(!syscall(SYS_gettimeofday, NULL, &now) && now.tz_minuteswest == -120 && now.tz_dsttime == 1);
	tz.tz_minuteswest = 15 * 60 + 1;
	CHECK_ERR(syscall(SYS_settimeofday, NULL, &tz), EINVAL);
	CHECK(!syscall(SYS_settimeofday, NULL, &before));
}
