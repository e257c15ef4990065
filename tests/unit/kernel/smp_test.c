// SPDX-License-Identifier: GPL-2.0
/* Several CPUs in the running kernel: calls, wakes and translations across them. With one CPU there is nobody to tell: all hold at once. */
#include <ktest.h>
#include <asm/cpu.h>
#include <asm/paging.h>
#include <asm/smp.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <mm/page.h>
#include <mm/vmap.h>
#include <mm/vmstat.h>

KTEST_SUITE(smp);

#define LIMIT	(time_now() + 40 * NSEC_PER_SEC)
#define ROUNDS	50
#define CALL_ROUNDS	10	/* where the CPUs are more than the host's, a call waits for turns of it */

static struct wait_queue gone;
static uint64_t called;
static uint32_t running, ended, wrong;
static struct spinlock lock;
static unsigned long counter;

static void threads_start(void (*fn)(void *arg))
{
	wait_queue_init(&gone, "smp test");
	running = ended = wrong = 0;
	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct thread *t = thread_create("smp test", fn, (void *)(uintptr_t)i, SCHED_FAIR);

		if (IS_ERR(t))
			continue;
		thread_set_affinity(t, 1ull << i);
		__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
		thread_start(t);
	}
}

static void thread_ends(void)
{
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	wait_wake(&gone, 0);
}

static bool threads_end(void)
{
	return wait_event(&gone, READ_ONCE(ended) == running, LIMIT, false) == 0;
}

static void note_cpu(void *arg)
{
	__atomic_or_fetch(&called, 1ull << this_cpu()->id, __ATOMIC_SEQ_CST);
	if (arg != &called || irqs_enabled())
		wrong++;
}

KTEST_CASE(call_runs_on_every_other_cpu_before_it_returns)
{
	preempt_disable();
	for (int i = 0; i < ROUNDS && nr_cpus > 1; i++) {
		called = 0;
		smp_call(cpus_online(), note_cpu, &called);
		EXPECT_EQ(called, cpus_online() & ~(1ull << this_cpu()->id));
	}
	preempt_enable();
	EXPECT_EQ(wrong, 0);
}

static void call_all(void *arg)
{
	for (int i = 0; i < CALL_ROUNDS; i++) {
		uint64_t flags = spin_lock_irq(&lock);	/* the others wait for it with interrupts off, and are called all the same */

		smp_call(cpus_online(), note_cpu, &called);
		counter++;
		spin_unlock_irq(&lock, flags);
	}
	thread_ends();
}

KTEST_CASE(calls_of_all_cpus_under_a_lock_come_through)
{
	spin_init(&lock, "smp test");
	counter = 0;
	threads_start(call_all);
	EXPECT_TRUE(threads_end());
	EXPECT_EQ(counter, (unsigned long)running * CALL_ROUNDS);
	EXPECT_EQ(wrong, 0);
}

static uint32_t go;

static void take_once(void *arg)
{
	while (!READ_ONCE(go))
		sched_yield();
	spin_lock(&lock);
	counter++;
	spin_unlock(&lock);
	thread_ends();
}

static uint16_t in_line(void)
{
	return READ_ONCE(lock.line_end) - READ_ONCE(lock.line_head);
}

/* One comes back for a lock that all other CPUs have waited for: it is the last to get it. */
KTEST_CASE(who_has_waited_long_for_a_spinlock_is_before_who_comes)
{
	time_ns_t limit = LIMIT;
	unsigned long seen;

	spin_init(&lock, "smp test");
	counter = go = 0;
	threads_start(take_once);
	preempt_disable();
	spin_lock(&lock);
	WRITE_ONCE(go, 1);
	while ((in_line() < running - 1 || (running > 1 && !(READ_ONCE(lock.word) & SPIN_FENCED))) && time_now() < limit)
		smp_poll();
	EXPECT_EQ(in_line(), running - 1);
	spin_unlock(&lock);
	spin_lock(&lock);
	seen = counter;
	spin_unlock(&lock);
	preempt_enable();
	EXPECT_EQ(seen, running - 1);
	EXPECT_TRUE(threads_end());
	EXPECT_EQ(lock.word, 0);
}

#define TURNS	3u
static unsigned long turns[CPUS_MAX];

static bool all_had_turns(void)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (READ_ONCE(turns[i]) < TURNS)
			return false;
	return true;
}

