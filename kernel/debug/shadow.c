// SPDX-License-Identifier: GPL-2.0
/*
 * Which bytes of kernel memory may be used: a shadow byte for each eight (Serebryany, Bruening, Potapenko, Vyukov, "AddressSanitizer",
 * USENIX ATC 2012). 0: all, 1 to 7: so many from the first, else why none. The compiler (-fsanitize=kernel-address) calls the
 * functions below before every access, puts zones around variables on the stack and in .data, and marks the stack's zones itself at
 * (address >> 3) + SHADOW_OFFSET. Shadowed are the kernel image, RAM in the direct map and kernel stacks; the rest counts as allowed.
 * The image's shadow is there from the first function on, the rest from debug_map_shadow() on; nothing is said before debug_start().
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <mm/vmap.h>
#include <asm/paging.h>
#include "../../mm/boot_frame.h"
#include "debug.h"

#define SHADOW_SHIFT	3
#define SHADOW_OFFSET	0xdffffc0000000000ul	/* scripts/flags.mk tells the compiler the same */
#define GRANULE		8ul
#define IMAGE_MAX	(24ul << 20)
#define STACKS_SPAN	(1ul << 30)		/* of kernel stacks: mm/vmap.c's first part */
#define TABLE_ENTRIES	512u
#define PRESENT_WRITE	0x3ull
#define IMAGE_PAGES	(IMAGE_MAX >> SHADOW_SHIFT >> PAGE_SHIFT)
#define EARLY_LEAVES	((IMAGE_PAGES + TABLE_ENTRIES - 1) / TABLE_ENTRIES)
#define SHADOW_PAGE_SPAN (PAGE_SIZE << SHADOW_SHIFT)

extern uint64_t boot_pml4[];
typedef void (*constructor)(void);
extern const constructor constructors_start[], constructors_end[];

static uint8_t image_shadow[IMAGE_MAX >> SHADOW_SHIFT] __aligned(4096);
/* Of the boot's page table: one of the second level, one of the third, and those that map image_shadow. */
static uint64_t early_tables[2 + EARLY_LEAVES][TABLE_ENTRIES] __aligned(4096);
static vaddr_t direct_end;		/* 0: not known yet */
static bool ready;

static uint8_t *shadow_at(uint64_t address)
{
	return (uint8_t *)((address >> SHADOW_SHIFT) + SHADOW_OFFSET);
}

static bool has_shadow(uint64_t address)
{
	return (direct_end && address - DIRECT_MAP_BASE < direct_end - DIRECT_MAP_BASE) || address - KERNEL_BASE < IMAGE_MAX ||
	       address - VMAP_BASE < STACKS_SPAN;
}

bool shadow_ready(void)
{
	return READ_ONCE(ready);
}

uint8_t shadow_of(const volatile void *p)
{
	return ready && has_shadow((uint64_t)p) ? *shadow_at((uint64_t)p) : 0;
}

void shadow_poison(const void *p, size_t bytes, uint8_t value)
{
	if (ready && has_shadow((uint64_t)p))
		memset(shadow_at((uint64_t)p), value, (bytes + GRANULE - 1) >> SHADOW_SHIFT);
}

void shadow_allow(const void *p, size_t size)
{
	if (!ready || !has_shadow((uint64_t)p))
		return;
	memset(shadow_at((uint64_t)p), 0, size >> SHADOW_SHIFT);
	if (size % GRANULE)
		*shadow_at((uint64_t)p + size) = size % GRANULE;
}

/* ---- Start ---- */

static unsigned int index_at(uint64_t address, unsigned int level)
{
	return address >> (PAGE_SHIFT + 9 * level) & (TABLE_ENTRIES - 1);
}

