// SPDX-License-Identifier: GPL-2.0
/* Who a process is: users, groups, capabilities, names of the system, scheduling. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"
#include "caps.h"

#define NOBODY		65534

static bool ids_are(uid_t real, uid_t effective, uid_t saved)
{
	uid_t r, e, s;

	return !getresuid(&r, &e, &s) && r == real && e == effective && s == saved && getuid() == real && geteuid() == effective;
}

static bool groups_are(gid_t real, gid_t effective, gid_t saved)
{
	gid_t r, e, s;

	return !getresgid(&r, &e, &s) && r == real && e == effective && s == saved && getgid() == real && getegid() == effective;
}

ABI_CASE(real_and_effective_user_are_exchanged)
{
	if (geteuid())
		return;
	CHECK(!setreuid(1000, 2000) && ids_are(1000, 2000, 2000));
	CHECK(!setreuid(2000, 1000) && ids_are(2000, 1000, 1000));
	CHECK(!setreuid(-1, 2000) && ids_are(2000, 2000, 1000));
	CHECK(!setresuid(-1, 1000, -1) && ids_are(2000, 1000, 1000));
	CHECK_ERR(setreuid(0, -1), EPERM);
	CHECK_ERR(setreuid(-1, 0), EPERM);
	CHECK_ERR(setresuid(3000, -1, -1), EPERM);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(syscall(SYS_getresuid, BAD, BAD, BAD), EFAULT);
}

ABI_CASE(real_and_effective_group_are_exchanged)
{
	if (geteuid())
		return;
	CHECK(!setregid(100, 200) && groups_are(100, 200, 200));
	CHECK(!setresgid(300, 400, 500) && groups_are(300, 400, 500));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	CHECK(!setregid(400, 300) && groups_are(400, 300, 300));
	CHECK(!setresgid(-1, 300, -1));
	CHECK_ERR(setregid(0, -1), EPERM);
	CHECK_ERR(setresgid(-1, -1, 700), EPERM);
	CHECK_ERR(setgid(0), EPERM);
	CHECK_ERR(syscall(SYS_getresgid, BAD, BAD, BAD), EFAULT);
}

ABI_CASE(supplementary_groups_come_back)
{
	gid_t groups[4] = { 7, 5, 6 }, got[4] = { 0 };

	CHECK_ERR(getgroups(-1, got), EINVAL);
	if (geteuid())
		return;
	CHECK(!setgroups(3, groups) && getgroups(0, NULL) == 3);
	CHECK_ERR(getgroups(2, got), EINVAL);
	CHECK(getgroups(4, got) == 3 && got[0] == 5 && got[1] == 6 && got[2] == 7);	/* in order */
	CHECK_ERR(syscall(SYS_getgroups, 4, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_setgroups, 65537, groups), EINVAL);
	CHECK_ERR(syscall(SYS_setgroups, 3, BAD), EFAULT);
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	CHECK_ERR(syscall(SYS_setgroups, 1, groups), EPERM);
}

#define MANY	1000u

