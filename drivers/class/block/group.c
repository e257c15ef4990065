// SPDX-License-Identifier: GPL-2.0
/*
 * The disks of one device, from a driver's block_register() on. Queues are the device's and disks share them; a disk outlives its driver's
 * death: it stays offline, or its requests wait (replay.c); when the same device registers an equal disk again, it goes on under
 * its name and id. Everything runs under the device's bind_lock, but what a strand may call: that takes units_lock.
 */
#include <asm/preempt.h>
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "core.h"

#define DRAIN_MS	5000u

static struct spinlock units_lock = SPINLOCK_INIT("block_units");

/* ---- Groups ---- */

static struct block_group *group_create(struct device *dev)
{
	struct block_group *g = kzalloc(sizeof(*g));

	if (!g)
		return NULL;
	ref_init(&g->ref);
	device_get(dev);
	g->dev = dev;
	return g;
}

void block_group_put(struct block_group *g)
{
	if (!g || !ref_put(&g->ref))
		return;
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		block_queue_free(g->queues[i]);
	device_put(g->dev);
	kfree(g);
}

static void unit_set(struct block_group *g, unsigned int unit, struct block_disk *disk)
{
	uint64_t flags = spin_lock_irq(&units_lock);

	g->units[unit] = disk;
	spin_unlock_irq(&units_lock, flags);
}

static bool group_is_empty(const struct block_group *g)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		if (g->units[i])
			return false;
	return true;
}

static void disks_stop(struct block_group *g)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		if (!g->units[i])
			continue;
		WRITE_ONCE(g->units[i]->hold_until, 0);
		WRITE_ONCE(g->units[i]->alive, false);
	}
}

/* Is there a disk that takes requests? */
static bool group_is_alive(const struct block_group *g)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		if (g->units[i] && (g->units[i]->alive || g->units[i]->hold_until))
			return true;
	return false;
}

static void group_close(struct block_group *g, int status)
{
	disks_stop(g);
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (g->queues[i])
			block_queue_close(g->queues[i], status);
}

/* For who is told of a driver's life. */
static unsigned int group_users(struct device *dev, char *nodes, size_t size)
{
	uint64_t flags = spin_lock_irq(&units_lock);
	struct block_group *g = dev->block_group;
	unsigned int files = 0;
	size_t used = 0;

	for (unsigned int u = 0; g && u < BLOCK_UNITS_MAX; u++) {
		const struct block_disk *disk = g->units[u];

		if (!disk)
			continue;
		if (used < size)
			used += (size_t)format_text(nodes + used, size - used, "%s%s", used ? "," : "", disk->name);
		for (unsigned int p = 0; p <= BLOCK_PARTS_MAX; p++)
			files += disk->parts[p] ? READ_ONCE(disk->parts[p]->opens) : 0;
	}
	spin_unlock_irq(&units_lock, flags);
	return files;
}

/* ---- The end of a driver, the end of its disks ---- */

void block_abort_all(struct device *dev, int status)
{
	struct block_group *g = dev->block_group;

	if (!g || !group_is_alive(g))
		return;
	group_close(g, status);
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		if (!g->units[i])
			continue;
		block_cache_trim(g->units[i]);
		log_info("block %s: offline, requests end with %d", g->units[i]->name, status);
	}
}

/* The driver died and its successor is expected: requests wait for it, for as long as one may take. */
static void group_hold(struct block_group *g)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		struct block_disk *disk = g->units[i];

		if (!disk || !disk->alive || disk->leaving)
			continue;
		WRITE_ONCE(disk->hold_until, time_now() + block_hold_of(disk));
		__atomic_store_n(&disk->alive, false, __ATOMIC_RELEASE);
	}
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (g->queues[i])
			block_queue_hold(g->queues[i]);
}

/* The driver went without unregistering. */
static void register_undo(struct device *dev, void *arg)
{
	if (dev->awaited && dev->block_group)
		group_hold(dev->block_group);
	else
		block_abort_all(dev, -EIO);
	if (dev->block_group)
		dev->block_group->bound = false;
}

