// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel virtual space. The first part holds slots for kernel stacks, each with guard pages below (which are the guard above the one
 * before); a few freed stacks stay mapped for the next thread. The rest holds areas, first fit, each followed by a guard page.
 * vmap_lock guards the lists and the kernel's page tables here.
 */
#include <asm/paging.h>
#include <kernel/debug.h>
#include <kernel/harden.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/vmap.h>

#define STACK_SLOT	(2 * KSTACK_SIZE)	/* guard below, stack above */
#define STACK_PAGES	(KSTACK_SIZE / PAGE_SIZE)
#define STACK_SLOTS	32768u
#define STACK_WORDS	(STACK_SLOTS / 64)
#define STACKS_END	(VMAP_BASE + STACK_SLOTS * STACK_SLOT)
#define STACKS_KEPT	8u

struct area {
	struct list link;	/* sorted by start */
	vaddr_t start, end;	/* with the guard page */
	vaddr_t address;	/* as returned */
};

static struct spinlock vmap_lock = SPINLOCK_INIT("vmap");
/* Guarded by vmap_lock. */
static struct list areas = LIST_INIT(areas);
static uint64_t slots_used[STACK_WORDS];
static unsigned int first_word;		/* no free slot before it */
static vaddr_t kept[STACKS_KEPT];
static unsigned int nr_kept;

static int map_range(vaddr_t v, paddr_t p, uint64_t length, uint32_t prot)
{
	for (uint64_t at = 0; at < length; at += PAGE_SIZE) {
		int err = pt_map(pt_kernel_root(), v + at, p + at, prot);

		if (err)
			return err;
	}
	return 0;
}

static void unmap_range(vaddr_t v, uint64_t length)
{
	for (uint64_t at = 0; at < length; at += PAGE_SIZE)
		(void)pt_unmap(pt_kernel_root(), v + at, NULL);
	tlb_flush(pt_kernel_root(), v, length);
}

/* Enter @a, whose length is set as start..end from 0, where it fits. vmap_lock held. */
static bool area_place(struct area *a)
{
	vaddr_t at = STACKS_END;
	struct list *before = &areas;
	struct area *other;

	list_for_each(other, &areas, link) {
		if (other->start - at >= a->end)
			break;
		at = other->end;
		before = &other->link;
	}
	if (VMAP_END - at < a->end)
		return false;
	a->start = at;
	a->end += at;
	list_insert(&a->link, before, before->next);
	return true;
}

static struct area *area_create(uint64_t length)
{
	struct area *a;
	uint64_t flags;
	bool placed;

	if (!length || length > (VMAP_END - STACKS_END) / 2)
		return NULL;
	a = kzalloc(sizeof(*a));
	if (!a)
		return NULL;
	a->end = ALIGN_UP(length, PAGE_SIZE) + PAGE_SIZE;
	flags = spin_lock_irq(&vmap_lock);
	placed = area_place(a);
	spin_unlock_irq(&vmap_lock, flags);
	if (placed)
		return a;
	kfree(a);
	return NULL;
}

static void area_destroy(struct area *a)
{
	uint64_t flags = spin_lock_irq(&vmap_lock);

	unmap_range(a->start, a->end - a->start - PAGE_SIZE);
	list_del(&a->link);
	spin_unlock_irq(&vmap_lock, flags);
	kfree(a);
}

void *vmap_io(paddr_t p, uint64_t length)
{
	uint64_t offset = p % PAGE_SIZE, flags;
	struct area *a;
	int err;

	if (!length || length > VMAP_END - VMAP_BASE || p + length < p)
		return NULL;
	a = area_create(offset + length);
	if (!a)
		return NULL;
	a->address = a->start + offset;
	flags = spin_lock_irq(&vmap_lock);
	err = map_range(a->start, p - offset, a->end - a->start - PAGE_SIZE, PT_READ | PT_WRITE | PT_UNCACHED | PT_GLOBAL);
	spin_unlock_irq(&vmap_lock, flags);
	if (!err)
		return (void *)a->address;
	area_destroy(a);
	return NULL;
}

void *vmap_pages(struct page *const *pages, size_t count)
{
	struct area *a = area_create(count * PAGE_SIZE);
	uint64_t flags;
	int err = 0;

	if (!a)
		return NULL;
	a->address = a->start;
	flags = spin_lock_irq(&vmap_lock);
	for (size_t i = 0; i < count && !err; i++)
		err = map_range(a->start + i * PAGE_SIZE, page_paddr(pages[i]), PAGE_SIZE, PT_READ | PT_WRITE | PT_GLOBAL);
	spin_unlock_irq(&vmap_lock, flags);
	if (!err)
		return (void *)a->address;
	area_destroy(a);
	return NULL;
}

static struct area *area_find(vaddr_t address)
{
	uint64_t flags = spin_lock_irq(&vmap_lock);
	struct area *a, *found = NULL;

