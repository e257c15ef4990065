// SPDX-License-Identifier: GPL-2.0
/* The system calls of memory; those that lock it are in mlock.c. */
#include <asm/paging.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "space_internal.h"

#define PROT_ALL	(LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC)
#define MINCORE_STEP	64u
#define MAP_HUGE_SIZES	(31 << 26)	/* with LINUX_MAP_HUGETLB, the power of two */
#define MAP_KNOWN	(LINUX_MAP_TYPE | LINUX_MAP_FIXED | LINUX_MAP_ANONYMOUS | LINUX_MAP_32BIT | LINUX_MAP_GROWSDOWN | LINUX_MAP_DENYWRITE |	\
			 LINUX_MAP_EXECUTABLE | LINUX_MAP_LOCKED | LINUX_MAP_NORESERVE | LINUX_MAP_POPULATE | LINUX_MAP_NONBLOCK |		\
			 LINUX_MAP_STACK | LINUX_MAP_HUGETLB | MAP_HUGE_SIZES)

static uint32_t rights_of(uint64_t prot)
{
	return (prot & LINUX_PROT_READ ? VM_READ : 0) | (prot & LINUX_PROT_WRITE ? VM_WRITE : 0) | (prot & LINUX_PROT_EXEC ? VM_EXEC : 0);
}

/* What can be read can be executed for a program that asked for that (personality(2)), unless its file may not be. */
static uint64_t prot_implied(uint64_t prot, const struct file *f)
{
	bool implied = prot & LINUX_PROT_READ && current_process->personality & LINUX_READ_IMPLIES_EXEC;

	return implied && !current_process->space->resident && !(f && file_forbids_exec(f)) ? prot | LINUX_PROT_EXEC : prot;
}

/* VM_* of a mapping type; -EINVAL. Only private memory without a file grows. */
static int type_flags(uint64_t map_flags, uint32_t *vm_flags)
{
	uint64_t type = map_flags & LINUX_MAP_TYPE;

	if (type != LINUX_MAP_PRIVATE && type != LINUX_MAP_SHARED && type != LINUX_MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type != LINUX_MAP_PRIVATE)
		*vm_flags |= VM_SHARED;
	if (map_flags & LINUX_MAP_GROWSDOWN)
		*vm_flags |= VM_STACK;
	return *vm_flags & VM_STACK && (*vm_flags & VM_SHARED || !(map_flags & LINUX_MAP_ANONYMOUS)) ? -EINVAL : 0;
}

/* May @f be mapped so? MAP_SHARED_VALIDATE refuses flags that it does not know, and MAP_SYNC, which needs a file of persistent memory. */
static int file_check(const struct file *f, uint32_t vm_flags, uint64_t map_flags)
{
	uint32_t mode = f->flags & LINUX_O_ACCMODE;

	if ((map_flags & LINUX_MAP_TYPE) == LINUX_MAP_SHARED_VALIDATE && map_flags & ~(uint64_t)MAP_KNOWN)
		return -EOPNOTSUPP;

	if (f->flags & LINUX_O_PATH)
		return -EBADF;
	if (mode == LINUX_O_WRONLY)
		return -EACCES;
	if ((vm_flags & VM_SHARED) && (vm_flags & VM_WRITE) && mode != LINUX_O_RDWR)
		return -EACCES;
	/* Not even to be read: mprotect() could change that. */
	if ((vm_flags & VM_SHARED) && mode == LINUX_O_RDWR && f->inode && inode_only_grows(f->inode))
		return -EACCES;
	if ((vm_flags & VM_SHARED) && (vm_flags & VM_WRITE) && f->inode && inode_write_sealed(f->inode))
		return -EPERM;
	return (vm_flags & VM_EXEC) && file_forbids_exec(f) ? -EPERM : 0;
}

/* What Linux looks at after the file and before its rights. */
static int map_check(const uint64_t *a, uint32_t *vm_flags)
{
	int err = !a[1] ? -EINVAL : a[1] > USER_END ? -ENOMEM : type_flags(a[3], vm_flags);

	if (!err && a[3] & LINUX_MAP_HUGETLB && a[3] & LINUX_MAP_ANONYMOUS)
		err = -ENOMEM;	/* the pool is empty */
	if (!err && (*vm_flags & VM_EXEC) && current_process->space->resident)
		err = -EACCES;	/* a driver runs what was loaded, nothing else */
	return err;
}

