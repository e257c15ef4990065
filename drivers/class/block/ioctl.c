// SPDX-License-Identifier: GPL-2.0
/* ioctls of disks and partitions: Linux's numbers, argument sizes and errors. */
#include <kernel/process.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux_block.h>
#include <uapi/ferry/linux_fs.h>
#include "core.h"

#define READ_AHEAD_SECTORS	256u
#define ZERO_PAGES		32u

static int64_t put_int(uint64_t arg, uint32_t value)
{
	return put_user32(arg, value);
}

static int64_t geometry(const struct block_part *part, uint64_t arg)
{
	struct linux_hd_geometry geo = { .heads = 16, .sectors = 63 };
	uint64_t sectors = block_part_blocks(part) * (part->disk->limits.block_size / 512);

	geo.cylinders = (unsigned short)MIN(sectors / (16 * 63), 0xffffull);
	geo.start = part->start * (part->disk->limits.block_size / 512);
	return copy_to_user(arg, &geo, sizeof(geo));
}

/* ---- Ranges: BLKDISCARD, BLKZEROOUT take two 64-bit numbers, start and length in bytes ---- */

static int range_get(const struct file *f, uint64_t arg, uint64_t range[2])
{
	const struct block_part *part = f->priv;
	uint64_t mask = part->disk->limits.block_size - 1;

	if ((f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		return -EBADF;
	if (copy_from_user(range, arg, 16))
		return -EFAULT;
	if ((range[0] | range[1]) & mask)
		return -EINVAL;
	if (range[0] + range[1] < range[0] || range[0] + range[1] > block_part_blocks(part) * part->disk->limits.block_size)
		return -EINVAL;
	return part->disk->limits.flags & BLOCK_RO ? -EPERM : 0;
}

/* @op on whole blocks without data, in pieces that an io can name. */
static int range_do(struct block_disk *disk, uint8_t op, uint8_t flags, uint64_t lba, uint64_t nr)
{
	int err = 0;

	while (!err && nr) {
		struct block_io io = { .op = op, .flags = flags, .lba = lba, .nr_blocks = (uint32_t)MIN(nr, 1u << 22) };

		lba += io.nr_blocks;
		nr -= io.nr_blocks;
		err = block_do(disk, &io);
	}
	return err;
}

/* A disk that knows no write-zeroes is written with zeros. */
static int range_write_zeros(struct block_disk *disk, uint64_t lba, uint64_t nr)
{
	uint32_t per_page = (uint32_t)PAGE_SIZE / disk->limits.block_size;
	struct page *zero = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	struct block_vec vec[ZERO_PAGES];
	int err = 0;

	if (!zero)
		return -ENOMEM;
	while (!err && nr) {
		struct block_io io = { .op = BLOCK_WRITE, .lba = lba, .vec = vec };

		for (uint64_t left = nr; io.nr_vec < ZERO_PAGES && left;) {
			uint32_t n = (uint32_t)MIN(left, per_page);

			vec[io.nr_vec++] = (struct block_vec){ .page = zero, .length = n * disk->limits.block_size };
			io.nr_blocks += n;
			left -= n;
		}
		lba += io.nr_blocks;
		nr -= io.nr_blocks;
		err = block_do(disk, &io);
	}
	page_put(zero);
	return err;
}

static int range_zero(struct block_disk *disk, uint64_t lba, uint64_t nr)
{
	int err = disk->limits.flags & BLOCK_HAS_WRITE_ZEROES ? range_do(disk, BLOCK_WRITE_ZEROES, 0, lba, nr) : -EOPNOTSUPP;

	return err == -EOPNOTSUPP ? range_write_zeros(disk, lba, nr) : err;
}

static int64_t range_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct block_part *part = f->priv;
	struct block_disk *disk = part->disk;
	uint64_t range[2], lba, nr;
	int err = range_get(f, arg, range);

	if (err)
		return err;
	lba = part->start + range[0] / disk->limits.block_size;
	nr = range[1] / disk->limits.block_size;
	if (cmd == LINUX_BLKDISCARD && !(disk->limits.flags & BLOCK_HAS_DISCARD))
		return -EOPNOTSUPP;
	err = block_cache_drop(disk, lba * disk->limits.block_size, range[1]);
	if (err)
		return err;
	if (cmd == LINUX_BLKDISCARD)
		err = range_do(disk, BLOCK_DISCARD, 0, lba, nr);
	else
		err = range_zero(disk, lba, nr);
	block_cache_drop(disk, lba * disk->limits.block_size, range[1]);	/* what others have read meanwhile */
	return err;
}

/* ---- What needs the superuser ---- */

static int64_t admin_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct block_part *part = f->priv;
	struct block_disk *disk = part->disk;
	uint32_t value;
	int err;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EACCES;
	switch (cmd) {
	case LINUX_BLKFLSBUF:
		err = block_cache_drop(disk, part->start * disk->limits.block_size, block_part_blocks(part) * disk->limits.block_size);
		return err;
	case FERRY_BLKINFO:
		return block_info_ioctl(disk, arg);
	case LINUX_BLKRRPART:
		err = part->number ? -EINVAL : block_rescan(disk);
		if (!err)
			block_sys_tell(part, "change");
		return err;
	default:	/* BLKBSZSET: checked, and of no consequence here */
		if (get_user32(&value, arg))
			return -EFAULT;
		return value >= disk->limits.block_size && value <= PAGE_SIZE && !(value & (value - 1)) ? 0 : -EINVAL;
	}
}

