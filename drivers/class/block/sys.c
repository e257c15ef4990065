// SPDX-License-Identifier: GPL-2.0
/*
 * Disks and partitions under /sys: block/vda/{dev,size,ro,queue/...} and block/vda/vda1/..., with links in class/block and dev/block, as
 * lsblk and fio read them. A file knows its disk by id, so one that is still open outlives the disk.
 */
#include <fs/node.h>
#include <kernel/block.h>
#include <kernel/log.h>
#include <kernel/uevent.h>
#include <lib/format.h>
#include "core.h"

#define SECTOR		512u
#define PART_SHIFT	32	/* what a file shows: partition number and disk id */

enum { SYS_SIZE, SYS_START, SYS_DEV, SYS_RO, SYS_REMOVABLE, SYS_LOGICAL, SYS_PHYSICAL, SYS_MAX_SECTORS, SYS_ROTATIONAL, SYS_PARTITION,
       SYS_NOMERGES };

static struct block_disk *disk_of(const void *priv, unsigned int *number)
{
	*number = (uint64_t)priv >> PART_SHIFT;
	return block_disk_get((uint32_t)(uint64_t)priv);
}

/* Of one request. */
static uint64_t max_bytes(const struct block_limits *l)
{
	if (l->max_request_blocks)
		return (uint64_t)l->max_request_blocks * l->block_size;
	return (uint64_t)l->max_segments * (l->max_segment_bytes ? l->max_segment_bytes : PAGE_SIZE);
}

static void show(struct seq *s, const void *priv, unsigned int what)
{
	unsigned int number;
	struct block_disk *disk = disk_of(priv, &number);
	const struct block_part *part = disk ? disk->parts[number] : NULL;
	uint64_t rdev = part ? block_node_rdev(disk, number) : 0;
	uint32_t size = disk ? disk->limits.block_size : SECTOR;
	const uint64_t values[] = {
		[SYS_SIZE] = part ? block_part_blocks(part) * size / SECTOR : 0, [SYS_START] = part ? part->start * size / SECTOR : 0,
		[SYS_RO] = disk && (disk->limits.flags & BLOCK_RO), [SYS_LOGICAL] = size,
		[SYS_PHYSICAL] = disk ? MAX(disk->limits.physical_block_size, size) : size,
		[SYS_MAX_SECTORS] = disk ? max_bytes(&disk->limits) / 1024 : 0, [SYS_PARTITION] = number,
		[SYS_ROTATIONAL] = disk && disk->limits.flags & BLOCK_ROTATIONAL,
		[SYS_REMOVABLE] = disk && size == 2048, [SYS_NOMERGES] = disk ? READ_ONCE(disk->nomerges) : 0,
	};

	if (what == SYS_DEV)
		seq_printf(s, "%u:%u\n", (unsigned int)(rdev >> 8 & 0xfff), (unsigned int)((rdev & 0xff) | (rdev >> 12 & 0xfffff00)));
	else
		seq_printf(s, "%llu\n", (unsigned long long)values[what]);
	if (disk)
		block_disk_put(disk);
}

#define SHOW(name, what)	static void name##_show(struct seq *s, void *priv) { show(s, priv, what); }
SHOW(size, SYS_SIZE)
SHOW(start, SYS_START)
SHOW(dev, SYS_DEV)
SHOW(ro, SYS_RO)
SHOW(removable, SYS_REMOVABLE)
SHOW(logical, SYS_LOGICAL)
SHOW(physical, SYS_PHYSICAL)
SHOW(max_sectors, SYS_MAX_SECTORS)
SHOW(rotational, SYS_ROTATIONAL)
SHOW(partition, SYS_PARTITION)
SHOW(nomerges, SYS_NOMERGES)

/* As Linux takes it: 0, 1 (no expensive ones: all of ours are cheap), 2 (none). */
static int nomerges_write(void *priv, char *text)
{
	unsigned int number;
	struct block_disk *disk;

	if (text[0] < '0' || text[0] > '0' + (int)BLOCK_NOMERGES || text[1])
		return -EINVAL;
	disk = disk_of(priv, &number);
	if (!disk)
		return -ENODEV;
	WRITE_ONCE(disk->nomerges, (uint8_t)(text[0] - '0'));
	block_disk_put(disk);
	return 0;
}

/* Linux's Documentation/block/stat: the columns of /proc/diskstats after the name. */
static void stat_show(struct seq *s, void *priv)
{
	unsigned int number;
	struct block_disk *disk = disk_of(priv, &number);

	if (!disk)
		return;
	block_proc_stat(s, disk);
	seq_puts(s, "\n");
	block_disk_put(disk);
}

/* ---- Events (kernel/uevent.h) ---- */

static void part_dir(const struct block_part *part, char *to, size_t size)
{
	if (part->number)
		format_text(to, size, "block/%s/%s", part->disk->name, part->name);
	else
		format_text(to, size, "block/%s", part->name);
}

/* The lines of its own in events about a disk or a partition. */
static void lines_of(const struct block_part *part, char *to, size_t size)
{
	uint64_t rdev = block_node_rdev(part->disk, part->number);
	size_t n = (size_t)format_text(to, size, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\nDISKSEQ=%u\n", (unsigned int)(rdev >> 8 & 0xfff),
				       (unsigned int)((rdev & 0xff) | (rdev >> 12 & 0xfffff00)), part->name, part->number ? "partition" : "disk",
				       part->disk->id);

	if (part->number)
		format_text(to + n, size - n, "PARTN=%u\n", part->number);
}

