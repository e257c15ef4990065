// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX timers (timer_create and its family) on the real-time, monotonic and CPU-time clocks. Each keeps its signal: one that fires while that is
 * still pending counts an overrun instead. They are found by their numbers in a table of all processes'. Locks: timers_lock guards the table, all
 * lists and settings; firing, in the timer interrupt, takes none of ours.
 */
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "cpu_clock.h"
#include "process_internal.h"
#include "signal_queue.h"

#define BUCKETS		512u

static struct mutex timers_lock = MUTEX_INIT(timers_lock, "posix timers");
static struct list buckets[BUCKETS];	/* a zeroed one is empty */

struct posix_timer {
	struct list link;		/* process->posix_timers */
	struct list bucket_link;
	struct timer timer;
	struct process *process;	/* owns the timer */
	struct thread *thread;		/* SIGEV_THREAD_ID: counted */
	int id, clock;
	bool silent;			/* no signal */
	struct queued_signal *signal;
	uint64_t interval;		/* ns; 0: once */
	struct clock_watch watch;	/* of a timer that waits for dates */
	bool dated;			/* @due is a date, otherwise a time since boot */
	uint64_t due;			/* the period that comes next */
	struct cpu_clock_timer cpu;	/* in the place of @timer; without a process: of another clock */
	uint8_t untaken;		/* periods that ended since the program last took the signal, as far as period_rest() cares */
};

/* Does nobody take note of it? Without a lock: a moment early or late only moves a rest. */
static bool is_untaken(const struct posix_timer *t)
{
	return t->silent || !list_empty(&t->signal->link) || process_ignores(t->process, t->signal->info.si_signo);
}

/* @missed periods went by without being told. */
static void posix_timer_tell(struct posix_timer *t, uint64_t missed)
{
	if (!t->silent)
		signal_send_kept(t->process, t->thread, t->signal, missed);
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
	if (t->signal)
		signal_unkeep(t->process, t->signal);
	if (t->thread)
		thread_put(t->thread);
	kfree(t);
}

/* timers_lock held. */
static void posix_timer_remove(struct posix_timer *t)
{
	list_del(&t->link);
	list_del(&t->bucket_link);
}

/* exec and exit. Only the last thread is left, so nobody else touches the list. */
void posix_timers_free(struct process *p)
{
	struct posix_timer *t, *next;

	list_for_each_safe(t, next, &p->posix_timers, link) {
		mutex_lock(&timers_lock);
		posix_timer_remove(t);
		mutex_unlock(&timers_lock);
		posix_timer_free(t);
	}
}

/* timers_lock held. */
static struct list *bucket_of(const struct process *p, int id)
{
	struct list *bucket = &buckets[(p->pid * 31u + (uint32_t)id) % BUCKETS];

	if (!bucket->next)
		list_init(bucket);
	return bucket;
}

static struct posix_timer *posix_timer_find(struct process *p, int id)
{
	struct posix_timer *t;

	list_for_each(t, bucket_of(p, id), bucket_link)
		if (t->process == p && t->id == id)
			return t;
	return NULL;
}

/* Its number: the next free one, which comes again only after all others did; RLIMIT_SIGPENDING bounds them. @tells_number: its signal too. */
static int posix_timer_add(struct process *p, struct posix_timer *t, bool tells_number)
{
	int id;

	mutex_lock(&timers_lock);
	do {
		t->id = p->next_posix_timer;
		p->next_posix_timer = t->id == INT32_MAX ? 0 : t->id + 1;
	} while (posix_timer_find(p, t->id));
	list_append(&p->posix_timers, &t->link);
	list_append(bucket_of(p, t->id), &t->bucket_link);
	id = t->signal->info.timer.id = t->id;
	if (tells_number)
		t->signal->info.timer.value = (uint64_t)id;
	mutex_unlock(&timers_lock);
	return id;
}

/* SIGEV_THREAD is libc's to carry out: to the kernel it is a signal. */
static int event_apply(struct posix_timer *t, const struct linux_sigevent *event)
{
	int notify = event->notify == LINUX_SIGEV_THREAD ? LINUX_SIGEV_SIGNAL : event->notify & ~LINUX_SIGEV_THREAD_ID;

	t->silent = event->notify == LINUX_SIGEV_NONE;
	if (t->silent)
		return 0;
	if (notify != LINUX_SIGEV_SIGNAL || event->signo < 1 || event->signo > LINUX_NSIG)
		return -EINVAL;
	t->signal->info.si_signo = event->signo;
	t->signal->info.timer.value = event->value;
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
		posix_timer_remove(t);
	mutex_unlock(&timers_lock);
	if (!t)
		return -EINVAL;
	posix_timer_free(t);
	return 0;
}

static struct posix_timer *posix_timer_create(struct process *p)
{
	struct posix_timer *t = kzalloc(sizeof(*t));
	struct queued_signal *signal = t ? signal_keep(p) : ERR_PTR(-ENOMEM);

	if (IS_ERR(signal)) {
		kfree(t);
		return ERR_PTR(PTR_ERR(signal));
	}
	list_init(&t->link);
	list_init(&t->watch.link);
	t->watch.changed = posix_timer_date_set;
	timer_init(&t->timer, posix_timer_fire);
	t->process = p;
	list_init(&t->cpu.link);
	t->cpu.fire = posix_timer_fire_cpu;
	t->signal = signal;
	signal->info.si_code = LINUX_SI_TIMER;
	return t;
}

SYSCALL(NR_timer_create, timer_create)
{
	struct linux_sigevent event = { .signo = LINUX_SIGALRM, .notify = LINUX_SIGEV_SIGNAL };
	struct posix_timer *t;
	int err, id;

	if (args->a[1] && copy_from_user(&event, args->a[1], sizeof(event)))
		return -EFAULT;
	t = posix_timer_create(current_process);
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	err = clock_choose(t, (int)args->a[0]);
	if (!err)
		err = event_apply(t, &event);
	if (err) {
		posix_timer_free(t);
		return err;
	}
	id = posix_timer_add(current_process, t, !args->a[1]);
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
	WRITE_ONCE(t->signal->overrun_told, 0);
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
	overrun = t ? (int64_t)READ_ONCE(t->signal->overrun_told) : -EINVAL;
	mutex_unlock(&timers_lock);
	return overrun;
}

SYSCALL(NR_timer_delete, timer_delete)
{
	return posix_timer_drop(args->a[0]);
}
