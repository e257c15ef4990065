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

/* Linux: rax is the result, rcx and r11 are spoilt by the instruction, all others stay (System V ABI for x86-64, A.2.1). */
static void registers_stay(int number, uint64_t answer)
{
	static int asked;	/* not on the stack, whose pointer moves below */
	static const uint64_t before[] = { 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777, 0x8888, 0x9999, 0xaaaa, 0xbbbb };
	uint64_t after[11] = { 0 }, result;
	const uint64_t *from = before;
	uint64_t *to = after;

	asked = number;
	__asm__ volatile(
		"movq %[from], %%rax; pushq %%rbx; pushq %%rbp; pushq %[to]\n\t"
		"movq (%%rax), %%rdi; movq 8(%%rax), %%rsi; movq 16(%%rax), %%rdx; movq 24(%%rax), %%r10; movq 32(%%rax), %%r8\n\t"
		"movq 40(%%rax), %%r9; movq 48(%%rax), %%r12; movq 56(%%rax), %%r13; movq 64(%%rax), %%r14; movq 72(%%rax), %%r15\n\t"
		"movq 80(%%rax), %%rbx; movq %%rbx, %%rbp; movl %[number], %%eax; syscall; popq %%rcx\n\t"
		"movq %%rdi, (%%rcx); movq %%rsi, 8(%%rcx); movq %%rdx, 16(%%rcx); movq %%r10, 24(%%rcx); movq %%r8, 32(%%rcx)\n\t"
		"movq %%r9, 40(%%rcx); movq %%r12, 48(%%rcx); movq %%r13, 56(%%rcx); movq %%r14, 64(%%rcx); movq %%r15, 72(%%rcx)\n\t"
		"movq %%rbx, 80(%%rcx); cmpq %%rbx, %%rbp; popq %%rbp; popq %%rbx; je 1f; movq $0, 80(%%rcx); 1:"
		: "=&a"(result), [from] "+c"(from), [to] "+d"(to) : [number] "m"(asked)
		: "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	CHECK(result == answer);
	CHECK(!memcmp(before, after, sizeof(before)));
}

ABI_CASE(system_call_keeps_every_register_but_three)
{
	registers_stay(SYS_getpid, (uint64_t)getpid());	/* answered without a frame */
	registers_stay(SYS_sched_yield, 0);
}

static long raw_mmap(void *place, size_t length, long rights, long how, long file, long at)
{
	register long flags __asm__("r10") = how, fd __asm__("r8") = file, offset __asm__("r9") = at;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"((long)SYS_mmap), "D"(place), "S"(length), "d"(rights), "r"(flags), "r"(fd), "r"(offset)
			 : "rcx", "r11", "memory");
	return result;
}

/* Number in rax, arguments in rdi, rsi, rdx, r10, r8 and r9: each one of mmap's shows in what comes back. */
ABI_CASE(six_arguments_arrive_in_their_registers)
{
	char *place = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("pages", 0);

	CHECK(place != MAP_FAILED && pwrite(file, "first", 5, 0) == 5 && pwrite(file, "second", 6, 4096) == 6);
	CHECK(raw_mmap(place + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 4096) == (long)(place + 4096));
	CHECK(!memcmp(place + 4096, "second", 6));
	TRAPS(SIGSEGV, SEGV_ACCERR, *(volatile char *)(place + 4096) = 1);
	TRAPS(SIGSEGV, SEGV_ACCERR, (void)*(volatile char *)(place + 2 * 4096));
}

static volatile sig_atomic_t steps, wrecks;

static void count_step(int sig)
{
	(void)sig;
	steps++;
}

/* A handler's return does not trap again before the program went on. */
ABI_CASE(stepped_program_comes_past_its_system_calls)
{
	long pid = 39, flags = 0x100;

	CHECK(signal(SIGTRAP, count_step) != SIG_ERR);
	__asm__ volatile("pushfq; orq %1, (%%rsp); popfq; syscall; pushfq; andq $~0x100, (%%rsp); popfq"
			 : "+a"(pid) : "r"(flags) : "rcx", "r11", "memory", "cc");
	CHECK(pid == getpid() && steps >= 2);
}

static void wreck_state(int sig, siginfo_t *info, void *context)
{
	uint64_t *header = (uint64_t *)((char *)((ucontext_t *)context)->uc_mcontext.fpregs + 512);

	(void)sig;
	(void)info;
	header[2] = ~0ull;
}

static void count_wreck(int sig)
{
	(void)sig;
	wrecks++;
}

/* As if the program had been interrupted where it was: its handler of SIGSEGV returns there. */
ABI_CASE(signal_frame_with_a_wrecked_state_costs_one_sigsegv)
{
	struct sigaction wreck = { .sa_sigaction = wreck_state, .sa_flags = SA_SIGINFO };
	unsigned int a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c & 1u << 27))
		return;	/* no XSAVE, no header */
	CHECK(!sigaction(SIGUSR1, &wreck, NULL) && signal(SIGSEGV, count_wreck) != SIG_ERR);
	CHECK(!raise(SIGUSR1) && wrecks == 1);
}
