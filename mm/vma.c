// SPDX-License-Identifier: GPL-2.0
/* The sorted list of areas of a space: searching, cutting, melting. Pure bookkeeping: pages are not touched here. */
#include <fs/file.h>
#include <mm/slab.h>
#include "userfault_internal.h"

#define NEAR	3

uint32_t space_areas_max = 65530;

struct vma *vma_alloc(vaddr_t start, vaddr_t end, uint32_t flags)
{
	struct vma *vma = kzalloc(sizeof(*vma));

	if (!vma)
		return NULL;
	list_init(&vma->link);
	list_init(&vma->mapping_link);
	vma->start = start;
	vma->end = end;
	vma->flags = flags;
	return vma;
}

void vma_object_put(struct vma_object *o)
{
	if (o && ref_put(&o->ref))
		o->release(o);
}

void vma_free(struct vma *vma)
{
	mapping_remove(vma);
	if (vma->file)
		file_put(vma->file);
	vma_object_put(vma->object);
	userfault_put(vma->userfault);
	kfree(vma);
}

void vma_free_list(struct list *dead)
{
	struct vma *vma, *next;

	list_for_each_safe(vma, next, dead, link) {
		list_del(&vma->link);
		vma_free(vma);
	}
}

struct vma *vma_copy(const struct vma *from)
{
	struct vma *vma = vma_alloc(from->start, from->end, from->flags);

	if (!vma)
		return NULL;
	vma->file = from->file;
	vma->offset = from->offset;
	vma->object = from->object;
	vma->mapping = from->mapping;
	vma->mapping_first = from->mapping_first;
	vma->mapping_end = from->mapping_end;
	vma->anon = from->anon;
	vma->policy = from->policy;
	if (vma->file)
		file_get(vma->file);
	if (vma->object)
		ref_get(&vma->object->ref);
	vma->userfault = from->userfault;
	if (unlikely(vma->userfault))
		userfault_get(vma->userfault);
	return vma;
}

struct vma *vma_next(struct space *s, const struct vma *vma)
{
	return vma->link.next == &s->areas ? NULL : list_entry(vma->link.next, struct vma, link);
}

struct vma *vma_prev(struct space *s, const struct vma *vma)
{
	return vma->link.prev == &s->areas ? NULL : list_entry(vma->link.prev, struct vma, link);
}

struct vma *vma_after(struct space *s, vaddr_t address)
{
	struct vma *vma = s->hint;

	/* It is often the one before. */
	for (int i = 0; vma && address < vma->start && i < NEAR; i++)
		vma = vma_prev(s, vma);
	if (!vma || address < vma->start)
		vma = list_empty(&s->areas) ? NULL : list_first(&s->areas, struct vma, link);
	while (vma && address >= vma->end)
		vma = vma_next(s, vma);
	if (vma)
		s->hint = vma;
	return vma;
}

struct vma *space_find(struct space *s, vaddr_t address)
{
	struct vma *vma = vma_after(s, address);

	return vma && vma->start <= address ? vma : NULL;
}

bool space_area(struct space *s, vaddr_t from, struct vma *to, struct space_usage *usage)
{
	struct vma *vma;

	mutex_lock(&s->lock);
	vma = vma_after(s, from);
	if (vma) {
		*to = *vma;
		if (vma->file)
			file_get(vma->file);
		if (usage)
			space_usage(s, vma, usage);
	}
	mutex_unlock(&s->lock);
	return vma;
}

uint64_t space_bytes(const struct space *s, vaddr_t start, vaddr_t end, uint32_t flags)
{
	const struct vma *vma;
	uint64_t sum = 0;

	list_for_each(vma, &s->areas, link)
		if (vma->start < end && vma->end > start && (vma->flags & flags) == flags)
			sum += MIN(vma->end, end) - MAX(vma->start, start);
	return sum;
}

uint64_t space_size(struct space *s)
{
	uint64_t size;

	mutex_lock(&s->lock);
	size = space_bytes(s, 0, USER_END, 0);
	mutex_unlock(&s->lock);
	return size;
}

