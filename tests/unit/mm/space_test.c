// SPDX-License-Identifier: GPL-2.0
/* Address spaces in the running kernel: areas, faults, copy-on-write, pins, and that every frame comes back. */
#include <ktest.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/space.h>

KTEST_SUITE(space);

#define ANON	(LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS)
#define RW	(VM_READ | VM_WRITE)

static struct space *s;
static int64_t at;

/* A space with @pages of private memory at `at`. */
static bool set_up(unsigned int pages)
{
	s = space_create();
	if (!s)
		return false;
	at = space_map(s, 0, pages * PAGE_SIZE, RW, ANON, NULL, 0);
	return at > 0;
}

static char peek(struct space *from, vaddr_t address)
{
	char c = '?';

	return space_read(from, address, &c, 1) == 1 ? c : '!';
}

static bool poke(struct space *to, vaddr_t address, char c)
{
	return space_write(to, address, &c, 1) == 1;
}

KTEST_CASE(untouched_memory_reads_as_zero_without_a_page)
{
	ASSERT_TRUE(set_up(4));
	EXPECT_EQ(space_fault(s, at, VM_READ), 0);
	EXPECT_EQ(s->nr_pages, 0);
	EXPECT_EQ(space_fault(s, at, VM_WRITE), 0);
	EXPECT_EQ(s->nr_pages, 1);
	EXPECT_EQ(peek(s, at), 0);
	space_put(s);
}

KTEST_CASE(fault_outside_any_area_is_refused)
{
	ASSERT_TRUE(set_up(1));
	EXPECT_EQ(space_fault(s, at + PAGE_SIZE, VM_READ), -EFAULT);
	EXPECT_EQ(space_fault(s, at, VM_EXEC), -EACCES);
	EXPECT_EQ(space_fault(s, 0, VM_READ), -EFAULT);
	space_put(s);
}

KTEST_CASE(fork_shares_until_somebody_writes)
{
	struct space *child;

	ASSERT_TRUE(set_up(2));
	EXPECT_TRUE(poke(s, at, 'a'));
	child = space_fork(s);
	ASSERT_NOT_NULL(child);
	EXPECT_EQ(peek(child, at), 'a');
	EXPECT_TRUE(poke(s, at, 'b'));
	EXPECT_EQ(peek(child, at), 'a');
	EXPECT_TRUE(poke(child, at, 'c'));
	EXPECT_EQ(peek(s, at), 'b');
	space_put(child);
	space_put(s);
}

KTEST_CASE(pinned_page_stays_the_parents_across_fork)
{
	struct space *child;
	struct page *page;

	ASSERT_TRUE(set_up(1));
	ASSERT_EQ(user_pin(s, at, 1, true, &page, 1), 1);
	child = space_fork(s);
	ASSERT_NOT_NULL(child);
	EXPECT_TRUE(poke(s, at, 'p'));
	EXPECT_EQ(*(char *)page_addr(page), 'p');
	EXPECT_EQ(peek(child, at), 0);
	user_unpin(&page, 1);
	space_put(child);
	space_put(s);
}

KTEST_CASE(pinned_page_survives_its_space)
{
	struct page *page;

	ASSERT_TRUE(set_up(1));
	ASSERT_EQ(user_pin(s, at, 1, true, &page, 1), 1);
	space_put(s);
	EXPECT_EQ(page->refs, 1);
	EXPECT_EQ(page->mapcount, 0);
	user_unpin(&page, 1);
}

KTEST_CASE(pin_needs_the_right_and_enough_room)
{
	struct page *pages[2];

	ASSERT_TRUE(set_up(4));
	EXPECT_EQ(user_pin(s, at + 1, 2 * PAGE_SIZE, true, pages, 2), -EINVAL);
	EXPECT_EQ(user_pin(s, at + 4 * PAGE_SIZE, 1, false, pages, 2), -EFAULT);
	EXPECT_EQ(space_protect(s, at, PAGE_SIZE, VM_READ), 0);
	EXPECT_EQ(user_pin(s, at, 1, true, pages, 2), -EFAULT);
	EXPECT_EQ(user_pin(s, ~0ull - 5, 4, true, pages, 2), -EFAULT);
	space_put(s);
}

