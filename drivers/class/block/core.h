/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to the block core (drivers/class/block/). Locks, outermost first: disks_lock (registry), a disk's parts_lock, its opens_lock
 * (spin), its cache lock, a queue's strand (spin). What a queue holds is guarded by its strand, which is also what the driver's callbacks run under.
 */
#ifndef BLOCK_CORE_H
#define BLOCK_CORE_H

#include <kernel/block.h>
#include <kernel/driver_time.h>
#include <fs/file.h>
#include <fs/page_tree.h>
#include <mm/iommu.h>
#include <mm/page.h>
#include <mm/pagecache.h>

#define BLOCK_PARTS_MAX		64u
#define BLOCK_NAME_MAX		16
#define BLOCK_DEPTH_USED	128u	/* more tags than this cost memory and win nothing */
#define BLOCK_SEGMENTS_USED	64u
#define BLOCK_TIMEOUT_DEFAULT_MS 30000u
#define BLOCK_HOLD_TIMEOUTS	3u	/* requests wait so many of their timeouts for a driver: one that hangs in its probe is killed first */
#define BLOCK_PIECE_BYTES	(1u << 20)	/* of a request when the driver names no limit */

enum block_slot_state { SLOT_FREE, SLOT_READY, SLOT_FLIGHT };

/* A tag and what it stands for. */
struct block_slot {
	struct block_request rq;	/* what the driver sees */
	struct list link;		/* of queue->flight, oldest first */
	struct block_io *io;		/* and those joined to it */
	unsigned int vec;		/* where its data starts in the io */
	uint32_t vec_offset;
	uint32_t bytes;
	time_ns_t deadline;
	uint64_t generation;		/* of the driver that has it */
	uint8_t state, overdue;
	uint8_t deaths;			/* drivers that died with it in flight, in a row */
	bool unmapped;			/* its memory is not the device's yet: there was none to bounce through */
	uint64_t bounced;		/* bit n: segment n is the core's memory (bounce.c) */
	struct dma_segment *segments;
};

#define BLOCK_LATENCY_BUCKETS	40u	/* bucket n: at least 2^n ns, less than twice that; the last one: longer */

/* How long ios took, those of one queue; guarded by its strand. */
struct block_latency {
	uint64_t ios[BLOCK_OP_COUNT][BLOCK_LATENCY_BUCKETS];
};

/* What a disk did on one queue; guarded by the queue's strand. */
struct block_stats {
	uint64_t ios[BLOCK_OP_COUNT], sectors[BLOCK_OP_COUNT], ns[BLOCK_OP_COUNT];
	uint64_t merges[BLOCK_OP_COUNT];	/* ios that went along in the request of another */
	unsigned int in_flight;		/* requests with a tag */
};

/* A queue is the device's; its disks share it, and with it the tags. */
struct block_queue {
	struct block_group *group;	/* its owner */
	struct device *dev;		/* counted by the group */
	struct strand *strand;
	unsigned int number;
	/* Guarded by the strand. */
	bool open;			/* a driver is there */
	bool finishing;			/* somebody runs done() callbacks */
	unsigned int depth, nr_segments, nr_free;
	struct block_slot *slots;
	struct dma_segment *segments;	/* of all slots */
	uint16_t *free;			/* free tags, a stack */
	struct block_slot *stalled;	/* the driver said -EBUSY to it */
	struct list waiting;		/* ios with pieces to cut, in order */
	struct list flight;		/* slots */
	struct list replay;		/* slots a dead driver left, oldest first; unmapped */
	time_ns_t hold_until;		/* by then what waits for a driver has waited enough; 0: nothing does */
	struct list finished;		/* ios whose done() is due */
	struct dma_flush unflushed;	/* of those the device may still reach so much: not for long (decision 0010) */
	struct timer timer;		/* deadlines and retries */
};

struct cache_io;

