/* SPDX-License-Identifier: GPL-2.0 */
/* Model-specific and control registers and CPUID (SDM volume 4; volume 3 section 2.5). */
#ifndef ASM_MSR_H
#define ASM_MSR_H

#include <stdint.h>

#define MSR_APIC_BASE		0x1b
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_FMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102

#define EFER_SCE		0x1ull
#define EFER_NXE		0x800ull

#define CR0_MP			0x2ull
#define CR0_EM			0x4ull
#define CR0_TS			0x8ull
#define CR0_NE			0x20ull
#define CR0_WP			0x10000ull
#define CR4_TSD			0x4ull
#define CR4_PGE			0x80ull
#define CR4_OSFXSR		0x200ull
#define CR4_OSXMMEXCPT		0x400ull
#define CR4_UMIP		0x800ull
#define CR4_FSGSBASE		0x10000ull
#define CR4_OSXSAVE		0x40000ull
#define CR4_SMEP		0x100000ull
#define CR4_SMAP		0x200000ull
#define CR4_CET			0x800000ull

/* SDM volume 1 section 17.3.3. */
#define MSR_S_CET		0x6a2
#define S_CET_ENDBR		0x4ull		/* an indirect branch goes to endbr64 */
#define S_CET_NOTRACK		0x10ull		/* but for those of switch tables, which are read-only */

#define RFLAGS_TF		0x100ull
#define RFLAGS_DF		0x400ull
#define RFLAGS_NT		0x4000ull
#define RFLAGS_AC		0x40000ull

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)(v & 0xffffffffu)), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t read_cr0(void) { uint64_t v; __asm__ volatile("movq %%cr0, %0" : "=r"(v)); return v; }
static inline uint64_t read_cr2(void) { uint64_t v; __asm__ volatile("movq %%cr2, %0" : "=r"(v)); return v; }
static inline uint64_t read_cr3(void) { uint64_t v; __asm__ volatile("movq %%cr3, %0" : "=r"(v)); return v; }
static inline uint64_t read_cr4(void) { uint64_t v; __asm__ volatile("movq %%cr4, %0" : "=r"(v)); return v; }
static inline void write_cr0(uint64_t v) { __asm__ volatile("movq %0, %%cr0" :: "r"(v) : "memory"); }
static inline void write_cr3(uint64_t v) { __asm__ volatile("movq %0, %%cr3" :: "r"(v) : "memory"); }
static inline void write_cr4(uint64_t v) { __asm__ volatile("movq %0, %%cr4" :: "r"(v) : "memory"); }
static inline void invlpg(uint64_t v) { __asm__ volatile("invlpg (%0)" :: "r"(v) : "memory"); }

struct cpuid_result {
	uint32_t a, b, c, d;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
	return r;
}

#endif
