// SPDX-License-Identifier: GPL-2.0
/* Line discipline: tty_line.h. Counts run on and are masked when used, so head - tail is always what is typed and not read. */
#include <lib/string.h>
#include <uapi/ferry/linux.h>
#include "tty_line.h"

#define MASK		(TTY_LINE_SIZE - 1)
#define DISABLED	0	/* _POSIX_VDISABLE in c_cc */
#define TAB_WIDTH	8u

static const struct linux_termios defaults = {
	.c_iflag = LINUX_ICRNL | LINUX_IXON, .c_oflag = LINUX_OPOST | LINUX_ONLCR,
	.c_cflag = LINUX_B115200 | LINUX_CS8 | LINUX_CREAD | LINUX_HUPCL | LINUX_CLOCAL,
	.c_lflag = LINUX_ISIG | LINUX_ICANON | LINUX_ECHO | LINUX_ECHOE | LINUX_ECHOK | LINUX_ECHOCTL | LINUX_ECHOKE | LINUX_IEXTEN,
	.c_cc = {
		[LINUX_VINTR] = 3, [LINUX_VQUIT] = 28, [LINUX_VERASE] = 127, [LINUX_VKILL] = 21, [LINUX_VEOF] = 4, [LINUX_VMIN] = 1,
		[LINUX_VSTART] = 17, [LINUX_VSTOP] = 19, [LINUX_VSUSP] = 26, [LINUX_VREPRINT] = 18, [LINUX_VDISCARD] = 15,
		[LINUX_VWERASE] = 23, [LINUX_VLNEXT] = 22,
	},
};

void tty_line_init(struct tty_line *l, void (*put)(struct tty_line *l, uint8_t byte))
{
	memset(l, 0, sizeof(*l));
	l->t = defaults;
	l->put = put;
}

static bool local(const struct tty_line *l, uint32_t flag)
{
	return l->t.c_lflag & flag;
}

static bool is_key(const struct tty_line *l, unsigned int key, uint8_t c)
{
	return l->t.c_cc[key] != DISABLED && l->t.c_cc[key] == c;
}

static uint32_t used(const struct tty_line *l)
{
	return l->head - l->tail;
}

uint32_t tty_line_room(const struct tty_line *l)
{
	return TTY_LINE_SIZE - used(l);
}

static bool marked(const struct tty_line *l, uint32_t at)
{
	return l->mark[(at & MASK) / 8] >> (at & 7) & 1;
}

static void append(struct tty_line *l, uint8_t c, bool mark)
{
	uint8_t bit = 1u << (l->head & 7), *m = &l->mark[(l->head & MASK) / 8];

	if (!tty_line_room(l))
		return;
	l->ring[l->head & MASK] = c;
	*m = mark ? *m | bit : *m & ~bit;
	l->head++;
}

/* Output. */
static void put(struct tty_line *l, uint8_t c)
{
	if (c == '\r')
		l->column = 0;
	else if (c == '\b')
		l->column -= l->column > 0;
	else if (c == '\t')
		l->column = (l->column / TAB_WIDTH + 1) * TAB_WIDTH;
	else if (c >= ' ' && c != 127 && (c & 0xc0) != 0x80)
		l->column++;
	l->put(l, c);
}

static void write_tab(struct tty_line *l)
{
	uint32_t n = TAB_WIDTH - l->column % TAB_WIDTH;

	while (n--)
		put(l, ' ');
}

void tty_line_write(struct tty_line *l, uint8_t c)
{
	uint32_t o = l->t.c_oflag;

	if (!(o & LINUX_OPOST)) {
		put(l, c);
	} else if (c == '\n') {
		if (o & LINUX_ONLCR)
			put(l, '\r');
		put(l, '\n');
		if (o & LINUX_ONLRET)
			l->column = 0;
	} else if (c == '\r' && (o & LINUX_OCRNL)) {
		tty_line_write(l, '\n');
	} else if (c == '\r' && (o & LINUX_ONOCR) && !l->column) {
		return;
	} else if (c == '\t' && (o & LINUX_XTABS) == LINUX_XTABS) {
		write_tab(l);
	} else {
		put(l, (o & LINUX_OLCUC) && c >= 'a' && c <= 'z' ? c - 32 : c);
	}
}

/* Echo. */
static bool is_control(uint8_t c)
{
	return (c < ' ' && c != '\t' && c != '\n') || c == 127;
}

static bool caret(const struct tty_line *l, uint8_t c)
{
	return is_control(c) && local(l, LINUX_ECHOCTL);
}

