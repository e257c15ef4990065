// SPDX-License-Identifier: GPL-2.0
/*
 * What the scheduler and the kernel do for a thread: /proc/<pid>/schedstat, sched, stack and wchan, and /proc/schedstat for each CPU (Linux's
 * Documentation/scheduler/sched-stats.rst, version 15). How long threads wait for a CPU is not counted, and 0.
 */
#include <asm/thread.h>
#include <fs/node.h>
#include <fs/proc_pid.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/time.h>
#include <uapi/ferry/linux.h>

#define WEIGHT_SCALE	1024u	/* Linux's weights are so much finer */
#define PRIORITY_FAIR	120
#define FRAMES_MAX	32u

/* The thread whose directory it is, or the first one, counted; NULL: it has ended. */
static struct thread *thread_of(const struct inode *inode)
{
	const struct proc_node *n = inode->priv;

	return thread_find(0, n->tid ? n->tid : n->process->pid);
}

static unsigned long long nr_turns(const struct thread *t)
{
	return READ_ONCE(t->counts.switches[0]) + READ_ONCE(t->counts.switches[1]);
}

void proc_pid_schedstat(struct seq *s, struct inode *inode)
{
	struct thread *t = thread_of(inode);

	if (!t)
		return;
	seq_printf(s, "%llu 0 %llu\n", (unsigned long long)READ_ONCE(t->runtime_ns), nr_turns(t));
	thread_put(t);
}

static void show_number(struct seq *s, const char *name, unsigned long long value)
{
	seq_printf(s, "%-45s:%21llu\n", name, value);
}

/* In milliseconds. */
static void show_time(struct seq *s, const char *name, uint64_t ns)
{
	seq_printf(s, "%-45s:%14llu.%06llu\n", name, (unsigned long long)(ns / NSEC_PER_MSEC), (unsigned long long)(ns % NSEC_PER_MSEC));
}

void proc_pid_sched(struct seq *s, struct inode *inode)
{
	struct thread *t = thread_of(inode);

	if (!t)
		return;
	seq_printf(s, "%s (%d, #threads: %u)\n-------------------------------------------------------------------\n", t->name,
		   pid_told_in(proc_ns_of(inode), t->tid), READ_ONCE(proc_node_process(inode)->nr_threads));
	show_time(s, "se.exec_start", READ_ONCE(t->started_ns));
	show_time(s, "se.vruntime", READ_ONCE(t->vruntime));
	show_time(s, "se.sum_exec_runtime", READ_ONCE(t->runtime_ns));
	show_number(s, "nr_switches", nr_turns(t));
	show_number(s, "nr_voluntary_switches", READ_ONCE(t->counts.switches[0]));
	show_number(s, "nr_involuntary_switches", READ_ONCE(t->counts.switches[1]));
	show_number(s, "se.load.weight", (unsigned long long)READ_ONCE(t->weight) * WEIGHT_SCALE);
	show_number(s, "policy", READ_ONCE(t->policy));
	show_number(s, "prio", t->sclass == SCHED_RT ? 99u - t->rt_priority : (unsigned int)(PRIORITY_FAIR + t->nice));
	thread_put(t);
}

/* Its own stack, as far as it is one while somebody looks: it may wake meanwhile. */
static unsigned int walk(const struct thread *t, uint64_t *frames)
{
	uint64_t rip, rbp, end = t->kstack + KSTACK_SIZE - 2 * sizeof(uint64_t);
	unsigned int nr = 0;

	arch_thread_where(t, &rip, &rbp);
	frames[nr++] = rip;
	while (nr < FRAMES_MAX && rbp >= t->kstack && rbp <= end && !(rbp % sizeof(uint64_t))) {
		const uint64_t *frame = (const uint64_t *)rbp;
		uint64_t next = READ_ONCE(frame[0]);

		frames[nr++] = READ_ONCE(frame[1]);
		if (next <= rbp)
			break;
		rbp = next;
	}
	return nr;
}

/* For the administrator alone: where the kernel is for a thread that sleeps. */
void proc_pid_stack(struct seq *s, struct inode *inode)
{
	struct thread *t = privileged(LINUX_CAP_SYS_ADMIN) ? thread_of(inode) : NULL;
	uint64_t frames[FRAMES_MAX], offset;
	const char *name;
	unsigned int nr;

	if (!t)
		return;
	nr = READ_ONCE(t->state) == THREAD_SLEEPING ? walk(t, frames) : 0;
	for (unsigned int i = 0; i < nr; i++)
		if (symbol_lookup(frames[i], &name, &offset))
			seq_printf(s, "[<0>] %s+0x%llx\n", name, (unsigned long long)offset);
	thread_put(t);
}

static bool is_scheduler(const char *name)
{
	return !strncmp(name, "sched", 5) || !strcmp(name, "reschedule");
}

/* The function that waits; "0" where nothing does, and for who may not know. */
void proc_pid_wchan(struct seq *s, struct inode *inode)
{
	struct thread *t = ptrace_may_read(proc_node_process(inode)) ? NULL : thread_of(inode);
	uint64_t frames[FRAMES_MAX], offset;
	const char *name = "0";
	unsigned int nr = t && READ_ONCE(t->state) == THREAD_SLEEPING ? walk(t, frames) : 0;

	for (unsigned int i = 0; i < nr; i++)
		if (!symbol_lookup(frames[i], &name, &offset))
			name = "0";
		else if (!is_scheduler(name))
			break;
	seq_puts(s, name);
	if (t)
		thread_put(t);
}

static void schedstat_show(struct seq *s, void *priv)
{
	time_ns_t now = time_now();

	seq_printf(s, "version 15\ntimestamp %llu\n", (unsigned long long)(now / (NSEC_PER_SEC / LINUX_CLK_TCK)));
	for (unsigned int i = 0; i < nr_cpus; i++) {
		time_ns_t idle = cpus[i].idle ? READ_ONCE(cpus[i].idle->runtime_ns) : 0;
		unsigned long long turns = READ_ONCE(cpus[i].nr_switches);

		seq_printf(s, "cpu%u 0 0 %llu 0 0 0 %llu 0 %llu\n", i, turns, (unsigned long long)(now - MIN(idle, now)), turns);
	}
}

static int proc_sched_init(void)
{
	return proc_create("schedstat", 0444, schedstat_show, NULL);
}
INITCALL("2fs", proc_sched_init);
