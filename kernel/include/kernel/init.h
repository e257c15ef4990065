/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start-up: kernel/main.c brings up log, memory, interrupts and scheduler by name, then runs the INITCALLs level by level (order inside
 * a level is link order), then starts /init. An initcall that fails is logged with its name and the boot goes on.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

#include <kernel/types.h>

/* Levels: "1core" after memory and scheduler; "2fs" file systems; "3bus" PCI and platform; "4class" cores; "5driver"; "6late". */
#define INITCALL(level, fn)							\
	static const struct initcall fn##_initcall __used			\
		__section(".initcalls." level) __aligned(8) = { fn, #fn }

struct initcall {
	int (*fn)(void);
	const char *name;
};

/* What the boot loader told, copied out of its memory before anything is allocated. */
#define BOOT_REGIONS_MAX	256
#define BOOT_MODULES_MAX	8
#define BOOT_CMDLINE_MAX	4096

enum boot_region_kind { BOOT_RAM = 1, BOOT_RESERVED, BOOT_ACPI, BOOT_NVS, BOOT_BAD };

struct boot_region {
	paddr_t start, length;
	enum boot_region_kind kind;
};

struct boot_module {
	paddr_t start, length;
	char name[64];
};

struct boot_info {
	char cmdline[BOOT_CMDLINE_MAX];
	char loader[64];
	uint32_t nr_regions, nr_modules;
	struct boot_region regions[BOOT_REGIONS_MAX];
	struct boot_module modules[BOOT_MODULES_MAX];
	paddr_t rsdp;			/* 0: not told */
	paddr_t kernel_start, kernel_end;	/* the loaded image */
	bool has_framebuffer;
	paddr_t framebuffer;
	uint32_t fb_width, fb_height, fb_pitch, fb_bpp;
	uint8_t fb_red_shift, fb_green_shift, fb_blue_shift;	/* of 8 bits each */
};

extern struct boot_info boot_info;

/* Command line: "name=value" or a lone "name" (empty value). NULL when absent; the last one wins. Any context. */
const char *cmdline_get(const char *name, char *value, size_t size);
bool cmdline_has(const char *name);

/* Orderly end or restart of the machine; codes in uapi/ferry/exit.h. Never return. */
void machine_power_off(void) __noreturn;
void machine_restart(void) __noreturn;
/* End with @code through the debug exit port where there is one, else halt. */
void machine_exit(uint8_t code) __noreturn;

#endif
