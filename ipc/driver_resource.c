// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver process gets of its device: facts, register windows, ports, interrupts, configuration space; DMA memory is driver_dma.c.
 * Each call checks the DEVICE handle for the need it stands for, and the range against what the bus reported for this very device.
 * What is given is a handle below that DEVICE handle, and is taken back when one of the two is revoked, at the latest with the binding.
 */
#include <driver/pci.h>
#include <kernel/cpu.h>
#include <kernel/pci.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "moved.h"
#include "window.h"

_Static_assert(FERRY_STATE_QUIESCED == (int)DRIVER_QUIESCED && FERRY_STATE_RUNNING == (int)DRIVER_RUNNING, "states");
_Static_assert(FERRY_PLACED_MOVED == (int)PLACED_MOVED, "placements");

/* ---- Facts ---- */

static void info_fill(const struct device *dev, struct ferry_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->abi = (struct ferry_abi){ sizeof(*info), FERRY_ABI_VERSION };
	info->id = dev->id;
	info->bus = dev->bus;
	info->vendor = dev->vendor;
	info->device = dev->device;
	info->subvendor = dev->subvendor;
	info->subdevice = dev->subdevice;
	info->revision = dev->revision;
	info->class_code = dev->class_code;
	info->granted = dev->granted;
	info->dma_bits = dev->dma_bits;
	info->nr_cpus = nr_cpus ? nr_cpus : 1;
	info->generation = dev->generation;
	str_copy(info->name, dev->name, sizeof(info->name));
	for (unsigned int i = 0; dev->pci && i < 6; i++) {
		const struct pci_bar_range *b = &dev->pci->bars[i];

		info->bars[i].length = b->length;
		info->bars[i].flags = (b->io ? FERRY_BAR_IO : 0) | (b->prefetchable ? FERRY_BAR_PREFETCHABLE : 0) |
				      (b->is_64bit ? FERRY_BAR_64BIT : 0);
	}
}

static int64_t device_info_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_device_info info;
	int err;

	err = abi_copy_in(&info, args->a[1], sizeof(info));
	if (!err && m->dev->state == DRIVER_SPAWNED && !m->asks)
		device_set_state(m->dev, DRIVER_INITIALIZING);
	if (!err) {
		info_fill(m->dev, &info);
		info.flags = (m->asks ? FERRY_INFO_ASKS : 0) | (restart_has_users(m->dev) ? FERRY_INFO_AWAITED : 0);
		err = copy_to_user(args->a[1], &info, sizeof(info));
	}
	/* From here on the process knows its device and holds its DEVICE handle, the capability the others are made from. */
	if (!err && m->dev->state == DRIVER_INITIALIZING && !m->asks)
		device_set_state(m->dev, DRIVER_GRANTED);
	return err;
}

SYSCALL_FLAGS(NR_ferry_device_info, ferry_device_info, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], 0, args, device_info_call);
}

static int64_t device_param_call(struct moved *m, struct syscall_args *args)
{
	char name[FERRY_NAME_MAX];
	uint64_t value;

	if (strncpy_from_user(name, args->a[1], sizeof(name)) < 0 || get_user64(&value, args->a[2]))
		return -EFAULT;
	value = device_param(m->dev, name, value);
	return put_user64(args->a[2], value);
}

SYSCALL_FLAGS(NR_ferry_device_param, ferry_device_param, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], 0, args, device_param_call);
}

/* ---- Register windows ---- */

static void window_release(struct vma_object *o)
{
	kfree(o);
}

static void window_hold(void *object)
{
	struct vma_object *o = object;

	ref_get(&o->ref);
}

static void window_drop(void *object)
{
	vma_object_put(object);
}

/* There is nothing to take back but the mappings. */
static const struct handle_ops window_ops = { .get = window_hold, .put = window_drop };

static struct vma_object *window_create(const struct page_claim *claim)
{
	struct vma_object *o = kzalloc(sizeof(*o));

