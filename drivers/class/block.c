// SPDX-License-Identifier: GPL-2.0
/*
 * Disks: from a driver's block_register() to a named disk that outlives the driver's death. A crashed driver leaves its disk offline
 * (every request fails with -EIO), and when the same device registers an equal disk again, the disk goes on under its name and id.
 * disks_lock guards the list of disks and the numbers.
 */
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "block_core.h"

#define DRAIN_MS	5000u

static struct mutex disks_lock = MUTEX_INIT(disks_lock, "block_disks");
static struct list disks = LIST_INIT(disks);
static uint32_t last_id;

/* ---- Numbers and names ---- */

static const struct {
	const char *prefix;
	unsigned int major;
	bool letters;
} families[] = {
	{ "vd", 252, true }, { "sd", 8, true }, { "hd", 3, true }, { "nvme", 259, false }, { "ram", 1, false }, { "nullb", 250, false },
};

/* a..z, aa..: as Linux counts its disks. */
static void letters(char *to, size_t size, unsigned int index)
{
	char text[8];
	size_t at = sizeof(text);

	text[--at] = 0;
	for (unsigned int n = index + 1; n && at; n = (n - 1) / 26)
		text[--at] = (char)('a' + (n - 1) % 26);
	str_copy(to, text + at, size);
}

static void disk_name(struct block_disk *disk)
{
	const char *prefix = disk->limits.prefix;
	bool lettered = false;
	char end[8];

	disk->major = 251;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (strcmp(prefix, families[i].prefix))
			continue;
		disk->major = families[i].major;
		lettered = families[i].letters;
	}
	letters(end, sizeof(end), disk->index);
	if (lettered)
		format_text(disk->name, sizeof(disk->name), "%s%s", prefix, end);
	else if (!strcmp(prefix, "nvme"))
		format_text(disk->name, sizeof(disk->name), "nvme%un1", disk->index);
	else
		format_text(disk->name, sizeof(disk->name), "%s%u", prefix, disk->index);
}

/* disks_lock held: the lowest free number of this prefix. */
static unsigned int index_free(const char *prefix)
{
	struct block_disk *disk;
	unsigned int index = 0;
	bool taken = true;

	while (taken) {
		taken = false;
		list_for_each(disk, &disks, link)
			taken |= disk->index == index && !strcmp(disk->limits.prefix, prefix);
		index += taken;
	}
	return index;
}

/* ---- Looking up ---- */

static void disk_free(struct block_disk *disk)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		block_queue_free(disk->queues[i]);
	for (unsigned int i = 0; i <= BLOCK_PARTS_MAX; i++)
		kfree(disk->parts[i]);
	block_cache_free(disk);
	device_put(disk->dev);
	kfree(disk);
}

void block_disk_put(struct block_disk *disk)
{
	if (disk && ref_put(&disk->ref))
		disk_free(disk);
}

static struct block_disk *disk_search(const char *name, uint32_t id)
{
	struct block_disk *disk, *found = NULL;

	mutex_lock(&disks_lock);
	list_for_each(disk, &disks, link) {
		if (name ? strcmp(disk->name, name) : disk->id != id)
			continue;
		if (ref_get_live(&disk->ref))
			found = disk;
		break;
	}
	mutex_unlock(&disks_lock);
	return found;
}

struct block_disk *block_disk_get(uint32_t id)
{
	return disk_search(NULL, id);
}

struct block_disk *block_disk_find(const char *name)
{
	return disk_search(name, 0);
}

void block_disk_for_each(bool (*fn)(struct block_disk *disk, void *arg), void *arg)
{
	struct block_disk *disk, *at;
	uint32_t id = 0;
	bool more = true;

	while (more) {
		disk = NULL;
		mutex_lock(&disks_lock);
		list_for_each(at, &disks, link)
			if (at->id > id && (!disk || at->id < disk->id))
				disk = at;
		if (disk)
			ref_get(&disk->ref);
		mutex_unlock(&disks_lock);
		if (!disk)
			return;
		id = disk->id;
		more = fn(disk, arg);
		block_disk_put(disk);
	}
}

uint32_t block_disk_id(const struct block_disk *disk)
{
	return disk->id;
}

const char *block_disk_name(const struct block_disk *disk)
{
	return disk->name;
}

const struct block_limits *block_disk_limits(const struct block_disk *disk)
{
	return &disk->limits;
}

uint64_t block_disk_blocks(const struct block_disk *disk)
{
	return READ_ONCE(disk->nr_blocks);
}

bool block_disk_alive(const struct block_disk *disk)
{
	return READ_ONCE(disk->alive) && !READ_ONCE(disk->dev->faulted);
}

/* ---- The end of a driver, the end of a disk ---- */

static void queues_close(struct block_disk *disk, int status)
{
	WRITE_ONCE(disk->alive, false);
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (disk->queues[i])
			block_queue_close(disk->queues[i], status);
}

void block_abort_all(struct device *dev, int status)
{
	struct block_disk *disk = dev->disk;

	if (!disk || !READ_ONCE(disk->alive))
		return;
	queues_close(disk, status);
	block_cache_trim(disk);
	log_info("block %s: offline, requests end with %d", disk->name, status);
}

/* The driver went without unregistering. */
static void register_undo(struct device *dev, void *arg)
{
	block_abort_all(dev, -EIO);
}

