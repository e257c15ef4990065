// SPDX-License-Identifier: GPL-2.0
/* A driver process joins its class: register, change, leave. One class end for each kind in class/. */
#include <driver/class/block.h>
#include <mm/user.h>
#include <uapi/ferry/manifest.h>
#include "moved.h"

static int register_block(struct moved *m, struct ferry_block_register *reg)
{
	int err;

	if (m->class_id != FERRY_CLASS_BLOCK)
		return -EACCES;
	if (m->block)
		return -EBUSY;
	err = block_remote_register(m, reg);
	if (err)
		return err;
	reg->handle = moved_object_handle(m, FERRY_HANDLE_RING, 3);
	return reg->handle < 0 ? reg->handle : 0;
}

SYSCALL_FLAGS(NR_ferry_class_register, ferry_class_register, SYSCALL_DRIVER)
{
	struct moved *m = moved_enter((int)args->a[0], 0);
	struct ferry_block_register reg;
	int err;

	if (IS_ERR(m))
		return PTR_ERR(m);
	err = abi_copy_in(&reg, args->a[1], sizeof(reg));
	if (!err)
		err = register_block(m, &reg);
	if (!err)
		err = copy_to_user(args->a[1], &reg, sizeof(reg));
	moved_leave(m);
	return err;
}

SYSCALL_FLAGS(NR_ferry_class_update, ferry_class_update, SYSCALL_DRIVER)
{
	struct moved *m = moved_enter((int)args->a[0], 0);
	struct ferry_class_update u;
	int err;

	if (IS_ERR(m))
		return PTR_ERR(m);
	err = abi_copy_in(&u, args->a[1], sizeof(u));
	if (!err && !m->block)
		err = -EINVAL;
	if (!err)
		block_resize(m->dev, u.nr_blocks);
	moved_leave(m);
	return err;
}

SYSCALL_FLAGS(NR_ferry_class_unregister, ferry_class_unregister, SYSCALL_DRIVER)
{
	struct moved *m = moved_enter((int)args->a[0], 0);
	int err = 0;

	if (IS_ERR(m))
		return PTR_ERR(m);
	if (!m->block || args->a[1] > FERRY_UNREGISTER_FINISH)
		err = -EINVAL;
	else if (args->a[1] == FERRY_UNREGISTER_STOP)
		block_remote_stop(m->block);
	else
		block_remote_finish(m->block);
	moved_leave(m);
	return err;
}
