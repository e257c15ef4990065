// SPDX-License-Identifier: GPL-2.0
/* The ring, both ends in one thread: order, fullness, hostile indexes, the sleep protocol. */
#include <lib/ring.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>
#include <ktest.h>

KTEST_SUITE(ring);

#define ENTRIES	8u

static unsigned char memory[FERRY_RING_HEADER_BYTES + 64 * ENTRIES] __attribute__((aligned(64)));
static struct ring producer, consumer;

static void pair(void)
{
	memset(memory, 0, sizeof(memory));
	EXPECT_EQ(ring_init(&producer, memory, sizeof(memory), ENTRIES), 0);
	EXPECT_EQ(ring_init(&consumer, memory, sizeof(memory), ENTRIES), 0);
}

static int put(uint64_t value)
{
	struct ferry_ring_entry e = { .words = { value, ~value } };

	return ring_put(&producer, &e);
}

static int64_t take(void)
{
	struct ferry_ring_entry e;
	int err = ring_take(&consumer, &e);

	if (err)
		return err;
	EXPECT_EQ(e.words[1], ~e.words[0]);
	return (int64_t)e.words[0];
}

/* Both ends have moved @base entries, with nothing in between. */
static void advance(uint32_t base)
{
	struct ferry_ring_header *h = (struct ferry_ring_header *)memory;

	h->tail = h->head = base;
	producer.mine = producer.public = producer.theirs = base;
	consumer.mine = consumer.public = consumer.theirs = base;
}

KTEST_CASE(bad_sizes_are_refused)
{
	struct ring r;

	EXPECT_EQ(ring_init(&r, memory, sizeof(memory), 0), -EINVAL);
	EXPECT_EQ(ring_init(&r, memory, sizeof(memory), 7), -EINVAL);
	EXPECT_EQ(ring_init(&r, memory, sizeof(memory), 16), -EINVAL);
	EXPECT_EQ(ring_init(&r, memory + 1, sizeof(memory) - 1, 4), -EINVAL);
	EXPECT_EQ(ring_init(&r, memory, ~(size_t)0, FERRY_RING_ENTRIES_MAX * 2), -EINVAL);
}

/* What one side writes lies in no cache line that the other writes (ODG-55). */
KTEST_CASE(each_side_writes_cache_lines_of_its_own)
{
	EXPECT_EQ(offsetof(struct ferry_ring_header, head) / 64, 1);
	EXPECT_EQ(offsetof(struct ferry_ring_header, tail) / 64, 0);
	EXPECT_EQ(offsetof(struct ferry_ring_header, need_wakeup) / 64, 2);
	EXPECT_EQ(sizeof(struct ferry_ring_header) % 64, 0);
	EXPECT_EQ(sizeof(struct ferry_ring_entry), 64);
}

KTEST_CASE(entries_come_out_in_order)
{
	unsigned int i;

	pair();
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(put(i), 0);
	ring_publish(&producer);
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(take(), i);
	EXPECT_EQ(take(), -EAGAIN);
}

KTEST_CASE(unpublished_entry_is_not_seen)
{
	pair();
	EXPECT_EQ(put(1), 0);
	EXPECT_FALSE(ring_pending(&consumer));
	EXPECT_EQ(take(), -EAGAIN);
	ring_publish(&producer);
	EXPECT_TRUE(ring_pending(&consumer));
	EXPECT_EQ(take(), 1);
}

KTEST_CASE(full_ring_refuses_until_room_is_released)
{
	unsigned int i;

	pair();
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(put(i), 0);
	EXPECT_EQ(put(99), -EAGAIN);
	ring_publish(&producer);
	EXPECT_EQ(take(), 0);
	EXPECT_EQ(put(99), -EAGAIN);
	ring_release(&consumer);
	EXPECT_EQ(put(8), 0);
	EXPECT_EQ(put(99), -EAGAIN);
}

KTEST_CASE(indexes_wrap_around_32_bits)
{
	unsigned int i;

	pair();
	advance(0xfffffffcu);
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(put(i), 0);
	ring_publish(&producer);
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(take(), i);
	ring_release(&consumer);
	EXPECT_EQ(put(7), 0);
	EXPECT_FALSE(ring_pending(&consumer));
	ring_publish(&producer);
	EXPECT_TRUE(ring_pending(&consumer));
}

KTEST_CASE(tail_past_the_ring_kills_the_connection)
{
	struct ferry_ring_header *h = (struct ferry_ring_header *)memory;

	pair();
	h->tail = ENTRIES + 1;
	EXPECT_EQ(take(), -EPROTO);
	h->tail = 1;
	EXPECT_EQ(take(), -EPROTO);
	EXPECT_FALSE(ring_pending(&consumer));
}

KTEST_CASE(tail_going_back_kills_the_connection)
{
	struct ferry_ring_header *h = (struct ferry_ring_header *)memory;

	pair();
	EXPECT_EQ(put(1), 0);
	EXPECT_EQ(put(2), 0);
	ring_publish(&producer);
	EXPECT_EQ(take(), 1);
	EXPECT_EQ(take(), 2);
	h->tail = 1;
	EXPECT_EQ(take(), -EPROTO);
}

KTEST_CASE(head_past_the_tail_kills_the_connection)
{
	struct ferry_ring_header *h = (struct ferry_ring_header *)memory;
	unsigned int i;

	pair();
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(put(i), 0);
	ring_publish(&producer);
	h->head = ENTRIES + 1;
	EXPECT_EQ(put(9), -EPROTO);
	h->head = 1;
	EXPECT_EQ(put(9), -EPROTO);
}

KTEST_CASE(head_going_back_kills_the_connection)
{
	struct ferry_ring_header *h = (struct ferry_ring_header *)memory;
	unsigned int i;

	pair();
	advance(100);
	for (i = 0; i < ENTRIES; i++)
		EXPECT_EQ(put(i), 0);
	ring_publish(&producer);
	h->head = 99;
	EXPECT_EQ(put(9), -EPROTO);
}

KTEST_CASE(doorbell_rings_once_for_a_sleeper)
{
	pair();
	EXPECT_TRUE(ring_sleep(&consumer));
	EXPECT_EQ(put(1), 0);
	EXPECT_TRUE(ring_publish(&producer));
	EXPECT_EQ(put(2), 0);
	EXPECT_FALSE(ring_publish(&producer));
}

KTEST_CASE(doorbell_is_silent_for_a_running_consumer)
{
	pair();
	EXPECT_EQ(put(1), 0);
	EXPECT_FALSE(ring_publish(&producer));
	EXPECT_TRUE(ring_sleep(&consumer) == false);
	EXPECT_EQ(put(2), 0);
	EXPECT_FALSE(ring_publish(&producer));
}

KTEST_CASE(publishing_nothing_rings_no_doorbell)
{
	pair();
	EXPECT_TRUE(ring_sleep(&consumer));
	EXPECT_FALSE(ring_publish(&producer));
}
