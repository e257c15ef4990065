// SPDX-License-Identifier: GPL-2.0
/*
 * The device manager may die like a driver: requests that wait for a driver wait for its return as well, but not for ever. A thread
 * watches; when GRACE_NS after the end of one manager there is no other, nobody will restart anything and what waits ends with an error.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include "moved.h"

#define GRACE_NS	(15 * NSEC_PER_SEC)
#define NO_MANAGER	"there is no device manager"

static struct wait_queue watch_wait = WAIT_QUEUE_INIT(watch_wait, "manager watch");
static bool present;	/* there is a manager now */

void manager_watch_tell(bool is_there)
{
	WRITE_ONCE(present, is_there);
	if (is_there)
		WRITE_ONCE(device_manager_alive, true);
	wait_wake(&watch_wait, 0);
}

static bool give_up_one(struct device *dev, void *arg)
{
	mutex_lock(&dev->bind_lock);
	if (dev->awaited && dev->placement == PLACED_NONE && !dev->moved && device_fall_back(dev, NO_MANAGER) == -EOPNOTSUPP)
		device_give_up(dev, DRIVER_FAILED, NO_MANAGER);
	mutex_unlock(&dev->bind_lock);
	return true;
}

static void watch_thread(void *arg)
{
	for (;;) {
		wait_event(&watch_wait, READ_ONCE(device_manager_alive) && !READ_ONCE(present), TIME_FOREVER, false);
		log_warn("device manager: gone; drivers run on, restarts wait for another");
		if (!wait_event(&watch_wait, READ_ONCE(present), time_now() + GRACE_NS, false))
			continue;
		log_err("device manager: none for %u s, what waits for a driver ends", (unsigned int)(GRACE_NS / NSEC_PER_SEC));
		WRITE_ONCE(device_manager_alive, false);
		device_for_each(give_up_one, NULL);
	}
}

static int manager_watch_init(void)
{
	struct thread *t = thread_create("manager-watch", watch_thread, NULL, SCHED_FAIR);

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("1core", manager_watch_init);
