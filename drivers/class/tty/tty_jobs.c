// SPDX-License-Identifier: GPL-2.0
/* Sessions and job control: who owns a terminal, who is in the foreground, and what happens to the others. */
#include <fs/tty.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include "tty.h"

/* Always taken with interrupts off, since reports about processes may come from there; signals are sent without it. */
static struct spinlock tty_jobs_lock = SPINLOCK_INIT("tty_jobs");

static struct tty *tty_of_session(pid_t sid)
{
	unsigned int i;

	for (i = 0; sid && i < READ_ONCE(nr_tty_slots); i++) {
		struct tty *tty = READ_ONCE(tty_list[i]);

		if (tty && READ_ONCE(tty->sid) == sid)
			return tty;
	}
	return NULL;
}

struct tty *tty_of_current(void)
{
	return current_process ? tty_of_session(current_process->sid) : NULL;
}

uint32_t tty_number(pid_t sid, pid_t *foreground)
{
	struct tty *tty = tty_of_session(sid);

	*foreground = tty ? READ_ONCE(tty->foreground) : -1;
	return tty ? tty->rdev : 0;
}

void tty_signal_foreground(struct tty *tty, int sig)
{
	pid_t group = READ_ONCE(tty->foreground);

	if (group > 0)
		signal_send_group(group, sig);
}

static bool signal_is_off(int sig)
{
	struct process *p = current_process;

	return (current->blocked & SIG_BIT(sig)) || p->actions[sig - 1].handler == LINUX_SIG_IGN;
}

static bool group_is_orphaned(pid_t group)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	bool orphaned = process_group_orphaned(group, NULL);

	spin_unlock_irq(&process_tree_lock, flags);
	return orphaned;
}

int tty_job_check(struct tty *tty, int sig)
{
	struct process *p = current_process;

	if (!p || tty_of_session(p->sid) != tty || p->pgid == READ_ONCE(tty->foreground) || !READ_ONCE(tty->foreground))
		return 0;
	if (signal_is_off(sig))
		return sig == LINUX_SIGTTIN ? -EIO : 0;
	if (group_is_orphaned(p->pgid))
		return -EIO;
	signal_send_group(p->pgid, sig);
	return -ERESTARTSYS;
}

/* Make @tty the terminal of the current session. lock held. */
static void take_tty(struct tty *tty, struct process *p)
{
	tty->sid = p->sid;
	tty->foreground = p->pgid;
}

void tty_job_open(struct tty *tty, uint32_t flags)
{
	struct process *p = current_process;
	uint64_t irq;

	if (!p || (flags & LINUX_O_NOCTTY) || p->pid != p->sid || tty_of_session(p->sid))
		return;
	irq = spin_lock_irq(&tty_jobs_lock);
	if (!tty->sid)
		take_tty(tty, p);
	spin_unlock_irq(&tty_jobs_lock, irq);
}

static int64_t set_controlling(struct tty *tty, uint64_t steal)
{
	struct process *p = current_process;
	int64_t err = 0;
	uint64_t irq;

	if (p->pid == p->sid && tty->sid == p->sid)
		return 0;
	if (p->pid != p->sid || tty_of_session(p->sid))
		return -EPERM;
	irq = spin_lock_irq(&tty_jobs_lock);
	if (tty->sid && !(steal == 1 && privileged(LINUX_CAP_SYS_ADMIN)))
		err = -EPERM;
	else
		take_tty(tty, p);
	spin_unlock_irq(&tty_jobs_lock, irq);
	return err;
}

static void release_tty(struct tty *tty, pid_t sid)
{
	uint64_t irq = spin_lock_irq(&tty_jobs_lock);
	pid_t group = tty->sid == sid ? tty->foreground : 0;

	if (tty->sid == sid)
		tty->sid = tty->foreground = 0;
	spin_unlock_irq(&tty_jobs_lock, irq);
	if (group <= 0)
		return;
	signal_send_group(group, LINUX_SIGHUP);
	signal_send_group(group, LINUX_SIGCONT);
}

void tty_session_end(struct process *leader)
{
	struct tty *tty = leader->pid == leader->sid ? tty_of_session(leader->sid) : NULL;

	if (tty)
		release_tty(tty, leader->sid);
}

static void leader_signal(pid_t sid)
{
	struct process *leader = sid ? process_find(sid) : NULL;

	if (!leader)
		return;
	signal_send_process(leader, LINUX_SIGHUP, NULL);
	signal_send_process(leader, LINUX_SIGCONT, NULL);
	process_put(leader);
}

void tty_hang_up(struct tty *tty)
{
	pid_t sid = READ_ONCE(tty->sid);

	WRITE_ONCE(tty->hung, true);
	leader_signal(sid);
	if (sid)
		release_tty(tty, sid);
	wait_wake(&tty->changed, 0);
}

void tty_job_leave(struct tty *tty)
{
	uint64_t irq = spin_lock_irq(&tty_jobs_lock);
	pid_t sid = tty->sid;

	tty->sid = tty->foreground = 0;
	spin_unlock_irq(&tty_jobs_lock, irq);
	leader_signal(sid);
}

SYSCALL(NR_vhangup, vhangup)
{
	struct tty *tty = tty_of_current();

	if (!privileged(LINUX_CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (tty)
		tty_vhangup(tty);
	return 0;
}

struct group_search {
	pid_t pgid, sid;
	bool found;
};

static bool find_group(struct process *p, void *arg)
{
	struct group_search *s = arg;

	s->found = p->pgid == s->pgid && p->sid == s->sid;
	return !s->found;
}

static int64_t set_foreground(struct tty *tty, uint64_t arg)
{
	struct group_search s = { .sid = current_process->sid };
	int64_t err = tty_job_check(tty, LINUX_SIGTTOU);
	uint64_t irq;

	if (err)
		return err;
	if (tty_of_current() != tty)
		return -ENOTTY;
	if (get_user32((uint32_t *)&s.pgid, arg))
		return -EFAULT;
	if (s.pgid < 0)
		return -EINVAL;
	s.pgid = pid_meant(s.pgid);
	process_for_each(find_group, &s);
	if (!s.found)
		return -EPERM;
	irq = spin_lock_irq(&tty_jobs_lock);
	tty->foreground = s.pgid;
	spin_unlock_irq(&tty_jobs_lock, irq);
	return 0;
}

int64_t tty_job_ioctl(struct tty *tty, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_TIOCSCTTY:
		return set_controlling(tty, arg);
	case LINUX_TIOCNOTTY:
		if (tty_of_current() != tty)
			return -ENOTTY;
		if (current_process->pid == current_process->sid)
			release_tty(tty, current_process->sid);
		return 0;
	case LINUX_TIOCGPGRP:
		if (tty_of_current() != tty)
			return -ENOTTY;
		return put_user32(arg, pid_told(tty->foreground)) ? -EFAULT : 0;
	case LINUX_TIOCGSID:
		if (tty_of_current() != tty)
			return -ENOTTY;
		return put_user32(arg, pid_told(tty->sid)) ? -EFAULT : 0;
	case LINUX_TIOCSPGRP:
		return set_foreground(tty, arg);
	default:
		return -ENOTTY;
	}
}