static void take_always(void *arg)
{
	time_ns_t limit = LIMIT;

	while (!all_had_turns() && time_now() < limit) {
		spin_lock(&lock);
		WRITE_ONCE(turns[(uintptr_t)arg], turns[(uintptr_t)arg] + 1);
		for (int i = 0; i < ROUNDS; i++)
			cpu_relax();
		spin_unlock(&lock);
	}
	thread_ends();
}

KTEST_CASE(nobody_starves_at_a_spinlock_that_all_want)
{
	spin_init(&lock, "smp test");
	memset(turns, 0, sizeof(turns));
	threads_start(take_always);
	EXPECT_TRUE(threads_end());
	EXPECT_TRUE(all_had_turns());
	EXPECT_EQ(lock.word, 0);
	EXPECT_EQ(lock.line_head, lock.line_end);
}

static void stay_here(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (this_cpu()->id != (uintptr_t)arg)
			wrong++;
		if (i % 8)
			sched_yield();
		else
			(void)sleep_until(time_now() + NSEC_PER_USEC * 50, false);
	}
	thread_ends();
}

KTEST_CASE(bound_thread_runs_on_its_cpu_only)
{
	threads_start(stay_here);
	EXPECT_TRUE(threads_end());
	EXPECT_EQ(wrong, 0);
}

/* No reader holds on to a translation: each mapping shows its own page, though the address is the same every time. */
KTEST_CASE(unmapped_kernel_pages_are_forgotten_everywhere)
{
	struct page *pages[2] = { frame_alloc(0, FRAME_ZERO, PAGE_KERNEL), frame_alloc(0, FRAME_ZERO, PAGE_KERNEL) };
	unsigned int stale = 0;

	ASSERT_TRUE(pages[0] && pages[1]);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t *v = vmap_pages(&pages[i & 1], 1);

		ASSERT_TRUE(v);
		*v = (uint64_t)i;
		stale += *(uint64_t *)page_addr(pages[i & 1]) != (uint64_t)i;
		vunmap(v);
		if (i % 10 == 0)
			(void)sleep_until(time_now() + 20 * NSEC_PER_USEC, false);	/* perhaps on another CPU */
	}
	EXPECT_EQ(stale, 0);
	page_put(pages[0]);
	page_put(pages[1]);
}

static void flush_once(void *arg)
{
	while (!READ_ONCE(go))
		sched_yield();
	tlb_flush(pt_kernel_root(), (vaddr_t)page_addr(page_of(0)), PAGE_SIZE);
	thread_ends();
}

/* While this CPU answers nobody, every other one flushes, and waits for it: one interrupt is on its way here for all of them. */
KTEST_CASE(flushes_of_several_CPUs_are_under_way_at_once)
{
	uint64_t remote = vm_count(VM_TLB_REMOTE), joined = vm_count(VM_TLB_JOINED), flags;
	time_ns_t limit = time_now() + 20 * NSEC_PER_SEC;
	uint32_t others;

	go = 0;
	threads_start(flush_once);
	others = running - 1;
	flags = irq_save();
	WRITE_ONCE(go, 1);
	while (vm_count(VM_TLB_REMOTE) - remote < others && time_now() < limit)
		cpu_relax();
	EXPECT_TRUE(vm_count(VM_TLB_REMOTE) - remote >= others);
	EXPECT_TRUE(others < 2 || vm_count(VM_TLB_JOINED) - joined >= others - 1);
	irq_restore(flags);
	EXPECT_TRUE(threads_end());
}

static struct wait_queue ball_wait;
static volatile uint32_t ball;

static void pass_ball(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (wait_event(&ball_wait, ball % nr_cpus == me, LIMIT, false))
			wrong++;
		ball++;
		wait_wake(&ball_wait, 0);
	}
	thread_ends();
}

KTEST_CASE(no_wake_across_cpus_is_lost)
{
	wait_queue_init(&ball_wait, "smp ball");
	ball = 0;
	threads_start(pass_ball);
	EXPECT_TRUE(threads_end());
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(ball, nr_cpus * ROUNDS);
}

static void late_timer(struct timer *t)
{
	counter++;
}

static void disarm_often(void *arg)
{
	struct timer t;

	timer_init(&t, late_timer);
	for (int i = 0; i < ROUNDS; i++) {
		timer_arm(&t, time_now() + (i % 4) * 10 * NSEC_PER_USEC);
		if (i % 2)
			time_delay_us(20);
		timer_disarm(&t);
	}
	thread_ends();
}

KTEST_CASE(timers_of_all_cpus_are_armed_and_disarmed)
{
	threads_start(disarm_often);
	EXPECT_TRUE(threads_end());
}
