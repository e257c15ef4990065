// SPDX-License-Identifier: GPL-2.0
/* The driver API's promises, checked on the host shim: windows, ports, DMA memory, memory, interrupts, timers, faults. */
#include <string.h>
#include <driver/dma.h>
#include <driver/mem.h>
#include <driver/mmio.h>
#include <driver/port.h>
#include <driver/profile.h>
#include <driver/time.h>
#include <host/host.h>
#include <ktest.h>

KTEST_SUITE(shim_host);

/* A driver of a device that only these tests have; each test is its probe. */
static struct {
	int (*probe)(struct device *dev);
	unsigned int irqs, timers;
	enum irq_result irq_result;
	uint8_t registers[256];
} trial;

static int trial_probe(struct device *dev)
{
	return trial.probe ? trial.probe(dev) : 0;
}

static void trial_remove(struct device *dev)
{
	irq_release(dev);
}

static enum irq_result trial_irq(struct device *dev, unsigned int vector)
{
	(void)vector;
	trial.irqs++;
	if (trial.irq_result == IRQ_HANDLED)
		host_irq_level(dev, false);
	return trial.irq_result;
}

static void trial_timer(struct device *dev, unsigned int strand)
{
	(void)dev;
	(void)strand;
	trial.timers++;
}

DRIVER(host_trial) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "host_trial",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "What host_test.c tries the driver API with",
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_PORTS | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA | FERRY_NEEDS_CONFIG,
		.dma_bits = 64,
		.match = { MATCH_PCI(0xfe44, 0x0001) },
	},
	.probe = trial_probe,
	.remove = trial_remove,
	.irq = trial_irq,
	.timer = trial_timer,
};

static uint64_t trial_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	(void)model;
	(void)bar;
	memcpy(&value, trial.registers + offset % 128, size);
	return value;
}

static void trial_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	(void)model;
	(void)bar;
	memcpy(trial.registers + offset % 128, &value, size);
}

static uint8_t trial_config(void *model, uint32_t offset)
{
	(void)model;
	return (uint8_t)offset;
}

static const struct host_model_ops trial_ops = { .read = trial_read, .write = trial_write, .config_read = trial_config };

static struct host_setup trial_setup(void)
{
	return (struct host_setup){
		.name = "0000:00:09.0", .bus = FERRY_BUS_PCI, .vendor = 0xfe44, .device = 1, .nr_cpus = 2, .msix_vectors = 4,
		.bars = { { .length = 128, .io = true }, { .length = 4096 }, { .length = 4096 } },
		.msix_bar = 2, .msix_offset = 2048, .msix_length = 64, .ops = &trial_ops,
		.params = { { "size", "4K" }, { "bad", "12x" } },
	};
}

static struct device *trial_run(const struct host_setup *setup, int (*probe)(struct device *dev))
{
	struct device *dev = host_device_create(setup);

	memset(&trial, 0, sizeof(trial));
	trial.probe = probe;
	EXPECT_NOT_NULL(dev);
	EXPECT_EQ(host_probe(dev), 0);
	return dev;
}

static int probe_mmio_rules(struct device *dev)
{
	struct mmio win;

	EXPECT_EQ(mmio_map(dev, 6, 0, 0, MMIO_READ, &win), -EINVAL);
	EXPECT_EQ(mmio_map(dev, 0, 0, 0, MMIO_READ, &win), -EINVAL);
	EXPECT_EQ(mmio_map(dev, 3, 0, 0, MMIO_READ, &win), -EINVAL);
	EXPECT_EQ(mmio_map(dev, 1, 4096, 0, MMIO_READ, &win), -ERANGE);
	EXPECT_EQ(mmio_map(dev, 1, 4000, 100, MMIO_READ, &win), -ERANGE);
	EXPECT_EQ(mmio_map(dev, 1, 1, ~0ull, MMIO_READ, &win), -ERANGE);
	EXPECT_EQ(mmio_map(dev, 2, 2000, 100, MMIO_READ, &win), -EACCES);
	EXPECT_EQ(mmio_map(dev, 2, 2112, 0, MMIO_READ, &win), 0);
	mmio_unmap(&win);
	return 0;
}

KTEST_CASE(mmio_map_checks_its_range)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_mmio_rules)), 0);
}

