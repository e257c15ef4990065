// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences (rseq(2)): a thread's memory says on which CPU it runs, and a sequence of instructions that it names there goes to
 * its abort handler when another thread ran meanwhile or a signal came. Settled on the way to user mode by the thread itself; the scheduler
 * only marks it (kernel/sched.c). Nothing read from the program is believed. Left out: numbers of nodes, which Linux 6.1 has not either.
 */
#include <asm/cpu.h>
#include <asm/regs.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include <mm/space.h>
#include "process_internal.h"

/* The sequence that @t is in or was in; 0 at address: none. Checks all but where the thread is. */
static int sequence_get(struct thread *t, struct linux_rseq_cs *cs)
{
	uint32_t signature;
	uint64_t at;

	if (get_user64(&at, t->rseq + offsetof(struct linux_rseq, rseq_cs)))
		return -EFAULT;
	memset(cs, 0, sizeof(*cs));
	if (!at)
		return 0;
	if (!user_range_ok(at, sizeof(*cs)) || copy_from_user(cs, at, sizeof(*cs)))
		return -EFAULT;
	if (cs->version || cs->flags || !user_range_ok(cs->start_ip, cs->post_commit_offset) || !user_range_ok(cs->abort_ip, 1))
		return -EINVAL;
	if (cs->abort_ip - cs->start_ip < cs->post_commit_offset || cs->abort_ip < sizeof(signature))
		return -EINVAL;
	if (get_user32(&signature, cs->abort_ip - sizeof(signature)))
		return -EFAULT;
	return signature == t->rseq_signature ? 0 : -EINVAL;
}

/* Out of the sequence: to its end if it was left behind, to its abort handler if not. */
static int sequence_end(struct thread *t, struct regs *regs)
{
	struct linux_rseq_cs cs;
	int err = sequence_get(t, &cs);

	if (err || !cs.abort_ip)
		return err;
	if (regs->rip - cs.start_ip < cs.post_commit_offset)
		regs->rip = cs.abort_ip;
	return put_user64(t->rseq + offsetof(struct linux_rseq, rseq_cs), 0);
}

static int cpu_tell(uint64_t to, uint32_t start, uint32_t id)
{
	uint32_t ids[2] = { start, id };

	return copy_to_user(to + offsetof(struct linux_rseq, cpu_id_start), ids, sizeof(ids));
}

/* Memory that cannot be used is not used again: a handler for SIGSEGV runs without it. */
static void give_up(struct thread *t)
{
	t->rseq = 0;
	signal_force(LINUX_SIGSEGV);
}

void rseq_resume(struct regs *regs)
{
	struct thread *t = current;

	t->rseq_due = false;	/* before the CPU is read: a switch from here on marks the thread again */
	if (!t->rseq)
		return;
	t->rseq_cpu = READ_ONCE(t->cpu);
	if (sequence_end(t, regs) || cpu_tell(t->rseq, t->rseq_cpu, t->rseq_cpu))
		give_up(t);
}

void rseq_signal(struct regs *regs)
{
	struct thread *t = current;

	if (t->rseq && sequence_end(t, regs))
		give_up(t);
}

static int64_t rseq_register(struct thread *t, uint64_t address, uint32_t signature)
{
	if (address % sizeof(struct linux_rseq))
		return -EINVAL;
	if (!user_range_ok(address, sizeof(struct linux_rseq)))
		return -EFAULT;
	t->rseq = address;
	t->rseq_signature = signature;
	t->rseq_due = true;
	return 0;
}

static int64_t rseq_unregister(struct thread *t, uint64_t address, uint32_t signature)
{
	if (t->rseq != address || !t->rseq)
		return -EINVAL;
	if (t->rseq_signature != signature)
		return -EPERM;
	if (cpu_tell(address, 0, LINUX_RSEQ_CPU_ID_UNINITIALIZED))
		return -EFAULT;
	t->rseq = 0;
	return 0;
}

/* rseq(address, length, flags, signature) */
SYSCALL(NR_rseq, rseq)
{
	uint32_t length = args->a[1], flags = args->a[2], signature = args->a[3];
	struct thread *t = current;

	if ((flags & ~LINUX_RSEQ_FLAG_UNREGISTER) || length != sizeof(struct linux_rseq))
		return -EINVAL;
	if (flags)
		return rseq_unregister(t, args->a[0], signature);
	if (!t->rseq)
		return rseq_register(t, args->a[0], signature);
	if (t->rseq != args->a[0])
		return -EINVAL;
	return t->rseq_signature == signature ? -EBUSY : -EPERM;
}
