// SPDX-License-Identifier: GPL-2.0
/* Reading the headers of a program file and mapping its segments into a space that nobody runs in yet. Locks: the space's own. */
#include <fs/file.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "exec.h"

static const char zeroes[PAGE_SIZE];

int elf_read_plan(struct file *file, const struct elf_header *h, bool strict, struct elf_plan *plan)
{
	size_t size = h->phnum * sizeof(struct elf_segment);
	struct elf_segment *segments;
	int err = elf_check_header(h);

	if (err)
		return err;
	segments = kcalloc(h->phnum, sizeof(*segments));
	if (!segments)
		return -ENOMEM;
	err = file_read_kernel(file, segments, size, h->phoff) == (ssize_t)size ? 0 : -ENOEXEC;
	if (!err)
		err = elf_plan(h, segments, strict, plan);
	kfree(segments);
	return err;
}

static uint32_t vm_flags_of(uint32_t flags, bool resident)
{
	return (flags & ELF_PF_R ? VM_READ : 0) | (flags & ELF_PF_W ? VM_WRITE : 0) | (flags & ELF_PF_X ? VM_EXEC : 0) |
	       (resident ? VM_RESIDENT : 0);
}

static int map_fixed(struct space *s, uint64_t start, uint64_t end, uint32_t vm_flags, struct file *file, uint64_t offset)
{
	uint32_t map_flags = LINUX_MAP_PRIVATE | LINUX_MAP_FIXED_NOREPLACE | LINUX_MAP_FIXED | (file ? 0 : LINUX_MAP_ANONYMOUS);
	int64_t at;

	if (start == end)
		return 0;
	at = space_map(s, start, end - start, vm_flags, map_flags, file, offset);
	return at < 0 ? (int)at : 0;
}

static int load_map(struct space *s, struct file *file, const struct elf_load *l, uint64_t base, bool resident)
{
	uint64_t start = ALIGN_DOWN(base + l->vaddr, PAGE_SIZE), file_end = base + l->vaddr + l->filesz;
	uint64_t split = l->filesz ? ALIGN_UP(file_end, PAGE_SIZE) : start, end = ALIGN_UP(base + l->vaddr + l->memsz, PAGE_SIZE);
	uint32_t flags = vm_flags_of(l->flags, resident);
	int err = map_fixed(s, start, split, flags, file, ALIGN_DOWN(l->offset, PAGE_SIZE));

	if (!err)
		err = map_fixed(s, split, end, flags, NULL, 0);
	if (err || l->memsz == l->filesz || split == file_end || !l->filesz)
		return err;
	return space_write(s, file_end, zeroes, split - file_end) == (ssize_t)(split - file_end) ? 0 : -ENOMEM;
}

int elf_map(struct space *s, struct file *file, const struct elf_plan *plan, uint64_t base, bool resident)
{
	int err = 0;

	for (unsigned int i = 0; i < plan->nr_loads && !err; i++)
		err = load_map(s, file, &plan->loads[i], base, resident);
	return err;
}
