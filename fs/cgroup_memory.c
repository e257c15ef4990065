// SPDX-License-Identifier: GPL-2.0
/* The files "memory.*" of control groups. What nothing is counted of has no line in memory.stat; there is no swap, so no memory.swap. */
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <uapi/ferry/linux.h>
#include "cgroup_fs.h"

#define RECLAIM_TRIES	16u	/* without anything given back between */

static unsigned long long bytes(uint64_t pages)
{
	return pages * PAGE_SIZE;
}

static void current_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%llu\n", bytes(READ_ONCE(g->pages)));
}

static void peak_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%llu\n", bytes(READ_ONCE(g->peak_pages)));
}

static int pages_parse(const char *text, uint64_t *pages)
{
	int err = cgroup_limit_parse(text, true, pages);

	if (!err && *pages != CGROUP_NO_LIMIT)
		*pages /= PAGE_SIZE;
	return err;
}

/* Pages that caches gave up of @g for @wanted, until no more come, or somebody interrupts. */
static uint64_t give_up(struct cgroup *g, uint64_t wanted)
{
	uint64_t done = 0;

	for (unsigned int tries = 0; done < wanted && tries < RECLAIM_TRIES && !signal_interrupts(); tries++) {
		uint64_t got = reclaim_within(g, wanted - done);

		done += got;
		tries = got ? 0 : tries;
	}
	return done;
}

static int limit_write(struct cgroup *g, char *text, uint64_t *limit)
{
	uint64_t pages, has;
	int err = pages_parse(text, &pages);

	if (err)
		return err;
	WRITE_ONCE(*limit, pages);
	has = READ_ONCE(g->pages);
	if (has > pages)
		(void)give_up(g, has - pages);
	return 0;
}

static int protection_write(char *text, uint64_t *protection)
{
	uint64_t pages;
	int err = pages_parse(text, &pages);

	if (!err)
		WRITE_ONCE(*protection, pages);
	return err;
}

static void max_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->max_pages), PAGE_SIZE);
}

/* Who has more already gets no more; what no cache gives up stays. */
static int max_write(struct cgroup *g, char *text)
{
	return limit_write(g, text, &g->max_pages);
}

static void high_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->high_pages), PAGE_SIZE);
}

static int high_write(struct cgroup *g, char *text)
{
	return limit_write(g, text, &g->high_pages);
}

static void low_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->low_pages), PAGE_SIZE);
}

static int low_write(struct cgroup *g, char *text)
{
	return protection_write(text, &g->low_pages);
}

static void min_show(struct seq *s, struct cgroup *g)
{
	cgroup_limit_show(s, READ_ONCE(g->min_pages), PAGE_SIZE);
}

static int min_write(struct cgroup *g, char *text)
{
	return protection_write(text, &g->min_pages);
}

static int reclaim_write(struct cgroup *g, char *text)
{
	uint64_t pages;
	int err = pages_parse(text, &pages);

	if (err)
		return err;
	return give_up(g, pages) < pages ? -EAGAIN : 0;
}

static void oom_group_show(struct seq *s, struct cgroup *g)
{
	seq_printf(s, "%d\n", READ_ONCE(g->oom_group));
}

static int oom_group_write(struct cgroup *g, char *text)
{
	if (strcmp(text, "0") && strcmp(text, "1"))
		return -EINVAL;
	WRITE_ONCE(g->oom_group, *text == '1');
	return 0;
}

static void counts_show(struct seq *s, const uint64_t *counts)
{
	static const char *const names[CGROUP_EVENTS] = {
		[CGROUP_LOW] = "low", [CGROUP_HIGH] = "high", [CGROUP_MAX] = "max", [CGROUP_OOM] = "oom", [CGROUP_OOM_KILL] = "oom_kill",
		[CGROUP_OOM_GROUP_KILL] = "oom_group_kill",
	};

	for (unsigned int i = 0; i < CGROUP_EVENTS; i++)
		seq_printf(s, "%s %llu\n", names[i], (unsigned long long)READ_ONCE(counts[i]));
}

static void events_show(struct seq *s, struct cgroup *g)
{
	counts_show(s, g->nr_events);
}

static void own_events_show(struct seq *s, struct cgroup *g)
{
	counts_show(s, g->nr_own_events);
}

/* Programs' memory is always in use, that of files in memory cannot be written anywhere, and the rest is disks'. */
static void stat_show(struct seq *s, struct cgroup *g)
{
	uint64_t anon = READ_ONCE(g->memory[CGROUP_ANON]), shmem = READ_ONCE(g->memory[CGROUP_SHMEM]), cache = READ_ONCE(g->memory[CGROUP_CACHE]);

	seq_printf(s, "anon %llu\nfile %llu\nkernel %llu\nshmem %llu\n", bytes(anon), bytes(shmem + cache),
		   bytes(READ_ONCE(g->memory[CGROUP_KERNEL])), bytes(shmem));
	seq_printf(s, "inactive_anon %llu\nactive_anon %llu\ninactive_file %llu\nactive_file 0\nunevictable 0\n", bytes(shmem), bytes(anon),
		   bytes(cache));
	seq_printf(s, "pgfault %llu\npgmajfault %llu\n", (unsigned long long)READ_ONCE(g->nr_faults[0]),
		   (unsigned long long)READ_ONCE(g->nr_faults[1]));
}

const struct attribute cgroup_memory_attributes[CGROUP_MEMORY_FILES] = {
	{ "memory.current", 0, current_show, NULL }, { "memory.peak", 0, peak_show, NULL }, { "memory.min", 0, min_show, min_write },
	{ "memory.low", 0, low_show, low_write }, { "memory.high", 0, high_show, high_write }, { "memory.max", 0, max_show, max_write },
	{ "memory.events", 0, events_show, NULL }, { "memory.events.local", 0, own_events_show, NULL }, { "memory.stat", 0, stat_show, NULL },
	{ "memory.oom.group", 0, oom_group_show, oom_group_write }, { "memory.reclaim", 0, NULL, reclaim_write },
};
