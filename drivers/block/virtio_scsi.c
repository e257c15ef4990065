// SPDX-License-Identifier: GPL-2.0
/*
 * virtio SCSI host (OASIS virtio 1.2 section 5.6; legacy devices included): each logical unit that is a disk or a CD is a unit of the block
 * device, and all share the request queues, one per CPU where the device has as many. Queue 0 is for control and stays silent, queue 1
 * tells of units that come and go. Commands are those of drivers/scsi. Left out: task management (a command without an answer resets
 * the device), protection information, units that appear later. Parameters: legacy=1, packed=0|1, queues=N, targets=N.
 */
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>
#include <lib/string.h>
#include "virtio_scsi.h"

#define TRIES_MAX		5
#define LATER_US		10000
#define SCSI_F_HOTPLUG		BIT64(1)
#define SCSI_F_CHANGE		BIT64(2)
#define FEATURES		(SCSI_F_HOTPLUG | SCSI_F_CHANGE | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | \
				 VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM)

/* Events (section 5.6.6.3) and answers of the host (section 5.6.6.1). */
#define EVENT_RESET		1
#define EVENT_MISSED		BIT(31)
#define REASON_REMOVED		2
#define CODE_OK			0
#define CODE_BAD_TARGET		3
#define CODE_RESET		4
#define CODE_BUSY		5
#define CODE_NONE		0xff	/* ours: the device wrote nothing */

/* ---- Slots ---- */

static struct dma_segment slot_part(const struct scsi_queue *q, uint32_t tag, uint32_t offset, uint32_t length)
{
	return (struct dma_segment){ .address = q->buf.address + tag * SLOT_BYTES + offset, .length = length };
}

/* Section 5.6.6.1: the first byte is 1, then the target, then the unit's number as flat address. */
int virtio_scsi_slot_fill(struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun, const struct scsi_cdb *cdb)
{
	static const uint8_t response[RESPONSE_BYTES] = { [RESPONSE_CODE] = CODE_NONE };
	uint8_t header[HEADER_BYTES] = { 1, (uint8_t)target, (uint8_t)(0x40 | lun >> 8), (uint8_t)lun, [8] = (uint8_t)tag };
	uint32_t slot = tag * SLOT_BYTES;
	int err;

	memcpy(header + HEADER_CDB, cdb->bytes, cdb->length);
	err = dma_copy_in(&q->buf, slot + SLOT_HEADER, header, sizeof(header));
	return err ? err : dma_copy_in(&q->buf, slot + SLOT_RESPONSE, response, sizeof(response));
}

/* The device reads the header and the data of a write, then writes the response and the data of a read. */
int virtio_scsi_slot_send(struct scsi_queue *q, uint32_t tag, const struct dma_segment *data, unsigned int nr, bool written)
{
	struct virtio_chain chain = { .head = slot_part(q, tag, SLOT_HEADER, HEADER_BYTES), .data = data, .nr_data = nr };
	struct dma_segment response = slot_part(q, tag, SLOT_RESPONSE, RESPONSE_BYTES);

	if (!written || !nr) {
		chain.tail = response;
		return virtio_queue_add(q->vq, tag, &chain);
	}
	q->parts[0] = response;
	for (unsigned int i = 0; i < nr; i++)
		q->parts[i + 1] = data[i];
	chain.data = q->parts;
	chain.nr_data = nr + 1;
	chain.data_written = true;
	return virtio_queue_add(q->vq, tag, &chain);
}

/* What the device says of the command in @tag: a status and its sense, or why there is none. */
int virtio_scsi_slot_status(const struct scsi_queue *q, uint32_t tag, uint8_t *status, struct scsi_sense *sense)
{
	uint32_t at = tag * SLOT_BYTES + SLOT_RESPONSE, length = dma_read32(&q->buf, at);
	uint8_t bytes[SCSI_SENSE_MAX], code = dma_read8(&q->buf, at + RESPONSE_CODE);

	if (code != CODE_OK)
		return code == CODE_BAD_TARGET ? -ENODEV : code == CODE_RESET || code == CODE_BUSY ? -EAGAIN : -EIO;
	if (length > SCSI_SENSE_MAX)
		length = SCSI_SENSE_MAX;
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = dma_read8(&q->buf, at + RESPONSE_SENSE + i);
	*status = dma_read8(&q->buf, at + RESPONSE_STATUS);
	*sense = scsi_sense_parse(bytes, length);
	return 0;
}

