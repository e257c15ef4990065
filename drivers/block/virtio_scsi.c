// SPDX-License-Identifier: GPL-2.0
/*
 * virtio SCSI host (OASIS virtio 1.2 section 5.6; legacy devices included): each logical unit that is a disk or a CD is a unit of the block
 * device, and all share the request queues, one per CPU where the device has as many. Queue 0 is for control (virtio_scsi_task.c), queue 1
 * tells of units that come, change and go (virtio_scsi_units.c). Commands are those of drivers/scsi. Left out: protection information.
 * Parameters: legacy=1, packed=0|1, queues=N, targets=N, timeout_ms=N.
 */
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>
#include <lib/string.h>
#include "virtio_scsi.h"

#define TRIES_MAX		5
#define SCSI_F_HOTPLUG		BIT64(1)
#define SCSI_F_CHANGE		BIT64(2)
#define FEATURES		(SCSI_F_HOTPLUG | SCSI_F_CHANGE | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | \
				 VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM)

/* Answers of the host (section 5.6.6.1). */
#define CODE_OK			0
#define CODE_ABORTED		2
#define CODE_BAD_TARGET		3
#define CODE_RESET		4
#define CODE_BUSY		5
#define CODE_NONE		0xff	/* ours: the device wrote nothing */

/* What a unit says of itself on request. */
#define INFO_BYTES		252u
#define INFO_INQUIRY_BYTES	96u
#define PAGE_NAMES		0x83
#define LOG_EXCEPTIONS		0x2f

/* ---- Slots ---- */

static struct dma_segment slot_part(const struct scsi_queue *q, uint32_t tag, uint32_t offset, uint32_t length)
{
	return (struct dma_segment){ .address = q->buf.address + tag * SLOT_BYTES + offset, .length = length };
}

void virtio_scsi_address_write(uint8_t *to, unsigned int target, unsigned int lun)
{
	to[0] = 1;
	to[1] = (uint8_t)target;
	to[2] = (uint8_t)(0x40 | lun >> 8);
	to[3] = (uint8_t)lun;
}

