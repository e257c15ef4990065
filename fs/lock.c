// SPDX-License-Identifier: GPL-2.0
/*
 * Advisory locks. flock(): whole files, owned by the open file. fcntl(): byte ranges, owned by the descriptor table (a process), or by the
 * open file for F_OFD_*. Both kinds lie on the inode's list; waiting has no deadlock detection.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

struct file_lock {
	struct list link;
	const void *owner;	/* file or fd_table */
	uint64_t start, end;	/* end is the last byte */
	int32_t pid;
	bool exclusive, flock;
};

static struct spinlock locks_lock = SPINLOCK_INIT("file_locks");
static struct wait_queue locks_changed = WAIT_QUEUE_INIT(locks_changed, "file_locks");

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->flock == b->flock && a->start <= b->end && b->start <= a->end;
}

static struct file_lock *find_conflict(struct inode *inode, const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each(l, &inode->locks, link)
		if (l->owner != want->owner && overlaps(l, want) && (l->exclusive || want->exclusive))
			return l;
	return NULL;
}

/* Take [start, end] of @want's owner out of the list; @spare serves when a lock is cut in two, and is consumed then. */
static void cut_range(struct inode *inode, const struct file_lock *want, struct file_lock **spare)
{
	struct file_lock *l, *tmp;

	list_for_each_safe(l, tmp, &inode->locks, link) {
		if (l->owner != want->owner || !overlaps(l, want))
			continue;
		if (l->start < want->start && l->end > want->end) {
			**spare = *l;
			(*spare)->start = want->end + 1;
			list_push(&l->link, &(*spare)->link);
			*spare = NULL;
			l->end = want->start - 1;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			list_del(&l->link);
			kfree(l);
		}
	}
}

/* Lock, change or unlock (@unlock) the range of @want. -EAGAIN when another has it, -ENOMEM. */
static int lock_try(struct inode *inode, const struct file_lock *want, bool unlock)
{
	struct file_lock *l = kzalloc(sizeof(*l)), *spare = kzalloc(sizeof(*spare));
	int err = -ENOMEM;

	if (!l || !spare)
		goto out;
	spin_lock(&locks_lock);
	err = !unlock && find_conflict(inode, want) ? -EAGAIN : 0;
	if (!err)
		cut_range(inode, want, &spare);
	if (!err && !unlock) {
		*l = *want;
		list_push(&inode->locks, &l->link);
		l = NULL;
	}
	spin_unlock(&locks_lock);
	if (!err)
		wait_wake(&locks_changed, 0);
out:
	kfree(l);
	kfree(spare);
	return err;
}

static int lock_wait(struct inode *inode, const struct file_lock *want)
{
	int got, err;

	err = wait_event(&locks_changed, (got = lock_try(inode, want, false)) != -EAGAIN, TIME_FOREVER, true);
	return err ? err : got;
}

static void drop_all(struct inode *inode, const void *owner)
{
	struct file_lock *l, *tmp;
	bool any = false;

	if (list_empty(&inode->locks))
		return;
	spin_lock(&locks_lock);
	list_for_each_safe(l, tmp, &inode->locks, link) {
		if (l->owner != owner)
			continue;
		list_del(&l->link);
		kfree(l);
		any = true;
	}
	spin_unlock(&locks_lock);
	if (any)
		wait_wake(&locks_changed, 0);
}

void file_locks_release(struct file *f)
{
	drop_all(f->inode, f);
}

void file_locks_release_posix(struct file *f, const void *owner)
{
	drop_all(f->inode, owner);
}

static bool flock_known(uint32_t op)
{
	return op == LINUX_LOCK_UN || op == LINUX_LOCK_SH || op == LINUX_LOCK_EX;
}

