/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to freed kernel memory: CONFIG_MM_POISON builds poison.c, else no_poison.c. */
#ifndef MM_POISON_H
#define MM_POISON_H

#include <stddef.h>

void memory_poison(void *p, size_t size);

#endif
