// SPDX-License-Identifier: GPL-2.0
/*
 * A block core for tests: tags, segments, retry after -EBUSY, deadlines, and a check of everything the driver says. The data of a request
 * lives in DMA memory that exists only while the request is in flight, so that a late access of the device is seen.
 */
#include <driver/class/block.h>
#include "device.h"

#define TIMEOUT_DEFAULT_MS	30000
#define DO_LIMIT_US		300000000ull	/* how long host_block_do lets time pass */

static bool carries_data(uint8_t op)
{
	return op == BLOCK_READ || op == BLOCK_WRITE || op == BLOCK_INFO;
}

static bool needs_cpu_data(const struct device *dev)
{
	return dev->driver->manifest.needs & FERRY_NEEDS_CPU_DATA;
}

static const struct block_limits *limits_of(const struct device *dev, const struct host_request *rq)
{
	return &dev->block.limits[rq->unit];
}

/* The driver copies this request's bytes itself. */
static bool is_copied(const struct device *dev, const struct host_request *rq)
{
	return needs_cpu_data(dev) || (rq->op == BLOCK_INFO && limits_of(dev, rq)->flags & BLOCK_INFO_COPIED);
}

static uint32_t request_bytes(const struct device *dev, const struct host_request *rq)
{
	return carries_data(rq->op) ? rq->nr_blocks * limits_of(dev, rq)->block_size : 0;
}

static bool limits_bad(const struct device *dev, const struct block_limits *l)
{
	return l->block_size < 512 || l->block_size > 4096 || l->block_size & (l->block_size - 1) ||
	       (l->physical_block_size && l->physical_block_size < l->block_size) || !l->nr_queues ||
	       l->nr_queues > BLOCK_QUEUES_MAX || l->nr_queues > dev->nr_strands ||
	       l->first_queue > dev->nr_strands - l->nr_queues || l->unit >= BLOCK_UNITS_MAX || !l->queue_depth ||
	       l->queue_depth > BLOCK_DEPTH_MAX || !l->max_segments || l->max_segments > BLOCK_SEGMENTS_MAX ||
	       (l->max_segment_bytes && l->max_segment_bytes < l->block_size) || l->nr_blocks > (1ull << 63) / l->block_size ||
	       !memchr(l->prefix, 0, sizeof(l->prefix)) || !l->prefix[0] || !memchr(l->serial, 0, sizeof(l->serial));
}

static bool depth_set(struct device *dev, unsigned int queue, uint32_t depth)
{
	struct host_request ***in_flight = &dev->block.in_flight[queue];

	if (!*in_flight)
		*in_flight = host_alloc(depth * sizeof(**in_flight));
	if (*in_flight)
		dev->block.depth[queue] = depth;
	return *in_flight != NULL;
}

void host_block_free(struct device *dev)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++) {
		host_free(dev->block.in_flight[i]);
		dev->block.in_flight[i] = NULL;
	}
}

/* A unit that comes later may come from any strand; units on one queue have one depth. */
int block_register(struct device *dev, const struct block_limits *limits)
{
	uint32_t *depth;

	if (!dev->probing && !dev->bound)
		host_misuse(dev, "block_register after remove");
	if (limits_bad(dev, limits))
		return -EINVAL;
	if (dev->block.present[limits->unit])
		return -EBUSY;
	depth = &dev->block.depth[limits->first_queue];
	for (unsigned int i = 0; i < limits->nr_queues; i++)
		if (depth[i] && depth[i] != limits->queue_depth)
			return -EINVAL;
	for (unsigned int i = 0; i < limits->nr_queues; i++)
		if (!depth_set(dev, limits->first_queue + i, limits->queue_depth))
			return -ENOMEM;
	dev->block.limits[limits->unit] = *limits;
	dev->block.present[limits->unit] = true;
	dev->block.registered = true;
	return 0;
}

void block_resize_unit(struct device *dev, unsigned int unit, uint64_t nr_blocks)
{
	if (unit >= BLOCK_UNITS_MAX || !dev->block.present[unit])
		return;
	dev->block.limits[unit].nr_blocks = nr_blocks;
	dev->block.resizes++;
}

void block_resize(struct device *dev, uint64_t nr_blocks)
{
	block_resize_unit(dev, 0, nr_blocks);
}

void block_unregister(struct device *dev)
{
	host_block_fail_all(dev, -EIO);
	memset(dev->block.present, 0, sizeof(dev->block.present));
	dev->block.registered = false;
}

