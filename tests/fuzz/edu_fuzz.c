// SPDX-License-Identifier: GPL-2.0
/*
 * edu against a device that the fuzzer plays: registers that hold what was written or whatever the input says, work that ends early, late
 * or never, interrupts with any cause at any time, writes into the shared buffer. Whatever it does, the driver must break no rule of the
 * API, and nothing may be left behind. The first byte decides whether the device lies in the probe already.
 */
#include <uapi/ferry/edu.h>
#include "play.h"

#define REQUESTS	32
#define REG_ID		0x00
#define REG_LIVE	0x04
#define REG_STATUS	0x20
#define REG_CAUSES	0x24
#define REG_ACK		0x64
#define REG_COMMAND	0x98

static struct {
	struct device *dev;
	uint64_t registers[0xa0 / 8];
	uint32_t causes;
	bool vanished;
} device;

static struct host_misc_request requests[REQUESTS];
static uint8_t data[REQUESTS][EDU_BUFFER_BYTES];

static uint64_t register_get(uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	switch (offset) {
	case REG_ID: return 0x010000ed;
	case REG_CAUSES: return device.causes;
	}
	if (offset + size <= sizeof(device.registers))
		memcpy(&value, (uint8_t *)device.registers + offset, size);
	return value;
}

static uint64_t model_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = register_get(offset, size);
	uint8_t how;

	(void)model;
	(void)bar;
	if (device.vanished)
		return ~0ull;
	if (!input.noise || input.at >= input.end)
		return value;
	how = take8();
	if (how < 0xa0)
		return value;
	input.registers_lie = true;
	return how & 1 ? take32() : value ^ (1ull << (how & 31));
}

static void causes_set(uint32_t causes)
{
	device.causes = causes;
	host_irq_level(device.dev, causes);
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	(void)model;
	(void)bar;
	if (device.vanished)
		return;
	if (offset == REG_LIVE)
		value = ~value;
	if (offset == REG_ACK)
		causes_set(device.causes & ~(uint32_t)value);
	else if (offset + size <= sizeof(device.registers))
		memcpy((uint8_t *)device.registers + offset, &value, size);
}

static const struct host_model_ops model_ops = { .read = model_read, .write = model_write };

static void request_send(void)
{
	static const uint32_t commands[] = { EDU_IDENTIFY, EDU_LIVENESS, EDU_FACTORIAL, EDU_FACTORIAL, 0 };
	struct host_misc_request *rq = &requests[input.nr];
	uint8_t what = take8();

	*rq = (struct host_misc_request){ .op = what % 3, .data = data[input.nr] };
	rq->command = commands[(what >> 2) % (sizeof(commands) / sizeof(commands[0]))];
	rq->length = rq->op == MISC_IOCTL && what < 0xe0 ? sizeof(uint32_t) : take32() % (EDU_BUFFER_BYTES + 1);
	rq->position = rq->op == MISC_IOCTL ? 0 : take32() % (2 * EDU_BUFFER_BYTES);
	memset(rq->data, take8() & 15, EDU_BUFFER_BYTES);
	input.nr++;
	host_misc_submit(device.dev, rq);
}

/* The work ends: the engine is off, the cause is the one that belongs to it. */
static void work_end(void)
{
	bool transfer = register_get(REG_COMMAND, 8) & 1;

	device.registers[REG_COMMAND / 8] &= ~1ull;
	causes_set(device.causes | (transfer ? 0x100 : 0x1));
}

static void memory_scribble(void)
{
	uint32_t length, at = take32(), value = take32();
	uint64_t address;

	if (host_dma_buffer(device.dev, 0, &address, &length) && at < length)
		host_dma_write(device.dev, address + at, &value, length - at < 4 ? length - at : 4);
}

static void step(void)
{
	switch (take8() % 9) {
	case 0: case 1: case 2:
		request_send();
		break;
	case 3: case 4:
		work_end();
		host_settle(device.dev);
		break;
	case 5:
		host_run(device.dev, (uint64_t)take8() << 14);
		break;
	case 6:
		causes_set(take32());
		input.registers_lie |= device.causes == UINT32_MAX;	/* as if it were gone */
		host_settle(device.dev);
		break;
	case 7:
		memory_scribble();
		break;
	default:
		input.noise = take8() & 1;
		device.vanished = take8() == 1;
		input.registers_lie |= device.vanished;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct host_setup setup = {
		.name = "0000:00:04.0", .bus = FERRY_BUS_PCI, .vendor = 0x1234, .device = 0x11e8, .intx = true, .nr_cpus = 1,
		.bars = { { .length = 1 << 20 } }, .dma_base = 0x100000, .ops = &model_ops,
	};
	struct host_problems p;
	uint8_t begin;

	memset(&device, 0, sizeof(device));
	play_begin(bytes, size, NULL, LATE_US);
	begin = take8();
	input.noise = begin & 1;
	device.registers[REG_STATUS / 8] = begin >> 1 & 1;	/* a predecessor's work, which never ends */
	setup.intx = (begin >> 2 & 7) != 7;
	setup.memory_limit = (begin >> 5) == 7 ? 6000 : (begin >> 5) == 6 ? 1000 : 0;
	setup.bars[0].length = begin == 0xfd ? 0 : setup.bars[0].length;
	device.dev = host_device_create(&setup);
	if (!device.dev)
		return -1;
	if (!host_probe(device.dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step();
	}
	host_remove(device.dev);
	p = host_device_destroy(device.dev);
	REQUIRE(!p.misuse && !p.lost_requests && !p.leaks && !p.wild_dma && (!p.storms || input.registers_lie));
	for (unsigned int i = 0; i < input.nr; i++)
		REQUIRE(requests[i].done);
	return 0;
}
