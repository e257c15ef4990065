// SPDX-License-Identifier: GPL-2.0
/*
 * What the clock counts with, chosen at boot by clocksource=NAME: the TSC (unless told otherwise), the HPET's main counter (IA-PC HPET 1.0a
 * chapter 2) or the ACPI power management timer (ACPI 6.4 section 4.8.3.3). The last two are counters that begin anew: their time is added
 * up from look to look, and a timer looks before they come round. The vDSO counts with the TSC alone; with another source programs make
 * system calls. The local APIC's timer, which is set anew for each event, is what interrupts (timer.c); it cannot be chosen.
 */
#include <asm/acpi.h>
#include <asm/clock.h>
#include <asm/io.h>
#include <asm/math.h>
#include <asm/mmio.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <mm/vmap.h>
#include "clocksource.h"

#define HPET_TABLE_ADDRESS	44	/* in the table: the address of the block */
#define HPET_CAPABILITIES	0x000
#define HPET_CONFIGURATION	0x010
#define HPET_COUNTER		0x0f0
#define HPET_ENABLE		1u
#define HPET_LEG_RT_CNF		2u		/* timer 0 drives the line of the 8254, timer 1 that of the RTC */
#define HPET_LEG_RT_CAP		(1u << 15)
#define HPET_T0_CONFIGURATION	0x100
#define HPET_T0_COMPARATOR	0x108
#define HPET_TN_INT_TYPE	(1u << 1)	/* level */
#define HPET_TN_INT_ENB		(1u << 2)
#define HPET_TN_TYPE		(1u << 3)	/* periodic */
#define HPET_TN_PER_INT_CAP	(1u << 4)
#define HPET_TN_VAL_SET		(1u << 6)	/* the next write is the comparator's, and the one after it the period's */
#define HPET_TN_32MODE		(1u << 8)
#define HPET_SIZE		0x400
#define HPET_PERIOD_MAX		100000000u	/* fs, by the specification */
#define FS_PER_SEC		1000000000000000ull

#define FADT_PM_TIMER		76
#define FADT_PM_TIMER_LENGTH	91
#define FADT_FLAGS		112
#define FADT_TIMER_32_BIT	(1u << 8)
#define PM_TIMER_HZ		3579545ull

#define LOOK_NS			NSEC_PER_SEC	/* the smallest counter comes round in 4.6 s */

struct clocksource {
	const char *name;
	/* Find the device and start it; its rate and how many bits count. -ENODEV. */
	int (*start)(uint64_t *hz, unsigned int *bits);
	uint32_t (*read)(void);
};

static void *hpet;
static uint16_t pm_timer_port;

static uint32_t table_read(const struct acpi_header *table, uint32_t offset, uint32_t size)
{
	uint32_t v = 0;

	if (offset + size <= table->length)
		memcpy(&v, (const char *)table + offset, size);
	return v;
}

static uint32_t hpet_read(void)
{
	return mmio_read32(hpet, HPET_COUNTER);
}

static int hpet_start(uint64_t *hz, unsigned int *bits)
{
	const struct acpi_header *table = acpi_table("HPET");
	uint64_t base = table ? table_read(table, HPET_TABLE_ADDRESS, 4) | (uint64_t)table_read(table, HPET_TABLE_ADDRESS + 4, 4) << 32 : 0;
	uint32_t period;

	if (!hpet && base)
		hpet = vmap_io(base, HPET_SIZE);
	if (!hpet)
		return -ENODEV;
	period = mmio_read32(hpet, HPET_CAPABILITIES + 4);
	if (!period || period > HPET_PERIOD_MAX)
		return -ENODEV;
	mmio_write32(hpet, HPET_CONFIGURATION, mmio_read32(hpet, HPET_CONFIGURATION) | HPET_ENABLE);
	*hz = FS_PER_SEC / period;
	*bits = 32;
	return 0;
}

int hpet_pulse(unsigned int per_second)
{
	uint32_t config, period;
	unsigned int bits;
	uint64_t hz;

	if (hpet_start(&hz, &bits) || !(mmio_read32(hpet, HPET_CAPABILITIES) & HPET_LEG_RT_CAP))
		return -ENODEV;
	config = mmio_read32(hpet, HPET_T0_CONFIGURATION);
	if (!(config & HPET_TN_PER_INT_CAP))
		return -ENODEV;
	period = (uint32_t)(hz / per_second);
	mmio_write32(hpet, HPET_T0_CONFIGURATION, (config & ~HPET_TN_INT_TYPE) | HPET_TN_INT_ENB | HPET_TN_TYPE | HPET_TN_VAL_SET | HPET_TN_32MODE);
	mmio_write32(hpet, HPET_T0_COMPARATOR, hpet_read() + period);
	mmio_write32(hpet, HPET_T0_COMPARATOR, period);
	mmio_write32(hpet, HPET_CONFIGURATION, mmio_read32(hpet, HPET_CONFIGURATION) | HPET_LEG_RT_CNF);
	return 0;
}