SYSCALL(NR_flock, flock)
{
	uint32_t op = args->a[1];
	struct file *f = flock_known(op & ~LINUX_LOCK_NB) ? fd_get_io(args->a[0]) : NULL;
	struct file_lock want = { .owner = f, .end = ~0ull, .flock = true, .exclusive = (op & ~LINUX_LOCK_NB) == LINUX_LOCK_EX };
	int err;

	if (!f)
		return flock_known(op & ~LINUX_LOCK_NB) ? -EBADF : -EINVAL;
	want.pid = current_process->pid;
	switch (op & ~LINUX_LOCK_NB) {
	case LINUX_LOCK_UN:
		err = f->inode ? lock_try(f->inode, &want, true) : 0;
		break;
	case LINUX_LOCK_SH:
	case LINUX_LOCK_EX:
		err = !f->inode ? -EINVAL : op & LINUX_LOCK_NB ? lock_try(f->inode, &want, false) : lock_wait(f->inode, &want);
		break;
	default:
		err = -EINVAL;
	}
	file_put(f);
	return err;
}

static int range_from_user(struct file *f, const struct linux_flock *u, struct file_lock *to)
{
	int64_t start = u->l_start, base = 0;

	if (u->l_whence == LINUX_SEEK_CUR)
		base = f->pos;
	else if (u->l_whence == LINUX_SEEK_END)
		base = f->inode->size;
	else if (u->l_whence != LINUX_SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(start, base, &start))
		return -EOVERFLOW;
	to->end = INT64_MAX;
	if (u->l_len > 0 && __builtin_add_overflow(start, u->l_len - 1, (int64_t *)&to->end))
		return -EOVERFLOW;
	if (u->l_len < 0) {
		to->end = start - 1;
		if (__builtin_add_overflow(start, u->l_len, &start))
			return -EINVAL;
	}
	if (start < 0)
		return -EINVAL;
	to->start = start;
	return 0;
}

static int lock_get(struct file *f, const struct file_lock *want, struct linux_flock *u)
{
	struct file_lock *l;

	spin_lock(&locks_lock);
	l = find_conflict(f->inode, want);
	if (l) {
		u->l_type = l->exclusive ? LINUX_F_WRLCK : LINUX_F_RDLCK;
		u->l_whence = LINUX_SEEK_SET;
		u->l_start = l->start;
		u->l_len = l->end == INT64_MAX ? 0 : l->end - l->start + 1;
		u->l_pid = l->pid;
	} else {
		u->l_type = LINUX_F_UNLCK;
	}
	spin_unlock(&locks_lock);
	return 0;
}

static int lock_allowed(const struct file *f, const struct linux_flock *u)
{
	uint32_t mode = f->flags & LINUX_O_ACCMODE;

	if (u->l_type == LINUX_F_RDLCK)
		return mode == LINUX_O_WRONLY ? -EBADF : 0;
	if (u->l_type == LINUX_F_WRLCK)
		return mode == LINUX_O_RDONLY ? -EBADF : 0;
	return u->l_type == LINUX_F_UNLCK ? 0 : -EINVAL;
}

int file_lock_posix(struct file *f, uint32_t cmd, uint64_t uarg)
{
	bool ofd = cmd >= LINUX_F_OFD_GETLK && cmd <= LINUX_F_OFD_SETLKW;
	struct file_lock want = { .owner = ofd ? (void *)f : (void *)current_process->files, .pid = ofd ? -1 : current_process->pid };
	struct linux_flock u;
	int err;

	if (copy_from_user(&u, uarg, sizeof(u)))
		return -EFAULT;
	if (!f->inode || (ofd && u.l_pid))
		return -EINVAL;
	err = range_from_user(f, &u, &want);
	if (err)
		return err;
	want.exclusive = u.l_type == LINUX_F_WRLCK;
	if (cmd == LINUX_F_GETLK || cmd == LINUX_F_OFD_GETLK) {
		if (u.l_type != LINUX_F_RDLCK && u.l_type != LINUX_F_WRLCK)
			return -EINVAL;
		lock_get(f, &want, &u);
		return copy_to_user(uarg, &u, sizeof(u)) ? -EFAULT : 0;
	}
	err = lock_allowed(f, &u);
	if (err)
		return err;
	if (u.l_type == LINUX_F_UNLCK)
		return lock_try(f->inode, &want, true);
	if (cmd == LINUX_F_SETLK || cmd == LINUX_F_OFD_SETLK)
		return lock_try(f->inode, &want, false);
	return lock_wait(f->inode, &want);
}
