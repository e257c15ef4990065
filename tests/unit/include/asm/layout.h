/* SPDX-License-Identifier: GPL-2.0 */
/* Instead of the kernel's: areas that nothing moves, for its sources built on the host and for sparse. */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#include <stdint.h>

extern uint64_t kaslr_offset;

static inline uint64_t layout_direct_map(void) { return 0xffff800000000000ul; }
static inline uint64_t layout_vmap(void) { return 0xffffc00000000000ul; }

#endif
