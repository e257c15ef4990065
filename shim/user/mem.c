// SPDX-License-Identifier: GPL-2.0
/* User world: ordinary memory (<driver/mem.h>) is the C library's and goes with the process; what outlives it is the kernel's. */
#include <driver/mem.h>
#include <stdlib.h>
#include "process.h"

void *mem_alloc(struct device *dev, size_t count, size_t size)
{
	return calloc(count, size);
}

void mem_free(struct device *dev, void *memory)
{
	free(memory);
}

void *mem_keep(struct device *dev, uint64_t bytes)
{
	struct ferry_mem_keep k = { .abi = ABI(ferry_mem_keep), .length = bytes };

	return driver_call(NR_ferry_mem_keep, DEVICE_FD, user_address(&k), 0, 0) ? NULL : (void *)(uintptr_t)k.address;
}
