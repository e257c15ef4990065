// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of programs to other nodes: single ones (move_pages) and all that lie on some nodes (migrate_pages). Only anonymous pages that nobody else
 * sees are moved. Areas are guarded by their space's lock.
 */
#include <asm/paging.h>
#include <kernel/pid_ns.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <mm/node.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "space_internal.h"

#define MOVE_FLAGS	(LINUX_MPOL_MF_MOVE | LINUX_MPOL_MF_MOVE_ALL)

/* Can the page be given another frame: the area's own, seen by nobody else, known to no device? */
bool page_is_movable(const struct vma *vma, const struct page *page)
{
	return page && page != zero_page && !(vma->flags & (VM_SHARED | VM_RESIDENT | VM_UFFD_WP)) && !vma_is_object(vma) && page->use == PAGE_ANON &&
	       READ_ONCE(page->mapcount) == 1 && !READ_ONCE(page->pins);
}

static int page_to_node(struct space *s, struct vma *vma, vaddr_t v, struct page *page, unsigned int node)
{
	struct mem_policy own = vma->policy;
	int err;

	vma->policy = (struct mem_policy){ .mode = LINUX_MPOL_BIND, .nodes = (uint8_t)(1u << node) };
	err = space_renew_page_locked(s, vma, v, page);
	vma->policy = own;
	current->mem_policy.failed = false;	/* no room to move to is no reason to end the program */
	return err;
}

/* @node < 0: only tell. The node of the page at @v, or -errno as move_pages() tells it. */
static int page_move(struct space *s, vaddr_t v, int node)
{
	struct vma *vma = space_find(s, v);
	struct page *page;
	paddr_t p;
	int err;

	if (!vma || vma_is_object(vma))
		return -EFAULT;
	if (!pt_query(s->root, v, &p, NULL))
		return vma->file ? -ENOENT : -EFAULT;	/* as Linux since 4.3 */
	page = page_of(p);
	if (page == zero_page)
		return -EFAULT;
	if (node < 0 || (unsigned int)node == page_node(page))
		return (int)page_node(page);
	if (!page_is_movable(vma, page))
		return READ_ONCE(page->mapcount) > 1 ? -EACCES : -EBUSY;
	err = page_to_node(s, vma, v, page, (unsigned int)node);
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
	p = process_find((pid_t)a[0] ? pid_meant((pid_t)a[0]) : current_process->pid);
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

/* ---- migrate_pages ---- */

struct migration {
	struct space *space;
	uint64_t from, to;
	uint64_t nr_left;	/* pages that could not be moved */
};

static unsigned int nr_in(uint64_t mask)
{
	unsigned int nr = 0;

	for (; mask; mask &= mask - 1)
		nr++;
	return nr;
}

/* The place of @node among @from, round and round, among @to. */
static unsigned int node_for(const struct migration *m, unsigned int node)
{
	unsigned int nth = nr_in(m->from & ((1ull << node) - 1)) % nr_in(m->to), to = 0;

	while (!(m->to >> to & 1) || nth--)
		to++;
	return to;
}

/* With as many nodes as before each page keeps its place among them; otherwise what is on a good one stays. */
static bool stays(const struct migration *m, unsigned int node)
{
	bool as_many = nr_in(m->from) == nr_in(m->to);

	return !(m->from >> node & 1) || (!as_many && m->to >> node & 1) || node_for(m, node) == node;
}

static void area_migrate(struct migration *m, struct vma *vma)
{
	uint32_t prot;
	paddr_t p;

	if (vma_is_object(vma))
		return;
	for (vaddr_t v = vma->start; pt_next(m->space->root, &v, vma->end, &p, &prot); v += PAGE_SIZE) {
		struct page *page = page_of(p);

		if (!page || page == zero_page || page->use != PAGE_ANON || READ_ONCE(page->mapcount) > 1 || stays(m, page_node(page)))
			continue;
		if (!page_is_movable(vma, page) || page_to_node(m->space, vma, v, page, node_for(m, page_node(page))))
			m->nr_left++;
	}
}

static int64_t migrate(struct migration *m)
{
	struct vma *vma;

	mutex_lock(&m->space->lock);
	list_for_each(vma, &m->space->areas, link)
		area_migrate(m, vma);
	mutex_unlock(&m->space->lock);
	return (int64_t)m->nr_left;
}

/* migrate_pages(pid, bits, old, new) */
SYSCALL(NR_migrate_pages, migrate_pages)
{
	struct migration m = { .nr_left = 0 };
	struct process *p;
	int64_t err = node_mask_get(args->a[2], args->a[1], &m.from);

	if (!err)
		err = node_mask_get(args->a[3], args->a[1], &m.to);
	if (err)
		return err;
	p = process_find((pid_t)args->a[0] ? pid_meant((pid_t)args->a[0]) : current_process->pid);
	if (!p)
		return -ESRCH;
	err = ptrace_may_access(p);
	if (!err && m.to >> nr_nodes && !privileged(LINUX_CAP_SYS_NICE))
		err = -EPERM;
	m.to &= (1ull << nr_nodes) - 1;
	m.from &= (1ull << nr_nodes) - 1;
	m.space = err || !m.to ? NULL : process_space_get(p);
	process_put(p);
	if (!m.space)
		return err ? err : -EINVAL;
	err = migrate(&m);
	space_put(m.space);
	return err;
}
