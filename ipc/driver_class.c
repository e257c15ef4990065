// SPDX-License-Identifier: GPL-2.0
/* A driver process joins its class: register, change, leave. One class end for each kind in class/. */
#include <driver/class/block.h>
#include <kernel/process.h>
#include <mm/space.h>
#include <mm/user.h>
#include <uapi/ferry/manifest.h>
#include "moved.h"

/* Revoking it takes the rings out of the driver's space. */
static int ring_handle(struct moved *m, uint64_t region, uint64_t length)
{
	const struct handle from = {
		.kind = FERRY_HANDLE_RING, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .length = length,
	};
	struct handle *h = moved_handle(m, &from);

	if (IS_ERR(h))
		return (int)PTR_ERR(h);
	h->view = space_object_at(current_process->space, region);
	if (h->view) {
		h->space = current_process->space;
		space_get(h->space);
	}
	return handle_give(h);
}

static int register_block(struct moved *m, struct ferry_block_register *reg)
{
	int err;

	if (m->class_id != FERRY_CLASS_BLOCK)
		return -EACCES;
	err = block_remote_register(m, reg);
	if (err)
		return err;
	reg->handle = -1;
	if (!reg->new_queues)
		return 0;
	reg->handle = ring_handle(m, reg->region, reg->region_length);
	return reg->handle < 0 ? reg->handle : 0;
}

static int64_t register_misc(struct moved *m, uint64_t from)
{
	struct ferry_misc_register reg;
	int err = abi_copy_in(&reg, from, sizeof(reg));

	if (!err)
		err = misc_remote_register(m, &reg);
	if (err)
		return err;
	reg.handle = ring_handle(m, reg.region, reg.region_length);
	return reg.handle < 0 ? reg.handle : copy_to_user(from, &reg, sizeof(reg));
}

static int64_t class_register_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_block_register reg;
	int err;

	if (m->class_id == FERRY_CLASS_MISC)
		return register_misc(m, args->a[1]);
	err = abi_copy_in(&reg, args->a[1], sizeof(reg));
	if (!err)
		err = register_block(m, &reg);
	if (!err)
		err = copy_to_user(args->a[1], &reg, sizeof(reg));
	return err;
}

SYSCALL_FLAGS(NR_ferry_class_register, ferry_class_register, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], 0, args, class_register_call);
}

static int64_t class_update_call(struct moved *m, struct syscall_args *args)
{
	struct ferry_class_update u;
	int err;

	err = abi_copy_in(&u, args->a[1], sizeof(u));
	if (!err && (!m->block || u.unit >= BLOCK_UNITS_MAX))
		err = -EINVAL;
	if (!err)
		block_resize_unit(m->dev, u.unit, u.nr_blocks);
	return err;
}

SYSCALL_FLAGS(NR_ferry_class_update, ferry_class_update, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], 0, args, class_update_call);
}

static int64_t class_unregister_call(struct moved *m, struct syscall_args *args)
{
	int err = 0;

	if (m->dev->replaced)
		err = 0;	/* what it has is its successor's */
	else if (m->misc && args->a[1] == FERRY_UNREGISTER_FINISH)
		misc_remote_finish(m->misc);
	else if (!m->block || args->a[1] > FERRY_UNREGISTER_UNIT)
		err = -EINVAL;
	else if (args->a[1] == FERRY_UNREGISTER_UNIT)
		err = block_remote_leave(m->block, args->a[2]);
	else if (args->a[1] == FERRY_UNREGISTER_STOP)
		block_remote_stop(m->block);
	else
		block_remote_finish(m->block);
	return err;
}

SYSCALL_FLAGS(NR_ferry_class_unregister, ferry_class_unregister, SYSCALL_DRIVER)
{
	return moved_call((int)args->a[0], 0, args, class_unregister_call);
}
