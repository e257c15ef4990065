// SPDX-License-Identifier: GPL-2.0
/*
 * The shared object in every program (vdso(7)): clocks without a system call. Built for user mode, position independent, with no data of
 * its own; what it cannot answer it asks the kernel. The arithmetic is the kernel's (arch/x86/clock.c), so both tell the same time.
 */
#include <stddef.h>
#include <asm/vdso.h>
#include <uapi/ferry/linux_process.h>
#include <uapi/ferry/syscall.h>

#define NSEC_PER_SEC	1000000000ull
#define WEAK_NAME(name, real) extern __typeof__(real) name __attribute__((weak, alias(#real)))

extern const volatile struct vdso_data vdso_data __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct linux_timespec *to);
int __vdso_clock_getres(int clock, struct linux_timespec *to);
int __vdso_gettimeofday(struct linux_timeval *to, void *zone);
long __vdso_time(long *to);
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused);

static long call(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

/* Not before what came earlier in the program. */
static uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

static uint64_t time_ns(int realtime)
{
	uint64_t ns, base, start, mult;
	uint32_t sequence;

	do {
		sequence = __atomic_load_n(&vdso_data.sequence, __ATOMIC_ACQUIRE);
		start = vdso_data.tsc_base;
		mult = vdso_data.tsc_mult;
		base = vdso_data.realtime_base;
		ns = (unsigned __int128)(tsc_read() - start) * mult >> 32;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((sequence & 1) || sequence != vdso_data.sequence);
	return realtime ? ns + base : ns;
}

/* 1: the date, 0: since boot, -1: the kernel's business. */
static int clock_kind(int clock)
{
	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_TAI:
		return 1;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_RAW:
	case LINUX_CLOCK_MONOTONIC_COARSE:
	case LINUX_CLOCK_BOOTTIME:
		return 0;
	default:
		return -1;
	}
}

int __vdso_clock_gettime(int clock, struct linux_timespec *to)
{
	int kind = clock_kind(clock);
	uint64_t ns;

	if (kind < 0 || !vdso_data.tsc_mult)
		return call(NR_clock_gettime, clock, (long)to, 0);
	ns = time_ns(kind);
	to->tv_sec = ns / NSEC_PER_SEC;
	to->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

int __vdso_clock_getres(int clock, struct linux_timespec *to)
{
	return call(NR_clock_getres, clock, (long)to, 0);
}

int __vdso_gettimeofday(struct linux_timeval *to, void *zone)
{
	uint64_t ns;

	if (zone || !vdso_data.tsc_mult)
		return call(NR_gettimeofday, (long)to, (long)zone, 0);
	ns = time_ns(1);
	if (to) {
		to->tv_sec = ns / NSEC_PER_SEC;
		to->tv_usec = ns % NSEC_PER_SEC / 1000;
	}
	return 0;
}

long __vdso_time(long *to)
{
	long seconds = vdso_data.tsc_mult ? (long)(time_ns(1) / NSEC_PER_SEC) : call(NR_time, 0, 0, 0);

	if (to)
		*to = seconds;
	return seconds;
}

int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	return call(NR_getcpu, (long)cpu, (long)node, 0);
}

WEAK_NAME(clock_gettime, __vdso_clock_gettime);
WEAK_NAME(clock_getres, __vdso_clock_getres);
WEAK_NAME(gettimeofday, __vdso_gettimeofday);
WEAK_NAME(time, __vdso_time);
WEAK_NAME(getcpu, __vdso_getcpu);
