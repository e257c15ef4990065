// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of the machine: registry, strands, what is undone when a driver goes, and the death protocol that both placements share.
 * Binding a linked-in driver is shim/kernel/bind.c. Locks: device_list_lock (spin) guards the list and the process pointers;
 * a device's bind_lock (mutex) is held across probe and unbind and is taken before any strand.
 */
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <kernel/process.h>
#include <kernel/wait.h>
#include <lib/format.h>
#include <mm/slab.h>

struct device_undo {
	struct list link;
	void (*undo)(struct device *dev, void *arg);
	void *arg;
};

static struct spinlock device_list_lock = SPINLOCK_INIT("device_list");
static struct list devices = LIST_INIT(devices);
static uint32_t device_last_id;
void (*device_list_hook)(struct device *dev);

/* ---- Registry ---- */

struct device *device_create(void)
{
	struct device *dev = kzalloc(sizeof(*dev));

	if (!dev)
		return NULL;
	ref_init(&dev->ref);
	list_init(&dev->link);
	list_init(&dev->resources);
	list_init(&dev->kept_frames);
	list_init(&dev->failing);
	mutex_init(&dev->bind_lock, "device_bind");
	dev->nr_strands = 1;
	for (unsigned int i = 0; i < DEVICE_STRANDS_MAX; i++) {
		struct strand *s = &dev->strands[i];

		spin_init(&s->lock, "strand");
		s->dev = dev;
		s->number = i;
	}
	return dev;
}

void device_get(struct device *dev)
{
	ref_get(&dev->ref);
}

void device_put(struct device *dev)
{
	if (!dev || !ref_put(&dev->ref))
		return;
	dma_frames_release(dev);
	kept_memory_release(dev);
	if (dev->release)
		dev->release(dev);
	kfree(dev);
}

int device_add(struct device *dev)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);

	dev->id = ++device_last_id;
	list_append(&devices, &dev->link);
	spin_unlock_irq(&device_list_lock, flags);
	device_sys_add(dev);
	device_bind_kernel(dev);
	if (device_list_hook)
		device_list_hook(dev);
	return 0;
}

/* The first device after @id, with a reference. Ids only grow along the list. */
static struct device *device_after(uint32_t id)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);
	struct device *dev, *found = NULL;

	list_for_each(dev, &devices, link) {
		if (dev->id > id && ref_get_live(&dev->ref)) {
			found = dev;
			break;
		}
	}
	spin_unlock_irq(&device_list_lock, flags);
	return found;
}

void device_for_each(bool (*fn)(struct device *dev, void *arg), void *arg)
{
	struct device *dev;
	uint32_t id = 0;
	bool more = true;

	while (more && (dev = device_after(id))) {
		id = dev->id;
		more = fn(dev, arg);
		device_put(dev);
	}
}

static struct device *device_search(const char *name, uint32_t id)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);
	struct device *dev, *found = NULL;

	list_for_each(dev, &devices, link) {
		if (name ? strcmp(dev->name, name) : dev->id != id)
			continue;
		if (ref_get_live(&dev->ref))
			found = dev;
		break;
	}
	spin_unlock_irq(&device_list_lock, flags);
	return found;
}

struct device *device_find(const char *name)
{
	return device_search(name, 0);
}

struct device *device_find_id(uint32_t id)
{
	return device_search(NULL, id);
}

void device_remove(struct device *dev)
{
	uint64_t flags;

	/* Until it is off the list the manager finds it, without a driver. */
	mutex_lock(&dev->bind_lock);
	dev->removed = true;
	mutex_unlock(&dev->bind_lock);
	device_unbind(dev, DRIVER_UNBOUND, "device removed");
	if (dev->class_gone)
		dev->class_gone(dev);
	device_sys_remove(dev);
	flags = spin_lock_irq(&device_list_lock);
	list_del(&dev->link);
	spin_unlock_irq(&device_list_lock, flags);
	if (device_list_hook)
		device_list_hook(dev);
	device_put(dev);
}

