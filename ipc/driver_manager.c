// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel offers the device manager and the administrator: list devices, start a driver process for one, hear of changes, stop
 * and kill. Which driver for which device is the manager's business. There is one manager at a time, the first process of uid 0 that
 * spawns or waits; the place is free again when it ends. Locks: manager_lock (spin) guards the manager and its events.
 */
#include <driver/class/block.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/manifest.h>
#include "moved.h"

#define EVENTS_MAX	64u
#define CONTROL_TIMEOUT_MS	5000u
#define CONTROL_TIMEOUT_MAX_MS	60000u
#define PATH_BYTES	256

static struct spinlock manager_lock = SPINLOCK_INIT("device manager");
static struct wait_queue manager_wait = WAIT_QUEUE_INIT(manager_wait, "device manager");
static struct process *manager;		/* not counted: leaves in manager_exit() */
static struct ferry_manager_event events[EVENTS_MAX];
static uint32_t event_head, event_tail;	/* tail - head <= EVENTS_MAX */
static bool events_lost;

/* What an event is about is looked at when it is taken: one of a kind is enough. */
static bool event_is_there(uint32_t kind, const struct device *dev)
{
	for (uint32_t i = event_head; i != event_tail; i++) {
		struct ferry_manager_event *e = &events[i % EVENTS_MAX];

		if (e->kind == kind && e->device == (dev ? dev->id : 0)) {
			e->state = dev ? dev->state : 0;
			return true;
		}
	}
	return false;
}

static void event_append(uint32_t kind, const struct device *dev)
{
	if (event_is_there(kind, dev))
		return;
	if (event_tail - event_head == EVENTS_MAX) {
		events_lost = true;
		return;
	}
	events[event_tail++ % EVENTS_MAX] = (struct ferry_manager_event){
		.abi = { sizeof(struct ferry_manager_event), FERRY_ABI_VERSION },
		.kind = kind, .device = dev ? dev->id : 0, .state = dev ? dev->state : 0,
	};
}

void manager_event(uint32_t kind, const struct device *dev)
{
	uint64_t flags = spin_lock_irq(&manager_lock);
	bool wake = manager;

	if (wake)
		event_append(kind, dev);
	spin_unlock_irq(&manager_lock, flags);
	if (wake)
		wait_wake(&manager_wait, 0);
}

static bool event_take(struct ferry_manager_event *e)
{
	uint64_t flags = spin_lock_irq(&manager_lock);
	bool found = true;

	if (events_lost) {
		events_lost = false;
		event_head = event_tail;
		event_append(FERRY_EVENT_RESCAN, NULL);
	}
	if (event_head != event_tail)
		*e = events[event_head++ % EVENTS_MAX];
	else
		found = false;
	spin_unlock_irq(&manager_lock, flags);
	return found;
}

static void manager_exit(struct process *p)
{
	uint64_t flags = spin_lock_irq(&manager_lock);

	if (manager == p)
		manager = NULL;
	spin_unlock_irq(&manager_lock, flags);
	manager_watch_tell(false);
}

static bool is_administrator(void)
{
	return privileged(LINUX_CAP_SYS_ADMIN) && !current_process->device;
}

bool manager_is_current(void)
{
	return READ_ONCE(manager) == current_process;
}

/* 0 when the caller is the manager, or has just become it. */
static int manager_claim(void)
{
	bool is_new = false;
	uint64_t flags;
	int err = 0;

	if (!is_administrator())
		return -EPERM;
	flags = spin_lock_irq(&manager_lock);
	if (!manager) {
		manager = current_process;
		current->uses_reserve = true;
		is_new = true;
		current_process->on_exit = manager_exit;
		event_head = event_tail;
		events_lost = true;	/* whatever was before: look at everything */
	} else if (manager != current_process) {
		err = -EPERM;
	}
	spin_unlock_irq(&manager_lock, flags);
	if (is_new)
		manager_watch_tell(true);
	return err;
}

/* ---- Listing ---- */

struct listing {
	uint64_t to;
	uint32_t count, room, after;
	int err;
};

/*
 * All at one moment, under bind_lock: between a number of a process and a generation read one after the other a driver may die and its
 * successor begin.
 */
