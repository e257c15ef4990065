// SPDX-License-Identifier: GPL-2.0
/* Memory that outlives a driver (kernel/kept_memory.c): whose it is, when it goes back. */
#include <driver/mem.h>
#include <ktest.h>
#include <kernel/device.h>
#include <mm/page.h>
#include <mm/space.h>

KTEST_SUITE(kept_memory);

/* The next driver of @dev. */
static void driver_comes(struct device *dev, const char *name)
{
	dev->placement = PLACED_MOVED;
	dev->generation++;
	str_copy(dev->driver_name, name, sizeof(dev->driver_name));
}

/* It left after a write to its memory, and may have a successor. */
static void driver_dies(struct device *dev)
{
	dev->placement = PLACED_NONE;
}

static struct device *device_with_memory(uint64_t bytes, uint64_t mark)
{
	struct device *dev = device_create();
	struct vma_object *o;

	driver_comes(dev, "one");
	o = kept_memory_get(dev, bytes);
	if (IS_ERR(o)) {
		device_put(dev);
		return NULL;
	}
	*(uint64_t *)page_addr(o->pages[o->nr_pages - 1]) = mark;
	vma_object_put(o);
	driver_dies(dev);
	return dev;
}

/* What lies at the end of what the next driver gets; ~0: it gets nothing. */
static uint64_t mark_of(struct device *dev, const char *driver, uint64_t bytes)
{
	struct vma_object *o;
	uint64_t mark;

	driver_comes(dev, driver);
	o = kept_memory_get(dev, bytes);
	if (IS_ERR(o))
		return ~0ull;
	mark = *(uint64_t *)page_addr(o->pages[o->nr_pages - 1]);
	vma_object_put(o);
	return mark;
}

KTEST_CASE(successor_finds_what_was_left)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(mark_of(dev, "one", 3 * PAGE_SIZE), 5);
	EXPECT_EQ(kept_memory_pages(dev), 3);
	device_put(dev);
}

KTEST_CASE(successor_that_dies_before_it_asks_leaves_it)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	driver_comes(dev, "one");
	driver_dies(dev);
	EXPECT_EQ(mark_of(dev, "one", 3 * PAGE_SIZE), 5);
	device_put(dev);
}

KTEST_CASE(another_size_is_new_memory)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(mark_of(dev, "one", 2 * PAGE_SIZE), 0);
	device_put(dev);
}

KTEST_CASE(another_driver_does_not_see_it)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(mark_of(dev, "two", 3 * PAGE_SIZE), 0);
	device_put(dev);
}

KTEST_CASE(without_a_successor_it_goes_back)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	kept_memory_trim(dev);
	EXPECT_NULL(dev->kept_memory);
	device_put(dev);
}

KTEST_CASE(successor_that_does_not_take_it_loses_it)
{
	struct device *dev = device_with_memory(3 * PAGE_SIZE, 5);

	ASSERT_NOT_NULL(dev);
	driver_comes(dev, "one");
	EXPECT_EQ(kept_memory_pages(dev), 0);
	kept_memory_trim(dev);
	EXPECT_NULL(dev->kept_memory);
	device_put(dev);
}

KTEST_CASE(a_driver_gets_it_once_and_with_a_size)
{
	struct device *dev = device_create();

	EXPECT_EQ(mark_of(dev, "one", 0), ~0ull);
	EXPECT_EQ(mark_of(dev, "one", MEM_KEEP_MAX + 1), ~0ull);
	EXPECT_EQ(mark_of(dev, "one", 1), 0);
	EXPECT_EQ(PTR_ERR(kept_memory_get(dev, 1)), -EBUSY);
	device_put(dev);
}
