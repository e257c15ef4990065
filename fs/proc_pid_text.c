// SPDX-License-Identifier: GPL-2.0
/* The texts of /proc/<pid>: proc(5)'s formats as ps, top and pmap read them. What is not counted is 0. */
#include <asm/regs.h>
#include <fs/proc_pid.h>
#include <fs/tty.h>
#include <kernel/cgroup.h>
#include <kernel/cpu.h>
#include <kernel/groups.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/seccomp.h>
#include <kernel/time_ns.h>
#include <kernel/user_ns.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define STRINGS_MAX	(128 * 1024ul)
#define TICK_NS		(NSEC_PER_SEC / LINUX_CLK_TCK)

/* What several texts need, taken at one time. */
struct snapshot {
	char state, name[32];
	pid_t tid, tracer;		/* tid: only this thread, 0: all of them */
	pid_t ppid, pgid, sid, fg;
	pid_t pid, told_tid;		/* of what is looked at */
	uint32_t nr_threads, tty;
	uint64_t vsize, rss, peak, stack, data, locked;
	struct usage usage, children;	/* of tid alone; children: 0 then */
	struct usage_counts leader;	/* of tid, or of the first thread */
	uint32_t cpu;
	uint64_t own_pending, pending, blocked, ignored, caught, nr_queued;
	uint64_t affinity;
	mode_t umask;
	int nice, priority;		/* priority: in effect now, as Linux counts it */
	struct sched_params sched;
	unsigned int seccomp_mode, nr_filters;
	bool no_new_privs;
	struct credentials cred;
};

static char thread_letter(const struct thread *t)
{
	if (t->trace && t->trace->stopped)
		return 't';
	switch (t->state) {
	case THREAD_READY:
	case THREAD_RUNNING:
		return 'R';
	case THREAD_SLEEPING:
		return t->interruptible == SLEEP_SIGNAL ? 'S' : 'D';
	default:
		return 'S';
	}
}

static void take_threads(struct process *p, struct snapshot *n)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t;
	bool taken = false;

	n->nr_threads = p->nr_threads;
	n->cred = p->cred;
	list_for_each(t, &p->threads, process_link) {
		if (n->tid && t->tid != n->tid)
			continue;
		if (n->state != 'R')
			n->state = thread_letter(t);
		if (taken)
			continue;	/* the rest is the first thread's, while there is one */
		taken = t->tid == p->pid;
		if (n->tid)
			str_copy(n->name, t->name, sizeof(n->name));
		n->blocked = t->blocked;
		n->own_pending = t->pending;
		n->leader = t->counts;
		n->cpu = READ_ONCE(t->cpu);
		n->affinity = READ_ONCE(t->affinity) & cpus_online();
		n->sched = thread_own_sched(t);
		n->seccomp_mode = t->seccomp_mode;
		n->no_new_privs = t->no_new_privs;
		if (n->tid)
			n->cred = t->cred;
		n->nr_filters = seccomp_nr_filters(t);
		n->nice = n->sched.nice;
		n->priority = t->sclass == SCHED_RT ? -1 - t->rt_priority : 20 + t->nice;
	}
	n->umask = p->fs ? READ_ONCE(p->fs->umask) : 0;
	spin_unlock_irq(&p->lock, flags);
}

/* Who traces the thread that is looked at, the first one if it is the process. Tree lock held. */
static pid_t tracer_of(struct process *p, pid_t tid)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	const struct trace *tr = tid ? NULL : p->leader_trace;
	const struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (tid && t->tid == tid)
			tr = t->trace;
	spin_unlock_irq(&p->lock, flags);
	return tr && tr->tracer ? tr->tracer->tid : 0;
}

static void take_tree(struct process *p, struct snapshot *n)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	n->ppid = p->parent ? p->parent->pid : 0;
	n->pgid = p->pgid;
	n->sid = p->sid;
	if (p->zombie)
		n->state = 'Z';
	else if (p->stopped && n->state != 't')
		n->state = 'T';
	if (!n->name[0])
		str_copy(n->name, p->name, sizeof(n->name));
	n->tracer = tracer_of(p, n->tid);
	spin_unlock_irq(&process_tree_lock, flags);
}

