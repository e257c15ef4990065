// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of what does not go on: a thread of a program that sleeps where no signal reaches it, and a CPU whose thread neither sleeps nor can
 * be preempted. A thread on each CPU looks at the next CPU every few seconds, the first one at the programs' threads as well. A stuck CPU is
 * asked by an NMI where it is. Nothing is counted on hot paths but, in the scheduler's tick, that the CPU could have been preempted. The only
 * CPU of a machine is looked at by NMIs of a timer. Locks: process_tree_lock, then process->lock, for a look at the threads.
 */
#include <asm/apic.h>
#include <asm/smp.h>
#include <asm/thread.h>
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/stuck.h>
#include <kernel/time.h>
#include <lib/format.h>

#define LOOK_NS			(2 * NSEC_PER_SEC)
#define TASK_SECONDS		120u
#define CPU_SECONDS		20u
#define SECONDS_MAX		86400u

uint32_t stuck_reports;

/* 0: no reports. */
static uint32_t task_seconds = TASK_SECONDS, cpu_seconds = CPU_SECONDS;

/* Of the one that looks. */
static struct {
	uint64_t progress;
	time_ns_t since;
	bool reported;
} seen[CPUS_MAX];

static bool is_over(time_ns_t since, uint32_t seconds)
{
	return seconds && time_now() - since > seconds * NSEC_PER_SEC;
}

/* ---- CPUs ---- */

static void say_cpu(unsigned int id, uint64_t seconds)
{
	const struct thread *t = cpus[id].thread;

	log_err("stuck: CPU %u has not been given back for %llu s by thread %d \"%s\"", id, (unsigned long long)seconds, t->tid, t->name);
	places_print();
}

static void report_cpu(unsigned int id)
{
	uint64_t rip, rbp;

	say_cpu(id, (time_now() - seen[id].since) / NSEC_PER_SEC);
	if (smp_where(id, &rip, &rbp))
		backtrace_print(rip, rbp);
	else
		log_err("stuck: CPU %u does not answer an NMI", id);
	__atomic_add_fetch(&stuck_reports, 1, __ATOMIC_RELEASE);
}

static bool goes_on(unsigned int id)
{
	uint64_t progress = READ_ONCE(cpus[id].nr_switches) + READ_ONCE(cpus[id].nr_free_ticks);
	bool on = READ_ONCE(cpus[id].thread) == cpus[id].idle || progress != seen[id].progress;

	seen[id].progress = progress;
	return on;
}

static void look_at_cpu(unsigned int id)
{
	if (goes_on(id)) {
		seen[id].since = time_now();
		seen[id].reported = false;
	} else if (!seen[id].reported && is_over(seen[id].since, READ_ONCE(cpu_seconds))) {
		seen[id].reported = true;
		report_cpu(id);
	}
}

/* The log gives up waiting for its lock, the clock may not be asked here. */
void stuck_pulse(uint64_t rip, uint64_t rbp)
{
	static uint32_t pulses;
	uint32_t limit = READ_ONCE(cpu_seconds) * NMI_PULSES;

	if (nr_cpus > 1)
		return;
	if (goes_on(0)) {
		pulses = 0;
	} else if (++pulses == limit) {
		say_cpu(0, limit / NMI_PULSES);
		backtrace_print(rip, rbp);
		__atomic_add_fetch(&stuck_reports, 1, __ATOMIC_RELEASE);
	}
}

/* ---- Threads ---- */

/* Under the locks: one that is to be reported, with a reference, in *@arg. */
static bool look_at_process(struct process *p, void *arg)
{
	struct thread **found = arg, *t;
	uint64_t flags = spin_lock_irq(&p->lock);

	list_for_each(t, &p->threads, process_link) {
		if (READ_ONCE(t->state) != THREAD_SLEEPING || t->interruptible || READ_ONCE(t->held) || t->runtime_ns != t->watched_runtime) {
			t->watched_runtime = t->runtime_ns;
			t->watched_since = time_now();
		} else if (t->watched_since != TIME_FOREVER && is_over(t->watched_since, READ_ONCE(task_seconds))) {
			t->watched_since = TIME_FOREVER;
			thread_get(t);
			*found = t;
			break;
		}
	}
	spin_unlock_irq(&p->lock, flags);
	return !*found;
}

static void look_at_threads(void)
{
	struct thread *t = NULL;
	uint64_t rip, rbp;

	process_for_each(look_at_process, &t);
	if (!t)
		return;
	log_err("stuck: thread %d \"%s\" has waited for more than %u s, system call %d", t->tid, t->name, READ_ONCE(task_seconds), t->syscall_nr);
	places_print();
	if (READ_ONCE(t->state) == THREAD_SLEEPING) {
		arch_thread_where(t, &rip, &rbp);
		backtrace_print(rip, rbp);
	}
	__atomic_add_fetch(&stuck_reports, 1, __ATOMIC_RELEASE);
	thread_put(t);
}

/* ---- Those who look ---- */

static void look_thread(void *arg)
{
	unsigned int id = (unsigned int)(uint64_t)arg;

	thread_set_affinity(current, 1ull << id);
	for (;;) {
		sleep_until(time_now() + LOOK_NS, false);
		if (nr_cpus > 1)
			look_at_cpu((id + 1) % nr_cpus);
		if (!id)
			look_at_threads();
	}
}

static void seconds_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(*(uint32_t *)priv));
}

static int seconds_write(uint32_t *to, char *text)
{
	unsigned long long value;

	if (parse_u64(text, 10, 0, &value) || value > SECONDS_MAX)
		return -EINVAL;
	WRITE_ONCE(*to, (uint32_t)value);
	return 0;
}

static int task_write(void *priv, char *text)
{
	return seconds_write(&task_seconds, text);
}

static int cpu_write(void *priv, char *text)
{
	return seconds_write(&cpu_seconds, text);
}

static int stuck_init(void)
{
	int err = proc_create_rw("sys/kernel/hung_task_timeout_secs", 0644, seconds_show, task_write, &task_seconds);

	for (unsigned int id = 0; id < nr_cpus && !err; id++) {
		struct thread *t = thread_create("look", look_thread, (void *)(uint64_t)id, SCHED_FAIR);

		err = IS_ERR(t) ? (int)PTR_ERR(t) : 0;
		if (!err)
			thread_start(t);
	}
	if (nr_cpus == 1 && nmi_pulse_start())
		log_info("stuck: nothing looks at the only CPU");
	return err ? err : proc_create_rw("sys/kernel/watchdog_thresh", 0644, seconds_show, cpu_write, &cpu_seconds);
}
INITCALL("6late", stuck_init);
