// SPDX-License-Identifier: GPL-2.0
/* Terminal files: reading, writing, polling and the ioctls of termios. */
#include <kernel/process.h>
#include "tty.h"

#define READ_CHUNK	256u
#define WRITE_CHUNK	128u
#define TENTH		(NSEC_PER_SEC / 10)

static struct tty *tty_of(const struct file *f)
{
	return f->priv;
}

static bool is_hung(const struct file *f)
{
	const struct tty *tty = tty_of(f);

	return READ_ONCE(tty->hung) || (f->seen != READ_ONCE(tty->nr_hangups) && f->seen != TTY_KEPT);
}

void tty_flush_out(struct tty *tty)
{
	if (tty->nr_out)
		tty->link->send(tty, tty->out, tty->nr_out);
	tty->nr_out = 0;
}

static void put_out(struct tty_line *l, uint8_t byte)
{
	struct tty *tty = container_of(l, struct tty, line);

	tty->out[tty->nr_out++] = byte;
	if (tty->nr_out == TTY_OUT_SIZE)
		tty_flush_out(tty);
}

struct tty *tty_list[TTYS_MAX + PTYS_MAX];
unsigned int nr_tty_slots;

void tty_list_set(unsigned int slot, struct tty *tty)
{
	WRITE_ONCE(tty_list[slot], tty);
	if (slot >= nr_tty_slots)
		WRITE_ONCE(nr_tty_slots, slot + 1);
}

void tty_tell(struct tty *tty, uint8_t bits)
{
	if (tty->link->status && bits)
		tty->link->status(tty, bits);
}

int tty_type(struct tty *tty, uint8_t byte)
{
	bool stopped = tty->line.stopped;
	int sig = tty_line_type(&tty->line, byte);

	if (stopped != tty->line.stopped)
		tty_tell(tty, stopped ? LINUX_TIOCPKT_START : LINUX_TIOCPKT_STOP);
	if (sig && !(tty->line.t.c_lflag & LINUX_NOFLSH))
		tty_tell(tty, LINUX_TIOCPKT_FLUSHREAD);
	return sig;
}

void tty_init(struct tty *tty, const struct tty_link *link, unsigned int port, uint32_t rdev)
{
	tty->link = link;
	tty->port = port;
	tty->rdev = rdev;
	tty->size = (struct linux_winsize){ .ws_row = 24, .ws_col = 80 };	/* until somebody knows better */
	mutex_init(&tty->write_lock, "tty_write");
	spin_init(&tty->lock, "tty");
	spin_init(&tty->raw_lock, "tty_raw");
	wait_queue_init(&tty->changed, "tty");
	wait_queue_init(&tty->received, "tty_received");
	tty_line_init(&tty->line, put_out);
}

/* The next received byte, while the line has room or would only be edited. */
static bool raw_pop(struct tty *tty, uint8_t *byte)
{
	bool canonical = tty->line.t.c_lflag & LINUX_ICANON, got = false;
	uint64_t flags = spin_lock_irq(&tty->raw_lock);

	if (tty->raw_head != tty->raw_tail && (canonical || tty_line_room(&tty->line))) {
		*byte = tty->raw[tty->raw_tail++ & (TTY_RAW_SIZE - 1)];
		got = true;
	}
	spin_unlock_irq(&tty->raw_lock, flags);
	return got;
}

void tty_feed(struct tty *tty)
{
	uint64_t flags;
	uint8_t byte;
	int sig;

	for (;;) {
		flags = spin_lock_irq(&tty->lock);
		if (!raw_pop(tty, &byte)) {
			tty_flush_out(tty);
			spin_unlock_irq(&tty->lock, flags);
			break;
		}
		sig = tty_type(tty, byte);
		if (sig)
			tty_flush_out(tty);
		spin_unlock_irq(&tty->lock, flags);
		if (sig)
			tty_signal_foreground(tty, sig);
	}
	wait_wake(&tty->changed, LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT);
}

