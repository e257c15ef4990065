// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile driver with a device that does DMA for it: QEMU's edu, whose engine copies between its own 4 KiB and any address, 100 ms
 * after it was told to. Run by root without a device manager, this program takes the manager's place and starts itself as edu's driver
 * once for each attack. Results are KTAP. With an argument ("open") the machine has no IOMMU, and reading outside is to succeed.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/ferry/manifest.h>
#include <uapi/ferry/syscall.h>
#include "hostile.h"

#define SELF		"/bin/dma_hostile"
#define FD		FERRY_DEVICE_FD
#define DEVICES_MAX	128
#define PAGE		4096u
#define MARK		0x5a
#define EDU_SOURCE	0x80
#define EDU_TARGET	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_BUFFER	0x40000ull	/* the engine's name for its own memory */
#define BYTES		2048u		/* a whole page is too much for it */
#define ENGINE_TRIES	1000u		/* of 10 ms; it takes 100 ms where nothing else runs */
#define EDU_START	1u
#define EDU_TO_MEMORY	2u
#define KERNEL		0x101000ull	/* a page of the kernel's text */
#define REMAPPABLE	0xfee00010ull
#define VECTOR_FIRST	0x60u	/* far above those in use */
#define VECTOR_LAST	0x66u

static volatile char *regs;
static struct ferry_dma_alloc own = { .abi = ABI(ferry_dma_alloc), .length = PAGE, .align = PAGE };

static void want(int ok, const char *what)
{
	if (ok)
		return;
	call(NR_ferry_driver_log, 3, PTR(what), strlen(what), 0);
	_exit(1);
}

static void start(void)
{
	static struct ferry_device_info info = { .abi = ABI(ferry_device_info) };
	struct ferry_mmio_map map = { .abi = ABI(ferry_mmio_map), .bar = 0, .perms = 3 };

	want(!call(NR_ferry_device_info, FD, PTR(&info), 0, 0), "no information");
	want(!call(NR_ferry_driver_state, FERRY_STATE_PROBING, 0, 0, 0), "no state");
	want(!call(NR_ferry_mmio_map, FD, PTR(&map), 0, 0), "no registers");
	want(!call(NR_ferry_dma_alloc, FD, PTR(&own), 0, 0), "no memory");
	regs = (volatile char *)(uintptr_t)map.address;
}

static void pause_ms(unsigned int ms)
{
	call(NR_poll, 0, 0, ms, 0);
}

static void engine_start(uint64_t address, unsigned int bytes, int to_memory)
{
	*(volatile uint64_t *)(regs + EDU_SOURCE) = to_memory ? EDU_BUFFER : address;
	*(volatile uint64_t *)(regs + EDU_TARGET) = to_memory ? address : EDU_BUFFER;
	*(volatile uint64_t *)(regs + EDU_COUNT) = bytes;
	*(volatile uint64_t *)(regs + EDU_COMMAND) = EDU_START | (to_memory ? EDU_TO_MEMORY : 0);
}

static void engine_run(uint64_t address, unsigned int bytes, int to_memory)
{
	unsigned int i;

	engine_start(address, bytes, to_memory);
	for (i = 0; i < ENGINE_TRIES && *(volatile uint32_t *)(regs + EDU_COMMAND) & EDU_START; i++)
		pause_ms(10);
	want(i < ENGINE_TRIES, "the engine does not come to an end");
}

static void engine_fill(int byte)
{
	memset((void *)(uintptr_t)own.address, byte, PAGE);
	engine_run(own.device_address, BYTES, 0);
}

/* ---- Attacks ---- */

/* No attack: what was granted works. */
static void own_memory_is_reached(void)
{
	const volatile unsigned char *bytes;
	unsigned int i;

	start();
	engine_fill(MARK);
	memset((void *)(uintptr_t)own.address, 0, PAGE);
	engine_run(own.device_address, BYTES, 1);
	bytes = (const volatile unsigned char *)(uintptr_t)own.address;
	for (i = 0; i < BYTES; i++)
		want(bytes[i] == MARK, "own memory was not written");
}

/* Exit status 3: what came is neither what was there before nor an empty bus. */
static void kernel_is_not_read(void)
{
	const volatile unsigned char *bytes;
	unsigned int i;

	start();
	engine_fill(MARK);
	engine_run(KERNEL, BYTES, 0);
	engine_run(own.device_address, BYTES, 1);
	bytes = (const volatile unsigned char *)(uintptr_t)own.address;
	for (i = 0; i < BYTES; i++)
		if (bytes[i] != MARK && bytes[i] && bytes[i] != 0xff)
			_exit(3);
}

