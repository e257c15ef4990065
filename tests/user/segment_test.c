// SPDX-License-Identifier: GPL-2.0
/* The selectors of data segments, the bases of FS and GS and the flags that are left of 32-bit times: each thread's own, whatever it does to them. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "abi.h"

#define ARCH_SET_GS	0x1001
#define ARCH_GET_GS	0x1004
#define NESTED_TASK	0x4000ul
#define GS_BASE		0x200000000ul
#define NONCANONICAL	0x800000000000ul
#define TURNS		200

static volatile unsigned long fault_at, flags_in_handler;

static unsigned int gs_read(void)
{
	unsigned int v;

	__asm__ volatile("movl %%gs, %0" : "=r"(v));
	return v;
}

static void gs_load(unsigned int v)
{
	__asm__ volatile("movl %0, %%gs" :: "r"(v));
}

/* The one for data that there surely is. */
static unsigned int data_selector(void)
{
	unsigned int v;

	__asm__ volatile("movl %%ss, %0" : "=r"(v));
	return v;
}

static unsigned long gs_base(void)
{
	unsigned long base = 1;

	CHECK(!syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	return base;
}

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

static void one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one));
}

static void *with_a_selector(void *arg)
{
	gs_load(data_selector());
	for (int i = 0; i < TURNS; i++) {
		sched_yield();
		CHECK(gs_read() == data_selector() && gs_base() == 0);
	}
	return arg;
}

ABI_CASE(selectors_and_bases_are_each_thread_s_own)
{
	pthread_t t;

	one_cpu();
	CHECK(!syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE));
	CHECK(!pthread_create(&t, NULL, with_a_selector, NULL));
	for (int i = 0; i < TURNS; i++) {
		sched_yield();
		CHECK(gs_read() == 0 && gs_base() == GS_BASE);
	}
	CHECK(!pthread_join(t, NULL));
	CHECK(gs_base() == GS_BASE);
}

ABI_CASE(setting_a_base_empties_the_selector)
{
	gs_load(data_selector());
	CHECK(gs_base() == 0);
	CHECK(!syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE));
	CHECK(gs_read() == 0 && gs_base() == GS_BASE);
}

ABI_CASE(a_child_begins_with_the_selectors_of_its_parent)
{
	pid_t pid;

	gs_load(data_selector());
	pid = fork();
	if (pid == 0)
		_exit(gs_read() == data_selector() ? 0 : 1);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(a_tracer_sees_and_sets_selectors)
{
	struct user_regs_struct regs;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		gs_load(data_selector());
		CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		_exit(gs_read() == 0 ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs));
	CHECK(regs.ss == data_selector() && regs.gs == data_selector() && regs.fs == 0);
	CHECK_ERR(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, gs), data_selector() & ~3u), EIO);
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, gs), 0));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(abi_wait(pid) == 0);
}
