// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that units record (VT-d 4.1 section 7.3): logged with the device's name, counted, cleared. A flood cannot livelock: an interrupt
 * masks the unit's next one and a timer opens it 10 ms later, each looks at every record once, and the log takes ten lines a second.
 * A device without a driver, or with a dead one, reports nothing at all (vtd_domain.c). What is done about a fault is not decided here.
 */
#include <asm/apic.h>
#include <asm/irq.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <lib/format.h>
#include "vtd.h"

#define CONTROL_MASKED		(1u << 31)
#define STATUS_LOST		1u
#define RECORD_VALID		(1u << 31)	/* of the fourth dword */
#define RECORD_READ		(1u << 30)
#define REASON_INTERRUPT	0x20u		/* and above: remapping of interrupts */
#define PAUSE_NS		(10 * NSEC_PER_MSEC)
#define LINES_A_SECOND		10u

static struct {
	struct spinlock lock;
	time_ns_t until;
	unsigned int lines;
	uint64_t dropped;
} limit = { .lock = SPINLOCK_INIT("vtd faults") };

static bool line_allowed(void)
{
	uint64_t flags = spin_lock_irq(&limit.lock), dropped = 0;
	time_ns_t now = time_now();
	bool allowed;

	if (now >= limit.until) {
		dropped = limit.dropped;
		limit.until = now + NSEC_PER_SEC;
		limit.lines = LINES_A_SECOND;
		limit.dropped = 0;
	}
	allowed = limit.lines;
	limit.lines -= allowed;
	limit.dropped += !allowed;
	spin_unlock_irq(&limit.lock, flags);
	if (dropped)
		log_warn("iommu: %llu more faults", (unsigned long long)dropped);
	return allowed;
}

static void fault_report(struct vtd_unit *u, uint64_t address, uint16_t source, uint8_t reason, bool read)
{
	const char *driver;
	struct device *dev;
	char name[16];

	u->faults++;
	format_text(name, sizeof(name), "%04x:%02x:%02x.%x", u->dmar->segment, source >> 8, source >> 3 & 31, source & 7);
	dev = device_find(name);
	if (dev)
		__atomic_add_fetch(&dev->counters.faults, 1, __ATOMIC_RELAXED);
	driver = dev && dev->driver_name[0] ? dev->driver_name : "-";
	if (!line_allowed())
		;
	else if (reason >= REASON_INTERRUPT)
		log_warn("iommu: device %s: driver=%s interrupt blocked: entry=%u reason=0x%x", name, driver, (unsigned int)(address >> 48),
			 reason);
	else
		log_warn("iommu: device %s: driver=%s dma %s address=0x%llx blocked: reason=0x%x", name, driver, read ? "read" : "write",
			 (unsigned long long)address, reason);
	device_put(dev);
}

static void records_take(struct vtd_unit *u)
{
	for (uint32_t i = 0; i < u->nr_faults; i++) {
		uint32_t at = u->fault_offset + i * 16, high = vtd_read(u, at + 12);
		uint64_t address = vtd_read64(u, at);
		uint16_t source = (uint16_t)vtd_read(u, at + 8);

		if (!(high & RECORD_VALID))
			continue;
		vtd_write(u, at + 12, RECORD_VALID);
		fault_report(u, address, source, (uint8_t)high, high & RECORD_READ);
	}
	vtd_write(u, REG_FAULT_STATUS, STATUS_LOST);
}

static void pause_over(struct timer *t)
{
	struct vtd_unit *u = container_of(t, struct vtd_unit, fault_timer);

	records_take(u);
	vtd_write(u, REG_FAULT_CONTROL, 0);
}

static void fault_interrupt(void *arg)
{
	struct vtd_unit *u = arg;

	vtd_write(u, REG_FAULT_CONTROL, CONTROL_MASKED);
	records_take(u);
	timer_arm(&u->fault_timer, time_now() + PAUSE_NS);
}

/* The unit's own message is not remapped (section 5.1.5). */
int vtd_fault_start(struct vtd_unit *u)
{
	int vector = irq_vector_alloc(fault_interrupt, u, "iommu");
	uint64_t address;
	uint32_t data;

	if (vector < 0)
		return vector;
	timer_init(&u->fault_timer, pause_over);
	irq_msi_message(vector, 0, &address, &data);
	vtd_write(u, REG_FAULT_DATA, data);
	vtd_write(u, REG_FAULT_ADDRESS, (uint32_t)address);
	vtd_write(u, REG_FAULT_ADDRESS_HIGH, 0);
	records_take(u);
	vtd_write(u, REG_FAULT_CONTROL, 0);
	return 0;
}
