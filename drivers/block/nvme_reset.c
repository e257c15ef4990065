// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an NVMe controller (NVM Express 1.4, sections 3.1, 7.3, 7.6): start, shutdown, and recovery. A reset stops all queues, but
 * each queue is its own strand's. So strand 0 stops the controller and waits; then each strand takes what was completed, forgets its
 * queue and fails its requests (parking); then strand 0 starts the controller and creates the queues again. Nothing sleeps: strands
 * wait by their timers, which otherwise look once a second whether the controller is well. No request is failed before the
 * controller confirmed that it stopped, so no DMA comes after. One that does not, or has to be reset again and again, is given up.
 */
#include <driver/log.h>
#include <driver/time.h>
#include "nvme.h"

#define CC_ENABLE	BIT(0)
#define CC_SHUTDOWN	BIT(14)
#define CC_SHUTDOWN_ANY	(3u << 14)
#define CC_SIZES	(6u << 16 | 4u << 20)	/* entries of 64 and 16 bytes; pages of 4096, NVM commands */
#define CSTS_SHUTDOWN	(3u << 2)
#define CSTS_SHUT	(2u << 2)

#define TICK_US		4000
#define WATCH_US	1000000
#define ABORT_US	1000000
#define ABORT_LOOK_US	10000
#define RECOVERIES_MAX	8		/* without a good completion between */

static uint32_t csts(struct nvme *n)
{
	return mmio_read32(&n->regs, NVME_CSTS);
}

/* ---- Waited for: probe and remove ---- */

static bool is_stopped(void *arg)
{
	uint32_t now = csts(arg);

	return now == NVME_GONE || !(now & NVME_CSTS_RDY);
}

static bool is_ready(void *arg)
{
	return csts(arg) & (NVME_CSTS_RDY | NVME_CSTS_CFS);
}

static bool is_shut(void *arg)
{
	uint32_t now = csts(arg);

	return now == NVME_GONE || (now & CSTS_SHUTDOWN) == CSTS_SHUT;
}

int nvme_controller_stop(struct nvme *n, bool shutdown)
{
	uint32_t cc = mmio_read32(&n->regs, NVME_CC);
	int err;

	if (cc == NVME_GONE)
		return -ENODEV;
	if (shutdown && cc & CC_ENABLE && csts(n) & NVME_CSTS_RDY) {
		mmio_write32(&n->regs, NVME_CC, (cc & ~CC_SHUTDOWN_ANY) | CC_SHUTDOWN);
		if (time_poll(n->dev, is_shut, n, n->shutdown_us))
			dev_warn(n->dev, "the controller does not shut down, csts=0x%x", csts(n));
	}
	mmio_write32(&n->regs, NVME_CC, cc & ~(CC_ENABLE | CC_SHUTDOWN_ANY));
	err = time_poll(n->dev, is_stopped, n, n->ready_us);
	if (!err && csts(n) == NVME_GONE)
		err = -ENODEV;
	if (err)
		dev_err(n->dev, "the controller does not stop, csts=0x%x", csts(n));
	return err;
}

static void address_write(struct nvme *n, uint32_t reg, uint64_t address)
{
	mmio_write32(&n->regs, reg, (uint32_t)address);
	mmio_write32(&n->regs, reg + 4, (uint32_t)(address >> 32));
}

/* An empty admin queue, and off. */
static void controller_enable(struct nvme *n)
{
	struct nvme_queue *admin = &n->queues[0];

	nvme_queue_clear(admin);
	n->event_out = n->events_end = n->abort_out = false;
	n->job = NVME_JOB_NONE;
	mmio_write32(&n->regs, NVME_AQA, (admin->size - 1u) << 16 | (admin->size - 1u));
	address_write(n, NVME_ASQ, admin->memory.address);
	address_write(n, NVME_ACQ, admin->memory.address + admin->cq_offset);
	dma_wmb();
	n->started = true;
	mmio_write32(&n->regs, NVME_CC, CC_SIZES | CC_ENABLE);
}

int nvme_controller_start(struct nvme *n)
{
	uint32_t now;
	int err;

	controller_enable(n);
	err = time_poll(n->dev, is_ready, n, n->ready_us);
	now = csts(n);
	if (!err && (now == NVME_GONE || now & NVME_CSTS_CFS))
		err = -EIO;
	if (err)
		dev_err(n->dev, "the controller does not start, csts=0x%x", now);
	return err;
}