void block_sys_tell(const struct block_part *part, const char *action)
{
	char path[64] = "/", lines[UEVENT_TEXT_MAX];

	part_dir(part, path + 1, sizeof(path) - 1);
	lines_of(part, lines, sizeof(lines));
	uevent_tell(action, path, "block", lines);
}

static void uevent_show(struct seq *s, void *priv)
{
	unsigned int number;
	struct block_disk *disk = disk_of(priv, &number);
	char lines[UEVENT_TEXT_MAX];

	if (disk && disk->parts[number]) {
		lines_of(disk->parts[number], lines, sizeof(lines));
		seq_puts(s, lines);
	}
	if (disk)
		block_disk_put(disk);
}

static int uevent_write(void *priv, char *text)
{
	char path[64] = "/", lines[UEVENT_TEXT_MAX];
	unsigned int number;
	struct block_disk *disk = disk_of(priv, &number);
	int err = -ENODEV;

	if (disk && disk->parts[number]) {
		part_dir(disk->parts[number], path + 1, sizeof(path) - 1);
		lines_of(disk->parts[number], lines, sizeof(lines));
		err = uevent_ask(text, path, "block", lines);
	}
	if (disk)
		block_disk_put(disk);
	return err;
}

/* ---- The tree ---- */

struct sys_file {
	const char *name;
	void (*show)(struct seq *s, void *priv);
};

static const struct sys_file disk_files[] = {
	{ "dev", dev_show }, { "size", size_show }, { "ro", ro_show }, { "removable", removable_show },
	{ "queue/logical_block_size", logical_show }, { "stat", stat_show }, { "queue/physical_block_size", physical_show },
	{ "queue/hw_sector_size", logical_show }, { "queue/max_sectors_kb", max_sectors_show }, { "queue/rotational", rotational_show },
};

static const struct sys_file part_files[] = {
	{ "dev", dev_show }, { "size", size_show }, { "ro", ro_show }, { "start", start_show }, { "partition", partition_show },
};

static void link_paths(const struct block_part *part, char *by_class, char *by_dev, size_t size)
{
	uint64_t rdev = block_node_rdev(part->disk, part->number);

	format_text(by_class, size, "class/block/%s", part->name);
	format_text(by_dev, size, "dev/block/%u:%u", (unsigned int)(rdev >> 8 & 0xfff),
		    (unsigned int)((rdev & 0xff) | (rdev >> 12 & 0xfffff00)));
}

static int device_link(const struct block_disk *disk, const char *dir)
{
	char path[96], target[96];

	format_text(path, sizeof(path), "%s/device", dir);
	format_text(target, sizeof(target), "../../bus/%s/devices/%s", disk->dev->pci ? "pci" : "platform", disk->dev->name);
	return sys_link(path, target);
}

/* What asks for an event, and what it is. */
static int event_add(const struct block_part *part, const char *dir, void *priv)
{
	char path[96];
	int err;

	format_text(path, sizeof(path), "%s/uevent", dir);
	err = sys_create_rw(path, 0644, uevent_show, uevent_write, priv);
	format_text(path, sizeof(path), "%s/subsystem", dir);
	return err ? err : sys_link(path, part->number ? "../../../class/block" : "../../class/block");
}

static int nomerges_add(const char *dir, void *priv)
{
	char path[96];

	format_text(path, sizeof(path), "%s/queue/nomerges", dir);
	return sys_create_rw(path, 0644, nomerges_show, nomerges_write, priv);
}

void block_sys_add(const struct block_part *part)
{
	const struct sys_file *files = part->number ? part_files : disk_files;
	unsigned int nr = part->number ? ARRAY_SIZE(part_files) : ARRAY_SIZE(disk_files);
	char dir[64], path[96], other[96], target[96];
	void *priv = (void *)((uint64_t)part->number << PART_SHIFT | part->disk->id);
	int err = 0;

	part_dir(part, dir, sizeof(dir));
	for (unsigned int i = 0; i < nr && !err; i++) {
		format_text(path, sizeof(path), "%s/%s", dir, files[i].name);
		err = sys_create(path, 0444, files[i].show, priv);
	}
	link_paths(part, path, other, sizeof(path));
	format_text(target, sizeof(target), "../../%s", dir);
	if (!err)
		err = sys_link(path, target);
	if (!err)
		err = sys_link(other, target);
	if (!err)
		err = event_add(part, dir, priv);
	if (!err && !part->number)
		err = nomerges_add(dir, priv);
	if (!err && !part->number)
		err = device_link(part->disk, dir);
	if (err)
		log_warn("block %s: not all of it is in /sys: %d", part->name, err);
	block_sys_tell(part, "add");
}

void block_sys_remove(const struct block_part *part)
{
	char dir[64], path[96], other[96];

	part_dir(part, dir, sizeof(dir));
	link_paths(part, path, other, sizeof(path));
	sys_remove(path);
	sys_remove(other);
	sys_remove(dir);
	block_sys_tell(part, "remove");
}
