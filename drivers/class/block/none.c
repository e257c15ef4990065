// SPDX-License-Identifier: GPL-2.0
/* A kernel without the block class: a driver process that registers a disk is refused. */
#include <kernel/block.h>

int block_register(struct device *dev, const struct block_limits *limits) { return -EOPNOTSUPP; }
void block_resize(struct device *dev, uint64_t nr_blocks) { }
void block_resize_unit(struct device *dev, unsigned int unit, uint64_t nr_blocks) { }
void block_unregister(struct device *dev) { }
void block_unregister_unit(struct device *dev, unsigned int unit) { }
void block_complete(struct device *dev, unsigned int queue, uint32_t tag, int status) { }
void block_abort_all(struct device *dev, int status) { }

const struct file_ops block_file_ops;	/* of no file */
int64_t block_async_prepare(struct block_async *a, struct file *f, struct iter *it, uint64_t at, bool write) { return -ENOTBLK; }
void block_async_send(struct block_async *const *list, unsigned int nr) { }
void block_async_end(struct block_async *a) { }

int block_data_get(struct device *dev, const struct block_request *rq, uint32_t offset, void *to, uint32_t length)
{
	return -EOPNOTSUPP;
}

int block_data_put(struct device *dev, const struct block_request *rq, uint32_t offset, const void *from, uint32_t length)
{
	return -EOPNOTSUPP;
}
