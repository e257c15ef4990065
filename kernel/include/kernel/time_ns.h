/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time namespaces (time_namespaces(7)): by how much the clocks that count from boot are ahead of the first namespace's. In the kernel a time is
 * the first's; what programs say and are told is translated at the border. A process is in one, its thread's set has that of children. Who asked
 * for no namespace has a NULL one, and pays a look at it.
 */
#ifndef KERNEL_TIME_NS_H
#define KERNEL_TIME_NS_H

#include <kernel/namespace.h>
#include <kernel/process.h>
#include <kernel/time.h>

enum time_ns_clock { TIME_NS_MONOTONIC, TIME_NS_BOOT, TIME_NS_CLOCKS };

struct time_ns {
	struct ns ns;
	struct mutex lock;		/* guards the next two until it is frozen */
	int64_t ahead[TIME_NS_CLOCKS];	/* ns; what is frozen is read without the lock */
	bool frozen;			/* somebody has been in it */
	struct file *page;		/* its page of time (asm/vdso.h), from then on; NULL: the first's */
};

extern struct time_ns time_ns_first;
extern const struct ns_type time_ns_type;

/* As struct process has it: NULL for the first. */
static inline struct time_ns *time_ns_of(struct ns *ns)
{
	return ns == &time_ns_first.ns ? NULL : container_of(ns, struct time_ns, ns);
}

/* By how much @clock is ahead for the current thread, ns. */
static inline int64_t time_ahead(enum time_ns_clock clock)
{
	const struct time_ns *n = likely(current->process) ? current->process->time_ns : NULL;

	return likely(!n) ? 0 : n->ahead[clock];
}

/* What the current thread calls @ns by LINUX_CLOCK_*, one that counts from boot, as time since boot: 0 when that was before. Others stay. */
uint64_t time_meant_elsewhere(int clock, uint64_t ns);
static inline uint64_t time_meant(int clock, uint64_t ns)
{
	return likely(!current->process->time_ns) ? ns : time_meant_elsewhere(clock, ns);
}

/*
 * @p, which the current thread makes and which has not run yet, is born where its first thread's @set has it; @shares: in the memory of the
 * current process. 0, -ENOMEM or another error of space_map(). May sleep.
 */
int time_ns_begin(struct process *p, const struct ns_set *set, bool shares);
/* The current process, alone in its memory, goes over to @ns. The same errors: nothing has changed then. May sleep. */
int time_ns_change(struct ns *ns);
/* @p ends, or was never born. May sleep. */
void time_ns_leave(struct process *p);
/* The namespace where @p is: counted; NULL: it has ended. Any thread. */
struct ns *time_ns_of_process(struct process *p);
/* The page of time of who is there; NULL: the first's. Borrowed. */
struct file *time_ns_page(const struct process *p);

/* One clock's part of /proc/<pid>/timens_offsets. */
struct time_offset {
	enum time_ns_clock clock;
	int64_t seconds;
	uint64_t ns;	/* below a second */
};

/*
 * Change @ns, by who had @opener's privileges when the file was opened. 0, -EPERM, -ERANGE (before the boot, or too far), -EACCES (somebody has
 * been in it). May sleep.
 */
int time_ns_set(struct ns *ns, const struct time_offset *offsets, unsigned int nr, const struct credentials *opener);
void time_ns_get(struct ns *ns, int64_t ahead[TIME_NS_CLOCKS]);

#endif
