// SPDX-License-Identifier: GPL-2.0
/* The disk behind the virtio model (virtio 1.2 section 5.2): carries requests out on memory. */
#include <string.h>
#include "virtio_model.h"

#define SECTOR		512u
#define NAME		"0000:00:03.0"
#define DISK_MAX	(64u << 20)

enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct range {
	uint64_t sector;
	uint32_t count, flags;
};

static uint64_t disk_bytes(const struct virtio_model *vm)
{
	return vm->setup.sectors * SECTOR > DISK_MAX ? DISK_MAX : vm->setup.sectors * SECTOR;
}

static bool inside(const struct virtio_model *vm, uint64_t sector, uint64_t bytes)
{
	return sector <= disk_bytes(vm) / SECTOR && bytes <= disk_bytes(vm) - sector * SECTOR;
}

/* Data is the pieces between the first (header) and the last (status). */
static uint8_t data_move(struct virtio_model *vm, const struct model_request *rq, uint64_t sector, bool read, uint32_t *written)
{
	uint64_t at = sector * SECTOR;

	for (unsigned int i = 1; i + 1 < rq->nr; i++) {
		const struct model_piece *p = &rq->pieces[i];
		int err;

		if (p->written != read || !inside(vm, sector, at - sector * SECTOR + p->length))
			return STATUS_IOERR;
		if (vm->accepted & MODEL_F_SIZE_MAX && p->length > vm->setup.size_max)
			return STATUS_IOERR;
		err = read ? host_dma_write(vm->dev, p->address, vm->disk + at, p->length) :
			     host_dma_read(vm->dev, p->address, vm->disk + at, p->length);
		if (err)
			return STATUS_IOERR;
		at += p->length;
		*written += read ? p->length : 0;
	}
	return STATUS_OK;
}

static uint8_t range_clear(struct virtio_model *vm, const struct model_request *rq, bool discard)
{
	struct range range;
	uint32_t most = discard ? vm->setup.max_discard : vm->setup.max_zeroes;

	if (rq->nr != 3 || rq->pieces[1].length != sizeof(range) ||
	    host_dma_read(vm->dev, rq->pieces[1].address, &range, sizeof(range)))
		return STATUS_IOERR;
	if (range.count > most || !inside(vm, range.sector, (uint64_t)range.count * SECTOR))
		return STATUS_IOERR;
	if (range.flags & (discard ? ~0u : ~1u))
		return STATUS_UNSUPP;
	memset(vm->disk + range.sector * SECTOR, 0, (size_t)range.count * SECTOR);
	vm->unmap_seen = range.flags & 1;
	discard ? vm->discards++ : vm->zeroes++;
	return STATUS_OK;
}

static uint8_t id_tell(struct virtio_model *vm, const struct model_request *rq, uint32_t *written)
{
	char id[20] = "";

	if (!vm->setup.serial)
		return STATUS_UNSUPP;
	if (rq->nr != 3 || rq->pieces[1].length != sizeof(id))
		return STATUS_IOERR;
	memcpy(id, vm->setup.serial, strnlen(vm->setup.serial, sizeof(id)));
	*written = sizeof(id);
	return host_dma_write(vm->dev, rq->pieces[1].address, id, sizeof(id)) ? STATUS_IOERR : STATUS_OK;
}

static uint8_t request_run(struct virtio_model *vm, const struct model_request *rq, const struct header *h, uint32_t *written)
{
	bool ro = vm->setup.features & MODEL_F_RO;

	switch (h->type) {
	case 0: return data_move(vm, rq, h->sector, true, written);
	case 1: return ro ? STATUS_IOERR : data_move(vm, rq, h->sector, false, written);
	case 4: vm->flushes++; return STATUS_OK;
	case 8: return id_tell(vm, rq, written);
	case 11: return ro ? STATUS_IOERR : range_clear(vm, rq, true);
	case 13: return ro ? STATUS_IOERR : range_clear(vm, rq, false);
	}
	return STATUS_UNSUPP;
}

static void disk_answer(struct virtio_model *vm, struct model_queue *q, struct model_request *rq)
{
	const struct model_piece *last = &rq->pieces[rq->nr - 1];
	uint32_t written = 0;
	struct header h;
	uint8_t status;

	if (rq->nr < 2 || rq->pieces[0].length != sizeof(h) || rq->pieces[0].written || !last->written || last->length != 1 ||
	    host_dma_read(vm->dev, rq->pieces[0].address, &h, sizeof(h))) {
		vm->confused++;
		return;
	}
	if (vm->accepted & MODEL_F_SEG_MAX && rq->nr - 2 > (vm->setup.seg_max ? vm->setup.seg_max : 1))
		vm->confused++;
	status = request_run(vm, rq, &h, &written);
	if (vm->lies.bad_status) {
		vm->lies.bad_status--;
		status = vm->lies.status_value;
	}
	if (!vm->lies.no_status)
		host_dma_write(vm->dev, last->address, &status, 1);
	model_queue_answer(vm, q, rq, written + 1);
}