/* ---- Requests ---- */

static struct scsi_queue *queue_of(struct virtio_scsi *vs, unsigned int block_queue)
{
	unsigned int first = vs->vd.queues[QUEUE_FIRST].strand;

	return block_queue >= first && block_queue - first < vs->nr_queues ? &vs->queues[block_queue - first] : NULL;
}

static int request_send(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag)
{
	struct scsi_tag *t = &q->tags[tag];
	const struct block_request *rq = &t->rq;
	const struct scsi_unit *unit = &vs->units[rq->unit];
	struct dma_segment part = { .length = 0 };
	uint8_t list[SCSI_PARAMETER_BYTES];
	struct scsi_cdb cdb;
	int err = scsi_request_cdb(&unit->disk, rq, &cdb, list);

	if (!err)
		err = virtio_scsi_slot_fill(q, tag, unit->target, unit->lun, &cdb);
	if (err)
		return err;
	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		t->bytes = rq->nr_blocks * unit->disk.block_size;
		return virtio_scsi_slot_send(q, tag, rq->segments, rq->nr_segments, rq->op == BLOCK_READ);
	case BLOCK_DISCARD:
		part = slot_part(q, tag, SLOT_LIST, SCSI_PARAMETER_BYTES);
		err = dma_copy_in(&q->buf, tag * SLOT_BYTES + SLOT_LIST, list, sizeof(list));
		break;
	case BLOCK_WRITE_ZEROES:
		part = (struct dma_segment){ .address = vs->common.address + COMMON_ZEROES, .length = unit->disk.block_size };
		break;
	}
	t->bytes = part.length;
	return err ? err : virtio_scsi_slot_send(q, tag, &part, part.length ? 1 : 0, false);
}

static bool carries_data(const struct block_request *rq)
{
	return rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
}

static int virtio_scsi_submit(struct device *dev, const struct block_request *rq)
{
	struct virtio_scsi *vs = device_priv(dev);
	struct scsi_queue *q = queue_of(vs, rq->queue);
	struct scsi_tag *t;

	if (!q || rq->tag >= vs->depth || rq->unit >= vs->nr_units || !vs->units[rq->unit].present)
		return -EINVAL;
	if (carries_data(rq) && (!rq->nr_segments || rq->nr_segments > vs->max_segments))
		return -EINVAL;
	t = &q->tags[rq->tag];
	*t = (struct scsi_tag){ .rq = *rq };
	return request_send(vs, q, rq->tag);
}

static void virtio_scsi_commit(struct device *dev, unsigned int queue)
{
	struct virtio_scsi *vs = device_priv(dev);
	struct scsi_queue *q = queue_of(vs, queue);

	if (q)
		virtio_queue_kick(q->vq);
}

static void request_end(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, int status)
{
	block_complete(vs->dev, q->tags[tag].rq.queue, tag, status);
}

static void request_again(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag)
{
	int err = request_send(vs, q, tag);

	if (err)
		request_end(vs, q, tag, err == -EBUSY ? -EIO : err);
	else
		virtio_queue_kick(q->vq);
}

/* A try that may help is made at once, or by the timer; each costs one of a few. */
static void request_retry(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, bool later)
{
	struct scsi_tag *t = &q->tags[tag];

	if (++t->tries >= TRIES_MAX) {
		request_end(vs, q, tag, -EIO);
	} else if (later) {
		t->later = true;
		timer_set(vs->dev, q->vq->strand, LATER_US);
	} else {
		request_again(vs, q, tag);
	}
}

