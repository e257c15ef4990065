// SPDX-License-Identifier: GPL-2.0
/*
 * Stub: the local APIC (SDM volume 3 chapter 11) in its memory-mapped mode, its timer, and the two 8259s, which are moved off the
 * exception vectors and masked for good.
 */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/mmio.h>
#include <asm/msr.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <mm/vmap.h>

#define APIC_ID			0x020
#define APIC_TPR		0x080
#define APIC_EOI		0x0b0
#define APIC_SPURIOUS		0x0f0
#define APIC_ICR_LOW		0x300
#define APIC_ICR_HIGH		0x310
#define APIC_LVT_TIMER		0x320
#define APIC_LVT_LINT0		0x350
#define APIC_LVT_LINT1		0x360
#define APIC_LVT_ERROR		0x370
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_CURRENT	0x390
#define APIC_TIMER_DIVIDE	0x3e0
#define APIC_SIZE		0x1000

#define ICR_PENDING		0x1000
#define ICR_ASSERT		0x4000
#define ICR_TURNS		100000u
#define SPURIOUS_ENABLE		0x100
#define LVT_MASKED		0x10000
#define LVT_NMI			0x400
#define DIVIDE_BY_16		0x3
#define BASE_X2APIC		0x400ull
#define BASE_ENABLE		0x800ull

#define PIC1_COMMAND		0x20
#define PIC1_DATA		0x21
#define PIC2_COMMAND		0xa0
#define PIC2_DATA		0xa1
#define PIC_INIT		0x11	/* ICW1: edge, cascade, ICW4 follows */
#define PIC_8086		0x01

static void *apic;

/* 8259A data sheet: ICW1-4, then all masked. A spurious interrupt may still come, at VECTOR_LEGACY + 7 or + 15. */
static void pics_silence(void)
{
	out8(PIC1_COMMAND, PIC_INIT);
	out8(PIC2_COMMAND, PIC_INIT);
	out8(PIC1_DATA, VECTOR_LEGACY);
	out8(PIC2_DATA, VECTOR_LEGACY + 8);
	out8(PIC1_DATA, 4);
	out8(PIC2_DATA, 2);
	out8(PIC1_DATA, PIC_8086);
	out8(PIC2_DATA, PIC_8086);
	out8(PIC1_DATA, 0xff);
	out8(PIC2_DATA, 0xff);
}

/* Firmware may have left x2APIC mode on; the way back leads through off (SDM volume 3 section 11.12.5). */
static void base_enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & BASE_X2APIC)
		wrmsr(MSR_APIC_BASE, base & ~(BASE_X2APIC | BASE_ENABLE));
	wrmsr(MSR_APIC_BASE, (base & ~BASE_X2APIC) | BASE_ENABLE);
}

void apic_start(void)
{
	base_enable();
	mmio_write32(apic, APIC_TPR, 0);
	mmio_write32(apic, APIC_LVT_TIMER, LVT_MASKED);
	mmio_write32(apic, APIC_LVT_LINT0, LVT_MASKED);
	mmio_write32(apic, APIC_LVT_LINT1, LVT_NMI);
	mmio_write32(apic, APIC_LVT_ERROR, LVT_MASKED);
	mmio_write32(apic, APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	mmio_write32(apic, APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	mmio_write32(apic, APIC_LVT_TIMER, VECTOR_TIMER);
}

int apic_init(void)
{
	pics_silence();
	apic = vmap_io(machine_info.lapic, APIC_SIZE);
	if (!apic)
		return -ENOMEM;
	apic_start();
	cpus[0].apic_id = apic_id();
	return 0;
}

/* A fixed vector is asserted, too (SDM volume 3 section 11.6.1). The register must be free before it is written. */
void apic_send(uint32_t target, uint32_t command)
{
	uint64_t flags = irq_save();

	for (unsigned int turns = 0; turns < ICR_TURNS && mmio_read32(apic, APIC_ICR_LOW) & ICR_PENDING; turns++)
		cpu_relax();
	mmio_write32(apic, APIC_ICR_HIGH, target << 24);
	mmio_write32(apic, APIC_ICR_LOW, command | ICR_ASSERT);
	irq_restore(flags);
}

void apic_eoi(void)
{
	mmio_write32(apic, APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	return mmio_read32(apic, APIC_ID) >> 24;
}

void apic_timer_set(uint32_t count)
{
	mmio_write32(apic, APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
	return mmio_read32(apic, APIC_TIMER_CURRENT);
}
