// SPDX-License-Identifier: GPL-2.0
/* Kernel world: a driver's ordinary memory (<driver/mem.h>), freed with its binding. */
#include <driver/mem.h>
#include <kernel/device.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmap.h>

static void mem_undo(struct device *dev, void *memory)
{
	kfree(memory);
}

void *mem_alloc(struct device *dev, size_t count, size_t size)
{
	void *memory = kcalloc(count, size);

	if (!memory)
		return NULL;
	if (device_on_release(dev, mem_undo, memory)) {
		kfree(memory);
		return NULL;
	}
	return memory;
}

void mem_free(struct device *dev, void *memory)
{
	if (memory)
		device_release_now(dev, mem_undo, memory);
}

static void keep_undo(struct device *dev, void *mapped)
{
	vunmap(mapped);
}

void *mem_keep(struct device *dev, uint64_t bytes)
{
	struct vma_object *o = dev->granted & FERRY_NEEDS_KEEP ? kept_memory_get(dev, bytes) : ERR_PTR(-EACCES);
	void *mapped;

	if (IS_ERR(o))
		return NULL;
	mapped = vmap_pages(o->pages, o->nr_pages);
	vma_object_put(o);	/* the device has its own reference, and keeps it longer */
	if (!mapped || !device_on_release(dev, keep_undo, mapped))
		return mapped;
	vunmap(mapped);
	return NULL;
}