ABI_CASE(many_groups_are_shared_and_looked_at)
{
	gid_t *groups = calloc(MANY, sizeof(*groups)), *got = calloc(MANY, sizeof(*got));
	char text[2048];
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(groups && got && !close(open("f", O_CREAT | O_WRONLY, 0)));
	for (unsigned int i = 0; i < MANY; i++)
		groups[i] = 10000 + i * 617 % MANY * 2;	/* each even one once, in no order */
	CHECK(!setgroups(MANY, groups) && !chown("f", 0, 10998) && !chmod("f", 0040));
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(getgroups(MANY, got) == (int)MANY && open("f", O_RDONLY) >= 0);
		for (unsigned int i = 0; i < MANY; i++)
			CHECK(got[i] == 10000 + i * 2);
		CHECK(strstr(abi_read("/proc/self/status", text, sizeof(text)), "Groups:\t10000 10002 10004 "));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
	pid = fork();
	if (!pid) {
		CHECK(!setgroups(1, &(gid_t){ 10997 }) && !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		CHECK_ERR(open("f", O_RDONLY), EACCES);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && getgroups(0, NULL) == (int)MANY);
}

/* setfsuid gives the one before, also when it refuses. */
ABI_CASE(file_system_user_follows_the_effective)
{
	if (geteuid())
		return;
	CHECK(setfsuid(1000) == 0 && setfsuid(-1) == 1000);
	CHECK(setfsgid(1000) == 0 && setfsgid(-1) == 1000);
	CHECK(!setresuid(-1, NOBODY, -1) && setfsuid(-1) == NOBODY);
	CHECK(setfsuid(4321) == NOBODY && setfsuid(-1) == NOBODY);
}

ABI_CASE(capabilities_are_read_and_only_dropped)
{
	struct cap_header h = { CAP_V3, 0 };
	struct cap_data data[2];

	CHECK(!syscall(SYS_capget, &h, data));
	if (!geteuid())
		CHECK(data[0].effective & 1u << CAP_CHOWN);
	h.version = 1;
	CHECK_ERR(syscall(SYS_capget, &h, data), EINVAL);
	CHECK(h.version == CAP_V3);
	h.pid = 0x3fffffff;
	CHECK_ERR(syscall(SYS_capget, &h, data), ESRCH);
	h.pid = -1;
	CHECK_ERR(syscall(SYS_capget, &h, data), EINVAL);
	CHECK_ERR(syscall(SYS_capget, BAD, data), EFAULT);
	h.pid = 0;
	CHECK(!syscall(SYS_capget, &h, data) && !syscall(SYS_capset, &h, data));
	h.pid = getppid();
	CHECK_ERR(syscall(SYS_capset, &h, data), EPERM);
	h.pid = 0;
	if (geteuid())
		return;
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !syscall(SYS_capget, &h, data) && !data[0].effective && !data[0].permitted);
	data[0].permitted = data[0].effective = 1u << CAP_CHOWN;
	CHECK_ERR(syscall(SYS_capset, &h, data), EPERM);
}

ABI_CASE(programs_for_linux_find_its_name)
{
	char line[64];
	struct utsname u;

	CHECK(!uname(&u) && !strcmp(u.sysname, "Linux"));
	CHECK(!strncmp(abi_read("/proc/version", line, sizeof(line)), "Linux version ", 14));
	CHECK(!strcmp(abi_read("/proc/sys/kernel/ostype", line, sizeof(line)), "Linux\n"));
}

ABI_CASE(names_of_the_system_are_set)
{
	struct utsname before, after;

	CHECK(!uname(&before));
	CHECK_ERR(syscall(SYS_uname, BAD), EFAULT);
	if (geteuid())
		return;
	CHECK_ERR(syscall(SYS_sethostname, "x", -1l), EINVAL);
	CHECK_ERR(syscall(SYS_sethostname, "x", 65), EINVAL);
	CHECK_ERR(syscall(SYS_sethostname, BAD, 3), EFAULT);
	CHECK(!sethostname(before.nodename, strlen(before.nodename)) && !uname(&after) && !strcmp(before.nodename, after.nodename));
	CHECK_ERR(syscall(SYS_setdomainname, "x", 65), EINVAL);
	CHECK_ERR(syscall(SYS_setdomainname, BAD, 3), EFAULT);
	CHECK(!setdomainname(before.domainname, strlen(before.domainname)) && !uname(&after) && !strcmp(before.domainname, after.domainname));
}

ABI_CASE(system_information_is_whole)
{
	struct sysinfo s;
	char bytes[64] = "";

	CHECK(!sysinfo(&s) && s.uptime > 0 && s.totalram > s.freeram && s.procs > 0 && s.mem_unit > 0);
	CHECK_ERR(syscall(SYS_sysinfo, BAD), EFAULT);
	CHECK(syscall(SYS_getrandom, bytes, sizeof(bytes), 0) == sizeof(bytes) && memcmp(bytes, bytes + 32, 32));
	CHECK_ERR(syscall(SYS_getrandom, bytes, 1, 0x80), EINVAL);
	CHECK_ERR(syscall(SYS_getrandom, bytes, 1, 6), EINVAL);		/* GRND_RANDOM | GRND_INSECURE */
	CHECK_ERR(syscall(SYS_getrandom, BAD, 1, 0), EFAULT);
	CHECK(syscall(SYS_getrandom, bytes, 0, 1) == 0);
	CHECK(syscall(SYS_personality, 0xffffffff) == 0);
	CHECK_ERR(syscall(SYS_syslog, 99, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, 2, NULL, 10), EINVAL);
	CHECK_ERR(syscall(SYS_syslog, 2, bytes, -1), EINVAL);
	CHECK(syscall(SYS_syslog, 2, bytes, 0) == 0);
}

