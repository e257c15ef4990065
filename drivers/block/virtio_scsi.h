/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio SCSI host (OASIS virtio 1.2 section 5.6), private to its driver: virtio_scsi.c has requests and interrupts, virtio_scsi_task.c
 * commands that hang, virtio_scsi_units.c units that are found, come, change and go, virtio_scsi_probe.c the set-up. The control queue
 * belongs to strand 0, units are found on the strand of the first request queue; what other strands tell those two is atomic.
 */
#ifndef DRIVERS_BLOCK_VIRTIO_SCSI_H
#define DRIVERS_BLOCK_VIRTIO_SCSI_H

#include "../scsi/scsi.h"
#include "../virtio/virtio.h"

#define QUEUE_CONTROL		0
#define QUEUE_EVENT		1
#define QUEUE_FIRST		2	/* of the request queues */
#define SEGMENTS_MAX		62
#define EVENTS			8	/* buffers for them */
#define TARGETS_MAX		256
#define LATER_US		10000	/* a strand that waits for something looks again */
#define ASK_US			10000000	/* a unit that is asked at run time answers within */

/* A request (section 5.6.6.1) as a tag's slot holds it. */
#define SLOT_HEADER		0	/* lun 8, id 8, task attribute, priority, crn, cdb */
#define HEADER_CDB		19
#define HEADER_BYTES		(HEADER_CDB + 32)
#define SLOT_LIST		64	/* of UNMAP */
#define SLOT_RESPONSE		96	/* sense length 4, residual 4, qualifier 2, status, response, sense */
#define RESPONSE_RESIDUAL	4
#define RESPONSE_STATUS		10
#define RESPONSE_CODE		11
#define RESPONSE_SENSE		12
#define RESPONSE_BYTES		(RESPONSE_SENSE + SCSI_SENSE_MAX)
#define SLOT_BYTES		256

/* An event (section 5.6.6.3). */
#define EVENT_BYTES		16

/* A task (section 5.6.6.2): type 4 (0), subtype 4, lun 8, id 8; then what the device says of it. */
#define TASK_KIND		4
#define TASK_LUN		8
#define TASK_ID			16
#define TASK_REQUEST_BYTES	24
#define TASK_RESPONSE		24
#define TASK_BYTES		32

/* What is done about a command that hangs, in this order; then the host is reset. */
enum scsi_task { TASK_NONE, TASK_ABORT, TASK_RESET_UNIT, TASK_KINDS };

struct scsi_unit {
	uint16_t target, lun;
	uint32_t present;		/* atomic; all but this and gone_us is written only while it is 0, by who finds units */
	uint64_t gone_us;		/* when the unit left; its number rests then, until no request can be under way; 0: never used */
	struct scsi_disk disk;		/* nr_blocks: atomic */
};

struct scsi_tag {
	struct block_request rq;
	uint32_t bytes;			/* of data, either way */
	uint8_t tries;
	bool later;			/* waits for the timer */
	bool overdue;
};

struct scsi_queue {
	struct virtio_queue *vq;
	struct dma_buf buf;		/* slots, then indirect tables; one more than there are requests: for what we ask ourselves */
	struct scsi_tag *tags;
	struct dma_segment parts[SEGMENTS_MAX + 1];	/* of the chain being built */
	/* The command that hangs. Strand of the queue; strand 0 reads target and lun after task_wish. */
	enum scsi_task task;
	uint32_t stuck;			/* its tag */
	uint16_t stuck_target, stuck_lun;
	uint64_t task_deadline_us;
	bool more_stuck;		/* others may hang too */
	uint32_t task_wish;		/* atomic: TASK_VALID | task, for strand 0 */
	uint32_t task_answer;		/* atomic: TASK_VALID | task << 8 | response, from strand 0 */
};
#define TASK_VALID		BIT(31)

/* Who is asked about units. Probe, then the strand of the first request queue. */
struct scsi_scan {
	uint64_t wanted[TARGETS_MAX / 64];	/* atomic: targets that may have changed */
	bool active;			/* target and lun are asked, by ask.cmd */
	bool sent, lost;		/* the command is with the device; it did not come back in time, and nobody waits any more */
	bool units;			/* asked for one unit after the other, not for their numbers */
	uint16_t target, lun;
	unsigned int next;		/* of luns */
	uint16_t luns[SCSI_LUNS_MAX];
	unsigned int nr_luns;
	uint64_t deadline_us;
	struct scsi_ask ask;
};

