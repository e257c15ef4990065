// SPDX-License-Identifier: GPL-2.0
/*
 * Backtraces kept by number: the allocation and the end of every object, the first taking of one lock under another. Equal ones are
 * kept once, in a table that only grows; with each stands how many objects live that were allocated there. The table has a lock of its
 * own, which nothing is taken under.
 */
#include <asm/smp.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include "../../mm/boot_frame.h"
#include "debug.h"

#define STACKS_MAX	16384u
#define TABLE_SIZE	(2 * STACKS_MAX)

struct stack {
	uint64_t hash;
	int64_t objects, bytes;		/* atomic */
	uint32_t nr;
	uint64_t frames[STACK_DEPTH];
};

static struct stack *stacks;		/* [1 .. nr_stacks] */
static uint32_t *table;			/* open addressing: numbers */
static uint32_t nr_stacks;
static uint32_t stack_locked;

unsigned int stack_walk(uint64_t rbp, uint64_t *frames, unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && rbp >= DIRECT_MAP_BASE && !(rbp % 8)) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (frame[1] < KERNEL_BASE)
			break;
		frames[nr++] = frame[1] - 1;	/* the call, not what follows it */
		if (frame[0] <= rbp || frame[0] - rbp > KSTACK_SIZE)
			break;
		rbp = frame[0];
	}
	return nr;
}

void stack_init(void)
{
	uint64_t bytes = sizeof(*stacks) * (STACKS_MAX + 1) + sizeof(*table) * TABLE_SIZE;
	paddr_t p = boot_frames_alloc(ALIGN_UP(bytes, PAGE_SIZE));

	if (!p)
		return;
	stacks = phys_to_virt(p);
	memset(stacks, 0, bytes);
	table = (uint32_t *)(stacks + STACKS_MAX + 1);
}

static uint64_t stack_lock(void)
{
	uint64_t flags = irq_save();

	while (__atomic_exchange_n(&stack_locked, 1, __ATOMIC_ACQUIRE)) {
		cpu_relax();
		smp_poll();
	}
	return flags;
}

static void stack_unlock(uint64_t flags)
{
	__atomic_store_n(&stack_locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* The table's place of the stack, or where it would go. stack_locked. */
static uint32_t *place_of(const struct stack *s)
{
	uint32_t at = s->hash % TABLE_SIZE;

	while (table[at]) {
		const struct stack *other = &stacks[table[at]];

		if (other->hash == s->hash && other->nr == s->nr && !memcmp(other->frames, s->frames, s->nr * sizeof(s->frames[0])))
			break;
		at = (at + 1) % TABLE_SIZE;
	}
	return &table[at];
}

static uint32_t stack_enter(const struct stack *s)
{
	uint64_t flags = stack_lock();
	uint32_t *place = place_of(s), id;

	if (!*place && nr_stacks < STACKS_MAX) {
		stacks[++nr_stacks] = *s;
		*place = nr_stacks;
	}
	id = *place;
	stack_unlock(flags);
	return id;
}

uint32_t stack_save(uint64_t rip, uint64_t rbp)
{
	struct stack s = { .hash = 14695981039346656037ull };

	if (!stacks)
		return 0;
	s.frames[0] = rip;
	s.nr = 1 + stack_walk(rbp, s.frames + 1, STACK_DEPTH - 1);
	for (uint32_t i = 0; i < s.nr; i++)
		s.hash = (s.hash ^ s.frames[i]) * 1099511628211ull;	/* FNV-1a by words, folded */
	s.hash ^= s.hash >> 32;
	return stack_enter(&s);
}

unsigned int stack_get(uint32_t id, const uint64_t **frames)
{
	if (!id || id > READ_ONCE(nr_stacks))
		return 0;
	*frames = stacks[id].frames;
	return stacks[id].nr;
}

void stack_count(uint32_t id, int64_t objects, int64_t bytes)
{
	if (!id)
		return;
	__atomic_fetch_add(&stacks[id].objects, objects, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stacks[id].bytes, bytes, __ATOMIC_RELAXED);
}

bool stack_live(uint32_t id, uint64_t *objects, uint64_t *bytes)
{
	int64_t nr = __atomic_load_n(&stacks[id].objects, __ATOMIC_RELAXED);

	*objects = (uint64_t)MAX(nr, (int64_t)0);
	*bytes = (uint64_t)MAX(__atomic_load_n(&stacks[id].bytes, __ATOMIC_RELAXED), (int64_t)0);
	return nr > 0;
}

uint32_t stack_ids(void)
{
	return READ_ONCE(nr_stacks);
}
