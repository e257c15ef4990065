// SPDX-License-Identifier: GPL-2.0
/*
 * What the CPU can and what of it the kernel switches on: system calls, NX, write protection, SMEP, SMAP, UMIP, indirect branch tracking.
 * SMAP's instructions
 * are patched into the image before it becomes read-only, so CPUs without it pay three bytes of no-op. FSGSBASE stays off: the NMI
 * entry relies on user mode having no kernel address in GS. FMASK clears IF, TF, DF, NT (IRET faults with it) and AC on a system call.
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <kernel/harden.h>
#include "cpu.h"

#define FEATURE_7B_SMEP		(1u << 7)
#define FEATURE_7B_SMAP		(1u << 20)
#define FEATURE_7C_UMIP		(1u << 2)
#define FEATURE_7D_IBT		(1u << 20)
#define FEATURE_1C_XSAVE	(1u << 26)
#define FEATURE_1C_RDRAND	(1u << 30)
#define FEATURE_1C_HYPERVISOR	(1u << 31)
#define FEATURE_EXT_D_SYSCALL	(1u << 11)
#define FEATURE_EXT_D_GIB	(1u << 26)

enum smap_kind { SITE_CLAC, SITE_STAC };

struct smap_site {
	uint8_t *address;
	uint64_t kind;		/* enum smap_kind */
};

extern const struct smap_site smap_sites_start[], smap_sites_end[];

/* Set by the compiler when it marks the targets of indirect branches. */
#ifdef __CET__
#define TARGETS_MARKED	true
#else
#define TARGETS_MARKED	false
#endif

struct cpu_features cpu_features __ro_after_init;
static uint64_t cr4_wanted __ro_after_init;

static void smap_patch(void)
{
	const struct smap_site *site;

	for (site = smap_sites_start; site < smap_sites_end; site++) {
		site->address[0] = 0x0f;
		site->address[1] = 0x01;
		site->address[2] = site->kind == SITE_STAC ? 0xcb : 0xca;
	}
}

static struct cpuid_result cpuid_leaf7(void)
{
	struct cpuid_result none = { 0, 0, 0, 0 };

	return cpuid(0, 0).a >= 7 ? cpuid(7, 0) : none;
}

static void syscall_init(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (uint64_t)USER_BASE << 48 | (uint64_t)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_CSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_FMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC);
}

void cpu_features_start(void)
{
	write_cr0((read_cr0() | CR0_WP | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	write_cr4(cr4_wanted);
	if (cr4_wanted & CR4_CET)
		wrmsr(MSR_S_CET, S_CET_ENDBR | S_CET_NOTRACK);
	syscall_init();
}

bool cpu_is_virtual __ro_after_init;

void cpu_features_init(void)
{
	struct cpuid_result leaf1 = cpuid(1, 0), leaf7 = cpuid_leaf7(), ext = cpuid(0x80000001, 0);
	uint64_t cr4 = read_cr4() & ~CR4_FSGSBASE;

	if (!(ext.d & FEATURE_EXT_D_SYSCALL))
		boot_fail("no CPU feature syscall");
	cpu_features.smap = leaf7.b & FEATURE_7B_SMAP && hardened(HARDEN_SMAP);
	cpu_features.xsave = leaf1.c & FEATURE_1C_XSAVE;
	cpu_features.rdrand = leaf1.c & FEATURE_1C_RDRAND;
	cpu_is_virtual = leaf1.c & FEATURE_1C_HYPERVISOR;
	cpu_features.gigabyte_pages = ext.d & FEATURE_EXT_D_GIB;

	cr4 |= CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	cr4 |= leaf7.b & FEATURE_7B_SMEP && hardened(HARDEN_SMEP) ? CR4_SMEP : 0;
	cr4 |= leaf7.c & FEATURE_7C_UMIP && hardened(HARDEN_UMIP) ? CR4_UMIP : 0;
	cr4 |= TARGETS_MARKED && leaf7.d & FEATURE_7D_IBT && hardened(HARDEN_IBT) ? CR4_CET : 0;
	if (cpu_features.smap) {
		smap_patch();
		cr4 |= CR4_SMAP;
	}
	cr4_wanted = cr4;
	if (!hardened(HARDEN_IST))
		cpu_double_fault_plain();
	cpu_features_start();
}

static bool rdrand(uint64_t *value)
{
	unsigned int tries;
	bool ok;

	for (tries = 0; tries < 10; tries++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok) :: "cc");
		if (ok)
			return true;
	}
	return false;
}

/* A counter and the TSC through the finaliser of SplitMix64: differs between boots, not secret. */
static uint64_t tsc_mix(void)
{
	static uint64_t counter;
	uint64_t x = rdtsc() + __atomic_add_fetch(&counter, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

bool cpu_random(uint64_t *value)
{
	if (cpu_features.rdrand && rdrand(value))
		return true;
	*value = tsc_mix();
	return false;
}
