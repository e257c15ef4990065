// SPDX-License-Identifier: GPL-2.0
/*
 * Random system calls with arguments that are likely to hurt: pointers at the edges of what is mapped, kernel addresses, huge lengths,
 * small numbers. They run in children without root's rights, the same for the same seed (environment ABI_SEED, ABI_ROUNDS). The claim
 * is that the system, this process and its accounts outlive them.
 */
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define ROUNDS		60
#define CALLS		60
#define CHILD_SECONDS	1
#define CHILD_MS_MOST	10000
#define LINUX_CALLS	452
#define FERRY_FIRST	1000
#define FERRY_CALLS	62	/* the next is a mistake on purpose (CONFIG_PROVOKE), where a kernel that checks itself ends */
#define NOBODY		65534

static uint64_t state;
static char *last_page, *read_only, *shared;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? state % below : state;
}

static uint64_t argument(void)
{
	switch (draw(16)) {
	case 0:
		return 0;
	case 1:
		return draw(8);
	case 2:
		return -1;
	case 3:
	case 4:
		return (uintptr_t)last_page + draw(4096);
	case 5:
		return (uintptr_t)last_page;
	case 6:
		return 0xffff800000000000 + draw(65536);
	case 7:
		return (uintptr_t)read_only + draw(4096);
	case 8:
		return draw(0);
	case 9:
		return 1ull << draw(64);
	case 10:
		return (uintptr_t)last_page + 4096 - draw(16);
	case 11:
		return 4096 * draw(64);
	case 12:
		return draw(1000);
	case 13:
		return (uintptr_t)shared + 8 * draw(512);
	case 14:
		return 0x7ffffffff000 - draw(32);
	default:
		return -draw(100);
	}
}

/* Calls that would only end or multiply the child, or reach others. */
static bool is_left_out(long nr)
{
	static const long list[] = { SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_exit, SYS_exit_group, SYS_pause, SYS_alarm, SYS_kill,
				     SYS_setsid, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_reboot, SYS_setpgid };

	for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == nr)
			return true;
	return false;
}

static void memory_prepare(void)
{
	last_page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(last_page + 4096, 4096);
	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned int i = 0; i < 512; i++) {
		((uint64_t *)last_page)[i] = argument();
		((uint64_t *)shared)[i] = argument();
	}
}

static void calls_run(void)
{
	for (unsigned int i = 0; i < CALLS; i++) {
		long nr = draw(5) ? (long)draw(LINUX_CALLS) : (long)(FERRY_FIRST + draw(FERRY_CALLS));
		uint64_t a[6];

		for (unsigned int j = 0; j < 6; j++)
			a[j] = argument();
		if (!is_left_out(nr))
			syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	syscall(SYS_exit_group, 0);
}

static void child_run(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	setpgid(0, 0);
	close(0);
	memory_prepare();
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(0);
	alarm(CHILD_SECONDS);
	calls_run();
}

/* Its calls may have taken its alarm away, or stopped it. */
static void child_end(pid_t pid)
{
	for (unsigned int ms = 0; ms < CHILD_MS_MOST; ms++) {
		int status;
		pid_t got = waitpid(pid, &status, WUNTRACED | WNOHANG);

		if (got == pid && WIFSTOPPED(status))
			break;
		if (got)
			return;
		usleep(1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	return getenv(name) ? strtoul(getenv(name), NULL, 0) : otherwise;
}

ABI_CASE(random_calls_hurt_nobody_else)
{
	unsigned long seed = setting("ABI_SEED", 1), rounds = setting("ABI_ROUNDS", ROUNDS);

	alarm(0);
	if (geteuid())
		return;
	for (unsigned long i = 0; i < rounds; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			child_run(seed * 1000003 + i);
		child_end(pid);
	}
}