static uint32_t pm_timer_read(void)
{
	return in32(pm_timer_port);
}

static int pm_timer_start(uint64_t *hz, unsigned int *bits)
{
	const struct acpi_header *fadt = acpi_table("FACP");

	if (!fadt || table_read(fadt, FADT_PM_TIMER_LENGTH, 1) != 4)
		return -ENODEV;
	pm_timer_port = (uint16_t)table_read(fadt, FADT_PM_TIMER, 4);
	*hz = PM_TIMER_HZ;
	*bits = table_read(fadt, FADT_FLAGS, 4) & FADT_TIMER_32_BIT ? 32 : 24;
	return pm_timer_port ? 0 : -ENODEV;
}

static const struct clocksource sources[] = {
	{ .name = "tsc" }, { .name = "hpet", hpet_start, hpet_read }, { .name = "acpi_pm", pm_timer_start, pm_timer_read },
};

static const struct clocksource *current_source = &sources[0];
static struct spinlock counter_lock = SPINLOCK_INIT("clocksource");
static struct clock_counter counter;	/* guarded by counter_lock */
static struct timer look;

static time_ns_t source_now(void)
{
	uint64_t flags = spin_lock_irq(&counter_lock);
	time_ns_t ns = clock_counter_advance(&counter, current_source->read());

	spin_unlock_irq(&counter_lock, flags);
	return ns;
}

static void look_again(struct timer *t)
{
	timer_arm(t, time_now() + LOOK_NS);
}

/* ---- Choosing ---- */

/* Counts on, in steps that are not all of it? */
static bool counts(const struct clocksource *s)
{
	uint32_t first = s->read();

	for (unsigned int i = 0; i < 100; i++) {
		time_delay_us(10);
		if (s->read() != first)
			return true;
	}
	return false;
}

static uint32_t mask_of(unsigned int bits)
{
	return bits == 32 ? UINT32_MAX : (1u << bits) - 1;
}

int clocksource_reference(struct clock_reference *ref)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct clocksource *s = &sources[i];
		unsigned int bits = 0;

		if (!s->start || s->start(&ref->hz, &bits) || !counts(s))
			continue;
		*ref = (struct clock_reference) { .name = s->name, .hz = ref->hz, .mask = mask_of(bits), .read = s->read };
		return 0;
	}
	return -ENODEV;
}

static int source_use(const struct clocksource *s)
{
	unsigned int bits = 0;
	uint64_t hz = 0;
	int err = s->start ? s->start(&hz, &bits) : 0;

	if (err || !s->start)
		return err;
	if (!counts(s))
		return -EIO;
	counter = (struct clock_counter){ .mask = mask_of(bits), .last = s->read(), .ns = time_now(), .hz = hz };
	current_source = s;
	clock_source = source_now;
	timer_init(&look, look_again);
	look_again(&look);
	log_info("clock: counting with %s, %llu kHz, %u bits", s->name, (unsigned long long)hz / 1000, bits);
	return 0;
}

static void source_choose(void)
{
	char name[16];

	if (!cmdline_get("clocksource", name, sizeof(name)))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		int err;

		if (strcmp(sources[i].name, name))
			continue;
		err = source_use(&sources[i]);
		if (err)
			log_warn("clock: %s cannot be had (%d), the TSC stays", name, err);
		return;
	}
	log_warn("clock: no source is called %s, the TSC stays", name);
}

/* ---- /sys and /proc ---- */

static void available_show(struct seq *s, void *priv)
{
	seq_puts(s, acpi_table("HPET") ? "tsc hpet" : "tsc");
	seq_puts(s, acpi_table("FACP") ? " acpi_pm\n" : "\n");
}

static void current_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s\n", current_source->name);
}

/* Two clocks at one moment, for tests: what the source says, and what the TSC says. */
static void clock_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s %llu tsc %llu\n", current_source->name, (unsigned long long)time_now(), (unsigned long long)clock_tsc_now());
}

static int clocksource_init(void)
{
	int err;

	source_choose();
	err = sys_create("devices/system/clocksource/clocksource0/available_clocksource", 0444, available_show, NULL);
	if (!err)
		err = sys_create("devices/system/clocksource/clocksource0/current_clocksource", 0444, current_show, NULL);
	return err ? err : proc_create("ferry/clock", 0444, clock_show, NULL);
}
INITCALL("2fs", clocksource_init);
