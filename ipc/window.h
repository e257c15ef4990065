/* SPDX-License-Identifier: GPL-2.0 */
/* Which pages a register window takes, and whether its driver may have them. window.c. */
#ifndef IPC_WINDOW_H
#define IPC_WINDOW_H

#include <kernel/types.h>
#include <uapi/ferry/driver_abi.h>

struct device;

struct page_claim {
	const struct device *dev;
	paddr_t start, end;	/* whole pages */
	bool shared;
};

/*
 * The pages of @map, whose length 0 becomes the rest of the BAR: 0, -EINVAL (no such BAR, wild permissions), -ERANGE (outside it), -EACCES (pages
 * that are another device's as well, or the MSI-X table's). May sleep.
 */
int window_check(struct device *dev, struct ferry_mmio_map *map, struct page_claim *claim);

#endif
