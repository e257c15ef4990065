// SPDX-License-Identifier: GPL-2.0
/*
 * virtio block device (OASIS virtio 1.2 section 5.2; legacy devices included): one queue per CPU, each on its own strand. Requests need
 * no allocation: headers, status bytes and indirect tables lie in one DMA buffer per queue, found by the request's tag. Left out:
 * SCSI pass-through, lifetime and secure erase, zoned disks. Parameters: legacy=1, packed=0|1, queues=N.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include "../virtio/virtio.h"

#define QUEUE_DEPTH		128
#define SEGMENTS_MAX		62	/* with header and status one table is 1 KiB */
#define REQUEST_BYTES_MAX	(1u << 26)
#define CONFIG_TRIES		8
#define ID_TIMEOUT_US		2000000

/* Features (section 5.2.3). */
#define BLK_F_SIZE_MAX		BIT64(1)
#define BLK_F_SEG_MAX		BIT64(2)
#define BLK_F_RO		BIT64(5)
#define BLK_F_BLK_SIZE		BIT64(6)
#define BLK_F_FLUSH		BIT64(9)
#define BLK_F_TOPOLOGY		BIT64(10)
#define BLK_F_CONFIG_WCE	BIT64(11)
#define BLK_F_MQ		BIT64(12)
#define BLK_F_DISCARD		BIT64(13)
#define BLK_F_WRITE_ZEROES	BIT64(14)
#define BLK_FEATURES	(BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY | BLK_F_CONFIG_WCE | \
			 BLK_F_MQ | BLK_F_DISCARD | BLK_F_WRITE_ZEROES | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | \
			 VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM)

/* Device configuration (section 5.2.4). */
#define CONFIG_CAPACITY		0
#define CONFIG_SIZE_MAX		8
#define CONFIG_SEG_MAX		12
#define CONFIG_BLK_SIZE		20
#define CONFIG_PHYSICAL_EXP	24
#define CONFIG_WRITEBACK	32
#define CONFIG_NUM_QUEUES	34
#define CONFIG_MAX_DISCARD	36
#define CONFIG_MAX_ZEROES	48
#define CONFIG_ZEROES_UNMAP	56

/* Requests (section 5.2.6). */
#define TYPE_IN			0
#define TYPE_OUT		1
#define TYPE_FLUSH		4
#define TYPE_GET_ID		8
#define TYPE_DISCARD		11
#define TYPE_WRITE_ZEROES	13
#define RANGE_UNMAP		1
#define STATUS_OK		0
#define STATUS_UNSUPPORTED	2
#define STATUS_NONE		0xff	/* ours: the device wrote nothing */
#define SECTOR_BYTES		512
#define CAPACITY_MAX		BIT64(54)	/* sectors; their bytes fit 63 bits */
#define ID_BYTES		20

/* What a tag owns in its queue's buffer. */
#define SLOT_HEADER		0	/* type, reserved, sector: 16 bytes */
#define SLOT_RANGE		16	/* of discard and write-zeroes: sector, count, flags; as long as a header */
#define SLOT_STATUS		32
#define SLOT_ID			40	/* answer of GET_ID: 20 bytes */
#define SLOT_BYTES		64
#define HEADER_BYTES		16

struct blk_queue {
	struct virtio_queue *vq;
	struct dma_buf buf;		/* slots, then indirect tables */
	uint32_t *expected;		/* bytes the device must write, by tag: data and status */
};

struct virtio_blk {
	struct device *dev;
	struct virtio_device vd;
	struct block_limits limits;
	uint32_t sectors_per_block;
	bool zeroes_unmap;
	struct blk_queue *queues;
};

static struct dma_segment slot_segment(const struct blk_queue *bq, uint32_t tag, uint32_t offset, uint32_t length)
{
	return (struct dma_segment){ .address = bq->buf.address + tag * SLOT_BYTES + offset, .length = length };
}

