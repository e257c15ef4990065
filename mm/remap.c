// SPDX-License-Identifier: GPL-2.0
/* Moving and resizing: mremap(2) and brk(2). Pages move by their table entries; nothing is copied. */
#include <asm/paging.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/commit.h>
#include "userfault_internal.h"

struct remap {
	struct space *space;
	vaddr_t old, new_address;
	uint64_t old_length, new_length;
	uint32_t flags;
	struct list dead;
};

static void pages_hide(struct space *s, vaddr_t at, uint64_t length)
{
	uint32_t prot;
	paddr_t p;

	for (vaddr_t v = at; pt_next(s->root, &v, at + length, &p, &prot); v += PAGE_SIZE)
		(void)pt_unmap(s->root, v, NULL);
	tlb_flush(s->root, at, length);
}

/* The entries of one range at another place too, with their @marks or without. -ENOMEM: they are where they were and nowhere else. */
static int pages_show(struct space *s, vaddr_t from, vaddr_t to, uint64_t length, bool marks)
{
	vaddr_t end = from + length;
	uint32_t prot;
	int err = 0;
	paddr_t p;

	for (vaddr_t v = from; !err && pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE) {
		err = pt_map(s->root, to + (v - from), p, prot | PT_WRITTEN);
		if (!err && unlikely(marks) && pt_marked(s->root, v))
			err = pt_mark(s->root, to + (v - from), true);
	}
	if (err)
		pages_hide(s, to, length);
	return err;
}

static int64_t choose_place(struct remap *r)
{
	vaddr_t at;
	int err;

	if (!(r->flags & LINUX_MREMAP_FIXED)) {
		at = vma_find_gap(r->space, r->new_length, r->space->mmap_base);
		return at ? (int64_t)at : -ENOMEM;
	}
	if (r->new_address % PAGE_SIZE || !user_range_ok(r->new_address, r->new_length) || r->new_address < MAP_MIN)
		return -EINVAL;
	if (r->new_address < r->old + r->old_length && r->old < r->new_address + r->new_length)
		return -EINVAL;
	err = space_unmap_locked(r->space, r->new_address, r->new_address + r->new_length, &r->dead);
	return err ? err : (int64_t)r->new_address;
}

static int promise_more(const struct remap *r, const struct vma *vma, uint64_t length)
{
	return vma->flags & VM_ACCOUNT ? commit_take(r->space, length >> PAGE_SHIFT) : 0;
}

static void promise_less(const struct vma *vma, uint64_t length)
{
	if (vma->flags & VM_ACCOUNT)
		commit_give(length >> PAGE_SHIFT);
}

/* All of it or, with an error, nothing. */
static int64_t move_area(struct remap *r)
{
	int64_t at = r->space->nr_areas + 3 < READ_ONCE(space_areas_max) ? choose_place(r) : -ENOMEM;	/* both ends may have to be cut first */
	bool stays = r->flags & LINUX_MREMAP_DONTUNMAP;
	uint64_t more = r->new_length - (stays ? 0 : r->old_length), moved = MIN(r->old_length, r->new_length);
	struct vma *from, *to;
	int err;

	if (at < 0)
		return at;
	err = vma_split_range(r->space, r->old, r->old + r->old_length);
	from = space_find(r->space, r->old);
	if (err || !from)
		return err ? err : -EFAULT;
	err = promise_more(r, from, more);
	if (err)
		return err;
	to = vma_copy(from);
	if (!to || (unlikely(to->flags & VM_UFFD) && userfault_move(r->space, to, r->old, (vaddr_t)at, r->old_length))) {
		if (to)
			list_append(&r->dead, &to->link);
		promise_less(from, more);
		return -ENOMEM;
	}
	to->start = at;
	to->end = at + r->new_length;
	err = pages_show(r->space, r->old, at, moved, to->flags & VM_UFFD_WP);
	if (!err && unlikely(from->flags & VM_UFFD_WP)) {
		err = userfault_move_marks(r->space, r->old, to, moved);
		if (err)
			pages_hide(r->space, at, moved);
	}
	if (err) {
		list_append(&r->dead, &to->link);
		promise_less(from, more);
		return err;
	}
	pages_hide(r->space, r->old, moved);
	if (!stays)
		from->flags &= ~VM_ACCOUNT;	/* the promise goes along */
	vma_insert(r->space, to, &r->dead);
	if (stays)
		from->flags &= ~VM_LOCK_FLAGS;
	else
		(void)space_unmap_locked(r->space, r->old, r->old + r->old_length, &r->dead);
	return at;
}

