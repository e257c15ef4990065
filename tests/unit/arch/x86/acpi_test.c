// SPDX-License-Identifier: GPL-2.0
/* ACPI tables in a little physical memory: found, bounded, summed; and the machine they describe. */
#include "mock.h"
#undef vmap_io
#undef vunmap
#define vmap_io		acpi_test_map
#define vunmap		acpi_test_unmap
#define machine_info	acpi_test_machine
#define boot_info	acpi_test_info
#define phys_to_virt	acpi_test_virt
#include "arch/x86/acpi.c"
#include "ktest.h"

KTEST_SUITE(acpi);

#define XSDT	0x1000u
#define MADT	0x2000u
#define OTHER	0x3000u
#define MEMORY	0x100000u

struct boot_info boot_info;
static uint8_t memory[MEMORY + 4096] __aligned(16);

void *acpi_test_map(paddr_t p, uint64_t length)
{
	return p + length <= MEMORY + 4096 ? memory + p : NULL;
}

void acpi_test_unmap(void *v)
{
}

static void sum(void *data, size_t size, uint8_t *at)
{
	uint8_t s = 0;
	size_t i;

	*at = 0;
	for (i = 0; i < size; i++)
		s = (uint8_t)(s + ((uint8_t *)data)[i]);
	*at = (uint8_t)-s;
}

static struct acpi_header *table(uint32_t at, const char *signature, uint32_t length)
{
	struct acpi_header *h = (struct acpi_header *)(memory + at);

	memcpy(h->signature, signature, 4);
	h->length = length;
	sum(h, length, &h->checksum);
	return h;
}

static void rsdp_at(uint32_t at, uint8_t revision)
{
	struct rsdp *r = (struct rsdp *)(memory + at);

	memcpy(r->signature, "RSD PTR ", 8);
	r->revision = revision;
	r->rsdt = r->xsdt = XSDT;
	sum(r, RSDP_V1_SIZE, &r->checksum);
}

static void put64(uint32_t at, uint64_t v)
{
	memcpy(memory + at, &v, 8);
}

static void start(void)
{
	mock_reset();
	memset(memory, 0, sizeof(memory));
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&machine_info, 0, sizeof(machine_info));
	nr_tables = 0;
	rsdp_at(0xf0010, 2);
	put64(XSDT + 36, MADT);
	put64(XSDT + 44, OTHER);
	table(XSDT, "XSDT", 52);
	table(OTHER, "MCFG", 60);
}

/* A MADT of these bytes behind its fixed part. */
static void madt_of(const uint8_t *entries, uint32_t size)
{
	struct madt *m = (struct madt *)(memory + MADT);

	m->lapic = 0xfee00000;
	if (size)
		memcpy(m + 1, entries, size);
	table(MADT, "APIC", (uint32_t)sizeof(*m) + size);
}

KTEST_CASE(tables_are_found_by_their_names)
{
	start();
	madt_of(NULL, 0);
	acpi_init();
	EXPECT_NOT_NULL(acpi_table("MCFG"));
	EXPECT_NOT_NULL(acpi_table("APIC"));
	EXPECT_NULL(acpi_table("HPET"));
}

KTEST_CASE(old_rsdp_leads_to_the_rsdt)
{
	uint32_t pointers[2] = { OTHER, 0 };

	start();
	rsdp_at(0xf0010, 0);
	memcpy(memory + XSDT + 36, pointers, 8);
	table(XSDT, "RSDT", 44);
	acpi_init();
	EXPECT_NOT_NULL(acpi_table("MCFG"));
}

KTEST_CASE(rsdp_in_the_ebda_is_found)
{
	start();
	memset(memory + 0xf0010, 0, 36);
	memory[0x40e] = 0x00;
	memory[0x40f] = 0x9f;
	rsdp_at(0x9f020, 2);
	acpi_init();
	EXPECT_NOT_NULL(acpi_table("MCFG"));
}

KTEST_CASE(machine_without_acpi_is_a_plain_pc)
{
	start();
	memset(memory + 0xf0010, 0, 36);
	acpi_init();
	EXPECT_EQ(nr_tables, 0);
	EXPECT_EQ(machine_info.lapic, LAPIC_DEFAULT);
	EXPECT_EQ(machine_info.nr_ioapics, 1);
	EXPECT_EQ(machine_info.isa[0].gsi, 2);
	EXPECT_EQ(machine_info.isa[4].gsi, 4);
}

KTEST_CASE(corrupt_table_is_left_out)
{
	start();
	memory[OTHER + 40] ^= 1;
	acpi_init();
	EXPECT_NULL(acpi_table("MCFG"));
}

KTEST_CASE(table_with_an_absurd_length_is_left_out)
{
	start();
	((struct acpi_header *)(memory + OTHER))->length = ~0u;
	((struct acpi_header *)(memory + MADT))->length = 8;
	acpi_init();
	EXPECT_EQ(nr_tables, 0);
}

KTEST_CASE(root_table_that_is_corrupt_gives_no_tables)
{
	start();
	memory[XSDT + 20] ^= 1;
	acpi_init();
	EXPECT_EQ(nr_tables, 0);
}

KTEST_CASE(madt_tells_cpus_ioapics_and_overrides)
{
	static const uint8_t entries[] = {
		MADT_CPU, 8, 0, 0, 1, 0, 0, 0,			MADT_CPU, 8, 1, 1, 0, 0, 0, 0,
		MADT_IOAPIC, 12, 0, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0,
		MADT_OVERRIDE, 10, 0, 0, 2, 0, 0, 0, 0, 0,	MADT_OVERRIDE, 10, 0, 9, 20, 0, 0, 0, 0x0f, 0,
		MADT_CPU_X2APIC, 16, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
		MADT_LAPIC_ADDRESS, 12, 0, 0, 0, 0, 0xe1, 0xfe, 0, 0, 0, 0,
	};

	start();
	madt_of(entries, sizeof(entries));
	acpi_init();
	EXPECT_EQ(machine_info.nr_cpus, 2);
	EXPECT_EQ(machine_info.lapic, 0xfee10000);
	ASSERT_EQ(machine_info.nr_ioapics, 1);
	EXPECT_EQ(machine_info.ioapics[0].gsi_base, 24);
	EXPECT_EQ(machine_info.isa[0].gsi, 2);
	EXPECT_EQ(machine_info.isa[9].gsi, 20);
	EXPECT_TRUE(machine_info.isa[9].level && machine_info.isa[9].active_low);
	EXPECT_FALSE(machine_info.isa[0].level);
}

KTEST_CASE(broken_madt_entries_end_the_reading_or_are_skipped)
{
	static const uint8_t entries[] = {
		MADT_IOAPIC, 4, 0, 0,			99, 4, 0, 0,
		MADT_OVERRIDE, 10, 1, 0, 2, 0, 0, 0, 0, 0, MADT_OVERRIDE, 10, 0, 200, 2, 0, 0, 0, 0, 0,
		MADT_CPU, 200, 0, 0, 1, 0, 0, 0,
	};

	start();
	madt_of(entries, sizeof(entries));
	acpi_init();
	EXPECT_EQ(machine_info.nr_ioapics, 0);
	EXPECT_EQ(machine_info.nr_cpus, 1);
	EXPECT_EQ(machine_info.isa[0].gsi, 0);
}

KTEST_CASE(madt_entry_of_length_zero_does_not_hang)
{
	static const uint8_t entries[] = { MADT_CPU, 0, 0, 0, 0, 0, 0, 0 };

	start();
	madt_of(entries, sizeof(entries));
	acpi_init();
	EXPECT_EQ(machine_info.nr_cpus, 1);
}
