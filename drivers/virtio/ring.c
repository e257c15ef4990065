// SPDX-License-Identifier: GPL-2.0
/*
 * What split and packed rings share: their creation from sizes that the device names, and the checks around each request. A queue is
 * used on its own strand only.
 */
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/profile.h>
#include <driver/time.h>
#include "virtio.h"

#define DRAIN_ROUNDS	4
#define WATCH_US	1000000

static int queue_size(struct virtio_device *vd, const struct virtio_queue *q, uint16_t *size)
{
	uint16_t max = vd->transport->queue_max(vd, q->index);
	bool power = max && !(max & (max - 1));

	if (!max || max > VIRTIO_RING_MAX || (!power && q->ring == &virtio_split)) {
		dev_err(vd->dev, "queue %u has an impossible size=%u", q->index, max);
		return -ENXIO;
	}
	*size = max;
	if (vd->transport != &virtio_legacy && max > VIRTIO_RING_WISH)
		*size = VIRTIO_RING_WISH;
	return 0;
}

static int queue_create(struct virtio_device *vd, struct virtio_queue *q, unsigned int index)
{
	uint32_t bytes;
	int err;

	q->vd = vd;
	q->index = (uint16_t)index;
	q->strand = (uint16_t)(vd->nr_vectors > 1 ? index : 0);
	q->ring = virtio_has(vd, VIRTIO_F_RING_PACKED) ? &virtio_packed : &virtio_split;
	q->event_idx = virtio_has(vd, VIRTIO_F_EVENT_IDX);
	q->vector = !vd->msix ? VIRTIO_NO_VECTOR : (uint16_t)(vd->nr_vectors > 1 ? 1 + index : 0);
	q->failure = -EIO;
	err = queue_size(vd, q, &q->size);
	if (err)
		return err;
	q->nr_slots = q->size > VIRTIO_TAGS_MAX ? q->size : VIRTIO_TAGS_MAX;
	q->slots = mem_alloc(vd->dev, q->nr_slots, sizeof(q->slots[0]));
	if (!q->slots)
		return -ENOMEM;
	bytes = q->ring->layout(q, q->size);
	err = dma_alloc(vd->dev, (bytes + 7) & ~7u, 4096, &q->memory);
	if (err)
		goto free_slots;
	q->ring->reset(q);
	return 0;
free_slots:
	mem_free(vd->dev, q->slots);
	return err;
}

static void queue_free(struct virtio_queue *q)
{
	dma_free(&q->memory);
	mem_free(q->vd->dev, q->slots);
}

/*
 * A strand for each queue, and vector 1 + n on strand n; vector 0 (configuration, or everything) stays on strand 0. With one vector for
 * all there is one strand.
 */
static int strands_create(struct virtio_device *vd, unsigned int nr)
{
	int err = device_strands(vd->dev, vd->nr_vectors > 1 ? nr : 1);

	for (unsigned int i = 0; !err && vd->nr_vectors > 1 && i < nr; i++)
		err = irq_route(vd->dev, i + 1, i);
	return err;
}

int virtio_queues_create(struct virtio_device *vd, unsigned int nr)
{
	int err = strands_create(vd, nr);

	if (err)
		return err;
	vd->queues = mem_alloc(vd->dev, nr, sizeof(vd->queues[0]));
	if (!vd->queues)
		return -ENOMEM;
	for (vd->nr_queues = 0; vd->nr_queues < nr; vd->nr_queues++) {
		err = queue_create(vd, &vd->queues[vd->nr_queues], vd->nr_queues);
		if (err) {
			virtio_queues_free(vd);
			return err;
		}
	}
	return 0;
}

void virtio_queues_free(struct virtio_device *vd)
{
	while (vd->nr_queues) {
		vd->nr_queues--;
		timer_cancel(vd->dev, vd->queues[vd->nr_queues].strand);
		queue_free(&vd->queues[vd->nr_queues]);
	}
	mem_free(vd->dev, vd->queues);
	vd->queues = NULL;
}

int virtio_queues_enable(struct virtio_device *vd)
{
	int err = vd->msix ? vd->transport->config_vector(vd, 0) : 0;

	for (unsigned int i = 0; !err && i < vd->nr_queues; i++)
		err = vd->transport->queue_enable(&vd->queues[i]);
	return err;
}

bool virtio_queue_busy(const struct virtio_queue *q, unsigned int tag)
{
	return q->in_flight[tag / 64] & BIT64(tag % 64);
}

