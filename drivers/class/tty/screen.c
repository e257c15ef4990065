// SPDX-License-Identifier: GPL-2.0
/*
 * The text console on a linear framebuffer (Multiboot2 specification section 3.6.12, types with direct colours of 24 and 32 bits). Bytes
 * change a terminal in memory at once; a thread draws the cells that differ from what is shown, at most 50 times a second, so that
 * output never waits for the screen. A panic draws by itself. screen_lock guards the terminal; what is shown is the drawer's alone.
 */
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <mm/slab.h>
#include <mm/vmap.h>
#include "font.h"
#include "screen.h"
#include "terminal.h"

#define PAUSE		(20 * NSEC_PER_MSEC)
#define CODE_MISSING	0xfffdu
#define UNDERLINE_ROW	14u
#define STRIKE_ROW	8u

static struct spinlock screen_lock = SPINLOCK_INIT("screen");
static struct terminal terminal;
static bool active, panicking;
static uint64_t written, drawn;		/* how often: drawn when equal */
static struct wait_queue changed = WAIT_QUEUE_INIT(changed, "screen");
static struct terminal_cell *shown;
static volatile uint8_t *pixels;
static unsigned int pixel_bytes;
static uint32_t palette[256];

/* ---- Colours ---- */

static uint32_t rgb(unsigned int red, unsigned int green, unsigned int blue)
{
	return red << boot_info.fb_red_shift | green << boot_info.fb_green_shift | blue << boot_info.fb_blue_shift;
}

/* xterm's 256: the 16 of VGA, a cube of 6 levels, 24 greys. */
static void palette_init(void)
{
	static const uint8_t vga[16][3] = {
		{ 0, 0, 0 }, { 170, 0, 0 }, { 0, 170, 0 }, { 170, 85, 0 }, { 0, 0, 170 }, { 170, 0, 170 }, { 0, 170, 170 }, { 170, 170, 170 },
		{ 85, 85, 85 }, { 255, 85, 85 }, { 85, 255, 85 }, { 255, 255, 85 }, { 85, 85, 255 }, { 255, 85, 255 }, { 85, 255, 255 },
		{ 255, 255, 255 },
	};
	static const uint8_t level[6] = { 0, 95, 135, 175, 215, 255 };

	for (unsigned int i = 0; i < 16; i++)
		palette[i] = rgb(vga[i][0], vga[i][1], vga[i][2]);
	for (unsigned int i = 0; i < 216; i++)
		palette[16 + i] = rgb(level[i / 36], level[i / 6 % 6], level[i % 6]);
	for (unsigned int i = 0; i < 24; i++)
		palette[232 + i] = rgb(8 + 10 * i, 8 + 10 * i, 8 + 10 * i);
}

/* Which two colours a cell really has. */
static void cell_colours(const struct terminal_cell *c, uint32_t *fg, uint32_t *bg)
{
	uint8_t front = c->fg < 8 && c->attrs & TERMINAL_BOLD ? (uint8_t)(c->fg + 8) : c->fg;

	*fg = palette[c->attrs & TERMINAL_REVERSE ? c->bg : front];
	*bg = palette[c->attrs & TERMINAL_REVERSE ? front : c->bg];
	if (c->attrs & TERMINAL_DIM)
		*fg = *fg >> 1 & rgb(127, 127, 127);
	if (c->attrs & TERMINAL_HIDDEN)
		*fg = *bg;
}

/* ---- Drawing ---- */

