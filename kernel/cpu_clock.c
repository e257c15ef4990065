// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks of CPU time: which process's or thread's one means (clock_getcpuclockid(3)), what it says, and sleeping until it says something
 * (clock_nanosleep(2)). Sleepers are told by the timer's tick (cpu_timer.c), so they are as late as a tick.
 */
#include <kernel/pid_ns.h>
#include <kernel/time.h>
#include "process_internal.h"
#include "cpu_clock.h"

/* A negative clock names a process, or a thread of the caller's; 0 is the caller. */
static int named(int clock, struct cpu_clock *c)
{
	pid_t id = ~(clock >> LINUX_CPUCLOCK_ID_SHIFT);

	c->which = clock & LINUX_CPUCLOCK_WHICH;
	if (c->which > LINUX_CPUCLOCK_SCHED || id < 0)
		return -EINVAL;
	if (clock & LINUX_CPUCLOCK_THREAD) {
		c->thread = thread_find(current_process->pid, id ? pid_meant(id) : current->tid);
		if (!c->thread)
			return -EINVAL;
		c->process = current_process;
		process_get(c->process);
		return 0;
	}
	c->process = process_find(id ? pid_meant(id) : current_process->pid);
	return c->process ? 0 : -EINVAL;
}

int cpu_clock_get(int clock, struct cpu_clock *c)
{
	*c = (struct cpu_clock){ .which = LINUX_CPUCLOCK_SCHED };
	if (clock < 0)
		return named(clock, c);
	if (clock != LINUX_CLOCK_PROCESS_CPUTIME_ID && clock != LINUX_CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	c->process = current_process;
	process_get(c->process);
	if (clock == LINUX_CLOCK_THREAD_CPUTIME_ID) {
		c->thread = current;
		thread_get(c->thread);
	}
	return 0;
}

void cpu_clock_put(struct cpu_clock *c)
{
	if (c->thread)
		thread_put(c->thread);
	if (c->process)
		process_put(c->process);
	*c = (struct cpu_clock){ .which = 0 };
}

uint64_t cpu_clock_now(const struct cpu_clock *c)
{
	time_ns_t user, system;

	if (c->thread)
		return READ_ONCE(c->thread->runtime_ns);
	process_cpu_time(c->process, &user, &system);
	return c->which == LINUX_CPUCLOCK_VIRT ? user : user + system;
}

/* ---- Sleeping ---- */

struct sleeper {
	struct cpu_clock_timer timer;
	struct thread *thread;
	bool done;
};

static uint64_t sleeper_wake(struct cpu_clock_timer *t)
{
	struct sleeper *s = container_of(t, struct sleeper, timer);

	WRITE_ONCE(s->done, true);
	sched_wake(s->thread);
	return 0;
}

static int sleeper_wait(struct sleeper *s)
{
	int err = 0;

	while (!READ_ONCE(s->done) && !err)
		err = sleep_unless(READ_ONCE(s->done), TIME_FOREVER);
	return READ_ONCE(s->done) ? 0 : err;
}

int cpu_clock_sleep(const struct cpu_clock *c, uint64_t deadline)
{
	struct sleeper s = { .thread = current, .timer = { .clock = *c, .fire = sleeper_wake } };
	int err;

	list_init(&s.timer.link);
	cpu_clock_arm(&s.timer, deadline);
	err = sleeper_wait(&s);
	cpu_clock_disarm(&s.timer);
	return err;
}
