// SPDX-License-Identifier: GPL-2.0
/* Page tables, in the running kernel: rights, large pages, accounting, and that nothing is writable and executable. */
#include <asm/boot.h>
#include <asm/paging.h>
#include <kernel/init.h>
#include <mm/page.h>
#include "ktest.h"

KTEST_SUITE(paging);

#define USER_PAGE	0x400000ul
#define PT_SPAN		(512 * PAGE_SIZE)	/* of one last-level table */

KTEST_CASE(no_kernel_page_is_writable_and_executable)
{
	EXPECT_EQ(paging_count_wx(), 0);
}

KTEST_CASE(kernel_text_is_not_writable_and_data_not_executable)
{
	static int data;
	uint32_t prot;

	ASSERT_TRUE(pt_query(pt_kernel_root(), (vaddr_t)paging_count_wx, NULL, &prot));
	EXPECT_EQ(prot & (PT_WRITE | PT_EXEC | PT_USER), PT_EXEC);
	ASSERT_TRUE(pt_query(pt_kernel_root(), (vaddr_t)&data, NULL, &prot));
	EXPECT_EQ(prot & (PT_WRITE | PT_EXEC | PT_USER), PT_WRITE);
	ASSERT_TRUE(pt_query(pt_kernel_root(), (vaddr_t)"constant", NULL, &prot));
	EXPECT_EQ(prot & (PT_WRITE | PT_EXEC | PT_USER), 0);
}

KTEST_CASE(direct_map_reaches_all_ram_and_does_not_execute)
{
	const struct boot_region *r;
	uint32_t i, prot;
	paddr_t p;

	for (i = 0; i < boot_info.nr_regions; i++) {
		r = &boot_info.regions[i];
		if (r->kind != BOOT_RAM || r->length < 2 * PAGE_SIZE)
			continue;
		ASSERT_TRUE(pt_query(pt_kernel_root(), DIRECT_MAP_BASE + r->start + PAGE_SIZE, &p, &prot));
		EXPECT_EQ(p, ALIGN_DOWN(r->start + PAGE_SIZE, PAGE_SIZE));
		EXPECT_FALSE(prot & PT_EXEC);
	}
}

KTEST_CASE(loaders_identity_map_is_gone)
{
	EXPECT_FALSE(pt_query(pt_kernel_root(), 0x100000, NULL, NULL));
}

KTEST_CASE(run_of_pages_ends_where_one_lacks_the_right)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	paddr_t root = pt_create(), p[4] = { 0 };

	ASSERT_TRUE(page && root);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(pt_map(root, USER_PAGE + i * PAGE_SIZE, page_paddr(page), PT_READ | PT_USER | (i < 2 ? PT_WRITE : 0)), 0);
	EXPECT_EQ(pt_query_run(root, USER_PAGE, 4, false, p), 3);
	EXPECT_EQ(p[2], page_paddr(page));
	EXPECT_EQ(pt_query_run(root, USER_PAGE, 4, true, p), 2);
	EXPECT_EQ(pt_query_run(root, USER_PAGE, 1, true, p), 1);
	EXPECT_EQ(pt_query_run(root, USER_PAGE + PT_SPAN, 4, false, p), 0);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(pt_unmap(root, USER_PAGE + i * PAGE_SIZE, NULL));
	pt_free(root);
	page_put(page);
}

KTEST_CASE(mapped_page_is_found_protected_and_unmapped)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	paddr_t root = pt_create(), p = 0;
	uint32_t prot;

	ASSERT_TRUE(page && root);
	EXPECT_EQ(pt_map(root, USER_PAGE, page_paddr(page), PT_READ | PT_WRITE | PT_USER), 0);
	EXPECT_EQ(pt_table_pages(root), 3);
	ASSERT_TRUE(pt_query(root, USER_PAGE + 5, &p, &prot));
	EXPECT_EQ(p, page_paddr(page));
	EXPECT_EQ(prot, PT_READ | PT_WRITE | PT_USER | PT_WRITTEN);
	EXPECT_TRUE(pt_protect(root, USER_PAGE, PT_READ | PT_EXEC | PT_USER));	/* it may have been written */
	EXPECT_TRUE(pt_query(root, USER_PAGE, NULL, &prot) && prot == (PT_READ | PT_EXEC | PT_USER | PT_WRITTEN));
	EXPECT_FALSE(pt_dirty(root, USER_PAGE));
	EXPECT_TRUE(pt_unmap(root, USER_PAGE, &p));
	EXPECT_EQ(p, page_paddr(page));
	EXPECT_FALSE(pt_unmap(root, USER_PAGE, NULL));
	pt_free(root);
	page_put(page);
}

KTEST_CASE(page_without_rights_keeps_its_frame)
{
	paddr_t root = pt_create(), p = 0;
	uint32_t prot = ~0u;

	ASSERT_TRUE(root);
	EXPECT_EQ(pt_map(root, USER_PAGE, 0x5000, PT_USER), 0);
	EXPECT_TRUE(pt_query(root, USER_PAGE, &p, &prot));
	EXPECT_EQ(p, 0x5000);
	EXPECT_EQ(prot & (PT_READ | PT_WRITE | PT_EXEC), 0);
	EXPECT_TRUE(pt_unmap(root, USER_PAGE, &p));
	pt_free(root);
}

KTEST_CASE(writable_and_executable_is_for_programs_alone)
{
	paddr_t root = pt_create();

	ASSERT_TRUE(root);
	EXPECT_EQ(pt_map(root, USER_PAGE, 0x5000, PT_READ | PT_WRITE | PT_EXEC), -EACCES);
	EXPECT_EQ(pt_map(root, USER_PAGE, 0x5000, PT_READ | PT_WRITE | PT_EXEC | PT_USER), 0);
	pt_free(root);
}

KTEST_CASE(roots_leave_no_frame_behind)
{
	struct frame_stats before, after;
	paddr_t root;

	frame_stats(&before);
	root = pt_create();
	ASSERT_TRUE(root);
	EXPECT_EQ(pt_map(root, USER_PAGE, 0x5000, PT_READ | PT_USER), 0);
	EXPECT_EQ(pt_map(root, 0x7f0000000000, 0x5000, PT_READ | PT_USER), 0);
	pt_free(root);
	frame_stats(&after);
	EXPECT_EQ(before.by_use[PAGE_TABLE], after.by_use[PAGE_TABLE]);
}
