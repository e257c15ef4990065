// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver process gets of its device: facts, register windows, ports, interrupts, DMA memory, configuration space. Each call
 * checks the DEVICE handle for the need it stands for, and the range against what the bus reported for this very device. Everything
 * given is undone with the binding: the kernel's part through device_on_release(), the process's part with its space and files.
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

#define DMA_LENGTH_MAX	((uint32_t)(PAGE_SIZE << FRAME_ORDER_MAX))

_Static_assert(FERRY_STATE_QUIESCED == (int)DRIVER_QUIESCED && FERRY_STATE_RUNNING == (int)DRIVER_RUNNING, "states");
_Static_assert(FERRY_PLACED_MOVED == (int)PLACED_MOVED, "placements");

int moved_object_handle(struct moved *m, uint32_t kind, uint32_t rights)
{
	struct handle h = { .kind = kind, .rights = rights, .dev = m->dev, .generation = m->generation };

	return handle_install(current_process, &h, 0);
}

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
	if (!err && m->dev->state == DRIVER_SPAWNED)
		device_set_state(m->dev, DRIVER_INITIALIZING);
	if (!err) {
		info_fill(m->dev, &info);
		err = copy_to_user(args->a[1], &info, sizeof(info));
	}
	/* From here on the process knows its device and holds its DEVICE handle, the capability the others are made from. */
	if (!err && m->dev->state == DRIVER_INITIALIZING)
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

static void object_put(struct vma_object *o)
{
	if (ref_put(&o->ref))
		o->release(o);
}

static void window_release(struct vma_object *o)
{
	kfree(o);
}

struct page_claim {
	const struct device *dev;
	paddr_t start, end;
	bool shared;
};

/* Has another device registers in these pages? */
static bool claim_check(struct device *dev, void *arg)
{
	struct page_claim *c = arg;

	for (unsigned int i = 0; dev->pci && dev != c->dev && i < 6; i++) {
		const struct pci_bar_range *b = &dev->pci->bars[i];

		if (b->length && b->start && !b->io && b->start < c->end && c->start < b->start + b->length)
			c->shared = true;
	}
	return !c->shared;
}

/* An own BAR that shares the pages may hold the MSI-X table there. */
static bool own_msix_inside(const struct pci_function *f, paddr_t start, paddr_t end)
{
	for (unsigned int i = 0; i < 6; i++) {
		const struct pci_bar_range *b = &f->bars[i];
		paddr_t from = MAX(start, b->start), to = MIN(end, b->start + b->length);

		if (b->length && b->start && !b->io && from < to && pci_range_has_msix(f, i, from - b->start, to - from))
			return true;
	}
	return false;
}

/* Page-exact: whole pages are mapped, so whole pages must be this device's and none the MSI-X table's. */
static int window_check(struct device *dev, struct ferry_mmio_map *map, struct page_claim *claim)
{
	const struct pci_bar_range *b;

	if (!dev->pci || map->bar > 5 || !map->perms || map->perms & ~3u)
		return -EINVAL;
	b = &dev->pci->bars[map->bar];
	if (!b->length || !b->start || b->io)
		return -EINVAL;
	if (map->offset >= b->length)
		return -ERANGE;
	if (!map->length)
		map->length = b->length - map->offset;
	if (map->length > b->length - map->offset || map->length > UINT32_MAX)
		return -ERANGE;
	claim->dev = dev;
	claim->start = ALIGN_DOWN(b->start + map->offset, PAGE_SIZE);
	claim->end = ALIGN_UP(b->start + map->offset + map->length, PAGE_SIZE);
	if (pci_range_has_msix(dev->pci, map->bar, map->offset, map->length) || own_msix_inside(dev->pci, claim->start, claim->end))
		return -EACCES;
	device_for_each(claim_check, claim);
	return claim->shared ? -EACCES : 0;
}

static int64_t window_map(const struct page_claim *claim, uint32_t perms)
{
	uint32_t flags = VM_SHARED | VM_IO | VM_READ | (perms & 2 ? VM_WRITE : 0);
	struct vma_object *o = kzalloc(sizeof(*o));
	int64_t address;

	if (!o)
		return -ENOMEM;
	ref_init(&o->ref);
	o->io_base = claim->start;
	o->nr_pages = (claim->end - claim->start) >> PAGE_SHIFT;
	o->release = window_release;
	address = space_map_object(current_process->space, 0, flags, o);
	object_put(o);
	return address;
}