/* ---- Recovery: what strand 0 does ---- */

static void state_set(struct nvme *n, enum nvme_state state)
{
	__atomic_store_n(&n->state, state, __ATOMIC_RELEASE);
}

static void shadow_clear(struct nvme *n)
{
	uint32_t end = n->shadow.length ? 2 * (n->nr_queues + 1) * n->stride : 0;

	for (uint32_t at = 0; at < end; at += n->stride) {
		dma_write32(&n->shadow, at, 0);
		dma_write32(&n->events, at, 0);
	}
	n->shadow_on = false;
}

static void stopping_tick(struct nvme *n)
{
	uint32_t now;

	if (!n->stopping) {
		n->stopping = true;
		n->ready = false;
		n->stop_deadline_us = time_now_us() + n->ready_us;
		mmio_write32(&n->regs, NVME_CC, CC_SIZES);
	}
	now = csts(n);
	if (now == NVME_GONE) {
		device_fault(n->dev, "nvme controller is gone, csts", now);
	} else if (!(now & NVME_CSTS_RDY)) {
		n->stopping = false;
		state_set(n, NVME_PARKING);
	} else if (time_now_us() > n->stop_deadline_us) {
		device_fault(n->dev, "nvme controller does not stop, csts", now);
	}
}

static void parking_tick(struct nvme *n)
{
	if (__atomic_load_n(&n->nr_parked, __ATOMIC_ACQUIRE) < n->nr_queues)
		return;
	shadow_clear(n);
	controller_enable(n);
	n->stop_deadline_us = time_now_us() + n->ready_us;
	state_set(n, NVME_STARTING);
}

static void starting_tick(struct nvme *n)
{
	uint32_t now = csts(n);

	if (now == NVME_GONE || now & NVME_CSTS_CFS) {
		device_fault(n->dev, "nvme controller does not start again, csts", now);
	} else if (n->ready) {
		if (time_now_us() > n->job_deadline_us)
			device_fault(n->dev, "nvme controller does not start again, step", n->job_step);
	} else if (now & NVME_CSTS_RDY) {
		n->ready = true;
		nvme_job_begin(n, NVME_JOB_START);
	} else if (time_now_us() > n->stop_deadline_us) {
		device_fault(n->dev, "nvme controller does not start again, csts", now);
	}
}

void nvme_revived(struct nvme *n)
{
	__atomic_store_n(&n->nr_parked, 0, __ATOMIC_RELAXED);
	state_set(n, NVME_RUNNING);
	__atomic_add_fetch(&n->revivals, 1, __ATOMIC_RELEASE);	/* last: who unparks now does not find PARKING again */
	n->scan_wanted = n->has_notices;	/* a notice may have been lost */
	dev_warn(n->dev, "controller was reset, state=running queues=%u", n->nr_queues);
}

static void running_tick(struct nvme *n)
{
	uint32_t now = csts(n);

	if (now == NVME_GONE) {
		device_fault(n->dev, "nvme controller is gone, csts", now);
	} else if (now & NVME_CSTS_CFS || !(now & NVME_CSTS_RDY)) {
		dev_warn(n->dev, "controller failed, csts=0x%x", now);
		nvme_recover(&n->queues[1], -EIO);
	} else {
		nvme_admin_tick(n);
	}
}

static void controller_tick(struct nvme *n)
{
	if (nvme_state(n) == NVME_RUNNING)
		running_tick(n);
	if (nvme_state(n) == NVME_STOPPING)
		stopping_tick(n);
	if (nvme_state(n) == NVME_PARKING)
		parking_tick(n);
	if (nvme_state(n) == NVME_STARTING)
		starting_tick(n);
}

/* ---- Recovery: what every strand does ---- */

/*
 * The controller was started again since @q was parked. By now another recovery may have begun, and that one needs @q parked anew; so
 * what ends the parking is the revival, not the state.
 */