static int probe_mmio_faults(struct device *dev)
{
	struct mmio win;
	uint32_t value;

	EXPECT_EQ(mmio_map(dev, 1, 16, 32, MMIO_READ, &win), 0);
	EXPECT_EQ(mmio_try_read32(&win, 32, &value), -ERANGE);
	EXPECT_EQ(mmio_try_read32(&win, 2, &value), -ERANGE);
	EXPECT_EQ(mmio_try_write32(&win, 0, 1), -EACCES);
	EXPECT_EQ(value, 0xffffffff);
	EXPECT_FALSE(host_is_failed(dev));
	EXPECT_EQ(mmio_read64(&win, 28), ~0ull);
	EXPECT_TRUE(host_take_fault(dev, "mmio read outside its window"));
	mmio_write8(&win, 0, 1);
	EXPECT_TRUE(host_take_fault(dev, "mmio write outside its window"));
	mmio_unmap(&win);
	EXPECT_EQ(mmio_try_read32(&win, 0, &value), -EACCES);
	return 0;
}

KTEST_CASE(mmio_access_outside_its_window_is_a_fault)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_mmio_faults)), 0);
}

static int probe_mmio_update(struct device *dev)
{
	struct mmio win;

	EXPECT_EQ(mmio_map(dev, 1, 0, 0, MMIO_READ | MMIO_WRITE, &win), 0);
	mmio_write32(&win, 0, 0xf0f0f0f0);
	mmio_update32(&win, 0, 0xff, 0x05);
	EXPECT_EQ(mmio_read32(&win, 0), 0xf0f0f005);
	mmio_unmap(&win);
	return 0;
}

KTEST_CASE(register_update_changes_only_its_bits)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_mmio_update)), 0);
}

static int probe_ports(struct device *dev)
{
	struct port win;

	EXPECT_EQ(port_map(dev, 1, 0, 0, &win), -EINVAL);
	EXPECT_EQ(port_map(dev, 0, 120, 9, &win), -ERANGE);
	EXPECT_EQ(port_map_fixed(dev, 0x60, 1, &win), -EACCES);
	EXPECT_EQ(port_map(dev, 0, 64, 0, &win), 0);
	port_out32(&win, 0, 0x12345678);
	EXPECT_EQ(port_in16(&win, 2), 0x1234);
	EXPECT_EQ(port_in8(&win, 64), 0xff);
	EXPECT_TRUE(host_take_fault(dev, "port read outside its window"));
	port_out32(&win, 61, 0);
	EXPECT_TRUE(host_take_fault(dev, "port write outside its window"));
	port_unmap(&win);
	return 0;
}

KTEST_CASE(port_access_outside_its_window_is_a_fault)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_ports)), 0);
}

static int probe_dma(struct device *dev)
{
	struct dma_buf buf;
	uint8_t bytes[8] = { 1, 2, 3 };

	EXPECT_EQ(dma_alloc(dev, 0, 0, &buf), -EINVAL);
	EXPECT_EQ(dma_alloc(dev, 100, 3, &buf), -EINVAL);
	EXPECT_EQ(dma_alloc(dev, 100, 65536, &buf), 0);
	EXPECT_EQ(buf.address % 65536, 0);
	EXPECT_EQ(dma_read32(&buf, 96), 0);
	EXPECT_EQ(dma_read32(&buf, 100), ~0u);
	EXPECT_TRUE(host_take_fault(dev, "dma memory access outside"));
	EXPECT_EQ(dma_read32(&buf, 2), ~0u);
	EXPECT_TRUE(host_take_fault(dev, "dma memory access outside"));
	EXPECT_EQ(dma_copy_in(&buf, 96, bytes, 8), -ERANGE);
	EXPECT_EQ(dma_copy_in(&buf, 92, bytes, 8), 0);
	EXPECT_EQ(dma_read8(&buf, 94), 3);
	EXPECT_EQ(host_dma_read(dev, buf.address + 92, bytes, 8), 0);
	EXPECT_EQ(host_dma_write(dev, buf.address + 93, bytes, 8), -EFAULT);
	EXPECT_EQ(host_wild_dma(dev), 1);
	host_forget_wild_dma(dev);
	dma_free(&buf);
	return 0;
}

KTEST_CASE(dma_memory_ends_at_its_length_for_both_sides)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_dma)), 0);
}

