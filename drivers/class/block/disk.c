// SPDX-License-Identifier: GPL-2.0
/* Disks and their names, numbers and references. disks_lock guards the list of disks and the numbers. */
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "core.h"

static struct mutex disks_lock = MUTEX_INIT(disks_lock, "block_disks");
static struct list disks = LIST_INIT(disks);
static uint32_t last_id;

/* ---- Numbers and names ---- */

static const struct {
	const char *prefix;
	unsigned int major;
	bool letters;
} families[] = {
	{ "vd", 252, true }, { "sd", 8, true }, { "hd", 3, true }, { "sr", 11, false }, { "nvme", 259, false }, { "ram", 1, false },
	{ "nullb", 250, false },
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
		format_text(disk->name, sizeof(disk->name), "nvme%un%u", disk->controller, disk->limits.unit + 1);
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

/* disks_lock held: the number of this group among those with such disks. */
static unsigned int controller_number(const struct block_group *group, const char *prefix)
{
	unsigned int number = 0;
	struct block_disk *disk;
	bool taken = true;

	list_for_each(disk, &disks, link)
		if (disk->group == group && !strcmp(disk->limits.prefix, prefix))
			return disk->controller;
	while (taken) {
		taken = false;
		list_for_each(disk, &disks, link)
			taken |= disk->controller == number && !strcmp(disk->limits.prefix, prefix);
		number += taken;
	}
	return number;
}

/* ---- Looking up ---- */

static void disk_free(struct block_disk *disk)
{
	for (unsigned int i = 0; i <= BLOCK_PARTS_MAX; i++)
		kfree(disk->parts[i]);
	block_cache_free(disk);
	block_latency_free(disk);
	block_inject_free(disk);
	block_group_put(disk->group);
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

/*
 * A driver serves it, or will again: requests are taken. The death between two drivers may come at any point in here: hold_until is read
 * last, since it is there before alive is false, and stays when the next driver comes.
 */
bool block_disk_alive(const struct block_disk *disk)
{
	time_ns_t until;

	if (__atomic_load_n(&disk->alive, __ATOMIC_ACQUIRE))
		return !READ_ONCE(disk->dev->faulted) || READ_ONCE(disk->dev->restart);
	until = READ_ONCE(disk->hold_until);
	return until && time_now() < until;
}

/* ---- First and last ---- */

struct block_disk *block_disk_create(struct block_group *group, const struct block_limits *limits)
{
	struct block_disk *disk = kzalloc(sizeof(*disk));

	if (!disk || block_cache_init(&disk->cache)) {
		kfree(disk);
		return NULL;
	}
	ref_init(&disk->ref);
	mutex_init(&disk->parts_lock, "block_parts");
	spin_init(&disk->opens_lock, "block_opens");
	list_init(&disk->scan_link);
	ref_get(&group->ref);
	disk->group = group;
	disk->dev = group->dev;
	disk->limits = *limits;
	mutex_lock(&disks_lock);
	disk->id = ++last_id;
	disk->index = index_free(limits->prefix);
	disk->controller = controller_number(group, limits->prefix);
	disk_name(disk);
	list_append(&disks, &disk->link);
	mutex_unlock(&disks_lock);
	block_inject_begin(disk);
	return disk;
}

void block_disk_forget(struct block_disk *disk)
{
	mutex_lock(&disks_lock);
	list_del(&disk->link);
	mutex_unlock(&disks_lock);
	mutex_lock(&disk->parts_lock);
	spin_lock(&disk->opens_lock);
	WRITE_ONCE(disk->gone, true);
	spin_unlock(&disk->opens_lock);
	for (unsigned int i = 0; i <= BLOCK_PARTS_MAX; i++)
		if (disk->parts[i])
			block_node_remove(disk->parts[i]);
	mutex_unlock(&disk->parts_lock);
	log_info("block %s: removed", disk->name);
	block_disk_put(disk);
}
