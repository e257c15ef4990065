// SPDX-License-Identifier: GPL-2.0
/* Memory that the kernel shares with a driver process: frames that both map, given back with the last reference of either. */
#include <mm/page.h>
#include <mm/slab.h>
#include "region.h"

static void region_release(struct vma_object *o)
{
	for (uint64_t i = 0; i < o->nr_pages; i++)
		if (o->pages[i])
			page_put(o->pages[i]);
	kfree(o->pages);
	kfree(o);
}

void shared_region_put(struct vma_object *o)
{
	if (ref_put(&o->ref))
		o->release(o);
}

struct vma_object *shared_region_create(uint64_t nr_pages)
{
	struct vma_object *o = kzalloc(sizeof(*o));

	if (!o)
		return NULL;
	ref_init(&o->ref);
	o->release = region_release;
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
	shared_region_put(o);
	return NULL;
}
