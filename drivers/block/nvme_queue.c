// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe queues (NVM Express 1.4, section 4): commands in, completions out, doorbells in registers or in memory. Since never more commands
 * are in flight than a queue has entries, the controller's submission head is not needed, and is not believed. A completion is read in
 * one piece where it counts (id, phase, status) and dropped unless its id is that of a command in flight, sequence number included.
 * On the queue's strand; no locks.
 */
#include <driver/log.h>
#include <driver/time.h>
#include <lib/string.h>
#include "nvme.h"

#define CQE_RESULT	0
#define CQE_QUEUE	8	/* submission head, queue */
#define CQE_ID		12	/* id, phase, status */
#define CQE_PHASE	BIT(16)
#define TAG_MASK	(BIT(NVME_TAG_BITS) - 1)

struct completion {
	uint32_t result;
	uint16_t queue, id, status;
};

static uint32_t page_up(uint32_t bytes)
{
	return (bytes + NVME_PAGE - 1) & ~(NVME_PAGE - 1);
}

void nvme_queue_clear(struct nvme_queue *q)
{
	for (uint32_t i = 0; i < q->size; i++)
		dma_write32(&q->memory, q->cq_offset + i * NVME_CQE_BYTES + CQE_ID, 0);
	memset(q->in_flight, 0, sizeof(q->in_flight));
	q->tail = q->rung = q->head = 0;
	q->phase = true;
	q->more = false;
}

int nvme_queue_create(struct nvme *n, struct nvme_queue *q, uint16_t id, uint16_t size, bool lists)
{
	q->n = n;
	q->id = id;
	q->strand = id ? id - 1 : 0;
	q->size = size;
	q->failure = -EIO;
	q->cq_offset = page_up(size * NVME_SQE_BYTES);
	q->lists_offset = q->cq_offset + page_up(size * NVME_CQE_BYTES);
	q->phase = true;
	return dma_alloc(n->dev, q->lists_offset + (lists ? size * NVME_LIST_BYTES : 0), NVME_PAGE, &q->memory);
}

void nvme_queue_free(struct nvme_queue *q)
{
	if (q->memory.length)
		dma_free(&q->memory);
}

bool nvme_queue_busy(const struct nvme_queue *q, uint32_t tag)
{
	return q->in_flight[tag / 64] & BIT64(tag % 64);
}

uint16_t nvme_command_id(const struct nvme_queue *q, uint32_t tag)
{
	return (uint16_t)((uint32_t)q->sequence[tag] << NVME_TAG_BITS | tag);
}

int nvme_queue_add(struct nvme_queue *q, uint32_t tag, struct nvme_command *cmd)
{
	int err;

	if (tag >= q->size - 1u || nvme_queue_busy(q, tag))
		return -EINVAL;
	q->sequence[tag]++;
	cmd->dw[0] |= (uint32_t)nvme_command_id(q, tag) << 16;
	err = dma_copy_in(&q->memory, q->tail * NVME_SQE_BYTES, cmd->dw, NVME_SQE_BYTES);
	if (err)
		return err;
	q->in_flight[tag / 64] |= BIT64(tag % 64);
	q->tail = (uint16_t)((q->tail + 1u) % q->size);
	return 0;
}

/* Section 7.13: did the index that the controller asked to be told of pass between @old and @new? */
static bool event_passed(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* The register of an admin queue is always written. */
static void doorbell_write(struct nvme_queue *q, unsigned int which, uint16_t old, uint16_t value)
{
	struct nvme *n = q->n;
	uint32_t at = (2u * q->id + which) * n->stride;

	dma_wmb();
	if (n->shadow.length) {
		dma_write32(&n->shadow, at, value);
		dma_mb();
		if (q->id && n->shadow_on && !event_passed((uint16_t)dma_read32(&n->events, at), value, old))
			return;
	}
	mmio_write32(&n->doorbells, at, value);
}

void nvme_queue_ring(struct nvme_queue *q)
{
	if (q->tail == q->rung)
		return;
	doorbell_write(q, 0, q->rung, q->tail);
	q->rung = q->tail;
}

int nvme_errno(uint16_t status)
{
	switch (status & NVME_STATUS_MASK) {
	case 0:
		return 0;
	case NVME_SC_INVALID_OPCODE:
		return -EOPNOTSUPP;
	case NVME_SC_ABORTED:
		return -ETIMEDOUT;
	case NVME_SC_CAPACITY:
		return -ENOSPC;
	case NVME_SC_WRITE_PROTECTED:
	case NVME_SC_READ_ONLY:
		return -EROFS;
	}
	return -EIO;
}

static bool completion_take(struct nvme_queue *q, struct completion *c)
{
	uint32_t at = q->cq_offset + q->head * NVME_CQE_BYTES;
	uint32_t last = dma_read32(&q->memory, at + CQE_ID);

	if (!(last & CQE_PHASE) == q->phase)
		return false;
	dma_rmb();
	c->result = dma_read32(&q->memory, at + CQE_RESULT);
	c->queue = (uint16_t)(dma_read32(&q->memory, at + CQE_QUEUE) >> 16);
	c->id = (uint16_t)last;
	c->status = (uint16_t)(last >> 17) & NVME_STATUS_MASK;
	q->head = (uint16_t)((q->head + 1u) % q->size);
	if (!q->head)
		q->phase = !q->phase;
	return true;
}

static bool completion_good(const struct nvme_queue *q, const struct completion *c)
{
	uint32_t tag = c->id & TAG_MASK;

	return tag < q->size - 1u && nvme_queue_busy(q, tag) && nvme_command_id(q, tag) == c->id && c->queue == q->id;
}

static void completion_handle(struct nvme_queue *q, const struct completion *c)
{
	uint32_t tag = c->id & TAG_MASK;

	if (!completion_good(q, c)) {
		if (!q->bad_completions++)
			dev_warn(q->n->dev, "completion of no command dropped, queue=%u id=%u for=%u", q->id, c->id, c->queue);
		return;
	}
	q->in_flight[tag / 64] &= ~BIT64(tag % 64);
	if (!q->id) {
		nvme_admin_done(q->n, tag, c->status, c->result);
		return;
	}
	__atomic_store_n(&q->n->recoveries, 0, __ATOMIC_RELAXED);
	block_complete(q->n->dev, q->strand, tag, nvme_errno(c->status));
}

bool nvme_queue_drain(struct nvme_queue *q)
{
	uint16_t before = q->head;
	struct completion c;
	unsigned int nr = 0;

	while (nr < q->size - 1u && completion_take(q, &c)) {
		completion_handle(q, &c);
		nr++;
	}
	q->more = nr == q->size - 1u;
	if (nr && nvme_queue_live(q))
		doorbell_write(q, 1, before, q->head);
	if (q->more)
		timer_set(q->n->dev, q->strand, 0);
	return nr != 0;
}
