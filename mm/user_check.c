// SPDX-License-Identifier: GPL-2.0
/* The kernel's side of a user copy whose size is only known at run time: a wrong size would tell or overwrite what lies beside the object. */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>

extern const uint8_t text_start[], text_end[];

static bool in_text(vaddr_t v, size_t n)
{
	return v < (vaddr_t)text_end && v + n > (vaddr_t)text_start;
}

/* On the current stack: not past its top. */
static bool leaves_stack(vaddr_t v, size_t n)
{
	vaddr_t stack = current ? current->kstack : 0;

	return stack && v >= stack && v < stack + KSTACK_SIZE && n > stack + KSTACK_SIZE - v;
}

void user_copy_check(uint64_t kernel, size_t n)
{
	vaddr_t v = kernel;

	if (v >= DIRECT_MAP_BASE && v < VMAP_BASE ? slab_holds((const void *)kernel, n) || !n : !in_text(v, n) && !leaves_stack(v, n))
		return;
	panic("user copy of %llu bytes leaves its object", (unsigned long long)n);
}
