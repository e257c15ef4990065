// SPDX-License-Identifier: GPL-2.0
/* /proc/partitions and /proc/diskstats in Linux's formats (Documentation/admin-guide/iostats of Linux 6.1 names the columns). */
#include <fs/node.h>
#include <kernel/init.h>
#include "core.h"

struct totals {
	struct block_stats stats;
	unsigned long long in_flight;
};

static unsigned int minor_of(const struct block_disk *disk, unsigned int number)
{
	return disk->index * 16 + number;
}

static bool partition_lines(struct block_disk *disk, void *arg)
{
	mutex_lock(&disk->parts_lock);
	for (unsigned int i = 0; i <= BLOCK_PARTS_MAX; i++) {
		const struct block_part *part = disk->parts[i];

		if (part && part->named)
			seq_printf(arg, "%4u %8u %10llu %s\n", disk->major, minor_of(disk, i),
				   (unsigned long long)(block_part_blocks(part) * disk->limits.block_size / 1024), part->name);
	}
	mutex_unlock(&disk->parts_lock);
	return true;
}

static void partitions_show(struct seq *s, void *priv)
{
	seq_puts(s, "major minor  #blocks  name\n\n");
	block_disk_for_each(partition_lines, s);
}

static void queue_totals(struct block_disk *disk, struct block_queue *q, struct totals *t)
{
	const struct block_stats *stats = &disk->stats[q->number];

	strand_lock(q->strand);
	for (unsigned int op = 0; op < BLOCK_OP_COUNT; op++) {
		t->stats.ios[op] += stats->ios[op];
		t->stats.sectors[op] += stats->sectors[op];
		t->stats.ns[op] += stats->ns[op];
		t->stats.merges[op] += stats->merges[op];
	}
	t->in_flight += stats->in_flight;
	strand_unlock(q->strand);
}

/* Several that went as one count as one, and the others as merged. */
void block_proc_stat(struct seq *s, struct block_disk *disk)
{
	struct totals t = { .in_flight = 0 };
	const struct block_stats *b = &t.stats;
	unsigned long long ms[BLOCK_OP_COUNT], all = 0;

	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (disk->group->queues[i])
			queue_totals(disk, disk->group->queues[i], &t);
	for (unsigned int op = 0; op < BLOCK_OP_COUNT; op++) {
		ms[op] = b->ns[op] / NSEC_PER_MSEC;
		all += ms[op];
	}
	seq_printf(s, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu 0 %llu %llu %llu %llu",
		   (unsigned long long)(b->ios[BLOCK_READ] - b->merges[BLOCK_READ]), (unsigned long long)b->merges[BLOCK_READ],
		   (unsigned long long)b->sectors[BLOCK_READ], ms[BLOCK_READ],
		   (unsigned long long)(b->ios[BLOCK_WRITE] - b->merges[BLOCK_WRITE]), (unsigned long long)b->merges[BLOCK_WRITE],
		   (unsigned long long)b->sectors[BLOCK_WRITE], ms[BLOCK_WRITE], t.in_flight, all, all, (unsigned long long)b->ios[BLOCK_DISCARD],
		   (unsigned long long)b->sectors[BLOCK_DISCARD], ms[BLOCK_DISCARD], (unsigned long long)b->ios[BLOCK_FLUSH],
		   ms[BLOCK_FLUSH]);
}

static bool stats_line(struct block_disk *disk, void *arg)
{
	seq_printf(arg, "%4u %7u %s ", disk->major, minor_of(disk, 0), disk->name);
	block_proc_stat(arg, disk);
	seq_puts(arg, "\n");
	return true;
}

static void diskstats_show(struct seq *s, void *priv)
{
	block_disk_for_each(stats_line, s);
}

static bool disk_line(struct block_disk *disk, void *arg)
{
	struct totals t = { .in_flight = 0 };
	unsigned long long ios = 0, ns = 0;

	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (disk->group->queues[i])
			queue_totals(disk, disk->group->queues[i], &t);
	for (unsigned int op = 0; op < BLOCK_OP_COUNT; op++) {
		ios += t.stats.ios[op];
		ns += t.stats.ns[op];
	}
	seq_printf(arg, "%s %s %llu %llu\n", disk->name, disk->dev->name, ios, ns);
	return true;
}

/* For drvtop: whose disk it is, and what diskstats rounds. */
static void disks_show(struct seq *s, void *priv)
{
	seq_puts(s, "DISK DEVICE IOS NS\n");
	block_disk_for_each(disk_line, s);
}

static int block_proc_init(void)
{
	int err = proc_create("partitions", 0444, partitions_show, NULL);

	sync_hook = block_sync_all;
	if (!err)
		err = proc_create("ferry/disks", 0444, disks_show, NULL);
	return err ? err : proc_create("diskstats", 0444, diskstats_show, NULL);
}
INITCALL("4class", block_proc_init);
