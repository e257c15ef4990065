// SPDX-License-Identifier: GPL-2.0
/*
 * Single-producer single-consumer ring in shared memory, hostile other end. Memory order: an entry is written before the tail that
 * shows it (release) and read after it (acquire); the same for head and reuse of the room. The sleep protocol is a sequentially
 * consistent store and then load on both sides: the consumer stores need_wakeup and loads tail, the producer stores tail and loads
 * need_wakeup, so that at least one of them sees the other. ring.pml is the model of it.
 */
#include <lib/ring.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>

_Static_assert(sizeof(struct ferry_ring_header) == FERRY_RING_HEADER_BYTES, "ring header");
_Static_assert(sizeof(struct ferry_ring_entry) == 64, "ring entry");
_Static_assert(sizeof(struct ferry_block_submission) == 64, "block submission");
_Static_assert(sizeof(struct ferry_block_completion) == 64, "block completion");

size_t ring_bytes(uint32_t nr_entries)
{
	return sizeof(struct ferry_ring_header) + (size_t)nr_entries * sizeof(struct ferry_ring_entry);
}

int ring_init(struct ring *r, void *memory, size_t length, uint32_t nr_entries)
{
	if (!nr_entries || nr_entries & (nr_entries - 1) || nr_entries > FERRY_RING_ENTRIES_MAX)
		return -EINVAL;
	if (length < ring_bytes(nr_entries) || (uintptr_t)memory % sizeof(struct ferry_ring_entry))
		return -EINVAL;
	*r = (struct ring){
		.shared = memory,
		.entries = (struct ferry_ring_entry *)((struct ferry_ring_header *)memory + 1),
		.mask = nr_entries - 1,
	};
	return 0;
}

/* The entry moves as words, each once: the other end may scribble on it meanwhile, and then costs itself a bad entry. */
static void entry_copy(struct ferry_ring_entry *to, const struct ferry_ring_entry *from)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		__atomic_store_n(&to->words[i], __atomic_load_n(&from->words[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

int ring_put(struct ring *r, const struct ferry_ring_entry *entry)
{
	uint32_t size = r->mask + 1;

	if (r->dead)
		return -EPROTO;
	if (r->mine - r->theirs == size) {
		uint32_t head = __atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE);

		/* The head may only move on, and not past what was published. */
		if (r->public - head > r->public - r->theirs) {
			r->dead = true;
			return -EPROTO;
		}
		r->theirs = head;
		if (r->mine - head == size)
			return -EAGAIN;
	}
	entry_copy(&r->entries[r->mine & r->mask], entry);
	r->mine++;
	return 0;
}

bool ring_publish(struct ring *r)
{
	if (r->public == r->mine)
		return false;
	r->public = r->mine;
	__atomic_store_n(&r->shared->tail, r->mine, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&r->shared->need_wakeup, __ATOMIC_SEQ_CST))
		return false;
	return __atomic_exchange_n(&r->shared->need_wakeup, 0, __ATOMIC_SEQ_CST) != 0;
}

/* Learn the producer's tail; false: it claims more than fits. */
static bool tail_update(struct ring *r)
{
	uint32_t tail = __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE);

	if (tail - r->mine > r->mask + 1 || tail - r->public > r->mask + 1) {
		r->dead = true;
		return false;
	}
	r->theirs = tail;
	return true;
}

int ring_take(struct ring *r, struct ferry_ring_entry *entry)
{
	if (r->dead)
		return -EPROTO;
	if (r->mine == r->theirs) {
		if (!tail_update(r))
			return -EPROTO;
		if (r->mine == r->theirs)
			return -EAGAIN;
	}
	entry_copy(entry, &r->entries[r->mine & r->mask]);
	r->mine++;
	return 0;
}

void ring_release(struct ring *r)
{
	if (r->public == r->mine)
		return;
	r->public = r->mine;
	__atomic_store_n(&r->shared->head, r->public, __ATOMIC_RELEASE);
}

bool ring_pending(const struct ring *r)
{
	return !r->dead && __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE) != r->mine;
}

bool ring_sleep(struct ring *r)
{
	__atomic_store_n(&r->shared->need_wakeup, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->shared->tail, __ATOMIC_SEQ_CST) == r->mine && !r->dead)
		return true;
	ring_awake(r);
	return false;
}

void ring_awake(struct ring *r)
{
	__atomic_store_n(&r->shared->need_wakeup, 0, __ATOMIC_RELAXED);
}
