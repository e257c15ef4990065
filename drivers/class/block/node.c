// SPDX-License-Identifier: GPL-2.0
/* Disks and partitions as files: /dev/vda, /dev/vda1. The results at the edges are those of Linux 6.1's block/fops.c. */
#include <fs/node.h>
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux_fs.h>
#include "core.h"

#define MINORS		16u	/* of a disk; partitions past them get numbers of MAJOR_EXTENDED */
#define MAJOR_EXTENDED	259u

uint64_t block_part_blocks(const struct block_part *part)
{
	return part->number ? part->nr_blocks : block_disk_blocks(part->disk);
}

static uint64_t part_bytes(const struct block_part *part)
{
	return block_part_blocks(part) * part->disk->limits.block_size;
}

static uint64_t part_offset(const struct block_part *part)
{
	return part->start * part->disk->limits.block_size;
}

static int node_open(struct inode *inode, struct file *f)
{
	struct block_part *part = f->priv;
	struct block_disk *disk = part->disk;
	int err = 0;

	ref_get(&disk->ref);
	spin_lock(&disk->opens_lock);
	if (disk->gone || !part->present)
		err = -ENXIO;
	else
		part->opens++;
	spin_unlock(&disk->opens_lock);
	if (err)
		block_disk_put(disk);
	else
		(void)block_cache_error(disk, &f->write_errors_seen);
	return err;
}

static void node_release(struct file *f)
{
	struct block_part *part = f->priv;
	struct block_disk *disk = part->disk;
	bool last;

	if ((f->flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY && block_disk_alive(disk))
		block_cache_sync(disk, part_offset(part), part_bytes(part));
	spin_lock(&disk->opens_lock);
	last = !--part->opens;
	spin_unlock(&disk->opens_lock);
	if (last && !block_disk_alive(disk))
		block_cache_drop(disk, part_offset(part), part_bytes(part));
	block_disk_put(disk);
}

static ssize_t node_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct block_part *part = f->priv;
	uint64_t bytes = part_bytes(part), at = (uint64_t)*pos;
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	if (at >= bytes || !to->left)
		return 0;
	to->left = MIN(to->left, bytes - at);
	if (f->flags & LINUX_O_DIRECT && !to->kernel)
		n = block_direct_do(part->disk, to, part_offset(part) + at, to->left, false);
	else
		n = block_cache_read(part->disk, part_offset(part) + at, to, to->left);
	if (n > 0)
		*pos += n;
	return n;
}

static int node_fsync(struct file *f, bool data_only)
{
	struct block_part *part = f->priv;
	int err, flush_err;

	block_cache_sync(part->disk, part_offset(part), part_bytes(part));
	err = block_cache_error(part->disk, &f->write_errors_seen);
	if (!block_disk_alive(part->disk))
		return -EIO;
	flush_err = block_flush(part->disk);
	return err ? err : flush_err;
}

static ssize_t node_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct block_part *part = f->priv;
	uint64_t bytes = part_bytes(part), at = (uint64_t)*pos;
	ssize_t n;
	int err;

	if (part->disk->limits.flags & BLOCK_RO)
		return -EPERM;
	if (*pos < 0)
		return -EINVAL;
	if (!from->left)
		return 0;
	if (at >= bytes)
		return -ENOSPC;
	from->left = MIN(from->left, bytes - at);
	if (f->flags & LINUX_O_DIRECT && !from->kernel)
		n = block_direct_do(part->disk, from, part_offset(part) + at, from->left, true);
	else
		n = block_cache_write(part->disk, part_offset(part) + at, from, from->left);
	if (n <= 0)
		return n;
	*pos += n;
	err = f->flags & LINUX_O_DSYNC ? node_fsync(f, true) : 0;
	return err ? err : n;
}

static loff_t node_seek(struct file *f, loff_t offset, int whence)
{
	loff_t size = (loff_t)part_bytes(f->priv);

	if (whence == LINUX_SEEK_END && __builtin_add_overflow(size, offset, &offset))
		return -EINVAL;
	if (whence == LINUX_SEEK_CUR && __builtin_add_overflow(f->pos, offset, &offset))
		return -EINVAL;
	if (whence != LINUX_SEEK_SET && whence != LINUX_SEEK_CUR && whence != LINUX_SEEK_END)
		return -EINVAL;
	if (offset < 0 || offset > size)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

const struct file_ops block_file_ops = {
	.open = node_open,
	.release = node_release,
	.read = node_read,
	.write = node_write,
	.seek = node_seek,
	.fsync = node_fsync,
	.ioctl = block_ioctl,
	.mmap = block_map,
};

/* ---- Nodes: parts_lock held, or nobody else knows the disk yet ---- */

uint64_t block_node_rdev(const struct block_disk *disk, unsigned int number)
{
	if (number < MINORS && disk->index < 4096)
		return DEV_MAKE(disk->major, disk->index * MINORS + number);
	return DEV_MAKE(MAJOR_EXTENDED, (disk->id & 0xfff) * (BLOCK_PARTS_MAX + 1) + number);
}

static void node_name(struct block_part *part)
{
	const char *disk = part->disk->name;
	char last = disk[strlen(disk) - 1];

	if (!part->number)
		str_copy(part->name, disk, sizeof(part->name));
	else
		format_text(part->name, sizeof(part->name), "%s%s%u", disk, last >= '0' && last <= '9' ? "p" : "", part->number);
}

static void present_set(struct block_part *part, bool present)
{
	spin_lock(&part->disk->opens_lock);
	part->present = present;
	spin_unlock(&part->disk->opens_lock);
}

int block_node_add(struct block_disk *disk, unsigned int number, uint64_t start, uint64_t nr_blocks)
{
	struct block_part *part = disk->parts[number];
	int err;

	if (!part)
		part = kzalloc(sizeof(*part));
	if (!part)
		return -ENOMEM;
	disk->parts[number] = part;
	part->disk = disk;
	part->number = number;
	part->start = start;
	part->nr_blocks = nr_blocks;
	node_name(part);
	present_set(part, true);
	part->named = true;
	err = devnode_create(part->name, LINUX_S_IFBLK | 0660, block_node_rdev(disk, number), &block_file_ops, part);
	if (err) {
		present_set(part, false);
		part->named = false;
		log_err("block %s: no node: %d", part->name, err);
	} else {
		block_sys_add(part);
	}
	return err;
}

void block_node_remove(struct block_part *part)
{
	present_set(part, false);
	if (part->named) {
		block_sys_remove(part);
		devnode_remove(part->name);
	}
	part->named = false;
}
