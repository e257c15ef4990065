// SPDX-License-Identifier: GPL-2.0
/*
 * The control functions of a terminal: C0, escape sequences and control sequences (ECMA-48 section 5, VT220 programmer reference chapter
 * 4, xterm's for the alternate screen and colours). Strings (OSC, DCS, APC, PM, SOS) are taken to their end and dropped.
 */
#include <lib/format.h>
#include <lib/string.h>
#include "terminal.h"

enum { TEXT, ESCAPE, ESCAPE_MORE, CONTROL, STRING, STRING_ESCAPE };

#define PARAM_MAX	9999u

/* Parameter @i, @fallback when it is 0 or missing. */
static unsigned int param(const struct terminal *t, unsigned int i, unsigned int fallback)
{
	return i < t->nr_params && t->params[i] ? t->params[i] : fallback;
}

static void reply(struct terminal *t, const char *text)
{
	if (t->reply)
		t->reply(t, text, strlen(text));
}

/* ---- Erasing ---- */

static void erase_line(struct terminal *t, unsigned int how)
{
	unsigned int x = t->cursor.x;

	terminal_blank(t, t->cursor.y, how == 0 ? x : 0, how == 1 ? x + 1 : t->columns);
}

static void erase_screen(struct terminal *t, unsigned int how)
{
	unsigned int from = how == 0 ? t->cursor.y + 1 : 0, to = how == 1 ? t->cursor.y : t->rows;

	if (how < 2)
		erase_line(t, how);
	for (unsigned int y = from; y < to; y++)
		terminal_blank(t, y, 0, t->columns);
}

/* DECALN. */
static void fill_with_e(struct terminal *t)
{
	terminal_reset(t);
	for (unsigned int y = 0; y < t->rows; y++)
		for (unsigned int x = 0; x < t->columns; x++)
			t->lines[y][x].code = 'E';
}

/* ---- Colours and attributes (SGR) ---- */

/* The nearest of xterm's 6x6x6 cube. */
static uint8_t cube(const uint16_t *rgb)
{
	unsigned int level[3];

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int v = rgb[i] > 255 ? 255 : rgb[i];

		level[i] = v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
	}
	return (uint8_t)(16 + 36 * level[0] + 6 * level[1] + level[2]);
}

/* 38 and 48: how many parameters more were used. */
static unsigned int colour_extended(const struct terminal *t, unsigned int i, uint8_t *to)
{
	if (i + 2 < t->nr_params && t->params[i + 1] == 5) {
		*to = (uint8_t)t->params[i + 2];
		return 2;
	}
	if (i + 4 < t->nr_params && t->params[i + 1] == 2) {
		*to = cube(&t->params[i + 2]);
		return 4;
	}
	return t->nr_params - i;
}

static void attribute(struct terminal_cell *pen, unsigned int n)
{
	static const uint16_t on[10] = {
		[1] = TERMINAL_BOLD, [2] = TERMINAL_DIM, [3] = TERMINAL_ITALIC, [4] = TERMINAL_UNDERLINE, [5] = TERMINAL_BLINK,
		[6] = TERMINAL_BLINK, [7] = TERMINAL_REVERSE, [8] = TERMINAL_HIDDEN, [9] = TERMINAL_STRIKE,
	};
	static const uint16_t off[10] = {
		[1] = 0, [2] = TERMINAL_BOLD | TERMINAL_DIM, [3] = TERMINAL_ITALIC, [4] = TERMINAL_UNDERLINE, [5] = TERMINAL_BLINK,
		[7] = TERMINAL_REVERSE, [8] = TERMINAL_HIDDEN, [9] = TERMINAL_STRIKE,
	};

	if (!n)
		pen->attrs = 0;
	else if (n < 10)
		pen->attrs |= on[n];
	else if (n == 21)
		pen->attrs |= TERMINAL_UNDERLINE;
	else if (n > 21 && n < 30)
		pen->attrs &= (uint16_t)~off[n - 20];
}

static void graphics(struct terminal *t)
{
	struct terminal_cell *pen = &t->cursor.pen;

	for (unsigned int i = 0; i < (t->nr_params ? t->nr_params : 1); i++) {
		unsigned int n = param(t, i, 0);

		if (n < 30)
			attribute(pen, n);
		if (!n || n == 39)
			pen->fg = TERMINAL_FOREGROUND;
		if (!n || n == 49)
			pen->bg = TERMINAL_BACKGROUND;
		if (n >= 30 && n < 38)
			pen->fg = (uint8_t)(n - 30);
		else if (n >= 90 && n < 98)
			pen->fg = (uint8_t)(n - 90 + 8);
		else if (n >= 40 && n < 48)
			pen->bg = (uint8_t)(n - 40);
		else if (n >= 100 && n < 108)
			pen->bg = (uint8_t)(n - 100 + 8);
		else if (n == 38)
			i += colour_extended(t, i, &pen->fg);
		else if (n == 48)
			i += colour_extended(t, i, &pen->bg);
	}
}

