// SPDX-License-Identifier: GPL-2.0
/*
 * What keys cost. Users have so many keys and bytes as /proc/sys/kernel/keys says, counted as on Linux; and of the memory that keys really take a
 * user but root may have a 32nd of the machine's, all together an eighth. Lock: keys_begin(), for what is not the numbers of /proc/sys.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "internal.h"

#define PART_OF_USER	32u
#define PART_OF_ALL	8u

enum { MAX_KEYS, MAX_BYTES, ROOT_MAX_KEYS, ROOT_MAX_BYTES, GC_DELAY, PERSISTENT_EXPIRY };
static struct proc_limit limits[] = {
	[MAX_KEYS] = { "sys/kernel/keys/maxkeys", 200, 1, INT32_MAX },
	[MAX_BYTES] = { "sys/kernel/keys/maxbytes", 20000, 1, INT32_MAX },
	[ROOT_MAX_KEYS] = { "sys/kernel/keys/root_maxkeys", 1000000, 1, INT32_MAX },
	[ROOT_MAX_BYTES] = { "sys/kernel/keys/root_maxbytes", 25000000, 1, INT32_MAX },
	[GC_DELAY] = { "sys/kernel/keys/gc_delay", 300, 0, INT32_MAX },
	[PERSISTENT_EXPIRY] = { "sys/kernel/keys/persistent_keyring_expiry", 3 * 24 * 3600, 0, INT32_MAX },
};
#define LIMIT(which)	((uint64_t)READ_ONCE(limits[which].value))

static struct list payers = LIST_INIT(payers);
static uint64_t all_memory;

uint64_t keys_gc_delay(void)
{
	return LIMIT(GC_DELAY);
}

uint64_t keys_persistent_expiry(void)
{
	return LIMIT(PERSISTENT_EXPIRY);
}

struct key_payer *payer_get(uint32_t uid)
{
	struct key_payer *p;

	list_for_each(p, &payers, link)
		if (p->uid >= uid)
			break;
	if (&p->link == &payers || p->uid != uid) {
		struct key_payer *new = kzalloc(sizeof(*new));

		if (!new)
			return NULL;
		new->uid = uid;
		list_append(&p->link, &new->link);
		p = new;
	}
	p->nr++;
	return p;
}

void payer_put(struct key_payer *p)
{
	if (--p->nr)
		return;
	list_del(&p->link);
	kfree(p);
}

struct key_payer *payer_after(const struct key_payer *p)
{
	struct list *next = p ? p->link.next : payers.next;

	return next == &payers ? NULL : list_entry(next, struct key_payer, link);
}

void payer_limits(const struct key_payer *p, uint64_t *keys, uint64_t *bytes)
{
	*keys = LIMIT(p->uid ? MAX_KEYS : ROOT_MAX_KEYS);
	*bytes = LIMIT(p->uid ? MAX_BYTES : ROOT_MAX_BYTES);
}

bool payer_has_room(const struct key_payer *p, uint64_t keys, uint64_t bytes)
{
	uint64_t most_keys, most_bytes;

	payer_limits(p, &most_keys, &most_bytes);
	return p->nr_counted + keys <= most_keys && p->bytes + bytes <= most_bytes;
}

int key_count_data(struct key *k, uint64_t bytes)
{
	if (bytes > k->counted_data && (k->flags & KEY_COUNTED) && !payer_has_room(k->payer, 0, bytes - k->counted_data))
		return -EDQUOT;
	if (k->flags & KEY_COUNTED) {
		k->payer->bytes += bytes - k->counted_data;
		k->counted_bytes += bytes - k->counted_data;
	}
	k->counted_data = bytes;
	return 0;
}

uint64_t key_footprint(size_t bytes)
{
	uint64_t pages = PAGE_SIZE;

	if (bytes < PAGE_SIZE)
		return bytes;
	while (pages < bytes)
		pages *= 2;
	return pages;
}

int key_memory_change(struct key *k, int64_t bytes)
{
	struct frame_stats stats;

	if (bytes > 0) {
		frame_stats(&stats);
		if (k->payer->uid && k->payer->memory + (uint64_t)bytes > stats.total * PAGE_SIZE / PART_OF_USER)
			return -EDQUOT;
		if (all_memory + (uint64_t)bytes > stats.total * PAGE_SIZE / PART_OF_ALL)
			return -ENOMEM;
	}
	all_memory += (uint64_t)bytes;
	k->memory += (uint64_t)bytes;
	k->payer->memory += (uint64_t)bytes;
	return 0;
}

static int payer_init(void)
{
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_create_limit(&limits[i]);
	return err;
}
INITCALL("2fs", payer_init);
