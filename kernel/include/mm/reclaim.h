/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that can be had back: caches say how, and are asked before a process is ended for its memory (mm/oom.c). */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include <kernel/types.h>

struct cgroup;

/*
 * @shrink gives up at most @nr_pages pages that can be had again and returns how many it gave up. It is called without spinlocks, in
 * process context, with any mutex held: it takes none that is held while memory is allocated. @within: only what this group pays for, with
 * those below it; NULL: everything. Start-up only; at most four.
 */
void reclaim_register(uint64_t (*shrink)(struct cgroup *within, uint64_t nr_pages));
/* Ask all of them in turn. How many pages were given up. */
uint64_t reclaim(uint64_t nr_pages);
uint64_t reclaim_within(struct cgroup *within, uint64_t nr_pages);

#endif
