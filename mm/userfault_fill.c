// SPDX-License-Identifier: GPL-2.0
/*
 * Pages brought in by a program for areas that are watched (mm/userfault.h), its own or another's, and their protection against writes. The
 * content is read without locks; space->lock is taken for each page, for whatever the areas are by then.
 */
#include <asm/paging.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/user.h>
#include "userfault_internal.h"

#define LOOK_PAGES	512u	/* between two looks whether the thread is to die */

struct filling {
	struct userfault *userfault;
	struct space *space;
	vaddr_t to, end;
	uint64_t from;
	enum userfault_fill how;
	bool protect;
};

static bool must_stop(void)
{
	return signal_pending(current) && thread_is_dying();
}

static bool areas_change(const struct userfault *u)
{
	return __atomic_load_n(&u->changing, __ATOMIC_SEQ_CST);
}

/* The watched area that holds all of a range, or NULL. s->lock held. */
static struct vma *watched(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *vma = space_find(s, start);

	return vma && vma->userfault && vma->end >= end ? vma : NULL;
}

static bool is_past_end(const struct vma *vma, vaddr_t v)
{
	return vma->file && vma_file_index(vma, v) >= ALIGN_UP(READ_ONCE(vma->file->inode->size), PAGE_SIZE) >> PAGE_SHIFT;
}

static bool is_of_file(const struct vma *vma)
{
	return vma->flags & VM_SHARED;
}

/* The area as it is now, if the next page can be brought into it. ERR_PTR. s->lock held. */
static struct vma *place(const struct filling *f)
{
	struct vma *vma = areas_change(f->userfault) ? ERR_PTR(-EAGAIN) : watched(f->space, f->to, f->end);

	if (IS_ERR(vma))
		return vma;
	if (!vma)
		return ERR_PTR(-ENOENT);
	if ((f->protect && !(vma->flags & VM_UFFD_WP)) || (f->how == FILL_CONTINUE && !vma->file))
		return ERR_PTR(-EINVAL);
	if (pt_query(f->space->root, f->to, NULL, NULL))
		return ERR_PTR(-EEXIST);
	return is_past_end(vma, f->to) ? ERR_PTR(-EFAULT) : vma;
}

/* Takes over the reference to @page. A protected page is never writable, not for a moment. */
static int enter(const struct filling *f, const struct vma *vma, struct page *page, uint32_t prot)
{
	int err = space_enter_page(f->space, f->to, page, (f->protect ? prot & ~PT_WRITE : prot) | PT_WRITTEN);

	return err || !f->protect ? err : pt_mark(f->space->root, f->to, true);
}

/* ---- One page; s->lock held ---- */

static int fill_own(const struct filling *f, struct vma *vma, struct page *page)
{
	vma->anon = true;
	return enter(f, vma, page, vma_prot(vma->flags));
}

static int fill_zero(const struct filling *f, const struct vma *vma)
{
	return pt_map(f->space->root, f->to, page_paddr(zero_page), vma_prot(vma->flags) & ~PT_WRITE);
}

/* @page becomes the file's. */
static int fill_file(const struct filling *f, const struct vma *vma, struct page *page)
{
	struct inode *inode = vma->file->inode;
	uint64_t index = vma_file_index(vma, f->to);
	int err = tmpfs_page_add(inode, index, page);

	if (err) {
		tmpfs_page_free(inode, page);
		return err;
	}
	err = enter(f, vma, page, vma_prot(vma->flags));
	if (err)
		tmpfs_page_remove(inode, index);
	else
		inode_touch(inode);
	return err;
}

/* What the file has; a first write is its mtime, or makes a copy. */
static int fill_continue(const struct filling *f, const struct vma *vma)
{
	struct page *page = page_tree_get(&vma->file->inode->pages, vma_file_index(vma, f->to));

	return page ? enter(f, vma, page, vma_prot(vma->flags) & ~PT_WRITE) : -EFAULT;
}

/* ---- Pages with content ---- */