static int64_t grow_in_place(struct remap *r, struct vma *vma)
{
	vaddr_t end = r->old + r->old_length;

	if (vma->end != end || !user_range_ok(r->old, r->new_length) || !vma_range_free(r->space, end, r->old + r->new_length))
		return -ENOMEM;
	if (promise_more(r, vma, r->new_length - r->old_length))
		return -ENOMEM;
	vma->end = r->old + r->new_length;
	vma_merge(r->space, vma, &r->dead);
	return r->old;
}

static int fill_grown(struct space *s, vaddr_t at, uint64_t from, uint64_t to)
{
	struct vma *vma = space_find(s, at);

	if (!vma || from >= to)
		return 0;
	if (vma->flags & VM_LOCKED)
		space_lock_fill(s, at + from, at + to);
	if (!(vma->flags & VM_RESIDENT))
		return 0;
	return space_populate_locked(s, at + from, at + to, vma->flags & VM_WRITE ? VM_WRITE : VM_READ);
}

/* What a shared area shows, at another place too: mremap(2) with an old length of 0. */
static int64_t show_again(struct remap *r)
{
	const struct vma *from = space_find(r->space, r->old);
	struct vma *to;
	int64_t at;

	if (!(from->flags & VM_SHARED) || vma_is_object(from))
		return -EINVAL;
	if (!(r->flags & LINUX_MREMAP_MAYMOVE) || r->space->nr_areas + 3 >= READ_ONCE(space_areas_max) ||
	    space_grow_check(r->space, r->new_length))
		return -ENOMEM;
	to = vma_copy(from);
	if (!to)
		return -ENOMEM;
	to->flags &= ~VM_LOCK_FLAGS;
	userfault_leave(r->space, to);
	to->offset += r->old - from->start;
	at = choose_place(r);
	if (at < 0) {
		list_append(&r->dead, &to->link);
		return at;
	}
	to->start = at;
	to->end = at + r->new_length;
	vma_insert(r->space, to, &r->dead);
	return at;
}

/* As a whole, with what its creator knows of its place. */
static int64_t object_move(struct remap *r, const struct vma *vma)
{
	struct vma_object *o = vma->object;
	uint64_t length = vma->end - vma->start;
	int64_t at;

	if (!o->moved || r->old != vma->start || length != o->nr_pages << PAGE_SHIFT || r->old_length != length || r->new_length != length ||
	    r->flags & LINUX_MREMAP_DONTUNMAP)
		return -EINVAL;
	if (!(r->flags & LINUX_MREMAP_FIXED))
		return r->old;
	at = move_area(r);
	if (at >= 0)
		o->moved(o, (vaddr_t)at);
	return at;
}

static int64_t remap_locked(struct remap *r)
{
	struct vma *vma = space_find(r->space, r->old);
	int64_t at = -ENOMEM;
	int err;

	if (!vma || vma->end - r->old < r->old_length)
		return -EFAULT;
	if (!r->old_length)
		return show_again(r);
	if (vma_is_object(vma))
		return object_move(r, vma);
	if (r->new_length > r->old_length && vma->flags & VM_LOCKED && space_lock_check(r->space, r->new_length - r->old_length))
		return -EAGAIN;
	if (r->flags & LINUX_MREMAP_DONTUNMAP && space_grow_check(r->space, r->new_length))
		return -ENOMEM;
	if (r->new_length > r->old_length && space_grow_check(r->space, r->new_length - r->old_length))
		return -ENOMEM;
	if (r->new_length < r->old_length) {
		err = space_unmap_locked(r->space, r->old + r->new_length, r->old + r->old_length, &r->dead);
		if (err)
			return err;
		r->old_length = r->new_length;
	}
	if (!(r->flags & (LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP)))
		at = r->new_length == r->old_length ? (int64_t)r->old : grow_in_place(r, vma);
	if (at == -ENOMEM && r->flags & LINUX_MREMAP_MAYMOVE)
		at = move_area(r);
	if (at < 0)
		return at;
	err = fill_grown(r->space, at, r->old_length, r->new_length);
	return err ? err : at;
}