static void take_signals(struct process *p, struct snapshot *n)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	int i;

	n->pending = p->pending;
	n->nr_queued = p->nr_queued;
	for (i = 0; i < NSIG_K; i++) {
		n->ignored |= p->actions[i].handler == LINUX_SIG_IGN ? 1ull << i : 0;
		n->caught |= p->actions[i].handler > LINUX_SIG_IGN ? 1ull << i : 0;
	}
	spin_unlock_irq(&p->signal_lock, flags);
}

static void take_space(struct process *p, struct snapshot *n)
{
	struct space *s = process_space_get(p);
	struct vma *v;

	if (!s)
		return;
	mutex_lock(&s->lock);
	list_for_each(v, &s->areas, link) {
		n->vsize += v->end - v->start;
		if (v->flags & VM_STACK)
			n->stack += v->end - v->start;
		if (v->flags & VM_WRITE)
			n->data += v->end - v->start;
		if (v->flags & VM_LOCKED)
			n->locked += v->end - v->start;
	}
	n->rss = s->nr_pages;
	n->peak = space_peak(s);
	mutex_unlock(&s->lock);
	space_put(s);
}

/* As the instance has the numbers. */
static void told(const struct pid_ns *ns, const struct process *p, struct snapshot *n)
{
	pid_t *const numbers[] = { &n->ppid, &n->pgid, &n->sid, &n->fg, &n->tracer };

	n->pid = pid_told_in(ns, p->pid);
	n->told_tid = n->tid ? pid_told_in(ns, n->tid) : n->pid;
	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		if (*numbers[i] > 0)
			*numbers[i] = pid_told_in(ns, *numbers[i]);
}

static void take(const struct inode *inode, struct snapshot *n)
{
	struct process *p = proc_node_process(inode);

	memset(n, 0, sizeof(*n));
	n->tid = ((const struct proc_node *)inode->priv)->tid;
	n->state = 'S';
	take_threads(p, n);
	take_tree(p, n);
	take_signals(p, n);
	take_space(p, n);
	process_usage(p, n->tid, &n->usage);
	process_children_usage(p, &n->children);
	n->tty = tty_number(n->sid, &n->fg);
	told(proc_ns_of(inode), p, n);
}

static unsigned long long ull(uint64_t v)
{
	return v;
}

void proc_pid_stat(struct seq *s, struct inode *inode)
{
	struct process *p = proc_node_process(inode);
	struct snapshot n;

	take(inode, &n);
	seq_printf(s, "%d (%s) %c %d %d %d %u %d 0 ", n.told_tid, n.name, n.state, n.ppid, n.pgid, n.sid, n.tty, n.fg);
	seq_printf(s, "%llu %llu %llu %llu ", ull(n.usage.counts.faults[0]), ull(n.children.counts.faults[0]), ull(n.usage.counts.faults[1]),
		   ull(n.children.counts.faults[1]));
	seq_printf(s, "%llu %llu %llu %llu %d %d %u 0 %llu ", ull(n.usage.user_ns / TICK_NS), ull(n.usage.system_ns / TICK_NS),
		   ull(n.children.user_ns / TICK_NS), ull(n.children.system_ns / TICK_NS), n.priority, n.nice, n.nr_threads,
		   ull((p->start_ns + time_ahead(TIME_NS_BOOT)) / TICK_NS));
	seq_printf(s, "%llu %llu %llu 0 0 0 0 0 %llu %llu %llu %llu ", ull(n.vsize), ull(n.rss), ~0ull,
		   ull(n.pending & 0x7fffffff), ull(n.blocked & 0x7fffffff), ull(n.ignored & 0x7fffffff), ull(n.caught & 0x7fffffff));
	seq_printf(s, "0 0 0 17 %u %u %u 0 0 0 0 0 0 ", n.cpu, n.sched.policy == LINUX_SCHED_DEADLINE ? 0 : n.sched.rt_priority, n.sched.policy);
	seq_printf(s, "%llu %llu %llu %llu %d\n", ull(p->arg_start), ull(p->arg_end), ull(p->env_start),
		   ull(p->env_end), p->exit_status);
}

