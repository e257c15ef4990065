// SPDX-License-Identifier: GPL-2.0
/* Second-stage tables over frames of the host's heap; the build gives physical memory the host's addresses. */
#include <stdlib.h>
#include <mm/page.h>

#define frame_alloc	vtd_test_frame_alloc
#define page_addr	vtd_test_page_addr
#define page_paddr	vtd_test_page_paddr

static unsigned int frames_left, frames_used;

struct page *vtd_test_frame_alloc(unsigned int order, uint32_t flags, enum page_use use);
void *vtd_test_page_addr(const struct page *page);
paddr_t vtd_test_page_paddr(const struct page *page);

#include "arch/x86/iommu/vtd_table.c"
#include "ktest.h"

KTEST_SUITE(vtd_table);

#define RW	(VTD_PAGE_READ | VTD_PAGE_WRITE)

static void *frames[64];

struct page *vtd_test_frame_alloc(unsigned int order, uint32_t flags, enum page_use use)
{
	void *frame;

	(void)order, (void)flags, (void)use;
	if (!frames_left || frames_used == 64)
		return NULL;
	frames_left--;
	frame = aligned_alloc(4096, 4096);
	memset(frame, 0, 4096);
	frames[frames_used++] = frame;
	return frame;
}

void *vtd_test_page_addr(const struct page *page) { return (void *)(uintptr_t)page; }
paddr_t vtd_test_page_paddr(const struct page *page) { return (uintptr_t)page; }

static struct vtd_table t;

static int start(unsigned int levels, unsigned int bits)
{
	while (frames_used)
		free(frames[--frames_used]);
	frames_left = 60;
	return vtd_table_create(&t, levels, bits, true);
}

static void end(void)
{
	while (frames_used)
		free(frames[--frames_used]);
}

KTEST_CASE(page_is_mapped_at_its_own_address)
{
	ASSERT_EQ(start(4, 48), 0);
	EXPECT_EQ(vtd_table_map(&t, 0x12345000, 4096), 0);
	EXPECT_EQ(vtd_table_entry(&t, 0x12345000) & ~USES_MASK, 0x12345000 | RW);
	EXPECT_EQ(vtd_table_entry(&t, 0x12344000), 0);
	EXPECT_EQ(vtd_table_entry(&t, 0x12346000), 0);
	EXPECT_EQ(t.pages, 1);
	end();
}

KTEST_CASE(part_of_a_page_maps_the_page)
{
	ASSERT_EQ(start(3, 39), 0);
	EXPECT_EQ(vtd_table_map(&t, 0x1ffe, 4), 0);
	EXPECT_EQ(t.pages, 2);
	EXPECT_TRUE(vtd_table_unmap(&t, 0x1ffe, 4));
	EXPECT_EQ(t.pages, 0);
	end();
}

KTEST_CASE(page_stays_until_its_last_use_ends)
{
	ASSERT_EQ(start(3, 39), 0);
	EXPECT_EQ(vtd_table_map(&t, 0x5000, 512), 0);
	EXPECT_EQ(vtd_table_map(&t, 0x5200, 512), 0);
	EXPECT_TRUE(!vtd_table_unmap(&t, 0x5000, 512));
	EXPECT_TRUE(vtd_table_entry(&t, 0x5000));
	EXPECT_TRUE(vtd_table_unmap(&t, 0x5200, 512));
	EXPECT_EQ(vtd_table_entry(&t, 0x5000), 0);
	EXPECT_TRUE(!vtd_table_unmap(&t, 0x5200, 512));
	EXPECT_EQ(t.pages, 0);
	end();
}

KTEST_CASE(too_many_uses_are_refused_and_none_is_lost)
{
	ASSERT_EQ(start(3, 39), 0);
	for (unsigned int i = 0; i < VTD_USES_MAX; i++)
		ASSERT_EQ(vtd_table_map(&t, 0x5000, 4096), 0);
	EXPECT_EQ(vtd_table_map(&t, 0x4000, 8192), -ENOSPC);
	EXPECT_EQ(vtd_table_entry(&t, 0x4000), 0);
	for (unsigned int i = 1; i < VTD_USES_MAX; i++)
		ASSERT_TRUE(!vtd_table_unmap(&t, 0x5000, 4096));
	EXPECT_EQ(vtd_table_entry(&t, 0x5000) & ~USES_MASK, 0x5000 | RW);
	EXPECT_TRUE(vtd_table_unmap(&t, 0x5000, 4096));
	end();
}

KTEST_CASE(addresses_out_of_reach_are_refused)
{
	ASSERT_EQ(start(3, 39), 0);
	EXPECT_EQ(vtd_table_map(&t, 1ull << 39, 4096), -ERANGE);
	EXPECT_EQ(vtd_table_map(&t, (1ull << 39) - 4096, 8192), -ERANGE);
	EXPECT_EQ(vtd_table_map(&t, 0x1000, UINT64_MAX), -ERANGE);
	EXPECT_EQ(vtd_table_map(&t, 0x1000, 0), -ERANGE);
	EXPECT_EQ(vtd_table_map(&t, (1ull << 39) - 4096, 4096), 0);
	EXPECT_TRUE(!vtd_table_unmap(&t, 1ull << 39, 4096));
	ASSERT_EQ(start(4, 36), 0);
	EXPECT_EQ(vtd_table_map(&t, 1ull << 36, 4096), -ERANGE);
	end();
}

KTEST_CASE(no_memory_maps_nothing)
{
	ASSERT_EQ(start(3, 39), 0);
	frames_left = 2;
	EXPECT_EQ(vtd_table_map(&t, 0x1ff000, 8192), -ENOMEM);
	EXPECT_EQ(t.pages, 0);
	EXPECT_EQ(vtd_table_entry(&t, 0x1ff000), 0);
	frames_left = 0;
	EXPECT_EQ(vtd_table_create(&t, 4, 48, true), -ENOMEM);
	end();
}

KTEST_CASE(tables_are_found_by_the_hardware_s_walk)
{
	uint64_t address = 0x7654321000ull, *table;

	ASSERT_EQ(start(4, 48), 0);
	ASSERT_EQ(vtd_table_map(&t, address, 4096), 0);
	table = (uint64_t *)t.root;
	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		uint64_t e = table[address >> shift & 511];

		ASSERT_EQ(e & 0xfff, RW);
		table = (uint64_t *)(e & ADDRESS_MASK);
	}
	EXPECT_EQ(table[address >> 12 & 511] & ADDRESS_MASK, address);
	end();
}
