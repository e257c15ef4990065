// SPDX-License-Identifier: GPL-2.0
/*
 * Stub: IOAPICs (82093AA data sheet section 3). Registers go through an index and a data window, so one lock guards them all. Every
 * line goes to the boot CPU.
 */
#include <asm/apic.h>
#include <asm/iommu.h>
#include <asm/mmio.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <mm/vmap.h>

#define WINDOW_INDEX	0x00
#define WINDOW_DATA	0x10
#define WINDOW_SIZE	0x20
#define REG_VERSION	0x01
#define REG_ENTRY(n)	(0x10 + 2 * (n))
#define ENTRY_LOW	0x2000		/* active low */
#define ENTRY_LEVEL	0x8000
#define ENTRY_MASKED	0x10000
#define LINES_MAX	240u

struct ioapic {
	void *window;
	uint32_t gsi_base, lines;
	uint8_t id;
};

static struct ioapic ioapics[IOAPICS_MAX];
static unsigned int nr_ioapics;
static struct spinlock ioapic_lock = SPINLOCK_INIT("ioapic");

static uint32_t reg_read(const struct ioapic *io, uint32_t reg)
{
	mmio_write32(io->window, WINDOW_INDEX, reg);
	return mmio_read32(io->window, WINDOW_DATA);
}

static void reg_write(const struct ioapic *io, uint32_t reg, uint32_t v)
{
	mmio_write32(io->window, WINDOW_INDEX, reg);
	mmio_write32(io->window, WINDOW_DATA, v);
}

static struct ioapic *ioapic_of(unsigned int gsi)
{
	unsigned int i;

	for (i = 0; i < nr_ioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

/* An absent IOAPIC reads as all ones. */
static void ioapic_add(const struct machine_ioapic *m)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	uint32_t version, i;

	io->window = vmap_io(m->address, WINDOW_SIZE);
	version = io->window ? reg_read(io, REG_VERSION) : ~0u;
	if (version == ~0u || version == 0) {
		log_warn("ioapic: none at 0x%llx", (unsigned long long)m->address);
		return;
	}
	io->gsi_base = m->gsi_base;
	io->id = m->id;
	io->lines = MIN((version >> 16 & 0xff) + 1, LINES_MAX);
	for (i = 0; i < io->lines; i++)
		reg_write(io, REG_ENTRY(i), ENTRY_MASKED);
	nr_ioapics++;
}

int ioapic_init(void)
{
	unsigned int i;

	nr_ioapics = 0;
	for (i = 0; i < machine_info.nr_ioapics; i++)
		ioapic_add(&machine_info.ioapics[i]);
	return nr_ioapics ? 0 : -ENODEV;
}

unsigned int ioapic_lines(void)
{
	unsigned int i, end = 0;

	for (i = 0; i < nr_ioapics; i++)
		end = MAX(end, ioapics[i].gsi_base + ioapics[i].lines);
	return end;
}

int ioapic_route(unsigned int gsi, uint32_t vector, bool level, bool active_low)
{
	struct ioapic *io = ioapic_of(gsi);
	uint32_t n, low = vector, high = cpus[0].apic_id << 24;
	uint64_t flags;

	if (!io)
		return -ENODEV;
	if (irq_remap_active() && (vector == IOAPIC_NMI || irq_remap_line(io->id, (uint8_t)vector, cpus[0].apic_id, level, &low, &high)))
		return -ENODEV;
	n = gsi - io->gsi_base;
	low |= ENTRY_MASKED;
	low |= level ? ENTRY_LEVEL : 0;
	low |= active_low ? ENTRY_LOW : 0;
	flags = spin_lock_irq(&ioapic_lock);
	reg_write(io, REG_ENTRY(n), ENTRY_MASKED);
	reg_write(io, REG_ENTRY(n) + 1, high);
	reg_write(io, REG_ENTRY(n), low);
	spin_unlock_irq(&ioapic_lock, flags);
	return 0;
}

void ioapic_mask(unsigned int gsi, bool masked)
{
	struct ioapic *io = ioapic_of(gsi);
	uint32_t n, low;
	uint64_t flags;

	if (!io)
		return;
	n = gsi - io->gsi_base;
	flags = spin_lock_irq(&ioapic_lock);
	low = reg_read(io, REG_ENTRY(n)) & ~ENTRY_MASKED;
	reg_write(io, REG_ENTRY(n), low | (masked ? ENTRY_MASKED : 0));
	spin_unlock_irq(&ioapic_lock, flags);
}