static void desc_fill(struct device *dev, struct ferry_device_desc *d)
{
	const struct moved *m, *standby;

	memset(d, 0, sizeof(*d));
	d->abi = (struct ferry_abi){ sizeof(*d), FERRY_ABI_VERSION };
	mutex_lock(&dev->bind_lock);
	m = dev->moved;
	standby = dev->standby;
	d->id = dev->id;
	d->bus = dev->bus;
	d->vendor = dev->vendor;
	d->device = dev->device;
	d->subvendor = dev->subvendor;
	d->subdevice = dev->subdevice;
	d->revision = dev->revision;
	d->class_code = dev->class_code;
	d->placement = m ? PLACED_MOVED : dev->placement;
	d->state = dev->state;
	d->pid = m ? m->process->pid : 0;
	d->standby = standby ? standby->process->pid : 0;
	d->granted = dev->granted;
	if (dev->placement == PLACED_KERNEL && dev->fell_back)
		d->flags |= FERRY_DEVICE_FELL_BACK;
	else if (dev->fallback && device_has_fallback(dev))
		d->flags |= FERRY_DEVICE_FALLBACK;
	if (READ_ONCE(dev->moments[RESTART_FAULT]))
		d->flags |= FERRY_DEVICE_RESTARTING;
	d->generation = dev->generation;
	d->refused = (uint32_t)dev->counters.denied;
	d->bad_messages = dev->counters.bad_messages;
	d->restarts = dev->restarts;
	d->restart_last_us = dev->restart_last_us;
	str_copy(d->name, dev->name, sizeof(d->name));
	str_copy(d->driver, dev->driver_name, sizeof(d->driver));
	str_copy(d->reason, dev->fail_reason, sizeof(d->reason));
	mutex_unlock(&dev->bind_lock);
}

static bool listing_add(struct device *dev, void *arg)
{
	struct listing *l = arg;
	struct ferry_device_desc d;

	if (dev->id <= l->after)
		return true;
	if (l->count == l->room)
		return false;
	desc_fill(dev, &d);
	if (copy_to_user(l->to + l->count * sizeof(d), &d, sizeof(d))) {
		l->err = -EFAULT;
		return false;
	}
	l->count++;
	return true;
}

SYSCALL(NR_ferry_device_list, ferry_device_list)
{
	struct listing l = { .to = args->a[0], .room = (uint32_t)args->a[1], .after = (uint32_t)args->a[2] };
	struct ferry_abi abi;

	if (!is_administrator())
		return -EPERM;
	if (!l.room || l.room > 65536)
		return -EINVAL;
	if (copy_from_user(&abi, l.to, sizeof(abi)))
		return -EFAULT;
	if (abi.size != sizeof(struct ferry_device_desc) || abi.version != FERRY_ABI_VERSION)
		return -EINVAL;
	device_for_each(listing_add, &l);
	return l.err ? l.err : (int64_t)l.count;
}

/* ---- Spawning ---- */

