// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that are pending: for a process or for one thread a bit, and a record with its information when there was memory for one. Who sends
 * the same signal again and again keeps its record, which is in a queue or not. Lock: process->signal_lock.
 */
#include <kernel/pid_ns.h>
#include <mm/slab.h>
#include "process_internal.h"
#include "signal_queue.h"

/* Faults go first: a handler for another signal must not run with the faulting instruction still waiting. */
#define FAULT_SIGNALS	(SIG_BIT(LINUX_SIGSEGV) | SIG_BIT(LINUX_SIGBUS) | SIG_BIT(LINUX_SIGILL) | SIG_BIT(LINUX_SIGTRAP) | \
			 SIG_BIT(LINUX_SIGFPE) | SIG_BIT(LINUX_SIGSYS))
#define OVERRUN_MAX	0x7fffffffu

static void record_free(struct process *p, struct queued_signal *q)
{
	p->nr_queued--;
	kfree(q);
}

static void record_remove(struct process *p, struct queued_signal *q)
{
	list_del(&q->link);
	if (q->kept)
		list_init(&q->link);
	else
		record_free(p, q);
}

static void queue_drop(struct process *p, struct list *queue, sigset_t which)
{
	struct queued_signal *q, *next;

	list_for_each_safe(q, next, queue, link)
		if (SIG_BIT(q->info.si_signo) & which)
			record_remove(p, q);
}

void signal_pending_drop(struct process *p, sigset_t which)
{
	struct thread *t;

	p->pending &= ~which;
	queue_drop(p, &p->sigqueue, which);
	list_for_each(t, &p->threads, process_link) {
		t->pending &= ~which;
		queue_drop(p, &t->sigqueue, which);
	}
}

void signal_forget(struct process *p, int sig)
{
	uint64_t flags = spin_lock_irq(&p->lock), inner = spin_lock_irq(&p->signal_lock);

	signal_pending_drop(p, SIG_BIT(sig));
	spin_unlock_irq(&p->signal_lock, inner);
	spin_unlock_irq(&p->lock, flags);
}

/* Signals of timers are always recorded; another of the same number may not be, and goes too. */
static void queue_drop_timers(struct process *p, struct list *queue, sigset_t *pending)
{
	sigset_t dropped = 0, left = 0;
	struct queued_signal *q, *next;

	list_for_each_safe(q, next, queue, link) {
		if (q->info.si_code == LINUX_SI_TIMER) {
			dropped |= SIG_BIT(q->info.si_signo);
			record_remove(p, q);
		} else {
			left |= SIG_BIT(q->info.si_signo);
		}
	}
	*pending &= ~(dropped & ~left);
}

void signal_forget_timers(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock), inner = spin_lock_irq(&p->signal_lock);
	struct thread *t;

	queue_drop_timers(p, &p->sigqueue, &p->pending);
	list_for_each(t, &p->threads, process_link)
		queue_drop_timers(p, &t->sigqueue, &t->pending);
	spin_unlock_irq(&p->signal_lock, inner);
	spin_unlock_irq(&p->lock, flags);
}

struct queued_signal *signal_keep(struct process *p)
{
	struct queued_signal *q = kzalloc(sizeof(*q));
	uint64_t flags;
	bool fits;

	if (!q)
		return ERR_PTR(-ENOMEM);
	list_init(&q->link);
	q->kept = true;
	flags = spin_lock_irq(&p->signal_lock);
	fits = p->nr_queued < p->rlimits[LINUX_RLIMIT_SIGPENDING].cur;
	p->nr_queued += fits;
	spin_unlock_irq(&p->signal_lock, flags);
	if (fits)
		return q;
	kfree(q);
	return ERR_PTR(-EAGAIN);
}

void signal_unkeep(struct process *p, struct queued_signal *q)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);

	q->kept = false;
	q->info.timer.overrun = (int)q->overrun;
	if (list_empty(&q->link))
		record_free(p, q);
	spin_unlock_irq(&p->signal_lock, flags);
}

void signal_flush_own(struct thread *t)
{
	t->pending = 0;
	queue_drop(t->process, &t->sigqueue, ~0ull);
}

