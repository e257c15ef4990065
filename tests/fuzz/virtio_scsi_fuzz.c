// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_scsi against a host that the fuzzer plays: it chooses the units, the features and the sizes, twists register reads, lies in every
 * way the model knows and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API
 * (a fault is the driver's only when it does not name the device), every request must end, and nothing may be left behind.
 */
#include <tests/model/virtio_scsi_model.h>
#include "play.h"

#define REQUESTS	32

static struct scsi_model sm;
static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][65536];

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = virtio_model_ops.read(model, bar, offset, size);
	uint8_t how;

	return play_twists(&how) ? (how & 1 ? take64() : value ^ (1ull << (how & 31))) : value;
}

static struct host_model_ops twisted_ops;	/* the model's own but for reads */

static void unit_take(struct scsi_model_unit *u, unsigned int index)
{
	uint8_t how = take8();

	u->present = index == 0 || how & 1;
	u->target = (uint8_t)(index & 2 ? how >> 6 : 0);
	u->lun = (uint16_t)(index & 1);
	u->type = how & 2 ? take8() & 7 : 0;
	u->block_size = how & 4 ? 1u << (take8() & 15) : 512;
	u->nr_blocks = how & 8 ? take64() | 1 : 64;
	u->no_medium = (how & 0x30) == 0x30;
	u->no_capacity16 = how & 0x10;
	u->no_pages = how & 0x20;
	u->read_only = how & 0x40;
	u->no_cache = how & 0x80;
}

static void scsi_lies_take(void)
{
	struct scsi_model_lies *lies = &sm.lies;
	uint8_t which = take8();

	*lies = (struct scsi_model_lies){ .descriptor_sense = which & 1, .no_response = (which & 0xf0) == 0xf0 };
	if (which & 2) {
		lies->statuses = 1 + (which >> 6);
		lies->status = which & 4 ? take8() : 2;
		lies->key = take8();
		lies->asc = take8();
		lies->ascq = take8();
	}
	if (which & 8) {
		lies->codes = 1;
		lies->code = take8();
	}
	if (which & 16) {
		lies->noises = 1 + (which >> 6);
		lies->noise = take32();
	}
	if (which & 32) {
		lies->residuals = 1;
		lies->residual = take32();
		lies->sense_length = take8() & 1 ? take32() : 0;
	}
	lies->stuck = which >> 2 & 1;
	lies->tasks_refused = lies->stuck & which >> 5;
	lies->tasks_unheard = lies->stuck & which >> 6;
	lies->tasks_empty = lies->stuck & which >> 7;
	sm.attentions = which >> 6;
}

static void lies_take(struct virtio_model *vm)
{
	uint32_t which = take32();

	vm->lies.vanish = (which & 0xff) == 1;
	vm->lies.never_resets = which >> 8 & 1 && which & 1;
	vm->lies.refuses_features = which >> 9 & 1 && which & 1;
	vm->lies.stalls = which >> 10 & 1;
	vm->lies.no_interrupts = which >> 11 & 1;
	vm->lies.reverse = which >> 14 & 1;
	vm->lies.bad_ids = which >> 15 & 1;
	vm->lies.bad_id = which >> 24;
	vm->lies.doubles = which >> 16 & 1;
	vm->lies.bad_lengths = which >> 17 & 1;
	vm->lies.bad_length = which;
	vm->lies.index_jump = which >> 19 & 1 ? which >> 20 : 0;
	input.registers_lie |= vm->lies.vanish || vm->lies.never_resets;
}

static struct virtio_model_setup setup_take(void)
{
	static const uint16_t sizes[] = { 1, 4, 8, 16, 32, 64, 8, 3 };
	uint8_t kind = take8(), numbers = take8();
	struct virtio_model_setup s;

