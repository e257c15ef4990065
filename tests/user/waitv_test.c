// SPDX-License-Identifier: GPL-2.0
/* futex_waitv(2): waiting for one of several futexes. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "abi.h"

#define SYS_WAITV	449
#define FUTEX_WAKE	1
#define FUTEX_32	2
#define FUTEX_PRIVATE	128
#define NR		3

struct waiter {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static uint32_t words[NR];
static struct waiter waiters[NR];

static void fill(uint32_t flags)
{
	for (int i = 0; i < NR; i++)
		waiters[i] = (struct waiter){ words[i], (uint64_t)&words[i], flags, 0 };
}

static long waitv(unsigned int nr, const struct timespec *deadline)
{
	return syscall(SYS_WAITV, waiters, nr, 0, deadline, CLOCK_MONOTONIC);
}

static void *wake_second(void *word)
{
	while (syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE, 1, NULL, NULL, 0) == 0)
		usleep(1000);
	return NULL;
}

ABI_CASE(wait_for_several_tells_which_was_woken)
{
	pthread_t t;

	fill(FUTEX_32 | FUTEX_PRIVATE);
	CHECK(!pthread_create(&t, NULL, wake_second, &words[1]));
	CHECK(waitv(NR, NULL) == 1 && !pthread_join(t, NULL));
}

ABI_CASE(wait_for_several_in_shared_memory)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	fill(FUTEX_32);
	waiters[2].address = (uint64_t)word;
	pid = fork();
	if (!pid) {
		while (syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
			usleep(1000);
		_exit(0);
	}
	CHECK(waitv(NR, NULL) == 2 && abi_wait(pid) == 0);
}

ABI_CASE(wait_for_several_ends_in_time)
{
	struct timespec now;

	fill(FUTEX_32 | FUTEX_PRIVATE);
	CHECK(!clock_gettime(CLOCK_MONOTONIC, &now));
	now.tv_nsec = now.tv_nsec / 2;
	CHECK_ERR(waitv(NR, &now), ETIMEDOUT);
	now.tv_nsec = 1000000000;
	CHECK_ERR(waitv(NR, &now), EINVAL);
}

ABI_CASE(wait_for_several_is_checked)
{
	fill(FUTEX_32 | FUTEX_PRIVATE);
	waiters[2].value = 1;
	CHECK_ERR(waitv(NR, NULL), EAGAIN);
	CHECK_ERR(waitv(0, NULL), EINVAL);
	CHECK_ERR(waitv(129, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_WAITV, waiters, 1, 1, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_WAITV, BAD, 1, 0, NULL, 0), EFAULT);
	CHECK_ERR(waitv(NR, BAD), EFAULT);
	fill(FUTEX_32 | 0x40);
	CHECK_ERR(waitv(NR, NULL), EINVAL);
	fill(FUTEX_PRIVATE);
	CHECK_ERR(waitv(NR, NULL), EINVAL);
	fill(FUTEX_32);
	waiters[0].address = 8;
	CHECK_ERR(waitv(NR, NULL), EFAULT);
	waiters[0].address = (uint64_t)words + 1;
	CHECK_ERR(waitv(NR, NULL), EINVAL);
	fill(FUTEX_32);
	waiters[1].reserved = 1;
	CHECK_ERR(waitv(NR, NULL), EINVAL);
}
