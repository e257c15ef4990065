// SPDX-License-Identifier: GPL-2.0
/* DMAR tables: what QEMU's firmware gives, and everything that may be wrong with one. */
#include <string.h>
#include "arch/x86/iommu/vtd_dmar.c"
#include "ktest.h"

KTEST_SUITE(vtd_dmar);

static uint8_t bytes[512] __aligned(8);
static struct acpi_header *const table = (struct acpi_header *)bytes;
static struct dmar dmar;

static void put(uint32_t at, uint64_t v, unsigned int n)
{
	while (n--) {
		bytes[at++] = (uint8_t)v;
		v >>= 8;
	}
}

static void table_start(void)
{
	memset(bytes, 0, sizeof(bytes));
	memset(&dmar, 0, sizeof(dmar));
	table->length = ENTRIES_OFFSET;
	bytes[36] = 38;
	bytes[37] = DMAR_INTR_REMAP;
}

/* A structure of @length bytes; where it begins. */
static uint32_t entry_add(unsigned int type, unsigned int length)
{
	uint32_t at = table->length;

	put(at, type, 2);
	put(at + 2, length, 2);
	table->length += length;
	return at;
}

static uint32_t unit_add(uint64_t registers, unsigned int flags, unsigned int scope_bytes)
{
	uint32_t at = entry_add(TYPE_UNIT, UNIT_BYTES + scope_bytes);

	bytes[at + 4] = (uint8_t)flags;
	put(at + 8, registers, 8);
	return at;
}

static uint32_t reserved_add(uint64_t start, uint64_t limit)
{
	uint32_t at = entry_add(TYPE_RESERVED, RESERVED_BYTES + 8);

	put(at + 8, start, 8);
	put(at + 16, limit, 8);
	memcpy(bytes + at + 24, (uint8_t[]){ DMAR_ENDPOINT, 8, 0, 0, 0, 0, 0x1d, 0 }, 8);
	return at;
}

KTEST_CASE(unit_with_an_ioapic_is_read)
{
	struct dmar_scope scope;
	uint32_t at;

	table_start();
	at = unit_add(0xfed90000, DMAR_INCLUDE_ALL, 10);
	memcpy(bytes + at + 16, (uint8_t[]){ DMAR_IOAPIC, 10, 0, 0, 2, 0xff, 0x1e, 1, 0x02, 3 }, 10);
	ASSERT_EQ(dmar_parse(table, &dmar), 0);
	EXPECT_EQ(dmar.nr_units, 1);
	EXPECT_EQ(dmar.flags, DMAR_INTR_REMAP);
	EXPECT_EQ(dmar.address_bits, 39);
	EXPECT_EQ(dmar.units[0].registers, 0xfed90000);
	EXPECT_TRUE(dmar.units[0].include_all);
	ASSERT_TRUE(dmar_scope_next(&dmar.units[0].scopes, &scope));
	EXPECT_EQ(scope.type, DMAR_IOAPIC);
	EXPECT_EQ(scope.id, 2);
	EXPECT_EQ(scope.bus, 0xff);
	EXPECT_EQ(scope.nr_hops, 2);
	EXPECT_EQ(scope.path[2], 2);
	EXPECT_EQ(scope.path[3], 3);
	EXPECT_TRUE(!dmar_scope_next(&dmar.units[0].scopes, &scope));
}

KTEST_CASE(reserved_memory_is_read)
{
	table_start();
	unit_add(0xfed90000, 1, 0);
	reserved_add(0x7f000000, 0x7f0fffff);
	ASSERT_EQ(dmar_parse(table, &dmar), 0);
	ASSERT_EQ(dmar.nr_reserved, 1);
	EXPECT_EQ(dmar.reserved[0].start, 0x7f000000);
	EXPECT_EQ(dmar.reserved[0].end, 0x7f100000);
}

KTEST_CASE(other_structures_are_passed_over)
{
	table_start();
	entry_add(2, 8);
	unit_add(0xfed90000, 1, 0);
	entry_add(0x77, 20);
	EXPECT_EQ(dmar_parse(table, &dmar), 0);
	EXPECT_EQ(dmar.nr_units, 1);
}

KTEST_CASE(table_without_a_unit_is_no_iommu)
{
	table_start();
	EXPECT_EQ(dmar_parse(table, &dmar), -ENODEV);
	table->length = ENTRIES_OFFSET - 1;
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
}

KTEST_CASE(one_unit_too_many_is_refused_not_forgotten)
{
	table_start();
	for (unsigned int i = 0; i <= DMAR_UNITS_MAX; i++)
		unit_add(0xfed90000 + i * 0x1000, 0, 0);
	EXPECT_EQ(dmar_parse(table, &dmar), -ENOSPC);
}

KTEST_CASE(lengths_that_lie_are_refused)
{
	table_start();
	put(unit_add(0xfed90000, 1, 0) + 2, 0, 2);
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	table_start();
	put(unit_add(0xfed90000, 1, 0) + 2, 17, 2);
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	table_start();
	put(unit_add(0xfed90000, 1, 0) + 2, 12, 2);
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	table_start();
	unit_add(0xfed90000, 1, 0);
	table->length += 3;
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
}

KTEST_CASE(units_at_nonsense_are_refused)
{
	table_start();
	unit_add(0, 1, 0);
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	table_start();
	unit_add(0xfed90010, 1, 0);
	EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
}

KTEST_CASE(scopes_that_lie_are_refused)
{
	static const uint8_t wrong[][8] = {
		{ 1, 0, 0, 0, 0, 0, 1, 0 }, { 1, 6, 0, 0, 0, 0, 1, 0 }, { 1, 10, 0, 0, 0, 0, 1, 0 }, { 1, 7, 0, 0, 0, 0, 1, 0 },
		{ 1, 8, 0, 0, 0, 0, 32, 0 }, { 1, 8, 0, 0, 0, 0, 1, 8 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		table_start();
		memcpy(bytes + unit_add(0xfed90000, 0, 8) + 16, wrong[i], 8);
		EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	}
}

KTEST_CASE(reserved_memory_that_wraps_or_is_crooked_is_refused)
{
	static const uint64_t wrong[][2] = {
		{ 0x1000, 0x0fff }, { 0x1001, 0x1fff }, { 0x1000, 0x1ffe }, { 0x1000, UINT64_MAX }, { 0x2000, 0x1fff }, { 0, 1ull << 50 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		table_start();
		unit_add(0xfed90000, 1, 0);
		reserved_add(wrong[i][0], wrong[i][1]);
		EXPECT_EQ(dmar_parse(table, &dmar), -EINVAL);
	}
}

KTEST_CASE(no_bytes_at_all_crash_it)
{
	uint32_t seed = 1;

	for (unsigned int round = 0; round < 20000; round++) {
		table_start();
		for (unsigned int i = ENTRIES_OFFSET; i < 160; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = (seed >> 16 & 3) ? (uint8_t)(seed >> 20 & 31) : (uint8_t)(seed >> 24);
		}
		table->length = ENTRIES_OFFSET + (seed >> 8) % 112;
		dmar_parse(table, &dmar);
	}
	EXPECT_TRUE(true);
}
