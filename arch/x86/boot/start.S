/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the boot loader (32-bit, paging off; Multiboot2 section 3.3) to kernel_main() in long mode. What is missing in the machine is
 * said in one line on COM1 and through the debug exit port; nothing here can be silent. Runs once, before any C.
 */
#include <uapi/ferry/exit.h>

#define KERNEL_BASE		0xffffffff80000000
#define PHYS(symbol)		((symbol) - KERNEL_BASE)
#define LOADER_MAGIC		0x36d76289
#define COM1			0x3f8
#define PTE_PRESENT_WRITE	0x3
#define PTE_LARGE		0x80
#define MSR_EFER		0xc0000080
#define EFER_LME_NXE		0x900
#define CR4_PAE			0x20
#define CR0_SET			0x80010023	/* PG, WP, NE, MP, PE */
#define CR0_CLEAR		0x6000000c	/* CD, NW, TS, EM */
#define BOOT_STACK_SIZE		16384

	.section .boot.text, "ax"
	.code32
	.globl boot_start
boot_start:
	cli
	cld
	movl $PHYS(boot_stack_top), %esp
	movl %eax, boot_magic
	movl %ebx, boot_mbi
	movl $text_no_loader, %esi
	cmpl $LOADER_MAGIC, %eax
	jne boot_fatal
	call check_cpu
	rdtsc
	movl %eax, boot_tsc
	movl %edx, boot_tsc + 4
	call build_tables

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
	lgdt boot_gdt_pointer
	ljmp $0x08, $start64

/* Every feature of the table must be there. Clobbers everything. */
check_cpu:
	movl $name_cpuid, %edi
	pushfl
	popl %eax
	movl %eax, %ecx
	xorl $0x200000, %eax		/* EFLAGS.ID can be toggled: CPUID exists (SDM volume 2, CPUID) */
	pushl %eax
	popfl
	pushfl
	popl %eax
	xorl %ecx, %eax
	testl $0x200000, %eax
	jz no_feature
	movl $name_lm, %edi
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_feature
	movl $features, %ebp
1:	movl (%ebp), %eax
	testl %eax, %eax
	jz 2f
	cpuid
	movl 8(%ebp), %edi
	testl 4(%ebp), %edx
	jz no_feature
	addl $12, %ebp
	jmp 1b
2:	ret

no_feature:
	movl $text_no_feature, %esi
	call serial_init
	call serial_text
	movl %edi, %esi
	call serial_text
	jmp fatal_end

/* Say the text at ESI and stop. */
boot_fatal:
	call serial_init
	call serial_text
fatal_end:
	movl $text_newline, %esi
	call serial_text
	movb $FERRY_EXIT_FATAL, %al
	outb %al, $FERRY_EXIT_PORT
3:	cli
	hlt
	jmp 3b

/* COM1 to 115200 8n1. */
serial_init:
	pushl %esi
	movl $serial_setup, %esi
1:	movzbl (%esi), %edx
	cmpb $0xff, %dl
	je 2f
	addl $COM1, %edx
	movb 1(%esi), %al
	outb %al, %dx
	addl $2, %esi
	jmp 1b
2:	popl %esi
	ret

/* The text at ESI, with a bounded wait for each byte. */
serial_text:
	lodsb
	testb %al, %al
	jz 3f
	movb %al, %ah
	movl $0x20000, %ecx
1:	movl $COM1 + 5, %edx
	inb %dx, %al
	testb $0x20, %al
	jnz 2f
	decl %ecx
	jnz 1b
2:	movb %ah, %al
	movl $COM1, %edx
	outb %al, %dx
	jmp serial_text
3:	ret

/* The first 4 GiB twice: where they are, and where the direct map begins unless kaslr.c moves it. Their first 24 MiB at KERNEL_BASE. */
build_tables:
	movl $PHYS(boot_pdpt_low) + PTE_PRESENT_WRITE, %eax
	movl %eax, PHYS(boot_pml4)
	movl %eax, PHYS(boot_pml4) + 256 * 8
	movl $PHYS(boot_pdpt_high) + PTE_PRESENT_WRITE, PHYS(boot_pml4) + 511 * 8
	movl $PHYS(boot_pd_high) + PTE_PRESENT_WRITE, PHYS(boot_pdpt_high) + 510 * 8
	movl $PHYS(boot_pd_high) + 4096 + PTE_PRESENT_WRITE, PHYS(boot_pdpt_high) + 511 * 8
	movl $PHYS(boot_pds) + PTE_PRESENT_WRITE, %eax
	movl $PHYS(boot_pdpt_low), %edi
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 1b
	movl $PHYS(boot_pds), %edi
	movl $PTE_PRESENT_WRITE | PTE_LARGE, %eax
	movl $2048, %ecx
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 2b
	movl $PHYS(boot_pds), %esi
	movl $PHYS(boot_pd_high), %edi
	movl $24, %ecx
	rep movsl
	ret

	.code64
