// SPDX-License-Identifier: GPL-2.0
/*
 * Where a program wants its memory among the nodes: of a thread (set_mempolicy), of an area (mbind), of single pages (move_pages). mm/frame.c
 * follows. Pages of files in memory follow the thread alone, and are never moved. Left out: MPOL_F_RELATIVE_NODES, balancing, migrate_pages.
 * Areas are guarded by their space's lock.
 */
#include <asm/paging.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <mm/node.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "space_internal.h"

#define MOVE_FLAGS	(LINUX_MPOL_MF_MOVE | LINUX_MPOL_MF_MOVE_ALL)

static int mask_get(uint64_t address, uint64_t bits, uint64_t *mask)
{
	*mask = 0;
	if (!address || bits <= 1)
		return 0;
	if (bits - 1 > PAGE_SIZE * 8)
		return -EINVAL;
	if (copy_from_user(mask, address, sizeof(*mask)))
		return -EFAULT;
	if (bits - 1 < 64)
		*mask &= (1ull << (bits - 1)) - 1;	/* Linux counts one bit too many */
	return *mask >> nr_nodes ? -EINVAL : 0;
}

static int policy_make(uint64_t mode, uint64_t mask, struct mem_policy *p)
{
	bool placeless = mode == LINUX_MPOL_DEFAULT || mode == LINUX_MPOL_LOCAL;

	if (placeless ? mask != 0 : !mask && mode != LINUX_MPOL_PREFERRED)
		return -EINVAL;
	if (mode == LINUX_MPOL_PREFERRED && mask)
		mask &= -mask;
	else if (mode == LINUX_MPOL_PREFERRED)
		mode = LINUX_MPOL_LOCAL;
	*p = (struct mem_policy){ .mode = (uint8_t)mode, .nodes = (uint8_t)mask };
	return 0;
}

/* Mode and mask of a call, still unchecked against each other. */
static int policy_read(uint64_t *mode, uint64_t address, uint64_t bits, uint64_t *mask)
{
	*mode &= ~(uint64_t)LINUX_MPOL_F_STATIC_NODES;	/* no node comes or goes: that is so anyway */
	return *mode > LINUX_MPOL_PREFERRED_MANY ? -EINVAL : mask_get(address, bits, mask);
}

/* set_mempolicy(mode, mask, bits) */
SYSCALL(NR_set_mempolicy, set_mempolicy)
{
	uint64_t mode = (uint32_t)args->a[0], mask;
	int err = policy_read(&mode, args->a[1], args->a[2], &mask);

	return err ? err : policy_make(mode, mask, &current->mem_policy);
}

/* The policy of the area at @v, and with @node the node of the page there, which comes in for it. */
static int policy_at(vaddr_t v, struct mem_policy *p, int *node)
{
	struct space *s = current_process->space;
	const struct vma *vma;
	paddr_t frame;
	int err = 0;

	mutex_lock(&s->lock);
	vma = space_find(s, v);
	if (!vma)
		err = -EFAULT;
	else
		*p = vma->policy;
	if (!err && node) {
		err = space_fault_wait(s, v & PAGE_MASK, VM_READ) || !pt_query(s->root, v & PAGE_MASK, &frame, NULL) ? -EFAULT : 0;
		*node = err || !page_of(frame) ? 0 : (int)page_node(page_of(frame));
	}
	mutex_unlock(&s->lock);
	return err;
}

/* What get_mempolicy() tells: a mode, or a node, and a mask. */
static int policy_query(uint64_t address, uint64_t flags, int *what, uint64_t *mask)
{
	struct mem_policy p = current->mem_policy;
	int err = 0;

	if (flags == LINUX_MPOL_F_MEMS_ALLOWED) {
		*mask = (1ull << nr_nodes) - 1;
		return 0;
	}
	if (flags & ~(uint64_t)(LINUX_MPOL_F_NODE | LINUX_MPOL_F_ADDR) || (!(flags & LINUX_MPOL_F_ADDR) && address))
		return -EINVAL;
	if (flags == LINUX_MPOL_F_NODE && p.mode != LINUX_MPOL_INTERLEAVE)
		return -EINVAL;
	if (flags & LINUX_MPOL_F_ADDR)
		err = policy_at(address, &p, flags & LINUX_MPOL_F_NODE ? what : NULL);
	else if (flags)
		*what = p.next;
	if (!(flags & LINUX_MPOL_F_NODE))
		*what = p.mode;
	*mask = p.nodes;
	return err;
}

/* get_mempolicy(mode, mask, bits, address, flags) */
SYSCALL(NR_get_mempolicy, get_mempolicy)
{
	uint64_t mask = 0;
	int what = 0, err = policy_query(args->a[3], args->a[4], &what, &mask);

	if (err)
		return err;
	if (args->a[1] && args->a[2] < nr_nodes)
		return -EINVAL;
	if (args->a[0] && put_user32(args->a[0], (uint32_t)what))
		return -EFAULT;
	return args->a[1] ? copy_to_user(args->a[1], &mask, sizeof(mask)) : 0;
}

/* Can the page be given another frame: the area's own, seen by nobody else, known to no device? */
static bool is_movable(const struct vma *vma, const struct page *page)
{
	return page && page != zero_page && !(vma->flags & (VM_SHARED | VM_RESIDENT)) && !vma_is_object(vma) && page->use == PAGE_ANON &&
	       READ_ONCE(page->mapcount) == 1 && !READ_ONCE(page->pins);
}