static int glyph_find(uint32_t code)
{
	unsigned int low = 0, high = font_nr_codes;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (font_codes[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < font_nr_codes && font_codes[low].code == code ? font_codes[low].glyph : -1;
}

static const uint8_t *glyph_of(uint32_t code)
{
	int glyph = glyph_find(code ? code : ' ');

	if (glyph < 0)
		glyph = glyph_find(CODE_MISSING);
	return font_glyphs[glyph < 0 ? glyph_find('?') : glyph];
}

/* A row of a glyph, three bytes a pixel. */
static void row_put(volatile uint8_t *at, uint8_t bits, uint32_t fg, uint32_t bg)
{
	for (unsigned int i = 0; i < FONT_WIDTH; i++, at += 3) {
		uint32_t colour = bits << i & 0x80 ? fg : bg;

		at[0] = (uint8_t)colour;
		at[1] = (uint8_t)(colour >> 8);
		at[2] = (uint8_t)(colour >> 16);
	}
}

_Static_assert(FONT_WIDTH == 8, "a row of a glyph is a byte");

/* The same, four bytes a pixel: two pixels at once, out of the four pairs that there are. */
static void row_put_wide(volatile uint8_t *at, uint8_t bits, const uint64_t pairs[4])
{
	volatile uint64_t *to = (volatile uint64_t *)at;

	to[0] = pairs[bits >> 6];
	to[1] = pairs[bits >> 4 & 3];
	to[2] = pairs[bits >> 2 & 3];
	to[3] = pairs[bits & 3];
}

static void cell_draw(unsigned int x, unsigned int y, const struct terminal_cell *c)
{
	volatile uint8_t *at = pixels + (uint64_t)y * FONT_HEIGHT * boot_info.fb_pitch + (uint64_t)x * FONT_WIDTH * pixel_bytes;
	const uint8_t *glyph = glyph_of(c->code);
	uint32_t fg, bg;
	uint64_t pairs[4];

	cell_colours(c, &fg, &bg);
	for (unsigned int i = 0; i < 4; i++)
		pairs[i] = (uint64_t)(i & 1 ? fg : bg) << 32 | (i & 2 ? fg : bg);
	for (unsigned int row = 0; row < FONT_HEIGHT; row++, at += boot_info.fb_pitch) {
		uint8_t bits = glyph[row];

		if ((c->attrs & TERMINAL_UNDERLINE && row == UNDERLINE_ROW) || (c->attrs & TERMINAL_STRIKE && row == STRIKE_ROW))
			bits = 0xff;
		if (pixel_bytes == 4)
			row_put_wide(at, bits, pairs);
		else
			row_put(at, bits, fg, bg);
	}
}

static uint64_t lock(void) __acquires(&screen_lock)
{
	if (!panicking)
		return spin_lock_irq(&screen_lock);
	__acquire(&screen_lock);
	return 0;
}

static void unlock(uint64_t flags) __releases(&screen_lock)
{
	if (!panicking)
		spin_unlock_irq(&screen_lock, flags);
	else
		__release(&screen_lock);
}

/* The row as it is to look, the cursor in it. */
static void row_take(unsigned int y, struct terminal_cell *to)
{
	uint64_t flags = lock();
	const struct terminal_cursor *c = &terminal.cursor;

	memcpy(to, terminal.lines[y], terminal.columns * sizeof(*to));
	for (unsigned int x = 0; terminal.reverse_screen && x < terminal.columns; x++)
		to[x].attrs ^= TERMINAL_REVERSE;
	if (terminal.cursor_shows && c->y == y)
		to[c->x].attrs ^= TERMINAL_REVERSE;
	unlock(flags);
}

static void draw(void)
{
	static struct terminal_cell row[TERMINAL_COLUMNS_MAX];	/* the drawing thread's, or a panic's */

	for (unsigned int y = 0; y < terminal.rows; y++) {
		struct terminal_cell *before = shown + y * terminal.columns;

		row_take(y, row);
		for (unsigned int x = 0; x < terminal.columns; x++) {
			if (!memcmp(&row[x], &before[x], sizeof(row[x])))
				continue;
			before[x] = row[x];
			cell_draw(x, y, &row[x]);
		}
	}
}

static void drawing_thread(void *arg)
{
	for (;;) {
		wait_event(&changed, READ_ONCE(written) != drawn, TIME_FOREVER, false);
		drawn = READ_ONCE(written);
		draw();
		wait_event(&changed, false, time_now() + PAUSE, false);
	}
}

/* ---- Writing ---- */

void screen_write(const void *bytes, size_t n)
{
	uint64_t flags;

	if (!active || !n)
		return;
	flags = lock();
	terminal_write(&terminal, bytes, n);
	WRITE_ONCE(written, written + 1);
	unlock(flags);
	if (!panicking)
		wait_wake(&changed, 0);
}

bool screen_size(uint16_t *columns, uint16_t *rows)
{
	*columns = (uint16_t)terminal.columns;
	*rows = (uint16_t)terminal.rows;
	return active;
}

static void (*reply_to)(const char *text, size_t n);

static void reply(struct terminal *t, const char *text, size_t n)
{
	reply_to(text, n);
}

void screen_on_reply(void (*fn)(const char *text, size_t n))
{
	reply_to = fn;
	terminal.reply = reply;
}

/* Lines of the log end in a newline alone. */
static void log_show(const char *text, size_t n)
{
	screen_write(text, n);
	if (text[n - 1] == '\n')
		screen_write("\r", 1);
}

/* A panic may have come in the middle of anything: from then on nobody is waited for. */
static void panic_show(bool begins)
{
	panicking = true;
	if (!begins)
		draw();
}

static bool framebuffer_fits(void)
{
	uint64_t columns = boot_info.fb_width / FONT_WIDTH, rows = boot_info.fb_height / FONT_HEIGHT;

	if (!boot_info.has_framebuffer || (boot_info.fb_bpp != 32 && boot_info.fb_bpp != 24))
		return false;
	return columns >= 2 && rows >= 2 && boot_info.fb_pitch >= boot_info.fb_width * (boot_info.fb_bpp / 8) &&
	       boot_info.fb_height <= UINT32_MAX / boot_info.fb_pitch;
}

static int screen_init(void)
{
	unsigned int columns = MIN(boot_info.fb_width / FONT_WIDTH, TERMINAL_COLUMNS_MAX);
	unsigned int rows = MIN(boot_info.fb_height / FONT_HEIGHT, TERMINAL_ROWS_MAX);
	struct thread *t;
	void *memory;

	if (!framebuffer_fits())
		return 0;
	memory = kzalloc(terminal_bytes(columns, rows));
	shown = kcalloc((size_t)columns * rows, sizeof(*shown));
	pixels = vmap_io(boot_info.framebuffer, (uint64_t)boot_info.fb_pitch * boot_info.fb_height);
	t = memory && shown && pixels ? thread_create("screen", drawing_thread, NULL, SCHED_FAIR) : ERR_PTR(-ENOMEM);
	if (IS_ERR(t)) {
		kfree(memory);
		kfree(shown);
		return PTR_ERR(t);
	}
	pixel_bytes = boot_info.fb_bpp / 8;
	palette_init();
	terminal_init(&terminal, columns, rows, memory);
	active = true;
	log_set_screen(log_show, panic_show);
	thread_start(t);
	log_info("screen: %ux%u pixels, %u columns, %u rows", boot_info.fb_width, boot_info.fb_height, columns, rows);
	return 0;
}
INITCALL("4class", screen_init);
