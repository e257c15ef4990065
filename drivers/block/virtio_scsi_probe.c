// SPDX-License-Identifier: GPL-2.0
/*
 * virtio SCSI host: finding the units behind it and setting its queues up (virtio 1.2 sections 5.6.4 and 5.6.5). The probe talks to one
 * unit at a time and polls for the answer.
 */
#include <driver/log.h>
#include <driver/mem.h>
#include "virtio_scsi.h"

#define DEPTH_MAX		128
#define TABLE_BYTES		((SEGMENTS_MAX + 2) * VIRTIO_DESC_BYTES)
#define REQUEST_BYTES_MAX	(1u << 26)
#define TARGETS_MAX		256
#define PROBE_US		3000000

/* Device configuration (section 5.6.4). */
#define CONFIG_NUM_QUEUES	0
#define CONFIG_SEG_MAX		4
#define CONFIG_MAX_SECTORS	8
#define CONFIG_PER_LUN		12
#define CONFIG_MAX_TARGET	30

/* ---- Units ---- */

static int probe_exec(void *arg, struct scsi_command *cmd)
{
	struct virtio_scsi *vs = arg;
	struct scsi_queue *q = &vs->queues[0];
	struct dma_segment answer = { .address = vs->common.address + COMMON_ANSWER, .length = cmd->wanted };
	uint32_t length, residual;
	int err = virtio_scsi_slot_fill(q, 0, vs->asked_target, vs->asked_lun, &cmd->cdb);

	if (!err)
		err = virtio_scsi_slot_send(q, 0, &answer, cmd->wanted ? 1 : 0, true);
	if (err)
		return err;
	virtio_queue_kick(q->vq);
	err = virtio_queue_wait(q->vq, PROBE_US, &length);
	if (!err)
		err = virtio_scsi_slot_status(q, 0, &cmd->status, &cmd->sense);
	if (err == -EAGAIN) {
		cmd->status = SCSI_BUSY;
		return 0;
	}
	residual = dma_read32(&q->buf, SLOT_RESPONSE + RESPONSE_RESIDUAL);
	cmd->got = residual < cmd->wanted ? cmd->wanted - residual : 0;
	return err ? err : dma_copy_out(&vs->common, COMMON_ANSWER, cmd->answer, cmd->got);
}

/* Only a device that does not answer at all is an error. */
static int unit_find(struct virtio_scsi *vs)
{
	struct scsi_unit *unit = &vs->units[vs->nr_units];
	int err = scsi_disk_ask(probe_exec, vs, &unit->disk);

	if (err == -EOPNOTSUPP)
		dev_info(vs->dev, "target=%u lun=%u is no disk, type=0x%x", vs->asked_target, vs->asked_lun, unit->disk.type);
	else if (err && err != -ENODEV)
		dev_warn(vs->dev, "target=%u lun=%u cannot be used: %d", vs->asked_target, vs->asked_lun, err);
	if (err)
		return err == -ETIMEDOUT ? err : 0;
	unit->target = (uint16_t)vs->asked_target;
	unit->lun = (uint16_t)vs->asked_lun;
	unit->present = true;
	vs->nr_units++;
	return 0;
}

/* -ETIMEDOUT: the device does not answer at all. */
static int target_find(struct virtio_scsi *vs, unsigned int target)
{
	uint16_t luns[SCSI_LUNS_MAX];
	int nr, err = 0;

	vs->asked_target = target;
	vs->asked_lun = 0;
	nr = scsi_luns_ask(probe_exec, vs, luns);
	if (nr == -ETIMEDOUT)
		return nr;
	for (int i = 0; i < nr && !err; i++) {
		if (vs->nr_units == BLOCK_UNITS_MAX) {
			dev_warn(vs->dev, "more than %u units: target=%u lun=%u and what follows is left out", BLOCK_UNITS_MAX, target, luns[i]);
			return 0;
		}
		vs->asked_lun = luns[i];
		err = unit_find(vs);
	}
	return err;
}

static int units_find(struct virtio_scsi *vs)
{
	unsigned int last = vs->vd.transport->config(&vs->vd, CONFIG_MAX_TARGET, 2);
	uint64_t most = device_param(vs->dev, "targets", TARGETS_MAX);
	int err = 0;

	for (unsigned int target = 0; target <= last && target < most && target < TARGETS_MAX && !err; target++)
		err = target_find(vs, target);
	if (err)
		dev_err(vs->dev, "no answer from target=%u", vs->asked_target);
	return err;
}

/* ---- Set-up ---- */

static uint32_t config32(struct virtio_scsi *vs, uint32_t offset)
{
	return vs->vd.transport->config(&vs->vd, offset, 4);
}

static void limits_read(struct virtio_scsi *vs)
{
	bool indirect = virtio_has(&vs->vd, VIRTIO_F_INDIRECT_DESC);
	uint32_t depth = config32(vs, CONFIG_PER_LUN), size = vs->vd.queues[QUEUE_FIRST].size, segments = config32(vs, CONFIG_SEG_MAX);
	uint32_t most = indirect || size > SEGMENTS_MAX + 2 ? SEGMENTS_MAX : size - 2;

	for (unsigned int i = QUEUE_FIRST; i < vs->vd.nr_queues; i++)
		size = vs->vd.queues[i].size < size ? vs->vd.queues[i].size : size;
	depth = !depth || depth > DEPTH_MAX ? DEPTH_MAX : depth;
	size = indirect ? size : size / 3;
	vs->depth = depth < size ? depth : size;
	vs->max_segments = !segments ? 1 : segments < most ? segments : most;
	vs->max_blocks512 = config32(vs, CONFIG_MAX_SECTORS);
	if (!vs->max_blocks512 || vs->max_blocks512 > REQUEST_BYTES_MAX / 512)
		vs->max_blocks512 = REQUEST_BYTES_MAX / 512;
}

