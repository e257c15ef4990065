// SPDX-License-Identifier: GPL-2.0
/* The grid of a terminal: writing, moving, erasing and scrolling. Lines are pointers, so scrolling copies none of them. */
#include <lib/string.h>
#include "terminal.h"

#define REPLACEMENT	0xfffdu
#define TAB_EVERY	8u

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

size_t terminal_bytes(unsigned int columns, unsigned int rows)
{
	return 2 * (size_t)rows * (sizeof(struct terminal_cell *) + columns * sizeof(struct terminal_cell));
}

void terminal_blank(struct terminal *t, unsigned int y, unsigned int from, unsigned int to)
{
	struct terminal_cell blank = { .code = ' ', .fg = t->cursor.pen.fg, .bg = t->cursor.pen.bg };

	for (unsigned int x = from; x < to && x < t->columns; x++)
		t->lines[y][x] = blank;
}

static void lines_blank(struct terminal *t)
{
	for (unsigned int y = 0; y < t->rows; y++)
		terminal_blank(t, y, 0, t->columns);
}

static void tabs_default(struct terminal *t)
{
	for (unsigned int x = 0; x < TERMINAL_COLUMNS_MAX / 8; x++)
		t->tabs[x] = 1;
}

void terminal_reset(struct terminal *t)
{
	struct terminal_cursor start = {
		.pen = { .fg = TERMINAL_FOREGROUND, .bg = TERMINAL_BACKGROUND }, .sets = { 'B', 'B' },
	};

	terminal_alternate(t, false);
	t->cursor = t->saved[0] = t->saved[1] = start;
	t->top = 0;
	t->bottom = t->rows - 1;
	t->autowrap = t->cursor_shows = true;
	t->insert = t->newline_mode = t->reverse_screen = false;
	t->last = 0;
	tabs_default(t);
	lines_blank(t);
}

void terminal_init(struct terminal *t, unsigned int columns, unsigned int rows, void *memory)
{
	struct terminal_cell *cells;

	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->rows = rows;
	t->lines = memory;
	t->hidden = t->lines + rows;
	cells = (struct terminal_cell *)(t->hidden + rows);
	for (unsigned int y = 0; y < rows; y++) {
		t->lines[y] = cells + (size_t)y * columns;
		t->hidden[y] = cells + (size_t)(rows + y) * columns;
	}
	terminal_reset(t);
}

/* ---- Moving ---- */

void terminal_move(struct terminal *t, unsigned int x, unsigned int y)
{
	if (t->cursor.origin)
		y = least(y + t->top, t->bottom);
	t->cursor.x = least(x, t->columns - 1);
	t->cursor.y = least(y, t->rows - 1);
	t->cursor.wraps = false;
}

void terminal_move_rows(struct terminal *t, int n)
{
	unsigned int y = t->cursor.y, top = y >= t->top ? t->top : 0, bottom = y <= t->bottom ? t->bottom : t->rows - 1;

	for (; n > 0 && y < bottom; n--)
		y++;
	for (; n < 0 && y > top; n++)
		y--;
	t->cursor.y = y;
	t->cursor.wraps = false;
}

void terminal_tab(struct terminal *t, int n)
{
	unsigned int x = t->cursor.x;

	for (; n > 0 && x < t->columns - 1; n--)
		do
			x++;
		while (x < t->columns - 1 && !(t->tabs[x / TAB_EVERY] >> x % TAB_EVERY & 1));
	for (; n < 0 && x; n++)
		do
			x--;
		while (x && !(t->tabs[x / TAB_EVERY] >> x % TAB_EVERY & 1));
	t->cursor.x = x;
	t->cursor.wraps = false;
}

void terminal_save(struct terminal *t)
{
	t->saved[t->alternate] = t->cursor;
}

void terminal_restore(struct terminal *t)
{
	t->cursor = t->saved[t->alternate];
}

void terminal_alternate(struct terminal *t, bool on)
{
	struct terminal_cell **lines = t->lines;

	if (t->alternate == on)
		return;
	t->alternate = on;
	t->lines = t->hidden;
	t->hidden = lines;
}

/* ---- Scrolling ---- */

static void rotate_up(struct terminal *t, unsigned int top, unsigned int bottom)
{
	struct terminal_cell *first = t->lines[top];

	memmove(&t->lines[top], &t->lines[top + 1], (bottom - top) * sizeof(first));
	t->lines[bottom] = first;
	terminal_blank(t, bottom, 0, t->columns);
}