/* A command's id is its tag and its queue, so that no two of a unit have the same. */
int virtio_scsi_slot_fill(struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun, const struct scsi_cdb *cdb)
{
	static const uint8_t response[RESPONSE_BYTES] = { [RESPONSE_CODE] = CODE_NONE };
	uint8_t header[HEADER_BYTES] = { [8] = (uint8_t)tag, [10] = (uint8_t)q->vq->index };
	uint32_t slot = tag * SLOT_BYTES;
	int err;

	virtio_scsi_address_write(header, target, lun);
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
		return code == CODE_BAD_TARGET ? -ENODEV :
		       code == CODE_RESET || code == CODE_BUSY || code == CODE_ABORTED ? -EAGAIN : -EIO;
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

/* What the unit says goes straight into the request's page; shorter answers leave the rest zero. */
static int info_cdb(const struct block_request *rq, struct scsi_cdb *cdb, struct dma_segment *part)
{
	if (rq->nr_segments != 1 || rq->segments[0].length != BLOCK_INFO_BYTES)
		return -EINVAL;
	*part = (struct dma_segment){ .address = rq->segments[0].address, .length = INFO_BYTES };
	switch (rq->lba) {
	case BLOCK_INFO_INQUIRY:
		part->length = INFO_INQUIRY_BYTES;
		scsi_cdb_inquiry(cdb, -1, INFO_INQUIRY_BYTES);
		return 0;
	case BLOCK_INFO_NAMES:
		scsi_cdb_inquiry(cdb, PAGE_NAMES, INFO_BYTES);
		return 0;
	case BLOCK_INFO_EXCEPTIONS:
		scsi_cdb_log_sense(cdb, LOG_EXCEPTIONS, INFO_BYTES);
		return 0;
	}
	return -EOPNOTSUPP;
}

static int request_send(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag)
{
	struct scsi_tag *t = &q->tags[tag];
	const struct block_request *rq = &t->rq;
	const struct scsi_unit *unit = virtio_scsi_unit(vs, rq->unit);
	struct dma_segment part = { .length = 0 };
	uint8_t list[SCSI_PARAMETER_BYTES];
	struct scsi_cdb cdb;
	int err;

	if (!unit)
		return -EIO;
	err = rq->op == BLOCK_INFO ? info_cdb(rq, &cdb, &part) : scsi_request_cdb(&unit->disk, rq, &cdb, list);
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
	return err ? err : virtio_scsi_slot_send(q, tag, &part, part.length ? 1 : 0, rq->op == BLOCK_INFO);
}

static bool carries_data(const struct block_request *rq)
{
	return rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
}

/* Where the ring has no room because of a command of our own: nothing that the core knows of would come back. */
static void request_postpone(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag)
{
	q->tags[tag].later = true;
	timer_set(vs->dev, q->vq->strand, LATER_US);
}

static int virtio_scsi_submit(struct device *dev, const struct block_request *rq)
{
	struct virtio_scsi *vs = device_priv(dev);
	struct scsi_queue *q = queue_of(vs, rq->queue);
	struct scsi_tag *t;
	int err;

	if (!q || rq->tag >= vs->depth || rq->unit >= BLOCK_UNITS_MAX)
		return -EINVAL;
	if (carries_data(rq) && (!rq->nr_segments || rq->nr_segments > vs->max_segments))
		return -EINVAL;
	t = &q->tags[rq->tag];
	*t = (struct scsi_tag){ .rq = *rq };
	err = request_send(vs, q, rq->tag);
	if (err != -EBUSY || q != &vs->queues[0] || !vs->scan.sent)
		return err;
	request_postpone(vs, q, rq->tag);
	return 0;
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

	if (err == -EBUSY)
		request_postpone(vs, q, tag);
	else if (err)
		request_end(vs, q, tag, err);
	else
		virtio_queue_kick(q->vq);
}

/* A try that may help is made at once, or by the timer; each costs one of a few. */
static void request_retry(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, bool later)
{
	if (++q->tags[tag].tries >= TRIES_MAX) {
		request_end(vs, q, tag, -EIO);
	} else if (later) {
		request_postpone(vs, q, tag);
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

	if (err == -EAGAIN && !t->overdue) {
		request_retry(vs, q, tag, true);
		return;
	}
	if (err == -EAGAIN)
		err = -ETIMEDOUT;
	if (err || length > RESPONSE_BYTES + t->bytes) {
		request_end(vs, q, tag, err ? err : -EIO);
		return;
	}
	verdict = scsi_judge(status, &sense, &error);
	if (!t->overdue && (verdict == SCSI_AGAIN || verdict == SCSI_LATER)) {
		request_retry(vs, q, tag, verdict == SCSI_LATER);
		return;
	}
	if (verdict == SCSI_FAILED)
		error_log(vs, &t->rq, status, &sense);
	else if (verdict != SCSI_DONE)
		error = -ETIMEDOUT;
	else if (t->rq.op != BLOCK_INFO && dma_read32(&q->buf, tag * SLOT_BYTES + SLOT_RESPONSE + RESPONSE_RESIDUAL))
		error = -EIO;
	request_end(vs, q, tag, error);
}

/* ---- Interrupt, timer, timeout: each for the queues of its strand ---- */

static void queue_done(struct virtio_queue *vq, unsigned int tag, int status, uint32_t length)
{
	struct virtio_scsi *vs = device_priv(vq->vd->dev);
	struct scsi_queue *q;

	if (vq->index == QUEUE_CONTROL) {
		virtio_scsi_task_done(vs, tag, status);
		return;
	}
	if (vq->index == QUEUE_EVENT) {
		virtio_scsi_event_done(vs, tag, status, length);
		return;
	}
	q = &vs->queues[vq->index - QUEUE_FIRST];
	virtio_scsi_task_over(q, tag);
	if (tag == vs->depth)
		virtio_scsi_scan_done(vs, status);
	else if (status)
		request_end(vs, q, tag, status);
	else
		command_done(vs, q, tag, length);
}

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

	virtio_strand_timer(&vs->vd, strand);	/* first: it sets the timer for a second, what comes now for less */
	for (unsigned int i = 0; i < vs->nr_queues; i++)
		if (vs->queues[i].vq->strand == strand)
			later_send(vs, &vs->queues[i]);
	if (strand == vs->queues[0].vq->strand)
		virtio_scsi_scan_tick(vs);
	for (unsigned int i = 0; i < vs->nr_queues; i++)
		if (vs->queues[i].vq->strand == strand)
			virtio_scsi_task_tick(vs, &vs->queues[i]);
	if (!strand)
		virtio_scsi_tasks_send(vs);
}

static void virtio_scsi_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct virtio_scsi *vs = device_priv(dev);
	struct scsi_queue *q = queue_of(vs, queue);
	const struct scsi_unit *unit;

	if (!q || tag >= vs->depth)
		return;
	if (q->tags[tag].later) {
		q->tags[tag].later = false;
		request_end(vs, q, tag, -ETIMEDOUT);
		return;
	}
	virtio_queue_drain(q->vq);
	if (!virtio_queue_busy(q->vq, tag)) {
		dev_warn(dev, "an interrupt was lost, queue=%u tag=%u", q->vq->index, tag);
		return;
	}
	q->tags[tag].overdue = true;
	unit = &vs->units[q->tags[tag].rq.unit];
	virtio_scsi_task_begin(vs, q, tag, unit->target, unit->lun);
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
