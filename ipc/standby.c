// SPDX-License-Identifier: GPL-2.0
/*
 * Warm standby: beside a running driver process a second one of the same device, loaded, relocated and resident, that holds nothing. Its
 * first driver call waits. When the running one dies and a successor is due, the standby becomes that successor in the dying
 * process's own exit: no manager, no exec and no page of it is on the way. Having spawned one is the manager's word that this next
 * restart may come at once; the one after is up to it again. A standby whose driver ends in any other way is killed.
 *
 * Locks: dev->bind_lock guards dev->standby.
 */
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "moved.h"

int standby_attach(struct device *dev, struct moved *m)
{
	int err = 0;

	mutex_lock(&dev->bind_lock);
	if (!dev->moved || !dev->restart || dev->standby)
		err = -EBUSY;
	else
		dev->standby = m;
	mutex_unlock(&dev->bind_lock);
	return err;
}

/* The standby of @dev with a reference if it is @p's, or NULL. */
static struct moved *standby_of(struct device *dev, const struct process *p)
{
	struct moved *m;

	mutex_lock(&dev->bind_lock);
	m = dev->standby;
	if (m && m->process == p)
		moved_get(m);
	else
		m = NULL;
	mutex_unlock(&dev->bind_lock);
	return m;
}

void standby_wait(void)
{
	struct moved *m = standby_of(current_process->device, current_process);

	if (!m)
		return;
	(void)wait_event(&m->wait, !READ_ONCE(m->waits), TIME_FOREVER, true);
	moved_put(m);
}

struct moved *standby_take(struct device *dev)
{
	struct moved *m = dev->standby;

	dev->standby = NULL;
	return m;
}

void standby_start(struct moved *m)
{
	WRITE_ONCE(m->waits, false);
	wait_wake(&m->wait, 0);
}

bool standby_detach(struct device *dev, struct moved *m)
{
	bool mine;

	mutex_lock(&dev->bind_lock);
	mine = dev->standby == m;
	if (mine)
		dev->standby = NULL;
	mutex_unlock(&dev->bind_lock);
	return mine;
}

void standby_kill(struct device *dev)
{
	struct moved *m = dev->standby;

	if (m)
		process_kill(m->process, LINUX_SIGKILL);
}