/* A frame for the next page: the area's own, or of the file that is counted in *@file. NULL: none is needed. ERR_PTR. */
static struct page *frame_for(const struct filling *f, struct file **file)
{
	struct page *page = NULL;
	struct vma *vma;

	*file = NULL;
	mutex_lock(&f->space->lock);
	vma = place(f);
	if (!IS_ERR(vma) && is_of_file(vma) && f->how != FILL_CONTINUE) {
		*file = vma->file;
		file_get(*file);
	} else if (!IS_ERR(vma) && f->how == FILL_COPY) {
		page = space_frame(f->space);
	}
	mutex_unlock(&f->space->lock);
	if (IS_ERR(vma))
		return ERR_PTR(PTR_ERR(vma));
	if (*file)
		page = tmpfs_page_alloc((*file)->inode, f->how == FILL_ZERO);
	return IS_ERR(page) || (!page && f->how == FILL_COPY) ? ERR_PTR(-ENOMEM) : page;
}

static void frame_drop(struct file *file, struct page *page)
{
	if (page && file)
		tmpfs_page_free(file->inode, page);
	else if (page)
		page_put(page);
}

/* Takes over @page. */
static int fill_locked(const struct filling *f, struct file *file, struct page *page)
{
	struct vma *vma = place(f);
	int err = IS_ERR(vma) ? (int)PTR_ERR(vma) : 0;

	if (!err && f->how != FILL_CONTINUE && (is_of_file(vma) ? vma->file : NULL) != file)
		err = -EAGAIN;	/* it is another area by now */
	if (err) {
		frame_drop(file, page);
		return err;
	}
	if (f->how == FILL_CONTINUE)
		return fill_continue(f, vma);
	if (file)
		return fill_file(f, vma, page);
	return page ? fill_own(f, vma, page) : fill_zero(f, vma);
}

static int fill_page(const struct filling *f)
{
	struct file *file;
	struct page *page = frame_for(f, &file);
	int err = IS_ERR(page) ? (int)PTR_ERR(page) : 0;

	if (!err && f->how == FILL_COPY && copy_from_user(page_addr(page), f->from, PAGE_SIZE)) {
		frame_drop(file, page);
		err = -EFAULT;
	} else if (!err) {
		mutex_lock(&f->space->lock);
		err = fill_locked(f, file, page);
		mutex_unlock(&f->space->lock);
	}
	if (file)
		file_put(file);
	return err;
}

int64_t userfault_fill(struct userfault *u, struct space *s, vaddr_t to, uint64_t from, uint64_t length, enum userfault_fill how, bool protect)
{
	struct filling f = { .userfault = u, .space = s, .to = to, .end = to + length, .from = from, .how = how, .protect = protect };
	int err = 0;

	while (f.to < f.end && !err) {
		err = must_stop() ? -EINTR : fill_page(&f);
		if (err)
			break;
		f.to += PAGE_SIZE;
		f.from += PAGE_SIZE;
	}
	return f.to > to ? (int64_t)(f.to - to) : err;
}

/* ---- Protection ---- */

/* Of a file each page, there or not; of an area's own memory those that are there. */
static int protect_pages(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	unsigned int nr = 0;
	int err = 0;

	for (vaddr_t v = start; !err && v < end && (vma->file || pt_next(s->root, &v, end, NULL, NULL)); v += PAGE_SIZE)
		err = ++nr % LOOK_PAGES || !must_stop() ? pt_mark(s->root, v, true) : -EINTR;
	tlb_flush(s->root, start, end - start);
	return err;
}

int userfault_protect(struct userfault *u, struct space *s, vaddr_t start, uint64_t length, bool on)
{
	const struct vma *vma;
	int err = 0;

	mutex_lock(&s->lock);
	vma = watched(s, start, start + length);
	if (areas_change(u))
		err = -EAGAIN;
	else if (!vma || !(vma->flags & VM_UFFD_WP))
		err = -ENOENT;
	else if (on)
		err = protect_pages(s, vma, start, start + length);
	else
		userfault_unmark(s, start, start + length);
	mutex_unlock(&s->lock);
	return err;
}
