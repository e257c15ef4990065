// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel virtual space. The first part holds slots for kernel stacks, each with guard pages below (which are the guard above the one
 * before). Freed stacks stay mapped for the next threads until they are too many: then most go, with one flush of the CPUs' TLBs for them all.
 * The rest holds areas, first fit, each followed by a guard page. vmap_lock guards the lists and the kernel's page tables here.
 */
#include <asm/paging.h>
#include <kernel/debug.h>
#include <kernel/harden.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <mm/vmap.h>

#define STACK_SLOT	(2 * KSTACK_SIZE)	/* guard below, stack above */
#define STACK_PAGES	(KSTACK_SIZE / PAGE_SIZE)
#define STACK_SLOTS	32768u
#define STACK_WORDS	(STACK_SLOTS / 64)
#define STACKS_END	(VMAP_BASE + STACK_SLOTS * STACK_SLOT)
#define STACKS_KEPT	8u	/* what is left when some go */
#define STACKS_GO	32u	/* at a time */

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
static vaddr_t kept[STACKS_KEPT + STACKS_GO];
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

/* What is taken out of the page tables, until no TLB knows it any more. */
struct stripped {
	vaddr_t stacks[STACKS_GO], least, most;
	struct page *pages[STACKS_GO * STACK_PAGES];
	unsigned int nr_stacks, nr_pages;
};

/* Some frames may be missing. vmap_lock held. */
static void stack_strip(struct stripped *to, vaddr_t stack)
{
	paddr_t p;

	for (unsigned int i = 0; i < STACK_PAGES; i++)
		if (pt_unmap(pt_kernel_root(), stack + i * PAGE_SIZE, &p))
			to->pages[to->nr_pages++] = page_of(p);
	to->least = to->nr_stacks ? MIN(to->least, stack) : stack;
	to->most = MAX(to->most, stack + KSTACK_SIZE);
	to->stacks[to->nr_stacks++] = stack;
}

/* Nobody gets the slots before slots_give(). */
static void stripped_free(struct stripped *s)
{
	tlb_flush(pt_kernel_root(), s->least, s->most - s->least);
	while (s->nr_pages)
		page_put(s->pages[--s->nr_pages]);
	for (unsigned int i = 0; i < s->nr_stacks; i++)
		debug_stack_unmap(s->stacks[i]);
}

/* vmap_lock held. */
static void slots_give(const struct stripped *s)
{
	for (unsigned int i = 0; i < s->nr_stacks; i++)
		slot_give(s->stacks[i]);
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

/* Some of its frames may be missing. vmap_lock held. */
static __noinline void stack_unmake(vaddr_t stack)
{
	struct stripped s = { .nr_stacks = 0 };

	stack_strip(&s, stack);
	stripped_free(&s);
	slots_give(&s);
}

/* vmap_lock held. */
static vaddr_t stack_make(void)
{
	vaddr_t stack = slot_take();

	if (stack && !hardened(HARDEN_GUARD))
		unguard(stack);
	if (!stack || stack_fill(stack))
		return stack;
	stack_unmake(stack);
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

/* vmap_lock held, with @flags; given up while the TLBs are flushed. Those that were freed first go, at most @nr of them; how many. */
static unsigned int kept_strip(unsigned int nr, uint64_t flags)
{
	struct stripped s = { .nr_stacks = 0 };

	if (nr_kept <= STACKS_KEPT || !nr)
		return 0;
	nr = MIN(MIN(nr, nr_kept - STACKS_KEPT), STACKS_GO);
	for (unsigned int i = 0; i < nr; i++)
		stack_strip(&s, kept[i]);
	nr_kept -= nr;
	memmove(kept, kept + nr, nr_kept * sizeof(kept[0]));
	spin_unlock_irq(&vmap_lock, flags);
	stripped_free(&s);
	(void)spin_lock_irq(&vmap_lock);
	slots_give(&s);
	return nr;
}

void kstack_free(vaddr_t stack)
{
	uint64_t flags;

	debug_stack_left(stack);
	flags = spin_lock_irq(&vmap_lock);
	while (nr_kept == ARRAY_SIZE(kept))
		(void)kept_strip(STACKS_GO, flags);
	kept[nr_kept++] = stack;
	spin_unlock_irq(&vmap_lock, flags);
}

uint64_t kstack_trim(uint64_t nr_pages)
{
	uint64_t flags = spin_lock_irq(&vmap_lock);
	unsigned int nr = kept_strip((unsigned int)MIN((nr_pages + STACK_PAGES - 1) / STACK_PAGES, (uint64_t)STACKS_GO), flags);

	spin_unlock_irq(&vmap_lock, flags);
	return nr * STACK_PAGES;
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

/* Stacks are nobody's in particular. */
static uint64_t stacks_shrink(struct cgroup *within, uint64_t nr_pages)
{
	return within ? 0 : kstack_trim(nr_pages);
}

static int vmap_setup(void)
{
	reclaim_register(stacks_shrink);
	return 0;
}
INITCALL("2fs", vmap_setup);
