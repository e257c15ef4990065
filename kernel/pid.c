// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of processes and threads. A number is counted: a process, each thread, and each membership in a process group or session
 * holds it, so it is not given out again while anything can still be addressed by it. The tables of the first namespace are static, so that
 * numbers never show in the accounts of memory; the numbers in other namespaces hang on the first one's and go with it. Locks: pid_lock
 * guards the counts and those numbers, process_tree_lock the hash of processes.
 */
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include "process_internal.h"

#define PID_FIRST	2	/* 1 is init's, by pid_claim() */
#define PID_AGAIN	300	/* where a namespace goes on that has come to the end, as on Linux */
#define BUCKETS		256u

struct names;

/* One number in one namespace. */
struct alias {
	struct list link;	/* by namespace and number */
	struct pid_ns *ns;
	pid_t told;
	struct names *of;
};

/* The numbers of @pid, the outermost first. */
struct names {
	struct list link;	/* by number */
	pid_t pid;
	unsigned int level;
	struct alias at[];
};

/* At most PID_MAX processes in one group and one session, the process and its thread: that fits. */
static uint16_t users[PID_MAX + 1];
static struct spinlock pid_lock = SPINLOCK_INIT("pid");
static pid_t pid_last = PID_FIRST - 1;
static struct list aliases[BUCKETS], named[BUCKETS];
static unsigned int nr_names;

static struct list buckets[BUCKETS];	/* of processes, by pid_link */

static bool in_range(pid_t pid)
{
	return pid >= 1 && pid <= PID_MAX;
}

int pid_claim(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	bool free = in_range(pid) && !users[pid];

	if (free)
		users[pid] = 1;
	spin_unlock_irq(&pid_lock, flags);
	return free ? 0 : -EAGAIN;
}

/* Numbers go round, so that one which was just freed is not met again soon. pid_lock held. */
static pid_t number_take(void)
{
	pid_t pid = pid_last;

	for (unsigned int tries = 0; tries < PID_MAX; tries++) {
		pid = pid >= PID_MAX ? PID_FIRST : pid + 1;
		if (!users[pid]) {
			users[pid] = 1;
			pid_last = pid;
			return pid;
		}
	}
	return -EAGAIN;
}

pid_t pid_alloc(void)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	pid_t found = number_take();

	spin_unlock_irq(&pid_lock, flags);
	return found;
}

/* ---- Numbers in namespaces. All with pid_lock held. ---- */

static struct list *alias_bucket(const struct pid_ns *ns, pid_t told)
{
	return &aliases[((uintptr_t)ns / sizeof(*ns) + (unsigned int)told) % BUCKETS];
}

static struct alias *alias_find(const struct pid_ns *ns, pid_t told)
{
	struct alias *a;

	list_for_each(a, alias_bucket(ns, told), link)
		if (a->ns == ns && a->told == told)
			return a;
	return NULL;
}

static struct names *names_find(pid_t pid)
{
	struct names *n;

	list_for_each(n, &named[(unsigned int)pid % BUCKETS], link)
		if (n->pid == pid)
			return n;
	return NULL;
}

/* In @ns the next free number, or @wanted. The first is init's, and without it there are no others. */
static pid_t alias_number(struct pid_ns *ns, pid_t wanted)
{
	pid_t told = wanted ? wanted : ns->has_first ? ns->last : 0;

	if (ns->closed)
		return -ENOMEM;
	if (wanted)
		return wanted != 1 && !ns->has_first ? -EINVAL : alias_find(ns, wanted) ? -EEXIST : wanted;
	for (unsigned int tries = 0; tries < PID_MAX; tries++) {
		told = told >= PID_MAX ? PID_AGAIN : told + 1;
		if (!alias_find(ns, told))
			return ns->last = told;
	}
	return -EAGAIN;
}

/* The numbers from level @from + 1 on are free. */
static void names_drop(struct names *n, unsigned int from)
{
	for (unsigned int i = from; i < n->level; i++) {
		list_del(&n->at[i].link);
		if (n->at[i].told == 1)
			n->at[i].ns->has_first = false;
	}
}

static pid_t wanted_at(unsigned int inwards, const pid_t *wanted, unsigned int nr)
{
	return inwards < nr ? wanted[inwards] : 0;
}

/* Numbers for @n, which has its namespaces, from the innermost outwards; @wanted has @nr of them. 0 or -errno: none. */
static int names_number(struct names *n, const pid_t *wanted, unsigned int nr)
{
	pid_t outer = wanted_at(n->level, wanted, nr);

	for (unsigned int i = n->level; i-- > 0;) {
		struct alias *a = &n->at[i];

		a->told = alias_number(a->ns, wanted_at(n->level - 1 - i, wanted, nr));
		if (a->told < 0) {
			names_drop(n, i + 1);
			return a->told;
		}
		list_push(alias_bucket(a->ns, a->told), &a->link);
		a->ns->has_first |= a->told == 1;
	}
	if (outer && users[outer])
		n->pid = -EEXIST;
	else
		n->pid = outer ? outer : number_take();
	if (n->pid < 0) {
		names_drop(n, 0);
		return n->pid;
	}
	users[n->pid] = 1;
	list_push(&named[(unsigned int)n->pid % BUCKETS], &n->link);
	nr_names++;
	return 0;
}

