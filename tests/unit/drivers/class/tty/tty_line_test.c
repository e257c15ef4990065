// SPDX-License-Identifier: GPL-2.0
/* The line discipline: what a person types and what a program writes. */
#include <ktest.h>
#include "drivers/class/tty/tty_line.c"

KTEST_SUITE(tty_line);

static struct tty_line line;
static char screen[8192];
static size_t shown;
static uint8_t got[TTY_LINE_SIZE + 1];

static void show(struct tty_line *l, uint8_t byte)
{
	if (shown < sizeof(screen) - 1)
		screen[shown++] = (char)byte;
	screen[shown] = '\0';
}

static void begin(void)
{
	shown = 0;
	screen[0] = '\0';
	tty_line_init(&line, show);
}

static int type(const char *text)
{
	int sig = 0;

	while (*text && !sig)
		sig = tty_line_type(&line, (uint8_t)*text++);
	return sig;
}

static const char *take(size_t size)
{
	size_t n = tty_line_read(&line, got, size);

	got[n] = '\0';
	return (char *)got;
}

static void raw(uint32_t lflag_off)
{
	struct linux_termios t = line.t;

	t.c_lflag &= ~lflag_off;
	t.c_iflag = 0;
	t.c_oflag = 0;
	tty_line_set(&line, &t);
}

KTEST_CASE(a_line_is_readable_when_it_is_finished)
{
	begin();
	type("ls");
	EXPECT_FALSE(tty_line_ready(&line, 1));
	type("\r");
	EXPECT_TRUE(tty_line_ready(&line, 1));
	EXPECT_STREQ(take(100), "ls\n");
	EXPECT_STREQ(screen, "ls\r\n");
}

KTEST_CASE(a_read_takes_one_line)
{
	begin();
	type("a\rbc\r");
	EXPECT_STREQ(take(100), "a\n");
	EXPECT_STREQ(take(100), "bc\n");
	EXPECT_FALSE(tty_line_ready(&line, 1));
}

KTEST_CASE(a_short_read_leaves_the_rest_of_the_line)
{
	begin();
	type("abcdef\r");
	EXPECT_STREQ(take(4), "abcd");
	EXPECT_STREQ(take(4), "ef\n");
}

KTEST_CASE(erase_takes_back_one_character)
{
	begin();
	type("abx\177c\r");
	EXPECT_STREQ(take(100), "abc\n");
	EXPECT_STREQ(screen, "abx\b \bc\r\n");
}

KTEST_CASE(erase_stops_at_the_start_of_the_line)
{
	begin();
	type("a\r\177\177b\r");
	EXPECT_STREQ(take(100), "a\n");
	EXPECT_STREQ(take(100), "b\n");
}

KTEST_CASE(erasing_a_control_character_takes_two_columns)
{
	begin();
	type("\001\177\r");
	EXPECT_STREQ(screen, "^A\b \b\b \b\r\n");
	EXPECT_STREQ(take(100), "\n");
}

KTEST_CASE(erasing_a_tab_takes_all_its_columns)
{
	begin();
	type("ab\t\177");
	EXPECT_STREQ(screen, "ab\t\b \b\b \b\b \b\b \b\b \b\b \b");
}

KTEST_CASE(word_and_line_erase)
{
	begin();
	type("echo one two\027three\r");
	EXPECT_STREQ(take(100), "echo one three\n");
	type("rm -rf\025ls\r");
	EXPECT_STREQ(take(100), "ls\n");
}

KTEST_CASE(utf8_characters_go_whole)
{
	begin();
	line.t.c_iflag |= LINUX_IUTF8;
	type("a\303\244\177b\r");
	EXPECT_STREQ(take(100), "ab\n");
}

KTEST_CASE(end_of_file_ends_a_read_without_newline)
{
	begin();
	type("abc\004");
	EXPECT_STREQ(take(100), "abc");
	type("\004");
	EXPECT_TRUE(tty_line_ready(&line, 1));
	EXPECT_EQ(tty_line_read(&line, got, 100), 0);
	EXPECT_FALSE(tty_line_ready(&line, 1));
}