static void queue_unpark(struct nvme_queue *q)
{
	if (!q->parked || q->parked_at == __atomic_load_n(&q->n->revivals, __ATOMIC_ACQUIRE))
		return;
	q->parked = false;
	if (nvme_state(q->n) == NVME_RUNNING)
		nvme_queue_ring(q);
}

/* Requests that come from inside, and later ones, wait in the empty queue. */
static void queue_park(struct nvme_queue *q)
{
	uint64_t lost[ARRAY_SIZE(q->in_flight)];
	struct nvme *n = q->n;
	int status = q->failure;

	q->parked = true;
	q->parked_at = __atomic_load_n(&n->revivals, __ATOMIC_ACQUIRE);
	nvme_queue_drain(q);
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		lost[i] = q->in_flight[i];
	nvme_queue_clear(q);
	q->failure = -EIO;
	q->aborting = false;
	__atomic_store_n(&q->abort_wish, 0, __ATOMIC_RELAXED);
	for (uint32_t tag = 0; tag < NVME_ENTRIES; tag++) {
		if (lost[tag / 64] & BIT64(tag % 64))
			block_complete(n->dev, q->strand, tag, status);
	}
	if (!q->strand)
		nvme_info_end(n, status);
	__atomic_add_fetch(&n->nr_parked, 1, __ATOMIC_ACQ_REL);
}

static void abort_tick(struct nvme_queue *q)
{
	uint32_t tag = q->abort_id & (BIT(NVME_TAG_BITS) - 1);

	if (!q->aborting)
		return;
	if (!nvme_queue_busy(q, tag) || nvme_command_id(q, tag) != q->abort_id)
		q->aborting = false;
	else if (time_now_us() > q->abort_deadline_us)
		nvme_recover(q, -ETIMEDOUT);
}

static uint64_t next_tick(const struct nvme_queue *q)
{
	if (!nvme_queue_live(q))
		return TICK_US;
	if (q->more || (!q->strand && q->n->queues[0].more))
		return 0;
	return q->aborting ? ABORT_LOOK_US : WATCH_US;
}

void nvme_tick(struct nvme *n, unsigned int strand)
{
	struct nvme_queue *q = &n->queues[1 + strand];

	queue_unpark(q);
	if (!strand && nvme_queue_live(&n->queues[0])) {
		nvme_queue_drain(&n->queues[0]);
		nvme_job_next(n);
	}
	if (nvme_queue_live(q)) {
		nvme_queue_drain(q);
		abort_tick(q);
	}
	if (!strand)
		controller_tick(n);
	if (nvme_state(n) == NVME_PARKING && !q->parked)
		queue_park(q);
	timer_set(n->dev, strand, next_tick(q));
}

void nvme_recover(struct nvme_queue *q, int status)
{
	struct nvme *n = q->n;
	uint32_t running = NVME_RUNNING;

	q->failure = status;
	if (!__atomic_compare_exchange_n(&n->state, &running, NVME_STOPPING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	if (__atomic_add_fetch(&n->recoveries, 1, __ATOMIC_RELAXED) > RECOVERIES_MAX)
		device_fault(n->dev, "nvme controller fails again and again", q->bad_completions);
}

/*
 * The first overdue command is aborted; a second one beside it, or one that outlives its abort by a second, means that the controller
 * hangs.
 */
void nvme_overdue(struct nvme_queue *q, uint32_t tag)
{
	struct nvme *n = q->n;

	if (!q->strand && n->info_out && tag == n->info_tag && nvme_queue_live(q)) {
		nvme_recover(q, -ETIMEDOUT);
		nvme_tick(n, q->strand);
	}
	if (!nvme_queue_busy(q, tag) || !nvme_queue_live(q))
		return;
	nvme_queue_drain(q);
	if (!nvme_queue_busy(q, tag)) {
		dev_warn(n->dev, "an interrupt was lost, queue=%u", q->id);
		return;
	}
	if (q->aborting) {
		nvme_recover(q, -ETIMEDOUT);
	} else {
		q->aborting = true;
		q->abort_id = nvme_command_id(q, tag);
		q->abort_deadline_us = time_now_us() + ABORT_US;
		__atomic_store_n(&q->abort_wish, NVME_ABORT_WISH | q->abort_id, __ATOMIC_RELEASE);
	}
	nvme_tick(n, q->strand);
}
