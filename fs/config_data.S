/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration that this kernel was built with, compressed (scripts/kconfig sync), as bytes of the kernel. */
	.section .rodata
	.globl config_gz_start, config_gz_end
config_gz_start:
	.incbin "generated/config.gz"
config_gz_end:
