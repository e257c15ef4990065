// SPDX-License-Identifier: GPL-2.0
/*
 * The units behind a virtio SCSI host: found in probe, where each answer is waited for, and later, when the host tells by an event
 * (virtio 1.2 section 5.6.6.3) that a target may have changed. Then the target is asked for its units again and each of them for all about
 * itself, one command at a time, on the strand of the first request queue: those that are new are announced, those that are gone withdrawn,
 * those that have another size told of. Where a unit stands among the disks follows from its address, so that a successor of this driver
 * finds each at the same place; that place rests for a while when the unit is gone.
 */
#include <driver/log.h>
#include <driver/time.h>
#include <lib/string.h>
#include "virtio_scsi.h"

#define PROBE_US		3000000
#define REST_US			6000000u	/* more than the core waits for the requests of a disk that left */
#define LUNS_APART		8u		/* units of the first targets that have a place of their own */

/* Events (section 5.6.6.3). */
#define EVENT_RESET		1
#define EVENT_PARAMETERS	3
#define EVENT_MISSED		BIT(31)
#define REASON_RESCAN		1
#define REASON_REMOVED		2

/* ---- Places ---- */

static int place_of(struct virtio_scsi *vs, unsigned int target, unsigned int lun)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		const struct scsi_unit *unit = virtio_scsi_unit(vs, i);

		if (unit && unit->target == target && unit->lun == lun)
			return (int)i;
	}
	return -ENOENT;
}

static int place_free(struct virtio_scsi *vs, unsigned int target, unsigned int lun)
{
	uint64_t now = time_now_us();

	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		unsigned int at = (target * LUNS_APART + lun + i) % BLOCK_UNITS_MAX;
		uint64_t gone = __atomic_load_n(&vs->units[at].gone_us, __ATOMIC_ACQUIRE);

		if (!virtio_scsi_unit(vs, at) && (!gone || now - gone > REST_US))
			return (int)at;
	}
	return -ENOSPC;
}

/* ---- Units come, change, go ---- */

/* Units without a number of their own are told apart by their address. */
static void serial_make(char *to, unsigned int target, unsigned int lun)
{
	unsigned int value = target << 16 | lun;

	str_copy(to, "at-000000", sizeof("at-000000"));
	for (unsigned int i = 8; i > 2; i--, value >>= 4)
		to[i] = "0123456789abcdef"[value & 15];
}

static int unit_announce(struct virtio_scsi *vs, unsigned int index)
{
	const struct scsi_unit *unit = &vs->units[index];
	struct block_limits l = {
		.nr_queues = vs->nr_queues, .first_queue = vs->vd.queues[QUEUE_FIRST].strand, .queue_depth = vs->depth,
		.max_segments = vs->max_segments, .max_request_blocks = vs->max_blocks512 / (unit->disk.block_size / 512), .unit = index,
		.request_timeout_ms = vs->timeout_ms,
	};

	scsi_disk_limits(&unit->disk, &l);
	l.flags |= BLOCK_HAS_INFO;
	if (!l.serial[0])
		serial_make(l.serial, unit->target, unit->lun);
	dev_info(vs->dev, "unit=%u target=%u lun=%u \"%s %s\" blocks=%llu block_size=%u queues=%u depth=%u serial=%s", index, unit->target,
		 unit->lun, unit->disk.vendor, unit->disk.product, (unsigned long long)l.nr_blocks, l.block_size, l.nr_queues, l.queue_depth,
		 l.serial);
	return block_register(vs->dev, &l);
}

/* True: it was there. Any strand; only one of them sees it go. */
static bool unit_forget(struct scsi_unit *unit)
{
	__atomic_store_n(&unit->gone_us, time_now_us() | 1, __ATOMIC_RELEASE);
	return __atomic_exchange_n(&unit->present, 0, __ATOMIC_ACQ_REL);
}

static void unit_gone(struct virtio_scsi *vs, unsigned int index)
{
	const struct scsi_unit *unit = &vs->units[index];

	if (!unit_forget(&vs->units[index]))
		return;
	dev_warn(vs->dev, "unit=%u target=%u lun=%u is gone", index, unit->target, unit->lun);
	block_unregister_unit(vs->dev, index);
}

