// SPDX-License-Identifier: GPL-2.0
/* What a disk's device says of itself: asked for by an io of its own kind, handed to programs as it came. */
#include <kernel/process.h>
#include <mm/user.h>
#include <uapi/ferry/linux_block.h>
#include "core.h"

int block_info(struct block_disk *disk, unsigned int what, void *buffer)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	struct block_vec vec = { .page = page, .length = BLOCK_INFO_BYTES };
	struct block_io io = { .op = BLOCK_INFO, .lba = what, .nr_blocks = BLOCK_INFO_BYTES / disk->limits.block_size, .vec = &vec, .nr_vec = 1 };
	int err;

	if (!page)
		return -ENOMEM;
	err = block_do(disk, &io);
	if (!err)
		memcpy(buffer, page_addr(page), BLOCK_INFO_BYTES);
	page_put(page);
	return err;
}

int64_t block_info_ioctl(struct block_disk *disk, uint64_t arg)
{
	struct ferry_block_info info;
	struct page *page;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.size != sizeof(info) || info.reserved)
		return -EINVAL;
	page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	if (!page)
		return -ENOMEM;
	err = block_info(disk, info.what, page_addr(page));
	if (!err)
		err = copy_to_user(info.buffer, page_addr(page), BLOCK_INFO_BYTES);
	page_put(page);
	return err;
}
