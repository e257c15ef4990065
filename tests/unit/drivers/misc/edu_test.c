// SPDX-License-Identifier: GPL-2.0
/* edu against a model of the device: registers, a factorial and a transfer that each take time, and a device that lies. */
#include <string.h>
#include <ktest.h>
#include <host/host.h>
#include <uapi/ferry/edu.h>

KTEST_SUITE(edu);

#define WORK_TICKS	3u

static struct model {
	struct device *dev;
	uint32_t id, live, fact, status, irq_status, forced_irq;
	uint64_t from, to, count, command;
	uint8_t buffer[4096];
	unsigned int fact_left, dma_left;	/* ticks */
	bool broken_live, dead;
} model;

static uint8_t data[EDU_BUFFER_BYTES];

static void irq_raise(struct model *m, uint32_t bits)
{
	m->irq_status |= bits;
	host_irq_level(m->dev, true);
}

static uint64_t model_read(void *arg, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct model *m = arg;

	switch (offset) {
	case 0x00: return m->id;
	case 0x04: return m->broken_live ? 0 : m->live;
	case 0x08: return m->fact;
	case 0x20: return m->status | (m->fact_left ? 1 : 0);
	case 0x24: return m->irq_status;
	case 0x98: return m->command | (m->dma_left ? 1 : 0);
	}
	return 0;
}

static void model_write(void *arg, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct model *m = arg;

	switch (offset) {
	case 0x04: m->live = ~(uint32_t)value; break;
	case 0x08: m->fact = (uint32_t)value; m->fact_left = WORK_TICKS; break;
	case 0x20: m->status = (uint32_t)value & 0x80; break;
	case 0x64:
		m->irq_status &= ~(uint32_t)value;
		host_irq_level(m->dev, m->irq_status);
		break;
	case 0x80: m->from = value; break;
	case 0x88: m->to = value; break;
	case 0x90: m->count = value; break;
	case 0x98: m->command = value & ~1ull; m->dma_left = WORK_TICKS; break;
	}
}

static void factorial_end(struct model *m)
{
	uint32_t n = m->fact;

	for (m->fact = 1; n > 1; n--)
		m->fact *= n;
	if (m->status & 0x80)
		irq_raise(m, 0x1);
}

static void dma_end(struct model *m)
{
	uint64_t inside = (m->command & 2 ? m->from : m->to) - 0x40000;

	if (inside > sizeof(m->buffer) || m->count > sizeof(m->buffer) - 1 - inside) {
		EXPECT_TRUE(!"a transfer outside the buffer ends the machine");
		return;
	}
	if (m->command & 2)
		host_dma_write(m->dev, m->to, m->buffer + inside, (uint32_t)m->count);
	else
		host_dma_read(m->dev, m->from, m->buffer + inside, (uint32_t)m->count);
	if (m->command & 4)
		irq_raise(m, 0x100);
}

static bool model_tick(void *arg)
{
	struct model *m = arg;
	bool worked = (m->fact_left || m->dma_left) && !m->dead;

	if (!worked)
		return false;
	if (m->fact_left && !--m->fact_left)
		factorial_end(m);
	if (m->dma_left && !--m->dma_left)
		dma_end(m);
	return true;
}

static const struct host_model_ops model_ops = { .read = model_read, .write = model_write, .tick = model_tick };

static struct device *edu_create(void)
{
	struct host_setup setup = {
		.name = "0000:00:04.0", .bus = FERRY_BUS_PCI, .vendor = 0x1234, .device = 0x11e8, .intx = true, .nr_cpus = 1,
		.bars = { { .length = 1 << 20 } }, .dma_base = 0x100000, .ops = &model_ops, .model = &model,
	};

	memset(&model, 0, sizeof(model));
	model.id = 0x010000ed;
	model.dev = host_device_create(&setup);
	return model.dev;
}

static struct device *edu_probe(void)
{
	struct device *dev = edu_create();

	if (dev && host_probe(dev)) {
		host_close(dev);
		return NULL;
	}
	return dev;
}

static int64_t ask(struct device *dev, uint32_t command, uint32_t *value)
{
	return host_misc_do(dev, MISC_IOCTL, command, 0, value, sizeof(*value));
}