void vma_unlink(struct space *s, struct vma *vma)
{
	if (s->hint == vma)
		s->hint = NULL;
	if (vma->end > s->full_above)
		s->full_above = 0;
	s->nr_areas--;
	list_del(&vma->link);
}

/* May @b, right behind @a, be one area with it? */
static bool mergeable(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || (a->flags ^ b->flags) & ~VM_CLEAN || a->file != b->file || a->object != b->object || vma_is_object(a) ||
	    a->userfault != b->userfault)
		return false;
	if (a->policy.mode != b->policy.mode || a->policy.nodes != b->policy.nodes || a->policy.home != b->policy.home ||
	    a->policy.flags != b->policy.flags || a->policy.asked != b->policy.asked)
		return false;
	return !a->file || a->offset + (a->end - a->start) == b->offset;
}

void vma_merge(struct space *s, struct vma *vma, struct list *dead)
{
	struct vma *prev = vma_prev(s, vma), *next = vma_next(s, vma);

	if (prev && mergeable(prev, vma)) {
		prev->end = vma->end;
		prev->anon |= vma->anon;
		prev->flags &= vma->flags | ~VM_CLEAN;
		vma_unlink(s, vma);
		list_append(dead, &vma->link);
		vma = prev;
	}
	if (next && mergeable(vma, next)) {
		vma->end = next->end;
		vma->anon |= next->anon;
		vma->flags &= next->flags | ~VM_CLEAN;
		vma_unlink(s, next);
		list_append(dead, &next->link);
	}
}

void vma_insert(struct space *s, struct vma *vma, struct list *dead)
{
	struct vma *after = vma_after(s, vma->start);
	struct list *next = after ? &after->link : &s->areas;

	list_insert(&vma->link, next->prev, next);
	s->nr_areas++;
	mapping_add(s, vma);
	vma_merge(s, vma, dead);
}

int vma_split(struct space *s, vaddr_t address)
{
	struct vma *vma = space_find(s, address), *upper;

	if (!vma || vma->start == address)
		return 0;
	if (s->nr_areas >= READ_ONCE(space_areas_max))
		return -ENOMEM;
	upper = vma_copy(vma);
	if (!upper)
		return -ENOMEM;
	upper->start = address;
	upper->offset += address - vma->start;
	vma->end = address;
	s->hint = upper;
	s->nr_areas++;
	list_insert(&upper->link, &vma->link, vma->link.next);
	mapping_add(s, upper);
	return 0;
}

int vma_split_range(struct space *s, vaddr_t start, vaddr_t end)
{
	int err = vma_split(s, start);

	return err ? err : vma_split(s, end);
}

/* The lowest address that something below @vma may end at. */
static vaddr_t lower_edge(const struct vma *vma)
{
	if (!(vma->flags & VM_STACK))
		return vma->start;
	return vma->start > STACK_GAP ? vma->start - STACK_GAP : 0;
}

/* The highest end, at or below @limit, of a gap of @length; the search starts with @at and goes down. 0: there is none. */
static vaddr_t gap_end(struct space *s, struct list *at, uint64_t length, vaddr_t limit)
{
	for (; at != &s->areas && limit >= length; at = at->prev) {
		struct vma *vma = list_entry(at, struct vma, link);

		if (vma->end <= limit && limit - vma->end >= length)
			break;
		limit = MIN(limit, lower_edge(vma));
	}
	return limit >= length && limit - length >= MAP_MIN ? limit : 0;
}

/* What lies above the place that was found last is full, so a program with many areas does not pass them all each time. */
vaddr_t vma_find_gap(struct space *s, uint64_t length, vaddr_t limit)
{
	bool usual = limit == s->mmap_base, known = usual && s->full_above && length >= s->full_length;
	struct vma *above = known ? vma_after(s, s->full_above) : NULL;
	vaddr_t end = above ? gap_end(s, above->link.prev, length, MIN(s->full_above, lower_edge(above))) : 0;

	if (!end)
		end = gap_end(s, s->areas.prev, length, limit);
	if (usual && end) {
		s->full_above = end - length;
		s->full_length = length;
	}
	return end ? end - length : 0;
}

bool vma_range_free(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_after(s, start);

	return !vma || vma->start >= end;
}