KTEST_CASE(end_of_file_behind_a_full_read_is_not_a_second_one)
{
	begin();
	type("abc\004");
	EXPECT_STREQ(take(3), "abc");
	EXPECT_FALSE(tty_line_ready(&line, 1));
}

KTEST_CASE(interrupt_asks_for_a_signal_and_drops_what_was_typed)
{
	begin();
	EXPECT_EQ(type("abc\003"), LINUX_SIGINT);
	EXPECT_STREQ(screen, "abc^C");
	EXPECT_EQ(type("\034"), LINUX_SIGQUIT);
	EXPECT_EQ(type("\032"), LINUX_SIGTSTP);
	type("x\r");
	EXPECT_STREQ(take(100), "x\n");
}

KTEST_CASE(literal_next_takes_away_the_meaning)
{
	begin();
	EXPECT_EQ(type("\026\003\r"), 0);
	EXPECT_STREQ(take(100), "\003\n");
}

KTEST_CASE(stop_and_start_hold_output)
{
	begin();
	type("\023");
	EXPECT_TRUE(line.stopped);
	type("\021");
	EXPECT_FALSE(line.stopped);
	EXPECT_EQ(tty_line_count(&line), 0);
}

KTEST_CASE(raw_mode_passes_every_byte)
{
	unsigned int i;

	begin();
	raw(LINUX_ICANON | LINUX_ECHO | LINUX_ISIG | LINUX_IEXTEN);
	for (i = 0; i < 256; i++)
		EXPECT_EQ(tty_line_type(&line, (uint8_t)i), 0);
	ASSERT_EQ(tty_line_read(&line, got, 300), 256);
	for (i = 0; i < 256; i++)
		EXPECT_EQ(got[i], i);
	EXPECT_EQ(shown, 0);
	for (i = 0; i < 256; i++)
		tty_line_write(&line, (uint8_t)i);
	EXPECT_EQ(shown, 256);
}

KTEST_CASE(a_half_line_becomes_readable_when_the_mode_turns_raw)
{
	begin();
	type("half");
	EXPECT_FALSE(tty_line_ready(&line, 1));
	raw(LINUX_ICANON);
	EXPECT_TRUE(tty_line_ready(&line, 4));
	EXPECT_FALSE(tty_line_ready(&line, 5));
	EXPECT_STREQ(take(100), "half");
}

KTEST_CASE(a_full_line_still_takes_its_end)
{
	unsigned int i;

	begin();
	for (i = 0; i < 3 * TTY_LINE_SIZE; i++)
		tty_line_type(&line, 'x');
	type("\r");
	EXPECT_EQ(tty_line_read(&line, got, TTY_LINE_SIZE), TTY_LINE_SIZE);
	EXPECT_EQ(got[TTY_LINE_SIZE - 1], '\n');
}

KTEST_CASE(counts_survive_their_wrap)
{
	int i;

	begin();
	line.head = line.tail = line.edit = 0xfffffffd;
	for (i = 0; i < 4; i++) {
		type("ab\r");
		EXPECT_STREQ(take(100), "ab\n");
	}
}

KTEST_CASE(newline_and_return_are_mapped_as_told)
{
	begin();
	line.t.c_iflag = LINUX_IGNCR | LINUX_INLCR;
	line.t.c_lflag = 0;
	type("a\rb\n");
	EXPECT_STREQ(take(100), "ab\r");
}

KTEST_CASE(output_processing_adds_returns_and_expands_tabs)
{
	const char *text = "a\tb\n";

	begin();
	line.t.c_oflag |= LINUX_XTABS;
	while (*text)
		tty_line_write(&line, (uint8_t)*text++);
	EXPECT_STREQ(screen, "a       b\r\n");
}