int64_t space_remap(struct space *s, vaddr_t old, uint64_t old_length, uint64_t new_length, uint32_t flags, vaddr_t new_address)
{
	struct remap r = { .space = s, .old = old, .new_address = new_address, .flags = flags };
	int64_t at;

	if (old % PAGE_SIZE || !ALIGN_UP(new_length, PAGE_SIZE) || flags & ~(LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & LINUX_MREMAP_FIXED) && !(flags & LINUX_MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & LINUX_MREMAP_DONTUNMAP) && (!(flags & LINUX_MREMAP_MAYMOVE) || old_length != new_length))
		return -EINVAL;
	if (!user_range_ok(old, old_length))
		return -EFAULT;
	if (new_length > USER_END)
		return flags & LINUX_MREMAP_FIXED ? -EINVAL : -ENOMEM;
	r.old_length = ALIGN_UP(old_length, PAGE_SIZE);
	r.new_length = ALIGN_UP(new_length, PAGE_SIZE);
	list_init(&r.dead);
	mutex_lock(&s->lock);
	at = remap_locked(&r);
	space_changed(s, &r.dead);
	return at;
}

/* ---- brk ---------------------------------------------------------------------------------------*/

static int brk_grow(struct space *s, vaddr_t from, vaddr_t to, struct list *dead)
{
	uint32_t flags = VM_READ | VM_WRITE | VM_ACCOUNT | (s->resident ? VM_RESIDENT : 0) | space_lock_flags(s, 0);
	struct vma *vma;
	int err = 0;

	if (!user_range_ok(to, STACK_GAP) || !vma_range_free(s, from, to) || space_grow_check(s, to - from))
		return -ENOMEM;
	if (flags & VM_LOCKED && space_lock_check(s, to - from))
		return -EAGAIN;
	if (commit_take(s, (to - from) >> PAGE_SHIFT))
		return -ENOMEM;
	vma = vma_alloc(from, to, flags);
	if (!vma) {
		commit_give((to - from) >> PAGE_SHIFT);
		return -ENOMEM;
	}
	vma_insert(s, vma, dead);
	if (flags & VM_LOCKED && !(s->lock_future & LINUX_MCL_ONFAULT))
		space_lock_fill(s, from, to);
	if (s->resident)
		err = space_populate_locked(s, from, to, VM_WRITE);
	if (err)
		(void)space_unmap_locked(s, from, to, dead);
	return err;
}

static uint64_t data_limit(const struct space *s)
{
	return space_is_current(s) ? current->process->rlimits[LINUX_RLIMIT_DATA].cur : ~0ull;
}

static int brk_move(struct space *s, vaddr_t brk, struct list *dead)
{
	vaddr_t from = ALIGN_UP(s->brk_end, PAGE_SIZE), to = ALIGN_UP(brk, PAGE_SIZE);

	if (brk < s->brk_start || brk >= USER_END || brk - s->brk_start > data_limit(s))
		return -ENOMEM;
	if (to > from)
		return brk_grow(s, from, to, dead);
	return to < from ? space_unmap_locked(s, to, from, dead) : 0;
}

int64_t space_brk(struct space *s, vaddr_t brk)
{
	struct list dead = LIST_INIT(dead);
	int64_t at;

	mutex_lock(&s->lock);
	if (s->brk_start && brk && !brk_move(s, brk, &dead))
		s->brk_end = brk;
	at = s->brk_end;
	space_changed(s, &dead);
	return at;
}
