/* SPDX-License-Identifier: GPL-2.0 */
/* The finished shared object, as bytes of the kernel. */
	.section .rodata
	.globl vdso_image_start, vdso_image_end
vdso_image_start:
	.incbin "arch/x86/vdso/vdso.so"
vdso_image_end:
