// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: files and buffers that were registered with a tag: when one is replaced or removed, and no request uses it any more, a completion of
 * that name says so. Who began to use what is registered is counted in an era, which ends when a tag goes: that one is told when nobody
 * of its era and of those before is left. An era is the completion that it may become.
 */
#include "uring.h"

int uring_tags_begin(struct uring *u)
{
	struct uring_request *first;
	uint64_t flags;

	if (u->era)
		return 0;
	first = uring_note_create(u);
	if (!first)
		return -ENOMEM;
	flags = spin_lock_irq(&u->done_lock);
	u->era = first;
	spin_unlock_irq(&u->done_lock, flags);
	return 0;
}

void uring_tag_use(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags;

	if (likely(!u->era) || r->era)
		return;
	flags = spin_lock_irq(&u->done_lock);
	r->era = u->era;
	r->era->users++;
	spin_unlock_irq(&u->done_lock, flags);
}

void uring_tags_tell_locked(struct uring *u)
{
	while (!list_empty(&u->retired)) {
		struct uring_request *first = list_first(&u->retired, struct uring_request, link);

		if (first->users)
			break;
		list_del(&first->link);
		uring_note_tell_locked(u, first);
	}
}

void uring_tag_retire(struct uring *u, uint64_t tag, struct uring_request *next)
{
	uint64_t flags;

	if (!tag) {
		uring_note_free(next);
		return;
	}
	flags = spin_lock_irq(&u->done_lock);
	u->era->sqe.user_data = tag;
	list_append(&u->retired, &u->era->link);
	u->era = next;
	uring_tags_tell_locked(u);
	spin_unlock_irq(&u->done_lock, flags);
	uring_tell(u);
}

void uring_tags_forget(struct uring *u)
{
	struct uring_request *r, *next;

	list_for_each_safe(r, next, &u->retired, link) {
		list_del(&r->link);
		uring_note_free(r);
	}
	uring_note_free(u->era);
	u->era = NULL;
}
