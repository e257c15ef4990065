/* SPDX-License-Identifier: GPL-2.0 */
/* Terminals from the inside: files (tty.c), sessions and job control (tty_jobs.c), the serial ports under them (tty_serial.c). */
#ifndef TTY_H
#define TTY_H

#include <fs/file.h>
#include <kernel/lock.h>
#include <kernel/wait.h>
#include "tty_line.h"

#define TTYS_MAX	2u
#define TTY_OUT_SIZE	256u
#define TTY_RAW_SIZE	16384u	/* a power of two */

struct tty {
	unsigned int port;
	uint32_t rdev;
	struct mutex write_lock;	/* one write at a time, so that lines stay whole */

	/* Guarded by lock. */
	struct spinlock lock;
	struct tty_line line;
	struct linux_winsize size;
	uint8_t out[TTY_OUT_SIZE];	/* bytes for the port, collected */
	uint32_t nr_out;

	/* Guarded by tty_jobs_lock. */
	pid_t sid, foreground;

	struct wait_queue changed;	/* input came, output may go on */

	/* Received and not yet typed: the interrupt writes, the thread reads. Guarded by raw_lock. */
	struct spinlock raw_lock;
	uint32_t raw_head, raw_tail;
	uint64_t nr_lost;
	uint8_t raw[TTY_RAW_SIZE];
	struct wait_queue received;
};

extern struct tty ttys[TTYS_MAX];
extern const struct file_ops tty_ops;

void tty_init(struct tty *tty, unsigned int port, uint32_t rdev);
/* Send what was collected to the port. lock held. */
void tty_flush_out(struct tty *tty);
/* Type as many received bytes as fit. Thread context. */
void tty_feed(struct tty *tty);

/* tty_jobs.c. May the current process read, write or change @tty now? 0, -EIO, -ERESTARTSYS after stopping its group with @sig. */
int tty_job_check(struct tty *tty, int sig);
/* On open: it becomes the controlling terminal of a leader that has none. */
void tty_job_open(struct tty *tty, uint32_t flags);
void tty_signal_foreground(struct tty *tty, int sig);
struct tty *tty_of_current(void);
/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID; -ENOTTY for others. */
int64_t tty_job_ioctl(struct tty *tty, uint32_t cmd, uint64_t arg);

#endif