static int wanted_check(const struct pid_ns *ns, const pid_t *wanted, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++, ns = ns ? ns->parent : NULL) {
		const struct user_ns *owner = ns ? ns->ns.owner : NULL;

		if (!in_range(wanted[i]))
			return -EINVAL;
		if (ns && wanted[i] != 1 && !READ_ONCE(ns->has_first))
			return -EINVAL;
		if (!privileged_in(owner, LINUX_CAP_SYS_ADMIN) && !privileged_in(owner, LINUX_CAP_CHECKPOINT_RESTORE))
			return -EPERM;
	}
	return 0;
}

pid_t pid_alloc_in(struct pid_ns *ns, const pid_t *wanted, unsigned int nr)
{
	unsigned int level = ns ? ns->level : 0;
	struct names *n;
	uint64_t flags;
	int err;

	if (likely(!ns && !nr))
		return pid_alloc();
	err = nr > level + 1 ? -EINVAL : wanted_check(ns, wanted, nr);
	if (err)
		return err;
	n = kzalloc(sizeof(*n) + level * sizeof(n->at[0]));
	if (!n)
		return -ENOMEM;
	n->level = level;
	for (struct pid_ns *at = ns; at; at = at->parent) {
		n->at[at->level - 1].ns = at;
		n->at[at->level - 1].of = n;
	}
	flags = spin_lock_irq(&pid_lock);
	err = names_number(n, wanted, nr);
	spin_unlock_irq(&pid_lock, flags);
	if (err) {
		kfree(n);
		return err;
	}
	if (ns)
		ns_get(&ns->ns);
	return n->pid;
}

pid_t pid_told_in(const struct pid_ns *ns, pid_t pid)
{
	const struct names *n;
	pid_t told = 0;
	uint64_t flags;

	if (!ns || !pid)
		return pid;
	flags = spin_lock_irq(&pid_lock);
	n = names_find(pid);
	if (n && n->level >= ns->level && n->at[ns->level - 1].ns == ns)
		told = n->at[ns->level - 1].told;
	spin_unlock_irq(&pid_lock, flags);
	return told;
}

pid_t pid_meant_in(const struct pid_ns *ns, pid_t told)
{
	const struct alias *a;
	uint64_t flags;
	pid_t pid;

	if (!ns)
		return told;
	flags = spin_lock_irq(&pid_lock);
	a = alias_find(ns, told);
	pid = a ? a->of->pid : PID_NONE;
	spin_unlock_irq(&pid_lock, flags);
	return pid;
}

unsigned int pid_levels(const struct pid_ns *ns, pid_t pid, pid_t *to)
{
	unsigned int from = ns ? ns->level : 0, nr = 0;
	uint64_t flags = spin_lock_irq(&pid_lock);
	const struct names *n = names_find(pid);

	if (!from)
		to[nr++] = pid;
	else if (n && n->level >= from && n->at[from - 1].ns == ns)
		to[nr++] = n->at[from - 1].told;
	for (unsigned int i = from; nr && n && i < n->level; i++)
		to[nr++] = n->at[i].told;
	spin_unlock_irq(&pid_lock, flags);
	return nr;
}

bool pid_ns_holds(const struct pid_ns *ns, const struct pid_ns *below)
{
	while (ns && below && below->level > ns->level)
		below = below->parent;
	return !ns || below == ns;
}

void pid_ns_close(struct pid_ns *ns)
{
	uint64_t flags = spin_lock_irq(&pid_lock);

	ns->closed = true;
	spin_unlock_irq(&pid_lock, flags);
}

pid_t pid_ns_last(struct pid_ns *ns, pid_t set)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	pid_t *last = ns ? &ns->last : &pid_last, was = *last;

	if (set >= 0)
		*last = set;
	spin_unlock_irq(&pid_lock, flags);
	return was;
}

/* ---- Users ---- */

void pid_hold(pid_t pid)
{
	uint64_t flags;

	if (!pid)
		return;
	flags = spin_lock_irq(&pid_lock);
	BUG_ON(!in_range(pid) || !users[pid]);
	users[pid]++;
	spin_unlock_irq(&pid_lock, flags);
}

/* 0 is no number: a process that got none yet. The last user of a number that is in namespaces gives those back. */
void pid_free(pid_t pid)
{
	struct names *n = NULL;
	struct pid_ns *ns;
	uint64_t flags;

	if (!pid)
		return;
	flags = spin_lock_irq(&pid_lock);
	BUG_ON(!in_range(pid) || !users[pid]);
	if (!--users[pid] && unlikely(nr_names))
		n = names_find(pid);
	if (unlikely(n)) {
		names_drop(n, 0);
		list_del(&n->link);
		nr_names--;
	}
	spin_unlock_irq(&pid_lock, flags);
	if (likely(!n))
		return;
	ns = n->level ? n->at[n->level - 1].ns : NULL;
	kfree(n);
	if (ns)
		ns_put(&ns->ns);
}

/* ---- Processes ---- */

void pid_link(struct process *p)
{
	list_push(&buckets[(unsigned int)p->pid % BUCKETS], &p->pid_link);
}

struct process *pid_process(pid_t pid)
{
	struct process *p;

	list_for_each(p, &buckets[(unsigned int)pid % BUCKETS], pid_link)
		if (p->pid == pid)
			return p;
	return NULL;
}

static int pid_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		list_init(&buckets[i]);
		list_init(&aliases[i]);
		list_init(&named[i]);
	}
	return 0;
}
INITCALL("1core", pid_init);
