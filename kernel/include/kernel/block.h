/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The block core for its users (device nodes, partitions, system calls, file systems later): disks by id, requests of any size. The core
 * cuts them to the disk's limits, gives tags, calls the class ops under the strand, checks completions. It does not know placements.
 */
#ifndef KERNEL_BLOCK_H
#define KERNEL_BLOCK_H

#include <driver/class/block.h>
#include <fs/file.h>
#include <kernel/device.h>
#include <kernel/wait.h>

struct page;
struct block_disk;

/* A piece of memory: @length bytes at @offset of @page. */
struct block_vec {
	struct page *page;
	uint32_t offset, length;
};

/* What a user of a disk asks for; lives until done() was called. */
struct block_io {
	uint8_t op;			/* enum block_op */
	uint8_t flags;			/* BLOCK_REQ_* */
	uint64_t lba;			/* first block of the disk (partitions are resolved by the caller) */
	uint32_t nr_blocks;
	struct block_vec *vec;		/* nr_vec pieces, together nr_blocks * block_size bytes; NULL without data */
	unsigned int nr_vec;
	int status;			/* valid in done() */
	void (*done)(struct block_io *io);	/* any context, interrupts possibly off; must not sleep */
	void *priv;
	/* The core's own. */
	struct list link;
	struct block_disk *disk;	/* in flight the io keeps it alive: its user holds a reference */
	uint32_t pieces_left;		/* in flight, and one while it waits to be cut */
	uint32_t cut_blocks;		/* handed out so far */
	unsigned int cut_vec;		/* where the next piece's data starts */
	uint32_t cut_offset;
	bool flush_after, flushing;	/* FUA on a disk that only knows flush */
	bool torn;			/* block/inject.c: cut short, ends with an error */
	bool alone;			/* block/merge.c: never in a request with others */
	struct block_io *joined;	/* block/merge.c: is right behind this one in the same request */
	time_ns_t started_ns;
	uint64_t number;		/* of this io in a trace; while none is made, anything */
	time_ns_t not_before;		/* block/inject.c: waits until then; 0: it does not */
};

/* Start @io; -errno is reported through done() as well, so the return value is only 0. Process context; may sleep for a free tag. */
void block_submit(struct block_disk *disk, struct block_io *io);
/* Start several as one batch: one commit, at most one doorbell for each queue. */
void block_submit_batch(struct block_disk *disk, struct block_io **ios, unsigned int count);
/* Submit and wait: status. May sleep. */
int block_do(struct block_disk *disk, struct block_io *io);

/* Direct I/O of an open disk in the background (block/async.c); all zero at first. */
struct block_async {
	void (*done)(struct block_async *a);	/* any context, interrupts possibly off; must not sleep */
	int64_t result;			/* in done(): bytes or -errno */
	/* The core's own. */
	struct block_direct *pieces;
	unsigned int nr_pieces;
	uint32_t pieces_left;
};

struct file;
struct iter;
extern const struct file_ops block_file_ops;
/* Is @f a disk's or a partition's node, opened? */
static inline bool block_file_is(const struct file *f)
{
	return f->ops == &block_file_ops;
}
/*
 * Pin @it, data at byte @at of @f. 1: block_async_send() may follow; 0 or -errno: that is the result; -ENOTBLK: @f is no disk opened with
 * O_DIRECT. After 1 and -errno but -ENOTBLK, block_async_end() gives the pages back. Process context; may sleep.
 */
int64_t block_async_prepare(struct block_async *a, struct file *f, struct iter *it, uint64_t at, bool write);
/* Start several, as few batches as can be. */
void block_async_send(struct block_async *const *list, unsigned int nr);
/* Process context, after done(). */
void block_async_end(struct block_async *a);

/* Disks. Ids count up from 1 and are never used again. */
struct block_disk *block_disk_get(uint32_t id);			/* counted, or NULL */
struct block_disk *block_disk_find(const char *name);		/* "vda"; counted, or NULL */
void block_disk_put(struct block_disk *disk);
uint32_t block_disk_id(const struct block_disk *disk);
const char *block_disk_name(const struct block_disk *disk);
const struct block_limits *block_disk_limits(const struct block_disk *disk);
uint64_t block_disk_blocks(const struct block_disk *disk);	/* current size */
bool block_disk_alive(const struct block_disk *disk);	/* a driver serves it, or is expected back */

/*
 * The plain calls, with kernel memory of any kind, uncached: @count blocks from @lba on. 0 or -errno. May sleep. They and
 * block_disk_get(), block_disk_limits(), block_submit() are what the requirements call read_blocks, write_blocks, flush,
 * get_block_device, capabilities and submit_async_request.
 */
int block_read_blocks(struct block_disk *disk, uint64_t lba, uint32_t count, void *buffer);
int block_write_blocks(struct block_disk *disk, uint64_t lba, uint32_t count, const void *buffer);
int block_flush(struct block_disk *disk);
/* Page @what (enum block_info) of what the device says of itself, BLOCK_INFO_BYTES into @buffer. -EOPNOTSUPP. May sleep. */
int block_info(struct block_disk *disk, unsigned int what, void *buffer);
/* Write back what files have buffered, on every disk, and flush: sync(2). May sleep. */
void block_sync_all(void);

/* For ipc/ and the kernel shim. The class core's half of include/driver/class/block.h is drivers/class/block/. */
/* The driver is gone for good or for now: every request in flight ends with @status. */
void block_abort_all(struct device *dev, int status);

#endif