KTEST_CASE(protect_takes_and_gives_rights)
{
	ASSERT_TRUE(set_up(4));
	EXPECT_TRUE(poke(s, at, 'x'));
	EXPECT_EQ(space_protect(s, at, PAGE_SIZE, 0), 0);
	EXPECT_EQ(space_fault(s, at, VM_READ), -EACCES);
	EXPECT_EQ(space_protect(s, at, PAGE_SIZE, RW), 0);
	EXPECT_EQ(peek(s, at), 'x');
	EXPECT_EQ(space_protect(s, at, PAGE_SIZE, RW | VM_EXEC), 0);
	EXPECT_EQ(space_fault(s, at, VM_EXEC), 0);
	EXPECT_EQ(space_protect(s, at, 5 * PAGE_SIZE, VM_READ), -ENOMEM);
	space_put(s);
}

KTEST_CASE(areas_split_and_melt_again)
{
	struct vma *vma;
	unsigned int n = 0;

	ASSERT_TRUE(set_up(8));
	EXPECT_EQ(space_protect(s, at + 2 * PAGE_SIZE, PAGE_SIZE, VM_READ), 0);
	list_for_each(vma, &s->areas, link)
		n++;
	EXPECT_EQ(n, 3);
	EXPECT_EQ(space_protect(s, at + 2 * PAGE_SIZE, PAGE_SIZE, RW), 0);
	vma = space_find(s, at);
	EXPECT_EQ(vma->end - vma->start, 8 * PAGE_SIZE);
	space_put(s);
}

KTEST_CASE(unmapping_the_middle_frees_its_pages)
{
	ASSERT_TRUE(set_up(8));
	EXPECT_EQ(space_populate(s, at, 8 * PAGE_SIZE, VM_WRITE), 0);
	EXPECT_EQ(space_unmap(s, at + 2 * PAGE_SIZE, 3 * PAGE_SIZE), 0);
	EXPECT_EQ(s->nr_pages, 5);
	EXPECT_EQ(space_fault(s, at + 2 * PAGE_SIZE, VM_READ), -EFAULT);
	EXPECT_EQ(space_unmap(s, at + 2 * PAGE_SIZE, 3 * PAGE_SIZE), 0);
	space_put(s);
}

KTEST_CASE(fixed_mapping_replaces_or_refuses)
{
	ASSERT_TRUE(set_up(4));
	EXPECT_TRUE(poke(s, at, 'x'));
	EXPECT_EQ(space_map(s, at, PAGE_SIZE, RW, ANON | LINUX_MAP_FIXED_NOREPLACE, NULL, 0), -EEXIST);
	EXPECT_EQ(space_map(s, at, PAGE_SIZE, RW, ANON | LINUX_MAP_FIXED, NULL, 0), at);
	EXPECT_EQ(peek(s, at), 0);
	EXPECT_EQ(space_map(s, at + 1, PAGE_SIZE, RW, ANON | LINUX_MAP_FIXED, NULL, 0), -EINVAL);
	EXPECT_EQ(space_map(s, 0, PAGE_SIZE, RW, ANON | LINUX_MAP_FIXED, NULL, 0), -EPERM);
	EXPECT_EQ(space_map(s, USER_END, PAGE_SIZE, RW, ANON | LINUX_MAP_FIXED, NULL, 0), -ENOMEM);
	space_put(s);
}

KTEST_CASE(remap_moves_content)
{
	int64_t to;

	ASSERT_TRUE(set_up(4));
	EXPECT_TRUE(poke(s, at + PAGE_SIZE, 'm'));
	EXPECT_EQ(space_remap(s, at, 2 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), -ENOMEM);
	to = space_remap(s, at, 2 * PAGE_SIZE, 8 * PAGE_SIZE, LINUX_MREMAP_MAYMOVE, 0);
	ASSERT_TRUE(to > 0);
	EXPECT_EQ(peek(s, to + PAGE_SIZE), 'm');
	EXPECT_EQ(peek(s, to + 7 * PAGE_SIZE), 0);
	EXPECT_EQ(space_fault(s, at, VM_READ), -EFAULT);
	space_put(s);
}

