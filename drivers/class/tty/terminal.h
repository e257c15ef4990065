/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A terminal in memory: bytes in, a grid of characters out. It understands what ECMA-48, the VT220 and xterm have in common and full-screen
 * programs use: cursor, erasing, inserting and deleting, regions, tabs, colours (16 and 256; others to the nearest), line drawing,
 * the alternate screen, UTF-8. Pure: no locks, no waiting, no memory of its own; also tested on the host. The screen on a framebuffer shows it
 * (screen.c); terminal.c has the grid, terminal_parse.c the bytes.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMINAL_COLUMNS_MAX	512u
#define TERMINAL_ROWS_MAX	256u
#define TERMINAL_PARAMS		16u

#define TERMINAL_BOLD		0x01u
#define TERMINAL_DIM		0x02u
#define TERMINAL_ITALIC		0x04u
#define TERMINAL_UNDERLINE	0x08u
#define TERMINAL_BLINK		0x10u
#define TERMINAL_REVERSE	0x20u
#define TERMINAL_HIDDEN		0x40u
#define TERMINAL_STRIKE		0x80u

#define TERMINAL_FOREGROUND	7u
#define TERMINAL_BACKGROUND	0u

struct terminal_cell {
	uint32_t code;		/* Unicode; 0 and 32 are blank */
	uint8_t fg, bg;		/* of xterm's 256 colours */
	uint16_t attrs;		/* TERMINAL_* */
};

struct terminal_cursor {
	unsigned int x, y;
	bool wraps;		/* the last column was written: the next character goes to the next line */
	bool origin;		/* rows count from the top margin (DECOM) */
	struct terminal_cell pen;
	uint8_t sets[2], shift;	/* G0 and G1: 'B' ASCII, '0' line drawing; which is in use */
};

struct terminal {
	unsigned int columns, rows;
	struct terminal_cell **lines;		/* of the screen that shows */
	struct terminal_cell **hidden;		/* of the other */
	bool alternate;
	unsigned int top, bottom;		/* of the region that scrolls, both in it */
	struct terminal_cursor cursor, saved[2];
	bool autowrap, insert, newline_mode, cursor_shows, reverse_screen;
	uint32_t last;				/* character, for REP */
	uint8_t tabs[TERMINAL_COLUMNS_MAX / 8];
	void (*reply)(struct terminal *t, const char *text, size_t n);	/* an answer to the program; NULL: none is given */

	/* The parser. */
	uint8_t state, prefix, intermediate;
	unsigned int nr_params;
	uint16_t params[TERMINAL_PARAMS];
	uint32_t utf8, utf8_min;
	uint8_t utf8_left;
};

/* How many bytes terminal_init() needs for this size. */
size_t terminal_bytes(unsigned int columns, unsigned int rows);
/* A blank terminal in @memory, aligned for pointers. Sizes from 2 to the limits above. */
void terminal_init(struct terminal *t, unsigned int columns, unsigned int rows, void *memory);
void terminal_write(struct terminal *t, const void *bytes, size_t n);

/* ---- Between terminal.c and terminal_parse.c ---- */

void terminal_reset(struct terminal *t);
/* One printable character at the cursor. */
void terminal_put(struct terminal *t, uint32_t code);
/* Down one line, scrolling at the bottom margin; up one, scrolling at the top margin. */
void terminal_index(struct terminal *t);
void terminal_reverse_index(struct terminal *t);
/* To column and row, counted from 0, kept inside. */
void terminal_move(struct terminal *t, unsigned int x, unsigned int y);
/* By rows, stopping at the margins. */
void terminal_move_rows(struct terminal *t, int n);
/* Scroll rows @from to @bottom up (down: negative) by @n. */
void terminal_scroll(struct terminal *t, unsigned int from, unsigned int bottom, int n);
/* Blank cells @from to @to (not included) of row @y in the pen's background. */
void terminal_blank(struct terminal *t, unsigned int y, unsigned int from, unsigned int to);
void terminal_insert_cells(struct terminal *t, unsigned int n);
void terminal_delete_cells(struct terminal *t, unsigned int n);
void terminal_tab(struct terminal *t, int n);
void terminal_save(struct terminal *t);
void terminal_restore(struct terminal *t);
void terminal_alternate(struct terminal *t, bool on);
/* One byte that is part of a control sequence or starts one; false: it is text. */
bool terminal_control(struct terminal *t, uint8_t byte);

#endif
