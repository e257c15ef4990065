/* SPDX-License-Identifier: GPL-2.0 */
/* Terminals from the inside: files (tty.c), sessions and job control (tty_jobs.c), the serial ports under them (tty_serial.c). */
#ifndef TTY_H
#define TTY_H

#include <fs/file.h>
#include <kernel/lock.h>
#include <kernel/wait.h>
#include "tty_line.h"

#define TTYS_MAX	2u	/* serial ones */
#define PTYS_MAX	1024u
#define TTY_OUT_SIZE	256u
#define TTY_RAW_SIZE	16384u	/* a power of two */

struct tty {
	unsigned int port;		/* of a serial one */
	const struct tty_link *link;
	uint32_t rdev;
	struct mutex write_lock;	/* one write at a time, so that lines stay whole */

	/* Guarded by lock. */
	struct spinlock lock;
	struct tty_line line;
	uint32_t c_ispeed, c_ospeed;	/* as line.t says, or with BOTHER as was set; guarded by lock */
	struct linux_termios locked;	/* TIOCSLCKTRMIOS: bits, and keys that are not 0, that nobody changes; until nobody has it open */
	struct linux_winsize size;
	uint8_t out[TTY_OUT_SIZE];	/* bytes for the port, collected */
	uint32_t nr_out;

	/* Guarded by tty_jobs_lock. */
	pid_t sid, foreground;

	bool hung;			/* the other end is gone: reads end, everything else fails */
	uint32_t nr_hangups;		/* vhangup(): files that were opened before the last one are as if it were gone; never TTY_KEPT */
	uint32_t nr_open;		/* atomic */
	bool exclusive;			/* TIOCEXCL: until nobody has it open */
	struct wait_queue changed;	/* input came, output may go on */

	/* Received and not yet typed: the interrupt writes, the thread reads. Guarded by raw_lock. */
	struct spinlock raw_lock;
	uint32_t raw_head, raw_tail;
	uint64_t nr_lost;
	uint8_t *raw;			/* TTY_RAW_SIZE bytes, of a serial port */
	struct wait_queue received;
};

/* What is at the other end. */
struct tty_link {
	/* Bytes for the terminal; tty->lock held. */
	void (*send)(struct tty *tty, const uint8_t *bytes, uint32_t n);
	/* How many fit now; NULL: any number. */
	uint32_t (*room)(struct tty *tty);
	/* Something a packet master is told, LINUX_TIOCPKT_* bits; tty->lock held. NULL: nobody is told. */
	void (*status)(struct tty *tty, uint8_t bits);
	/* A file was opened (0 or -errno) and the last use of one closed. NULL: nobody counts. */
	int (*open)(struct tty *tty);
	void (*close)(struct tty *tty);
};

extern struct tty ttys[TTYS_MAX];
/* Every terminal there is, NULL where there is none; once set, they stay. */
extern struct tty *tty_list[TTYS_MAX + PTYS_MAX];
extern unsigned int nr_tty_slots;	/* of them were ever used */
void tty_list_set(unsigned int slot, struct tty *tty);
extern const struct file_ops tty_ops;
#define TTY_KEPT	UINT32_MAX	/* file->seen of one that no vhangup() takes away: the console's */

/* @f, whose priv is @tty, is being opened: 0, -EBUSY or what the other end says. Its release is tty_ops's. */
int tty_opened(struct tty *tty, struct file *f);
/* Everybody who has it open has lost it, but may open it again: settings are as new, what was typed is gone. May sleep. */
void tty_vhangup(struct tty *tty);
void tty_init(struct tty *tty, const struct tty_link *link, unsigned int port, uint32_t rdev);
int64_t tty_control(struct tty *tty, uint32_t cmd, uint64_t arg);
/* What a packet master is told, LINUX_TIOCPKT_* bits. lock held. */
void tty_tell(struct tty *tty, uint8_t bits);
/* What was typed and not yet read is gone. */
void tty_flush_input(struct tty *tty);
/* tty_termios.c. The commands that get and set the termios, of all three kinds, and what is locked of it; -ENOTTY for others. */
int64_t tty_termios_ioctl(struct tty *tty, uint32_t cmd, uint64_t arg);
/* Send what was collected to the port. lock held. */
void tty_flush_out(struct tty *tty);
/* A typed byte: the signal it asks for, or 0; the other end hears of what it stops or starts. lock held. */
int tty_type(struct tty *tty, uint8_t byte);
/* Type as many received bytes as fit. Thread context. */
void tty_feed(struct tty *tty);

/* tty_jobs.c. May the current process read, write or change @tty now? 0, -EIO, -ERESTARTSYS after stopping its group with @sig. */
int tty_job_check(struct tty *tty, int sig);
/* On open: it becomes the controlling terminal of a leader that has none. */
void tty_job_open(struct tty *tty, uint32_t flags);
/* The other end is gone: its session hears of it and loses the terminal. */
void tty_hang_up(struct tty *tty);
/* Its session's leader hears that it is no longer its terminal. */
void tty_job_leave(struct tty *tty);
void tty_signal_foreground(struct tty *tty, int sig);
struct tty *tty_of_current(void);
/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID; -ENOTTY for others. */
int64_t tty_job_ioctl(struct tty *tty, uint32_t cmd, uint64_t arg);

#endif