/* Give the request's DMA memory back; a read's data is copied out of it first. */
static void data_release(struct device *dev, struct host_request *rq)
{
	uint8_t *data = rq->data;

	for (unsigned int i = 0; i < rq->nr_segments; i++) {
		const struct dma_segment *seg = &rq->segments[i];
		struct host_dma *map = host_dma_find(dev, seg->address, seg->length);

		if (rq->op != BLOCK_WRITE && map)
			memcpy(data, map->cpu, seg->length);
		data += seg->length;
		host_dma_unmap(dev, seg->address);
	}
	rq->nr_segments = 0;
}

static uint32_t data_align(const struct block_limits *limits)
{
	return limits->segment_boundary ? limits->segment_boundary : 512;
}

static int data_map(struct device *dev, struct host_request *rq)
{
	uint32_t left = request_bytes(dev, rq), cut = rq->segment_bytes ? rq->segment_bytes : 4096;
	const uint8_t *data = rq->data;

	rq->nr_segments = 0;
	if (is_copied(dev, rq) || !(dev->driver->manifest.needs & FERRY_NEEDS_DMA))
		return 0;
	while (left) {
		uint32_t room = rq->nr_segments ? cut : cut - rq->offset;
		uint32_t length = left < room ? left : room, align;
		struct host_dma *map;

		if (rq->nr_segments == BLOCK_SEGMENTS_MAX || rq->nr_segments == limits_of(dev, rq)->max_segments)
			return -EINVAL;
		if (rq->offset && !rq->nr_segments)
			dev->next_address = ((dev->next_address + 4095) & ~4095ull) + rq->offset;
		align = rq->op == BLOCK_INFO ? BLOCK_INFO_BYTES : rq->offset && !rq->nr_segments ? 512 : data_align(limits_of(dev, rq));
		map = host_dma_map(dev, length, align, rq->op == BLOCK_WRITE, rq->op != BLOCK_WRITE);
		if (!map)
			return -ENOMEM;
		memcpy(map->cpu, data, length);	/* of a read too: what the device does not write stays what it was */
		rq->segments[rq->nr_segments++] = (struct dma_segment){ .address = map->address, .length = length };
		data += length;
		left -= length;
	}
	return 0;
}

static void request_end(struct device *dev, struct host_request *rq, int status)
{
	data_release(dev, rq);
	rq->done = true;
	rq->status = status;
}

static void flight_put(struct device *dev, unsigned int queue, uint32_t tag, struct host_request *rq)
{
	dev->block.in_flight[queue][tag] = rq;
	dev->block.nr_in_flight[queue]++;
	dev->block.nr_flying++;
}

static void flight_take(struct device *dev, unsigned int queue, uint32_t tag)
{
	dev->block.in_flight[queue][tag] = NULL;
	dev->block.nr_in_flight[queue]--;
	dev->block.nr_flying--;
}

static struct host_request *in_flight(const struct device *dev, unsigned int queue, uint32_t tag)
{
	return queue < BLOCK_QUEUES_MAX && tag < dev->block.depth[queue] ? dev->block.in_flight[queue][tag] : NULL;
}

static int tag_find(const struct device *dev, unsigned int queue)
{
	for (unsigned int tag = 0; tag < dev->block.depth[queue]; tag++) {
		if (!dev->block.in_flight[queue][tag])
			return (int)tag;
	}
	return -EBUSY;
}

static uint64_t timeout_us(const struct device *dev, const struct host_request *rq)
{
	uint32_t ms = limits_of(dev, rq)->request_timeout_ms;

	return (uint64_t)(ms ? ms : TIMEOUT_DEFAULT_MS) * 1000;
}

static void deadline_note(struct device *dev, uint64_t deadline_us)
{
	if (!dev->block.earliest_us || deadline_us < dev->block.earliest_us)
		dev->block.earliest_us = deadline_us;
}

static struct block_request driver_view(const struct host_request *rq)
{
	return (struct block_request){ .op = rq->op, .flags = rq->flags, .queue = rq->queue, .tag = rq->tag, .lba = rq->lba,
				       .nr_blocks = rq->nr_blocks, .nr_segments = rq->nr_segments, .unit = rq->unit,
				       .segments = rq->nr_segments ? rq->segments : NULL };
}

