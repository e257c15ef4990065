// SPDX-License-Identifier: GPL-2.0
/*
 * Changing what a space maps: map, unmap, protect, discard. An address and length given by a program are checked here; areas that go
 * are collected and given back after the lock, because a file's last reference may sleep on other locks.
 */
#include <asm/paging.h>
#include <fs/vfs.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/commit.h>
#include "userfault_internal.h"

#define RIGHTS		(VM_READ | VM_WRITE | VM_EXEC)
#define MAP_32BIT_END	0x80000000ul

struct map_request {
	struct space *space;
	struct vma *vma;	/* not yet in the space, from 0 to its length */
	vaddr_t address;
	uint32_t map_flags;
	struct list dead;
};

static bool both_write_and_exec(uint32_t vm_flags)
{
	return (vm_flags & (VM_WRITE | VM_EXEC)) == (VM_WRITE | VM_EXEC);
}

int space_unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct vma *vma, *next;
	int err = vma_split_range(s, start, end);

	if (!err && unlikely(s->userfaults))
		err = userfault_unmapping(s, start, end);
	if (err)
		return err;
	for (vma = vma_after(s, start); vma && vma->start < end; vma = next) {
		next = vma_next(s, vma);
		space_drop_range(s, vma, vma->start, vma->end, true);
		if (unlikely(vma->flags & VM_UFFD_WP))
			userfault_unmark(s, vma->start, vma->end);
		vma_unlink(s, vma);
		if (vma->flags & VM_ACCOUNT)
			commit_give(vma_nr_pages(vma));
		list_append(dead, &vma->link);
	}
	return 0;
}

int space_unmap(struct space *s, vaddr_t address, uint64_t length)
{
	struct list dead = LIST_INIT(dead);
	int err;

	if (address % PAGE_SIZE || !length || !user_range_ok(address, length))
		return -EINVAL;
	mutex_lock(&s->lock);
	err = space_unmap_locked(s, address, ALIGN_UP(address + length, PAGE_SIZE), &dead);
	space_changed(s, &dead);
	return err;
}

void space_unmap_object(struct space *s, const struct vma_object *object)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma, *next;

	mutex_lock(&s->lock);
	list_for_each_safe(vma, next, &s->areas, link) {
		if (vma->object != object)
			continue;
		space_drop_range(s, vma, vma->start, vma->end, true);
		vma_unlink(s, vma);
		list_append(&dead, &vma->link);
	}
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
}

struct vma_object *space_object_at(struct space *s, vaddr_t address)
{
	struct vma_object *object = NULL;
	const struct vma *vma;

	mutex_lock(&s->lock);
	vma = space_find(s, address);
	if (vma && vma->object) {
		object = vma->object;
		ref_get(&object->ref);
	}
	mutex_unlock(&s->lock);
	return object;
}

/* ---- Where -------------------------------------------------------------------------------------*/

static int64_t place_fixed(struct map_request *r, uint64_t length)
{
	vaddr_t end = r->address + length;
	int err;

	if (r->address % PAGE_SIZE)
		return -EINVAL;
	if (!user_range_ok(r->address, length))
		return -ENOMEM;
	if (r->address < MAP_MIN)
		return -EPERM;
	if (r->map_flags & LINUX_MAP_FIXED_NOREPLACE)
		return vma_range_free(r->space, r->address, end) ? (int64_t)r->address : -EEXIST;
	err = space_unmap_locked(r->space, r->address, end, &r->dead);
	return err ? err : (int64_t)r->address;
}

static int64_t place_free(struct map_request *r, uint64_t length)
{
	struct space *s = r->space;
	vaddr_t limit = r->map_flags & LINUX_MAP_32BIT ? MIN(MAP_32BIT_END, s->mmap_base) : s->mmap_base;
	vaddr_t hint = ALIGN_UP(r->address, PAGE_SIZE), at;

	if (hint >= MAP_MIN && user_range_ok(hint, length) && vma_range_free(s, hint, hint + length))
		return hint;
	at = vma_find_gap(s, length, limit);
	if (!at)
		at = vma_find_gap(s, length, USER_END);
	return at ? (int64_t)at : -ENOMEM;
}

static int64_t place(struct map_request *r, uint64_t length)
{
	bool fixed = r->map_flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE);

	return fixed ? place_fixed(r, length) : place_free(r, length);
}

/* ---- What --------------------------------------------------------------------------------------*/

