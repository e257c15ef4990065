/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ELF64 program images for x86-64: layout of the file, and a plan of what to map that was checked against everything a hostile file can
 * claim. Pure: no memory is mapped here, so the checks are tested on the host. ELF-64 Object File Format 1.5, sections 3 and 7.
 */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <kernel/types.h>

#define ELF_TYPE_EXEC		2
#define ELF_TYPE_DYN		3
#define ELF_MACHINE_X86_64	62
#define ELF_SEGMENTS_MAX	64	/* program headers of one file */
#define ELF_LOADS_MAX		16
#define ELF_INTERP_MAX		256

#define ELF_PT_LOAD		1u
#define ELF_PT_INTERP		3u
#define ELF_PT_PHDR		6u
#define ELF_PT_GNU_STACK	0x6474e551u
#define ELF_PF_X		1u
#define ELF_PF_W		2u
#define ELF_PF_R		4u

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* One piece to map; nothing in it wraps, and pieces do not share pages. */
struct elf_load {
	uint64_t vaddr, offset, filesz, memsz;
	uint32_t flags;		/* ELF_PF_* */
};

struct elf_plan {
	bool relocatable;	/* addresses count from a base of our choice */
	bool exec_stack;
	uint64_t low, high;	/* page-aligned span of all loads */
	uint64_t align;		/* of the base */
	uint64_t entry, phdr;	/* addresses; phdr 0: the headers are not in memory */
	uint16_t phnum;
	uint64_t interp_offset, interp_size;	/* size 0: none; with the terminator */
	unsigned int nr_loads;
	struct elf_load loads[ELF_LOADS_MAX];
};

/* Is it an ELF64 x86-64 program whose headers we can read? 0 or -ENOEXEC. */
int elf_check_header(const struct elf_header *h);
/*
 * Fill @plan from @h and its @h->phnum segments. @strict also refuses segments that are writable and executable. 0 or -ENOEXEC.
 */
int elf_plan(const struct elf_header *h, const struct elf_segment *segments, bool strict, struct elf_plan *plan);

/*
 * Split the #! line at the start of a file in place. @head has @size bytes of at most @full that were asked for, and room for one more.
 * 0 or -ENOEXEC (no interpreter, or a line that may go on past @full).
 */
int script_parse(char *head, size_t size, size_t full, char **interp, char **option);

#endif
