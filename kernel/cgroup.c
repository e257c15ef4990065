// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of control groups and who is in it (cgroup-v2). A process points at its group, and each of its threads does for the scheduler,
 * under the lock of its run queue. Left out: threaded groups, and controllers that can be switched off: all are on in
 * every group.
 */
#include <fs/node.h>
#include <kernel/pid_ns.h>
#include <mm/oom.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "cgroup_internal.h"
#include "process_internal.h"

struct spinlock cgroup_lock = SPINLOCK_INIT("cgroups");
struct list all_cgroups = LIST_INIT(all_cgroups);
struct list dead_cgroups = LIST_INIT(dead_cgroups);

static uint64_t nr_below_of(const struct list *groups, const struct cgroup *g)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock), nr = 0;
	const struct cgroup *other;

	list_for_each(other, groups, all_link)
		nr += other != g && (!g || cgroup_is_within(other, g));
	spin_unlock_irq(&cgroup_lock, flags);
	return nr;
}

uint64_t cgroup_nr_below(const struct cgroup *g)
{
	return nr_below_of(&all_cgroups, g);
}

void cgroup_set_tree_limits(struct cgroup *g, uint64_t depth, uint64_t descendants)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	g->max_depth = depth;
	g->max_descendants = descendants;
	spin_unlock_irq(&cgroup_lock, flags);
}

/* By the limits of @parent and of those above it. cgroup_lock held. */
static bool may_have_one_more(const struct cgroup *parent)
{
	uint64_t depth = 1;

	for (; parent; parent = parent->parent, depth++)
		if (parent->nr_below >= parent->max_descendants || depth > parent->max_depth)
			return false;
	return true;
}

static void count_below(struct cgroup *g, int64_t n)
{
	for (; g; g = g->parent)
		g->nr_below += (uint64_t)n;
}

static void add(struct cgroup *g, struct cgroup *parent)
{
	g->parent = parent;
	if (parent) {
		cgroup_get(parent);
		parent->nr_children++;
	}
	count_below(parent, 1);
	list_append(&all_cgroups, &g->all_link);
}

void cgroup_get(struct cgroup *g)
{
	ref_get(&g->ref);
}

/* Nobody refers to @g; frames may, and it waits for them. True: it is on no list any more. */
static bool unlist(struct cgroup *g)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	bool alone = !__atomic_load_n(&g->own_pages, __ATOMIC_ACQUIRE);

	g->unreferred = true;
	if (alone && g->dead)
		list_del(&g->all_link);
	spin_unlock_irq(&cgroup_lock, flags);
	return alone;
}

void cgroup_put(struct cgroup *g)
{
	while (g && ref_put(&g->ref)) {
		struct cgroup *parent = g->parent;

		cgroup_cpu_end(g);
		if (!unlist(g))
			return;
		kfree(g->name);
		kfree(g);
		g = parent;
	}
}

/* One whose last frame went, off its list; NULL: none. */
static struct cgroup *swept(void)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *g, *found = NULL;

	list_for_each(g, &dead_cgroups, all_link)
		if (g->unreferred && !__atomic_load_n(&g->own_pages, __ATOMIC_ACQUIRE)) {
			found = g;
			break;
		}
	if (found)
		list_del(&found->all_link);
	spin_unlock_irq(&cgroup_lock, flags);
	return found;
}

/* Frames are freed where nothing may sleep, so the groups that they kept go later. */
static void cgroups_sweep(void)
{
	struct cgroup *g, *parent;

	while ((g = swept())) {
		parent = g->parent;
		kfree(g->name);
		kfree(g);
		cgroup_put(parent);
	}
}

uint64_t cgroup_nr_dying(const struct cgroup *g)
{
	cgroups_sweep();
	return nr_below_of(&dead_cgroups, g);
}

struct cgroup *cgroup_create(struct cgroup *parent, const char *name, size_t length)
{
	struct cgroup *g = kzalloc(sizeof(*g));
	uint64_t flags;
	bool room;

	cgroups_sweep();
	if (!g)
		return ERR_PTR(-ENOMEM);
	g->name = kzalloc(length + 1);
	if (!g->name) {
		kfree(g);
		return ERR_PTR(-ENOMEM);
	}
	memcpy(g->name, name, length);
	ref_init(&g->ref);
	list_init(&g->members);
	g->max_pages = g->high_pages = g->max_tasks = g->max_depth = g->max_descendants = CGROUP_NO_LIMIT;
	g->weight = CGROUP_WEIGHT_DEFAULT;
	cgroup_cpu_init(g);
	flags = spin_lock_irq(&cgroup_lock);
	room = may_have_one_more(parent);
	if (room)
		add(g, parent);
	spin_unlock_irq(&cgroup_lock, flags);
	if (room)
		return g;
	kfree(g->name);
	kfree(g);
	return ERR_PTR(-EAGAIN);
}