int vma_map_object(struct space *s, const struct vma *vma)
{
	const struct vma_object *o = vma->object;
	uint64_t first = vma->offset >> PAGE_SHIFT, nr = (vma->end - vma->start) >> PAGE_SHIFT;

	if (first > o->nr_pages || nr > o->nr_pages - first)
		return -EINVAL;
	for (uint64_t i = 0; i < nr; i++) {
		paddr_t p = o->pages ? page_paddr(o->pages[first + i]) : o->io_base + ((first + i) << PAGE_SHIFT);
		int err = pt_map(s->root, vma->start + (i << PAGE_SHIFT), p, vma_prot(vma->flags));

		if (err)
			return err;
	}
	return 0;
}

static bool wants_filling(const struct map_request *r, const struct vma *vma)
{
	if (r->map_flags & (LINUX_MAP_POPULATE | LINUX_MAP_LOCKED))
		return true;
	return vma->flags & VM_LOCKED && !(r->space->lock_future & LINUX_MCL_ONFAULT);
}

/* Fill at once what must not fault later: of @vma, which may have melted with its neighbours, the new part. */
static int map_fill(struct map_request *r, struct vma *vma, vaddr_t start, vaddr_t end)
{
	if (vma_is_object(vma))
		return vma_map_object(r->space, vma);
	if (!(vma->flags & RIGHTS))
		return 0;
	if (vma->flags & VM_RESIDENT)
		return space_populate_locked(r->space, start, end, vma->flags & VM_WRITE ? VM_WRITE : VM_READ);
	if (wants_filling(r, vma))
		(void)space_lock_fill(r->space, start, end);	/* what cannot be had comes later, or not at all */
	return 0;
}

/* Linux looks at the limit before it looks for a place. */
static int map_lock(struct map_request *r)
{
	struct vma *vma = r->vma;
	uint32_t flags = vma_is_object(vma) ? 0 : space_lock_flags(r->space, r->map_flags);
	int err = flags ? space_lock_check(r->space, vma->end) : 0;

	vma->flags |= flags;
	return err == -EPERM && r->map_flags & LINUX_MAP_LOCKED ? -EPERM : err ? -EAGAIN : 0;
}

int space_grow_check(const struct space *s, uint64_t length)
{
	uint64_t limit = space_is_current(s) ? current->process->rlimits[LINUX_RLIMIT_AS].cur : UINT64_MAX, used;

	if (limit == UINT64_MAX)
		return 0;
	used = space_bytes(s, 0, USER_END, 0);
	return used > limit || length > limit - used ? -ENOMEM : 0;
}

/* What a fixed place takes away does not count. */
static int map_grow(const struct map_request *r)
{
	vaddr_t start = r->address, length = r->vma->end;
	bool over = r->map_flags & LINUX_MAP_FIXED && user_range_ok(start, length);

	return space_grow_check(r->space, length - (over ? space_bytes(r->space, start, start + length, 0) : 0));
}

/* Does @vma promise its pages when it has these rights? */
static bool promises(const struct vma *vma, uint32_t rights)
{
	return rights & VM_WRITE && !(vma->flags & (VM_SHARED | VM_NORESERVE | VM_ACCOUNT)) && !vma_is_object(vma);
}

static int vma_promise(const struct space *s, struct vma *vma)
{
	int err = commit_take(s, vma_nr_pages(vma));

	if (!err)
		vma->flags |= VM_ACCOUNT;
	return err;
}

static bool write_is_sealed(const struct vma *vma, uint32_t rights)
{
	return (vma->flags & VM_SHARED) && (rights & VM_WRITE) && vma->file && vma->file->inode && inode_write_sealed(vma->file->inode);
}

static int64_t map_locked(struct map_request *r)
{
	struct space *s = r->space;
	struct vma *vma = r->vma;
	uint64_t length = vma->end;
	int64_t at = s->nr_areas < READ_ONCE(space_areas_max) ? map_lock(r) : -ENOMEM;
	int err;

	if (!at)
		at = map_grow(r);
	if (!at)
		at = place(r, length);
	if (at < 0)
		return at;
	if (promises(vma, vma->flags) && vma_promise(s, vma))
		return -ENOMEM;
	vma->start = at;
	vma->end = at + length;
	vma_insert(s, vma, &r->dead);
	r->vma = NULL;
	vma = space_find(s, at);
	if (write_is_sealed(vma, vma->flags))
		err = -EPERM;
	else
		err = map_fill(r, vma, at, at + length);
	if (!err)
		return at;
	(void)space_unmap_locked(s, at, at + length, &r->dead);
	return err;
}