/* ---- Matching ---- */

/* "null_blk.0" is a device of "null_blk". */
static bool name_matches(const char *device, const char *row)
{
	size_t n = strnlen(row, FERRY_NAME_MAX);

	return n && n < FERRY_NAME_MAX && !strncmp(device, row, n) && (!device[n] || device[n] == '.');
}

static bool id_matches(uint16_t id, uint16_t row)
{
	return row == FERRY_MATCH_ANY || row == id;
}

bool device_matches(const struct device *dev, const struct ferry_match *m)
{
	if (!m->bus || m->bus != dev->bus)
		return false;
	if (m->bus == FERRY_BUS_PLATFORM || m->bus == FERRY_BUS_ISA)
		return name_matches(dev->name, m->name);
	return id_matches(dev->vendor, m->vendor) && id_matches(dev->device, m->device) &&
	       id_matches(dev->subvendor, m->subvendor) && id_matches(dev->subdevice, m->subdevice) &&
	       (dev->class_code & m->class_mask) == (m->class_code & m->class_mask);
}

/* ---- Strands ---- */

void strand_lock(struct strand *s) __acquires(s)
{
	uint64_t flags = spin_lock_irq(&s->lock);

	s->flags = flags;
}

void strand_unlock(struct strand *s) __releases(s)
{
	void (*deferred)(struct strand *s) = s->deferred_due ? s->deferred : NULL;

	spin_unlock_irq(&s->lock, s->flags);
	if (deferred)
		deferred(s);
}

/* ---- What is undone when the driver goes; the list is guarded by device_list_lock ---- */

int device_on_release(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg)
{
	struct device_undo *u = kzalloc(sizeof(*u));
	uint64_t flags;

	if (!u)
		return -ENOMEM;
	u->undo = undo;
	u->arg = arg;
	flags = spin_lock_irq(&device_list_lock);
	list_push(&dev->resources, &u->link);
	spin_unlock_irq(&device_list_lock, flags);
	return 0;
}

/* Take off the newest record, or the newest with these values. */
static struct device_undo *undo_take(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);
	struct device_undo *u, *found = NULL;

	list_for_each(u, &dev->resources, link) {
		if (undo && (u->undo != undo || u->arg != arg))
			continue;
		list_del(&u->link);
		found = u;
		break;
	}
	spin_unlock_irq(&device_list_lock, flags);
	return found;
}

bool device_release_forget(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg)
{
	struct device_undo *u = undo_take(dev, undo, arg);

	kfree(u);
	return u;
}

bool device_release_now(struct device *dev, void (*undo)(struct device *dev, void *arg), void *arg)
{
	if (!device_release_forget(dev, undo, arg))
		return false;
	undo(dev, arg);
	return true;
}

static void device_release_all(struct device *dev)
{
	struct device_undo *u;

	while ((u = undo_take(dev, NULL, NULL))) {
		u->undo(dev, u->arg);
		kfree(u);
	}
}

/* ---- Death ---- */

/* After this no callback of the driver runs: each takes its strand and looks at faulted. */
static void callbacks_stop(struct device *dev)
{
	for (unsigned int i = 0; i < DEVICE_STRANDS_MAX; i++) {
		struct strand *s = &dev->strands[i];

		strand_lock(s);
		dev->faulted = true;
		s->timer_due = false;
		strand_unlock(s);
		if (s->timer.fn)
			timer_disarm(&s->timer);
	}
}

static void function_stop(struct device *dev)
{
	int err = pci_reset_function(dev->pci);

	dev->unstopped = err == -EOPNOTSUPP && !dev->iommu;
	if (err)
		log_debug("device %s: no function reset, bus mastering is off", dev->name);
}

/*
 * The order matters (nothing may reach memory once it is given back): callbacks, interrupts, bus mastering, reset, and only then
 * the requests' pages, the DMA memory and the windows.
 */
