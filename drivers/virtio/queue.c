// SPDX-License-Identifier: GPL-2.0
/*
 * The split ring (virtio 1.2 section 2.7): descriptor table, available ring (ours), used ring (the device's). Which descriptors a
 * request holds is remembered in q->slots, never read back from memory that the device can write.
 */
#include "virtio.h"

#define DESC_NEXT		0x1
#define DESC_WRITE		0x2
#define DESC_INDIRECT		0x4

#define AVAIL_FLAGS		0	/* in the driver area */
#define AVAIL_INDEX		2
#define AVAIL_RING		4
#define AVAIL_NO_INTERRUPT	1

#define USED_FLAGS		0	/* in the device area */
#define USED_INDEX		2
#define USED_RING		4
#define USED_NO_NOTIFY		1

#define USED_ALIGN		4096u	/* what legacy devices assume */

static uint32_t split_layout(struct virtio_queue *q, uint16_t size)
{
	uint32_t n = size;
	uint32_t avail_end = VIRTIO_DESC_BYTES * n + 6 + 2 * n;

	q->driver_area = VIRTIO_DESC_BYTES * n;
	q->device_area = (avail_end + USED_ALIGN - 1) & ~(USED_ALIGN - 1);
	return q->device_area + 6 + 8 * n;
}

static void split_reset(struct virtio_queue *q)
{
	for (uint16_t i = 0; i < q->size; i++)
		q->slots[i] = (struct virtio_slot){ .next = (uint16_t)(i + 1) };
	q->free_head = 0;
	q->nr_free = q->size;
	q->next_avail = q->published = q->next_used = 0;
	if (!q->event_idx)
		dma_write16(&q->memory, q->driver_area + AVAIL_FLAGS, AVAIL_NO_INTERRUPT);
}

static void desc_write(const struct dma_buf *buf, uint32_t at, const struct dma_segment *seg, uint16_t flags, uint16_t next)
{
	dma_write64(buf, at, seg->address);
	dma_write32(buf, at + 8, seg->length);
	dma_write16(buf, at + 12, flags);
	dma_write16(buf, at + 14, next);
}

static void table_fill(struct virtio_queue *q, uint32_t table, const struct virtio_chain *chain, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		bool written;
		const struct dma_segment *seg = virtio_chain_part(chain, i, &written);
		uint16_t flags = (uint16_t)((written ? DESC_WRITE : 0) | (i + 1 < nr ? DESC_NEXT : 0));

		desc_write(q->tables, table + i * VIRTIO_DESC_BYTES, seg, flags, (uint16_t)(i + 1 < nr ? i + 1 : 0));
	}
}

static uint16_t split_add_indirect(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain, unsigned int nr)
{
	uint32_t table = q->tables_offset + tag * q->table_bytes;
	struct dma_segment seg = { .address = q->tables->address + table, .length = nr * VIRTIO_DESC_BYTES };
	uint16_t head = q->free_head;

	table_fill(q, table, chain, nr);
	desc_write(&q->memory, head * VIRTIO_DESC_BYTES, &seg, DESC_INDIRECT, 0);
	q->free_head = q->slots[head].next;
	q->slots[head].count = 1;
	return head;
}

static uint16_t split_add_direct(struct virtio_queue *q, const struct virtio_chain *chain, unsigned int nr)
{
	uint16_t head = q->free_head, at = head;

	for (unsigned int i = 0; i < nr; i++) {
		bool written;
		const struct dma_segment *seg = virtio_chain_part(chain, i, &written);
		uint16_t next = q->slots[at].next;
		uint16_t flags = (uint16_t)((written ? DESC_WRITE : 0) | (i + 1 < nr ? DESC_NEXT : 0));

		desc_write(&q->memory, at * VIRTIO_DESC_BYTES, seg, flags, i + 1 < nr ? next : 0);
		at = next;
	}
	q->free_head = at;
	q->slots[head].count = (uint16_t)nr;
	return head;
}

static int split_add(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain)
{
	unsigned int nr = virtio_chain_length(chain);
	unsigned int need = q->tables ? 1 : nr;
	uint16_t head;

	if (need > q->nr_free)
		return -EBUSY;
	head = q->tables ? split_add_indirect(q, tag, chain, nr) : split_add_direct(q, chain, nr);
	q->slots[head].tag = (uint16_t)tag;
	q->nr_free = (uint16_t)(q->nr_free - need);
	dma_write16(&q->memory, q->driver_area + AVAIL_RING + 2u * (q->next_avail & (q->size - 1u)), head);
	q->next_avail++;
	return 0;
}

static bool split_publish(struct virtio_queue *q)
{
	uint16_t old = q->published, new = q->next_avail;

	if (old == new)
		return false;
	dma_wmb();
	dma_write16(&q->memory, q->driver_area + AVAIL_INDEX, new);
	q->published = new;
	dma_mb();	/* the index before the device's wish */
	if (q->event_idx)
		return virtio_event_passed(dma_read16(&q->memory, q->device_area + USED_RING + 8u * q->size), new, old);
	return !(dma_read16(&q->memory, q->device_area + USED_FLAGS) & USED_NO_NOTIFY);
}

/* Give the descriptors of the request at @head back. */
static void chain_free(struct virtio_queue *q, uint16_t head)
{
	uint16_t last = head;

	for (uint16_t i = 1; i < q->slots[head].count; i++)
		last = q->slots[last].next;
	q->slots[last].next = q->free_head;
	q->free_head = head;
	q->nr_free = (uint16_t)(q->nr_free + q->slots[head].count);
	q->slots[head].count = 0;
}

static bool split_take(struct virtio_queue *q, unsigned int *tag, uint32_t *length)
{
	uint16_t used = dma_read16(&q->memory, q->device_area + USED_INDEX);

	if ((uint16_t)(used - q->next_used) > q->size) {
		q->broken = true;
		return false;
	}
	dma_rmb();
	while (q->next_used != used) {
		uint32_t entry = q->device_area + USED_RING + 8u * (q->next_used & (q->size - 1u));
		uint32_t id = dma_read32(&q->memory, entry);

		q->next_used++;
		if (id >= q->size || !q->slots[id].count) {
			q->bad_completions++;
			continue;
		}
		*length = dma_read32(&q->memory, entry + 4);
		*tag = q->slots[id].tag;
		chain_free(q, (uint16_t)id);
		return true;
	}
	return false;
}

static void split_quiet(struct virtio_queue *q)
{
	if (!q->event_idx)	/* with it, an event index left behind is quiet enough */
		dma_write16(&q->memory, q->driver_area + AVAIL_FLAGS, AVAIL_NO_INTERRUPT);
}

static bool split_arm(struct virtio_queue *q)
{
	if (q->event_idx)
		dma_write16(&q->memory, q->driver_area + AVAIL_RING + 2u * q->size, q->next_used);
	else
		dma_write16(&q->memory, q->driver_area + AVAIL_FLAGS, 0);
	dma_mb();	/* the wish before the look: no completion falls between */
	return dma_read16(&q->memory, q->device_area + USED_INDEX) != q->next_used;
}

const struct virtio_ring virtio_split = {
	.name = "split",
	.layout = split_layout,
	.reset = split_reset,
	.add = split_add,
	.publish = split_publish,
	.take = split_take,
	.quiet = split_quiet,
	.arm = split_arm,
};