static int probe_mem(struct device *dev)
{
	void *some = mem_alloc(dev, 4, 100);

	EXPECT_NULL(mem_alloc(dev, SIZE_MAX / 2, 4));
	EXPECT_NULL(mem_alloc(dev, 1, 1000));
	EXPECT_NOT_NULL(some);
	mem_free(dev, some);
	mem_free(dev, NULL);
	return 0;
}

KTEST_CASE(memory_is_limited_and_overflow_checked)
{
	struct host_setup setup = trial_setup();

	setup.memory_limit = 1000 - 1;
	EXPECT_EQ(host_close(trial_run(&setup, probe_mem)), 0);
}

static int probe_leak(struct device *dev)
{
	struct mmio win;
	struct dma_buf buf;

	EXPECT_NOT_NULL(mem_alloc(dev, 1, 10));
	EXPECT_EQ(dma_alloc(dev, 10, 0, &buf), 0);
	return mmio_map(dev, 1, 0, 0, MMIO_READ, &win);
}

KTEST_CASE(what_remove_leaves_behind_is_counted)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_device_destroy(trial_run(&setup, probe_leak)).leaks, 3);
}

static int probe_irqs(struct device *dev)
{
	EXPECT_EQ(irq_request(dev, 3), 3);
	EXPECT_EQ(irq_request(dev, 3), -EBUSY);
	EXPECT_EQ(irq_kind(dev), IRQ_KIND_MSIX);
	EXPECT_EQ(device_strands(dev, DEVICE_STRANDS_MAX + 1), -EINVAL);
	EXPECT_EQ(device_strands(dev, 2), 0);
	EXPECT_EQ(irq_route(dev, 3, 0), -EINVAL);
	EXPECT_EQ(irq_route(dev, 2, 2), -EINVAL);
	return irq_route(dev, 2, 1);
}

KTEST_CASE(messages_are_delivered_after_probe)
{
	struct host_setup setup = trial_setup();
	struct device *dev = trial_run(&setup, probe_irqs);

	host_irq_raise(dev, 2);
	host_irq_raise(dev, 3);
	EXPECT_EQ(trial.irqs, 0);
	host_settle(dev);
	EXPECT_EQ(trial.irqs, 1);
	EXPECT_EQ(host_close(dev), 0);
}

static int probe_line(struct device *dev)
{
	return irq_request(dev, 3) == 1 ? 0 : -EIO;
}

KTEST_CASE(line_is_delivered_until_it_is_low)
{
	struct host_setup setup = trial_setup();
	struct device *dev;

	setup.msix_vectors = 0;
	setup.intx = true;
	dev = trial_run(&setup, probe_line);
	trial.irq_result = IRQ_HANDLED;
	host_irq_level(dev, true);
	host_settle(dev);
	EXPECT_EQ(trial.irqs, 1);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(line_that_nobody_quiets_is_a_storm)
{
	struct host_setup setup = trial_setup();
	struct device *dev;

	setup.msix_vectors = 0;
	setup.intx = true;
	dev = trial_run(&setup, probe_line);
	host_irq_level(dev, true);
	host_settle(dev);
	EXPECT_EQ(host_device_destroy(dev).storms, 1);
}

static int probe_timers(struct device *dev)
{
	EXPECT_EQ(device_strands(dev, 2), 0);
	timer_set(dev, 0, 100);
	timer_set(dev, 1, 50);
	timer_cancel(dev, 1);
	return 0;
}

KTEST_CASE(timer_runs_once_and_not_early)
{
	struct host_setup setup = trial_setup();
	struct device *dev = trial_run(&setup, probe_timers);

	host_run(dev, 99);
	EXPECT_EQ(trial.timers, 0);
	host_run(dev, 1000);
	EXPECT_EQ(trial.timers, 1);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(timer_is_late_when_the_machine_is_busy)
{
	struct host_setup setup = trial_setup();
	struct device *dev;

	host_timers_late(5000);
	dev = trial_run(&setup, probe_timers);
	host_run(dev, 5000);
	EXPECT_EQ(trial.timers, 0);
	host_run(dev, 1000);
	EXPECT_EQ(trial.timers, 1);
	host_timers_late(0);
	EXPECT_EQ(host_close(dev), 0);
}

static bool never(void *arg)
{
	(*(unsigned int *)arg)++;
	return false;
}

static int probe_poll(struct device *dev)
{
	uint64_t before = time_now_us();
	unsigned int polls = 0;

	EXPECT_EQ(time_poll(dev, never, &polls, 5000), -ETIMEDOUT);
	EXPECT_GE(time_now_us() - before, 5000);
	EXPECT_GT(polls, 5);
	return 0;
}

KTEST_CASE(poll_gives_up_after_its_timeout)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_poll)), 0);
}