static void unit_fail(struct block_group *g, struct block_disk *disk)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (g->queues[i])
			block_queue_fail(g->queues[i], disk, -EIO);
}

static void unit_forget(struct block_group *g, unsigned int unit)
{
	struct block_disk *disk = g->units[unit];

	if (!disk)
		return;
	WRITE_ONCE(disk->hold_until, 0);
	WRITE_ONCE(disk->alive, false);
	unit_fail(g, disk);
	unit_set(g, unit, NULL);
	block_disk_forget(disk);
}

/* Every disk goes for good. */
static void group_forget(struct device *dev)
{
	struct block_group *g = dev->block_group;
	uint64_t flags;

	if (!g)
		return;
	group_close(g, -EIO);
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		unit_forget(g, i);
	flags = spin_lock_irq(&units_lock);
	dev->block_group = NULL;
	spin_unlock_irq(&units_lock, flags);
	dev->class_gone = dev->class_give_up = NULL;
	dev->class_users = NULL;
	block_group_put(g);
}

static bool group_is_idle(struct block_group *g)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (g->queues[i] && !block_queue_idle(g->queues[i]))
			return false;
	return true;
}

void block_unregister(struct device *dev)
{
	time_ns_t deadline = time_now() + DRAIN_MS * NSEC_PER_MSEC;
	struct block_group *g = dev->block_group;

	if (!g)
		return;
	disks_stop(g);
	while (!dev->faulted && !group_is_idle(g) && time_now() < deadline)
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	device_release_forget(dev, register_undo, NULL);
	group_forget(dev);
}

/* ---- One disk comes ---- */

/* A machine with little memory gets fewer tags, and so does who may have no more. */
static void limits_trim(struct device *dev, struct block_limits *l)
{
	uint64_t allowed = budget_limit(dev, FERRY_BUDGET_DEPTH);
	struct frame_stats stats;
	uint32_t depth = BLOCK_DEPTH_USED;

	frame_stats(&stats);
	if (stats.total < (64u << 20) / PAGE_SIZE)
		depth = 32;
	l->queue_depth = MIN(l->queue_depth, depth);
	if (l->queue_depth > allowed) {
		budget_exceeded(dev, FERRY_BUDGET_DEPTH);
		l->queue_depth = (uint32_t)allowed;
	}
	dev->budget.items[FERRY_BUDGET_DEPTH].used = l->queue_depth;
	l->max_segments = MIN(l->max_segments, BLOCK_SEGMENTS_USED);
	block_bounce_limits(dev, l);
	if (!l->physical_block_size)
		l->physical_block_size = l->block_size;
}

/* The same disk as before its driver died? Its size may have changed. */
static bool same_disk(const struct block_limits *a, const struct block_limits *b)
{
	return a->block_size == b->block_size && !strcmp(a->prefix, b->prefix) && !strcmp(a->serial, b->serial) &&
	       (a->flags & BLOCK_RO) == (b->flags & BLOCK_RO);
}

/* A driver that is awaited need not ask its disk again who it is. */
static void serial_inherit(const struct device *dev, const struct block_disk *old, struct block_limits *l)
{
	if (old && dev->awaited && !l->serial[0])
		str_copy(l->serial, old->limits.serial, sizeof(l->serial));
}

static bool device_copies(const struct device *dev)
{
	return dev->granted & FERRY_NEEDS_CPU_DATA || !(dev->granted & FERRY_NEEDS_DMA);
}

