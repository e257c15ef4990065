/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between mm/iommu.c, which everybody calls, and the one IOMMU driver of the architecture. A domain is what one device (or several that
 * share a requester id) can reach: RAM at its physical address, page by page, counted.
 */
#ifndef MM_IOMMU_H
#define MM_IOMMU_H

#include <kernel/types.h>

struct device;
struct iommu_domain;
struct dma_segment;

struct iommu_ops {
	const char *name;
	/* Let the device's requests through its domain. The domain, or an ERR_PTR. May sleep. */
	struct iommu_domain *(*attach)(struct device *dev);
	/* No request of the device passes any more, and none is under way, once it returns 0. Faults are no longer reported. */
	int (*block)(struct iommu_domain *d);
	/* Count one more use of each page, all or none: -ERANGE, -ENOMEM, -ENOSPC. Any context. */
	int (*map)(struct iommu_domain *d, uint64_t start, uint64_t length);
	/* Count one use less. True: a page's last use ended, and it is out of reach after flush(). */
	bool (*unmap)(struct iommu_domain *d, uint64_t start, uint64_t length);
	/* What was unmapped inside is forgotten by the hardware once it returns 0. Any context; bounded. */
	int (*flush)(struct iommu_domain *d, uint64_t start, uint64_t length);
};

/* From here on every device is behind @ops. At start-up, before any driver is bound. */
void iommu_register(const struct iommu_ops *ops);
/* "none", or the IOMMU's name. */
const char *iommu_name(void);
/* Bus mastering goes on and off with the domain (pci_set_bus_master). 0 without an IOMMU. */
int iommu_attach(struct device *dev);
void iommu_block(struct device *dev);

/* Device addresses that were unmapped and that the device may reach until dma_flush(); high 0: none. */
struct dma_flush {
	uint64_t low, high;
};

static inline void dma_flush_add(struct dma_flush *f, uint64_t low, uint64_t high)
{
	f->low = f->high ? MIN(f->low, low) : low;
	f->high = MAX(f->high, high);
}

/*
 * dma_unmap_frames() of @nr ranges with one flush. Any context. Or without: what has to be flushed is added to @f, true when it has anything,
 * and nobody else may have the pages before dma_flush() returned 0; when it does not, they go to dma_quarantine().
 */
void dma_unmap_segments(struct device *dev, const struct dma_segment *segments, unsigned int nr);
bool dma_unmap_later(struct device *dev, const struct dma_segment *segments, unsigned int nr, struct dma_flush *f);
int dma_flush(struct device *dev, const struct dma_flush *f);
/* The hardware did not answer, and may still reach these pages: they never get free, and the device fails. Any context. */
void dma_quarantine(struct device *dev, uint64_t start, uint64_t length);

#endif