static void slot_fill(struct blk_queue *bq, uint32_t tag, uint32_t type, uint64_t sector)
{
	uint32_t slot = tag * SLOT_BYTES;

	dma_write32(&bq->buf, slot + SLOT_HEADER, type);
	dma_write32(&bq->buf, slot + SLOT_HEADER + 4, 0);
	dma_write64(&bq->buf, slot + SLOT_HEADER + 8, sector);
	dma_write8(&bq->buf, slot + SLOT_STATUS, STATUS_NONE);
}

static int slot_send(struct blk_queue *bq, uint32_t tag, const struct dma_segment *data, unsigned int nr, bool written)
{
	struct virtio_chain chain = {
		.head = slot_segment(bq, tag, SLOT_HEADER, HEADER_BYTES),
		.data = data, .nr_data = nr, .data_written = written,
		.tail = slot_segment(bq, tag, SLOT_STATUS, 1),
	};

	return virtio_queue_add(bq->vq, tag, &chain);
}

static int submit_data(struct virtio_blk *vb, struct blk_queue *bq, const struct block_request *rq)
{
	bool read = rq->op == BLOCK_READ;

	if (!read && vb->limits.flags & BLOCK_RO)
		return -EROFS;
	if (!rq->nr_segments || rq->nr_segments > vb->limits.max_segments)
		return -EINVAL;
	bq->expected[rq->tag] = read ? rq->nr_blocks * vb->limits.block_size + 1 : 1;
	slot_fill(bq, rq->tag, read ? TYPE_IN : TYPE_OUT, rq->lba * vb->sectors_per_block);
	return slot_send(bq, rq->tag, rq->segments, rq->nr_segments, read);
}

static int submit_flush(struct virtio_blk *vb, struct blk_queue *bq, const struct block_request *rq)
{
	if (!(vb->limits.flags & BLOCK_HAS_FLUSH))
		return -EOPNOTSUPP;
	bq->expected[rq->tag] = 1;
	slot_fill(bq, rq->tag, TYPE_FLUSH, 0);
	return slot_send(bq, rq->tag, NULL, 0, false);
}

static int submit_range(struct virtio_blk *vb, struct blk_queue *bq, const struct block_request *rq)
{
	bool discard = rq->op == BLOCK_DISCARD;
	bool unmap = !discard && vb->zeroes_unmap && rq->flags & BLOCK_REQ_UNMAP;
	uint32_t range = rq->tag * SLOT_BYTES + SLOT_RANGE;
	struct dma_segment seg = slot_segment(bq, rq->tag, SLOT_RANGE, HEADER_BYTES);

	if (!(vb->limits.flags & (discard ? BLOCK_HAS_DISCARD : BLOCK_HAS_WRITE_ZEROES)))
		return -EOPNOTSUPP;
	if (vb->limits.flags & BLOCK_RO)
		return -EROFS;
	bq->expected[rq->tag] = 1;
	slot_fill(bq, rq->tag, discard ? TYPE_DISCARD : TYPE_WRITE_ZEROES, 0);
	dma_write64(&bq->buf, range, rq->lba * vb->sectors_per_block);
	dma_write32(&bq->buf, range + 8, rq->nr_blocks * vb->sectors_per_block);
	dma_write32(&bq->buf, range + 12, unmap ? RANGE_UNMAP : 0);
	return slot_send(bq, rq->tag, &seg, 1, false);
}

static int virtio_blk_submit(struct device *dev, const struct block_request *rq)
{
	struct virtio_blk *vb = device_priv(dev);
	struct blk_queue *bq = &vb->queues[rq->queue];

	if (rq->queue >= vb->limits.nr_queues || rq->tag >= vb->limits.queue_depth)
		return -EINVAL;
	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		return submit_data(vb, bq, rq);
	case BLOCK_FLUSH:
		return submit_flush(vb, bq, rq);
	case BLOCK_DISCARD:
	case BLOCK_WRITE_ZEROES:
		return submit_range(vb, bq, rq);
	}
	return -EOPNOTSUPP;
}

static void virtio_blk_commit(struct device *dev, unsigned int queue)
{
	struct virtio_blk *vb = device_priv(dev);

	if (queue < vb->limits.nr_queues)
		virtio_queue_kick(vb->queues[queue].vq);
}

