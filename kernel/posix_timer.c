// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX timers (timer_create and its family) on the real-time, monotonic and CPU-time clocks. A timer that fires while its last signal is still
 * pending counts an overrun instead. Locks: timers_lock guards all lists and settings; firing, in the timer interrupt, takes none of ours.
 */
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "cpu_clock.h"
#include "process_internal.h"

#define TIMERS_MAX	64
#define OVERRUN_MAX	0x7fffffff

static struct mutex timers_lock = MUTEX_INIT(timers_lock, "posix timers");

struct posix_timer {
	struct list link;
	struct timer timer;
	struct process *process;	/* owns the timer */
	struct thread *thread;		/* SIGEV_THREAD_ID: counted */
	int id, clock, signo;		/* signo 0: no signal */
	uint64_t value;
	uint64_t interval;		/* ns; 0: once */
	struct clock_watch watch;	/* of a timer that waits for dates */
	bool dated;			/* @due is a date, otherwise a time since boot */
	uint64_t due;			/* the period that comes next */
	struct cpu_clock_timer cpu;	/* in the place of @timer; without a process: of another clock */
	uint32_t overrun;
	uint8_t untaken;		/* periods that ended since the program last took the signal, as far as period_rest() cares */
};

static bool signal_is_pending(const struct posix_timer *t)
{
	sigset_t pending = t->thread ? t->thread->pending : t->process->pending;

	return pending & SIG_BIT(t->signo);
}

/* Does nobody take note of it? Without a lock: a moment early or late only moves a rest. */
static bool is_untaken(const struct posix_timer *t)
{
	return !t->signo || signal_is_pending(t) || process_ignores(t->process, t->signo);
}

/* @missed periods went by without being told. */
static void posix_timer_tell(struct posix_timer *t, uint64_t missed)
{
	struct linux_siginfo info = { .si_signo = t->signo, .si_code = LINUX_SI_TIMER };

	if (!t->signo)
		return;
	if (signal_is_pending(t)) {
		t->overrun = (uint32_t)MIN(t->overrun + missed + 1, (uint64_t)OVERRUN_MAX);
		return;
	}
	t->overrun = (uint32_t)MIN(missed, (uint64_t)OVERRUN_MAX);
	info.timer.id = t->id;
	info.timer.overrun = (int)t->overrun;
	info.timer.value = t->value;
	if (t->thread)
		signal_send_thread(t->thread, t->signo, &info);
	else
		signal_send_process(t->process, t->signo, &info);
}

static void posix_timer_fire(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	uint64_t missed = 0;

	if (t->interval) {
		t->due = period_next(t->due, t->interval, t->dated ? time_realtime() : time_now(), &missed);
		timer_arm(timer, MAX(t->dated ? deadline_of_date(t->due) : t->due, time_now() + period_rest(&t->untaken, is_untaken(t))));
	}
	posix_timer_tell(t, missed);
}

/* Times that a tick was too coarse for are overruns. */
static uint64_t posix_timer_fire_cpu(struct cpu_clock_timer *c)
{
	struct posix_timer *t = container_of(c, struct posix_timer, cpu);
	uint64_t missed = 0, next = 0;

	if (t->interval)
		next = period_next(c->deadline, t->interval, cpu_clock_now(&c->clock), &missed);
	posix_timer_tell(t, missed);
	return next;
}

static void posix_timer_date_set(struct clock_watch *w)
{
	struct posix_timer *t = container_of(w, struct posix_timer, watch);

	if (timer_disarm(&t->timer))
		timer_arm(&t->timer, deadline_of_date(t->due));
}

static void posix_timer_free(struct posix_timer *t)
{
	clock_unwatch(&t->watch);
	timer_disarm(&t->timer);
	cpu_clock_disarm(&t->cpu);
	cpu_clock_put(&t->cpu.clock);
	if (t->thread)
		thread_put(t->thread);
	kfree(t);
}

