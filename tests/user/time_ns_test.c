// SPDX-License-Identifier: GPL-2.0
/* Time namespaces: clocks that count from boot are ahead by what was asked for, by call and by the vDSO, and absolute times are meant by them. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <uapi/ferry/linux_process.h>
#include "abi.h"

#define OFFSETS		"/proc/self/timens_offsets"
#define NS		1000000000ll
#define MONOTONIC_S	1000000
#define BOOT_S		3000000
#define NEAR_NS		(20 * NS)	/* a busy host */
#define STACK		65536

static const int since_boot[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM };
#define NR_CLOCKS	(sizeof(since_boot) / sizeof(since_boot[0]))

static long long ns_of(const struct timespec *t)
{
	return t->tv_sec * NS + t->tv_nsec;
}

static struct timespec spec_of(long long ns)
{
	return (struct timespec){ ns / NS, ns % NS };
}

static long long now(int clock)
{
	struct timespec t;

	CHECK(!syscall(SYS_clock_gettime, clock, &t));
	return ns_of(&t);
}

static long long now_by_libc(int clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return ns_of(&t);
}

static bool is_near(long long a, long long b)
{
	return a - b < NEAR_NS && b - a < NEAR_NS;
}

/* 0 or the error. */
static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = write(fd, text, strlen(text));
	CHECK(n == (ssize_t)strlen(text) || n < 0);
	n = n < 0 ? errno : 0;
	CHECK(!close(fd));
	return (int)n;
}

static int offsets_write(const char *text) { return file_write(OFFSETS, text); }

static bool offsets_are(const char *text)
{
	char now[128];

	return !strcmp(abi_read(OFFSETS, now, sizeof(now)), text);
}

static unsigned long ns_number(const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	CHECK(!stat(path, &st));
	return st.st_ino;
}

/* Children are in another one from now on, so much ahead. */
static void ask(long monotonic, long boot)
{
	char text[128];

	CHECK(!unshare(CLONE_NEWTIME));
	snprintf(text, sizeof(text), "monotonic %ld 0\nboottime %ld 0\n", monotonic, boot);
	CHECK(!offsets_write(text));
}

/* A child in a namespace so much ahead does @run, of one process, and ends well. */
static void in_namespace(long monotonic, long boot, void (*run)(void))
{
	pid_t pid;

	ask(monotonic, boot);
	pid = fork();
	if (!pid) {
		run();
		_exit(0);
	}
	CHECK(pid > 0 && !abi_wait(pid));
}

/* ---- What clocks say ---- */

static long long before[CLOCK_TAI + 1];

static void note_clocks(void)
{
	for (unsigned int i = 0; i < NR_CLOCKS; i++)
		before[since_boot[i]] = now(since_boot[i]);
}

static void clocks_are_ahead(long monotonic, long boot)
{
	for (unsigned int i = 0; i < NR_CLOCKS; i++) {
		int c = since_boot[i];
		long long ahead = (c == CLOCK_BOOTTIME || c == CLOCK_BOOTTIME_ALARM ? boot : monotonic) * NS;

		CHECK(is_near(now(c), before[c] + ahead) && is_near(now_by_libc(c), before[c] + ahead));
	}
}

static void clocks_of_namespace(void)
{
	long long a, b, date = now(CLOCK_REALTIME);
	struct timeval tv;

	clocks_are_ahead(MONOTONIC_S, BOOT_S);
	for (int i = 0; i < 1000; i++) {
		a = i & 1 ? now(CLOCK_MONOTONIC) : now_by_libc(CLOCK_MONOTONIC);
		b = i & 2 ? now(CLOCK_MONOTONIC) : now_by_libc(CLOCK_MONOTONIC);
		CHECK(a <= b);
	}
	CHECK(is_near(now_by_libc(CLOCK_REALTIME), date) && is_near(time(NULL) * NS, date));
	CHECK(!gettimeofday(&tv, NULL) && is_near(tv.tv_sec * NS, date));
}

ABI_CASE(children_have_the_clocks_that_were_asked_for)
{
	if (geteuid())
		return;
	note_clocks();
	in_namespace(MONOTONIC_S, BOOT_S, clocks_of_namespace);
	clocks_are_ahead(0, 0);
	CHECK(ns_number("time") != ns_number("time_for_children"));
}

