// SPDX-License-Identifier: GPL-2.0
/* Objects that nobody can give back any more. */
#include <kernel/list.h>
#include "planted.h"

struct thing {
	struct ref ref;
	struct list link;
	struct thing *child, *friend;
	char *name;
	uint64_t value;
};

static struct list things = LIST_INIT(things);

static struct thing *init(struct thing *t)
{
	t = hide(t);
	ref_init(&t->ref);
	list_init(&t->link);
	return t;
}

static void put(struct thing *t)
{
	if (ref_put(&t->ref))
		kfree(t);
}

PLANTED(leak_one_reference_too_many)
{
	struct thing *t = init(kzalloc(sizeof(*t))); /* here */

	ref_get(&t->ref);
	put(t);
}

PLANTED(leak_reference_of_a_search)
{
	struct thing *t = init(kzalloc(sizeof(*t))), *found; /* here */

	list_append(&things, &t->link);
	found = list_first(&things, struct thing, link);
	ref_get(&found->ref);
	keep(found->value);
	list_del(&t->link);
	put(t);
}

PLANTED(leak_taken_off_a_list_only)
{
	struct thing *t = init(kzalloc(sizeof(*t))); /* here */

	list_append(&things, &t->link);
	list_del(&t->link);
}

PLANTED(leak_of_a_part)
{
	struct thing *t = init(kzalloc(sizeof(*t)));

	t->name = kstrdup("a name that is forgotten"); /* here */
	put(t);
}

PLANTED(leak_by_overwriting_the_pointer)
{
	char *p = hide((char *)kzalloc(40)); /* here */

	keep(p[0]);
	p = hide((char *)kzalloc(80));
	kfree(p);
}

PLANTED(leak_on_an_early_return)
{
	char *p = hide((char *)kzalloc(200)); /* here */

	if (hide(1))
		return;
	kfree(p);
}

PLANTED(leak_of_a_circle)
{
	struct thing *a = init(kzalloc(sizeof(*a))); /* here */
	struct thing *b = init(kzalloc(sizeof(*b)));

	a->friend = b;
	b->friend = a;
}

PLANTED(leak_of_a_tree)
{
	struct thing *root = init(kzalloc(sizeof(*root)));

	root->child = init(kzalloc(sizeof(*root))); /* here */
	root->child->child = init(kzalloc(sizeof(*root)));
	put(root);
}

static struct slab_cache *cache;

PLANTED(leak_of_a_cached_object)
{
	void *p;

	if (!cache)
		cache = slab_create("planted leak", 72, 16);
	p = slab_alloc(cache); /* here */
	keep(p);
}

PLANTED(leak_of_all_but_the_first)
{
	struct thing *list[3];

	for (unsigned int i = 0; i < 3; i++)
		list[i] = init(kzalloc(sizeof(struct thing))); /* here */
	put(list[0]);
}

static struct thing *current_thing;

PLANTED(leak_by_replacing_a_global)
{
	current_thing = init(kzalloc(sizeof(*current_thing))); /* here */
	keep(current_thing);
	current_thing = NULL;
}