/* exec and exit. Only the last thread is left, so nobody else touches the list. */
void posix_timers_free(struct process *p)
{
	struct posix_timer *t, *next;

	list_for_each_safe(t, next, &p->posix_timers, link) {
		list_del(&t->link);
		posix_timer_free(t);
	}
}

/* timers_lock held. */
static struct posix_timer *posix_timer_find(struct process *p, int id)
{
	struct posix_timer *t;

	list_for_each(t, &p->posix_timers, link)
		if (t->id == id)
			return t;
	return NULL;
}

/* The lowest free number and a place in the list. -EAGAIN: too many. */
static int posix_timer_add(struct process *p, struct posix_timer *t)
{
	int id = 0;

	mutex_lock(&timers_lock);
	while (id < TIMERS_MAX && posix_timer_find(p, id))
		id++;
	if (id < TIMERS_MAX) {
		t->id = id;
		list_append(&p->posix_timers, &t->link);
	}
	mutex_unlock(&timers_lock);
	return id < TIMERS_MAX ? id : -EAGAIN;
}

/* SIGEV_THREAD is libc's to carry out: to the kernel it is a signal. */
static int event_apply(struct posix_timer *t, const struct linux_sigevent *event)
{
	int notify = event->notify == LINUX_SIGEV_THREAD ? LINUX_SIGEV_SIGNAL : event->notify & ~LINUX_SIGEV_THREAD_ID;

	if (event->notify == LINUX_SIGEV_NONE)
		return 0;
	if (notify != LINUX_SIGEV_SIGNAL || event->signo < 1 || event->signo > LINUX_NSIG)
		return -EINVAL;
	t->signo = event->signo;
	t->value = event->value;
	if (event->notify & LINUX_SIGEV_THREAD_ID)
		t->thread = thread_find(current_process->pid, pid_meant(event->tid));
	return (event->notify & LINUX_SIGEV_THREAD_ID) && !t->thread ? -EINVAL : 0;
}

/* Is there such a clock to set a timer by? Those of CPU time are noted in @t. The machine never sleeps, so alarm clocks need nothing else. */
static int clock_choose(struct posix_timer *t, int clock)
{
	uint64_t now;

	t->clock = clock;
	if (clock < 0 || clock == LINUX_CLOCK_PROCESS_CPUTIME_ID || clock == LINUX_CLOCK_THREAD_CPUTIME_ID)
		return cpu_clock_get(clock, &t->cpu.clock);
	if (clock_is_alarm(clock) && !privileged(LINUX_CAP_WAKE_ALARM))
		return -EPERM;
	if (clock_is_date(clock) || clock_is_alarm(clock) || clock == LINUX_CLOCK_MONOTONIC || clock == LINUX_CLOCK_BOOTTIME)
		return 0;
	return clock_read(clock, &now) ? -EINVAL : -EOPNOTSUPP;
}

static int posix_timer_drop(int id)
{
	struct process *p = current_process;
	struct posix_timer *t;

	mutex_lock(&timers_lock);
	t = posix_timer_find(p, id);
	if (t)
		list_del(&t->link);
	mutex_unlock(&timers_lock);
	if (!t)
		return -EINVAL;
	posix_timer_free(t);
	return 0;
}

SYSCALL(NR_timer_create, timer_create)
{
	struct linux_sigevent event = { .signo = LINUX_SIGALRM, .notify = LINUX_SIGEV_SIGNAL };
	struct posix_timer *t;
	int err, id;

	if (args->a[1] && copy_from_user(&event, args->a[1], sizeof(event)))
		return -EFAULT;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	list_init(&t->link);
	list_init(&t->watch.link);
	t->watch.changed = posix_timer_date_set;
	timer_init(&t->timer, posix_timer_fire);
	t->process = current_process;
	list_init(&t->cpu.link);
	t->cpu.fire = posix_timer_fire_cpu;
	err = clock_choose(t, (int)args->a[0]);
	if (!err)
		err = event_apply(t, &event);
	if (!err)
		err = posix_timer_add(current_process, t);
	if (err < 0) {
		posix_timer_free(t);
		return err;
	}
	if (!args->a[1])
		t->value = t->id;
	id = t->id;
	if (!put_user32(args->a[2], id))
		return 0;
	posix_timer_drop(id);
	return -EFAULT;
}

