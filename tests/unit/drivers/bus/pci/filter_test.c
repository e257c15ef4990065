// SPDX-License-Identifier: GPL-2.0
/* The configuration write filter: what a driver may write, and which ranges hold the MSI-X table. */
#include <ktest.h>
#include "drivers/bus/pci/filter.c"

KTEST_SUITE(pci_filter);

/* An express function with every capability that matters. */
static struct pci_function express(void)
{
	struct pci_function f = { .cap_pm = 0x40, .cap_msi = 0x50, .cap_exp = 0x70, .cap_msix = 0xb0, .msix_bar = 4, .msix_count = 65,
				  .msix_pba_bar = 4, .msix_offset = 0x2000, .msix_pba_offset = 0x3000 };

	pci_lock_header(&f);
	return f;
}

KTEST_CASE(command_and_bars_are_the_kernels)
{
	struct pci_function f = express();

	EXPECT_EQ(pci_write_allowed(&f, PCI_COMMAND, 2), -EACCES);
	for (unsigned int bar = 0; bar < 6; bar++)
		EXPECT_EQ(pci_write_allowed(&f, PCI_BAR0 + bar * 4, 4), -EACCES);
}

KTEST_CASE(message_capabilities_are_the_kernels)
{
	struct pci_function f = express();

	for (uint32_t at = 0; at < 24; at += 2)
		EXPECT_EQ(pci_write_allowed(&f, f.cap_msi + at, 2), -EACCES);
	for (uint32_t at = 0; at < 12; at += 4)
		EXPECT_EQ(pci_write_allowed(&f, f.cap_msix + at, 4), -EACCES);
}

KTEST_CASE(power_and_reset_are_the_kernels)
{
	struct pci_function f = express();

	EXPECT_EQ(pci_write_allowed(&f, f.cap_pm + 4u, 2), -EACCES);
	EXPECT_EQ(pci_write_allowed(&f, f.cap_exp + 8u, 2), -EACCES);
}

KTEST_CASE(extended_space_is_the_kernels)
{
	struct pci_function f = express();

	EXPECT_EQ(pci_write_allowed(&f, 0x100, 4), -EACCES);
	EXPECT_EQ(pci_write_allowed(&f, 0xffc, 4), -EACCES);
}

KTEST_CASE(bridges_are_the_kernels)
{
	struct pci_function f = { .header_type = 1 };

	pci_lock_header(&f);
	for (uint32_t at = 0; at < 256; at += 4)
		EXPECT_EQ(pci_write_allowed(&f, at, 4), -EACCES);
}

KTEST_CASE(cache_line_and_latency_are_the_drivers)
{
	struct pci_function f = express();

	EXPECT_EQ(pci_write_allowed(&f, 0x0c, 1), 0);
	EXPECT_EQ(pci_write_allowed(&f, 0x0d, 1), 0);
	EXPECT_EQ(pci_write_allowed(&f, 0x0c, 2), 0);
	EXPECT_EQ(pci_write_allowed(&f, 0x0c, 4), -EACCES);
	EXPECT_EQ(pci_write_allowed(&f, 0x0e, 1), -EACCES);
}

KTEST_CASE(registers_outside_capabilities_are_the_drivers)
{
	struct pci_function f = express();

	EXPECT_EQ(pci_write_allowed(&f, 0xe0, 4), 0);
	pci_lock_range(&f, 0xe0, 5);
	EXPECT_EQ(pci_write_allowed(&f, 0xe0, 4), -EACCES);
	EXPECT_EQ(pci_write_allowed(&f, 0xe4, 1), -EACCES);
	EXPECT_EQ(pci_write_allowed(&f, 0xe8, 4), 0);
}

KTEST_CASE(bad_sizes_and_offsets_are_refused)
{
	struct pci_function f = express(), old = { .vendor = 1 };

	EXPECT_EQ(pci_write_allowed(&f, 0xe0, 3), -EINVAL);
	EXPECT_EQ(pci_write_allowed(&f, 0xe0, 8), -EINVAL);
	EXPECT_EQ(pci_write_allowed(&f, 0xe1, 2), -EINVAL);
	EXPECT_EQ(pci_write_allowed(&f, 4096, 4), -ERANGE);
	EXPECT_EQ(pci_write_allowed(&f, 0xfffffffc, 4), -ERANGE);
	EXPECT_EQ(pci_write_allowed(&old, 256, 4), -ERANGE);
}

KTEST_CASE(windows_over_the_msix_table_are_known)
{
	struct pci_function f = express();

	EXPECT_TRUE(pci_range_has_msix(&f, 4, 0x2000, 16));
	EXPECT_TRUE(pci_range_has_msix(&f, 4, 0x2ffc, 4));
	EXPECT_TRUE(pci_range_has_msix(&f, 4, 0, 0x4000));
	EXPECT_TRUE(pci_range_has_msix(&f, 4, 0x1000, 0x1001));
	EXPECT_TRUE(pci_range_has_msix(&f, 4, 0x3ff8, 8));
}

KTEST_CASE(windows_beside_the_msix_table_are_free)
{
	struct pci_function f = express();

	EXPECT_FALSE(pci_range_has_msix(&f, 4, 0, 0x2000));
	EXPECT_FALSE(pci_range_has_msix(&f, 4, 0x4000, 0x1000));
	EXPECT_FALSE(pci_range_has_msix(&f, 0, 0x2000, 0x1000));
	f.cap_msix = 0;
	EXPECT_FALSE(pci_range_has_msix(&f, 4, 0x2000, 16));
}
