// SPDX-License-Identifier: GPL-2.0
/*
 * Static ACPI tables (ACPI 6.4 chapter 5): RSDP, XSDT or RSDT, MADT. Every table is bounded and its sum checked before it is believed.
 * Without ACPI the machine is taken for what every PC has: a local APIC and one IOAPIC at their usual places. No AML.
 */
#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/msr.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/page.h>
#include <mm/vmap.h>

#define TABLES_MAX		64
#define TABLE_SIZE_MAX		(4u << 20)
#define RSDP_V1_SIZE		20
#define RSDP_V2_SIZE		36
#define EBDA_POINTER		0x40e
#define EBDA_SIZE		1024
#define BIOS_START		0xe0000
#define BIOS_SIZE		0x20000
#define LAPIC_DEFAULT		0xfee00000
#define IOAPIC_DEFAULT		0xfec00000

#define MADT_CPU		0
#define MADT_IOAPIC		1
#define MADT_OVERRIDE		2
#define MADT_LAPIC_ADDRESS	5
#define MADT_CPU_X2APIC		9
#define CPU_ENABLED		1
#define POLARITY_LOW		3	/* of bits 1:0 */
#define TRIGGER_LEVEL		3	/* of bits 3:2 */

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __packed;

struct madt {
	struct acpi_header header;
	uint32_t lapic, flags;
} __packed;

struct madt_entry {
	uint8_t type, length;
	union {
		struct {
			uint8_t processor, apic_id;
			uint32_t flags;
		} __packed cpu;
		struct {
			uint8_t id, reserved;
			uint32_t address, gsi_base;
		} __packed ioapic;
		struct {
			uint8_t bus, source;
			uint32_t gsi;
			uint16_t flags;
		} __packed override;
		struct {
			uint16_t reserved;
			uint64_t address;
		} __packed lapic;
		struct {
			uint16_t reserved;
			uint32_t apic_id, flags;
		} __packed x2apic;
	};
} __packed;

struct machine_info machine_info;
static const struct acpi_header *tables[TABLES_MAX];
static unsigned int nr_tables;

static bool sum_is_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *bytes++);
	return sum == 0;
}

/* Map the whole table at @p for good; NULL when it is no table. */
static struct acpi_header *table_map(paddr_t p)
{
	struct acpi_header *h = vmap_io(p, sizeof(*h));
	uint32_t length = h ? h->length : 0;

	if (h)
		vunmap(h);
	if (length < sizeof(*h) || length > TABLE_SIZE_MAX)
		return NULL;
	h = vmap_io(p, length);
	if (h && !sum_is_zero(h, length)) {
		log_warn("acpi: table %.4s is corrupt; ignored", h->signature);
		vunmap(h);
		return NULL;
	}
	return h;
}

const struct acpi_header *acpi_table(const char *signature)
{
	unsigned int i;

	for (i = 0; i < nr_tables; i++)
		if (!memcmp(tables[i]->signature, signature, 4))
			return tables[i];
	return NULL;
}

static bool rsdp_valid(const struct rsdp *r)
{
	return !memcmp(r->signature, "RSD PTR ", 8) && sum_is_zero(r, RSDP_V1_SIZE);
}

/* Look on 16-byte boundaries of a mapped piece of the first MiB (ACPI 6.4 section 5.2.5.1). */
static bool rsdp_scan(paddr_t start, size_t size, struct rsdp *found)
{
	char *area = vmap_io(start, size);
	bool ok = false;
	size_t at;

	for (at = 0; area && !ok && at + RSDP_V2_SIZE <= size; at += 16) {
		memcpy(found, area + at, RSDP_V2_SIZE);
		ok = rsdp_valid(found);
	}
	if (area)
		vunmap(area);
	return ok;
}

static bool rsdp_find(struct rsdp *r)
{
	uint16_t *ebda;
	paddr_t start;

	if (boot_info.rsdp) {
		memcpy(r, phys_to_virt(boot_info.rsdp), sizeof(*r));
		if (rsdp_valid(r))
			return true;
	}
	ebda = vmap_io(EBDA_POINTER, sizeof(*ebda));
	start = ebda ? (paddr_t)*ebda << 4 : 0;
	if (ebda)
		vunmap(ebda);
	if (start >= 0x80000 && start < 0xa0000 && rsdp_scan(start, EBDA_SIZE, r))
		return true;
	return rsdp_scan(BIOS_START, BIOS_SIZE, r);
}

