// SPDX-License-Identifier: GPL-2.0
/* The IOAPIC stub against an index, a data window and 24 entries. */
#include "mock.h"
#include "arch/x86/ioapic.c"
#include "ktest.h"

KTEST_SUITE(ioapic);

struct machine_info machine_info;

static uint32_t chip[0x100], selected, version;

static uint32_t chip_read(uint32_t offset)
{
	if (offset != WINDOW_DATA)
		return 0;
	return selected == REG_VERSION ? version : chip[selected & 0xff];
}

static void chip_write(uint32_t offset, uint32_t v)
{
	if (offset == WINDOW_INDEX)
		selected = v;
	else
		chip[selected & 0xff] = v;
}

static int chip_start(uint32_t with_version)
{
	mock_reset();
	memset(chip, 0, sizeof(chip));
	mock.mmio_read = chip_read;
	mock.mmio_write = chip_write;
	version = with_version;
	machine_info.nr_ioapics = 1;
	machine_info.ioapics[0] = (struct machine_ioapic){ 0xfec00000, 0, 0 };
	return ioapic_init();
}

KTEST_CASE(all_entries_start_masked)
{
	unsigned int i;

	ASSERT_EQ(chip_start(0x170011), 0);
	EXPECT_EQ(ioapic_lines(), 24);
	for (i = 0; i < 24; i++)
		EXPECT_EQ(chip[REG_ENTRY(i)], ENTRY_MASKED);
}

KTEST_CASE(absent_chip_is_an_error)
{
	EXPECT_EQ(chip_start(~0u), -ENODEV);
	EXPECT_EQ(chip_start(0), -ENODEV);
	EXPECT_EQ(ioapic_lines(), 0);
}

KTEST_CASE(chip_that_cannot_be_mapped_is_an_error)
{
	chip_start(0x170011);
	mock.no_memory = true;
	EXPECT_EQ(ioapic_init(), -ENODEV);
}

KTEST_CASE(route_programs_trigger_polarity_and_cpu)
{
	ASSERT_EQ(chip_start(0x170011), 0);
	cpus[0].apic_id = 3;
	EXPECT_EQ(ioapic_route(5, 0x41, true, true), 0);
	EXPECT_EQ(chip[REG_ENTRY(5)], 0x41 | ENTRY_LEVEL | ENTRY_LOW | ENTRY_MASKED);
	EXPECT_EQ(chip[REG_ENTRY(5) + 1], 3u << 24);
	EXPECT_EQ(ioapic_route(6, 0x42, false, false), 0);
	EXPECT_EQ(chip[REG_ENTRY(6)], 0x42 | ENTRY_MASKED);
}

KTEST_CASE(remapped_route_names_its_entry)
{
	ASSERT_EQ(chip_start(0x170011), 0);
	mock.remaps = true;
	EXPECT_EQ(ioapic_route(5, 0x41, true, true), 0);
	EXPECT_EQ(chip[REG_ENTRY(5)], 0x41 | ENTRY_LEVEL | ENTRY_LOW | ENTRY_MASKED);
	EXPECT_EQ(chip[REG_ENTRY(5) + 1], 0x10000 | 0x41 << 17);
	mock.remapped_ioapic = 9;
	EXPECT_EQ(ioapic_route(6, 0x42, false, false), -ENODEV);
	EXPECT_EQ(chip[REG_ENTRY(6)], ENTRY_MASKED);
}

KTEST_CASE(line_may_be_an_nmi_where_nothing_is_remapped)
{
	ASSERT_EQ(chip_start(0x170011), 0);
	EXPECT_EQ(ioapic_route(2, IOAPIC_NMI, false, false), 0);
	EXPECT_EQ(chip[REG_ENTRY(2)], IOAPIC_NMI | ENTRY_MASKED);
	mock.remaps = true;
	EXPECT_EQ(ioapic_route(3, IOAPIC_NMI, false, false), -ENODEV);
	EXPECT_EQ(chip[REG_ENTRY(3)], ENTRY_MASKED);
}

KTEST_CASE(mask_changes_nothing_else)
{
	ASSERT_EQ(chip_start(0x170011), 0);
	ioapic_route(5, 0x41, true, false);
	ioapic_mask(5, false);
	EXPECT_EQ(chip[REG_ENTRY(5)], 0x41 | ENTRY_LEVEL);
	ioapic_mask(5, true);
	EXPECT_EQ(chip[REG_ENTRY(5)], 0x41 | ENTRY_LEVEL | ENTRY_MASKED);
}

KTEST_CASE(line_of_no_chip_is_refused)
{
	ASSERT_EQ(chip_start(0x170011), 0);
	EXPECT_EQ(ioapic_route(24, 0x41, true, false), -ENODEV);
	ioapic_mask(24, false);
	EXPECT_EQ(chip[REG_ENTRY(24)], 0);
}