/* What the request ended with. A device that says it wrote more than it was given, or (modern) less of a read, is not believed. */
static int slot_status(const struct virtio_blk *vb, const struct blk_queue *bq, uint32_t tag, uint32_t length)
{
	uint8_t status = dma_read8(&bq->buf, tag * SLOT_BYTES + SLOT_STATUS);

	if (status == STATUS_UNSUPPORTED)
		return -EOPNOTSUPP;
	if (status != STATUS_OK || length > bq->expected[tag])
		return -EIO;
	if (length < bq->expected[tag] && bq->expected[tag] > 1 && virtio_has(&vb->vd, VIRTIO_F_VERSION_1))
		return -EIO;
	return 0;
}

static void request_done(struct virtio_queue *vq, unsigned int tag, int status, uint32_t length)
{
	struct virtio_blk *vb = device_priv(vq->vd->dev);

	if (!status)
		status = slot_status(vb, &vb->queues[vq->index], tag, length);
	block_complete(vb->dev, vq->index, tag, status);
}

/* Read the capacity until the configuration held still around it (section 2.5.1). */
static int capacity_read(struct virtio_blk *vb, uint64_t *sectors)
{
	const struct virtio_transport *t = vb->vd.transport;

	for (unsigned int i = 0; i < CONFIG_TRIES; i++) {
		uint8_t before = t->generation(&vb->vd);

		*sectors = virtio_config64(&vb->vd, CONFIG_CAPACITY);
		if (t->generation(&vb->vd) == before)
			return *sectors > CAPACITY_MAX ? -ERANGE : 0;
	}
	return -EAGAIN;
}

static void config_changed(struct virtio_blk *vb)
{
	uint64_t sectors, blocks;

	if (capacity_read(vb, &sectors)) {
		dev_warn(vb->dev, "new size is not usable, capacity=%llu", (unsigned long long)sectors);
		return;
	}
	blocks = sectors / vb->sectors_per_block;
	if (blocks == vb->limits.nr_blocks)
		return;
	dev_info(vb->dev, "size changed, blocks=%llu", (unsigned long long)blocks);
	vb->limits.nr_blocks = blocks;
	block_resize(vb->dev, blocks);
}

/* Configuration interrupts come on strand 0 (irq_route in probe), so a recovery they start belongs to queue 0. */
static void config_irq(struct virtio_blk *vb)
{
	uint8_t status = vb->vd.transport->status(&vb->vd);

	if (virtio_state(&vb->vd) != VIRTIO_RUNNING)
		return;
	if (status & VIRTIO_STATUS_NEEDS_RESET)
		virtio_recover(vb->queues[0].vq, -EIO);
	else
		config_changed(vb);
}

static enum irq_result virtio_blk_irq(struct device *dev, unsigned int vector)
{
	struct virtio_blk *vb = device_priv(dev);
	uint32_t cause = virtio_cause(&vb->vd, vector);
	unsigned int queue = vb->vd.nr_vectors > 1 && vector ? vector - 1 : 0;

	if (!cause)
		return IRQ_NONE;
	if (!vb->limits.nr_queues || !vb->queues[0].vq->armed)
		return IRQ_HANDLED;	/* not set up yet */
	if (cause & VIRTIO_CAUSE_QUEUE && queue < vb->limits.nr_queues)
		virtio_queue_drain(vb->queues[queue].vq);
	if (cause & VIRTIO_CAUSE_CONFIG)
		config_irq(vb);
	return IRQ_HANDLED;
}

static void virtio_blk_timer(struct device *dev, unsigned int strand)
{
	struct virtio_blk *vb = device_priv(dev);

	if (strand < vb->limits.nr_queues)
		virtio_queue_timer(vb->queues[strand].vq);
}

static void virtio_blk_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct virtio_blk *vb = device_priv(dev);

	if (queue < vb->limits.nr_queues && tag < vb->limits.queue_depth)
		virtio_queue_timeout(vb->queues[queue].vq, tag);
}

static uint32_t config32(struct virtio_blk *vb, uint32_t offset)
{
	return vb->vd.transport->config(&vb->vd, offset, 4);
}

