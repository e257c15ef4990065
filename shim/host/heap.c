// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the host world: devices and their models, DMA buffers, what drivers allocate. Blocks lie one after the other in one piece, with gaps
 * between them that the address sanitizer watches; a freed block is watched too, and its place is used again only when no block is left. A
 * test that makes a device, uses it and ends it so finds the same warm memory each time, which is what fuzzing ten thousand of them a
 * second needs, and no stray access of a driver lands in another life of the same memory. What does not fit comes from malloc.
 */
#include <stdlib.h>
#include "device.h"

#define HEAP_BYTES	(4u << 20)
#define ALIGN		16u
#define GAP_MIN		128u
#define GAP_MAX		1024u

/* The sanitizer's, where there is one. This file may look at memory that is watched. */
void __asan_poison_memory_region(void const volatile *at, size_t size) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *at, size_t size) __attribute__((weak));
#define UNWATCHED	__attribute__((no_sanitize("address")))

static uint8_t heap[HEAP_BYTES] __attribute__((aligned(4096)));
static size_t used, most;	/* bytes; how many ever */
static unsigned int nr_blocks;

static void watch(const void *at, size_t size)
{
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(at, size);
}

static void unwatch(const void *at, size_t size)
{
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(at, size);
}

static size_t gap_of(size_t size)
{
	size_t gap = size / 8 < GAP_MIN ? GAP_MIN : size / 8 > GAP_MAX ? GAP_MAX : size / 8;

	return (gap + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* What nobody has used is watched already; before the first block, nothing is. */
static void heap_begin(void)
{
	watch(heap, most ? used : HEAP_BYTES);
	used = GAP_MIN;
}

/* The size stands in the gap before the block. */
static UNWATCHED void size_set(uint8_t *block, size_t size)
{
	*(size_t *)(void *)(block - sizeof(size)) = size;
}

static UNWATCHED size_t size_of(const uint8_t *block)
{
	return *(const size_t *)(const void *)(block - sizeof(size_t));
}

/* Not memset: the sanitizer's own looks at all of the shadow first, and the compiler may call it. */
static UNWATCHED void clear(uint8_t *block, size_t size)
{
	size_t words = (size + 7) / 8;

	__asm__ volatile("rep stosq" : "+D"(block), "+c"(words) : "a"(0) : "memory");
}

void *host_alloc(size_t size)
{
	size_t whole = ((size + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + gap_of(size);
	uint8_t *block;

	if (!nr_blocks)
		heap_begin();
	if (size > HEAP_BYTES || whole > HEAP_BYTES - used)
		return calloc(1, size ? size : 1);
	block = heap + used;
	used += whole;
	most = used > most ? used : most;
	nr_blocks++;
	size_set(block, size);
	clear(block, size);
	unwatch(block, size);
	return block;
}

void host_free(void *memory)
{
	uint8_t *block = memory;

	if (block < heap || block >= heap + HEAP_BYTES) {
		free(memory);
		return;
	}
	watch(block, size_of(block));
	nr_blocks--;
}