	if (!o)
		return NULL;
	ref_init(&o->ref);
	o->io_base = claim->start;
	o->nr_pages = (claim->end - claim->start) >> PAGE_SHIFT;
	o->release = window_release;
	return o;
}

static int64_t window_map(struct handle *h, uint32_t perms)
{
	return moved_handle_map(h, h->object, VM_SHARED | VM_IO | VM_READ | (perms & FERRY_RIGHT_WRITE ? VM_WRITE : 0));
}

static int mmio_grant(struct moved *m, struct ferry_mmio_map *map)
{
	struct handle from = { .kind = FERRY_HANDLE_MEMORY, .ops = &window_ops };
	struct page_claim claim;
	int err = window_check(m->dev, map, &claim);
	struct handle *h;
	int64_t address;

	if (err)
		return err;
	from.object = window_create(&claim);
	if (!from.object)
		return -ENOMEM;
	from.rights = map->perms;
	from.start = m->dev->pci->bars[map->bar].start + map->offset;
	from.length = map->length;
	h = moved_handle(m, &from);
	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	address = window_map(h, map->perms);
	if (address < 0) {
		(void)handle_revoke_locked(h, true);
		handle_put(h);
		return (int)address;
	}
	map->address = (uint64_t)address + (from.start & ~PAGE_MASK);
	map->handle = handle_give(h);
	return map->handle < 0 ? map->handle : 0;
}

static int64_t mmio_map_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_mmio_map map;
	int err;

	err = abi_copy_in(&map, args->a[1], sizeof(map));
	if (!err)
		err = mmio_grant(m, &map);
	if (!err)
		err = copy_to_user(args->a[1], &map, sizeof(map));
	return err;
}

SYSCALL_FLAGS(NR_ferry_mmio_map, ferry_mmio_map, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_MMIO, args, mmio_map_call);
}

/* ---- Ports ---- */

/* Which ports are meant: of a BAR. */
static int port_of_bar(const struct moved *m, struct ferry_port_map *map)
{
	const struct pci_bar_range *b;

	if (!m->dev->pci || map->bar > 5)
		return -EINVAL;
	b = &m->dev->pci->bars[map->bar];
	if (!b->length || !b->start || !b->io)
		return -EINVAL;
	if (map->offset >= b->length)
		return -ERANGE;
	if (!map->length)
		map->length = (uint32_t)(b->length - map->offset);
	if (map->length > b->length - map->offset || b->start + map->offset + map->length > 0x10000)
		return -ERANGE;
	map->first = (uint32_t)(b->start + map->offset);
	return 0;
}

/* Or those that the bus knows to be this device's; offset is the first of them. */
static int port_of_bus(const struct moved *m, struct ferry_port_map *map)
{
	map->first = map->offset;
	return device_ports_check(m->dev, map->first, map->length);
}

/* Of whichever thread they were opened for. */
static void ports_undo(struct handle *h)
{
	if (!h->ports_of)
		return;
	(void)arch_ports_allow(h->ports_of, (uint16_t)h->start, (uint32_t)h->length, false);
	thread_put(h->ports_of);
	h->ports_of = NULL;
}

static const struct handle_ops port_ops = { .undo = ports_undo };

static int port_grant(struct moved *m, struct ferry_port_map *map)
{
	int err = map->bar == FERRY_PORT_FIXED ? port_of_bus(m, map) : port_of_bar(m, map);
	struct handle from = { .kind = FERRY_HANDLE_IOPORT, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .ops = &port_ops };
	struct handle *h;

	if (err)
		return err;
	from.start = map->first;
	from.length = map->length;
	h = moved_handle(m, &from);
	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	err = arch_ports_allow(current, (uint16_t)map->first, map->length, true);
	if (err) {
		(void)handle_revoke_locked(h, true);
		handle_put(h);
		return err;
	}
	thread_get(current);
	h->ports_of = current;
	map->handle = handle_give(h);
	return map->handle < 0 ? map->handle : 0;
}

