/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a start-up interrupt (real mode, CS:IP is the page's address:0) to ap_main() in long mode. The first part is copied to a page
 * below 1 MiB and works at any; the rest runs where start.S runs, with the tables it built at boot, then on the kernel's own. ap_stack
 * is taken by the CPU that comes: one that comes late, after it was given up, finds none and stops.
 */

#define KERNEL_BASE		0xffffffff80000000
#define PHYS(symbol)		((symbol) - KERNEL_BASE)
#define CR0_PE			0x1
#define CR4_PAE			0x20
#define MSR_EFER		0xc0000080
#define EFER_LME_NXE		0x900
#define CR0_SET			0x80010023	/* PG, WP, NE, MP, PE */
#define CR0_CLEAR		0x6000000c	/* CD, NW, TS, EM */
#define SELECTOR_CODE32		0x18		/* of boot_gdt, in start.S */

	.section .rodata, "a"
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl ap_gdt_pointer - ap_trampoline
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE32, $ap_start32
ap_gdt_pointer:
	.short 31
	.long boot_gdt
ap_trampoline_end:

	.section .boot.text, "ax"
	.code32
ap_start32:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl %cr0, %eax
	andl $~CR0_CLEAR, %eax
	orl $CR0_SET, %eax
	movl %eax, %cr0
	ljmp $0x08, $ap_start64

	.code64
ap_start64:
	xorl %eax, %eax
	movw %ax, %fs
	movw %ax, %gs
	movabsq $ap_start_high, %rax
	jmp *%rax

	.section .text.entry, "ax"
	.code64
ap_start_high:
	movq ap_root(%rip), %rax
	movq %rax, %cr3
	xorl %eax, %eax
	xchgq %rax, ap_stack(%rip)
	testq %rax, %rax
	jz 1f
	movq %rax, %rsp
	xorl %ebp, %ebp
	pushq $0
	pushq $0			/* the end of every backtrace; keeps the stack aligned */
	movq ap_cpu(%rip), %rdi
	call ap_main
1:	cli
	hlt
	jmp 1b

	.section .bss, "aw", @nobits
	.balign 8
	.globl ap_root, ap_stack, ap_cpu
ap_root:	.skip 8
ap_stack:	.skip 8
ap_cpu:		.skip 8

	.section .note.GNU-stack, "", @progbits