static int64_t roset(struct file *f, uint64_t arg)
{
	const struct block_part *part = f->priv;
	uint32_t value;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EACCES;
	if (get_user32(&value, arg))
		return -EFAULT;
	return !value == !(part->disk->limits.flags & BLOCK_RO) ? 0 : -EOPNOTSUPP;
}

int64_t block_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	const struct block_part *part = f->priv;
	const struct block_limits *l = &part->disk->limits;
	uint64_t bytes = block_part_blocks(part) * l->block_size;

	switch (cmd) {
	case LINUX_BLKGETSIZE64: return put_user64(arg, bytes);
	case LINUX_BLKGETSIZE: return put_user64(arg, bytes / 512);
	case LINUX_BLKSSZGET: return put_int(arg, l->block_size);
	case LINUX_BLKPBSZGET:
	case LINUX_BLKIOMIN: return put_int(arg, l->physical_block_size);
	case LINUX_BLKIOOPT:
	case LINUX_BLKALIGNOFF:
	case LINUX_BLKDISCARDZEROES: return put_int(arg, 0);
	case LINUX_BLKBSZGET: return put_int(arg, PAGE_SIZE);
	case LINUX_BLKROGET: return put_int(arg, !!(l->flags & BLOCK_RO));
	case LINUX_BLKRAGET: return put_user64(arg, READ_AHEAD_SECTORS);
	case LINUX_BLKSECTGET: return copy_to_user(arg, &(uint16_t){ BLOCK_PIECE_BYTES / 512 }, 2);
	case LINUX_BLKROTATIONAL: return copy_to_user(arg, &(uint16_t){ !!(l->flags & BLOCK_ROTATIONAL) }, 2);
	case LINUX_BLKGETDISKSEQ: return put_user64(arg, part->disk->id);
	case LINUX_HDIO_GETGEO: return geometry(part, arg);
	case LINUX_BLKDISCARD:
	case LINUX_BLKZEROOUT: return range_ioctl(f, cmd, arg);
	case LINUX_BLKROSET: return roset(f, arg);
	case LINUX_BLKRASET: return privileged(LINUX_CAP_SYS_ADMIN) ? 0 : -EACCES;
	case LINUX_BLKFLSBUF:
	case LINUX_BLKRRPART:
	case FERRY_BLKINFO:
	case LINUX_BLKBSZSET: return admin_ioctl(f, cmd, arg);
	default: return -ENOTTY;
	}
}
