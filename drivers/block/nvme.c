// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe disks (NVM Express 1.4): each namespace is a unit, and one pair of queues per CPU, on its own strand, serves them all. Data is
 * described by PRP lists where they can, and by SGLs where the controller knows them. Nothing is allocated for a request: its list lies
 * in its queue's memory, found by its tag. Left out: metadata and protection, zoned and key-value command sets, controller memory
 * buffers. Parameters: queues=N, timeout_ms=N, shadow=0|1, sgl=0|1|2 (2: always).
 */
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>
#include "nvme.h"

#define CAP_MQES(low)		((low) & 0xffff)
#define CAP_TO(low)		((low) >> 24)
#define CAP_STRIDE(high)	((high) & 15)
#define CAP_COMMANDS(high)	((high) >> 5 & 0xff)
#define CAP_COMMANDS_NVM	1u
#define CAP_PAGE_MIN(high)	((high) >> 16 & 15)
#define CAP_TO_UNIT_US		500000u

/* NVM commands (section 6). */
#define OP_FLUSH		0x00
#define OP_WRITE		0x01
#define OP_READ			0x02
#define OP_WRITE_ZEROES		0x08
#define OP_DATASET		0x09
#define PSDT_SGL		BIT(14)
#define RW_FUA			BIT(30)
#define ZEROES_DEALLOCATE	BIT(25)
#define DATASET_DEALLOCATE	BIT(2)
#define BLOCKS_MAX		65536u

/* SGL descriptor types, as the last byte of 16 (section 4.4). */
#define SGL_DATA		0x00u
#define SGL_LAST_SEGMENT	0x30u
#define SGL_BYTES		16u
#define SEGMENTS_MAX		(NVME_LIST_BYTES / SGL_BYTES)
#define PRP_ENTRIES		(NVME_LIST_BYTES / 8)

#define TIMEOUT_MS		30000u
#define TIMEOUT_MIN_MS		100u
#define TIMEOUT_MAX_MS		3600000u

enum { SGL_NEVER, SGL_WHERE_NEEDED, SGL_ALWAYS };

/* ---- Requests ---- */

static uint32_t list_offset(const struct nvme_queue *q, uint32_t tag)
{
	return q->lists_offset + tag * NVME_LIST_BYTES;
}

static void pointer_set(struct nvme_command *cmd, unsigned int dw, uint64_t value)
{
	cmd->dw[dw] = (uint32_t)value;
	cmd->dw[dw + 1] = (uint32_t)(value >> 32);
}

/* Interior ends on pages, as PRP lists need it. */
static bool prp_fits(const struct block_request *rq)
{
	for (unsigned int i = 0; i < rq->nr_segments; i++) {
		const struct dma_segment *s = &rq->segments[i];

		if (i && s->address % NVME_PAGE)
			return false;
		if (i + 1u < rq->nr_segments && (s->address + s->length) % NVME_PAGE)
			return false;
	}
	return true;
}

/* Section 4.3. The first page stands in the command; a second one too, else there the list of all but the first. */
static int prp_set(struct nvme_queue *q, const struct block_request *rq, struct nvme_command *cmd)
{
	uint32_t list = list_offset(q, rq->tag), nr = 0;
	uint64_t second = 0;

	for (unsigned int i = 0; i < rq->nr_segments; i++) {
		uint64_t address = rq->segments[i].address, end = address + rq->segments[i].length;

		for (; address < end; address = (address | (NVME_PAGE - 1)) + 1) {
			if (nr > PRP_ENTRIES)
				return -EINVAL;
			if (!nr)
				pointer_set(cmd, 6, address);
			else
				dma_write64(&q->memory, list + (nr - 1) * 8, address);
			second = nr == 1 ? address : second;
			nr++;
		}
	}
	pointer_set(cmd, 8, nr > 2 ? q->memory.address + list : second);
	return 0;
}

static int sgl_set(struct nvme_queue *q, const struct block_request *rq, struct nvme_command *cmd)
{
	uint32_t list = list_offset(q, rq->tag);

	cmd->dw[0] |= PSDT_SGL;
	if (rq->nr_segments == 1) {
		pointer_set(cmd, 6, rq->segments[0].address);
		cmd->dw[8] = rq->segments[0].length;
		cmd->dw[9] = SGL_DATA << 24;
		return 0;
	}
	for (uint32_t i = 0; i < rq->nr_segments; i++) {
		dma_write64(&q->memory, list + i * SGL_BYTES, rq->segments[i].address);
		dma_write32(&q->memory, list + i * SGL_BYTES + 8, rq->segments[i].length);
		dma_write32(&q->memory, list + i * SGL_BYTES + 12, SGL_DATA << 24);
	}
	pointer_set(cmd, 6, q->memory.address + list);
	cmd->dw[8] = rq->nr_segments * SGL_BYTES;
	cmd->dw[9] = SGL_LAST_SEGMENT << 24;
	return 0;
}

