// SPDX-License-Identifier: GPL-2.0
/* Capability lists of well-behaved and of hostile functions; gaps for BARs. */
#include <ktest.h>

/* This file's own world for the code under test. */
#define klog caps_klog
#define pci_read caps_pci_read
#define pci_lock_range caps_lock_range
#define pci_lock_header caps_lock_header
#include "drivers/bus/pci/caps.c"

KTEST_SUITE(pci_caps);

static uint8_t space[256];

void klog(int level, const char *fmt, ...)
{
}

uint32_t pci_read(const struct pci_function *f, uint32_t offset, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value |= (uint32_t)space[offset + i] << i * 8;
	return value;
}

void pci_lock_range(struct pci_function *f, uint32_t offset, uint32_t length)
{
	for (uint32_t at = offset & ~3u; at < offset + length && at < 256; at += 4)
		f->locked |= 1ull << (at / 4);
}

void pci_lock_header(struct pci_function *f)
{
}

static uint8_t read8(const void *s, uint32_t offset)
{
	return ((const uint8_t *)s)[offset];
}

static void cap(uint8_t at, uint8_t id, uint8_t next)
{
	space[at] = id;
	space[at + 1] = next;
}

static void fresh(void)
{
	memset(space, 0, sizeof(space));
	space[PCI_STATUS] = PCI_STATUS_CAPS;
	space[PCI_CAPABILITIES] = 0x40;
	cap(0x40, PCI_CAP_ID_PM, 0x50);
	cap(0x50, PCI_CAP_ID_VENDOR, 0x60);
	cap(0x60, PCI_CAP_ID_VENDOR, 0x70);
	cap(0x70, PCI_CAP_ID_MSIX, 0);
}

static uint8_t next(uint8_t id, uint8_t previous)
{
	return pci_caps_next(read8, space, id, previous);
}

KTEST_CASE(list_is_walked_in_order)
{
	fresh();
	EXPECT_EQ(next(PCI_CAP_ID_PM, 0), 0x40);
	EXPECT_EQ(next(PCI_CAP_ID_VENDOR, 0), 0x50);
	EXPECT_EQ(next(PCI_CAP_ID_VENDOR, 0x50), 0x60);
	EXPECT_EQ(next(PCI_CAP_ID_VENDOR, 0x60), 0);
	EXPECT_EQ(next(PCI_CAP_ID_MSI, 0), 0);
}

KTEST_CASE(no_status_bit_no_list)
{
	fresh();
	space[PCI_STATUS] = 0;
	EXPECT_EQ(next(PCI_CAP_ID_PM, 0), 0);
}

KTEST_CASE(loop_ends)
{
	fresh();
	cap(0x70, PCI_CAP_ID_MSIX, 0x40);
	EXPECT_EQ(next(PCI_CAP_ID_MSI, 0), 0);
	cap(0x40, PCI_CAP_ID_PM, 0x40);
	EXPECT_EQ(next(PCI_CAP_ID_MSIX, 0), 0);
}

KTEST_CASE(pointer_into_the_header_ends_the_list)
{
	fresh();
	cap(0x40, PCI_CAP_ID_PM, 0x10);
	EXPECT_EQ(next(PCI_CAP_ID_VENDOR, 0), 0);
	space[PCI_CAPABILITIES] = 0x3c;
	EXPECT_EQ(next(PCI_CAP_ID_PM, 0), 0);
}

KTEST_CASE(low_bits_of_pointers_are_ignored)
{
	fresh();
	space[PCI_CAPABILITIES] = 0x43;
	EXPECT_EQ(next(PCI_CAP_ID_PM, 0), 0x40);
}

KTEST_CASE(last_dword_is_inside)
{
	fresh();
	space[PCI_CAPABILITIES] = 0xff;
	cap(0xfc, PCI_CAP_ID_MSI, 0);
	EXPECT_EQ(next(PCI_CAP_ID_MSI, 0), 0xfc);
}

KTEST_CASE(gone_device_has_no_capabilities)
{
	memset(space, 0xff, sizeof(space));
	EXPECT_EQ(next(0xff, 0), 0);
	EXPECT_EQ(next(PCI_CAP_ID_MSI, 0), 0);
}

KTEST_CASE(msix_table_outside_its_bar_is_not_used)
{
	struct pci_function f = { .bars = { [1] = { .start = 0x1000, .length = 0x1000 } } };

	fresh();
	space[0x72] = 3;	/* four entries */
	space[0x74] = 1;
	space[0x78] = 1;
	space[0x79] = 8;	/* pending bits at 0x800 */
	pci_caps_parse(&f);
	EXPECT_EQ(f.cap_msix, 0x70);
	EXPECT_EQ(f.msix_count, 4);
	space[0x75] = 0x10;	/* table at 0x1000: past the end */
	pci_caps_parse(&f);
	EXPECT_EQ(f.cap_msix, 0);
	space[0x74] = 6;	/* no such bar */
	pci_caps_parse(&f);
	EXPECT_EQ(f.cap_msix, 0);
}

KTEST_CASE(vendor_capabilities_are_locked_whole)
{
	struct pci_function f = { .vendor = 0x1af4 };

	fresh();
	space[0x52] = 0x14;
	pci_caps_parse(&f);
	for (uint32_t at = 0x50; at < 0x64; at += 4)
		EXPECT_TRUE(f.locked & 1ull << (at / 4));
}
