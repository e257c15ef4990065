// SPDX-License-Identifier: GPL-2.0
/* How long a futex's waiter sleeps: until it is done with, a signal comes, or a time is there; a date that somebody sets moves with it. */
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <uapi/ferry/linux.h>
#include "futex.h"
#include "process_internal.h"

struct date_watch {
	struct clock_watch watch;
	struct thread *thread;
};

static void date_changed(struct clock_watch *w)
{
	sched_wake(container_of(w, struct date_watch, watch)->thread);
}

static int sleep_for(bool (*done)(const void *what), const void *what, const struct futex_until *u)
{
	int err = 0;

	while (!done(what) && !err)
		err = sleep_unless(done(what), u->date ? deadline_of_date(u->date) : u->deadline);
	return err;
}

int futex_sleep(bool (*done)(const void *what), const void *what, const struct futex_until *u)
{
	struct date_watch d = { .watch = { .changed = date_changed }, .thread = current };
	int err;

	if (!u->date)
		return sleep_for(done, what, u);
	list_init(&d.watch.link);
	clock_watch(&d.watch);
	err = sleep_for(done, what, u);
	clock_unwatch(&d.watch);
	return err;
}

int futex_until_clock(uint64_t timeout, int clock, struct futex_until *u)
{
	uint64_t ns;
	int err;

	*u = (struct futex_until){ .deadline = TIME_FOREVER };
	if (!timeout)
		return 0;
	err = timespec_from_user(timeout, &ns);
	if (err)
		return err;
	u->deadline = deadline_of_clock(clock, ns);
	u->date = clock == LINUX_CLOCK_REALTIME ? ns : 0;
	return 0;
}

int futex_until_relative(uint64_t timeout, struct futex_until *u)
{
	uint64_t ns;
	int err;

	*u = (struct futex_until){ .deadline = TIME_FOREVER };
	if (!timeout)
		return 0;
	err = timespec_from_user(timeout, &ns);
	if (!err)
		u->deadline = deadline_after(ns);
	return err;
}
