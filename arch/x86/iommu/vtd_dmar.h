/* SPDX-License-Identifier: GPL-2.0 */
/* The ACPI table DMAR (VT-d 4.1 chapter 8), taken apart and bounded. Pure: no hardware, no allocation. */
#ifndef IOMMU_VTD_DMAR_H
#define IOMMU_VTD_DMAR_H

#include <asm/acpi.h>

#define DMAR_UNITS_MAX		8
#define DMAR_RESERVED_MAX	16
#define DMAR_INTR_REMAP		1u	/* flags of the table */
#define DMAR_INCLUDE_ALL	1u	/* flags of a unit */

enum dmar_scope_type { DMAR_ENDPOINT = 1, DMAR_BRIDGE, DMAR_IOAPIC, DMAR_HPET };

/* One device scope; @path has @nr_hops pairs of device and function. */
struct dmar_scope {
	uint8_t type, id, bus;
	unsigned int nr_hops;
	const uint8_t *path;
};

/* Scopes are walked in place: [at, end). */
struct dmar_scopes {
	const uint8_t *at, *end;
};

struct dmar_unit {
	paddr_t registers;
	uint16_t segment;
	bool include_all;
	struct dmar_scopes scopes;
};

/* Memory that the firmware's devices go on using. */
struct dmar_reserved {
	uint16_t segment;
	paddr_t start, end;	/* end is the first byte behind */
	struct dmar_scopes scopes;
};

struct dmar {
	uint8_t flags, address_bits;
	unsigned int nr_units, nr_reserved;
	struct dmar_unit units[DMAR_UNITS_MAX];
	struct dmar_reserved reserved[DMAR_RESERVED_MAX];
};

/* -EINVAL: malformed somewhere; -ENOSPC: more than fits; -ENODEV: no unit. Then nothing of it may be believed. */
int dmar_parse(const struct acpi_header *table, struct dmar *dmar);
/* The next scope, moving @s on; false: no more. */
bool dmar_scope_next(struct dmar_scopes *s, struct dmar_scope *scope);

#endif