static void control_work(struct virtio_model *vm, struct model_queue *q)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < q->nr_held; i++) {
		struct model_request *rq = q->held[i];

		if (vm->setup.class->control(vm, q, rq))
			host_free(rq);
		else
			q->held[kept++] = rq;
	}
	q->nr_held = kept;
	model_queue_signal(vm, q);
}

void model_queue_work(struct virtio_model *vm, struct model_queue *q)
{
	q->notified = false;
	if (!q->enabled || !(vm->status & 4))
		return;
	model_queue_take(vm, q);
	model_notify_wish(vm, q);
	model_queue_take(vm, q);
	if (!q->index && vm->setup.class->control && !vm->lies.stalls)
		control_work(vm, q);
	if (vm->hold || vm->lies.stalls || q->index < vm->setup.class->first_queue)
		return;
	for (unsigned int i = 0; i < q->nr_held; i++) {
		struct model_request *rq = q->held[vm->lies.reverse ? q->nr_held - 1 - i : i];

		vm->setup.class->answer(vm, q, rq);
		model_request_put(vm, rq);
	}
	q->nr_held = 0;
	model_queue_signal(vm, q);
}

void virtio_model_release(struct virtio_model *vm)
{
	for (unsigned int i = 0; i < MODEL_QUEUES; i++)
		model_queue_work(vm, &vm->queues[i]);
}

void virtio_model_resize(struct virtio_model *vm, uint64_t sectors)
{
	uint8_t *disk;

	vm->setup.sectors = sectors;
	disk = host_alloc(disk_bytes(vm) + 1);
	host_free(vm->disk);
	vm->disk = disk;
	vm->generation++;
	model_interrupt(vm, vm->config_vector, 2);
}

void virtio_model_spurious(struct virtio_model *vm)
{
	if (vm->irq_kind != IRQ_KIND_MSIX) {
		host_irq_level(vm->dev, true);
		return;
	}
	for (unsigned int i = 0; i < vm->nr_vectors; i++)
		host_irq_raise(vm->dev, i);
}

void virtio_model_needs_reset(struct virtio_model *vm)
{
	vm->status |= 0x40;
	model_interrupt(vm, vm->config_vector, 2);
}

static void disk_config(struct virtio_model *vm, uint8_t config[64])
{
	const struct virtio_model_setup *s = &vm->setup;
	uint16_t queues = s->nr_queues;

	memcpy(config, &s->sectors, 8);
	memcpy(config + 8, &s->size_max, 4);
	memcpy(config + 12, &s->seg_max, 4);
	memcpy(config + 20, &s->block_size, 4);
	config[24] = (uint8_t)s->physical_exp;
	config[32] = s->writeback;
	memcpy(config + 34, &queues, 2);
	memcpy(config + 36, &s->max_discard, 4);
	memcpy(config + 48, &s->max_zeroes, 4);
	config[56] = 1;
}

const struct virtio_model_class virtio_blk_class = { .legacy_id = 0x1001, .modern_id = 0x1042, .config_fill = disk_config, .answer = disk_answer };

struct virtio_model_setup virtio_model_default(void)
{
	return (struct virtio_model_setup){
		.class = &virtio_blk_class,
		.features = MODEL_F_SEG_MAX | MODEL_F_BLK_SIZE | MODEL_F_FLUSH | MODEL_F_TOPOLOGY | MODEL_F_MQ | MODEL_F_DISCARD |
			    MODEL_F_WRITE_ZEROES | MODEL_F_INDIRECT | MODEL_F_EVENT_IDX | MODEL_F_VERSION_1 | MODEL_F_PACKED,
		.sectors = 2048, .block_size = 512, .seg_max = 126, .queue_size = 256, .nr_queues = 1,
		.max_discard = 1024, .max_zeroes = 1024, .writeback = true, .msix_vectors = 3, .notify_multiplier = 4,
		.serial = "ferry-disk-0", .nr_cpus = 1,
	};
}

struct virtio_model *virtio_model_create(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = host_alloc(sizeof(*vm));
	struct host_setup host = { .name = NAME, .bus = FERRY_BUS_PCI, .msix_vectors = setup->msix_vectors, .intx = true,
				   .nr_cpus = setup->nr_cpus, .ops = setup->ops ? setup->ops : &virtio_model_ops, .memory_limit = setup->memory_limit,
				   .dma_base = setup->dma_base };

	vm->setup = *setup;
	vm->disk = host_alloc(disk_bytes(vm) + 1);
	host.model = vm;
	memcpy(host.params, setup->params, sizeof(host.params));
	model_pci_fill(vm, &host);
	vm->dev = host_device_create(&host);
	if (!vm->dev) {
		host_free(vm->disk);
		host_free(vm);
		return NULL;
	}
	model_reset(vm);
	vm->resets = 0;
	return vm;
}

void virtio_model_free(struct virtio_model *vm)
{
	for (unsigned int i = 0; i < MODEL_QUEUES; i++)
		model_queue_reset(vm, &vm->queues[i]);
	model_requests_free(vm);
	if (vm->setup.class->free)
		vm->setup.class->free(vm);
	host_free(vm->disk);
	host_free(vm);
}

unsigned int virtio_model_destroy(struct virtio_model *vm)
{
	unsigned int problems = host_close(vm->dev) + vm->confused;

	virtio_model_free(vm);
	return problems;
}
