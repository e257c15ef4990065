// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments that change during the call: one thread writes bad pointers, lengths and letters into what another passes to system calls. Every
 * call ends with a result or an errno that its own documentation knows, none with more than it was given room for, and nothing stays open.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include "abi.h"

#define WORDS		512u		/* a page of them */
#define ROUNDS		15
#define SYS_WAITV	449
#define SYS_OPENAT2	437

static volatile uint64_t *words;
static volatile bool over;

static uint32_t pick(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void *flip(void *arg)
{
	const uint64_t values[] = {
		0, 1, 2, 8, 16, 100, 4096, 0x7fffffff, 0x80000000, ~0ull, 1ull << 63,
		(uint64_t)words, (uint64_t)words + 4090, (uint64_t)(words + WORDS),
		(uint64_t)BAD, 0xffff800000000000ull, 0xffffffff81000000ull, 0x6c6c756e2f766564ull /* "dev/null" */, 0x2f2e2e2f2e2e2f2eull,
		0x0000000100000001ull, 0x0000000200000003ull,
	};
	uint32_t state = 1;

	(void)arg;
	while (!over)
		words[pick(&state) % WORDS] = values[pick(&state) % (sizeof(values) / sizeof(values[0]))];
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static struct kit {
	int zero, null, sock, epoll, timer, dir;
	int sem, msg;
} kit;

/* What a call opened goes again; what it moved must not be more than one page of vectors can name. */
static void check(long result, bool opens)
{
	CHECK(result >= -1 && result <= 0x7ffff000);
	CHECK(result >= 0 || (errno > 0 && errno < 134));
	if (opens && result >= 0)
		close((int)result);
}

static void call_files(char *at)
{
	check(syscall(SYS_readv, kit.zero, at, 4), false);
	check(syscall(SYS_writev, kit.null, at, 4), false);
	check(syscall(SYS_preadv, kit.zero, at, 600, 0, 0), false);
	check(syscall(SYS_openat, kit.dir, at, O_RDONLY | O_NONBLOCK | O_NOCTTY), true);
	check(syscall(SYS_OPENAT2, kit.dir, "f", at, 24), true);
	check(syscall(SYS_statx, kit.dir, at, 0, 0x7ff, at + 2048), false);
	check(syscall(SYS_renameat, kit.dir, at, kit.dir, at + 64), false);
	check(syscall(SYS_symlinkat, at, kit.dir, at + 32), false);
	check(syscall(SYS_utimensat, kit.dir, "f", at, 0), false);
	check(syscall(SYS_setxattr, "f", at, at + 64, 32, 0), false);
	check(syscall(SYS_vmsplice, kit.sock, at, 3, 0), false);
	check(syscall(SYS_process_vm_readv, getpid(), at, 3, at + 1024, 3, 0), false);
}

static void call_sockets(char *at)
{
	check(syscall(SYS_sendmsg, kit.sock, at, MSG_DONTWAIT | MSG_NOSIGNAL), false);
	check(syscall(SYS_recvmsg, kit.sock, at, MSG_DONTWAIT | MSG_TRUNC), false);
	check(syscall(SYS_sendmmsg, kit.sock, at, 3, MSG_DONTWAIT | MSG_NOSIGNAL), false);
	check(syscall(SYS_recvmmsg, kit.sock, at, 3, MSG_DONTWAIT, at + 512), false);
	check(syscall(SYS_setsockopt, kit.sock, SOL_SOCKET, SO_RCVTIMEO, at, 16), false);
	check(syscall(SYS_getsockopt, kit.sock, SOL_SOCKET, SO_ERROR, at, at + 8), false);
	check(syscall(SYS_getsockname, kit.sock, at, at + 128), false);
}

static void call_waits(char *at)
{
	check(syscall(SYS_poll, at, 8, 0), false);
	check(syscall(SYS_ppoll, at, 8, at + 256, at + 280, 8), false);
	check(syscall(SYS_pselect6, 64, at, at + 8, at + 16, at + 24, at + 48), false);
	check(syscall(SYS_epoll_ctl, kit.epoll, EPOLL_CTL_MOD, kit.sock, at), false);
	check(syscall(SYS_epoll_wait, kit.epoll, at, 8, 0), false);
	check(syscall(SYS_WAITV, at, 2, 0, at + 512, CLOCK_MONOTONIC), false);
	check(syscall(SYS_futex, at, 0, 0, at + 64, NULL, 0), false);
	check(syscall(SYS_timerfd_settime, kit.timer, 0, at, at + 64), false);
	check(syscall(SYS_rt_sigaction, SIGUSR1, at, at + 128, 8), false);
	check(syscall(SYS_rt_sigtimedwait, at, at + 64, at + 256, 8), false);
	check(syscall(SYS_semtimedop, kit.sem, at, 3, at + 64), false);
	check(syscall(SYS_msgsnd, kit.msg, at, 16, IPC_NOWAIT), false);
	check(syscall(SYS_msgrcv, kit.msg, at, 16, 0, IPC_NOWAIT), false);
	check(syscall(SYS_capget, at, at + 8), false);
}

static void kit_open(void)
{
	int pair[2];

	abi_fresh();
	CHECK(close(open("f", O_RDWR | O_CREAT, 0600)) == 0 && !socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	kit = (struct kit){ open("/dev/zero", O_RDONLY), open("/dev/null", O_WRONLY), pair[0], epoll_create1(0), timerfd_create(CLOCK_MONOTONIC, 0),
			    open(".", O_RDONLY | O_DIRECTORY), semget(IPC_PRIVATE, 4, 0600), msgget(IPC_PRIVATE, 0600) };
	CHECK(kit.zero >= 0 && kit.null >= 0 && kit.epoll >= 0 && kit.timer >= 0 && kit.dir >= 0 && kit.sem >= 0 && kit.msg >= 0);
	words = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(words != MAP_FAILED && !mprotect((void *)(words + WORDS), 4096, PROT_NONE));
}

ABI_CASE(arguments_that_change_during_the_call)
{
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction on_alarm = { .sa_handler = nothing };
	pthread_t flipper;
	int before;

	kit_open();
	before = open_files();
	CHECK(!sigaction(SIGVTALRM, &on_alarm, NULL) && !sigaction(SIGALRM, &on_alarm, NULL));
	CHECK(!pthread_create(&flipper, NULL, flip, NULL));
	/* What waits is interrupted soon, whatever its time became. */
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	for (int i = 0; i < ROUNDS; i++) {
		call_files((char *)words);
		call_sockets((char *)words);
		call_waits((char *)words);
	}
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	over = true;
	CHECK(!pthread_join(flipper, NULL));
	semctl(kit.sem, 0, IPC_RMID);
	msgctl(kit.msg, IPC_RMID, NULL);
	CHECK(open_files() == before);
}
