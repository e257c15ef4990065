// SPDX-License-Identifier: GPL-2.0
/*
 * madvise(2), which errors follow Linux 6.1's. Left out: huge pages, merging of equal pages and reading ahead, whose advice is taken and changes
 * nothing, and broken memory (MADV_HWPOISON), of which nobody can tell.
 */
#include <fs/file.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include "userfault_internal.h"

#define PUNCH	(LINUX_FALLOC_FL_PUNCH_HOLE | LINUX_FALLOC_FL_KEEP_SIZE)

int64_t space_check_mapped(struct space *s, uint64_t address, uint64_t length)
{
	vaddr_t v = address & PAGE_MASK, end = v + ALIGN_UP(length + address % PAGE_SIZE, PAGE_SIZE);
	bool covered;

	if (end <= v)
		return end < v ? -EINVAL : 0;
	if (!user_range_ok(v, end - v))
		return -ENOMEM;
	mutex_lock(&s->lock);
	covered = space_covers(s, v, end);
	mutex_unlock(&s->lock);
	return covered ? 0 : -ENOMEM;
}

/* Only an area's own memory can be freed, for nothing else has its content. */
static bool freeable(struct space *s, vaddr_t start, vaddr_t end)
{
	const struct vma *vma;
	bool ok = true;

	mutex_lock(&s->lock);
	for (vma = vma_after(s, start); vma && vma->start < end; vma = vma_next(s, vma))
		ok &= !vma->file && !(vma->flags & VM_SHARED) && !vma_is_object(vma);
	mutex_unlock(&s->lock);
	return ok;
}

/* The file of the area at @at, counted, and the part of it that is seen up to @end; @at goes behind it. It is as if the program wrote there. */
static struct file *hole_place(struct space *s, vaddr_t *at, vaddr_t end, uint64_t *offset, uint64_t *length)
{
	const struct vma *vma;
	struct file *f;

	mutex_lock(&s->lock);
	vma = space_find(s, *at);
	if (!vma) {
		f = ERR_PTR(-ENOMEM);
	} else if (vma->flags & VM_LOCKED || !vma->file || vma_is_object(vma) || !vma->file->ops->fallocate) {
		f = ERR_PTR(-EINVAL);
	} else if (!(vma->flags & VM_SHARED) || (vma->file->flags & LINUX_O_ACCMODE) != LINUX_O_RDWR) {
		f = ERR_PTR(-EACCES);
	} else {
		f = vma->file;
		file_get(f);
		*offset = vma->offset + (*at - vma->start);
		*length = MIN(end, vma->end) - *at;
		*at += *length;
	}
	mutex_unlock(&s->lock);
	return f;
}

/* Holes in the files of shared areas. */
static int64_t remove_pages(struct space *s, vaddr_t start, vaddr_t end)
{
	uint64_t offset = 0, length = 0;
	struct file *f;
	int err = 0;

	for (vaddr_t at = start; at < end && !err;) {
		f = hole_place(s, &at, end, &offset, &length);
		if (IS_ERR(f))
			return PTR_ERR(f);
		if (unlikely(READ_ONCE(s->userfaults)))
			userfault_removing(s, at - length, at);
		err = f->ops->fallocate(f, PUNCH, offset, length);
		file_put(f);
	}
	return err;
}

/* Are there areas without this right? */
static bool any_without(struct space *s, vaddr_t start, vaddr_t end, uint32_t access)
{
	const struct vma *vma;
	bool any = false;

	mutex_lock(&s->lock);
	for (vma = vma_after(s, start); vma && vma->start < end; vma = vma_next(s, vma))
		any |= !(vma->flags & access);
	mutex_unlock(&s->lock);
	return any;
}

static int64_t populate(struct space *s, uint64_t address, uint64_t length, uint32_t access)
{
	int err = any_without(s, address, ALIGN_UP(address + length, PAGE_SIZE), access) ? -EACCES : space_populate(s, address, length, access);

	return err == -EFAULT ? -ENOMEM : err == -EACCES ? -EINVAL : err == -EIO ? -EFAULT : err;
}

static bool advice_known(int advice)
{
	return (advice >= LINUX_MADV_NORMAL && advice <= LINUX_MADV_DONTNEED) || (advice >= LINUX_MADV_FREE && advice <= LINUX_MADV_DONTNEED_LOCKED);
}

/* Who watches the range is told first. */
static int64_t discard(struct space *s, uint64_t address, uint64_t length)
{
	if (unlikely(READ_ONCE(s->userfaults)))
		userfault_removing(s, address, ALIGN_UP(address + length, PAGE_SIZE));
	return space_discard(s, address, length);
}

int64_t space_advise(struct space *s, uint64_t address, uint64_t length, int advice)
{
	vaddr_t end = ALIGN_UP(address + length, PAGE_SIZE);

	switch (advice) {
	case LINUX_MADV_DONTNEED:
		return space_any_locked(s, address, end) ? -EINVAL : discard(s, address, length);
	case LINUX_MADV_DONTNEED_LOCKED:
		return discard(s, address, length);
	case LINUX_MADV_FREE:
		return !freeable(s, address, end) || space_any_locked(s, address, end) ? -EINVAL : discard(s, address, length);
	case LINUX_MADV_REMOVE:
		return remove_pages(s, address, end);
	case LINUX_MADV_POPULATE_READ:
		return populate(s, address, length, VM_READ);
	case LINUX_MADV_POPULATE_WRITE:
		return populate(s, address, length, VM_WRITE);
	case LINUX_MADV_DONTFORK:
	case LINUX_MADV_DOFORK:
		return space_mark(s, address, length, VM_DONT_FORK, advice == LINUX_MADV_DONTFORK);
	case LINUX_MADV_WIPEONFORK:
	case LINUX_MADV_KEEPONFORK:
		return space_mark(s, address, length, VM_WIPE_ON_FORK, advice == LINUX_MADV_WIPEONFORK);
	case LINUX_MADV_DONTDUMP:
	case LINUX_MADV_DODUMP:
		return space_mark(s, address, length, VM_DONT_DUMP, advice == LINUX_MADV_DONTDUMP);
	case LINUX_MADV_COLD:
	case LINUX_MADV_PAGEOUT:
		return space_any_locked(s, address, end) ? -EINVAL : space_check_mapped(s, address, length);
	default:
		return advice_known(advice) ? space_check_mapped(s, address, length) : -EINVAL;
	}
}

SYSCALL_FLAGS(NR_madvise, madvise, SYSCALL_DRIVER)
{
	if (!advice_known((int)args->a[2]) || args->a[0] % PAGE_SIZE || !user_range_ok(args->a[0], args->a[1]))
		return -EINVAL;
	return args->a[1] ? space_advise(current_process->space, args->a[0], args->a[1], (int)args->a[2]) : 0;
}