static uint64_t data_bytes(const struct block_request *rq)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < rq->nr_segments; i++)
		sum += rq->segments[i].length;
	return sum;
}

static bool data_fits(const struct nvme *n, const struct nvme_namespace *ns, const struct block_request *rq)
{
	uint64_t bytes = (uint64_t)rq->nr_blocks * ns->block_size;

	if (!rq->nr_segments || rq->nr_segments > SEGMENTS_MAX || bytes > n->max_bytes || bytes != data_bytes(rq))
		return false;
	for (unsigned int i = 0; i < rq->nr_segments; i++) {
		if ((rq->segments[i].address | rq->segments[i].length) & 3)
			return false;
	}
	return true;
}

static int data_command(struct nvme *n, struct nvme_queue *q, const struct block_request *rq, struct nvme_command *cmd)
{
	const struct nvme_namespace *ns = &n->units[rq->unit];

	if (rq->op == BLOCK_WRITE && ns->read_only)
		return -EROFS;
	if (!data_fits(n, ns, rq))
		return -EINVAL;
	cmd->dw[0] = rq->op == BLOCK_READ ? OP_READ : OP_WRITE;
	pointer_set(cmd, 10, rq->lba);
	cmd->dw[12] = (rq->nr_blocks - 1) | (rq->op == BLOCK_WRITE && rq->flags & BLOCK_REQ_FUA ? RW_FUA : 0);
	if (n->sgl != SGL_ALWAYS && prp_fits(rq))
		return prp_set(q, rq, cmd);
	return n->sgl == SGL_NEVER ? -EINVAL : sgl_set(q, rq, cmd);
}

static int zeroes_command(struct nvme *n, const struct block_request *rq, struct nvme_command *cmd)
{
	const struct nvme_namespace *ns = &n->units[rq->unit];

	if (!n->has_write_zeroes)
		return -EOPNOTSUPP;
	if (ns->read_only)
		return -EROFS;
	if (!rq->nr_blocks || rq->nr_blocks > BLOCKS_MAX)
		return -EINVAL;
	cmd->dw[0] = OP_WRITE_ZEROES;
	pointer_set(cmd, 10, rq->lba);
	cmd->dw[12] = (rq->nr_blocks - 1) | (rq->flags & BLOCK_REQ_UNMAP && ns->zeroes_deallocate ? ZEROES_DEALLOCATE : 0);
	return 0;
}

/* One range, in the tag's list. */
static int discard_command(struct nvme *n, struct nvme_queue *q, const struct block_request *rq, struct nvme_command *cmd)
{
	uint32_t range = list_offset(q, rq->tag);

	if (!n->has_discard)
		return -EOPNOTSUPP;
	if (n->units[rq->unit].read_only)
		return -EROFS;
	dma_write32(&q->memory, range, 0);
	dma_write32(&q->memory, range + 4, rq->nr_blocks);
	dma_write64(&q->memory, range + 8, rq->lba);
	cmd->dw[0] = OP_DATASET;
	pointer_set(cmd, 6, q->memory.address + range);
	cmd->dw[11] = DATASET_DEALLOCATE;
	return 0;
}

static int request_command(struct nvme *n, struct nvme_queue *q, const struct block_request *rq, struct nvme_command *cmd)
{
	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		return data_command(n, q, rq, cmd);
	case BLOCK_FLUSH:
		cmd->dw[0] = OP_FLUSH;
		return n->has_cache ? 0 : -EOPNOTSUPP;
	case BLOCK_DISCARD:
		return discard_command(n, q, rq, cmd);
	case BLOCK_WRITE_ZEROES:
		return zeroes_command(n, rq, cmd);
	}
	return -EOPNOTSUPP;
}

