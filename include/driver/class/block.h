/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The block class: what a disk driver offers and calls. The core above cuts requests to the limits, gives every request a tag that is
 * unique on its queue, keeps it until it is completed, and checks whatever the driver says about it.
 */
#ifndef DRIVER_CLASS_BLOCK_H
#define DRIVER_CLASS_BLOCK_H

#include <driver/device.h>
#include <driver/dma.h>

#define BLOCK_QUEUES_MAX	DEVICE_STRANDS_MAX
#define BLOCK_DEPTH_MAX		256
#define BLOCK_SEGMENTS_MAX	128
#define BLOCK_UNITS_MAX		64	/* disks of one device: namespaces, ports, logical units */

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,		/* no range, no data: everything completed before is on stable storage */
	BLOCK_DISCARD,		/* range, no data: contents may be forgotten */
	BLOCK_WRITE_ZEROES,	/* range, no data */
	/*
	 * Page lba (enum block_info) of what the device says of itself, into one page of BLOCK_INFO_BYTES that is all zeroes. Only with
	 * BLOCK_HAS_INFO and only on the unit's first queue. -EOPNOTSUPP: there is no such page.
	 */
	BLOCK_INFO,
	BLOCK_OP_COUNT,
};

/*
 * NVMe: identify namespace, identify controller, health log. ATA: IDENTIFY (PACKET) DEVICE, -, SMART READ DATA. SCSI has its own: standard
 * INQUIRY data, the page of its names (83h), the log of informational exceptions (2Fh).
 */
enum block_info {
	BLOCK_INFO_UNIT, BLOCK_INFO_CONTROLLER, BLOCK_INFO_HEALTH, BLOCK_INFO_INQUIRY, BLOCK_INFO_NAMES, BLOCK_INFO_EXCEPTIONS,
	/* Orders, which leave the page as it is: the controller takes namespace BLOCK_INFO_ARGUMENT as its own, or lets it go (NVMe). */
	BLOCK_INFO_ATTACH, BLOCK_INFO_DETACH,
};
#define BLOCK_INFO_KIND(lba)	((lba) & 0xff)
#define BLOCK_INFO_ARGUMENT(lba) ((uint32_t)((lba) >> 8))
#define BLOCK_INFO_BYTES	4096u

#define BLOCK_REQ_FUA		0x1u	/* with BLOCK_WRITE: on stable storage before completion */
#define BLOCK_REQ_UNMAP		0x2u	/* with BLOCK_WRITE_ZEROES: may deallocate */

/* Properties of a disk (limits.flags). */
#define BLOCK_RO		0x1u
#define BLOCK_HAS_FLUSH		0x2u	/* a volatile write cache: flush is needed and works */
#define BLOCK_HAS_FUA		0x4u
#define BLOCK_HAS_DISCARD	0x8u
#define BLOCK_HAS_WRITE_ZEROES	0x10u
#define BLOCK_ROTATIONAL	0x20u
#define BLOCK_HAS_INFO		0x40u
#define BLOCK_INFO_COPIED	0x80u	/* the driver brings BLOCK_INFO's bytes with block_data_put(), whatever it does with data */

/* What a driver says of its disk; the core checks it (-EINVAL names the bad field in the log). Zero means "none" or the least. */
struct block_limits {
	uint64_t nr_blocks;		/* size of the disk in blocks */
	uint32_t block_size;		/* bytes: 512 to 4096, a power of two */
	uint32_t physical_block_size;	/* bytes, at least block_size; 0: the same */
	uint32_t flags;			/* BLOCK_RO ... */
	uint32_t nr_queues;		/* 1..BLOCK_QUEUES_MAX; queue n runs on strand n */
	uint32_t queue_depth;		/* requests in flight on each queue: 1..BLOCK_DEPTH_MAX; tags are below it */
	uint32_t max_segments;		/* 1..BLOCK_SEGMENTS_MAX */
	uint32_t max_segment_bytes;	/* 0: any length */
	uint32_t max_request_blocks;	/* of a read or write; 0: what the segments allow */
	uint32_t max_discard_blocks;	/* 0: any number */
	uint32_t max_write_zeroes_blocks;	/* 0: any number */
	uint32_t request_timeout_ms;	/* 0: 30,000 */
	uint32_t unit;			/* which disk of the device this is: below BLOCK_UNITS_MAX, 0 for the only one */
	uint32_t first_queue;		/* the disk uses queues first_queue .. first_queue + nr_queues - 1; units may share queues */
	/* 0, or 512 to 65536: no segment but the first may begin, and none but the last may end, off a multiple of it (PRP lists) */
	uint32_t segment_boundary;
	char prefix[8];			/* of the device node: "vd", "nvme", "sd", "nullb" */
	char serial[64];		/* printable, or empty; from an awaited driver empty: as before */
};

