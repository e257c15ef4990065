// SPDX-License-Identifier: GPL-2.0
/*
 * DMA memory of driver processes: contiguous zeroed frames, mapped for the device and in the process, named by one handle. The binding
 * keeps them until the device can not reach them any more, whatever becomes of handles and mappings.
 */
#include <kernel/budget.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include "moved.h"

#define DMA_LENGTH_MAX	((uint32_t)(PAGE_SIZE << FRAME_ORDER_MAX))

/* The binding, each mapping and each live handle hold references; the frames go back with the last. */
struct moved_dma {
	struct vma_object object;	/* first */
	struct device *dev;		/* counted: charged for the frames */
	struct page *frames;		/* index: their address for the device */
	uint64_t length;		/* whole */
};

static void dma_release(struct vma_object *o)
{
	struct moved_dma *d = (struct moved_dma *)o;

	if (d->frames)
		dma_frames_put(d->dev, d->frames);
	device_put(d->dev);
	kfree(o->pages);
	kfree(d);
}

/* The binding's reference. */
static void dma_undo(struct device *dev, void *arg)
{
	struct moved_dma *d = arg;

	vma_object_put(&d->object);
}

static void dma_hold(void *object)
{
	struct moved_dma *d = object;

	ref_get(&d->object.ref);
}

static void dma_drop(void *object)
{
	struct moved_dma *d = object;

	vma_object_put(&d->object);
}

/* Without an IOMMU nothing keeps the device away: the frames stay the binding's until it was reset. */
static void dma_handle_undo(struct handle *h)
{
	if (h->bound && h->dev->iommu)
		(void)device_release_now(h->dev, dma_undo, h->object);
}

static const struct handle_ops dma_ops = { .get = dma_hold, .put = dma_drop, .undo = dma_handle_undo };

static int dma_create(struct device *dev, uint32_t bytes, struct moved_dma **created)
{
	struct moved_dma *d = kzalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	ref_init(&d->object.ref);
	d->dev = dev;
	device_get(dev);
	d->object.release = dma_release;
	err = dma_frames_get(dev, bytes, &d->frames);
	if (err)
		goto put;
	d->object.nr_pages = 1ull << d->frames->order;
	d->length = d->object.nr_pages * PAGE_SIZE;
	d->object.pages = kcalloc(d->object.nr_pages, sizeof(struct page *));
	err = d->object.pages ? device_on_release(dev, dma_undo, d) : -ENOMEM;
	if (err)
		goto put;
	for (uint64_t i = 0; i < d->object.nr_pages; i++)
		d->object.pages[i] = page_of(page_paddr(d->frames) + i * PAGE_SIZE);
	*created = d;
	return 0;
put:
	vma_object_put(&d->object);
	return err;
}

static int dma_show(struct moved *m, struct moved_dma *d, struct ferry_dma_alloc *a)
{
	struct handle from = {
		.kind = FERRY_HANDLE_DMA, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .ops = &dma_ops, .object = d,
		.start = d->frames->index, .length = d->length,
	};
	struct handle *h;
	int64_t user;

	ref_get(&d->object.ref);
	h = moved_handle(m, &from);
	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	user = moved_handle_map(h, &d->object, VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE);
	if (user < 0) {
		(void)handle_revoke_locked(h, true);
		handle_put(h);
		return (int)user;
	}
	a->address = (uint64_t)user;
	a->device_address = d->frames->index;
	a->handle = handle_give(h);
	return a->handle < 0 ? a->handle : 0;
}

static int dma_grant(struct moved *m, struct ferry_dma_alloc *a)
{
	struct moved_dma *d;
	int err;

	if (!a->length || a->length > DMA_LENGTH_MAX || a->align > DMA_LENGTH_MAX || a->align & (a->align - 1))
		return -EINVAL;
	err = dma_create(m->dev, MAX(a->length, a->align), &d);
	if (err)
		return err;
	err = dma_show(m, d, a);
	if (err)
		device_release_now(m->dev, dma_undo, d);
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

/* Unmapped for the device first, then for the process and for whom it was passed on to; only the handle that it was made with does it. */
static int dma_give_back(struct moved *m, int fd)
{
	struct file *f;
	struct handle *h = handle_get(fd, FERRY_HANDLE_DMA, 0, &f);
	int err = -EINVAL;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	if (h->bound && h->dev == m->dev && device_release_now(m->dev, dma_undo, h->object))
		err = handle_revoke_locked(h, true);
	if (!err)
		fd_close(current_process->files, fd);
	file_put(f);
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
