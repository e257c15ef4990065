// SPDX-License-Identifier: GPL-2.0
/* What a boot loader may tell, well-formed and not. */
#include <setjmp.h>
#define boot_fail	multiboot_test_fail
#define boot_parse	multiboot_test_parse
#define boot_info	multiboot_test_info
#define kernel_to_phys	multiboot_test_to_phys
#define kernel_start	multiboot_test_start
#define kernel_end	multiboot_test_end
#include "arch/x86/boot/multiboot.c"
#include "ktest.h"

KTEST_SUITE(multiboot);

uint8_t kernel_start[1], kernel_end[1];

static uint8_t info[8192] __aligned(8);
static uint32_t used;
static jmp_buf failed;

void multiboot_test_fail(const char *fmt, ...)
{
	longjmp(failed, 1);
}

paddr_t multiboot_test_to_phys(const void *v)
{
	return (paddr_t)v;
}

static void start(void)
{
	memset(&boot_info, 0, sizeof(boot_info));
	memset(info, 0, sizeof(info));
	used = 8;
}

static void *tag(uint32_t type, uint32_t size)
{
	struct tag *t = (struct tag *)(info + used);

	t->type = type;
	t->size = size;
	used += ALIGN_UP(size, 8);
	return t;
}

static void text_tag(uint32_t type, const char *text)
{
	memcpy((char *)tag(type, (uint32_t)(8 + strlen(text) + 1)) + 8, text, strlen(text) + 1);
}

static void mmap_tag(const struct mmap_entry *entries, uint32_t count)
{
	struct tag_mmap *m = tag(TAG_MMAP, (uint32_t)(sizeof(*m) + count * sizeof(*entries)));

	m->entry_size = sizeof(*entries);
	memcpy(m + 1, entries, count * sizeof(*entries));
}

/* False when booting was refused. */
static bool parse(void)
{
	tag(TAG_END, 8);
	*(uint32_t *)info = used;
	if (setjmp(failed))
		return false;
	boot_parse((paddr_t)info - DIRECT_MAP_BASE);
	return true;
}

static const struct mmap_entry one_region = { 0x100000, 0x100000, MMAP_AVAILABLE, 0 };

KTEST_CASE(command_line_in_grubs_quotes_is_restored)
{
	start();
	mmap_tag(&one_region, 1);
	text_tag(TAG_CMDLINE, "\"loglevel=7 a=\\\"b c\\\" d=\\\\x\" e");
	ASSERT_TRUE(parse());
	EXPECT_STREQ(boot_info.cmdline, "loglevel=7 a=\"b c\" d=\\x e");
}

KTEST_CASE(reserved_memory_is_cut_out_of_ram)
{
	static const struct mmap_entry map[] = {
		{ 0x100000, 0x400000, MMAP_AVAILABLE, 0 }, { 0x200000, 0x100000, 2, 0 }, { 0, 0x9f000, MMAP_AVAILABLE, 0 },
		{ 0x480000, 0x100000, MMAP_ACPI, 0 },
	};

	start();
	mmap_tag(map, 4);
	ASSERT_TRUE(parse());
	ASSERT_EQ(boot_info.nr_regions, 5);
	EXPECT_EQ(boot_info.regions[0].start, 0);
	EXPECT_EQ(boot_info.regions[1].length, 0x100000);
	EXPECT_EQ(boot_info.regions[2].kind, BOOT_RESERVED);
	EXPECT_EQ(boot_info.regions[3].start, 0x300000);
	EXPECT_EQ(boot_info.regions[3].length, 0x180000);
	EXPECT_EQ(boot_info.regions[4].kind, BOOT_ACPI);
}

KTEST_CASE(overlapping_ram_is_counted_once)
{
	static const struct mmap_entry map[] = { { 0x100000, 0x200000, 1, 0 }, { 0x200000, 0x200000, 1, 0 }, { 0x100000, 0x1000, 1, 0 } };
	uint64_t total = 0;
	uint32_t i;

	start();
	mmap_tag(map, 3);
	ASSERT_TRUE(parse());
	for (i = 0; i < boot_info.nr_regions; i++)
		total += boot_info.regions[i].length;
	EXPECT_EQ(total, 0x300000);
}

KTEST_CASE(region_that_wraps_ends_at_the_top)
{
	static const struct mmap_entry map[] = { { 0x100000, 0x100000, 1, 0 }, { ~0ull - 0xfff, 0x10000, 2, 0 } };

	start();
	mmap_tag(map, 2);
	ASSERT_TRUE(parse());
	EXPECT_EQ(boot_info.nr_regions, 2);
	EXPECT_EQ(boot_info.regions[1].length, 0xfff);
}