KTEST_CASE(brk_grows_shrinks_and_refuses)
{
	ASSERT_TRUE(set_up(1));
	s->brk_start = s->brk_end = 0x600000;
	EXPECT_EQ(space_brk(s, 0), 0x600000);
	EXPECT_EQ(space_brk(s, 0x602345), 0x602345);
	EXPECT_TRUE(poke(s, 0x602fff, 'b'));
	EXPECT_EQ(space_brk(s, 0x601000), 0x601000);
	EXPECT_EQ(space_fault(s, 0x601000, VM_READ), -EFAULT);
	EXPECT_EQ(space_brk(s, 0x5fffff), 0x601000);
	EXPECT_EQ(space_brk(s, at + 1), 0x601000);
	space_put(s);
}

KTEST_CASE(stack_grows_to_its_limit_and_no_further)
{
	const vaddr_t top = 0x7fff00001000;

	ASSERT_TRUE(set_up(1));
	ASSERT_TRUE(space_map(s, top - PAGE_SIZE, PAGE_SIZE, RW | VM_STACK, ANON | LINUX_MAP_FIXED, NULL, 0) > 0);
	EXPECT_EQ(space_fault(s, top - 0x20000, VM_WRITE), 0);
	EXPECT_EQ(space_fault(s, top - (9ul << 20), VM_WRITE), -EFAULT);
	space_put(s);
}

KTEST_CASE(discarded_pages_read_as_zero)
{
	ASSERT_TRUE(set_up(2));
	EXPECT_TRUE(poke(s, at, 'd'));
	EXPECT_EQ(space_discard(s, at, PAGE_SIZE), 0);
	EXPECT_EQ(s->nr_pages, 0);
	EXPECT_EQ(peek(s, at), 0);
	EXPECT_EQ(space_discard(s, at, 3 * PAGE_SIZE), -ENOMEM);
	space_put(s);
}

KTEST_CASE(resident_space_is_filled_at_once_and_never_faults)
{
	s = space_create();
	ASSERT_NOT_NULL(s);
	s->resident = true;
	at = space_map(s, 0, 4 * PAGE_SIZE, RW, ANON, NULL, 0);
	ASSERT_TRUE(at > 0);
	EXPECT_EQ(s->nr_pages, 4);
	EXPECT_EQ(space_fault(s, at + 4 * PAGE_SIZE, VM_WRITE), -EFAULT);
	space_put(s);
}

KTEST_CASE(limit_of_pages_holds)
{
	ASSERT_TRUE(set_up(4));
	s->limit_pages = 2;
	EXPECT_EQ(space_populate(s, at, 4 * PAGE_SIZE, VM_WRITE), -ENOMEM);
	EXPECT_EQ(s->nr_pages, 2);
	space_put(s);
}

static void work_through(void)
{
	struct space *child;

	if (!set_up(64))
		return;
	(void)space_populate(s, at, 64 * PAGE_SIZE, VM_WRITE);
	child = space_fork(s);
	(void)space_populate(s, at, 32 * PAGE_SIZE, VM_WRITE);
	if (child)
		space_put(child);
	space_put(s);
}

KTEST_CASE(every_frame_comes_back)
{
	struct frame_stats before, after;

	work_through();	/* slabs are warm */
	frame_stats(&before);
	for (unsigned int i = 0; i < 20; i++)
		work_through();
	frame_stats(&after);
	EXPECT_EQ(after.by_use[PAGE_ANON], before.by_use[PAGE_ANON]);
	EXPECT_EQ(after.by_use[PAGE_TABLE], before.by_use[PAGE_TABLE]);
}
