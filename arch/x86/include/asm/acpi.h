/* SPDX-License-Identifier: GPL-2.0 */
/* Static ACPI tables (ACPI 6.4 section 5.2), checksummed and bounded. No AML. */
#ifndef ASM_ACPI_H
#define ASM_ACPI_H

#include <kernel/types.h>

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision, creator_id, creator_revision;
} __packed;

/* The table with @signature (4 letters), mapped for good, checksum verified; NULL when absent or corrupt. After memory is up. */
const struct acpi_header *acpi_table(const char *signature);

#endif
