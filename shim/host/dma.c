// SPDX-License-Identifier: GPL-2.0
/*
 * DMA of the host world. Device addresses are a space of their own with holes between buffers; every buffer is its own block, so
 * that a driver's stray access is the sanitizer's and a device's stray access is counted here and goes nowhere.
 */
#include <driver/dma.h>
#include "device.h"

#define HOLE_BYTES	0x10000ull

struct host_dma *host_dma_map(struct device *dev, uint32_t length, uint32_t align, bool reads, bool writes)
{
	struct host_dma *map = host_alloc(sizeof(*map));

	if (!map)
		return NULL;
	map->cpu = host_alloc(length);
	if (!map->cpu) {
		host_free(map);
		return NULL;
	}
	dev->next_address = (dev->next_address + align - 1) & ~((uint64_t)align - 1);
	map->address = dev->next_address;
	dev->next_address += length + HOLE_BYTES;
	map->length = length;
	map->device_reads = reads;
	map->device_writes = writes;
	map->next = dev->dma;
	dev->dma = map;
	return map;
}

void host_dma_unmap(struct device *dev, uint64_t address)
{
	for (struct host_dma **at = &dev->dma; *at; at = &(*at)->next) {
		struct host_dma *map = *at;

		if (map->address != address)
			continue;
		*at = map->next;
		dev->dma_last = NULL;
		host_free(map->cpu);
		host_free(map);
		return;
	}
	host_misuse(dev, "DMA memory freed that is not there");
}

void host_dma_free_all(struct device *dev)
{
	while (dev->dma)
		host_dma_unmap(dev, dev->dma->address);
}

static bool map_holds(const struct host_dma *map, uint64_t address, uint32_t length)
{
	return address >= map->address && address - map->address < map->length && length <= map->length - (address - map->address);
}

/* Devices look at one ring many times, one place after the other. */
struct host_dma *host_dma_find(struct device *dev, uint64_t address, uint32_t length)
{
	struct host_dma *map = dev->dma_last;

	if (map && map_holds(map, address, length))
		return map;
	for (map = dev->dma; map && !map_holds(map, address, length);)
		map = map->next;
	if (map)
		dev->dma_last = map;
	return map;
}

int dma_alloc(struct device *dev, uint32_t length, uint32_t align, struct dma_buf *buf)
{
	struct host_dma *map;

	if (!dev->probing)
		host_misuse(dev, "dma_alloc outside probe");
	if (!(dev->driver->manifest.needs & FERRY_NEEDS_DMA))
		return -EACCES;
	if (!length || (align && align & (align - 1)))
		return -EINVAL;
	if (!host_memory_charge(dev, length))
		return -ENOMEM;
	map = host_dma_map(dev, length, align > 4096 ? align : 4096, true, true);
	if (!map)
		return -ENOMEM;
	map->is_buffer = true;
	*buf = (struct dma_buf){ .dev = dev, .cpu = map->cpu, .address = map->address, .length = length };
	return 0;
}

void dma_free(struct dma_buf *buf)
{
	buf->dev->memory_used -= buf->length;
	host_dma_unmap(buf->dev, buf->address);
	buf->cpu = NULL;
	buf->length = 0;
}

static int copy_check(const struct dma_buf *buf, uint32_t offset, uint32_t length)
{
	return offset > buf->length || length > buf->length - offset ? -ERANGE : 0;
}

int dma_copy_out(const struct dma_buf *buf, uint32_t offset, void *to, uint32_t length)
{
	int err = copy_check(buf, offset, length);

	if (!err)
		memcpy(to, buf->cpu + offset, length);
	return err;
}

int dma_copy_in(const struct dma_buf *buf, uint32_t offset, const void *from, uint32_t length)
{
	int err = copy_check(buf, offset, length);

	if (!err)
		memcpy(buf->cpu + offset, from, length);
	return err;
}

/*
 * Devices read and write most often what is this short; the place is inside a buffer that is there, so the sanitizer's memcpy, which looks
 * at each one's surroundings, has nothing to find.
 */
static void bytes_move(uint8_t *to, const uint8_t *from, uint32_t length)
{
	switch (length) {
	case 2: __builtin_memcpy(to, from, 2); break;
	case 4: __builtin_memcpy(to, from, 4); break;
	case 8: __builtin_memcpy(to, from, 8); break;
	case 16: __builtin_memcpy(to, from, 16); break;
	default: memcpy(to, from, length);
	}
}

int host_dma_read(struct device *dev, uint64_t address, void *to, uint32_t length)
{
	struct host_dma *map = host_dma_find(dev, address, length);

	if (!map || !map->device_reads) {
		dev->problems.wild_dma++;
		return -EFAULT;
	}
	bytes_move(to, map->cpu + (address - map->address), length);
	return 0;
}

int host_dma_write(struct device *dev, uint64_t address, const void *from, uint32_t length)
{
	struct host_dma *map = host_dma_find(dev, address, length);

	if (!map || !map->device_writes) {
		dev->problems.wild_dma++;
		return -EFAULT;
	}
	bytes_move(map->cpu + (address - map->address), from, length);
	return 0;
}

bool host_dma_buffer(const struct device *dev, unsigned int index, uint64_t *address, uint32_t *length)
{
	for (const struct host_dma *map = dev->dma; map; map = map->next) {
		if (!map->is_buffer || index--)
			continue;
		*address = map->address;
		*length = map->length;
		return true;
	}
	return false;
}

unsigned int host_wild_dma(const struct device *dev)
{
	return dev->problems.wild_dma;
}

void host_forget_wild_dma(struct device *dev)
{
	dev->problems.wild_dma = 0;
}
