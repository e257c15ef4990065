// SPDX-License-Identifier: GPL-2.0
/* The kernel services that the stubs of arch/x86 call, as little of them as the tests need. One thread, no locks to wait for. */
#include "mock.h"
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <mm/vmap.h>
#include <asm/boot.h>
#include <asm/iommu.h>
#include <stdlib.h>

struct mock mock;
struct cpu cpus[CPUS_MAX];
static char window[4096];

void mock_reset(void)
{
	memset(&mock, 0, sizeof(mock));
	memset(cpus, 0, sizeof(cpus));
	mock.tsc_step = 1;
}

void klog(int level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	mock.logs++;
}

uint64_t spin_lock_irq(struct spinlock *lock)
{
	if (lock->locked)
		abort();
	lock->locked = 1;
	return 0;
}

void spin_unlock_irq(struct spinlock *lock, uint64_t flags)
{
	(void)flags;
	lock->locked = 0;
}

void *vmap_io(paddr_t p, uint64_t length)
{
	(void)p;
	(void)length;
	return mock.no_memory ? NULL : window;
}

void vunmap(void *v)
{
	(void)v;
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	t->fn = fn;
}

void timer_arm(struct timer *t, time_ns_t deadline)
{
	t->deadline = deadline;
	mock.timer = t;
	mock.timers_armed++;
}

bool timer_disarm(struct timer *t)
{
	(void)t;
	mock.timer = NULL;
	return true;
}

void boot_fail(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

/* No IOMMU. */
void iommu_init(void)
{
}

bool irq_remap_active(void)
{
	return mock.remaps;
}

int irq_remap_line(uint8_t ioapic, uint8_t vector, uint32_t apic, bool level, uint32_t *low, uint32_t *high)
{
	(void)apic;
	(void)level;
	if (ioapic != mock.remapped_ioapic)
		return -ENODEV;
	*low = vector;
	*high = 0x10000u | (uint32_t)vector << 17;
	return 0;
}

int irq_remap_message(const struct pci_function *f, uint8_t vector, uint32_t apic, uint64_t *address, uint32_t *data)
{
	(void)f;
	(void)apic;
	*address = 0xfee00010u | (uint64_t)vector << 5;
	*data = 0;
	return 0;
}

void irq_remap_clear(uint8_t vector)
{
	mock.remap_cleared = vector;
}
