// SPDX-License-Identifier: GPL-2.0
/* The terminal: what bytes make of a grid of characters. A grid of 10 by 5 is compared as text, blanks at line ends left out. */
#include <ktest.h>
#include <lib/string.h>
#include "drivers/class/tty/terminal.c"
#include "drivers/class/tty/terminal_parse.c"

KTEST_SUITE(terminal);

#define COLUMNS	10u
#define ROWS	5u

static uint64_t memory[512];
static struct terminal t;
static char answers[64], text[COLUMNS * ROWS * 4 + ROWS + 1];

static void answer(struct terminal *from, const char *bytes, size_t n)
{
	size_t used = strlen(answers);

	memcpy(answers + used, bytes, n);
	answers[used + n] = '\0';
}

static void write(const char *bytes)
{
	terminal_write(&t, bytes, strlen(bytes));
}

static void begin(const char *bytes)
{
	memset(memory, 0, sizeof(memory));
	terminal_init(&t, COLUMNS, ROWS, memory);
	t.reply = answer;
	answers[0] = '\0';
	write(bytes);
}

/* Rows up to the last that has something, '/' between them; characters above ASCII as '#'. */
static const char *grid(void)
{
	size_t n = 0, end = 0;

	for (unsigned int y = 0; y < ROWS; y++) {
		for (unsigned int x = 0; x < COLUMNS; x++) {
			uint32_t code = t.lines[y][x].code;

			text[n++] = code > 126 ? '#' : code ? (char)code : ' ';
			end = code > 32 ? n : end;
		}
		while (n && text[n - 1] == ' ' && n > end)
			n--;
		text[n++] = '/';
	}
	text[end] = '\0';
	return text;
}

static bool at(unsigned int x, unsigned int y)
{
	return t.cursor.x == x && t.cursor.y == y;
}

KTEST_CASE(text_fills_lines_and_wraps_only_when_more_comes)
{
	begin("0123456789");
	EXPECT_TRUE(at(9, 0));
	write("a");
	EXPECT_STREQ(grid(), "0123456789/a");
	begin("\033[?7l0123456789ab");
	EXPECT_STREQ(grid(), "012345678b");
	begin("0123456789\rx");
	EXPECT_STREQ(grid(), "x123456789");
}

KTEST_CASE(the_bottom_line_scrolls)
{
	begin("a\r\nb\r\nc\r\nd\r\ne\r\nf");
	EXPECT_STREQ(grid(), "b/c/d/e/f");
	EXPECT_TRUE(at(1, 4));
}

KTEST_CASE(control_characters_move)
{
	begin("abc\bX\tY");
	EXPECT_STREQ(grid(), "abX     Y");
	begin("ab\nc\vd\fe");
	EXPECT_STREQ(grid(), "ab/  c/   d/    e");
	begin("\033[20hab\nc");
	EXPECT_STREQ(grid(), "ab/c");
}

KTEST_CASE(the_cursor_goes_where_it_is_sent_and_no_farther)
{
	begin("\033[3;4HX");
	EXPECT_STREQ(grid(), "//   X");
	write("\033[99;99H");
	EXPECT_TRUE(at(9, 4));
	write("\033[H");
	EXPECT_TRUE(at(0, 0));
	write("\033[2B\033[3C");
	EXPECT_TRUE(at(3, 2));
	write("\033[A\033[D");
	EXPECT_TRUE(at(2, 1));
	write("\033[99A\033[99D");
	EXPECT_TRUE(at(0, 0));
	write("\033[4G\033[3d");
	EXPECT_TRUE(at(3, 2));
	write("\033[E");
	EXPECT_TRUE(at(0, 3));
	write("\033[2F");
	EXPECT_TRUE(at(0, 1));
}

KTEST_CASE(erasing_takes_what_it_says)
{
	begin("aaaaa\r\nbbbbb\r\nccccc\033[2;3H\033[K");
	EXPECT_STREQ(grid(), "aaaaa/bb/ccccc");
	begin("aaaaa\r\nbbbbb\r\nccccc\033[2;3H\033[1K");
	EXPECT_STREQ(grid(), "aaaaa/   bb/ccccc");
	begin("aaaaa\r\nbbbbb\r\nccccc\033[2;3H\033[J");
	EXPECT_STREQ(grid(), "aaaaa/bb");
	begin("aaaaa\r\nbbbbb\r\nccccc\033[2;3H\033[1J");
	EXPECT_STREQ(grid(), "/   bb/ccccc");
	begin("aaaaa\r\nbbbbb\033[2J");
	EXPECT_STREQ(grid(), "");
	begin("abcdef\033[1;2H\033[3X");
	EXPECT_STREQ(grid(), "a   ef");
}

KTEST_CASE(characters_and_lines_are_inserted_and_deleted)
{
	begin("abcdef\033[1;3H\033[2@");
	EXPECT_STREQ(grid(), "ab  cdef");
	begin("abcdef\033[1;3H\033[2P");
	EXPECT_STREQ(grid(), "abef");
	begin("abcdef\033[1;3H\033[4hXY\033[4lZ");
	EXPECT_STREQ(grid(), "abXYZdef");
	begin("a\r\nb\r\nc\033[2;1H\033[L");
	EXPECT_STREQ(grid(), "a//b/c");
	begin("a\r\nb\r\nc\033[2;1H\033[M");
	EXPECT_STREQ(grid(), "a/c");
	begin("ab\033[3b");
	EXPECT_STREQ(grid(), "abbbb");
}

