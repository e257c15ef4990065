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

extern const volatile struct vdso_data vdso_data, vdso_first __attribute__((visibility("hidden")));

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

static int is_here(unsigned int clock, uint32_t clocks)
{
	return clock < VDSO_CLOCKS && clocks >> clock & 1;
}

/* 0: to be asked of the kernel. The page is volatile and the processor loads in order: clocks is looked at first and last. */
static inline __attribute__((always_inline)) int time_by(const volatile struct vdso_data *page, unsigned int clock, uint64_t *ns)
{
	uint32_t clocks = page->clocks;

	if (!is_here(clock, clocks))
		return 0;
	*ns = (uint64_t)((unsigned __int128)(tsc_read() - page->tsc_base) * page->tsc_mult >> 32) + page->base[clock];
	return page->clocks == clocks;
}

static inline __attribute__((always_inline)) int time_ns(unsigned int clock, uint64_t *ns)
{
	return time_by(&vdso_data, clock, ns);
}

static inline __attribute__((always_inline)) int spec_put(struct linux_timespec *to, uint64_t ns)
{
	to->tv_sec = ns / NSEC_PER_SEC;
	to->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

static inline __attribute__((always_inline)) void timeval_put(struct linux_timeval *to, uint64_t ns)
{
	to->tv_sec = ns / NSEC_PER_SEC;
	to->tv_usec = ns % NSEC_PER_SEC / 1000;
}

/* By the two pages of another time namespace; 0 as above. What follows is out of everybody else's way. */
static int time_elsewhere(unsigned int clock, uint64_t *ns)
{
	if (!vdso_data.elsewhere || !time_by(&vdso_first, clock, ns))
		return 0;
	*ns += vdso_data.base[clock];
	return 1;
}

static __attribute__((noinline)) int gettime_elsewhere(int clock, struct linux_timespec *to)
{
	uint64_t ns;

	if (!time_elsewhere(clock, &ns))
		return call(NR_clock_gettime, clock, (long)to, 0);
	return spec_put(to, ns);
}

static __attribute__((noinline)) int gettimeofday_elsewhere(struct linux_timeval *to, void *zone)
{
	uint64_t ns;

	if (zone || !to || !time_elsewhere(LINUX_CLOCK_REALTIME, &ns))
		return call(NR_gettimeofday, (long)to, (long)zone, 0);
	timeval_put(to, ns);
	return 0;
}

static __attribute__((noinline)) long seconds_elsewhere(void)
{
	uint64_t ns;

	return time_elsewhere(LINUX_CLOCK_REALTIME, &ns) ? (long)(ns / NSEC_PER_SEC) : call(NR_time, 0, 0, 0);
}

int __vdso_clock_gettime(int clock, struct linux_timespec *to)
{
	uint64_t ns;

	if (!time_ns(clock, &ns))
		return gettime_elsewhere(clock, to);
	return spec_put(to, ns);
}

int __vdso_clock_getres(int clock, struct linux_timespec *to)
{
	if (!is_here(clock, vdso_data.clocks))
		return call(NR_clock_getres, clock, (long)to, 0);
	if (to) {
		to->tv_sec = 0;
		to->tv_nsec = clock == LINUX_CLOCK_REALTIME_COARSE || clock == LINUX_CLOCK_MONOTONIC_COARSE ? vdso_data.coarse_ns : 1;
	}
	return 0;
}

int __vdso_gettimeofday(struct linux_timeval *to, void *zone)
{
	uint64_t ns;

	if (zone || !time_ns(LINUX_CLOCK_REALTIME, &ns))
		return gettimeofday_elsewhere(to, zone);
	if (to)
		timeval_put(to, ns);
	return 0;
}

long __vdso_time(long *to)
{
	uint64_t ns;
	long seconds = time_ns(LINUX_CLOCK_REALTIME, &ns) ? (long)(ns / NSEC_PER_SEC) : seconds_elsewhere();

	if (to)
		*to = seconds;
	return seconds;
}

/* SDM volume 2, LSL: the limit of a segment that user mode may look at. */
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	unsigned int number;

	__asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(VDSO_NUMBER_SELECTOR) : "cc");
	if (cpu)
		*cpu = number & ((1u << VDSO_NODE_SHIFT) - 1);
	if (node)
		*node = number >> VDSO_NODE_SHIFT;
	return 0;
}

WEAK_NAME(clock_gettime, __vdso_clock_gettime);
WEAK_NAME(clock_getres, __vdso_clock_getres);
WEAK_NAME(gettimeofday, __vdso_gettimeofday);
WEAK_NAME(time, __vdso_time);
WEAK_NAME(getcpu, __vdso_getcpu);