static void slow_clocks(void) { clocks_are_ahead(-1, 0); }

ABI_CASE(clocks_may_be_behind)
{
	if (geteuid() || now(CLOCK_MONOTONIC) < 2 * NS)
		return;
	note_clocks();
	in_namespace(-1, 0, slow_clocks);
	CHECK(!unshare(CLONE_NEWTIME) && !offsets_write("monotonic -1 999999999\n"));
	CHECK(offsets_are("monotonic          -1 999999999\nboottime            0         0\n"));
}

static unsigned long long start_of(pid_t pid)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	at = strrchr(abi_read(path, text, sizeof(text)), ')');
	for (int i = 0; i < 20 && at; i++)
		at = strchr(at + 1, ' ');
	CHECK(at);
	return strtoull(at, NULL, 10);
}

static long long btime(void)
{
	static char text[65536];
	char *at = strstr(abi_read("/proc/stat", text, sizeof(text)), "btime ");

	CHECK(at);
	return strtoll(at + 6, NULL, 10) * NS;
}

static unsigned long long start_outside;
static long long btime_outside;

static void uptime_of_namespace(void)
{
	struct sysinfo info;
	char text[64];

	CHECK(!sysinfo(&info) && is_near((long)info.uptime * NS, now(CLOCK_BOOTTIME)));
	CHECK(is_near(strtoll(abi_read("/proc/uptime", text, sizeof(text)), NULL, 10) * NS, now(CLOCK_BOOTTIME)));
	CHECK(is_near(btime(), btime_outside - BOOT_S * NS));
	CHECK(start_of(getppid()) == start_outside + BOOT_S * 100ull);
}

ABI_CASE(the_time_since_boot_is_the_namespace_s)
{
	if (geteuid())
		return;
	start_outside = start_of(getpid());
	btime_outside = btime();
	in_namespace(MONOTONIC_S, BOOT_S, uptime_of_namespace);
}

/* As LTP's sysinfo03 sees it: a second that has begun counts. */
ABI_CASE(the_uptime_of_sysinfo_is_rounded_up)
{
	struct sysinfo info;
	long long a = now(CLOCK_BOOTTIME);

	CHECK(!sysinfo(&info));
	CHECK((long)info.uptime >= (a + NS - 1) / NS && (long)info.uptime <= (now(CLOCK_BOOTTIME) + NS - 1) / NS);
}

/* Whoever may make no call but read, write and exit asks the vDSO, here or there. */
static bool vdso_makes_no_call(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct timespec t;

		prctl(PR_SET_SECCOMP, 1);
		clock_gettime(CLOCK_MONOTONIC, &t);
		clock_gettime(CLOCK_BOOTTIME, &t);
		syscall(SYS_exit, 0);
	}
	status = abi_wait(pid);
	return !status;
}

static void vdso_is_quick(void) { CHECK(vdso_makes_no_call()); }

ABI_CASE(the_vdso_knows_the_namespace)
{
	if (!geteuid() && vdso_makes_no_call())
		in_namespace(MONOTONIC_S, BOOT_S, vdso_is_quick);
}

/* ---- Absolute times ---- */

#define WAIT_NS	(300 * 1000000ll)

static void sleeps(int clock)
{
	long long begun = now(CLOCK_REALTIME);
	struct timespec at = spec_of(now(clock) + WAIT_NS), past = spec_of(NS);

	CHECK(!clock_nanosleep(clock, TIMER_ABSTIME, &at, NULL));
	CHECK(now(clock) >= ns_of(&at) && is_near(now(CLOCK_REALTIME), begun + WAIT_NS));
	CHECK(!clock_nanosleep(clock, TIMER_ABSTIME, &past, NULL));
}