static const char *state_word(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 't':
		return "tracing stop";
	case 'Z':
		return "zombie";
	default:
		return "sleeping";
	}
}

/* As a number, 32 bits a word, and as a list of ranges. */
static void show_set(struct seq *s, const char *name, uint64_t set, unsigned int size)
{
	const char *comma = "";
	unsigned int i, first;

	if (size > 32)
		seq_printf(s, "%s:\t%0*llx,%08llx\n", name, (int)(size - 29) / 4, ull(set >> 32), ull(set & UINT32_MAX));
	else
		seq_printf(s, "%s:\t%0*llx\n", name, (int)(size + 3) / 4, ull(set));
	seq_printf(s, "%s_list:\t", name);
	for (i = 0; i < size; i++) {
		if (!(set >> i & 1))
			continue;
		for (first = i; i + 1 < size && set >> (i + 1) & 1; i++)
			;
		seq_printf(s, first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
	seq_puts(s, "\n");
}

static void show_ids(struct seq *s, const struct credentials *c, struct process *p, pid_t tid)
{
	struct group_list *l = group_list_of(p, tid);

	seq_printf(s, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t", uid_told(c->uid), uid_told(c->euid),
		   uid_told(c->suid), uid_told(c->fsuid), gid_told(c->gid), gid_told(c->egid), gid_told(c->sgid), gid_told(c->fsgid));
	for (uint32_t i = 0; i < group_list_nr(l); i++)
		seq_printf(s, "%u ", gid_told(group_list_at(l, i)));
	group_list_put(l);
}

static void show_privileges(struct seq *s, const struct privileges *v)
{
	seq_printf(s, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n", ull(v->inheritable),
		   ull(v->permitted), ull(v->effective), ull(v->bounding), ull(v->ambient));
}

/* Its numbers in the instance's namespace and those below. */
static void show_levels(struct seq *s, const struct inode *inode, pid_t tid)
{
	static const char *const names[] = { "NStgid", "NSpid", "NSpgid", "NSsid" };
	const struct process *p = proc_node_process(inode);
	const pid_t whose[] = { p->pid, tid, READ_ONCE(p->pgid), READ_ONCE(p->sid) };
	const struct pid_ns *top = proc_ns_of(inode);

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		pid_t levels[PID_NS_DEPTH + 1];
		unsigned int below = (p->pid_ns ? p->pid_ns->level : 0) - (top ? top->level : 0), nr = pid_levels(top, whose[i], levels);

		seq_printf(s, "\n%s:", names[i]);
		for (unsigned int j = 0; j <= below; j++)
			seq_printf(s, "\t%d", j < nr ? levels[j] : 0);
	}
}

void proc_pid_status(struct seq *s, struct inode *inode)
{
	struct process *p = proc_node_process(inode);
	struct snapshot n;

	take(inode, &n);
	seq_printf(s, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n", n.name, n.umask,
		   n.state, state_word(n.state), n.pid, n.told_tid, n.ppid, n.tracer);
	show_ids(s, &n.cred, p, n.tid);
	show_levels(s, inode, n.tid ? n.tid : p->pid);
	seq_printf(s, "\nVmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n", ull(n.vsize / 1024),
		   ull(n.vsize / 1024), ull(n.locked / 1024), ull(n.peak * 4), ull(n.rss * 4));
	seq_printf(s, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmSwap:\t%8u kB\nThreads:\t%u\n", ull(n.data / 1024), ull(n.stack / 1024), 0,
		   n.nr_threads);
	seq_printf(s, "SigQ:\t%llu/%llu\nSigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   ull(n.nr_queued), ull(p->rlimits[LINUX_RLIMIT_SIGPENDING].cur), ull(n.own_pending), ull(n.pending),
		   ull(n.blocked), ull(n.ignored), ull(n.caught));
	show_privileges(s, &n.cred.privileges);
	seq_printf(s, "NoNewPrivs:\t%u\n", n.no_new_privs);
	seq_printf(s, "Seccomp:\t%u\nSeccomp_filters:\t%u\n", n.seccomp_mode, n.nr_filters);
	show_set(s, "Cpus_allowed", n.affinity, nr_cpus);
	show_set(s, "Mems_allowed", (1ull << nr_nodes) - 1, nr_nodes);
	seq_printf(s, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n", ull(n.leader.switches[0]),
		   ull(n.leader.switches[1]));
}

void proc_pid_statm(struct seq *s, struct inode *inode)
{
	struct snapshot n;

	take(inode, &n);
	seq_printf(s, "%llu %llu 0 0 0 %llu 0\n", ull(n.vsize >> PAGE_SHIFT), ull(n.rss), ull(n.data >> PAGE_SHIFT));
}

void proc_pid_comm(struct seq *s, struct inode *inode)
{
	struct snapshot n = { 0 };

	take_tree(proc_node_process(inode), &n);
	seq_printf(s, "%s\n", n.name);
}

int proc_pid_set_comm(struct inode *inode, char *text)
{
	struct process *p = proc_node_process(inode);
	uint64_t flags;

	if (p != current_process && !privileged(LINUX_CAP_SYS_PTRACE))
		return -EPERM;
	text[MIN(strlen(text), 15ul)] = '\0';
	flags = spin_lock_irq(&process_tree_lock);
	str_copy(p->name, text, sizeof(p->name));
	spin_unlock_irq(&process_tree_lock, flags);
	return 0;
}

/* Argument or environment strings out of the process's own memory, as they stand there now. */
static void show_strings(struct seq *s, struct process *p, uint64_t start, uint64_t end)
{
	struct space *space = process_space_get(p);
	char chunk[257];
	uint64_t at;
	ssize_t n, i;

	if (!space)
		return;
	end = start < end && end - start > STRINGS_MAX ? start + STRINGS_MAX : end;
	for (at = start; at < end; at += n) {
		n = space_read(space, at, chunk, MIN(end - at, sizeof(chunk) - 1));
		if (n <= 0)
			break;
		chunk[n] = '\0';
		for (i = 0; i < n; i += strlen(chunk + i) + 1) {
			seq_puts(s, chunk + i);
			if (i + (ssize_t)strlen(chunk + i) < n)
				seq_put_nul(s);
		}
	}
	space_put(space);
}

void proc_pid_cmdline(struct seq *s, struct inode *inode)
{
	struct process *p = proc_node_process(inode);

	show_strings(s, p, p->arg_start, p->arg_end);
}

void proc_pid_environ(struct seq *s, struct inode *inode)
{
	struct process *p = proc_node_process(inode);

	if (!ptrace_may_read(p))
		show_strings(s, p, p->env_start, p->env_end);
}

static void show_area(struct seq *s, const struct space *space, const struct vma *v, char *buffer)
{
	const char *name = "";
	struct inode *inode = v->file ? v->file->inode : NULL;
	struct path at;

	if (v->file && v->file->mount) {
		at = (struct path){ v->file->mount, v->file->dentry };
		name = path_text(&at, buffer, LINUX_PATH_MAX);
		name = IS_ERR(name) ? "" : name;
	} else if (v->flags & VM_STACK) {
		name = "[stack]";
	} else if (!v->file && v->start < space->brk_end && v->end > space->brk_start) {
		name = "[heap]";
	}
	seq_printf(s, "%08llx-%08llx %c%c%c%c %08llx %02llx:%02llx %llu", ull(v->start), ull(v->end), v->flags & VM_READ ? 'r' : '-',
		   v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p', ull(v->offset),
		   ull(inode ? inode->super->dev >> 8 : 0), ull(inode ? inode->super->dev & 0xff : 0), ull(inode ? inode->ino : 0));
	seq_printf(s, "%s%s\n", *name ? "                   " : "", name);
}

static void show_flags(struct seq *s, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ VM_READ, "rd" }, { VM_WRITE, "wr" }, { VM_EXEC, "ex" }, { VM_SHARED, "sh" }, { ~0u, "mr" }, { ~0u, "mw" }, { ~0u, "me" },
		{ VM_SHARED, "ms" }, { VM_STACK, "gd" }, { VM_UFFD_MISSING, "um" }, { VM_UFFD_WP, "uw" }, { VM_LOCKED, "lo" }, { VM_IO, "io" },
		{ VM_DONT_FORK, "dc" }, { VM_ACCOUNT, "ac" }, { VM_NORESERVE, "nr" }, { VM_WIPE_ON_FORK, "wf" }, { VM_DONT_DUMP, "dd" },
		{ VM_UFFD_MINOR, "ui" },
	};

	seq_puts(s, "THPeligible:           0\nVmFlags:");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag || names[i].flag == ~0u)
			seq_printf(s, " %s", names[i].name);
	if (!(flags & VM_CLEAN))
		seq_puts(s, " sd");
	seq_puts(s, " \n");
}