	list_for_each(a, &areas, link)
		if (a->address == address) {
			found = a;
			break;
		}
	spin_unlock_irq(&vmap_lock, flags);
	return found;
}

void vunmap(void *v)
{
	struct area *a;

	if (!v)
		return;
	a = area_find((vaddr_t)v);
	if (!a)
		panic("vunmap: %px is not mapped", v);
	area_destroy(a);
}

/* ---- Stacks ----------------------------------------------------------------------------------- */

static vaddr_t slot_stack(unsigned int slot)
{
	return VMAP_BASE + slot * STACK_SLOT + STACK_SLOT - KSTACK_SIZE;
}

/* vmap_lock held; 0: none. */
static vaddr_t slot_take(void)
{
	for (; first_word < STACK_WORDS; first_word++) {
		unsigned int bit;

		if (slots_used[first_word] == ~0ull)
			continue;
		bit = __builtin_ctzll(~slots_used[first_word]);
		slots_used[first_word] |= 1ull << bit;
		return slot_stack(first_word * 64 + bit);
	}
	return 0;
}

static void slot_give(vaddr_t stack)
{
	unsigned int slot = (stack - VMAP_BASE) / STACK_SLOT, word = slot / 64;

	if (stack != slot_stack(slot) || !(slots_used[word] & 1ull << slot % 64))
		panic("stack %#llx freed twice or never given", (unsigned long long)stack);
	slots_used[word] &= ~(1ull << slot % 64);
	first_word = MIN(first_word, word);
}

/* Take the frames out of @stack and free them; some may be missing. vmap_lock held. */
static void stack_strip(vaddr_t stack)
{
	struct page *pages[STACK_PAGES];
	unsigned int nr = 0;
	paddr_t p;

	for (unsigned int i = 0; i < STACK_PAGES; i++)
		if (pt_unmap(pt_kernel_root(), stack + i * PAGE_SIZE, &p))
			pages[nr++] = page_of(p);
	tlb_flush(pt_kernel_root(), stack, KSTACK_SIZE);
	while (nr)
		page_put(pages[--nr]);
	debug_stack_unmap(stack);
}

static bool stack_fill(vaddr_t stack)
{
	if (!debug_stack_map(stack))
		return false;
	for (unsigned int i = 0; i < STACK_PAGES; i++) {
		struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_STACK);

		if (!page)
			return false;
		if (pt_map(pt_kernel_root(), stack + i * PAGE_SIZE, page_paddr(page), PT_READ | PT_WRITE | PT_GLOBAL)) {
			page_put(page);
			return false;
		}
	}
	return true;
}

/* What an overflow writes goes unseen: only for tests, the frame stays with the slot. vmap_lock held. */
static void unguard(vaddr_t stack)
{
	struct page *page = pt_query(pt_kernel_root(), stack - PAGE_SIZE, NULL, NULL) ? NULL : frame_alloc(0, FRAME_ZERO, PAGE_STACK);

	if (page && pt_map(pt_kernel_root(), stack - PAGE_SIZE, page_paddr(page), PT_READ | PT_WRITE | PT_GLOBAL))
		page_put(page);
}

/* vmap_lock held. */
static vaddr_t stack_make(void)
{
	vaddr_t stack = slot_take();

	if (stack && !hardened(HARDEN_GUARD))
		unguard(stack);
	if (!stack || stack_fill(stack))
		return stack;
	stack_strip(stack);
	slot_give(stack);
	return 0;
}

vaddr_t kstack_alloc(void)
{
	uint64_t flags = spin_lock_irq(&vmap_lock);
	vaddr_t stack = nr_kept ? kept[--nr_kept] : stack_make();

	spin_unlock_irq(&vmap_lock, flags);
	debug_stack_reuse(stack);
	return stack;
}

void kstack_free(vaddr_t stack)
{
	uint64_t flags;

	debug_stack_left(stack);
	flags = spin_lock_irq(&vmap_lock);
	if (nr_kept < STACKS_KEPT) {
		kept[nr_kept++] = stack;
	} else {
		stack_strip(stack);
		slot_give(stack);
	}
	spin_unlock_irq(&vmap_lock, flags);
}

bool kstack_is_guard(vaddr_t a)
{
	return a >= VMAP_BASE && a < STACKS_END && (a - VMAP_BASE) % STACK_SLOT < STACK_SLOT - KSTACK_SIZE;
}

/* Fill the cache of stacks, so that accounting does not change with the first threads. */
void vmap_init(void)
{
	uint64_t flags = spin_lock_irq(&vmap_lock);

	while (nr_kept < STACKS_KEPT) {
		vaddr_t stack = stack_make();

		if (!stack)
			break;
		kept[nr_kept++] = stack;
	}
	spin_unlock_irq(&vmap_lock, flags);
}
