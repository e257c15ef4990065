// SPDX-License-Identifier: GPL-2.0
/*
 * FPU, SSE and AVX state of user threads (SDM volume 1 chapter 13): XSAVE where the CPU has it, else FXSAVE. Saved at every switch away
 * from a user thread and loaded at the switch to it, unless this CPU's registers still hold it. The kernel itself uses none of it.
 *
 * A CPU with XSAVEC knows which registers are in use, and XSAVE is its quickest way. One without it is old or emulated: there each
 * register is moved by an instruction, into the same places, and XSAVE does the x87 part only. Under TCG that is a third of the time.
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "cpu.h"

#define XCR0_X87		0x1ull
#define XCR0_X87_SSE		0x3ull
#define XCR0_AVX		0x4ull
#define XSAVEC			0x2u	/* CPUID 0xd.1 EAX */
#define AVX_OFFSET		576u	/* of the upper halves of YMM: CPUID 0xd.2 EBX (section 13.4.3) */
#define FXSAVE_SIZE		512u
#define XSAVE_HEADER		64u
#define FCW_INITIAL		0x37f
#define MXCSR_INITIAL		0x1f80u
#define MXCSR_OFFSET		24
#define MXCSR_MASK_OFFSET	28
#define XSTATE_BV_OFFSET	512

uint32_t fpu_size = FXSAVE_SIZE;
static uint64_t fpu_mask __hot_data;		/* XCR0 */
static bool by_register __hot_data;
static uint32_t mxcsr_mask = 0xffbf;
static struct slab_cache *fpu_cache;

