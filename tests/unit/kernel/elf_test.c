// SPDX-License-Identifier: GPL-2.0
/* The checks of program files: every field a hostile file controls, one claim a case. */
#include <kernel/elf.h>
#include <ktest.h>

KTEST_SUITE(elf);

static struct elf_header header;
static struct elf_segment segments[ELF_SEGMENTS_MAX];
static struct elf_plan plan;

static struct elf_segment load(uint64_t vaddr, uint64_t offset, uint64_t filesz, uint64_t memsz, uint32_t flags)
{
	return (struct elf_segment){ .type = ELF_PT_LOAD, .flags = flags, .offset = offset, .vaddr = vaddr, .filesz = filesz,
				     .memsz = memsz, .align = 0x1000 };
}

/* An ordinary static program: text with the headers, and data with some cleared memory. */
static void good_program(void)
{
	header = (struct elf_header){ .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = ELF_TYPE_EXEC, .machine = 62, .version = 1,
				      .entry = 0x401000, .phoff = 64, .ehsize = 64, .phentsize = 56, .phnum = 2 };
	segments[0] = load(0x400000, 0, 0x2000, 0x2000, ELF_PF_R | ELF_PF_X);
	segments[1] = load(0x403800, 0x2800, 0x100, 0x2000, ELF_PF_R | ELF_PF_W);
}

static int check(void)
{
	int err = elf_check_header(&header);

	return err ? err : elf_plan(&header, segments, false, &plan);
}

KTEST_CASE(good_program_is_planned)
{
	good_program();
	ASSERT_EQ(check(), 0);
	EXPECT_EQ(plan.nr_loads, 2);
	EXPECT_EQ(plan.low, 0x400000);
	EXPECT_EQ(plan.high, 0x406000);
	EXPECT_EQ(plan.phdr, 0x400040);
	EXPECT_FALSE(plan.relocatable);
}

KTEST_CASE(wrong_magic_is_refused)
{
	good_program();
	header.ident[1] = 'e';
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(file_of_32_bits_is_refused)
{
	good_program();
	header.ident[4] = 1;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(other_machine_is_refused)
{
	good_program();
	header.machine = 3;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(object_file_is_refused)
{
	good_program();
	header.type = 1;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(odd_size_of_program_headers_is_refused)
{
	good_program();
	header.phentsize = 32;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(too_many_program_headers_are_refused)
{
	good_program();
	header.phnum = ELF_SEGMENTS_MAX + 1;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(program_headers_far_away_are_refused)
{
	good_program();
	header.phoff = ~0ull - 8;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(more_file_than_memory_is_refused)
{
	good_program();
	segments[1].filesz = 0x3000;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(segment_that_wraps_is_refused)
{
	good_program();
	segments[1].memsz = ~0ull - 0x1000;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(segment_in_kernel_space_is_refused)
{
	good_program();
	segments[1] = load(0xffffffff80000000ull, 0x2000, 0x100, 0x100, ELF_PF_R | ELF_PF_W);
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(segment_at_page_zero_is_refused)
{
	good_program();
	segments[0] = load(0, 0, 0x2000, 0x2000, ELF_PF_R | ELF_PF_X);
	header.entry = 0x1000;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(file_offset_that_wraps_is_refused)
{
	good_program();
	segments[1].offset = ~0ull - 0x7ff;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(offset_and_address_must_agree_within_a_page)
{
	good_program();
	segments[1].offset = 0x2900;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(overlapping_segments_are_refused)
{
	good_program();
	segments[1] = load(0x401800, 0x1800, 0x100, 0x100, ELF_PF_R | ELF_PF_W);
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(descending_segments_are_refused)
{
	struct elf_segment first;

	good_program();
	first = segments[0];
	segments[0] = segments[1];
	segments[1] = first;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(entry_outside_the_text_is_refused)
{
	good_program();
	header.entry = 0x403800;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(program_without_segments_is_refused)
{
	good_program();
	segments[0].type = segments[1].type = 0;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(cleared_memory_in_a_read_only_segment_is_refused)
{
	good_program();
	segments[0].memsz = 0x2800;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(empty_segment_is_skipped)
{
	good_program();
	segments[2] = load(0, 0, 0, 0, ELF_PF_R);
	header.phnum = 3;
	ASSERT_EQ(check(), 0);
	EXPECT_EQ(plan.nr_loads, 2);
}

KTEST_CASE(too_many_segments_are_refused)
{
	good_program();
	for (unsigned int i = 2; i < ELF_LOADS_MAX + 1; i++)
		segments[i] = load(0x500000 + i * 0x1000, i * 0x1000, 1, 1, ELF_PF_R);
	header.phnum = ELF_LOADS_MAX + 1;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(drivers_may_not_have_writable_code)
{
	good_program();
	segments[1].flags |= ELF_PF_X;
	EXPECT_EQ(elf_plan(&header, segments, false, &plan), 0);
	EXPECT_EQ(elf_plan(&header, segments, true, &plan), -ENOEXEC);
}

KTEST_CASE(two_interpreters_are_refused)
{
	good_program();
	segments[2] = segments[3] = (struct elf_segment){ .type = ELF_PT_INTERP, .offset = 0x200, .filesz = 28 };
	header.phnum = 4;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(long_interpreter_is_refused)
{
	good_program();
	segments[2] = (struct elf_segment){ .type = ELF_PT_INTERP, .offset = 0x200, .filesz = ELF_INTERP_MAX + 1 };
	header.phnum = 3;
	EXPECT_EQ(check(), -ENOEXEC);
}

KTEST_CASE(relocatable_program_may_begin_at_zero)
{
	good_program();
	header.type = ELF_TYPE_DYN;
	header.entry = 0x1000;
	segments[0] = load(0, 0, 0x2000, 0x2000, ELF_PF_R | ELF_PF_X);
	ASSERT_EQ(check(), 0);
	EXPECT_TRUE(plan.relocatable);
	EXPECT_EQ(plan.low, 0);
}

KTEST_CASE(wild_alignment_is_not_believed)
{
	good_program();
	segments[0].align = ~0ull;
	segments[1].align = 1ull << 40;
	ASSERT_EQ(check(), 0);
	EXPECT_EQ(plan.align, PAGE_SIZE);
}

KTEST_CASE(script_line_gives_interpreter_and_option)
{
	char head[64] = "#! /bin/sh  -e x \nrest", *interp, *option;

	ASSERT_EQ(script_parse(head, 22, 63, &interp, &option), 0);
	EXPECT_STREQ(interp, "/bin/sh");
	EXPECT_STREQ(option, "-e x");
}

KTEST_CASE(script_line_may_end_the_file)
{
	char head[64] = "#!/bin/sh", *interp, *option;

	ASSERT_EQ(script_parse(head, 9, 63, &interp, &option), 0);
	EXPECT_STREQ(interp, "/bin/sh");
	EXPECT_NULL(option);
}

KTEST_CASE(script_line_without_interpreter_is_refused)
{
	char head[64] = "#!  \n", *interp, *option;

	EXPECT_EQ(script_parse(head, 5, 63, &interp, &option), -ENOEXEC);
}

KTEST_CASE(script_line_that_may_go_on_is_refused)
{
	char head[16] = "#!/bin/interpre", *interp, *option;

	EXPECT_EQ(script_parse(head, 15, 15, &interp, &option), -ENOEXEC);
}
