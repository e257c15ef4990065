// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that goes wrong when asked to, on QEMU's edu device: every word of it is its own place on the disk, so nothing is lost with the
 * process. Reading block POISON or SMASH kills the driver each time. Reading block HANG + n makes it hang in the n-th way, once: that it has is
 * remembered in the device's liveness register, which outlives drivers. Written with the driver API, like any driver; faultload.c reads.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/irq.h>
#include <driver/mem.h>
#include <driver/mmio.h>
#include <driver/time.h>
#include "faulty.h"

#define EDU_LIVE	0x04	/* reads back inverted */
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_ACK	0x64
#define HUNG		0xfa170000u
#define HUNG_IN_PROBE	(HUNG | 0x100u)
#define DEPTH		32
#define TIMEOUT_MS	5000

struct faulty {
	struct device *dev;
	struct mmio regs;
	enum faulty_hang hang;		/* what the next callback does */
};

static volatile uint64_t turns;
static volatile unsigned int *volatile nowhere;

static void spin(void)
{
	for (;;)
		turns++;
}

static uint32_t memory_get(const struct faulty *f)
{
	return ~mmio_read32(&f->regs, EDU_LIVE);
}

static void memory_set(const struct faulty *f, uint32_t value)
{
	mmio_write32(&f->regs, EDU_LIVE, value);
}

/* Has it hung so already? Otherwise it does now. */
static bool hangs_now(const struct faulty *f, enum faulty_hang hang)
{
	bool has = memory_get(f) == (HUNG | hang);

	memory_set(f, has ? 0 : HUNG | hang);
	return !has;
}

/* A crash that is followed by a hang in the next probe. */
static void probe_hang(const struct faulty *f)
{
	if (memory_get(f) == (HUNG | HANG_IN_PROBE)) {
		memory_set(f, HUNG_IN_PROBE);
		spin();
	}
	if (memory_get(f) == HUNG_IN_PROBE)
		memory_set(f, HUNG | HANG_IN_PROBE);
}

/* The request is not completed; what goes on is the hang's own. */
static void hang_begin(struct faulty *f, enum faulty_hang hang)
{
	f->hang = hang;
	switch (hang) {
	case HANG_IN_SUBMIT:
		spin();
		break;
	case HANG_IN_TIMER:
	case HANG_LIVE_LOCK:
		timer_set(f->dev, 0, 0);
		break;
	case HANG_IN_IRQ:
	case HANG_IRQ_STORM:
		mmio_write32(&f->regs, EDU_IRQ_RAISE, 1);
		break;
	case HANG_IN_PROBE:	/* ... of the next one */
		*nowhere = 1;
		break;
	default:		/* HANG_LOST: nobody ever completes it */
		break;
	}
}

/* Its canary, its frame pointer and where it returns to. */
static __attribute__((noinline)) void smash_locals(void)
{
	char local[16];
	volatile char *at = local;

	for (unsigned int i = 0; i < 64; i++)
		at[i] = 'A';
}

static int data_fill(struct faulty *f, const struct block_request *rq)
{
	uint64_t words[FAULTY_BLOCK / 8];
	int err = 0;

	for (uint32_t b = 0; !err && b < rq->nr_blocks; b++) {
		for (uint32_t i = 0; i < FAULTY_BLOCK / 8; i++)
			words[i] = FAULTY_WORD(rq->lba + b, i);
		err = block_data_put(f->dev, rq, b * FAULTY_BLOCK, words, FAULTY_BLOCK);
	}
	return err;
}

static int faulty_submit(struct device *dev, const struct block_request *rq)
{
	struct faulty *f = device_priv(dev);
	uint64_t hang = rq->lba - FAULTY_HANG;

	if (rq->op != BLOCK_READ)
		return -EOPNOTSUPP;
	if (rq->lba == FAULTY_POISON)
		*nowhere = 1;
	if (rq->lba == FAULTY_POISON_HANG)
		spin();
	if (rq->lba == FAULTY_SMASH)
		smash_locals();
	if (hang < HANG_IN_REMOVE && hangs_now(f, (enum faulty_hang)hang)) {
		hang_begin(f, (enum faulty_hang)hang);
		return 0;
	}
	if (hang == HANG_IN_REMOVE)
		memory_set(f, HUNG | HANG_IN_REMOVE);
	block_complete(dev, 0, rq->tag, data_fill(f, rq));
	return 0;
}

static void faulty_timer(struct device *dev, unsigned int strand)
{
	struct faulty *f = device_priv(dev);

	if (f->hang == HANG_IN_TIMER)
		spin();
	timer_set(dev, strand, 0);	/* busy for ever, and nothing gets done */
}

static enum irq_result faulty_irq(struct device *dev, unsigned int vector)
{
	struct faulty *f = device_priv(dev);
	uint32_t status = mmio_read32(&f->regs, EDU_IRQ_STATUS);

	(void)vector;
	mmio_write32(&f->regs, EDU_IRQ_ACK, status);
	for (; f->hang == HANG_IN_IRQ; turns++)	/* interrupts keep coming */
		if (turns % 1024 == 0)
			mmio_write32(&f->regs, EDU_IRQ_RAISE, 1);
	if (f->hang == HANG_IRQ_STORM)
		mmio_write32(&f->regs, EDU_IRQ_RAISE, 1);
	return status ? IRQ_HANDLED : IRQ_NONE;
}

static const struct block_limits limits = {
	.nr_blocks = FAULTY_BLOCKS, .block_size = FAULTY_BLOCK, .flags = BLOCK_RO, .nr_queues = 1, .queue_depth = DEPTH, .max_segments = 1,
	.request_timeout_ms = TIMEOUT_MS, .prefix = "faulty",
};

static int faulty_probe(struct device *dev)
{
	struct faulty *f = mem_alloc(dev, 1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		return err;
	f->dev = dev;
	device_set_priv(dev, f);
	err = mmio_map(dev, 0, 0, 0x100, MMIO_READ | MMIO_WRITE, &f->regs);
	if (err)
		return err;
	mmio_write32(&f->regs, EDU_IRQ_ACK, mmio_read32(&f->regs, EDU_IRQ_STATUS));
	probe_hang(f);
	err = irq_request(dev, 1);
	return err < 0 ? err : block_register(dev, &limits);
}

static void faulty_remove(struct device *dev)
{
	struct faulty *f = device_priv(dev);

	if (memory_get(f) == (HUNG | HANG_IN_REMOVE))
		spin();
	block_unregister(dev);
	mem_free(dev, f);
}

static const struct block_ops faulty_ops = { .submit = faulty_submit };

DRIVER(faulty_blk) = {
	.manifest = {
		MANIFEST_HEADER, .name = "faulty_blk", .version = "1.0", .author = "The Ferry authors", .description = "disk that goes wrong",
		.class_id = FERRY_CLASS_BLOCK, .needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ | FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PCI(0x1234, 0x11e8) },
	},
	.probe = faulty_probe, .remove = faulty_remove, .irq = faulty_irq, .timer = faulty_timer, .block = &faulty_ops,
};
