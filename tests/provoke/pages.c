// SPDX-License-Identifier: GPL-2.0
/* Mistakes with pages: code that is written, data that is executed, a program's memory taken for the kernel's, stacks that end. */
#include <asm/paging.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/page.h>
#include "provoke.h"

#define RET		0xc3
#define DEPTH_BYTES	(KSTACK_SIZE + 1024)

static const uint64_t constant = 42;
static uint8_t code[16] = { 0xf3, 0x0f, 0x1e, 0xfa, RET };	/* endbr64; ret */
static volatile uint64_t sealed __ro_after_init = 42;

static const char *write_constant(uint64_t user)
{
	volatile uint64_t *to = (volatile uint64_t *)(uint64_t)&constant;

	__asm__("" : "+r"(to));		/* the compiler knows better */
	*to = 43;
	return *to == 43 ? "harm: a constant was changed" : "nothing was written";
}

static const char *write_sealed(uint64_t user)
{
	sealed = 43;
	return sealed == 43 ? "harm: what only the boot may write was changed" : "nothing was written";
}

static const char *write_text(uint64_t user)
{
	volatile uint8_t *text = (volatile uint8_t *)(uint64_t)write_constant;

	*text = *text;
	return "harm: code was written";
}

/* By its other name. */
static const char *write_text_alias(uint64_t user)
{
	volatile uint8_t *text = phys_to_virt(kernel_to_phys((const void *)(uint64_t)write_constant));

	*text = *text;
	return "harm: code was written through the direct map";
}

static const char *run_at(const void *at, const char *text)
{
	void (*fn)(void) = (void (*)(void))at;

	__asm__("" : "+r"(fn));
	fn();
	return text;
}

static const char *execute_data(uint64_t user)
{
	return run_at(code, "harm: data was executed");
}

static const char *execute_user(uint64_t user)
{
	return run_at((const void *)user, "harm: the kernel executed a program's code");
}

static const char *read_user(uint64_t user)
{
	volatile uint64_t value = *(volatile uint64_t *)user;

	(void)value;
	return "harm: the kernel took a program's memory for its own";
}

static const char *read_null(uint64_t user)
{
	volatile uint64_t *null = (volatile uint64_t *)user, value;

	__asm__("" : "+r"(null));
	value = null[1];
	(void)value;
	return "harm: nothing stood at address 0, and it was read";
}

static const char *map_writable_and_executable(uint64_t user)
{
	paddr_t root = pt_create();
	int err = pt_map(root, 0x400000, kernel_to_phys(code) & PAGE_MASK, PT_READ | PT_WRITE | PT_EXEC);

	pt_unmap(root, 0x400000, NULL);
	pt_free(root);
	return err == -EACCES ? "refused" : "harm: a page was writable and executable";
}

static uint64_t __attribute__((noinline)) deeper(uint64_t end)
{
	volatile uint8_t frame[256];

	frame[0] = 1;
	if ((uint64_t)frame < end)
		return frame[0];
	return deeper(end) + frame[0];
}

/* Past the end of the thread's stack, a little: with a page there it would come back. */
static const char *stack_overflow(uint64_t user)
{
	return deeper(current->kstack - 1024) ? "harm: a stack ran over its end and nobody saw" : "?";
}

/* With a stack pointer where nothing is, not even a report can be pushed. */
static const char *stack_pointer_lost(uint64_t user)
{
	__asm__ volatile("movq %0, %%rsp; pushq $0" :: "r"(VMAP_BASE + 64) : "memory");
	__builtin_unreachable();
}

/* A function that is there, entered behind its beginning. */
static const char *branch_into_function(uint64_t user)
{
	static const uint8_t *middle;

	middle = (const uint8_t *)(uint64_t)arch_canary + 4;
	__asm__ volatile("call *%0" :: "r"(middle) : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	return "harm: an indirect call went into the middle of a function";
}

const struct provocation provoke_pages[] = {
	{ "write_constant", write_constant },
	{ "write_sealed", write_sealed },
	{ "write_text", write_text },
	{ "write_text_alias", write_text_alias },
	{ "execute_data", execute_data },
	{ "execute_user", execute_user },
	{ "read_user", read_user },
	{ "read_null", read_null },
	{ "map_writable_and_executable", map_writable_and_executable },
	{ "stack_overflow", stack_overflow },
	{ "stack_pointer_lost", stack_pointer_lost },
	{ "branch_into_function", branch_into_function },
	{ NULL, NULL },
};
