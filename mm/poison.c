// SPDX-License-Identifier: GPL-2.0
/* Freed kernel memory is filled with a pattern, a non-canonical address when taken for a pointer: a use after free faults at once. */
#include <lib/string.h>
#include "poison.h"

#define POISON	0xdb

void memory_poison(void *p, size_t size)
{
	memset(p, POISON, size);
}
