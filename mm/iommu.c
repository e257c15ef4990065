// SPDX-License-Identifier: GPL-2.0
/*
 * Device addresses for RAM. Without an IOMMU domain a device address is the physical one, given out only when the range is RAM and the
 * device can reach it. A domain for each device comes with the IOMMU driver and changes nothing above.
 */
#include <kernel/device.h>
#include <mm/page.h>

static bool range_is_ram(paddr_t start, uint64_t length)
{
	return page_of(start) && page_of(start + length - 1);
}

int dma_map_frames(struct device *dev, paddr_t start, uint64_t length, uint64_t *address)
{
	uint64_t limit = dev->dma_bits >= 64 ? UINT64_MAX : (1ull << dev->dma_bits) - 1;

	if (!length || start + length - 1 < start || !range_is_ram(start, length))
		return -EINVAL;
	if (start + length - 1 > limit)
		return -ERANGE;
	*address = start;
	return 0;
}

void dma_unmap_frames(struct device *dev, uint64_t address, uint64_t length)
{
}
