// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of the virtio model (virtio 1.2 section 4.1): BAR 0 ports (legacy), BAR 4 memory (modern; common 0x0, isr 0x1000,
 * device 0x2000, notify 0x3000), BAR 1 the MSI-X table, which the driver never sees.
 */
#include <string.h>
#include "virtio_model.h"

#define BAR_LEGACY	0
#define BAR_MSIX	1
#define BAR_MODERN	4
#define WINDOW		0x1000u

#define CAP_MSIX	0x40
#define CAP_COMMON	0x50
#define CAP_ISR		0x60
#define CAP_DEVICE	0x70
#define CAP_NOTIFY	0x80

static void pci_put(struct virtio_model *vm, unsigned int at, uint32_t value, unsigned int size)
{
	memcpy(vm->pci + at, &value, size);
}

static void vendor_cap(struct virtio_model *vm, uint8_t at, uint8_t next, uint8_t type, uint32_t offset, uint32_t length)
{
	uint8_t bytes = type == 2 ? 20 : 16;

	vm->pci[at] = PCI_CAP_ID_VENDOR;
	vm->pci[at + 1] = next;
	vm->pci[at + 2] = bytes;
	vm->pci[at + 3] = type;
	vm->pci[at + 4] = BAR_MODERN;
	pci_put(vm, at + 8u, offset, 4);
	pci_put(vm, at + 12u, length, 4);
	if (type == 2)
		pci_put(vm, at + 16u, vm->setup.notify_multiplier, 4);
}

void model_pci_fill(struct virtio_model *vm, struct host_setup *host)
{
	bool modern = !vm->setup.legacy_only, legacy = !vm->setup.modern_only;

	host->vendor = 0x1af4;
	host->device = legacy ? vm->setup.class->legacy_id : vm->setup.class->modern_id;
	host->revision = legacy ? 0 : 1;
	host->awaited = vm->setup.awaited;
	pci_put(vm, 0, (uint32_t)host->device << 16 | host->vendor, 4);
	pci_put(vm, 6, 0x10, 2);
	vm->pci[8] = host->revision;
	vm->pci[0x34] = CAP_MSIX;
	vm->pci[CAP_MSIX] = PCI_CAP_ID_MSIX;
	vm->pci[CAP_MSIX + 1] = modern ? CAP_COMMON : 0;
	if (legacy)
		host->bars[BAR_LEGACY] = (struct pci_bar){ .length = 128, .io = true };
	host->bars[BAR_MSIX] = (struct pci_bar){ .length = 4096 };
	host->msix_bar = BAR_MSIX;
	host->msix_length = 4096;
	if (!modern)
		return;
	host->bars[BAR_MODERN] = (struct pci_bar){ .length = 4 * WINDOW, .prefetchable = true, .is_64bit = true };
	vendor_cap(vm, CAP_COMMON, CAP_ISR, 1, 0, WINDOW);
	vendor_cap(vm, CAP_ISR, CAP_DEVICE, 3, WINDOW, WINDOW);
	vendor_cap(vm, CAP_DEVICE, CAP_NOTIFY, 4, 2 * WINDOW, WINDOW);
	vendor_cap(vm, CAP_NOTIFY, 0, 2, 3 * WINDOW, WINDOW);
}

void model_interrupt(struct virtio_model *vm, uint16_t vector, uint8_t cause)
{
	if (vm->irq_kind == IRQ_KIND_MSIX) {
		if (vector != 0xffff)
			host_irq_raise(vm->dev, vector);
		return;
	}
	vm->isr |= cause;
	host_irq_level(vm->dev, true);
}

void model_reset(struct virtio_model *vm)
{
	vm->resets++;
	vm->status = 0;
	vm->isr = 0;
	vm->accepted = 0;
	vm->queue_select = 0;
	vm->device_select = vm->driver_select = 0;
	vm->config_vector = 0xffff;
	for (unsigned int i = 0; i < MODEL_QUEUES; i++)
		model_queue_reset(vm, &vm->queues[i]);
	for (unsigned int i = 0; i < MODEL_QUEUES; i++) {
		vm->queues[i].size = vm->setup.queue_size;
		vm->queues[i].index = (uint16_t)i;
	}
	host_irq_level(vm->dev, false);
}