void device_teardown(struct device *dev)
{
	bool dirty = dev->faulted || dev->placement == PLACED_MOVED;

	callbacks_stop(dev);
	device_irq_teardown(dev);
	if (dev->pci) {
		pci_set_bus_master(dev->pci, false);
		if (dirty)
			function_stop(dev);
	}
	device_release_all(dev);
	dev->driver = NULL;
	dev->block = NULL;
	dev->misc = NULL;
	dev->priv = NULL;
	dev->granted = 0;
	dev->placed_last = dev->placement;
	dev->placement = PLACED_NONE;
}

void device_vanished(struct device *dev)
{
	callbacks_stop(dev);
	device_remove(dev);
}

static void process_detach(struct device *dev)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);
	struct process *p = dev->process;

	dev->process = NULL;
	spin_unlock_irq(&device_list_lock, flags);
	if (!p)
		return;
	if (!p->exiting)
		process_kill(p, 9);
	process_put(p);
}

void device_unbind(struct device *dev, enum driver_state end_state, const char *reason)
{
	mutex_lock(&dev->bind_lock);
	if (dev->placement == PLACED_NONE)
		goto unlock;
	if (end_state == DRIVER_CRASHED || (end_state == DRIVER_QUIESCED && dev->replaced))
		restart_fault(dev);
	dev->awaited = restart_comes(dev, end_state);
	if (dev->placement == PLACED_KERNEL && dev->driver && !dev->faulted && dev->driver->remove)
		dev->driver->remove(dev);
	str_copy(dev->fail_reason, reason ? reason : "", sizeof(dev->fail_reason));
	process_detach(dev);
	dma_frames_trim(dev);	/* what this driver has not taken the next one will not either */
	device_teardown(dev);
	restart_moment(dev, RESTART_QUIET);
	if (dev->awaited)	/* a successor that cannot start has died once more */
		device_set_state(dev, end_state == DRIVER_FAILED ? DRIVER_CRASHED : end_state);
	else
		device_give_up(dev, end_state, NULL);
	if (dev->awaited && dev->placed_last == PLACED_KERNEL)
		device_set_state(dev, DRIVER_RESTARTING);	/* a process has still to end */
	log_info("device %s: driver %s is gone: state=%s reason=\"%s\"", dev->name, dev->driver_name,
		 driver_state_name(end_state), dev->fail_reason);
unlock:
	mutex_unlock(&dev->bind_lock);
}

void device_hand_over(struct device *dev, const char *reason)
{
	callbacks_stop(dev);
	device_unbind(dev, DRIVER_QUIESCED, reason);
}

/* ---- Failed devices are taken down by a thread: a fault may come with the strand locked ---- */

static struct spinlock failing_lock = SPINLOCK_INIT("device_failing");
static struct wait_queue failing_wait = WAIT_QUEUE_INIT(failing_wait, "device_failing");
static struct list failing = LIST_INIT(failing);	/* of devices, counted; guarded by failing_lock */

void device_fail(struct device *dev, const char *reason)
{
	uint64_t flags = spin_lock_irq(&failing_lock);
	bool first = !dev->faulted;

	dev->counters.faults++;
	if (first) {
		dev->faulted = true;
		restart_fault(dev);
		str_copy(dev->fail_reason, reason, sizeof(dev->fail_reason));
	}
	if (first && list_empty(&dev->failing)) {
		device_get(dev);
		list_append(&failing, &dev->failing);
	}
	spin_unlock_irq(&failing_lock, flags);
	if (first) {
		log_err("device %s: driver %s failed: %s", dev->name, dev->driver_name, reason);
		wait_wake(&failing_wait, 0);
	}
}

static struct device *failing_take(void)
{
	uint64_t flags = spin_lock_irq(&failing_lock);
	struct device *dev = NULL;

	if (!list_empty(&failing)) {
		dev = list_first(&failing, struct device, failing);
		list_del(&dev->failing);
	}
	spin_unlock_irq(&failing_lock, flags);
	return dev;
}

