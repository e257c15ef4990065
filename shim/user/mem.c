// SPDX-License-Identifier: GPL-2.0
/* User world: ordinary memory (<driver/mem.h>) is the C library's; what is left goes with the process. */
#include <driver/mem.h>
#include <stdlib.h>

void *mem_alloc(struct device *dev, size_t count, size_t size)
{
	return calloc(count, size);
}

void mem_free(struct device *dev, void *memory)
{
	free(memory);
}
