// SPDX-License-Identifier: GPL-2.0
/* The bytes of a request, for drivers that need them: copied between the driver and the io's pages. On the queue's strand. */
#include "core.h"

static const struct block_vec *vec_next(const struct block_io **io, unsigned int *vec)
{
	const struct block_vec *v = &(*io)->vec[(*vec)++];

	if (*vec < (*io)->nr_vec)
		return v;
	*io = (*io)->joined;
	*vec = 0;
	return v;
}

/* The kernel reaches every page through the direct map. */
void block_slot_copy(const struct block_slot *slot, uint32_t offset, uint8_t *buffer, uint32_t length, bool out)
{
	const struct block_io *io = slot->io;
	unsigned int vec = slot->vec;
	uint64_t skip = (uint64_t)slot->vec_offset + offset;

	while (skip >= io->vec[vec].length)
		skip -= vec_next(&io, &vec)->length;
	while (length) {
		const struct block_vec *v = vec_next(&io, &vec);
		uint32_t n = MIN(length, v->length - (uint32_t)skip);
		uint8_t *data = (uint8_t *)page_addr(v->page) + v->offset + skip;

		memcpy(out ? buffer : data, out ? data : buffer, n);
		buffer += n;
		length -= n;
		skip = 0;
	}
}

static bool op_goes(uint8_t op, bool out)
{
	return out ? op == BLOCK_WRITE : op == BLOCK_READ || op == BLOCK_INFO;
}

static int data_copy(struct device *dev, const struct block_request *rq, uint32_t offset, void *buffer, uint32_t length, bool out)
{
	struct block_queue *q = NULL;
	struct block_slot *slot = block_slot_in_flight(dev, rq->queue, rq->tag, &q);

	if (!slot) {
		device_fault(dev, "data of a request that is not in flight, tag", rq->tag);
		return -ERANGE;
	}
	if (offset > slot->bytes || slot->bytes - offset < length || !op_goes(slot->rq.op, out))
		return -ERANGE;
	if (length)
		block_slot_copy(slot, offset, buffer, length, out);
	__atomic_fetch_add(&dev->counters.copied_bytes, length, __ATOMIC_RELAXED);
	return 0;
}

int block_data_get(struct device *dev, const struct block_request *rq, uint32_t offset, void *to, uint32_t length)
{
	return data_copy(dev, rq, offset, to, length, true);
}

int block_data_put(struct device *dev, const struct block_request *rq, uint32_t offset, const void *from, uint32_t length)
{
	return data_copy(dev, rq, offset, (void *)(uintptr_t)from, length, false);
}
