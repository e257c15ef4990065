// SPDX-License-Identifier: GPL-2.0
/*
 * Writing into a space as a debugger does: where a private area may not be written, the page becomes the area's own first, so that a
 * breakpoint in a program's text is seen by this process alone. Shared memory is written only where the area allows it.
 */
#include <asm/paging.h>
#include "space_internal.h"

static int make_writable(struct space *s, vaddr_t v)
{
	const struct vma *vma = space_find(s, v);

	if (!vma || vma_is_object(vma) || !(vma->flags & (VM_READ | VM_WRITE | VM_EXEC)))
		return -EFAULT;
	if (vma->flags & VM_WRITE)
		return space_fault_wait(s, v, VM_WRITE);
	return vma->flags & VM_SHARED ? -EFAULT : space_own_page_locked(s, v);
}

static int poke_page(struct space *s, vaddr_t to, const void *from, size_t n)
{
	paddr_t p;
	int err;

	mutex_lock(&s->lock);
	err = make_writable(s, to & PAGE_MASK);
	if (!err && !pt_query(s->root, to & PAGE_MASK, &p, NULL))
		err = -EFAULT;
	if (!err)
		memcpy((char *)page_addr(page_of(p)) + to % PAGE_SIZE, from, n);
	mutex_unlock(&s->lock);
	return err;
}

ssize_t space_poke(struct space *s, vaddr_t to, const void *from, size_t n)
{
	size_t done = 0;

	if (!user_range_ok(to, n))
		return -EFAULT;
	while (done < n) {
		size_t step = MIN(n - done, PAGE_SIZE - (to + done) % PAGE_SIZE);

		if (poke_page(s, to + done, (const char *)from + done, step))
			return done ? (ssize_t)done : -EFAULT;
		done += step;
	}
	return done;
}
