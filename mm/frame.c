// SPDX-License-Identifier: GPL-2.0
/*
 * Page frames: a binary buddy allocator (Knowlton 1965) over sections of RAM, each with an array of struct page; holes smaller than
 * SECTION_GAP are inside a section and marked. Two zones, below and above 4 GiB. frame_lock guards the free lists and the counts;
 * reference counts are atomic.
 */
#include <asm/page_ops.h>
#include <kernel/cgroup.h>
#include <kernel/debug.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/node.h>
#include <mm/page.h>
#include <uapi/ferry/linux_process.h>
#include "boot_frame.h"

#define SECTIONS_MAX	64
#define SECTION_GAP	(16ul << 20)
#define DMA32_END	(1ul << 32 >> PAGE_SHIFT)	/* frame number */
#define ORDERS		(FRAME_ORDER_MAX + 1)
#define RESERVE_SHIFT	7	/* the last 1/128 of RAM is for FRAME_ATOMIC, drivers and their manager */
#define RESERVE_MIN	32ul
#define RESERVE_MAX	1024ul
#define HOT_MAX		64u	/* single frames kept apart, last in first out: warm in caches, no splitting and melting */

enum { ZONE_DMA32, ZONE_HIGH, ZONES };

struct section {
	uint64_t first, count;	/* frame numbers */
	struct page *pages;
};

struct zone {
	struct list free[ORDERS];
	struct list hot;	/* single free frames, not in free[] */
	unsigned int nr_hot;
	uint64_t nr_free;	/* frames, with the hot ones */
};

static struct section sections[SECTIONS_MAX];
static const struct section *largest = sections;	/* asked first */
static unsigned int nr_sections;
static bool ready;
bool frames_clear_on_alloc __ro_after_init, frames_clear_on_free __ro_after_init;

unsigned int nr_nodes = 1;
static struct node_range ranges[NODE_RANGES_MAX];	/* fixed once there is more than one node */
static unsigned int nr_ranges;

static struct spinlock frame_lock = SPINLOCK_INIT("frames");
/* Guarded by frame_lock. */
static struct zone zones[NODES_MAX][ZONES];
static struct frame_stats counts;

static const struct section *section_of_frame(uint64_t frame)
{
	if (likely(frame - largest->first < largest->count))
		return largest;
	for (unsigned int i = 0; i < nr_sections; i++)
		if (frame - sections[i].first < sections[i].count)
			return &sections[i];
	return NULL;
}

static const struct section *section_of_page(const struct page *page)
{
	if (likely(page >= largest->pages && page < largest->pages + largest->count))
		return largest;
	for (unsigned int i = 0; i < nr_sections; i++)
		if (page >= sections[i].pages && page < sections[i].pages + sections[i].count)
			return &sections[i];
	panic("%px is no struct page", (const void *)page);
}

struct page *page_of(paddr_t p)
{
	const struct section *s = section_of_frame(p >> PAGE_SHIFT);
	struct page *page;

	if (!s)
		return NULL;
	page = &s->pages[(p >> PAGE_SHIFT) - s->first];
	return page->flags & PAGE_HOLE ? NULL : page;
}

static uint64_t frame_number(const struct page *page)
{
	const struct section *s = section_of_page(page);

	return s->first + (page - s->pages);
}

paddr_t page_paddr(const struct page *page)
{
	return frame_number(page) << PAGE_SHIFT;
}

void *page_addr(const struct page *page)
{
	return phys_to_virt(page_paddr(page));
}

/* RAM that no range names is of the first node. */
static unsigned int node_of(uint64_t frame)
{
	for (unsigned int i = 0; i < nr_ranges; i++)
		if (frame >= ranges[i].start >> PAGE_SHIFT && frame < ranges[i].end >> PAGE_SHIFT)
			return ranges[i].node;
	return 0;
}

unsigned int page_node(const struct page *page)
{
	return nr_nodes > 1 ? node_of(frame_number(page)) : 0;
}

static struct zone *zone_of(uint64_t frame)
{
	return &zones[unlikely(nr_nodes > 1) ? node_of(frame) : 0][frame < DMA32_END ? ZONE_DMA32 : ZONE_HIGH];
}