static int queue_ready(struct block_group *g, unsigned int number, struct block_limits *l)
{
	struct block_queue *q = g->queues[number];
	int err;

	if (!q)
		q = g->queues[number] = block_queue_create(g, number);
	if (!q)
		return -ENOMEM;
	if (q->open && q->depth != l->queue_depth) {
		log_err("block %s: bad limits: queue_depth=%u of unit=%u, queue=%u has %u", g->dev->name, l->queue_depth, l->unit, number,
			q->depth);
		return -EINVAL;
	}
	err = block_queue_open(q, l->queue_depth, device_copies(g->dev) ? 1 : l->max_segments);
	if (!err && !device_copies(g->dev))
		l->max_segments = MIN(l->max_segments, q->nr_segments);
	return err;
}

static int queues_ready(struct block_group *g, struct block_limits *l)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < l->nr_queues; i++)
		err = queue_ready(g, l->first_queue + i, l);
	return err;
}

static void group_give_up(struct device *dev)
{
	block_abort_all(dev, -EIO);
}

/* The group that is there, or a new one; the device's references are set. */
static int group_bind(struct device *dev)
{
	int err;

	if (!dev->block_group)
		dev->block_group = group_create(dev);
	if (!dev->block_group)
		return -ENOMEM;
	dev->class_gone = group_forget;
	dev->class_give_up = group_give_up;
	dev->class_users = group_users;
	if (dev->block_group->bound)
		return 0;
	err = device_on_release(dev, register_undo, NULL);
	if (err)
		return err;
	dev->block_group->bound = true;
	return 0;
}

/* Requests that waited for this driver were cut to what its predecessor said. */
static bool disk_changed(const struct block_disk *disk, const struct block_limits *l)
{
	struct block_limits now = *l;

	/* Larger ones fit them as well: the kernel's build of a driver has no window of bytes. */
	if (!now.max_request_blocks || now.max_request_blocks > disk->limits.max_request_blocks)
		now.max_request_blocks = disk->limits.max_request_blocks;
	return memcmp(&disk->limits, &now, sizeof(now));
}

static int disk_start(struct block_group *g, const struct block_limits *l)
{
	struct block_disk *disk = g->units[l->unit];

	if (!disk) {
		disk = block_disk_create(g, l);
		if (!disk)
			return -ENOMEM;
		unit_set(g, l->unit, disk);
	} else if (disk_changed(disk, l)) {
		log_warn("block %s: another size or other limits than before: what was in flight ends with an error", disk->name);
		unit_fail(g, disk);
	}
	disk->limits = *l;
	block_latency_create(disk, l);
	disk->cpu_data = device_copies(g->dev);
	WRITE_ONCE(disk->nr_blocks, l->nr_blocks);
	WRITE_ONCE(disk->alive, true);
	return disk->parts[0] ? 0 : block_node_add(disk, 0, 0, 0);
}

/* What waited for the driver goes to it, also other disks' on the same queues. */
static void queues_kick(struct block_group *g, const struct block_limits *l)
{
	for (unsigned int i = 0; i < l->nr_queues; i++)
		block_queue_kick(g->queues[l->first_queue + i]);
}

static void disk_announce(const struct block_disk *disk, bool resumed)
{
	const struct block_limits *l = &disk->limits;

	klog(resumed ? KERN_DEBUG : KERN_INFO,
	     "block %s: id=%u device=%s unit=%u blocks=%llu block_size=%u queues=%u depth=%u segments=%u flags=0x%x serial=\"%s\"",
	     disk->name, disk->id, disk->dev->name, l->unit, (unsigned long long)disk->nr_blocks, l->block_size, l->nr_queues,
	     l->queue_depth, l->max_segments, l->flags, l->serial);
}

/* What a failed registration leaves: nothing of the unit, nothing at all when it was the only one. */
static void register_give_up(struct device *dev, unsigned int unit)
{
	struct block_group *g = dev->block_group;

	if (!g)
		return;
	unit_forget(g, unit);
	if (!group_is_empty(g))
		return;
	device_release_forget(dev, register_undo, NULL);
	group_forget(dev);
}

