// SPDX-License-Identifier: GPL-2.0
/*
 * What splice(2), tee(2) and vmsplice(2) do to a pipe's slots. Bytes that go to a file are claimed: read where they lie, without the lock, while
 * other readers wait. What comes from a file comes in pages of its own into slots that were reserved. Between two pipes pages move, or both
 * have them.
 */
#include "pipe.h"
#include <kernel/process.h>
#include <mm/page.h>

/* Lock held. */
static ssize_t claim_now(struct pipe *p, struct iovec_k *vec, unsigned int *nr, size_t n)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < *nr && i < p->used && sum < n; i++) {
		const struct pipe_slot *s = pipe_slot(p, i);

		vec[i] = (struct iovec_k){ (uint64_t)s->data + s->begin, MIN(n - sum, (size_t)(s->end - s->begin)) };
		sum += vec[i].length;
	}
	*nr = i;
	p->claimed = sum;
	return (ssize_t)sum;
}

ssize_t pipe_claim(struct file *f, struct iovec_k *vec, unsigned int *nr, size_t n, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	ssize_t got;

	for (;;) {
		bool ready;

		mutex_lock(&p->lock);
		ready = pipe_readable(p);
		got = ready ? claim_now(p, vec, nr, n) : 0;
		mutex_unlock(&p->lock);
		if (ready)
			return got;
		got = pipe_wait_readable(p, nonblock);
		if (got)
			return got;
	}
}

void pipe_claim_end(struct file *f, size_t n)
{
	struct pipe *p = pipe_of(f);
	size_t step;

	mutex_lock(&p->lock);
	for (; n; n -= step) {
		struct pipe_slot *s = pipe_slot(p, 0);

		step = MIN(n, (size_t)(s->end - s->begin));
		pipe_consume(p, s, step);
	}
	p->claimed = false;
	mutex_unlock(&p->lock);
	wait_wake(&p->changed, 0);
}

int pipe_reserve(struct file *f, unsigned int nr, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	int err;

	for (;;) {
		unsigned int room;

		mutex_lock(&p->lock);
		room = MIN(nr, pipe_room(p));
		err = p->readers ? 0 : -EPIPE;
		if (!err)
			p->reserved += room;
		mutex_unlock(&p->lock);
		if (err || room)
			return err ? (int)pipe_write_end(0, err) : (int)room;
		err = pipe_wait_room(p, nonblock);
		if (err)
			return err;
	}
}

/* @s has the bytes, and the page that it had is where they were. Lock held. */
static void slot_put(struct pipe *p, char *data, uint16_t begin, uint16_t end, uint32_t flags)
{
	struct pipe_slot *s = pipe_slot(p, p->used);

	pipe_page_free(s->data);
	*s = (struct pipe_slot){ data, begin, end, flags };
	WRITE_ONCE(p->used, p->used + 1);
}

int pipe_commit(struct file *f, const struct iovec_k *vec, unsigned int nr, unsigned int reserved)
{
	struct pipe *p = pipe_of(f);
	bool ends;

	mutex_lock(&p->lock);
	ends = nr && !p->readers;
	for (unsigned int i = 0; i < nr; i++) {
		if (ends)
			pipe_page_free((char *)vec[i].base);
		else
			slot_put(p, (char *)vec[i].base, 0, (uint16_t)vec[i].length, 0);
	}
	WRITE_ONCE(p->reserved, p->reserved - reserved);
	mutex_unlock(&p->lock);
	wait_wake(&p->changed, 0);
	return ends ? (int)pipe_write_end(0, -EPIPE) : 0;
}

/* ---- Between pipes: both locks held ---- */

/* All of the oldest slot of @from, which gets the page that the other's free slot had. */
static void slot_move(struct pipe *from, struct pipe *to)
{
	struct pipe_slot *s = pipe_slot(from, 0), *d = pipe_slot(to, to->used), moved = *s;

	*s = (struct pipe_slot){ .data = d->data, .flags = d->flags & SLOT_SHARED };
	*d = moved;
	WRITE_ONCE(to->used, to->used + 1);
	pipe_consume(from, s, 0);
}

/* The first @n bytes of @s are in @to as well. */
static void slot_share(struct pipe_slot *s, struct pipe *to, size_t n)
{
	page_get(page_of(virt_to_phys(s->data)));
	s->flags |= SLOT_SHARED;
	slot_put(to, s->data, s->begin, (uint16_t)(s->begin + n), SLOT_SHARED | (s->flags & SLOT_PACKET));
}

static size_t slots_join(struct pipe *from, struct pipe *to, size_t n, bool keep)
{
	size_t done = 0, step;

	for (uint32_t i = 0; done < n && i < from->used && pipe_room(to); done += step) {
		struct pipe_slot *s = pipe_slot(from, i);

		step = MIN(n - done, (size_t)(s->end - s->begin));
		if (!keep && s->begin + step == s->end) {
			slot_move(from, to);
			continue;
		}
		slot_share(s, to, step);
		if (keep)
			i++;
		else
			pipe_consume(from, s, step);
	}
	return done;
}

/* 0: one of them must be waited for, unless *@ends. */
static ssize_t join_now(struct pipe *from, struct pipe *to, size_t n, bool keep, bool *ends)
{
	struct pipe *low = MIN(from, to), *high = MAX(from, to);
	ssize_t done;

	mutex_lock(&low->lock);
	mutex_lock(&high->lock);
	*ends = !from->used && !from->writers;
	done = to->readers ? from->claimed ? 0 : (ssize_t)slots_join(from, to, n, keep) : -EPIPE;
	mutex_unlock(&high->lock);
	mutex_unlock(&low->lock);
	return done;
}

ssize_t pipe_join(struct file *in, struct file *out, size_t n, bool nonblock, bool keep)
{
	struct pipe *from = pipe_of(in), *to = pipe_of(out);
	ssize_t done = 0;
	bool ends;

	if (from == to)
		return -EINVAL;
	while (!done) {
		if (!pipe_readable(from))
			done = pipe_wait_readable(from, nonblock);
		if (!done && READ_ONCE(to->readers) && !pipe_room(to))
			done = pipe_wait_room(to, nonblock);
		if (done)
			return done;
		done = join_now(from, to, n, keep, &ends);
		if (ends)
			break;
	}
	if (done < 0)
		return pipe_write_end(0, done);
	if (done)
		wait_wake(&to->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
	if (done && !keep)
		wait_wake(&from->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return done;
}
