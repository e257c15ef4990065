// SPDX-License-Identifier: GPL-2.0
/*
 * Who maps a file or disk: the areas of every space on a list of its mapping, so that content that goes is taken away from them, and what
 * is written back is written by nobody unseen. An area is on the list from when it enters a space until it is freed, and its space lives
 * at least as long. One walk at a time goes over a list (mapping_mutex), and takes the spaces' locks one by one.
 */
#include <asm/paging.h>
#include <fs/vfs.h>
#include <mm/pagecache.h>
#include "space_internal.h"

static struct mutex mapping_mutex = MUTEX_INIT(mapping_mutex, "mapping");

/* What a walk does to the part of an area that shows the pages. */
typedef void (*area_fn)(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end);

void mapping_init(struct mapping *m, const struct mapping_ops *ops)
{
	spin_init(&m->lock, "mapping areas");
	list_init(&m->areas);
	m->ops = ops;
}

void mapping_add(struct space *s, struct vma *vma)
{
	struct mapping *m = vma->mapping;

	vma->space = s;
	if (!m || vma_is_object(vma))
		return;
	spin_lock(&m->lock);
	list_append(&m->areas, &vma->mapping_link);
	spin_unlock(&m->lock);
}

void mapping_remove(struct vma *vma)
{
	struct mapping *m = vma->mapping;

	if (!m || !vma->space)
		return;
	spin_lock(&m->lock);
	list_del(&vma->mapping_link);
	spin_unlock(&m->lock);
}

uint64_t mapping_count(struct mapping *m)
{
	const struct vma *vma;
	uint64_t nr = 0;

	spin_lock(&m->lock);
	list_for_each(vma, &m->areas, mapping_link)
		nr++;
	spin_unlock(&m->lock);
	return nr;
}

bool mapping_may_be_written(struct mapping *m)
{
	const struct vma *vma;
	bool found = false;

	spin_lock(&m->lock);
	list_for_each(vma, &m->areas, mapping_link)
		found |= (vma->flags & VM_SHARED) && (vma->file->flags & LINUX_O_ACCMODE) == LINUX_O_RDWR;
	spin_unlock(&m->lock);
	return found;
}

/* The next area that this walk has not seen, moved to the end of the list; its space counted. NULL: all were seen. */
static struct space *mapping_next(struct mapping *m, uint64_t walk)
{
	struct space *s = NULL;

	spin_lock(&m->lock);
	while (!s && !list_empty(&m->areas)) {
		struct vma *vma = list_first(&m->areas, struct vma, mapping_link);

		if (vma->walk == walk)
			break;
		vma->walk = walk;
		list_del(&vma->mapping_link);
		list_append(&m->areas, &vma->mapping_link);
		if (ref_get_live(&vma->space->ref))
			s = vma->space;
	}
	spin_unlock(&m->lock);
	return s;
}

static void area_drop(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	space_drop_range(s, vma, start, end, true);
}

/* In runs of pages that are the file's own. */
static void area_drop_pages(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	vaddr_t from = start, to = start;
	paddr_t p;

	for (vaddr_t v = start; pt_next(s->root, &v, end, &p, NULL); v += PAGE_SIZE) {
		if (page_of(p)->use != PAGE_FILE)
			continue;
		if (v != to) {
			space_drop_range(s, vma, from, to, true);
			from = v;
		}
		to = v + PAGE_SIZE;
	}
	space_drop_range(s, vma, from, to, true);
}

static void area_protect(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	bool changed = false;
	uint32_t prot;
	paddr_t p;

	if (!(vma->flags & VM_SHARED))
		return;
	for (vaddr_t v = start; pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE) {
		if (!(prot & PT_WRITE))
			continue;
		(void)pt_protect(s->root, v, prot & ~PT_WRITE);
		changed = true;
	}
	if (changed)
		tlb_flush(s->root, start, end - start);
}

/* The part of one area that shows the pages @first to @last. */
static void area_apply(struct space *s, const struct vma *vma, uint64_t first, uint64_t last, area_fn fn)
{
	uint64_t index = vma_file_index(vma, vma->start), nr = (vma->end - vma->start) >> PAGE_SHIFT;
	vaddr_t start, end;

	if (last < index || first >= index + nr)
		return;
	start = first > index ? vma->start + ((first - index) << PAGE_SHIFT) : vma->start;
	end = last - index < nr - 1 ? vma->start + ((last - index + 1) << PAGE_SHIFT) : vma->end;
	fn(s, vma, start, end);
}

static void space_apply(struct space *s, const struct mapping *m, uint64_t first, uint64_t last, area_fn fn)
{
	struct vma *vma;

	mutex_lock(&s->lock);
	list_for_each(vma, &s->areas, link)
		if (vma->mapping == m && !vma_is_object(vma) && !(vma->flags & VM_RESIDENT))
			area_apply(s, vma, first, last, fn);
	mutex_unlock(&s->lock);
}

static void mapping_walk(struct mapping *m, uint64_t first, uint64_t last, area_fn fn)
{
	static uint64_t walk;
	struct space *s;

	if (list_empty(&m->areas))
		return;
	mutex_lock(&mapping_mutex);
	walk++;
	while ((s = mapping_next(m, walk))) {
		space_apply(s, m, first, last, fn);
		space_put(s);
	}
	mutex_unlock(&mapping_mutex);
}

void mapping_unmap(struct mapping *m, uint64_t first, uint64_t last)
{
	mapping_walk(m, first, last, area_drop);
}

void mapping_unmap_pages(struct mapping *m, uint64_t first, uint64_t last)
{
	mapping_walk(m, first, last, area_drop_pages);
}

void mapping_protect(struct mapping *m, uint64_t first, uint64_t last)
{
	mapping_walk(m, first, last, area_protect);
}
