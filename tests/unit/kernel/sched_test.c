// SPDX-License-Identifier: GPL-2.0
/* Threads, wait queues, mutexes and sleeping in the running kernel. */
#include <ktest.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <kernel/wait.h>

KTEST_SUITE(sched);

#define LIMIT	(time_now() + 5 * NSEC_PER_SEC)

static struct wait_queue queue, back;
static volatile int turn, done, counter;
static struct mutex mutex;
static char order[8];
static unsigned int nr_order;

static void reset(void)
{
	wait_queue_init(&queue, "test");
	wait_queue_init(&back, "test back");
	mutex_init(&mutex, "test");
	turn = done = counter = 0;
	nr_order = 0;
}

static bool run(const char *name, void (*fn)(void *arg), void *arg, enum sched_class sclass)
{
	struct thread *t = thread_create(name, fn, arg, sclass);

	if (IS_ERR(t))
		return false;
	thread_set_affinity(t, current->affinity);
	thread_start(t);
	return true;
}

static void finish(void)
{
	done++;
	wait_wake(&back, 0);
}

static void pong(void *arg)
{
	for (int i = 0; i < 500; i++) {
		(void)wait_event(&queue, turn == 1, LIMIT, false);
		turn = 0;
		wait_wake(&back, 0);
	}
	finish();
}

KTEST_CASE(no_wake_is_lost_between_two_threads)
{
	int lost = 0;

	reset();
	ASSERT_TRUE(run("pong", pong, NULL, SCHED_FAIR));
	for (int i = 0; i < 500; i++) {
		turn = 1;
		wait_wake(&queue, 0);
		lost += wait_event(&back, turn == 0, LIMIT, false) != 0;
	}
	EXPECT_EQ(lost, 0);
	EXPECT_EQ(wait_event(&back, done == 1, LIMIT, false), 0);
}

static void count_under_mutex(void *arg)
{
	for (int i = 0; i < 200; i++) {
		int seen;

		mutex_lock(&mutex);
		seen = counter;
		if (i % 3 == 0)
			sched_yield();
		counter = seen + 1;
		mutex_unlock(&mutex);
	}
	finish();
}

KTEST_CASE(mutex_lets_one_in_at_a_time)
{
	reset();
	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(run("count", count_under_mutex, NULL, i & 1 ? SCHED_RT : SCHED_FAIR));
	EXPECT_EQ(wait_event(&back, done == 4, LIMIT, false), 0);
	EXPECT_EQ(counter, 800);
	EXPECT_TRUE(mutex_trylock(&mutex));
	EXPECT_FALSE(mutex_trylock(&mutex));
	__acquire(&mutex);
	mutex_unlock(&mutex);
}

KTEST_CASE(wait_times_out_at_its_deadline)
{
	time_ns_t start = time_now();

	reset();
	EXPECT_EQ(wait_event(&queue, false, start + 3 * NSEC_PER_MSEC, false), -ETIMEDOUT);
	EXPECT_GE(time_now() - start, 3 * NSEC_PER_MSEC);
	EXPECT_EQ(wait_event(&queue, false, start, false), -ETIMEDOUT);
	EXPECT_EQ(wait_event(&queue, true, start, false), 0);
}

static void note(void *arg)
{
	order[nr_order++] = *(const char *)arg;
	finish();
}

KTEST_CASE(real_time_thread_runs_before_fair_ones)
{
	uint64_t anywhere = current->affinity;

	reset();
	preempt_disable();
	thread_set_affinity(current, 1ull << this_cpu()->id);
	ASSERT_TRUE(run("fair", note, "f", SCHED_FAIR));
	ASSERT_TRUE(run("rt", note, "r", SCHED_RT));
	preempt_enable();
	EXPECT_EQ(wait_event(&back, done == 2, LIMIT, false), 0);
	EXPECT_EQ(order[0], 'r');
	thread_set_affinity(current, anywhere);
}

static void spin(void *arg)
{
	while (!turn)
		counter++;
	finish();
}

KTEST_CASE(thread_that_never_sleeps_is_preempted)
{
	time_ns_t start;

	reset();
	ASSERT_TRUE(run("spin", spin, NULL, SCHED_FAIR));
	start = time_now();
	EXPECT_EQ(sleep_until(start + 30 * NSEC_PER_MSEC, false), 0);
	EXPECT_LT(time_now() - start, 2 * NSEC_PER_SEC);
	turn = 1;
	EXPECT_EQ(wait_event(&back, done == 1, LIMIT, false), 0);
	EXPECT_GT(counter, 0);
}

static void wait_exclusive(void *arg)
{
	struct waiter w = { .thread = current, .exclusive = true };

	wait_add(&queue, &w);
	sleep_prepare(false);
	turn++;
	wait_wake(&back, 0);
	(void)schedule_timeout(LIMIT);
	wait_remove(&w);
	finish();
}

KTEST_CASE(wake_one_wakes_one_exclusive_waiter)
{
	reset();
	ASSERT_TRUE(run("first", wait_exclusive, NULL, SCHED_FAIR));
	ASSERT_TRUE(run("second", wait_exclusive, NULL, SCHED_FAIR));
	EXPECT_EQ(wait_event(&back, turn == 2, LIMIT, false), 0);
	wait_wake_one(&queue);
	EXPECT_EQ(wait_event(&back, done == 1, LIMIT, false), 0);
	(void)sleep_until(time_now() + 5 * NSEC_PER_MSEC, false);
	EXPECT_EQ(done, 1);
	wait_wake_one(&queue);
	EXPECT_EQ(wait_event(&back, done == 2, LIMIT, false), 0);
}

static void fired(struct timer *t)
{
	counter++;
}

KTEST_CASE(disarmed_timer_never_fires)
{
	static struct timer t;

	reset();
	timer_init(&t, fired);
	timer_arm(&t, time_now() + NSEC_PER_SEC);
	EXPECT_TRUE(timer_disarm(&t));
	timer_arm(&t, time_now() + NSEC_PER_MSEC);
	(void)sleep_until(time_now() + 10 * NSEC_PER_MSEC, false);
	EXPECT_EQ(counter, 1);
	EXPECT_FALSE(timer_disarm(&t));
}
