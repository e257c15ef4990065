// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX timers (timer_create and its family) on the real-time, monotonic and CPU-time clocks. A timer that fires while its last signal is still
 * pending counts an overrun instead. Locks: timers_lock guards all lists and settings; firing, in the timer interrupt, takes none of ours.
 */
#include <kernel/syscall.h>
#include <kernel/time.h>
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
	struct clock_watch watch;	/* of a timer that waits for a date */
	uint64_t date;
	struct cpu_clock_timer cpu;	/* in the place of @timer; without a process: of another clock */
	uint32_t overrun;
};

static bool signal_is_pending(const struct posix_timer *t)
{
	sigset_t pending = t->thread ? t->thread->pending : t->process->pending;

	return pending & SIG_BIT(t->signo);
}

static void posix_timer_tell(struct posix_timer *t)
{
	struct linux_siginfo info = { .si_signo = t->signo, .si_code = LINUX_SI_TIMER };

	if (!t->signo)
		return;
	if (signal_is_pending(t)) {
		t->overrun += t->overrun < OVERRUN_MAX;
		return;
	}
	t->overrun = 0;
	info.timer.id = t->id;
	info.timer.value = t->value;
	if (t->thread)
		signal_send_thread(t->thread, t->signo, &info);
	else
		signal_send_process(t->process, t->signo, &info);
}

static void posix_timer_fire(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);

	if (t->interval) {
		t->date = time_realtime() + t->interval;
		timer_arm(timer, deadline_after(t->interval));
	}
	posix_timer_tell(t);
}

/* Times that a tick was too coarse for are overruns. */
static uint64_t posix_timer_fire_cpu(struct cpu_clock_timer *c)
{
	struct posix_timer *t = container_of(c, struct posix_timer, cpu);
	uint64_t missed;

	posix_timer_tell(t);
	if (!t->interval)
		return 0;
	missed = (cpu_clock_now(&c->clock) - c->deadline) / t->interval;
	t->overrun = (uint32_t)MIN(t->overrun + missed, (uint64_t)OVERRUN_MAX);
	return c->deadline + (missed + 1) * t->interval;
}

static void posix_timer_date_set(struct clock_watch *w)
{
	struct posix_timer *t = container_of(w, struct posix_timer, watch);

	if (timer_disarm(&t->timer))
		timer_arm(&t->timer, deadline_of_date(t->date));
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

static int event_apply(struct posix_timer *t, const struct linux_sigevent *event)
{
	int notify = event->notify & ~LINUX_SIGEV_THREAD_ID;

	if (event->notify == LINUX_SIGEV_NONE)
		return 0;
	if (notify != LINUX_SIGEV_SIGNAL || event->signo < 1 || event->signo > LINUX_NSIG)
		return -EINVAL;
	t->signo = event->signo;
	t->value = event->value;
	if (event->notify & LINUX_SIGEV_THREAD_ID)
		t->thread = thread_find(current_process->pid, event->tid);
	return (event->notify & LINUX_SIGEV_THREAD_ID) && !t->thread ? -EINVAL : 0;
}

/* Is there such a clock to set a timer by? Those of CPU time are noted in @t. */
static int clock_choose(struct posix_timer *t, int clock)
{
	t->clock = clock;
	if (clock < 0 || clock == LINUX_CLOCK_PROCESS_CPUTIME_ID || clock == LINUX_CLOCK_THREAD_CPUTIME_ID)
		return cpu_clock_get(clock, &t->cpu.clock);
	return clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_MONOTONIC || clock == LINUX_CLOCK_BOOTTIME ? 0 : -EINVAL;
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
		left = t->timer.deadline > now ? t->timer.deadline - now : 1;
	}
	return (struct linux_itimerspec){
		.it_interval = { t->interval / NSEC_PER_SEC, t->interval % NSEC_PER_SEC },
		.it_value = { left / NSEC_PER_SEC, left % NSEC_PER_SEC },
	};
}

/* timers_lock held. @value 0: off. */
static void posix_timer_set(struct posix_timer *t, uint64_t value, uint64_t interval, bool absolute)
{
	bool date = absolute && clock_is_date(t->clock);

	clock_unwatch(&t->watch);
	timer_disarm(&t->timer);
	cpu_clock_disarm(&t->cpu);
	t->interval = value ? interval : 0;
	t->overrun = 0;
	t->date = value;
	if (!value)
		return;
	if (t->cpu.clock.process) {
		cpu_clock_arm(&t->cpu, absolute ? value : cpu_clock_now(&t->cpu.clock) + value);
		return;
	}
	timer_arm(&t->timer, absolute ? deadline_of_clock(t->clock, value) : deadline_after(value));
	if (date)
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
