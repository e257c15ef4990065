// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of processes and threads. A number is counted: a process, each thread, and each membership in a process group or session
 * holds it, so it is not given out again while anything can still be addressed by it. The counts of the numbers that there are at first are
 * static, so that they never show in the accounts of memory; those above, up to what pid_max may be set to, come and go in chunks. The numbers
 * in other namespaces hang on the first one's and go with it. Locks: pid_lock guards the counts and those numbers, process_tree_lock the
 * hash of processes.
 */
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include "process_internal.h"

#define PID_RESERVED	300	/* once numbers have come so far they go on here when they have come to the end, as on Linux */
#define PIDS_STATIC	32768
#define PIDS_PER_CHUNK	4096
#define CHUNKS		((PID_MAX + 1 - PIDS_STATIC) / PIDS_PER_CHUNK)
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

/* Counts of PIDS_PER_CHUNK numbers above the static ones, @nr_used of which are not 0; NULL: all are 0. */
struct chunk {
	uint32_t *users;
	unsigned int nr_used;
};

static uint32_t users[PIDS_STATIC];
static struct chunk chunks[CHUNKS];
static struct spinlock pid_lock = SPINLOCK_INIT("pid");
static pid_t pid_last = 1;	/* init's, by pid_claim() */
static struct list aliases[BUCKETS], named[BUCKETS];
static unsigned int nr_names;

static struct list buckets[BUCKETS];	/* of processes, by pid_link */

static bool in_range(pid_t pid)
{
	return pid >= 1 && pid <= PID_MAX;
}

/* ---- Counts. All with pid_lock held. ---- */

static struct chunk *chunk_of(pid_t pid)
{
	return pid < PIDS_STATIC ? NULL : &chunks[(pid - PIDS_STATIC) / PIDS_PER_CHUNK];
}

/* NULL: nobody uses it. */
static uint32_t *users_of(pid_t pid)
{
	struct chunk *c = chunk_of(pid);

	return likely(!c) ? &users[pid] : c->users ? &c->users[pid % PIDS_PER_CHUNK] : NULL;
}

static bool is_used(pid_t pid)
{
	const uint32_t *u = users_of(pid);

	return u && *u;
}

/* The chunk where numbers are being given out stays: each process by itself would have it made and freed. */
static void chunk_trim(struct chunk *c)
{
	if (!c || c->nr_used || !c->users || c == chunk_of(pid_last))
		return;
	kfree(c->users);
	c->users = NULL;
}

/* The first user of a number that nobody uses. 0 or -ENOMEM. */
static int number_use(pid_t pid)
{
	struct chunk *c = chunk_of(pid);

	if (unlikely(c)) {
		if (!c->users)
			c->users = kcalloc(PIDS_PER_CHUNK, sizeof(*c->users));
		if (!c->users)
			return -ENOMEM;
		c->nr_used++;
	}
	*users_of(pid) = 1;
	return 0;
}

/* The last user has gone. */
static void number_drop(pid_t pid)
{
	struct chunk *c = chunk_of(pid);

	if (likely(!c))
		return;
	c->nr_used--;
	chunk_trim(c);
}

int pid_claim(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	int err = !in_range(pid) || is_used(pid) ? -EAGAIN : number_use(pid);

	spin_unlock_irq(&pid_lock, flags);
	return err;
}

/* What is tried after @pid, by who started at @start; @first: the first number there is. */
static pid_t number_after(pid_t pid, pid_t first, pid_t start)
{
	return pid + 1 < pid_max_get() ? pid + 1 : start >= PID_RESERVED ? PID_RESERVED : first;
}

/* Numbers go round, so that one which was just freed is not met again soon. */
static pid_t number_take(void)
{
	struct chunk *before = chunk_of(pid_last);
	pid_t pid = pid_last, start = pid_last;
	int err;

	for (pid_t tries = pid_max_get(); tries > 0; tries--) {
		pid = number_after(pid, 2, start);
		if (is_used(pid))
			continue;
		err = number_use(pid);
		if (err)
			return err;
		pid_last = pid;
		if (unlikely(before != chunk_of(pid)))
			chunk_trim(before);
		return pid;
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
	pid_t start = ns->has_first ? ns->last : 0, told = start;

	if (ns->closed)
		return -ENOMEM;
	if (wanted)
		return wanted != 1 && !ns->has_first ? -EINVAL : alias_find(ns, wanted) ? -EEXIST : wanted;
	for (pid_t tries = pid_max_get(); tries > 0; tries--) {
		told = number_after(told, 1, start);
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
	if (outer && is_used(outer))
		n->pid = -EEXIST;
	else
		n->pid = outer ? number_use(outer) ? -ENOMEM : outer : number_take();
	if (n->pid < 0) {
		names_drop(n, 0);
		return n->pid;
	}
	list_push(&named[(unsigned int)n->pid % BUCKETS], &n->link);
	nr_names++;
	return 0;
}

static int wanted_check(const struct pid_ns *ns, const pid_t *wanted, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++, ns = ns ? ns->parent : NULL) {
		const struct user_ns *owner = ns ? ns->ns.owner : NULL;

		if (wanted[i] < 1 || wanted[i] >= pid_max_get())
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
	if (set >= 0 && !ns)
		chunk_trim(chunk_of(was));
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
	BUG_ON(!in_range(pid) || !is_used(pid));
	++*users_of(pid);
	spin_unlock_irq(&pid_lock, flags);
}

/* 0 is no number: a process that got none yet. The last user of a number that is in namespaces gives those back. */
void pid_free(pid_t pid)
{
	struct names *n = NULL;
	struct pid_ns *ns;
	uint64_t flags;
	bool last;

	if (!pid)
		return;
	flags = spin_lock_irq(&pid_lock);
	BUG_ON(!in_range(pid) || !is_used(pid));
	last = !--*users_of(pid);
	if (last)
		number_drop(pid);
	if (last && unlikely(nr_names))
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

struct process *process_find_from(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct process *p, *found = NULL;

	list_for_each(p, &all_processes, all_link)
		if (p->pid >= pid && (!found || p->pid < found->pid))
			found = p;
	if (found)
		process_get(found);
	spin_unlock_irq(&process_tree_lock, flags);
	return found;
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
