// SPDX-License-Identifier: GPL-2.0
/*
 * nvme against a controller that the fuzzer plays: it chooses the capabilities and namespaces, twists register reads, lies in every way
 * the model knows and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API (a
 * fault is the driver's only when it does not name the controller), every request must end, and nothing may be left behind.
 */
#include <tests/model/nvme_model.h>
#include "play.h"

#define REQUESTS	64

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][32768];

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = nvme_model_ops.read(model, bar, offset, size);
	uint8_t how;

	return play_twists(&how) ? (how & 1 ? take32() : value ^ (1ull << (how & 31))) : value;
}

static struct host_model_ops twisted_ops;	/* the model's own but for reads */

static void space_take(struct nvme_model_space *space)
{
	uint8_t how = take8();

	space->nr_blocks = how & 1 ? take32() : 2048;
	space->shift = how & 2 ? take8() & 15 : 9 + (how >> 2 & 3);
	space->id = how & 0x10 ? take8() : 0;
	space->metadata = how & 0x20 ? take8() : 0;
	space->optperf = how >> 6 & 1;
	space->preferred_write = space->optperf ? (uint16_t)take32() : 0;
	space->protect = how >> 7;
	space->detached = (how & 0xf) == 8;
}

static struct nvme_model_setup setup_take(void)
{
	static const uint16_t sizes[] = { 1, 2, 3, 7, 15, 31, 7, 65535 };
	struct nvme_model_setup s = nvme_model_default();
	uint8_t kind = take8(), numbers = take8(), offered = take8();

	s.msix_vectors = kind & 7;
	s.nr_cpus = 1 + (kind >> 3 & 3);
	s.nr_queues = (uint16_t)(1 + (kind >> 5));
	s.max_entries = sizes[numbers & 7];
	s.timeout = numbers >> 3 & 1;
	s.mdts = numbers & 0x40 ? take8() : 7;
	s.stride = numbers & 0x80 ? take8() & 7 : 0;
	s.shadow = !(offered & 1);
	s.cache = !(offered & 2);
	s.sgl = !(offered & 4);
	s.discard = s.zeroes = !(offered & 8);
	s.notices = !(offered & 16);
	s.version = offered & 32 ? take32() : 0x10400;
	s.params[0] = (struct host_param){ "timeout_ms", "1000" };
	if (offered & 64)
		s.params[1] = (struct host_param){ "sgl", "2" };
	for (unsigned int i = 0; offered & 128 && i < NVME_MODEL_SPACES; i++)
		space_take(&s.spaces[i]);
	s.disk_max = 8192;
	s.ops = &twisted_ops;
	return s;
}

static void lies_take(struct nvme_model *m)
{
	uint32_t which = take32();

	m->lies.vanish = (which & 0xff) == 1;
	m->lies.never_stops = which >> 8 & 1;
	m->lies.never_starts = which >> 9 & 1;
	m->lies.fatal = which >> 10 & 1;
	m->lies.stalls = which >> 11 & 1;
	m->lies.stalls_admin = which >> 12 & 1;
	m->lies.no_interrupts = which >> 13 & 1;
	m->lies.no_events_index = which >> 14 & 1;
	m->lies.wild_head = which >> 15 & 1;
	m->lies.garbage = (which & 0xff) == 2;
	m->lies.garbage_seed = which;
	m->lies.reverse = which >> 16 & 1;
	m->lies.queues_shrink = which >> 17 & 1;
	m->lies.bad_ids = which >> 18 & 1;
	m->lies.bad_id = (uint16_t)which;
	m->lies.stale_ids = which >> 19 & 1;
	m->lies.bad_queues = which >> 20 & 1;
	m->lies.doubles = which >> 21 & 1;
	m->lies.bad_phases = which >> 22 & 1;
	m->lies.bad_status = which >> 23 & 1;
	m->lies.status_value = (uint16_t)(which >> 20);
	m->lies.refuse_opcode = which & 0xf;
	m->lies.refuse_status = which >> 24 & 1 ? 2 : 0;
	m->aborts_work = which >> 25 & 1;
	m->lies.list = which >> 26 & 3;
	input.registers_lie |= m->lies.vanish || m->lies.never_stops || m->lies.bad_phases;
}

static void request_send(struct nvme_model *m)
{
	struct host_request *rq = &requests[input.nr];
	uint8_t what = take8(), unit = what >> 6 & 1;
	const struct block_limits *l = host_block_unit(m->dev, unit) ? host_block_unit(m->dev, unit) : host_block_limits(m->dev);

	if (!l || input.nr == REQUESTS)
		return;
	*rq = (struct host_request){ .op = what % BLOCK_INFO, .queue = (uint16_t)(what >> 6), .lba = take8(),
				     .unit = (uint16_t)l->unit, .nr_blocks = 1 + (what >> 3 & 7), .data = data[input.nr] };
	rq->segment_bytes = what & 1 ? l->block_size : 4096;
	if (what >= 0xfe) {
		rq->op = BLOCK_INFO;
		rq->queue = 0;
		if (what == 0xfe)
			rq->lba = (BLOCK_INFO_ATTACH + (rq->lba & 1)) | rq->lba >> 1 << 8;
		rq->nr_blocks = BLOCK_INFO_BYTES / l->block_size;
		rq->segment_bytes = 0;
	}
	play_submit(m->dev, rq, l->block_size);
	host_block_commit(m->dev, rq->queue % l->nr_queues);
}

static void space_resize(struct nvme_model *m)
{
	unsigned int space = take8() % NVME_MODEL_SPACES;

	uint32_t blocks = take32();

	if (blocks >> 31)
		nvme_model_attach(m, space, blocks & 1);
	else
		nvme_model_resize(m, space, blocks & 0xffff);
}

static void step(struct nvme_model *m)
{
	switch (take8() % 12) {
	case 0: case 1: case 2:
		request_send(m);
		break;
	case 3:
		host_settle(m->dev);
		break;
	case 4:
		host_run(m->dev, (uint64_t)take8() << 13);
		break;
	case 5:
		input.registers_lie |= play_scribble(m->dev, 16);	/* a queue of the model's may be out of step: its line stays high */
		break;
	case 6:
		lies_take(m);
		break;
	case 7:
		nvme_model_spurious(m);
		break;
	case 8:
		space_resize(m);
		break;
	case 9:
		nvme_model_event(m, take32());
		break;
	case 10:
		input.noise = take8() & 1;
		break;
	default:
		m->hold = !m->hold;
		nvme_model_release(m);
	}
}

static void account(struct nvme_model *m)
{
	struct host_problems p = host_device_destroy(m->dev);

	nvme_model_free(m);
	play_end(&p, input.registers_lie, input.registers_lie);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct nvme_model_setup setup;
	struct nvme_model *m;

	play_begin(bytes, size, "nvme controller", LATE_US);
	twisted_ops = nvme_model_ops;
	twisted_ops.read = twisted_read;
	setup = setup_take();
	m = nvme_model_create(&setup);
	if (!m)
		return -1;
	input.noise = take8() & 1;
	if (take8() & 1)
		lies_take(m);
	if (!host_probe(m->dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step(m);
		play_requests_must_end(m->dev, 300000);
	}
	host_remove(m->dev);
	account(m);
	return 0;
}
