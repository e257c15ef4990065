// SPDX-License-Identifier: GPL-2.0
/*
 * ahci against a controller and disks that the fuzzer plays: it chooses what they are, twists register reads, lies in every way the model
 * knows, plugs disks and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API (a
 * fault is the driver's only when it names the device), every request must end, and nothing may be left behind.
 */
#include <tests/model/ahci_model.h>
#include "play.h"

#define REQUESTS	64
#define DISK_BYTES	32768u

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][16384];

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = ahci_model_ops.read(model, bar, offset, size);
	uint8_t how;

	return play_twists(&how) ? (uint32_t)(how & 1 ? take32() : value ^ (1ull << (how & 31))) : value;
}

static struct host_model_ops twisted_ops;	/* the model's own but for reads */

static struct ahci_disk_setup disk_take(void)
{
	struct ahci_disk_setup d = { .serial = "fuzz", .model = "FUZZ" };
	uint8_t kind = take8(), numbers = take8();

	d.present = kind & 1;
	d.packet = kind & 2;
	d.no_medium = kind & 4;
	d.no_ncq = kind & 8;
	d.no_lba48 = kind & 16;
	d.no_cache = kind & 32;
	d.fua = kind & 64;
	d.trim = kind & 128;
	d.queue_depth = 1 + (numbers & 31);
	d.logical_bytes = d.packet ? 2048 : numbers & 64 ? 4096 : 512;
	d.sectors = DISK_BYTES / d.logical_bytes / (numbers & 32 ? 1 : 2);
	d.physical_exp = numbers & 128 ? 3 : 0;
	return d;
}

static struct ahci_model_setup setup_take(void)
{
	struct ahci_model_setup s = ahci_model_default();
	uint8_t kind = take8();

	s.nr_ports = 1 + (kind & 3) % 3;
	s.msix_vectors = kind >> 2 & 1;
	s.no_ncq = kind >> 3 & 1;
	s.handoff = kind >> 4 & 1;
	s.nr_slots = kind >> 5 & 1 ? 32 : 3;
	s.no_64bit = kind >> 6 & 1;
	s.dma_base = s.no_64bit ? 0xfffa0000u : 0;	/* some of the data lies out of reach */
	s.disks[0] = disk_take();
	s.disks[0].present = true;
	if (s.nr_ports > 1)
		s.disks[1] = disk_take();
	s.ops = &twisted_ops;
	return s;
}

static void lies_take(struct ahci_model *am)
{
	uint32_t which = take32();

	am->lies.vanish = (which & 0xff) == 1;
	am->lies.never_resets = which >> 8 & 1 && which & 1;
	am->lies.engine_sticks = which >> 9 & 1 && which & 1;
	am->lies.stalls = which >> 10 & 1;
	am->lies.no_interrupts = which >> 11 & 1;
	am->lies.keeps_commands = which >> 12 & 1;
	am->lies.firmware_keeps = which >> 13 & 1;
	am->lies.always_busy = which >> 14 & 1 && which & 2;
	am->lies.identify_noise = which >> 15 & 1 && which & 2;
	am->lies.short_reads = which >> 16 & 1;
	am->lies.sact_noise = which >> 17 & 1;
	am->lies.errors = which >> 18 & 3;
	am->lies.interface_errors = which >> 20 & 3;
	am->lies.signature = which >> 22 & 1 && which & 4 ? take32() : 0;
	am->lies.bad_from = which >> 24;
	am->lies.bad_to = am->lies.bad_from + (which >> 23 & 1);
	input.registers_lie |= am->lies.vanish || am->lies.never_resets || am->lies.engine_sticks;
}

static void request_send(struct ahci_model *am)
{
	uint8_t what = take8(), where = take8();
	const struct block_limits *l = host_block_unit(am->dev, where & 1);
	struct host_request *rq = &requests[input.nr];

	if (!l || input.nr == REQUESTS)
		return;
	*rq = (struct host_request){ .op = what % BLOCK_INFO, .unit = where & 1, .lba = (where >> 1) * 512u / l->block_size,
				     .nr_blocks = 1 + (what >> 3 & 3), .flags = what >> 5 & 1 ? BLOCK_REQ_FUA : 0, .data = data[input.nr] };
	rq->segment_bytes = l->block_size;
	if (what == 0xff) {	/* what the disk says of itself */
		rq->op = BLOCK_INFO;
		rq->lba = where >> 1;
		rq->nr_blocks = BLOCK_INFO_BYTES / l->block_size;
		rq->flags = 0;
		rq->segment_bytes = 0;
	}
	play_submit(am->dev, rq, l->block_size);
	if (what & 0x40)
		host_block_commit(am->dev, 0);
}

static void step(struct ahci_model *am)
{
	uint8_t port;

	switch (take8() % 12) {
	case 0: case 1: case 2:
		request_send(am);
		break;
	case 3:
		host_settle(am->dev);
		break;
	case 4:
		host_run(am->dev, (uint64_t)take8() << 15);
		break;
	case 5:
		play_scribble(am->dev, 4);
		break;
	case 6:
		lies_take(am);
		break;
	case 7:
		ahci_model_spurious(am);
		break;
	case 8:
		port = take8();
		if (port % AHCI_MODEL_PORTS < am->setup.nr_ports && am->setup.disks[port % AHCI_MODEL_PORTS].sectors)
			ahci_model_plug(am, port % AHCI_MODEL_PORTS, port & 8);
		break;
	case 9:
		host_block_commit(am->dev, take8() & 1);
		break;
	case 10:
		input.noise = take8() & 1;
		break;
	default:
		am->hold = !am->hold;
	}
}

static void account(struct ahci_model *am)
{
	struct host_problems p = host_device_destroy(am->dev);

	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++)
		host_free(am->ports[i].data);
	host_free(am);
	play_end(&p, input.registers_lie, input.registers_lie);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ahci_model_setup setup;
	struct ahci_model *am;

	play_begin(bytes, size, "ahci ", LATE_US);
	twisted_ops = ahci_model_ops;
	twisted_ops.read = twisted_read;
	setup = setup_take();
	am = ahci_model_create(&setup);
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
