/* SPDX-License-Identifier: GPL-2.0 */
/* The start-up calls of arch/x86, in the order in which kernel/main.c makes them. Boot CPU only, once each. */
#ifndef ASM_BOOT_H
#define ASM_BOOT_H

#include <kernel/types.h>

/* Per-CPU data, GDT, IDT, TSS: from here on a fault is reported. */
void cpu_early_init(void);
/* Control registers and system call MSRs; panics (one line) when a feature is missing. */
void cpu_features_init(void);
/* Fill boot_info from the Multiboot2 information at physical @mbi. */
void boot_parse(paddr_t mbi);
/* The real kernel page tables: W^X, direct map of all RAM, nothing below. Uses boot_frame_alloc(). */
void paging_init(void);
/* A frame before frame_init(): mm/frame.c. 0 when there is none. */
paddr_t boot_frame_alloc(void);
void fpu_init(void);
void acpi_init(void);
/* Local APIC, IOAPICs; the 8259s are silenced. */
void irq_init(void);
void power_init(void);
/* Start the other CPUs. From the first thread, before anything else runs. */
void smp_start(void);

/* Print what the first thread to reach user mode took to get there, once. */
void boot_report(void);

/* "cannot boot: ..." in one line, then the end with FERRY_EXIT_FATAL. */
void boot_fail(const char *fmt, ...) __printf(1, 2) __noreturn;

/* What only start-up writes (__ro_after_init) becomes read-only, by both of its names. Once, before the first program. */
void paging_seal(void);

/* How many pages of the kernel half are writable and executable: 0, or the kernel is wrong. */
uint64_t paging_count_wx(void);

#endif