/* In probe all are announced together at its end. */
static void unit_add(struct virtio_scsi *vs, const struct scsi_disk *disk)
{
	unsigned int target = vs->scan.target, lun = vs->scan.lun;
	int place = place_free(vs, target, lun);
	struct scsi_unit *unit;

	if (place < 0) {
		dev_warn(vs->dev, "more than %u units: target=%u lun=%u is left out", BLOCK_UNITS_MAX, target, lun);
		return;
	}
	unit = &vs->units[place];
	unit->target = (uint16_t)target;
	unit->lun = (uint16_t)lun;
	unit->disk = *disk;
	__atomic_store_n(&unit->present, 1, __ATOMIC_RELEASE);
	if (!vs->scan.active)
		vs->found[vs->nr_found++] = (uint8_t)place;
	else if (unit_announce(vs, (unsigned int)place))
		unit_forget(unit);
	else if (!virtio_scsi_unit(vs, (unsigned int)place))
		block_unregister_unit(vs->dev, (unsigned int)place);	/* it went on another strand meanwhile */
}

static bool same_unit(const struct scsi_disk *a, const struct scsi_disk *b)
{
	return a->type == b->type && a->block_size == b->block_size && a->read_only == b->read_only && !strcmp(a->vendor, b->vendor) &&
	       !strcmp(a->product, b->product) && !strcmp(a->serial, b->serial);
}

static void unit_change(struct virtio_scsi *vs, unsigned int index, const struct scsi_disk *disk)
{
	struct scsi_unit *unit = &vs->units[index];

	if (!same_unit(&unit->disk, disk)) {
		unit_gone(vs, index);
		unit_add(vs, disk);
	} else if (unit->disk.nr_blocks != disk->nr_blocks) {
		__atomic_store_n(&unit->disk.nr_blocks, disk->nr_blocks, __ATOMIC_RELAXED);
		block_resize_unit(vs->dev, index, disk->nr_blocks);
	}
}

/* ---- What was asked has been told ---- */

/* Those of the target that it does not name any more go. A target that cannot be asked keeps its units. */
static void luns_taken(struct virtio_scsi *vs, int err)
{
	struct scsi_scan *scan = &vs->scan;

	scan->units = true;
	scan->next = 0;
	scan->nr_luns = err ? 0 : scan->ask.nr_luns;
	for (unsigned int i = 0; i < scan->nr_luns; i++)
		scan->luns[i] = scan->ask.luns[i];
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX && (!err || err == -ENODEV); i++) {
		const struct scsi_unit *unit = virtio_scsi_unit(vs, i);
		bool named = false;

		if (!unit || unit->target != scan->target)
			continue;
		for (unsigned int l = 0; l < scan->nr_luns; l++)
			named |= scan->luns[l] == unit->lun;
		if (!named)
			unit_gone(vs, i);
	}
}

/* A disk that is known and cannot be asked just now stays what it was. */
static void unit_taken(struct virtio_scsi *vs, int err)
{
	struct scsi_scan *scan = &vs->scan;
	int known = place_of(vs, scan->target, scan->lun);

	if (err == -EOPNOTSUPP)
		dev_info(vs->dev, "target=%u lun=%u is no disk, type=0x%x", scan->target, scan->lun, scan->ask.disk.type);
	else if (err && (err != -ENODEV || known >= 0))
		dev_warn(vs->dev, "target=%u lun=%u cannot be used: %d", scan->target, scan->lun, err);
	else if (!err && known >= 0)
		unit_change(vs, (unsigned int)known, &scan->ask.disk);
	else if (!err)
		unit_add(vs, &scan->ask.disk);
}

static void target_begin(struct scsi_scan *scan, unsigned int target)
{
	scan->target = (uint16_t)target;
	scan->lun = 0;
	scan->units = false;
	scsi_ask_begin(&scan->ask, true);
}

static void target_want(struct virtio_scsi *vs, unsigned int target)
{
	if (target < vs->nr_targets)
		__atomic_fetch_or(&vs->scan.wanted[target / 64], BIT64(target % 64), __ATOMIC_ACQ_REL);
}

static bool target_next(struct virtio_scsi *vs)
{
	for (unsigned int i = 0; i < TARGETS_MAX / 64; i++) {
		uint64_t wanted = __atomic_load_n(&vs->scan.wanted[i], __ATOMIC_ACQUIRE);
		unsigned int bit = wanted ? (unsigned int)__builtin_ctzll(wanted) : 0;

		if (!wanted)
			continue;
		__atomic_fetch_and(&vs->scan.wanted[i], ~BIT64(bit), __ATOMIC_ACQ_REL);
		target_begin(&vs->scan, i * 64 + bit);
		return true;
	}
	return false;
}

