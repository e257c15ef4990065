// SPDX-License-Identifier: GPL-2.0
/*
 * Who maps a file: the areas of every space on a list of the inode, so that a file that is cut takes its pages away from them. An area is
 * on the list from when it enters a space until it is freed, and its space lives at least as long; the list is guarded by the lock of the
 * inode's page tree. One cut at a time walks a list (mapping_mutex), and takes the spaces' locks one by one.
 */
#include <fs/vfs.h>
#include <mm/pagecache.h>
#include "space_internal.h"

static struct mutex mapping_mutex = MUTEX_INIT(mapping_mutex, "mapping");

void mapping_add(struct space *s, struct vma *vma)
{
	struct inode *inode = vma->file ? vma->file->inode : NULL;

	vma->space = s;
	if (!inode || vma_is_object(vma))
		return;
	spin_lock(&inode->pages.lock);
	list_append(&inode->mappings, &vma->mapping_link);
	spin_unlock(&inode->pages.lock);
}

void mapping_remove(struct vma *vma)
{
	struct inode *inode = vma->file ? vma->file->inode : NULL;

	if (!inode || !vma->space)
		return;
	spin_lock(&inode->pages.lock);
	list_del(&vma->mapping_link);
	spin_unlock(&inode->pages.lock);
}

/* The next area that this walk has not seen, moved to the end of the list; its space counted. NULL: all were seen. */
static struct space *mapping_next(struct inode *inode, uint64_t walk)
{
	struct space *s = NULL;

	spin_lock(&inode->pages.lock);
	while (!s && !list_empty(&inode->mappings)) {
		struct vma *vma = list_first(&inode->mappings, struct vma, mapping_link);

		if (vma->walk == walk)
			break;
		vma->walk = walk;
		list_del(&vma->mapping_link);
		list_append(&inode->mappings, &vma->mapping_link);
		if (ref_get_live(&vma->space->ref))
			s = vma->space;
	}
	spin_unlock(&inode->pages.lock);
	return s;
}

/* Drop the pages @first to @last of the file from one area. */
static void area_drop(struct space *s, const struct vma *vma, uint64_t first, uint64_t last)
{
	uint64_t index = vma->offset >> PAGE_SHIFT, nr = (vma->end - vma->start) >> PAGE_SHIFT;
	vaddr_t start, end;

	if (last < index || first >= index + nr)
		return;
	start = first > index ? vma->start + ((first - index) << PAGE_SHIFT) : vma->start;
	end = last - index < nr - 1 ? vma->start + ((last - index + 1) << PAGE_SHIFT) : vma->end;
	space_drop_range(s, vma, start, end, true);
}

static void space_drop_file(struct space *s, const struct inode *inode, uint64_t first, uint64_t last)
{
	struct vma *vma;

	mutex_lock(&s->lock);
	list_for_each(vma, &s->areas, link)
		if (vma->file && vma->file->inode == inode && !vma_is_object(vma) && !(vma->flags & VM_RESIDENT))
			area_drop(s, vma, first, last);
	mutex_unlock(&s->lock);
}

void mapping_unmap(struct inode *inode, uint64_t first, uint64_t last)
{
	static uint64_t walk;
	struct space *s;

	if (list_empty(&inode->mappings))
		return;
	mutex_lock(&mapping_mutex);
	walk++;
	while ((s = mapping_next(inode, walk))) {
		space_drop_file(s, inode, first, last);
		space_put(s);
	}
	mutex_unlock(&mapping_mutex);
}