static void error_log(const struct virtio_scsi *vs, const struct block_request *rq, uint8_t status, const struct scsi_sense *sense)
{
	dev_warn(vs->dev, "unit=%u op=%u lba=%llu blocks=%u failed: %s status=0x%02x asc=0x%02x ascq=0x%02x", rq->unit, rq->op,
		 (unsigned long long)rq->lba, rq->nr_blocks, scsi_sense_name(sense->key), status, sense->asc, sense->ascq);
}

/* Good only when all of the data moved and the device does not say that it used more than it was given (QEMU counts data of both ways). */
static void command_done(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, uint32_t length)
{
	const struct scsi_tag *t = &q->tags[tag];
	struct scsi_sense sense;
	enum scsi_verdict verdict;
	uint8_t status;
	int err = virtio_scsi_slot_status(q, tag, &status, &sense), error;

	if (err == -EAGAIN) {
		request_retry(vs, q, tag, true);
		return;
	}
	if (err || length > RESPONSE_BYTES + t->bytes) {
		request_end(vs, q, tag, err ? err : -EIO);
		return;
	}
	verdict = scsi_judge(status, &sense, &error);
	if (verdict == SCSI_AGAIN || verdict == SCSI_LATER) {
		request_retry(vs, q, tag, verdict == SCSI_LATER);
		return;
	}
	if (verdict == SCSI_FAILED)
		error_log(vs, &t->rq, status, &sense);
	else if (dma_read32(&q->buf, tag * SLOT_BYTES + SLOT_RESPONSE + RESPONSE_RESIDUAL))
		error = -EIO;
	request_end(vs, q, tag, error);
}

/* ---- Events (section 5.6.6.3) ---- */

void virtio_scsi_event_give(struct virtio_scsi *vs, unsigned int i)
{
	struct virtio_queue *vq = &vs->vd.queues[QUEUE_EVENT];
	struct virtio_chain chain = { .tail = { .address = vs->common.address + COMMON_EVENTS + i * EVENT_BYTES, .length = EVENT_BYTES } };

	if (virtio_queue_add(vq, i, &chain))
		dev_warn(vs->dev, "no room for event buffer %u", i);
}

static void unit_gone(struct virtio_scsi *vs, unsigned int target, unsigned int lun)
{
	for (unsigned int i = 0; i < vs->nr_units; i++) {
		struct scsi_unit *unit = &vs->units[i];

		if (!unit->present || unit->target != target || unit->lun != lun)
			continue;
		dev_warn(vs->dev, "unit=%u target=%u lun=%u is gone", i, target, lun);
		unit->present = false;
		block_unregister_unit(vs->dev, i);
	}
}

static void event_done(struct virtio_scsi *vs, unsigned int i, int status, uint32_t length)
{
	uint32_t at = COMMON_EVENTS + i * EVENT_BYTES, kind = dma_read32(&vs->common, at), reason = dma_read32(&vs->common, at + 12);
	unsigned int target = dma_read8(&vs->common, at + 5);
	unsigned int lun = (dma_read8(&vs->common, at + 6) & 0x3fu) << 8 | dma_read8(&vs->common, at + 7);

	if (!status && length >= EVENT_BYTES) {
		if (kind & EVENT_MISSED)
			dev_warn(vs->dev, "events were missed");
		if ((kind & ~EVENT_MISSED) == EVENT_RESET && reason == REASON_REMOVED)
			unit_gone(vs, target, lun);
		else if ((kind & ~EVENT_MISSED) != 0)
			dev_info(vs->dev, "event=%u reason=0x%x target=%u lun=%u", kind & ~EVENT_MISSED, reason, target, lun);
	}
	virtio_scsi_event_give(vs, i);
	if (!status)
		virtio_queue_kick(&vs->vd.queues[QUEUE_EVENT]);
}

static void queue_done(struct virtio_queue *vq, unsigned int tag, int status, uint32_t length)
{
	struct virtio_scsi *vs = device_priv(vq->vd->dev);
	struct scsi_queue *q;

	if (vq->index == QUEUE_EVENT) {
		event_done(vs, tag, status, length);
		return;
	}
	if (vq->index < QUEUE_FIRST)
		return;
	q = &vs->queues[vq->index - QUEUE_FIRST];
	if (status)
		request_end(vs, q, tag, status);
	else
		command_done(vs, q, tag, length);
}