static void timers(int clock)
{
	struct itimerspec at = { .it_value = spec_of(now(clock) + 100 * NS) }, left, past = { .it_value = spec_of(NS) };
	int fd = timerfd_create(clock, TFD_NONBLOCK);
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	timer_t t;

	CHECK(fd >= 0 && !timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) && !timerfd_gettime(fd, &left));
	CHECK(ns_of(&left.it_value) <= 100 * NS && is_near(ns_of(&left.it_value), 100 * NS));
	CHECK(!timerfd_settime(fd, TFD_TIMER_ABSTIME, &past, NULL) && poll(&p, 1, 10000) == 1 && !close(fd));
	CHECK(!timer_create(clock, &none, &t) && !timer_settime(t, TIMER_ABSTIME, &at, NULL) && !timer_gettime(t, &left));
	CHECK(ns_of(&left.it_value) <= 100 * NS && is_near(ns_of(&left.it_value), 100 * NS) && !timer_delete(t));
}

/* As linux/futex.h has it from 5.16 on. */
struct wait_entry {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static void futexes(void)
{
	struct timespec at = spec_of(now(CLOCK_MONOTONIC) + WAIT_NS);
	uint32_t word = 0;
	struct wait_entry entry = { 0, (uintptr_t)&word, 2, 0 };

	CHECK_ERR(syscall(SYS_futex, &word, LINUX_FUTEX_WAIT_BITSET, 0, &at, NULL, ~0u), ETIMEDOUT);
	CHECK(now(CLOCK_MONOTONIC) >= ns_of(&at));
	at = spec_of(now(CLOCK_MONOTONIC) + WAIT_NS);
	CHECK_ERR(syscall(449, &entry, 1, 0, &at, CLOCK_MONOTONIC), ETIMEDOUT);
	CHECK(now(CLOCK_MONOTONIC) >= ns_of(&at));
}

static void absolute_times(void)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM };

	for (unsigned int i = 0; i < 3; i++) {
		if (clocks[i] != CLOCK_BOOTTIME_ALARM)
			sleeps(clocks[i]);
		timers(clocks[i]);
	}
	futexes();
}

ABI_CASE(absolute_times_are_meant_by_the_clocks_of_the_namespace)
{
	if (!geteuid())
		in_namespace(MONOTONIC_S, BOOT_S, absolute_times);
}

ABI_CASE(absolute_times_may_lie_behind)
{
	if (!geteuid() && now(CLOCK_MONOTONIC) >= 2 * NS)
		in_namespace(-1, -1, absolute_times);
}

/* ---- Offsets ---- */

static void nobody_writes_any_more(void) { CHECK(offsets_write("monotonic 1 0\n") == EACCES); }

ABI_CASE(offsets_are_written_before_anybody_is_there)
{
	if (geteuid())
		return;
	CHECK(offsets_are("monotonic           0         0\nboottime            0         0\n") && offsets_write("monotonic 1 0\n") == EACCES);
	CHECK(!unshare(CLONE_NEWTIME) && !offsets_write("monotonic 5 7\n") && !offsets_write("7 1000 1"));
	CHECK(offsets_are("monotonic           5         7\nboottime         1000         1\n"));
	/* One that is made out of it begins as it is. */
	CHECK(!unshare(CLONE_NEWTIME) && offsets_are("monotonic           5         7\nboottime         1000         1\n"));
	in_namespace(1, 1, nobody_writes_any_more);
	nobody_writes_any_more();
	CHECK(offsets_are("monotonic           1         0\nboottime            1         0\n"));
}

