// SPDX-License-Identifier: GPL-2.0
/* The plain calls on disks: whole blocks to and from kernel memory, flush, and the system calls that take a disk's number. */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include "core.h"

#define BOUNCE_PAGES	8u

/* Through @page's frames: the caller's memory may lie anywhere (a stack, vmap). */
static int blocks_bounce(struct block_disk *disk, struct page *page, uint8_t op, uint64_t lba, uint32_t nr, uint8_t *buffer)
{
	struct block_vec vec = { .page = page, .length = nr * disk->limits.block_size };
	struct block_io io = { .op = op, .lba = lba, .nr_blocks = nr, .vec = &vec, .nr_vec = 1 };
	int err;

	if (op == BLOCK_WRITE)
		memcpy(page_addr(page), buffer, vec.length);
	err = block_do(disk, &io);
	if (!err && op == BLOCK_READ)
		memcpy(buffer, page_addr(page), vec.length);
	return err;
}

static int blocks_copy(struct block_disk *disk, uint8_t op, uint64_t lba, uint32_t count, uint8_t *buffer)
{
	uint32_t most = BOUNCE_PAGES * (uint32_t)PAGE_SIZE / disk->limits.block_size;
	struct page *page = frame_alloc(3, FRAME_ZERO, PAGE_KERNEL);
	int err = 0;

	if (!page)
		return -ENOMEM;
	while (!err && count) {
		uint32_t nr = MIN(count, most);

		err = blocks_bounce(disk, page, op, lba, nr, buffer);
		lba += nr;
		count -= nr;
		buffer += (size_t)nr * disk->limits.block_size;
	}
	page_put(page);
	return err;
}

int block_read_blocks(struct block_disk *disk, uint64_t lba, uint32_t count, void *buffer)
{
	return blocks_copy(disk, BLOCK_READ, lba, count, buffer);
}

int block_write_blocks(struct block_disk *disk, uint64_t lba, uint32_t count, const void *buffer)
{
	return blocks_copy(disk, BLOCK_WRITE, lba, count, (void *)(uintptr_t)buffer);
}

int block_flush(struct block_disk *disk)
{
	struct block_io io = { .op = BLOCK_FLUSH };

	return block_do(disk, &io);
}

static bool sync_one(struct block_disk *disk, void *arg)
{
	if (block_disk_alive(disk))
		block_disk_sync(disk);
	return true;
}

void block_sync_all(void)
{
	block_disk_for_each(sync_one, NULL);
}

/* (disk id, first block, blocks, user buffer) -> bytes, as much as the disk has. For the superuser; buffered like /dev. */
static int64_t sys_blocks(const struct syscall_args *args, bool write)
{
	struct block_disk *disk;
	struct iovec_k storage;
	struct iter it;
	uint64_t bytes;
	int64_t result = -EINVAL;

	if (!privileged(LINUX_CAP_SYS_RAWIO))
		return -EPERM;
	disk = args->a[0] <= UINT32_MAX ? block_disk_get((uint32_t)args->a[0]) : NULL;
	if (!disk)
		return -ENODEV;
	bytes = args->a[2] * disk->limits.block_size;
	if (args->a[2] > 0x7fffffffu / disk->limits.block_size || args->a[1] >= block_disk_blocks(disk) ||
	    args->a[2] > block_disk_blocks(disk) - args->a[1])
		goto put;
	iter_init_one(&it, &storage, args->a[3], bytes, false);
	if (write && disk->limits.flags & BLOCK_RO)
		result = -EROFS;
	else if (write)
		result = block_cache_write(disk, args->a[1] * disk->limits.block_size, &it, bytes);
	else
		result = block_cache_read(disk, args->a[1] * disk->limits.block_size, &it, bytes);
put:
	block_disk_put(disk);
	return result;
}

SYSCALL(NR_ferry_block_read, ferry_block_read)
{
	return sys_blocks(args, false);
}

SYSCALL(NR_ferry_block_write, ferry_block_write)
{
	return sys_blocks(args, true);
}