/* Range operations: the device counts sectors, we count blocks; less than one block means no such operation. */
static uint32_t range_blocks(struct virtio_blk *vb, uint64_t feature, uint32_t offset, uint32_t flag)
{
	uint32_t blocks = virtio_has(&vb->vd, feature) ? config32(vb, offset) / vb->sectors_per_block : 0;

	if (blocks)
		vb->limits.flags |= flag;
	return blocks;
}

static int block_size_read(struct virtio_blk *vb)
{
	struct block_limits *l = &vb->limits;
	uint32_t exponent = 0;

	l->block_size = virtio_has(&vb->vd, BLK_F_BLK_SIZE) ? config32(vb, CONFIG_BLK_SIZE) : SECTOR_BYTES;
	if (l->block_size < 512 || l->block_size > 4096 || l->block_size & (l->block_size - 1)) {
		dev_err(vb->dev, "block size %u is not usable", l->block_size);
		return -ENXIO;
	}
	if (virtio_has(&vb->vd, BLK_F_TOPOLOGY))
		exponent = vb->vd.transport->config(&vb->vd, CONFIG_PHYSICAL_EXP, 1);
	l->physical_block_size = l->block_size << (exponent > 8 ? 0 : exponent);
	l->max_request_blocks = REQUEST_BYTES_MAX / l->block_size;
	vb->sectors_per_block = l->block_size / SECTOR_BYTES;
	return 0;
}

static int segments_read(struct virtio_blk *vb)
{
	struct block_limits *l = &vb->limits;
	uint32_t most = SEGMENTS_MAX;

	if (!virtio_has(&vb->vd, VIRTIO_F_INDIRECT_DESC) && most > vb->vd.queues[0].size - 2u)
		most = vb->vd.queues[0].size - 2u;
	l->max_segments = virtio_has(&vb->vd, BLK_F_SEG_MAX) ? config32(vb, CONFIG_SEG_MAX) : 1;
	if (l->max_segments > most)
		l->max_segments = most;
	if (!l->max_segments)
		l->max_segments = 1;
	l->max_segment_bytes = virtio_has(&vb->vd, BLK_F_SIZE_MAX) ? config32(vb, CONFIG_SIZE_MAX) : 0;
	if (virtio_has(&vb->vd, BLK_F_SIZE_MAX) && l->max_segment_bytes < l->block_size) {
		dev_err(vb->dev, "segments of %u bytes are too short", l->max_segment_bytes);
		return -ENXIO;
	}
	return 0;
}

static void flags_read(struct virtio_blk *vb)
{
	struct block_limits *l = &vb->limits;
	bool cache = virtio_has(&vb->vd, BLK_F_FLUSH);

	if (cache && virtio_has(&vb->vd, BLK_F_CONFIG_WCE))
		cache = vb->vd.transport->config(&vb->vd, CONFIG_WRITEBACK, 1) != 0;
	if (cache)
		l->flags |= BLOCK_HAS_FLUSH;
	if (virtio_has(&vb->vd, BLK_F_RO))
		l->flags |= BLOCK_RO;
	l->max_discard_blocks = range_blocks(vb, BLK_F_DISCARD, CONFIG_MAX_DISCARD, BLOCK_HAS_DISCARD);
	l->max_write_zeroes_blocks = range_blocks(vb, BLK_F_WRITE_ZEROES, CONFIG_MAX_ZEROES, BLOCK_HAS_WRITE_ZEROES);
	vb->zeroes_unmap = virtio_has(&vb->vd, BLK_F_WRITE_ZEROES) &&
			   vb->vd.transport->config(&vb->vd, CONFIG_ZEROES_UNMAP, 1) != 0;
}

static int limits_read(struct virtio_blk *vb)
{
	uint64_t sectors;
	int err = block_size_read(vb);

	if (!err)
		err = segments_read(vb);
	if (!err)
		err = capacity_read(vb, &sectors);
	if (err)
		return err;
	vb->limits.nr_blocks = sectors / vb->sectors_per_block;
	flags_read(vb);
	memcpy(vb->limits.prefix, "vd", 3);
	return 0;
}