/* Off the list and out of /dev; open files keep the memory. */
static void disk_forget(struct device *dev)
{
	struct block_disk *disk = dev->disk;

	if (!disk)
		return;
	queues_close(disk, -EIO);
	mutex_lock(&disks_lock);
	list_del(&disk->link);
	mutex_unlock(&disks_lock);
	mutex_lock(&disk->parts_lock);
	WRITE_ONCE(disk->gone, true);
	for (unsigned int i = 0; i <= BLOCK_PARTS_MAX; i++)
		if (disk->parts[i])
			block_node_remove(disk->parts[i]);
	mutex_unlock(&disk->parts_lock);
	dev->disk = NULL;
	dev->class_gone = NULL;
	log_info("block %s: removed", disk->name);
	block_disk_put(disk);
}

static bool disk_idle(struct block_disk *disk)
{
	for (unsigned int i = 0; i < disk->nr_queues; i++)
		if (!block_queue_idle(disk->queues[i]))
			return false;
	return true;
}

void block_unregister(struct device *dev)
{
	struct block_disk *disk = dev->disk;
	time_ns_t deadline = time_now() + DRAIN_MS * NSEC_PER_MSEC;

	if (!disk)
		return;
	WRITE_ONCE(disk->alive, false);
	while (!dev->faulted && !disk_idle(disk) && time_now() < deadline)
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	device_release_forget(dev, register_undo, NULL);
	disk_forget(dev);
}

void block_resize(struct device *dev, uint64_t nr_blocks)
{
	struct block_disk *disk = dev->disk;

	if (!disk)
		return;
	if (nr_blocks > (1ull << 62) / disk->limits.block_size) {
		device_fault(dev, "impossible disk size", nr_blocks);
		return;
	}
	log_info("block %s: resized blocks=%llu before=%llu", disk->name, (unsigned long long)nr_blocks,
		 (unsigned long long)disk->nr_blocks);
	WRITE_ONCE(disk->nr_blocks, nr_blocks);
}

/* ---- The beginning ---- */

/* A machine with little memory gets fewer tags. */
static void limits_trim(struct block_limits *l)
{
	struct frame_stats stats;
	uint32_t depth = BLOCK_DEPTH_USED;

	frame_stats(&stats);
	if (stats.total < (64u << 20) / PAGE_SIZE)
		depth = 32;
	l->queue_depth = MIN(l->queue_depth, depth);
	l->max_segments = MIN(l->max_segments, BLOCK_SEGMENTS_USED);
	if (!l->physical_block_size)
		l->physical_block_size = l->block_size;
}

/* The same disk as before its driver died? Its size may have changed. */
static bool same_disk(const struct block_limits *a, const struct block_limits *b)
{
	return a->block_size == b->block_size && !strcmp(a->prefix, b->prefix) && !strcmp(a->serial, b->serial) &&
	       (a->flags & BLOCK_RO) == (b->flags & BLOCK_RO);
}

static struct block_disk *disk_create(struct device *dev, const struct block_limits *limits)
{
	struct block_disk *disk = kzalloc(sizeof(*disk));

	if (!disk || block_cache_init(&disk->cache)) {
		kfree(disk);
		return NULL;
	}
	ref_init(&disk->ref);
	mutex_init(&disk->parts_lock, "block_parts");
	list_init(&disk->scan_link);
	device_get(dev);
	disk->dev = dev;
	disk->limits = *limits;
	mutex_lock(&disks_lock);
	disk->id = ++last_id;
	disk->index = index_free(limits->prefix);
	disk_name(disk);
	list_append(&disks, &disk->link);
	mutex_unlock(&disks_lock);
	return disk;
}

/* Set what this driver says and open its queues. */
static int disk_start(struct block_disk *disk, const struct block_limits *limits)
{
	int err = 0;

	disk->limits = *limits;
	disk->cpu_data = disk->dev->granted & FERRY_NEEDS_CPU_DATA || !(disk->dev->granted & FERRY_NEEDS_DMA);
	disk->nr_queues = limits->nr_queues;
	WRITE_ONCE(disk->nr_blocks, limits->nr_blocks);
	for (unsigned int i = 0; !err && i < limits->nr_queues; i++)
		err = block_queue_open(disk, i);
	if (err)
		return err;
	WRITE_ONCE(disk->alive, true);
	return 0;
}

static void disk_announce(const struct block_disk *disk)
{
	const struct block_limits *l = &disk->limits;

	log_info("block %s: id=%u device=%s blocks=%llu block_size=%u queues=%u depth=%u segments=%u flags=0x%x serial=\"%s\"", disk->name,
		 disk->id, disk->dev->name, (unsigned long long)disk->nr_blocks, l->block_size, l->nr_queues, l->queue_depth,
		 l->max_segments, l->flags, l->serial);
}

int block_register(struct device *dev, const struct block_limits *given)
{
	struct block_limits limits = *given;
	const char *field;
	int err = block_limits_check(&limits, dev->nr_strands, &field);

	if (err) {
		log_err("block %s: bad limits: %s", dev->name, field);
		return err;
	}
	if (!dev->block || !dev->block->submit)
		return -EINVAL;
	if (dev->disk && dev->disk->alive)
		return -EBUSY;
	limits_trim(&limits);
	if (dev->disk && !same_disk(&dev->disk->limits, &limits))
		disk_forget(dev);
	err = device_on_release(dev, register_undo, NULL);
	if (err)
		return err;
	if (!dev->disk)
		dev->disk = disk_create(dev, &limits);
	err = dev->disk ? disk_start(dev->disk, &limits) : -ENOMEM;
	if (!err && !dev->disk->parts[0])
		err = block_node_add(dev->disk, 0, 0, 0);
	if (err) {
		device_release_forget(dev, register_undo, NULL);
		disk_forget(dev);
		return err;
	}
	dev->class_gone = disk_forget;
	disk_announce(dev->disk);
	block_scan_later(dev->disk);
	return 0;
}
