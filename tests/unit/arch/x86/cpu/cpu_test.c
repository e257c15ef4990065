// SPDX-License-Identifier: GPL-2.0
/* The CPU's set-up, in the running kernel (requirement EXO-02), and user copies under SMAP. */
#include <asm/cpu.h>
#include <asm/msr.h>
#include <kernel/cpu.h>
#include <kernel/time.h>
#include "ktest.h"

KTEST_SUITE(cpu);

KTEST_CASE(star_holds_kernel_0x08_and_user_base_0x18)
{
	EXPECT_EQ(rdmsr(MSR_STAR) >> 32 & 0xffff, 0x08);
	EXPECT_EQ(rdmsr(MSR_STAR) >> 48, 0x18);
}

KTEST_CASE(system_calls_start_with_interrupts_traps_direction_and_alignment_off)
{
	EXPECT_EQ(rdmsr(MSR_FMASK), RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC);
	EXPECT_TRUE(rdmsr(MSR_EFER) & EFER_SCE);
	EXPECT_TRUE(rdmsr(MSR_EFER) & EFER_NXE);
}

KTEST_CASE(kernel_obeys_write_protection)
{
	EXPECT_TRUE(read_cr0() & CR0_WP);
	EXPECT_FALSE(read_cr0() & (CR0_TS | CR0_EM));
	EXPECT_FALSE(read_cr4() & CR4_FSGSBASE);
}

KTEST_CASE(smep_and_smap_are_on_where_the_cpu_has_them)
{
	struct cpuid_result leaf7 = { 0, 0, 0, 0 };

	if (cpuid(0, 0).a >= 7)
		leaf7 = cpuid(7, 0);
	EXPECT_EQ(!!(read_cr4() & CR4_SMEP), leaf7.b >> 7 & 1);
	EXPECT_EQ(!!(read_cr4() & CR4_SMAP), leaf7.b >> 20 & 1);
}

KTEST_CASE(gs_points_to_this_cpu)
{
	EXPECT_TRUE(this_cpu() == &cpus[this_cpu()->id]);
	EXPECT_TRUE(rdmsr(MSR_GS_BASE) == (uint64_t)this_cpu());
}

KTEST_CASE(time_runs_forward)
{
	time_ns_t a = time_now(), b;

	time_delay_us(50);
	b = time_now();
	EXPECT_TRUE(b - a >= 50000 && b - a < NSEC_PER_SEC);
}

KTEST_CASE(random_words_differ)
{
	uint64_t a = 0, b = 0;

	cpu_random(&a);
	cpu_random(&b);
	EXPECT_NE(a, b);
}
