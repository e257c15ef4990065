/* SPDX-License-Identifier: GPL-2.0 */
/* The interrupt controllers as arch/x86's files see them: irq.c on top of apic.c and ioapic.c; what acpi.c found in the MADT. */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include <kernel/cpu.h>
#include <kernel/types.h>

#define VECTOR_LEGACY		0x20	/* 16 of the silenced 8259s */
#define VECTOR_FIRST		0x30	/* for irq_vector_alloc() */
#define VECTOR_LAST		0xef
#define VECTOR_TIMER		0xf0
#define VECTOR_CALL		0xf1	/* another CPU's smp_call() */
#define VECTOR_KICK		0xf2	/* smp_kick() */
#define VECTOR_SPURIOUS		0xff

#define IOAPICS_MAX		8
#define ISA_IRQS		16

struct machine_ioapic {
	paddr_t address;
	uint32_t gsi_base;
	uint8_t id;
};

/* From the MADT, or what every PC has when there is none. */
struct machine_info {
	paddr_t lapic;
	unsigned int nr_cpus;		/* usable ones the firmware knows */
	unsigned int nr_apic_ids;	/* those of them that can be addressed and fit */
	uint32_t apic_ids[CPUS_MAX];
	unsigned int nr_ioapics;
	struct machine_ioapic ioapics[IOAPICS_MAX];
	struct {
		uint32_t gsi;
		bool level, active_low;
	} isa[ISA_IRQS];
};
extern struct machine_info machine_info;

/* apic.c */
int apic_init(void);
/* This CPU's own part, the boot CPU's included. */
void apic_start(void);
/* Interrupt the CPU with @target: a vector, or APIC_SEND_*. Any context. */
void apic_send(uint32_t target, uint32_t command);
#define APIC_SEND_NMI		0x4400u
#define APIC_SEND_INIT		0x4500u
#define APIC_SEND_START		0x4600u	/* with the number of a page below 1 MiB */
void apic_eoi(void);
uint32_t apic_id(void);
/* One-shot countdown to VECTOR_TIMER; 0 stops. And what is left of it. */
void apic_timer_set(uint32_t count);
uint32_t apic_timer_left(void);

/* ioapic.c. A line starts masked. -ENODEV: no IOAPIC has this GSI, or an IOMMU that remaps interrupts is to make NMIs of it. */
int ioapic_init(void);
int ioapic_route(unsigned int gsi, uint32_t vector, bool level, bool active_low);
#define IOAPIC_NMI		0x400u	/* in the place of a vector */
void ioapic_mask(unsigned int gsi, bool masked);
unsigned int ioapic_lines(void);	/* GSIs are below this */

/* irq.c: a handler for one of the kernel's own vectors. */
void irq_vector_set(unsigned int vector, void (*fn)(void *arg), void *arg, const char *name);
/* Wait until no CPU runs the handler of @vector. */
void irq_vector_drain(int vector);
uint64_t irq_vector_count(int vector);

/* nmi_pulse.c: from now on the boot CPU has NMI_PULSES NMIs a second. 0 or -ENODEV. Once, at boot. */
int nmi_pulse_start(void);
#define NMI_PULSES		18u
/* irq_line.c: the lines' part of irq_for_each(). */
void irq_line_for_each(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg);

#endif
