// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces as a whole: made, copied, loaded, taken apart. A CPU may go on with a space loaded that none of its threads needs
 * (kernel threads borrow it): it is lazy then, and flushes only mark it (tlb_flush()). Taking the space apart makes every CPU load the
 * kernel's own table first.
 */
#include <asm/cpu.h>
#include <asm/page_ops.h>
#include <asm/paging.h>
#include <asm/smp.h>
#include <fs/file.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/commit.h>
#include <mm/slab.h>
#include "userfault_internal.h"

#define DROP_BATCH	32u
#define MMAP_TOP	(USER_END - (1ul << 30))	/* where mappings grow down from unless exec says otherwise */

struct page *zero_page;

static uint64_t last_number;	/* atomic */

struct space *space_create(void)
{
	struct space *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->root = pt_create();
	if (!s->root) {
		kfree(s);
		return NULL;
	}
	ref_init(&s->ref);
	s->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	mutex_init(&s->lock, "space");
	list_init(&s->areas);
	s->mmap_base = MMAP_TOP;
	return s;
}

void space_get(struct space *s)
{
	ref_get(&s->ref);
}

bool space_is_current(const struct space *s)
{
	return current && current->process && current->process->space == s;
}

/* Whoever changes entries looks at root and root_next after that: it sees this CPU, or this CPU sees the change. Interrupts off. */
static void space_load(struct cpu *cpu, struct space *s)
{
	paddr_t root = s ? s->root : pt_kernel_root();

	if (nr_cpus > 1) {
		cpu->lazy = 0;
		__atomic_exchange_n(&cpu->root_next, root, __ATOMIC_SEQ_CST);
	}
	pt_load(root);
	cpu->space = s;
	WRITE_ONCE(cpu->root, root);
	WRITE_ONCE(cpu->root_next, root);
	cpu->nr_space_switches++;
}

void space_switch(struct space *s)
{
	uint64_t flags = irq_save();
	struct cpu *cpu = this_cpu();

	if (cpu->space != s)
		space_load(cpu, s);
	else if (cpu->lazy && __atomic_exchange_n(&cpu->lazy, 0, __ATOMIC_SEQ_CST) == 2)
		pt_load(cpu->root);
	irq_restore(flags);
}

void space_unneeded(void)
{
	uint64_t flags = irq_save();
	struct cpu *cpu = this_cpu();

	if (cpu->space && !cpu->lazy)
		__atomic_store_n(&cpu->lazy, 1, __ATOMIC_SEQ_CST);
	irq_restore(flags);
}

struct drop {
	struct space *space;
	struct page *pages[DROP_BATCH];
	unsigned int nr;
	vaddr_t start, end;	/* what was unmapped since the last flush */
	bool flush;
};

static void drop_flush(struct drop *d)
{
	if (d->flush && d->end)
		tlb_flush(d->space->root, d->start, d->end - d->start);
	for (unsigned int i = 0; i < d->nr; i++)
		page_put(d->pages[i]);
	d->nr = 0;
	d->end = 0;
}

static void drop_page(struct drop *d, vaddr_t v, struct page *page)
{
	if (!d->end)
		d->start = v;
	d->end = v + PAGE_SIZE;
	if (!page || page == zero_page)
		return;
	__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED);
	space_count(d->space, -1);
	d->pages[d->nr++] = page;
	if (d->nr == DROP_BATCH)
		drop_flush(d);
}

void space_drop_range(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end, bool flush)
{
	struct drop d = { .space = s, .nr = 0, .flush = flush };
	bool counted = !vma_is_object(vma);
	uint32_t prot;
	paddr_t p;

	s->peak_pages = MAX(s->peak_pages, s->nr_pages);
	for (vaddr_t v = start; pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE) {
		(void)pt_unmap(s->root, v, NULL);
		drop_page(&d, v, counted ? page_of(p) : NULL);
	}
	drop_flush(&d);
}

/* On each CPU that may have it loaded: no thread needs it, for nobody refers to it. */
static void unload_here(void *arg)
{
	if (this_cpu()->space == arg)
		space_switch(NULL);
}

static void space_unload(struct space *s)
{
	uint64_t flags = irq_save(), mask = 0;

	unload_here(s);
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (READ_ONCE(cpus[i].root) == s->root || READ_ONCE(cpus[i].root_next) == s->root)
			mask |= 1ull << i;
	if (mask)
		smp_call(mask, unload_here, s);
	irq_restore(flags);
}