static void show_usage(struct seq *s, const struct space_usage *u, uint64_t locked, bool by_kind)
{
	static const char *const none[] = {
		"LazyFree:", "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:", "Swap:", "SwapPss:",
	};

	seq_printf(s, "Rss:            %8llu kB\n", ull(u->resident) / 1024);
	seq_printf(s, "Pss:            %8llu kB\nPss_Dirty:      %8llu kB\n", ull(u->part) / 1024, ull(u->part_dirty) / 1024);
	if (by_kind)
		seq_printf(s, "Pss_Anon:       %8llu kB\nPss_File:       %8llu kB\nPss_Shmem:      %8llu kB\n", ull(u->part_anonymous) / 1024,
			   ull(u->part - u->part_anonymous - u->part_memory) / 1024, ull(u->part_memory) / 1024);
	seq_printf(s, "Shared_Clean:   %8llu kB\nShared_Dirty:   %8llu kB\nPrivate_Clean:  %8llu kB\n", ull(u->own[0][0]) / 1024,
		   ull(u->own[0][1]) / 1024, ull(u->own[1][0]) / 1024);
	seq_printf(s, "Private_Dirty:  %8llu kB\nReferenced:     %8llu kB\nAnonymous:      %8llu kB\n", ull(u->own[1][1]) / 1024,
		   ull(u->referenced) / 1024, ull(u->anonymous) / 1024);
	/* There are neither huge pages nor swap. */
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
		seq_printf(s, "%-15s %8u kB\n", none[i], 0);
	seq_printf(s, "Locked:         %8llu kB\n", ull(locked) / 1024);
}

