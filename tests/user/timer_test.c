// SPDX-License-Identifier: GPL-2.0
/* Periodic timers, of signals and of descriptors: what is counted, and what they cost those who did not ask for them. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

static timer_t timer_with_signal(int clock, int sig)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig };
	sigset_t set;
	timer_t t;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK(!timer_create(clock, &e, &t));
	return t;
}

/* The next @sig, which is blocked, or si_signo 0 when none comes in a tenth of a second. */
static siginfo_t signal_soon(int sig)
{
	struct timespec tenth = { 0, 100000000 };
	siginfo_t info = { .si_signo = 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sigtimedwait(&set, &info, &tenth) < 0)
		info.si_signo = 0;
	return info;
}

#define MANY	500	/* more than once were allowed in a process */

ABI_CASE(there_are_as_many_timers_as_signals_may_wait)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct rlimit few = { MANY, MANY };
	timer_t t[MANY + 1];

	CHECK(!setrlimit(RLIMIT_SIGPENDING, &few));
	for (int i = 0; i < MANY; i++)
		CHECK(!timer_create(CLOCK_MONOTONIC, &e, &t[i]));
	CHECK_ERR(timer_create(CLOCK_MONOTONIC, &e, &t[MANY]), EAGAIN);
	CHECK(!timer_delete(t[7]));
	CHECK_ERR(syscall(SYS_timer_delete, t[7]), EINVAL);
	CHECK(!timer_create(CLOCK_MONOTONIC, &e, &t[MANY]));
	/* A number does not come again at once. */
	for (int i = 0; i < MANY; i++)
		CHECK(t[MANY] != t[i]);
	CHECK_ERR(syscall(SYS_timer_delete, t[7]), EINVAL);
}

ABI_CASE(timers_of_one_signal_are_told_one_by_one)
{
	static const int signals[] = { SIGUSR1, 40 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL };
	int seen = 0;
	sigset_t set;
	timer_t t;

	for (int k = 0; k < 2; k++) {
		sigemptyset(&set);
		sigaddset(&set, signals[k]);
		CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
		e.sigev_signo = signals[k];
		for (int i = 0; i < 4; i++) {
			e.sigev_value.sival_int = i;
			CHECK(!timer_create(CLOCK_MONOTONIC, &e, &t) && !timer_settime(t, 0, &soon, NULL));
		}
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
		for (int i = 0; i < 4; i++) {
			siginfo_t info = signal_soon(signals[k]);

			CHECK(info.si_signo == signals[k] && info.si_code == SI_TIMER && !info.si_overrun);
			seen |= 1 << info.si_value.sival_int;
		}
		CHECK(seen == 15 && signal_soon(signals[k]).si_signo == 0);
		seen = 0;
	}
}

ABI_CASE(a_signal_tells_the_periods_until_it_is_taken)
{
	struct itimerspec each = { { 0, 1000000 }, { 0, 1000000 } };
	timer_t t = timer_with_signal(CLOCK_MONOTONIC, SIGUSR1);
	siginfo_t info;

	CHECK(!timer_settime(t, 0, &each, NULL));
	nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	info = signal_soon(SIGUSR1);
	CHECK(info.si_signo == SIGUSR1 && info.si_overrun > 50 && timer_getoverrun(t) == info.si_overrun);
}

/* It is pending still, as on Linux 6.1, but no new program finds it. */
ABI_CASE(what_a_deleted_timer_said_is_still_heard)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	timer_t t = timer_with_signal(CLOCK_MONOTONIC, SIGUSR1);
	pid_t pid;

	CHECK(!timer_settime(t, 0, &soon, NULL));
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	CHECK(!timer_delete(t) && signal_soon(SIGUSR1).si_signo == SIGUSR1);
	pid = fork();
	if (!pid) {
		t = timer_with_signal(CLOCK_MONOTONIC, SIGUSR1);
		CHECK(!timer_settime(t, 0, &soon, NULL) && !kill(getpid(), SIGUSR1));
		t = timer_with_signal(CLOCK_MONOTONIC, SIGUSR2);
		CHECK(!timer_settime(t, 0, &soon, NULL));
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		execl("/bin/busybox", "grep", "-q", "^ShdPnd:.0*[02]00$", "/proc/self/status", NULL);
		_exit(9);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(periods_that_nobody_was_told_of_are_overruns)
{
	struct itimerspec since_1970 = { .it_value.tv_sec = 1, .it_interval.tv_nsec = 1 }, off = { .it_value.tv_sec = 0 };
	timer_t t = timer_with_signal(CLOCK_REALTIME, SIGUSR1);
	siginfo_t info;

	CHECK(!timer_settime(t, TIMER_ABSTIME, &since_1970, NULL));
	info = abi_await_signal(SIGUSR1);
	CHECK(!timer_settime(t, 0, &off, NULL));
	CHECK(info.si_overrun == 0x7fffffff);
}

/* How often the clock is read in a fifth of a second. */
static unsigned long looks(void)
{
	struct timespec end, now;
	unsigned long n = 0;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &end));
	end.tv_nsec += 200000000;
	do {
		CHECK(!clock_gettime(CLOCK_MONOTONIC, &now));
		n++;
	} while ((now.tv_sec - end.tv_sec) * 1000000000l + now.tv_nsec < end.tv_nsec);
	return n;
}

