// SPDX-License-Identifier: GPL-2.0
/*
 * Between a driver's death and its successor's first completed request: who is given up, and how long each part of the way took. The last
 * restarts of all devices are in /proc/ferry/restarts. Locks: restarts_lock guards that record; the moments of a device are
 * written by whoever passes them, in turn, and read when the last has come.
 */
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/wait.h>
#include <lib/format.h>

#define RECORDS		64u	/* a power of two */

struct restart_record {
	uint64_t number;
	char device[32];
	uint64_t generation;
	time_ns_t moments[RESTART_MOMENTS];
};

static struct spinlock restarts_lock = SPINLOCK_INIT("restarts");
static struct restart_record records[RECORDS];
static uint64_t last_number;
static struct wait_queue over = WAIT_QUEUE_INIT(over, "restart over");

bool device_manager_alive;
void (*device_restarted_hook)(struct device *dev);

/* Will there be another driver? A crash is followed by one; so is a successor that could not start. */
bool restart_comes(const struct device *dev, enum driver_state end_state)
{
	if (!dev->restart || (!READ_ONCE(device_manager_alive) && !dev->standby && !dev->fallback))
		return false;
	if (end_state == DRIVER_QUIESCED)
		return dev->replaced;
	return end_state == DRIVER_CRASHED || (end_state == DRIVER_FAILED && dev->awaited);
}

bool restart_has_users(const struct device *dev)
{
	return dev->awaited && dev->class_gone;
}

void device_give_up(struct device *dev, enum driver_state end_state, const char *reason)
{
	dev->awaited = false;
	__atomic_store_n(&dev->moments[RESTART_FAULT], 0, __ATOMIC_RELAXED);
	if (reason)
		str_copy(dev->fail_reason, reason, sizeof(dev->fail_reason));
	if (dev->class_give_up)
		dev->class_give_up(dev);
	dma_frames_trim(dev);
	kept_memory_trim(dev);
	device_set_state(dev, end_state);
	wait_wake(&over, 0);
}

void restart_wait(struct device *dev, time_ns_t timeout_ns)
{
	(void)wait_event(&over, !READ_ONCE(dev->moments[RESTART_FAULT]), time_now() + timeout_ns, false);
}

void restart_fault(struct device *dev)
{
	time_ns_t none = 0;

	if (dev->restart)
		__atomic_compare_exchange_n(&dev->moments[RESTART_FAULT], &none, time_now(), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void restart_moment(struct device *dev, enum restart_moment moment)
{
	if (READ_ONCE(dev->moments[RESTART_FAULT]))
		__atomic_store_n(&dev->moments[moment], time_now(), __ATOMIC_RELAXED);
}

static void record_add(const struct device *dev, time_ns_t fault, time_ns_t done)
{
	uint64_t flags = spin_lock_irq(&restarts_lock);
	struct restart_record *r = &records[++last_number % RECORDS];

	r->number = last_number;
	r->generation = dev->generation;
	str_copy(r->device, dev->name, sizeof(r->device));
	memcpy(r->moments, dev->moments, sizeof(r->moments));
	r->moments[RESTART_FAULT] = fault;
	r->moments[RESTART_DONE] = done;
	spin_unlock_irq(&restarts_lock, flags);
}

void device_restarted(struct device *dev)
{
	time_ns_t since = __atomic_exchange_n(&dev->moments[RESTART_FAULT], 0, __ATOMIC_RELAXED), now = time_now();
	uint32_t us;

	if (!since)
		return;
	us = (uint32_t)((now - since) / NSEC_PER_USEC);
	dev->restarts++;
	dev->restart_last_us = us;
	dev->restart_max_us = MAX(dev->restart_max_us, us);
	record_add(dev, since, now);
	log_debug("device %s: driver %s is back after %u us", dev->name, dev->driver_name, us);
	if (device_restarted_hook)
		device_restarted_hook(dev);
	wait_wake(&over, 0);
}

/* ---- /proc/ferry/restarts ---- */

static bool record_get(uint64_t number, struct restart_record *to)
{
	uint64_t flags = spin_lock_irq(&restarts_lock);

	*to = records[number % RECORDS];
	spin_unlock_irq(&restarts_lock, flags);
	return number && to->number == number;
}

/* When the fault was seen, in ns since boot, and us from then to each moment. */
static void record_show(struct seq *s, const struct restart_record *r)
{
	time_ns_t fault = r->moments[RESTART_FAULT];

	seq_printf(s, "%-7llu %-14s %-10llu %-14llu", (unsigned long long)r->number, r->device, (unsigned long long)r->generation,
		   (unsigned long long)fault);
	for (unsigned int i = RESTART_FAULT + 1; i < RESTART_MOMENTS; i++)
		seq_printf(s, " %-7llu", r->moments[i] > fault ? (unsigned long long)(r->moments[i] - fault) / NSEC_PER_USEC : 0);
	seq_puts(s, "\n");
}

static void restarts_show(struct seq *s, void *priv)
{
	uint64_t last = READ_ONCE(last_number);
	struct restart_record r;

	seq_puts(s, "NUMBER  DEVICE         GENERATION FAULT_NS       QUIET   GONE    SPAWNED PROBING RUNNING DONE\n");
	for (uint64_t n = last > RECORDS ? last - RECORDS + 1 : 1; n <= last; n++)
		if (record_get(n, &r))
			record_show(s, &r);
}

static int restart_init(void)
{
	return proc_create("ferry/restarts", 0444, restarts_show, NULL);
}
INITCALL("4class", restart_init);
