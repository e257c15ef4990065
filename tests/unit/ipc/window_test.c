// SPDX-License-Identifier: GPL-2.0
/* Which parts of a BAR a driver may map: bounds, pages shared with another device, the page of the MSI-X table. */
#include <ktest.h>
#include "ipc/window.c"

KTEST_SUITE(window);

#define PAGE	0x1000ull

static struct pci_function functions[2];
static struct device devices[2] = { { .pci = &functions[0] }, { .pci = &functions[1] } };

void device_for_each(bool (*fn)(struct device *dev, void *arg), void *arg)
{
	for (unsigned int i = 0; i < 2 && fn(&devices[i], arg); i++)
		;
}

static struct page_claim claim;

static int check(unsigned int bar, uint64_t offset, uint64_t length)
{
	struct ferry_mmio_map map = { .bar = bar, .offset = offset, .length = length, .perms = 3 };

	return window_check(&devices[0], &map, &claim);
}

static void bar_set(unsigned int device, unsigned int bar, uint64_t start, uint64_t length)
{
	functions[device].bars[bar] = (struct pci_bar_range){ .start = start, .length = length };
}

/* Two entries, and the pending bits right behind them. */
static void table_set(uint8_t bar, uint32_t offset)
{
	functions[0].cap_msix = 0x40;
	functions[0].msix_count = 2;
	functions[0].msix_bar = functions[0].msix_pba_bar = bar;
	functions[0].msix_offset = offset;
	functions[0].msix_pba_offset = offset + 32;
}

static void setup(void)
{
	memset(functions, 0, sizeof(functions));
	bar_set(0, 0, 0xfe000000, 4 * PAGE);
	bar_set(1, 0, 0xfe010000, 4 * PAGE);
}

KTEST_CASE(window_is_whole_pages_of_its_bar)
{
	setup();
	EXPECT_EQ(check(0, 0x1234, 0x10), 0);
	EXPECT_EQ(claim.start, 0xfe001000);
	EXPECT_EQ(claim.end, 0xfe002000);
	EXPECT_EQ(check(0, 0, 0), 0);
	EXPECT_EQ(claim.end, 0xfe004000);
}

KTEST_CASE(window_outside_the_bar_is_refused)
{
	setup();
	EXPECT_EQ(check(0, 4 * PAGE, 1), -ERANGE);
	EXPECT_EQ(check(0, 4 * PAGE - 4, 8), -ERANGE);
	EXPECT_EQ(check(0, ~0ull, 2), -ERANGE);
	EXPECT_EQ(check(0, 8, ~0ull), -ERANGE);
	EXPECT_EQ(check(1, 0, 4), -EINVAL);
	EXPECT_EQ(check(6, 0, 4), -EINVAL);
	functions[0].bars[0].io = true;
	EXPECT_EQ(check(0, 0, 4), -EINVAL);
}

/* Two small BARs that firmware put into one page. */
KTEST_CASE(page_with_registers_of_another_device_is_refused)
{
	setup();
	bar_set(0, 1, 0xfe020000, 0x100);
	bar_set(1, 1, 0xfe020800, 0x100);
	EXPECT_EQ(check(1, 0, 0), -EACCES);
	EXPECT_EQ(check(1, 0x80, 4), -EACCES);
	EXPECT_EQ(check(0, 0, 0), 0);
	functions[1].bars[1].io = true;	/* ports are elsewhere */
	EXPECT_EQ(check(1, 0, 0), 0);
}

KTEST_CASE(neighbours_on_the_next_page_are_no_reason)
{
	setup();
	bar_set(0, 1, 0xfe020000, 0x1000);
	bar_set(1, 1, 0xfe021000, 0x1000);
	bar_set(1, 2, 0xfe01f000, 0x1000);
	EXPECT_EQ(check(1, 0, 0), 0);
}

KTEST_CASE(page_of_the_msix_table_is_refused)
{
	setup();
	table_set(0, 2 * PAGE + 0x800);
	EXPECT_EQ(check(0, 2 * PAGE + 0x800, 4), -EACCES);
	EXPECT_EQ(check(0, 2 * PAGE, 4), -EACCES);	/* the same page, registers before the table */
	EXPECT_EQ(check(0, 2 * PAGE - 4, 8), -EACCES);
	EXPECT_EQ(check(0, 0, 0), -EACCES);
	EXPECT_EQ(check(0, 0, 2 * PAGE), 0);
	EXPECT_EQ(check(0, 3 * PAGE, PAGE), 0);
}

KTEST_CASE(table_in_another_bar_of_the_same_page_is_refused)
{
	setup();
	bar_set(0, 1, 0xfe020000, 0x400);
	bar_set(0, 2, 0xfe020400, 0x400);
	table_set(2, 0);
	EXPECT_EQ(check(1, 0, 0x100), -EACCES);
	EXPECT_EQ(check(0, 0, 0), 0);
}