static void block_put_free(struct zone *z, struct page *page, unsigned int order)
{
	page->order = order;
	page->use = PAGE_FREE;
	page->flags |= PAGE_FREE_HEAD;
	list_push(&z->free[order], &page->link);
	z->nr_free += 1ul << order;
}

static void block_take_free(struct zone *z, struct page *page)
{
	list_del(&page->link);
	page->flags &= ~PAGE_FREE_HEAD;
	z->nr_free -= 1ul << page->order;
}

/* The free block that makes a twice as large one with @frame's, or NULL. */
static struct page *free_buddy(uint64_t frame, unsigned int order)
{
	uint64_t other = frame ^ (1ul << order);
	struct page *page = page_of(other << PAGE_SHIFT);
	bool apart = unlikely(nr_nodes > 1) && zone_of(frame) != zone_of(other);

	return !apart && page && (page->flags & PAGE_FREE_HEAD) && page->order == order ? page : NULL;
}

/* frame_lock held. Counts are the caller's. */
static void block_free(uint64_t frame, unsigned int order)
{
	struct zone *z = zone_of(frame);
	struct page *buddy;

	while (order < FRAME_ORDER_MAX && (buddy = free_buddy(frame, order))) {
		block_take_free(z, buddy);
		frame &= ~(1ul << order);
		order++;
	}
	block_put_free(z, page_of(frame << PAGE_SHIFT), order);
}

/* Give the hot frames back to the buddies. frame_lock held. */
static void zone_cool(struct zone *z)
{
	while (z->nr_hot) {
		struct page *page = list_first(&z->hot, struct page, link);

		list_del(&page->link);
		z->nr_hot--;
		z->nr_free--;
		block_free(frame_number(page), 0);
	}
}

/* frame_lock held. */
static struct page *buddy_take(struct zone *z, unsigned int order)
{
	for (unsigned int o = order; o < ORDERS; o++) {
		struct page *page;

		if (list_empty(&z->free[o]))
			continue;
		page = list_first(&z->free[o], struct page, link);
		block_take_free(z, page);
		while (o > order) {
			o--;
			block_put_free(z, page + (1ul << o), o);
		}
		return page;
	}
	return NULL;
}

/* frame_lock held. */
static struct page *zone_take(struct zone *z, unsigned int order)
{
	struct page *page;

	if (!order && z->nr_hot) {
		page = list_first(&z->hot, struct page, link);
		list_del(&page->link);
		z->nr_hot--;
		z->nr_free--;
		return page;
	}
	page = buddy_take(z, order);
	if (page || !z->nr_hot)
		return page;
	zone_cool(z);
	return buddy_take(z, order);
}

/* frame_lock held. */
static void zone_give(uint64_t frame, struct page *page, unsigned int order)
{
	struct zone *z = zone_of(frame);

	if (order || z->nr_hot >= HOT_MAX) {
		block_free(frame, order);
		return;
	}
	page->use = PAGE_FREE;
	list_push(&z->hot, &page->link);
	z->nr_hot++;
	z->nr_free++;
}

static void mark_allocated(struct page *page, unsigned int order, enum page_use use)
{
	list_init(&page->link);
	page->refs = 1;
	page->pins = 0;
	page->order = order;
	page->use = use;
	page->flags = 0;
	page->mapcount = 0;
	page->owner = NULL;
	page->index = 0;
	for (uint64_t i = 1; i < 1ul << order; i++) {
		page[i].use = use;
		page[i].flags = PAGE_TAIL;
		page[i].owner = page;
	}
}

static struct page *node_take(unsigned int node, unsigned int order, uint32_t flags)
{
	struct page *page = flags & FRAME_DMA32 ? NULL : zone_take(&zones[node][ZONE_HIGH], order);

	return page ? page : zone_take(&zones[node][ZONE_DMA32], order);
}

static unsigned int node_after(const struct mem_policy *p)
{
	uint8_t above = (uint8_t)(p->nodes & ~((2u << p->next) - 1));

	return (unsigned int)__builtin_ctz(above ? above : p->nodes);
}