/* The pages of a disk in memory: cache.h. */
struct block_cache {
	struct mapping mapping;		/* where the disk and its partitions are mapped */
	struct wait_queue queue;	/* an io is over */
	struct spinlock lock;		/* guards the rest; taken in interrupts too */
	struct page_tree tree;
	struct list lru;		/* least recently used first */
	struct list dirty;		/* oldest first */
	struct list writing;
	uint64_t nr, nr_dirty;
	unsigned int nr_ios;		/* reads and write-backs on their way */
	uint64_t turn;			/* a sync waits for what was dirty before its turn ended, not for more */
	uint64_t next_pos;		/* where a sequential reader would go on; unguarded, a hint */
	int error;			/* of the last write-back that failed */
	uint64_t nr_errors;		/* how many did */
	struct cache_io *spare;		/* to write back when there is no memory for one */
	bool spare_taken;		/* atomic */
};

/* What a device node stands for: the whole disk (number 0) or a partition. Lives as long as its disk. */
struct block_part {
	struct block_disk *disk;
	unsigned int number;
	uint64_t start, nr_blocks;	/* in blocks; for number 0 use block_part_blocks() */
	char name[BLOCK_NAME_MAX + 6];
	bool named;			/* has a node; guarded by parts_lock */
	bool present;			/* may be opened; written with parts_lock and opens_lock */
	unsigned int opens;		/* guarded by opens_lock */
};

/*
 * What the disks of one device share. dev->block_group is written under bind_lock, as are the queues; units is guarded by units_lock too
 * (group.c), so that any strand may look at it. Each disk and the device hold a reference.
 */
struct block_group {
	struct ref ref;
	struct device *dev;		/* counted */
	struct block_queue *queues[BLOCK_QUEUES_MAX];
	struct block_disk *units[BLOCK_UNITS_MAX];
	bool bound;			/* a driver has registered: register_undo is on the device's list */
	struct block_queue *suspect;	/* has a request in flight that may be what kills drivers; atomic */
};

struct block_disk {
	struct ref ref;
	struct list link;		/* of all disks */
	uint32_t id;
	unsigned int index, major;	/* index: among the disks of its prefix */
	unsigned int controller;	/* among the devices with disks of this prefix */
	char name[BLOCK_NAME_MAX];
	struct device *dev;		/* counted by the group */
	struct block_group *group;	/* counted */
	struct block_limits limits;	/* as used: queue_depth and max_segments may be below the driver's */
	uint64_t nr_blocks;
	bool alive;			/* a driver serves it */
	time_ns_t hold_until;		/* not alive: until then its requests wait for the next driver, 0: they do not. Alive: of the last death */
	bool leaving;			/* the driver took the unit back: gone as soon as nothing is in flight */
	bool gone;			/* for good */
	uint8_t nomerges;		/* merge.c: BLOCK_NOMERGES; less means nothing */
	bool cpu_data;			/* the driver sees no device addresses: it copies, or needs no data */
	struct block_stats stats[BLOCK_QUEUES_MAX];
	struct block_latency *latency[BLOCK_QUEUES_MAX];	/* NULL: not its queue, or no memory; stays once there */
	struct block_inject *inject;	/* NULL: no faults were ever asked for */
	bool inject_begun;		/* has the policy's rules (inject.c) */
	struct block_cache cache;
	struct mutex parts_lock;
	/* What an open looks at: whoever takes a node away, with parts_lock, waits for those that are opening it. */
	struct spinlock opens_lock;
	struct block_part *parts[BLOCK_PARTS_MAX + 1];
	struct list scan_link;
};

/* disk.c */
void block_disk_for_each(bool (*fn)(struct block_disk *disk, void *arg), void *arg);
/* A new disk with a name, not yet alive; takes a reference of the group. NULL: no memory. */
struct block_disk *block_disk_create(struct block_group *group, const struct block_limits *limits);
/* Off the list and out of /dev; open files keep the memory. Gives back the creator's reference. */
void block_disk_forget(struct block_disk *disk);

/* group.c */
void block_group_put(struct block_group *group);
/* events.c: units that come and go while the driver runs, seen to by a thread. Any context. */
int block_event_add(struct device *dev, unsigned int unit, const struct block_limits *limits);
/* Its calls, with bind_lock held. The limits are checked; -EBUSY: the unit is there. Del: false while requests of a leaving unit are in flight. */
int block_unit_add(struct device *dev, const struct block_limits *limits);
bool block_unit_del(struct device *dev, unsigned int unit);