/* A request as a driver sees it; valid until block_complete(). */
struct block_request {
	uint8_t op;			/* enum block_op */
	uint8_t flags;			/* BLOCK_REQ_* */
	uint16_t queue;
	uint32_t tag;			/* below queue_depth, unique on this queue until completed, whatever the unit */
	uint64_t lba;			/* first block */
	uint32_t nr_blocks;
	uint16_t nr_segments;		/* 0 with FERRY_NEEDS_CPU_DATA, BLOCK_INFO_COPIED's pages and for operations without data */
	uint16_t unit;			/* of the device's disks, as registered */
	const struct dma_segment *segments;
};

struct block_ops {
	/*
	 * Start @rq on strand rq->queue. 0: will be completed by tag, now or later. -EBUSY: no room now; the core asks again after a
	 * completion on this queue. Another error completes it with that error. Must not sleep.
	 */
	int (*submit)(struct device *dev, const struct block_request *rq);
	/* A batch of submits ended on strand @queue: ring the doorbell. May be NULL. */
	void (*commit)(struct device *dev, unsigned int queue);
	/*
	 * Request @tag is overdue. Recover (reset the queue or device) and complete what was in flight. NULL: the core fails the device.
	 * Runs on the strand of @queue. Must not sleep.
	 */
	void (*timeout)(struct device *dev, unsigned int queue, uint32_t tag);
};

/*
 * Announce a disk (limits->unit); requests may come before it returns. -EINVAL, -ENOMEM, -EBUSY. Last step of probe, once for each unit;
 * units that share a queue give the same queue_depth, and the first of them settles max_segments. A disk that appears later may be
 * announced from any strand: then the limits are checked at once and the rest happens soon; what goes wrong there is in the log.
 */
int __must_check block_register(struct device *dev, const struct block_limits *limits);

/* The size of unit 0, or of @unit, changed (resize event); other limits stay. Any strand. */
void block_resize(struct device *dev, uint64_t nr_blocks);
void block_resize_unit(struct device *dev, unsigned int unit, uint64_t nr_blocks);

/* No more submits come; requests in flight are waited for, or failed by the core. Every unit. First step of remove. */
void block_unregister(struct device *dev);

/*
 * One disk was taken out; the others stay. No more submits come for it; those in flight the driver still completes (with -EIO, as a rule)
 * within seconds, else the device fails. Any strand; the unit may be registered again at once. Nothing when there is no such unit.
 */
void block_unregister_unit(struct device *dev, unsigned int unit);

/*
 * Request @tag of @queue ended with @status: 0, -EIO, -EOPNOTSUPP, -ENOSPC, -ETIMEDOUT... A tag that is not in flight is a
 * device_fault(). Callable from inside submit. On that queue's strand.
 */
void block_complete(struct device *dev, unsigned int queue, uint32_t tag, int status);

/*
 * The bytes of a request, for drivers with FERRY_NEEDS_CPU_DATA: copy @length bytes at @offset of the request's data out of it
 * (a write's) or into it (a read's; with BLOCK_INFO_COPIED that page's of any driver). -ERANGE when outside. Between submit and
 * complete, on that strand.
 */
int __must_check block_data_get(struct device *dev, const struct block_request *rq, uint32_t offset, void *to, uint32_t length);
int __must_check block_data_put(struct device *dev, const struct block_request *rq, uint32_t offset, const void *from, uint32_t length);

#endif
