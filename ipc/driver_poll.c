// SPDX-License-Identifier: GPL-2.0
/*
 * Adaptive polling: a driver's thread that has nothing to do looks on for a moment before it sleeps, so that the next submission or
 * interrupt costs no wake-up of a halted CPU. Only where other CPUs run its clients and nobody wants this one, and only while its last
 * waits were short: how long they were, asleep or not, is what the next one is expected to be. What is looked at is what moved_sleep()
 * looks at before it sleeps, so the protocol of lib/ring.pml is the same with and without. All of it belongs to the driver's thread.
 */
#include <asm/cpu.h>
#include <kernel/time.h>
#include "moved.h"

#define POLL_MAX_NS	(100 * NSEC_PER_USEC)	/* not longer; waits that are longer on average are slept */
#define WAIT_CLIP_NS	(4 * POLL_MAX_NS)	/* so that one long wait is forgotten after a few short ones */
#define MEAN_SHIFT	3u

bool moved_poll(struct moved *m, time_ns_t begin, time_ns_t deadline)
{
	time_ns_t end = begin + MIN(POLL_MAX_NS, 2 * m->poll.mean_wait_ns), now = begin;
	bool found = false;

	if (m->poll.mean_wait_ns > POLL_MAX_NS || m->lent)
		return false;
	while (!found && now < end && now < deadline && sched_may_poll()) {
		cpu_look_relax();
		found = moved_has_work(m);
		now = time_now();
	}
	m->poll.rounds++;
	m->poll.found += found;
	WRITE_ONCE(m->poll.polled_ns, m->poll.polled_ns + (now - begin));
	return found;
}

void moved_waited(struct moved *m, time_ns_t begin)
{
	time_ns_t wait = MIN(time_now() - begin, WAIT_CLIP_NS);

	m->poll.mean_wait_ns = m->poll.mean_wait_ns - (m->poll.mean_wait_ns >> MEAN_SHIFT) + (wait >> MEAN_SHIFT);
}
