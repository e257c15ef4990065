// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of control groups: frames of programs, of files in memory and of disks' caches are of the group that they were made in, until they are
 * freed, wherever processes go meanwhile (Linux's version 2). A frame's group is its owner, or that of its cache's page. Left out: what the
 * kernel has for a process, but for rings. mm/fault.c and fs/tmpfs.c refuse, mm/oom.c chooses who goes.
 */
#include <fs/proc.h>
#include <kernel/lock.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/space.h>
#include "cgroup_internal.h"

#define RECLAIM_PAGES	32u		/* and that many more pages are one step of slowing down */
#define SLOW_UNIT	(64 * NSEC_PER_SEC)	/* for twice memory.high; the square of the part above counts */
#define SLOW_LEAST	(10 * NSEC_PER_MSEC)
#define SLOW_MOST	(2 * NSEC_PER_SEC)
#define PART_ONE	1024u		/* of memory.high */

static void charge(struct cgroup *g, enum cgroup_memory what, int64_t n)
{
	for (; g; g = g->parent) {
		uint64_t now = __atomic_add_fetch(&g->pages, (uint64_t)n, __ATOMIC_RELAXED), peak = READ_ONCE(g->peak_pages);

		__atomic_fetch_add(&g->memory[what], (uint64_t)n, __ATOMIC_RELAXED);
		while (n > 0 && now > peak &&
		       !__atomic_compare_exchange_n(&g->peak_pages, &peak, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
	}
}

void cgroup_charge_pages(struct cgroup *g, int64_t n)
{
	charge(g, CGROUP_KERNEL, n);
}

/* The caller has a reference; from here on frames keep the group too. */
static void frame_charge(struct cgroup *g, enum cgroup_memory what)
{
	__atomic_fetch_add(&g->own_pages, 1, __ATOMIC_RELAXED);
	charge(g, what, 1);
}

/* The last touch of @g: it may be freed from then on. */
static void frame_uncharge(struct cgroup *g, enum cgroup_memory what)
{
	charge(g, what, -1);
	__atomic_fetch_sub(&g->own_pages, 1, __ATOMIC_RELEASE);
}

void cgroup_page_charge(struct cgroup *g, struct page *page, enum cgroup_memory what)
{
	page->owner = g;
	page->flags |= PAGE_CHARGED;
	frame_charge(g, what);
}

void cgroup_page_uncharge(struct page *page)
{
	frame_uncharge(page->owner, page->use == PAGE_ANON ? CGROUP_ANON : CGROUP_SHMEM);
}

void cgroup_cache_charge(struct cgroup *g)
{
	frame_charge(g, CGROUP_CACHE);
}

void cgroup_cache_uncharge(struct cgroup *g)
{
	frame_uncharge(g, CGROUP_CACHE);
}

struct cgroup *cgroup_memory_full(struct cgroup *g)
{
	while (g && likely(READ_ONCE(g->pages) < READ_ONCE(g->max_pages)))
		g = g->parent;
	return g;
}

void cgroup_count_event(struct cgroup *g, enum cgroup_event event)
{
	uint32_t what = CGROUP_TELL_MEMORY | CGROUP_TELL_OWN_MEMORY;

	if (g)
		__atomic_fetch_add(&g->nr_own_events[event], 1, __ATOMIC_RELAXED);
	for (; g; g = g->parent, what = CGROUP_TELL_MEMORY) {
		__atomic_fetch_add(&g->nr_events[event], 1, __ATOMIC_RELAXED);
		cgroup_tell(g, what);
	}
}

void cgroup_count_event_of(struct process *p, enum cgroup_event event)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	cgroup_count_event(p->group, event);
	spin_unlock_irq(&cgroup_lock, flags);
}

void cgroup_count_fault(struct cgroup *g, bool asked)
{
	for (; g; g = g->parent) {
		__atomic_fetch_add(&g->nr_faults[0], 1, __ATOMIC_RELAXED);
		if (asked)
			__atomic_fetch_add(&g->nr_faults[1], 1, __ATOMIC_RELAXED);
	}
}

struct cgroup *cgroup_of_space(struct space *s)
{
	struct cgroup *g;

	mutex_lock(&s->lock);
	g = s->group;
	if (g)
		cgroup_get(g);
	mutex_unlock(&s->lock);
	return g;
}

void cgroup_space_set(struct space *s, struct cgroup *g)
{
	struct cgroup *old;

	if (g)
		cgroup_get(g);
	mutex_lock(&s->lock);
	old = s->group;
	s->group = g;
	mutex_unlock(&s->lock);
	cgroup_put(old);
}

/* ---- memory.high ---- */

static struct cgroup *above_high(struct cgroup *g)
{
	while (g && likely(READ_ONCE(g->pages) <= READ_ONCE(g->high_pages)))
		g = g->parent;
	return g;
}

bool cgroup_memory_high(const struct cgroup *g)
{
	for (; g; g = g->parent)
		if (unlikely(READ_ONCE(g->pages) > READ_ONCE(g->high_pages)))
			return true;
	return false;
}

/* For RECLAIM_PAGES pages more, as Linux reckons: the further above, by far the slower. */
static time_ns_t slow_ns(const struct cgroup *g)
{
	uint64_t high = MAX(READ_ONCE(g->high_pages), 1ull), pages = READ_ONCE(g->pages);
	uint64_t part = pages > high ? MIN((pages - high) * PART_ONE / high, (uint64_t)PART_ONE) : 0;

	return MIN(SLOW_UNIT / (PART_ONE * PART_ONE) * part * part, SLOW_MOST);
}

void cgroup_memory_slow(void)
{
	struct cgroup *g = cgroup_of_space(current_process->space), *high = above_high(g);
	time_ns_t ns = 0;

	if (high) {
		cgroup_count_event(high, CGROUP_HIGH);
		(void)reclaim_within(high, MAX(READ_ONCE(high->pages) - MIN(READ_ONCE(high->high_pages), READ_ONCE(high->pages)), RECLAIM_PAGES));
		ns = slow_ns(high);
	}
	if (ns >= SLOW_LEAST)
		(void)wait_event(&current_process->state_wait, READ_ONCE(current_process->exiting) || current->exiting ||
				 READ_ONCE(current->trace_trap) || !cgroup_memory_high(high), time_now() + ns, false);
	cgroup_put(g);
}

/* ---- Who gives memory back ---- */

bool cgroup_memory_within(const struct cgroup *g, const struct cgroup *within)
{
	return cgroup_is_within(g, within);
}

bool cgroup_memory_protects(const struct cgroup *g, const struct cgroup *within, bool low)
{
	uint64_t part = g && g != within ? CGROUP_NO_LIMIT : 0;

	for (const struct cgroup *at = g; at && at != within; at = at->parent)
		part = MIN(part, low ? READ_ONCE(at->low_pages) : READ_ONCE(at->min_pages));
	return part && READ_ONCE(g->pages) <= part;
}

struct cgroup *cgroup_oom_group(struct process *p, struct cgroup *full)
{
	struct cgroup *own = cgroup_of_process(p), *found = NULL;

	for (struct cgroup *g = own; g; g = g == full ? NULL : g->parent)
		if (READ_ONCE(g->oom_group))
			found = g;
	if (found)
		cgroup_get(found);
	cgroup_put(own);
	return found;
}
