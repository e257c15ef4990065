// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that outlives a driver process (kernel/kept_memory.c), mapped in it through a MEMORY handle: it is taken out of the process before a
 * successor may see it. Part of the memory budget.
 */
#include <driver/mem.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/space.h>
#include <mm/user.h>
#include "moved.h"

static void kept_hold(void *object)
{
	struct vma_object *o = object;

	ref_get(&o->ref);
}

static void kept_drop(void *object)
{
	vma_object_put(object);
}

static const struct handle_ops kept_ops = { .get = kept_hold, .put = kept_drop };

static int budget_check(struct device *dev, uint64_t nr_pages)
{
	uint64_t has = READ_ONCE(current_process->space->nr_pages), limit = budget_limit(dev, FERRY_BUDGET_MEMORY);

	if (has <= limit && nr_pages <= limit - has)
		return 0;
	budget_exceeded(dev, FERRY_BUDGET_MEMORY);
	return -EDQUOT;
}

static int kept_show(struct moved *m, struct vma_object *o, struct ferry_mem_keep *k)
{
	struct handle from = {
		.kind = FERRY_HANDLE_MEMORY, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .ops = &kept_ops, .object = o,
		.length = o->nr_pages << PAGE_SHIFT,
	};
	struct handle *h = moved_handle(m, &from);	/* has the caller's reference from now on */
	int64_t address;

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	address = moved_handle_map(h, o, VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE);
	if (address < 0) {
		(void)handle_revoke_locked(h, true);
		handle_put(h);
		return (int)address;
	}
	k->address = (uint64_t)address;
	k->handle = handle_give(h);
	return k->handle < 0 ? k->handle : 0;
}

static int64_t mem_keep_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_mem_keep k;
	struct vma_object *o;
	int err = abi_copy_in(&k, args->a[1], sizeof(k));

	if (!err && (!k.length || k.length > MEM_KEEP_MAX))
		err = -EINVAL;
	if (!err)
		err = budget_check(m->dev, ALIGN_UP(k.length, PAGE_SIZE) >> PAGE_SHIFT);
	if (err)
		return err;
	o = kept_memory_get(m->dev, k.length);
	if (IS_ERR(o))
		return PTR_ERR(o);
	err = kept_show(m, o, &k);
	if (err)
		return err;
	WRITE_ONCE(m->kept_pages, o->nr_pages);
	(void)moved_budget(m);
	return copy_to_user(args->a[1], &k, sizeof(k));
}

SYSCALL_FLAGS(NR_ferry_mem_keep, ferry_mem_keep, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], FERRY_NEEDS_KEEP, args, mem_keep_call);
}
