// SPDX-License-Identifier: GPL-2.0
/* virtio SCSI host: setting its queues up, and taking them down (virtio 1.2 sections 5.6.4 and 5.6.5). */
#include <driver/log.h>
#include <driver/mem.h>
#include "virtio_scsi.h"

#define DEPTH_MAX		128
#define TABLE_BYTES		((SEGMENTS_MAX + 2) * VIRTIO_DESC_BYTES)
#define TIMEOUT_MS		30000u
#define TIMEOUT_MIN_MS		100u
#define TIMEOUT_MAX_MS		3600000u
#define REQUEST_BYTES_MAX	(1u << 26)

/* Device configuration (section 5.6.4). */
#define CONFIG_NUM_QUEUES	0
#define CONFIG_SEG_MAX		4
#define CONFIG_MAX_SECTORS	8
#define CONFIG_PER_LUN		12
#define CONFIG_MAX_TARGET	30

/* ---- Set-up ---- */

static uint32_t config32(struct virtio_scsi *vs, uint32_t offset)
{
	return vs->vd.transport->config(&vs->vd, offset, 4);
}

static void limits_read(struct virtio_scsi *vs)
{
	unsigned int targets = vs->vd.transport->config(&vs->vd, CONFIG_MAX_TARGET, 2) + 1;
	uint64_t asked = device_param(vs->dev, "targets", TARGETS_MAX), timeout = device_param(vs->dev, "timeout_ms", TIMEOUT_MS);
	bool indirect = virtio_has(&vs->vd, VIRTIO_F_INDIRECT_DESC);
	uint32_t depth = config32(vs, CONFIG_PER_LUN), size = vs->vd.queues[QUEUE_FIRST].size, segments = config32(vs, CONFIG_SEG_MAX);
	uint32_t most = indirect || size > SEGMENTS_MAX + 2 ? SEGMENTS_MAX : size - 2;

	for (unsigned int i = QUEUE_FIRST; i < vs->vd.nr_queues; i++)
		size = vs->vd.queues[i].size < size ? vs->vd.queues[i].size : size;
	depth = !depth || depth > DEPTH_MAX ? DEPTH_MAX : depth;
	size = indirect ? size : size / 3;
	vs->depth = depth < size ? depth : size;
	vs->max_segments = !segments ? 1 : segments < most ? segments : most;
	vs->timeout_ms = timeout < TIMEOUT_MIN_MS || timeout > TIMEOUT_MAX_MS ? TIMEOUT_MS : (uint32_t)timeout;
	vs->nr_targets = targets < TARGETS_MAX ? targets : TARGETS_MAX;
	vs->nr_targets = asked < vs->nr_targets ? (unsigned int)asked : vs->nr_targets;
	vs->max_blocks512 = config32(vs, CONFIG_MAX_SECTORS);
	if (!vs->max_blocks512 || vs->max_blocks512 > REQUEST_BYTES_MAX / 512)
		vs->max_blocks512 = REQUEST_BYTES_MAX / 512;
}

static int queue_init(struct virtio_scsi *vs, struct scsi_queue *q, struct virtio_queue *vq)
{
	bool indirect = virtio_has(&vs->vd, VIRTIO_F_INDIRECT_DESC);
	uint32_t slots = vs->depth + 1;	/* one for what we ask ourselves */
	int err;

	q->vq = vq;
	q->tags = mem_alloc(vs->dev, slots, sizeof(q->tags[0]));
	if (!q->tags)
		return -ENOMEM;
	err = dma_alloc(vs->dev, slots * (SLOT_BYTES + (indirect ? TABLE_BYTES : 0)), 4096, &q->buf);
	if (err) {
		mem_free(vs->dev, q->tags);
		return err;
	}
	vq->tables = indirect ? &q->buf : NULL;
	vq->tables_offset = slots * SLOT_BYTES;
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
		err = virtio_scsi_units_find(vs);
	if (!err)
		err = virtio_scsi_units_announce(vs);
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
