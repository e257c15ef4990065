// SPDX-License-Identifier: GPL-2.0
/* Mistakes with objects: beyond their end, after their end, counted wrong, in a broken list. */
#include <kernel/list.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/ref.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "provoke.h"

#define SECRET		0x5ec4e75ec4e75ec4ull
#define OBJECT		64u
#define MANY		48u

/* The compiler must take this for any number. */
static volatile size_t size = 1;

static void __attribute__((noinline)) fill(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile uint8_t *)to)[i] = 0x41;
}

/* Over the canary, not as far as the return address of the caller's caller. */
static const char *__attribute__((noinline)) smash(uint64_t user)
{
	uint8_t local[16];

	fill(local, sizeof(local) + 16 * size);
	return local[0] == 0x41 ? "harm: the frame of a function was overwritten and it returned" : "?";
}

/* Saved registers of smash() are lost: they are this function's, which needs none after. */
static const char *stack_smash(uint64_t user)
{
	const char *text;

	__asm__ volatile("call *%1" : "=a"(text) : "r"(smash), "D"(user)
			 : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return text;
}

static const char *copy_beyond_object(uint64_t user)
{
	uint8_t *objects[MANY], found = 0;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		objects[i] = kzalloc(OBJECT);
		if (objects[i])
			memset(objects[i], 0x42, OBJECT);
	}
	if (!copy_to_user(user, objects[MANY / 2], OBJECT * (size + 1)) && !copy_from_user(&found, user + OBJECT + OBJECT / 2, 1))
		found = found == 0x42 || found == 0xdb || !found;
	for (i = 0; i < MANY; i++)
		kfree(objects[i]);
	return found ? "harm: a program was given the object behind" : "the copy failed";
}

static const char *double_free(uint64_t user)
{
	void *a = kzalloc(OBJECT);

	kfree(a);
	kfree(a);
	return "harm: one object was freed twice";
}

static const char *use_after_free(uint64_t user)
{
	volatile uint64_t **a = kzalloc(OBJECT), value = SECRET;
	uint64_t got;

	*a = &value;
	kfree(a);
	got = **a;
	return got == SECRET ? "harm: a pointer in a freed object was still good" : "it read something else";
}

#define LISTED		512u	/* a size whose slabs are two frames: the list of free ones lies at the start of the first */

/* What lies before the first object says which are free: all of them, now. */
static const char *free_list_overwrite(uint64_t user)
{
	uint64_t *objects[MANY], *again = NULL, *list;
	bool twice = false;
	unsigned int i, k;

	for (i = 0; i < MANY; i++)
		objects[i] = kzalloc(LISTED);
	list = (uint64_t *)ALIGN_DOWN((uint64_t)objects[MANY - 1], 2 * PAGE_SIZE);
	kfree(objects[MANY - 1]);
	objects[MANY - 1] = NULL;
	list[0] ^= 0x4141414141414141ull;
	list[3] |= 0x7fff;
	for (i = 0; i < 16 && !twice; i++) {
		again = kzalloc(LISTED);
		for (k = 0; k < MANY; k++)
			twice |= again && again == objects[k];
	}
	return twice ? "harm: an object has two owners" : "no object was given twice";
}

static const char *ref_overflow(uint64_t user)
{
	struct ref r = { -4 };	/* two more would be too many for the number */

	ref_get(&r);
	ref_get(&r);
	ref_get(&r);
	return ref_count(&r) < 4 && ref_put(&r) ? "harm: a count wrapped and its object would be freed in use" : "the object stays";
}

static const char *ref_underflow(uint64_t user)
{
	struct ref r = { REF_ONE };
	bool last = ref_put(&r);

	last &= !ref_put(&r);
	ref_get(&r);
	ref_get(&r);
	return last && ref_put(&r) ? "harm: an object was freed a second time" : "the object stays";
}

static const char *ref_after_free(uint64_t user)
{
	struct ref r = { REF_NONE };

	ref_get(&r);
	return ref_put(&r) ? "harm: a dead object came back and died again" : "the object stays";
}

static const char *list_corruption(uint64_t user)
{
	struct list head, node;
	uint64_t victim[4] = { 0 };

	list_init(&head);
	list_append(&head, &node);
	node.next = (struct list *)victim;	/* as an overflow would */
	list_del(&node);
	return victim[1] ? "harm: taking a node off its list wrote where an attacker says" : "nothing was written";
}

static const char *stale_frame(uint64_t user)
{
	bool seen = false;

	for (unsigned int i = 0; i < MANY && !seen; i++) {
		struct page *page = frame_alloc(0, 0, PAGE_KERNEL);
		volatile uint64_t *words = page ? page_addr(page) : NULL;

		if (!words)
			break;
		seen = words[100] == SECRET;
		words[100] = SECRET;
		page_put(page);
	}
	return seen ? "harm: a fresh frame held what its last owner wrote" : "fresh frames are clear";
}

const struct provocation provoke_memory[] = {
	{ "stack_smash", stack_smash },
	{ "copy_beyond_object", copy_beyond_object },
	{ "double_free", double_free },
	{ "use_after_free", use_after_free },
	{ "free_list_overwrite", free_list_overwrite },
	{ "ref_overflow", ref_overflow },
	{ "ref_underflow", ref_underflow },
	{ "ref_after_free", ref_after_free },
	{ "list_corruption", list_corruption },
	{ "stale_frame", stale_frame },
	{ NULL, NULL },
};
