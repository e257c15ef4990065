/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way into the kernel and out of it, and the switch between two kernel stacks. Each entry leaves a struct regs (asm/regs.h). GS
 * points to struct cpu in the kernel, to the user's in user mode. Offsets are checked in arch/x86/cpu/cpu.c.
 */

#define REGS_CS		144
#define REGS_RSP	160
#define CPU_KERNEL_RSP	16
#define CPU_USER_RSP	24
#define CPU_USER_RAX	48
#define CPU_NR_SYSCALLS	56
#define SYSCALL_SHORTS	192	/* kernel/syscall.h */
#define USER_SS		0x23
#define USER_CS		0x2b
#define MSR_GS_BASE	0xc0000101
#define ERROR_CODES	0x60227d00	/* vectors below 32 that push an error code: SDM volume 3 table 6-1 */

.macro push_regs
	pushq %rcx
	pushq %r11
	pushq %rax
	pushq %r9
	pushq %r8
	pushq %r10
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro pop_regs
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %rdi
	popq %rsi
	popq %rdx
	popq %r10
	popq %r8
	popq %r9
	popq %rax
	popq %r11
	popq %rcx
.endm

/* A no-op of three bytes that features.c turns into CLAC where the CPU has SMAP. */
.macro smap_clac
667:	.byte 0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a"
	.quad 667b, 0
	.popsection
.endm

/* Where the CPU comes by an indirect branch or through a table: SDM volume 1 section 17.3.1. */
.macro branch_target
#ifdef __CET__
	endbr64
#endif
.endm

	.section .text.entry, "ax"

/* SYSCALL: RCX is the user's RIP, R11 its RFLAGS; interrupts are off by FMASK. */
	.balign 64
	.globl syscall_entry
syscall_entry:
	branch_target
	swapgs
	movq %rsp, %gs:CPU_USER_RSP
	movq %gs:CPU_KERNEL_RSP, %rsp
#ifndef RETPOLINE
	cmpq $SYSCALL_SHORTS, %rax
	jae syscall_whole
	cmpq $0, syscall_shorts(,%rax,8)
	jne syscall_short
#endif
syscall_whole:
	pushq $USER_SS
	pushq %gs:CPU_USER_RSP
	pushq %r11
	pushq $USER_CS
	pushq %rcx
	pushq $-1
	pushq %rax
	push_regs
	xorl %ebp, %ebp
	movq %rsp, %rdi
	call syscall_dispatch		/* interrupts on where the call may take long, and off again */
	testb %al, %al
	jz return_by_iret
	/* RCX and R11 hold RIP and RFLAGS: asm/exit.h compared them and checked that RIP is canonical. */
	pop_regs
	movq 40(%rsp), %rsp
	swapgs
	sysretq

/*
 * A call that only reads (kernel/syscall.h) needs no frame: its function keeps every register but RAX. A negative answer says that something
 * has to be done on the way back; nothing has happened yet, so the call begins again, with a frame. RIP and RFLAGS are the program's own, as
 * SYSCALL left them, and no program runs where RIP would not be canonical behind it (USER_END).
 */
syscall_short:
	movq %rax, %gs:CPU_USER_RAX
	movzbl %al, %eax		/* no other entry of the table, not even where the CPU guessed the branches above wrong */
	call *syscall_shorts(,%rax,8)
	testq %rax, %rax
	js 1f
	incq %gs:CPU_NR_SYSCALLS
	movq %gs:CPU_USER_RSP, %rsp
	swapgs
	sysretq
1:	movq %gs:CPU_USER_RAX, %rax
	jmp syscall_whole

/* To user mode with the frame at RSP, whatever it says. Interrupts off, exit_to_user() called. */
return_by_iret:
	pop_regs
	addq $16, %rsp
	swapgs
	iretq

/* void arch_enter_user(struct regs *regs) */
	.globl arch_enter_user
arch_enter_user:
	movq %rdi, %rsp
user_return:
	cli
	movq %rsp, %rdi
	call exit_to_user
	jmp return_by_iret

/* struct thread *switch_stack(struct thread *from, uint64_t *from_rsp, uint64_t to_rsp): returns, on the new stack, the thread left. */
	.globl switch_stack
switch_stack:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rsi)
	movq %rdx, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	movq %rdi, %rax
	ret

/* Where switch_stack() returns to in a new kernel thread: fn in R12, its argument in R13. */
	.globl thread_begin_kernel
thread_begin_kernel:
	movq %rax, %rdi
	call sched_first_run
	sti
	movq %r13, %rdi
	call *%r12
	call thread_exit
	ud2

/* And in a new user thread, whose frame lies right above. */
	.globl thread_begin_user
thread_begin_user:
	movq %rax, %rdi
	call thread_first_user
	jmp user_return

/* 256 entries of 16 bytes. */
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	branch_target
	.if (vector > 31) || !((ERROR_CODES >> (vector & 31)) & 1)
	.byte 0x6a, 0			/* push $0 */
	.endif
	.byte 0x68			/* push $vector */
	.long vector
	jmp trap_common
	.set vector, vector + 1
	.endr

	.balign 16
trap_common:
	testb $3, 24(%rsp)
	jz 1f
	swapgs
1:
trap_on_thread_stack:
	push_regs
	cld
	smap_clac
	movq %rsp, %rdi
	call trap_dispatch
	testb $3, REGS_CS(%rsp)
	jz 2f
	swapgs
2:	pop_regs
	addq $16, %rsp
	iretq

/*
 * A debug exception of a program goes on on the thread's stack, where it may sleep. One of the kernel's can come before the first
 * instruction of an entry, with the user's GS and stack (MOV SS, then SYSCALL, with a watched address): that needs this stack.
 */
	.globl trap_debug
trap_debug:
	branch_target
	pushq $0
	pushq $1
	testb $3, 24(%rsp)
	jz trap_paranoid
	swapgs
	pushq %rax
	movq %rsp, %rax
	movq %gs:CPU_KERNEL_RSP, %rsp
	pushq 56(%rax)
	pushq 48(%rax)
	pushq 40(%rax)
	pushq 32(%rax)
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	movq (%rax), %rax
	jmp trap_on_thread_stack

/* NMI, double fault, machine check: on stacks of their own, at any instruction, so GS may be either one. */
	.globl trap_nmi, trap_double_fault, trap_machine_check
trap_nmi:
	branch_target
	pushq $0
	pushq $2
	jmp trap_paranoid
trap_double_fault:
	branch_target
	pushq $8
	jmp trap_paranoid
trap_machine_check:
	branch_target
	pushq $0
	pushq $18
trap_paranoid:
	push_regs
	cld
	smap_clac
	xorl %ebx, %ebx
	movl $MSR_GS_BASE, %ecx
	rdmsr
	testl %edx, %edx		/* kernel addresses are negative, and user mode cannot set such a base */
	js 1f
	swapgs
	incl %ebx
1:	movq %rsp, %rdi
	call trap_paranoid_dispatch
	testl %ebx, %ebx
	jz 2f
	swapgs
2:	pop_regs
	addq $16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
