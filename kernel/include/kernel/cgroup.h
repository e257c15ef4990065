/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control groups: processes in a tree of groups, what each group used together with those below it, and what it may. A process without a
 * group is in the root, which has no limits and costs nothing. fs/cgroup_fs.c shows them as cgroup version 2 does.
 */
#ifndef KERNEL_CGROUP_H
#define KERNEL_CGROUP_H

#include <kernel/list.h>
#include <kernel/ref.h>
#include <kernel/time.h>

struct dentry;
struct process;
struct seq;
struct thread;
struct space;
struct page;

#define CGROUP_NO_LIMIT		UINT64_MAX
#define CGROUP_WEIGHT_DEFAULT	100u
#define CGROUP_NAME_MAX		255
#define CGROUP_PERIOD_NS	(100 * NSEC_PER_MSEC)	/* cpu.max, when none is said */

/* Lines of memory.events, in their order. */
enum cgroup_event {
	CGROUP_LOW,		/* pages were taken that memory.low protects */
	CGROUP_HIGH,		/* somebody was slowed down */
	CGROUP_MAX,		/* a page was refused */
	CGROUP_OOM,		/* somebody had to end for it */
	CGROUP_OOM_KILL,	/* was ended for it */
	CGROUP_OOM_GROUP_KILL,	/* all were */
	CGROUP_EVENTS,
};

/* What memory is for. */
enum cgroup_memory {
	CGROUP_ANON,		/* programs' own pages */
	CGROUP_SHMEM,		/* of files in memory */
	CGROUP_CACHE,		/* of disks */
	CGROUP_KERNEL,		/* what the kernel has for rings */
	CGROUP_MEMORIES,
};

struct cgroup {
	struct ref ref;			/* its directory, those below, members, their spaces */
	struct cgroup *parent;		/* counted; NULL: the root */
	char *name;
	struct dentry *dir;		/* guarded by vfs_lock; NULL: it is gone */
	/* Relaxed atomics: frames of here and below, the most there ever were, what happened here and below, and here alone. */
	uint64_t pages, peak_pages, memory[CGROUP_MEMORIES], nr_events[CGROUP_EVENTS], nr_own_events[CGROUP_EVENTS], nr_faults[2];
	uint64_t own_pages;		/* frames that name this group: with one it is not freed */
	uint64_t max_pages, high_pages, low_pages, min_pages;
	uint32_t untold;		/* atomic: CGROUP_TELL_* */
	bool oom_group;			/* who is ended for memory is ended with all of the group */
	uint64_t cpu_ns, system_ns;	/* the same of CPU time, and of ticks in the kernel; by the scheduler, interrupts off */
	/* Guarded by cgroup_lock. */
	struct list all_link, members;	/* all_link: of all_cgroups, or while it is dead of dead_cgroups */
	unsigned int nr_children;
	uint64_t nr_below;		/* groups */
	bool dead;			/* its directory is gone: nobody joins */
	bool unreferred;		/* only frames keep it */
	uint64_t nr_members, nr_tasks;	/* processes and threads here and below */
	uint64_t max_tasks, nr_tasks_refused;
	uint64_t quota_ns, period_ns;	/* CGROUP_NO_LIMIT: no quota */
	time_ns_t period_end, held_since;
	int64_t used_before;		/* of cpu_ns, in periods that are over; less than nothing: saved up */
	bool timing, held;		/* the timer runs; the quota is used up */
	uint64_t nr_periods, nr_held, held_ns;
	int64_t saved_ns;		/* at the beginning of this period, of earlier ones */
	uint64_t burst_ns, nr_bursts, burst_used_ns;	/* what may be saved up of quotas; how often and how much was used of that */
	bool frozen;			/* cgroup.freeze was asked for */
	bool frozen_told;		/* what was told last of whether all stand still */
	uint64_t max_depth, max_descendants;
	/* Guarded by weight_lock (kernel/cgroup_weight.c). */
	uint32_t weight;
	uint64_t load, counted_weight;	/* of what is ready in it, directly; its own in its parent's load */
	struct timer timer;
};

/* ---- kernel/cgroup.c: the tree and who is in it ---- */