void debug_early_init(void)
{
	uint64_t at = (uint64_t)shadow_at(KERNEL_BASE);

	boot_pml4[index_at(at, 3)] = kernel_to_phys(early_tables[0]) | PRESENT_WRITE;
	early_tables[0][index_at(at, 2)] = kernel_to_phys(early_tables[1]) | PRESENT_WRITE;
	for (unsigned int i = 0; i < EARLY_LEAVES; i++)
		early_tables[1][index_at(at, 1) + i] = kernel_to_phys(early_tables[2 + i]) | PRESENT_WRITE;
	for (unsigned int i = 0; i < IMAGE_PAGES; i++)
		early_tables[2 + i / TABLE_ENTRIES][i % TABLE_ENTRIES] = kernel_to_phys(image_shadow + i * PAGE_SIZE) | PRESENT_WRITE;
}

/* The shadow of RAM [@start, @end), but for pages that hold another range's too and are there. Returns how far it goes. */
static vaddr_t map_range(vaddr_t from, paddr_t start, paddr_t end, void (*map)(vaddr_t v, paddr_t p))
{
	vaddr_t at = MAX(from, (vaddr_t)shadow_at(DIRECT_MAP_BASE + start) & PAGE_MASK);
	vaddr_t stop = ALIGN_UP((vaddr_t)shadow_at(DIRECT_MAP_BASE + end), PAGE_SIZE);
	paddr_t p;

	if (at >= stop)
		return from;
	p = boot_frames_alloc(stop - at);
	if (!p)
		panic("debug: no memory for the shadow of RAM");
	memset(phys_to_virt(p), 0, stop - at);
	for (; at < stop; at += PAGE_SIZE, p += PAGE_SIZE)
		map(at, p);
	return stop;
}

void debug_map_shadow(void (*map)(vaddr_t v, paddr_t p))
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);
	vaddr_t mapped = 0;

	for (unsigned int i = 0; i < IMAGE_PAGES; i++)
		map((vaddr_t)shadow_at(KERNEL_BASE) + i * PAGE_SIZE, kernel_to_phys(image_shadow + i * PAGE_SIZE));
	for (unsigned int i = 0; i < nr; i++) {
		mapped = map_range(mapped, ram[i].start, ram[i].end, map);
		direct_end = DIRECT_MAP_BASE + ram[i].end;
	}
	/* A page at each end of the stacks' makes the tables; those between are made with the stacks. */
	map((vaddr_t)shadow_at(VMAP_BASE + STACKS_SPAN), kernel_to_phys(image_shadow));
}

void debug_start(void)
{
	stack_init();
	ready = true;
	for (const constructor *fn = constructors_start; fn < constructors_end; fn++)
		(*fn)();
	log_info("debug: memory, undefined behaviour, locks and leaks are checked");
}

/* ---- Stacks ---- */

bool debug_stack_map(vaddr_t stack)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_STACK);

	if (!page)
		return false;
	if (!pt_map(pt_kernel_root(), (vaddr_t)shadow_at(stack) & PAGE_MASK, page_paddr(page), PT_READ | PT_WRITE | PT_GLOBAL))
		return true;
	page_put(page);
	return false;
}

void debug_stack_unmap(vaddr_t stack)
{
	vaddr_t at = (vaddr_t)shadow_at(stack) & PAGE_MASK;
	paddr_t p;

	if (!pt_unmap(pt_kernel_root(), at, &p))
		return;
	tlb_flush(pt_kernel_root(), at, PAGE_SIZE);
	page_put(page_of(p));
}

void debug_stack_reuse(vaddr_t stack)
{
	if (stack)
		shadow_allow((void *)stack, KSTACK_SIZE);
}

void debug_stack_left(vaddr_t stack)
{
	shadow_allow((void *)stack, KSTACK_SIZE);
	memset((void *)stack, 0, KSTACK_SIZE);
}

/* The frames from the stack pointer up are left: their zones go. Called before what does not return. */
void __asan_handle_no_return(void);

void __asan_handle_no_return(void)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0) & ~(GRANULE - 1);
	uint64_t end;

	if (!ready || !current || !current->kstack || here - current->kstack >= KSTACK_SIZE)
		return;
	end = current->kstack + KSTACK_SIZE;
	shadow_allow((void *)here, end - here);
}

