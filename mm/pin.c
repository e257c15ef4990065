// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a program held for a device: brought in, counted, and safe from unmapping. fork() copies a pinned page for the child, so
 * the frame that the device works on stays the parent's.
 */
#include <asm/paging.h>
#include <mm/space.h>
#include "space_internal.h"

#define RUN_PAGES	16ul

static struct page *head_of(struct page *page)
{
	return page->flags & PAGE_TAIL ? page->owner : page;
}

/* The page at @v with the right to be written when @write; NULL with *@err. */
static struct page *page_in(struct space *s, vaddr_t v, bool write, int *err)
{
	const struct vma *vma = space_find(s, v);
	uint32_t need = PT_READ | (write ? PT_WRITE : 0), prot = 0;
	paddr_t p;

	*err = -EFAULT;
	if (vma && (vma->flags & VM_IO || !(vma->flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC))))
		return NULL;
	if (!pt_query(s->root, v, &p, &prot) || (prot & need) != need) {
		*err = space_fault_wait(s, v, write ? VM_WRITE : VM_READ);
		if (*err)
			return NULL;
		*err = -EFAULT;
		if (!pt_query(s->root, v, &p, &prot))
			return NULL;
	}
	return page_of(p);
}

static int pin_one(struct space *s, vaddr_t v, bool write, struct page **page)
{
	int err;

	*page = page_in(s, v, write, &err);
	if (!*page)
		return err;
	page_get(*page);
	__atomic_fetch_add(&head_of(*page)->pins, 1, __ATOMIC_RELAXED);
	return 0;
}

/* As many pages from @v on as are there, in one area, with the right that is asked for; 0 says nothing. */
static unsigned int pin_run(struct space *s, vaddr_t v, vaddr_t end, bool write, struct page **pages)
{
	const struct vma *vma = space_find(s, v);
	paddr_t frames[RUN_PAGES];
	unsigned int nr, i;

	if (!vma || vma->flags & VM_IO || !(vma->flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC)))
		return 0;
	nr = (unsigned int)MIN((MIN(end, vma->end) - v) >> PAGE_SHIFT, RUN_PAGES);
	nr = pt_query_run(s->root, v, nr, write, frames);
	for (i = 0; i < nr; i++) {
		struct page *page = page_of(frames[i]);

		if (!page)
			break;
		page_get(page);
		__atomic_fetch_add(&head_of(page)->pins, 1, __ATOMIC_RELAXED);
		pages[i] = page;
	}
	return i;
}

struct page *user_pin_page(struct space *s, vaddr_t address, bool write)
{
	struct page *page;
	int err;

	if (!user_range_ok(address, 1))
		return ERR_PTR(-EFAULT);
	mutex_lock(&s->lock);
	err = pin_one(s, address & PAGE_MASK, write, &page);
	mutex_unlock(&s->lock);
	return err ? ERR_PTR(err) : page;
}

int user_pin(struct space *s, vaddr_t address, uint64_t length, bool write, struct page **pages, unsigned int max)
{
	vaddr_t start = address & PAGE_MASK, end;
	unsigned int count = 0;
	int err = 0;

	if (!length || !user_range_ok(address, length))
		return -EFAULT;
	end = ALIGN_UP(address + length, PAGE_SIZE);
	if ((end - start) >> PAGE_SHIFT > max)
		return -EINVAL;
	mutex_lock(&s->lock);
	for (vaddr_t v = start; v < end && !err; v = start + count * PAGE_SIZE) {
		unsigned int nr = pin_run(s, v, end, write, &pages[count]);

		if (!nr)
			err = pin_one(s, v, write, &pages[count]);
		count += nr ? nr : !err;
	}
	mutex_unlock(&s->lock);
	if (!err)
		return count;
	user_unpin(pages, count);
	return err;
}

void user_unpin(struct page **pages, unsigned int count)
{
	while (count--) {
		__atomic_fetch_sub(&head_of(pages[count])->pins, 1, __ATOMIC_RELEASE);
		page_put(pages[count]);
	}
}
