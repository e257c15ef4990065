// SPDX-License-Identifier: GPL-2.0
/*
 * Processes as objects: allocation, references, the tree, and looking into one from outside. How they are made is in fork.c and exec.c,
 * how they end in exit.c. A process is referenced by the tree (until it is waited for), by each of its threads, and by whoever found it.
 * Locks: process_tree_lock for the tree; process->lock for its threads and for swapping its files and space.
 */
#include <kernel/cgroup.h>
#include <kernel/core_dump.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/time_ns.h>
#include <kernel/user_ns.h>
#include <fs/file.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <asm/cpu.h>
#include "process_internal.h"
#include "signal_queue.h"

#define STACK_LIMIT	(8ull << 20)
#define NOFILE_LIMIT	1024
#define NOFILE_MAX	4096
#define MEMLOCK_LIMIT	(8ull << 20)

struct spinlock process_tree_lock = SPINLOCK_INIT("process tree");
struct process *init_process;
struct list all_processes = LIST_INIT(all_processes);

static void limit_set(struct process *p, unsigned int which, uint64_t cur, uint64_t max)
{
	p->rlimits[which].cur = cur;
	p->rlimits[which].max = max;
}

static void limits_init(struct process *p)
{
	for (unsigned int i = 0; i < RLIMITS_MAX; i++)
		limit_set(p, i, LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY);
	limit_set(p, LINUX_RLIMIT_STACK, STACK_LIMIT, LINUX_RLIM_INFINITY);
	limit_set(p, LINUX_RLIMIT_CORE, 0, LINUX_RLIM_INFINITY);
	limit_set(p, LINUX_RLIMIT_NPROC, tasks_per_user(), tasks_per_user());
	limit_set(p, LINUX_RLIMIT_NOFILE, NOFILE_LIMIT, NOFILE_MAX);
	limit_set(p, LINUX_RLIMIT_MEMLOCK, MEMLOCK_LIMIT, MEMLOCK_LIMIT);
	limit_set(p, LINUX_RLIMIT_SIGPENDING, tasks_per_user(), tasks_per_user());
	limit_set(p, LINUX_RLIMIT_MSGQUEUE, 819200, 819200);
	limit_set(p, LINUX_RLIMIT_NICE, 0, 0);
	limit_set(p, LINUX_RLIMIT_RTPRIO, 0, 0);
}

struct process *process_alloc(void)
{
	struct process *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	ref_init(&p->ref);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->all_link);
	list_init(&p->pid_link);
	list_init(&p->threads);
	list_init(&p->companions);
	list_init(&p->sigqueue);
	list_init(&p->posix_timers);
	list_init(&p->cpu_clock_timers);
	list_init(&p->sem_undos);
	list_init(&p->tracees);
	list_init(&p->group_link);
	spin_init(&p->lock, "process");
	spin_init(&p->signal_lock, "signal");
	wait_queue_init(&p->child_wait, "child wait");
	wait_queue_init(&p->state_wait, "state wait");
	wait_queue_init(&p->exit_wait, "exit wait");
	timer_init(&p->itimer_real, itimer_fire);
	p->start_ns = time_now();
	p->exit_signal = LINUX_SIGCHLD;
	p->dumpable = true;
	p->core_filter = CORE_FILTER_DEFAULT;
	limits_init(p);
	return p;
}

void process_get(struct process *p)
{
	ref_get(&p->ref);
}

/* Everything that sleeps was given back when the process ended; what is left is memory. Any context. */
void process_put(struct process *p)
{
	if (!p || !ref_put(&p->ref))
		return;
	BUG_ON(p->nr_threads || p->space || p->files);
	signal_flush_all(p);
	if (p->device)
		device_put(p->device);
	pid_free(p->pid);
	credentials_put(&p->cred);
	kfree(p);
}

struct process *process_find(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct process *p = pid_process(pid);

	if (p)
		process_get(p);
	spin_unlock_irq(&process_tree_lock, flags);
	return p;
}

void process_for_each(bool (*fn)(struct process *p, void *arg), void *arg)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct process *p;

	list_for_each(p, &all_processes, all_link)
		if (!fn(p, arg))
			break;
	spin_unlock_irq(&process_tree_lock, flags);
}

struct thread *process_live_thread(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t, *live = NULL;

	list_for_each(t, &p->threads, process_link)
		if (!live && !READ_ONCE(t->exiting))
			live = t;
	spin_unlock_irq(&p->lock, flags);
	return live;
}

/* Whose child one of @parent's is: the caller's own, its sibling's, or anybody's there. */
static struct thread *parent_thread_of(struct process *parent)
{
	if (!parent || parent == current_process)
		return parent ? current : NULL;
	if (current_process && parent == current_process->parent)
		return current_process->parent_thread;
	return process_live_thread(parent);
}

void process_link(struct process *p, struct process *parent, pid_t pgid, pid_t sid)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	process_get(p);
	p->pgid = pgid;
	p->sid = sid;
	pid_hold(pgid);
	pid_hold(sid);
	p->parent = parent;
	p->parent_thread = parent_thread_of(parent);
	p->parent_pid = !parent ? 0 : likely(!p->pid_ns) ? parent->pid : pid_told_in(p->pid_ns, parent->pid);
	if (unlikely(p->pid_ns) && process_is_init(p))
		p->pid_ns->init = p;
	if (parent)
		list_append(&parent->children, &p->sibling);
	list_append(&all_processes, &p->all_link);
	pid_link(p);
	tasks_count(1);
	spin_unlock_irq(&process_tree_lock, flags);
}

