/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts: CPU vectors for MSI, lines (GSI) of the IOAPIC with sharing and masking. Handlers run with interrupts off on the
 * interrupted thread's stack and must not sleep.
 */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#include <kernel/types.h>

enum irq_line_result { LINE_NOT_MINE, LINE_HANDLED, LINE_KEEP_MASKED };

/* A free vector with its handler, or -ENOSPC. @name must stay valid. Any context but interrupts. */
int irq_vector_alloc(void (*fn)(void *arg), void *arg, const char *name);
/* No handler runs once it returns. */
void irq_vector_free(int vector);
/* MSI message (SDM volume 3 section 11.11) that raises @vector on CPU @cpu: fixed, edge. */
void irq_msi_message(int vector, unsigned int cpu, uint64_t *address, uint32_t *data);
/* The same for function @f, and for no other where interrupts are remapped. -errno: it can have none. */
struct pci_function;
int irq_msi_route(const struct pci_function *f, int vector, unsigned int cpu, uint64_t *address, uint32_t *data);

/*
 * Share line @gsi: level-triggered or edge, active low or high. Handlers of a line are asked in turn: any LINE_KEEP_MASKED leaves a
 * level line masked until irq_line_unmask() (a driver process will acknowledge later). A line nobody claims 100,000 times
 * in a row is masked for 100 ms and logged. Returns a cookie > 0 or -errno.
 */
int irq_line_request(unsigned int gsi, bool level, bool active_low, enum irq_line_result (*fn)(void *arg), void *arg, const char *name);
void irq_line_free(int cookie);
/* One LINE_KEEP_MASKED of this cookie is over; the line opens when every holder has done so. */
void irq_line_unmask(int cookie);
/* ISA IRQ number to GSI through the MADT's source overrides, with its trigger and polarity. */
void irq_isa_to_gsi(unsigned int isa, unsigned int *gsi, bool *level, bool *active_low);

/* Lines for /proc/interrupts: calls @fn for each vector and line in use. */
void irq_for_each(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg);

#endif