int block_unit_add(struct device *dev, const struct block_limits *given)
{
	struct block_limits limits = *given;
	bool resumed = false;
	struct block_disk *old;
	int err = group_bind(dev);

	if (err)
		goto give_up;
	if (!block_unit_del(dev, limits.unit))
		return -EBUSY;
	old = dev->block_group->units[limits.unit];
	if (old && old->alive)
		return -EBUSY;
	limits_trim(dev, &limits);
	serial_inherit(dev, old, &limits);
	if (old && !same_disk(&old->limits, &limits))
		unit_forget(dev->block_group, limits.unit);
	err = queues_ready(dev->block_group, &limits);
	old = dev->block_group->units[limits.unit];
	if (!err && old)
		resumed = old->hold_until && !disk_changed(old, &limits);
	if (!err)
		err = disk_start(dev->block_group, &limits);
	if (err)
		goto give_up;
	queues_kick(dev->block_group, &limits);
	disk_announce(dev->block_group->units[limits.unit], resumed);
	if (!resumed)
		block_scan_later(dev->block_group->units[limits.unit]);
	return 0;
give_up:
	register_give_up(dev, limits.unit);
	return err;
}

int block_register(struct device *dev, const struct block_limits *limits)
{
	const char *field;
	int err = block_limits_check(limits, dev->nr_strands, &field);

	if (err) {
		log_err("block %s: bad limits: %s", dev->name, field);
		return err;
	}
	if (!dev->block || !dev->block->submit)
		return -EINVAL;
	/* A driver may call from a strand, which must not sleep, even while its probe goes on elsewhere. */
	if (READ_ONCE(dev->state) == DRIVER_RUNNING || preempt_is_off())
		return block_event_add(dev, limits->unit, limits);
	return block_unit_add(dev, limits);
}

/* ---- One disk goes, or changes ---- */

bool block_unit_del(struct device *dev, unsigned int unit)
{
	struct block_group *g = dev->block_group;
	struct block_disk *disk = g ? g->units[unit] : NULL;

	if (!disk || !disk->leaving)
		return true;
	for (unsigned int i = 0; i < disk->limits.nr_queues; i++)
		if (!block_queue_drained(g->queues[disk->limits.first_queue + i], disk))
			return false;
	unit_forget(g, unit);
	return true;
}

void block_unregister_unit(struct device *dev, unsigned int unit)
{
	struct block_disk *disk = NULL;
	uint64_t flags;

	flags = spin_lock_irq(&units_lock);
	if (dev->block_group && unit < BLOCK_UNITS_MAX)
		disk = dev->block_group->units[unit];
	if (disk) {
		WRITE_ONCE(disk->hold_until, 0);
		WRITE_ONCE(disk->alive, false);
		disk->leaving = true;
	}
	spin_unlock_irq(&units_lock, flags);
	if (disk && block_event_add(dev, unit, NULL))
		log_err("block %s: no memory to remove unit=%u, it stays offline", dev->name, unit);
}

void block_resize_unit(struct device *dev, unsigned int unit, uint64_t nr_blocks)
{
	struct block_disk *disk = NULL;
	uint64_t flags, before = 0;
	bool fits = true;

	flags = spin_lock_irq(&units_lock);
	if (dev->block_group && unit < BLOCK_UNITS_MAX)
		disk = dev->block_group->units[unit];
	if (disk) {
		before = disk->nr_blocks;
		fits = nr_blocks <= (1ull << 62) / disk->limits.block_size;
		if (fits) {
			disk->limits.nr_blocks = nr_blocks;
			WRITE_ONCE(disk->nr_blocks, nr_blocks);
		}
	}
	spin_unlock_irq(&units_lock, flags);
	if (!fits)
		device_fault(dev, "impossible disk size", nr_blocks);
	else if (disk)
		log_info("block %s: resized unit=%u blocks=%llu before=%llu", dev->name, unit, (unsigned long long)nr_blocks,
			 (unsigned long long)before);
}

void block_resize(struct device *dev, uint64_t nr_blocks)
{
	block_resize_unit(dev, 0, nr_blocks);
}
