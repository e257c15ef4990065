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

/* A function of the object, by its dynamic symbol table. */
static void *vdso_function(const char *name)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR), *strings = NULL;
	const Elf64_Ehdr *h = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + h->e_phoff);
	const Elf64_Sym *symbols = NULL;
	const uint32_t *hash = NULL;

	for (int i = 0; i < h->e_phnum; i++)
		for (const Elf64_Dyn *d = (const void *)(base + ph[i].p_vaddr); ph[i].p_type == PT_DYNAMIC && d->d_tag; d++) {
			strings = d->d_tag == DT_STRTAB ? base + d->d_un.d_ptr : strings;
			symbols = d->d_tag == DT_SYMTAB ? (const void *)(base + d->d_un.d_ptr) : symbols;
			hash = d->d_tag == DT_HASH ? (const void *)(base + d->d_un.d_ptr) : hash;
		}
	CHECK(strings && symbols && hash);
	for (uint32_t i = 0; i < hash[1]; i++)
		if (!strcmp(strings + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	return NULL;
}

ABI_CASE(the_vdso_knows_the_cpu_and_its_node)
{
	int (*get)(unsigned int *cpu, unsigned int *node, void *unused) = vdso_function("__vdso_getcpu");
	unsigned int cpu, node, called, called_node;
	unsigned long all = 0;

	CHECK(get && syscall(SYS_sched_getaffinity, 0, sizeof(all), &all) > 0);
	for (unsigned long one = 1; one; one <<= 1) {
		if (!(all & one))
			continue;
		CHECK(!syscall(SYS_sched_setaffinity, 0, sizeof(one), &one));
		CHECK(!get(&cpu, &node, NULL) && !syscall(SYS_getcpu, &called, &called_node, NULL));
		CHECK(cpu == called && node == called_node && 1ul << cpu == one);
	}
	CHECK(!get(NULL, NULL, NULL));
}

ABI_CASE(the_vdso_and_the_call_tell_the_same_resolution)
{
	int (*get)(int clock, struct timespec *to) = vdso_function("__vdso_clock_getres");
	struct timespec a, b;

	CHECK(get);
	for (int clock = CLOCK_REALTIME; clock <= CLOCK_TAI; clock++) {
		if (syscall(SYS_clock_getres, clock, &a))
			CHECK(get(clock, &b));
		else
			CHECK(!get(clock, &b) && a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec && !get(clock, NULL));
	}
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
	time_t seconds;

	CHECK(!gettimeofday(&t, NULL));
	us = t.tv_sec * 1000000ull + t.tv_usec;
	after = by_call(CLOCK_REALTIME) / 1000;
	CHECK(before <= us && us <= after);
	seconds = time(NULL);
	CHECK(seconds + 1 >= (time_t)(after / 1000000) && seconds <= (time_t)(by_call(CLOCK_REALTIME) / 1000000000));
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
