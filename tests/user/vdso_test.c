// SPDX-License-Identifier: GPL-2.0
/* The shared object that the kernel puts into every program: it tells the same time as the system call. */
#include <elf.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "abi.h"

static uint64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * 1000000000ull + t->tv_nsec;
}

static uint64_t by_call(int clock)
{
	struct timespec t;

	CHECK(!syscall(SYS_clock_gettime, clock, &t));
	return ns_of(&t);
}

static uint64_t by_libc(int clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return ns_of(&t);
}

ABI_CASE(there_is_a_vdso)
{
	const Elf64_Ehdr *h = (void *)getauxval(AT_SYSINFO_EHDR);

	CHECK(h && !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_type == ET_DYN && h->e_phnum > 1);
}

ABI_CASE(the_vdso_and_the_call_tell_the_same_time)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW };
	uint64_t before, between, after;
	unsigned int i, k;

	for (k = 0; k < sizeof(clocks) / sizeof(clocks[0]); k++) {
		for (i = 0; i < 1000; i++) {
			before = by_call(clocks[k]);
			between = by_libc(clocks[k]);
			after = by_call(clocks[k]);
			CHECK(before <= between && between <= after);
		}
	}
}

ABI_CASE(the_vdso_never_goes_back)
{
	uint64_t last = by_libc(CLOCK_MONOTONIC), now;
	unsigned int i;

	for (i = 0; i < 200000; i++, last = now) {
		now = by_libc(CLOCK_MONOTONIC);
		CHECK(now >= last);
	}
}

ABI_CASE(seconds_and_microseconds_agree)
{
	struct timeval t;
	uint64_t before = by_call(CLOCK_REALTIME) / 1000, us, after;

	CHECK(!gettimeofday(&t, NULL));
	us = t.tv_sec * 1000000ull + t.tv_usec;
	after = by_call(CLOCK_REALTIME) / 1000;
	CHECK(before <= us && us <= after);
	CHECK(time(NULL) - (time_t)(after / 1000000) <= 1);
}

ABI_CASE(a_child_has_the_vdso_too)
{
	pid_t pid = fork();

	if (!pid)
		_exit(by_call(CLOCK_MONOTONIC) > by_libc(CLOCK_MONOTONIC));
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(what_the_vdso_does_not_know_the_kernel_answers)
{
	struct timespec t;

	CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) && !clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t));
	CHECK_ERR(clock_gettime(77, &t), EINVAL);
}