KTEST_CASE(more_regions_than_fit_are_dropped)
{
	struct mmap_entry map[BOOT_REGIONS_MAX + 20];
	uint32_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(map); i++)
		map[i] = (struct mmap_entry){ i * 0x10000ull, 0x1000, 1, 0 };
	mmap_tag(map, ARRAY_SIZE(map));
	ASSERT_TRUE(parse());
	EXPECT_EQ(boot_info.nr_regions, BOOT_REGIONS_MAX);
}

KTEST_CASE(modules_are_taken_with_their_names)
{
	struct tag_module *m;

	start();
	mmap_tag(&one_region, 1);
	m = tag(TAG_MODULE, sizeof(*m) + 10);
	m->start = 0x5000;
	m->end = 0x6234;
	memcpy(m->name, "initramfs", 10);
	m = tag(TAG_MODULE, sizeof(*m));
	m->start = 2;
	m->end = 1;
	ASSERT_TRUE(parse());
	ASSERT_EQ(boot_info.nr_modules, 1);
	EXPECT_EQ(boot_info.modules[0].length, 0x1234);
	EXPECT_STREQ(boot_info.modules[0].name, "initramfs");
}

KTEST_CASE(newer_rsdp_wins_in_either_order)
{
	start();
	mmap_tag(&one_region, 1);
	memset((char *)tag(TAG_RSDP_NEW, 8 + 36) + 8, 'n', 36);
	memset((char *)tag(TAG_RSDP_OLD, 8 + 20) + 8, 'o', 20);
	ASSERT_TRUE(parse());
	EXPECT_EQ(boot_info.rsdp, (paddr_t)rsdp_copy);
	EXPECT_EQ(rsdp_copy[35], 'n');
}

KTEST_CASE(framebuffer_without_colours_is_none)
{
	struct tag_framebuffer *f;

	start();
	mmap_tag(&one_region, 1);
	f = tag(TAG_FRAMEBUFFER, sizeof(*f));
	f->address = 0xb8000;
	f->type = 2;
	f = tag(TAG_FRAMEBUFFER, sizeof(*f));
	f->address = 0xfd000000;
	f->type = FB_RGB;
	f->width = 800;
	f->red.shift = 16;
	f->green.shift = 8;
	f->red.bits = f->green.bits = f->blue.bits = 8;
	ASSERT_TRUE(parse());
	EXPECT_TRUE(boot_info.has_framebuffer);
	EXPECT_EQ(boot_info.fb_width, 800);
	EXPECT_EQ(boot_info.fb_red_shift, 16);
}

KTEST_CASE(framebuffer_with_odd_colours_is_none)
{
	struct tag_framebuffer *f;

	start();
	mmap_tag(&one_region, 1);
	f = tag(TAG_FRAMEBUFFER, sizeof(*f));
	f->address = 0xfd000000;
	f->type = FB_RGB;
	f->red.bits = f->green.bits = f->blue.bits = 8;
	f->red.shift = 25;
	f = tag(TAG_FRAMEBUFFER, sizeof(*f));
	f->address = 0xfd000000;
	f->type = FB_RGB;
	f->red.bits = f->blue.bits = 5;
	f->green.bits = 6;
	ASSERT_TRUE(parse());
	EXPECT_FALSE(boot_info.has_framebuffer);
}

KTEST_CASE(broken_tags_end_the_reading)
{
	struct tag *t;

	start();
	mmap_tag(&one_region, 1);
	t = tag(TAG_LOADER, 16);
	t->size = 7;
	text_tag(TAG_CMDLINE, "unseen");
	ASSERT_TRUE(parse());
	EXPECT_STREQ(boot_info.cmdline, "");
	start();
	mmap_tag(&one_region, 1);
	t = tag(TAG_LOADER, 16);
	t->size = 1u << 20;
	ASSERT_TRUE(parse());
	EXPECT_STREQ(boot_info.loader, "");
}

KTEST_CASE(short_tags_of_every_kind_are_harmless)
{
	uint32_t type;

	start();
	mmap_tag(&one_region, 1);
	for (type = 1; type < 22; type++)
		tag(type, 8);
	EXPECT_TRUE(parse());
	EXPECT_EQ(boot_info.nr_modules, 0);
	EXPECT_FALSE(boot_info.has_framebuffer);
}

KTEST_CASE(mmap_with_an_entry_size_of_zero_is_refused)
{
	struct tag_mmap *m;

	start();
	m = tag(TAG_MMAP, 64);
	m->entry_size = 0;
	EXPECT_FALSE(parse());
}

KTEST_CASE(no_memory_map_is_refused)
{
	start();
	EXPECT_FALSE(parse());
}

KTEST_CASE(absurd_length_is_refused)
{
	start();
	*(uint32_t *)info = ~0u;
	if (!setjmp(failed)) {
		boot_parse((paddr_t)info - DIRECT_MAP_BASE);
		EXPECT_TRUE(false);
	}
}