static bool is_canonical(const struct tty *tty)
{
	return tty->line.t.c_lflag & LINUX_ICANON;
}

/* Wait until a read has something: 0; 1: VTIME passed without. */
static int wait_input(struct file *f, size_t want)
{
	struct tty *tty = tty_of(f);
	uint32_t min = MIN(tty->line.t.c_cc[LINUX_VMIN], want), tenths = tty->line.t.c_cc[LINUX_VTIME];
	time_ns_t deadline = TIME_FOREVER;
	int err;

	if (!is_canonical(tty) && !min)
		deadline = time_now() + tenths * TENTH;
	err = wait_event(&tty->changed, tty_line_ready(&tty->line, tenths ? 1 : min) || is_hung(f), deadline, true);
	while (!err && !is_canonical(tty) && tenths && min > 1 && !tty_line_ready(&tty->line, min) && !is_hung(f)) {
		uint32_t seen = READ_ONCE(tty->line.head);

		/* Between bytes, the timer starts anew with each. */
		if (wait_event(&tty->changed, READ_ONCE(tty->line.head) != seen || is_hung(f), time_now() + tenths * TENTH, true))
			break;
	}
	return err == -ETIMEDOUT ? 1 : err;
}

/* One piece for the reader; whether more received bytes now fit. */
static ssize_t take_input(struct tty *tty, uint8_t *chunk, size_t n)
{
	uint64_t flags = spin_lock_irq(&tty->lock);
	bool held_back = !tty_line_room(&tty->line);
	ssize_t got = tty_line_read(&tty->line, chunk, n);

	spin_unlock_irq(&tty->lock, flags);
	if (held_back)
		wait_wake(&tty->received, 0);
	return got;
}

/* Copy out piece by piece; in canonical mode a short piece or a newline ends the read. */
static ssize_t copy_input(struct tty *tty, struct iter *to)
{
	uint8_t chunk[READ_CHUNK];
	ssize_t done = 0, n, put;

	while (to->left && (tty_line_ready(&tty->line, 1) || !done)) {
		n = take_input(tty, chunk, MIN(to->left, READ_CHUNK));
		put = n ? iter_put(to, chunk, n) : 0;
		if (put < n)
			return done ? done : -EFAULT;
		done += n;
		if (n < (ssize_t)READ_CHUNK || (is_canonical(tty) && chunk[n - 1] == '\n'))
			break;
	}
	return done;
}

static ssize_t tty_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct tty *tty = tty_of(f);
	int err = is_hung(f) ? 0 : tty_job_check(tty, LINUX_SIGTTIN);

	if (err || !to->left || is_hung(f))
		return err;
	if (f->flags & LINUX_O_NONBLOCK) {
		if (!tty_line_ready(&tty->line, 1))
			return !is_canonical(tty) && !tty->line.t.c_cc[LINUX_VMIN] ? 0 : -EAGAIN;
		return copy_input(tty, to);
	}
	err = wait_input(f, to->left);
	if (err || is_hung(f))
		return err > 0 ? 0 : err;
	return copy_input(tty, to);
}

static void write_chunk(struct tty *tty, const uint8_t *chunk, size_t n)
{
	uint64_t flags = spin_lock_irq(&tty->lock);
	size_t i;

	for (i = 0; i < n; i++)
		tty_line_write(&tty->line, chunk[i]);
	tty_flush_out(tty);
	spin_unlock_irq(&tty->lock, flags);
}

/* A chunk may grow: a tab becomes eight spaces. */
static bool may_write(struct tty *tty)
{
	return !READ_ONCE(tty->line.stopped) && (!tty->link->room || tty->link->room(tty) >= WRITE_CHUNK * 8);
}