/* The period is far shorter than the time between two looks at the clock. */
ABI_CASE(a_tiny_period_leaves_the_processor_to_programs)
{
	struct itimerspec tiny = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1 };
	struct itimerval tiny_too = { { 0, 1 }, { 0, 1 } };
	unsigned long alone = looks();

	signal(SIGALRM, SIG_IGN);
	CHECK(!timer_settime(timer_with_signal(CLOCK_MONOTONIC, SIGUSR1), 0, &tiny, NULL));
	CHECK(!setitimer(ITIMER_REAL, &tiny_too, NULL));
	CHECK(looks() > alone / 5);
}

ABI_CASE(crowds_of_tiny_timers_that_nobody_looks_at_rest)
{
	struct itimerspec tiny = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1 }, left;
	unsigned long alone = looks(), beside = 0;
	unsigned long long count;
	int fds[600];
	sigset_t set;

	sigfillset(&set);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 600; i++) {
		fds[i] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		CHECK(fds[i] >= 0 && !timerfd_settime(fds[i], 0, &tiny, NULL));
	}
	for (int i = 0; i < 32; i++)
		CHECK(!timer_settime(timer_with_signal(CLOCK_MONOTONIC, SIGUSR1), 0, &tiny, NULL));
	for (int i = 0; i < 5 && beside <= alone / 5; i++) {	/* a host that is busy elsewhere is not meant */
		nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
		beside = looks();
	}
	CHECK(beside > alone / 5);
	/* What they did not do is counted all the same, up to the moment. */
	CHECK(read(fds[0], &count, sizeof(count)) == sizeof(count) && count > 100000000);
	CHECK(!timerfd_gettime(fds[0], &left) && left.it_value.tv_nsec <= 1);
}

ABI_CASE(timers_know_the_clocks_that_can_be_waited_for)
{
	static const struct {
		int clock, err;
	} clocks[] = { { CLOCK_BOOTTIME, 0 }, { CLOCK_TAI, 0 }, { CLOCK_MONOTONIC_RAW, EOPNOTSUPP }, { CLOCK_REALTIME_COARSE, EOPNOTSUPP },
		      { 12, EINVAL } };
	timer_t t;

	for (unsigned int i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		if (!clocks[i].err)
			CHECK(!timer_create(clocks[i].clock, NULL, &t) && !timer_delete(t));
		else
			CHECK_ERR(timer_create(clocks[i].clock, NULL, &t), clocks[i].err);
}

/* The machine never sleeps, so they ring as other clocks do. */
ABI_CASE(alarm_clocks_ring_and_are_a_privilege)
{
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	static const int clocks[] = { CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };
	uint64_t times;

	for (unsigned int i = 0; i < 2; i++) {
		int fd = timerfd_create(clocks[i], 0);

		CHECK(fd >= 0 && !timerfd_settime(fd, 0, &soon, NULL));
		CHECK(read(fd, &times, sizeof(times)) == sizeof(times) && times == 1 && !close(fd));
	}
	CHECK(!setresuid(1, 1, 1));
	CHECK_ERR(timerfd_create(CLOCK_BOOTTIME_ALARM, 0), EPERM);
}

ABI_CASE(who_sleeps_by_an_alarm_clock_is_privileged)
{
	static const int clocks[] = { CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };
	struct timespec soon = { 0, 1000000 }, wrong = { 0, -1 };

	if (geteuid())
		return;
	for (unsigned int i = 0; i < 2; i++) {
		CHECK(!clock_nanosleep(clocks[i], 0, &soon, NULL) && !clock_nanosleep(clocks[i], TIMER_ABSTIME, &soon, NULL));
		CHECK(clock_nanosleep(clocks[i], 2, &soon, NULL) == EINVAL && !clock_nanosleep(CLOCK_MONOTONIC, 2, &soon, NULL));
	}
	CHECK(!setresuid(1, 1, 1));
	for (unsigned int i = 0; i < 2; i++) {
		CHECK(clock_nanosleep(clocks[i], TIMER_ABSTIME, &soon, NULL) == EPERM && clock_nanosleep(clocks[i], 0, &soon, NULL) == EPERM);
		CHECK(clock_nanosleep(clocks[i], 0, &wrong, NULL) == EINVAL && clock_nanosleep(clocks[i], 0, BAD, NULL) == EFAULT);
	}
}

/* What libc makes of SIGEV_THREAD is its own affair: the kernel sends the signal to the process. */
ABI_CASE(a_timer_for_a_thread_of_libc_s_sends_its_signal)
{
	struct { union sigval value; int signo, notify; char pad[48]; } event = { .signo = SIGUSR1, .notify = SIGEV_THREAD };
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	sigset_t set;
	siginfo_t info;
	int id;

	event.value.sival_int = 4711;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK(!syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) && !syscall(SYS_timer_settime, id, 0, &soon, NULL));
	CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_TIMER && info.si_value.sival_int == 4711);
	event.notify = SIGEV_THREAD | 4;
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.notify = SIGEV_NONE;
	event.signo = 12345;
	CHECK(!syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
}
