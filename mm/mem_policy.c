// SPDX-License-Identifier: GPL-2.0
/*
 * Where a program wants its memory among the nodes: of a thread (set_mempolicy), of an area (mbind), of single pages (move_pages). mm/frame.c
 * follows. Pages of files in memory follow the thread alone, and are never moved (mm/migrate.c moves the others). Left out: balancing.
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
#define MODE_FLAGS	((uint32_t)LINUX_MPOL_F_STATIC_NODES | LINUX_MPOL_F_RELATIVE_NODES)

int node_mask_get(uint64_t address, uint64_t bits, uint64_t *mask)
{
	*mask = 0;
	if (!address || bits == 1)
		return 0;
	if (bits - 1 > PAGE_SIZE * 8)
		return -EINVAL;		/* 0 too, as on Linux */
	if (copy_from_user(mask, address, sizeof(*mask)))
		return -EFAULT;
	if (bits - 1 < 64)
		*mask &= (1ull << (bits - 1)) - 1;	/* Linux counts one bit too many */
	return 0;
}

/* Nodes that are not there count for nothing; relative ones are counted round and round over those that are. */
static uint64_t nodes_of(uint64_t mask, uint32_t flags)
{
	uint64_t nodes = 0;

	if (!(flags & LINUX_MPOL_F_RELATIVE_NODES))
		return mask & ((1ull << nr_nodes) - 1);
	for (unsigned int i = 0; i < 64; i++)
		nodes |= (mask >> i & 1) << i % nr_nodes;
	return nodes;
}

static int policy_make(uint64_t mode, uint64_t mask, struct mem_policy *p)
{
	uint32_t flags = (uint32_t)mode & MODE_FLAGS;
	uint64_t nodes = nodes_of(mask, flags);

	mode &= ~(uint64_t)MODE_FLAGS;
	if (mode == LINUX_MPOL_DEFAULT)
		flags = 0;
	if (mode == LINUX_MPOL_DEFAULT || mode == LINUX_MPOL_LOCAL ? mask || flags : !mask && (mode != LINUX_MPOL_PREFERRED || flags))
		return -EINVAL;
	if (mask && !nodes)
		return -EINVAL;
	if (mode == LINUX_MPOL_PREFERRED && nodes)
		nodes &= -nodes;
	else if (mode == LINUX_MPOL_PREFERRED)
		mode = LINUX_MPOL_LOCAL;
	*p = (struct mem_policy){ .mode = (uint8_t)mode, .nodes = (uint8_t)nodes, .flags = (uint16_t)flags, .asked = flags ? mask : 0 };
	return 0;
}

/* Mode and mask of a call, still unchecked against each other. */
static int policy_read(uint64_t mode, uint64_t address, uint64_t bits, uint64_t *mask)
{
	if ((mode & ~(uint64_t)MODE_FLAGS) > LINUX_MPOL_PREFERRED_MANY || (mode & MODE_FLAGS) == MODE_FLAGS)
		return -EINVAL;
	return node_mask_get(address, bits, mask);
}

/* set_mempolicy(mode, mask, bits) */
SYSCALL(NR_set_mempolicy, set_mempolicy)
{
	uint64_t mode = (uint32_t)args->a[0], mask;
	int err = policy_read(mode, args->a[1], args->a[2], &mask);

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
		*what = p.mode | p.flags;
	*mask = p.flags ? p.asked : p.nodes;
	return err;
}

/* As many words as @bits are, less one, as Linux counts them. */
static int mask_put(uint64_t to, uint64_t bits, uint64_t mask)
{
	uint64_t words = ALIGN_UP(bits - 1, 64ull) / 64;

	if (words > PAGE_SIZE / sizeof(mask))
		return -EINVAL;
	for (uint64_t i = 0; i < MAX(words, 1ull); i++)
		if (put_user64(to + i * sizeof(mask), i ? 0 : mask))
			return -EFAULT;
	return 0;
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
	return args->a[1] ? mask_put(args->a[1], args->a[2], mask) : 0;
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

		if (!stays && flags & MOVE_FLAGS && page_is_movable(vma, page))
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
	int err = policy_read(mode, args->a[3], args->a[4], &mask);

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

/* Of the areas in the range only those that are bound, or prefer several nodes, have a first one among them. -ENOENT: no area has a policy. */
static int homes_set(struct space *s, vaddr_t start, vaddr_t end, unsigned int node, struct list *dead)
{
	int err = vma_split_range(s, start, end), result = -ENOENT;
	struct vma *vma;

	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		start = vma->end;
		if (vma->policy.mode == LINUX_MPOL_DEFAULT)
			continue;
		if (vma->policy.mode != LINUX_MPOL_BIND && vma->policy.mode != LINUX_MPOL_PREFERRED_MANY)
			return -EOPNOTSUPP;
		vma->policy.home = (uint8_t)(node + 1);
		vma_merge(s, vma, dead);
		result = 0;
	}
	return err ? err : result;
}

/* set_mempolicy_home_node(address, length, node, flags) */
SYSCALL(NR_set_mempolicy_home_node, set_mempolicy_home_node)
{
	vaddr_t start = args->a[0], end = start + ALIGN_UP(args->a[1], PAGE_SIZE);
	struct space *s = current_process->space;
	struct list dead = LIST_INIT(dead);
	int err;

	if (start % PAGE_SIZE || args->a[3] || args->a[2] >= nr_nodes || end < start)
		return -EINVAL;
	if (start == end)
		return 0;
	if (!user_range_ok(start, end - start))
		return -ENOENT;
	mutex_lock(&s->lock);
	err = homes_set(s, start, end, (unsigned int)args->a[2], &dead);
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}
