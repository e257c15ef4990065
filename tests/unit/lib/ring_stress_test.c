// SPDX-License-Identifier: GPL-2.0
/*
 * The ring with its ends in two threads that sleep for real: no entry lost, doubled or torn, and no lost wake-up (a lost one hangs
 * until the deadline, and then fails). Host only; also meant for ThreadSanitizer.
 */
#include <lib/ring.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>
#include <ktest.h>

KTEST_SUITE(ring_stress);

#define ENTRIES	16u
#define COUNT	200000u
#define SECONDS	20

static unsigned char there[FERRY_RING_HEADER_BYTES + 64 * ENTRIES] __attribute__((aligned(64)));
static unsigned char back[FERRY_RING_HEADER_BYTES + 64 * ENTRIES] __attribute__((aligned(64)));
static sem_t there_bell, back_bell;
static unsigned int sleeps, bells;

static int bell_wait(sem_t *bell)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += SECONDS;
	while (sem_timedwait(bell, &t))
		if (errno != EINTR)
			return -ETIMEDOUT;
	return 0;
}

/* Take one, sleeping for it. */
static int take_waiting(struct ring *r, struct ferry_ring_entry *e, sem_t *bell)
{
	int err;

	while ((err = ring_take(r, e)) == -EAGAIN) {
		ring_release(r);
		if (!ring_sleep(r))
			continue;
		__atomic_fetch_add(&sleeps, 1, __ATOMIC_RELAXED);
		if (bell_wait(bell))
			return -ETIMEDOUT;
		ring_awake(r);
	}
	return err;
}

static void publish(struct ring *r, sem_t *bell)
{
	if (!ring_publish(r))
		return;
	__atomic_fetch_add(&bells, 1, __ATOMIC_RELAXED);
	sem_post(bell);
}

/* Echo everything; batches of differing sizes. */
static void *echo(void *arg)
{
	struct ring in, out;
	struct ferry_ring_entry e;
	unsigned int i;

	if (ring_init(&in, there, sizeof(there), ENTRIES) || ring_init(&out, back, sizeof(back), ENTRIES))
		return "init";
	for (i = 0; i < COUNT; i++) {
		if (take_waiting(&in, &e, &there_bell))
			return "lost wake-up at the echo";
		while (ring_put(&out, &e) == -EAGAIN)
			sched_yield();
		if (i % 3 == 0 || !ring_pending(&in))
			publish(&out, &back_bell);
	}
	publish(&out, &back_bell);
	return NULL;
}

static const char *drive(struct ring *out, struct ring *in)
{
	struct ferry_ring_entry e;
	unsigned int sent = 0, got = 0, word;

	while (got < COUNT) {
		/* At most ENTRIES on the way, so the echo always has room. */
		while (sent < COUNT && sent - got < 1 + got % ENTRIES) {
			for (word = 0; word < 8; word++)
				e.words[word] = sent + word;
			if (!ring_put(out, &e))
				sent++;
			else if (sent != got)
				break;
			else
				sched_yield();	/* answered before it gave the room back */
		}
		publish(out, &there_bell);
		if (take_waiting(in, &e, &back_bell))
			return "lost wake-up at the driver";
		for (word = 0; word < 8; word++)
			if (e.words[word] != got + word)
				return "an entry was lost, doubled or torn";
		got++;
		ring_release(in);
	}
	return NULL;
}

KTEST_CASE(nothing_is_lost_and_every_sleeper_is_woken)
{
	struct ring out, in;
	pthread_t thread;
	const char *here;
	void *other;

	sem_init(&there_bell, 0, 0);
	sem_init(&back_bell, 0, 0);
	EXPECT_EQ(ring_init(&out, there, sizeof(there), ENTRIES), 0);
	EXPECT_EQ(ring_init(&in, back, sizeof(back), ENTRIES), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, echo, NULL), 0);
	here = drive(&out, &in);
	if (here)
		ktest_note("%s", here);
	EXPECT_NULL(here);
	pthread_join(thread, &other);
	EXPECT_NULL(other);
	EXPECT_LE(bells, sleeps + 2);
	ktest_note("%u entries there and back, %u sleeps, %u doorbells", COUNT, sleeps, bells);
}