/* Pages that are elsewhere: move them, or say -EIO with @strict. */
static int area_settle(struct space *s, struct vma *vma, vaddr_t start, vaddr_t end, uint64_t flags)
{
	uint32_t prot;
	paddr_t p;
	int err = 0;

	if (!vma->policy.nodes || vma_is_object(vma))
		return 0;
	for (vaddr_t v = start; !err && pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE) {
		struct page *page = page_of(p);
		bool stays = !page || page == zero_page || vma->policy.nodes >> page_node(page) & 1;

		if (!stays && flags & MOVE_FLAGS && is_movable(vma, page))
			stays = !space_renew_page_locked(s, vma, v, page);
		err = !stays && flags & LINUX_MPOL_MF_STRICT ? -EIO : 0;
	}
	current->mem_policy.failed = false;	/* no room to move to is no reason to end the program */
	return err;
}

static int bind_locked(struct space *s, vaddr_t start, vaddr_t end, const struct mem_policy *p, uint64_t flags, struct list *dead)
{
	int err = space_covers(s, start, end) ? vma_split_range(s, start, end) : -EFAULT, settled = 0;
	struct vma *vma;

	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		int at;

		vma->policy = *p;
		at = area_settle(s, vma, vma->start, vma->end, flags);
		settled = settled ? settled : at;
		start = vma->end;
		vma_merge(s, vma, dead);
	}
	return err ? err : settled;
}

/* mbind(address, length, mode, mask, bits, flags) */
SYSCALL(NR_mbind, mbind)
{
	vaddr_t start = args->a[0], end = ALIGN_UP(start + args->a[1], PAGE_SIZE);
	struct space *s = current_process->space;
	struct list dead = LIST_INIT(dead);
	uint64_t mode = (uint32_t)args->a[2], mask;
	uint32_t flags = (uint32_t)args->a[5];
	struct mem_policy p;
	int err = policy_read(&mode, args->a[3], args->a[4], &mask);

	if (err)
		return err;
	if (flags & ~(LINUX_MPOL_MF_STRICT | MOVE_FLAGS))
		return -EINVAL;
	if (flags & LINUX_MPOL_MF_MOVE_ALL && !privileged(LINUX_CAP_SYS_NICE))
		return -EPERM;
	if (start % PAGE_SIZE || end < start)
		return -EINVAL;
	if (start == end)
		return 0;
	err = policy_make(mode, mask, &p);
	if (err)
		return err;
	if (!user_range_ok(start, end - start))
		return -EFAULT;
	mutex_lock(&s->lock);
	err = bind_locked(s, start, end, &p, flags, &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

/* @node < 0: only tell. The node of the page at @v, or -errno as move_pages() tells it. */
static int page_move(struct space *s, vaddr_t v, int node)
{
	struct vma *vma = space_find(s, v);
	struct mem_policy own;
	struct page *page;
	paddr_t p;
	int err;

	if (!vma || vma_is_object(vma))
		return -EFAULT;
	if (!pt_query(s->root, v, &p, NULL))
		return -ENOENT;
	page = page_of(p);
	if (page == zero_page)
		return node < 0 ? -EFAULT : -ENOENT;
	if (node < 0 || (unsigned int)node == page_node(page))
		return (int)page_node(page);
	if (!is_movable(vma, page))
		return READ_ONCE(page->mapcount) > 1 ? -EACCES : -EBUSY;
	own = vma->policy;
	vma->policy = (struct mem_policy){ .mode = LINUX_MPOL_BIND, .nodes = (uint8_t)(1u << node) };
	err = space_renew_page_locked(s, vma, v, page);
	vma->policy = own;
	current->mem_policy.failed = false;
	return err ? err : node;
}

/* @a: pid, count, pages, nodes, status, flags. */
static int64_t move_each(struct space *s, const uint64_t *a)
{
	for (uint64_t i = 0; i < a[1] && !current->exiting; i++) {
		uint32_t wanted = UINT32_MAX;
		uint64_t v;
		int status;

		if (get_user64(&v, a[2] + i * sizeof(v)) || (a[3] && get_user32(&wanted, a[3] + i * sizeof(wanted))))
			return -EFAULT;
		if (a[3] && wanted >= nr_nodes)
			return -ENODEV;
		mutex_lock(&s->lock);
		status = page_move(s, v & PAGE_MASK, (int)wanted);
		mutex_unlock(&s->lock);
		if (put_user32(a[4] + i * sizeof(uint32_t), (uint32_t)status))
			return -EFAULT;
	}
	return 0;
}

/* move_pages(pid, count, pages, nodes, status, flags) */
SYSCALL(NR_move_pages, move_pages)
{
	const uint64_t *a = args->a;
	struct process *p;
	struct space *s;
	int64_t err;

	if ((uint32_t)a[5] & ~MOVE_FLAGS)
		return -EINVAL;
	if (a[5] & LINUX_MPOL_MF_MOVE_ALL && !privileged(LINUX_CAP_SYS_NICE))
		return -EPERM;
	p = process_find((pid_t)a[0] ? (pid_t)a[0] : current_process->pid);
	if (!p)
		return -ESRCH;
	err = p == current_process ? 0 : ptrace_may_access(p);
	s = err ? NULL : process_space_get(p);
	process_put(p);
	if (err || !s)
		return err ? err : -EINVAL;
	err = move_each(s, a);
	space_put(s);
	return err;
}