void space_put(struct space *s)
{
	uint64_t promised = 0;
	struct vma *vma;

	if (!ref_put(&s->ref))
		return;
	space_unload(s);
	if (unlikely(s->userfaults))
		userfault_space_ends(s);
	list_for_each(vma, &s->areas, link) {
		space_drop_range(s, vma, vma->start, vma->end, false);
		promised += vma->flags & VM_ACCOUNT ? vma_nr_pages(vma) : 0;
	}
	commit_give(promised);
	vma_free_list(&s->areas);
	WARN_ON(s->nr_pages);
	if (s->program)
		file_run_end(s->program);
	cgroup_put(s->group);
	pt_free(s->root);
	kfree(s);
}

/* ---- Fork ------------------------------------------------------------------------------------- */

struct page *space_frame(const struct space *s)
{
	struct page *page = s->group && !space_may_charge(s) ? NULL : frame_alloc(0, 0, PAGE_ANON);

	if (page && s->group)
		cgroup_page_charge(s->group, page, CGROUP_ANON);
	return page;
}

/* A device works on the page: the child gets a copy at once, the parent keeps the frame that the device knows. */
static int copy_pinned(struct space *to, vaddr_t v, struct page *page, uint32_t prot)
{
	struct page *copy = space_frame(to);

	if (!copy)
		return -ENOMEM;
	page_copy(page_addr(copy), page_addr(page));
	return space_enter_page(to, v, copy, prot);
}

/* Share one page of the parent's own, read-only on both sides. Sets *@changed when the parent's entry was. */
static int share_page(struct space *to, struct space *from, vaddr_t v, struct page *page, uint32_t prot, bool *changed)
{
	if (READ_ONCE(page->pins))
		return copy_pinned(to, v, page, prot);
	if (prot & PT_WRITE) {
		prot &= ~PT_WRITE;
		(void)pt_protect(from->root, v, prot);
		*changed = true;
	}
	page_get(page);
	return space_enter_page(to, v, page, prot);
}

/* Only pages of its own: the rest comes in again by faults. */
static int copy_area(struct space *to, struct space *from, const struct vma *vma, bool *changed)
{
	uint32_t prot;
	paddr_t p;

	for (vaddr_t v = vma->start; pt_next(from->root, &v, vma->end, &p, &prot); v += PAGE_SIZE) {
		struct page *page = page_of(p);
		int err;

		if (page->use != PAGE_ANON)
			continue;
		err = share_page(to, from, v, page, prot, changed);
		if (err)
			return err;
	}
	return 0;
}

static int copy_areas(struct space *to, struct space *from, bool *changed)
{
	struct vma *vma;

	list_for_each(vma, &from->areas, link) {
		struct vma *copy;
		int err = 0;

		if ((vma_is_object(vma) && !(vma->flags & VM_INHERITED)) || (vma->flags & VM_DONT_FORK))
			continue;
		copy = vma_copy(vma);
		if (!copy)
			return -ENOMEM;
		if (copy->flags & VM_ACCOUNT && commit_take(from, vma_nr_pages(copy))) {
			vma_free(copy);
			return -ENOMEM;
		}
		list_append(&to->areas, &copy->link);
		to->nr_areas++;
		copy->flags &= ~VM_LOCK_FLAGS;
		mapping_add(to, copy);
		if (vma->anon && !(vma->flags & (VM_SHARED | VM_WIPE_ON_FORK)))
			err = copy_area(to, from, vma, changed);
		else if (vma_is_object(vma))
			err = vma_map_object(to, copy);
		if (!err && unlikely(vma->flags & VM_UFFD))
			err = userfault_fork(to, from, vma, copy);
		if (err)
			return err;
	}
	return 0;
}

struct space *space_fork(struct space *from)
{
	struct space *to = space_create();
	struct userfault_note *notes;
	bool changed = false;
	int err;

	if (!to)
		return NULL;
	mutex_lock(&from->lock);
	to->group = from->group;
	if (to->group)
		cgroup_get(to->group);
	to->program = from->program;
	if (to->program)
		file_run_again(to->program);
	to->brk_start = from->brk_start;
	to->brk_end = from->brk_end;
	to->mmap_base = from->mmap_base;
	to->limit_pages = from->limit_pages;
	err = copy_areas(to, from, &changed);
	if (changed)
		tlb_flush(from->root, 0, 0);
	notes = userfault_notes_take(from);
	mutex_unlock(&from->lock);
	if (unlikely(notes))
		userfault_tell(notes, err);
	if (!err)
		return to;
	space_put(to);
	return NULL;
}

static int space_setup(void)
{
	zero_page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	return zero_page ? 0 : -ENOMEM;
}
INITCALL("1core", space_setup);