static int64_t map_file(const uint64_t *a)
{
	struct file *f = fd_get(current_process->files, (int)a[4]);
	uint32_t vm_flags;
	int64_t at;

	if (!f)
		return -EBADF;
	vm_flags = rights_of(prot_implied(a[2], f));
	at = map_check(a, &vm_flags);
	if (!at)
		at = file_check(f, vm_flags, a[3]);
	if (!at)
		at = space_map(current_process->space, a[0], a[1], vm_flags, (uint32_t)a[3], f, a[5]);
	if (at >= 0)
		file_accessed(f);
	file_put(f);
	return at;
}

/* mmap(address, length, prot, flags, fd, offset) */
SYSCALL_FLAGS(NR_mmap, mmap, SYSCALL_DRIVER)
{
	const uint64_t *a = args->a;
	uint32_t vm_flags;
	int err;

	if (a[5] % PAGE_SIZE)
		return -EINVAL;
	if (!(a[3] & LINUX_MAP_ANONYMOUS))
		return map_file(a);
	vm_flags = rights_of(prot_implied(a[2], NULL));
	err = map_check(a, &vm_flags);
	return err ? err : space_map(current_process->space, a[0], a[1], vm_flags, (uint32_t)a[3], NULL, 0);
}

SYSCALL_FLAGS(NR_munmap, munmap, SYSCALL_DRIVER)
{
	return space_unmap(current_process->space, args->a[0], args->a[1]);
}

/* PROT_GROWSDOWN: from the start of the stack that lies at @start. Upwards nothing grows here. */
static int protect_from(struct space *s, uint64_t grows, vaddr_t *start, vaddr_t end)
{
	const struct vma *vma;
	int err = -EINVAL;

	mutex_lock(&s->lock);
	vma = vma_after(s, *start);
	if (!vma || vma->start >= end)
		err = -ENOMEM;
	else if (grows & LINUX_PROT_GROWSDOWN && vma->flags & VM_STACK)
		err = 0;
	if (!err)
		*start = vma->start;
	mutex_unlock(&s->lock);
	return err;
}

static int64_t protect(const uint64_t *a)
{
	uint64_t grows = a[2] & (LINUX_PROT_GROWSDOWN | LINUX_PROT_GROWSUP), start = a[0], end = ALIGN_UP(a[0] + a[1], PAGE_SIZE);
	int err = 0;

	if (grows == (LINUX_PROT_GROWSDOWN | LINUX_PROT_GROWSUP) || a[0] % PAGE_SIZE)
		return -EINVAL;
	if (!a[1])
		return 0;
	if (end <= start)
		return -ENOMEM;
	if (a[2] & ~(PROT_ALL | LINUX_PROT_SEM | grows))
		return -EINVAL;
	if (grows)
		err = protect_from(current_process->space, grows, &start, end);
	return err ? err : space_protect(current_process->space, start, end - start, rights_of(a[2]));
}

SYSCALL_FLAGS(NR_mprotect, mprotect, SYSCALL_DRIVER)
{
	return protect(args->a);
}

SYSCALL_FLAGS(NR_brk, brk, SYSCALL_DRIVER)
{
	return space_brk(current_process->space, args->a[0]);
}

/* mremap(old, old_length, new_length, flags, new_address) */
SYSCALL_FLAGS(NR_mremap, mremap, SYSCALL_DRIVER)
{
	return space_remap(current_process->space, args->a[0], args->a[1], args->a[2], (uint32_t)args->a[3], args->a[4]);
}

/* The file of the shared area at @at, counted, when it goes on to @end; what the program may do there. NULL: no such area. */
static struct file *shared_file(struct space *s, vaddr_t at, vaddr_t end, uint32_t *vm_flags)
{
	struct file *f = NULL;
	const struct vma *vma;

	mutex_lock(&s->lock);
	for (vma = space_find(s, at); vma && (vma->flags & VM_SHARED) && vma->file && (!f || f == vma->file); vma = space_find(s, at)) {
		f = vma->file;
		*vm_flags = vma->flags & (VM_READ | VM_WRITE | VM_EXEC | VM_SHARED);
		at = vma->end;
		if (at >= end)
			break;
	}
	if (at < end)
		f = NULL;
	if (f)
		file_get(f);
	mutex_unlock(&s->lock);
	return f;
}

