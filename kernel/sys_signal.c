// SPDX-License-Identifier: GPL-2.0
/* The signal system calls: actions, masks, waiting, sending. Queues and delivery are in signal.c and signal_deliver.c. */
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"
#include "signal_queue.h"

#define UNCATCHABLE(sig)	((sig) == LINUX_SIGKILL || (sig) == LINUX_SIGSTOP)

static int sigset_from_user(sigset_t *set, uint64_t address, uint64_t size)
{
	return size == sizeof(*set) ? copy_from_user(set, address, sizeof(*set)) : -EINVAL;
}

/* What is ignored from now on is no longer pending. */
static void action_set(struct process *p, int sig, const struct linux_sigaction *new)
{
	struct sigaction_k *action = &p->actions[sig - 1];

	action->handler = new->handler;
	action->flags = new->flags & LINUX_SA_KNOWN;
	action->restorer = new->restorer;
	action->mask = new->mask & ~(SIG_BIT(LINUX_SIGKILL) | SIG_BIT(LINUX_SIGSTOP));
}

SYSCALL_FLAGS(NR_rt_sigaction, rt_sigaction, SYSCALL_DRIVER)
{
	struct process *p = current_process;
	struct linux_sigaction new, old;
	int sig = args->a[0];
	uint64_t flags;

	if (sig < 1 || sig > LINUX_NSIG || args->a[3] != sizeof(sigset_t) || (args->a[1] && UNCATCHABLE(sig)))
		return -EINVAL;
	if (args->a[1] && copy_from_user(&new, args->a[1], sizeof(new)))
		return -EFAULT;
	flags = spin_lock_irq(&p->signal_lock);
	old = (struct linux_sigaction){ p->actions[sig - 1].handler, p->actions[sig - 1].flags, p->actions[sig - 1].restorer,
					p->actions[sig - 1].mask };
	if (args->a[1])
		action_set(p, sig, &new);
	spin_unlock_irq(&p->signal_lock, flags);
	if (args->a[1] && (new.handler == LINUX_SIG_IGN || (new.handler == LINUX_SIG_DFL && signal_default_ignores(sig))))
		signal_forget(p, sig);
	return args->a[2] ? copy_back_to_user(args->a[2], &old, sizeof(old)) : 0;
}

SYSCALL_FLAGS(NR_rt_sigprocmask, rt_sigprocmask, SYSCALL_DRIVER)
{
	sigset_t old = current->blocked, set;

	if (args->a[3] != sizeof(set))
		return -EINVAL;
	if (args->a[1]) {
		if (copy_from_user(&set, args->a[1], sizeof(set)))
			return -EFAULT;
		if (args->a[0] == LINUX_SIG_BLOCK)
			set |= old;
		else if (args->a[0] == LINUX_SIG_UNBLOCK)
			set = old & ~set;
		else if (args->a[0] != LINUX_SIG_SETMASK)
			return -EINVAL;
		signal_set_mask(set);
	}
	return args->a[2] ? copy_to_user(args->a[2], &old, sizeof(old)) : 0;
}

SYSCALL(NR_rt_sigpending, rt_sigpending)
{
	sigset_t set = (current->pending | current_process->pending) & current->blocked;

	if (args->a[1] > sizeof(set))
		return -EINVAL;
	return copy_to_user(args->a[0], &set, args->a[1]);
}

/* Sleep until a signal comes that is delivered. */
static int64_t signal_sleep(void)
{
	while (!signal_interrupts())
		sleep_until(TIME_FOREVER, true);
	return -ERESTARTNOHAND;
}

SYSCALL(NR_pause, pause)
{
	return signal_sleep();
}

SYSCALL(NR_rt_sigsuspend, rt_sigsuspend)
{
	sigset_t set;
	int err = sigset_from_user(&set, args->a[0], args->a[1]);

	if (err)
		return err;
	signal_mask_borrow(set);
	err = signal_sleep();
	signal_mask_restore();
	return err;
}

/* The signals stay blocked, so ignored ones are kept; waiting_for makes their arrival end the sleep. */
static int sigwait_sleep(sigset_t wanted, time_ns_t deadline, struct linux_siginfo *info)
{
	struct thread *t = current;
	int sig, err;

	t->waiting_for = wanted;
	err = signal_interrupts() ? -EINTR : sleep_until(deadline, true);
	t->waiting_for = 0;
	sig = signal_dequeue(wanted, info);
	if (sig)
		return sig;
	return err ? -EINTR : -EAGAIN;
}