static struct linux_itimerspec itimerspec_of(const struct posix_timer *t)
{
	time_ns_t now = time_now();
	uint64_t left = 0;

	if (t->cpu.clock.process && !list_empty(&t->cpu.link)) {
		now = cpu_clock_now(&t->cpu.clock);
		left = t->cpu.deadline > now ? t->cpu.deadline - now : 1;
	} else if (t->timer.armed) {
		time_ns_t due = t->dated ? deadline_of_date(t->due) : t->due;
		uint64_t missed;

		if (due <= now && t->interval)	/* it rests */
			due = period_next(due, t->interval, now, &missed);
		left = due > now ? due - now : 1;
	}
	return (struct linux_itimerspec){
		.it_interval = { t->interval / NSEC_PER_SEC, t->interval % NSEC_PER_SEC },
		.it_value = { left / NSEC_PER_SEC, left % NSEC_PER_SEC },
	};
}

/* timers_lock held. @value 0: off. */
static void posix_timer_set(struct posix_timer *t, uint64_t value, uint64_t interval, bool absolute)
{
	clock_unwatch(&t->watch);
	timer_disarm(&t->timer);
	cpu_clock_disarm(&t->cpu);
	t->interval = value ? interval : 0;
	t->overrun = 0;
	t->untaken = 0;
	t->dated = absolute && clock_is_date(t->clock);
	t->due = !absolute ? deadline_after(value) : t->dated ? date_of_clock(t->clock, value) : time_meant(t->clock, value);
	if (!value)
		return;
	if (t->cpu.clock.process) {
		cpu_clock_arm(&t->cpu, absolute ? value : cpu_clock_now(&t->cpu.clock) + value);
		return;
	}
	timer_arm(&t->timer, t->dated ? deadline_of_date(t->due) : t->due);
	if (t->dated)
		clock_watch(&t->watch);
}

SYSCALL(NR_timer_settime, timer_settime)
{
	struct process *p = current_process;
	struct linux_itimerspec old = { { 0, 0 }, { 0, 0 } };
	uint64_t interval, value;
	struct posix_timer *t;
	int err = args->a[2] ? timespec_from_user(args->a[2], &interval) : -EINVAL;

	if (!err)
		err = timespec_from_user(args->a[2] + sizeof(struct linux_timespec), &value);
	if (err)
		return err;
	mutex_lock(&timers_lock);
	t = posix_timer_find(p, args->a[0]);
	if (t) {
		old = itimerspec_of(t);
		posix_timer_set(t, value, interval, args->a[1] & LINUX_TIMER_ABSTIME);
	}
	mutex_unlock(&timers_lock);
	if (!t)
		return -EINVAL;
	return args->a[3] ? copy_to_user(args->a[3], &old, sizeof(old)) : 0;
}

SYSCALL(NR_timer_gettime, timer_gettime)
{
	struct process *p = current_process;
	struct linux_itimerspec now = { { 0, 0 }, { 0, 0 } };
	struct posix_timer *t;

	mutex_lock(&timers_lock);
	t = posix_timer_find(p, args->a[0]);
	if (t)
		now = itimerspec_of(t);
	mutex_unlock(&timers_lock);
	return t ? copy_to_user(args->a[1], &now, sizeof(now)) : -EINVAL;
}

SYSCALL(NR_timer_getoverrun, timer_getoverrun)
{
	struct process *p = current_process;
	struct posix_timer *t;
	int64_t overrun;

	mutex_lock(&timers_lock);
	t = posix_timer_find(p, args->a[0]);
	overrun = t ? (int64_t)t->overrun : -EINVAL;
	mutex_unlock(&timers_lock);
	return overrun;
}

SYSCALL(NR_timer_delete, timer_delete)
{
	return posix_timer_drop(args->a[0]);
}
