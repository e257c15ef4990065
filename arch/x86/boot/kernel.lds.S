/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of the kernel image. The boot part is linked where it is loaded, at 1 MiB; everything else at KERNEL_BASE above that.
 * Segments are page-aligned so that arch/x86/mm/paging.c can give text, constants and data their own rights. .rodata lies behind
 * .text: the symbol table in it (scripts/kallsyms) must not move functions.
 */
#include "kaslr.h"

#define KERNEL_BASE	0xffffffff80000000
#define LOAD_ADDRESS	0x100000

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_start)

PHDRS
{
	boot PT_LOAD FLAGS(7);
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	kaslr PT_LOAD FLAGS(4);
}

SECTIONS
{
	. = LOAD_ADDRESS;
	.boot : {
		KEEP(*(.boot.header))
		*(.boot.text)
		*(.boot.data)
		. = ALIGN(4096);
	} :boot

	. += KERNEL_BASE;
	kernel_base = KERNEL_BASE;
	kernel_start = KERNEL_BASE + LOAD_ADDRESS;
	direct_map_base = KASLR_DIRECT_FIRST;
	vmap_base = KASLR_VMAP_FIRST;

	.text : AT(ADDR(.text) - KERNEL_BASE) {
		text_start = .;
		*(.text.syscall_dispatch)	/* on the page of the entry, so that QEMU chains them */
		*(.text.entry)
#include "hot.lds.h"
		*(.text .text.*)
		. = ALIGN(4096);
		text_end = .;
	} :text

	.rodata : AT(ADDR(.rodata) - KERNEL_BASE) {
		rodata_start = .;
		*(.rodata .rodata.*)
		. = ALIGN(16);
		initcalls_start = .;
		KEEP(*(SORT(.initcalls.*)))
		initcalls_end = .;
		. = ALIGN(16);
		syscalls_start = .;
		KEEP(*(.syscalls))
		syscalls_end = .;
		syscall_shorts_start = .;
		KEEP(*(.syscall_shorts))
		syscall_shorts_end = .;
		. = ALIGN(16);
		gcov_info_start = .;
		KEEP(*(.gcov_info))
		gcov_info_end = .;
		. = ALIGN(16);
		extable_start = .;
		KEEP(*(.extable))
		extable_end = .;
		smap_sites_start = .;
		KEEP(*(.smap_sites))
		smap_sites_end = .;
		. = ALIGN(16);
		constructors_start = .;
		KEEP(*(SORT(.init_array.*) .init_array))
		constructors_end = .;
		. = ALIGN(16);
		__start_ktest_cases = .;
		KEEP(*(ktest_cases))
		__stop_ktest_cases = .;
		__start_planted_bugs = .;
		KEEP(*(planted_bugs))
		__stop_planted_bugs = .;
	} :rodata

	/* Sections of their own, so that tools find them by name. */
	ferry_drivers : AT(ADDR(ferry_drivers) - KERNEL_BASE) ALIGN(16) {
		__start_ferry_drivers = .;
		KEEP(*(ferry_drivers))
		__stop_ferry_drivers = .;
	} :rodata

	/* Moved drivers that are linked in as well (CONFIG_DRIVER_FALLBACK). */
	ferry_fallbacks : AT(ADDR(ferry_fallbacks) - KERNEL_BASE) ALIGN(16) {
		__start_ferry_fallbacks = .;
		KEEP(*(ferry_fallbacks))
		__stop_ferry_fallbacks = .;
	} :rodata

	ferry_profiles : AT(ADDR(ferry_profiles) - KERNEL_BASE) ALIGN(16) {
		__start_ferry_profiles = .;
		KEEP(*(ferry_profiles))
		__stop_ferry_profiles = .;
	} :rodata

	.ferry_manifest : AT(ADDR(.ferry_manifest) - KERNEL_BASE) ALIGN(16) {
		KEEP(*(.ferry_manifest))
	} :rodata

	. = ALIGN(4096);
	rodata_end = .;

	.data : AT(ADDR(.data) - KERNEL_BASE) {
		data_start = .;
		*(.data.ro_after_init)
		. = ALIGN(4096);
		ro_after_init_end = .;
		*(.data .data.*)
	} :data

	.bss : AT(ADDR(.bss) - KERNEL_BASE) {
		. = ALIGN(4096);
		*(.bss.page)
		. = ALIGN(4096);
		*(.bss.hot)			/* __hot_data: one page, and the first CPUs on it */
		*(.bss.hot_cpus)
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
	} :data
	kernel_end = .;
	ASSERT(!DEFINED(kaslr_choose) || kernel_end - kernel_start <= (KASLR_TABLES - 1) * 0x200000, "the image is larger than boot/kaslr.c moves")
	ASSERT(kernel_end - KERNEL_BASE <= 0x1800000, "the image is larger than boot/start.S maps")

	/* Behind all others, so that it can be made of the finished image; its memory is free once the kernel runs. */
	.kaslr : AT(ADDR(.kaslr) - KERNEL_BASE) {
		KEEP(*(.kaslr))
	} :kaslr

	/DISCARD/ : {
		*(.eh_frame .eh_frame_hdr)
		*(.note .note.*)
	}
}