/* Below @parent (NULL: the root), with a reference. ERR_PTR: -ENOMEM, -EAGAIN (the limits of those above). May sleep. */
struct cgroup *cgroup_create(struct cgroup *parent, const char *name, size_t length);
void cgroup_get(struct cgroup *g);
/* May sleep. NULL is fine. */
void cgroup_put(struct cgroup *g);
/* Nobody joins any more. -EBUSY: there are members or groups below. */
int cgroup_retire(struct cgroup *g);
/* Where somebody may move processes to a group from: @levels has a bit for each level whose cgroup.procs they may write, the root's lowest. */
struct cgroup_rights {
	uint64_t levels;
	bool confined;			/* not from or to a group outside @root */
	const struct cgroup *root;	/* NULL: the root */
};

/*
 * Move process @pid (0: the caller) with its memory to @g (NULL: the root). 0, -ESRCH, -EINVAL (a driver, or init), -ENODEV (retired), -EACCES
 * (no right at the group above both), -ENOENT (confined). May sleep.
 */
int cgroup_attach(struct cgroup *g, pid_t pid, const struct cgroup_rights *rights);
/* The number of each process in @g itself, or of each of their threads, a line each. */
void cgroup_show_members(struct seq *s, struct cgroup *g);
void cgroup_show_threads(struct seq *s, struct cgroup *g);
/* Groups below @g (NULL: the root); of removed ones, those that something keeps. */
uint64_t cgroup_nr_below(const struct cgroup *g);
uint64_t cgroup_nr_dying(const struct cgroup *g);
/* How many levels, and groups, there may be below. */
void cgroup_set_tree_limits(struct cgroup *g, uint64_t depth, uint64_t descendants);
/* SIGKILL for everybody here and below. */
void cgroup_kill(struct cgroup *g);
/* The same for memory (memory.oom.group), but for those that are never chosen; it is counted. */
void cgroup_oom_kill(struct cgroup *g);
/* The line of /proc/<pid>/cgroup: the way from the root of the reader's namespace. */
void cgroup_show_path(struct seq *s, struct process *p);
/* The way from @from (NULL: the root) to @to, which both stay: "/", "/a/b", "/../c". */
void cgroup_show_way(struct seq *s, const struct cgroup *from, const struct cgroup *to);
/* How far below the root, which is 0. */
unsigned int cgroup_level(const struct cgroup *g);
/* The group of the process, counted; NULL: the root. Any context. */
struct cgroup *cgroup_of_process(struct process *p);

/* A child starts in its parent's group (0), or in @g (NULL: the root): 0, or -errno as cgroup_attach(). One that ends leaves its own. */
int cgroup_inherit(struct process *child, struct process *parent);
int cgroup_enter(struct process *child, struct cgroup *g, const struct cgroup_rights *rights);
void cgroup_leave(struct process *p);
/* The account of @s, the space of @p, goes to the group of @p. May sleep. */
void cgroup_space_follow(struct process *p, struct space *s);
/* One thread more; -EAGAIN: pids.max. One fewer. */
int cgroup_task_add(struct process *p);
void cgroup_task_remove(struct process *p);
/* Is @p in @g or below? Any context. */
bool cgroup_holds(struct cgroup *g, struct process *p);
void cgroup_set_max_tasks(struct cgroup *g, uint64_t max);

/*
 * For fs/cgroup_events.c: the next group that has something to tell, with a reference, and what; NULL: none. *@again: one that is to stand still
 * does not yet. Any context.
 */
struct cgroup *cgroup_next_untold(uint32_t *what, bool *again);

/* ---- fs/cgroup_events.c ---- */

#define CGROUP_TELL_EVENTS	0x1u	/* cgroup.events has changed */
#define CGROUP_TELL_FROZEN	0x2u	/* perhaps */
#define CGROUP_TELL_MEMORY	0x4u	/* memory.events */
#define CGROUP_TELL_OWN_MEMORY	0x8u	/* memory.events.local */
#define CGROUP_TELL_PIDS	0x10u	/* pids.events */

/* To who watches those files of @g. Any context; any lock but the scheduler's may be held. */
void cgroup_tell(struct cgroup *g, uint32_t what);

/* ---- fs/cgroup_fs.c ---- */

/* The group whose directory @fd of the current process is, with a reference; NULL: the root. ERR_PTR: -EBADF, -ENOENT (it is removed). */
struct cgroup *cgroup_of_fd(int fd);
/* What the current thread may. May sleep. */
void cgroup_rights_get(struct cgroup *g, struct cgroup_rights *to);