	for (unsigned int i = 0; i < SCSI_MODEL_UNITS && (!i || numbers & 0x20); i++)
		unit_take(&sm.units[i], i);
	if (!(numbers & 0x20))
		sm.units[0].present = true;
	sm.disk_max = 32768;
	sm.has_log = numbers & 0x80;
	for (unsigned int i = 0; i < SCSI_MODEL_UNITS; i++)
		if (sm.units[i].present && sm.units[i].target >= sm.max_target)
			sm.max_target = sm.units[i].target + 1u;	/* the last one has no unit */
	s = scsi_model_default(&sm);
	s.legacy_only = (kind & 3) == 1;
	s.modern_only = (kind & 3) == 2;
	s.msix_vectors = kind >> 2 & 7;
	s.nr_queues = (uint16_t)(3 + (kind >> 5 & 3));
	s.nr_cpus = s.nr_queues - 2u;
	s.features ^= (uint64_t)take8() << 27;
	s.queue_size = sizes[numbers & 7];
	s.seg_max = numbers & 0x40 ? take32() : 62;
	s.ops = &twisted_ops;
	return s;
}

static void request_send(struct virtio_model *vm)
{
	uint8_t what = take8(), where = take8();
	const struct scsi_model_unit *u = &sm.units[where & 3];
	unsigned int unit = scsi_model_place(u->target, u->lun);
	const struct block_limits *l = host_block_unit(vm->dev, unit);
	struct host_request *rq = &requests[input.nr];

	if (!l || input.nr == REQUESTS)
		return;
	*rq = (struct host_request){ .op = what % BLOCK_INFO, .unit = (uint16_t)unit,
				     .queue = (uint16_t)(l->first_queue + (what >> 6) % l->nr_queues),
				     .lba = where >> 2, .nr_blocks = 1 + (what >> 3 & 7), .flags = take8() & 3, .data = data[input.nr] };
	rq->segment_bytes = l->block_size;
	if (rq->nr_blocks > l->max_segments)
		rq->nr_blocks = l->max_segments;
	if (what == 0xff) {	/* what the unit says of itself */
		rq->op = BLOCK_INFO;
		rq->queue = (uint16_t)l->first_queue;
		rq->nr_blocks = BLOCK_INFO_BYTES / l->block_size;
		rq->segment_bytes = 0;
	}
	play_submit(vm->dev, rq, l->block_size);
	host_block_commit(vm->dev, rq->queue);
}

static void event_tell(struct virtio_model *vm)
{
	uint8_t how = take8(), target = take8() & 3, lun = take8() & 1;
	struct scsi_model_unit *u = &sm.units[how >> 4 & 3];

	if (how & 8 && u->present) {
		host_free(u->data);
		u->data = NULL;
		u->nr_blocks = 1 + how;
		scsi_model_plug(&sm, how >> 4 & 3);	/* memory for as many */
	} else if (how & 4) {
		u->present = !u->present && u->data;
	}
	scsi_model_event(vm, how & 1 ? 1 : how & 2 ? 3 : take32(), target, lun, take8() & 3);
}

static void step(struct virtio_model *vm)
{
	switch (take8() % 12) {
	case 0: case 1: case 2:
		request_send(vm);
		break;
	case 3:
		host_settle(vm->dev);
		break;
	case 4:
		host_run(vm->dev, (uint64_t)take8() << 13);
		break;
	case 5:
		play_scribble(vm->dev, 16);
		break;
	case 6:
		lies_take(vm);
		break;
	case 7:
		virtio_model_spurious(vm);
		break;
	case 8:
		scsi_lies_take();
		break;
	case 9:
		event_tell(vm);
		break;
	case 10:
		if (take8() & 1)
			virtio_model_needs_reset(vm);
		else
			input.noise = !input.noise;
		break;
	default:
		vm->hold = !vm->hold;
		virtio_model_release(vm);
	}
}

static void account(struct virtio_model *vm)
{
	struct host_problems p = host_device_destroy(vm->dev);

	virtio_model_free(vm);
	play_end(&p, input.registers_lie, input.registers_lie);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct virtio_model_setup setup;
	struct virtio_model *vm;

	memset(&sm, 0, sizeof(sm));
	play_begin(bytes, size, "virtio device", LATE_US);
	twisted_ops = virtio_model_ops;
	twisted_ops.read = twisted_read;
	setup = setup_take();
	vm = virtio_model_create(&setup);
	if (!vm)
		return 1;
	input.noise = take8() & 1;
	if (take8() & 1)
		lies_take(vm);
	if (take8() & 1)
		scsi_lies_take();
	if (!host_probe(vm->dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step(vm);
		play_requests_must_end(vm->dev, 10000000);
	}
	host_remove(vm->dev);
	account(vm);
	return 0;
}
