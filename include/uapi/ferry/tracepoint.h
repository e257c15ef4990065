/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc/ferry/trace/data holds: a header, names, and then events until the end of the file, oldest first for each CPU in turn. What a
 * driver does (trace.h) is an event too, in either placement: FERRY_POINT_DRIVER and the operation's number.
 */
#ifndef UAPI_FERRY_TRACEPOINT_H
#define UAPI_FERRY_TRACEPOINT_H

#define FERRY_TRACE_MAGIC	0x31435254u	/* "TRC1" */

/* Categories, in the order of their names in /proc/ferry/trace/categories. */
#define FERRY_TRACE_SYSCALL	0x01u
#define FERRY_TRACE_CLASS	0x02u	/* class cores: a request's way above its driver */
#define FERRY_TRACE_DRIVER	0x04u	/* what the driver does */
#define FERRY_TRACE_RING	0x08u	/* between the kernel and a driver process */
#define FERRY_TRACE_INTERRUPT	0x10u
#define FERRY_TRACE_SCHED	0x20u
#define FERRY_TRACE_PROFILE	0x40u	/* PROFILE_SCOPE() */
#define FERRY_TRACE_ALL		0x7fu

enum ferry_point {
	FERRY_POINT_NONE,
	FERRY_POINT_SYSCALL_ENTER,	/* id: number; value: first argument, no address */
	FERRY_POINT_SYSCALL_EXIT,	/* id: number; value: result */
	FERRY_POINT_IO,			/* id: of the io; value: first block; size: operation */
	FERRY_POINT_ISSUE,		/* id: request; value: of the io it is a piece of; size: operation */
	FERRY_POINT_COMPLETE,		/* id: request; value: status */
	FERRY_POINT_END,		/* id: of the io; value: status */
	FERRY_POINT_RING_BELL,		/* id: device; value: 1 when its process sleeps */
	FERRY_POINT_RING_TOLD,		/* id: device; value: vectors that the process is told of; size: 1 when a bell was rung */
	FERRY_POINT_RING_DRAIN,		/* id: device and queue as in a request; completions lie there */
	FERRY_POINT_IRQ_ENTER,		/* id: vector of the CPU */
	FERRY_POINT_IRQ_EXIT,
	FERRY_POINT_DEVICE_IRQ,		/* id: device; value: vector of the device */
	FERRY_POINT_SWITCH,		/* id: next thread; value: 1 when the one before can go on */
	FERRY_POINT_WAKE,		/* id: thread; value: its CPU */
	FERRY_POINT_SCOPE,		/* id: device << 32 | site; value: ns; the scope ended then */
	FERRY_POINT_JOIN,		/* id: request; value: of another io that goes along in it */
	FERRY_POINT_DRIVER = 0x40,	/* and enum ferry_trace_op; id: device << 32 | where */
};

/* A request's id: the device, its queue, its tag. It is the same in the kernel and in the driver's process while the request is in flight. */
#define FERRY_TRACE_REQUEST(device, queue, tag) \
	((unsigned long long)(device) << 32 | ((unsigned long long)(queue) & 0xffff) << 16 | ((tag) & 0xffff))

struct ferry_point_event {
	unsigned long long when;	/* ns since boot */
	unsigned short point;		/* enum ferry_point */
	unsigned char cpu, size;
	unsigned int thread;
	unsigned long long id, value;
};

struct ferry_trace_header {
	unsigned int magic, bytes;	/* of this header */
	unsigned int nr_names, name_bytes;
	unsigned int nr_cpus, event_bytes;
	unsigned long long lost;	/* overwritten before they were read */
};

enum ferry_trace_name_kind {
	FERRY_TRACE_NAME_THREAD = 1,	/* a: thread, b: process */
	FERRY_TRACE_NAME_DEVICE = 2,	/* a: device, b: placement (0 none, 1 linked in, 2 moved); text: name and driver */
	FERRY_TRACE_NAME_SYSCALL = 3,	/* a: number */
	FERRY_TRACE_NAME_SCOPE = 4,	/* a: device (0: linked in), b: site */
};

struct ferry_trace_name {
	unsigned int kind, a, b, reserved;
	char text[48];			/* terminated, printable */
};

/*
 * NR_ferry_driver_trace(struct ferry_trace_record *, count, flags, 0) -> count. A driver process hands over what it did since the last
 * time, at most FERRY_TRACE_RECORDS_MAX: checked and bounded, and dated no later than now. -EINVAL, -EFAULT. With count 0 it asks
 * whether to note anything: 1 or 0.
 */
#define FERRY_TRACE_RECORDS_MAX	256u
#define FERRY_TRACE_SITES_MAX	64u	/* scopes of one driver */

/* Operations besides enum ferry_trace_op. */
#define FERRY_RECORD_SCOPE	0x100u	/* where: site; value: TSC ticks; tsc: its end */
#define FERRY_RECORD_SCOPE_NAME	0x101u	/* where: site; value and tsc: its name, up to 16 characters */

struct ferry_trace_record {
	unsigned short op, size;	/* enum ferry_trace_op */
	unsigned int where;
	unsigned long long value;
	unsigned long long tsc;
};

#endif
