// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a device cannot reach because its addresses are narrow: the core gives the device memory below 4 GiB instead and copies, on
 * the way out for a write and at the end of a read. A segment is replaced by one of the same length and place in its page, so that limits
 * on segments hold as they did. With no such memory left the request waits for it, as it would for a busy driver.
 */
#include "core.h"

#define SEGMENT_BYTES	(64u << 10)	/* contiguous memory of more is hard to find */
#define EASY_BITS	64u

_Static_assert(BLOCK_SEGMENTS_USED <= 64, "slot->bounced has a bit for each segment");

void block_bounce_limits(const struct device *dev, struct block_limits *l)
{
	if (dev->dma_bits < EASY_BITS && (!l->max_segment_bytes || l->max_segment_bytes > SEGMENT_BYTES))
		l->max_segment_bytes = SEGMENT_BYTES;
}

static unsigned int order_for(uint32_t bytes)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

int block_bounce_segment(struct block_queue *q, struct block_slot *slot, unsigned int i, uint32_t offset)
{
	bool write = slot->rq.op == BLOCK_WRITE;
	struct dma_segment *s = &slot->segments[i];
	uint32_t skip = (uint32_t)(s->address & ~PAGE_MASK);
	/* A device that reads less than it says shows nobody else's bytes. */
	struct page *page = frame_alloc(order_for(skip + s->length), FRAME_DMA32 | (write ? 0 : FRAME_ZERO), PAGE_DMA);
	int err;

	if (!page)
		return -EAGAIN;
	if (write)
		block_slot_copy(slot, offset, (uint8_t *)page_addr(page) + skip, s->length, true);
	err = dma_map_frames(q->dev, page_paddr(page) + skip, s->length, &s->address);
	if (err) {
		page_put(page);
		return err;
	}
	slot->bounced |= 1ull << i;
	__atomic_fetch_add(&q->dev->counters.copied_bytes, s->length, __ATOMIC_RELAXED);
	return 0;
}

void block_bounce_end(struct block_slot *slot, bool arrived)
{
	uint32_t offset = 0;

	for (unsigned int i = 0; i < slot->rq.nr_segments; i++) {
		const struct dma_segment *s = &slot->segments[i];

		if (slot->bounced & 1ull << i) {
			if (arrived && slot->rq.op != BLOCK_WRITE)
				block_slot_copy(slot, offset, phys_to_virt(s->address), s->length, false);
			page_put(page_of(s->address));
		}
		offset += s->length;
	}
	slot->bounced = 0;
}
