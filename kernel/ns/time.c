// SPDX-License-Identifier: GPL-2.0
/*
 * Time namespaces: making and entering one, and its offsets, which are fixed once somebody is in it. Its processes have a page of time of their own
 * in the place of everybody's (arch/x86/vdso). Locks: a namespace's; process->lock for which one a process is in.
 */
#include <asm/vdso.h>
#include <fs/file.h>
#include <kernel/time_ns.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "internal.h"

#define SECONDS_MAX	(INT64_MAX / (int64_t)NSEC_PER_SEC)

struct time_ns time_ns_first = {
	.ns = { .ref = { REF_ONE }, .type = &time_ns_type, .ino = 4026531834 },
	.lock = MUTEX_INIT(time_ns_first.lock, "time namespace"),
	.frozen = true,
};

static struct time_ns *of_ns(struct ns *ns)
{
	return container_of(ns, struct time_ns, ns);
}

/* ---- Offsets ---- */

void time_ns_get(struct ns *ns, int64_t ahead[TIME_NS_CLOCKS])
{
	struct time_ns *n = of_ns(ns);

	mutex_lock(&n->lock);
	memcpy(ahead, n->ahead, sizeof(n->ahead));
	mutex_unlock(&n->lock);
}

/* Half of what can be counted is left, so that no clock comes to an end. */
static bool offset_fits(const struct time_offset *o)
{
	time_ns_t now = time_now();
	int64_t then;

	if (o->seconds > SECONDS_MAX || o->seconds < -SECONDS_MAX)
		return false;
	then = (int64_t)(now / NSEC_PER_SEC) + o->seconds + (int64_t)((now % NSEC_PER_SEC + o->ns) / NSEC_PER_SEC);
	return then >= 0 && then <= SECONDS_MAX / 2;
}

int time_ns_set(struct ns *ns, const struct time_offset *offsets, unsigned int nr, const struct credentials *opener)
{
	struct time_ns *n = of_ns(ns);
	int err = 0;

	if (!credentials_privileged_in(opener, ns->owner, LINUX_CAP_SYS_TIME))
		return -EPERM;
	for (unsigned int i = 0; i < nr; i++)
		if (!offset_fits(&offsets[i]))
			return -ERANGE;
	mutex_lock(&n->lock);
	if (n->frozen)
		err = -EACCES;
	for (unsigned int i = 0; i < nr && !err; i++)
		n->ahead[offsets[i].clock] = offsets[i].seconds * (int64_t)NSEC_PER_SEC + (int64_t)offsets[i].ns;
	mutex_unlock(&n->lock);
	return err;
}

uint64_t time_meant_elsewhere(int clock, uint64_t ns)
{
	int64_t ahead;

	switch (clock) {
	case LINUX_CLOCK_MONOTONIC:
		ahead = time_ahead(TIME_NS_MONOTONIC);
		break;
	case LINUX_CLOCK_BOOTTIME:
	case LINUX_CLOCK_BOOTTIME_ALARM:
		ahead = time_ahead(TIME_NS_BOOT);
		break;
	default:
		return ns;
	}
	if (ahead < 0)
		return ns > TIME_FOREVER - (uint64_t)-ahead ? TIME_FOREVER : ns + (uint64_t)-ahead;
	return ns == TIME_FOREVER ? ns : ns - MIN(ns, (uint64_t)ahead);
}

/* ---- Making one ---- */

static struct ns *time_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct time_ns *n = kzalloc(sizeof(*n));
	int err = n ? ns_begin(&n->ns, &time_ns_type, owner) : -ENOMEM;

	if (err) {
		kfree(n);
		return ERR_PTR(err);
	}
	mutex_init(&n->lock, "time namespace");
	time_ns_get(from, n->ahead);
	return &n->ns;
}

static void time_destroy(struct ns *ns)
{
	struct time_ns *n = of_ns(ns);

	file_put(n->page);
	ns_end(ns);
	kfree(n);
}

const struct ns_type time_ns_type = {
	.name = "time", .kind = NS_TIME, .flag = LINUX_CLONE_NEWTIME, .buried = true, .alone = true, .copy = time_copy, .destroy = time_destroy,
};

/* ---- Being in one ---- */

/* Somebody is about to be in @n (NULL: the first). @same: where the clocks say the same, NULL: nowhere that is known. */
static int time_ns_freeze(struct time_ns *n, const struct time_ns *same)
{
	struct file *page = NULL;

	if (!n || __atomic_load_n(&n->frozen, __ATOMIC_ACQUIRE))
		return 0;
	mutex_lock(&n->lock);
	if (!n->frozen) {
		if (same && same->page) {
			page = same->page;
			file_get(page);
		} else if (n->ahead[TIME_NS_MONOTONIC] || n->ahead[TIME_NS_BOOT]) {
			page = vdso_page_create(n->ahead[TIME_NS_MONOTONIC], n->ahead[TIME_NS_BOOT]);
		}
		if (!IS_ERR(page)) {
			n->page = page;
			__atomic_store_n(&n->frozen, true, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&n->lock);
	return IS_ERR(page) ? (int)PTR_ERR(page) : 0;
}

struct file *time_ns_page(const struct process *p)
{
	return likely(!p->time_ns) ? NULL : p->time_ns->page;
}

/* Who shares memory shares the page of time too. Those are in one namespace, or one was made for the child just now, whose clocks are the same. */
int time_ns_begin(struct process *p, const struct ns_set *set, bool shares)
{
	struct time_ns *n = time_ns_of(set->of[NS_TIME]), *here = current_process->time_ns;
	int err = time_ns_freeze(n, shares ? here : NULL);

	if (!err && !shares && n != here)
		err = vdso_page_change(p->space, time_ns_page(current_process), n ? n->page : NULL);
	if (err || !n)
		return err;
	ns_get(&n->ns);
	p->time_ns = n;
	return 0;
}

/* From now on @p is in @n (NULL: the first), whose reference it takes over. */
static void time_ns_exchange(struct process *p, struct time_ns *n)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct time_ns *old = p->time_ns;

	p->time_ns = n;
	spin_unlock_irq(&p->lock, flags);
	if (old)
		ns_put(&old->ns);
}

int time_ns_change(struct ns *ns)
{
	struct time_ns *n = time_ns_of(ns);
	struct process *p = current_process;
	int err = time_ns_freeze(n, NULL);

	if (!err)
		err = vdso_page_change(p->space, time_ns_page(p), n ? n->page : NULL);
	if (err)
		return err;
	if (n)
		ns_get(&n->ns);
	time_ns_exchange(p, n);
	return 0;
}

void time_ns_leave(struct process *p)
{
	if (unlikely(p->time_ns))
		time_ns_exchange(p, NULL);
}

struct ns *time_ns_of_process(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct ns *ns = list_empty(&p->threads) ? NULL : p->time_ns ? &p->time_ns->ns : &time_ns_first.ns;

	if (ns)
		ns_get(ns);
	spin_unlock_irq(&p->lock, flags);
	return ns;
}