static void failing_thread(void *arg)
{
	char reason[sizeof(((struct device *)0)->fail_reason)];
	struct device *dev;

	for (;;) {
		wait_event(&failing_wait, !list_empty(&failing), TIME_FOREVER, false);
		while ((dev = failing_take())) {
			str_copy(reason, dev->fail_reason, sizeof(reason));
			/* A new binding since then cleared faulted: it is not to blame. */
			if (READ_ONCE(dev->faulted))
				device_unbind(dev, dev->placement == PLACED_MOVED || dev->restart ? DRIVER_CRASHED : DRIVER_FAILED, reason);
			device_put(dev);
		}
	}
}

static int device_init(void)
{
	struct thread *t = thread_create("device-reaper", failing_thread, NULL, SCHED_RT);

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("1core", device_init);

/* ---- /proc ---- */

static pid_t device_pid(struct device *dev)
{
	uint64_t flags = spin_lock_irq(&device_list_lock);
	pid_t pid = dev->process ? dev->process->pid : 0;

	spin_unlock_irq(&device_list_lock, flags);
	return pid;
}

/* A driver that is gone shows where it was. */
static const char *placement_name(const struct device *dev)
{
	enum device_placement p = dev->placement == PLACED_NONE ? dev->placed_last : dev->placement;

	return p == PLACED_KERNEL ? "y" : p == PLACED_MOVED ? "m" : "-";
}

static bool driver_line(struct device *dev, void *arg)
{
	const struct device_counters *c = &dev->counters;
	pid_t pid = device_pid(dev);
	char text[16] = "-";

	if (!dev->driver_name[0])
		return true;
	if (pid)
		format_text(text, sizeof(text), "%d", pid);
	seq_printf(arg, "%-16s %-9s %-6s %-17s %-14s %llu %llu %llu %llu %llu %llu %llu %llu %llu %u %u %u %s\n", dev->driver_name,
		   placement_name(dev), text, driver_state_name(dev->state), dev->name, (unsigned long long)c->irqs,
		   (unsigned long long)c->requests, (unsigned long long)c->bytes, (unsigned long long)c->errors,
		   (unsigned long long)c->faults, (unsigned long long)c->wakeups, (unsigned long long)c->doorbells,
		   (unsigned long long)c->copied_bytes, (unsigned long long)dev->generation, dev->restarts,
		   dev->restart_last_us, dev->restart_max_us, dev->state == DRIVER_RUNNING ? "" : dev->fail_reason);
	return true;
}

static void drivers_show(struct seq *s, void *priv)
{
	seq_puts(s, "NAME             PLACEMENT PID    STATE             DEVICE         "
		    "IRQS REQUESTS BYTES ERRORS FAULTS WAKEUPS DOORBELLS COPIED GENERATION RESTARTS LAST_US MAX_US REASON\n");
	device_for_each(driver_line, s);
}

static bool device_line(struct device *dev, void *arg)
{
	static const char *const buses[] = { "none", "pci", "usb", "i2c", "spi", "virtio", "isa", "platform" };

	seq_printf(arg, "%-4u %-14s %-8s %04x:%04x %06x %02x %-17s %s\n", dev->id, dev->name,
		   dev->bus < ARRAY_SIZE(buses) ? buses[dev->bus] : "?", dev->vendor, dev->device, dev->class_code,
		   dev->revision, driver_state_name(dev->state), dev->driver_name[0] ? dev->driver_name : "-");
	return true;
}

static void devices_show(struct seq *s, void *priv)
{
	seq_puts(s, "ID   NAME           BUS      IDS       CLASS  REV STATE            DRIVER\n");
	device_for_each(device_line, s);
}

static int device_proc_init(void)
{
	int err = proc_create("drivers", 0444, drivers_show, NULL);

	return err ? err : proc_create("devices-tree", 0444, devices_show, NULL);
}
INITCALL("4class", device_proc_init);