/* ---- Modes ---- */

/* xterm's 1049: the cursor is kept, the other screen begins empty. */
static void alternate_mode(struct terminal *t, unsigned int mode, bool on)
{
	if (mode == 1049 && on)
		terminal_save(t);
	if (on && !t->alternate && mode != 47) {
		terminal_alternate(t, true);
		erase_screen(t, 2);
	}
	terminal_alternate(t, on);
	if (mode == 1049 && !on)
		terminal_restore(t);
}

static void mode_private(struct terminal *t, unsigned int mode, bool on)
{
	switch (mode) {
	case 5:
		t->reverse_screen = on;
		break;
	case 6:
		t->cursor.origin = on;
		terminal_move(t, 0, 0);
		break;
	case 7:
		t->autowrap = on;
		break;
	case 25:
		t->cursor_shows = on;
		break;
	case 47:
	case 1047:
	case 1049:
		alternate_mode(t, mode, on);
		break;
	case 1048:
		if (on)
			terminal_save(t);
		else
			terminal_restore(t);
		break;
	}
}

static void modes(struct terminal *t, bool on)
{
	for (unsigned int i = 0; i < t->nr_params; i++) {
		if (t->prefix == '?')
			mode_private(t, t->params[i], on);
		else if (t->params[i] == 4)
			t->insert = on;
		else if (t->params[i] == 20)
			t->newline_mode = on;
	}
}

/* ---- Control sequences ---- */

static void region(struct terminal *t)
{
	unsigned int top = param(t, 0, 1) - 1, bottom = param(t, 1, t->rows) - 1;

	if (bottom >= t->rows)
		bottom = t->rows - 1;
	if (top >= bottom)
		return;
	t->top = top;
	t->bottom = bottom;
	terminal_move(t, 0, 0);
}

static void lines_insert(struct terminal *t, int n)
{
	if (t->cursor.y < t->top || t->cursor.y > t->bottom)
		return;
	terminal_scroll(t, t->cursor.y, t->bottom, -n);
	t->cursor.x = 0;
	t->cursor.wraps = false;
}

static void report(struct terminal *t, unsigned int what)
{
	unsigned int y = t->cursor.y - (t->cursor.origin ? t->top : 0);
	char text[32];

	if (what == 5) {
		reply(t, "\033[0n");
	} else if (what == 6) {
		format_text(text, sizeof(text), "\033[%u;%uR", y + 1, t->cursor.x + 1);
		reply(t, text);
	}
}

static void tab_clear(struct terminal *t, unsigned int how)
{
	if (how == 3)
		memset(t->tabs, 0, sizeof(t->tabs));
	else if (!how)
		t->tabs[t->cursor.x / 8] &= (uint8_t)~(1u << t->cursor.x % 8);
}

static void repeat(struct terminal *t, unsigned int n)
{
	uint8_t shift = t->cursor.sets[t->cursor.shift];

	t->cursor.sets[t->cursor.shift] = 'B';	/* it was translated when it came */
	for (; n && t->last; n--)
		terminal_put(t, t->last);
	t->cursor.sets[t->cursor.shift] = shift;
}

static void column(struct terminal *t, unsigned int x)
{
	t->cursor.x = x < t->columns ? x : t->columns - 1;
	t->cursor.wraps = false;
}

/* Those that move. */
static bool control_move(struct terminal *t, uint8_t final, unsigned int n)
{
	switch (final) {
	case 'A': terminal_move_rows(t, -(int)n); return true;
	case 'B':
	case 'e': terminal_move_rows(t, (int)n); return true;
	case 'C':
	case 'a': column(t, t->cursor.x + n); return true;
	case 'D': column(t, t->cursor.x > n ? t->cursor.x - n : 0); return true;
	case 'E': terminal_move_rows(t, (int)n); column(t, 0); return true;
	case 'F': terminal_move_rows(t, -(int)n); column(t, 0); return true;
	case 'G':
	case '`': column(t, n - 1); return true;
	case 'd': terminal_move(t, t->cursor.x, n - 1); return true;
	case 'H':
	case 'f': terminal_move(t, param(t, 1, 1) - 1, n - 1); return true;
	case 'I': terminal_tab(t, (int)n); return true;
	case 'Z': terminal_tab(t, -(int)n); return true;
	}
	return false;
}

/* Those that change what is there. */
static bool control_edit(struct terminal *t, uint8_t final, unsigned int n)
{
	switch (final) {
	case '@': terminal_insert_cells(t, n); return true;
	case 'P': terminal_delete_cells(t, n); return true;
	case 'X': terminal_blank(t, t->cursor.y, t->cursor.x, t->cursor.x + n); return true;
	case 'J': erase_screen(t, param(t, 0, 0)); return true;
	case 'K': erase_line(t, param(t, 0, 0)); return true;
	case 'L': lines_insert(t, (int)n); return true;
	case 'M': lines_insert(t, -(int)n); return true;
	case 'S': terminal_scroll(t, t->top, t->bottom, (int)n); return true;
	case 'T': terminal_scroll(t, t->top, t->bottom, -(int)n); return true;
	case 'b': repeat(t, n < t->columns * t->rows ? n : t->columns * t->rows); return true;
	}
	return false;
}