/* limits.c: 0, or -EINVAL with the offending field's name. Pure. */
int block_limits_check(const struct block_limits *l, unsigned int nr_strands, const char **field);

/* split.c: cut the next piece of @io; the segments hold physical addresses. Advances the io. -EINVAL: cannot be cut. */
int block_cut(const struct block_limits *l, bool cpu_data, struct block_io *io, struct block_slot *slot);
/* All of @io too, behind what the slot has; the caller knows that it goes on there. False: there is no room, and nothing was changed. */
bool block_cut_more(const struct block_limits *l, bool cpu_data, struct block_io *io, struct block_slot *slot);
/* 0, or why this io cannot be done on such a disk. */
int block_io_check(const struct block_limits *l, uint64_t nr_blocks, const struct block_io *io);

/* queue.c; the first group with the strand held */
void block_piece_done(struct block_queue *q, struct block_io *io, int status);
void block_slot_finish(struct block_queue *q, struct block_slot *slot, int status);
/* Its segments become the device's; -EAGAIN: no memory to bounce through now, slot->unmapped says so. */
int block_slot_map(struct block_queue *q, struct block_slot *slot);
/* The device forgets them; what was read into bounce memory arrives when @status is 0. */
void block_slot_unmap(struct block_queue *q, struct block_slot *slot, int status);
/* merge.c: several ios in one request. Strand held. Take along what waits behind slot->io, which is cut, and goes on where it ends. */
#define BLOCK_NOMERGES	2u
void block_merge(struct block_queue *q, struct block_slot *slot);
/* Apart for good: those joined to @io, which is in a list, follow it there, and nothing of them is cut. */
void block_merge_undo(struct block_io *io);
/* The request of @io and of those joined to it failed: they wait again. Or it was done. */
void block_merge_apart(struct block_queue *q, struct block_io *io);
void block_merge_done(struct block_queue *q, struct block_io *io);
/* Does the next of those that wait go on where @io ends, which waits too? */
static inline bool block_neighbour_waits(const struct block_queue *q, const struct block_io *io)
{
	const struct block_io *next = list_entry(io->link.next, struct block_io, link);

	return io->link.next != &q->waiting && next->lba == io->lba + io->nr_blocks;
}
/* replay.c: find its memory again, perhaps for another driver's domain; as block_slot_map(). */
int block_slot_refit(struct block_queue *q, struct block_slot *slot);
void block_queue_pump(struct block_queue *q);
void block_queue_timer(struct block_queue *q, time_ns_t when);
/* The slot of @tag when a driver has it, and its queue; NULL otherwise. Strand held. */
struct block_slot *block_slot_in_flight(struct device *dev, unsigned int queue, uint32_t tag, struct block_queue **q);
void block_run_done(struct list *batch);	/* strand not held */
/* trace.c, when tracing is on: number the io and tell of it; its request goes to the driver; the driver completed it. */
TRACE_SAVES_ALL void block_trace_io(struct block_io *io);
TRACE_SAVES_ALL void block_slot_trace(const struct block_queue *q, const struct block_slot *slot);
TRACE_SAVES_ALL void block_completion_trace(const struct block_queue *q, const struct block_slot *slot, int status);
/* deadline.c */
/* End what waits for @disk (NULL: for any) with @status; with @expired only what nobody will come for. Strand held. */
void block_waiting_fail(struct block_queue *q, const struct block_disk *disk, bool expired, int status);
static inline time_ns_t block_timeout_of(const struct block_disk *disk)
{
	return (disk->limits.request_timeout_ms ? disk->limits.request_timeout_ms : BLOCK_TIMEOUT_DEFAULT_MS) * NSEC_PER_MSEC;
}
/* How long requests wait for the next driver: the default timeout, where theirs is a small part of it no longer than three, or theirs. */
static inline time_ns_t block_hold_of(const struct block_disk *disk)
{
	time_ns_t timeout = block_timeout_of(disk);

	return MAX(timeout, MIN(timeout * BLOCK_HOLD_TIMEOUTS, BLOCK_TIMEOUT_DEFAULT_MS * NSEC_PER_MSEC));
}
void block_queue_expired(struct timer *t);

