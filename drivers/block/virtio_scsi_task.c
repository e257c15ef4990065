// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of a virtio SCSI host that hang: task management (virtio 1.2 section 5.6.6.2). The queue of the command decides, and strand 0,
 * whose the control queue is, sends: ABORT TASK, and when that is refused, not answered, or the command does not come back within a few
 * seconds, LOGICAL UNIT RESET; then the whole host is reset. A second command of the same unit that hangs meanwhile goes straight to the
 * reset of the unit, one of another unit to that of the host. A task is never believed: only a command that came back is over.
 */
#include <driver/log.h>
#include <driver/time.h>
#include "virtio_scsi.h"

#define STEP_US			4000000u	/* all of it is less than what the core waits (10 s) before it gives the device up */

#define KIND_ABORT		0
#define KIND_RESET_UNIT		5
#define ANSWER_COMPLETE		0
#define ANSWER_SUCCEEDED	10
#define ANSWER_NONE		0xff	/* ours: the device wrote nothing */

static const char *const task_names[TASK_KINDS] = { [TASK_ABORT] = "abort", [TASK_RESET_UNIT] = "reset of the unit" };

/* ---- Strand 0 ---- */

/* A task that was never answered keeps its tag and its memory: the next one of that kind is refused, which is the next step's turn. */
static int task_send(struct virtio_scsi *vs, unsigned int queue, enum scsi_task task)
{
	struct virtio_queue *control = &vs->vd.queues[QUEUE_CONTROL];
	const struct scsi_queue *q = &vs->queues[queue];
	unsigned int tag = queue * TASK_KINDS + task;
	uint8_t bytes[TASK_BYTES] = { [TASK_KIND] = task == TASK_ABORT ? KIND_ABORT : KIND_RESET_UNIT, [TASK_ID] = (uint8_t)q->stuck,
				      [TASK_ID + 2] = (uint8_t)q->vq->index, [TASK_RESPONSE] = ANSWER_NONE };
	uint32_t at = COMMON_TASKS + tag * TASK_BYTES;
	struct virtio_chain chain = { .head = { .address = vs->common.address + at, .length = TASK_REQUEST_BYTES },
				      .tail = { .address = vs->common.address + at + TASK_RESPONSE, .length = 1 } };
	int err;

	if (virtio_queue_busy(control, tag))
		return -EBUSY;
	virtio_scsi_address_write(bytes + TASK_LUN, q->stuck_target, q->stuck_lun);
	err = dma_copy_in(&vs->common, at, bytes, sizeof(bytes));
	if (err)
		return err;
	return virtio_queue_add(control, tag, &chain);
}

static void answer_tell(struct virtio_scsi *vs, unsigned int queue, uint32_t task, uint32_t response)
{
	if (queue < vs->nr_queues)
		__atomic_store_n(&vs->queues[queue].task_answer, TASK_VALID | task << 8 | response, __ATOMIC_RELEASE);
}

void virtio_scsi_tasks_send(struct virtio_scsi *vs)
{
	bool any = false;

	for (unsigned int i = 0; i < vs->nr_queues; i++) {
		uint32_t wish = __atomic_exchange_n(&vs->queues[i].task_wish, 0, __ATOMIC_ACQ_REL);

		if (!wish)
			continue;
		if (task_send(vs, i, (enum scsi_task)(wish & ~TASK_VALID)))
			answer_tell(vs, i, wish & ~TASK_VALID, ANSWER_NONE);
		any = true;
	}
	if (any)
		virtio_queue_kick(&vs->vd.queues[QUEUE_CONTROL]);
}

void virtio_scsi_task_done(struct virtio_scsi *vs, unsigned int control_tag, int status)
{
	uint32_t at = COMMON_TASKS + control_tag * TASK_BYTES;

	if (!status && control_tag < BLOCK_QUEUES_MAX * TASK_KINDS)
		answer_tell(vs, control_tag / TASK_KINDS, control_tag % TASK_KINDS, dma_read8(&vs->common, at + TASK_RESPONSE));
}

/* ---- The strand of the command ---- */

static void task_wish(struct virtio_scsi *vs, struct scsi_queue *q, enum scsi_task task)
{
	dev_warn(vs->dev, "no answer, queue=%u tag=%u target=%u lun=%u: %s", q->vq->index, q->stuck, q->stuck_target, q->stuck_lun,
		 task_names[task]);
	q->task = task;
	q->task_deadline_us = time_now_us() + STEP_US;
	__atomic_store_n(&q->task_answer, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&q->task_wish, TASK_VALID | task, __ATOMIC_RELEASE);
	timer_set(vs->dev, q->vq->strand, LATER_US);
	if (!q->vq->strand)
		virtio_scsi_tasks_send(vs);
}

/* A command of our own that asks a unit is not worth the reset of the others. */
static void host_reset(struct virtio_scsi *vs, struct scsi_queue *q)
{
	bool own = q->stuck == vs->depth;

	q->task = TASK_NONE;
	dev_err(vs->dev, "no answer, queue=%u tag=%u target=%u lun=%u: %s", q->vq->index, q->stuck, q->stuck_target, q->stuck_lun,
		own ? "no unit is looked for until it comes" : "resetting the host");
	if (!own)
		virtio_recover(q->vq, -ETIMEDOUT);
}

void virtio_scsi_task_begin(struct virtio_scsi *vs, struct scsi_queue *q, uint32_t tag, unsigned int target, unsigned int lun)
{
	bool same = q->stuck_target == target && q->stuck_lun == lun;

	if (q->task == TASK_NONE) {
		q->stuck = tag;
		q->stuck_target = (uint16_t)target;
		q->stuck_lun = (uint16_t)lun;
		task_wish(vs, q, TASK_ABORT);
	} else if (!same) {
		q->stuck = tag;
		host_reset(vs, q);
	} else {
		q->more_stuck = true;
		if (q->task == TASK_ABORT)
			task_wish(vs, q, TASK_RESET_UNIT);
	}
}

/* One came back; those that hung beside it may hang still. */
static void others_begin(struct virtio_scsi *vs, struct scsi_queue *q)
{
	q->more_stuck = false;
	for (uint32_t tag = 0; tag < vs->depth; tag++) {
		const struct scsi_unit *unit = &vs->units[q->tags[tag].rq.unit];

		if (q->tags[tag].overdue && virtio_queue_busy(q->vq, tag))
			virtio_scsi_task_begin(vs, q, tag, unit->target, unit->lun);
	}
}

void virtio_scsi_task_tick(struct virtio_scsi *vs, struct scsi_queue *q)
{
	uint32_t answer, response;
	bool refused;

	if (q->task == TASK_NONE && q->more_stuck)
		others_begin(vs, q);
	if (q->task == TASK_NONE)
		return;
	answer = __atomic_exchange_n(&q->task_answer, 0, __ATOMIC_ACQUIRE);
	response = answer & 0xff;
	refused = answer && (answer & ~TASK_VALID) >> 8 == q->task && response != ANSWER_COMPLETE && response != ANSWER_SUCCEEDED;
	if (!refused && time_now_us() < q->task_deadline_us)
		timer_set(vs->dev, q->vq->strand, LATER_US);
	else if (q->task == TASK_ABORT)
		task_wish(vs, q, TASK_RESET_UNIT);
	else
		host_reset(vs, q);
}

void virtio_scsi_task_over(struct scsi_queue *q, uint32_t tag)
{
	if (q->task != TASK_NONE && q->stuck == tag)
		q->task = TASK_NONE;
}