static int nvme_submit(struct device *dev, const struct block_request *rq)
{
	struct nvme *n = device_priv(dev);
	struct nvme_command cmd = { .dw = { 0 } };
	struct nvme_queue *q;
	int err;

	if (rq->queue >= n->nr_queues || rq->unit >= BLOCK_UNITS_MAX || rq->tag >= n->entries - 1u)
		return -EINVAL;
	if (!nvme_unit(n, rq->unit))
		return -EIO;
	if (rq->op == BLOCK_INFO)
		return nvme_info_submit(n, rq);
	q = &n->queues[1 + rq->queue];
	cmd.dw[1] = n->units[rq->unit].id;
	err = request_command(n, q, rq, &cmd);
	return err ? err : nvme_queue_add(q, rq->tag, &cmd);
}

static void nvme_commit(struct device *dev, unsigned int queue)
{
	struct nvme *n = device_priv(dev);

	if (queue < n->nr_queues && nvme_queue_live(&n->queues[1 + queue]))
		nvme_queue_ring(&n->queues[1 + queue]);
}

static void nvme_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct nvme *n = device_priv(dev);

	if (queue < n->nr_queues && tag < n->entries - 1u)
		nvme_overdue(&n->queues[1 + queue], tag);
}

/* Vector 0 is the admin queue's, and the only I/O queue's when there is no other vector. */
static enum irq_result nvme_irq(struct device *dev, unsigned int vector)
{
	struct nvme *n = device_priv(dev);
	unsigned int queue = vector ? vector : n->nr_vectors > 1 ? 0 : 1;
	bool any = false;

	if (!__atomic_load_n(&n->armed, __ATOMIC_ACQUIRE))
		return IRQ_NONE;
	if (!vector && nvme_queue_live(&n->queues[0])) {
		any = nvme_queue_drain(&n->queues[0]);
		nvme_job_next(n);
	}
	if (queue && queue <= n->nr_queues && nvme_queue_live(&n->queues[queue]))
		any = nvme_queue_drain(&n->queues[queue]) || any;
	return any ? IRQ_HANDLED : IRQ_NONE;
}

static void nvme_timer(struct device *dev, unsigned int strand)
{
	struct nvme *n = device_priv(dev);

	if (__atomic_load_n(&n->armed, __ATOMIC_ACQUIRE) && strand < n->nr_queues)
		nvme_tick(n, strand);
}

/* ---- Probe ---- */

static unsigned int queues_wanted(struct nvme *n)
{
	uint64_t nr = device_param(n->dev, "queues", device_nr_cpus(n->dev));

	return !nr ? 1 : nr > BLOCK_QUEUES_MAX ? BLOCK_QUEUES_MAX : (unsigned int)nr;
}

static int capabilities_read(struct nvme *n)
{
	uint32_t low = mmio_read32(&n->regs, NVME_CAP), high = mmio_read32(&n->regs, NVME_CAP + 4);

	if (low == NVME_GONE && high == NVME_GONE)
		return -ENODEV;
	if (!(CAP_COMMANDS(high) & CAP_COMMANDS_NVM) || CAP_PAGE_MIN(high) || !CAP_MQES(low)) {
		dev_err(n->dev, "controller is not usable, cap=0x%08x%08x", high, low);
		return -ENXIO;
	}
	n->version = mmio_read32(&n->regs, NVME_VS);
	n->stride = 4u << CAP_STRIDE(high);
	n->ready_us = (CAP_TO(low) + 1) * CAP_TO_UNIT_US;
	n->shutdown_us = n->ready_us;
	n->entries = CAP_MQES(low) + 1 < NVME_ENTRIES ? (uint16_t)(CAP_MQES(low) + 1) : NVME_ENTRIES;
	return 0;
}

/* A vector for each queue and one for the admin queue; or one for all, and then one queue. */
static int vectors_get(struct nvme *n)
{
	unsigned int nr = queues_wanted(n);
	int given = irq_request(n->dev, nr + 1);

	if (given < 0)
		return given;
	n->nr_vectors = (unsigned int)given;
	n->nr_queues = given < 2 ? 1 : nr < n->nr_vectors ? nr : n->nr_vectors - 1;
	return mmio_map(n->dev, 0, NVME_DOORBELLS, 2ull * (n->nr_queues + 1) * n->stride, MMIO_WRITE, &n->doorbells);
}

