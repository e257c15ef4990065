// SPDX-License-Identifier: GPL-2.0
/*
 * How many namespaces of each kind a user may have: /proc/sys/user/max_*_namespaces. Those that a user's own namespaces make count for the user
 * who made the outermost, so nobody gets more by nesting. Locks: count_lock.
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/list.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "internal.h"

#define LIMIT_AT_FIRST	1024u

struct payer {
	struct list link;
	uint32_t uid, total;
	uint32_t counts[NS_KINDS];
};

static struct spinlock count_lock = SPINLOCK_INIT("namespaces");
static struct list payers = LIST_INIT(payers);
static uint32_t limits[NS_KINDS];

static struct payer *payer_find(uint32_t uid)
{
	struct payer *p;

	list_for_each(p, &payers, link)
		if (p->uid == uid)
			return p;
	return NULL;
}

static struct payer *payer_get(uint32_t uid)
{
	struct payer *p = payer_find(uid);

	if (p)
		return p;
	p = kzalloc(sizeof(*p));
	if (!p)
		return NULL;
	p->uid = uid;
	list_append(&payers, &p->link);
	return p;
}

static void payer_put(struct payer *p)
{
	if (p->total)
		return;
	list_del(&p->link);
	kfree(p);
}

int ns_charge(enum ns_kind kind, uint32_t uid)
{
	uint64_t flags = spin_lock_irq(&count_lock);
	struct payer *p = payer_get(uid);
	int err = p ? 0 : -ENOMEM;

	if (p && p->counts[kind] >= READ_ONCE(limits[kind])) {
		err = -ENOSPC;
		payer_put(p);
	} else if (p) {
		p->counts[kind]++;
		p->total++;
	}
	spin_unlock_irq(&count_lock, flags);
	return err;
}

void ns_uncharge(enum ns_kind kind, uint32_t uid)
{
	uint64_t flags = spin_lock_irq(&count_lock);
	struct payer *p = payer_find(uid);

	p->counts[kind]--;
	p->total--;
	payer_put(p);
	spin_unlock_irq(&count_lock, flags);
}

static void limit_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(*(uint32_t *)priv));
}

static int limit_write(void *priv, char *text)
{
	uint64_t value = 0;

	if (!*text || !privileged(LINUX_CAP_SYS_RESOURCE))
		return *text ? -EPERM : -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > INT32_MAX)
			return -EINVAL;
	}
	WRITE_ONCE(*(uint32_t *)priv, (uint32_t)value);
	return 0;
}

static int count_init(void)
{
	char path[64];
	int err = 0;

	for (unsigned int i = 0; i < NS_KINDS; i++) {
		limits[i] = LIMIT_AT_FIRST;
		format_text(path, sizeof(path), "sys/user/max_%s_namespaces", ns_types[i]->name);
		err = err ? err : proc_create_rw(path, 0644, limit_show, limit_write, &limits[i]);
	}
	return err;
}
INITCALL("2fs", count_init);