ABI_CASE(own_processor_is_told)
{
	unsigned int cpu = 9999, node = 9999;

	CHECK(!syscall(SYS_getcpu, &cpu, &node, NULL) && cpu < 1024 && node < 1024);
	CHECK(!syscall(SYS_getcpu, NULL, NULL, NULL));
	CHECK_ERR(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT);
	CHECK(getpgrp() == getpgid(0) && syscall(SYS_getpgrp) == getpgid(0));
	CHECK(syscall(SYS_membarrier, 0, 0, 0) > 0);
	CHECK(!syscall(SYS_membarrier, 1, 0, 0));
	CHECK_ERR(syscall(SYS_membarrier, 1, 9, 0), EINVAL);
	CHECK_ERR(syscall(SYS_membarrier, 0x4000, 0, 0), EINVAL);
}

/* ---- privileges ---- */

ABI_CASE(a_dropped_privilege_is_gone)
{
	uint64_t time = 1ull << CAP_SYS_TIME, dac = 1ull << CAP_DAC_OVERRIDE;
	struct timespec now;

	if (geteuid())
		return;
	CHECK(!clock_gettime(CLOCK_REALTIME, &now));
	CHECK(!caps_become(time | dac, time | dac, 0) && caps_of(0, 'e') == (time | dac));
	CHECK_ERR(sethostname("x", 1), EPERM);
	CHECK(!clock_settime(CLOCK_REALTIME, &now));
	CHECK(!caps_become(dac, time | dac, 0));
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &now), EPERM);
	CHECK(!caps_become(time, time, 0) && !clock_settime(CLOCK_REALTIME, &now));
	CHECK_ERR(caps_become(time | dac, time | dac, 0), EPERM);
	CHECK_ERR(caps_become(time | dac, time, 0), EPERM);
	CHECK(!caps_become(0, 0, 0) && !caps_of(0, 'p'));
	CHECK_ERR(setresuid(1, 1, 1), EPERM);	/* root in name only */
}

ABI_CASE(privileges_follow_the_ids)
{
	uint64_t all = caps_of(0, 'p');

	if (geteuid())
		return;
	CHECK(!setresuid(-1, NOBODY, -1) && !caps_of(0, 'e') && caps_of(0, 'p') == all);
	CHECK(!setresuid(-1, 0, -1) && caps_of(0, 'e') == all);
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
	CHECK(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 1);
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !caps_of(0, 'e') && caps_of(0, 'p') == all);
	CHECK(!caps_become(all, all, 0) && !setresuid(0, 0, 0));
	CHECK(!prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) && !setresuid(NOBODY, NOBODY, NOBODY) && !caps_of(0, 'e') && !caps_of(0, 'p'));
}

ABI_CASE(ambient_and_bounding_sets_are_kept)
{
	uint64_t all = caps_of(0, 'p'), time = 1ull << CAP_SYS_TIME;

	CHECK_ERR(prctl(PR_CAPBSET_READ, CAP_LAST + 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(47, 9, 0, 0, 0), EINVAL);
	if (geteuid())
		return;
	CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_TIME, 0, 0, 0) == 1);
	CHECK_ERR(prctl(47, 2, CAP_SYS_TIME, 0, 0), EPERM);	/* not inheritable yet */
	CHECK(!caps_become(all, all, time) && caps_of(0, 'i') == time);
	CHECK(!prctl(47, 2, CAP_SYS_TIME, 0, 0) && prctl(47, 1, CAP_SYS_TIME, 0, 0) == 1);
	CHECK(!prctl(47, 3, CAP_SYS_TIME, 0, 0) && prctl(47, 1, CAP_SYS_TIME, 0, 0) == 0);
	CHECK(!prctl(47, 2, CAP_SYS_TIME, 0, 0) && !prctl(47, 4, 0, 0, 0) && prctl(47, 1, CAP_SYS_TIME, 0, 0) == 0);
	CHECK(!prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) && prctl(PR_CAPBSET_READ, CAP_DAC_OVERRIDE, 0, 0, 0) == 0);
	CHECK_ERR(prctl(PR_CAPBSET_DROP, CAP_LAST + 1, 0, 0, 0), EINVAL);
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	CHECK_ERR(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0), EPERM);
}

