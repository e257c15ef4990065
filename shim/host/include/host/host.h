/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host world: what tests and device models see of shim/host. A test describes a device, probes a driver on it, sends requests and
 * lets virtual time pass; a model answers register accesses, moves data by device address and raises interrupts. One thread; nothing
 * happens by itself: callbacks run inside host_probe(), host_remove() and host_run().
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <driver/class/block.h>
#include <driver/class/misc.h>
#include <driver/driver.h>
#include <driver/irq.h>
#include <driver/pci.h>

#define HOST_BARS	6
#define HOST_PARAMS	8
#define HOST_FIXED	0xffu	/* where a model sees fixed ports: this BAR, the port as offset */
#define HOST_PORTS	4
#define HOST_VECTORS	(DEVICE_STRANDS_MAX + 1)

/* What a device model provides; every function may be NULL. */
struct host_model_ops {
	uint64_t (*read)(void *model, unsigned int bar, uint64_t offset, unsigned int size);
	void (*write)(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value);
	uint8_t (*config_read)(void *model, uint32_t offset);
	/* The kind and number of vectors the driver was given. */
	void (*irq_mode)(void *model, enum irq_kind kind, unsigned int nr);
	/* Time passes: do work. True when something was done. */
	bool (*tick)(void *model);
};

struct host_param {
	const char *name;
	const char *text;
};

/* A device before it exists. */
struct host_setup {
	const char *name;		/* "0000:00:03.0" */
	uint16_t bus;			/* enum ferry_bus; platform devices match by name up to the dot */
	uint16_t vendor, device;
	uint8_t revision;
	bool awaited;			/* as if an earlier driver had died */
	uint32_t class_code;
	struct pci_bar bars[HOST_BARS];
	unsigned int msix_vectors;
	bool intx;
	unsigned int isa_irqs;		/* legacy lines of its own: vectors that are edges */
	struct {
		uint16_t first, length;
	} ports[HOST_PORTS];		/* legacy ports of its own */
	unsigned int msix_bar;		/* where the MSI-X table is: no window may hold it; length 0: none */
	uint64_t msix_offset, msix_length;
	unsigned int nr_cpus;
	uint64_t dma_base;		/* first device address to give out; 0: a default above 4 GiB */
	size_t memory_limit;		/* bytes of mem_alloc and dma_alloc together; 0: none */
	struct host_param params[HOST_PARAMS];
	const struct host_model_ops *ops;
	void *model;
};

/* A request of a test. Filled by the test up to data; the rest is the result. */
struct host_request {
	uint8_t op, flags;
	uint16_t queue;			/* the device's: within what the unit registered */
	uint16_t unit;
	uint64_t lba;
	uint32_t nr_blocks;
	uint32_t segment_bytes;		/* how the data is cut; 0: 4096 */
	uint32_t offset;		/* of the data in its first page; that much shorter is the first segment */
	void *data;
	/* Result. */
	bool done;
	int status;
	/* Private to the shim. */
	uint32_t tag;
	uint16_t nr_segments;
	struct dma_segment segments[BLOCK_SEGMENTS_MAX];
	uint64_t deadline_us;
	struct host_request *next;
};

/* What went wrong during a device's life; all zero after a clean one. */
struct host_problems {
	unsigned int faults;		/* device_fault() calls not taken by host_take_fault() */
	unsigned int wild_dma;		/* accesses of the model outside what the driver gave it */
	unsigned int leaks;		/* memory, DMA buffers, windows, vectors left behind by remove */
	unsigned int misuse;		/* driver broke a rule of the API that needs no fault */
	unsigned int storms;		/* a level interrupt that nobody quieted */
	unsigned int lost_requests;
};

/* heap.c. Memory for devices and their models: zeroed, watched by the address sanitizer, not used again while any of it is left. NULL: none. */
void *host_alloc(size_t size);
void host_free(void *memory);

/* bind.c. Create a device; find its driver by its match table. NULL: no driver takes it, or no memory. */
struct device *host_device_create(const struct host_setup *setup);
const struct driver *host_driver(const struct device *dev);
const struct driver *host_driver_find(const char *name);
int host_probe(struct device *dev);
void host_remove(struct device *dev);
/* Another driver in the place of this one, which finds what it kept (mem_keep()). What probe returns. */
int host_replace(struct device *dev);