/* The nodes in the order in which they are asked, where there are several. @programs: not for the kernel itself, which is bound to none. */
static struct page *nodes_take(unsigned int order, uint32_t flags, bool programs)
{
	struct mem_policy *p = current && current->mem_policy.nodes ? &current->mem_policy : NULL;
	unsigned int first = !p ? this_cpu()->node : p->home ? p->home - 1u : (unsigned int)__builtin_ctz(p->nodes);
	bool bound = programs && p && p->mode == LINUX_MPOL_BIND;
	struct page *page = NULL;

	if (programs && p && p->mode == LINUX_MPOL_INTERLEAVE)
		first = p->next = (uint8_t)node_after(p);
	for (unsigned int i = 0; !page && i < nr_nodes; i++) {
		unsigned int node = (first + i) % nr_nodes;

		if (!bound || p->nodes >> node & 1)
			page = node_take(node, order, flags);
	}
	if (bound)
		p->failed = !page;
	return page;
}

/* Memory comes back by I/O, and I/O by drivers: they must not wait for it. */
static bool may_use_reserve(uint32_t flags)
{
	return flags & FRAME_ATOMIC || (current && current->uses_reserve);
}

static struct page *take_block(unsigned int order, uint32_t flags, enum page_use use)
{
	uint64_t nr = 1ul << order;

	if (unlikely(counts.free < nr + counts.reserve) && (counts.free < nr || !may_use_reserve(flags)))
		return NULL;
	return likely(nr_nodes == 1) ? node_take(0, order, flags) : nodes_take(order, flags, use == PAGE_ANON || use == PAGE_FILE);
}

struct page *frame_alloc(unsigned int order, uint32_t flags, enum page_use use)
{
	struct page *page;
	uint64_t irq;

	if (order > FRAME_ORDER_MAX || debug_fail_alloc())
		return NULL;
	irq = spin_lock_irq(&frame_lock);
	page = take_block(order, flags, use);
	if (page) {
		mark_allocated(page, order, use);
		counts.free -= 1ul << order;
		counts.by_use[use] += 1ul << order;
	}
	spin_unlock_irq(&frame_lock, irq);
	if (page)
		debug_frames_alloc(page_addr(page), PAGE_SIZE << order, flags & FRAME_ZERO);
	if (page && (flags & FRAME_ZERO || unlikely(frames_clear_on_alloc)))
		page_clear(page_addr(page), PAGE_SIZE << order);
	return page;
}

static struct page *head_of(struct page *page)
{
	return page->flags & PAGE_TAIL ? page->owner : page;
}

void page_get(struct page *page)
{
	if (unlikely(!__atomic_fetch_add(&head_of(page)->refs, 1, __ATOMIC_RELAXED)))
		panic("reference to free frame %#llx", (unsigned long long)page_paddr(page));
}

/* The last reference is gone. */
static void release(struct page *page)
{
	unsigned int order = page->order;
	uint64_t irq, frame = frame_number(page);

	if (unlikely(page->use == PAGE_RESERVED || page->pins || page->mapcount))
		panic("frame %#llx freed while used (%u): pins %u, mappings %u", (unsigned long long)frame << PAGE_SHIFT, page->use,
		      page->pins, page->mapcount);
	if (unlikely(page->flags & PAGE_CHARGED))
		cgroup_page_uncharge(page);
	if (unlikely(frames_clear_on_free))
		page_clear(page_addr(page), PAGE_SIZE << order);
	debug_frames_free(page_addr(page), PAGE_SIZE << order);
	irq = spin_lock_irq(&frame_lock);
	counts.by_use[page->use] -= 1ul << order;
	counts.free += 1ul << order;
	page->flags = 0;
	page->owner = NULL;
	for (uint64_t i = 1; i < 1ul << order; i++) {
		page[i].use = PAGE_FREE;
		page[i].flags = 0;
		page[i].owner = NULL;
	}
	zone_give(frame, page, order);
	spin_unlock_irq(&frame_lock, irq);
}

void page_put(struct page *page)
{
	uint32_t old;

	page = head_of(page);
	old = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);
	if (unlikely(!old))
		panic("frame %#llx freed twice", (unsigned long long)page_paddr(page));
	if (old == 1)
		release(page);
}

