/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID namespaces (pid_namespaces(7)). In the kernel a number is the first namespace's, whosever it is; what programs say and are told is
 * translated at the border, as numbers of users are. A number has another one in each namespace below the first down to that of its process,
 * and none elsewhere. Who asked for no namespace has a NULL one, and pays a look at it.
 */
#ifndef KERNEL_PID_NS_H
#define KERNEL_PID_NS_H

#include <kernel/namespace.h>
#include <kernel/process.h>

#define PID_NS_DEPTH	32u
#define PID_NONE	INT32_MAX	/* nobody's number */

struct pid_ns {
	struct ns ns;
	struct pid_ns *parent;		/* counted; NULL: the first */
	uint32_t level;			/* 0: the first */
	struct process *init;		/* guarded by process_tree_lock; NULL: not there yet, or gone */
	int reboot_signal;		/* the same: what its init seems to have died of (reboot(2)); 0: of what it did */
	/* Guarded by the lock of numbers. */
	pid_t last;			/* the number that was given out last */
	bool has_first;			/* number 1 is in use */
	bool closed;			/* its init ends: no more numbers */
};

extern struct pid_ns pid_ns_first;
extern const struct ns_type pid_ns_type;

/* As struct process has it: NULL for the first. */
static inline struct pid_ns *pid_ns_of(struct ns *ns)
{
	return ns == &pid_ns_first.ns ? NULL : container_of(ns, struct pid_ns, ns);
}

/* Where the current thread is, and where its children will be. */
static inline struct pid_ns *pid_ns_current(void)
{
	return current && current->process ? current->process->pid_ns : NULL;
}

static inline struct pid_ns *pid_ns_for_children(void)
{
	return pid_ns_of(ns_current(NS_PID));
}

/* Is @below @ns or below it? NULL: the first. */
bool pid_ns_holds(const struct pid_ns *ns, const struct pid_ns *below);

/* Has @p a number for the current thread? */
static inline bool process_is_seen(const struct process *p)
{
	return likely(!pid_ns_current()) || pid_ns_holds(pid_ns_current(), p->pid_ns);
}

/* Is @p the first process of its namespace, whose end is that of all in it? */
static inline bool process_is_init(const struct process *p)
{
	return p->own_pid == 1;
}

/* kernel/pid.c. A number of the kernel's as it is in @ns (NULL: the first), 0: it has none there; one of @ns's in the kernel, or PID_NONE. */
pid_t pid_told_in(const struct pid_ns *ns, pid_t pid);
pid_t pid_meant_in(const struct pid_ns *ns, pid_t told);

/* What the current thread is told; what it means, where 0 and negative numbers mean something else and stay. Any context. */
static inline pid_t pid_told(pid_t pid)
{
	struct pid_ns *ns = pid_ns_current();

	return likely(!ns) ? pid : pid_told_in(ns, pid);
}

static inline pid_t pid_meant(pid_t told)
{
	struct pid_ns *ns = pid_ns_current();

	return likely(!ns) || told <= 0 ? told : pid_meant_in(ns, told);
}

/* -@pid, as kill(2) and fcntl(2) name groups, too. */
static inline pid_t pid_or_group_meant(pid_t told)
{
	return told < -1 && told != INT32_MIN ? -pid_meant(-told) : pid_meant(told);
}

/*
 * A new number in @ns and those above. @wanted has @nr of them that clone3(2) named, the innermost first. -EAGAIN: there is none left; -ENOMEM, also
 * when the namespace has no init any more; -EEXIST, -EINVAL, -EPERM: of those that were named. May sleep.
 */
pid_t pid_alloc_in(struct pid_ns *ns, const pid_t *wanted, unsigned int nr);

/* All numbers of @pid from @ns on inwards, @nr of them (PID_NS_DEPTH + 1 at most); 0: it has none in @ns. */
unsigned int pid_levels(const struct pid_ns *ns, pid_t pid, pid_t *to);

/* The init @p, current, ends in its last thread: so does everybody in its namespace. May sleep. */
void pid_ns_end(struct process *p);
/* reboot(2) in a namespace: its init ends of @sig. */
void pid_ns_reboot(struct pid_ns *ns, int sig);
/* The namespace where @p is or, @children, where its first thread's children will be: counted, NULL. */
struct ns *pid_ns_of_process(struct process *p, bool children);

#endif