void signal_flush_all(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);

	p->pending = 0;
	queue_drop(p, &p->sigqueue, ~0ull);
	spin_unlock_irq(&p->signal_lock, flags);
}

/* Who sends from outside the namespace of @p has no number there. */
static void sender_hide(const struct process *p, struct linux_siginfo *info)
{
	bool by_program = info->si_code <= 0 && info->si_code != LINUX_SI_TIMER;

	if (by_program && !pid_ns_holds(p->pid_ns, pid_ns_current()))
		info->sender.pid = 0;
}

static void kept_enqueue(struct queued_signal *q, struct list *queue, sigset_t *pending, uint64_t more)
{
	bool waits = !list_empty(&q->link);

	q->overrun = (uint32_t)MIN((waits ? q->overrun + 1ull : 0) + more, (uint64_t)OVERRUN_MAX);
	if (waits)
		return;
	list_append(queue, &q->link);
	*pending |= SIG_BIT(q->info.si_signo);
}

int signal_enqueue(struct process *p, struct thread *only, const struct sent_signal *s)
{
	struct list *queue = only ? &only->sigqueue : &p->sigqueue;
	sigset_t *pending = only ? &only->pending : &p->pending;
	const struct linux_siginfo *info = s->info;
	struct queued_signal *q;
	int sig = s->sig;

	if (s->kept) {
		kept_enqueue(s->kept, queue, pending, s->more);
		return 0;
	}
	if (sig < LINUX_SIGRTMIN && (*pending & SIG_BIT(sig)))
		return 0;
	q = p->nr_queued < p->rlimits[LINUX_RLIMIT_SIGPENDING].cur || sig < LINUX_SIGRTMIN ? kzalloc(sizeof(*q)) : NULL;
	/* kill(2) has nothing to tell but the number. */
	if (!q && sig >= LINUX_SIGRTMIN && info && info->si_code != LINUX_SI_USER)
		return -EAGAIN;
	if (q) {
		if (info)
			q->info = *info;
		if (info && unlikely(p->pid_ns))
			sender_hide(p, &q->info);
		else if (!info)
			q->info.si_code = LINUX_SI_KERNEL;
		q->info.si_signo = sig;
		list_append(queue, &q->link);
		p->nr_queued++;
	}
	*pending |= SIG_BIT(sig);
	return 0;
}

/* Take the record of @sig out of @queue; clears the bit when it was the last. signal_lock held. */
static void queue_take(struct process *p, struct list *queue, sigset_t *pending, int sig, struct linux_siginfo *info)
{
	struct queued_signal *q, *next, *found = NULL;
	bool more = false;

	list_for_each_safe(q, next, queue, link) {
		if (q->info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		*pending &= ~SIG_BIT(sig);
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	if (!found)
		return;
	*info = found->info;
	if (found->kept) {
		found->overrun_told = found->overrun;
		info->timer.overrun = (int)found->overrun;
	}
	record_remove(p, found);
}

bool signal_peek(struct thread *t, bool shared, uint64_t index, struct linux_siginfo *info)
{
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	struct queued_signal *q;
	bool found = false;

	list_for_each(q, shared ? &p->sigqueue : &t->sigqueue, link) {
		if (index--)
			continue;
		*info = q->info;
		found = true;
		break;
	}
	spin_unlock_irq(&p->signal_lock, flags);
	return found;
}

static int signal_first(sigset_t set)
{
	if (set & FAULT_SIGNALS)
		set &= FAULT_SIGNALS;
	return set ? __builtin_ctzll(set) + 1 : 0;
}

int signal_dequeue(sigset_t mask, struct linux_siginfo *info)
{
	struct thread *t = current;
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	int sig = signal_first(t->pending & mask);

	if (sig) {
		queue_take(p, &t->sigqueue, &t->pending, sig, info);
	} else {
		sig = signal_first(p->pending & mask);
		if (sig)
			queue_take(p, &p->sigqueue, &p->pending, sig, info);
	}
	spin_unlock_irq(&p->signal_lock, flags);
	return sig;
}
