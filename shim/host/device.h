/* SPDX-License-Identifier: GPL-2.0 */
/* The host world's struct device: private to shim/host. One thread, so no locks. */
#ifndef SHIM_HOST_DEVICE_H
#define SHIM_HOST_DEVICE_H

#include <host/host.h>
#include <lib/string.h>

#define HOST_TEXT	160
#define HOST_FAULTS	32
#define HOST_WINDOWS	16
#define HOST_STORM	1000	/* deliveries of a level that stays high */

/* What a device may reach by DMA: a buffer of the driver or one segment of a request. */
struct host_dma {
	uint64_t address;
	uint32_t length;
	uint8_t *cpu;
	bool device_reads, device_writes;
	bool is_buffer;		/* from dma_alloc */
	struct host_dma *next;
};

struct host_memory {
	struct host_memory *next;
	size_t size;
	void *bytes;
};

struct host_irq {
	enum irq_kind kind;
	unsigned int nr;
	unsigned int strand[HOST_VECTORS];
	bool pending[HOST_VECTORS];
	unsigned int count[HOST_VECTORS];
	bool level;
	unsigned int unquieted;	/* deliveries since the line was last low */
};

struct host_block {
	bool registered;			/* a unit is */
	bool present[BLOCK_UNITS_MAX];
	struct block_limits limits[BLOCK_UNITS_MAX];	/* of units that are or were there */
	uint32_t depth[BLOCK_QUEUES_MAX];	/* 0: no unit uses the queue */
	struct host_request **in_flight[BLOCK_QUEUES_MAX];	/* by tag, below depth */
	unsigned int nr_in_flight[BLOCK_QUEUES_MAX];
	struct host_request *waiting[BLOCK_QUEUES_MAX];	/* told -EBUSY, or no free tag; oldest first */
	bool retry[BLOCK_QUEUES_MAX];			/* a completion came since */
	bool any_retry;					/* of them */
	unsigned int nr_flying;				/* on all queues */
	uint64_t earliest_us;				/* no deadline comes before; it may have gone */
	unsigned int resizes;
};

struct host_misc {
	bool registered;
	struct misc_limits limits;
	struct host_misc_request *requests[MISC_DEPTH_MAX];	/* by tag */
};

struct device {
	struct host_setup setup;
	const struct driver *driver;
	void *priv;
	bool probing, bound, failed;
	unsigned int nr_strands;
	uint64_t timers[DEVICE_STRANDS_MAX];	/* when; 0: off */
	struct host_irq irq;
	struct host_dma *dma, *dma_last;	/* last: found the last time; may be NULL */
	uint64_t next_address;
	struct host_memory *memory;
	struct host_memory *kept;	/* outlives the driver */
	bool kept_taken;
	size_t memory_used;
	unsigned int nr_windows;
	struct host_block block;
	struct host_misc misc;
	struct host_problems problems;
	unsigned int nr_faults;
	char faults[HOST_FAULTS][HOST_TEXT];
	char warning[256];
};

/* dma.c */
struct host_dma *host_dma_map(struct device *dev, uint32_t length, uint32_t align, bool reads, bool writes);
void host_dma_unmap(struct device *dev, uint64_t address);
void host_dma_free_all(struct device *dev);
struct host_dma *host_dma_find(struct device *dev, uint64_t address, uint32_t length);
/* mem.c */
bool host_memory_charge(struct device *dev, size_t size);
void host_memory_free_all(struct device *dev);
void host_kept_free(struct device *dev);
/* irq.c: deliver what is pending; true when something was. */
bool host_irq_serve(struct device *dev);
/* block.c: try waiting requests again, look at deadlines; true when something was done. Fail everything with @status. */
bool host_block_serve(struct device *dev);
bool host_block_overdue(struct device *dev);
uint64_t host_block_deadline(const struct device *dev);
void host_block_fail_all(struct device *dev, int status);
void host_block_free(struct device *dev);
/* misc.c */
void host_misc_fail_all(struct device *dev, int status);
/* bind.c: a rule of the API was broken in a way that has no fault. */
void host_misuse(struct device *dev, const char *what);

#endif
