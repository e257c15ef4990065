// SPDX-License-Identifier: GPL-2.0
/*
 * ata_piix and ata_pio against a controller that the fuzzer plays: it chooses where it stands and which drives there are, what they say of
 * themselves, twists register reads, lies in every way the model knows, interrupts for nothing and writes into all memory the driver
 * shares with it. Whatever it does, the driver must break no rule of the API, every request must end, and nothing may be left behind.
 */
#include <tests/model/ata_model.h>
#include "play.h"

#define REQUESTS	32

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][65536];

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = ata_model_ops.read(model, bar, offset, size);
	uint8_t how;

	if (size != 1 || !play_twists(&how))
		return value;
	return how & 1 ? take8() : (value ^ (1ull << (how >> 1 & 7))) & 0xff;
}

static struct host_model_ops twisted_ops;	/* the model's own but for reads */

static void lies_take(struct ata_model *am)
{
	uint8_t which = take8();

	am->lies = (struct ata_lies){ .vanish = which == 255, .stays_busy = which & 1, .no_interrupts = which & 2,
		.never_asks = which & 4, .stays_active = which & 8, .error_keeps_drq = which & 16, .deaf = (which & 96) == 96 };
	if (which & 32)
		am->lies.errors = take8() & 7;
	am->lies.error_value = take8();
	if (which & 128)
		am->lies.byte_count = take16();
}

/* Now and then a long one; what takes many pieces takes time to prepare. */
static uint32_t blocks_take(const struct block_limits *l)
{
	uint8_t how = take8();

	return how < 252 ? 1u + how % 2 : 1u + how % (65536 / l->block_size);
}

static void request_send(struct ata_model *am)
{
	struct host_request *rq = &requests[input.nr];
	uint8_t where = take8(), what;
	unsigned int unit = where & 3;
	const struct block_limits *l = host_block_unit(am->dev, unit);

	if (!l)
		return;
	*rq = (struct host_request){ .unit = (uint16_t)unit, .queue = (uint16_t)l->first_queue, .segment_bytes = 65536, .data = data[input.nr] };
	what = take8();
	rq->op = what % 3;
	rq->lba = take8();
	if (where & 4 && rq->lba < l->nr_blocks)
		rq->lba = l->nr_blocks - 1 - rq->lba;	/* the far end, where 48 bits may be needed */
	rq->nr_blocks = blocks_take(l);
	if (rq->op == BLOCK_FLUSH)
		rq->nr_blocks = 0;
	if (rq->nr_blocks > l->max_request_blocks)
		rq->nr_blocks = l->max_request_blocks;
	if (what == 0xff) {	/* what the drive says of itself */
		rq->op = BLOCK_INFO;
		rq->lba = where >> 3;
		rq->nr_blocks = BLOCK_INFO_BYTES / l->block_size;
	}
	play_submit(am->dev, rq, l->block_size);
	host_block_commit(am->dev, rq->queue);
}

/* The device writes where it may, which is everywhere in the driver's shared memory. */
static void memory_scribble(struct ata_model *am)
{
	uint64_t address;
	uint32_t length, at;
	uint8_t value;

	if (!host_dma_buffer(am->dev, take8() & 1, &address, &length))
		return;
	at = take8();
	value = take8();
	host_dma_write(am->dev, address + at % length, &value, 1);
}

static void step(struct ata_model *am)
{
	switch (take8() % 8) {
	case 0: case 1: case 2:
		request_send(am);
		break;
	case 3:
		host_settle(am->dev);
		break;
	case 4:
		host_run(am->dev, (uint64_t)take8() << 14);
		break;
	case 5:
		memory_scribble(am);
		break;
	case 6:
		lies_take(am);
		break;
	default:
		input.noise = take8() & 1;
		ata_model_spurious(am, take8() & 1);
	}
}

static void account(struct ata_model *am)
{
	struct host_problems p = host_device_destroy(am->dev);
	bool storms = input.registers_lie || am->setup.native;

	ata_model_free(am);
	play_end(&p, false, storms);
}

static struct ata_model *model_take(void)
{
	struct ata_model_setup s = { .ops = &twisted_ops, .sectors = 144 };
	uint8_t kinds = take8(), where = take8();
	struct ata_model *am;

	for (unsigned int i = 0; i < 4; i++)
		s.drives[i] = (enum ata_model_kind)((kinds >> (2 * i) & 3) % 3);
	s.isa = where & 1;
	s.native = !s.isa && where & 2;
	am = ata_model_create(&s);
	for (uint8_t n = am ? where >> 2 & 7 : 0; n; n--) {
		uint16_t *words = am->channels[n & 1].drives[n >> 1 & 1].identify;
		uint8_t word = take8();

		words[word] = take16();
	}
	return am;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ata_model *am;

	play_begin(bytes, size, NULL, LATE_US);
	twisted_ops = ata_model_ops;
	twisted_ops.read = twisted_read;
	am = model_take();
	if (!am)
		return -1;
	input.noise = take8() & 1;
	if (take8() & 1)
		lies_take(am);
	if (!host_probe(am->dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step(am);
		play_requests_must_end(am->dev, 10000000);
	}
	host_remove(am->dev);
	account(am);
	return 0;
}
