// SPDX-License-Identifier: GPL-2.0
/* Frames that the kernel shares with a program: both map them, and they are given back with the last reference of either. */
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>

void vma_object_free(struct vma_object *o)
{
	for (uint64_t i = 0; i < o->nr_pages; i++)
		if (o->pages[i])
			page_put(o->pages[i]);
	kfree(o->pages);
	kfree(o);
}

struct vma_object *vma_object_create(uint64_t nr_pages)
{
	struct vma_object *o = kzalloc(sizeof(*o));

	if (!o)
		return NULL;
	ref_init(&o->ref);
	o->release = vma_object_free;
	o->pages = kcalloc(nr_pages, sizeof(struct page *));
	o->nr_pages = o->pages ? nr_pages : 0;
	for (uint64_t i = 0; i < o->nr_pages; i++) {
		o->pages[i] = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
		if (!o->pages[i])
			goto free;
	}
	if (o->pages)
		return o;
free:
	vma_object_put(o);
	return NULL;
}
