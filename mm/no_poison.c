// SPDX-License-Identifier: GPL-2.0
/* Freed kernel memory is left as it is. */
#include "poison.h"

void memory_poison(void *p, size_t size)
{
}
