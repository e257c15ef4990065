// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that outlives a driver (<driver/mem.h>): frames that are the device's, which a driver that died leaves to its successor with what
 * lies in them. They go back when there is no successor, or when it runs and has not taken them. bind_lock guards all of it.
 */
#include <driver/mem.h>
#include <kernel/device.h>
#include <mm/page.h>
#include <mm/space.h>

static bool fits(const struct device *dev, uint64_t nr_pages)
{
	return dev->kept_memory->nr_pages == nr_pages && !strcmp(dev->kept_for, dev->driver_name);
}

struct vma_object *kept_memory_get(struct device *dev, uint64_t bytes)
{
	uint64_t nr_pages = ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;

	if (!bytes || bytes > MEM_KEEP_MAX)
		return ERR_PTR(-EINVAL);
	if (dev->kept_memory && dev->kept_by == dev->generation)
		return ERR_PTR(-EBUSY);
	if (dev->kept_memory && !fits(dev, nr_pages))
		kept_memory_release(dev);
	if (!dev->kept_memory)
		dev->kept_memory = vma_object_create(nr_pages);
	if (!dev->kept_memory)
		return ERR_PTR(-ENOMEM);
	dev->kept_by = dev->generation;
	str_copy(dev->kept_for, dev->driver_name, sizeof(dev->kept_for));
	ref_get(&dev->kept_memory->ref);
	return dev->kept_memory;
}

uint64_t kept_memory_pages(const struct device *dev)
{
	return dev->kept_memory && dev->kept_by == dev->generation ? dev->kept_memory->nr_pages : 0;
}

void kept_memory_release(struct device *dev)
{
	if (dev->kept_memory)
		vma_object_put(dev->kept_memory);
	dev->kept_memory = NULL;
}

void kept_memory_trim(struct device *dev)
{
	if (dev->placement == PLACED_NONE || dev->kept_by != dev->generation)
		kept_memory_release(dev);
}