struct virtio_scsi {
	struct device *dev;
	struct virtio_device vd;
	uint32_t depth, max_segments, max_blocks512, timeout_ms;
	unsigned int nr_queues, nr_targets;
	struct dma_buf common;		/* answers to what we ask, a block of zeroes, events, tasks */
	struct scsi_queue *queues;	/* request queues */
	struct scsi_unit units[BLOCK_UNITS_MAX];	/* where a unit stands follows from its address (virtio_scsi_units.c) */
	uint8_t found[BLOCK_UNITS_MAX];	/* in probe: those there are, in order */
	unsigned int nr_found;
	struct scsi_scan scan;
};

#define COMMON_ANSWER		0
#define COMMON_ZEROES		4096
#define COMMON_EVENTS		8192
#define COMMON_TASKS		(COMMON_EVENTS + EVENTS * EVENT_BYTES)
#define COMMON_BYTES		(COMMON_TASKS + BLOCK_QUEUES_MAX * TASK_KINDS * TASK_BYTES)

/* virtio_scsi.c. Write the request of @cdb into slot @tag; queue it with its data; what came of it: 0, -ENODEV, -EAGAIN, -EIO. */
int __must_check virtio_scsi_slot_fill(struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun, const struct scsi_cdb *cdb);
int __must_check virtio_scsi_slot_send(struct scsi_queue *q, uint32_t tag, const struct dma_segment *data, unsigned int nr, bool written);
int __must_check virtio_scsi_slot_status(const struct scsi_queue *q, uint32_t tag, uint8_t *status, struct scsi_sense *sense);
/* Section 5.6.6.1: the first byte is 1, then the target, then the unit's number as flat address; the rest of eight is the caller's zeroes. */
void virtio_scsi_address_write(uint8_t *to, unsigned int target, unsigned int lun);

/*
 * virtio_scsi_task.c. On the queue's strand: command @tag of that unit is overdue; look whether something was done about it; it came back.
 * On strand 0: send what was wished for; a task came back.
 */
void virtio_scsi_task_begin(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun);
void virtio_scsi_task_tick(struct virtio_scsi *vs, struct scsi_queue *q);
void virtio_scsi_task_over(struct scsi_queue *q, uint32_t tag);
void virtio_scsi_tasks_send(struct virtio_scsi *vs);
void virtio_scsi_task_done(struct virtio_scsi *vs, unsigned int control_tag, int status);

/*
 * virtio_scsi_units.c. In probe: find all units, announce them. -ETIMEDOUT: the host does not answer. On the event queue's strand: buffer
 * @i goes to the device; it came back. On the first request queue's: go on asking; a command of ours came back.
 */
int __must_check virtio_scsi_units_find(struct virtio_scsi *vs);
int __must_check virtio_scsi_units_announce(struct virtio_scsi *vs);
void virtio_scsi_event_give(struct virtio_scsi *vs, unsigned int i);
void virtio_scsi_event_done(struct virtio_scsi *vs, unsigned int i, int status, uint32_t length);
void virtio_scsi_scan_tick(struct virtio_scsi *vs);
void virtio_scsi_scan_done(struct virtio_scsi *vs, int status);

/* virtio_scsi_probe.c. Queues, units, announcement; on an error the caller stops the host. Stop the device, free everything. */
int __must_check virtio_scsi_start(struct virtio_scsi *vs);
void virtio_scsi_stop(struct virtio_scsi *vs);

/* The unit, unless it is gone. Any strand. */
static inline struct scsi_unit *virtio_scsi_unit(struct virtio_scsi *vs, unsigned int index)
{
	struct scsi_unit *unit = index < BLOCK_UNITS_MAX ? &vs->units[index] : NULL;

	return unit && __atomic_load_n(&unit->present, __ATOMIC_ACQUIRE) ? unit : NULL;
}

#endif
