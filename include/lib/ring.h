/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of a shared ring (uapi/ferry/ring.h), for the kernel, driver processes and tests. The caller serialises its own end; the two
 * ends need no lock. -EPROTO is for ever: the other end wrote nonsense, the connection is over.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uapi/ferry/ring.h>

struct ring {
	struct ferry_ring_header *shared;
	struct ferry_ring_entry *entries;
	uint32_t mask;		/* entries - 1 */
	uint32_t mine;		/* producer: tail with unpublished entries; consumer: head with unreleased entries */
	uint32_t public;	/* what of mine the other end was told */
	uint32_t theirs;	/* the other end's index as last seen and checked */
	bool dead;
};

/* Bytes of a ring of @nr_entries, header included. */
size_t ring_bytes(uint32_t nr_entries);
/* Use @memory, 64-byte aligned; both ends start from zeroed memory. -EINVAL: not a power of two, too many, or too short. */
int ring_init(struct ring *r, void *memory, size_t length, uint32_t nr_entries);

/* Producer. Put in an entry: not visible before ring_publish(). -EAGAIN: full. -EPROTO. */
int ring_put(struct ring *r, const struct ferry_ring_entry *entry);
/* Show everything put in. True: the consumer sleeps, wake it (asked once for each time it said so). */
bool ring_publish(struct ring *r);

/* Consumer. Copy out the next entry. -EAGAIN: empty. -EPROTO. */
int ring_take(struct ring *r, struct ferry_ring_entry *entry);
/* Give the room of everything taken back to the producer. */
void ring_release(struct ring *r);
/* Is there something to take? */
bool ring_pending(const struct ring *r);
/* Ask for a wake-up. False: something is there already, do not sleep. Only a wake-up asked for may be waited for. */
bool ring_sleep(struct ring *r);
/* Awake again: no wake-ups needed. */
void ring_awake(struct ring *r);

#endif
