// SPDX-License-Identifier: GPL-2.0
/*
 * Setting the date, and who must look again when that happens: absolute timers, sleeps and futex waits on CLOCK_REALTIME
 * (clock_settime(3p)). Lock: watch_lock guards the list and is held during the calls.
 */
#include <asm/clock.h>
#include <asm/vdso.h>
#include <kernel/lock.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <kernel/wait.h>

#define DATE_END	((INT64_MAX / NSEC_PER_SEC - 30ull * 365 * 24 * 3600) * NSEC_PER_SEC)	/* Linux's: signed ns, and some uptime */

static struct mutex watch_lock = MUTEX_INIT(watch_lock, "clock watches");
static struct list watches = LIST_INIT(watches);
static struct wait_queue sleepers = WAIT_QUEUE_INIT(sleepers, "dates");
static uint32_t nr_sets;	/* relaxed atomics */

time_ns_t deadline_of_date(uint64_t date)
{
	uint64_t now = time_realtime(), since_boot = time_now();

	if (date <= now)
		return since_boot;
	return date - now > TIME_FOREVER - since_boot ? TIME_FOREVER : since_boot + (date - now);
}

void clock_watch(struct clock_watch *w)
{
	mutex_lock(&watch_lock);
	list_append(&watches, &w->link);
	mutex_unlock(&watch_lock);
}

void clock_unwatch(struct clock_watch *w)
{
	mutex_lock(&watch_lock);
	list_del(&w->link);
	list_init(&w->link);
	mutex_unlock(&watch_lock);
}

int date_set(uint64_t date)
{
	struct clock_watch *w;

	if (date < time_now() || date >= DATE_END)
		return -EINVAL;
	mutex_lock(&watch_lock);
	clock_set_realtime(date);
	vdso_set_realtime();
	__atomic_fetch_add(&nr_sets, 1, __ATOMIC_RELAXED);
	list_for_each(w, &watches, link)
		w->changed(w);
	mutex_unlock(&watch_lock);
	clock_adjust_forget();
	wait_wake(&sleepers, 0);
	return 0;
}

int sleep_until_date(uint64_t date)
{
	for (;;) {
		uint32_t seen = READ_ONCE(nr_sets);
		int err = wait_event(&sleepers, READ_ONCE(nr_sets) != seen, deadline_of_date(date), true);

		if (err)
			return err == -ETIMEDOUT ? 0 : err;
	}
}