/* Hand @rq to the driver; -EBUSY when it must wait. */
static int request_start(struct device *dev, struct host_request *rq)
{
	int tag = tag_find(dev, rq->queue);
	struct block_request view;
	int err;

	if (tag < 0)
		return -EBUSY;
	rq->tag = (uint32_t)tag;
	err = data_map(dev, rq);
	if (err) {
		request_end(dev, rq, err);
		return 0;
	}
	view = driver_view(rq);
	rq->deadline_us = host_clock_us() + timeout_us(dev, rq);
	deadline_note(dev, rq->deadline_us);
	flight_put(dev, rq->queue, rq->tag, rq);
	err = dev->driver->block->submit(dev, &view);
	if (!err || rq->done)
		return 0;
	flight_take(dev, rq->queue, rq->tag);
	if (err == -EBUSY)
		data_release(dev, rq);
	else
		request_end(dev, rq, err);
	return err == -EBUSY ? err : 0;
}

static void request_wait(struct device *dev, struct host_request *rq)
{
	struct host_request **at = &dev->block.waiting[rq->queue];

	while (*at)
		at = &(*at)->next;
	rq->next = NULL;
	*at = rq;
}

static bool request_fits(const struct device *dev, const struct host_request *rq)
{
	const struct block_limits *l = host_block_unit(dev, rq->unit);

	return l && rq->queue >= l->first_queue && rq->queue - l->first_queue < l->nr_queues;
}

void host_block_submit(struct device *dev, struct host_request *rq)
{
	rq->done = false;
	rq->nr_segments = 0;
	if (!dev->bound || dev->failed || !request_fits(dev, rq)) {
		request_end(dev, rq, -EIO);
		return;
	}
	if (dev->block.waiting[rq->queue] || request_start(dev, rq) == -EBUSY)
		request_wait(dev, rq);
}

void host_block_commit(struct device *dev, unsigned int queue)
{
	if (dev->bound && !dev->failed && dev->driver->block->commit)
		dev->driver->block->commit(dev, queue);
}

static bool waiting_serve(struct device *dev, unsigned int queue)
{
	bool any = false;

	while (dev->block.waiting[queue] && !dev->failed) {
		struct host_request *rq = dev->block.waiting[queue];

		dev->block.waiting[queue] = rq->next;
		if (request_start(dev, rq) == -EBUSY) {
			rq->next = dev->block.waiting[queue];
			dev->block.waiting[queue] = rq;
			break;
		}
		any = true;
	}
	if (any)
		host_block_commit(dev, queue);
	return any;
}

bool host_block_serve(struct device *dev)
{
	bool any = false;

	if (!dev->block.any_retry || !dev->bound || dev->failed)
		return false;
	dev->block.any_retry = false;
	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX && dev->bound && !dev->failed; q++) {
		if (!dev->block.retry[q])
			continue;
		dev->block.retry[q] = false;
		any = waiting_serve(dev, q) || any;
	}
	return any;
}

void block_complete(struct device *dev, unsigned int queue, uint32_t tag, int status)
{
	struct host_request *rq = in_flight(dev, queue, tag);

	if (!rq) {
		if (!dev->failed)	/* in a failed device all requests have ended */
			device_fault(dev, "completion of a tag that is not in flight", tag);
		return;
	}
	flight_take(dev, queue, tag);
	dev->block.retry[queue] = true;
	dev->block.any_retry = true;
	request_end(dev, rq, status);
}

void host_block_fail_all(struct device *dev, int status)
{
	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX; q++) {
		for (unsigned int tag = 0; tag < dev->block.depth[q]; tag++) {
			struct host_request *rq = dev->block.in_flight[q][tag];

			if (!rq)
				continue;
			flight_take(dev, q, tag);
			request_end(dev, rq, status);
		}
		for (struct host_request *rq = dev->block.waiting[q]; rq; rq = rq->next)
			request_end(dev, rq, status);
		dev->block.waiting[q] = NULL;
	}
}

/* What waits for it ends here; what is in flight is the driver's to complete. */
void block_unregister_unit(struct device *dev, unsigned int unit)
{
	if (unit >= BLOCK_UNITS_MAX || !dev->block.present[unit])
		return;
	dev->block.present[unit] = false;
	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX; q++) {
		struct host_request **at = &dev->block.waiting[q];

		while (*at) {
			struct host_request *rq = *at;

			if (rq->unit != unit) {
				at = &rq->next;
				continue;
			}
			*at = rq->next;
			request_end(dev, rq, -EIO);
		}
	}
}

