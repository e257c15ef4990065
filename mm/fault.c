// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults: a missing page is made (zero), taken from the file's pages or copied from them; a write to a page that is shared
 * copy-on-write gets a copy. A page that only this space maps is simply made writable. Everything here runs with space->lock held.
 */
#include <asm/page_ops.h>
#include <asm/paging.h>
#include <fs/vfs.h>
#include <kernel/device.h>
#include <kernel/process.h>
#include <mm/commit.h>
#include <mm/pagecache.h>
#include "userfault_internal.h"

#define FAULT_AROUND	16u	/* pages of a file that come in with one fault, if they are in memory */
#define STACK_LIMIT	(8ul << 20)
#define SLOW_PAGES	32u

uint32_t vma_prot(uint32_t vm_flags)
{
	uint32_t prot = PT_USER;

	prot |= vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? PT_READ : 0;
	prot |= vm_flags & VM_WRITE ? PT_WRITE : 0;
	prot |= vm_flags & VM_EXEC ? PT_EXEC : 0;
	prot |= vm_flags & VM_IO ? PT_UNCACHED : 0;
	return prot;
}

bool page_may_write(const struct vma *vma, const struct page *page)
{
	if (vma->flags & (VM_SHARED | VM_OBJECT | VM_IO))
		return !vma_is_tracked(vma);
	return page && page->use == PAGE_ANON && READ_ONCE(page->mapcount) == 1;
}

static bool over_limit(const struct space *s)
{
	uint64_t limit = READ_ONCE(s->limit_pages);

	if (!limit || s->nr_pages < limit)
		return false;
	if (space_is_current(s) && current_process->device)
		budget_exceeded(current_process->device, FERRY_BUDGET_MEMORY);
	return true;
}

int space_enter_page(struct space *s, vaddr_t v, struct page *page, uint32_t prot)
{
	int err = over_limit(s) ? -ENOMEM : pt_map(s->root, v, page_paddr(page), prot);

	if (err) {
		page_put(page);
		return err;
	}
	__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_RELAXED);
	space_count(s, 1);
	return 0;
}

/* The area's policy stands in for the thread's. */
static struct page *area_frame(struct vma *vma, uint32_t flags)
{
	struct mem_policy own = current->mem_policy;
	struct page *page;

	current->mem_policy = vma->policy;
	page = frame_alloc(0, flags, PAGE_ANON);
	vma->policy.next = current->mem_policy.next;
	own.failed = current->mem_policy.failed;
	current->mem_policy = own;
	return page;
}

/* For a page more; who is above memory.high is slowed down on its way to user mode, every some pages. */
bool space_may_charge(const struct space *s)
{
	struct cgroup *full = cgroup_memory_full(s->group);

	cgroup_count_event(full, CGROUP_MAX);
	if (!full && cgroup_memory_high(s->group) && space_is_current(s) && ++current->nr_above_high % SLOW_PAGES == 0)
		__atomic_or_fetch(&current_process->attention, PROCESS_SLOWED, __ATOMIC_SEQ_CST);
	return !full;
}

/* A page of the area's own at @v: a copy of @from, or zero without. */
static int enter_own(struct space *s, struct vma *vma, vaddr_t v, struct page *from)
{
	uint32_t flags = from ? 0 : FRAME_ZERO;
	struct page *page;

	if (unlikely(s->group) && !space_may_charge(s))
		return -ENOMEM;
	page = likely(!vma->policy.mode) ? frame_alloc(0, flags, PAGE_ANON) : area_frame(vma, flags);
	if (!page)
		return -ENOMEM;
	if (unlikely(s->group))
		cgroup_page_charge(s->group, page, CGROUP_ANON);
	if (from)
		page_copy(page_addr(page), page_addr(from));
	vma->anon = true;
	return space_enter_page(s, v, page, vma_prot(vma->flags));
}

/* Reads of untouched memory all see one page. */
static int fault_anon(struct space *s, struct vma *vma, vaddr_t v, uint32_t access)
{
	if (access == VM_WRITE || vma->flags & VM_RESIDENT)
		return enter_own(s, vma, v, NULL);
	return pt_map(s->root, v, page_paddr(zero_page), vma_prot(vma->flags) & ~PT_WRITE);
}

static struct page *area_get_page(struct vma *vma, uint64_t index)
{
	if (vma->mapping_end && index >= vma->mapping_end)
		return ERR_PTR(-EIO);
	return vma->mapping->ops ? vma->mapping->ops->get_page(vma->mapping, index) : file_get_page(vma->file, index);
}

/* NULL: not in memory. ERR_PTR: past the end. */
static struct page *area_peek_page(struct vma *vma, uint64_t index)
{
	struct inode *inode = vma->file->inode;
	struct page *page;

	if (!vma->mapping->ops) {
		if (index >= ALIGN_UP(READ_ONCE(inode->size), PAGE_SIZE) >> PAGE_SHIFT)
			return ERR_PTR(-EIO);
		return page_tree_get(&inode->pages, index);
	}
	page = area_get_page(vma, index);
	return PTR_ERR(page) == -EAGAIN ? NULL : page;
}

