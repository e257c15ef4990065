// SPDX-License-Identifier: GPL-2.0
/* User world: register windows (<driver/mmio.h>) are mappings the kernel made of this device's BARs. */
#include <driver/mmio.h>
#include <lib/string.h>
#include <stdlib.h>
#include "process.h"

struct window_record {
	struct window_record *next;
	uint64_t address;
	uint64_t length;
	int handle;
	unsigned int bar;
	uint64_t offset;	/* in the BAR */
	struct mmio view;	/* as the driver got it */
};

static int window_note(struct device *dev, const struct ferry_mmio_map *map, const struct mmio *view)
{
	struct window_record *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->address = map->address;
	w->length = map->length;
	w->handle = map->handle;
	w->bar = map->bar;
	w->offset = map->offset;
	w->view = *view;
	w->next = dev->windows;
	dev->windows = w;
	return 0;
}

/* Whole pages were mapped. */
static void window_drop(uint64_t address, uint64_t length, int handle)
{
	uint64_t start = address & ~0xfffull, end = (address + length + 0xfff) & ~0xfffull;

	driver_call(NR_munmap, start, end - start, 0, 0);
	handle_close(handle);
}

int mmio_map(struct device *dev, unsigned int bar, uint64_t offset, uint64_t length, uint32_t perms, struct mmio *win)
{
	struct ferry_mmio_map map = {
		.abi = ABI(ferry_mmio_map), .bar = bar, .perms = perms, .offset = offset, .length = length,
	};
	int err = (int)driver_call(NR_ferry_mmio_map, DEVICE_FD, user_address(&map), 0, 0);

	trace_note(FERRY_TRACE_MMIO_MAP, 0, bar, offset);
	memset(win, 0, sizeof(*win));
	win->dev = dev;
	if (err)
		return err;
	win->base = (volatile uint8_t __iomem __force *)(uintptr_t)map.address;
	win->length = (uint32_t)map.length;
	win->perms = perms;
	err = window_note(dev, &map, win);
	if (err) {
		window_drop(map.address, map.length, map.handle);
		win->base = NULL;
		win->length = 0;
	}
	return err;
}

const struct mmio *window_find(const struct device *dev, unsigned int bar, uint64_t place, uint32_t *offset)
{
	const struct window_record *w;

	for (w = dev->windows; w; w = w->next) {
		if (w->bar != bar || place < w->offset || place - w->offset >= w->view.length)
			continue;
		*offset = (uint32_t)(place - w->offset);
		return &w->view;
	}
	return NULL;
}

void mmio_unmap(struct mmio *win)
{
	uint64_t address = (uint64_t)(uintptr_t __force)win->base;
	struct window_record **at, *w;

	win->length = 0;
	win->base = NULL;
	for (at = &win->dev->windows; (w = *at); at = &w->next) {
		if (w->address != address)
			continue;
		*at = w->next;
		window_drop(w->address, w->length, w->handle);
		free(w);
		return;
	}
}
