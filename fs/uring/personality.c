// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: who a thread was when it asked for that (IORING_REGISTER_PERSONALITY). Requests that name it are carried out as that one, whoever sends
 * them; what landlock forbids the thread stays forbidden. u->lock guards the list.
 */
#include <kernel/thread.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include "uring.h"

#define NUMBERS		65535u
#define MOST		1024u	/* of a ring: they are looked for one by one */

struct uring_personality {
	struct ref ref;			/* the list's, and one of each request */
	struct list link;
	uint16_t number;
	struct credentials cred;
};

static struct uring_personality *find(struct uring *u, uint32_t number)
{
	struct uring_personality *p;

	list_for_each(p, &u->personalities, link)
		if (p->number == number)
			return p;
	return NULL;
}

/* One that is free, after the last that was given; 0: none. */
static uint16_t number_choose(struct uring *u)
{
	for (uint32_t tries = 0; tries < NUMBERS; tries++) {
		u->last_personality = u->last_personality % NUMBERS + 1;
		if (!find(u, u->last_personality))
			return (uint16_t)u->last_personality;
	}
	return 0;
}

int uring_personality_register(struct uring *u)
{
	struct uring_personality *p;
	uint16_t number = u->nr_personalities < MOST ? number_choose(u) : 0;

	if (!number)
		return -EBUSY;
	if (uring_pay(u, sizeof(*p)))
		return -ENOMEM;
	p = kzalloc(sizeof(*p));
	if (!p) {
		uring_unpay(u, sizeof(*p));
		return -ENOMEM;
	}
	ref_init(&p->ref);
	p->number = number;
	p->cred = current->cred;
	credentials_get(&p->cred);
	list_append(&u->personalities, &p->link);
	u->nr_personalities++;
	return number;
}

void uring_personality_put(struct uring_personality *p)
{
	if (!p || !ref_put(&p->ref))
		return;
	credentials_put(&p->cred);
	kfree(p);
}

int uring_personality_unregister(struct uring *u, uint32_t number)
{
	struct uring_personality *p = find(u, number);

	if (!p)
		return -EINVAL;
	list_del(&p->link);
	u->nr_personalities--;
	uring_unpay(u, sizeof(*p));
	uring_personality_put(p);
	return 0;
}

void uring_personalities_forget(struct uring *u)
{
	while (!list_empty(&u->personalities))
		(void)uring_personality_unregister(u, list_first(&u->personalities, struct uring_personality, link)->number);
}

int uring_personality_choose(struct uring_request *r)
{
	if (!r->sqe.personality)
		return 0;
	r->personality = find(r->uring, r->sqe.personality);
	if (!r->personality)
		return -EINVAL;
	ref_get(&r->personality->ref);
	return 0;
}

/* Others may read who the thread is. */
static void become(const struct credentials *c)
{
	uint64_t flags = spin_lock_irq(&current_process->lock);

	current->cred = *c;
	spin_unlock_irq(&current_process->lock, flags);
}

void uring_personality_enter(const struct uring_request *r, struct credentials *own)
{
	if (!r->personality)
		return;
	*own = current->cred;
	become(&r->personality->cred);
}

void uring_personality_leave(bool entered, const struct credentials *own)
{
	if (entered)
		become(own);
}
