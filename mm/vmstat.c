// SPDX-License-Identifier: GPL-2.0
/* The counts of mm/vmstat.h. */
#include <mm/vmstat.h>

uint64_t vm_counts[VM_COUNTS];
