// SPDX-License-Identifier: GPL-2.0
/*
 * Terminals on the serial stub: ttyS0 (also /dev/console) and ttyS1, and /dev/tty, the caller's own. The interrupt only stores bytes; a
 * thread types them, because typing may send signals and echo.
 */
#include <asm/serial.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include "screen.h"
#include "tty.h"

struct tty ttys[TTYS_MAX];
static uint8_t received[TTYS_MAX][TTY_RAW_SIZE];

static void port_send(struct tty *tty, const uint8_t *bytes, uint32_t n)
{
	if (tty != &ttys[0]) {
		serial_write(tty->port, (const char *)bytes, n);
		return;
	}
	log_text((const char *)bytes, n);
	screen_write(bytes, n);
}

static const struct tty_link serial_link = { .send = port_send };

static void port_received(unsigned int port, uint8_t byte)
{
	struct tty *tty = &ttys[port];
	uint64_t flags = spin_lock_irq(&tty->raw_lock);

	if (tty->raw_head - tty->raw_tail < TTY_RAW_SIZE)
		tty->raw[tty->raw_head++ & (TTY_RAW_SIZE - 1)] = byte;
	else
		tty->nr_lost++;
	spin_unlock_irq(&tty->raw_lock, flags);
	wait_wake(&tty->received, 0);
}

/* Something to type, and a place for it. */
static bool has_work(struct tty *tty)
{
	if (READ_ONCE(tty->raw_head) == READ_ONCE(tty->raw_tail))
		return false;
	return (tty->line.t.c_lflag & LINUX_ICANON) || tty_line_room(&tty->line);
}

static void typing_thread(void *arg)
{
	struct tty *tty = arg;

	for (;;) {
		wait_event(&tty->received, has_work(tty), TIME_FOREVER, false);
		tty_feed(tty);
	}
}

static int start_typing(struct tty *tty)
{
	struct thread *t;

	if (!serial_present(tty->port))
		return 0;
	t = thread_create(tty->port ? "ttyS1" : "ttyS0", typing_thread, tty, SCHED_RT);
	if (IS_ERR(t))
		return PTR_ERR(t);
	thread_start(t);
	return serial_on_receive(tty->port, port_received);
}

/* /dev/tty stands for the terminal of whoever opens it. */
static int own_open(struct inode *inode, struct file *f)
{
	struct tty *tty = tty_of_current();

	if (!tty)
		return -ENXIO;
	f->ops = &tty_ops;
	f->priv = tty;
	return tty_opened(tty, f);
}

/* The console is nobody's controlling terminal by being opened, and stays with who has it. */
static int console_open(struct inode *inode, struct file *f)
{
	int err = tty_opened(f->priv, f);

	f->ops = &tty_ops;
	f->seen = TTY_KEPT;
	return err;
}

/* What the screen answers is typed, unless somebody at the serial port has a terminal that answers too. */
static void screen_answered(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		port_received(0, (uint8_t)text[i]);
}

static void console_on_screen(struct tty *tty)
{
	uint16_t columns, rows;

	if (!screen_size(&columns, &rows))
		return;
	tty->size.ws_col = columns;
	tty->size.ws_row = rows;
	if (!serial_present(0))
		screen_on_reply(screen_answered);
}

static const struct file_ops own_ops = { .open = own_open };
static const struct file_ops console_ops = { .open = console_open };

static int tty_init_all(void)
{
	static const char *const names[TTYS_MAX] = { "ttyS0", "ttyS1" };
	unsigned int i;
	int err;

	for (i = 0; i < TTYS_MAX; i++) {
		tty_init(&ttys[i], &serial_link, i, DEV_MAKE(4, 64 + i));
		ttys[i].raw = received[i];
		tty_list_set(i, &ttys[i]);
		/* The console is there even when nobody can see it. */
		if (i && !serial_present(i))
			continue;
		err = devnode_create(names[i], LINUX_S_IFCHR | 0620, DEV_MAKE(4, 64 + i), &tty_ops, &ttys[i]);
		if (!err)
			err = start_typing(&ttys[i]);
		if (err)
			log_err("%s: error %d", names[i], err);
	}
	console_on_screen(&ttys[0]);
	err = devnode_create("console", LINUX_S_IFCHR | 0600, DEV_MAKE(5, 1), &console_ops, &ttys[0]);
	if (!err)
		err = devnode_create("tty", LINUX_S_IFCHR | 0666, DEV_MAKE(5, 0), &own_ops, NULL);
	return err;
}
INITCALL("4class", tty_init_all);