static int64_t port_map_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_port_map map;
	int err;

	err = abi_copy_in(&map, args->a[1], sizeof(map));
	if (!err)
		err = port_grant(m, &map);
	if (!err)
		err = copy_to_user(args->a[1], &map, sizeof(map));
	return err;
}

SYSCALL_FLAGS(NR_ferry_port_map, ferry_port_map, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_PORTS, args, port_map_call);
}

/* ---- Interrupts ---- */

/* In interrupt context. Nothing of the binding is freed before the interrupts were torn down. */
static void moved_irq(void *arg, unsigned int vector)
{
	struct moved *m = arg;

	__atomic_add_fetch(&m->irq_counts[vector], 1, __ATOMIC_RELAXED);
	__atomic_or_fetch(&m->irqs, 1ull << vector, __ATOMIC_SEQ_CST);
	moved_wake(m);
}

/* The lines are quiet before anything else happens; who waits looks again and finds the handle stale. */
static void irq_undo(struct handle *h)
{
	struct moved *m = h->object;

	if (h->bound) {
		device_irq_teardown(m->dev);
		m->irqs_unacked = 0;
		__atomic_store_n(&m->irqs, 0, __ATOMIC_RELAXED);
	}
	wait_wake(&m->wait, 0);
	if (m->irq == h) {
		m->irq = NULL;
		handle_put(h);
	}
}

static const struct handle_ops irq_ops = { .get = binding_hold, .put = binding_drop, .undo = irq_undo };

/* The vectors are counted from 0 on. */
static int irq_handle(struct moved *m, int given)
{
	struct handle from = { .kind = FERRY_HANDLE_IRQ, .rights = FERRY_RIGHT_READ, .ops = &irq_ops, .object = m, .length = (uint64_t)given };
	struct handle *h;

	moved_get(m);
	h = moved_handle(m, &from);
	if (IS_ERR(h)) {
		device_irq_teardown(m->dev);
		return (int)PTR_ERR(h);
	}
	handle_hold(h);
	m->irq = h;
	return handle_give(h);
}

static int irq_grant(struct moved *m, struct ferry_irq_request *req)
{
	int given = device_irq_setup(m->dev, MIN(req->wanted, FERRY_VECTORS_MAX), moved_irq, m);

	if (given < 0)
		return given;
	req->kind = irq_kind(m->dev);
	req->handle = irq_handle(m, given);
	return req->handle < 0 ? req->handle : given;
}

static int64_t irq_request_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_irq_request req;
	int given;

	given = abi_copy_in(&req, args->a[1], sizeof(req));
	if (!given)
		given = irq_grant(m, &req);
	if (given > 0 && copy_to_user(args->a[1], &req, sizeof(req)))
		given = -EFAULT;
	return given;
}

SYSCALL_FLAGS(NR_ferry_irq_request, ferry_irq_request, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_IRQ, args, irq_request_call);
}

static int64_t irq_release_call(struct moved *m, struct syscall_args *args)
{
	if (m->irq)
		(void)handle_revoke_locked(m->irq, true);
	return 0;
}

SYSCALL_FLAGS(NR_ferry_irq_release, ferry_irq_release, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_IRQ, args, irq_release_call);
}

/* ---- Configuration space ---- */

static int64_t pci_config_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_pci_config c;
	int err;

	err = abi_copy_in(&c, args->a[1], sizeof(c));
	if (!err && c.write > 1)
		err = -EINVAL;
	if (!err && c.write)
		err = pci_config_write(m->dev, c.offset, c.width, c.value);
	else if (!err)
		err = pci_config_read(m->dev, c.offset, c.width, &c.value);
	if (!err && !c.write)
		err = copy_to_user(args->a[1], &c, sizeof(c));
	return err;
}

SYSCALL_FLAGS(NR_ferry_pci_config, ferry_pci_config, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_CONFIG, args, pci_config_call);
}
