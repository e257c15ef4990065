// SPDX-License-Identifier: GPL-2.0
/*
 * Advisory locks. flock(): whole files, owned by the open file. fcntl(): byte ranges, owned by the descriptor table (a process), or by the
 * open file for F_OFD_*. Both kinds lie on the inode's list and, for /proc/locks, on one of all. Processes that would wait for each other's
 * ranges are told so (EDEADLK); for the other kinds Linux does not look either.
 */
#include <fs/internal.h>
#include <fs/lease.h>
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define WAITERS_FOLLOWED	10	/* as far as Linux follows who waits for whom */

struct file_lock {
	struct list link, all_link;
	struct inode *inode;	/* its owner keeps it */
	const void *owner;	/* file or fd_table */
	uint64_t start, end;	/* end is the last byte */
	int32_t pid;
	bool exclusive, flock, ofd;
};

struct lock_waiter {
	struct list link;
	const struct file_lock *want;
};

/* Guards the locks of all inodes, and the next two. */
static struct spinlock locks_lock = SPINLOCK_INIT("file_locks");
static struct list all_locks = LIST_INIT(all_locks), all_waiters = LIST_INIT(all_waiters);
static struct wait_queue locks_changed = WAIT_QUEUE_INIT(locks_changed, "file_locks");

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->flock == b->flock && a->start <= b->end && b->start <= a->end;
}

static struct file_lock *find_conflict(const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each(l, &want->inode->locks, link)
		if (l->owner != want->owner && overlaps(l, want) && (l->exclusive || want->exclusive))
			return l;
	return NULL;
}

static bool same_holder(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->flock == b->flock && a->ofd == b->ofd;
}

/* Those of an owner stand together, in the order of the file: F_GETLK tells the first that is in the way. */
static void lock_add(struct file_lock *l)
{
	struct file_lock *o;
	bool met = false;

	list_for_each(o, &l->inode->locks, link) {
		bool same = same_holder(o, l);

		if (same ? o->start > l->start : met)
			break;
		met |= same;
	}
	list_append(&o->link, &l->link);	/* before @o; without one that is the end */
	list_append(&all_locks, &l->all_link);
}

static void lock_free(struct file_lock *l)
{
	list_del(&l->link);
	list_del(&l->all_link);
	kfree(l);
}

/* Take [start, end] of @want's owner out of the list; @spare serves when a lock is cut in two, and is consumed then. */
static void cut_range(const struct file_lock *want, struct file_lock **spare)
{
	struct file_lock *l, *tmp;

	list_for_each_safe(l, tmp, &want->inode->locks, link) {
		if (l->owner != want->owner || !overlaps(l, want))
			continue;
		if (l->start < want->start && l->end > want->end) {
			**spare = *l;
			(*spare)->start = want->end + 1;
			lock_add(*spare);
			*spare = NULL;
			l->end = want->start - 1;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			lock_free(l);
		}
	}
}

/* What its owner holds beside it in the same way becomes one lock with @l. */
static void join_neighbours(struct file_lock *l)
{
	struct file_lock *o, *tmp;

	list_for_each_safe(o, tmp, &l->inode->locks, link) {
		if (!same_holder(o, l) || o->exclusive != l->exclusive)
			continue;
		if (l->start && o->end == l->start - 1)
			l->start = o->start;
		else if (l->end < INT64_MAX && o->start == l->end + 1)
			l->end = o->end;
		else
			continue;
		lock_free(o);
	}
}

