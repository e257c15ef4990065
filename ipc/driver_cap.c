// SPDX-License-Identifier: GPL-2.0
/*
 * The calls on capabilities themselves: derive and pass on, revoke, ask, map what was given. Whoever has a handle may make them, drivers
 * and others. What a handle stands for is taken back by its kind's undo(); here is only what was mapped through a derived one.
 */
#include <kernel/device.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include "moved.h"

struct handle *moved_handle(struct moved *m, const struct handle *from)
{
	struct handle full = *from;

	full.dev = m->dev;
	full.generation = m->generation;
	full.bound = true;
	return handle_create(&full, m->via);
}

int64_t moved_handle_map(struct handle *h, struct vma_object *view, uint32_t vm_flags)
{
	struct space *s = current_process->space;
	int64_t address = space_map_object(s, 0, vm_flags, view);

	if (address < 0)
		return address;
	space_get(s);
	h->space = s;
	ref_get(&view->ref);
	h->view = view;
	return address;
}

/* A refusal that met a driver is counted and told. */
static int64_t caps_result(int64_t err)
{
	if (err < 0 && current_process->device)
		moved_refused(current_process->device, err);
	return err;
}

/* ---- Derive and pass ---- */

/* Into the table of the process that a PROCESS handle names. */
static int pass_on(struct handle *h, int process_fd)
{
	struct file *f;
	struct handle *to = handle_get(process_fd, FERRY_HANDLE_PROCESS, FERRY_PROCESS_PASS, &f);
	struct moved *m;
	int fd = -ESRCH;

	if (IS_ERR(to))
		return (int)PTR_ERR(to);
	m = to->object;
	if (!READ_ONCE(m->gone))
		fd = handle_install(m->process, h, 0);
	file_put(f);
	return fd;
}

static int derive(const struct ferry_cap_derive *d)
{
	struct file *f;
	struct handle *h = handle_get(d->handle, 0, 0, &f), *derived;
	int fd;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	derived = handle_derive(h, d->rights);
	file_put(f);
	if (IS_ERR(derived))
		return (int)PTR_ERR(derived);
	fd = d->process >= 0 ? pass_on(derived, d->process) : handle_install(current_process, derived, 0);
	if (fd < 0)
		(void)handle_revoke(derived, true);
	handle_put(derived);
	return fd;
}

SYSCALL_FLAGS(NR_ferry_cap_derive, ferry_cap_derive, SYSCALL_DRIVER)
{
	struct ferry_cap_derive d;
	int err = abi_copy_in(&d, args->a[0], sizeof(d));

	if (!err) {
		d.derived = derive(&d);
		err = d.derived < 0 ? d.derived : copy_to_user(args->a[0], &d, sizeof(d));
	}
	return caps_result(err);
}

/* ---- Revoke ---- */

static int revoke(int fd, uint64_t flags)
{
	struct file *f;
	struct handle *h;
	int err;

	if (flags & ~(uint64_t)FERRY_REVOKE_DERIVED)
		return -EINVAL;
	h = handle_get(fd, 0, 0, &f);
	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	err = handle_revoke(h, !(flags & FERRY_REVOKE_DERIVED));
	file_put(f);
	return err;
}

SYSCALL_FLAGS(NR_ferry_cap_revoke, ferry_cap_revoke, SYSCALL_DRIVER)
{
	return caps_result(revoke((int)args->a[0], args->a[1]));
}

/* ---- Ask ---- */

static int info_get(int fd, struct ferry_cap_info *info)
{
	struct file *f;
	struct handle *h = handle_get(fd, 0, 0, &f);

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	info->kind = h->kind;
	info->rights = h->rights;
	info->device = h->dev ? h->dev->id : 0;
	info->generation = h->generation;
	info->start = h->start;
	info->length = h->length;
	file_put(f);
	return 0;
}

SYSCALL_FLAGS(NR_ferry_cap_info, ferry_cap_info, SYSCALL_DRIVER)
{
	struct ferry_cap_info info;
	int err = abi_copy_in(&info, args->a[1], sizeof(info));

	if (!err)
		err = info_get((int)args->a[0], &info);
	return caps_result(err ? err : copy_to_user(args->a[1], &info, sizeof(info)));
}

/* ---- Map what was given ---- */

/* The same pages under an identity of their own, so that they can be unmapped without what others mapped of them. */
static void view_release(struct vma_object *view)
{
	vma_object_put(view->priv);
	kfree(view);
}

static struct vma_object *view_create(struct vma_object *of)
{
	struct vma_object *view = kzalloc(sizeof(*view));

	if (!view)
		return NULL;
	ref_init(&view->ref);
	view->pages = of->pages;
	view->io_base = of->io_base;
	view->nr_pages = of->nr_pages;
	view->release = view_release;
	view->priv = of;
	ref_get(&of->ref);
	return view;
}

static int view_map(struct handle *h, struct ferry_cap_map *map)
{
	uint32_t flags = VM_SHARED | VM_READ | (map->perms & FERRY_RIGHT_WRITE ? VM_WRITE : 0);
	struct vma_object *view = view_create(h->object);
	int64_t address;

	if (!view)
		return -ENOMEM;
	address = moved_handle_map(h, view, flags | (view->pages ? VM_OBJECT : VM_IO));
	map->length = view->nr_pages << PAGE_SHIFT;
	vma_object_put(view);
	if (address < 0)
		return (int)address;
	map->address = (uint64_t)address + (h->start & ~PAGE_MASK);
	return 0;
}

static int ports_map(struct handle *h)
{
	int err = arch_ports_allow(current, (uint16_t)h->start, (uint32_t)h->length, true);

	if (err)
		return err;
	thread_get(current);
	h->ports_of = current;
	return 0;
}

/* bind_lock held: it is live or it is not. */
static int map_locked(struct handle *h, struct ferry_cap_map *map)
{
	if (!handle_is_live(h))
		return -ESTALE;
	if (h->space || h->ports_of)
		return -EBUSY;
	return h->kind == FERRY_HANDLE_IOPORT ? ports_map(h) : view_map(h, map);
}

static int map_check(const struct handle *h, const struct ferry_cap_map *map)
{
	if (h->kind != FERRY_HANDLE_MEMORY && h->kind != FERRY_HANDLE_DMA && h->kind != FERRY_HANDLE_IOPORT)
		return -EINVAL;
	if (!map->perms || map->perms & ~(FERRY_RIGHT_READ | FERRY_RIGHT_WRITE))
		return -EINVAL;
	/* The bitmap knows no half rights. */
	if (h->kind == FERRY_HANDLE_IOPORT && map->perms != (FERRY_RIGHT_READ | FERRY_RIGHT_WRITE))
		return -EINVAL;
	return map->perms & ~h->rights ? -EACCES : 0;
}

static int map_given(struct ferry_cap_map *map)
{
	struct file *f;
	struct handle *h = handle_get(map->handle, 0, 0, &f);
	int err;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	err = map_check(h, map);
	if (!err) {
		mutex_lock(&h->dev->bind_lock);
		err = map_locked(h, map);
		mutex_unlock(&h->dev->bind_lock);
	}
	file_put(f);
	return err;
}

SYSCALL_FLAGS(NR_ferry_cap_map, ferry_cap_map, SYSCALL_DRIVER)
{
	struct ferry_cap_map map;
	int err = abi_copy_in(&map, args->a[0], sizeof(map));

	if (!err)
		err = map_given(&map);
	return caps_result(err ? err : copy_to_user(args->a[0], &map, sizeof(map)));
}