struct block_queue *block_queue_create(struct block_group *g, unsigned int number);
/* Ready for a driver. -ENOMEM. Nothing when it is open. */
int block_queue_open(struct block_queue *q, unsigned int depth, unsigned int nr_segments);
/* No more submits; everything in it ends with @status. May sleep. */
void block_queue_close(struct block_queue *q, int status);
/* What waits there for a disk that is not alive ends with -EIO. True: nothing of @disk is left. */
bool block_queue_drained(struct block_queue *q, struct block_disk *disk);
bool block_queue_idle(struct block_queue *q);
/* What a dead driver left and what waits, for @disk (NULL: any), ends with @status. */
void block_queue_fail(struct block_queue *q, const struct block_disk *disk, int status);
/* There may be something to start. */
void block_queue_kick(struct block_queue *q);
void block_queue_free(struct block_queue *q);

/*
 * bounce.c: memory that the device cannot reach. Strand held. Put segment @i, @offset bytes into the slot's data, where it can: 0,
 * -EAGAIN, or what dma_map_frames() says. End: its data (when @arrived) and its memory go back. Limits: what a segment may be then.
 */
int block_bounce_segment(struct block_queue *q, struct block_slot *slot, unsigned int i, uint32_t offset);
void block_bounce_end(struct block_slot *slot, bool arrived);
void block_bounce_limits(const struct device *dev, struct block_limits *l);

/* proc.c: a disk's counts as Linux's /proc/diskstats has them, from the reads on. */
struct seq;
void block_proc_stat(struct seq *s, struct block_disk *disk);

/* latency.c: memory for the queues that @l names. What there is none for is not counted. */
void block_latency_create(struct block_disk *disk, const struct block_limits *l);
void block_latency_free(struct block_disk *disk);

/* inject.c: faults by rule (/proc/ferry/inject). Strand held: delay or cut @io, or the error that it ends with at once. */
int block_inject_apply(struct block_queue *q, struct block_disk *disk, struct block_io *io);
/* A new disk gets the rules that the policy has for its name. */
void block_inject_begin(struct block_disk *disk);
void block_inject_free(struct block_disk *disk);

/* info.c: the ioctl. */
int64_t block_info_ioctl(struct block_disk *disk, uint64_t arg);
/* submit.c: as block_submit(), on the unit's first queue. */
void block_submit_first(struct block_disk *disk, struct block_io *io);

/* data.c: copy @length bytes at @offset of the slot's data into @buffer (@out), or from it. Bounds are the caller's. */
void block_slot_copy(const struct block_slot *slot, uint32_t offset, uint8_t *buffer, uint32_t length, bool out);

/* replay.c: requests that outlive their driver. */
/* The driver is dead and another one comes: no more submits, what is in flight waits for it. */
void block_queue_hold(struct block_queue *q);
/* Strand held. The next request to send again, or NULL; @alone: and nothing else may start now. */
struct block_slot *block_replay_next(struct block_queue *q, bool *alone);
/* Strand held. This one is over, for better or worse. */
void block_replay_over(struct block_queue *q, const struct block_slot *slot);
/* Strand held. End those of @disk (NULL: any) with @status; with @expired only those nobody will come for. */
void block_replay_fail(struct block_queue *q, const struct block_disk *disk, bool expired, int status);
/* Say that @nr requests of @disk ended because nobody came for them. */
void block_lost_log(const struct block_queue *q, const struct block_disk *disk, unsigned int nr, const char *which);

