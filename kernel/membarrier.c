// SPDX-License-Identifier: GPL-2.0
/*
 * membarrier(2): every other CPU passes a full barrier before the call returns. A call across CPUs is one, and its IRET on the other
 * side makes that CPU see changed code, which is what SYNC_CORE asks for.
 */
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/syscall.h>

#define NEEDS_REGISTRATION	(LINUX_MEMBARRIER_PRIVATE_EXPEDITED | LINUX_MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE)
#define REGISTRATIONS		(LINUX_MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | NEEDS_REGISTRATION << 1)
#define BARRIERS		(LINUX_MEMBARRIER_GLOBAL | LINUX_MEMBARRIER_GLOBAL_EXPEDITED | NEEDS_REGISTRATION)

static void barrier_here(void *arg)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

SYSCALL_FLAGS(NR_membarrier, membarrier, SYSCALL_DRIVER)
{
	struct process *p = current_process;
	int command = args->a[0];

	if ((uint32_t)args->a[1])
		return -EINVAL;
	if (command == LINUX_MEMBARRIER_QUERY)
		return BARRIERS | REGISTRATIONS;
	if (command < 0 || !((BARRIERS | REGISTRATIONS) & command) || (command & (command - 1)))
		return -EINVAL;
	if (command & REGISTRATIONS) {
		__atomic_fetch_or(&p->membarriers, command >> 1, __ATOMIC_RELAXED);
		return 0;
	}
	if ((command & NEEDS_REGISTRATION) && !(READ_ONCE(p->membarriers) & command))
		return -EPERM;
	barrier_here(NULL);
	smp_call(cpus_online(), barrier_here, NULL);
	return 0;
}
