// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory: mlock(2), mlock2, mlockall and their opposites. Nothing is ever taken out to a disk, so to lock is to fill, to count against
 * RLIMIT_MEMLOCK and to be refused by msync(MS_INVALIDATE) and madvise(MADV_DONTNEED). What is locked is counted by looking at the areas. A
 * driver's memory is all there anyway: it is neither marked nor counted. Areas are guarded by their space's lock.
 */
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "space_internal.h"

struct range {
	vaddr_t start, end;
};

bool space_any_locked(struct space *s, vaddr_t start, vaddr_t end)
{
	bool any;

	mutex_lock(&s->lock);
	any = space_bytes(s, start & PAGE_MASK, end, VM_LOCKED);
	mutex_unlock(&s->lock);
	return any;
}

/* RLIMIT_MEMLOCK is no limit for the privileged. */
static uint64_t lock_limit(void)
{
	return privileged(LINUX_CAP_IPC_LOCK) ? UINT64_MAX : current_process->rlimits[LINUX_RLIMIT_MEMLOCK].cur;
}

int space_lock_check(const struct space *s, uint64_t length)
{
	uint64_t limit = space_is_current(s) ? lock_limit() : UINT64_MAX, locked;

	if (limit == UINT64_MAX)
		return 0;
	locked = space_bytes(s, 0, USER_END, VM_LOCKED);
	if (!limit)
		return -EPERM;
	return locked > limit || length > limit - locked ? -ENOMEM : 0;
}

uint32_t space_lock_flags(const struct space *s, uint32_t map_flags)
{
	if (s->resident || !(map_flags & LINUX_MAP_LOCKED || s->lock_future & LINUX_MCL_FUTURE))
		return 0;
	return s->lock_future & LINUX_MCL_ONFAULT ? VM_LOCK_FLAGS : VM_LOCKED;
}

int space_lock_fill(struct space *s, vaddr_t start, vaddr_t end)
{
	const struct vma *vma;
	int err = 0, first = 0;

	for (; start < end && (vma = vma_after(s, start)) && vma->start < end; start = vma->end) {
		uint32_t access = vma->flags & VM_WRITE ? VM_WRITE : VM_READ;

		if (vma_is_object(vma) || vma->flags & VM_LOCK_ONFAULT)
			continue;
		err = vma->flags & access ? space_populate_locked(s, MAX(start, vma->start), MIN(end, vma->end), access) : -EACCES;
		first = first ? first : err;
		vma = vma_after(s, start);	/* again, for the lock may have been let go */
		if (!vma)
			break;
	}
	return first;
}

/* Mark the areas of a range, which has no hole, with @flags of VM_LOCK_FLAGS. */
static int mark(struct space *s, const struct range *r, uint32_t flags, struct list *dead)
{
	vaddr_t at = r->start;
	struct vma *vma;
	int err;

	if (r->end < r->start)
		return -EINVAL;
	err = space_covers(s, r->start, r->end) ? vma_split_range(s, r->start, r->end) : -ENOMEM;
	for (vma = err ? NULL : vma_after(s, at); vma && vma->start < r->end; vma = vma_after(s, at)) {
		at = vma->end;
		if (vma_is_object(vma))
			continue;
		vma->flags = (vma->flags & ~VM_LOCK_FLAGS) | flags;
		vma_merge(s, vma, dead);
	}
	return err;
}

static void mark_all(struct space *s, uint32_t flags)
{
	struct vma *vma;

	list_for_each(vma, &s->areas, link)
		if (!vma_is_object(vma))
			vma->flags = (vma->flags & ~VM_LOCK_FLAGS) | flags;
}

/* Whole pages; one that goes round the end has its end before its start. */
static struct range range_of(uint64_t address, uint64_t length)
{
	vaddr_t start = address & PAGE_MASK;

	return (struct range){ start, start + ALIGN_UP(length + address % PAGE_SIZE, PAGE_SIZE) };
}

/* What is wrong with the range is told after the limit, as on Linux. */
static int lock_locked(struct space *s, const struct range *r, bool fill, struct list *dead)
{
	uint64_t held = r->end > r->start ? space_bytes(s, r->start, r->end, VM_LOCKED) : 0;
	int err = space_lock_check(s, r->end - r->start - held);

	if (err || r->start == r->end)
		return err;
	err = mark(s, r, fill ? VM_LOCKED : VM_LOCK_FLAGS, dead);
	if (err || !fill)
		return err;
	err = space_lock_fill(s, r->start, r->end);
	return !err ? 0 : err == -ENOMEM ? -EAGAIN : -ENOMEM;
}

static int64_t lock(uint64_t address, uint64_t length, bool fill)
{
	struct space *s = current_process->space;
	struct list dead = LIST_INIT(dead);
	struct range r = range_of(address, length);
	int err;

	if (!lock_limit())
		return -EPERM;
	if (s->resident)
		return 0;
	mutex_lock(&s->lock);
	err = lock_locked(s, &r, fill, &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

SYSCALL_FLAGS(NR_mlock, mlock, SYSCALL_DRIVER)
{
	return lock(args->a[0], args->a[1], true);
}

SYSCALL(NR_mlock2, mlock2)
{
	if ((int)args->a[2] & ~LINUX_MLOCK_ONFAULT)
		return -EINVAL;
	return lock(args->a[0], args->a[1], !(int)args->a[2]);
}

SYSCALL(NR_munlock, munlock)
{
	struct space *s = current_process->space;
	struct list dead = LIST_INIT(dead);
	struct range r = range_of(args->a[0], args->a[1]);
	int err;

	if (r.start == r.end)
		return 0;
	mutex_lock(&s->lock);
	err = mark(s, &r, 0, &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

static int lock_all(struct space *s, uint32_t flags)
{
	uint64_t limit = lock_limit();

	if (!limit)
		return -EPERM;
	if (flags & LINUX_MCL_CURRENT && space_bytes(s, 0, USER_END, 0) > limit)
		return -ENOMEM;
	s->lock_future = flags & LINUX_MCL_FUTURE ? flags : 0;
	if (!(flags & LINUX_MCL_CURRENT))
		return 0;
	mark_all(s, flags & LINUX_MCL_ONFAULT ? VM_LOCK_FLAGS : VM_LOCKED);
	if (!(flags & LINUX_MCL_ONFAULT))
		(void)space_lock_fill(s, 0, USER_END);
	return 0;
}

SYSCALL_FLAGS(NR_mlockall, mlockall, SYSCALL_DRIVER)
{
	uint32_t all = LINUX_MCL_CURRENT | LINUX_MCL_FUTURE | LINUX_MCL_ONFAULT, flags = args->a[0];
	struct space *s = current_process->space;
	int err;

	if (!flags || flags & ~all || flags == LINUX_MCL_ONFAULT)
		return -EINVAL;
	if (s->resident)
		return 0;
	mutex_lock(&s->lock);
	err = lock_all(s, flags);
	mutex_unlock(&s->lock);
	return err;
}

SYSCALL(NR_munlockall, munlockall)
{
	struct space *s = current_process->space;

	mutex_lock(&s->lock);
	s->lock_future = 0;
	mark_all(s, 0);
	mutex_unlock(&s->lock);
	return 0;
}
