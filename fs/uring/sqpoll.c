// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: a thread that takes submissions by itself (IORING_SETUP_SQPOLL), so that a program enters the kernel only when the thread sleeps: after
 * it found nothing for as long as the program said, and then it says so in the ring. It is a companion of the process that made the
 * ring (kernel/companion.c), and does there what a thread of that process would do in io_uring_enter().
 */
#include "uring.h"

#define IDLE_MS		1000u

static bool sq_has_work(struct uring *u)
{
	return !READ_ONCE(u->disabled) && (uring_sq_waits(u) || uring_ready_waits(u));
}

/* True: there may be something to do; false: never again. */
static bool sq_sleep(struct uring *u)
{
	uring_sq_flag(u, LINUX_URING_SQ_NEED_WAKEUP, true);
	(void)wait_event(&u->sq_wait, sq_has_work(u) || READ_ONCE(u->sq_stop), TIME_FOREVER, true);
	uring_sq_flag(u, LINUX_URING_SQ_NEED_WAKEUP, false);
	return process_companion_goes_on();
}

/* Nothing can be taken while the program takes no completions: that is looked at again later. */
static void sq_work(struct uring *u)
{
	if (uring_submit(u, u->sq_entries) < 0)
		sleep_until(time_now() + NSEC_PER_MSEC, true);
	uring_reap(u);
	wait_wake(&u->wait, LINUX_POLLOUT);
}

/* From here on the ring has no thread. Did it lose its file before? */
static bool sq_leave(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool orphan = u->sq_stop;

	WRITE_ONCE(u->sq_thread, NULL);
	spin_unlock_irq(&u->done_lock, flags);
	wait_wake(&u->wait, LINUX_POLLIN | LINUX_POLLOUT);
	return orphan;
}

static void sq_main(void *arg)
{
	struct uring *u = arg;
	time_ns_t busy = time_now();

	while (!READ_ONCE(u->sq_stop) && process_companion_goes_on()) {
		if (sq_has_work(u)) {
			sq_work(u);
			busy = time_now();
		} else if (time_now() - busy < u->sq_idle_ns) {
			sched_yield();
		} else if (sq_sleep(u)) {
			busy = time_now();
		}
	}
	uring_sq_flag(u, LINUX_URING_SQ_NEED_WAKEUP, true);	/* who enters now learns that there is nobody */
	if (sq_leave(u))
		uring_end(u);
	uring_put(u);
	process_companion_exit();
}

int uring_sq_start(struct uring *u, const struct linux_uring_params *p)
{
	uint64_t affinity = ~0ull;
	struct thread *t;

	if (!(p->flags & LINUX_URING_SETUP_SQPOLL))
		return p->flags & LINUX_URING_SETUP_SQ_AFF ? -EINVAL : 0;
	if (p->flags & LINUX_URING_SETUP_SQ_AFF) {
		if (p->sq_thread_cpu >= nr_cpus)
			return -EINVAL;
		affinity = BIT64(p->sq_thread_cpu);
	}
	u->sq_idle_ns = (p->sq_thread_idle ? p->sq_thread_idle : IDLE_MS) * NSEC_PER_MSEC;
	t = process_companion_create("io_uring-sq", sq_main, u, affinity);
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	ref_get(&u->ref);
	u->sq_thread = t;
	thread_start(t);
	return 0;
}

bool uring_has_thread(struct uring *u)
{
	return READ_ONCE(u->sq_thread);
}

/* Nobody waits for the thread: who puts the file may be another ring's, whose file this one puts. */
bool uring_sq_stop(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool nobody = !u->sq_thread;

	WRITE_ONCE(u->sq_stop, true);
	wait_wake(&u->sq_wait, 0);
	spin_unlock_irq(&u->done_lock, flags);	/* from here on the ring may be gone */
	return nobody;
}

int64_t uring_sq_enter(struct uring *u, uint32_t nr, uint32_t flags)
{
	int err = 0;

	uring_reap(u);
	if (!READ_ONCE(u->sq_thread))
		return -EOWNERDEAD;
	if (flags & LINUX_URING_ENTER_SQ_WAKEUP)
		wait_wake(&u->sq_wait, 0);
	if (flags & LINUX_URING_ENTER_SQ_WAIT)
		err = wait_event(&u->wait, uring_sq_has_room(u) || !READ_ONCE(u->sq_thread), TIME_FOREVER, true);
	return err ? err : (int64_t)nr;
}