int virtio_queue_add(struct virtio_queue *q, unsigned int tag, const struct virtio_chain *chain)
{
	unsigned int room = q->tables ? q->table_bytes / VIRTIO_DESC_BYTES : q->size;
	int err;

	if (tag >= VIRTIO_TAGS_MAX || virtio_queue_busy(q, tag) || virtio_chain_length(chain) > room)
		return -EINVAL;
	err = q->ring->add(q, tag, chain);
	if (!err)
		q->in_flight[tag / 64] |= BIT64(tag % 64);
	return err;
}

bool virtio_queue_take(struct virtio_queue *q, unsigned int *tag, uint32_t *length)
{
	if (q->broken || virtio_state(q->vd) != VIRTIO_RUNNING || !q->ring->take(q, tag, length))
		return false;
	q->in_flight[*tag / 64] &= ~BIT64(*tag % 64);
	__atomic_store_n(&q->vd->recoveries, 0, __ATOMIC_RELAXED);
	return true;
}

void virtio_queue_kick(struct virtio_queue *q)
{
	if (virtio_state(q->vd) != VIRTIO_RUNNING)
		virtio_recover_tick(q);
	else if (q->ring->publish(q))
		q->vd->transport->notify(q);
}

struct wait {
	struct virtio_queue *q;
	uint32_t length;
};

static bool wait_done(void *arg)
{
	struct wait *wait = arg;
	unsigned int tag;

	return virtio_queue_take(wait->q, &tag, &wait->length);
}

int virtio_queue_wait(struct virtio_queue *q, uint32_t timeout_us, uint32_t *length)
{
	struct wait wait = { .q = q };
	int err = time_poll(q->vd->dev, wait_done, &wait, timeout_us);

	*length = wait.length;
	return err;
}

/* What is there already has no interrupt of its own. One look too many, at a queue that shares a strand, does no harm. */
void virtio_queues_arm(struct virtio_device *vd)
{
	bool any = false;

	for (unsigned int i = 0; i < vd->nr_queues; i++) {
		vd->queues[i].armed = true;
		any |= vd->queues[i].ring->arm(&vd->queues[i]);
		if (any || vd->nr_queues > 1)
			timer_set(vd->dev, vd->queues[i].strand, any ? 0 : WATCH_US);
	}
}

/* Interrupts are armed before the last look, so a completion between the two is seen; a fast device does not keep the strand. */
void virtio_queue_drain(struct virtio_queue *q)
{
	unsigned int budget = q->size, tag;
	uint32_t length;
	bool more = q->armed && virtio_state(q->vd) == VIRTIO_RUNNING;
	PROFILE_SCOPE("virtqueue_drain");

	for (unsigned int round = 0; more && round < DRAIN_ROUNDS && virtio_state(q->vd) == VIRTIO_RUNNING; round++) {
		q->ring->quiet(q);
		for (; budget && virtio_queue_take(q, &tag, &length); budget--)
			q->vd->done(q, tag, 0, length);
		more = q->ring->arm(q) && !q->broken;
	}
	if (q->broken)
		virtio_recover(q, -EIO);
	else if (more)
		timer_set(q->vd->dev, q->strand, 0);
}

/* With several queues a timer runs every second, because a recovery that another queue began needs this one too, even when idle. */
void virtio_queue_timer(struct virtio_queue *q)
{
	if (q->vd->nr_queues > 1)
		timer_set(q->vd->dev, q->strand, WATCH_US);
	virtio_queue_drain(q);
	virtio_recover_tick(q);
}

/* What a queue asks of the timer is asked after the watch was set, and nothing that asks for less time comes after it. */
void virtio_strand_timer(struct virtio_device *vd, unsigned int strand)
{
	timer_set(vd->dev, strand, WATCH_US);
	for (unsigned int i = 0; i < vd->nr_queues; i++)
		if (vd->queues[i].strand == strand)
			virtio_recover_tick(&vd->queues[i]);
	for (unsigned int i = 0; i < vd->nr_queues; i++)
		if (vd->queues[i].strand == strand)
			virtio_queue_drain(&vd->queues[i]);
}

void virtio_queue_timeout(struct virtio_queue *q, unsigned int tag)
{
	virtio_queue_drain(q);
	if (!virtio_queue_busy(q, tag)) {
		dev_warn(q->vd->dev, "an interrupt was lost, queue=%u tag=%u", q->index, tag);
		return;
	}
	dev_err(q->vd->dev, "no answer, queue=%u tag=%u: resetting the device", q->index, tag);
	virtio_recover(q, -ETIMEDOUT);
}