static int mmio_grant(struct moved *m, struct ferry_mmio_map *map)
{
	struct page_claim claim = { .shared = false };
	int err = window_check(m->dev, map, &claim);
	int64_t address;

	if (err)
		return err;
	address = window_map(&claim, map->perms);
	if (address < 0)
		return (int)address;
	map->address = (uint64_t)address + ((m->dev->pci->bars[map->bar].start + map->offset) & ~PAGE_MASK);
	map->handle = moved_object_handle(m, FERRY_HANDLE_MEMORY, map->perms);
	if (map->handle >= 0)
		return 0;
	space_unmap(current_process->space, (vaddr_t)address, claim.end - claim.start);
	return map->handle;
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

static int port_grant(struct moved *m, struct ferry_port_map *map)
{
	int err = map->bar == FERRY_PORT_FIXED ? port_of_bus(m, map) : port_of_bar(m, map);

	if (!err)
		err = arch_ports_allow(current, (uint16_t)map->first, map->length, true);
	if (err)
		return err;
	map->handle = moved_object_handle(m, FERRY_HANDLE_IOPORT, 3);
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

static void irq_handle_release(struct handle *h)
{
	moved_put(h->object);
}

static int irq_handle(struct moved *m)
{
	struct handle h = { .kind = FERRY_HANDLE_IRQ, .rights = 1, .dev = m->dev, .generation = m->generation, .object = m,
			    .release = irq_handle_release };

	moved_get(m);
	return handle_install(current_process, &h, 0);
}

static int irq_grant(struct moved *m, struct ferry_irq_request *req)
{
	int given = device_irq_setup(m->dev, MIN(req->wanted, FERRY_VECTORS_MAX), moved_irq, m);

	if (given < 0)
		return given;
	req->kind = irq_kind(m->dev);
	req->handle = irq_handle(m);
	if (req->handle >= 0)
		return given;
	device_irq_teardown(m->dev);
	return req->handle;
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
	device_irq_teardown(m->dev);
	m->irqs_unacked = 0;
	__atomic_store_n(&m->irqs, 0, __ATOMIC_RELAXED);
	return 0;
}

SYSCALL_FLAGS(NR_ferry_irq_release, ferry_irq_release, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_IRQ, args, irq_release_call);
}

/* ---- DMA memory ---- */

/* The binding, the mapping and the handle hold references; the frames go back with the last. */
struct moved_dma {
	struct vma_object object;	/* first */
	struct page *frames;
	uint64_t address, length;	/* for the device, whole */
	vaddr_t user;
};

static void dma_release(struct vma_object *o)
{
	struct moved_dma *d = (struct moved_dma *)o;

	if (d->frames)
		page_put(d->frames);
	kfree(o->pages);
	kfree(d);
}

/* The device can not reach it any more. */
static void dma_undo(struct device *dev, void *arg)
{
	struct moved_dma *d = arg;

	dma_unmap_frames(dev, d->address, d->length);
	object_put(&d->object);
}

static void dma_handle_release(struct handle *h)
{
	object_put(h->object);
}

static struct moved_dma *dma_create(uint32_t dma_bits, uint32_t bytes)
{
	struct moved_dma *d = kzalloc(sizeof(*d));
	unsigned int order = 0;

	if (!d)
		return NULL;
	while ((PAGE_SIZE << order) < bytes)
		order++;
	ref_init(&d->object.ref);
	d->object.release = dma_release;
	d->length = PAGE_SIZE << order;
	d->object.nr_pages = 1ull << order;
	d->object.pages = kcalloc(d->object.nr_pages, sizeof(struct page *));
	d->frames = frame_alloc(order, FRAME_ZERO | (dma_bits <= 32 ? FRAME_DMA32 : 0), PAGE_DMA);
	if (!d->object.pages || !d->frames) {
		object_put(&d->object);
		return NULL;
	}
	for (uint64_t i = 0; i < d->object.nr_pages; i++)
		d->object.pages[i] = page_of(page_paddr(d->frames) + i * PAGE_SIZE);
	return d;
}

/* Map @d for the device and note how to undo it; takes a reference of its own. */
static int dma_bind(struct moved *m, struct moved_dma *d)
{
	int err = dma_map_frames(m->dev, page_paddr(d->frames), d->length, &d->address);

	if (err)
		return err;
	err = device_on_release(m->dev, dma_undo, d);
	if (err)
		dma_unmap_frames(m->dev, d->address, d->length);
	else
		ref_get(&d->object.ref);
	return err;
}

static int dma_show(struct moved *m, struct moved_dma *d, struct ferry_dma_alloc *a)
{
	struct handle h = {
		.kind = FERRY_HANDLE_DMA, .rights = 3, .dev = m->dev, .generation = m->generation, .object = d,
		.release = dma_handle_release,
	};
	int64_t user = space_map_object(current_process->space, 0, VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE, &d->object);

	if (user < 0)
		return (int)user;
	d->user = (vaddr_t)user;
	ref_get(&d->object.ref);
	a->handle = handle_install(current_process, &h, 0);
	if (a->handle < 0) {
		space_unmap(current_process->space, d->user, d->length);
		return a->handle;
	}
	a->address = d->user;
	a->device_address = d->address;
	return 0;
}

static int dma_grant(struct moved *m, struct ferry_dma_alloc *a)
{
	struct moved_dma *d;
	int err;

	if (!a->length || a->length > DMA_LENGTH_MAX || a->align > DMA_LENGTH_MAX || a->align & (a->align - 1))
		return -EINVAL;
	d = dma_create(m->dev->dma_bits, MAX(a->length, a->align));
	if (!d)
		return -ENOMEM;
	err = dma_bind(m, d);
	if (!err) {
		err = dma_show(m, d, a);
		if (err)
			device_release_now(m->dev, dma_undo, d);
	}
	object_put(&d->object);
	return err;
}

static int64_t dma_alloc_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_dma_alloc a;
	int err;

	err = abi_copy_in(&a, args->a[1], sizeof(a));
	if (!err)
		err = dma_grant(m, &a);
	if (!err)
		err = copy_to_user(args->a[1], &a, sizeof(a));
	return err;
}

SYSCALL_FLAGS(NR_ferry_dma_alloc, ferry_dma_alloc, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_DMA, args, dma_alloc_call);
}

/* Unmapped for the device first, then for the process; a second time finds nothing. */
static int dma_give_back(struct moved *m, int fd)
{
	struct file *f;
	struct handle *h = handle_get(fd, FERRY_HANDLE_DMA, 0, &f);
	struct moved_dma *d;
	int err = 0;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	d = h->object;
	if (device_release_now(m->dev, dma_undo, d))
		space_unmap(current_process->space, d->user, d->length);
	else
		err = -EINVAL;
	file_put(f);
	fd_close(current_process->files, fd);
	return err;
}

static int64_t dma_free_call(struct moved *m, struct syscall_args *args)
{
	return dma_give_back(m, (int)args->a[1]);
}

SYSCALL_FLAGS(NR_ferry_dma_free, ferry_dma_free, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_DMA, args, dma_free_call);
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
