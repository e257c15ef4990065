// SPDX-License-Identifier: GPL-2.0
/* What threads, processes and the children that were waited for cost: getrusage(2) and times(2). Linux counts no signals and messages either. */
#include <kernel/syscall.h>
#include <mm/space.h>
#include <mm/user.h>
#include "process_internal.h"

#define BLOCK_SHIFT	9

static void counts_add(struct usage_counts *to, const struct usage_counts *c)
{
	for (unsigned int i = 0; i < 2; i++) {
		to->faults[i] += READ_ONCE(c->faults[i]);
		to->switches[i] += READ_ONCE(c->switches[i]);
	}
}

static void io_counts_add(struct io_counts *to, const struct io_counts *c)
{
	for (unsigned int i = 0; i < 2; i++) {
		to->chars[i] += READ_ONCE(c->chars[i]);
		to->calls[i] += READ_ONCE(c->calls[i]);
		to->bytes[i] += READ_ONCE(c->bytes[i]);
	}
}

void usage_of_dead_add(struct process *p, const struct thread *t)
{
	p->user_ns += t->runtime_ns;
	counts_add(&p->dead_counts, &t->counts);
	io_counts_add(&p->dead_io, &t->io);
}

/* The scheduler counts a thread's time in one sum; what the tick did not book as the kernel's is the program's. */
static void split_time(struct usage *u, time_ns_t total, time_ns_t system)
{
	u->system_ns = MIN(system, total);
	u->user_ns = total - u->system_ns;
}

static void usage_of_thread(const struct thread *t, struct usage *u)
{
	split_time(u, READ_ONCE(t->runtime_ns), READ_ONCE(t->system_ns));
	counts_add(&u->counts, &t->counts);
	io_counts_add(&u->io, &t->io);
}

void process_usage(struct process *p, pid_t tid, struct usage *u)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	time_ns_t total = p->user_ns;
	struct thread *t;

	*u = (struct usage){ .max_pages = p->max_pages };
	list_for_each(t, &p->threads, process_link) {
		total += READ_ONCE(t->runtime_ns);
		if (!tid || t->tid == tid)
			usage_of_thread(t, u);
	}
	if (!tid) {
		split_time(u, total, READ_ONCE(p->system_ns));
		counts_add(&u->counts, &p->dead_counts);
		io_counts_add(&u->io, &p->dead_io);
	}
	spin_unlock_irq(&p->lock, flags);
}

void process_cpu_time(struct process *p, time_ns_t *user, time_ns_t *system)
{
	struct usage u;

	process_usage(p, 0, &u);
	*user = u.user_ns;
	*system = u.system_ns;
}

void process_children_usage(struct process *p, struct usage *u)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	*u = p->children_usage;
	spin_unlock_irq(&process_tree_lock, flags);
}

void usage_add(struct usage *to, const struct usage *u)
{
	to->user_ns += u->user_ns;
	to->system_ns += u->system_ns;
	to->max_pages = MAX(to->max_pages, u->max_pages);
	counts_add(&to->counts, &u->counts);
	io_counts_add(&to->io, &u->io);
}

void rusage_fill(struct linux_rusage *to, const struct usage *u)
{
	memset(to, 0, sizeof(*to));
	to->ru_utime.tv_sec = u->user_ns / NSEC_PER_SEC;
	to->ru_utime.tv_usec = u->user_ns % NSEC_PER_SEC / NSEC_PER_USEC;
	to->ru_stime.tv_sec = u->system_ns / NSEC_PER_SEC;
	to->ru_stime.tv_usec = u->system_ns % NSEC_PER_SEC / NSEC_PER_USEC;
	to->ru_maxrss = u->max_pages * (PAGE_SIZE / 1024);
	to->ru_minflt = u->counts.faults[0];
	to->ru_majflt = u->counts.faults[1];
	to->ru_inblock = u->io.bytes[0] >> BLOCK_SHIFT;
	to->ru_oublock = u->io.bytes[1] >> BLOCK_SHIFT;
	to->ru_nvcsw = u->counts.switches[0];
	to->ru_nivcsw = u->counts.switches[1];
}

SYSCALL(NR_getrusage, getrusage)
{
	struct process *p = current_process;
	struct linux_rusage rusage;
	struct usage u;

	switch ((int)args->a[0]) {
	case LINUX_RUSAGE_SELF:
	case LINUX_RUSAGE_THREAD:
		process_usage(p, (int)args->a[0] == LINUX_RUSAGE_THREAD ? current->tid : 0, &u);
		u.max_pages = MAX(u.max_pages, space_peak(p->space));
		break;
	case LINUX_RUSAGE_CHILDREN:
		process_children_usage(p, &u);
		break;
	default:
		return -EINVAL;
	}
	rusage_fill(&rusage, &u);
	return copy_to_user(args->a[1], &rusage, sizeof(rusage));
}

static uint64_t ticks_of(time_ns_t ns)
{
	return ns / (NSEC_PER_SEC / LINUX_CLK_TCK);
}

SYSCALL(NR_times, times)
{
	struct usage own, children;
	struct linux_tms tms;

	process_usage(current_process, 0, &own);
	process_children_usage(current_process, &children);
	tms = (struct linux_tms){ ticks_of(own.user_ns), ticks_of(own.system_ns), ticks_of(children.user_ns), ticks_of(children.system_ns) };
	if (args->a[0] && copy_to_user(args->a[0], &tms, sizeof(tms)))
		return -EFAULT;
	return ticks_of(time_now());
}
