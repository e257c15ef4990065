// SPDX-License-Identifier: GPL-2.0
/* Radix tree of a file's pages: fs/page_tree.h. Recursion is bounded by the height, at most 9 for 52-bit indexes. */
#include <fs/page_tree.h>
#include <mm/page.h>
#include <mm/slab.h>

#define SLOT_MASK	(PAGE_TREE_SLOTS - 1)
#define HEIGHT_MAX	9u

struct node {
	void *slots[PAGE_TREE_SLOTS];
};

void page_tree_init(struct page_tree *t)
{
	spin_init(&t->lock, "page_tree");
	t->root = NULL;
	t->height = 0;
}

/* Does @index fit below a root of @height? */
static bool height_covers(unsigned int height, uint64_t index)
{
	return height >= HEIGHT_MAX + 1 || !(index >> (height * PAGE_TREE_SHIFT));
}

static unsigned int slot_at(unsigned int height, uint64_t index)
{
	return (index >> ((height - 1) * PAGE_TREE_SHIFT)) & SLOT_MASK;
}

static struct page *tree_find(struct page_tree *t, uint64_t index)
{
	void *at = t->root;
	unsigned int h;

	if (!height_covers(t->height, index))
		return NULL;
	for (h = t->height; at && h; h--)
		at = ((struct node *)at)->slots[slot_at(h, index)];
	return at;
}

struct page *page_tree_get(struct page_tree *t, uint64_t index)
{
	struct page *page;

	spin_lock(&t->lock);
	page = tree_find(t, index);
	if (page)
		page_get(page);
	spin_unlock(&t->lock);
	return page;
}

static int tree_grow(struct page_tree *t, uint64_t index)
{
	struct node *n;

	if (!t->root) {
		while (!height_covers(t->height, index))
			t->height++;
		return 0;
	}
	while (!height_covers(t->height, index)) {
		n = kzalloc(sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->slots[0] = t->root;
		t->root = n;
		t->height++;
	}
	return 0;
}

static int tree_insert(struct page_tree *t, uint64_t index, struct page *page)
{
	void **slot = &t->root;
	unsigned int h;

	if (index >> (HEIGHT_MAX * PAGE_TREE_SHIFT))
		return -EFBIG;
	if (tree_grow(t, index))
		return -ENOMEM;
	for (h = t->height; h; h--) {
		if (!*slot)
			*slot = kzalloc(sizeof(struct node));
		if (!*slot)
			return -ENOMEM;
		slot = &((struct node *)*slot)->slots[slot_at(h, index)];
	}
	if (*slot)
		return -EEXIST;
	*slot = page;
	return 0;
}

int page_tree_insert(struct page_tree *t, uint64_t index, struct page *page)
{
	int err;

	spin_lock(&t->lock);
	err = tree_insert(t, index, page);
	spin_unlock(&t->lock);
	return err;
}

/* A child that has nothing leaves *index anywhere up to its end; the next one starts at its own base. */
static struct page *node_next(void *at, unsigned int height, uint64_t *index)
{
	uint64_t step, base;
	struct page *page;
	unsigned int i;

	if (!height || !at)
		return at;
	step = 1ull << ((height - 1) * PAGE_TREE_SHIFT);
	base = *index & ~(step - 1);
	for (i = slot_at(height, *index); i < PAGE_TREE_SLOTS; i++, base += step) {
		*index = MAX(*index, base);
		page = node_next(((struct node *)at)->slots[i], height - 1, index);
		if (page)
			return page;
	}
	return NULL;
}

struct page *page_tree_next(struct page_tree *t, uint64_t *index)
{
	struct page *page = NULL;

	spin_lock(&t->lock);
	if (height_covers(t->height, *index))
		page = node_next(t->root, t->height, index);
	if (page)
		page_get(page);
	spin_unlock(&t->lock);
	return page;
}

/* Remove [first, last] below @slot, which covers @height levels from @base on. */
static uint64_t node_remove(void **slot, unsigned int height, uint64_t base, uint64_t first, uint64_t last)
{
	uint64_t step, start, removed = 0;
	struct node *n = *slot;
	unsigned int i;
	bool empty = true;

	if (!n)
		return 0;
	if (!height) {
		page_put(*slot);
		*slot = NULL;
		return 1;
	}
	step = 1ull << ((height - 1) * PAGE_TREE_SHIFT);
	for (i = 0; i < PAGE_TREE_SLOTS; i++) {
		start = base + i * step;
		if (n->slots[i] && start <= last && start + step - 1 >= first)
			removed += node_remove(&n->slots[i], height - 1, start, first, last);
		empty = empty && !n->slots[i];
	}
	if (empty) {
		kfree(n);
		*slot = NULL;
	}
	return removed;
}

uint64_t page_tree_remove(struct page_tree *t, uint64_t first, uint64_t last)
{
	uint64_t removed = 0;

	spin_lock(&t->lock);
	if (t->root && (t->height || !first))
		removed = node_remove(&t->root, t->height, 0, first, last);
	if (!t->root)
		t->height = 0;
	spin_unlock(&t->lock);
	return removed;
}
