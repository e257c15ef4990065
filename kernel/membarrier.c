// SPDX-License-Identifier: GPL-2.0
/*
 * membarrier(2): every other CPU passes a full barrier before the call returns. A call across CPUs is one, and its IRET on the other
 * side makes that CPU see changed code, which is what SYNC_CORE asks for. RSEQ ends the restartable sequences that the process's threads are in.
 */
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/syscall.h>

#define NEEDS_REGISTRATION	(LINUX_MEMBARRIER_PRIVATE_EXPEDITED | LINUX_MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE | \
				 LINUX_MEMBARRIER_PRIVATE_EXPEDITED_RSEQ)
#define REGISTRATIONS		(LINUX_MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | NEEDS_REGISTRATION << 1)
#define BARRIERS		(LINUX_MEMBARRIER_GLOBAL | LINUX_MEMBARRIER_GLOBAL_EXPEDITED | NEEDS_REGISTRATION)

/* On each CPU, interrupts off there. @p: also end the sequence that a thread of it is in; NULL: none. */
static void barrier_here(void *p)
{
	struct thread *t = current;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (p && t->process == p && t->rseq)
		t->rseq_due = true;
}

/* What is known of a call: 0 or -EINVAL. FLAG_CPU names one CPU, and only for sequences. */
static int command_check(int command, uint32_t flags)
{
	if (flags != (command == LINUX_MEMBARRIER_PRIVATE_EXPEDITED_RSEQ ? flags & LINUX_MEMBARRIER_FLAG_CPU : 0))
		return -EINVAL;
	return command < 0 || !((BARRIERS | REGISTRATIONS) & command) || (command & (command - 1)) ? -EINVAL : 0;
}

SYSCALL_FLAGS(NR_membarrier, membarrier, SYSCALL_DRIVER)
{
	struct process *p = current_process;
	uint32_t flags = args->a[1], cpu = args->a[2];
	int command = args->a[0];
	uint64_t mask = cpus_online();

	if (command == LINUX_MEMBARRIER_QUERY)
		return flags ? -EINVAL : BARRIERS | REGISTRATIONS;
	if (command_check(command, flags))
		return -EINVAL;
	if (command & REGISTRATIONS) {
		__atomic_fetch_or(&p->membarriers, command >> 1, __ATOMIC_RELAXED);
		return 0;
	}
	if ((command & NEEDS_REGISTRATION) && !(READ_ONCE(p->membarriers) & command))
		return -EPERM;
	if (flags)
		mask &= cpu < 64 ? 1ull << cpu : 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	smp_call(mask, barrier_here, command == LINUX_MEMBARRIER_PRIVATE_EXPEDITED_RSEQ ? p : NULL);
	return 0;
}