/* Lock, change or unlock (@unlock) the range of @want. -EAGAIN when another has it, -ENOMEM. */
static int lock_try(const struct file_lock *want, bool unlock)
{
	struct file_lock *l = kzalloc(sizeof(*l)), *spare = kzalloc(sizeof(*spare));
	int err = -ENOMEM;

	if (!l || !spare)
		goto out;
	spin_lock(&locks_lock);
	err = !unlock && find_conflict(want) ? -EAGAIN : 0;
	if (!err)
		cut_range(want, &spare);
	if (!err && !unlock) {
		*l = *want;
		join_neighbours(l);
		lock_add(l);
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

/* What @owner, a process, waits for. */
static const struct file_lock *waited_for(const void *owner)
{
	struct lock_waiter *w;

	list_for_each(w, &all_waiters, link)
		if (w->want->owner == owner && !w->want->flock && !w->want->ofd)
			return w->want;
	return NULL;
}

static bool would_deadlock(const struct file_lock *want)
{
	const struct file_lock *wanted = want, *has;

	for (int i = 0; i < WAITERS_FOLLOWED && wanted; i++) {
		has = find_conflict(wanted);
		if (!has)
			return false;
		if (i && has->owner == want->owner)
			return true;
		wanted = waited_for(has->owner);
	}
	return false;
}

static bool wait_begin(struct lock_waiter *w)
{
	bool allowed;

	spin_lock(&locks_lock);
	allowed = w->want->flock || w->want->ofd || !would_deadlock(w->want);
	if (allowed)
		list_append(&all_waiters, &w->link);
	spin_unlock(&locks_lock);
	return allowed;
}

static int lock_wait(const struct file_lock *want)
{
	struct lock_waiter w = { .want = want };
	int got = lock_try(want, false), err;

	if (got != -EAGAIN)
		return got;
	if (!wait_begin(&w))
		return -EDEADLK;
	err = wait_event(&locks_changed, (got = lock_try(want, false)) != -EAGAIN, TIME_FOREVER, true);
	spin_lock(&locks_lock);
	list_del(&w.link);
	spin_unlock(&locks_lock);
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
		lock_free(l);
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
	struct file_lock want = { .owner = f, .end = INT64_MAX, .flock = true, .exclusive = (op & ~LINUX_LOCK_NB) == LINUX_LOCK_EX };
	int err;

	if (!f)
		return flock_known(op & ~LINUX_LOCK_NB) ? -EBADF : -EINVAL;
	want.pid = current_process->pid;
	want.inode = f->inode;
	switch (op & ~LINUX_LOCK_NB) {
	case LINUX_LOCK_UN:
		err = f->inode ? lock_try(&want, true) : 0;
		break;
	case LINUX_LOCK_SH:
	case LINUX_LOCK_EX:
		err = !f->inode ? -EINVAL : op & LINUX_LOCK_NB ? lock_try(&want, false) : lock_wait(&want);
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

static int lock_get(const struct file_lock *want, struct linux_flock *u)
{
	struct file_lock *l;

	spin_lock(&locks_lock);
	l = find_conflict(want);
	if (l) {
		u->l_type = l->exclusive ? LINUX_F_WRLCK : LINUX_F_RDLCK;
		u->l_whence = LINUX_SEEK_SET;
		u->l_start = l->start;
		u->l_len = l->end == INT64_MAX ? 0 : l->end - l->start + 1;
		u->l_pid = l->pid < 0 ? l->pid : pid_told(l->pid);
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
	struct file_lock want = { .inode = f->inode, .owner = ofd ? (void *)f : (void *)current_process->files, .ofd = ofd,
				  .pid = ofd ? -1 : current_process->pid };
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
		lock_get(&want, &u);
		return copy_to_user(uarg, &u, sizeof(u)) ? -EFAULT : 0;
	}
	err = lock_allowed(f, &u);
	if (err)
		return err;
	if (u.l_type == LINUX_F_UNLCK)
		return lock_try(&want, true);
	if (cmd == LINUX_F_SETLK || cmd == LINUX_F_OFD_SETLK)
		return lock_try(&want, false);
	return lock_wait(&want);
}

/* ---- /proc/locks and /proc/<pid>/fdinfo: proc(5) ---- */

static void lock_line(struct seq *s, const struct file_lock *l)
{
	uint64_t dev = l->inode->super->dev;
	const char *kind = l->flock ? "FLOCK " : l->ofd ? "OFDLCK" : "POSIX ";

	seq_printf(s, "%s ADVISORY  %s %d %02x:%02x:%llu %llu ", kind, l->exclusive ? "WRITE" : "READ",
		   l->pid < 0 ? l->pid : pid_told(l->pid), (unsigned int)(dev >> 8), (unsigned int)(dev & 0xff),
		   (unsigned long long)l->inode->ino, (unsigned long long)l->start);
	if (l->end == INT64_MAX)
		seq_puts(s, "EOF\n");
	else
		seq_printf(s, "%llu\n", (unsigned long long)l->end);
}

/* Each lock of who is seen by the reader, and below it who waits for it first of all. */
static void locks_show(struct seq *s, void *priv)
{
	struct lock_waiter *w;
	struct file_lock *l;
	int number = 0;

	spin_lock(&locks_lock);
	list_for_each(l, &all_locks, all_link) {
		number++;
		if (l->pid > 0 && !pid_told(l->pid))
			continue;
		seq_printf(s, "%d: ", number);
		lock_line(s, l);
		list_for_each(w, &all_waiters, link) {
			if (find_conflict(w->want) != l)
				continue;
			seq_printf(s, "%d: -> ", number);
			lock_line(s, w->want);
		}
	}
	spin_unlock(&locks_lock);
	leases_show(s, number);
}

void file_locks_show(struct seq *s, const struct file *f, const void *table)
{
	struct file_lock *l;
	int number = 0;

	spin_lock(&locks_lock);
	list_for_each(l, &f->inode->locks, link) {
		if (l->owner != f && l->owner != table)
			continue;
		seq_printf(s, "lock:\t%d: ", ++number);
		lock_line(s, l);
	}
	spin_unlock(&locks_lock);
	lease_show(s, f, number);
}

static int locks_init(void)
{
	return proc_create("locks", 0444, locks_show, NULL);
}
INITCALL("2fs", locks_init);