static int registers_map(struct nvme *n)
{
	int err = mmio_map(n->dev, 0, 0, NVME_DOORBELLS, MMIO_READ | MMIO_WRITE, &n->regs);

	if (!err)
		err = capabilities_read(n);
	if (!err)
		err = vectors_get(n);
	if (!err)
		err = nvme_controller_stop(n, false);
	if (!err && irq_kind(n->dev) != IRQ_KIND_MSIX)
		mmio_write32(&n->regs, NVME_INTMS, ~0u);	/* until armed */
	return err;
}

static int admin_create(struct nvme *n)
{
	int err;

	n->queues = mem_alloc(n->dev, n->nr_queues + 1, sizeof(n->queues[0]));
	n->units = mem_alloc(n->dev, BLOCK_UNITS_MAX, sizeof(n->units[0]));
	if (!n->queues || !n->units)
		return -ENOMEM;
	err = dma_alloc(n->dev, NVME_PAGE, NVME_PAGE, &n->page);
	if (!err)
		err = nvme_queue_create(n, &n->queues[0], 0, NVME_ADMIN_ENTRIES, false);
	return err ? err : nvme_controller_start(n);
}

/* Doorbells in memory replace register writes that cost an exit; a line must be quieted by the register. */
static int shadow_create(struct nvme *n)
{
	int err;

	if (!n->shadow_on || irq_kind(n->dev) != IRQ_KIND_MSIX || 2 * (n->nr_queues + 1) * n->stride > NVME_PAGE)
		return 0;
	err = dma_alloc(n->dev, NVME_PAGE, NVME_PAGE, &n->events);
	return err ? err : dma_alloc(n->dev, NVME_PAGE, NVME_PAGE, &n->shadow);
}

/* What a namespace is attached with: one controller, this one. */
static int own_create(struct nvme *n)
{
	int err = n->has_attach ? dma_alloc(n->dev, NVME_PAGE, NVME_PAGE, &n->own) : 0;

	if (n->own.length)
		dma_write32(&n->own, 0, 1u | (uint32_t)n->controller_id << 16);
	return err;
}

static int strands_create(struct nvme *n)
{
	int err = device_strands(n->dev, n->nr_queues);

	for (unsigned int i = 0; !err && n->nr_vectors > 1 && i < n->nr_queues; i++)
		err = irq_route(n->dev, i + 1, i);
	return err;
}

static int queues_create(struct nvme *n)
{
	int err = nvme_start_step(n, 0);	/* how many queues there may be */

	if (!err)
		err = strands_create(n);
	if (!err)
		err = shadow_create(n);
	n->shadow_on = false;
	for (unsigned int i = 1; !err && i <= n->nr_queues; i++)
		err = nvme_queue_create(n, &n->queues[i], (uint16_t)i, n->entries, true);
	for (unsigned int step = 1; !err; step++)
		err = nvme_start_step(n, step);
	return err == -ENOENT ? 0 : err;
}

static void limits_fill(const struct nvme *n, unsigned int unit, struct block_limits *l)
{
	const struct nvme_namespace *ns = &n->units[unit];

	*l = (struct block_limits){
		.nr_blocks = ns->nr_blocks, .block_size = ns->block_size, .physical_block_size = ns->physical_block_size,
		.nr_queues = n->nr_queues, .queue_depth = n->entries - 1u, .max_segments = SEGMENTS_MAX,
		.max_request_blocks = n->max_bytes / ns->block_size, .max_write_zeroes_blocks = BLOCKS_MAX,
		.segment_boundary = n->sgl == SGL_NEVER ? NVME_PAGE : 0, .unit = unit, .prefix = "nvme",
	};
	l->request_timeout_ms = n->timeout_ms;
	l->flags |= BLOCK_HAS_INFO | (ns->read_only ? BLOCK_RO : 0);
	l->flags |= n->has_cache ? BLOCK_HAS_FLUSH | BLOCK_HAS_FUA : 0;
	l->flags |= n->has_discard ? BLOCK_HAS_DISCARD : 0;
	l->flags |= n->has_write_zeroes ? BLOCK_HAS_WRITE_ZEROES : 0;
	str_copy(l->serial, n->serial, sizeof(l->serial));
}

static void interrupts_arm(struct nvme *n)
{
	__atomic_store_n(&n->armed, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < n->nr_queues; i++)
		timer_set(n->dev, i, 0);
	if (irq_kind(n->dev) != IRQ_KIND_MSIX)
		mmio_write32(&n->regs, NVME_INTMC, ~0u);
}

