// SPDX-License-Identifier: GPL-2.0
/* Memory that is freed twice, or was never given. */
#include <kernel/list.h>
#include "planted.h"

struct pair {
	char *name;
	struct list link;
	struct ref ref;
};

static struct pair *pair_make(void)
{
	struct pair *p = hide((struct pair *)kzalloc(sizeof(*p)));

	p->name = hide(kstrdup("name"));
	list_init(&p->link);
	ref_init(&p->ref);
	return p;
}

PLANTED(free_twice_in_a_row)
{
	char *p = hide((char *)kzalloc(48));

	kfree(p);
	kfree(p); /* here */
}

PLANTED(free_through_two_pointers)
{
	struct pair *a = pair_make();
	struct pair *b = hide(a);

	kfree(a->name);
	kfree(a);
	kfree(b); /* here */
}

static void pair_free(struct pair *p)
{
	kfree(p->name);
	kfree(p);
}

PLANTED(free_of_a_part_that_was_freed_before)
{
	struct pair *p = pair_make();

	kfree(p->name);
	kfree(p->name); /* here */
	kfree(p);
}

static void cleanup(struct pair *p, char *own)
{
	kfree(own);
	pair_free(p);
}

PLANTED(free_by_the_callee_and_the_caller)
{
	struct pair *p = pair_make();
	char *own = hide((char *)kzalloc(300));

	cleanup(p, own);
	kfree(own); /* here */
}

PLANTED(free_of_the_middle)
{
	char *p = hide((char *)kzalloc(96));

	kfree(p + 16); /* here */
	kfree(p);
}

PLANTED(free_of_an_iterated_pointer)
{
	char *p = hide(kstrdup("many words here"));
	char *start = p;

	while (*p != ' ')
		p++;
	kfree(p); /* here */
	kfree(start);
}

PLANTED(free_of_whole_pages_twice)
{
	char *p = hide((char *)kzalloc(3 * PAGE_SIZE));

	kfree(p);
	kfree(p); /* here */
}

static struct slab_cache *cache;

PLANTED(free_of_a_cached_object_twice)
{
	void *p;

	cache = slab_create("planted", 80, 16);
	p = hide(slab_alloc(cache));
	slab_free(cache, p);
	slab_free(cache, p); /* here */
}

PLANTED(free_after_a_reference_too_few)
{
	struct pair *p = pair_make();

	if (ref_put(&p->ref))
		pair_free(p);
	kfree(p); /* here */
}

PLANTED(free_in_a_loop_that_does_not_move)
{
	char *p[2] = { hide((char *)kzalloc(16)), hide((char *)kzalloc(16)) };

	for (unsigned int i = 0; i < 2; i++)
		kfree(p[0]); /* here */
	kfree(p[1]);
}

PLANTED(free_with_its_lock_held)
{
	struct locked {
		struct spinlock lock;
		uint64_t value;
	} *l = hide((struct locked *)kzalloc(sizeof(*l)));

	spin_init(&l->lock, "planted freed");
	spin_lock(&l->lock);
	kfree(l); /* here */
	preempt_enable();
}
