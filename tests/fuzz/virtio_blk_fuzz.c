// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_blk against a device that the fuzzer plays: it chooses the features and sizes, twists register reads, lies in every way the
 * model knows and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API (a fault
 * is the driver's only when it names the device), every request must end, and nothing may be left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/model/virtio_model.h>

#define REQUESTS	64
#define LATE_US		50000u		/* while the input acts */
#define END_LATE_US	1000000u	/* when nothing is left but to wait */
#define END_US		4000000000ull	/* virtual time after which every request must have ended */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
	const uint8_t *at, *end;
	bool noise;			/* register reads are twisted now and then */
	bool registers_lie;		/* then a reset may not be seen, nor an interrupt quieted: not the driver's fault */
	unsigned int nr;
} input;

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][16384];

static uint8_t take8(void)
{
	return input.at < input.end ? *input.at++ : 0;
}

static uint16_t take16(void)
{
	uint16_t low = take8();

	return (uint16_t)(low | take8() << 8);
}

static uint32_t take32(void)
{
	uint32_t value = take8();

	value |= (uint32_t)take8() << 8;
	value |= (uint32_t)take8() << 16;
	return value | (uint32_t)take8() << 24;
}

static uint64_t take64(void)
{
	uint64_t low = take32();

	return low | (uint64_t)take32() << 32;
}

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = virtio_model_ops.read(model, bar, offset, size);
	uint8_t how;

	if (!input.noise || input.at >= input.end)
		return value;
	how = take8();
	if (how < 0xc0)
		return value;
	input.registers_lie = true;
	return how & 1 ? take64() : value ^ (1ull << (how & 31));
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	virtio_model_ops.write(model, bar, offset, size, value);
}

static uint8_t model_config_read(void *model, uint32_t offset)
{
	return virtio_model_ops.config_read(model, offset);
}

static void model_irq_mode(void *model, enum irq_kind kind, unsigned int nr)
{
	virtio_model_ops.irq_mode(model, kind, nr);
}

static bool model_tick(void *model)
{
	return virtio_model_ops.tick(model);
}

static const struct host_model_ops twisted_ops = {
	.read = twisted_read,
	.write = model_write,
	.config_read = model_config_read,
	.irq_mode = model_irq_mode,
	.tick = model_tick,
};

static void fault_check(struct device *dev, const char *what, uint64_t where)
{
	(void)dev;
	if (!strncmp(what, "virtio device", 13))
		return;
	fprintf(stderr, "the driver broke a rule: %s (0x%llx)\n", what, (unsigned long long)where);
	abort();
}

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
	memset(rq->data, 0, (size_t)rq->nr_blocks * l->block_size);	/* nothing of other inputs */
	input.nr++;
	host_block_submit(vm->dev, rq);
	host_block_commit(vm->dev, rq->queue % l->nr_queues);
}

/* The device writes where it may, which is everywhere in the driver's shared memory. */
static void memory_scribble(struct virtio_model *vm)
{
	uint64_t address;
	uint32_t length, at, value;

	if (!host_dma_buffer(vm->dev, take8() % 16, &address, &length))
		return;
	at = take16() % length;
	value = take32();
	host_dma_write(vm->dev, address + at, &value, length - at < 4 ? length - at : 4);
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
		memory_scribble(vm);
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

static void requests_must_end(struct virtio_model *vm)
{
	uint64_t end = host_clock_us() + END_US;

	host_timers_late(END_LATE_US);
	while (host_block_in_flight(vm->dev) && host_clock_us() < end)
		host_run(vm->dev, 10000000);
	if (!host_block_in_flight(vm->dev))
		return;
	fprintf(stderr, "requests never ended\n");
	abort();
}

static void account(struct virtio_model *vm)
{
	struct host_problems p = host_device_destroy(vm->dev);

	if (!p.misuse && !p.lost_requests && (!p.leaks || input.registers_lie) && (!p.storms || input.registers_lie)) {
		virtio_model_free(vm);
		return;
	}
	fprintf(stderr, "left behind: misuse=%u leaks=%u storms=%u lost_requests=%u\n", p.misuse, p.leaks, p.storms, p.lost_requests);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct virtio_model_setup setup;
	struct virtio_model *vm;

	memset(&input, 0, sizeof(input));
	input.at = bytes;
	input.end = bytes + size;
	host_on_fault(fault_check);
	host_timers_late(LATE_US);
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
		requests_must_end(vm);
	}
	host_remove(vm->dev);
	account(vm);
	return 0;
}
