// SPDX-License-Identifier: GPL-2.0
/*
 * Supplementary groups (getgroups(2)): a sorted list that never changes, shared by all who have the same, and its two calls. Who is in one is
 * asked for at every look at a file of somebody else's.
 */
#include <kernel/groups.h>
#include <kernel/ref.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "process_internal.h"

#define CHUNK	64u	/* told together */

struct group_list {
	struct ref ref;
	uint32_t nr;
	uint32_t gids[];
};

void group_list_get(struct group_list *l)
{
	if (unlikely(l))
		ref_get(&l->ref);
}

void group_list_put(struct group_list *l)
{
	if (unlikely(l) && ref_put(&l->ref))
		kfree(l);
}

uint32_t group_list_nr(const struct group_list *l)
{
	return l ? l->nr : 0;
}

uint32_t group_list_at(const struct group_list *l, uint32_t i)
{
	return l->gids[i];
}

bool group_list_has(const struct group_list *l, uint32_t gid)
{
	uint32_t from = 0, to = group_list_nr(l), middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (l->gids[middle] == gid)
			return true;
		if (l->gids[middle] < gid)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

struct group_list *group_list_of(struct process *p, pid_t tid)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct group_list *l = p->cred.groups;
	const struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (tid && t->tid == tid)
			l = t->cred.groups;
	group_list_get(l);
	spin_unlock_irq(&p->lock, flags);
	return l;
}

/* The number at @i goes down a heap of @nr whose root is the greatest, to where it belongs. */
static void sift(uint32_t *gids, uint32_t i, uint32_t nr)
{
	uint32_t child, gid = gids[i];

	for (; (child = 2 * i + 1) < nr; i = child) {
		child += child + 1 < nr && gids[child + 1] > gids[child];
		if (gids[child] <= gid)
			break;
		gids[i] = gids[child];
	}
	gids[i] = gid;
}

static void sort(uint32_t *gids, uint32_t nr)
{
	for (uint32_t i = nr / 2; i > 0; i--)
		sift(gids, i - 1, nr);
	for (uint32_t left = nr; left > 1; left--) {
		uint32_t greatest = gids[0];

		gids[0] = gids[left - 1];
		gids[left - 1] = greatest;
		sift(gids, 0, left - 1);
	}
}

/* The list with its first reference, NULL for none; ERR_PTR. */
static struct group_list *list_from_user(uint64_t ugids, uint32_t nr)
{
	struct group_list *l;
	int err = 0;

	if (!nr)
		return NULL;
	l = kzalloc(sizeof(*l) + nr * sizeof(l->gids[0]));
	if (!l)
		return ERR_PTR(-ENOMEM);
	ref_init(&l->ref);
	l->nr = nr;
	if (copy_from_user(l->gids, ugids, nr * sizeof(l->gids[0])))
		err = -EFAULT;
	for (uint32_t i = 0; i < nr && !err; i++) {
		l->gids[i] = gid_meant(l->gids[i]);
		if (l->gids[i] == ID_NONE)
			err = -EINVAL;
	}
	if (err) {
		kfree(l);
		return ERR_PTR(err);
	}
	sort(l->gids, nr);
	return l;
}

static int list_to_user(const struct group_list *l, uint64_t ugids)
{
	uint32_t told[CHUNK], n;

	for (uint32_t done = 0; done < group_list_nr(l); done += n) {
		n = MIN(l->nr - done, CHUNK);
		for (uint32_t i = 0; i < n; i++)
			told[i] = gid_told(l->gids[done + i]);
		if (copy_to_user(ugids + done * sizeof(told[0]), told, n * sizeof(told[0])))
			return -EFAULT;
	}
	return 0;
}

SYSCALL(NR_getgroups, getgroups)
{
	const struct group_list *l = current->cred.groups;
	int size = args->a[0], err = 0;

	if (size < 0 || (size && (uint32_t)size < group_list_nr(l)))
		return -EINVAL;
	if (size)
		err = list_to_user(l, args->a[1]);
	return err ? err : (int64_t)group_list_nr(l);
}

SYSCALL(NR_setgroups, setgroups)
{
	struct credentials new = current->cred;

	if (!privileged_here(LINUX_CAP_SETGID) || !user_ns_may_set_groups(user_ns_of(&new)))
		return -EPERM;
	if ((uint32_t)args->a[0] > GROUPS_MOST)
		return -EINVAL;
	new.groups = list_from_user(args->a[1], (uint32_t)args->a[0]);
	if (IS_ERR(new.groups))
		return PTR_ERR(new.groups);
	credentials_set(&new);
	group_list_put(new.groups);
	return 0;
}
