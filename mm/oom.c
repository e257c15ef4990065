// SPDX-License-Identifier: GPL-2.0
/*
 * No frame is left for a program's page: the process with the most pages is ended, whoever asked, and the one that asked tries again. What its
 * owner says (oom_score_adj) is added to what it has. init and drivers are never chosen. While one is dying nobody else is chosen. A space
 * over its own limit ends its own process, a control group over its own somebody of it. Drivers and their manager have the reserve
 * (mm/frame.c) and ask no caches, which may wait for them.
 */
#include <kernel/cgroup.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/oom.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/space.h>
#include <mm/vmstat.h>

#define RECLAIM_PAGES	32u
#define SHORT_PAGES	256u	/* so few are left that a failed call may have wanted one of them */
#define RETRIES		200u	/* 2 s of waiting */
#define WAIT_NS		(10 * NSEC_PER_MSEC)
#define GRACE_NS	NSEC_PER_SEC	/* a large space takes long to take apart, and is nobody's meanwhile */

struct choice {
	pid_t pid;		/* of the worst; 0: nobody */
	uint64_t pages;
	int64_t badness;	/* of the worst */
	uint64_t total;		/* frames of the machine */
	bool dying;		/* somebody's memory is about to come back */
	struct cgroup *within;	/* only from this group; NULL: from all */
};

static bool may_be_chosen(const struct process *p)
{
	return p != init_process && !p->device && p->syscalls != SYSCALLS_DRIVER && !p->zombie;
}

static uint64_t pages_of(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock), pages = p->space ? READ_ONCE(p->space->nr_pages) : 0;

	spin_unlock_irq(&p->lock, flags);
	return pages;
}

static int64_t badness(const struct process *p, uint64_t pages, uint64_t total)
{
	return (int64_t)pages + READ_ONCE(p->oom_adjust) * (int64_t)total / OOM_ADJUST_MAX;
}

static uint64_t frames_total(void)
{
	struct frame_stats stats;

	frame_stats(&stats);
	return stats.total;
}

/* Linux's scale: 0 is never, 2000 the worst, two thirds of that are told. */
int oom_score(struct process *p)
{
	uint64_t total = frames_total();

	if (!may_be_chosen(p) || READ_ONCE(p->oom_adjust) == OOM_ADJUST_MIN)
		return 0;
	return (int)(MAX(badness(p, pages_of(p), total) * 1000 / (int64_t)total + 1000, 0ll) * 2 / 3);
}

/* The tree lock is held. */
static bool choose(struct process *p, void *arg)
{
	struct choice *c = arg;
	uint64_t pages;
	int64_t bad;

	if (!may_be_chosen(p) || (c->within && !cgroup_holds(c->within, p)))
		return true;
	pages = pages_of(p);
	bad = badness(p, pages, c->total);
	c->dying |= p->exiting && pages;
	if (pages && READ_ONCE(p->oom_adjust) != OOM_ADJUST_MIN && (!c->pid || bad > c->badness)) {
		c->pages = pages;
		c->badness = bad;
		c->pid = p->pid;
	}
	return !c->dying;
}

/* One choice at a time, and time for the last one to have its effect. */
static bool may_choose(void)
{
	static time_ns_t last;
	time_ns_t now = time_now(), then = __atomic_load_n(&last, __ATOMIC_RELAXED);

	if (then && now - then < GRACE_NS)
		return false;
	return __atomic_compare_exchange_n(&last, &then, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static bool over_own_limit(void)
{
	const struct space *s = current_process->space;

	return s->limit_pages && READ_ONCE(s->nr_pages) >= s->limit_pages;
}

/* Somebody of @full (NULL: of all) is ended, unless somebody is dying already. false: it was the caller. */
static bool end_somebody(struct cgroup *full)
{
	struct choice c = { .within = full, .total = frames_total() };
	struct cgroup *whole;
	struct process *p;
	bool others;

	if (may_choose())
		process_for_each(choose, &c);
	p = c.pid && !c.dying ? process_find(c.pid) : NULL;
	if (!p)
		return true;
	log_warn("mm: out of memory%s: %s (pid %d) with %llu KiB is ended", full ? " in its control group" : "", p->name, p->pid,
		 (unsigned long long)c.pages * (PAGE_SIZE / 1024));
	vm_count_add(VM_OOM_KILLS, 1);
	whole = cgroup_oom_group(p, full);
	if (full)
		cgroup_count_event_of(p, CGROUP_OOM_KILL);
	process_kill(p, LINUX_SIGKILL);
	others = p != current_process;
	process_put(p);
	if (whole) {
		cgroup_oom_kill(whole);
		others &= !cgroup_holds(whole, current_process);
	}
	cgroup_put(whole);
	return others;
}

/* Of the frames of the machine, as opposed to the limit of a group. */
static bool frames_are_short(void)
{
	struct frame_stats stats;

	frame_stats(&stats);
	return stats.free < stats.reserve + SHORT_PAGES;
}

/* The nodes that the caller is bound to are full, others are not: it is nobody else's fault. */
static bool end_bound(void)
{
	log_warn("mm: %s (pid %d) is bound to nodes that are full and is ended", current_process->name, current_process->pid);
	process_kill(current_process, LINUX_SIGKILL);
	return false;
}

/* @g: the group that pays for the caller's memory, or NULL. A full group is helped by what caches have of its own. */
static bool relieve(struct cgroup *g)
{
	struct cgroup *full = cgroup_memory_full(g);

	if (full && reclaim_within(full, RECLAIM_PAGES))
		return true;
	cgroup_count_event(full, CGROUP_OOM);
	if (!full && current->mem_policy.failed && !frames_are_short())
		return end_bound();
	if (!full && !frames_are_short())
		return true;	/* somebody has ended meanwhile */
	if (!full && !current->uses_reserve && reclaim(RECLAIM_PAGES))
		return true;
	if (!end_somebody(full))
		return false;
	sleep_until(time_now() + WAIT_NS, true);
	return true;
}

bool oom_relieve(void)
{
	struct cgroup *g;
	bool again;

	if (over_own_limit()) {
		log_warn("mm: %s (pid %d) is over its limit and is ended", current_process->name, current_process->pid);
		process_kill(current_process, LINUX_SIGKILL);
		return false;
	}
	g = cgroup_of_space(current_process->space);
	again = relieve(g);
	cgroup_put(g);
	return again;
}

bool oom_retry(int64_t err, unsigned int *tries)
{
	if (err != -ENOMEM || ++*tries > RETRIES || current->exiting || signal_pending(current))
		return false;
	return frames_are_short() && oom_relieve();
}
