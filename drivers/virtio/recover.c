// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery of a device that hangs or lies. A reset stops all queues, but each queue is its own strand's; so the strand that noticed
 * writes the reset and waits for its confirmation, then each strand in turn empties its own ring and fails its requests (parking), and
 * the last one starts the device again. Nothing sleeps: waiting is done by the strands' timers. No memory is touched by the device
 * once it confirmed the reset, and no request is failed before. A device that does not confirm, or needs this again and again, is
 * given up by device_fault().
 */
#include <driver/log.h>
#include <driver/time.h>
#include "virtio.h"

#define RESET_TIMEOUT_US	500000
#define TICK_US			4000
#define RECOVERIES_MAX		8	/* without a good completion between */

static int device_restart(struct virtio_device *vd)
{
	const struct virtio_transport *t = vd->transport;
	uint8_t hello = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	int err;

	t->set_status(vd, hello);
	t->accept(vd, vd->features);
	if (t != &virtio_legacy) {
		hello |= VIRTIO_STATUS_FEATURES_OK;
		t->set_status(vd, hello);
		if (t->status(vd) != hello)
			return -ENXIO;
	}
	err = virtio_queues_enable(vd);
	return err ? err : virtio_start(vd);
}

static void requests_fail(struct virtio_queue *q)
{
	uint64_t lost[VIRTIO_TAGS_MAX / 64];
	int status = q->failure;

	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		lost[i] = q->in_flight[i];
		q->in_flight[i] = 0;
	}
	q->failure = -EIO;
	for (unsigned int tag = 0; tag < VIRTIO_TAGS_MAX; tag++) {
		if (lost[tag / 64] & BIT64(tag % 64))
			q->vd->done(q, tag, status, 0);
	}
}

/* All queues rest: only this strand touches the device. False: it was given up, and the core has failed its requests. */
static bool device_revive(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;

	if (device_restart(vd)) {
		device_fault(vd->dev, "virtio device does not start again", q->index);
		return false;
	}
	__atomic_store_n(&vd->nr_parked, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&vd->state, VIRTIO_RUNNING, __ATOMIC_RELEASE);
	__atomic_add_fetch(&vd->revivals, 1, __ATOMIC_RELEASE);	/* last: who unparks now does not find PARKING again */
	dev_warn(vd->dev, "device was reset, queue=%u", q->index);
	return true;
}

/*
 * The device was started again since @q was parked. By now another recovery may have begun, and that one needs @q parked anew; so what
 * ends the parking is the revival, not the state.
 */
static void queue_unpark(struct virtio_queue *q)
{
	if (!q->parked || q->parked_at == __atomic_load_n(&q->vd->revivals, __ATOMIC_ACQUIRE))
		return;
	q->parked = false;
	if (virtio_state(q->vd) != VIRTIO_RUNNING)
		return;
	if (q->ring->publish(q))
		q->vd->transport->notify(q);
	if (q->ring->arm(q))
		timer_set(q->vd->dev, q->strand, 0);
}

static void queue_park(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;

	q->parked = true;
	q->parked_at = __atomic_load_n(&vd->revivals, __ATOMIC_ACQUIRE);
	q->broken = false;
	for (uint32_t at = 0; at < q->memory.length; at += 8)	/* it was allocated so */
		dma_write64(&q->memory, at, 0);
	q->ring->reset(q);
	if (__atomic_add_fetch(&vd->nr_parked, 1, __ATOMIC_ACQ_REL) == vd->nr_queues && !device_revive(q))
		return;
	requests_fail(q);	/* new ones may come from inside; they wait in the empty ring */
	queue_unpark(q);
}

static void reset_wait(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;

	if (!q->resetting)
		return;
	if (vd->transport->status(vd) == 0) {
		q->resetting = false;
		__atomic_store_n(&vd->state, VIRTIO_PARKING, __ATOMIC_RELEASE);
	} else if (time_now_us() > q->deadline_us) {
		device_fault(vd->dev, "virtio device does not reset", vd->transport->status(vd));
	}
}

void virtio_recover_tick(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;

	queue_unpark(q);
	if (virtio_state(vd) == VIRTIO_RESETTING)
		reset_wait(q);
	if (virtio_state(vd) == VIRTIO_PARKING && !q->parked)
		queue_park(q);
	if (virtio_state(vd) != VIRTIO_RUNNING || q->parked)
		timer_set(vd->dev, q->strand, TICK_US);
}

void virtio_recover(struct virtio_queue *q, int status)
{
	struct virtio_device *vd = q->vd;
	uint32_t running = VIRTIO_RUNNING;

	if (__atomic_compare_exchange_n(&vd->state, &running, VIRTIO_RESETTING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (__atomic_add_fetch(&vd->recoveries, 1, __ATOMIC_RELAXED) > RECOVERIES_MAX) {
			device_fault(vd->dev, "virtio device breaks its rings again and again", q->bad_completions);
			return;
		}
		q->resetting = true;
		q->deadline_us = time_now_us() + RESET_TIMEOUT_US;
		vd->transport->set_status(vd, 0);
	}
	q->failure = status;
	virtio_recover_tick(q);
}