/* ---- parents ---- */

ABI_CASE(death_of_the_parent_is_told)
{
	sigset_t set;
	int p[2], sig = 0;
	char c = 0;

	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
	CHECK(!pipe(p));
	if (!fork()) {
		int ready[2];

		CHECK(!pipe(ready));
		if (!fork()) {
			sigemptyset(&set);
			sigaddset(&set, SIGUSR2);
			sigprocmask(SIG_BLOCK, &set, NULL);
			prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0);
			prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0);
			c = sig == SIGUSR2 && write(ready[1], "", 1) == 1 && sigtimedwait(&set, NULL, &(struct timespec){ 10, 0 }) == SIGUSR2;
			_exit(write(p[1], &c, 1) != 1);
		}
		_exit(read(ready[0], &c, 1) != 1);
	}
	CHECK(read(p[0], &c, 1) == 1 && c == 1);
}

ABI_CASE(orphans_come_to_the_reaper_that_asked)
{
	int on = 0, status, p[2];

	CHECK(!pipe(p) && !prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) && !prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0) && on == 1);
	if (!fork()) {
		if (!fork()) {
			char c;

			close(p[1]);
			_exit(read(p[0], &c, 1) == 0 ? 7 : 1);	/* until its parent has ended, and this process has let go */
		}
		_exit(0);
	}
	CHECK(waitpid(-1, &status, 0) > 0 && !status && !close(p[1]));
	CHECK(waitpid(-1, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
}
ABI_CASE(scheduling_classes_are_set_and_read)
{
	struct sched_param p = { 0 };
	struct timespec t;

	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER && !syscall(SYS_sched_getparam, 0, &p) && p.sched_priority == 0);
	CHECK(sched_get_priority_min(SCHED_FIFO) == 1 && sched_get_priority_max(SCHED_FIFO) == 99);
	CHECK(sched_get_priority_min(SCHED_OTHER) == 0 && sched_get_priority_max(SCHED_RR) == 99);
	CHECK_ERR(sched_get_priority_max(77), EINVAL);
	CHECK_ERR(sched_get_priority_min(-1), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getscheduler, -1), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getscheduler, 0x3fffffff), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setparam, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 77, &p), EINVAL);
	p.sched_priority = 1;
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setparam, 0, &p), EINVAL);
	p.sched_priority = 100;
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p), EINVAL);
	CHECK(!syscall(SYS_sched_rr_get_interval, 0, &t) && t.tv_nsec >= 0);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, -1, &t), EINVAL);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, BAD), EFAULT);
	if (geteuid())
		return;
	p.sched_priority = 7;
	CHECK(!syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p) && syscall(SYS_sched_getscheduler, 0) == SCHED_RR);
	p.sched_priority = 9;
	CHECK(!syscall(SYS_sched_setparam, 0, &p));
	p.sched_priority = 0;
	CHECK(!syscall(SYS_sched_getparam, 0, &p) && p.sched_priority == 9);
	CHECK(!syscall(SYS_sched_rr_get_interval, 0, &t) && t.tv_nsec > 0);
	p.sched_priority = 0;
	CHECK(!syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	p.sched_priority = 1;
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), EPERM);
	p.sched_priority = 0;
	CHECK_ERR(syscall(SYS_sched_setscheduler, 1, SCHED_OTHER, &p), EPERM);
}


ABI_CASE(prctl_keeps_what_it_was_told_and_refuses_what_means_nothing)
{
	CHECK(prctl(PR_GET_TIMING) == PR_TIMING_STATISTICAL && !prctl(PR_SET_TIMING, PR_TIMING_STATISTICAL));
	CHECK_ERR(prctl(PR_SET_TIMING, PR_TIMING_TIMESTAMP), EINVAL);
	CHECK_ERR(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL);
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 && !prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	pid_t pid = fork();

	if (!pid)
		_exit(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	CHECK(WEXITSTATUS(abi_wait(pid)) == 1);
	CHECK_ERR(prctl(999, 0, 0, 0, 0), EINVAL);
}

static void write_text(const char *path, const char *text, int error)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	CHECK(fd >= 0 && (error ? n == -1 && errno == error : n == (ssize_t)strlen(text)) && !close(fd));
}

