// SPDX-License-Identifier: GPL-2.0
/* Kernel world: a driver's ordinary memory (<driver/mem.h>), freed with its binding. */
#include <driver/mem.h>
#include <kernel/device.h>
#include <mm/slab.h>

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