ABI_CASE(offsets_are_looked_at)
{
	static const char *const bad[] = { "", "\n", "monotonic 1\n", "monotonic 1 -1\n", "monotonic 1 1000000000\n", "realtime 1 1\n", "0 1 1\n",
					   "monotonicx 1 1\n", "monotonic 0x1 1\n", "monotonic 1 1\n\n", "monotonic 1 1\nboottime" },
			 *const far[] = { "monotonic 9223372037 0", "boottime 4611686018 999999999", "monotonic -9223372036 0",
					  "boottime -100000000 0", "monotonic 99999999999999999999999 0" },
			 *const good[] = { "monotonic 4600000000 999999999", " 1\t2 3 \n", "monotonic 1 1 rest\nboottime 2 2 rest" };
	char big[4096];
	int fd;

	if (geteuid())
		return;
	CHECK(!unshare(CLONE_NEWTIME));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(offsets_write(bad[i]) == EINVAL);
	for (unsigned int i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		CHECK(offsets_write(far[i]) == ERANGE);
	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(!offsets_write(good[i]));
	fd = open(OFFSETS, O_WRONLY);
	memset(big, ' ', sizeof(big));
	CHECK(fd >= 0 && write(fd, "1 1 1\n7 2 2\n1 3 3\n", 18) == 12);
	CHECK(offsets_are("monotonic           1         1\nboottime            2         2\n"));
	CHECK_ERR(write(fd, big, sizeof(big)), EINVAL);
	CHECK(lseek(fd, 3, SEEK_SET) == 3);
	CHECK_ERR(write(fd, "1 1 1\n", 6), EINVAL);
	/* Who opened it is asked. */
	CHECK(!lseek(fd, 0, SEEK_SET) && !seteuid(65534) && write(fd, "1 9 0\n", 6) == 6 && !seteuid(0));
	CHECK(!close(fd) && offsets_are("monotonic           9         0\nboottime            2         2\n"));
}

ABI_CASE(only_the_privileged_make_time_namespaces)
{
	static const char limit[] = "/proc/sys/user/max_time_namespaces";
	char text[32] = "";
	int err;

	if (geteuid())
		return;
	abi_read(limit, text, sizeof(text));
	CHECK(!file_write(limit, "0\n"));
	err = unshare(CLONE_NEWTIME) ? errno : 0;
	CHECK(!file_write(limit, text) && err == ENOSPC);
	CHECK(!setresuid(65534, 65534, 65534));
	CHECK_ERR(unshare(CLONE_NEWTIME), EPERM);
}

ABI_CASE(root_of_a_user_namespace_has_time_namespaces)
{
	int first = open("/proc/self/ns/time", O_RDONLY), theirs;

	if (geteuid())
		return;
	CHECK(!unshare(CLONE_NEWUSER | CLONE_NEWTIME) && !offsets_write("monotonic 1000 0\n"));
	theirs = open("/proc/self/ns/time_for_children", O_RDONLY);
	CHECK(theirs >= 0 && !setns(theirs, CLONE_NEWTIME) && now(CLOCK_MONOTONIC) >= 1000 * NS);
	CHECK_ERR(setns(first, CLONE_NEWTIME), EPERM);
}

/* ---- Being in one ---- */

int clocks_status(void)
{
	bool ahead = now(CLOCK_MONOTONIC) >= MONOTONIC_S * NS;

	return ahead != (now_by_libc(CLOCK_MONOTONIC) >= MONOTONIC_S * NS) ? 3 : ahead;
}

static pid_t run_self(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(abi_self, abi_self, "@clocks", NULL);
		_exit(9);
	}
	return pid;
}

static void exec_stays(void) { CHECK(abi_wait(run_self()) == 1 << 8); }

ABI_CASE(a_program_begins_where_its_process_is)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (!pid) {
		ask(MONOTONIC_S, BOOT_S);
		execl(abi_self, abi_self, "@clocks", NULL);
		_exit(9);
	}
	CHECK(!abi_wait(pid));
	in_namespace(MONOTONIC_S, BOOT_S, exec_stays);
}

static void *pause_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

ABI_CASE(a_time_namespace_is_entered)
{
	int first = open("/proc/self/ns/time", O_RDONLY), theirs;
	unsigned long number = ns_number("time"), other;
	pthread_t thread;

	if (geteuid())
		return;
	note_clocks();
	ask(MONOTONIC_S, BOOT_S);
	other = ns_number("time_for_children");
	theirs = open("/proc/self/ns/time_for_children", O_RDONLY);
	CHECK(first >= 0 && theirs >= 0 && other != number);
	CHECK_ERR(setns(theirs, CLONE_NEWUTS), EINVAL);
	for (int i = 0; i < 2; i++) {
		CHECK(!setns(theirs, CLONE_NEWTIME) && ns_number("time") == other && ns_number("time_for_children") == other);
		clocks_are_ahead(MONOTONIC_S, BOOT_S);
		CHECK(abi_wait(run_self()) == 1 << 8 && offsets_write("monotonic 1 0\n") == EACCES);
		CHECK(!setns(first, 0) && ns_number("time") == number && ns_number("time_for_children") == number);
		clocks_are_ahead(0, 0);
		CHECK(!abi_wait(run_self()));
	}
	CHECK(!pthread_create(&thread, NULL, pause_thread, NULL));
	CHECK_ERR(setns(theirs, CLONE_NEWTIME), EUSERS);
	CHECK(!setresuid(65534, 65534, 65534));
	CHECK_ERR(setns(theirs, CLONE_NEWTIME), EUSERS);
}