static void tables_read(const struct rsdp *r)
{
	bool wide = r->revision >= 2 && r->xsdt;
	struct acpi_header *root = table_map(wide ? r->xsdt : r->rsdt);
	size_t at, entry = wide ? 8 : 4;

	if (!root)
		return;
	for (at = sizeof(*root); at + entry <= root->length && nr_tables < TABLES_MAX; at += entry) {
		const struct acpi_header *table;
		paddr_t p = 0;

		memcpy(&p, (const char *)root + at, entry);
		table = p ? table_map(p) : NULL;
		if (table)
			tables[nr_tables++] = table;
	}
	vunmap(root);
}

static void machine_default(void)
{
	unsigned int i;

	machine_info.lapic = LAPIC_DEFAULT;
	machine_info.nr_cpus = 1;
	for (i = 0; i < ISA_IRQS; i++)
		machine_info.isa[i].gsi = i;
}

static void machine_guess(void)
{
	machine_info.nr_ioapics = 1;
	machine_info.ioapics[0] = (struct machine_ioapic){ IOAPIC_DEFAULT, 0, 0 };
	machine_info.isa[0].gsi = 2;	/* the 8254 is wired to the second input since the MP specification */
}

static void override_take(const struct madt_entry *e)
{
	unsigned int isa = e->override.source;

	if (e->override.bus || isa >= ISA_IRQS)
		return;
	machine_info.isa[isa].gsi = e->override.gsi;
	machine_info.isa[isa].active_low = (e->override.flags & 3) == POLARITY_LOW;
	machine_info.isa[isa].level = (e->override.flags >> 2 & 3) == TRIGGER_LEVEL;
}

static void ioapic_take(const struct madt_entry *e)
{
	if (machine_info.nr_ioapics == IOAPICS_MAX)
		return;
	machine_info.ioapics[machine_info.nr_ioapics++] =
		(struct machine_ioapic){ e->ioapic.address, e->ioapic.gsi_base, e->ioapic.id };
}

/* The local APIC's memory-mapped mode reaches 255 of them. */
static void cpu_take(uint32_t apic_id, uint32_t flags)
{
	if (!(flags & CPU_ENABLED))
		return;
	machine_info.nr_cpus++;
	if (apic_id < 0xff && machine_info.nr_apic_ids < CPUS_MAX)
		machine_info.apic_ids[machine_info.nr_apic_ids++] = apic_id;
}

static void madt_entry_take(const struct madt_entry *e)
{
	static const uint8_t sizes[] = { [MADT_CPU] = 8, [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10, [MADT_LAPIC_ADDRESS] = 12,
					 [MADT_CPU_X2APIC] = 16 };

	if (e->type >= sizeof(sizes) || !sizes[e->type] || e->length < sizes[e->type])
		return;
	switch (e->type) {
	case MADT_CPU:
		cpu_take(e->cpu.apic_id, e->cpu.flags);
		break;
	case MADT_CPU_X2APIC:
		cpu_take(e->x2apic.apic_id, e->x2apic.flags);
		break;
	case MADT_IOAPIC:
		ioapic_take(e);
		break;
	case MADT_OVERRIDE:
		override_take(e);
		break;
	case MADT_LAPIC_ADDRESS:
		machine_info.lapic = e->lapic.address;
		break;
	}
}

static void madt_read(const struct madt *madt)
{
	size_t at = sizeof(*madt);

	machine_info.lapic = madt->lapic;
	machine_info.nr_cpus = 0;
	machine_info.nr_apic_ids = 0;
	while (at + 2 <= madt->header.length) {
		const struct madt_entry *e = (const struct madt_entry *)((const char *)madt + at);

		if (e->length < 2 || e->length > madt->header.length - at)
			break;
		madt_entry_take(e);
		at += e->length;
	}
	machine_info.nr_cpus = MAX(machine_info.nr_cpus, 1u);
}

void acpi_init(void)
{
	const struct acpi_header *madt;
	struct rsdp rsdp;

	machine_default();
	if (rsdp_find(&rsdp))
		tables_read(&rsdp);
	madt = acpi_table("APIC");
	if (madt && madt->length >= sizeof(struct madt))
		madt_read((const struct madt *)madt);
	else
		machine_guess();
	log_info("acpi: %u tables, %u CPU%s, %u IOAPIC%s%s", nr_tables, machine_info.nr_cpus, machine_info.nr_cpus > 1 ? "s" : "",
		 machine_info.nr_ioapics, machine_info.nr_ioapics == 1 ? "" : "s", madt ? "" : " (no MADT: taken for a plain PC)");
}
