// SPDX-License-Identifier: GPL-2.0
/*
 * RAM before the frame allocator: the boot loader's regions cut to clean ranges, and a first-fit allocator over them that remembers
 * what it gave. Runs on the boot CPU alone; no locks. mm/frame.c takes over what is left.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include "boot_frame.h"

#define LOW_RAM_END	0x100000ul	/* below: real-mode data and firmware; kept for starting other CPUs */

static struct ram_range ram[BOOT_REGIONS_MAX];
static unsigned int nr_ram;
static struct ram_range taken[BOOT_TAKEN_MAX];	/* sorted, none touching */
static unsigned int nr_taken;

static bool overlaps(const struct ram_range *a, const struct ram_range *b)
{
	return a->start < b->end && b->start < a->end;
}

static void insert_at(struct ram_range *list, unsigned int *nr, unsigned int at, struct ram_range r)
{
	for (unsigned int i = (*nr)++; i > at; i--)
		list[i] = list[i - 1];
	list[at] = r;
}

static void delete_at(struct ram_range *list, unsigned int *nr, unsigned int at)
{
	(*nr)--;
	for (unsigned int i = at; i < *nr; i++)
		list[i] = list[i + 1];
}

/* Add to a sorted list, melting with what it touches. False when full. */
static bool range_add(struct ram_range *list, unsigned int *nr, unsigned int max, struct ram_range r)
{
	unsigned int at = 0;

	while (at < *nr && list[at].end < r.start)
		at++;
	while (at < *nr && list[at].start <= r.end) {
		r.start = MIN(r.start, list[at].start);
		r.end = MAX(r.end, list[at].end);
		delete_at(list, nr, at);
	}
	if (*nr == max)
		return false;
	insert_at(list, nr, at, r);
	return true;
}

/* Take @hole out of the RAM: some firmware reports overlapping regions, and then the reserved one is right. */
static void ram_cut(struct ram_range hole)
{
	for (unsigned int i = nr_ram; i--;) {
		struct ram_range r = ram[i];

		if (!overlaps(&r, &hole))
			continue;
		delete_at(ram, &nr_ram, i);
		if (hole.end < r.end && nr_ram < BOOT_REGIONS_MAX)
			insert_at(ram, &nr_ram, i, (struct ram_range){ hole.end, r.end });
		if (r.start < hole.start && nr_ram < BOOT_REGIONS_MAX)
			insert_at(ram, &nr_ram, i, (struct ram_range){ r.start, hole.start });
	}
}

static struct ram_range region_range(const struct boot_region *r, bool outward)
{
	paddr_t end = r->length > ~r->start ? ~0ull & PAGE_MASK : r->start + r->length;

	if (outward)
		return (struct ram_range){ ALIGN_DOWN(r->start, PAGE_SIZE), end > ~0ull - PAGE_SIZE ? end : ALIGN_UP(end, PAGE_SIZE) };
	return (struct ram_range){ r->start > ~0ull - PAGE_SIZE ? end : ALIGN_UP(r->start, PAGE_SIZE), ALIGN_DOWN(end, PAGE_SIZE) };
}

static void collect_ram(void)
{
	unsigned int i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		struct ram_range r = region_range(&boot_info.regions[i], false);

		r.end = MIN(r.end, (paddr_t)RAM_LIMIT);
		if (boot_info.regions[i].kind == BOOT_RAM && r.start < r.end)
			range_add(ram, &nr_ram, BOOT_REGIONS_MAX, r);
	}
	for (i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.regions[i].kind != BOOT_RAM && boot_info.regions[i].length)
			ram_cut(region_range(&boot_info.regions[i], true));
}

void boot_frames_take(paddr_t start, paddr_t end)
{
	struct ram_range r = { ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE) };

	if (r.start < r.end && !range_add(taken, &nr_taken, BOOT_TAKEN_MAX, r))
		panic("memory map: more than %u pieces in use at boot", BOOT_TAKEN_MAX);
}

static void prepare(void)
{
	collect_ram();
	boot_frames_take(0, LOW_RAM_END);
	boot_frames_take(boot_info.kernel_start, boot_info.kernel_end);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		boot_frames_take(boot_info.modules[i].start, boot_info.modules[i].start + boot_info.modules[i].length);
}

/* The lowest place for @bytes in @r that nothing took; 0: none. */
static paddr_t place_in(const struct ram_range *r, uint64_t bytes)
{
	paddr_t at = r->start;

	for (unsigned int i = 0; i < nr_taken && taken[i].start < r->end; i++) {
		if (taken[i].end <= at)
			continue;
		if (taken[i].start >= at && taken[i].start - at >= bytes)
			break;
		at = taken[i].end;
	}
	return at < r->end && r->end - at >= bytes ? at : 0;
}

paddr_t boot_frames_alloc(uint64_t bytes)
{
	if (!nr_taken)
		prepare();
	for (unsigned int i = 0; i < nr_ram; i++) {
		paddr_t at = place_in(&ram[i], bytes);

		if (!at)
			continue;
		boot_frames_take(at, at + bytes);
		return at;
	}
	return 0;
}

unsigned int boot_ram(const struct ram_range **list)
{
	if (!nr_taken)
		prepare();
	*list = ram;
	return nr_ram;
}

unsigned int boot_taken(const struct ram_range **list)
{
	*list = taken;
	return nr_taken;
}
