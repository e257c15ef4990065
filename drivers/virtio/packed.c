// SPDX-License-Identifier: GPL-2.0
/*
 * The packed ring (virtio 1.2 section 2.8): one ring of descriptors that both sides write, told apart by wrap counters. The buffer id
 * is the request's tag. After a completion with a bad id nobody can tell where the next one will be, so the ring is given up.
 */
#include "virtio.h"

#define DESC_NEXT		0x1
#define DESC_WRITE		0x2
#define DESC_INDIRECT		0x4
#define DESC_AVAIL		0x80
#define DESC_USED		0x8000

#define DESC_LENGTH		8
#define DESC_ID			12
#define DESC_FLAGS		14

#define EVENT_OFFSET		0	/* in the driver and the device area */
#define EVENT_FLAGS		2
#define EVENT_BYTES		4
#define EVENT_ENABLE		0
#define EVENT_DISABLE		1
#define EVENT_AT		2	/* at the offset; needs EVENT_IDX */
#define EVENT_WRAP		0x8000

static uint32_t packed_layout(struct virtio_queue *q, uint16_t size)
{
	q->driver_area = VIRTIO_DESC_BYTES * (uint32_t)size;
	q->device_area = q->driver_area + EVENT_BYTES;
	return q->device_area + EVENT_BYTES;
}

static void packed_reset(struct virtio_queue *q)
{
	for (uint16_t i = 0; i < q->nr_slots; i++)
		q->slots[i] = (struct virtio_slot){ .tag = i };
	q->nr_free = q->size;
	q->next_avail = q->next_used = q->added = 0;
	q->avail_wrap = q->used_wrap = true;
	dma_write16(&q->memory, q->driver_area + EVENT_FLAGS, EVENT_DISABLE);
}

static uint16_t avail_flags(bool wrap)
{
	return wrap ? DESC_AVAIL : DESC_USED;
}

static void desc_write(const struct dma_buf *buf, uint32_t at, const struct dma_segment *seg, uint16_t id)
{
	dma_write64(buf, at, seg->address);
	dma_write32(buf, at + DESC_LENGTH, seg->length);
	dma_write16(buf, at + DESC_ID, id);
}

static void slot_advance(struct virtio_queue *q, uint16_t *slot, bool *wrap, uint16_t by)
{
	*slot = (uint16_t)(*slot + by);
	if (*slot >= q->size) {
		*slot = (uint16_t)(*slot - q->size);
		*wrap = !*wrap;
	}
}

/* Fill the tag's table; returns the flags of the one descriptor that names it. */
static uint16_t packed_add_indirect(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain, unsigned int nr)
{
	uint32_t table = q->tables_offset + tag * q->table_bytes;
	struct dma_segment whole = { .address = q->tables->address + table, .length = nr * VIRTIO_DESC_BYTES };

	for (unsigned int i = 0; i < nr; i++) {
		bool written;
		const struct dma_segment *seg = virtio_chain_part(chain, i, &written);

		desc_write(q->tables, table + i * VIRTIO_DESC_BYTES, seg, 0);
		dma_write16(q->tables, table + i * VIRTIO_DESC_BYTES + DESC_FLAGS, written ? DESC_WRITE : 0);
	}
	desc_write(&q->memory, q->next_avail * VIRTIO_DESC_BYTES, &whole, (uint16_t)tag);
	return (uint16_t)(DESC_INDIRECT | avail_flags(q->avail_wrap));
}

/* Fill @nr ring descriptors but for the flags of the first, which are returned. */
static uint16_t packed_add_direct(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain, unsigned int nr)
{
	uint16_t at = q->next_avail, first = 0;
	bool wrap = q->avail_wrap;

	for (unsigned int i = 0; i < nr; i++) {
		bool written;
		const struct dma_segment *seg = virtio_chain_part(chain, i, &written);
		uint16_t flags = (uint16_t)(avail_flags(wrap) | (written ? DESC_WRITE : 0) | (i + 1 < nr ? DESC_NEXT : 0));

		desc_write(&q->memory, at * VIRTIO_DESC_BYTES, seg, (uint16_t)tag);
		if (i)
			dma_write16(&q->memory, at * VIRTIO_DESC_BYTES + DESC_FLAGS, flags);
		else
			first = flags;
		slot_advance(q, &at, &wrap, 1);
	}
	return first;
}

