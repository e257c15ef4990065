/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks share: the TSC, its calibration, and the marks between which tests/bench/profile counts instructions. Under
 * --icount one tick is one guest instruction. Runs on any x86-64 Linux.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* A long no-op whose displacement says which; tests/bench/insn_profile.c knows them. */
#define BENCH_MARK(code)	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" :: "i"(code) : "memory")

static inline void profile_begin(void) { BENCH_MARK(0x46524201); }
static inline void profile_end(void) { BENCH_MARK(0x46524202); }

static inline uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* "loop" must read 2.000 where ticks are instructions. */
static inline void calibrate(void)
{
	uint64_t n = 2000000, start = ticks(), rounds = n;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds));
	printf("loop ticks_per_round %.3f\n", (double)(ticks() - start) / n);
}

#endif
