// SPDX-License-Identifier: GPL-2.0
/*
 * How long ios took, from submission to done(), for each disk and kind, in buckets of powers of two nanoseconds: /proc/ferry/latency, a line
 * for each disk and kind that did anything: DISK KIND IOS TOTAL_NS BUCKET=IOS... Counted by the queue (queue.c), shown here.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <mm/slab.h>
#include "core.h"

static const char *const kinds[BLOCK_OP_COUNT] = { "read", "write", "flush", "discard", "zeroes", "info" };

void block_latency_create(struct block_disk *disk, const struct block_limits *l)
{
	for (unsigned int i = l->first_queue; i < l->first_queue + l->nr_queues; i++)
		if (!disk->latency[i])
			WRITE_ONCE(disk->latency[i], kzalloc(sizeof(struct block_latency)));
}

void block_latency_free(struct block_disk *disk)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		kfree(disk->latency[i]);
}

struct sum {
	uint64_t ios, ns, buckets[BLOCK_LATENCY_BUCKETS];
};

static void queue_add(struct block_disk *disk, struct block_queue *q, unsigned int op, struct sum *sum)
{
	const struct block_latency *latency = disk->latency[q->number];

	if (!latency)
		return;
	strand_lock(q->strand);
	sum->ios += disk->stats[q->number].ios[op];
	sum->ns += disk->stats[q->number].ns[op];
	for (unsigned int b = 0; b < BLOCK_LATENCY_BUCKETS; b++)
		sum->buckets[b] += latency->ios[op][b];
	strand_unlock(q->strand);
}

static void kind_line(struct seq *s, struct block_disk *disk, unsigned int op)
{
	struct sum sum = { .ios = 0 };

	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		if (disk->group->queues[i])
			queue_add(disk, disk->group->queues[i], op, &sum);
	if (!sum.ios)
		return;
	seq_printf(s, "%s %s %llu %llu", disk->name, kinds[op], (unsigned long long)sum.ios, (unsigned long long)sum.ns);
	for (unsigned int b = 0; b < BLOCK_LATENCY_BUCKETS; b++)
		if (sum.buckets[b])
			seq_printf(s, " %u=%llu", b, (unsigned long long)sum.buckets[b]);
	seq_puts(s, "\n");
}

static bool disk_lines(struct block_disk *disk, void *arg)
{
	for (unsigned int op = 0; op < BLOCK_OP_COUNT; op++)
		kind_line(arg, disk, op);
	return true;
}

static void latency_show(struct seq *s, void *priv)
{
	block_disk_for_each(disk_lines, s);
}

static int block_latency_init(void)
{
	return proc_create("ferry/latency", 0444, latency_show, NULL);
}
INITCALL("4class", block_latency_init);
