// SPDX-License-Identifier: GPL-2.0
/* The registers of programs, in the running kernel: the two ways to save and load them agree (arch/x86/cpu/fpu.c). */
#include <asm/cpu.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>
#include "../../../../../arch/x86/cpu/cpu.h"
#include "ktest.h"

KTEST_SUITE(fpu);

#define XMM_BEGIN	160u
#define XMM_END		(160u + 16 * 16)
#define YMM_BEGIN	576u
#define YMM_END		(576u + 16 * 16)
#define STATE_BV	512u
#define MXCSR		24u
#define MXCSR_TO_ZERO	0x7f80u		/* rounds to zero, all masked */
#define AVX		4u

static void fill(uint8_t *area, uint8_t seed)
{
	uint32_t mxcsr = MXCSR_TO_ZERO;

	fpu_reset(area);
	memcpy(area + MXCSR, &mxcsr, sizeof(mxcsr));
	for (unsigned int i = XMM_BEGIN; i < XMM_END; i++)
		area[i] = (uint8_t)(i * 7 + seed);
	for (unsigned int i = YMM_BEGIN; i < YMM_END && fpu_features() & AVX; i++)
		area[i] = (uint8_t)(i * 5 + seed);
	area[STATE_BV] = (uint8_t)(fpu_features() & 6);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a + MXCSR, b + MXCSR, 4) && !memcmp(a + XMM_BEGIN, b + XMM_BEGIN, XMM_END - XMM_BEGIN) &&
	       (!(fpu_features() & AVX) || !memcmp(a + YMM_BEGIN, b + YMM_BEGIN, YMM_END - YMM_BEGIN));
}

/* One way loads, the other way saves. What a program had in the registers is loaded again at the next switch to it. */
KTEST_CASE(each_way_saves_what_the_other_one_loaded)
{
	uint8_t *in = fpu_alloc(), *by_register = fpu_alloc(), *by_xsave = fpu_alloc();
	uint32_t mask = (uint32_t)fpu_features();
	uint64_t flags;

	ASSERT_TRUE(in && by_register && by_xsave);
	if (!cpu_features.xsave)
		goto out;
	fill(in, 1);
	flags = irq_save();
	this_cpu()->fpu_owner = NULL;
	fpu_registers_load(in);
	__asm__ volatile("xsaveq (%0)" :: "r"(by_xsave), "a"(mask), "d"(0) : "memory");
	fill(in, 2);
	__asm__ volatile("xrstorq (%0)" :: "r"(in), "a"(mask), "d"(0) : "memory");
	fpu_registers_save(by_register);
	irq_restore(flags);
	EXPECT_TRUE(same(in, by_register));
	EXPECT_EQ(by_register[STATE_BV] & 6, mask & 6);
	fill(in, 1);
	EXPECT_TRUE(same(in, by_xsave));
	EXPECT_FALSE(same(in, by_register));
out:
	fpu_free(in);
	fpu_free(by_register);
	fpu_free(by_xsave);
}