/* ---- Accesses ---- */

/* The first of @size bytes at @address that must not be used, 0: none. */
static uint64_t first_bad(uint64_t address, size_t size)
{
	uint64_t end = address + size, at = address;

	while (at < end) {
		uint64_t next = (at | (GRANULE - 1)) + 1;
		int8_t shadow = (int8_t)*shadow_at(at);

		if (shadow && (shadow < 0 || (int64_t)((MIN(next, end) - 1) % GRANULE) >= shadow))
			return shadow < 0 || at % GRANULE >= (uint64_t)shadow ? at : ALIGN_DOWN(at, GRANULE) + (uint64_t)shadow;
		at = next;
	}
	return 0;
}

static __noinline void slow_check(uint64_t address, size_t size, bool write, uint64_t rip, uint64_t rbp)
{
	uint64_t bad = first_bad(address, size);

	if (bad && !report_under_way())
		shadow_report(bad, size, write, rip, rbp);
}

static inline __attribute__((always_inline)) void check(uint64_t address, size_t size, bool write, uint64_t rip, uint64_t rbp)
{
	if (unlikely(!ready) || !has_shadow(address) || !size)
		return;
	if (likely(size <= GRANULE && !*shadow_at(address) && !*shadow_at(address + size - 1)))
		return;
	if (has_shadow(address + size - 1))
		slow_check(address, size, write, rip, rbp);
}

void shadow_check(const volatile void *p, size_t size, bool write, uint64_t rip, uint64_t rbp)
{
	check((uint64_t)p, size, write, rip, rbp);
}

void debug_check(const volatile void *p, size_t size, bool write)
{
	check((uint64_t)p, size, write, CALLER_RIP, CALLER_RBP);
}

#define ACCESS(n)									\
	void __asan_load##n##_noabort(uint64_t address);				\
	void __asan_store##n##_noabort(uint64_t address);				\
	void __asan_load##n##_noabort(uint64_t address)					\
	{										\
		check(address, n, false, CALLER_RIP, CALLER_RBP);			\
	}										\
	void __asan_store##n##_noabort(uint64_t address)				\
	{										\
		check(address, n, true, CALLER_RIP, CALLER_RBP);			\
	}

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __asan_loadN_noabort(uint64_t address, size_t size);
void __asan_storeN_noabort(uint64_t address, size_t size);

void __asan_loadN_noabort(uint64_t address, size_t size)
{
	check(address, size, false, CALLER_RIP, CALLER_RBP);
}

void __asan_storeN_noabort(uint64_t address, size_t size)
{
	check(address, size, true, CALLER_RIP, CALLER_RBP);
}

/* ---- Variables ---- */

/* As the compiler lays it out (gcc's asan.c, version 8 of its interface). */
struct asan_global {
	const void *start;
	uint64_t size, size_with_zone;
	const char *name, *file;
	uint64_t dynamic;
	const void *location;
	uint64_t odr;
};

void __asan_register_globals(const struct asan_global *globals, uint64_t nr);
void __asan_unregister_globals(const struct asan_global *globals, uint64_t nr);

void __asan_register_globals(const struct asan_global *globals, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		const char *start = globals[i].start;
		uint64_t whole = ALIGN_UP(globals[i].size, GRANULE);

		shadow_poison(start + whole, globals[i].size_with_zone - whole, SHADOW_GLOBAL);
		shadow_allow(start, globals[i].size);
	}
}

void __asan_unregister_globals(const struct asan_global *globals, uint64_t nr)
{
}

/* Variables whose block is entered and left; the compiler does small ones itself. */
void __asan_poison_stack_memory(const void *p, size_t size);
void __asan_unpoison_stack_memory(const void *p, size_t size);

void __asan_poison_stack_memory(const void *p, size_t size)
{
	shadow_poison(p, size, SHADOW_SCOPE);
}

void __asan_unpoison_stack_memory(const void *p, size_t size)
{
	shadow_allow(p, size);
}
