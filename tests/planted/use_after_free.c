// SPDX-License-Identifier: GPL-2.0
/* Memory that is used after it was freed. */
#include <kernel/list.h>
#include <mm/page.h>
#include "planted.h"

struct node {
	struct node *next;
	struct list link;
	uint64_t value;
	char name[40];
	void (*fn)(struct node *n);
};

static struct node *fresh(uint64_t value)
{
	struct node *n = hide((struct node *)kzalloc(sizeof(*n)));

	n->value = value;
	list_init(&n->link);
	return n;
}

PLANTED(uaf_read_of_a_field)
{
	struct node *n = fresh(1);

	kfree(n);
	keep(n->value); /* here */
}

PLANTED(uaf_write_of_a_field)
{
	struct node *n = fresh(1);

	kfree(n);
	n->value = 2; /* here */
}

PLANTED(uaf_list_walk_without_safe)
{
	struct list head = LIST_INIT(head);
	struct node *n;

	list_append(&head, &fresh(1)->link);
	list_append(&head, &fresh(2)->link);
	list_for_each(n, &head, link) { /* here */
		list_del(&n->link);
		kfree(n);
	}
}

PLANTED(uaf_next_taken_too_late)
{
	struct node *n = fresh(1);

	n->next = fresh(2);
	while (n) {
		kfree(n);
		n = n->next; /* here */
	}
}

PLANTED(uaf_copy_out_of_it)
{
	struct node *n = fresh(1);
	char name[40];

	kfree(n);
	memcpy(name, hide(&n->name[0]), sizeof(name)); /* here */
	keep(name[0]);
}

PLANTED(uaf_memset_of_it)
{
	struct node *n = fresh(1);

	kfree(n);
	memset(n, 0, sizeof(*n)); /* here */
}

PLANTED(uaf_string_in_it)
{
	struct node *n = fresh(1);
	char *name = hide(&n->name[0]);

	kfree(n);
	keep(strlen(name)); /* here */
}

static struct node *cached;

PLANTED(uaf_pointer_kept_in_a_cache)
{
	cached = fresh(3);
	kfree(cached);
	keep(cached->value); /* here */
	cached = NULL;
}

struct counted {
	struct ref ref;
	uint64_t value;
};

PLANTED(uaf_last_reference_was_put)
{
	struct counted *c = hide((struct counted *)kzalloc(sizeof(*c)));

	ref_init(&c->ref);
	if (ref_put(&c->ref))
		kfree(c);
	c->value++; /* here */
}

static void call_name(struct node *n)
{
	keep(n->name[0]);
}

PLANTED(uaf_function_pointer_in_it)
{
	struct node *n = fresh(1);

	n->fn = call_name;
	kfree(n);
	n->fn(n); /* here */
}

PLANTED(uaf_of_whole_pages)
{
	char *pages = hide((char *)kzalloc(3 * PAGE_SIZE));

	kfree(pages);
	pages[PAGE_SIZE] = 1; /* here */
}

PLANTED(uaf_of_a_variable_out_of_its_block)
{
	uint64_t *outer = NULL;

	for (unsigned int i = 0; i < 1; i++) {
		uint64_t inner[4] = { keep(1) };

		outer = hide(&inner[0]);
	}
	keep(outer[1]); /* here */
}