/* ---- Interrupt, timer, timeout: each for the queues of its strand ---- */

static enum irq_result virtio_scsi_irq(struct device *dev, unsigned int vector)
{
	struct virtio_scsi *vs = device_priv(dev);
	uint32_t cause = virtio_cause(&vs->vd, vector);
	struct virtio_queue *first;

	if (!cause)
		return IRQ_NONE;
	if (!vs->vd.queues || !vs->vd.queues[0].armed)
		return IRQ_HANDLED;	/* not set up yet */
	first = &vs->vd.queues[0];
	if (cause & VIRTIO_CAUSE_CONFIG && vs->vd.transport->status(&vs->vd) & VIRTIO_STATUS_NEEDS_RESET && virtio_state(&vs->vd) == VIRTIO_RUNNING)
		virtio_recover(first, -EIO);
	for (unsigned int i = 0; cause & VIRTIO_CAUSE_QUEUE && i < vs->vd.nr_queues; i++)
		if (vs->vd.nr_vectors == 1 || i + 1 == vector)
			virtio_queue_drain(&vs->vd.queues[i]);
	return IRQ_HANDLED;
}

static void later_send(struct virtio_scsi *vs, struct scsi_queue *q)
{
	for (uint32_t tag = 0; tag < vs->depth; tag++) {
		if (!q->tags[tag].later)
			continue;
		q->tags[tag].later = false;
		request_again(vs, q, tag);
	}
}

static void virtio_scsi_timer(struct device *dev, unsigned int strand)
{
	struct virtio_scsi *vs = device_priv(dev);

	for (unsigned int i = 0; i < vs->nr_queues; i++)
		if (vs->queues[i].vq->strand == strand)
			later_send(vs, &vs->queues[i]);
	virtio_strand_timer(&vs->vd, strand);
}

static void virtio_scsi_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct virtio_scsi *vs = device_priv(dev);
	struct scsi_queue *q = queue_of(vs, queue);

	if (!q || tag >= vs->depth)
		return;
	if (!q->tags[tag].later) {
		virtio_queue_timeout(q->vq, tag);
		return;
	}
	q->tags[tag].later = false;
	request_end(vs, q, tag, -ETIMEDOUT);
}

/* ---- Start and end ---- */

static int virtio_scsi_probe(struct device *dev)
{
	struct virtio_scsi *vs = mem_alloc(dev, 1, sizeof(*vs));
	uint64_t wanted = FEATURES;
	int err;

	if (!vs)
		return -ENOMEM;
	vs->dev = dev;
	vs->vd.done = queue_done;
	device_set_priv(dev, vs);
	err = virtio_attach(&vs->vd, dev, device_param(dev, "legacy", 0) != 0);
	if (err) {
		mem_free(dev, vs);
		return err;
	}
	if (device_param(dev, "packed", 1))
		wanted |= VIRTIO_F_RING_PACKED;
	err = virtio_negotiate(&vs->vd, wanted);
	if (!err)
		err = virtio_scsi_start(vs);
	if (err)
		virtio_scsi_stop(vs);
	return err;
}

static void virtio_scsi_remove(struct device *dev)
{
	block_unregister(dev);
	virtio_scsi_stop(device_priv(dev));
}

static const struct block_ops virtio_scsi_ops = {
	.submit = virtio_scsi_submit,
	.commit = virtio_scsi_commit,
	.timeout = virtio_scsi_timeout,
};

DRIVER(virtio_scsi) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "virtio_scsi",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "virtio SCSI host, modern and legacy",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_PORTS | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA | FERRY_NEEDS_CONFIG,
		.dma_bits = 64,
		.match = { MATCH_PCI(0x1af4, 0x1004), MATCH_PCI(0x1af4, 0x1048) },
	},
	.probe = virtio_scsi_probe,
	.remove = virtio_scsi_remove,
	.irq = virtio_scsi_irq,
	.timer = virtio_scsi_timer,
	.block = &virtio_scsi_ops,
};
