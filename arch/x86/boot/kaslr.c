// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own address space layout randomisation: once, before anything has an address to remember, the image, the direct map and
 * the vmap area get new places. The image is linked at KERNEL_BASE; the build lists every word in it that holds an address of one of the
 * three (scripts/relocs), and this adds to them. Runs on start.S's tables, at the addresses of the link, with the identity map; both
 * places of the image are mapped when it returns. "nokaslr" leaves everything where it was linked. No stack protector here, no locks.
 */
#include <asm/cpu.h>
#include <asm/msr.h>
#include <mm/page.h>
#include "../mm/table.h"
#include "kaslr.h"

#define INFO_SIZE_MAX	(1u << 20)
#define TAG_END		0
#define TAG_CMDLINE	1
#define OPTION		"nokaslr"
#define FEATURE_1C_RDRAND	(1u << 30)
#define FEATURE_7B_RDSEED	(1u << 18)
#define BOOT_GIB	4u	/* what start.S maps directly */

/* The build's list: physical addresses of words, by what is to be added to them. */
struct relocs {
	uint32_t nr_image64, nr_image32, nr_direct, nr_vmap;
	uint32_t places[];
};

struct word64 {
	uint64_t v;
} __packed;

struct word32 {
	uint32_t v;
} __packed;

extern const struct relocs kaslr_relocs;
extern uint8_t kernel_start[], kernel_end[];
extern pte_t boot_pml4[], boot_pd_high[2 * PT_ENTRIES];

uint64_t kaslr_offset __ro_after_init;
static pte_t image_tables[KASLR_TABLES][PT_ENTRIES] __aligned(4096);
static pte_t direct_tables[2][PT_ENTRIES] __aligned(4096);

void kaslr_init(uint32_t mbi, uint64_t entry_tsc);

/* ---- What decides ---- */

static bool is_option(const char *word, const char *end)
{
	return (size_t)(end - word) == sizeof(OPTION) - 1 && !memcmp(word, OPTION, sizeof(OPTION) - 1);
}

static bool line_forbids(const char *s, const char *end)
{
	while (s < end && *s) {
		const char *word = s;

		while (s < end && *s && *s != ' ')
			s++;
		if (is_option(word, s))
			return true;
		while (s < end && *s == ' ')
			s++;
	}
	return false;
}

/* The loader's tags (Multiboot2 section 3.6), as boot_parse() will read them again. */
bool kaslr_forbidden(const void *mbi)
{
	const char *info = mbi;
	uint32_t size = *(const uint32_t *)info;

	for (uint32_t at = 8; size <= INFO_SIZE_MAX && at + 8 <= size;) {
		const uint32_t *tag = (const uint32_t *)(info + at);	/* type, size */

		if (tag[0] == TAG_END || tag[1] < 8 || tag[1] > size - at)
			break;
		if (tag[0] == TAG_CMDLINE && line_forbids(info + at + 8, info + at + tag[1]))
			return true;
		at += ALIGN_UP(tag[1], 8);
	}
	return false;
}

/* The finaliser of SplitMix64 over both. */
static uint64_t mix(uint64_t state, uint64_t value)
{
	uint64_t x = state + value + 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t hardware_random(void)
{
	uint64_t value = 0, seed = 0;

	if (cpuid(1, 0).c & FEATURE_1C_RDRAND)
		__asm__ volatile("rdrand %0" : "=r"(value) :: "cc");
	if (cpuid(0, 0).a >= 7 && cpuid(7, 0).b & FEATURE_7B_RDSEED)
		__asm__ volatile("rdseed %0" : "=r"(seed) :: "cc");
	return mix(value, seed);
}

/* What the CPU gives, when it was, and what the loader told: none of them has to be good alone. */
static uint64_t entropy(const void *mbi, uint64_t entry_tsc)
{
	const uint32_t *word = mbi;
	uint64_t state = mix(hardware_random(), entry_tsc);

	for (uint32_t i = 0; *word <= INFO_SIZE_MAX && i < *word / 4; i++)
		state = mix(state, word[i]);
	return mix(state, rdtsc());
}

struct kaslr_layout kaslr_choose(uint64_t random, uint64_t image_end)
{
	uint64_t image = (KASLR_IMAGE_SPACE - KASLR_IMAGE_MIN - image_end) / PAGE_SIZE;

	return (struct kaslr_layout){
		.image = KASLR_IMAGE_MIN + mix(random, 1) % image * PAGE_SIZE,
		.direct = mix(random, 2) % (KASLR_DIRECT_SPACE / KASLR_DIRECT_STEP) * KASLR_DIRECT_STEP,
		.vmap = mix(random, 3) % (KASLR_VMAP_SPACE / KASLR_VMAP_STEP) * KASLR_VMAP_STEP,
	};
}

/* ---- What is done ---- */

/* While the image runs where it was linked. */
static paddr_t linked_phys(const void *v)
{
	return (paddr_t)v - KERNEL_BASE;
}

/* The image once more, @offset higher. */
static void map_image(uint64_t offset)
{
	vaddr_t first = ALIGN_DOWN((vaddr_t)kernel_start + offset, PT_SIZE(1));

	for (vaddr_t v = (vaddr_t)kernel_start; v < (vaddr_t)kernel_end; v += PAGE_SIZE)
		image_tables[(v + offset - first) / PT_SIZE(1)][PT_INDEX(v + offset, 0)] = linked_phys((void *)v) | PTE_PRESENT | PTE_WRITE;
	for (unsigned int i = 0; i < KASLR_TABLES; i++)
		boot_pd_high[(first - KERNEL_BASE) / PT_SIZE(1) + i] = linked_phys(image_tables[i]) | PTE_PRESENT | PTE_WRITE;
}

/* The low memory that start.S maps at the start of the direct map, at the start of the new one. */
static void map_direct(vaddr_t base)
{
	const pte_t *low = (const pte_t *)(boot_pml4[0] & PTE_ADDRESS);
	unsigned int top = PT_INDEX(base, 3);

	for (unsigned int i = 0; i < BOOT_GIB; i++) {
		vaddr_t v = base + i * PT_SIZE(2);

		direct_tables[PT_INDEX(v, 3) - top][PT_INDEX(v, 2)] = low[i];
	}
	for (unsigned int i = 0; i < 2; i++)
		boot_pml4[top + i] = linked_phys(direct_tables[i]) | PTE_PRESENT | PTE_WRITE;
}

static const uint32_t *add64(const uint32_t *place, uint32_t n, uint64_t offset)
{
	for (; n; n--, place++)
		((struct word64 *)(KERNEL_BASE + *place))->v += offset;
	return place;
}

static const uint32_t *add32(const uint32_t *place, uint32_t n, uint64_t offset)
{
	for (; n; n--, place++)
		((struct word32 *)(KERNEL_BASE + *place))->v += offset;
	return place;
}

void kaslr_init(uint32_t mbi, uint64_t entry_tsc)
{
	const struct relocs *relocs = &kaslr_relocs;
	const void *info = (const void *)(uint64_t)mbi;
	struct kaslr_layout to;
	const uint32_t *place;

	if (kaslr_forbidden(info))
		return;
	to = kaslr_choose(entropy(info, entry_tsc), (vaddr_t)kernel_end - KERNEL_BASE);
	kaslr_offset = to.image;
	map_image(to.image);
	map_direct(KASLR_DIRECT_FIRST + to.direct);
	place = add64(relocs->places, relocs->nr_image64, to.image);
	place = add32(place, relocs->nr_image32, to.image);
	place = add64(place, relocs->nr_direct, to.direct);
	add64(place, relocs->nr_vmap, to.vmap);
}
