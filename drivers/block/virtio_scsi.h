/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio SCSI host (OASIS virtio 1.2 section 5.6), private to its driver: virtio_scsi.c has requests, events and interrupts,
 * virtio_scsi_probe.c finds the units and sets the queues up.
 */
#ifndef DRIVERS_BLOCK_VIRTIO_SCSI_H
#define DRIVERS_BLOCK_VIRTIO_SCSI_H

#include "../scsi/scsi.h"
#include "../virtio/virtio.h"

#define QUEUE_EVENT		1
#define QUEUE_FIRST		2	/* of the request queues */
#define SEGMENTS_MAX		62
#define EVENTS			8	/* buffers for them */

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

struct scsi_unit {
	uint16_t target, lun;
	bool present;
	struct scsi_disk disk;
};

struct scsi_tag {
	struct block_request rq;
	uint32_t bytes;			/* of data, either way */
	uint8_t tries;
	bool later;			/* waits for the timer */
};

struct scsi_queue {
	struct virtio_queue *vq;
	struct dma_buf buf;		/* slots, then indirect tables */
	struct scsi_tag *tags;
	struct dma_segment parts[SEGMENTS_MAX + 1];	/* of the chain being built */
};

struct virtio_scsi {
	struct device *dev;
	struct virtio_device vd;
	uint32_t depth, max_segments, max_blocks512;
	unsigned int nr_queues, nr_units;
	struct dma_buf common;		/* answers of the probe, a block of zeroes, events */
	struct scsi_queue *queues;	/* request queues */
	struct scsi_unit units[BLOCK_UNITS_MAX];
	unsigned int asked_target, asked_lun;	/* whom the probe talks to */
};

#define COMMON_ANSWER		0
#define COMMON_ZEROES		4096
#define COMMON_EVENTS		8192
#define COMMON_BYTES		(COMMON_EVENTS + EVENTS * EVENT_BYTES)

/* virtio_scsi.c. Write the request of @cdb into slot @tag; queue it with its data; what came of it: 0, -ENODEV, -EAGAIN, -EIO. */
int __must_check virtio_scsi_slot_fill(struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun, const struct scsi_cdb *cdb);
int __must_check virtio_scsi_slot_send(struct scsi_queue *q, uint32_t tag, const struct dma_segment *data, unsigned int nr, bool written);
int __must_check virtio_scsi_slot_status(const struct scsi_queue *q, uint32_t tag, uint8_t *status, struct scsi_sense *sense);
/* Give event buffer @i to the device. */
void virtio_scsi_event_give(struct virtio_scsi *vs, unsigned int i);

/* virtio_scsi_probe.c. Queues, units, announcement; on an error the caller stops the host. Stop the device, free everything. */
int __must_check virtio_scsi_start(struct virtio_scsi *vs);
void virtio_scsi_stop(struct virtio_scsi *vs);

#endif
