// SPDX-License-Identifier: GPL-2.0
/*
 * ahci against a controller and disks that the fuzzer plays: it chooses what they are, twists register reads, lies in every way the model
 * knows, plugs disks and writes into all memory the driver shares with it. Whatever it does, the driver must break no rule of the API (a
 * fault is the driver's only when it names the device), every request must end, and nothing may be left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/model/ahci_model.h>

#define REQUESTS	64
#define LATE_US		50000u		/* while the input acts */
#define END_LATE_US	1000000u	/* when nothing is left but to wait */
#define END_US		4000000000ull	/* virtual time after which every request must have ended */
#define DISK_BYTES	32768u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
	const uint8_t *at, *end;
	bool noise;			/* register reads are twisted now and then */
	bool registers_lie;		/* then an engine may not seem to stop: not the driver's fault */
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

static uint64_t twisted_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = ahci_model_ops.read(model, bar, offset, size);
	uint8_t how;

	if (!input.noise || input.at >= input.end)
		return value;
	how = take8();
	if (how < 0xc0)
		return value;
	input.registers_lie = true;
	return (uint32_t)(how & 1 ? take32() : value ^ (1ull << (how & 31)));
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	ahci_model_ops.write(model, bar, offset, size, value);
}

static void model_irq_mode(void *model, enum irq_kind kind, unsigned int nr)
{
	ahci_model_ops.irq_mode(model, kind, nr);
}

static bool model_tick(void *model)
{
	return ahci_model_ops.tick(model);
}

static const struct host_model_ops twisted_ops = {
	.read = twisted_read,
	.write = model_write,
	.irq_mode = model_irq_mode,
	.tick = model_tick,
};

static void fault_check(struct device *dev, const char *what, uint64_t where)
{
	(void)dev;
	if (!strncmp(what, "ahci ", 5))
		return;
	fprintf(stderr, "the driver broke a rule: %s (0x%llx)\n", what, (unsigned long long)where);
	abort();
}

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
	memset(rq->data, 0, (size_t)rq->nr_blocks * l->block_size);	/* nothing of other inputs */
	input.nr++;
	host_block_submit(am->dev, rq);
	if (what & 0x40)
		host_block_commit(am->dev, 0);
}

/* The device writes where it may, which is everywhere in the driver's shared memory. */
static void memory_scribble(struct ahci_model *am)
{
	uint64_t address;
	uint32_t length, at, value;

	if (!host_dma_buffer(am->dev, take8() % 4, &address, &length))
		return;
	at = take16() % length;
	value = take32();
	host_dma_write(am->dev, address + at, &value, length - at < 4 ? length - at : 4);
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
		memory_scribble(am);
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

static void requests_must_end(struct ahci_model *am)
{
	uint64_t end = host_clock_us() + END_US;

	host_timers_late(END_LATE_US);
	while (host_block_in_flight(am->dev) && host_clock_us() < end)
		host_run(am->dev, 10000000);
	if (!host_block_in_flight(am->dev))
		return;
	fprintf(stderr, "requests never ended\n");
	abort();
}

static void account(struct ahci_model *am)
{
	struct host_problems p = host_device_destroy(am->dev);

	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++)
		host_free(am->ports[i].data);
	host_free(am);
	if (!p.misuse && !p.lost_requests && (!p.leaks || input.registers_lie) && (!p.storms || input.registers_lie))
		return;
	fprintf(stderr, "left behind: misuse=%u leaks=%u storms=%u lost_requests=%u\n", p.misuse, p.leaks, p.storms, p.lost_requests);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ahci_model_setup setup;
	struct ahci_model *am;

	memset(&input, 0, sizeof(input));
	input.at = bytes;
	input.end = bytes + size;
	host_on_fault(fault_check);
	host_timers_late(LATE_US);
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
		requests_must_end(am);
	}
	host_remove(am->dev);
	account(am);
	return 0;
}