static long slack_in_proc(void)
{
	char text[32];

	return atol(abi_read("/proc/self/timerslack_ns", text, sizeof(text)));
}

ABI_CASE(the_slack_of_timers_is_kept_and_a_child_s_own_begins_with_it)
{
	pid_t pid;

	CHECK(prctl(PR_GET_TIMERSLACK) == 50000 && !prctl(PR_SET_TIMERSLACK, 10000) && prctl(PR_GET_TIMERSLACK) == 10000);
	CHECK(slack_in_proc() == 10000);
	pid = fork();
	if (!pid) {
		CHECK(prctl(PR_GET_TIMERSLACK) == 10000 && !prctl(PR_SET_TIMERSLACK, 20000) && prctl(PR_GET_TIMERSLACK) == 20000);
		write_text("/proc/self/timerslack_ns", "70000", 0);
		CHECK(prctl(PR_GET_TIMERSLACK) == 70000);
		write_text("/proc/self/timerslack_ns", "many", EINVAL);
		write_text("/proc/self/timerslack_ns", "0", 0);
		CHECK(prctl(PR_GET_TIMERSLACK) == 10000);
		CHECK(!setuid(65534));
		write_text("/proc/1/timerslack_ns", "1", EPERM);
		write_text("/proc/self/timerslack_ns", "1", 0);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
	CHECK(!prctl(PR_SET_TIMERSLACK, 0) && prctl(PR_GET_TIMERSLACK) == 50000);
}

static void read_counter(void)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
}

ABI_CASE(a_program_can_give_up_the_time_stamp_counter)
{
	int mode = 0;
	pid_t pid;

	CHECK(!prctl(PR_GET_TSC, &mode) && mode == PR_TSC_ENABLE);
	CHECK_ERR(prctl(PR_SET_TSC, 3), EINVAL);
	CHECK_ERR(prctl(PR_GET_TSC, BAD), EFAULT);
	pid = fork();
	if (!pid) {
		CHECK(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV) && !prctl(PR_GET_TSC, &mode) && mode == PR_TSC_SIGSEGV);
		pid = fork();
		if (!pid) {
			read_counter();		/* it was inherited */
			_exit(0);
		}
		CHECK(WTERMSIG(abi_wait(pid)) == SIGSEGV);
		CHECK(!prctl(PR_SET_TSC, PR_TSC_ENABLE));
		read_counter();
		CHECK(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
		for (int i = 0; i < 20; i++)
			usleep(1000);
		read_counter();
		_exit(0);
	}
	for (int i = 0; i < 20; i++, usleep(1000))
		read_counter();		/* its own is not touched */
	CHECK(WTERMSIG(abi_wait(pid)) == SIGSEGV);
}

ABI_CASE(a_personality_changes_what_a_program_sees)
{
	struct timeval t = { 0, 10000 };	/* by the calls themselves: the C library hides what is left */
	struct timespec ts = { 0, 10000000 };
	struct utsname names;
	char where[32], text[16384], *line;
	void *page;

	CHECK(personality(STICKY_TIMEOUTS) == 0);
	CHECK(syscall(SYS_select, 0, NULL, NULL, NULL, &t) == 0 && t.tv_usec == 10000);
	CHECK(syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8) == 0 && ts.tv_nsec == 10000000);
	CHECK(personality(PER_LINUX32 | UNAME26) >= 0 && !uname(&names));
	CHECK(!strcmp(names.machine, "i686") && !strncmp(names.release, "2.6.", 4));
	t.tv_usec = 10000;
	CHECK(syscall(SYS_select, 0, NULL, NULL, NULL, &t) == 0 && t.tv_usec == 0);
	CHECK(personality(READ_IMPLIES_EXEC) >= 0);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(personality(PER_LINUX) >= 0 && !uname(&names) && !strcmp(names.machine, "x86_64"));
	snprintf(where, sizeof(where), "%lx-", (unsigned long)page);
	line = strstr(abi_read("/proc/self/maps", text, sizeof(text)), where);
	CHECK(line && strstr(line, " r-xp ") == strchr(line, ' '));
}

ABI_CASE(nobody_may_open_more_files_than_the_system_has)
{
	struct rlimit r = { 100, 1 << 26 };

	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &r), EPERM);
}