static ssize_t write_bytes(struct file *f, struct iter *from)
{
	struct tty *tty = tty_of(f);
	uint8_t chunk[WRITE_CHUNK];
	ssize_t done = 0, n;

	while (from->left) {
		if (!may_write(tty) && !is_hung(f) && (f->flags & LINUX_O_NONBLOCK))
			return done ? done : -EAGAIN;
		if (wait_event(&tty->changed, may_write(tty) || is_hung(f), TIME_FOREVER, true))
			return done ? done : -EINTR;
		if (is_hung(f))
			return done ? done : -EIO;
		n = iter_get(from, chunk, MIN(from->left, WRITE_CHUNK));
		if (n <= 0)
			return done ? done : n;
		write_chunk(tty, chunk, n);
		done += n;
	}
	return done;
}

static ssize_t tty_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct tty *tty = tty_of(f);
	int err = tty->line.t.c_lflag & LINUX_TOSTOP && !is_hung(f) ? tty_job_check(tty, LINUX_SIGTTOU) : 0;
	ssize_t n;

	if (err)
		return err;
	mutex_lock(&tty->write_lock);
	n = write_bytes(f, from);
	mutex_unlock(&tty->write_lock);
	return n;
}

static uint32_t tty_poll(struct file *f, struct poll_table *table)
{
	struct tty *tty = tty_of(f);
	uint32_t mask;

	poll_wait(f, &tty->changed, table);
	if (is_hung(f))
		return LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLERR | LINUX_POLLHUP;
	mask = may_write(tty) ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0;
	if (tty_line_ready(&tty->line, 1))
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	return mask;
}

void tty_flush_input(struct tty *tty)
{
	uint64_t flags = spin_lock_irq(&tty->lock), inner = spin_lock_irq(&tty->raw_lock);

	tty->raw_tail = tty->raw_head;
	spin_unlock_irq(&tty->raw_lock, inner);
	tty_line_flush(&tty->line);
	tty_tell(tty, LINUX_TIOCPKT_FLUSHREAD);
	spin_unlock_irq(&tty->lock, flags);
}

/* There is one line discipline, N_TTY. */
static int64_t set_discipline(uint64_t arg)
{
	uint32_t number;

	if (get_user32(&number, arg))
		return -EFAULT;
	return number ? -EINVAL : 0;
}

static int64_t set_size(struct tty *tty, uint64_t arg)
{
	struct linux_winsize size;
	bool changed;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	changed = memcmp(&size, &tty->size, sizeof(size));
	tty->size = size;
	if (changed)
		tty_signal_foreground(tty, LINUX_SIGWINCH);
	return 0;
}

static int64_t flow(struct tty *tty, uint64_t how)
{
	if (how > LINUX_TCION)
		return -EINVAL;
	if (how == LINUX_TCOOFF || how == LINUX_TCOON) {
		uint64_t flags = spin_lock_irq(&tty->lock);

		tty->line.stopped = how == LINUX_TCOOFF;
		tty_tell(tty, tty->line.stopped ? LINUX_TIOCPKT_STOP : LINUX_TIOCPKT_START);
		spin_unlock_irq(&tty->lock, flags);
	}
	wait_wake(&tty->changed, 0);
	return 0;
}

static int64_t flush(struct tty *tty, uint64_t which)
{
	if (which > LINUX_TCIOFLUSH)
		return -EINVAL;
	if (which != LINUX_TCOFLUSH)
		tty_flush_input(tty);
	if (which != LINUX_TCIFLUSH) {
		uint64_t flags = spin_lock_irq(&tty->lock);

		tty_tell(tty, LINUX_TIOCPKT_FLUSHWRITE);
		spin_unlock_irq(&tty->lock, flags);
	}
	return 0;
}

/* As if it had been typed: for the administrator only. */
static int64_t type_byte(struct tty *tty, uint64_t arg)
{
	uint64_t flags;
	uint8_t byte;
	int sig;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&byte, arg, 1))
		return -EFAULT;
	flags = spin_lock_irq(&tty->lock);
	sig = tty_type(tty, byte);
	tty_flush_out(tty);
	spin_unlock_irq(&tty->lock, flags);
	if (sig)
		tty_signal_foreground(tty, sig);
	wait_wake(&tty->changed, 0);
	return 0;
}