static void control(struct terminal *t, uint8_t final)
{
	unsigned int n = param(t, 0, 1);

	if (t->intermediate == '!' && final == 'p')
		terminal_reset(t);
	if (t->intermediate || (t->prefix && t->prefix != '?'))
		return;
	if (final == 'h' || final == 'l') {
		modes(t, final == 'h');
		return;
	}
	if (control_edit(t, final, n) || t->prefix || control_move(t, final, n))
		return;
	switch (final) {
	case 'c': reply(t, "\033[?62;22c"); break;	/* a VT220 with colour */
	case 'g': tab_clear(t, param(t, 0, 0)); break;
	case 'm': graphics(t); break;
	case 'n': report(t, n); break;
	case 'r': region(t); break;
	case 's': terminal_save(t); break;
	case 'u': terminal_restore(t); break;
	}
}

/* ---- Bytes ---- */

static void c0(struct terminal *t, uint8_t byte)
{
	switch (byte) {
	case '\b':
		column(t, t->cursor.x ? t->cursor.x - 1 : 0);
		break;
	case '\t':
		terminal_tab(t, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		terminal_index(t);
		if (t->newline_mode)
			column(t, 0);
		break;
	case '\r':
		column(t, 0);
		break;
	case 0x0e:
	case 0x0f:
		t->cursor.shift = byte == 0x0e;
		break;
	}
}

static void escape_final(struct terminal *t, uint8_t byte)
{
	if (t->intermediate == '(' || t->intermediate == ')')
		t->cursor.sets[t->intermediate == ')'] = byte;
	else if (t->intermediate == '#' && byte == '8')
		fill_with_e(t);
	if (t->intermediate)
		return;
	switch (byte) {
	case '7': terminal_save(t); break;
	case '8': terminal_restore(t); break;
	case 'D': terminal_index(t); break;
	case 'E': terminal_index(t); column(t, 0); break;
	case 'H': t->tabs[t->cursor.x / 8] |= (uint8_t)(1u << t->cursor.x % 8); break;
	case 'M': terminal_reverse_index(t); break;
	case 'Z': reply(t, "\033[?62;22c"); break;
	case 'c': terminal_reset(t); break;
	}
}

static void escape(struct terminal *t, uint8_t byte)
{
	t->state = TEXT;
	if (byte == '[') {
		t->state = CONTROL;
		t->prefix = 0;
		t->nr_params = 0;
	} else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
		t->state = STRING;
	} else if (byte >= 0x20 && byte < 0x30) {
		t->state = ESCAPE_MORE;
		t->intermediate = byte;
	} else {
		escape_final(t, byte);
	}
}

static void digit(struct terminal *t, unsigned int v)
{
	uint16_t *p;

	if (!t->nr_params)
		t->params[t->nr_params++] = 0;
	p = &t->params[t->nr_params - 1];
	*p = (uint16_t)(*p * 10u + v > PARAM_MAX ? PARAM_MAX : *p * 10u + v);
}

static void sequence(struct terminal *t, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		digit(t, byte - '0');
	} else if (byte == ';' || byte == ':') {
		if (!t->nr_params)
			t->params[t->nr_params++] = 0;
		if (t->nr_params < TERMINAL_PARAMS)
			t->params[t->nr_params++] = 0;
	} else if (byte >= '<' && byte <= '?') {
		t->prefix = byte;
	} else if (byte >= 0x20 && byte < 0x30) {
		t->intermediate = byte;
	} else {
		t->state = TEXT;
		if (byte >= 0x40 && byte < 0x7f)
			control(t, byte);
	}
}

/* A string ends with BEL or ESC \; CAN and SUB end anything. */
static void string(struct terminal *t, uint8_t byte)
{
	if (byte == 0x07 || (t->state == STRING_ESCAPE && byte == '\\'))
		t->state = TEXT;
	else
		t->state = byte == 0x1b ? STRING_ESCAPE : STRING;
}

bool terminal_control(struct terminal *t, uint8_t byte)
{
	if (byte == 0x18 || byte == 0x1a) {
		t->state = TEXT;
		return true;
	}
	if (t->state == STRING || t->state == STRING_ESCAPE) {
		string(t, byte);
		return true;
	}
	if (byte == 0x1b) {
		t->state = ESCAPE;
		t->intermediate = 0;
		return true;
	}
	if (byte < 0x20 || byte == 0x7f) {
		c0(t, byte);
		return true;
	}
	if (t->state == ESCAPE)
		escape(t, byte);
	else if (t->state == ESCAPE_MORE)
		t->state = TEXT, escape_final(t, byte);
	else if (t->state == CONTROL)
		sequence(t, byte);
	else
		return false;
	return true;
}
