// SPDX-License-Identifier: GPL-2.0
/* io_uring_register(): the call, the eventfd that is told, which operations there are; what else is registered: see uring.h. */
#include <mm/slab.h>
#include "uring.h"

/* ---- Files ---- */

static int64_t files_change(struct uring *u, uint64_t from, uint32_t nr)
{
	struct linux_uring_files_update update;

	if (copy_from_user(&update, from, sizeof(update)))
		return -EFAULT;
	return update.reserved1 ? -EINVAL : uring_files_update(u, update.offset, update.fds, nr, 0);
}

static int resources_read(uint64_t from, uint32_t size, struct linux_uring_resources *r)
{
	if (size != sizeof(*r))
		return -EINVAL;
	if (copy_from_user(r, from, sizeof(*r)))
		return -EFAULT;
	if (!r->nr || r->reserved || r->flags & ~LINUX_URING_RESOURCES_SPARSE)
		return -EINVAL;
	return r->flags && (r->data || r->tags) ? -EINVAL : !r->flags && !r->data ? -EFAULT : 0;
}

static int files_register(struct uring *u, uint64_t from, uint32_t nr)
{
	return from ? uring_files_register(u, from, nr, 0) : -EFAULT;
}

static int files_register2(struct uring *u, uint64_t from, uint32_t size)
{
	struct linux_uring_resources r;
	int err = resources_read(from, size, &r);

	return err ? err : uring_files_register(u, r.data, r.nr, r.tags);
}

static int update_read(uint64_t from, uint32_t size, struct linux_uring_resources_update *r)
{
	if (size != sizeof(*r))
		return -EINVAL;
	if (copy_from_user(r, from, sizeof(*r)))
		return -EFAULT;
	return r->reserved1 || r->reserved2 || !r->nr ? -EINVAL : 0;
}

static int64_t files_change2(struct uring *u, uint64_t from, uint32_t size)
{
	struct linux_uring_resources_update r;
	int err = update_read(from, size, &r);

	return err ? err : uring_files_update(u, r.offset, r.data, r.nr, r.tags);
}

/* ---- Buffers ---- */

static int buffers_register2(struct uring *u, uint64_t from, uint32_t size)
{
	struct linux_uring_resources r;
	int err = resources_read(from, size, &r);

	return err ? err : uring_buffers_register(u, r.data, r.nr, r.tags);
}

static int64_t buffers_change(struct uring *u, uint64_t from, uint32_t size)
{
	struct linux_uring_resources_update r;
	int err = update_read(from, size, &r);

	return err ? err : uring_buffers_update(u, &r);
}

/* ---- The eventfd ---- */

static void eventfd_set(struct uring *u, struct file *f)
{
	uint64_t flags = spin_lock_irq(&u->event_lock);

	u->eventfd = f;
	spin_unlock_irq(&u->event_lock, flags);
	flags = spin_lock_irq(&u->done_lock);
	u->kicks = f;
	spin_unlock_irq(&u->done_lock, flags);
}

static int eventfd_register(struct uring *u, uint64_t from, uint32_t nr)
{
	struct file *f;
	uint32_t fd;

	if (nr != 1)
		return -EINVAL;
	if (u->eventfd)
		return -EBUSY;
	if (get_user32(&fd, from))
		return -EFAULT;
	f = fd_get(current_process->files, (int)fd);
	if (!f)
		return -EBADF;
	if (!file_is_eventfd(f)) {
		file_put(f);
		return -EINVAL;
	}
	eventfd_set(u, f);
	return 0;
}

static int eventfd_forget(struct uring *u)
{
	struct file *f = u->eventfd;

	if (!f)
		return -ENXIO;
	eventfd_set(u, NULL);
	file_put(f);
	return 0;
}

/* ---- Who may use it ---- */

void uring_issuer_set(struct uring *u)
{
	if (u->flags & LINUX_URING_SETUP_SINGLE_ISSUER)
		WRITE_ONCE(u->issuer, current->tid);
}

bool uring_of_another(const struct uring *u)
{
	pid_t issuer = READ_ONCE(u->issuer);

	return issuer && issuer != current->tid;
}

static int ring_enable(struct uring *u)
{
	if (!u->disabled)
		return -EBADFD;
	uring_issuer_set(u);
	WRITE_ONCE(u->disabled, false);
	wait_wake(&u->sq_wait, 0);
	return 0;
}

/* ---- What there is ---- */