static void xsetbv(uint64_t v)
{
	__asm__ volatile("xsetbv" :: "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static void xsave_init(void)
{
	struct cpuid_result r;

	write_cr4(read_cr4() | CR4_OSXSAVE);
	r = cpuid(0xd, 0);
	fpu_mask = XCR0_X87_SSE | (r.a & XCR0_AVX);
	xsetbv(fpu_mask);
	fpu_size = cpuid(0xd, 0).b;
	by_register = !(cpuid(0xd, 1).a & XSAVEC) && (fpu_mask == XCR0_X87_SSE || cpuid(0xd, 2).b == AVX_OFFSET);
}

void fpu_start(void)
{
	if (fpu_mask) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		xsetbv(fpu_mask);
	}
	__asm__ volatile("fninit");
}

static void mxcsr_mask_read(void)
{
	static uint8_t area[FXSAVE_SIZE] __aligned(64);
	uint32_t mask;

	__asm__ volatile("fninit; fxsaveq %0" : "=m"(area));
	memcpy(&mask, area + MXCSR_MASK_OFFSET, 4);
	if (mask)
		mxcsr_mask = mask;
}

void fpu_init(void)
{
	if (cpu_features.xsave)
		xsave_init();
	mxcsr_mask_read();
	fpu_cache = slab_create("fpu", fpu_size, 64);
	if (!fpu_cache)
		boot_fail("no memory for the FPU cache");
}

void fpu_reset(void *state)
{
	uint16_t fcw = FCW_INITIAL;
	uint32_t mxcsr = MXCSR_INITIAL;

	memset(state, 0, fpu_size);
	memcpy(state, &fcw, 2);
	memcpy((char *)state + MXCSR_OFFSET, &mxcsr, 4);
}

void *fpu_alloc(void)
{
	void *state = slab_alloc(fpu_cache);

	if (state)
		fpu_reset(state);
	return state;
}

void fpu_free(void *state)
{
	if (state)
		slab_free(fpu_cache, state);
}

#define EACH_REGISTER(op) \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define SAVE_XMM(n)	"movups %%xmm" #n ", 160 + 16 * " #n "(%0)\n"
#define LOAD_XMM(n)	"movups 160 + 16 * " #n "(%0), %%xmm" #n "\n"
#define SAVE_YMM(n)	"vmovups %%xmm" #n ", 160 + 16 * " #n "(%0)\n\tvextractf128 $1, %%ymm" #n ", 576 + 16 * " #n "(%0)\n"
#define LOAD_YMM(n)	"vmovups 160 + 16 * " #n "(%0), %%xmm" #n "\n\tvinsertf128 $1, 576 + 16 * " #n "(%0), %%ymm" #n ", %%ymm" #n "\n"

static void xsave(void *area, uint64_t mask)
{
	__asm__ volatile("xsaveq (%0)" :: "r"(area), "a"((uint32_t)mask), "d"(0) : "memory");
}

static void xrstor(const void *area, uint64_t mask)
{
	__asm__ volatile("xrstorq (%0)" :: "r"(area), "a"((uint32_t)mask), "d"(0) : "memory");
}

void fpu_registers_save(uint8_t *area)
{
	xsave(area, XCR0_X87);
	area[XSTATE_BV_OFFSET] |= (uint8_t)fpu_mask;
	__asm__ volatile("stmxcsr %0" : "=m"(*(uint32_t *)(area + MXCSR_OFFSET)));
	if (fpu_mask & XCR0_AVX)
		__asm__ volatile(EACH_REGISTER(SAVE_YMM) :: "r"(area) : "memory");
	else
		__asm__ volatile(EACH_REGISTER(SAVE_XMM) :: "r"(area) : "memory");
}

void fpu_registers_load(const uint8_t *area)
{
	xrstor(area, XCR0_X87);
	__asm__ volatile("ldmxcsr %0" :: "m"(*(const uint32_t *)(area + MXCSR_OFFSET)));
	if (fpu_mask & XCR0_AVX)
		__asm__ volatile(EACH_REGISTER(LOAD_YMM) :: "r"(area) : "memory");
	else
		__asm__ volatile(EACH_REGISTER(LOAD_XMM) :: "r"(area) : "memory");
}

void fpu_save(struct thread *t)
{
	uint8_t *area = t->arch.fpu;

	if (by_register)
		fpu_registers_save(area);
	else if (fpu_mask)
		xsave(area, fpu_mask);
	else
		__asm__ volatile("fxsaveq (%0)" :: "r"(area) : "memory");
}

void fpu_load(struct thread *t)
{
	const uint8_t *area = t->arch.fpu;

	/* A part whose bit is clear is to be set to its initial state, which XRSTOR does. */
	if (by_register && (area[XSTATE_BV_OFFSET] | XCR0_X87) == fpu_mask)
		fpu_registers_load(area);
	else if (fpu_mask)
		xrstor(area, fpu_mask);
	else
		__asm__ volatile("fxrstorq (%0)" :: "r"(area) : "memory");
}

uint32_t arch_fpu_frame_size(void)
{
	return fpu_size;
}

int arch_fpu_to_user(struct thread *t, uint64_t address)
{
	uint64_t flags = irq_save();

	if (t == current)
		fpu_save(t);
	irq_restore(flags);
	return copy_back_to_user(address, t->arch.fpu, fpu_size);
}

/* XRSTOR faults on reserved bits: whatever a program put into its frame must pass here first (SDM volume 1 section 13.8.1). */
bool fpu_state_valid(uint8_t *state)
{
	uint64_t header[XSAVE_HEADER / 8];
	uint32_t mxcsr;
	unsigned int i;

	memcpy(&mxcsr, state + MXCSR_OFFSET, 4);
	if (mxcsr & ~mxcsr_mask)
		return false;
	if (!fpu_mask)
		return true;
	memcpy(header, state + XSTATE_BV_OFFSET, XSAVE_HEADER);
	if (header[0] & ~fpu_mask)
		return false;
	for (i = 1; i < ARRAY_SIZE(header); i++)
		if (header[i])
			return false;
	return true;
}

uint64_t fpu_features(void)
{
	return fpu_mask ? fpu_mask : XCR0_X87_SSE;
}

void fpu_state_mark_sse(uint8_t *state)
{
	if (fpu_mask)
		state[XSTATE_BV_OFFSET] |= XCR0_X87_SSE;
}

int arch_fpu_from_user(struct thread *t, uint64_t address)
{
	uint8_t *state = slab_alloc(fpu_cache);
	uint64_t flags;
	int err;

	if (!state)
		return -ENOMEM;
	err = copy_from_user(state, address, fpu_size);
	if (!err && !fpu_state_valid(state))
		err = -EINVAL;
	if (!err) {
		flags = irq_save();
		memcpy(t->arch.fpu, state, fpu_size);
		t->arch.fpu_cpu = 0;
		if (t == current)
			fpu_load(t);
		irq_restore(flags);
	}
	slab_free(fpu_cache, state);
	return err;
}
