// SPDX-License-Identifier: GPL-2.0
/* What processes, threads and children cost: getrusage(2), wait4(2) and /proc. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "abi.h"

#define PAGES	64
#define PAGE	4096ul

static struct rusage usage_of(int who)
{
	struct rusage r;

	CHECK(getrusage(who, &r) == 0);
	return r;
}

static void touch_pages(void)
{
	volatile char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = 1;
	CHECK(munmap((void *)p, PAGES * PAGE) == 0);
}

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

/* Until two ticks found the caller in a system call. */
static void spend_system_time(void)
{
	static char buffer[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);

	CHECK(fd >= 0);
	while (microseconds(usage_of(RUSAGE_SELF).ru_stime) < 20000)
		CHECK(read(fd, buffer, sizeof(buffer)) == sizeof(buffer));
	close(fd);
}

ABI_CASE(pages_that_come_in_are_counted)
{
	long process = usage_of(RUSAGE_SELF).ru_minflt, thread = usage_of(RUSAGE_THREAD).ru_minflt;

	touch_pages();
	CHECK(usage_of(RUSAGE_SELF).ru_minflt >= process + PAGES);
	CHECK(usage_of(RUSAGE_THREAD).ru_minflt >= thread + PAGES);
}

ABI_CASE(turns_at_a_cpu_are_counted)
{
	struct rusage before = usage_of(RUSAGE_SELF);
	cpu_set_t one;
	pid_t pid;

	while (usage_of(RUSAGE_SELF).ru_nvcsw < before.ru_nvcsw + 3)
		usleep(1000);	/* which gives nothing away when the time is over by then */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	while (usage_of(RUSAGE_SELF).ru_nivcsw == before.ru_nivcsw)
		;
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(a_child_s_cost_has_that_of_its_children)
{
	struct rusage r, before = usage_of(RUSAGE_CHILDREN), after;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			touch_pages();
			spend_system_time();
			_exit(0);
		}
		_exit(abi_wait(grandchild) != 0);
	}
	CHECK(wait4(pid, &status, 0, &r) == pid && status == 0);
	CHECK(r.ru_minflt >= PAGES && microseconds(r.ru_stime) >= 20000 && r.ru_nvcsw > 0);
	after = usage_of(RUSAGE_CHILDREN);
	CHECK(after.ru_minflt >= before.ru_minflt + PAGES);
	CHECK(microseconds(after.ru_stime) >= microseconds(before.ru_stime) + 20000);
}

/* The number at @index of a stat file, counted from 1 as proc(5) does; the name before has no spaces. */
static long stat_field(const char *path, int index)
{
	char text[1024], *at = text;
	int fd = open(path, O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	close(fd);
	text[n] = '\0';
	while (--index) {
		at = strchr(at, ' ');
		CHECK(at);
		at++;
	}
	return strtol(at, NULL, 10);
}

ABI_CASE(proc_tells_faults_and_turns)
{
	long own = stat_field("/proc/self/stat", 10), turns;
	char line[128];
	FILE *f;

	touch_pages();
	CHECK(stat_field("/proc/self/stat", 10) >= own + PAGES);
	turns = usage_of(RUSAGE_SELF).ru_nvcsw;
	while (usage_of(RUSAGE_SELF).ru_nvcsw == turns)
		usleep(1000);
	f = fopen("/proc/self/status", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f) && strncmp(line, "voluntary_ctxt_switches:", 24))
		;
	CHECK(!strncmp(line, "voluntary_ctxt_switches:", 24) && strtol(line + 24, NULL, 10) > turns);
	fclose(f);
}

static int spin(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_SEQ_CST))
		;
	return 0;
}

ABI_CASE(a_thread_s_files_tell_its_own_time)
{
	static char stack[16384] __attribute__((aligned(16)));
	static int stop;
	char path[64];
	long own;
	pid_t tid = clone(spin, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &stop);

	CHECK(tid > 0);
	while (stat_field("/proc/self/stat", 14) < 10)
		usleep(10000);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	own = stat_field(path, 14);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	CHECK(own < stat_field(path, 14));
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
}

static void spend_time_of(long us)
{
	struct rusage r;

	do
		r = usage_of(RUSAGE_SELF);
	while (microseconds(r.ru_utime) + microseconds(r.ru_stime) < us);
}

ABI_CASE(a_child_s_signal_tells_its_time_at_each_stop)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	CHECK(!sigemptyset(&set) && !sigaddset(&set, SIGCHLD) && !sigprocmask(SIG_BLOCK, &set, NULL));
	pid = fork();
	if (pid == 0) {
		spend_time_of(50000);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK(sigwaitinfo(&set, &info) == SIGCHLD && info.si_code == CLD_STOPPED);
	CHECK(info.si_utime + info.si_stime >= 3);	/* of 10 ms, both rounded down */
	CHECK(!kill(pid, SIGKILL));
	CHECK(sigwaitinfo(&set, &info) == SIGCHLD && info.si_code == CLD_KILLED && info.si_utime + info.si_stime >= 3);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

/* A record of acct(5), version 3. */
struct record {
	uint8_t flag, version;
	uint16_t tty;
	uint32_t exit_code, uid, gid, pid, ppid, begin;
	float elapsed;
	uint16_t user, system, memory, chars, blocks, minor_faults, major_faults, swaps;
	char name[16];
};

static struct record record_of(int fd, pid_t pid)
{
	struct record r;

	for (off_t at = 0; pread(fd, &r, sizeof(r), at) == sizeof(r); at += sizeof(r))
		if (r.pid == (uint32_t)pid)
			return r;
	CHECK(!pid);
	return r;
}

static pid_t child_that_ends(bool killed)
{
	pid_t pid = fork();

	if (!pid) {
		touch_pages();
		if (killed)
			raise(SIGKILL);
		_exit(3);
	}
	abi_wait(pid);
	return pid;
}

/* It is the system's: ended before anything is looked at. */
ABI_CASE(processes_that_end_are_written_down)
{
	pid_t exited, killed, later;
	struct record r;
	int fd, err;

	abi_fresh();
	fd = open("log", O_RDWR | O_CREAT, 0600);
	if (getuid()) {
		CHECK_ERR(acct("log"), EPERM);
		return;
	}
	CHECK_ERR(acct("none"), ENOENT);
	CHECK_ERR(acct("."), EISDIR);
	CHECK_ERR(acct("/dev/null"), EACCES);
	CHECK_ERR(acct(BAD), EFAULT);
	err = acct("log");
	exited = child_that_ends(false);
	killed = child_that_ends(true);
	CHECK(!acct(NULL) && !err);
	later = child_that_ends(false);
	r = record_of(fd, exited);
	CHECK(r.version == 3 && r.flag & 1 && !(r.flag & 0x10) && r.exit_code == 3 << 8 && r.ppid == (uint32_t)getpid() && !r.uid);
	CHECK(r.minor_faults && r.memory && r.elapsed >= 0 && r.begin && !strncmp(r.name, "abi_test", 8));
	r = record_of(fd, killed);
	CHECK(r.flag & 0x10 && r.exit_code == SIGKILL);
	CHECK(lseek(fd, 0, SEEK_END) % (off_t)sizeof(r) == 0 && record_of(fd, killed).pid != (uint32_t)later);
}