static int probe_tell(uint64_t to, uint32_t nr)
{
	struct linux_uring_probe probe = { .last_op = LINUX_URING_OP_LAST - 1 };
	int err;

	if (nr > 256)
		return -EINVAL;
	probe.nr_ops = (uint8_t)MIN(nr, LINUX_URING_OP_LAST);
	err = copy_to_user(to, &probe, sizeof(probe));
	for (uint32_t i = 0; i < probe.nr_ops && !err; i++) {
		struct linux_uring_probe_op op = { .op = (uint8_t)i, .flags = uring_op_known((uint8_t)i) ? LINUX_URING_OP_SUPPORTED : 0 };

		err = copy_to_user(to + sizeof(probe) + i * sizeof(op), &op, sizeof(op));
	}
	return err;
}

/* ---- The call ---- */

static int64_t register_run(struct uring *u, uint32_t what, uint64_t argument, uint32_t nr)
{
	switch (what) {
	case LINUX_URING_REGISTER_BUFFERS:
		return argument ? uring_buffers_register(u, argument, nr, 0) : -EFAULT;
	case LINUX_URING_UNREGISTER_BUFFERS:
		return argument || nr ? -EINVAL : uring_buffers_unregister(u);
	case LINUX_URING_REGISTER_FILES:
		return files_register(u, argument, nr);
	case LINUX_URING_UNREGISTER_FILES:
		return argument || nr ? -EINVAL : uring_files_unregister(u);
	case LINUX_URING_REGISTER_FILES_UPDATE:
		return files_change(u, argument, nr);
	case LINUX_URING_REGISTER_FILES2:
		return files_register2(u, argument, nr);
	case LINUX_URING_REGISTER_FILES_UPDATE2:
		return files_change2(u, argument, nr);
	case LINUX_URING_REGISTER_FILE_ALLOC_RANGE:
		return !argument || nr ? -EINVAL : uring_files_range(u, argument);
	case LINUX_URING_REGISTER_BUFFERS2:
		return buffers_register2(u, argument, nr);
	case LINUX_URING_REGISTER_BUFFERS_UPDATE:
		return buffers_change(u, argument, nr);
	case LINUX_URING_REGISTER_PERSONALITY:
		return argument || nr ? -EINVAL : uring_personality_register(u);
	case LINUX_URING_UNREGISTER_PERSONALITY:
		return argument ? -EINVAL : uring_personality_unregister(u, nr);
	case LINUX_URING_REGISTER_RESTRICTIONS:
		return uring_restrict(u, argument, nr);
	case LINUX_URING_REGISTER_EVENTFD:
		return eventfd_register(u, argument, nr);
	case LINUX_URING_UNREGISTER_EVENTFD:
		return argument || nr ? -EINVAL : eventfd_forget(u);
	case LINUX_URING_REGISTER_PBUF_RING:
		return uring_ring_register(u, argument, nr);
	case LINUX_URING_UNREGISTER_PBUF_RING:
		return uring_ring_unregister(u, argument, nr);
	case LINUX_URING_REGISTER_ENABLE_RINGS:
		return argument || nr ? -EINVAL : ring_enable(u);
	case LINUX_URING_REGISTER_PROBE:
		return probe_tell(argument, nr);
	}
	return -EINVAL;
}

static int64_t register_locked(struct uring *u, const struct syscall_args *args)
{
	int64_t n;

	mutex_lock(&u->lock);
	n = register_run(u, (uint32_t)args->a[1], args->a[2], (uint32_t)args->a[3]);
	mutex_unlock(&u->lock);
	return n;
}

/* io_uring_register(fd, opcode, argument, nr) */
SYSCALL(NR_io_uring_register, io_uring_register)
{
	struct file *f;
	struct uring *u;
	int64_t n;

	if ((uint32_t)args->a[1] >= LINUX_URING_REGISTER_LAST)
		return -EINVAL;
	f = fd_get_io((int)args->a[0]);
	if (!f)
		return -EBADF;
	if (!file_is_uring(f)) {
		file_put(f);
		return -EOPNOTSUPP;
	}
	u = f->priv;
	n = uring_of_another(u) ? -EEXIST : 0;
	if (!n && !uring_may_register(u, (uint32_t)args->a[1]))
		n = -EACCES;
	if (!n && args->a[1] == LINUX_URING_REGISTER_SYNC_CANCEL)
		n = uring_cancel_sync(u, args->a[2], (uint32_t)args->a[3]);
	else if (!n)
		n = register_locked(u, args);
	file_put(f);
	return n;
}
