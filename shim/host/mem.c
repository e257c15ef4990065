// SPDX-License-Identifier: GPL-2.0
/* A driver's ordinary memory in the host world: blocks that the sanitizer watches, counted against the device's limit. */
#include <driver/mem.h>
#include "device.h"

bool host_memory_charge(struct device *dev, size_t size)
{
	size_t limit = dev->setup.memory_limit;

	if (limit && (size > limit || dev->memory_used > limit - size))
		return false;
	dev->memory_used += size;
	return true;
}

static struct host_memory *block_make(size_t bytes)
{
	struct host_memory *block = host_alloc(sizeof(*block));

	if (!block)
		return NULL;
	block->bytes = host_alloc(bytes);
	block->size = bytes;
	if (block->bytes)
		return block;
	host_free(block);
	return NULL;
}

static void block_free(struct host_memory *block)
{
	host_free(block->bytes);
	host_free(block);
}

void *mem_alloc(struct device *dev, size_t count, size_t size)
{
	struct host_memory *block;
	size_t bytes;

	if (!dev->probing)
		host_misuse(dev, "mem_alloc outside probe");
	if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX || !host_memory_charge(dev, bytes))
		return NULL;
	block = block_make(bytes);
	if (!block)
		return NULL;
	block->next = dev->memory;
	dev->memory = block;
	return block->bytes;
}

void mem_free(struct device *dev, void *memory)
{
	if (!memory)
		return;
	for (struct host_memory **at = &dev->memory; *at; at = &(*at)->next) {
		struct host_memory *block = *at;

		if (block->bytes != memory)
			continue;
		*at = block->next;
		dev->memory_used -= block->size;
		block_free(block);
		return;
	}
	host_misuse(dev, "mem_free of memory that is not there");
}

void host_memory_free_all(struct device *dev)
{
	while (dev->memory)
		mem_free(dev, dev->memory->bytes);
}

void *mem_keep(struct device *dev, uint64_t bytes)
{
	if (!dev->probing || !(dev->driver->manifest.needs & FERRY_NEEDS_KEEP) || dev->kept_taken) {
		host_misuse(dev, "mem_keep outside probe, twice, or without the need");
		return NULL;
	}
	if (dev->kept && dev->kept->size != bytes)
		host_kept_free(dev);
	if (!dev->kept && bytes && bytes <= MEM_KEEP_MAX && host_memory_charge(dev, bytes))
		dev->kept = block_make(bytes);
	if (!dev->kept)
		return NULL;
	dev->kept_taken = true;
	return dev->kept->bytes;
}

void host_kept_free(struct device *dev)
{
	if (!dev->kept)
		return;
	dev->memory_used -= dev->kept->size;
	block_free(dev->kept);
	dev->kept = NULL;
}