static int queue_init(struct virtio_scsi *vs, struct scsi_queue *q, struct virtio_queue *vq)
{
	bool indirect = virtio_has(&vs->vd, VIRTIO_F_INDIRECT_DESC);
	int err;

	q->vq = vq;
	q->tags = mem_alloc(vs->dev, vs->depth, sizeof(q->tags[0]));
	if (!q->tags)
		return -ENOMEM;
	err = dma_alloc(vs->dev, vs->depth * (SLOT_BYTES + (indirect ? TABLE_BYTES : 0)), 4096, &q->buf);
	if (err) {
		mem_free(vs->dev, q->tags);
		return err;
	}
	vq->tables = indirect ? &q->buf : NULL;
	vq->tables_offset = vs->depth * SLOT_BYTES;
	vq->table_bytes = TABLE_BYTES;
	return 0;
}

static void queues_free(struct virtio_scsi *vs)
{
	while (vs->nr_queues) {
		struct scsi_queue *q = &vs->queues[--vs->nr_queues];

		dma_free(&q->buf);
		mem_free(vs->dev, q->tags);
	}
	mem_free(vs->dev, vs->queues);
	if (vs->common.length)
		dma_free(&vs->common);
}

static int queues_create(struct virtio_scsi *vs)
{
	unsigned int nr = vs->vd.nr_queues - QUEUE_FIRST;
	int err = dma_alloc(vs->dev, COMMON_BYTES, 4096, &vs->common);

	if (err)
		return err;
	limits_read(vs);
	if (!vs->depth)
		return -ENXIO;
	vs->queues = mem_alloc(vs->dev, nr, sizeof(vs->queues[0]));
	if (!vs->queues)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr && !err; i++) {
		err = queue_init(vs, &vs->queues[i], &vs->vd.queues[QUEUE_FIRST + i]);
		vs->nr_queues += !err;
	}
	return err;
}

/* Control, events and at least one for requests; with fewer vectors than that all share one, and one strand. */
static int rings_create(struct virtio_scsi *vs)
{
	uint64_t wanted = device_param(vs->dev, "queues", device_nr_cpus(vs->dev));
	uint32_t offered = config32(vs, CONFIG_NUM_QUEUES), most = BLOCK_QUEUES_MAX - QUEUE_FIRST;
	unsigned int nr;
	int given;

	if (!offered)
		return -ENXIO;
	nr = !wanted ? 1 : wanted < most ? (unsigned int)wanted : most;
	nr = (nr < offered ? nr : offered) + QUEUE_FIRST;
	given = virtio_vectors(&vs->vd, nr);
	if (given < 0)
		return given;
	if (given < QUEUE_FIRST + 1) {
		vs->vd.nr_vectors = 1;
		nr = QUEUE_FIRST + 1;
	} else if ((unsigned int)given < nr) {
		nr = (unsigned int)given;
	}
	return virtio_queues_create(&vs->vd, nr);
}

static int unit_announce(struct virtio_scsi *vs, unsigned int index)
{
	const struct scsi_unit *unit = &vs->units[index];
	struct block_limits l = {
		.nr_queues = vs->nr_queues, .first_queue = vs->vd.queues[QUEUE_FIRST].strand, .queue_depth = vs->depth,
		.max_segments = vs->max_segments, .max_request_blocks = vs->max_blocks512 / (unit->disk.block_size / 512), .unit = index,
	};

	scsi_disk_limits(&unit->disk, &l);
	dev_info(vs->dev, "unit=%u target=%u lun=%u \"%s %s\" blocks=%llu block_size=%u queues=%u depth=%u serial=%s", index, unit->target,
		 unit->lun, unit->disk.vendor, unit->disk.product, (unsigned long long)l.nr_blocks, l.block_size, l.nr_queues, l.queue_depth,
		 l.serial);
	return block_register(vs->dev, &l);
}

static int units_announce(struct virtio_scsi *vs)
{
	int err = vs->nr_units ? 0 : -ENODEV;

	for (unsigned int i = 0; i < EVENTS && i < vs->vd.queues[QUEUE_EVENT].size && !err; i++)
		virtio_scsi_event_give(vs, i);
	if (err)
		return err;
	virtio_queue_kick(&vs->vd.queues[QUEUE_EVENT]);
	virtio_queues_arm(&vs->vd);
	for (unsigned int i = 0; i < vs->nr_units && !err; i++) {
		err = unit_announce(vs, i);
		if (err && i)
			block_unregister(vs->dev);
	}
	return err;
}

int virtio_scsi_start(struct virtio_scsi *vs)
{
	int err = rings_create(vs);

	if (!err)
		err = queues_create(vs);
	if (!err)
		err = virtio_queues_enable(&vs->vd);
	if (!err)
		err = virtio_start(&vs->vd);
	if (!err)
		err = units_find(vs);
	if (!err)
		err = units_announce(vs);
	return err;
}

/* Stop the device, then free; memory that a deaf device may still write stays for the shim. */
void virtio_scsi_stop(struct virtio_scsi *vs)
{
	if (vs->vd.nr_vectors)
		irq_release(vs->dev);
	if (virtio_detach(&vs->vd))
		return;
	queues_free(vs);
	if (vs->vd.queues)
		virtio_queues_free(&vs->vd);
	mem_free(vs->dev, vs);
}