/* Bring in neighbours of @v that are in memory anyway. A failure only means that they fault later. */
static void fault_around(struct space *s, struct vma *vma, vaddr_t v)
{
	vaddr_t window = ALIGN_DOWN(v, FAULT_AROUND * PAGE_SIZE);
	vaddr_t end = MIN(window + FAULT_AROUND * PAGE_SIZE, vma->end);
	uint32_t prot = vma_prot(vma->flags) & ~PT_WRITE;

	if (unlikely(vma->flags & (VM_UFFD_WP | VM_UFFD_MINOR)))
		return;	/* each of them is told */

	for (vaddr_t at = MAX(window, vma->start); at < end; at += PAGE_SIZE) {
		struct page *page;

		if (pt_query(s->root, at, NULL, NULL))
			continue;
		page = area_peek_page(vma, vma_file_index(vma, at));
		if (IS_ERR(page))
			return;
		if (page && space_enter_page(s, at, page, prot))
			return;
	}
}

/* mmap(3p): the first write to a page of a shared mapping changes the file's times. */
static void written_by_mapping(struct vma *vma)
{
	if (vma->flags & VM_SHARED && vma->file && vma->file->inode)
		inode_touch(vma->file->inode);
}

static int fault_file(struct space *s, struct vma *vma, vaddr_t v, uint32_t access)
{
	uint64_t index = vma_file_index(vma, v);
	struct page *page = area_get_page(vma, index);
	uint32_t prot = vma_prot(vma->flags);
	int err = 0;

	if (IS_ERR(page))
		return PTR_ERR(page) == -ENOMEM || PTR_ERR(page) == -EAGAIN ? (int)PTR_ERR(page) : -EIO;
	if (vma->flags & VM_SHARED && (access == VM_WRITE || !vma_is_tracked(vma))) {
		if (access == VM_WRITE)
			written_by_mapping(vma);
		else if (!(vma->flags & VM_RESIDENT))
			prot &= ~PT_WRITE;	/* the first write faults, and is the file's mtime */
		if (vma_is_tracked(vma))
			err = vma->mapping->ops->dirty(vma->mapping, index, page);
		if (!err)
			return space_enter_page(s, v, page, prot);
		page_put(page);
		return err;
	}
	if (access == VM_WRITE) {
		err = enter_own(s, vma, v, page);
		page_put(page);
		return err;
	}
	err = space_enter_page(s, v, page, prot & ~PT_WRITE);
	if (!err)
		fault_around(s, vma, v);
	return err;
}

/* A copy of @old, which is mapped at @v, takes its place. */
static int replace_page(struct space *s, struct vma *vma, vaddr_t v, struct page *old)
{
	int err = enter_own(s, vma, v, old == zero_page ? NULL : old);

	if (err)
		return err;
	tlb_flush(s->root, v, PAGE_SIZE);
	if (old == zero_page)
		return 0;
	__atomic_fetch_sub(&old->mapcount, 1, __ATOMIC_RELAXED);
	space_count(s, -1);
	page_put(old);
	return 0;
}

/* A write to a present page that must not be written as it is. */
static int fault_copy(struct space *s, struct vma *vma, vaddr_t v, struct page *old)
{
	if (vma_is_tracked(vma)) {
		int err = vma->mapping->ops->dirty(vma->mapping, vma_file_index(vma, v), old);

		if (err)
			return err;
	} else if (!page_may_write(vma, old)) {
		return replace_page(s, vma, v, old);
	}
	written_by_mapping(vma);
	(void)pt_protect(s->root, v, vma_prot(vma->flags));
	return 0;	/* more rights: a stale translation only faults again */
}

int space_renew_page_locked(struct space *s, struct vma *vma, vaddr_t v, struct page *page)
{
	(void)pt_protect(s->root, v, vma_prot(vma->flags) & ~PT_WRITE);
	tlb_flush(s->root, v, PAGE_SIZE);	/* from here on nobody writes to it: who wants to waits for the lock */
	return replace_page(s, vma, v, page);
}

int space_own_page_locked(struct space *s, vaddr_t v)
{
	int err = space_fault_wait(s, v, VM_READ);
	struct vma *vma = space_find(s, v);
	bool marked;
	paddr_t p;

	if (err || !vma || !pt_query(s->root, v, &p, NULL))
		return err ? err : -EFAULT;
	if (page_of(p) != zero_page && page_may_write(vma, page_of(p)))
		return 0;
	marked = vma->flags & VM_UFFD_WP && pt_marked(s->root, v);
	err = replace_page(s, vma, v, page_of(p));
	return err || !marked ? err : pt_mark(s->root, v, true);
}

static uint64_t stack_limit(const struct space *s)
{
	return space_is_current(s) ? current->process->rlimits[LINUX_RLIMIT_STACK].cur : STACK_LIMIT;
}

