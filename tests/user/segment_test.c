// SPDX-License-Identifier: GPL-2.0
/* The selectors of data segments, the bases of FS and GS and the flags that are left of 32-bit times: each thread's own, whatever it does to them. */
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include "abi.h"

#define NESTED_TASK	0x4000ul
#define NONCANONICAL	0x800000000000ul

static volatile unsigned long fault_at, flags_in_handler;

static unsigned long flags_read(void)
{
	unsigned long v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v) :: "memory");
	return v;
}

/* Set the flag, make the call, give the flag back: was it there behind the call? */
static int nested_behind(long nr, long a, long b)
{
	unsigned long flags;

	__asm__ volatile("pushfq; orq $0x4000, (%%rsp); popfq; syscall; pushfq; popq %0; pushfq; andq $~0x4000, (%%rsp); popfq"
			 : "=&r"(flags), "+a"(nr) : "D"(a), "S"(b) : "rcx", "r11", "memory", "cc");
	return !!(flags & NESTED_TASK);
}

static void note_flags(int sig)
{
	flags_in_handler = flags_read();
}

ABI_CASE(the_nested_task_flag_is_the_program_s_and_never_the_kernel_s)
{
	signal(SIGUSR1, note_flags);
	CHECK(nested_behind(SYS_getpid, 0, 0));
	CHECK(nested_behind(SYS_close, -1, 0));
	CHECK(nested_behind(SYS_sched_yield, 0, 0));
	CHECK(nested_behind(SYS_kill, getpid(), SIGUSR1) && flags_in_handler & NESTED_TASK);
	CHECK(!(flags_read() & NESTED_TASK));
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	fault_at = (unsigned long)regs[REG_RIP];
	regs[REG_RIP] = regs[REG_RBX];
}

static void leave(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)NONCANONICAL;
}

ABI_CASE(a_handler_may_return_to_where_no_code_can_be)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, usr1 = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO };
	long nr = SYS_kill;

	CHECK(!sigaction(SIGSEGV, &fault, NULL) && !sigaction(SIGUSR1, &usr1, NULL));
	__asm__ volatile("leaq 1f(%%rip), %%rbx; syscall; 1:" : "+a"(nr) : "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rbx", "rcx", "r11", "memory", "cc");
	CHECK(fault_at == NONCANONICAL);
}