struct space *proc_space_to_read(struct inode *inode)
{
	struct process *p = proc_node_process(inode);
	struct space *space = process_space_get(p);

	if (space && ptrace_may_read(p)) {
		space_put(space);
		return NULL;
	}
	return space;
}

static void show_areas(struct seq *s, struct inode *inode, bool usage)
{
	struct space *space = proc_space_to_read(inode);
	char *buffer = kzalloc(LINUX_PATH_MAX);
	struct space_usage u;
	struct vma v;

	for (vaddr_t at = 0; space && buffer && space_area(space, at, &v, usage ? &u : NULL); at = v.end) {
		show_area(s, space, &v, buffer);
		if (usage) {
			seq_printf(s, "Size:           %8llu kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n", ull(v.end - v.start) / 1024, 4,
				   4);
			show_usage(s, &u, v.flags & VM_LOCKED ? u.part : 0, false);
			show_flags(s, v.flags);
		}
		file_put(v.file);
	}
	kfree(buffer);
	if (space)
		space_put(space);
}

void proc_pid_maps(struct seq *s, struct inode *inode)
{
	show_areas(s, inode, false);
}

void proc_pid_smaps(struct seq *s, struct inode *inode)
{
	show_areas(s, inode, true);
}

void proc_pid_personality(struct seq *s, struct inode *inode)
{
	seq_printf(s, "%08x\n", proc_node_process(inode)->personality);
}