#define MCE_KILL	33
#define MCE_KILL_GET	34
#define GET_SPECULATION	52
#define SET_SPECULATION	53
#define SET_IO_FLUSHER	57
#define GET_IO_FLUSHER	58
#define SET_PTRACER	0x59616d61

static long prctl_of_child(int option)
{
	pid_t pid = fork();

	if (!pid)
		_exit((int)prctl(option, 0, 0, 0, 0));
	return WEXITSTATUS(abi_wait(pid));
}

ABI_CASE(prctl_keeps_how_failures_of_memory_are_told)
{
	CHECK(prctl(MCE_KILL_GET, 0, 0, 0, 0) == 2 && !prctl(MCE_KILL, 1, 1, 0, 0) && prctl(MCE_KILL_GET, 0, 0, 0, 0) == 1);
	CHECK(prctl_of_child(MCE_KILL_GET) == 1 && !prctl(MCE_KILL, 1, 0, 0, 0) && prctl(MCE_KILL_GET, 0, 0, 0, 0) == 0);
	CHECK_ERR(prctl(MCE_KILL, 1, 3, 0, 0), EINVAL);
	CHECK_ERR(prctl(MCE_KILL, 1, 2, 1, 0), EINVAL);
	CHECK_ERR(prctl(MCE_KILL, 0, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(MCE_KILL, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(MCE_KILL_GET, 0, 0, 0, 1), EINVAL);
	CHECK(!prctl(MCE_KILL, 0, 0, 0, 0) && prctl(MCE_KILL_GET, 0, 0, 0, 0) == 2);
}

ABI_CASE(a_thread_that_serves_a_disk_says_so_with_a_privilege)
{
	CHECK(prctl(GET_IO_FLUSHER, 0, 0, 0, 0) == 0 && !prctl(SET_IO_FLUSHER, 1, 0, 0, 0) && prctl(GET_IO_FLUSHER, 0, 0, 0, 0) == 1);
	CHECK(prctl_of_child(GET_IO_FLUSHER) == 1);
	CHECK_ERR(prctl(SET_IO_FLUSHER, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(SET_IO_FLUSHER, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(GET_IO_FLUSHER, 1, 0, 0, 0), EINVAL);
	CHECK(!prctl(SET_IO_FLUSHER, 0, 0, 0, 0) && prctl(GET_IO_FLUSHER, 0, 0, 0, 0) == 0);
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	CHECK_ERR(prctl(SET_IO_FLUSHER, 1, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(GET_IO_FLUSHER, 0, 0, 0, 0), EPERM);
}

ABI_CASE(a_tracer_that_is_permitted_exists)
{
	CHECK(!prctl(SET_PTRACER, getpid(), 0, 0, 0) && !prctl(SET_PTRACER, -1, 0, 0, 0) && !prctl(SET_PTRACER, 0, 0, 0, 0));
	CHECK_ERR(prctl(SET_PTRACER, 99999999, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(SET_PTRACER, -2, 0, 0, 0), EINVAL);
}

/* The processors of the tests have no means against speculation that a program could choose. */
ABI_CASE(speculation_is_told_and_stays)
{
	CHECK(prctl(GET_SPECULATION, 0, 0, 0, 0) == 0 && prctl(GET_SPECULATION, 1, 0, 0, 0) == 2 && prctl(GET_SPECULATION, 2, 0, 0, 0) == 8);
	CHECK_ERR(prctl(GET_SPECULATION, 3, 0, 0, 0), ENODEV);
	CHECK_ERR(prctl(GET_SPECULATION, 0, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(SET_SPECULATION, 0, 2, 0, 0), ENXIO);
	CHECK_ERR(prctl(SET_SPECULATION, 0, 2, 1, 0), EINVAL);
	CHECK(!prctl(SET_SPECULATION, 1, 2, 0, 0));
	CHECK_ERR(prctl(SET_SPECULATION, 1, 4, 0, 0), EPERM);
	CHECK_ERR(prctl(SET_SPECULATION, 1, 1, 0, 0), ERANGE);
	CHECK_ERR(prctl(SET_SPECULATION, 2, 2, 0, 0), EPERM);
	CHECK_ERR(prctl(SET_SPECULATION, 3, 2, 0, 0), ENODEV);
	CHECK(!prctl(PR_TASK_PERF_EVENTS_DISABLE) && !prctl(PR_TASK_PERF_EVENTS_ENABLE));
}
