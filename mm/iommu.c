// SPDX-License-Identifier: GPL-2.0
/*
 * Device addresses for RAM. A device address is the physical one, and the device reaches just the pages that are mapped for it at the
 * time: where an IOMMU drives the device's domain the hardware sees to that; where there is none only the checks here do. Unmapping is
 * strict: the hardware has forgotten a page before it may be anybody else's. A page for which that fails is kept for ever.
 */
#include <driver/dma.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <mm/iommu.h>
#include <mm/page.h>

static const struct iommu_ops *iommu;
static bool quarantined;	/* once: it was said */

void iommu_register(const struct iommu_ops *ops)
{
	iommu = ops;
}

const char *iommu_name(void)
{
	return iommu ? iommu->name : "none";
}

int iommu_attach(struct device *dev)
{
	struct iommu_domain *d;

	if (!iommu || !dev || dev->iommu_open)
		return 0;
	d = iommu->attach(dev);
	if (IS_ERR(d)) {
		log_err("iommu: device %s: no domain, error %ld: no DMA for it", dev->name, PTR_ERR(d));
		return (int)PTR_ERR(d);
	}
	dev->iommu = d;
	dev->iommu_open = true;
	return 0;
}

void iommu_block(struct device *dev)
{
	if (!iommu || !dev || !dev->iommu_open)
		return;
	dev->iommu_open = false;
	if (iommu->block(dev->iommu))
		log_err("iommu: device %s: its domain cannot be blocked in time", dev->name);
}

static bool range_is_ram(paddr_t start, uint64_t length)
{
	return page_of(start) && page_of(start + length - 1);
}

int dma_map_frames(struct device *dev, paddr_t start, uint64_t length, uint64_t *address)
{
	uint64_t limit = dev->dma_bits >= 64 ? UINT64_MAX : (1ull << dev->dma_bits) - 1;
	int err = 0;

	if (!length || start + length - 1 < start || !range_is_ram(start, length))
		return -EINVAL;
	if (start + length - 1 > limit)
		return -ERANGE;
	if (dev->iommu)
		err = iommu->map(dev->iommu, start, length);
	if (!err)
		*address = start;
	return err;
}

void dma_quarantine(struct device *dev, uint64_t start, uint64_t length)
{
	struct page *page;
	uint64_t at;

	for (at = ALIGN_DOWN(start, PAGE_SIZE); at < start + length; at += PAGE_SIZE) {
		page = page_of(at);
		if (page)
			page_get(page->flags & PAGE_TAIL ? page->owner : page);
	}
	if (!__atomic_exchange_n(&quarantined, true, __ATOMIC_RELAXED))
		log_err("iommu: device %s: no flush in time: its pages are kept for ever, from 0x%llx on", dev->name,
			(unsigned long long)start);
	device_fail(dev, "the IOMMU does not answer");
}

void dma_unmap_frames(struct device *dev, uint64_t address, uint64_t length)
{
	if (!dev->iommu || !length || !iommu->unmap(dev->iommu, address, length))
		return;
	if (iommu->flush(dev->iommu, address, length))
		dma_quarantine(dev, address, length);
}

bool dma_unmap_later(struct device *dev, const struct dma_segment *segments, unsigned int nr, struct dma_flush *f)
{
	for (unsigned int i = 0; dev->iommu && i < nr; i++) {
		const struct dma_segment *s = &segments[i];

		if (!s->length || !iommu->unmap(dev->iommu, s->address, s->length))
			continue;
		dma_flush_add(f, s->address, s->address + s->length);
	}
	return f->high;
}

int dma_flush(struct device *dev, const struct dma_flush *f)
{
	return f->high ? iommu->flush(dev->iommu, f->low, f->high - f->low) : 0;
}

void dma_unmap_segments(struct device *dev, const struct dma_segment *segments, unsigned int nr)
{
	struct dma_flush f = { .high = 0 };

	if (!dma_unmap_later(dev, segments, nr, &f) || !dma_flush(dev, &f))
		return;
	for (unsigned int i = 0; i < nr; i++)
		dma_quarantine(dev, segments[i].address, segments[i].length);
}
