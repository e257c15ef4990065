// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what rings cost the kernel. Every ring has somebody who pays for it, the process that made it and its control group, in pages: for
 * the memory that it shares with programs as long as one maps it, and for its requests, tables and buffers in steps of STEP_PAGES.
 * A process may have an eighth of the machine's memory in rings, all of them together a quarter.
 */
#include <kernel/cgroup.h>
#include <mm/slab.h>
#include "uring.h"

#define PART_OF_PROCESS	8u
#define PART_OF_ALL	4u
#define STEP_PAGES	16u
#define STEP		(STEP_PAGES * PAGE_SIZE)
#define SPARE_STEPS	4u	/* that are kept when requests have ended: others will come */

struct uring_payer {
	struct ref ref;			/* the ring's, and of each memory that it shares */
	struct process *process;	/* counted */
	struct cgroup *group;		/* counted; NULL: the root */
};

static uint64_t all_pages;		/* atomic: that the rings of all cost */

struct uring_payer *uring_payer_create(void)
{
	struct uring_payer *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	ref_init(&p->ref);
	p->process = current_process;
	process_get(p->process);
	p->group = cgroup_of_space(current_process->space);
	return p;
}

void uring_payer_put(struct uring_payer *p)
{
	if (!p || !ref_put(&p->ref))
		return;
	cgroup_put(p->group);
	process_put(p->process);
	kfree(p);
}

/* More of *@used, of which there may be @max. */
static bool pages_take(uint64_t *used, uint64_t nr, uint64_t max)
{
	if (__atomic_add_fetch(used, nr, __ATOMIC_RELAXED) <= max)
		return true;
	__atomic_sub_fetch(used, nr, __ATOMIC_RELAXED);
	return false;
}

static int pay_pages(struct uring_payer *p, uint64_t nr)
{
	struct frame_stats stats;

	frame_stats(&stats);
	if (cgroup_memory_full(p->group) || !pages_take(&p->process->ring_pages, nr, stats.total / PART_OF_PROCESS))
		return -ENOMEM;
	if (!pages_take(&all_pages, nr, stats.total / PART_OF_ALL)) {
		__atomic_sub_fetch(&p->process->ring_pages, nr, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	cgroup_charge_pages(p->group, (int64_t)nr);
	return 0;
}

static void unpay_pages(struct uring_payer *p, uint64_t nr)
{
	__atomic_sub_fetch(&p->process->ring_pages, nr, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&all_pages, nr, __ATOMIC_RELAXED);
	cgroup_charge_pages(p->group, -(int64_t)nr);
}

/* ---- Memory that programs map ---- */

static void object_gone(struct vma_object *o)
{
	struct uring_payer *p = o->priv;
	uint64_t nr = o->nr_pages;

	vma_object_free(o);
	unpay_pages(p, nr);
	uring_payer_put(p);
}

struct vma_object *uring_object_create(struct uring_payer *p, uint64_t nr_pages)
{
	struct vma_object *o;

	if (pay_pages(p, nr_pages))
		return NULL;
	o = vma_object_create(nr_pages);
	if (!o) {
		unpay_pages(p, nr_pages);
		return NULL;
	}
	ref_get(&p->ref);
	o->priv = p;
	o->release = object_gone;
	return o;
}

/* ---- What a ring has besides ---- */

int uring_pay(struct uring *u, uint64_t bytes)
{
	uint64_t flags = spin_lock_irq(&u->done_lock), more;

	u->used_bytes += bytes;
	more = u->used_bytes > u->paid_bytes ? ALIGN_UP(u->used_bytes - u->paid_bytes, STEP) : 0;
	u->paid_bytes += more;		/* nobody else need */
	spin_unlock_irq(&u->done_lock, flags);
	if (!more || !pay_pages(u->payer, more >> PAGE_SHIFT))
		return 0;
	flags = spin_lock_irq(&u->done_lock);
	u->used_bytes -= bytes;
	u->paid_bytes -= more;
	spin_unlock_irq(&u->done_lock, flags);
	return -ENOMEM;
}

void uring_unpay(struct uring *u, uint64_t bytes)
{
	uint64_t flags = spin_lock_irq(&u->done_lock), spare, back = 0;

	u->used_bytes -= bytes;
	spare = u->paid_bytes > u->used_bytes ? u->paid_bytes - u->used_bytes : 0;
	if (spare > SPARE_STEPS * STEP)
		back = ALIGN_DOWN(spare, STEP);
	u->paid_bytes -= back;
	spin_unlock_irq(&u->done_lock, flags);
	if (back)
		unpay_pages(u->payer, back >> PAGE_SHIFT);
}

void uring_pay_end(struct uring *u)
{
	if (u->payer)
		unpay_pages(u->payer, u->paid_bytes >> PAGE_SHIFT);
	uring_payer_put(u->payer);
}
