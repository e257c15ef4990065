/* SPDX-License-Identifier: GPL-2.0 */
/* Registers in memory of the kernel's own devices (local APIC, IOAPIC). Drivers use <driver/mmio.h>. */
#ifndef ASM_MMIO_H
#define ASM_MMIO_H

#include <stdint.h>

static inline uint32_t mmio_read32(const void *base, uint32_t offset) { return *(const volatile uint32_t *)((const char *)base + offset); }
static inline void mmio_write32(void *base, uint32_t offset, uint32_t v) { *(volatile uint32_t *)((char *)base + offset) = v; }

#endif