int cgroup_retire(struct cgroup *g)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	int err = g->nr_members || g->nr_children ? -EBUSY : 0;

	if (!err) {
		g->dead = true;
		list_del(&g->all_link);
		list_append(&dead_cgroups, &g->all_link);
		count_below(g->parent, -1);
		if (g->parent)
			g->parent->nr_children--;
	}
	spin_unlock_irq(&cgroup_lock, flags);
	return err;
}

/* cgroup_lock held. */
static void count(struct cgroup *g, int64_t members, int64_t tasks)
{
	for (; g; g = g->parent) {
		bool had = g->nr_members;

		g->nr_members += (uint64_t)members;
		g->nr_tasks += (uint64_t)tasks;
		if (had != !!g->nr_members)
			cgroup_tell(g, CGROUP_TELL_EVENTS);
	}
}

/* The scheduler has a pointer of its own in each thread. */
static void threads_follow(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t;

	list_for_each(t, &p->threads, process_link)
		sched_set_group(t, p->group);
	list_for_each(t, &p->companions, process_link)
		sched_set_group(t, p->group);
	spin_unlock_irq(&p->lock, flags);
}

static void join(struct process *p, struct cgroup *g)
{
	WRITE_ONCE(p->group, g);
	if (g) {
		cgroup_get(g);
		list_append(&g->members, &p->group_link);
	}
	count(g, 1, p->group_tasks);
	threads_follow(p);
	cgroup_cpu_update(p);
}

/* The reference is the caller's to give back. */
static struct cgroup *part(struct process *p)
{
	struct cgroup *g = p->group;

	if (g)
		list_del(&p->group_link);
	count(g, -1, -(int64_t)p->group_tasks);
	WRITE_ONCE(p->group, NULL);
	threads_follow(p);
	return g;
}

struct cgroup *cgroup_of_process(struct process *p)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *g = p->group;

	if (g)
		cgroup_get(g);
	spin_unlock_irq(&cgroup_lock, flags);
	return g;
}

/* Who moves and who gets a new space come here; whoever is last sees that both agree. */
void cgroup_space_follow(struct process *p, struct space *s)
{
	struct cgroup *g;

	do {
		g = cgroup_of_process(p);
		if (g != READ_ONCE(s->group))
			cgroup_space_set(s, g);
		cgroup_put(g);
	} while (unlikely(READ_ONCE(p->group) != g));
}

/* A space in use elsewhere (vfork) goes along. */
static void move_memory(struct process *p)
{
	struct space *s = process_space_get(p);

	if (!s)
		return;
	cgroup_space_follow(p, s);
	space_put(s);
}

/* Memory and time of these are others' business: budgets of drivers are their policy's, and init is never ended. */
static bool may_be_moved(const struct process *p)
{
	return p != init_process && !p->device && p->syscalls != SYSCALLS_DRIVER;
}

unsigned int cgroup_level(const struct cgroup *g)
{
	unsigned int level = 0;

	for (; g; g = g->parent)
		level++;
	return level;
}

/* NULL: the root. */
static const struct cgroup *above_both(const struct cgroup *a, const struct cgroup *b)
{
	while (a && !cgroup_is_within(b, a))
		a = a->parent;
	return a;
}

static int may_move(const struct cgroup *from, const struct cgroup *to, const struct cgroup_rights *r)
{
	if (!(r->levels >> cgroup_level(above_both(from, to)) & 1))
		return -EACCES;
	return r->confined && (!cgroup_is_within(from, r->root) || !cgroup_is_within(to, r->root)) ? -ENOENT : 0;
}

static int attach(struct cgroup *g, struct process *p, const struct cgroup_rights *rights)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *old = NULL;
	int err = g && g->dead ? -ENODEV : p->left_group ? -ESRCH : may_move(p->group, g, rights);

	if (!err) {
		old = part(p);
		join(p, g);
	}
	spin_unlock_irq(&cgroup_lock, flags);
	cgroup_put(old);
	return err;
}

int cgroup_attach(struct cgroup *g, pid_t pid, const struct cgroup_rights *rights)
{
	struct process *p;
	int err;

	p = process_find(pid ? pid_meant(pid) : current_process->pid);
	if (!p)
		return -ESRCH;
	err = may_be_moved(p) ? attach(g, p, rights) : -EINVAL;
	if (!err)
		move_memory(p);
	process_put(p);
	return err;
}

int cgroup_inherit(struct process *child, struct process *parent)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	join(child, parent->group);
	spin_unlock_irq(&cgroup_lock, flags);
	return 0;
}