static int probe_config(struct device *dev)
{
	uint32_t value;

	EXPECT_EQ(pci_config_read(dev, 0x10, 4, &value), 0);
	EXPECT_EQ(value, 0x13121110);
	EXPECT_EQ(pci_config_read(dev, 0x11, 2, &value), -EINVAL);
	EXPECT_EQ(pci_config_read(dev, 0x10, 3, &value), -EINVAL);
	EXPECT_EQ(pci_config_read(dev, 256, 1, &value), -ERANGE);
	EXPECT_EQ(pci_config_write(dev, 0x10, 4, 0), -EACCES);
	EXPECT_EQ(device_param(dev, "size", 1), 4096);
	EXPECT_EQ(device_param(dev, "bad", 7), 7);
	EXPECT_EQ(device_param(dev, "none", 9), 9);
	return 0;
}

KTEST_CASE(configuration_space_and_parameters_are_checked)
{
	struct host_setup setup = trial_setup();

	EXPECT_EQ(host_close(trial_run(&setup, probe_config)), 0);
}

KTEST_CASE(device_without_a_driver_is_not_created)
{
	struct host_setup setup = trial_setup();

	setup.device = 2;
	EXPECT_NULL(host_device_create(&setup));
}

extern const struct driver *const __start_ferry_drivers[], *const __stop_ferry_drivers[];

KTEST_CASE(every_driver_says_what_it_is_and_who_made_it)
{
	for (const struct driver *const *d = __start_ferry_drivers; d < __stop_ferry_drivers; d++) {
		const struct ferry_manifest *m = &(*d)->manifest;

		EXPECT_TRUE(m->name[0] && m->version[0] && m->author[0] && m->description[0]);
		EXPECT_TRUE((*d)->probe && (*d)->remove);
	}
	EXPECT_TRUE(__stop_ferry_drivers - __start_ferry_drivers >= 6);
}

int __asan_address_is_poisoned(const volatile void *at);

KTEST_CASE(freed_memory_and_gaps_are_watched)
{
	uint8_t *first = host_alloc(100), *second = host_alloc(8);

	EXPECT_TRUE(!__asan_address_is_poisoned(first + 99) && __asan_address_is_poisoned(first + 100));
	EXPECT_TRUE(__asan_address_is_poisoned(second - 1));
	host_free(first);
	EXPECT_TRUE(__asan_address_is_poisoned(first) && __asan_address_is_poisoned(first + 99));
	EXPECT_TRUE(!__asan_address_is_poisoned(second + 7));
	host_free(second);
}

KTEST_CASE(freed_memory_comes_back_only_when_none_is_left_and_zeroed)
{
	uint8_t *kept = host_alloc(16), *first = host_alloc(64), *second;
	uint8_t bits = 0;

	memset(first, 0xff, 64);
	host_free(first);
	second = host_alloc(64);
	EXPECT_TRUE(second != first);
	memset(second, 0xff, 64);
	host_free(second);
	host_free(kept);
	first = host_alloc(4096);
	for (unsigned int i = 0; i < 4096; i++)
		bits |= first[i];
	EXPECT_EQ(bits, 0);
	host_free(first);
}

KTEST_CASE(what_does_not_fit_comes_from_elsewhere)
{
	uint8_t *big = host_alloc(32u << 20);

	EXPECT_TRUE(big && !big[0] && !big[(32u << 20) - 1]);
	host_free(big);
}

static int leave_early(int how)
{
	PROFILE_SCOPE("early");

	if (how == 1)
		return 1;
	for (;;) {
		PROFILE_SCOPE("inner");
		if (how == 2)
			return 2;
		break;
	}
	return 3;
}

KTEST_CASE(profile_scope_ends_however_it_is_left)
{
	EXPECT_EQ(leave_early(1) + leave_early(2) + leave_early(3), 6);
	EXPECT_EQ(host_profile("early").count, 3);
	EXPECT_EQ(host_profile("inner").count, 2);
	EXPECT_EQ(host_profile("nothing").count, 0);
}
