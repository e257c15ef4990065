// SPDX-License-Identifier: GPL-2.0
/*
 * Pseudo-terminals (pty(7)): opening /dev/ptmx makes a terminal /dev/pts/N whose other end is that file. What is written to the terminal
 * lies in a ring for the master to read; what the master writes is typed. The structures stay when both ends are closed and are used
 * again, since sessions refer to terminals without counting them; only their ring is given back. pty_lock guards the opens; tty->lock the
 * ring. The names are in fs/devpts.c.
 */
#include <fs/devpts.h>
#include <fs/internal.h>
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include "tty.h"

#define RING_SIZE	16384u	/* a power of two */
#define CHUNK		256u
#define PTY_MAJOR	136
#define CAN_READ	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define CAN_WRITE	(LINUX_POLLOUT | LINUX_POLLWRNORM)

struct pty {
	struct tty tty;
	unsigned int index;

	/* Guarded by pty_lock. */
	bool has_master, locked, was_opened;
	bool exclusive;			/* the master's own TIOCEXCL: nobody can open that again anyway */
	bool is_packet;			/* TIOCPKT: each read begins with a byte that says what it is */
	unsigned int nr_slaves;

	/* Guarded by tty.lock. */
	uint32_t head, tail;
	uint8_t *ring;			/* NULL: nobody has either end open */
	uint8_t status;			/* LINUX_TIOCPKT_* that the master was not told yet */
	struct wait_queue written;	/* the master waits for output, or for the end of it */
};

static struct mutex pty_lock = MUTEX_INIT(pty_lock, "pty");
static struct pty *ptys[PTYS_MAX];

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

static uint32_t ring_used(const struct pty *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

static uint32_t slave_room(struct tty *tty)
{
	return RING_SIZE - ring_used(pty_of(tty));
}

/* Writers wait for room before; only an echo can find none, and is dropped then. */
static void slave_send(struct tty *tty, const uint8_t *bytes, uint32_t n)
{
	struct pty *p = pty_of(tty);
	uint32_t i;

	for (i = 0; i < n && ring_used(p) < RING_SIZE; i++)
		p->ring[p->head++ & (RING_SIZE - 1)] = bytes[i];
	wait_wake(&p->written, CAN_READ);
}

static void slave_status(struct tty *tty, uint8_t bits)
{
	struct pty *p = pty_of(tty);

	if (!READ_ONCE(p->is_packet))
		return;
	p->status |= bits;
	wait_wake(&p->written, LINUX_POLLPRI | CAN_READ);
}

/* Nobody has either end open: what it takes no longer is given back. pty_lock held. */
static void ring_drop(struct pty *p)
{
	uint8_t *ring = NULL;
	uint64_t flags = spin_lock_irq(&p->tty.lock);

	if (!p->has_master && !p->nr_slaves) {
		ring = p->ring;
		p->ring = NULL;
	}
	spin_unlock_irq(&p->tty.lock, flags);
	kfree(ring);
}

static int slave_open(struct tty *tty)
{
	struct pty *p = pty_of(tty);
	int err = 0;

	mutex_lock(&pty_lock);
	if (p->locked || !p->has_master)
		err = -EIO;
	else
		p->nr_slaves++;
	if (!err)
		p->was_opened = true;
	mutex_unlock(&pty_lock);
	return err;
}

static void slave_close(struct tty *tty)
{
	struct pty *p = pty_of(tty);

	mutex_lock(&pty_lock);
	p->nr_slaves--;
	ring_drop(p);
	mutex_unlock(&pty_lock);
	wait_wake(&p->written, 0);
}

static const struct tty_link pty_link = { .send = slave_send, .room = slave_room, .status = slave_status, .open = slave_open,
					  .close = slave_close };

/* The terminal was opened and nobody has it open any more: the master reads to the end, then -EIO. */
static bool slave_gone(const struct pty *p)
{
	return READ_ONCE(p->was_opened) && !READ_ONCE(p->nr_slaves);
}

static uint32_t ring_take(struct pty *p, uint8_t *to, size_t n)
{
	uint64_t flags = spin_lock_irq(&p->tty.lock);
	uint32_t i, count = MIN(ring_used(p), n);

	for (i = 0; i < count; i++)
		to[i] = p->ring[p->tail++ & (RING_SIZE - 1)];
	spin_unlock_irq(&p->tty.lock, flags);
	return count;
}

static ssize_t master_copy(struct pty *p, struct iter *to)
{
	uint8_t chunk[CHUNK];
	ssize_t done = 0, put;
	uint32_t n;

	while (to->left && (n = ring_take(p, chunk, MIN(to->left, CHUNK)))) {
		put = iter_put(to, chunk, n);
		if (put < (ssize_t)n)
			return done ? done : -EFAULT;
		done += n;
	}
	wait_wake(&p->tty.changed, CAN_WRITE);
	return done;
}

static bool may_read(const struct pty *p)
{
	return ring_used(p) || READ_ONCE(p->status);
}

static uint8_t status_take(struct pty *p)
{
	uint64_t flags = spin_lock_irq(&p->tty.lock);
	uint8_t status = p->status;

	p->status = 0;
	spin_unlock_irq(&p->tty.lock, flags);
	return status;
}

/* What happened, alone, or that bytes follow. */
static ssize_t packet_copy(struct pty *p, struct iter *to)
{
	uint8_t status = status_take(p);
	ssize_t n = iter_put(to, &status, 1);

	if (n <= 0 || status || !to->left)
		return n;
	n = master_copy(p, to);
	return n < 0 ? n : n + 1;
}

static ssize_t master_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct pty *p = f->priv;
	bool gone;
	int err;

	if (!to->left)
		return 0;
	gone = slave_gone(p);	/* before the ring: what was written before is read before */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!may_read(p)) {
		if (gone)
			return -EIO;
		if (f->flags & LINUX_O_NONBLOCK)
			return -EAGAIN;
		err = wait_event(&p->written, may_read(p) || slave_gone(p), TIME_FOREVER, true);
		if (err)
			return err;
		if (!may_read(p))
			return -EIO;
	}
	return p->is_packet ? packet_copy(p, to) : master_copy(p, to);
}

