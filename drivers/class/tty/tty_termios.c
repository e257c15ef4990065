// SPDX-License-Identifier: GPL-2.0
/* Settings of terminals (termios(3), ioctl_tty(2)): System V's, POSIX's, and Linux's with speeds of any number. */
#include <kernel/process.h>
#include "tty.h"

#define CONTROL(c)	((c) & 0x1f)

/* Bits a second of c_cflag's CBAUD, without and with LINUX_CBAUDEX. */
static const uint32_t rates[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const uint32_t high_rates[] = {
	0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

/* @given: what c_ispeed or c_ospeed says, which counts for BOTHER. */
static uint32_t rate_of(uint32_t baud, uint32_t given)
{
	if (baud == LINUX_BOTHER)
		return given;
	return baud & LINUX_CBAUDEX ? high_rates[baud & 15] : rates[baud & 15];
}

static void speeds_settle(struct linux_termios2 *t)
{
	uint32_t in = t->basic.c_cflag >> LINUX_IBSHIFT & LINUX_CBAUD;

	t->c_ospeed = rate_of(t->basic.c_cflag & LINUX_CBAUD, t->c_ospeed);
	t->c_ispeed = in ? rate_of(in, t->c_ispeed) : t->c_ospeed;	/* B0 there: as the output's */
}

/* What is locked in @mask stays as it was @before. */
static void keep_locked(struct linux_termios *t, const struct linux_termios *before, const struct linux_termios *mask)
{
	t->c_iflag = (t->c_iflag & ~mask->c_iflag) | (before->c_iflag & mask->c_iflag);
	t->c_oflag = (t->c_oflag & ~mask->c_oflag) | (before->c_oflag & mask->c_oflag);
	t->c_cflag = (t->c_cflag & ~mask->c_cflag) | (before->c_cflag & mask->c_cflag);
	t->c_lflag = (t->c_lflag & ~mask->c_lflag) | (before->c_lflag & mask->c_lflag);
	if (mask->c_line)
		t->c_line = before->c_line;
	for (unsigned int i = 0; i < LINUX_NCCS; i++)
		if (mask->c_cc[i])
			t->c_cc[i] = before->c_cc[i];
}

/* Will ^S and ^Q, and nothing else, stop and start output? */
static bool flow_keys(const struct linux_termios *t)
{
	return (t->c_iflag & LINUX_IXON) && t->c_cc[LINUX_VSTOP] == CONTROL('S') && t->c_cc[LINUX_VSTART] == CONTROL('Q');
}

static void settings_change(struct tty *tty, struct linux_termios2 *t, bool flush)
{
	uint64_t flags;
	bool had_keys;

	if (flush)
		tty_flush_input(tty);
	flags = spin_lock_irq(&tty->lock);
	keep_locked(&t->basic, &tty->line.t, &tty->locked);
	speeds_settle(t);
	had_keys = flow_keys(&tty->line.t);
	tty_line_set(&tty->line, &t->basic);
	tty->c_ispeed = t->c_ispeed;
	tty->c_ospeed = t->c_ospeed;
	if (had_keys != flow_keys(&t->basic))
		tty_tell(tty, had_keys ? LINUX_TIOCPKT_NOSTOP : LINUX_TIOCPKT_DOSTOP);
	spin_unlock_irq(&tty->lock, flags);
	wait_wake(&tty->changed, 0);
	wait_wake(&tty->received, 0);
}

static struct linux_termios2 settings_now(struct tty *tty)
{
	uint64_t flags = spin_lock_irq(&tty->lock);
	struct linux_termios2 t = { .basic = tty->line.t, .c_ispeed = tty->c_ispeed, .c_ospeed = tty->c_ospeed };

	spin_unlock_irq(&tty->lock, flags);
	speeds_settle(&t);
	return t;
}

static struct linux_termio to_old(const struct linux_termios *t)
{
	struct linux_termio old = {
		.c_iflag = (uint16_t)t->c_iflag, .c_oflag = (uint16_t)t->c_oflag, .c_cflag = (uint16_t)t->c_cflag, .c_lflag = (uint16_t)t->c_lflag,
		.c_line = t->c_line,
	};

	memcpy(old.c_cc, t->c_cc, sizeof(old.c_cc));
	return old;
}

/* What System V's structure has no room for stays as it is. */
static void from_old(struct linux_termios *t, const struct linux_termio *old)
{
	t->c_iflag = (t->c_iflag & ~0xffffu) | old->c_iflag;
	t->c_oflag = (t->c_oflag & ~0xffffu) | old->c_oflag;
	t->c_cflag = (t->c_cflag & ~0xffffu) | old->c_cflag;
	t->c_lflag = (t->c_lflag & ~0xffffu) | old->c_lflag;
	t->c_line = old->c_line;
	memcpy(t->c_cc, old->c_cc, sizeof(old->c_cc));
}

static int64_t settings_get(struct tty *tty, uint64_t to, size_t size)
{
	struct linux_termios2 t = settings_now(tty);
	struct linux_termio old = to_old(&t.basic);

	return copy_to_user(to, size == sizeof(old) ? (const void *)&old : &t, size) ? -EFAULT : 0;
}

/* Output is never waiting, so the commands that wait for it and those that do not are the same. */
static int64_t settings_set(struct tty *tty, uint64_t from, size_t size, bool flush)
{
	struct linux_termios2 t = settings_now(tty);
	struct linux_termio old;
	int64_t err = tty_job_check(tty, LINUX_SIGTTOU);

	if (err)
		return err;
	if (copy_from_user(size == sizeof(old) ? (void *)&old : &t, from, size))
		return -EFAULT;
	if (size == sizeof(old))
		from_old(&t.basic, &old);
	settings_change(tty, &t, flush);
	return 0;
}

static int64_t locked_get(struct tty *tty, uint64_t to)
{
	uint64_t flags = spin_lock_irq(&tty->lock);
	struct linux_termios locked = tty->locked;

	spin_unlock_irq(&tty->lock, flags);
	return copy_to_user(to, &locked, sizeof(locked)) ? -EFAULT : 0;
}

static int64_t locked_set(struct tty *tty, uint64_t from)
{
	struct linux_termios locked;
	uint64_t flags;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&locked, from, sizeof(locked)))
		return -EFAULT;
	flags = spin_lock_irq(&tty->lock);
	tty->locked = locked;
	spin_unlock_irq(&tty->lock, flags);
	return 0;
}

int64_t tty_termios_ioctl(struct tty *tty, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_TCGETS:
		return settings_get(tty, arg, sizeof(struct linux_termios));
	case LINUX_TCSETS:
	case LINUX_TCSETSW:
	case LINUX_TCSETSF:
		return settings_set(tty, arg, sizeof(struct linux_termios), cmd == LINUX_TCSETSF);
	case LINUX_TCGETS2:
		return settings_get(tty, arg, sizeof(struct linux_termios2));
	case LINUX_TCSETS2:
	case LINUX_TCSETSW2:
	case LINUX_TCSETSF2:
		return settings_set(tty, arg, sizeof(struct linux_termios2), cmd == LINUX_TCSETSF2);
	case LINUX_TCGETA:
		return settings_get(tty, arg, sizeof(struct linux_termio));
	case LINUX_TCSETA:
	case LINUX_TCSETAW:
	case LINUX_TCSETAF:
		return settings_set(tty, arg, sizeof(struct linux_termio), cmd == LINUX_TCSETAF);
	case LINUX_TIOCGLCKTRMIOS:
		return locked_get(tty, arg);
	case LINUX_TIOCSLCKTRMIOS:
		return locked_set(tty, arg);
	}
	return -ENOTTY;
}
