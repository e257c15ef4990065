// SPDX-License-Identifier: GPL-2.0
/*
 * What UNIX sockets hold: each sender is charged for what nobody took yet. When all of them together hold an eighth of the memory, a call that may
 * wait does so as long as its own socket has more than the least buffer on its way: who writes faster than others read is held, not ended. Locks:
 * none; the sum counts whole pages of each socket, so that what is soon taken again does not touch it.
 */
#include <fs/unix.h>
#include <kernel/init.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <mm/page.h>

#define SHARE		8u
#define LOOK_NS		(100 * NSEC_PER_MSEC)

static uint64_t pages_held, pages_most;

static void pages_move(uint32_t from, uint32_t to)
{
	uint32_t pages = (to >> PAGE_SHIFT) - (from >> PAGE_SHIFT);	/* less than nothing wraps, as the sum does */

	if (unlikely(pages))
		__atomic_fetch_add(&pages_held, (uint64_t)(int64_t)(int32_t)pages, __ATOMIC_RELAXED);
}

void unix_charge(struct socket *s, uint32_t cost)
{
	uint32_t before = __atomic_fetch_add(&s->sent, cost, __ATOMIC_RELAXED);

	pages_move(before, before + cost);
}

/* What poll calls writable: a quarter is used at most. Those who wait are told when that comes true again. */
void unix_uncharge(struct socket *s, uint32_t cost)
{
	uint32_t before = __atomic_fetch_sub(&s->sent, cost, __ATOMIC_RELAXED), after = before - cost;

	pages_move(before, after);
	if ((uint64_t)before * 4 > s->send_limit || (before >= BUFFER_SEND_MIN && after < BUFFER_SEND_MIN))
		wait_wake(&s->writable, LINUX_POLLOUT | LINUX_POLLWRNORM);
}

static bool is_short(void)
{
	return unlikely(READ_ONCE(pages_held) > pages_most);
}

bool unix_may_send(const struct socket *s)
{
	return READ_ONCE(s->sent) < READ_ONCE(s->send_limit);
}

int unix_room_wait(struct socket *s, const struct socket *to, time_ns_t deadline)
{
	time_ns_t until;
	int err = 0;

	while (!err && is_short() && READ_ONCE(s->sent) >= BUFFER_SEND_MIN && !unix_closed(s, to)) {
		until = MIN(deadline, time_now() + LOOK_NS);	/* others may make room */
		err = wait_event(&s->writable, READ_ONCE(s->sent) < BUFFER_SEND_MIN || unix_closed(s, to), until, true);
		if (err == -ETIMEDOUT && until < deadline)
			err = 0;
	}
	return err;
}

static int unix_memory_init(void)
{
	struct frame_stats frames;

	frame_stats(&frames);
	pages_most = frames.total / SHARE;
	return 0;
}
INITCALL("2fs", unix_memory_init);
