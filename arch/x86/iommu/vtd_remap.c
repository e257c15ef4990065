// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt remapping (VT-d 4.1 chapter 5): one table for all units, whose index is the vector, so that a message names an entry and the
 * entry says who may send it. Compatibility format is off: what is not in the table is dropped. Extended mode (x2APIC) is left out: APIC
 * ids are 8 bits. remap_lock guards the table.
 */
#include <asm/apic.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <mm/page.h>
#include "vtd.h"

#define ENTRIES			256u
#define TABLE_SIZE_FIELD	7u		/* 2^(7+1) entries */
#define ENTRY_PRESENT		1ull
#define ENTRY_LEVEL		(1ull << 4)
#define ENTRY_VECTOR_SHIFT	16
#define ENTRY_APIC_SHIFT	40
#define VERIFY_SOURCE		(1ull << 18)	/* in the high half */
#define VERIFY_BUS		(2ull << 18)
#define MESSAGE			0xfee00010u	/* remappable */
#define MESSAGE_INDEX_SHIFT	5
#define LINE_REMAPPABLE		(1u << 16)	/* bit 48 of the line's entry */
#define LINE_INDEX_SHIFT	17

static uint64_t *entries;
static struct spinlock remap_lock = SPINLOCK_INIT("vtd remap");

bool irq_remap_active(void)
{
	return vtd_remaps;
}

static void entries_flush(uint8_t vector)
{
	for (unsigned int i = 0; i < vtd_nr_units; i++)
		vtd_flush_entry(&vtd_units[i], vector);
}

static void entry_write(uint8_t vector, uint64_t low, uint64_t high)
{
	uint64_t *e = entries + vector * 2, flags;

	flags = spin_lock_irq(&remap_lock);
	__atomic_store_n(&e[0], 0, __ATOMIC_RELEASE);
	vtd_write_back(e, 16, false);
	e[1] = high;
	__atomic_store_n(&e[0], low, __ATOMIC_RELEASE);
	vtd_write_back(e, 16, false);
	entries_flush(vector);
	spin_unlock_irq(&remap_lock, flags);
}

static uint64_t entry_low(uint8_t vector, uint32_t apic, bool level)
{
	return ENTRY_PRESENT | (level ? ENTRY_LEVEL : 0) | (uint64_t)vector << ENTRY_VECTOR_SHIFT | (uint64_t)(apic & 0xff) << ENTRY_APIC_SHIFT;
}

/* The requester id of IOAPIC @id, by the unit that has it in its scopes. */
static bool ioapic_source(uint8_t id, uint16_t *source)
{
	for (unsigned int i = 0; i < vtd_dmar.nr_units; i++) {
		struct dmar_scopes scopes = vtd_dmar.units[i].scopes;
		struct dmar_scope scope;

		while (dmar_scope_next(&scopes, &scope))
			if (scope.type == DMAR_IOAPIC && scope.id == id)
				return vtd_scope_source(vtd_dmar.units[i].segment, &scope, source);
	}
	return false;
}

int irq_remap_line(uint8_t ioapic, uint8_t vector, uint32_t apic, bool level, uint32_t *low, uint32_t *high)
{
	uint16_t source;

	if (!vtd_remaps || !ioapic_source(ioapic, &source))
		return -ENODEV;
	entry_write(vector, entry_low(vector, apic, level), VERIFY_SOURCE | source);
	*low = vector;
	*high = LINE_REMAPPABLE | (uint32_t)vector << LINE_INDEX_SHIFT;
	return 0;
}

int irq_remap_message(const struct pci_function *f, uint8_t vector, uint32_t apic, uint64_t *address, uint32_t *data)
{
	struct vtd_source s;
	uint16_t id;

	if (!vtd_remaps)
		return -ENODEV;
	vtd_source_of(f, &s);
	id = s.ids[s.nr - 1];
	if (s.by_bus)	/* first and last bus */
		entry_write(vector, entry_low(vector, apic, false), VERIFY_BUS | (id & 0xff00u) | id >> 8);
	else
		entry_write(vector, entry_low(vector, apic, false), VERIFY_SOURCE | id);
	*address = MESSAGE | (uint64_t)vector << MESSAGE_INDEX_SHIFT;
	*data = 0;
	return 0;
}

void irq_remap_clear(uint8_t vector)
{
	if (vtd_remaps)
		entry_write(vector, 0, 0);
}

/* Without the id of an IOAPIC its lines could be anybody's: then nothing is remapped. */
static bool sources_known(void)
{
	uint16_t source;

	for (unsigned int i = 0; i < machine_info.nr_ioapics; i++) {
		if (ioapic_source(machine_info.ioapics[i].id, &source))
			continue;
		log_warn("iommu: the firmware does not say who IOAPIC %u is: no interrupt remapping", machine_info.ioapics[i].id);
		return false;
	}
	return true;
}

static int remap_enable(struct vtd_unit *u)
{
	int err;

	vtd_write64(u, REG_REMAP_TABLE, virt_to_phys(entries) | TABLE_SIZE_FIELD);
	err = vtd_command(u, COMMAND_REMAP_TABLE, true);
	if (!err)
		err = vtd_flush_entries(u);
	if (!err)
		err = vtd_command(u, COMMAND_COMPATIBLE, false);
	if (!err)
		err = vtd_command(u, COMMAND_REMAP, true);
	return err;
}

int vtd_remap_init(void)
{
	int err = 0;

	if (!(vtd_dmar.flags & DMAR_INTR_REMAP) || !sources_known())
		return -ENODEV;
	for (unsigned int i = 0; i < vtd_nr_units; i++)
		if (!(vtd_units[i].ecap & ECAP_REMAP))
			return -ENODEV;
	entries = vtd_frame(false);
	if (!entries)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < vtd_nr_units; i++)
		err = remap_enable(&vtd_units[i]);
	for (unsigned int i = 0; err && i < vtd_nr_units; i++)
		vtd_command(&vtd_units[i], COMMAND_REMAP, false);
	vtd_remaps = !err;
	return err;
}