static bool name_is_clean(const char *name)
{
	size_t n = strnlen(name, FERRY_NAME_MAX);

	if (!n || n == FERRY_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}

static int spawn_check(const struct ferry_driver_spawn *s)
{
	if (s->flags & ~FERRY_SPAWN_ALL || s->needs & ~FERRY_NEEDS_ALL || !name_is_clean(s->name) || s->dma_bits > 64)
		return -EINVAL;
	return s->needs & FERRY_NEEDS_DMA && !s->dma_bits ? -EINVAL : 0;
}

SYSCALL(NR_ferry_driver_spawn, ferry_driver_spawn)
{
	struct ferry_driver_spawn s;
	char path[PATH_BYTES];
	struct device *dev;
	int err = manager_claim();

	if (!err)
		err = abi_copy_in(&s, args->a[0], sizeof(s));
	if (!err)
		err = spawn_check(&s);
	if (err)
		return err;
	if (strncpy_from_user(path, s.path, sizeof(path)) < 0)
		return -EFAULT;
	dev = device_find_id(s.device);
	if (!dev)
		return -ENODEV;
	err = moved_spawn(dev, &s, path);
	device_put(dev);
	return err ? err : copy_to_user(args->a[0], &s, sizeof(s));
}

SYSCALL(NR_ferry_manager_wait, ferry_manager_wait)
{
	struct ferry_manager_event e;
	bool got = false;
	int err = manager_claim();

	if (!err)
		err = abi_copy_in(&e, args->a[0], sizeof(e));
	if (err)
		return err;
	err = wait_event(&manager_wait, (got = got || event_take(&e)), args->a[1], true);
	if (!got)
		return err ? err : -ETIMEDOUT;
	return copy_to_user(args->a[0], &e, sizeof(e));
}

SYSCALL(NR_ferry_cap_open, ferry_cap_open)
{
	struct ferry_cap_open o;
	struct device *dev;
	int err = manager_claim();

	if (!err)
		err = abi_copy_in(&o, args->a[0], sizeof(o));
	if (err)
		return err;
	dev = device_find_id(o.device);
	if (!dev)
		return -ENODEV;
	o.handle = -EINVAL;
	if (o.kind == FERRY_HANDLE_DEVICE)
		o.handle = moved_root_handle(dev);
	else if (o.kind == FERRY_HANDLE_BUDGET)
		o.handle = budget_handle(dev);
	device_put(dev);
	return o.handle < 0 ? o.handle : copy_to_user(args->a[0], &o, sizeof(o));
}

/* ---- Control ---- */

static int control_start(struct device *dev)
{
	struct moved *m = moved_of(dev);

	moved_put(m);
	if (m || dev->placement != PLACED_NONE)
		return -EBUSY;
	if (device_bind_kernel(dev) == 0)
		return 0;
	if (!READ_ONCE(manager))
		return -ESRCH;
	manager_event(FERRY_EVENT_START, dev);
	return 0;
}

static void successor_give_up(struct device *dev, enum driver_state end_state, const char *reason)
{
	if (end_state != DRIVER_FAILED || device_fall_back(dev, reason) == -EOPNOTSUPP)
		device_give_up(dev, end_state, reason);
}

/* With a driver there, its next death is final. */
static int control_give_up(struct device *dev, enum driver_state end_state, const char *reason)
{
	int err = 0;

	mutex_lock(&dev->bind_lock);
	if (dev->placement == PLACED_MOVED || dev->moved)
		dev->restart = false;
	else if (dev->awaited)
		successor_give_up(dev, end_state, reason[0] ? reason : NULL);
	else
		err = -ESRCH;
	mutex_unlock(&dev->bind_lock);
	if (!err)
		manager_event(FERRY_EVENT_STATE, dev);
	return err;
}

/*
 * Its process is about to be told to end: what follows is like a death with a successor. The kernel's own build, where a process fell back on
 * it, ends here.
 */
static int control_replace(struct device *dev)
{
	int err = manager_is_current() ? 0 : -EPERM;
	bool fell_back;

	mutex_lock(&dev->bind_lock);
	fell_back = dev->placement == PLACED_KERNEL && dev->fell_back;
	if (!err && ((dev->placement != PLACED_MOVED && !fell_back) || dev->state != DRIVER_RUNNING))
		err = -ESRCH;
	if (!err && dev->standby) {	/* it is of the old kind */
		standby_kill(dev);
		err = -EBUSY;
	}
	if (!err)
		dev->restart = dev->replaced = true;
	if (!err && fell_back)
		dev->killed = true;	/* no request is to blame */
	mutex_unlock(&dev->bind_lock);
	if (!err && fell_back) {
		device_hand_over(dev, "a process takes the device back");
		manager_event(FERRY_EVENT_STATE, dev);
	}
	return err;
}

static int control_stop(struct device *dev, uint32_t verb, time_ns_t timeout_ns)
{
	struct moved *m = moved_of(dev);
	int err;

	if (m) {
		err = verb == FERRY_CONTROL_STOP ? moved_stop(m, timeout_ns) : moved_kill(m, timeout_ns);
		moved_put(m);
		return err;
	}
	if (verb == FERRY_CONTROL_STOP && !control_give_up(dev, DRIVER_QUIESCED, "stopped"))
		return 0;
	if (dev->placement != PLACED_KERNEL)
		return -ESRCH;
	if (verb != FERRY_CONTROL_STOP || !dev->driver)
		return -EOPNOTSUPP;	/* nothing to kill: it is a part of the kernel */
	device_unbind(dev, DRIVER_QUIESCED, "stopped");
	return 0;
}

SYSCALL(NR_ferry_driver_control, ferry_driver_control)
{
	struct ferry_driver_control c;
	uint32_t timeout_ms;
	struct device *dev;
	int err = is_administrator() ? abi_copy_in(&c, args->a[0], sizeof(c)) : -EPERM;

	if (err)
		return err;
	c.reason[sizeof(c.reason) - 1] = '\0';
	if (c.verb < FERRY_CONTROL_START || c.verb > FERRY_CONTROL_REPLACE || c.timeout_ms > CONTROL_TIMEOUT_MAX_MS)
		return -EINVAL;
	timeout_ms = c.timeout_ms ? c.timeout_ms : CONTROL_TIMEOUT_MS;
	dev = device_find_id(c.device);
	if (!dev)
		return -ENODEV;
	if (c.verb == FERRY_CONTROL_START)
		err = control_start(dev);
	else if (c.verb == FERRY_CONTROL_REPLACE)
		err = control_replace(dev);
	else if (c.verb == FERRY_CONTROL_GIVE_UP)
		err = control_give_up(dev, DRIVER_FAILED, c.reason);
	else
		err = control_stop(dev, c.verb, timeout_ms * NSEC_PER_MSEC);
	device_put(dev);
	return err;
}

/* Now there is time for a standby. Under a strand. */
static void restart_over(struct device *dev)
{
	manager_event(FERRY_EVENT_STATE, dev);
}

static void devices_changed(struct device *dev)
{
	manager_event(FERRY_EVENT_RESCAN, dev);
}

static int manager_init(void)
{
	device_list_hook = devices_changed;
	device_restarted_hook = restart_over;
	return 0;
}
INITCALL("1core", manager_init);