static void status_write(struct virtio_model *vm, uint8_t status)
{
	if (!status) {
		if (!vm->lies.never_resets)
			model_reset(vm);
		return;
	}
	if (vm->lies.refuses_features || vm->accepted & ~vm->setup.features)
		status &= (uint8_t)~8u;
	vm->status = status;
}

static uint8_t isr_read(struct virtio_model *vm)
{
	uint8_t isr = vm->isr;

	vm->isr = 0;
	host_irq_level(vm->dev, false);
	return isr;
}

static uint64_t config_read(struct virtio_model *vm, uint64_t offset, unsigned int size)
{
	uint8_t config[64];
	uint64_t value = 0;

	memset(config, 0, sizeof(config));
	vm->setup.class->config_fill(vm, config);
	if (vm->lies.config_torn && offset == 0) {
		vm->lies.config_torn = false;
		vm->setup.sectors += 1ull << 32;
		vm->generation++;
	}
	if (offset + size <= sizeof(config))
		memcpy(&value, config + offset, size);
	return value;
}

static struct model_queue *selected(struct virtio_model *vm)
{
	return vm->queue_select < MODEL_QUEUES && vm->queue_select < vm->setup.nr_queues ? &vm->queues[vm->queue_select] : NULL;
}

static uint16_t size_read(struct virtio_model *vm)
{
	struct model_queue *q = selected(vm);

	if (vm->lies.queue_max_on)
		return vm->lies.queue_max;
	return q ? q->size : 0;
}

/* A vector that the device does not have reads back as none. */
static uint16_t vector_take(const struct virtio_model *vm, uint64_t value)
{
	return value < vm->nr_vectors ? (uint16_t)value : 0xffff;
}

static void queue_notify(struct virtio_model *vm, uint64_t index)
{
	if (index >= MODEL_QUEUES || !vm->queues[index].enabled)
		return;
	vm->queues[index].notifies++;
	vm->queues[index].notified = true;
}

static uint64_t common_read(struct virtio_model *vm, uint64_t offset)
{
	struct model_queue *q = selected(vm);

	switch (offset) {
	case 0x04: return vm->device_select < 2 ? (uint32_t)(vm->setup.features >> (32 * vm->device_select)) : 0;
	case 0x10: return vm->config_vector;
	case 0x12: return vm->setup.nr_queues;
	case 0x14: return vm->status;
	case 0x15: return vm->lies.generation_spins ? vm->generation++ : vm->generation;
	case 0x16: return vm->queue_select;
	case 0x18: return size_read(vm);
	case 0x1a: return q ? q->vector : 0xffff;
	case 0x1c: return q ? q->enabled : 0;
	case 0x1e: return vm->lies.notify_off_on ? vm->lies.notify_off : vm->queue_select;
	}
	return 0;
}

static void address_write(uint64_t *address, bool high, uint64_t value)
{
	*address = high ? (*address & 0xffffffffull) | value << 32 : (*address & ~0xffffffffull) | (uint32_t)value;
}

static void queue_write(struct virtio_model *vm, struct model_queue *q, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case 0x18:
		q->size = (uint16_t)value;
		break;
	case 0x1a:
		q->vector = vector_take(vm, value);
		break;
	case 0x1c:
		q->enabled = value == 1;
		break;
	case 0x20: case 0x24:
		address_write(&q->desc, offset & 4, value);
		break;
	case 0x28: case 0x2c:
		address_write(&q->driver, offset & 4, value);
		break;
	case 0x30: case 0x34:
		address_write(&q->device, offset & 4, value);
		break;
	}
}

static void common_write(struct virtio_model *vm, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case 0x00:
		vm->device_select = (uint32_t)value;
		break;
	case 0x08:
		vm->driver_select = (uint32_t)value;
		break;
	case 0x0c:
		if (vm->driver_select < 2)
			address_write(&vm->accepted, vm->driver_select, value);
		break;
	case 0x10:
		vm->config_vector = vector_take(vm, value);
		break;
	case 0x14:
		status_write(vm, (uint8_t)value);
		break;
	case 0x16:
		vm->queue_select = (uint16_t)value;
		break;
	default:
		if (selected(vm))
			queue_write(vm, selected(vm), offset, value);
	}
}