void frame_stats(struct frame_stats *stats)
{
	uint64_t irq = spin_lock_irq(&frame_lock);

	*stats = counts;
	stats->by_use[PAGE_FREE] = counts.free;
	spin_unlock_irq(&frame_lock, irq);
}

/* ---- Start-up --------------------------------------------------------------------------------- */

paddr_t boot_frame_alloc(void)
{
	if (ready)
		panic("boot frame after frame_init");
	return boot_frames_alloc(PAGE_SIZE);
}

bool frame_ready(void)
{
	return ready;
}

static void make_sections(void)
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);

	for (unsigned int i = 0; i < nr; i++) {
		struct section *last = nr_sections ? &sections[nr_sections - 1] : NULL;
		uint64_t first = ram[i].start >> PAGE_SHIFT, end = ram[i].end >> PAGE_SHIFT;
		bool near = last && first - (last->first + last->count) < SECTION_GAP >> PAGE_SHIFT;

		if (near)
			last->count = end - last->first;
		else if (nr_sections < SECTIONS_MAX)
			sections[nr_sections++] = (struct section){ .first = first, .count = end - first };
		else
			log_warn("memory: more than %u pieces of RAM, %#llx and above unused", SECTIONS_MAX,
				 (unsigned long long)ram[i].start);
	}
	for (unsigned int i = 0; i < nr_sections; i++)
		if (sections[i].count > largest->count)
			largest = &sections[i];
}

static void alloc_page_arrays(void)
{
	for (unsigned int i = 0; i < nr_sections; i++) {
		uint64_t bytes = ALIGN_UP(sections[i].count * sizeof(struct page), PAGE_SIZE);
		paddr_t at = boot_frames_alloc(bytes);

		if (!at)
			panic("no memory for %llu MiB of frame descriptors", (unsigned long long)bytes >> 20);
		sections[i].pages = phys_to_virt(at);
		page_clear(sections[i].pages, bytes);
	}
}

/* Mark the frames of [@start, @end) (frame numbers): a hole or reserved. */
static void mark(uint64_t start, uint64_t end, enum page_use use, uint16_t flags)
{
	for (uint64_t f = start; f < end; f++) {
		const struct section *s = section_of_frame(f);
		struct page *page;

		if (!s)
			continue;
		page = &s->pages[f - s->first];
		page->use = use;
		page->flags |= flags;
		page->refs = 1;
	}
}

static void mark_holes(void)
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);

	for (unsigned int i = 1; i < nr; i++)
		if (ram[i].start - ram[i - 1].end < SECTION_GAP)
			mark(ram[i - 1].end >> PAGE_SHIFT, ram[i].start >> PAGE_SHIFT, PAGE_RESERVED, PAGE_HOLE);
}

/* Free frames [@start, @end) of one section in blocks as large as they lie. */
static void free_range(uint64_t start, uint64_t end)
{
	counts.free += end - start;
	debug_frames_free(phys_to_virt(start << PAGE_SHIFT), (end - start) << PAGE_SHIFT);
	while (start < end) {
		unsigned int order = start ? MIN(__builtin_ctzll(start), FRAME_ORDER_MAX) : FRAME_ORDER_MAX;

		while (1ul << order > end - start)
			order--;
		block_free(start, order);
		start += 1ul << order;
	}
}

/* Free what of the RAM range was not taken, mark the rest. */
static void free_untaken(const struct ram_range *r)
{
	const struct ram_range *taken;
	unsigned int nr = boot_taken(&taken);
	paddr_t at = r->start;

	for (unsigned int i = 0; i < nr && at < r->end; i++) {
		paddr_t start = MAX(taken[i].start, at), end = MIN(taken[i].end, r->end);

		if (start >= end)
			continue;
		free_range(at >> PAGE_SHIFT, start >> PAGE_SHIFT);
		mark(start >> PAGE_SHIFT, end >> PAGE_SHIFT, PAGE_RESERVED, 0);
		counts.by_use[PAGE_RESERVED] += (end - start) >> PAGE_SHIFT;
		at = end;
	}
	if (at < r->end)
		free_range(at >> PAGE_SHIFT, r->end >> PAGE_SHIFT);
}