static int64_t map_request_run(struct map_request *r)
{
	int64_t at;

	list_init(&r->dead);
	mutex_lock(&r->space->lock);
	at = map_locked(r);
	if (r->vma)
		list_append(&r->dead, &r->vma->link);
	space_changed(r->space, &r->dead);
	return at;
}

/* Let the file prepare the area: its own frames, or its pages. */
static int attach_file(struct vma *vma, struct file *file, uint64_t offset)
{
	int err;

	file_get(file);
	vma->file = file;
	vma->offset = offset;
	if (!file->ops->mmap) {
		vma->mapping = file->inode ? &file->inode->mapping : NULL;
		return file->inode && file->inode->ops && file->inode->ops->get_page ? 0 : -ENODEV;
	}
	err = file->ops->mmap(file, vma);
	if (!err && vma->object && !vma_is_object(vma))
		vma->flags |= vma->object->pages ? VM_OBJECT : VM_IO;
	return err;
}

/* Memory that parent and child share: a file without a name. */
static int attach_shared(struct vma *vma)
{
	struct file *file = tmpfs_file_sized("shared memory", LINUX_O_RDWR, vma->end, !(vma->flags & VM_NORESERVE));
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = attach_file(vma, file, 0);
	file_put(file);
	return err;
}

static int map_check(const struct space *s, uint64_t length, uint32_t vm_flags, uint64_t offset)
{
	if (!length || offset % PAGE_SIZE)
		return -EINVAL;
	if (length > USER_END)
		return -ENOMEM;
	if (offset > INT64_MAX - length)
		return -EOVERFLOW;
	return s->resident && both_write_and_exec(vm_flags) ? -EACCES : 0;
}

int64_t space_map(struct space *s, vaddr_t address, uint64_t length, uint32_t vm_flags, uint32_t map_flags, struct file *file,
		  uint64_t offset)
{
	struct map_request r = { .space = s, .address = address, .map_flags = map_flags };
	int err = map_check(s, length, vm_flags, offset);

	if (err)
		return err;
	if (map_flags & LINUX_MAP_NORESERVE && !commit_is_strict())
		vm_flags |= VM_NORESERVE;
	r.vma = vma_alloc(0, ALIGN_UP(length, PAGE_SIZE), vm_flags | (s->resident ? VM_RESIDENT : 0));
	if (!r.vma)
		return -ENOMEM;
	if (file)
		err = attach_file(r.vma, file, offset);
	else if (vm_flags & VM_SHARED)
		err = attach_shared(r.vma);
	if (!err)
		return map_request_run(&r);
	vma_free(r.vma);
	return err;
}

int64_t space_map_object(struct space *s, vaddr_t address, uint32_t vm_flags, struct vma_object *object)
{
	struct map_request r = { .space = s, .address = address };

	if (!object->nr_pages || object->nr_pages > USER_END >> PAGE_SHIFT || both_write_and_exec(vm_flags))
		return -EINVAL;
	if (address)
		r.map_flags = LINUX_MAP_FIXED_NOREPLACE;
	r.vma = vma_alloc(0, object->nr_pages << PAGE_SHIFT, vm_flags | (object->pages ? VM_OBJECT : VM_IO));
	if (!r.vma)
		return -ENOMEM;
	ref_get(&object->ref);
	r.vma->object = object;
	return map_request_run(&r);
}

/* ---- Rights ------------------------------------------------------------------------------------*/

/* Are there areas without a hole over the whole range? */
bool space_covers(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *vma = space_find(s, start);

	for (; vma && vma->end < end; vma = vma_next(s, vma))
		if (!vma_next(s, vma) || vma_next(s, vma)->start != vma->end)
			return false;
	return vma;
}

static int protect_check(const struct space *s, const struct vma *vma, uint32_t rights)
{
	bool shared_write = (vma->flags & VM_SHARED) && (rights & VM_WRITE) && vma->file;

	/* A driver's code is never written, and what was not code when it was loaded never becomes it. */
	if (s->resident && ((rights & ~vma->flags & VM_EXEC) || (rights & VM_WRITE && vma->flags & VM_EXEC)))
		return -EACCES;
	if (vma_is_object(vma) && (rights & ~vma->flags & RIGHTS))
		return -EACCES;
	if (shared_write && (vma->file->flags & LINUX_O_ACCMODE) != LINUX_O_RDWR)
		return -EACCES;
	if (write_is_sealed(vma, rights & ~vma->flags))
		return -EACCES;
	return vma->file && (rights & VM_EXEC) && file_forbids_exec(vma->file) ? -EACCES : 0;
}