static void rotate_down(struct terminal *t, unsigned int top, unsigned int bottom)
{
	struct terminal_cell *last = t->lines[bottom];

	memmove(&t->lines[top + 1], &t->lines[top], (bottom - top) * sizeof(last));
	t->lines[top] = last;
	terminal_blank(t, top, 0, t->columns);
}

void terminal_scroll(struct terminal *t, unsigned int from, unsigned int bottom, int n)
{
	unsigned int count = least(n < 0 ? (unsigned int)-n : (unsigned int)n, bottom - from + 1);

	for (; count; count--) {
		if (n > 0)
			rotate_up(t, from, bottom);
		else
			rotate_down(t, from, bottom);
	}
}

void terminal_index(struct terminal *t)
{
	t->cursor.wraps = false;
	if (t->cursor.y == t->bottom)
		terminal_scroll(t, t->top, t->bottom, 1);
	else if (t->cursor.y < t->rows - 1)
		t->cursor.y++;
}

void terminal_reverse_index(struct terminal *t)
{
	t->cursor.wraps = false;
	if (t->cursor.y == t->top)
		terminal_scroll(t, t->top, t->bottom, -1);
	else if (t->cursor.y)
		t->cursor.y--;
}

/* ---- Characters ---- */

void terminal_insert_cells(struct terminal *t, unsigned int n)
{
	struct terminal_cell *line = t->lines[t->cursor.y];
	unsigned int x = t->cursor.x;

	n = least(n, t->columns - x);
	memmove(&line[x + n], &line[x], (t->columns - x - n) * sizeof(*line));
	terminal_blank(t, t->cursor.y, x, x + n);
}

void terminal_delete_cells(struct terminal *t, unsigned int n)
{
	struct terminal_cell *line = t->lines[t->cursor.y];
	unsigned int x = t->cursor.x;

	n = least(n, t->columns - x);
	memmove(&line[x], &line[x + n], (t->columns - x - n) * sizeof(*line));
	terminal_blank(t, t->cursor.y, t->columns - n, t->columns);
}

/* The VT100's line drawing set (DEC special graphics), from '`' on. */
static const uint16_t drawing[] = {
	0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba,
	0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* Marks that stand on the character before take no place of their own, and are not shown. */
static bool is_mark(uint32_t code)
{
	return (code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f) || code == 0xfeff;
}

void terminal_put(struct terminal *t, uint32_t code)
{
	struct terminal_cursor *c = &t->cursor;

	if (is_mark(code))
		return;
	if (c->sets[c->shift] == '0' && code >= '`' && code <= '~')
		code = drawing[code - '`'];
	if (c->wraps && t->autowrap) {
		c->x = 0;
		terminal_index(t);
	}
	if (t->insert)
		terminal_insert_cells(t, 1);
	t->lines[c->y][c->x] = c->pen;
	t->lines[c->y][c->x].code = code;
	t->last = code;
	c->wraps = c->x == t->columns - 1;
	c->x += !c->wraps;
}

/* ---- Bytes ---- */

/* A byte of a character above ASCII. Overlong and broken ones give one replacement each. */
static void utf8_byte(struct terminal *t, uint8_t byte)
{
	if (t->utf8_left && (byte & 0xc0) == 0x80) {
		t->utf8 = t->utf8 << 6 | (byte & 0x3f);
		if (--t->utf8_left)
			return;
		if (t->utf8 < t->utf8_min || t->utf8 > 0x10ffff || (t->utf8 >= 0xd800 && t->utf8 <= 0xdfff))
			t->utf8 = REPLACEMENT;
		terminal_put(t, t->utf8);
		return;
	}
	if (t->utf8_left)
		terminal_put(t, REPLACEMENT);
	t->utf8_left = byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte >= 0xc2 && byte < 0xe0 ? 1 : 0;
	t->utf8_min = t->utf8_left == 3 ? 0x10000 : t->utf8_left == 2 ? 0x800 : 0x80;
	t->utf8 = byte & (0x3fu >> t->utf8_left);
	if (!t->utf8_left)
		terminal_put(t, REPLACEMENT);
}

void terminal_write(struct terminal *t, const void *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = at + n;

	for (; at < end; at++) {
		if (t->utf8_left && *at < 0x80) {
			t->utf8_left = 0;
			terminal_put(t, REPLACEMENT);
		}
		if (terminal_control(t, *at))
			continue;
		if (*at < 0x80)
			terminal_put(t, *at);
		else
			utf8_byte(t, *at);
	}
}
