// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the partitions of a disk and gives them nodes. A new disk is read by a thread of its own: its driver may still be in probe, or be
 * the process that is asking.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include "core.h"

#define BOOT_WAIT_MS	3000u

static struct spinlock scan_lock = SPINLOCK_INIT("block_scan");	/* guards scan_list, scan_busy */
static struct list scan_list = LIST_INIT(scan_list);
static bool scan_busy;
static struct wait_queue scan_wait = WAIT_QUEUE_INIT(scan_wait, "block_scan");
static struct wait_queue scan_idle_wait = WAIT_QUEUE_INIT(scan_idle_wait, "block_scan_idle");

static int source_read(void *arg, uint64_t lba, void *block)
{
	return block_read_blocks(arg, lba, 1, block);
}

/* Is a partition open? If not none can be opened from now on. parts_lock held. */
static bool parts_close(struct block_disk *disk)
{
	bool busy = false;

	spin_lock(&disk->opens_lock);
	for (unsigned int i = 1; i <= BLOCK_PARTS_MAX; i++)
		busy = busy || (disk->parts[i] && disk->parts[i]->opens);
	for (unsigned int i = 1; i <= BLOCK_PARTS_MAX && !busy; i++)
		if (disk->parts[i])
			disk->parts[i]->present = false;
	spin_unlock(&disk->opens_lock);
	return !busy;
}

/* parts_lock held. */
static void parts_replace(struct block_disk *disk, const struct block_table_entry *entries, int nr)
{
	for (unsigned int i = 1; i <= BLOCK_PARTS_MAX; i++)
		if (disk->parts[i])
			block_node_remove(disk->parts[i]);
	for (int i = 0; i < nr; i++) {
		const struct block_table_entry *e = &entries[i];

		if (disk->parts[e->number] && disk->parts[e->number]->named)
			continue;
		if (!block_node_add(disk, e->number, e->start, e->nr_blocks))
			log_info("block %s: partition=%u start=%llu blocks=%llu", disk->name, e->number,
				 (unsigned long long)e->start, (unsigned long long)e->nr_blocks);
	}
}

int block_rescan(struct block_disk *disk)
{
	struct block_table_entry *entries = kcalloc(BLOCK_PARTS_MAX, sizeof(*entries));
	struct block_table_source s = { .read = source_read, .arg = disk, .block_size = disk->limits.block_size,
					.nr_blocks = block_disk_blocks(disk), .block = kzalloc(disk->limits.block_size) };
	int nr = -ENOMEM;

	block_cache_sync(disk, 0, UINT64_MAX);
	mutex_lock(&disk->parts_lock);
	if (disk->gone)
		nr = -ENXIO;
	else if (entries && s.block)
		nr = block_table_read(&s, entries, BLOCK_PARTS_MAX);
	if (nr >= 0 && !parts_close(disk))
		nr = -EBUSY;
	if (nr >= 0)
		parts_replace(disk, entries, nr);
	mutex_unlock(&disk->parts_lock);
	kfree(s.block);
	kfree(entries);
	return nr < 0 ? nr : 0;
}

/* ---- The thread ---- */

void block_scan_later(struct block_disk *disk)
{
	uint64_t flags = spin_lock_irq(&scan_lock);
	bool added = list_empty(&disk->scan_link);

	if (added) {
		ref_get(&disk->ref);
		list_append(&scan_list, &disk->scan_link);
	}
	spin_unlock_irq(&scan_lock, flags);
	wait_wake(&scan_wait, 0);
}

static struct block_disk *scan_take(void)
{
	uint64_t flags = spin_lock_irq(&scan_lock);
	struct block_disk *disk = NULL;

	if (!list_empty(&scan_list)) {
		disk = list_first(&scan_list, struct block_disk, scan_link);
		list_del(&disk->scan_link);
	}
	scan_busy = disk;
	spin_unlock_irq(&scan_lock, flags);
	return disk;
}

static bool scan_idle(void)
{
	uint64_t flags = spin_lock_irq(&scan_lock);
	bool idle = list_empty(&scan_list) && !scan_busy;

	spin_unlock_irq(&scan_lock, flags);
	return idle;
}

static bool scan_due(void)
{
	uint64_t flags = spin_lock_irq(&scan_lock);
	bool due = !list_empty(&scan_list);

	spin_unlock_irq(&scan_lock, flags);
	return due;
}

static void scan_thread(void *arg)
{
	struct block_disk *disk;

	for (;;) {
		wait_event(&scan_wait, scan_due(), TIME_FOREVER, false);
		while ((disk = scan_take())) {
			int err = block_rescan(disk);

			if (err && err != -EBUSY)
				log_warn("block %s: partitions not read: %d", disk->name, err);
			block_disk_put(disk);
		}
		wait_wake(&scan_idle_wait, 0);
	}
}

static int block_scan_init(void)
{
	struct thread *t = thread_create("block-scan", scan_thread, NULL, SCHED_FAIR);

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("2fs", block_scan_init);

/* Programs start with the partitions of the kernel's own disks in place. */
static int block_scan_settle(void)
{
	wait_event(&scan_idle_wait, scan_idle(), time_now() + BOOT_WAIT_MS * NSEC_PER_MSEC, false);
	return 0;
}
INITCALL("6late", block_scan_settle);