/* New rights for the pages that are there. */
static void protect_pages(struct space *s, const struct vma *vma)
{
	uint32_t wanted = vma_prot(vma->flags), prot;
	bool fewer = false;
	paddr_t p;

	for (vaddr_t v = vma->start; pt_next(s->root, &v, vma->end, &p, &prot); v += PAGE_SIZE) {
		bool may = page_may_write(vma, page_of(p)) && !(vma->flags & VM_CLEAN && !(prot & PT_WRITTEN));
		uint32_t allowed = may ? wanted : wanted & ~PT_WRITE;

		fewer |= prot & ~allowed & (PT_READ | PT_WRITE | PT_EXEC);
		(void)pt_protect(s->root, v, allowed);
	}
	if (fewer)
		tlb_flush(s->root, vma->start, vma->end - vma->start);
}

static int protect_area(struct space *s, struct vma *vma, uint32_t rights)
{
	int err = protect_check(s, vma, rights);

	if (!err && promises(vma, rights & ~vma->flags))
		err = vma_promise(s, vma);
	if (err)
		return err;
	vma->flags = (vma->flags & ~RIGHTS) | rights;
	protect_pages(s, vma);
	if (!(vma->flags & VM_RESIDENT) || vma_is_object(vma) || !rights)
		return 0;
	return space_populate_locked(s, vma->start, vma->end, rights & VM_WRITE ? VM_WRITE : VM_READ);
}

static int protect_locked(struct space *s, vaddr_t start, vaddr_t end, uint32_t rights, struct list *dead)
{
	int err = space_covers(s, start, end) ? vma_split_range(s, start, end) : -ENOMEM;
	struct vma *vma;

	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		start = vma->end;
		err = protect_area(s, vma, rights);
		if (err)
			return err;
		vma_merge(s, vma, dead);
	}
	return err;
}

/* s->lock held. */
static int mark_locked(struct space *s, vaddr_t start, vaddr_t end, uint32_t flag, bool on, struct list *dead)
{
	int err = space_covers(s, start, end) ? vma_split_range(s, start, end) : -ENOMEM;
	struct vma *vma;

	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		start = vma->end;
		if (on && flag == VM_WIPE_ON_FORK && (vma->file || (vma->flags & VM_SHARED)))
			return -EINVAL;
		if (vma_is_object(vma) && (flag == VM_WIPE_ON_FORK || !on))
			return -EINVAL;		/* of these one may only want fewer children or core files to have them (madvise(2)) */
		vma->flags = on ? vma->flags | flag : vma->flags & ~flag;
		vma_merge(s, vma, dead);
	}
	return err;
}

int space_mark(struct space *s, vaddr_t address, uint64_t length, uint32_t flag, bool on)
{
	struct list dead = LIST_INIT(dead);
	int err;

	mutex_lock(&s->lock);
	err = mark_locked(s, address, ALIGN_UP(address + length, PAGE_SIZE), flag, on, &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

int space_protect(struct space *s, vaddr_t address, uint64_t length, uint32_t vm_flags)
{
	struct list dead = LIST_INIT(dead);
	int err;

	if (address % PAGE_SIZE)
		return -EINVAL;
	if (!length)
		return 0;
	if (!user_range_ok(address, length))
		return -ENOMEM;
	if (s->resident && both_write_and_exec(vm_flags))
		return -EACCES;
	mutex_lock(&s->lock);
	err = protect_locked(s, address, ALIGN_UP(address + length, PAGE_SIZE), vm_flags & RIGHTS, &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

/* ---- Discard -----------------------------------------------------------------------------------*/

static int discard_locked(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *vma;

	for (vma = vma_after(s, start); vma && vma->start < end; vma = vma_next(s, vma)) {
		if (vma_is_object(vma) || vma->flags & VM_RESIDENT)
			return -EINVAL;
		if (unlikely(vma->flags & VM_UFFD_WP))
			userfault_discard(s, vma, MAX(start, vma->start), MIN(end, vma->end));
		else
			space_drop_range(s, vma, MAX(start, vma->start), MIN(end, vma->end), true);
	}
	return 0;
}

int space_discard(struct space *s, vaddr_t address, uint64_t length)
{
	vaddr_t end = ALIGN_UP(address + length, PAGE_SIZE);
	int err;

	if (address % PAGE_SIZE || !user_range_ok(address, length))
		return -EINVAL;
	mutex_lock(&s->lock);
	err = discard_locked(s, address, end);
	if (!err && length && !space_covers(s, address, end))
		err = -ENOMEM;
	mutex_unlock(&s->lock);
	return err;
}