/* Exact again after a look at all of them. */
uint64_t host_block_deadline(const struct device *dev)
{
	return dev->block.nr_flying ? dev->block.earliest_us : 0;
}

static void deadlines_look(struct device *dev)
{
	dev->block.earliest_us = 0;
	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX; q++) {
		for (unsigned int tag = 0; dev->block.nr_in_flight[q] && tag < dev->block.depth[q]; tag++) {
			if (dev->block.in_flight[q][tag])
				deadline_note(dev, dev->block.in_flight[q][tag]->deadline_us);
		}
	}
}

bool host_block_overdue(struct device *dev)
{
	uint64_t now = host_clock_us();
	bool any = false;

	if (!dev->block.nr_flying || now < dev->block.earliest_us)
		return false;
	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX; q++) {
		for (unsigned int tag = 0; dev->block.nr_in_flight[q] && tag < dev->block.depth[q] && dev->bound && !dev->failed; tag++) {
			struct host_request *rq = dev->block.in_flight[q][tag];

			if (!rq || rq->deadline_us > now)
				continue;
			rq->deadline_us = now + timeout_us(dev, rq);
			any = true;
			if (dev->driver->block->timeout)
				dev->driver->block->timeout(dev, q, tag);
			else
				device_fault(dev, "request timed out", tag);
		}
	}
	deadlines_look(dev);
	return any;
}

int host_block_unit_do(struct device *dev, unsigned int unit, uint8_t op, uint64_t lba, uint32_t nr_blocks, void *data)
{
	struct host_request rq = { .op = op, .unit = (uint16_t)unit, .lba = lba, .nr_blocks = nr_blocks, .data = data };
	uint64_t end = host_clock_us() + DO_LIMIT_US;

	if (host_block_unit(dev, unit))
		rq.queue = (uint16_t)host_block_unit(dev, unit)->first_queue;
	host_block_submit(dev, &rq);
	host_block_commit(dev, rq.queue);
	host_settle(dev);
	while (!rq.done && host_clock_us() < end)
		host_run(dev, 100000);
	if (rq.done)
		return rq.status;
	host_misuse(dev, "request was never completed");
	host_block_fail_all(dev, -EIO);
	return -ETIMEDOUT;
}

int host_block_do(struct device *dev, uint8_t op, uint64_t lba, uint32_t nr_blocks, void *data)
{
	return host_block_unit_do(dev, 0, op, lba, nr_blocks, data);
}

static int data_copy(struct device *dev, const struct block_request *view, uint32_t offset, void *to, const void *from, uint32_t length)
{
	struct host_request *rq = in_flight(dev, view->queue, view->tag);
	uint32_t bytes;

	if (!rq || !is_copied(dev, rq))
		return -ERANGE;
	bytes = request_bytes(dev, rq);
	if (offset > bytes || length > bytes - offset)
		return -ERANGE;
	if (to)
		memcpy(to, (uint8_t *)rq->data + offset, length);
	else
		memcpy((uint8_t *)rq->data + offset, from, length);
	return 0;
}

int block_data_get(struct device *dev, const struct block_request *rq, uint32_t offset, void *to, uint32_t length)
{
	return rq->op == BLOCK_WRITE ? data_copy(dev, rq, offset, to, NULL, length) : -ERANGE;
}

int block_data_put(struct device *dev, const struct block_request *rq, uint32_t offset, const void *from, uint32_t length)
{
	return rq->op == BLOCK_READ || rq->op == BLOCK_INFO ? data_copy(dev, rq, offset, NULL, from, length) : -ERANGE;
}

const struct block_limits *host_block_unit(const struct device *dev, unsigned int unit)
{
	return unit < BLOCK_UNITS_MAX && dev->block.present[unit] ? &dev->block.limits[unit] : NULL;
}

const struct block_limits *host_block_limits(const struct device *dev)
{
	return host_block_unit(dev, 0);
}

unsigned int host_block_resizes(const struct device *dev)
{
	return dev->block.resizes;
}

unsigned int host_block_in_flight(const struct device *dev)
{
	unsigned int nr = dev->block.nr_flying;

	for (unsigned int q = 0; q < BLOCK_QUEUES_MAX; q++) {
		for (const struct host_request *rq = dev->block.waiting[q]; rq; rq = rq->next)
			nr++;
	}
	return nr;
}