static int packed_add(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain)
{
	unsigned int nr = virtio_chain_length(chain);
	uint16_t need = (uint16_t)(q->tables ? 1 : nr);
	uint16_t flags;

	if (need > q->nr_free)
		return -EBUSY;
	flags = q->tables ? packed_add_indirect(q, tag, chain, nr) : packed_add_direct(q, tag, chain, nr);
	dma_wmb();	/* the first flags hand the whole request over */
	dma_write16(&q->memory, q->next_avail * VIRTIO_DESC_BYTES + DESC_FLAGS, flags);
	q->slots[tag].count = need;
	q->nr_free = (uint16_t)(q->nr_free - need);
	q->added = (uint16_t)(q->added + need);
	slot_advance(q, &q->next_avail, &q->avail_wrap, need);
	return 0;
}

static bool packed_publish(struct virtio_queue *q)
{
	uint16_t added = q->added, flags, event, at;

	q->added = 0;
	if (!added)
		return false;
	dma_mb();	/* the descriptors before the device's wish */
	flags = dma_read16(&q->memory, q->device_area + EVENT_FLAGS) & 3;
	if (flags != EVENT_AT)
		return flags != EVENT_DISABLE;
	event = dma_read16(&q->memory, q->device_area + EVENT_OFFSET);
	at = event & (EVENT_WRAP - 1);
	if (!!(event & EVENT_WRAP) != q->avail_wrap)
		at = (uint16_t)(at - q->size);
	return virtio_event_passed(at, q->next_avail, (uint16_t)(q->next_avail - added));
}

static bool completion_ready(const struct virtio_queue *q)
{
	uint16_t flags = dma_read16(&q->memory, q->next_used * VIRTIO_DESC_BYTES + DESC_FLAGS);
	bool avail = flags & DESC_AVAIL, used = flags & DESC_USED;

	return avail == used && used == q->used_wrap;
}

static bool packed_take(struct virtio_queue *q, unsigned int *tag, uint32_t *length)
{
	uint32_t at = q->next_used * VIRTIO_DESC_BYTES;
	uint16_t id;

	if (!completion_ready(q))
		return false;
	dma_rmb();
	id = dma_read16(&q->memory, at + DESC_ID);
	if (id >= q->nr_slots || !q->slots[id].count) {
		q->bad_completions++;
		q->broken = true;
		return false;
	}
	*length = dma_read32(&q->memory, at + DESC_LENGTH);
	*tag = id;
	q->nr_free = (uint16_t)(q->nr_free + q->slots[id].count);
	slot_advance(q, &q->next_used, &q->used_wrap, q->slots[id].count);
	q->slots[id].count = 0;
	return true;
}

static void packed_quiet(struct virtio_queue *q)
{
	dma_write16(&q->memory, q->driver_area + EVENT_FLAGS, EVENT_DISABLE);
}

static bool packed_arm(struct virtio_queue *q)
{
	if (q->event_idx) {
		dma_write16(&q->memory, q->driver_area + EVENT_OFFSET, (uint16_t)(q->next_used | (q->used_wrap ? EVENT_WRAP : 0)));
		dma_wmb();
	}
	dma_write16(&q->memory, q->driver_area + EVENT_FLAGS, q->event_idx ? EVENT_AT : EVENT_ENABLE);
	dma_mb();	/* the wish before the look */
	return completion_ready(q);
}

const struct virtio_ring virtio_packed = {
	.name = "packed",
	.layout = packed_layout,
	.reset = packed_reset,
	.add = packed_add,
	.publish = packed_publish,
	.take = packed_take,
	.quiet = packed_quiet,
	.arm = packed_arm,
};