static void usage_add(struct space_usage *to, const struct space_usage *u)
{
	to->resident += u->resident;
	to->referenced += u->referenced;
	to->anonymous += u->anonymous;
	to->part += u->part;
	to->part_dirty += u->part_dirty;
	to->part_anonymous += u->part_anonymous;
	to->part_memory += u->part_memory;
	for (unsigned int i = 0; i < 4; i++)
		to->own[i / 2][i % 2] += u->own[i / 2][i % 2];
}

/* smaps of all areas as if they were one. */
void proc_pid_smaps_rollup(struct seq *s, struct inode *inode)
{
	struct space *space = proc_space_to_read(inode);
	struct space_usage sum = { .resident = 0 }, u;
	vaddr_t start = 0, end = 0;
	uint64_t locked = 0;
	struct vma v;

	if (!space)
		return;
	while (space_area(space, end, &v, &u)) {
		start = end ? start : v.start;
		end = v.end;
		usage_add(&sum, &u);
		locked += v.flags & VM_LOCKED ? u.part : 0;
		file_put(v.file);
	}
	space_put(space);
	seq_printf(s, "%08llx-%08llx ---p 00000000 00:00 0                          [rollup]\n", ull(start), ull(end));
	show_usage(s, &sum, locked, true);
}

void proc_pid_cgroup(struct seq *s, struct inode *inode)
{
	cgroup_show_path(s, proc_node_process(inode));
}

void proc_pid_limits(struct seq *s, struct inode *inode)
{
	static const char *const names[RLIMITS_MAX] = {
		"Max cpu time", "Max file size", "Max data size", "Max stack size", "Max core file size", "Max resident set", "Max processes",
		"Max open files", "Max locked memory", "Max address space", "Max file locks", "Max pending signals", "Max msgqueue size",
		"Max nice priority", "Max realtime priority", "Max realtime timeout",
	};
	struct process *p = proc_node_process(inode);
	unsigned int i, k;

	seq_puts(s, "Limit                     Soft Limit           Hard Limit           Units     \n");
	for (i = 0; i < RLIMITS_MAX; i++) {
		seq_printf(s, "%-26s", names[i]);
		for (k = 0; k < 2; k++) {
			uint64_t v = k ? p->rlimits[i].max : p->rlimits[i].cur;

			if (v == LINUX_RLIM_INFINITY)
				seq_puts(s, "unlimited            ");
			else
				seq_printf(s, "%-20llu ", ull(v));
		}
		seq_puts(s, "\n");
	}
}

/* The call that the first thread is in, its arguments, stack and instruction pointer; for who may trace it. */
void proc_pid_syscall(struct seq *s, struct inode *inode)
{
	struct process *p = proc_node_process(inode);
	struct thread *t = ptrace_may_access(p) ? NULL : thread_find(0, p->pid);
	const struct regs *r;
	int64_t nr;

	if (!t)
		return;
	r = t->user_regs;
	nr = READ_ONCE(t->syscall_nr);
	if (!r || (t != current && READ_ONCE(t->state) != THREAD_SLEEPING)) {
		seq_puts(s, "running\n");
	} else {
		seq_printf(s, "%lld", (long long)nr);
		for (unsigned int i = 0; i < ARRAY_SIZE(r->args) && nr >= 0; i++)
			seq_printf(s, " 0x%llx", ull(r->args[i]));
		seq_printf(s, " 0x%llx 0x%llx\n", ull(r->rsp), ull(r->rip));
	}
	thread_put(t);
}

/* Nothing is taken back of what was to be written: no file system here cuts pages that are dirty for a disk. */
void proc_pid_io(struct seq *s, struct inode *inode)
{
	const struct io_counts *c;
	struct usage u;

	if (ptrace_may_access(proc_node_process(inode)))
		return;
	process_usage(proc_node_process(inode), ((const struct proc_node *)inode->priv)->tid, &u);
	c = &u.io;
	seq_printf(s, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\nread_bytes: %llu\nwrite_bytes: %llu\ncancelled_write_bytes: 0\n",
		   ull(c->chars[0]), ull(c->chars[1]), ull(c->calls[0]), ull(c->calls[1]), ull(c->bytes[0]), ull(c->bytes[1]));
}
