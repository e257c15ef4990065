// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of ELF64 program files (kernel/elf.h). A file may say anything: sizes are compared without adding what could wrap, segments must
 * ascend without sharing a page, and everything lies below USER_END and above the zero page's guard. Pure; no locks.
 */
#include <kernel/elf.h>

#define ADDRESS_END	0x00007ffffffff000ull	/* USER_END */
#define ADDRESS_MIN	0x10000ull
#define FILE_MAX	(1ull << 62)
#define ALIGN_MAX	(1ull << 30)

static const uint8_t magic[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };	/* 64 bits, little-endian, version 1 */

int elf_check_header(const struct elf_header *h)
{
	if (memcmp(h->ident, magic, sizeof(magic)) || h->machine != ELF_MACHINE_X86_64 || h->version != 1)
		return -ENOEXEC;
	if (h->type != ELF_TYPE_EXEC && h->type != ELF_TYPE_DYN)
		return -ENOEXEC;
	if (h->ehsize < sizeof(*h) || h->phentsize != sizeof(struct elf_segment) || !h->phnum || h->phnum > ELF_SEGMENTS_MAX)
		return -ENOEXEC;
	return h->phoff > FILE_MAX ? -ENOEXEC : 0;
}

static bool load_is_sane(const struct elf_segment *s, bool relocatable, bool strict)
{
	if (s->filesz > s->memsz || s->vaddr > ADDRESS_END || s->memsz > ADDRESS_END - s->vaddr)
		return false;
	if (s->offset > FILE_MAX || s->filesz > FILE_MAX - s->offset)
		return false;
	if (s->vaddr % PAGE_SIZE != s->offset % PAGE_SIZE || (!relocatable && s->vaddr < ADDRESS_MIN))
		return false;
	/* The rest of the last page of the file's part is cleared, which needs a writable page. */
	if (s->filesz && s->memsz > s->filesz && !(s->flags & ELF_PF_W))
		return false;
	return !(strict && (s->flags & ELF_PF_W) && (s->flags & ELF_PF_X));
}

static int load_add(struct elf_plan *plan, const struct elf_segment *s, bool strict)
{
	struct elf_load *load = &plan->loads[plan->nr_loads];

	if (!s->memsz)
		return 0;
	if (plan->nr_loads == ELF_LOADS_MAX || !load_is_sane(s, plan->relocatable, strict))
		return -ENOEXEC;
	if (plan->nr_loads && ALIGN_DOWN(s->vaddr, PAGE_SIZE) < plan->high)
		return -ENOEXEC;
	*load = (struct elf_load){ s->vaddr, s->offset, s->filesz, s->memsz, s->flags };
	if (!plan->nr_loads++)
		plan->low = ALIGN_DOWN(s->vaddr, PAGE_SIZE);
	plan->high = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE);
	if (s->align > plan->align && s->align <= ALIGN_MAX && !(s->align & (s->align - 1)))
		plan->align = s->align;
	return 0;
}

static int interp_add(struct elf_plan *plan, const struct elf_segment *s)
{
	if (plan->interp_size || s->filesz < 2 || s->filesz > ELF_INTERP_MAX || s->offset > FILE_MAX)
		return -ENOEXEC;
	plan->interp_offset = s->offset;
	plan->interp_size = s->filesz;
	return 0;
}

/* Where the program headers lie in memory: inside the file part of some load, or nowhere. */
static void phdr_find(const struct elf_header *h, struct elf_plan *plan)
{
	uint64_t size = h->phnum * sizeof(struct elf_segment);

	for (unsigned int i = 0; i < plan->nr_loads; i++) {
		const struct elf_load *l = &plan->loads[i];

		if (h->phoff >= l->offset && h->phoff - l->offset <= l->filesz && size <= l->filesz - (h->phoff - l->offset)) {
			plan->phdr = l->vaddr + (h->phoff - l->offset);
			return;
		}
	}
}

static bool entry_is_executable(const struct elf_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_loads; i++) {
		const struct elf_load *l = &plan->loads[i];

		if ((l->flags & ELF_PF_X) && plan->entry >= l->vaddr && plan->entry - l->vaddr < l->memsz)
			return true;
	}
	return false;
}

int elf_plan(const struct elf_header *h, const struct elf_segment *segments, bool strict, struct elf_plan *plan)
{
	int err = 0;

	memset(plan, 0, sizeof(*plan));
	plan->relocatable = h->type == ELF_TYPE_DYN;
	plan->entry = h->entry;
	plan->phnum = h->phnum;
	plan->align = PAGE_SIZE;
	for (unsigned int i = 0; i < h->phnum && !err; i++) {
		const struct elf_segment *s = &segments[i];

		if (s->type == ELF_PT_LOAD)
			err = load_add(plan, s, strict);
		else if (s->type == ELF_PT_INTERP)
			err = interp_add(plan, s);
		else if (s->type == ELF_PT_GNU_STACK)
			plan->exec_stack = s->flags & ELF_PF_X;
	}
	if (err || !entry_is_executable(plan) || (strict && plan->exec_stack))
		return -ENOEXEC;
	phdr_find(h, plan);
	return 0;
}
