// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_blk against a device that the fuzzer plays: it chooses the features and sizes, twists register reads, lies in every way the
 * model knows and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API (a fault
 * is the driver's only when it names the device), every request must end, and nothing may be left behind.
 */
#include <tests/model/virtio_model.h>
#include "play.h"

#define REQUESTS	64

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][16384];

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = virtio_model_ops.read(model, bar, offset, size);
	uint8_t how;

	return play_twists(&how) ? (how & 1 ? take64() : value ^ (1ull << (how & 31))) : value;
}

static struct host_model_ops twisted_ops;	/* the model's own but for reads */

static struct virtio_model_setup setup_take(void)
{
	static const uint16_t sizes[] = { 1, 2, 4, 8, 16, 32, 64, 3 };
	struct virtio_model_setup s = virtio_model_default();
	uint8_t kind = take8(), numbers = take8();

	s.legacy_only = (kind & 3) == 1;
	s.modern_only = (kind & 3) == 2;
	s.msix_vectors = kind >> 2 & 7;
	s.nr_queues = (uint16_t)(1 + (kind >> 5 & 3));
	s.nr_cpus = s.nr_queues;
	s.features ^= (uint64_t)take8() << 27;	/* indirect, event index, version, packed and others */
	s.features ^= (uint64_t)take8() << 1;
	s.features ^= (uint64_t)take8() << 8;
	s.features &= ~MODEL_F_SIZE_MAX | (numbers & 0x80 ? MODEL_F_SIZE_MAX : 0);
	s.queue_size = sizes[numbers & 7];
	s.block_size = 512u << (numbers >> 3 & 3);
	s.size_max = 4096;
	s.seg_max = numbers & 0x40 ? take32() : 30;
	s.sectors = 64;
	s.ops = &twisted_ops;
	return s;
}

static void lies_take(struct virtio_model *vm)
{
	uint32_t which = take32();

	vm->lies.vanish = (which & 0xff) == 1;
	vm->lies.never_resets = which >> 8 & 1;
	vm->lies.refuses_features = which >> 9 & 1;
	vm->lies.stalls = which >> 10 & 1;
	vm->lies.no_interrupts = which >> 11 & 1;
	vm->lies.generation_spins = which >> 12 & 1;
	vm->lies.no_status = which >> 13 & 1;
	vm->lies.reverse = which >> 14 & 1;
	vm->lies.bad_ids = which >> 15 & 1;
	vm->lies.bad_id = which >> 24;
	vm->lies.doubles = which >> 16 & 1;
	vm->lies.bad_lengths = which >> 17 & 1;
	vm->lies.bad_length = which;
	vm->lies.bad_status = which >> 18 & 1;
	vm->lies.status_value = (uint8_t)(which >> 24);
	vm->lies.index_jump = which >> 19 & 1 ? which >> 20 : 0;
	input.registers_lie |= vm->lies.vanish || vm->lies.never_resets;
}

static void request_send(struct virtio_model *vm)
{
	const struct block_limits *l = host_block_limits(vm->dev);
	struct host_request *rq = &requests[input.nr];
	uint8_t what = take8();
	uint32_t most;

	if (!l || input.nr == REQUESTS)
		return;
	most = l->max_segments < 4 ? l->max_segments : 4;
	*rq = (struct host_request){ .op = what % BLOCK_INFO, .queue = (uint16_t)(what >> 6), .lba = take8(),
				     .nr_blocks = 1 + (what >> 3 & 7) % most, .data = data[input.nr] };
	rq->segment_bytes = l->block_size;
	play_submit(vm->dev, rq, l->block_size);
	host_block_commit(vm->dev, rq->queue % l->nr_queues);
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
		host_run(vm->dev, (uint64_t)take8() << 15);
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
		virtio_model_resize(vm, take32() & 0x7f);
		break;
	case 9:
		virtio_model_needs_reset(vm);
		break;
	case 10:
		input.noise = take8() & 1;
		break;
	default:
		vm->hold = !vm->hold;
		virtio_model_release(vm);
	}
}

static void capabilities_twist(struct virtio_model *vm)
{
	for (uint8_t n = take8() & 7; n; n--) {
		uint8_t at = take8();

		vm->pci[at] = take8();
		input.registers_lie = true;
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

	play_begin(bytes, size, "virtio device", LATE_US);
	twisted_ops = virtio_model_ops;
	twisted_ops.read = twisted_read;
	setup = setup_take();
	vm = virtio_model_create(&setup);
	if (!vm)
		return -1;
	capabilities_twist(vm);
	input.noise = take8() & 1;
	if (take8() & 1)
		lies_take(vm);
	if (!host_probe(vm->dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step(vm);
		play_requests_must_end(vm->dev, 10000000);
	}
	host_remove(vm->dev);
	account(vm);
	return 0;
}