/* End of the device's life (remove first, unless probe failed): what was wrong. Frees everything. */
struct host_problems host_device_destroy(struct device *dev);
/* Destroy and add the problems up; says each on stderr. */
unsigned int host_close(struct device *dev);

/* A fault whose text holds @part is expected: take the first such one off the list. False: there was none. */
bool host_take_fault(struct device *dev, const char *part);
bool host_is_failed(const struct device *dev);
/* Called at each device_fault(); for fuzzing, which stops at some. */
void host_on_fault(void (*fn)(struct device *dev, const char *what, uint64_t where));
/* Messages go to stderr when true (or when FERRY_HOST_LOG is set). */
void host_log_enable(bool on);
/* The newest message at LOG_WARN or worse, or "". */
const char *host_last_warning(const struct device *dev);
/* trace.c. How often scopes of this name ended, in all drivers since the start, and how long they took. */
struct host_profile {
	unsigned long count;
	uint64_t us;
};
struct host_profile host_profile(const char *name);

/* time.c. Let @us microseconds pass: the model ticks, interrupts, timers and request deadlines are served. */
void host_run(struct device *dev, uint64_t us);
/* Serve what is ready now, without letting time pass. */
void host_settle(struct device *dev);
uint64_t host_clock_us(void);
/* Timers come, waits end and polls look up to @us late, as on a machine that is busy: what only waits is over in fewer steps. */
void host_timers_late(uint32_t us);

/* irq.c. From the model: raise message @vector, or set the level of the line. */
void host_irq_raise(struct device *dev, unsigned int vector);
void host_irq_level(struct device *dev, bool high);
unsigned int host_irq_count(const struct device *dev, unsigned int vector);

/* dma.c. From the model: move bytes by device address. -EFAULT: outside what the driver or a request gave, which is counted. */
int host_dma_read(struct device *dev, uint64_t address, void *to, uint32_t length);
int host_dma_write(struct device *dev, uint64_t address, const void *from, uint32_t length);
/* The @index'th buffer that the driver allocated; false: there are fewer. For devices that write into all of them. */
bool host_dma_buffer(const struct device *dev, unsigned int index, uint64_t *address, uint32_t *length);
unsigned int host_wild_dma(const struct device *dev);
/* A device that strays on purpose is no problem of the driver's. */
void host_forget_wild_dma(struct device *dev);

/* block.c. Submit @rq (stays the caller's until done); host_block_commit ends the batch. The helper submits, commits, runs to the end. */
void host_block_submit(struct device *dev, struct host_request *rq);
void host_block_commit(struct device *dev, unsigned int queue);
int host_block_do(struct device *dev, uint8_t op, uint64_t lba, uint32_t nr_blocks, void *data);
const struct block_limits *host_block_limits(const struct device *dev);	/* NULL before block_register() */
const struct block_limits *host_block_unit(const struct device *dev, unsigned int unit);	/* NULL: no such disk now */
int host_block_unit_do(struct device *dev, unsigned int unit, uint8_t op, uint64_t lba, uint32_t nr_blocks, void *data);
unsigned int host_block_resizes(const struct device *dev);
unsigned int host_block_in_flight(const struct device *dev);

/* A request to a device of the misc class; filled by the test up to data. */
struct host_misc_request {
	uint8_t op;
	uint32_t command, length;
	uint64_t position;
	void *data;
	bool done;
	int64_t result;
	struct misc_request rq;		/* private to the shim */
};

/* misc.c. Submit @rq (stays the caller's until done; -EAGAIN: no free tag). Say that it is overdue. The helper runs it to the end. */
void host_misc_submit(struct device *dev, struct host_misc_request *rq);
void host_misc_timeout(struct device *dev, struct host_misc_request *rq);
int64_t host_misc_do(struct device *dev, uint8_t op, uint32_t command, uint64_t position, void *data, uint32_t length);
const struct misc_limits *host_misc_limits(const struct device *dev);	/* NULL before misc_register() */

#endif
