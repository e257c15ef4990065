// SPDX-License-Identifier: GPL-2.0
/*
 * Who watches (inotify) the files of control groups that tell of events hears of changes. They happen where nothing may sleep, so a thread tells
 * them; while a group that is to stand still does not yet, it looks again and again, for nothing else says when the last thread does. Left out:
 * poll(2). vfs_lock keeps the directories.
 */
#include <fs/internal.h>
#include <fs/notify.h>
#include <kernel/cgroup.h>
#include <kernel/init.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include "cgroup_fs.h"

#define LOOK_NS		(10 * NSEC_PER_MSEC)

static struct wait_queue queue = WAIT_QUEUE_INIT(queue, "cgroup events");
static uint32_t due;	/* atomic */

void cgroup_tell(struct cgroup *g, uint32_t what)
{
	if (likely(!notify_wanted()))
		return;
	__atomic_fetch_or(&g->untold, what, __ATOMIC_RELAXED);
	if (!__atomic_exchange_n(&due, 1, __ATOMIC_ACQ_REL))
		wait_wake(&queue, 0);
}

static void tell_file(struct cgroup *g, const char *name)
{
	struct dentry *d;

	mutex_lock(&vfs_lock);
	d = g->dir ? dentry_find(g->dir, name, strlen(name)) : NULL;
	if (d)
		notify_dentry(d, LINUX_IN_MODIFY);
	dentry_put(d);
	mutex_unlock(&vfs_lock);
}

static void tell(struct cgroup *g, uint32_t what)
{
	if (what & CGROUP_TELL_EVENTS)
		tell_file(g, "cgroup.events");
	if (what & CGROUP_TELL_MEMORY)
		tell_file(g, "memory.events");
	if (what & CGROUP_TELL_OWN_MEMORY)
		tell_file(g, "memory.events.local");
	if (what & CGROUP_TELL_PIDS)
		tell_file(g, "pids.events");
}

static void events_thread(void *arg)
{
	struct cgroup *g;
	bool again = false;
	uint32_t what;

	for (;;) {
		(void)wait_event(&queue, __atomic_load_n(&due, __ATOMIC_ACQUIRE), again ? time_now() + LOOK_NS : TIME_FOREVER, false);
		__atomic_store_n(&due, 0, __ATOMIC_SEQ_CST);
		again = false;
		while ((g = cgroup_next_untold(&what, &again))) {
			tell(g, what);
			cgroup_put(g);
		}
		again = again && notify_wanted();
	}
}

static int events_start(void)
{
	struct thread *t = thread_create("cgroup-events", events_thread, NULL, SCHED_FAIR);

	if (IS_ERR(t))
		return PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("4class", events_start);