static void echo(struct tty_line *l, uint8_t c)
{
	if (!local(l, LINUX_ECHO) && !(c == '\n' && local(l, LINUX_ECHONL) && local(l, LINUX_ICANON)))
		return;
	if (caret(l, c)) {
		put(l, '^');
		put(l, c ^ 0x40);
	} else {
		tty_line_write(l, c);
	}
}

/* The column after the unfinished line up to @end. */
static uint32_t column_at(const struct tty_line *l, uint32_t end)
{
	uint32_t column = l->edit_column, at;

	for (at = l->edit; at != end; at++) {
		uint8_t c = l->ring[at & MASK];

		if (c == '\t')
			column = (column / TAB_WIDTH + 1) * TAB_WIDTH;
		else if (is_control(c))
			column += caret(l, c) ? 2 : 0;
		else if (!(l->t.c_iflag & LINUX_IUTF8) || (c & 0xc0) != 0x80)
			column++;
	}
	return column;
}

/* Take back the last character (all its bytes in UTF-8). */
static void drop_last(struct tty_line *l, bool show)
{
	uint32_t before = column_at(l, l->head), after;

	do
		l->head--;
	while ((l->t.c_iflag & LINUX_IUTF8) && (l->ring[l->head & MASK] & 0xc0) == 0x80 && l->head != l->edit);
	if (!show || !local(l, LINUX_ECHO))
		return;
	if (!local(l, LINUX_ECHOE)) {
		echo(l, l->t.c_cc[LINUX_VERASE]);
		return;
	}
	for (after = column_at(l, l->head); before > after; before--) {
		put(l, '\b');
		put(l, ' ');
		put(l, '\b');
	}
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static void erase_word(struct tty_line *l)
{
	while (l->head != l->edit && !is_word(l->ring[(l->head - 1) & MASK]))
		drop_last(l, true);
	while (l->head != l->edit && is_word(l->ring[(l->head - 1) & MASK]))
		drop_last(l, true);
}

static void kill_line(struct tty_line *l)
{
	bool show = local(l, LINUX_ECHOKE) && local(l, LINUX_ECHOE);

	while (l->head != l->edit)
		drop_last(l, show);
	if (show)
		return;
	echo(l, l->t.c_cc[LINUX_VKILL]);
	if (local(l, LINUX_ECHOK))
		echo(l, '\n');
}

static void reprint(struct tty_line *l)
{
	uint32_t at;

	echo(l, l->t.c_cc[LINUX_VREPRINT]);
	echo(l, '\n');
	l->edit_column = 0;
	for (at = l->edit; at != l->head; at++)
		echo(l, l->ring[at & MASK]);
}

static void finish_line(struct tty_line *l)
{
	l->edit = l->head;
	l->edit_column = l->column;
}

static void type_content(struct tty_line *l, uint8_t c)
{
	/* One place is kept for the end of the line. */
	if (local(l, LINUX_ICANON) && tty_line_room(l) < 2) {
		if (l->t.c_iflag & LINUX_IMAXBEL)
			put(l, '\a');
		return;
	}
	if (l->edit == l->head)
		l->edit_column = l->column;
	append(l, c, false);
	echo(l, c);
}

/* Editing keys: true when @c was one. */
static bool type_edit(struct tty_line *l, uint8_t c)
{
	bool extended = local(l, LINUX_IEXTEN);

	if (is_key(l, LINUX_VERASE, c)) {
		if (l->head != l->edit)
			drop_last(l, true);
	} else if (is_key(l, LINUX_VKILL, c)) {
		kill_line(l);
	} else if (extended && is_key(l, LINUX_VWERASE, c)) {
		erase_word(l);
	} else if (extended && is_key(l, LINUX_VREPRINT, c)) {
		reprint(l);
	} else if (is_key(l, LINUX_VEOF, c)) {
		append(l, 0, true);
		finish_line(l);
	} else {
		return false;
	}
	return true;
}

static void type_canonical(struct tty_line *l, uint8_t c)
{
	if (type_edit(l, c))
		return;
	if (c == '\n' || is_key(l, LINUX_VEOL, c) || (local(l, LINUX_IEXTEN) && is_key(l, LINUX_VEOL2, c))) {
		append(l, c, false);
		echo(l, c);
		finish_line(l);
		return;
	}
	type_content(l, c);
}

static int signal_of(const struct tty_line *l, uint8_t c)
{
	if (!local(l, LINUX_ISIG))
		return 0;
	if (is_key(l, LINUX_VINTR, c))
		return LINUX_SIGINT;
	if (is_key(l, LINUX_VQUIT, c))
		return LINUX_SIGQUIT;
	return is_key(l, LINUX_VSUSP, c) ? LINUX_SIGTSTP : 0;
}

/* Flow control: true when @c was that and nothing else. */
static bool type_flow(struct tty_line *l, uint8_t c)
{
	if (!(l->t.c_iflag & LINUX_IXON))
		return false;
	if (is_key(l, LINUX_VSTOP, c)) {
		l->stopped = true;
		return true;
	}
	if (is_key(l, LINUX_VSTART, c)) {
		l->stopped = false;
		return true;
	}
	if (l->t.c_iflag & LINUX_IXANY)
		l->stopped = false;
	return false;
}

/* Carriage return and newline as c_iflag has them; -1: the byte is dropped. */
static int map_input(const struct tty_line *l, uint8_t c)
{
	uint32_t i = l->t.c_iflag;

	if (c == '\r' && (i & LINUX_IGNCR))
		return -1;
	if (c == '\r' && (i & LINUX_ICRNL))
		return '\n';
	return c == '\n' && (i & LINUX_INLCR) ? '\r' : c;
}

int tty_line_type(struct tty_line *l, uint8_t c)
{
	int sig, mapped;

	if (l->t.c_iflag & LINUX_ISTRIP)
		c &= 0x7f;
	if (l->literal) {
		l->literal = false;
		type_content(l, c);
		return 0;
	}
	if (type_flow(l, c))
		return 0;
	sig = signal_of(l, c);
	if (sig) {
		l->stopped = false;
		echo(l, c);
		if (!local(l, LINUX_NOFLSH))
			tty_line_flush(l);
		return sig;
	}
	mapped = map_input(l, c);
	if (mapped < 0)
		return 0;
	if (local(l, LINUX_IEXTEN) && local(l, LINUX_ICANON) && is_key(l, LINUX_VLNEXT, c)) {
		l->literal = true;
		if (local(l, LINUX_ECHO) && local(l, LINUX_ECHOCTL)) {
			put(l, '^');
			put(l, '\b');
		}
		return 0;
	}
	if (local(l, LINUX_ICANON))
		type_canonical(l, mapped);
	else
		type_content(l, mapped);
	return 0;
}

bool tty_line_ready(const struct tty_line *l, uint32_t min)
{
	if (local(l, LINUX_ICANON))
		return l->edit != l->tail;
	return used(l) >= (min ? min : 1);
}

static bool ends_line(const struct tty_line *l, uint32_t at)
{
	uint8_t c = l->ring[at & MASK];

	return marked(l, at) || c == '\n' || is_key(l, LINUX_VEOL, c) || is_key(l, LINUX_VEOL2, c);
}

static size_t read_line(struct tty_line *l, uint8_t *to, size_t size)
{
	size_t n = 0;
	bool end;

	while (l->tail != l->edit && n < size) {
		end = ends_line(l, l->tail);
		if (!marked(l, l->tail))
			to[n++] = l->ring[l->tail & MASK];
		l->tail++;
		if (end)
			return n;
	}
	/* An end of file right behind what filled the buffer belongs to it. */
	if (n && l->tail != l->edit && marked(l, l->tail))
		l->tail++;
	return n;
}

size_t tty_line_read(struct tty_line *l, uint8_t *to, size_t size)
{
	size_t n = 0;

	if (local(l, LINUX_ICANON))
		return read_line(l, to, size);
	for (; l->tail != l->head && n < size; l->tail++)
		if (!marked(l, l->tail))
			to[n++] = l->ring[l->tail & MASK];
	if ((int32_t)(l->edit - l->tail) < 0)
		l->edit = l->tail;
	return n;
}

size_t tty_line_count(const struct tty_line *l)
{
	uint32_t at, end = local(l, LINUX_ICANON) ? l->edit : l->head;
	size_t n = 0;

	for (at = l->tail; at != end; at++)
		n += !marked(l, at);
	return n;
}

void tty_line_flush(struct tty_line *l)
{
	l->tail = l->edit = l->head;
	l->edit_column = l->column;
	l->literal = false;
}

void tty_line_set(struct tty_line *l, const struct linux_termios *t)
{
	bool was = local(l, LINUX_ICANON);

	l->t = *t;
	if (was != local(l, LINUX_ICANON))
		finish_line(l);
	if (!(t->c_iflag & LINUX_IXON))
		l->stopped = false;
}
