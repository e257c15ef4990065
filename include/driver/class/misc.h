/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The misc class: a device that is one file, /dev/NAME0, with read, write and ioctl, and fits no other class. The core above bounds every
 * request, copies its bytes, gives it a tag that is unique until it is completed, and checks whatever the driver says about it.
 */
#ifndef DRIVER_CLASS_MISC_H
#define DRIVER_CLASS_MISC_H

#include <driver/device.h>
#include <lib/string.h>

#define MISC_DEPTH_MAX	16u
#define MISC_BYTES_MAX	16384u

enum misc_op { MISC_READ, MISC_WRITE, MISC_IOCTL, MISC_OP_COUNT };

/* The driver may get a request again whose first run ended with the driver's death: doing it twice is doing it once. */
#define MISC_REPEATABLE	0x1u

/* What a driver says of its device; the core checks it. */
struct misc_limits {
	uint64_t size;			/* bytes that can be addressed by position; 0: a stream, positions are 0 */
	uint32_t depth;			/* requests in flight: 1..MISC_DEPTH_MAX; tags are below it */
	uint32_t max_bytes;		/* of one request: 1..MISC_BYTES_MAX; longer reads and writes are cut to it */
	uint32_t request_timeout_ms;	/* 0: 5,000 */
	uint32_t flags;			/* MISC_REPEATABLE */
	char name[16];			/* of the device node without its number: lower-case letters, digits and '_' */
};

/* A request as a driver sees it; valid until misc_complete(). */
struct misc_request {
	uint8_t op;			/* enum misc_op */
	uint32_t tag;			/* below depth */
	uint32_t command;		/* MISC_IOCTL: Linux's encoding (direction, size, type, number) */
	uint32_t length;		/* bytes to read, given to write, or of the command's argument */
	uint64_t position;		/* in the device; MISC_IOCTL: the argument itself when length is 0 */
};

struct misc_ops {
	/*
	 * Start @rq. 0: will be completed by tag, now or later. An error completes it with that error. Strand 0; must not sleep.
	 */
	int (*submit)(struct device *dev, const struct misc_request *rq);
	/*
	 * Request @tag is overdue, or its caller has gone: complete it now, or an abandoned one soon. NULL, or not completed in time: the core
	 * fails the device. Strand 0; must not sleep.
	 */
	void (*timeout)(struct device *dev, uint32_t tag);
};

/* Announce the device, once, last step of probe; requests may come before it returns. -EINVAL, -ENOMEM, -EBUSY. */
int __must_check misc_register(struct device *dev, const struct misc_limits *limits);

/* The node goes, requests in flight end with -ENODEV. First step of remove. */
void misc_unregister(struct device *dev);

/*
 * Request @tag ended: bytes moved (an ioctl's: what it returns, 0 or more) or -errno. A tag that is not in flight, or more bytes than
 * asked for, is a device_fault(). Callable from inside submit. Strand 0.
 */
void misc_complete(struct device *dev, uint32_t tag, int64_t result);

/* Where @length bytes at @offset of a request lie for this placement; NULL when outside of it. For the two below. */
void *misc_data_at(struct device *dev, const struct misc_request *rq, uint32_t offset, uint32_t length);

/*
 * The bytes of a request: copy @length at @offset out of them (a write's, an ioctl's argument) or into them (a read's, an ioctl's result).
 * -ERANGE when outside. Between submit and complete, strand 0.
 */
static inline int __must_check misc_data_get(struct device *dev, const struct misc_request *rq, uint32_t offset, void *to, uint32_t length)
{
	const void *data = misc_data_at(dev, rq, offset, length);

	if (!data)
		return -ERANGE;
	memcpy(to, data, length);
	return 0;
}

static inline int __must_check misc_data_put(struct device *dev, const struct misc_request *rq, uint32_t offset, const void *from,
					     uint32_t length)
{
	void *data = misc_data_at(dev, rq, offset, length);

	if (!data)
		return -ERANGE;
	memcpy(data, from, length);
	return 0;
}

#endif
