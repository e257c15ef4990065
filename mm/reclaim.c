// SPDX-License-Identifier: GPL-2.0
/* Who can give memory back: mm/reclaim.h. */
#include <kernel/log.h>
#include <mm/reclaim.h>
#include <mm/vmstat.h>

#define SHRINKERS_MAX	4u

static uint64_t (*shrinkers[SHRINKERS_MAX])(struct cgroup *within, uint64_t nr_pages);
static unsigned int nr_shrinkers;

void reclaim_register(uint64_t (*shrink)(struct cgroup *within, uint64_t nr_pages))
{
	BUG_ON(nr_shrinkers == SHRINKERS_MAX);
	shrinkers[nr_shrinkers++] = shrink;
}

uint64_t reclaim(uint64_t nr_pages)
{
	return reclaim_within(NULL, nr_pages);
}

uint64_t reclaim_within(struct cgroup *within, uint64_t nr_pages)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < nr_shrinkers && done < nr_pages; i++)
		done += shrinkers[i](within, nr_pages - done);
	vm_count_add(VM_RECLAIMED, done);
	return done;
}