/* What was asked is told, or cannot be had. False: there is no more to ask of this target. */
static bool scan_advance(struct virtio_scsi *vs, int err)
{
	struct scsi_scan *scan = &vs->scan;

	if (scan->units)
		unit_taken(vs, err);
	else
		luns_taken(vs, err);
	if (scan->next == scan->nr_luns)
		return false;
	scan->lun = scan->luns[scan->next++];
	scsi_ask_begin(&scan->ask, false);
	return true;
}

/* ---- Commands ---- */

static int command_send(struct virtio_scsi *vs)
{
	const struct scsi_scan *scan = &vs->scan;
	const struct scsi_command *cmd = &scan->ask.cmd;
	struct dma_segment answer = { .address = vs->common.address + COMMON_ANSWER, .length = cmd->wanted };
	struct scsi_queue *q = &vs->queues[0];
	int err = virtio_scsi_slot_fill(q, vs->depth, scan->target, scan->lun, &cmd->cdb);

	if (!err)
		err = virtio_scsi_slot_send(q, vs->depth, &answer, cmd->wanted ? 1 : 0, true);
	if (!err)
		virtio_queue_kick(q->vq);
	return err;
}

/* As scsi_ask_answer(); @err: why it did not come back. */
static int command_answer(struct virtio_scsi *vs, int err)
{
	const struct scsi_queue *q = &vs->queues[0];
	struct scsi_command *cmd = &vs->scan.ask.cmd;
	uint32_t residual;

	if (!err)
		err = virtio_scsi_slot_status(q, vs->depth, &cmd->status, &cmd->sense);
	if (err == -EAGAIN) {
		cmd->status = SCSI_BUSY;
		err = 0;
	} else if (!err) {
		residual = dma_read32(&q->buf, vs->depth * SLOT_BYTES + SLOT_RESPONSE + RESPONSE_RESIDUAL);
		cmd->got = residual < cmd->wanted ? cmd->wanted - residual : 0;
		err = dma_copy_out(&vs->common, COMMON_ANSWER, cmd->answer, cmd->got);
	}
	return scsi_ask_answer(&vs->scan.ask, err);
}

/* ---- Probe ---- */

static int answer_wait(struct virtio_scsi *vs)
{
	uint32_t length;
	int err = command_send(vs);

	if (!err)
		err = virtio_queue_wait(vs->queues[0].vq, PROBE_US, &length);
	return command_answer(vs, err);
}

/*
 * Most targets are not there, and one question after the other takes as many times as long as the host needs to be woken; so @nr of them
 * are asked at once for something without data, which has room in the slots of requests. Who is not said to be missing is asked properly.
 */
static int targets_knock(struct virtio_scsi *vs, unsigned int first, unsigned int nr)
{
	struct scsi_queue *q = &vs->queues[0];
	struct scsi_sense sense;
	struct scsi_cdb cdb;
	uint32_t length;
	uint8_t status;
	int err = 0;

	vs->scan.target = (uint16_t)first;
	scsi_cdb_test_unit_ready(&cdb);
	for (unsigned int i = 0; i < nr && !err; i++) {
		err = virtio_scsi_slot_fill(q, i, first + i, 0, &cdb);
		if (!err)
			err = virtio_scsi_slot_send(q, i, NULL, 0, false);
	}
	virtio_queue_kick(q->vq);
	for (unsigned int i = 0; i < nr && !err; i++)
		err = virtio_queue_wait(q->vq, PROBE_US, &length);
	for (unsigned int i = 0; i < nr && !err; i++)
		if (virtio_scsi_slot_status(q, i, &status, &sense) != -ENODEV)
			target_want(vs, first + i);
	return err;
}

/* -ETIMEDOUT: the device does not answer at all. */
static int target_find(struct virtio_scsi *vs)
{
	int more;

	do {
		do {
			more = answer_wait(vs);
		} while (more > 0);
		if (more == -ETIMEDOUT)
			return more;
	} while (scan_advance(vs, more));
	return 0;
}

int virtio_scsi_units_find(struct virtio_scsi *vs)
{
	unsigned int nr, first;
	int err = 0;

	for (first = 0; first < vs->nr_targets && !err; first += nr) {
		nr = vs->nr_targets - first < vs->depth ? vs->nr_targets - first : vs->depth;
		err = targets_knock(vs, first, nr);
	}
	while (!err && target_next(vs))
		err = target_find(vs);
	if (err)
		dev_err(vs->dev, "no answer from target=%u", vs->scan.target);
	return err;
}

