// SPDX-License-Identifier: GPL-2.0
/* Where the kernel may go, and who decides: over many random numbers each place keeps its rules and each bit of it is as often 1 as 0. */
#include "../../../../../arch/x86/boot/kaslr.c"
#include "ktest.h"

KTEST_SUITE(kaslr);

#define DRAWS		20000u
#define IMAGE_END	0x300000ul
#define BALANCE		500u	/* of ones from half of the draws: seven standard deviations */

/* Of the linker script and start.S. */
const struct relocs kaslr_relocs;
uint8_t kernel_start[1], kernel_end[1];
pte_t boot_pml4[PT_ENTRIES], boot_pd_high[2 * PT_ENTRIES];

static struct kaslr_layout draw(unsigned int i)
{
	return kaslr_choose(i * 0x2545f4914f6cdd1dull, IMAGE_END);
}

KTEST_CASE(image_lies_in_its_two_gigabytes_and_not_where_it_was_linked)
{
	for (unsigned int i = 0; i < DRAWS; i++) {
		uint64_t at = draw(i).image;

		ASSERT_EQ(at % PAGE_SIZE, 0);
		ASSERT_TRUE(at >= KASLR_IMAGE_MIN && KERNEL_BASE + at + IMAGE_END <= 0xffffffffffe00000ul);
	}
}

KTEST_CASE(direct_map_keeps_large_pages_and_room_for_all_ram)
{
	for (unsigned int i = 0; i < DRAWS; i++) {
		uint64_t base = KASLR_DIRECT_FIRST + draw(i).direct;

		ASSERT_EQ(base % PT_SIZE(2), 0);
		ASSERT_TRUE(base + (1ul << 44) <= KASLR_VMAP_FIRST);
	}
}

KTEST_CASE(vmap_area_ends_before_the_image)
{
	for (unsigned int i = 0; i < DRAWS; i++)
		ASSERT_TRUE(KASLR_VMAP_FIRST + draw(i).vmap + VMAP_SIZE <= 0xffffe00000000000ul);
}

static bool balanced(unsigned int ones)
{
	return ones > DRAWS / 2 - BALANCE && ones < DRAWS / 2 + BALANCE;
}

KTEST_CASE(each_bit_of_each_place_is_as_often_one_as_zero)
{
	unsigned int image[18] = { 0 }, direct[14] = { 0 }, vmap[23] = { 0 };

	for (unsigned int i = 0; i < DRAWS; i++) {
		struct kaslr_layout l = draw(i);

		for (unsigned int b = 0; b < ARRAY_SIZE(image); b++)
			image[b] += l.image / PAGE_SIZE >> b & 1;
		for (unsigned int b = 0; b < ARRAY_SIZE(direct); b++)
			direct[b] += l.direct / KASLR_DIRECT_STEP >> b & 1;
		for (unsigned int b = 0; b < ARRAY_SIZE(vmap); b++)
			vmap[b] += l.vmap / KASLR_VMAP_STEP >> b & 1;
	}
	for (unsigned int b = 0; b < ARRAY_SIZE(image); b++)
		EXPECT_TRUE(balanced(image[b]));
	for (unsigned int b = 0; b < ARRAY_SIZE(direct); b++)
		EXPECT_TRUE(balanced(direct[b]));
	for (unsigned int b = 0; b < ARRAY_SIZE(vmap); b++)
		EXPECT_TRUE(balanced(vmap[b]));
}

/* The loader's information: a command line behind another tag. */
static bool forbidden_by(const char *line, uint32_t tag_size)
{
	static uint32_t info[128] __aligned(8);
	uint32_t length = strlen(line) + 1;

	memset(info, 0, sizeof(info));
	info[0] = sizeof(info);
	info[2] = 2;		/* the loader's name */
	info[3] = 12;
	info[6] = TAG_CMDLINE;
	info[7] = tag_size ? tag_size : 8 + length;
	memcpy(&info[8], line, length);
	return kaslr_forbidden(info);
}

KTEST_CASE(nokaslr_is_a_word_of_its_own)
{
	EXPECT_TRUE(forbidden_by("nokaslr", 0));
	EXPECT_TRUE(forbidden_by("quiet  nokaslr loglevel=3", 0));
	EXPECT_FALSE(forbidden_by("nokaslrx xnokaslr init=nokaslr", 0));
	EXPECT_FALSE(forbidden_by("", 0));
}

KTEST_CASE(tag_that_leaves_its_information_is_not_read)
{
	EXPECT_FALSE(forbidden_by("nokaslr", 4));
	EXPECT_FALSE(forbidden_by("nokaslr", 4096));
}