SYSCALL(NR_rt_sigtimedwait, rt_sigtimedwait)
{
	time_ns_t deadline = TIME_FOREVER;
	struct linux_siginfo info;
	sigset_t wanted;
	uint64_t ns;
	int sig = sigset_from_user(&wanted, args->a[0], args->a[3]);

	if (!sig && args->a[2]) {
		sig = timespec_from_user(args->a[2], &ns);
		deadline = sig ? 0 : deadline_after(ns);
	}
	if (sig)
		return sig;
	wanted &= ~(SIG_BIT(LINUX_SIGKILL) | SIG_BIT(LINUX_SIGSTOP));
	sig = signal_dequeue(wanted, &info);
	if (!sig)
		sig = sigwait_sleep(wanted, deadline, &info);
	if (sig > 0 && args->a[1] && copy_back_to_user(args->a[1], &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

struct kill_request {
	int sig;
	pid_t pgid;		/* 0: everybody but init and the caller */
	struct linux_siginfo info;
	int reached, refused;
};

static bool kill_one(struct process *p, void *arg)
{
	struct kill_request *k = arg;

	if (k->pgid ? p->pgid != k->pgid : (pid_told(p->pid) <= 1 || p == current_process))
		return true;
	if (process_may_signal(p)) {
		k->refused++;
		return true;
	}
	signal_post_process(p, k->sig, &k->info);
	k->reached++;
	return true;
}

static int kill_many(struct kill_request *k)
{
	process_for_each(kill_one, k);
	if (k->reached || (k->refused && !k->pgid))
		return 0;	/* to everybody: Linux minds nobody who refuses */
	return k->refused ? -EPERM : -ESRCH;
}

static int kill_process(pid_t pid, int sig, const struct linux_siginfo *info)
{
	struct process *p = process_find(pid);
	int err;

	if (!p)
		return -ESRCH;
	/* Any process of the session may be continued. */
	err = process_may_signal(p);
	if (err && sig == LINUX_SIGCONT && p->sid == current_process->sid)
		err = 0;
	if (!err)
		err = signal_send_process(p, sig, info);
	process_put(p);
	return err;
}

static bool process_exists(pid_t pid)
{
	struct process *p = process_find(pid);

	if (p)
		process_put(p);
	return p;
}

SYSCALL(NR_kill, kill)
{
	pid_t pid = pid_or_group_meant(args->a[0]);
	struct kill_request k = { .sig = args->a[1] };

	if (pid == INT32_MIN || (pid > 0 && !process_exists(pid)))
		return -ESRCH;
	if (k.sig < 0 || k.sig > LINUX_NSIG)
		return -EINVAL;
	signal_info_user(&k.info, k.sig, LINUX_SI_USER, 0);
	if (pid > 0)
		return kill_process(pid, k.sig, &k.info);
	if (pid != -1)
		k.pgid = pid ? -pid : current_process->pgid;
	return kill_many(&k);
}

/* Thread @tid of @p with a reference, or NULL. Tree lock held. */
static struct thread *thread_of(struct process *p, pid_t tid)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t, *found = NULL;

	list_for_each(t, &p->threads, process_link)
		if (t->tid == tid)
			found = t;
	if (found)
		thread_get(found);
	spin_unlock_irq(&p->lock, flags);
	return found;
}

struct thread *thread_find(pid_t tgid, pid_t tid)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct process *p = pid_process(tgid > 0 ? tgid : current_process->pid);
	struct thread *t = p ? thread_of(p, tid) : NULL;

	if (!t && tgid <= 0)
		list_for_each(p, &all_processes, all_link)
			if ((t = thread_of(p, tid)))
				break;
	spin_unlock_irq(&process_tree_lock, flags);
	return t;
}

static int64_t kill_thread(pid_t tgid, pid_t tid, int sig, const struct linux_siginfo *info)
{
	struct thread *t;
	int err;

	if (tid <= 0)
		return -EINVAL;
	t = thread_find(pid_meant(tgid), pid_meant(tid));
	if (!t)
		return -ESRCH;
	err = sig < 0 || sig > LINUX_NSIG ? -EINVAL : thread_may_signal(t);
	if (!err)
		err = signal_send_thread(t, sig, info);
	thread_put(t);
	return err;
}

SYSCALL_FLAGS(NR_tkill, tkill, 0)
{
	struct linux_siginfo info;

	signal_info_user(&info, args->a[1], LINUX_SI_TKILL, 0);
	return kill_thread(0, args->a[0], args->a[1], &info);
}

SYSCALL(NR_tgkill, tgkill)
{
	struct linux_siginfo info;

	if ((pid_t)args->a[0] <= 0)
		return -EINVAL;
	signal_info_user(&info, args->a[2], LINUX_SI_TKILL, 0);
	return kill_thread(args->a[0], args->a[1], args->a[2], &info);
}

/* The information of a queued signal. */
static int queueinfo_from_user(struct linux_siginfo *info, uint64_t address, int sig)
{
	if (copy_from_user(info, address, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	return 0;
}

/* A sender may not pose as the kernel or as kill() to others. */
static int queueinfo_check(const struct linux_siginfo *info, pid_t pid)
{
	return (info->si_code >= 0 || info->si_code == LINUX_SI_TKILL) && pid != current_process->own_pid ? -EPERM : 0;
}

SYSCALL(NR_rt_sigqueueinfo, rt_sigqueueinfo)
{
	struct linux_siginfo info;
	int err = queueinfo_from_user(&info, args->a[2], args->a[1]);

	if (!err)
		err = queueinfo_check(&info, args->a[0]);
	if (err)
		return err;
	if ((pid_t)args->a[0] <= 0)
		return -ESRCH;
	return kill_process(pid_meant(args->a[0]), args->a[1], &info);
}

SYSCALL(NR_rt_tgsigqueueinfo, rt_tgsigqueueinfo)
{
	struct linux_siginfo info;
	int err = queueinfo_from_user(&info, args->a[3], args->a[2]);

	if (!err)
		err = (pid_t)args->a[0] <= 0 || (pid_t)args->a[1] <= 0 ? -EINVAL : queueinfo_check(&info, args->a[0]);
	return err ? err : kill_thread(args->a[0], args->a[1], args->a[2], &info);
}