/* remap_file_pages(address, length, 0, page, flags): another part of the file that is mapped there, by an area of its own, as Linux does it now. */
SYSCALL(NR_remap_file_pages, remap_file_pages)
{
	uint64_t start = args->a[0] & PAGE_MASK, length = args->a[1] & PAGE_MASK, page = args->a[3];
	uint32_t vm_flags = 0;
	struct file *f;
	int64_t at;

	if (args->a[2] || start + length <= start || !user_range_ok(start, length) || page + (length >> PAGE_SHIFT) < page)
		return -EINVAL;
	f = shared_file(current_process->space, start, start + length, &vm_flags);
	if (!f)
		return -EINVAL;
	at = page > UINT64_MAX >> PAGE_SHIFT ? -EOVERFLOW :
	     space_map(current_process->space, start, length, vm_flags, LINUX_MAP_FIXED | LINUX_MAP_SHARED, f, page << PAGE_SHIFT);
	file_put(f);
	return at < 0 ? at : 0;
}

/* ---- Protection keys: the processor is run without them, and programs are told what Linux tells on one that has none ---- */

SYSCALL(NR_pkey_alloc, pkey_alloc)
{
	return -EINVAL;
}

SYSCALL(NR_pkey_free, pkey_free)
{
	return -EINVAL;
}

/* pkey_mprotect(address, length, prot, key): the one key there is, "none", makes it mprotect(2). */
SYSCALL(NR_pkey_mprotect, pkey_mprotect)
{
	if ((int)args->a[3] == -1 || !args->a[1] || args->a[0] % PAGE_SIZE)
		return protect(args->a);
	return ALIGN_UP(args->a[0] + args->a[1], PAGE_SIZE) <= args->a[0] ? -ENOMEM : -EINVAL;
}

/* One byte for each page of a step; -ENOMEM where nothing is mapped. */
static int residency(struct space *s, vaddr_t v, unsigned int nr, uint8_t *bytes)
{
	int err = 0;

	mutex_lock(&s->lock);
	for (unsigned int i = 0; i < nr && !err; i++, v += PAGE_SIZE) {
		bytes[i] = pt_query(s->root, v, NULL, NULL);
		if (!bytes[i] && !space_find(s, v))
			err = -ENOMEM;
	}
	mutex_unlock(&s->lock);
	return err;
}

/* mincore(address, length, vector) */
SYSCALL(NR_mincore, mincore)
{
	uint64_t v = args->a[0], nr = (args->a[1] + PAGE_SIZE - 1) >> PAGE_SHIFT, to = args->a[2];
	uint8_t bytes[MINCORE_STEP];

	if (v % PAGE_SIZE)
		return -EINVAL;
	if (!user_range_ok(v, args->a[1]))
		return -ENOMEM;
	if (!user_range_ok(to, nr))
		return -EFAULT;
	while (nr) {
		unsigned int step = MIN(nr, (uint64_t)MINCORE_STEP);
		int err = residency(current_process->space, v, step, bytes);

		if (!err)
			err = copy_to_user(to, bytes, step);
		if (err)
			return err;
		v += step * PAGE_SIZE;
		to += step;
		nr -= step;
	}
	return 0;
}

/* Write back what the area at *@at shows of a disk, and step behind the area. -ENOMEM: there is none. */
static int sync_area(struct space *s, vaddr_t *at, vaddr_t end)
{
	struct mapping *m = NULL;
	uint64_t first = 0, last = 0;
	struct file *f = NULL;
	const struct vma *vma;
	int err = 0;

	mutex_lock(&s->lock);
	vma = space_find(s, *at);
	if (vma && vma_is_tracked(vma)) {
		f = vma->file;
		m = vma->mapping;
		file_get(f);
		first = vma_file_index(vma, *at);
		last = vma_file_index(vma, MIN(end, vma->end) - 1);
	}
	*at = vma ? vma->end : end;
	mutex_unlock(&s->lock);
	if (m)
		err = m->ops->sync(m, first, last);
	if (f)
		file_put(f);
	return vma ? err : -ENOMEM;
}

/* Pages of files in memory are the file's own: there is nothing to write them back to. */
SYSCALL(NR_msync, msync)
{
	vaddr_t v = args->a[0], end = ALIGN_UP(args->a[0] + args->a[1], PAGE_SIZE);
	uint32_t flags = args->a[2];
	int err;

	if (args->a[0] % PAGE_SIZE || flags & ~(uint32_t)(LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC) ||
	    (flags & LINUX_MS_ASYNC && flags & LINUX_MS_SYNC))
		return -EINVAL;
	err = space_check_mapped(current_process->space, args->a[0], args->a[1]);
	if (flags & LINUX_MS_INVALIDATE && space_any_locked(current_process->space, v, end))
		return -EBUSY;
	while (!err && flags & LINUX_MS_SYNC && v < end)
		err = sync_area(current_process->space, &v, end);
	return err;
}