/* Out of the tree for good; the tree's reference is the caller's to put, after unlocking. */
void process_unlink(struct process *p)
{
	list_del(&p->sibling);
	list_del(&p->all_link);
	list_del(&p->pid_link);
	tasks_count(-1);
	pid_free(p->pgid);
	pid_free(p->sid);
	p->parent = NULL;
	p->parent_thread = NULL;
	WRITE_ONCE(p->parent_pid, 0);
}

void process_set_group(struct process *p, pid_t pgid)
{
	pid_hold(pgid);
	pid_free(p->pgid);
	p->pgid = pgid;
}

struct thread *process_thread_create(struct process *p, pid_t tid, const struct regs *regs)
{
	int err = cgroup_task_add(p);
	struct thread *t = err ? ERR_PTR(err) : thread_create_user(p, p->name, regs);
	uint64_t flags;

	if (IS_ERR(t)) {
		if (!err)
			cgroup_task_remove(p);
		return t;
	}
	t->tid = tid;
	t->own_tid = likely(!p->pid_ns) ? tid : pid_told_in(p->pid_ns, tid);
	t->syscall_nr = -1;
	t->stood_turn = READ_ONCE(p->hold_turn);
	t->cred = p == current_process ? current->cred : p->cred;
	credentials_get(&t->cred);
	flags = spin_lock_irq(&p->lock);
	list_append(&p->threads, &t->process_link);
	if (p->nr_threads++)	/* the first counts as its process, as long as that is there */
		tasks_count(1);
	spin_unlock_irq(&p->lock, flags);
	return t;
}

void process_rouse(struct process *p)
{
	struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (t != current)
			sched_interrupt(t);
	list_for_each(t, &p->companions, process_link)
		sched_interrupt(t);
	wait_wake(&p->state_wait, 0);
}

/* Give the process another space (NULL: none) and let go of the old one. The current process, or one that never ran. */
void process_space_replace(struct process *p, struct space *space)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct space *old = p->space;

	if (old)
		p->max_pages = MAX(p->max_pages, space_peak(old));
	p->space = space;
	if (p == current_process)
		space_switch(space);
	spin_unlock_irq(&p->lock, flags);
	if (space)
		cgroup_space_follow(p, space);
	if (old)
		space_put(old);
}

/* The memory lent by a vfork parent is its own again. */
void process_release_vfork(struct process *p)
{
	WRITE_ONCE(p->vfork_released, true);
	wait_wake(&p->state_wait, 0);
}

void process_discard(struct process *p)
{
	struct fd_table *files = p->files;
	struct fs_context *fs = p->fs;

	time_ns_leave(p);
	p->files = NULL;
	p->fs = NULL;
	if (files)
		fd_table_put(files);
	if (fs)
		fs_context_put(fs);
	process_space_replace(p, NULL);
	cgroup_leave(p);
	process_put(p);
}

struct fd_table *process_files_get(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct fd_table *files = p->files ? fd_table_share(p->files) : NULL;

	spin_unlock_irq(&p->lock, flags);
	return files;
}

struct space *process_space_get(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct space *space = p->space;

	if (space)
		space_get(space);
	spin_unlock_irq(&p->lock, flags);
	return space;
}

struct file *process_program_get(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct file *f = p->space ? p->space->program : NULL;

	if (f)
		file_get(f);
	spin_unlock_irq(&p->lock, flags);
	return f;
}

/* One page's worth of a copy between the kernel and @s; returns bytes or -EFAULT. */
static ssize_t space_copy_page(struct space *s, vaddr_t address, void *kernel, size_t n, bool write)
{
	size_t offset = address % PAGE_SIZE, length = MIN(n, PAGE_SIZE - offset);
	struct page *page;
	char *bytes;

	if (user_pin(s, address, length, write, &page, 1) != 1)
		return -EFAULT;
	bytes = (char *)page_addr(page) + offset;
	memcpy(write ? bytes : kernel, write ? kernel : bytes, length);
	user_unpin(&page, 1);
	return length;
}

static ssize_t space_copy(struct space *s, vaddr_t address, void *kernel, size_t n, bool write)
{
	size_t done = 0;

	if (!user_range_ok(address, n))
		return -EFAULT;
	while (done < n) {
		ssize_t step = space_copy_page(s, address + done, (char *)kernel + done, n - done, write);

		if (step < 0)
			return done ? (ssize_t)done : step;
		done += step;
	}
	return done;
}

ssize_t space_read(struct space *s, vaddr_t from, void *to, size_t n)
{
	return space_copy(s, from, to, n, false);
}

ssize_t space_write(struct space *s, vaddr_t to, const void *from, size_t n)
{
	return space_copy(s, to, (void *)from, n, true);
}

bool process_has_one_thread(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	bool one = p->nr_threads == 1 && list_empty(&p->companions);

	spin_unlock_irq(&p->lock, flags);
	return one;
}

struct process *process_spawn_with(const struct process_spawn_args *args)
{
	return exec_spawn(args);
}

struct process *process_spawn(const char *path, const char *const *argv, const char *const *envp)
{
	struct process_spawn_args args = { .path = path, .argv = argv, .envp = envp };

	return exec_spawn(&args);
}

void process_start(struct process *p)
{
	thread_start(list_first(&p->threads, struct thread, process_link));
}

void process_kill(struct process *p, int sig)
{
	if (sig == LINUX_SIGKILL) {
		WRITE_ONCE(p->hurries, true);
		wait_wake(&p->state_wait, 0);
	}
	signal_send_process(p, sig, NULL);
}