KTEST_CASE(a_region_scrolls_alone)
{
	begin("a\r\nb\r\nc\r\nd\r\ne\033[2;4r\033[4;1H\n");
	EXPECT_STREQ(grid(), "a/c/d//e");
	begin("a\r\nb\r\nc\r\nd\r\ne\033[2;4r\033[2;1H\033M");
	EXPECT_STREQ(grid(), "a//b/c/e");
	begin("a\r\nb\r\nc\r\nd\r\ne\033[2S");
	EXPECT_STREQ(grid(), "c/d/e");
	begin("a\r\nb\033[T");
	EXPECT_STREQ(grid(), "/a/b");
	begin("\033[2;4r\033[?6h\033[1;1HX\033[9;1HY");
	EXPECT_STREQ(grid(), "/X//Y");
}

KTEST_CASE(colours_and_attributes_stay_with_the_characters)
{
	begin("\033[1;31;44mA\033[0mB\033[38;5;200;48;5;17mC\033[97;100mD\033[39;49;7mE\033[38;2;255;0;0mF\033[48:5:9mG");
	EXPECT_EQ(t.lines[0][0].fg, 1);
	EXPECT_EQ(t.lines[0][0].bg, 4);
	EXPECT_EQ(t.lines[0][0].attrs, TERMINAL_BOLD);
	EXPECT_EQ(t.lines[0][1].fg, TERMINAL_FOREGROUND);
	EXPECT_EQ(t.lines[0][1].attrs, 0);
	EXPECT_EQ(t.lines[0][2].fg, 200);
	EXPECT_EQ(t.lines[0][2].bg, 17);
	EXPECT_EQ(t.lines[0][3].fg, 15);
	EXPECT_EQ(t.lines[0][3].bg, 8);
	EXPECT_EQ(t.lines[0][4].attrs, TERMINAL_REVERSE);
	EXPECT_EQ(t.lines[0][4].fg, TERMINAL_FOREGROUND);
	EXPECT_EQ(t.lines[0][5].fg, 196);
	EXPECT_EQ(t.lines[0][6].bg, 9);
	write("\033[2J");
	EXPECT_EQ(t.lines[4][9].bg, 9);
}

KTEST_CASE(the_alternate_screen_gives_the_first_one_back)
{
	begin("shell\033[?1049hvi");
	EXPECT_STREQ(grid(), "     vi");
	write("\033[?1049l$");
	EXPECT_STREQ(grid(), "shell$");
}

KTEST_CASE(cursors_are_saved_with_their_pen)
{
	begin("\033[2;2H\033[31m\0337\033[H\033[0m\0338X");
	EXPECT_STREQ(grid(), "/ X");
	EXPECT_EQ(t.lines[1][1].fg, 1);
}

KTEST_CASE(line_drawing_and_tabs)
{
	begin("\033(0lqk\033(Bq");
	EXPECT_STREQ(grid(), "###q");
	EXPECT_EQ(t.lines[0][0].code, 0x250c);
	EXPECT_EQ(t.lines[0][1].code, 0x2500);
	begin("\033)0\016x\017x");
	EXPECT_EQ(t.lines[0][0].code, 0x2502);
	EXPECT_EQ(t.lines[0][1].code, 'x');
	begin("\033[1;4H\033H\r\tX\033[3g\r\tY");
	EXPECT_STREQ(grid(), "   X     Y");
	begin("\033[1;10H\033[ZX");
	EXPECT_STREQ(grid(), "        X");
}

KTEST_CASE(utf8_is_decoded_and_what_is_broken_replaced)
{
	begin("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.");
	EXPECT_EQ(t.lines[0][0].code, 0xe4);
	EXPECT_EQ(t.lines[0][1].code, 0x20ac);
	EXPECT_EQ(t.lines[0][2].code, 0x1f600);
	EXPECT_EQ(t.lines[0][3].code, '.');
	begin("\xc3x\xff\xe2\x82y\xed\xa0\x80z");
	EXPECT_EQ(t.lines[0][0].code, 0xfffd);
	EXPECT_EQ(t.lines[0][1].code, 'x');
	EXPECT_EQ(t.lines[0][2].code, 0xfffd);
	EXPECT_EQ(t.lines[0][3].code, 0xfffd);
	EXPECT_EQ(t.lines[0][4].code, 'y');
	EXPECT_EQ(t.lines[0][5].code, 0xfffd);
	EXPECT_EQ(t.lines[0][6].code, 'z');
	begin("a\xcc\x81" "b");
	EXPECT_STREQ(grid(), "ab");
}

KTEST_CASE(programs_get_answers)
{
	begin("\033[5n\033[3;4H\033[6n\033[c");
	EXPECT_STREQ(answers, "\033[0n\033[3;4R\033[?62;22c");
}

KTEST_CASE(strings_and_unknown_sequences_leave_nothing)
{
	begin("\033]0;title\007a\033P1$r\033\\b\033[?2004hc\033[>4;1md\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18ze\033%Gf\033[3\030g");
	EXPECT_STREQ(grid(), "abcdefg");
	begin("\033#8");
	EXPECT_EQ(t.lines[4][9].code, 'E');
	write("\033c");
	EXPECT_STREQ(grid(), "");
}

/* Whatever comes, the cursor stays inside and nothing outside is written (the sanitizers watch). */
KTEST_CASE(noise_does_no_harm)
{
	uint32_t seed = 1;

	begin("");
	t.reply = NULL;
	for (unsigned int i = 0; i < 200000; i++) {
		static const char likely[] = "\033\033[[[;;0123456789?ABCDEFGHJKLMPSTXZ@bdrsuhlm\n\r\t7890";
		char c;

		seed = seed * 1664525 + 1013904223;
		c = seed >> 28 ? likely[(seed >> 8) % (sizeof(likely) - 1)] : (char)(seed >> 16);
		terminal_write(&t, &c, 1);
		ASSERT_TRUE(t.cursor.x < COLUMNS && t.cursor.y < ROWS && t.top < t.bottom && t.bottom < ROWS);
	}
}
