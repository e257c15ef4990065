// SPDX-License-Identifier: GPL-2.0
/*
 * How a thread is to be scheduled, apart from doing it: shares of the fair class, and how much of a CPU real-time threads may take from
 * the others (/proc/sys/kernel/sched_rt_runtime_us and sched_rt_period_us, as Linux has them).
 */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/time.h>
#include <lib/format.h>
#include <uapi/ferry/linux_process.h>
#include "process_internal.h"
#include "sched.h"

#define NICE_MIN	(-20)
#define NICE_MAX	19
#define WEIGHT_IDLE	3u
#define PERIOD_MIN_US	10000ll		/* a tick */
#define PERIOD_MAX_US	60000000ll

#define RR_SLICE_TICKS	10u		/* 100 ms */
#define RR_SLICE_MAX_MS	1000000ll
#define TICK_MS		(1000 / LINUX_CLK_TCK)

time_ns_t rt_period_ns = NSEC_PER_SEC, rt_runtime_ns = 950 * NSEC_PER_MSEC;
uint32_t rr_slice_ticks = RR_SLICE_TICKS;

/* CPU share for each nice level: a step is about a tenth more or less. */
static const uint32_t weights[NICE_MAX - NICE_MIN + 1] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, 9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137, 110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};

uint32_t sched_weight(const struct sched_params *p)
{
	if (p->policy == LINUX_SCHED_IDLE)
		return WEIGHT_IDLE;
	return weights[MIN(MAX(p->nice, NICE_MIN), NICE_MAX) - NICE_MIN];
}

void thread_set_class(struct thread *t, enum sched_class sclass)
{
	bool rt = sclass == SCHED_RT;

	thread_set_sched(t, &(struct sched_params){ .sclass = sclass, .policy = rt ? LINUX_SCHED_RR : LINUX_SCHED_OTHER,
						    .rt_priority = rt ? RT_PRIORITY_KERNEL : 0, .nice = (int8_t)t->nice });
}

/* ---- /proc/sys/kernel ---- */

static void period_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\n", (unsigned long long)READ_ONCE(rt_period_ns) / NSEC_PER_USEC);
}

static void runtime_show(struct seq *s, void *priv)
{
	time_ns_t runtime = READ_ONCE(rt_runtime_ns);

	if (runtime == TIME_FOREVER)
		seq_puts(s, "-1\n");
	else
		seq_printf(s, "%llu\n", (unsigned long long)runtime / NSEC_PER_USEC);
}

static int period_write(void *priv, char *text)
{
	unsigned long long us;

	if (parse_u64(text, 10, 0, &us) || us < PERIOD_MIN_US || us > PERIOD_MAX_US)
		return -EINVAL;
	if (rt_runtime_ns != TIME_FOREVER && us * NSEC_PER_USEC < rt_runtime_ns)
		return -EINVAL;
	if (!deadline_leaves_room(rt_runtime_ns, us * NSEC_PER_USEC))
		return -EBUSY;
	WRITE_ONCE(rt_period_ns, us * NSEC_PER_USEC);
	return 0;
}

static int runtime_write(void *priv, char *text)
{
	unsigned long long us;

	if (!strcmp(text, "-1")) {
		WRITE_ONCE(rt_runtime_ns, TIME_FOREVER);
		return 0;
	}
	if (parse_u64(text, 10, 0, &us) || us > rt_period_ns / NSEC_PER_USEC)
		return -EINVAL;
	if (!deadline_leaves_room(us * NSEC_PER_USEC, rt_period_ns))
		return -EBUSY;
	WRITE_ONCE(rt_runtime_ns, us * NSEC_PER_USEC);
	return 0;
}

static void slice_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(rr_slice_ticks) * TICK_MS);
}

/* Whole ticks; nothing and less than nothing mean the kernel's own choice. */
static int slice_write(void *priv, char *text)
{
	unsigned long long ms;
	bool below = *text == '-';

	if (parse_u64(text + below, 10, 0, &ms) || ms > RR_SLICE_MAX_MS)
		return -EINVAL;
	WRITE_ONCE(rr_slice_ticks, below || !ms ? RR_SLICE_TICKS : (uint32_t)((ms + TICK_MS - 1) / TICK_MS));
	return 0;
}

time_ns_t rr_slice_ns(void)
{
	return READ_ONCE(rr_slice_ticks) * (NSEC_PER_SEC / LINUX_CLK_TCK);
}

static int sched_policy_init(void)
{
	int err = proc_create_rw("sys/kernel/sched_rt_period_us", 0644, period_show, period_write, NULL);

	err = err ? err : proc_create_rw("sys/kernel/sched_rr_timeslice_ms", 0644, slice_show, slice_write, NULL);
	return err ? err : proc_create_rw("sys/kernel/sched_rt_runtime_us", 0644, runtime_show, runtime_write, NULL);
}
INITCALL("3bus", sched_policy_init);
