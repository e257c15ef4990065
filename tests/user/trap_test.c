// SPDX-License-Identifier: GPL-2.0
/* CPU exceptions of a program and what it may do to the registers: every one a signal with Linux's code, none the kernel's trouble. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "abi.h"

#define NONCANONICAL	0x8000000000001000ul
#define KERNEL_TEXT	0xffffffff80101000ul
#define CODE_KERNEL	0x80

static sigjmp_buf back;
static volatile int seen_signal, seen_code;
static volatile unsigned long seen_address;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	seen_signal = signal;
	seen_code = info->si_code;
	seen_address = (unsigned long)info->si_addr;
	siglongjmp(back, 1);
}

static void catch(int signal, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };

	CHECK(sigaction(signal, &action, NULL) == 0);
}

static void catch_all(void)
{
	static const int signals[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		catch(signals[i], on_signal);
	seen_signal = seen_code = 0;
}

#define TRAPS(signal, code, statement)	do {					\
		catch_all();							\
		if (!sigsetjmp(back, 1)) {					\
			statement;						\
		}								\
		CHECK(seen_signal == (signal) && seen_code == (code));		\
	} while (0)

ABI_CASE(arithmetic_and_opcode_faults_have_linux_codes)
{
	TRAPS(SIGFPE, FPE_INTDIV, __asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx" ::: "eax", "ecx", "edx"));
	TRAPS(SIGILL, ILL_ILLOPN, __asm__ volatile("ud2"));
	TRAPS(SIGTRAP, CODE_KERNEL, __asm__ volatile("int3"));
}

ABI_CASE(privileged_instructions_are_faults)
{
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("hlt"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("cli"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("inb $0x60, %%al" ::: "eax"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("outb %%al, $0xf4" ::: "eax"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("rdmsr" ::: "eax", "edx"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("movq %%cr3, %%rax" ::: "rax"));
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("int $14"));
}

ABI_CASE(kernel_addresses_are_out_of_reach)
{
	TRAPS(SIGSEGV, SEGV_MAPERR, (void)*(volatile int *)KERNEL_TEXT);
	CHECK(seen_address == KERNEL_TEXT);
	TRAPS(SIGSEGV, CODE_KERNEL, (void)*(volatile int *)NONCANONICAL);
	TRAPS(SIGSEGV, SEGV_MAPERR, ((void (*)(void))KERNEL_TEXT)());
	TRAPS(SIGSEGV, CODE_KERNEL, ((void (*)(void))NONCANONICAL)());
}

ABI_CASE(pages_obey_their_rights)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	*page = (char)0xc3;
	TRAPS(SIGSEGV, SEGV_ACCERR, ((void (*)(void))page)());
	CHECK(mprotect((void *)page, 4096, PROT_READ) == 0);
	TRAPS(SIGSEGV, SEGV_ACCERR, *page = 1);
	CHECK(mprotect((void *)page, 4096, PROT_NONE) == 0);
	TRAPS(SIGSEGV, SEGV_ACCERR, (void)*page);
}

ABI_CASE(flags_of_the_program_do_not_reach_the_kernel)
{
	TRAPS(SIGTRAP, TRAP_TRACE, __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" ::: "memory", "cc"));
	TRAPS(SIGTRAP, TRAP_TRACE, __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; movl $39, %%eax; syscall; nop"
						     ::: "memory", "cc", "rax", "rcx", "r11"));
	__asm__ volatile("std; movl $39, %%eax; syscall; cld" ::: "memory", "cc", "rax", "rcx", "r11");
	__asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl $39, %%eax; syscall; pushfq; andl $~0x40000, (%%rsp); popfq"
			 ::: "memory", "cc", "rax", "rcx", "r11");
}

ABI_CASE(stack_pointer_may_be_anything_in_a_system_call)
{
	long pid;

	__asm__ volatile("movq %%rsp, %%r12; movq %1, %%rsp; syscall; movq %%r12, %%rsp"
			 : "=a"(pid) : "r"(NONCANONICAL), "0"((long)SYS_getpid) : "rcx", "r11", "r12", "memory");
	CHECK(pid == getpid());
}

ABI_CASE(kernel_base_for_gs_is_refused)
{
	CHECK(syscall(SYS_arch_prctl, 0x1001, KERNEL_TEXT) == -1 && errno == EPERM);
}

static void spoil_rip(int signal, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)NONCANONICAL;
}

static void spoil_rights(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	regs[REG_EFL] |= 0x3000;	/* IOPL 3 */
}

static void spoil_fpu(int signal, siginfo_t *info, void *context)
{
	memset(((ucontext_t *)context)->uc_mcontext.fpregs, 0xff, 512);
}

ABI_CASE(spoilt_signal_frames_end_in_a_signal)
{
	catch(SIGUSR1, spoil_rip);
	TRAPS(SIGSEGV, CODE_KERNEL, raise(SIGUSR1));
	catch(SIGUSR1, spoil_rights);
	raise(SIGUSR1);
	TRAPS(SIGSEGV, CODE_KERNEL, __asm__ volatile("inb $0x60, %%al" ::: "eax"));
	catch(SIGUSR1, spoil_fpu);
	TRAPS(SIGSEGV, CODE_KERNEL, raise(SIGUSR1));
}

/* Keep numbers in registers while others do the same. */
static int registers_hold(unsigned long k)
{
	unsigned long want = 0x1111111111111111ul * k, got = 0;
	double x87 = (double)k;

	for (int i = 0; i < 2000; i++) {
		__asm__ volatile("movq %3, %%xmm7; fldl %1; movl $3000, %%ecx; 1: decl %%ecx; jnz 1b; movq %%xmm7, %0; fstpl %1"
				 : "=r"(got), "+m"(x87), "+r"(want) : "r"(want) : "ecx", "xmm7", "cc");
		if (got != want || x87 != (double)k)
			return 1;
	}
	return 0;
}

ABI_CASE(floating_point_registers_are_each_programs_own)
{
	pid_t children[4];

	for (unsigned long k = 0; k < 4; k++) {
		children[k] = fork();
		CHECK(children[k] >= 0);
		if (children[k] == 0)
			_exit(registers_hold(k + 1));
	}
	for (int k = 0; k < 4; k++)
		CHECK(abi_wait(children[k]) == 0);
}