int virtio_scsi_units_announce(struct virtio_scsi *vs)
{
	int err = 0;

	for (unsigned int i = 0; i < EVENTS && i < vs->vd.queues[QUEUE_EVENT].size; i++)
		virtio_scsi_event_give(vs, i);
	virtio_queue_kick(&vs->vd.queues[QUEUE_EVENT]);
	virtio_queues_arm(&vs->vd);
	for (unsigned int i = 0; i < vs->nr_found && !err; i++) {
		err = unit_announce(vs, vs->found[i]);
		if (err && i)
			block_unregister(vs->dev);
	}
	return err;
}

/* ---- Later: the strand of the first request queue ---- */

static void scan_send(struct virtio_scsi *vs)
{
	struct scsi_scan *scan = &vs->scan;

	scan->sent = !command_send(vs);
	scan->lost = false;
	scan->deadline_us = time_now_us() + ASK_US;
	if (!scan->sent)	/* no room */
		timer_set(vs->dev, vs->queues[0].vq->strand, LATER_US);
}

void virtio_scsi_scan_tick(struct virtio_scsi *vs)
{
	struct scsi_scan *scan = &vs->scan;
	struct scsi_queue *q = &vs->queues[0];

	if (scan->sent) {
		if (!scan->lost && q->task == TASK_NONE && time_now_us() > scan->deadline_us) {
			scan->lost = true;
			virtio_scsi_task_begin(vs, q, vs->depth, scan->target, scan->lun);
		}
		return;
	}
	if (!scan->active)
		scan->active = target_next(vs);
	if (scan->active)
		scan_send(vs);
}

void virtio_scsi_scan_done(struct virtio_scsi *vs, int status)
{
	struct scsi_scan *scan = &vs->scan;
	int more;

	scan->sent = false;
	more = command_answer(vs, status || scan->lost ? -ETIMEDOUT : 0);
	if (more <= 0)
		scan->active = scan_advance(vs, more);
	if (scan->active && !scan->ask.pause)
		scan_send(vs);
	else
		timer_set(vs->dev, vs->queues[0].vq->strand, LATER_US);	/* this one again, or another target */
}

/* ---- Events ---- */

void virtio_scsi_event_give(struct virtio_scsi *vs, unsigned int i)
{
	struct virtio_queue *vq = &vs->vd.queues[QUEUE_EVENT];
	struct virtio_chain chain = { .tail = { .address = vs->common.address + COMMON_EVENTS + i * EVENT_BYTES, .length = EVENT_BYTES } };

	if (virtio_queue_add(vq, i, &chain))
		dev_warn(vs->dev, "no room for event buffer %u", i);
}

static void event_handle(struct virtio_scsi *vs, uint32_t kind, uint32_t reason, unsigned int target, unsigned int lun)
{
	int known = place_of(vs, target, lun);

	if (kind == EVENT_RESET && reason == REASON_REMOVED && known >= 0)
		unit_gone(vs, (unsigned int)known);
	if (kind == EVENT_PARAMETERS || (kind == EVENT_RESET && (reason == REASON_REMOVED || reason == REASON_RESCAN)))
		target_want(vs, target);
	else if (kind)
		dev_info(vs->dev, "event=%u reason=0x%x target=%u lun=%u", kind, reason, target, lun);
}

void virtio_scsi_event_done(struct virtio_scsi *vs, unsigned int i, int status, uint32_t length)
{
	uint32_t at = COMMON_EVENTS + i * EVENT_BYTES, kind = dma_read32(&vs->common, at), reason = dma_read32(&vs->common, at + 12);
	unsigned int target = dma_read8(&vs->common, at + 5);
	unsigned int lun = (dma_read8(&vs->common, at + 6) & 0x3fu) << 8 | dma_read8(&vs->common, at + 7);
	struct virtio_queue *vq = &vs->vd.queues[QUEUE_EVENT];
	bool told = !status && length >= EVENT_BYTES;

	for (unsigned int t = 0; told && kind & EVENT_MISSED && t < vs->nr_targets; t++)
		target_want(vs, t);
	if (told)
		event_handle(vs, kind & ~EVENT_MISSED, reason, target, lun);
	virtio_scsi_event_give(vs, i);
	if (status)
		return;
	virtio_queue_kick(vq);
	if (vq->strand == vs->queues[0].vq->strand)
		virtio_scsi_scan_tick(vs);	/* else its watch sees to it */
}