static bool may_type(const struct tty *tty)
{
	return (tty->line.t.c_lflag & LINUX_ICANON) || tty_line_room(&tty->line);
}

static void type_byte(struct tty *tty, uint8_t byte)
{
	uint64_t flags = spin_lock_irq(&tty->lock);
	int sig = tty_type(tty, byte);

	tty_flush_out(tty);
	spin_unlock_irq(&tty->lock, flags);
	if (sig)
		tty_signal_foreground(tty, sig);
}

/* How many of @n bytes the line took. */
static size_t type_chunk(struct tty *tty, const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n && may_type(tty); i++)
		type_byte(tty, bytes[i]);
	wait_wake(&tty->changed, CAN_READ);
	return i;
}

static ssize_t master_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct pty *p = f->priv;
	uint8_t chunk[CHUNK];
	ssize_t done = 0, got;
	size_t typed;

	while (from->left) {
		if (!may_type(&p->tty) && (f->flags & LINUX_O_NONBLOCK))
			return done ? done : -EAGAIN;
		if (wait_event(&p->tty.received, may_type(&p->tty), TIME_FOREVER, true))
			return done ? done : -EINTR;
		got = iter_get(from, chunk, MIN(from->left, CHUNK));
		if (got <= 0)
			return done ? done : got;
		typed = type_chunk(&p->tty, chunk, got);
		iter_revert(from, got - typed);
		done += typed;
	}
	return done;
}

static uint32_t master_poll(struct file *f, struct poll_table *table)
{
	struct pty *p = f->priv;
	uint32_t mask = may_type(&p->tty) ? CAN_WRITE : 0;

	poll_wait(f, &p->written, table);
	poll_wait(f, &p->tty.received, table);
	if (may_read(p))
		mask |= CAN_READ;
	if (READ_ONCE(p->status))
		mask |= LINUX_POLLPRI;
	return slave_gone(p) ? mask | LINUX_POLLHUP : mask;
}

static int64_t open_peer(struct pty *p, uint32_t flags)
{
	struct path path;
	struct file *f;
	int err;

	if (flags & ~(LINUX_O_ACCMODE | LINUX_O_NOCTTY | LINUX_O_NONBLOCK | LINUX_O_CLOEXEC))
		return -EINVAL;
	err = devpts_path(p->index, &path);
	if (err)
		return err;
	f = file_open_path(&path, flags);
	path_put(&path);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install_new(f, flags);
}

static int64_t set_lock(struct pty *p, uint64_t arg)
{
	uint32_t on;

	if (get_user32(&on, arg))
		return -EFAULT;
	p->locked = on;
	return 0;
}

static int64_t set_packet(struct pty *p, uint64_t arg)
{
	uint32_t on;

	if (get_user32(&on, arg))
		return -EFAULT;
	WRITE_ONCE(p->is_packet, on != 0);
	(void)status_take(p);
	return 0;
}