/* ---- kernel/cgroup_cpu.c ---- */

/* @delta more of CPU time. Interrupts off. */
void cgroup_charge_cpu(struct cgroup *g, time_ns_t delta);
/* @delta of it, about, was the kernel's. Interrupts off. */
void cgroup_charge_system(struct cgroup *g, time_ns_t delta);
/* @quota_ns of CPU time in each @period_ns. -EINVAL: less than the burst. */
int cgroup_set_cpu_max(struct cgroup *g, uint64_t quota_ns, uint64_t period_ns);
/* Of what was not used so much may be used later. -EINVAL: more than the quota. */
int cgroup_set_cpu_burst(struct cgroup *g, uint64_t burst_ns);
/* Nobody here or below goes on to user mode; or everybody may. */
void cgroup_freeze(struct cgroup *g, bool frozen);
/* Is nobody here or below in user mode, nor going there, because of that? */
bool cgroup_is_frozen(struct cgroup *g);
/* For those above, cgroup_lock held: @p may have to wait, or need not any more. */
void cgroup_cpu_update(struct process *p);
void cgroup_cpu_init(struct cgroup *g);
void cgroup_cpu_end(struct cgroup *g);

/* ---- kernel/cgroup_weight.c ---- */

/* @t became ready, or sleeps. As the next one by the scheduler alone, with the lock of the thread's queue. */
void cgroup_count_ready(struct thread *t, bool ready);
/* @ns of @t's in virtual time. */
uint64_t cgroup_weighted(struct thread *t, uint64_t ns);
/* What a thread of this nice value weighs, beside CGROUP_WEIGHT_DEFAULT for 0. Any context. */
uint32_t cgroup_weight_of_nice(int nice);
/* 1 to 10000. Any context. */
void cgroup_set_weight(struct cgroup *g, uint32_t weight);

/* ---- kernel/cgroup_memory.c ---- */

/* Pages that @s gets from now on are @g's (NULL: the root). May sleep. */
void cgroup_space_set(struct space *s, struct cgroup *g);
/* @n frames more, or fewer, that do not name @g. Any context. */
void cgroup_charge_pages(struct cgroup *g, int64_t n);
/* @page, a frame of its own of CGROUP_ANON or CGROUP_SHMEM, is @g's until it is freed. Any context. */
void cgroup_page_charge(struct cgroup *g, struct page *page, enum cgroup_memory what);
/* It is freed (mm/frame.c). Any context. */
void cgroup_page_uncharge(struct page *page);
/* A page of CGROUP_CACHE names @g, or does not any more. Any context. */
void cgroup_cache_charge(struct cgroup *g);
void cgroup_cache_uncharge(struct cgroup *g);
/* A page fault of a member; @asked: a disk. Any context. */
void cgroup_count_fault(struct cgroup *g, bool asked);
/* Has @g or one above it more than memory.high? Any context. */
bool cgroup_memory_high(const struct cgroup *g);
/* The current process is of such a group: caches give up pages of it, then it is slowed down. Sleeps, until it is ended at most. */
void cgroup_memory_slow(void);
/* Who wants memory back from @within (NULL: from all) should leave pages of @g: memory.min, or with @low memory.low, says so. Any context. */
bool cgroup_memory_protects(const struct cgroup *g, const struct cgroup *within, bool low);
/* Is @g @within (NULL: the root) or below? Any context. */
bool cgroup_memory_within(const struct cgroup *g, const struct cgroup *within);
/* The highest group of @p's, @full (NULL: the root) and below, that is ended as a whole, with a reference; NULL: none. */
struct cgroup *cgroup_oom_group(struct process *p, struct cgroup *full);
/* The group, @g or one above it, that may have no more pages; NULL: none. Any context. */
struct cgroup *cgroup_memory_full(struct cgroup *g);
/* @event happened in @g, and so above it. Any context. */
void cgroup_count_event(struct cgroup *g, enum cgroup_event event);
/* The same in the group of @p. */
void cgroup_count_event_of(struct process *p, enum cgroup_event event);
/* The group that pays for @s, with a reference, or NULL. May sleep. */
struct cgroup *cgroup_of_space(struct space *s);

#endif
