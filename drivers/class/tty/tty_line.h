/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The line discipline of a terminal, as POSIX.1-2017 chapter 11 has it: what typed bytes become, and what written bytes become. Pure: no
 * locks, no waiting, output through a callback; also tested on the host.
 */
#ifndef TTY_LINE_H
#define TTY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uapi/ferry/linux_tty.h>

#define TTY_LINE_SIZE	4096u	/* a power of two */

struct tty_line {
	struct linux_termios t;
	uint32_t head, tail, edit;	/* typed, read, end of the last finished line; counts, not positions */
	uint8_t ring[TTY_LINE_SIZE];
	uint8_t mark[TTY_LINE_SIZE / 8];	/* this byte is an end of file or end of line, not content */
	uint32_t column, edit_column;	/* of the cursor; where the unfinished line begins */
	bool literal;			/* VLNEXT was typed */
	bool stopped;			/* VSTOP was typed */
	void (*put)(struct tty_line *l, uint8_t byte);	/* a byte for the terminal */
};

void tty_line_init(struct tty_line *l, void (*put)(struct tty_line *l, uint8_t byte));
/* A typed byte. The signal it asks for (LINUX_SIGINT, SIGQUIT, SIGTSTP), or 0. */
int tty_line_type(struct tty_line *l, uint8_t byte);
/* A written byte, as OPOST has it. */
void tty_line_write(struct tty_line *l, uint8_t byte);
/* Could a read be answered with at least @min bytes (not canonical) or a line (canonical)? */
bool tty_line_ready(const struct tty_line *l, uint32_t min);
/* Take what one read gets, at most @size bytes. In canonical mode at most one line; 0 is an end of file. */
size_t tty_line_read(struct tty_line *l, uint8_t *to, size_t size);
/* Bytes a read could get now, for FIONREAD. */
size_t tty_line_count(const struct tty_line *l);
/* How many more typed bytes fit. */
uint32_t tty_line_room(const struct tty_line *l);
void tty_line_flush(struct tty_line *l);
/* New settings; what was typed stays readable when the mode changes. */
void tty_line_set(struct tty_line *l, const struct linux_termios *t);

#endif