KTEST_CASE(edu_registers_one_request_at_a_time)
{
	struct device *dev = edu_probe();

	ASSERT_NOT_NULL(dev);
	ASSERT_NOT_NULL(host_misc_limits(dev));
	EXPECT_EQ(host_misc_limits(dev)->depth, 1);
	EXPECT_STREQ(host_misc_limits(dev)->name, "edu");
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_factorial_comes_by_interrupt)
{
	struct device *dev = edu_probe();
	uint32_t value = 10;

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(ask(dev, EDU_FACTORIAL, &value), 0);
	EXPECT_EQ(value, 3628800);
	EXPECT_EQ(host_irq_count(dev, 0), 1);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_factorial_of_13_is_refused)
{
	struct device *dev = edu_probe();
	uint32_t value = 13;

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(ask(dev, EDU_FACTORIAL, &value), -EINVAL);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_unknown_command_is_refused)
{
	struct device *dev = edu_probe();
	uint32_t value = 0;

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(ask(dev, 0xc0046509, &value), -ENOTTY);
	EXPECT_EQ(host_misc_do(dev, MISC_IOCTL, EDU_LIVENESS, 0, NULL, 0), -ENOTTY);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_buffer_keeps_what_is_written)
{
	struct device *dev = edu_probe();
	uint8_t back[100];

	ASSERT_NOT_NULL(dev);
	for (unsigned int i = 0; i < sizeof(back); i++)
		data[i] = (uint8_t)(i * 3);
	EXPECT_EQ(host_misc_do(dev, MISC_WRITE, 0, 200, data, sizeof(back)), sizeof(back));
	EXPECT_EQ(host_misc_do(dev, MISC_READ, 0, 200, back, sizeof(back)), sizeof(back));
	EXPECT_EQ(memcmp(back, data, sizeof(back)), 0);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_transfer_past_the_end_is_refused)
{
	struct device *dev = edu_probe();

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_misc_do(dev, MISC_READ, 0, EDU_BUFFER_BYTES - 4, data, 5), -EINVAL);
	EXPECT_EQ(host_misc_do(dev, MISC_WRITE, 0, 1ull << 40, data, 1), -EINVAL);
	EXPECT_EQ(host_misc_do(dev, MISC_READ, 0, 0, data, EDU_BUFFER_BYTES), EDU_BUFFER_BYTES);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_interrupt_without_a_request_is_quieted)
{
	struct device *dev = edu_probe();

	ASSERT_NOT_NULL(dev);
	irq_raise(&model, 0x101);
	host_run(dev, 1000);
	EXPECT_EQ(model.irq_status, 0);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_interrupt_of_the_other_kind_completes_nothing)
{
	struct device *dev = edu_probe();
	struct host_misc_request rq = { .op = MISC_READ, .data = data, .length = 8 };

	ASSERT_NOT_NULL(dev);
	model.dead = true;
	host_misc_submit(dev, &rq);
	irq_raise(&model, 0x1);
	host_run(dev, 1000);
	EXPECT_FALSE(rq.done);
	model.dead = false;
	host_run(dev, 1000);
	EXPECT_TRUE(rq.done && rq.result == 8);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_probe_waits_for_what_a_predecessor_left)
{
	struct device *dev = edu_create();

	ASSERT_NOT_NULL(dev);
	model.dma_left = 40;
	model.from = 0x40000;
	model.command = 2;
	EXPECT_EQ(host_probe(dev), 0);
	EXPECT_EQ(model.dma_left, 0);
	host_forget_wild_dma(dev);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_that_never_gets_quiet_is_given_up)
{
	struct device *dev = edu_create();

	ASSERT_NOT_NULL(dev);
	model.dead = true;
	model.fact_left = 1;
	EXPECT_EQ(host_probe(dev), -ENXIO);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_without_life_is_refused)
{
	struct device *dev = edu_create();

	ASSERT_NOT_NULL(dev);
	model.broken_live = true;
	EXPECT_EQ(host_probe(dev), -ENXIO);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(edu_with_another_identification_is_not_ours)
{
	struct device *dev = edu_create();

	ASSERT_NOT_NULL(dev);
	model.id = UINT32_MAX;
	EXPECT_EQ(host_probe(dev), -ENODEV);
	EXPECT_EQ(host_close(dev), 0);
}
