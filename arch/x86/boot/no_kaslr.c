// SPDX-License-Identifier: GPL-2.0
/* Without CONFIG_RANDOMIZE_BASE: the kernel stays where it was linked. */
#include <asm/layout.h>

void kaslr_init(uint32_t mbi, uint64_t entry_tsc);

uint64_t kaslr_offset;

void kaslr_init(uint32_t mbi, uint64_t entry_tsc)
{
}