static int64_t master_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct pty *p = f->priv;

	switch (cmd) {
	case LINUX_TIOCGPTN:
		return put_user32(arg, p->index) ? -EFAULT : 0;
	case LINUX_TIOCSPTLCK:
		return set_lock(p, arg);
	case LINUX_TIOCGPTLCK:
		return put_user32(arg, p->locked) ? -EFAULT : 0;
	case LINUX_TIOCPKT:
		return set_packet(p, arg);
	case LINUX_TIOCEXCL:
	case LINUX_TIOCNXCL:
		WRITE_ONCE(p->exclusive, cmd == LINUX_TIOCEXCL);
		return 0;
	case LINUX_TIOCGEXCL:
		return put_user32(arg, READ_ONCE(p->exclusive)) ? -EFAULT : 0;
	case LINUX_TIOCGPKT:
		return put_user32(arg, p->is_packet) ? -EFAULT : 0;
	case LINUX_TIOCGPTPEER:
		return open_peer(p, arg);
	case LINUX_FIONREAD:
		return put_user32(arg, ring_used(p)) ? -EFAULT : 0;
	case LINUX_TIOCGPGRP:
		return put_user32(arg, p->tty.foreground) ? -EFAULT : 0;
	case LINUX_TIOCSIG:
		if (arg < 1 || arg > LINUX_NSIG)
			return -EINVAL;
		tty_signal_foreground(&p->tty, arg);
		return 0;
	default:
		return tty_control(&p->tty, cmd, arg);
	}
}

static void master_release(struct file *f)
{
	struct pty *p = f->priv;

	devpts_remove(p->index);
	devnode_remove_number(LINUX_S_IFCHR, p->tty.rdev);
	tty_hang_up(&p->tty);
	mutex_lock(&pty_lock);
	p->has_master = false;
	ring_drop(p);
	mutex_unlock(&pty_lock);
}

static const struct file_ops master_ops = {
	.read = master_read, .write = master_write, .poll = master_poll, .ioctl = master_ioctl, .release = master_release,
	.signals = true,
};

static struct pty *pty_create(unsigned int index)
{
	struct pty *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->index = index;
	wait_queue_init(&p->written, "pty_written");
	return p;
}

/* As new: nobody has either end open, so nobody waits either. */
static void pty_renew(struct pty *p)
{
	tty_init(&p->tty, &pty_link, 0, DEV_MAKE(PTY_MAJOR, p->index));
	p->tty.size = (struct linux_winsize){ 0 };
	p->tty.locked = (struct linux_termios){ 0 };
	p->tty.hung = p->tty.exclusive = p->exclusive = false;
	p->head = p->tail = 0;
	p->has_master = p->locked = true;
	p->was_opened = p->is_packet = false;
	p->status = 0;
	tty_list_set(TTYS_MAX + p->index, &p->tty);
}

/* One that nobody uses, or a new one. pty_lock held. */
static struct pty *pty_take(void)
{
	unsigned int i;

	for (i = 0; i < PTYS_MAX; i++) {
		if (!ptys[i])
			ptys[i] = pty_create(i);
		if (!ptys[i])
			return ERR_PTR(-ENOMEM);
		if (ptys[i]->has_master || ptys[i]->nr_slaves)
			continue;
		ptys[i]->ring = kzalloc(RING_SIZE);
		if (!ptys[i]->ring)
			return ERR_PTR(-ENOMEM);
		pty_renew(ptys[i]);
		return ptys[i];
	}
	return ERR_PTR(-ENOSPC);
}

static int ptmx_open(struct inode *inode, struct file *f)
{
	struct pty *p;
	int err;

	mutex_lock(&pty_lock);
	p = pty_take();
	mutex_unlock(&pty_lock);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = devnode_create("", LINUX_S_IFCHR, p->tty.rdev, &tty_ops, &p->tty);
	if (err)
		goto free_pty;
	err = devpts_add(p->index, p->tty.rdev);
	if (err)
		goto remove_number;
	f->ops = &master_ops;
	f->priv = p;
	return 0;
remove_number:
	devnode_remove_number(LINUX_S_IFCHR, p->tty.rdev);
free_pty:
	mutex_lock(&pty_lock);
	p->has_master = false;
	ring_drop(p);
	mutex_unlock(&pty_lock);
	return err;
}

static const struct file_ops ptmx_ops = { .open = ptmx_open };

static void count_show(struct seq *to, void *priv)
{
	unsigned int nr = 0;

	mutex_lock(&pty_lock);
	for (unsigned int i = 0; i < PTYS_MAX && ptys[i]; i++)
		nr += ptys[i]->has_master;
	mutex_unlock(&pty_lock);
	seq_printf(to, "%u\n", nr);
}

static void max_show(struct seq *to, void *priv)
{
	seq_printf(to, "%u\n", PTYS_MAX);
}

static int pty_init(void)
{
	int err = proc_create("sys/kernel/pty/nr", 0444, count_show, NULL);

	if (!err)
		err = proc_create("sys/kernel/pty/max", 0444, max_show, NULL);
	return err ? err : devnode_create("ptmx", LINUX_S_IFCHR | 0666, DEV_MAKE(5, 2), &ptmx_ops, NULL);
}
INITCALL("4class", pty_init);