/* cache*.c: buffered access in bytes of the whole disk. Return bytes, or -errno when none. May sleep. */
int block_cache_init(struct block_cache *c);
void block_cache_free(struct block_disk *disk);
ssize_t block_cache_read(struct block_disk *disk, uint64_t pos, struct iter *to, size_t n);
ssize_t block_cache_write(struct block_disk *disk, uint64_t pos, struct iter *from, size_t n);
/* Nothing to write, nothing to forget. Who writes to the cache meanwhile races with direct I/O anyway. */
static inline bool block_cache_is_out(const struct block_disk *disk)
{
	return !READ_ONCE(disk->cache.nr);
}
/* The last error of a write-back if there was one since *@seen, which is brought up to date. */
int block_cache_error(struct block_disk *disk, uint64_t *seen);
/* Write back what is dirty in the range when the call comes. An error that came up meanwhile. */
int block_cache_sync(struct block_disk *disk, uint64_t pos, uint64_t n);
/* Write back and forget. */
int block_cache_drop(struct block_disk *disk, uint64_t pos, uint64_t n);
/* Give back the memory of what is not dirty. */
void block_cache_trim(struct block_disk *disk);
/* Write back everything, then flush the disk's own cache. */
int block_disk_sync(struct block_disk *disk);

/* map.c: file_ops.mmap. -EINVAL: it starts inside a page; -EACCES: it may only be read. */
int block_map(struct file *f, struct vma *vma);

/* direct.c: one piece of direct I/O on pinned user pages. */
#define BLOCK_DIRECT_FEW	3u	/* pages that need no memory of their own: 4 KiB anywhere, and what may be skipped */
struct block_direct {
	struct block_io io;
	struct block_direct *next;	/* the caller's */
	struct block_disk *disk;
	size_t bytes;
	uint64_t pos;			/* in bytes of the disk */
	bool write;
	unsigned int nr_pages;
	struct page **pages;
	struct block_vec *vec;
	struct page *few_pages[BLOCK_DIRECT_FEW];
	struct block_vec few_vec[BLOCK_DIRECT_FEW];
};
/* 0 or -EINVAL: what Linux asks of the alignment of O_DIRECT. */
int block_direct_check(const struct block_disk *disk, const struct iter *it, uint64_t pos);
/* Pin the next piece of @it, at most a megabyte, and advance it. ERR_PTR. The caller sets io.done. */
struct block_direct *block_direct_create(struct block_disk *disk, struct iter *it, uint64_t pos, bool write);
void block_direct_free(struct block_direct *d);
/* The same in memory of the caller's, any contents, when all of @it is few pages (block_direct_is_few); block_direct_unpin() ends it. */
static inline bool block_direct_is_few(const struct iter *it) { return it->left / PAGE_SIZE + 1 + it->nr <= BLOCK_DIRECT_FEW; }
int block_direct_fill(struct block_direct *d, struct block_disk *disk, struct iter *it, uint64_t pos, bool write);
void block_direct_unpin(struct block_direct *d);
ssize_t block_direct_do(struct block_disk *disk, struct iter *it, uint64_t pos, size_t n, bool write);

/* node.c */
uint64_t block_part_blocks(const struct block_part *part);
int block_node_add(struct block_disk *disk, unsigned int number, uint64_t start, uint64_t nr_blocks);
void block_node_remove(struct block_part *part);
uint64_t block_node_rdev(const struct block_disk *disk, unsigned int number);
/* sys.c: the same under /sys. */
void block_sys_add(const struct block_part *part);
void block_sys_remove(const struct block_part *part);
/* Tell of @action on it (kernel/uevent.h). May sleep. */
void block_sys_tell(const struct block_part *part, const char *action);

/* ioctl.c */
int64_t block_ioctl(struct file *f, uint32_t cmd, uint64_t arg);

/* partition.c */
void block_scan_later(struct block_disk *disk);
/* Read the table again; -EBUSY while a partition is open. May sleep. */
int block_rescan(struct block_disk *disk);

/* table.c: partition tables as what they are, a stranger's bytes. Pure. */
struct block_table_entry {
	unsigned int number;
	uint64_t start, nr_blocks;
};
struct block_table_source {
	int (*read)(void *arg, uint64_t lba, void *block);
	void *arg;
	uint32_t block_size;
	uint64_t nr_blocks;
	uint8_t *block;			/* scratch of one block */
};
/* How many entries, at most @max; 0 without a table; -errno of a read. */
int block_table_read(const struct block_table_source *s, struct block_table_entry *entries, unsigned int max);

#endif
