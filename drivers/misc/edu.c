// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's teaching device (1234:11e8, QEMU's docs/specs/edu.rst): identification, a liveness register, factorials with an interrupt at the
 * end, and a buffer of its own that is filled and read by DMA. /dev/edu0 is that buffer; the rest is ioctl (uapi/ferry/edu.h).
 * Documentation/tutorial.md writes this file line by line. Left out: the interrupt-raise register and 64-bit DMA masks.
 */
#include <driver/class/misc.h>
#include <driver/dma.h>
#include <driver/driver.h>
#include <driver/irq.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/mmio.h>
#include <driver/time.h>
#include <uapi/ferry/edu.h>

#define EDU_ID			0x00
#define EDU_ID_MASK		0x0000ffffu
#define EDU_ID_VALUE		0xedu
#define EDU_LIVE		0x04
#define EDU_FACT		0x08
#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	0x01u
#define EDU_STATUS_WANT_IRQ	0x80u
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_ACK		0x64
#define EDU_IRQ_FACT		0x001u
#define EDU_IRQ_DMA		0x100u
#define EDU_DMA_FROM		0x80
#define EDU_DMA_TO		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		0x1u
#define EDU_DMA_TO_MEMORY	0x2u
#define EDU_DMA_WANT_IRQ	0x4u
#define EDU_BUFFER		0x40000u	/* where the device's own buffer lies for its DMA engine */

#define QUIET_TIMEOUT_US	1000000u	/* a transfer takes the device 100 ms */
#define REQUEST_TIMEOUT_MS	2000u

struct edu {
	struct mmio regs;
	struct dma_buf buffer;		/* what the DMA engine reads and writes */
	uint8_t bytes[EDU_BUFFER_BYTES];	/* between the buffer and the request */
	struct misc_request rq;		/* the one in flight */
	bool busy;
};

static void edu_finish(struct device *dev, int64_t result)
{
	struct edu *edu = device_priv(dev);

	edu->busy = false;
	misc_complete(dev, edu->rq.tag, result);
}

static void edu_answer(struct device *dev, uint32_t value)
{
	struct edu *edu = device_priv(dev);

	edu_finish(dev, misc_data_put(dev, &edu->rq, 0, &value, sizeof(value)));
}

