/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the targets share that play a device: the input as numbers, in the order in which they are asked for, register reads that it twists,
 * writes into the driver's memory, and what must hold at the end whatever the device did. Everything starts anew with play_begin().
 */
#ifndef TESTS_FUZZ_PLAY_H
#define TESTS_FUZZ_PLAY_H

#include <string.h>
#include <host/host.h>
#include "require.h"

#define LATE_US		200000u		/* while the input acts */
#define END_LATE_US	10000000u	/* when nothing is left but to wait */
#define END_US		4000000000ull	/* virtual time after which every request must have ended */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
	const uint8_t *at, *end;
	const char *device_faults;	/* how faults begin that the device is to blame for; NULL: there are none */
	bool noise;			/* register reads are twisted now and then */
	bool registers_lie;		/* then a stop may not be seen, nor an interrupt quieted: not the driver's fault */
	unsigned int nr;		/* requests */
} input;

/* ---- Numbers; 0 when the input is used up ---- */

static inline uint8_t take8(void)
{
	return input.at < input.end ? *input.at++ : 0;
}

static inline uint16_t take16(void)
{
	uint16_t low = take8();

	return (uint16_t)(low | take8() << 8);
}

static inline uint32_t take32(void)
{
	uint32_t value = take8();

	value |= (uint32_t)take8() << 8;
	value |= (uint32_t)take8() << 16;
	return value | (uint32_t)take8() << 24;
}

static inline uint64_t take64(void)
{
	uint64_t low = take32();

	return low | (uint64_t)take32() << 32;
}

/* Does the device lie when this register is read? @how: the byte that decided it. */
static inline bool play_twists(uint8_t *how)
{
	if (!input.noise || input.at >= input.end)
		return false;
	*how = take8();
	if (*how < 0xc0)
		return false;
	input.registers_lie = true;
	return true;
}

/* ---- From begin to end ---- */

static inline void play_fault(struct device *dev, const char *what, uint64_t where)
{
	(void)dev;
	if (input.device_faults && !strncmp(what, input.device_faults, strlen(input.device_faults)))
		return;
	fprintf(stderr, "the driver broke a rule: %s (0x%llx)\n", what, (unsigned long long)where);
	abort();
}

/* @late_us: timers come up to so much later than asked for. */
static inline void play_begin(const uint8_t *bytes, size_t size, const char *device_faults, uint32_t late_us)
{
	memset(&input, 0, sizeof(input));
	input.at = bytes;
	input.end = bytes + size;
	input.device_faults = device_faults;
	host_on_fault(play_fault);
	host_timers_late(late_us);
}

/* The next request, whose data keep nothing of other inputs. */
static inline void play_submit(struct device *dev, struct host_request *rq, uint32_t block_size)
{
	memset(rq->data, 0, (size_t)rq->nr_blocks * block_size);
	input.nr++;
	host_block_submit(dev, rq);
}

/* The device writes where it may, which is everywhere in the driver's shared memory: four bytes into one of @buffers. false: there is none. */
static inline bool play_scribble(struct device *dev, unsigned int buffers)
{
	uint64_t address;
	uint32_t length, at, value;

	if (!host_dma_buffer(dev, take8() % buffers, &address, &length))
		return false;
	at = take16() % length;
	value = take32();
	host_dma_write(dev, address + at, &value, length - at < 4 ? length - at : 4);
	return true;
}

/* Time passes, @step_us at once, until nothing is in flight. */
static inline void play_requests_must_end(struct device *dev, uint64_t step_us)
{
	uint64_t end = host_clock_us() + END_US;

	host_timers_late(END_LATE_US);
	while (host_block_in_flight(dev) && host_clock_us() < end)
		host_run(dev, step_us);
	if (!host_block_in_flight(dev))
		return;
	fprintf(stderr, "requests never ended\n");
	abort();
}

/* The device has been destroyed. @leaks, @storms: those are not the driver's fault. */
static inline void play_end(const struct host_problems *p, bool leaks, bool storms)
{
	if (!p->misuse && !p->lost_requests && (!p->leaks || leaks) && (!p->storms || storms))
		return;
	fprintf(stderr, "left behind: misuse=%u leaks=%u storms=%u lost_requests=%u\n", p->misuse, p->leaks, p->storms, p->lost_requests);
	abort();
}

#endif