/* All over the memory, most of which tests/fault/latedma.c watches; the kernel's text, which must go on working. */
static void memory_outside_is_not_written(void)
{
	uint64_t at;

	start();
	engine_fill(MARK);
	engine_run(KERNEL, BYTES, 1);
	for (at = 24ull << 20; at < 120ull << 20; at += 6ull << 20)
		if (at != own.device_address)
			engine_run(at, BYTES, 1);
}

static void freed_memory_is_not_written(void)
{
	struct ferry_dma_alloc more = own;

	start();
	engine_fill(MARK);
	want(!call(NR_ferry_dma_alloc, FD, PTR(&more), 0, 0), "no memory");
	engine_run(more.device_address, BYTES, 1);
	want(*(volatile unsigned char *)(uintptr_t)more.address == MARK, "memory was not written");
	want(!call(NR_ferry_dma_free, FD, (uint64_t)more.handle, 0, 0), "memory was not freed");
	engine_run(more.device_address, BYTES, 1);
}

/*
 * Messages in remappable format that name entries nobody has: the kernel would log a vector without a handler. That entries in use are
 * refused as well cannot be seen here: QEMU 7.2 forgets who wrote (Documentation/limits.md).
 */
static void no_interrupt_without_an_entry(void)
{
	unsigned int vector;

	start();
	engine_fill(0);
	for (vector = VECTOR_FIRST; vector <= VECTOR_LAST; vector++)
		engine_run(REMAPPABLE | vector << 5, 4, 1);
}

/* Dies with a write under way, so its memory is given back before the write comes. */
static void dies_with_a_write_under_way(void)
{
	start();
	engine_fill(MARK);
	engine_start(own.device_address, BYTES, 1);
}

/* The next driver of the device: bus mastering is on again when the write of the last comes. */
static void successor_waits(void)
{
	start();
	pause_ms(300);
}

static const struct {
	const char *name;
	void (*run)(void);
	int open;	/* exit status without an IOMMU; -1: not to be done there */
} cases[] = {
	{ "own_memory_is_reached", own_memory_is_reached, 0 },
	{ "kernel_is_not_read", kernel_is_not_read, 3 },
	{ "memory_outside_is_not_written", memory_outside_is_not_written, -1 },
	{ "freed_memory_is_not_written", freed_memory_is_not_written, -1 },
	{ "no_interrupt_without_an_entry", no_interrupt_without_an_entry, -1 },
	{ "dies_with_a_write_under_way", dies_with_a_write_under_way, -1 },
	{ "successor_waits", successor_waits, -1 },
};
#define NR_CASES	(sizeof(cases) / sizeof(cases[0]))

/* ---- In the manager's place ---- */

static unsigned int edu_find(void)
{
	static struct ferry_device_desc list[DEVICES_MAX];
	long i, n;

	list[0].abi = (struct ferry_abi)ABI(ferry_device_desc);
	n = syscall(NR_ferry_device_list, list, DEVICES_MAX, 0);
	for (i = 0; i < n; i++)
		if (list[i].vendor == 0x1234 && list[i].device == 0x11e8)
			return list[i].id;
	return 0;
}

/* Exit status, or -1. */
static int attack_run(unsigned int device, const char *name)
{
	struct ferry_driver_spawn s = {
		.abi = ABI(ferry_driver_spawn), .device = device, .needs = FERRY_NEEDS_ALL, .class_id = FERRY_CLASS_BLOCK,
		.dma_bits = 64, .path = PTR(SELF),
	};
	struct pollfd p = { .events = POLLIN };
	int status = -1;

	snprintf(s.name, sizeof(s.name), "%.31s", name);
	if (syscall(NR_ferry_driver_spawn, &s))
		return -1;
	p.fd = s.process;
	if (poll(&p, 1, 60000) != 1 || read(s.process, &status, sizeof(status)) != sizeof(status) || status & 0x7f)
		status = -1;
	close(s.process);
	return status < 0 ? -1 : status >> 8 & 0xff;
}

static int manage(int open)
{
	unsigned int device = edu_find(), i, number = 0;
	int failed = !device;

	printf("KTAP version 1\n");
	for (i = 0; device && i < NR_CASES; i++) {
		int wanted = open ? cases[i].open : 0, got;

		if (wanted < 0)
			continue;
		got = attack_run(device, cases[i].name);
		printf("%sok %u %s # status=%d\n", got == wanted ? "" : "not ", ++number, cases[i].name, got);
		failed |= got != wanted;
	}
	printf("1..%u\n", number);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < NR_CASES; i++) {
		if (strncmp(argv[0], cases[i].name, 31) || argc > 1)
			continue;
		cases[i].run();
		_exit(0);
	}
	return manage(argc > 1);
}