start64:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	xorl %eax, %eax
	movw %ax, %fs
	movw %ax, %gs
	movl %esp, %esp			/* the upper half is undefined (SDM volume 1, 3.4.1.1) */
	call boot_unpack
	movabsq $start_high, %rax
	jmp *%rax

	.section .boot.data, "aw"
	.balign 8
boot_tsc:	.quad 0
boot_magic:	.long 0
boot_mbi:	.long 0
	.balign 8
boot_image_offset: .quad 0		/* kaslr_offset, where scripts/gdb finds it: at a physical address that does not change */

/* CPUID leaf, bit of EDX, name. SYSCALL is not asked here: Intel shows it in 64-bit mode only (SDM volume 2, CPUID). */
features:
	.long 1, 1 << 0, name_fpu
	.long 1, 1 << 4, name_tsc
	.long 1, 1 << 5, name_msr
	.long 1, 1 << 6, name_pae
	.long 1, 1 << 9, name_apic
	.long 1, 1 << 13, name_pge
	.long 1, 1 << 15, name_cmov
	.long 1, 1 << 16, name_pat
	.long 1, 1 << 24, name_fxsr
	.long 1, 1 << 25, name_sse
	.long 1, 1 << 26, name_sse2
	.long 0x80000001, 1 << 29, name_lm
	.long 0x80000001, 1 << 20, name_nx
	.long 0

name_cpuid:	.asciz "cpuid"
name_fpu:	.asciz "fpu"
name_tsc:	.asciz "tsc"
name_msr:	.asciz "msr"
name_pae:	.asciz "pae"
name_apic:	.asciz "apic"
name_pge:	.asciz "pge"
name_cmov:	.asciz "cmov"
name_pat:	.asciz "pat"
name_fxsr:	.asciz "fxsr"
name_sse:	.asciz "sse"
name_sse2:	.asciz "sse2"
name_lm:	.asciz "lm (64-bit long mode)"
name_nx:	.asciz "nx (no-execute pages)"
text_no_loader:	.asciz "ferry: cannot boot: not started by a Multiboot2 boot loader"
text_no_feature: .asciz "ferry: cannot boot: no CPU feature "
text_newline:	.asciz "\r\n"

/* Register, value: no interrupts, divisor 1, 8n1, FIFO on, DTR and RTS. */
serial_setup:	.byte 1, 0, 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 7, 4, 3, 0xff

	.balign 8
	.globl boot_gdt, boot_pml4
boot_gdt:			/* null, 64-bit code, data, and 32-bit code for trampoline.S */
	.quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff, 0x00cf9a000000ffff
boot_gdt_pointer:
	.short . - boot_gdt - 1
	.quad boot_gdt

	.section .text.entry, "ax"
	.code64
start_high:
	movabsq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	movl boot_mbi, %edi
	movq boot_tsc, %rsi
	call kaslr_init
	movq kaslr_offset(%rip), %rax
	movq %rax, boot_image_offset
	movq %cr3, %rax
	movq %rax, %cr3			/* serialises: the addresses below were changed */
	movabsq $1f, %rax
	jmp *%rax
1:	movabsq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	pushq $0
	pushq $0			/* the end of every backtrace; keeps the stack aligned */
	movl boot_mbi, %edi
	movq boot_tsc, %rsi
	call kernel_main
2:	cli
	hlt
	jmp 2b

	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_pd_high
boot_pml4:	.skip 4096
boot_pdpt_low:	.skip 4096
boot_pdpt_high:	.skip 4096
boot_pds:	.skip 4 * 4096
boot_pd_high:	.skip 2 * 4096	/* the 2 GiB of the image */
	.globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard: .skip 4096		/* unmapped by paging_init() */
boot_stack:	.skip BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