int nvme_disk_announce(struct nvme *n, unsigned int place)
{
	struct block_limits l;
	int err;

	limits_fill(n, place, &l);
	err = block_register(n->dev, &l);
	if (err)
		dev_warn(n->dev, "namespace %u is left out, error=%d", n->units[place].id, err);
	return err;
}

/* The first one must be taken; without another one the rest is still of use. */
static int disks_announce(struct nvme *n)
{
	bool any = false;
	int err;

	dev_info(n->dev, "nvme %u.%u model=\"%s\" serial=\"%s\" namespaces=%u queues=%u depth=%u bytes=%u cache=%u shadow=%u sgl=%u",
		 n->version >> 16, n->version >> 8 & 0xff, n->model, n->serial, n->nr_units, n->nr_queues, n->entries - 1u, n->max_bytes,
		 n->has_cache, n->shadow_on, n->sgl);
	interrupts_arm(n);
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		if (!nvme_unit(n, i))
			continue;
		err = nvme_disk_announce(n, i);
		if (err && !any)
			return err;
		any = true;
	}
	__atomic_store_n(&n->announced, true, __ATOMIC_RELEASE);
	return 0;
}

static int disks_start(struct nvme *n)
{
	uint64_t sgl = device_param(n->dev, "sgl", SGL_WHERE_NEEDED), timeout = device_param(n->dev, "timeout_ms", TIMEOUT_MS);
	int err;

	n->timeout_ms = timeout < TIMEOUT_MIN_MS || timeout > TIMEOUT_MAX_MS ? TIMEOUT_MS : (uint32_t)timeout;
	n->shadow_on = device_param(n->dev, "shadow", 1) != 0;
	err = nvme_controller_identify(n);
	if (err)
		return err;
	err = own_create(n);
	if (err)
		return err;
	n->sgl = !n->has_sgl || !sgl ? SGL_NEVER : sgl == 1 ? SGL_WHERE_NEEDED : SGL_ALWAYS;
	err = queues_create(n);
	if (err)
		return err;
	err = nvme_namespaces_identify(n);
	if (!err && !n->nr_units && !n->has_notices)
		err = -ENXIO;
	if (err) {
		dev_err(n->dev, "no usable namespace");
		return err;
	}
	return disks_announce(n);
}

static void memory_free(struct nvme *n)
{
	for (unsigned int i = 0; n->queues && i <= n->nr_queues; i++)
		nvme_queue_free(&n->queues[i]);
	if (n->shadow.length)
		dma_free(&n->shadow);
	if (n->events.length)
		dma_free(&n->events);
	if (n->page.length)
		dma_free(&n->page);
	if (n->own.length)
		dma_free(&n->own);
	mem_free(n->dev, n->units);
	mem_free(n->dev, n->queues);
}

/* Stop the controller, then free; memory that a deaf one may still write stays for the shim, which frees it after stopping the bus. */
static void nvme_stop(struct nvme *n)
{
	if (n->armed) {
		for (unsigned int i = 0; i < n->nr_queues; i++)
			timer_cancel(n->dev, i);
		__atomic_store_n(&n->armed, false, __ATOMIC_RELEASE);
	}
	if (n->nr_vectors)
		irq_release(n->dev);
	if (n->started && nvme_controller_stop(n, true))
		return;
	memory_free(n);
	if (n->doorbells.length)
		mmio_unmap(&n->doorbells);
	if (n->regs.length)
		mmio_unmap(&n->regs);
	mem_free(n->dev, n);
}

static int nvme_probe(struct device *dev)
{
	struct nvme *n = mem_alloc(dev, 1, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	n->dev = dev;
	device_set_priv(dev, n);
	err = registers_map(n);
	if (!err)
		err = admin_create(n);
	if (!err)
		err = disks_start(n);
	if (err)
		nvme_stop(n);
	return err;
}

static void nvme_remove(struct device *dev)
{
	block_unregister(dev);
	nvme_stop(device_priv(dev));
}

static const struct block_ops nvme_ops = {
	.submit = nvme_submit,
	.commit = nvme_commit,
	.timeout = nvme_timeout,
};

DRIVER(nvme) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "nvme",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "NVM Express disks",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA,
		.dma_bits = 64,
		.match = { MATCH_PCI_CLASS(0x010802) },
	},
	.probe = nvme_probe,
	.remove = nvme_remove,
	.irq = nvme_irq,
	.timer = nvme_timer,
	.block = &nvme_ops,
};