static uint64_t modern_read(struct virtio_model *vm, uint64_t offset, unsigned int size)
{
	switch (offset / WINDOW) {
	case 0: return common_read(vm, offset);
	case 1: return isr_read(vm);
	case 2: return config_read(vm, offset % WINDOW, size);
	}
	return 0;
}

static void modern_write(struct virtio_model *vm, uint64_t offset, uint64_t value)
{
	if (offset / WINDOW == 0)
		common_write(vm, offset, value);
	else if (offset / WINDOW == 3)
		queue_notify(vm, value);
}

/* Ports 20 to 23 are vectors while MSI-X is on. */
static uint64_t legacy_read(struct virtio_model *vm, uint64_t offset, unsigned int size)
{
	bool msix = vm->irq_kind == IRQ_KIND_MSIX;
	struct model_queue *q = selected(vm);

	switch (offset) {
	case 0: return (uint32_t)vm->setup.features;
	case 8: return q ? (uint32_t)(q->desc >> 12) : 0;
	case 12: return size_read(vm);
	case 14: return vm->queue_select;
	case 18: return vm->status;
	case 19: return isr_read(vm);
	}
	if (msix && offset == 20)
		return vm->config_vector;
	if (msix && offset == 22)
		return q ? q->vector : 0xffff;
	return offset >= (msix ? 24 : 20) ? config_read(vm, offset - (msix ? 24 : 20), size) : 0;
}

static void legacy_place(struct model_queue *q, uint32_t page)
{
	uint64_t avail_end;

	q->desc = (uint64_t)page << 12;
	q->driver = q->desc + 16u * q->size;
	avail_end = q->driver + 6 + 2u * q->size;
	q->device = (avail_end + 4095) & ~4095ull;
	q->enabled = page != 0;
}

static void legacy_write(struct virtio_model *vm, uint64_t offset, uint64_t value)
{
	struct model_queue *q = selected(vm);
	bool msix = vm->irq_kind == IRQ_KIND_MSIX;

	if (offset == 4)
		vm->accepted = (uint32_t)value;
	else if (offset == 8 && q)
		legacy_place(q, (uint32_t)value);
	else if (offset == 14)
		vm->queue_select = (uint16_t)value;
	else if (offset == 16)
		queue_notify(vm, value);
	else if (offset == 18)
		status_write(vm, (uint8_t)value);
	else if (msix && offset == 20)
		vm->config_vector = vector_take(vm, value);
	else if (msix && offset == 22 && q)
		q->vector = vector_take(vm, value);
}

static uint64_t model_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct virtio_model *vm = model;

	if (vm->lies.vanish)
		return ~0ull;
	return bar == BAR_LEGACY ? legacy_read(vm, offset, size) : modern_read(vm, offset, size);
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_model *vm = model;

	(void)size;
	if (vm->lies.vanish)
		return;
	if (bar == BAR_LEGACY)
		legacy_write(vm, offset, value);
	else
		modern_write(vm, offset, value);
}

static uint8_t model_config_read(void *model, uint32_t offset)
{
	struct virtio_model *vm = model;

	return vm->lies.vanish ? 0xff : vm->pci[offset & 255];
}

static void model_irq_mode(void *model, enum irq_kind kind, unsigned int nr)
{
	struct virtio_model *vm = model;

	vm->irq_kind = kind;
	vm->nr_vectors = kind == IRQ_KIND_MSIX ? nr : 0;
}

static bool model_tick(void *model)
{
	struct virtio_model *vm = model;
	bool busy = false;

	for (unsigned int i = 0; i < MODEL_QUEUES && !vm->lies.vanish; i++) {
		if (!vm->queues[i].notified)
			continue;
		model_queue_work(vm, &vm->queues[i]);
		busy = true;
	}
	return busy;
}

const struct host_model_ops virtio_model_ops = {
	.read = model_read,
	.write = model_write,
	.config_read = model_config_read,
	.irq_mode = model_irq_mode,
	.tick = model_tick,
};