int cgroup_enter(struct process *child, struct cgroup *g, const struct cgroup_rights *rights)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	int err = g && g->dead ? -ENODEV : may_move(current_process->group, g, rights);

	join(child, err ? NULL : g);
	spin_unlock_irq(&cgroup_lock, flags);
	return err;
}

void cgroup_leave(struct process *p)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *g = part(p);

	p->left_group = true;
	p->group_tasks = 0;
	spin_unlock_irq(&cgroup_lock, flags);
	cgroup_put(g);
}

int cgroup_task_add(struct process *p)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *g = p->group;

	while (g && g->nr_tasks < g->max_tasks)
		g = g->parent;
	if (g) {
		g->nr_tasks_refused++;
		cgroup_tell(g, CGROUP_TELL_PIDS);
	} else {
		p->group_tasks++;
		count(p->group, 0, 1);
	}
	spin_unlock_irq(&cgroup_lock, flags);
	return g ? -EAGAIN : 0;
}

/* Of one that has left nothing is counted any more. */
void cgroup_task_remove(struct process *p)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	if (p->group_tasks) {
		p->group_tasks--;
		count(p->group, 0, -1);
	}
	spin_unlock_irq(&cgroup_lock, flags);
}

bool cgroup_holds(struct cgroup *g, struct process *p)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	bool holds = cgroup_is_within(p->group, g);

	spin_unlock_irq(&cgroup_lock, flags);
	return holds;
}

void cgroup_set_max_tasks(struct cgroup *g, uint64_t max)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	g->max_tasks = max;
	spin_unlock_irq(&cgroup_lock, flags);
}

/* ---- Walks over all processes; the tree lock keeps them ---- */

struct walk {
	struct cgroup *group;
	struct seq *seq;
};

static bool show_member(struct process *p, void *arg)
{
	struct walk *w = arg;

	if (!p->zombie && READ_ONCE(p->group) == w->group)
		seq_printf(w->seq, "%d\n", pid_told(p->pid));
	return true;
}

void cgroup_show_members(struct seq *s, struct cgroup *g)
{
	struct walk w = { .group = g, .seq = s };

	process_for_each(show_member, &w);
}

static bool show_threads(struct process *p, void *arg)
{
	struct walk *w = arg;
	uint64_t flags;
	struct thread *t;

	if (READ_ONCE(p->group) != w->group)
		return true;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link)
		seq_printf(w->seq, "%d\n", pid_told(t->tid));
	spin_unlock_irq(&p->lock, flags);
	return true;
}

void cgroup_show_threads(struct seq *s, struct cgroup *g)
{
	struct walk w = { .group = g, .seq = s };

	process_for_each(show_threads, &w);
}

static bool kill_member(struct process *p, void *arg)
{
	struct walk *w = arg;

	if (cgroup_holds(w->group, p))
		(void)signal_post_process(p, LINUX_SIGKILL, NULL);
	return true;
}

/* A child that is born behind the walk finds that its parent is ending, and ends too (kernel/fork.c). */
void cgroup_kill(struct cgroup *g)
{
	struct walk w = { .group = g };

	process_for_each(kill_member, &w);
}

static bool oom_kill_member(struct process *p, void *arg)
{
	struct walk *w = arg;

	if (p->exiting || READ_ONCE(p->oom_adjust) == OOM_ADJUST_MIN || !cgroup_holds(w->group, p))
		return true;
	cgroup_count_event_of(p, CGROUP_OOM_KILL);
	(void)signal_post_process(p, LINUX_SIGKILL, NULL);
	return true;
}

void cgroup_oom_kill(struct cgroup *g)
{
	struct walk w = { .group = g };

	cgroup_count_event(g, CGROUP_OOM_GROUP_KILL);
	process_for_each(oom_kill_member, &w);
}

/* The names below @g's @depth'th group upwards. */
static void show_names(struct seq *s, const struct cgroup *g, unsigned int depth)
{
	const struct cgroup *at = g;

	for (unsigned int i = 1; i < depth; i++)
		at = at->parent;
	if (!depth)
		return;
	seq_printf(s, "/%s", at->name);
	show_names(s, g, depth - 1);
}

void cgroup_show_way(struct seq *s, const struct cgroup *from, const struct cgroup *to)
{
	const struct cgroup *common = above_both(from, to);

	if (from == to)
		seq_puts(s, "/");
	for (; from != common; from = from->parent)
		seq_puts(s, "/..");
	show_names(s, to, cgroup_level(to) - cgroup_level(common));
}

void cgroup_show_path(struct seq *s, struct process *p)
{
	struct cgroup *g = cgroup_of_process(p);

	seq_puts(s, "0::");
	cgroup_show_way(s, cgroup_ns_root(), g);
	seq_puts(s, "\n");
	cgroup_put(g);
}