static void free_all(void)
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);

	for (unsigned int i = 0; i < nr; i++)
		if (section_of_frame(ram[i].start >> PAGE_SHIFT))
			free_untaken(&ram[i]);
	counts.total = counts.free + counts.by_use[PAGE_RESERVED];
	counts.reserve = MIN(MAX(counts.total >> RESERVE_SHIFT, RESERVE_MIN), RESERVE_MAX);
}

static void zone_init(struct zone *z)
{
	list_init(&z->hot);
	for (unsigned int o = 0; o < ORDERS; o++)
		list_init(&z->free[o]);
}

void frame_init(void)
{
	for (unsigned int node = 0; node < NODES_MAX; node++)
		for (unsigned int z = 0; z < ZONES; z++)
			zone_init(&zones[node][z]);
	make_sections();
	alloc_page_arrays();
	mark_holes();
	free_all();
	ready = true;
	log_info("memory: %llu MiB of RAM, %llu MiB free, %llu KiB reserved", (unsigned long long)counts.total >> 8,
		 (unsigned long long)counts.free >> 8, (unsigned long long)counts.by_use[PAGE_RESERVED] << 2);
}

void frame_release_reserved(paddr_t start, uint64_t length)
{
	uint64_t end = (start + length) >> PAGE_SHIFT;

	for (uint64_t f = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT; f < end; f++) {
		struct page *page = page_of(f << PAGE_SHIFT);
		uint64_t irq;

		if (!page || page->use != PAGE_RESERVED)
			panic("frame %#llx is not reserved", (unsigned long long)f << PAGE_SHIFT);
		debug_frames_free(page_addr(page), PAGE_SIZE);
		irq = spin_lock_irq(&frame_lock);
		page->refs = 0;
		counts.by_use[PAGE_RESERVED]--;
		counts.free++;
		block_free(f, 0);
		spin_unlock_irq(&frame_lock, irq);
	}
}

/* ---- Nodes ---- */

/* Whatever is free goes where it belongs, frame by frame: blocks may lie across nodes. frame_lock held. */
static void zone_sort(struct zone *from)
{
	struct list all = LIST_INIT(all);

	zone_cool(from);
	for (unsigned int o = 0; o < ORDERS; o++)
		while (!list_empty(&from->free[o])) {
			struct page *page = list_first(&from->free[o], struct page, link);

			block_take_free(from, page);
			list_append(&all, &page->link);
		}
	while (!list_empty(&all)) {
		struct page *page = list_first(&all, struct page, link);
		uint64_t frame = frame_number(page), nr = 1ul << page->order;

		list_del(&page->link);
		for (uint64_t i = 0; i < nr; i++)
			block_free(frame + i, 0);
	}
}

void frame_set_nodes(const struct node_range *list, unsigned int nr, unsigned int nodes)
{
	uint64_t flags = spin_lock_irq(&frame_lock);

	nr_ranges = MIN(nr, NODE_RANGES_MAX);
	memcpy(ranges, list, nr_ranges * sizeof(*list));
	for (unsigned int z = 0; z < ZONES; z++)
		zone_cool(&zones[0][z]);
	nr_nodes = MIN(nodes, NODES_MAX);
	for (unsigned int z = 0; z < ZONES; z++)
		zone_sort(&zones[0][z]);
	spin_unlock_irq(&frame_lock, flags);
}

void node_frames(unsigned int node, uint64_t *total, uint64_t *free)
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);
	uint64_t flags = spin_lock_irq(&frame_lock);

	*free = zones[node][ZONE_DMA32].nr_free + zones[node][ZONE_HIGH].nr_free;
	*total = nr_nodes == 1 ? counts.total : 0;
	for (unsigned int i = 0; i < nr && nr_nodes > 1; i++)
		for (unsigned int k = 0; k < nr_ranges; k++) {
			paddr_t start = MAX(ram[i].start, ranges[k].start), end = MIN(ram[i].end, ranges[k].end);

			*total += ranges[k].node == node && start < end ? (end - start) >> PAGE_SHIFT : 0;
		}
	spin_unlock_irq(&frame_lock, flags);
}