/* Let the stack right above @v grow down to it. */
static bool grow_stack(struct space *s, struct vma *vma, vaddr_t v)
{
	struct vma *below = vma_prev(s, vma);

	if (!(vma->flags & VM_STACK) || vma->flags & VM_RESIDENT || v < MAP_MIN || vma->end - v > stack_limit(s))
		return false;
	if (below && v - below->end < STACK_GAP && !(below->flags & VM_STACK))
		return false;
	if (space_grow_check(s, vma->start - v) || (vma->flags & VM_ACCOUNT && commit_take(s, (vma->start - v) >> PAGE_SHIFT)))
		return false;
	vma->start = v;
	return true;
}

static bool allowed(const struct vma *vma, uint32_t access)
{
	uint32_t any = VM_READ | VM_WRITE | VM_EXEC;	/* every mapping that can be touched can be read on x86 */

	return vma->flags & (access == VM_READ ? any : access);
}

static struct vma *fault_area(struct space *s, vaddr_t v)
{
	struct vma *vma = vma_after(s, v);

	if (!vma || v >= vma->start)
		return vma;
	return grow_stack(s, vma, v) ? vma : NULL;
}

/* A missing page of a file that is protected: nobody writes to it before that was told. */
static int fault_marked(struct space *s, vaddr_t v, uint32_t access)
{
	int err;

	(void)pt_mark(s->root, v, false);
	err = space_fault_locked(s, v, VM_READ);
	(void)pt_mark(s->root, v, true);	/* the table is there */
	return !err && access == VM_WRITE ? -EAGAIN : err;
}

int space_fault_locked(struct space *s, vaddr_t v, uint32_t access)
{
	struct vma *vma = fault_area(s, v);
	uint32_t prot;
	paddr_t p;

	if (!vma)
		return -EFAULT;
	if (!allowed(vma, access))
		return -EACCES;
	if (!pt_query(s->root, v, &p, &prot)) {
		if (vma_is_object(vma))
			return -EFAULT;
		if (unlikely(vma->flags & VM_UFFD) && userfault_concerns(s, vma, v))
			return -EAGAIN;
		if (unlikely(vma->flags & VM_UFFD_WP) && pt_marked(s->root, v))
			return fault_marked(s, v, access);
		return vma->file ? fault_file(s, vma, v, access) : fault_anon(s, vma, v, access);
	}
	if (access == VM_WRITE && !(prot & PT_WRITE)) {
		if (unlikely(vma->flags & VM_UFFD_WP) && pt_marked(s->root, v))
			return -EAGAIN;
		return fault_copy(s, vma, v, page_of(p));
	}
	if (!(prot & PT_READ) || (access == VM_EXEC && !(prot & PT_EXEC)))
		(void)pt_protect(s->root, v, vma_prot(vma->flags) & (page_may_write(vma, page_of(p)) ? ~0u : ~PT_WRITE));
	return 0;	/* somebody else was faster, or the translation was stale */
}

/* Have the page at @address read, or brought by the program that watches it, without the lock. */
static int fetch(struct space *s, vaddr_t address, uint32_t access)
{
	struct vma *vma = space_find(s, address);
	struct mapping *m = vma ? vma->mapping : NULL;
	struct file *f;
	uint64_t index;
	int err;

	if (vma && vma->flags & VM_UFFD)
		return userfault_wait(s, vma, address, access);
	if (!m || !m->ops)
		return 0;
	f = vma->file;
	index = vma_file_index(vma, address & PAGE_MASK);
	file_get(f);
	mutex_unlock(&s->lock);
	err = m->ops->fetch(m, index);
	file_put(f);
	mutex_lock(&s->lock);
	return !err || err == -ENOMEM ? err : -EIO;
}

int space_fault_wait(struct space *s, vaddr_t address, uint32_t access)
{
	vaddr_t v = address & PAGE_MASK;
	int err = space_fault_locked(s, v, access & ~ACCESS_USER);
	bool fetched = false;

	while (err == -EAGAIN) {
		fetched = true;
		err = fetch(s, address, access);
		if (!err)
			err = space_fault_locked(s, v, access & ~ACCESS_USER);
	}
	if (!err)
		current->counts.faults[fetched]++;
	if (unlikely(s->group) && !err)
		cgroup_count_fault(s->group, fetched);
	return err;
}

/* In a resident space nothing comes in by a fault, but a translation may be older than the table. */
int space_fault(struct space *s, vaddr_t address, uint32_t access)
{
	int err = -EFAULT;

	mutex_lock(&s->lock);
	if (!s->resident || pt_query(s->root, address & PAGE_MASK, NULL, NULL))
		err = space_fault_wait(s, address, access);
	mutex_unlock(&s->lock);
	return err;
}

int space_populate_locked(struct space *s, vaddr_t start, vaddr_t end, uint32_t access)
{
	int err = 0;

	for (vaddr_t v = start; v < end && !err; v += PAGE_SIZE)
		err = space_fault_wait(s, v, access);
	return err;
}

int space_populate(struct space *s, vaddr_t address, uint64_t length, uint32_t access)
{
	int err;

	mutex_lock(&s->lock);
	err = space_populate_locked(s, address & PAGE_MASK, ALIGN_UP(address + length, PAGE_SIZE), access);
	mutex_unlock(&s->lock);
	return err;
}