static int edu_ioctl(struct device *dev, struct edu *edu)
{
	uint32_t value;
	int err = edu->rq.length == sizeof(value) ? misc_data_get(dev, &edu->rq, 0, &value, sizeof(value)) : -ENOTTY;

	if (err)
		return err;
	switch (edu->rq.command) {
	case EDU_IDENTIFY:
		edu_answer(dev, mmio_read32(&edu->regs, EDU_ID));
		return 0;
	case EDU_LIVENESS:
		mmio_write32(&edu->regs, EDU_LIVE, value);
		edu_answer(dev, mmio_read32(&edu->regs, EDU_LIVE));
		return 0;
	case EDU_FACTORIAL:
		if (value > EDU_FACTORIAL_MAX)
			return -EINVAL;
		mmio_write32(&edu->regs, EDU_STATUS, EDU_STATUS_WANT_IRQ);
		mmio_write32(&edu->regs, EDU_FACT, value);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* Between the device's buffer and ours: the device moves the bytes and raises an interrupt at the end. */
static void edu_dma_start(struct edu *edu, bool to_memory)
{
	uint64_t inside = EDU_BUFFER + edu->rq.position;

	mmio_write64(&edu->regs, EDU_DMA_FROM, to_memory ? inside : edu->buffer.address);
	mmio_write64(&edu->regs, EDU_DMA_TO, to_memory ? edu->buffer.address : inside);
	mmio_write64(&edu->regs, EDU_DMA_COUNT, edu->rq.length);
	mmio_write64(&edu->regs, EDU_DMA_COMMAND, EDU_DMA_START | EDU_DMA_WANT_IRQ | (to_memory ? EDU_DMA_TO_MEMORY : 0));
}

static int edu_transfer(struct device *dev, struct edu *edu)
{
	const struct misc_request *rq = &edu->rq;
	int err = 0;

	if (rq->position > EDU_BUFFER_BYTES || rq->length > EDU_BUFFER_BYTES - rq->position)
		return -EINVAL;
	if (rq->op == MISC_WRITE)
		err = misc_data_get(dev, rq, 0, edu->bytes, rq->length);
	if (!err && rq->op == MISC_WRITE)
		err = dma_copy_in(&edu->buffer, 0, edu->bytes, rq->length);
	if (err)
		return err;
	dma_wmb();
	edu_dma_start(edu, rq->op == MISC_READ);
	return 0;
}

/* One request at a time: edu_register() said so, and the device can do no more. */
static int edu_submit(struct device *dev, const struct misc_request *rq)
{
	struct edu *edu = device_priv(dev);
	int err;

	if (edu->busy)
		return -EBUSY;
	edu->rq = *rq;
	edu->busy = true;
	err = rq->op == MISC_IOCTL ? edu_ioctl(dev, edu) : edu_transfer(dev, edu);
	if (err)
		edu->busy = false;
	return err;
}

static void edu_transfer_done(struct device *dev, struct edu *edu)
{
	const struct misc_request *rq = &edu->rq;
	int err = 0;

	dma_rmb();
	if (rq->op == MISC_READ)
		err = dma_copy_out(&edu->buffer, 0, edu->bytes, rq->length);
	if (!err && rq->op == MISC_READ)
		err = misc_data_put(dev, rq, 0, edu->bytes, rq->length);
	edu_finish(dev, err ? err : (int64_t)rq->length);
}

/* What ended is what was asked for, whatever else the device says. */
static enum irq_result edu_irq(struct device *dev, unsigned int vector)
{
	struct edu *edu = device_priv(dev);
	uint32_t status = mmio_read32(&edu->regs, EDU_IRQ_STATUS);

	if (!status || status == UINT32_MAX)
		return IRQ_NONE;
	mmio_write32(&edu->regs, EDU_IRQ_ACK, status);
	if (!edu->busy)
		return IRQ_HANDLED;
	if (status & EDU_IRQ_DMA && edu->rq.op != MISC_IOCTL)
		edu_transfer_done(dev, edu);
	else if (status & EDU_IRQ_FACT && edu->rq.op == MISC_IOCTL)
		edu_answer(dev, mmio_read32(&edu->regs, EDU_FACT));
	return IRQ_HANDLED;
}

static const struct misc_ops edu_ops = { .submit = edu_submit };

/* A predecessor may have died with work in the device, which has no reset: wait for it to end. */
static bool edu_is_quiet(void *arg)
{
	struct edu *edu = arg;

	return !(mmio_read32(&edu->regs, EDU_STATUS) & EDU_STATUS_COMPUTING) && !(mmio_read32(&edu->regs, EDU_DMA_COMMAND) & EDU_DMA_START);
}

static int edu_reset(struct device *dev, struct edu *edu)
{
	uint32_t id = mmio_read32(&edu->regs, EDU_ID);

	if ((id & EDU_ID_MASK) != EDU_ID_VALUE)
		return -ENODEV;
	mmio_write32(&edu->regs, EDU_LIVE, id);
	if (mmio_read32(&edu->regs, EDU_LIVE) != ~id || time_poll(dev, edu_is_quiet, edu, QUIET_TIMEOUT_US))
		return -ENXIO;
	mmio_write32(&edu->regs, EDU_STATUS, 0);
	mmio_write32(&edu->regs, EDU_IRQ_ACK, UINT32_MAX);
	dev_info(dev, "version %u.%u", id >> 24, id >> 16 & 0xff);
	return 0;
}

static int edu_register(struct device *dev)
{
	const struct misc_limits limits = {
		.name = "edu", .size = EDU_BUFFER_BYTES, .max_bytes = EDU_BUFFER_BYTES, .depth = 1,
		.request_timeout_ms = REQUEST_TIMEOUT_MS, .flags = MISC_REPEATABLE,
	};

	return misc_register(dev, &limits);
}

static int edu_probe(struct device *dev)
{
	struct edu *edu = mem_alloc(dev, 1, sizeof(*edu));
	int err = -ENOMEM;

	if (!edu)
		return err;
	device_set_priv(dev, edu);
	err = mmio_map(dev, 0, 0, 0, MMIO_READ | MMIO_WRITE, &edu->regs);
	if (err)
		goto free_state;
	err = edu_reset(dev, edu);
	if (err)
		goto unmap;
	err = dma_alloc(dev, EDU_BUFFER_BYTES, 0, &edu->buffer);
	if (err)
		goto unmap;
	err = irq_request(dev, 1);
	if (err < 0)
		goto free_buffer;
	err = edu_register(dev);
	if (!err)
		return 0;
	irq_release(dev);
free_buffer:
	dma_free(&edu->buffer);
unmap:
	mmio_unmap(&edu->regs);
free_state:
	mem_free(dev, edu);
	return err;
}

static void edu_remove(struct device *dev)
{
	struct edu *edu = device_priv(dev);

	misc_unregister(dev);
	if (time_poll(dev, edu_is_quiet, edu, QUIET_TIMEOUT_US))
		dev_warn(dev, "still busy when removed");
	irq_release(dev);
	dma_free(&edu->buffer);
	mmio_unmap(&edu->regs);
	mem_free(dev, edu);
}

DRIVER(edu) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "edu",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "QEMU's teaching device",
		.class_id = FERRY_CLASS_MISC,
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA,
		.dma_bits = 28,
		.match = { MATCH_PCI(0x1234, 0x11e8) },
	},
	.probe = edu_probe,
	.remove = edu_remove,
	.irq = edu_irq,
	.misc = &edu_ops,
};