int64_t tty_control(struct tty *tty, uint32_t cmd, uint64_t arg)
{
	int64_t err = tty_termios_ioctl(tty, cmd, arg);

	if (err != -ENOTTY)
		return err;
	switch (cmd) {
	case LINUX_TIOCSETD:
		return set_discipline(arg);
	case LINUX_TIOCGWINSZ:
		return copy_to_user(arg, &tty->size, sizeof(tty->size)) ? -EFAULT : 0;
	case LINUX_TIOCSWINSZ:
		return set_size(tty, arg);
	case LINUX_FIONREAD:
		return put_user32(arg, tty_line_count(&tty->line)) ? -EFAULT : 0;
	case LINUX_TIOCOUTQ:
	case LINUX_TIOCGETD:
		return put_user32(arg, 0) ? -EFAULT : 0;
	case LINUX_TCXONC:
		return flow(tty, arg);
	case LINUX_TCFLSH:
		return flush(tty, arg);
	case LINUX_TIOCSTI:
		return type_byte(tty, arg);
	case LINUX_TCSBRK:
	case LINUX_TCSBRKP:
	case LINUX_TIOCSBRK:
	case LINUX_TIOCCBRK:
		return 0;
	default:
		return tty_job_ioctl(tty, cmd, arg);
	}
}

void tty_vhangup(struct tty *tty)
{
	uint64_t flags;

	WRITE_ONCE(tty->nr_hangups, tty->nr_hangups + 1 == TTY_KEPT ? 0 : tty->nr_hangups + 1);
	tty_job_leave(tty);
	tty_flush_input(tty);
	flags = spin_lock_irq(&tty->lock);
	tty_line_init(&tty->line, put_out);
	spin_unlock_irq(&tty->lock, flags);
	wait_wake(&tty->changed, 0);
	wait_wake(&tty->received, 0);
}

/* What is for who has the terminal itself open, not its other end. */
static int64_t tty_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct tty *tty = tty_of(f);

	if (is_hung(f))
		return cmd == LINUX_TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case LINUX_TIOCEXCL:
	case LINUX_TIOCNXCL:
		WRITE_ONCE(tty->exclusive, cmd == LINUX_TIOCEXCL);
		return 0;
	case LINUX_TIOCGEXCL:
		return put_user32(arg, READ_ONCE(tty->exclusive)) ? -EFAULT : 0;
	case LINUX_TIOCVHANGUP:
		if (!privileged(LINUX_CAP_SYS_ADMIN))
			return -EPERM;
		tty_vhangup(tty);
		return 0;
	default:
		return tty_control(tty, cmd, arg);
	}
}

int tty_opened(struct tty *tty, struct file *f)
{
	int err = 0;

	if (READ_ONCE(tty->exclusive) && !privileged(LINUX_CAP_SYS_ADMIN))
		return -EBUSY;
	f->seen = READ_ONCE(tty->nr_hangups);
	if (tty->link->open)
		err = tty->link->open(tty);
	if (!err)
		__atomic_fetch_add(&tty->nr_open, 1, __ATOMIC_RELAXED);
	return err;
}

static int tty_open(struct inode *inode, struct file *f)
{
	struct tty *tty = tty_of(f);
	int err = tty_opened(tty, f);

	if (!err)
		tty_job_open(tty, f->flags);
	return err;
}

/* Who keeps a pseudo-terminal's other end open keeps it exclusive and locked: only a serial one becomes as new. */
static void tty_release(struct file *f)
{
	struct tty *tty = tty_of(f);

	if (!__atomic_sub_fetch(&tty->nr_open, 1, __ATOMIC_RELAXED) && !tty->link->close) {
		uint64_t flags = spin_lock_irq(&tty->lock);

		tty->locked = (struct linux_termios){ 0 };
		spin_unlock_irq(&tty->lock, flags);
		WRITE_ONCE(tty->exclusive, false);
	}
	if (tty->link->close)
		tty->link->close(tty);
}

const struct file_ops tty_ops = {
	.read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl, .open = tty_open, .release = tty_release,
	.signals = true,
};
