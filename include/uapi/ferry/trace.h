/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last operations of a driver process: a circle in its own memory, written by its shim, read by the kernel after its death. The process may
 * have written anything there; a reader believes nothing but the layout.
 */
#ifndef UAPI_FERRY_TRACE_H
#define UAPI_FERRY_TRACE_H

#define FERRY_TRACE_ENTRIES	64u

enum ferry_trace_op {
	FERRY_TRACE_NONE,
	FERRY_TRACE_MMIO_READ,		/* where: offset in the window; size in bytes */
	FERRY_TRACE_MMIO_WRITE,
	FERRY_TRACE_MMIO_MAP,		/* where: BAR, value: offset */
	FERRY_TRACE_PORT_MAP,		/* where: BAR, value: offset or first port */
	FERRY_TRACE_IRQ_REQUEST,	/* where: wanted, value: given or -errno */
	FERRY_TRACE_IRQ,		/* where: vector */
	FERRY_TRACE_DMA_ALLOC,		/* where: bytes, value: device address */
	FERRY_TRACE_CONFIG_READ,	/* where: offset, value: what was read */
	FERRY_TRACE_CONFIG_WRITE,
	FERRY_TRACE_REGISTER,		/* where: class, value: 0 or -errno */
	FERRY_TRACE_SUBMIT,		/* where: tag, value: first block, position or argument; size: queue */
	FERRY_TRACE_COMPLETE,		/* where: tag, value: status; size: queue */
	FERRY_TRACE_TIMER,		/* where: strand */
	FERRY_TRACE_FAULT,		/* device_fault(); value: its where */
	FERRY_TRACE_PORT_READ,		/* where: offset in the window; size in bytes; not in the circle */
	FERRY_TRACE_PORT_WRITE,
	FERRY_TRACE_DMA_FREE,		/* where: bytes, value: device address */
	FERRY_TRACE_DMA_READ,		/* a copy out of DMA memory; where: offset, value: bytes; not in the circle */
	FERRY_TRACE_DMA_WRITE,		/* a copy into it; likewise */
	FERRY_TRACE_OPS,
};

struct ferry_trace_entry {
	unsigned short op, size;
	unsigned int where;
	unsigned long long value;
};

struct ferry_trace {
	unsigned int next;		/* counts up; the entry written next is next % FERRY_TRACE_ENTRIES */
	unsigned int reserved;
	struct ferry_trace_entry entries[FERRY_TRACE_ENTRIES];
};

#endif
