// SPDX-License-Identifier: GPL-2.0
/* The frame allocator over made-up memory maps. DIRECT_MAP_BASE (tests/Makefile) is where the test maps its RAM. */
#include <setjmp.h>
#include <sys/mman.h>
#include <ktest.h>
#include <kernel/cgroup.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>

static jmp_buf panicked;

/* Stand-ins: one thread, no log, and a panic that the test can come back from. */
#define panic(...)			longjmp(panicked, 1)
#define klog(...)			((void)0)
#define cgroup_page_uncharge(page)	((void)0)
#define spin_lock_irq(lock)		((lock)->locked = 1, 0)
#define spin_unlock_irq(lock, flags)	((void)(flags), (lock)->locked = 0)
#undef current
#define current				asker
static struct thread asks, *asker = &asks;
#include "mm/boot_frame.c"
#include "mm/frame.c"
#undef panic

KTEST_SUITE(frame);

#define MIB	(1ul << 20)
#define PANICS(what)	(setjmp(panicked) ? true : (what, false))

struct boot_info boot_info;
static struct page *held[70000];

static void region(paddr_t start, uint64_t length, enum boot_region_kind kind)
{
	boot_info.regions[boot_info.nr_regions++] = (struct boot_region){ start, length, kind };
	if (kind == BOOT_RAM)
		(void)mmap(phys_to_virt(start & PAGE_MASK), length + PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static void start_over(void)
{
	memset(&boot_info, 0, sizeof(boot_info));
	memset(zones, 0, sizeof(zones));
	memset(&counts, 0, sizeof(counts));
	nr_sections = nr_ram = nr_taken = 0;
	ready = false;
	boot_info.kernel_start = MIB;
	boot_info.kernel_end = 3 * MIB;
}

static void small_machine(void)
{
	start_over();
	region(0, 0x9fc00, BOOT_RAM);
	region(0x9fc00, 0x400, BOOT_RESERVED);
	region(MIB, 31 * MIB, BOOT_RAM);
	frame_init();
}

/* Take everything, one frame at a time. */
static unsigned int take_all(uint32_t flags)
{
	unsigned int n = 0;

	while (n < 70000 && (held[n] = frame_alloc(0, flags, PAGE_ANON)))
		n++;
	return n;
}

KTEST_CASE(every_frame_of_ram_is_counted)
{
	small_machine();
	EXPECT_EQ(counts.total, 0x9f + 31 * 256);
	EXPECT_EQ(counts.total, counts.free + counts.by_use[PAGE_RESERVED]);
	EXPECT_EQ(zones[0][ZONE_DMA32].nr_free, counts.free);
}

KTEST_CASE(what_is_not_ram_has_no_page)
{
	small_machine();
	EXPECT_NULL(page_of(0x9f000));
	EXPECT_NULL(page_of(0xb8000));
	EXPECT_NULL(page_of(32 * MIB));
	EXPECT_NULL(page_of(~0ull));
	EXPECT_NOT_NULL(page_of(32 * MIB - 1));
	EXPECT_EQ(page_paddr(page_of(5 * MIB + 123)), 5 * MIB);
}

KTEST_CASE(everything_can_be_taken_and_given_back)
{
	struct frame_stats before, after;
	unsigned int n;

	small_machine();
	frame_stats(&before);
	n = take_all(FRAME_ATOMIC);
	EXPECT_EQ(n, before.free);
	EXPECT_EQ(counts.free, 0);
	for (unsigned int i = 0; i < n; i++)
		page_put(held[i]);
	frame_stats(&after);
	EXPECT_MEMEQ(&before, &after, sizeof(before));
}

KTEST_CASE(freed_frames_melt_into_large_blocks)
{
	unsigned int n;
	struct page *big;

	small_machine();
	n = take_all(FRAME_ATOMIC);
	for (unsigned int i = 0; i < n; i += 2)
		page_put(held[i]);
	EXPECT_NULL(frame_alloc(1, FRAME_ATOMIC, PAGE_ANON));
	for (unsigned int i = 1; i < n; i += 2)
		page_put(held[i]);
	big = frame_alloc(FRAME_ORDER_MAX, 0, PAGE_ANON);
	ASSERT_NOT_NULL(big);
	EXPECT_EQ(page_paddr(big) % (4 * MIB), 0);
	page_put(big);
}

KTEST_CASE(reserve_is_for_atomic_callers)
{
	small_machine();
	take_all(0);
	EXPECT_NULL(frame_alloc(0, 0, PAGE_ANON));
	EXPECT_NOT_NULL(frame_alloc(0, FRAME_ATOMIC, PAGE_ANON));
}

KTEST_CASE(reserve_is_for_drivers)
{
	uint64_t left;

	small_machine();
	take_all(0);
	left = counts.free;
	EXPECT_GE(left, RESERVE_MIN);
	asks.uses_reserve = true;
	EXPECT_EQ(take_all(0), left);
	asks.uses_reserve = false;
	EXPECT_EQ(counts.free, 0);
}

KTEST_CASE(dma32_frames_lie_below_4_gib)
{
	struct page *low, *high;

	start_over();
	region(MIB, 63 * MIB, BOOT_RAM);
	region(4096 * MIB, 64 * MIB, BOOT_RAM);
	frame_init();
	high = frame_alloc(0, 0, PAGE_ANON);
	low = frame_alloc(0, FRAME_DMA32, PAGE_ANON);
	EXPECT_GE(page_paddr(high), 4096 * MIB);
	EXPECT_LT(page_paddr(low), 4096 * MIB);
}

KTEST_CASE(kernel_modules_and_boot_frames_are_never_given)
{
	paddr_t boot;
	unsigned int n;

	start_over();
	boot_info.nr_modules = 1;
	boot_info.modules[0] = (struct boot_module){ .start = 8 * MIB + 100, .length = 5000 };
	region(0, 16 * MIB, BOOT_RAM);
	boot = boot_frame_alloc();
	EXPECT_EQ(boot, 3 * MIB);
	frame_init();
	n = take_all(FRAME_ATOMIC);
	for (unsigned int i = 0; i < n; i++) {
		paddr_t p = page_paddr(held[i]);

		ASSERT_TRUE(p >= 3 * MIB && p != boot && (p < 8 * MIB || p >= 8 * MIB + 2 * PAGE_SIZE));
	}
}

KTEST_CASE(reserved_regions_cut_into_ram)
{
	start_over();
	region(0, 64 * MIB, BOOT_RAM);
	region(10 * MIB, MIB, BOOT_ACPI);
	region(20 * MIB + 5, 10, BOOT_RESERVED);
	region(63 * MIB, 2 * MIB, BOOT_BAD);
	frame_init();
	EXPECT_NULL(page_of(10 * MIB));
	EXPECT_NULL(page_of(20 * MIB));
	EXPECT_NULL(page_of(63 * MIB));
	EXPECT_EQ(counts.total, 62 * 256 - 1);
}

KTEST_CASE(overlapping_and_unsorted_regions_count_once)
{
	start_over();
	region(16 * MIB, 16 * MIB, BOOT_RAM);
	region(0, 20 * MIB, BOOT_RAM);
	region(4 * MIB, 4 * MIB, BOOT_RAM);
	frame_init();
	EXPECT_EQ(counts.total, 32 * 256);
}

KTEST_CASE(second_put_is_a_panic)
{
	struct page *volatile page;

	small_machine();
	page = frame_alloc(0, 0, PAGE_ANON);
	page_put(page);
	EXPECT_TRUE(PANICS(page_put(page)));
}

KTEST_CASE(reference_to_a_free_frame_is_a_panic)
{
	struct page *volatile page;

	small_machine();
	page = frame_alloc(0, 0, PAGE_ANON);
	page_put(page);
	EXPECT_TRUE(PANICS(page_get(page)));
}

KTEST_CASE(any_page_of_a_block_counts_for_all_of_it)
{
	struct page *block;
	uint64_t before;

	small_machine();
	before = counts.free;
	block = frame_alloc(3, FRAME_ZERO, PAGE_DMA);
	EXPECT_EQ(counts.by_use[PAGE_DMA], 8);
	page_get(block + 5);
	page_put(block);
	EXPECT_EQ(counts.free, before - 8);
	page_put(block + 2);
	EXPECT_EQ(counts.free, before);
	EXPECT_EQ(counts.by_use[PAGE_DMA], 0);
}

KTEST_CASE(reserved_frames_can_be_released)
{
	uint64_t before;

	start_over();
	boot_info.nr_modules = 1;
	boot_info.modules[0] = (struct boot_module){ .start = 8 * MIB, .length = MIB };
	region(0, 16 * MIB, BOOT_RAM);
	frame_init();
	before = counts.free;
	frame_release_reserved(8 * MIB, MIB);
	EXPECT_EQ(counts.free, before + 256);
	EXPECT_EQ(counts.total, counts.free + counts.by_use[PAGE_RESERVED]);
}

KTEST_CASE(blocks_too_large_are_refused)
{
	small_machine();
	EXPECT_NULL(frame_alloc(FRAME_ORDER_MAX + 1, 0, PAGE_ANON));
}
