// SPDX-License-Identifier: GPL-2.0
/* Sizing of base address registers against a register model, and gaps for those without an address. */
#include <ktest.h>

/* This file's own world for the code under test. */
#define klog bars_klog
#define kcalloc bars_kcalloc
#define kfree bars_kfree
#define boot_info bars_boot_info
#define pci_read bars_pci_read
#define pci_write bars_pci_write
#include "drivers/bus/pci/bars.c"

KTEST_SUITE(pci_bars);

struct boot_info boot_info;
static uint32_t registers[64], writable[64];

void klog(int level, const char *fmt, ...)
{
}

void *kcalloc(size_t count, size_t size)
{
	return NULL;
}

void kfree(void *p)
{
}

uint32_t pci_read(const struct pci_function *f, uint32_t offset, uint32_t size)
{
	return registers[offset / 4] >> (offset % 4 * 8);
}

void pci_write(const struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value)
{
	if (size == 4)
		registers[offset / 4] = (registers[offset / 4] & ~writable[offset / 4]) | (value & writable[offset / 4]);
}

static void bar(unsigned int index, uint32_t type, uint64_t length, uint64_t start)
{
	unsigned int at = PCI_BAR0 / 4 + index;

	writable[at] = (uint32_t)~(length - 1) & ~(type & 1 ? 3u : 15u);
	registers[at] = (uint32_t)start | type;
	if (!(type & 1) && type & 4) {
		writable[at + 1] = (uint32_t)(~(length - 1) >> 32);
		registers[at + 1] = (uint32_t)(start >> 32);
	}
}

static void fresh(void)
{
	memset(registers, 0, sizeof(registers));
	memset(writable, 0, sizeof(writable));
}

KTEST_CASE(memory_bars_are_sized)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	bar(0, 0, 0x1000, 0xfebd1000);
	bar(1, 8, 0x4000000, 0xe0000000);
	pci_bars_size(&f);
	EXPECT_EQ(f.bars[0].length, 0x1000);
	EXPECT_EQ(f.bars[0].start, 0xfebd1000);
	EXPECT_EQ(f.bars[1].length, 0x4000000);
	EXPECT_TRUE(f.bars[1].prefetchable);
	EXPECT_EQ(registers[4], 0xfebd1000);
}

KTEST_CASE(port_bars_are_sized)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	bar(0, 1, 0x80, 0xc000);
	pci_bars_size(&f);
	EXPECT_TRUE(f.bars[0].io);
	EXPECT_EQ(f.bars[0].length, 0x80);
	EXPECT_EQ(f.bars[0].start, 0xc000);
}

KTEST_CASE(wide_bars_take_two_registers)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	bar(4, 0xc, 0x4000, 0x700000000ull);
	pci_bars_size(&f);
	EXPECT_TRUE(f.bars[4].is_64bit);
	EXPECT_EQ(f.bars[4].length, 0x4000);
	EXPECT_EQ(f.bars[4].start, 0x700000000ll);
	EXPECT_EQ(f.bars[5].length, 0);
}

KTEST_CASE(wide_bars_above_4g_are_sized)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	bar(0, 0xc, 1ull << 33, 0);
	pci_bars_size(&f);
	EXPECT_EQ(f.bars[0].length, 1ll << 33);
}

KTEST_CASE(wide_bar_in_the_last_register_is_not_followed)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	bar(5, 4, 0x1000, 0xf0000000);
	pci_bars_size(&f);
	EXPECT_FALSE(f.bars[5].is_64bit);
}

KTEST_CASE(holes_in_a_mask_are_no_bar)
{
	struct pci_function f = { .header_type = 0 };

	fresh();
	writable[4] = 0xff0ff000;
	pci_bars_size(&f);
	EXPECT_EQ(f.bars[0].length, 0);
}

KTEST_CASE(bridges_have_two_bars)
{
	struct pci_function f = { .header_type = 1 };

	fresh();
	bar(2, 0, 0x1000, 0xf0000000);	/* bus numbers of a bridge */
	pci_bars_size(&f);
	EXPECT_EQ(f.bars[2].length, 0);
	EXPECT_EQ(registers[6], 0xf0000000);
}

KTEST_CASE(gap_skips_what_is_used)
{
	static const struct pci_range used[] = { { 0x1000, 0x1000 }, { 0x4000, 0x1000 }, { 0x2000, 0x800 } };

	EXPECT_EQ(pci_gap_find(used, 3, 0x1000, 0xffff, 0x1000, 0x1000), 0x3000);
	EXPECT_EQ(pci_gap_find(used, 3, 0x1000, 0xffff, 0x2000, 0x2000), 0x6000);
	EXPECT_EQ(pci_gap_find(used, 3, 0x1000, 0xffff, 0x100, 0x100), 0x2800);
}

KTEST_CASE(no_gap_is_zero)
{
	static const struct pci_range used[] = { { 0x1000, 0xf000 } };

	EXPECT_EQ(pci_gap_find(used, 1, 0x1000, 0xffff, 0x1000, 0x1000), 0);
	EXPECT_EQ(pci_gap_find(NULL, 0, 0x1000, 0x1fff, 0x2000, 0x1000), 0);
	EXPECT_EQ(pci_gap_find(NULL, 0, 0x1000, 0xffff, 0x1000, 3), 0);
	EXPECT_EQ(pci_gap_find(NULL, 0, ~0ull - 10, ~0ull, 0x1000, 0x1000), 0);
}

KTEST_CASE(last_bytes_of_a_window_are_used)
{
	EXPECT_EQ(pci_gap_find(NULL, 0, 0xf000, 0xffff, 0x1000, 0x1000), 0xf000);
	EXPECT_EQ(pci_gap_find(NULL, 0, 0xf001, 0xffff, 0x1000, 0x1000), 0);
}