ABI_CASE(a_time_namespace_is_entered_by_the_descriptor_of_a_process)
{
	int ready[2], fd;
	pid_t pid;
	char c;

	if (geteuid())
		return;
	note_clocks();
	CHECK(!pipe(ready));
	ask(MONOTONIC_S, BOOT_S);
	pid = fork();
	if (!pid) {
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	fd = syscall(SYS_pidfd_open, pid, 0);
	CHECK(fd >= 0 && read(ready[0], &c, 1) == 1 && !setns(fd, CLONE_NEWTIME | CLONE_NEWUTS));
	clocks_are_ahead(MONOTONIC_S, BOOT_S);
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

static int sharer(void *arg)
{
	char c;

	(void)!read(*(int *)arg, &c, 1);
	_exit(0);
}

/* One space has one page of time. */
ABI_CASE(who_shares_memory_enters_no_time_namespace)
{
	static char stack[STACK];
	int theirs, wait[2];
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!pipe(wait));
	pid = clone(sharer, stack + STACK, CLONE_VM | SIGCHLD, &wait[0]);
	CHECK(pid > 0);
	ask(MONOTONIC_S, BOOT_S);
	theirs = open("/proc/self/ns/time_for_children", O_RDONLY);
	CHECK_ERR(setns(theirs, CLONE_NEWTIME), EUSERS);
	CHECK(write(wait[1], "", 1) == 1 && !abi_wait(pid) && !setns(theirs, CLONE_NEWTIME));
}

ABI_CASE(memory_is_not_shared_across_time_namespaces)
{
	static char stack[STACK];
	pthread_t thread;

	if (geteuid())
		return;
	ask(MONOTONIC_S, BOOT_S);
	CHECK_ERR(clone(sharer, stack + STACK, CLONE_VM | SIGCHLD, NULL), EINVAL);
	CHECK_ERR(clone(sharer, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), EINVAL);
	CHECK(pthread_create(&thread, NULL, pause_thread, NULL));
	CHECK(!unshare(CLONE_NEWUTS) && pthread_create(&thread, NULL, pause_thread, NULL));
}

/* struct clone_args as of Linux 5.3. */
static pid_t clone3_plain(uint64_t flags)
{
	uint64_t args[8] = { flags, 0, 0, 0, SIGCHLD };

	return (pid_t)syscall(SYS_clone3, args, sizeof(args));
}

ABI_CASE(a_child_begins_in_a_time_namespace_of_its_own)
{
	unsigned long mine = ns_number("time");
	int first = open("/proc/self/ns/time", O_RDONLY);
	pid_t pid;

	if (geteuid())
		return;
	note_clocks();
	pid = clone3_plain(CLONE_NEWTIME);
	if (!pid) {
		CHECK(ns_number("time") != mine && ns_number("time_for_children") == ns_number("time") && offsets_write("1 1 1\n") == EACCES);
		clocks_are_ahead(0, 0);
		CHECK(!setns(first, CLONE_NEWTIME) && ns_number("time") == mine);
		clocks_are_ahead(0, 0);
		_exit(0);
	}
	CHECK(pid > 0 && !abi_wait(pid) && ns_number("time_for_children") == mine);
	CHECK_ERR(clone3_plain(CLONE_NEWTIME | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM), EINVAL);
}

static char *mine_at;

static void what_is_mine_stays(void)
{
	for (unsigned int i = 0; i < 16384; i++)
		CHECK(mine_at[i] == 'm');
	CHECK(now(CLOCK_MONOTONIC) >= MONOTONIC_S * NS);
}

/* Whoever took the pages of time away has none in another namespace either. */
ABI_CASE(a_page_of_time_that_is_gone_stays_gone)
{
	char *base = (char *)getauxval(AT_SYSINFO_EHDR);

	if (geteuid() || !base)
		return;
	mine_at = mmap(base - 16384, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(mine_at == base - 16384);
	memset(mine_at, 'm', 16384);
	in_namespace(MONOTONIC_S, BOOT_S, what_is_mine_stays);
}
