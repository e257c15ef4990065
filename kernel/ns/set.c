// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces as objects, and the set that a thread has. A set never changes once a thread has it: another kind of names is another set. Who is
 * in a namespace holds it by the set, who has a file of it by that. Locks: process->lock for which set a thread has.
 */
#include <fs/file.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/time_ns.h>
#include <mm/slab.h>
#include "internal.h"

#define INO_FIRST	4026531840ull	/* as on Linux: fixed numbers below it, then one for each */

static uint64_t next_ino = INO_FIRST + 64;
static struct ns *dead;		/* by next_dead; only exchanged */

/* ---- One namespace ---- */

uint32_t ns_payer(const struct credentials *who)
{
	return who->user_ns ? who->user_ns->ns.payer : who->euid;
}

int ns_begin(struct ns *ns, const struct ns_type *type, struct user_ns *owner)
{
	uint32_t payer = owner != &user_ns_first ? owner->ns.payer : ns_payer(&current->cred);
	int err = ns_charge(type->kind, payer);

	if (err)
		return err;
	ref_init(&ns->ref);
	ns->type = type;
	ns->payer = payer;
	ns->owner = owner != &user_ns_first ? owner : NULL;
	user_ns_get(ns->owner);
	ns->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	return 0;
}

void ns_end(struct ns *ns)
{
	ns_uncharge(ns->type->kind, ns->payer);
	user_ns_put(ns->owner);
}

void ns_get(struct ns *ns)
{
	ref_get(&ns->ref);
}

void ns_put(struct ns *ns)
{
	if (!ref_put(&ns->ref))
		return;
	if (!ns->type->buried) {
		ns->type->destroy(ns);
		return;
	}
	ns->next_dead = __atomic_load_n(&dead, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&dead, &ns->next_dead, ns, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

void ns_bury(void)
{
	struct ns *ns, *next;

	/* Some keep others. */
	while (unlikely(READ_ONCE(dead)))
		for (ns = __atomic_exchange_n(&dead, NULL, __ATOMIC_ACQ_REL); ns; ns = next) {
			next = ns->next_dead;
			ns->type->destroy(ns);
		}
}

int ns_may_enter(const struct ns *ns, const struct credentials *who)
{
	return credentials_privileged_in(who, ns->owner, LINUX_CAP_SYS_ADMIN) &&
	       credentials_privileged_in(who, who->user_ns, LINUX_CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* ---- Sets ---- */

void ns_set_put(struct ns_set *set)
{
	if (!set || set == &ns_first || !ref_put(&set->ref))
		return;
	for (unsigned int i = 0; i < NS_SET_KINDS; i++)
		if (set->of[i])
			ns_put(set->of[i]);
	kfree(set);
}

struct ns_set *ns_set_copy(struct ns_set *set, uint64_t flags, const struct credentials *who, struct fs_context *fs)
{
	struct user_ns *owner = user_ns_of(who);
	struct ns_set *copy;
	int err = 0;

	if (!credentials_privileged_in(who, owner, LINUX_CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	copy = kzalloc(sizeof(*copy));
	if (!copy)
		return ERR_PTR(-ENOMEM);
	ref_init(&copy->ref);
	for (unsigned int i = 0; i < NS_SET_KINDS && !err; i++) {
		struct ns *ns = set->of[i];

		if (!(flags & ns->type->flag)) {
			ns_get(ns);
		} else {
			ns = ns->type->copy ? ns->type->copy(ns, owner, fs) : ERR_PTR(-EINVAL);
			err = IS_ERR(ns) ? PTR_ERR(ns) : 0;
		}
		copy->of[i] = err ? NULL : ns;
	}
	if (!err)
		return copy;
	ns_set_put(copy);
	ns_bury();
	return ERR_PTR(err);
}

void ns_set_change(struct ns_set *set)
{
	struct thread *t = current;
	uint64_t flags = spin_lock_irq(&t->process->lock);
	struct ns_set *old = t->ns;

	t->ns = set == &ns_first ? NULL : set;
	spin_unlock_irq(&t->process->lock, flags);
	ns_set_put(old);
	ns_bury();
}

void ns_replace(struct thread *t, struct ns_set *set)
{
	ns_set_put(t->ns);
	t->ns = set;
}

void ns_leave(struct thread *t)
{
	struct ns_set *old = t->ns;

	t->ns = NULL;
	if (unlikely(old))
		ns_set_put(old);
	ns_bury();
}

struct ns *ns_of_process(struct process *p, enum ns_kind kind)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct ns *ns = NULL;
	struct thread *t;

	list_for_each(t, &p->threads, process_link) {
		ns = kind == NS_USER ? &user_ns_of(&t->cred)->ns : ns_set_of(t)->of[kind];
		ns_get(ns);
		break;
	}
	spin_unlock_irq(&p->lock, flags);
	return ns;
}

struct ns *ns_around_process(struct process *p, enum ns_kind kind)
{
	return kind == NS_PID ? pid_ns_of_process(p, false) : kind == NS_TIME ? time_ns_of_process(p) : ns_of_process(p, kind);
}
