// SPDX-License-Identifier: GPL-2.0
/*
 * Driver threads run before ordinary ones, so one that loops would stop the machine. Ten times a second the watchdog looks who has
 * not been back in driver_wait for RUN_NS without sleeping, and makes that thread an ordinary one until it comes back; and who has had
 * a CPU to himself for BUSY_PERIODS although he came back (a live-lock does): that thread is ordinary until it sleeps again. Ending a driver that
 * hangs is the business of request deadlines and of supervision. A client whose real-time priority is higher lends it.
 * watched_lock guards the list; it is taken in interrupts.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/space.h>
#include "moved.h"

#define PERIOD_NS	(100 * NSEC_PER_MSEC)
#define RUN_NS		(500 * NSEC_PER_MSEC)
#define BUSY_NS		(90 * NSEC_PER_MSEC)	/* of a period */
#define BUSY_PERIODS	5u

static struct spinlock watched_lock = SPINLOCK_INIT("driver watchdog");
static struct list watched = LIST_INIT(watched);
static struct timer watchdog;

static bool runs_too_long(const struct moved *m, time_ns_t now)
{
	time_ns_t since = READ_ONCE(m->waited_ns);

	return !READ_ONCE(m->demoted) && !READ_ONCE(m->sleeping) && now > since && now - since > RUN_NS;
}

/* True: just now it has been busy for too long. */
static bool busy_too_long(struct moved *m, time_ns_t now)
{
	time_ns_t ran = moved_cpu_time(m, now), used = ran - MIN(ran, m->ran_before);

	m->ran_before = ran;
	m->busy_periods = used < BUSY_NS ? 0 : m->busy_periods + 1;
	if (m->busy && READ_ONCE(m->sleeping) && READ_ONCE(m->thread->state) == THREAD_SLEEPING) {
		m->busy = m->demoted = false;
		thread_set_class(m->thread, SCHED_RT);
	}
	if (m->demoted || m->busy_periods < BUSY_PERIODS)
		return false;
	m->busy = true;
	return true;
}

static void watchdog_run(struct timer *t)
{
	uint64_t flags = spin_lock_irq(&watched_lock);
	time_ns_t now = time_now();
	struct moved *m;

	list_for_each(m, &watched, watch_link) {
		/* Its space goes after it has left this list. */
		WRITE_ONCE(m->dev->budget.items[FERRY_BUDGET_MEMORY].used, m->process->space->nr_pages + READ_ONCE(m->kept_pages));
		if (!busy_too_long(m, now) && !runs_too_long(m, now))
			continue;
		m->demoted = true;
		thread_set_class(m->thread, SCHED_FAIR);
		log_warn("device %s: driver %s runs on and on, it loses its priority", m->dev->name, m->dev->driver_name);
	}
	if (!list_empty(&watched))
		timer_arm(&watchdog, now + PERIOD_NS);
	spin_unlock_irq(&watched_lock, flags);
}

void watchdog_add(struct moved *m)
{
	uint64_t flags = spin_lock_irq(&watched_lock);

	if (list_empty(&watched))
		timer_arm(&watchdog, time_now() + PERIOD_NS);
	list_append(&watched, &m->watch_link);
	spin_unlock_irq(&watched_lock, flags);
}

void watchdog_del(struct moved *m)
{
	uint64_t flags = spin_lock_irq(&watched_lock);

	list_del(&m->watch_link);
	spin_unlock_irq(&watched_lock, flags);
}

void watchdog_back(struct moved *m)
{
	uint64_t flags;

	m->waited_ns = time_now();
	if (!READ_ONCE(m->demoted))
		return;
	flags = spin_lock_irq(&watched_lock);
	if (!m->busy) {
		m->demoted = false;
		thread_set_class(m->thread, SCHED_RT);
	}
	spin_unlock_irq(&watched_lock, flags);
}

static int watchdog_init(void)
{
	timer_init(&watchdog, watchdog_run);
	return 0;
}
INITCALL("1core", watchdog_init);

/* Who asks lends the driver its priority until the driver has nothing to do. Any context: an interrupt has none to lend. */
void moved_priority_lend(struct moved *m)
{
	const struct thread *t = current;

	if (likely(t->sclass != SCHED_RT) || this_cpu()->irq_depth || t->rt_priority <= READ_ONCE(m->thread->rt_priority) || READ_ONCE(m->demoted))
		return;
	WRITE_ONCE(m->lent, true);
	thread_set_sched(m->thread, &(struct sched_params){ .sclass = SCHED_RT, .policy = LINUX_SCHED_RR, .rt_priority = t->rt_priority,
							     .deadline_ns = t->deadline_ns });
}

void moved_priority_back(struct moved *m)
{
	WRITE_ONCE(m->lent, false);
	thread_set_class(m->thread, SCHED_RT);
}
