/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The image that the boot loader read, taken apart to where it was linked (scripts/pack): LZ4 blocks (LZ4 Block Format), in the memory behind
 * the kernel's own, which is free again afterwards. Runs once in long mode at physical addresses, on start.S's tables and stack, before anything
 * of the image but the boot part is touched. What it reads came with the kernel and is as trustworthy: nothing is checked.
 */

#define MATCH_LEAST	4
#define LONGER		15
#define WORD		8

	.section .boot.data, "aw"
	.balign 8
	.ascii "PACKED@:"		/* scripts/pack finds the place by this, and writes the address of the table there */
packed:	.quad 0

	.section .boot.text, "ax"
	.code64
	.globl boot_unpack
/* The table: of each block the address, where it ends, where its bytes go and where these end; 32 bits each, and a zero at the end. */
boot_unpack:
	movq packed, %rbp
	testq %rbp, %rbp
	jz 2f
1:	movl (%rbp), %esi
	testl %esi, %esi
	jz 2f
	movl 4(%rbp), %edx
	movl 8(%rbp), %edi
	movl 12(%rbp), %r10d
	call unpack_block
	addq $16, %rbp
	jmp 1b
2:	ret

/* When the length in ECX, one of a token's two, says that more of it follows at RSI. */
	.macro length
	cmpl $LONGER, %ecx
	jne 2f
1:	movzbl (%rsi), %r11d
	incq %rsi
	addl %r11d, %ecx
	cmpl $255, %r11d
	je 1b
2:
	.endm

/* From RSI to RDX, to RDI up to R10. By words, of which the last one may write too much, except at the end. Clobbers all but RBP and RSP. */
unpack_block:
	movzbl (%rsi), %eax		/* a token: literals << 4 | match */
	incq %rsi
	movl %eax, %ecx
	shrl $4, %ecx
	jz 5f
	length
	leaq (%rdi,%rcx), %r8
	leaq WORD(%r8), %r11
	cmpq %r10, %r11
	ja 4f
	addq %rsi, %rcx
3:	movq (%rsi), %rbx
	movq %rbx, (%rdi)
	addq $WORD, %rsi
	addq $WORD, %rdi
	cmpq %r8, %rdi
	jb 3b
	movq %r8, %rdi
	movq %rcx, %rsi
	jmp 5f
4:	rep movsb
	cmpq %rdx, %rsi			/* the last literals have no match */
	jae 8f
5:	movzwl (%rsi), %ebx		/* how far back */
	addq $2, %rsi
	movl %eax, %ecx
	andl $15, %ecx
	length
	addl $MATCH_LEAST, %ecx
	movq %rdi, %r9
	subq %rbx, %r9
	leaq (%rdi,%rcx), %r8
	cmpl $WORD, %ebx
	jb 7f
	leaq WORD(%r8), %r11
	cmpq %r10, %r11
	ja 7f
6:	movq (%r9), %rbx
	movq %rbx, (%rdi)
	addq $WORD, %r9
	addq $WORD, %rdi
	cmpq %r8, %rdi
	jb 6b
	movq %r8, %rdi
	jmp unpack_block
7:	movb (%r9), %bl
	movb %bl, (%rdi)
	incq %r9
	incq %rdi
	cmpq %r8, %rdi
	jb 7b
	jmp unpack_block
8:	ret

	.section .note.GNU-stack, "", @progbits
