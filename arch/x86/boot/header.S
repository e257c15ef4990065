/* SPDX-License-Identifier: GPL-2.0 */
/* The Multiboot2 header (Multiboot2 specification section 3.1): it must lie in the first 32 KiB of the file. */

#define MB2_MAGIC		0xe85250d6
#define MB2_ARCH_I386		0
#define TAG_OPTIONAL		1

	.section .boot.header, "a"
	.balign 8
header:
	.long MB2_MAGIC
	.long MB2_ARCH_I386
	.long header_end - header
	.long -(MB2_MAGIC + MB2_ARCH_I386 + (header_end - header))

	/* What we like to be told: command line, modules, memory map, framebuffer, RSDP old and new. */
	.balign 8
request:
	.short 1, TAG_OPTIONAL
	.long request_end - request
	.long 1, 3, 6, 8, 14, 15
request_end:

	/* A linear framebuffer of any size, when there is one. */
	.balign 8
	.short 5, TAG_OPTIONAL
	.long 20
	.long 0, 0, 32

	/* Modules on page boundaries. */
	.balign 8
	.short 6, 0
	.long 8

	.balign 8
	.short 0, 0
	.long 8
header_end:

	.section .note.GNU-stack, "", @progbits