/* Without indirect tables a request takes at least three descriptors. */
static uint32_t depth_choose(const struct virtio_blk *vb)
{
	uint32_t depth = QUEUE_DEPTH * 3;

	for (unsigned int i = 0; i < vb->vd.nr_queues; i++)
		depth = vb->vd.queues[i].size < depth ? vb->vd.queues[i].size : depth;
	if (!virtio_has(&vb->vd, VIRTIO_F_INDIRECT_DESC))
		depth /= 3;
	return depth > QUEUE_DEPTH ? QUEUE_DEPTH : depth;
}

static int blk_queue_init(struct virtio_blk *vb, struct blk_queue *bq, struct virtio_queue *vq)
{
	uint32_t depth = vb->limits.queue_depth;
	uint32_t table_bytes = (SEGMENTS_MAX + 2) * VIRTIO_DESC_BYTES;
	bool indirect = virtio_has(&vb->vd, VIRTIO_F_INDIRECT_DESC);
	int err;

	bq->vq = vq;
	bq->expected = mem_alloc(vb->dev, depth, sizeof(bq->expected[0]));
	if (!bq->expected)
		return -ENOMEM;
	err = dma_alloc(vb->dev, depth * (SLOT_BYTES + (indirect ? table_bytes : 0)), 4096, &bq->buf);
	if (err) {
		mem_free(vb->dev, bq->expected);
		return err;
	}
	vq->tables = indirect ? &bq->buf : NULL;
	vq->tables_offset = depth * SLOT_BYTES;
	vq->table_bytes = table_bytes;
	return 0;
}

static void blk_queues_free(struct virtio_blk *vb)
{
	while (vb->limits.nr_queues) {
		struct blk_queue *bq = &vb->queues[--vb->limits.nr_queues];

		dma_free(&bq->buf);
		mem_free(vb->dev, bq->expected);
	}
	mem_free(vb->dev, vb->queues);
	vb->queues = NULL;
}

static int blk_queues_create(struct virtio_blk *vb)
{
	unsigned int nr = vb->vd.nr_queues;
	int err;

	vb->limits.queue_depth = depth_choose(vb);
	vb->limits.nr_queues = 0;
	vb->queues = mem_alloc(vb->dev, nr, sizeof(vb->queues[0]));
	if (!vb->queues)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr; i++) {
		err = blk_queue_init(vb, &vb->queues[i], &vb->vd.queues[i]);
		if (err)
			return err;	/* disk_stop frees the others */
		vb->limits.nr_queues++;
	}
	return 0;
}

static unsigned int queues_wanted(struct virtio_blk *vb)
{
	uint64_t nr = device_param(vb->dev, "queues", device_nr_cpus(vb->dev));

	return !nr ? 1 : nr > BLOCK_QUEUES_MAX ? BLOCK_QUEUES_MAX : (unsigned int)nr;
}

/* As many queues as CPUs (or the parameter), vectors and the device allow. */
static int queues_setup(struct virtio_blk *vb)
{
	unsigned int nr = queues_wanted(vb), offered = 1;
	int err = virtio_vectors(&vb->vd, nr);

	if (err < 0)
		return err;
	if ((unsigned int)err < nr)
		nr = (unsigned int)err;
	if (virtio_has(&vb->vd, BLK_F_MQ))
		offered = vb->vd.transport->config(&vb->vd, CONFIG_NUM_QUEUES, 2);
	if (offered && offered < nr)
		nr = offered;
	return virtio_queues_create(&vb->vd, nr);
}

static void serial_take(struct virtio_blk *vb, struct blk_queue *bq)
{
	char *serial = vb->limits.serial;
	uint32_t i;

	if (dma_read8(&bq->buf, SLOT_STATUS) != STATUS_OK)
		return;
	for (i = 0; i < ID_BYTES; i++) {
		uint8_t c = dma_read8(&bq->buf, SLOT_ID + i);

		if (!c)
			break;
		serial[i] = c > ' ' && c < 0x7f ? (char)c : '_';
	}
	while (i && serial[i - 1] == '_')
		i--;
	serial[i] = 0;
}

/* Ask for the serial number; also shows that the device answers at all. Polled: interrupts are not armed yet. */
static int serial_read(struct virtio_blk *vb)
{
	struct blk_queue *bq = &vb->queues[0];
	struct dma_segment seg = slot_segment(bq, 0, SLOT_ID, ID_BYTES);
	uint32_t length;
	int err;

	slot_fill(bq, 0, TYPE_GET_ID, 0);
	err = slot_send(bq, 0, &seg, 1, true);
	if (err)
		return err;
	virtio_queue_kick(bq->vq);
	err = virtio_queue_wait(bq->vq, ID_TIMEOUT_US, &length);
	if (err) {
		dev_err(vb->dev, "no answer to the first request");
		return err;
	}
	serial_take(vb, bq);
	return 0;
}

static int disk_announce(struct virtio_blk *vb)
{
	struct virtio_device *vd = &vb->vd;
	int err;

	virtio_queues_arm(vd);
	err = block_register(vb->dev, &vb->limits);
	if (!err)
		dev_info(vb->dev, "%s %s blocks=%llu block_size=%u queues=%u depth=%u serial=%s", vd->transport->name,
			 vd->queues[0].ring->name, (unsigned long long)vb->limits.nr_blocks, vb->limits.block_size,
			 vb->limits.nr_queues, vb->limits.queue_depth, vb->limits.serial);
	return err;
}

static int disk_start(struct virtio_blk *vb)
{
	int err = limits_read(vb);

	if (err)
		return err;
	err = blk_queues_create(vb);
	if (!err)
		err = virtio_queues_enable(&vb->vd);
	if (!err)
		err = virtio_start(&vb->vd);
	if (!err && !device_is_awaited(vb->dev))
		err = serial_read(vb);
	if (!err)
		err = disk_announce(vb);
	return err;
}

/* Stop the device, then free; memory that a deaf device may still write stays for the shim, which frees it after stopping the bus. */
static void disk_stop(struct virtio_blk *vb)
{
	if (vb->vd.nr_vectors)
		irq_release(vb->dev);	/* first: its callback reads registers */
	if (virtio_detach(&vb->vd))
		return;
	if (vb->queues)
		blk_queues_free(vb);
	if (vb->vd.queues)
		virtio_queues_free(&vb->vd);
	mem_free(vb->dev, vb);
}

static int virtio_blk_probe(struct device *dev)
{
	struct virtio_blk *vb = mem_alloc(dev, 1, sizeof(*vb));
	uint64_t wanted = BLK_FEATURES;
	int err;

	if (!vb)
		return -ENOMEM;
	vb->dev = dev;
	vb->vd.done = request_done;
	device_set_priv(dev, vb);
	err = virtio_attach(&vb->vd, dev, device_param(dev, "legacy", 0) != 0);
	if (err) {
		mem_free(dev, vb);
		return err;
	}
	if (device_param(dev, "packed", 1))
		wanted |= VIRTIO_F_RING_PACKED;
	err = virtio_negotiate(&vb->vd, wanted);
	if (!err)
		err = queues_setup(vb);
	if (!err)
		err = disk_start(vb);
	if (err)
		disk_stop(vb);
	return err;
}

static void virtio_blk_remove(struct device *dev)
{
	block_unregister(dev);
	disk_stop(device_priv(dev));
}

static const struct block_ops virtio_blk_ops = {
	.submit = virtio_blk_submit,
	.commit = virtio_blk_commit,
	.timeout = virtio_blk_timeout,
};

DRIVER(virtio_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "virtio_blk",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "virtio block device, modern and legacy",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_PORTS | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA | FERRY_NEEDS_CONFIG,
		.dma_bits = 64,
		.match = { MATCH_PCI(0x1af4, 0x1001), MATCH_PCI(0x1af4, 0x1042) },
	},
	.probe = virtio_blk_probe,
	.remove = virtio_blk_remove,
	.irq = virtio_blk_irq,
	.timer = virtio_blk_timer,
	.block = &virtio_blk_ops,
};
