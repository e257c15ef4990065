// SPDX-License-Identifier: GPL-2.0
/*
 * Areas that a program watches (mm/userfault.h): made so and made ordinary ones again, and what becomes of them and of the marks of protected
 * pages when the space is copied or areas move, go or lose their pages. Such changes are noted for who wants to know (struct userfault_note), under
 * space->lock, and told without it; until that is read pages cannot be brought in, for the program does not know yet where they belong.
 */
#include <asm/paging.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include "userfault_internal.h"

/* ---- Events ---- */

static bool wants(const struct userfault *u, uint32_t feature)
{
	return u && READ_ONCE(u->features) & feature;
}

static void changing(struct userfault *u, uint32_t n)
{
	__atomic_fetch_add(&u->changing, n, __ATOMIC_SEQ_CST);
}

/* An event for @u to be told later. Told in the order in which they came. s->lock held. NULL: no memory. */
static struct userfault_note *note_add(struct space *s, struct userfault *u, uint8_t event)
{
	struct userfault_note *n = kzalloc(sizeof(*n)), **at = &s->notes;

	if (!n)
		return NULL;
	n->msg.event = event;
	n->userfault = u;
	userfault_get(u);
	changing(u, 1);
	while (*at)
		at = &(*at)->next;
	*at = n;
	return n;
}

/* The one of a fork was not read: nobody will ever have the child's context. */
static void child_leave(struct userfault *child)
{
	struct space *s = userfault_space(child);

	if (!s)
		return;
	userfault_leave_all(child, s);
	space_put(s);
}

void userfault_tell(struct userfault_note *notes, bool forget)
{
	while (notes) {
		struct userfault_note *n = notes;
		bool told = !forget && userfault_event(n->userfault, &n->msg, n->child);

		if (!told && n->child)
			child_leave(n->child);
		changing(n->userfault, -1u);
		userfault_put(n->child);
		userfault_put(n->userfault);
		notes = n->next;
		kfree(n);
	}
}

static bool is_noted(const struct space *s, const struct userfault *u, vaddr_t start, vaddr_t end)
{
	for (const struct userfault_note *n = s->notes; n; n = n->next)
		if (n->userfault == u && n->msg.event == LINUX_UFFD_EVENT_UNMAP && n->msg.arg.remove.start == start && n->msg.arg.remove.end == end)
			return true;
	return false;
}

int userfault_unmapping(struct space *s, vaddr_t start, vaddr_t end)
{
	for (struct vma *vma = vma_after(s, start); vma && vma->start < end; vma = vma_next(s, vma)) {
		struct userfault_note *n;

		if (!wants(vma->userfault, LINUX_UFFD_FEATURE_EVENT_UNMAP) || is_noted(s, vma->userfault, start, end))
			continue;
		n = note_add(s, vma->userfault, LINUX_UFFD_EVENT_UNMAP);
		if (!n)
			return -ENOMEM;
		n->msg.arg.remove.start = start;
		n->msg.arg.remove.end = end;
	}
	return 0;
}

/* The next context that wants to know of a removal between *@at and @end, counted, and of what; *@at goes behind it. */
static struct userfault *removal_next(struct space *s, vaddr_t *at, vaddr_t end, struct linux_uffd_msg *msg)
{
	struct userfault *u = NULL;
	struct vma *vma;

	mutex_lock(&s->lock);
	for (vma = vma_after(s, *at); vma && vma->start < end && !u; vma = vma_next(s, vma)) {
		if (!wants(vma->userfault, LINUX_UFFD_FEATURE_EVENT_REMOVE))
			continue;
		u = vma->userfault;
		userfault_get(u);
		changing(u, 1);
		msg->arg.remove.start = MAX(*at, vma->start);
		*at = msg->arg.remove.end = MIN(end, vma->end);
	}
	mutex_unlock(&s->lock);
	return u;
}

void userfault_removing(struct space *s, vaddr_t start, vaddr_t end)
{
	struct linux_uffd_msg msg = { .event = LINUX_UFFD_EVENT_REMOVE };
	struct userfault *u;

	while (start < end && (u = removal_next(s, &start, end, &msg))) {
		(void)userfault_event(u, &msg, NULL);
		changing(u, -1u);
		userfault_put(u);
	}
}

/* ---- Marks ---- */

void userfault_unmark(struct space *s, vaddr_t start, vaddr_t end)
{
	for (vaddr_t v = start; pt_next_marked(s->root, &v, end); v += PAGE_SIZE)
		(void)pt_mark(s->root, v, false);
}

/* What a file has stays protected although it is not mapped; a page of the area's own is gone. */
void userfault_discard(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	uint32_t prot;
	paddr_t p;

	for (vaddr_t v = start; pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE) {
		bool marked = vma->file && pt_marked(s->root, v);

		space_drop_range(s, vma, v, v + PAGE_SIZE, true);
		if (marked)
			(void)pt_mark(s->root, v, true);	/* its table is there */
	}
}

int userfault_move_marks(struct space *s, vaddr_t from, const struct vma *to, uint64_t length)
{
	int err = 0;

	for (vaddr_t v = from; !err && pt_next_marked(s->root, &v, from + length); v += PAGE_SIZE) {
		if (to->flags & VM_UFFD_WP)
			err = pt_mark(s->root, to->start + (v - from), true);
		(void)pt_mark(s->root, v, false);
	}
	return err;
}

/* ---- Areas ---- */

void userfault_leave(struct space *s, struct vma *vma)
{
	struct userfault *u = vma->userfault;

	vma->userfault = NULL;
	vma->flags &= ~VM_UFFD;
	userfault_put(u);
}

void userfault_leave_all(struct userfault *u, struct space *s)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma;

	mutex_lock(&s->lock);
	for (vaddr_t at = 0; (vma = vma_after(s, at));) {
		at = vma->end;
		if (vma->userfault != u)
			continue;
		if (vma->flags & VM_UFFD_WP)
			userfault_unmark(s, vma->start, vma->end);
		userfault_leave(s, vma);
		vma_merge(s, vma, &dead);
	}
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
}

int userfault_move(struct space *s, struct vma *to, vaddr_t old, vaddr_t new, uint64_t length)
{
	struct userfault_note *n;

	if (!wants(to->userfault, LINUX_UFFD_FEATURE_EVENT_REMAP)) {
		userfault_leave(s, to);
		return 0;
	}
	n = note_add(s, to->userfault, LINUX_UFFD_EVENT_REMAP);
	if (!n)
		return -ENOMEM;
	n->msg.arg.remap.from = old;
	n->msg.arg.remap.to = new;
	n->msg.arg.remap.len = length;
	return 0;
}

/* The context of the child for areas of @u, as noted in @from. NULL: no memory. */
static struct userfault *child_of(struct space *to, struct space *from, struct userfault *u)
{
	struct userfault_note *n = from->notes;

	while (n && (n->userfault != u || !n->child))
		n = n->next;
	if (n)
		return n->child;
	n = note_add(from, u, LINUX_UFFD_EVENT_FORK);
	if (!n)
		return NULL;
	n->child = userfault_create(to, u->flags);
	if (n->child)
		n->child->features = READ_ONCE(u->features);
	return n->child;
}

int userfault_fork(struct space *to, struct space *from, const struct vma *vma, struct vma *copy)
{
	struct userfault *child = NULL;
	int err = 0;

	if (wants(vma->userfault, LINUX_UFFD_FEATURE_EVENT_FORK)) {
		child = child_of(to, from, vma->userfault);
		if (!child)
			return -ENOMEM;
	}
	if (!child) {
		userfault_leave(to, copy);
		return 0;
	}
	userfault_put(copy->userfault);
	copy->userfault = child;
	userfault_get(child);
	for (vaddr_t v = vma->start; vma->flags & VM_UFFD_WP && !err && pt_next_marked(from->root, &v, vma->end); v += PAGE_SIZE)
		if (vma->file || pt_query(to->root, v, NULL, NULL))
			err = pt_mark(to->root, v, true);
	return err;
}

/* ---- Registering ---- */

static bool may_watch(const struct vma *vma, uint32_t vm_flags)
{
	if (vma_is_object(vma) || vma->flags & VM_RESIDENT)
		return false;
	if (!vma->file)
		return !(vm_flags & VM_UFFD_MINOR);
	return vma->file->inode && inode_is_memory(vma->file->inode);
}

/* Pages are brought in also where the program may not write now, so it must be one who could. */
static bool may_write(const struct vma *vma)
{
	if (!(vma->flags & VM_SHARED))
		return true;
	return (vma->file->flags & LINUX_O_ACCMODE) == LINUX_O_RDWR && !inode_write_sealed(vma->file->inode);
}

/* The first area of a range: NULL with *@err when there is none. */
static struct vma *first_area(struct space *s, vaddr_t start, vaddr_t end, int *err)
{
	struct vma *vma = vma_after(s, start);

	*err = !vma ? -ENOMEM : vma->start >= end ? -EINVAL : 0;
	return *err ? NULL : vma;
}

static int register_check(const struct userfault *u, struct space *s, vaddr_t start, vaddr_t end, uint32_t vm_flags)
{
	struct vma *vma;
	int err;

	for (vma = first_area(s, start, end, &err); vma && vma->start < end; vma = vma_next(s, vma)) {
		if (!may_watch(vma, vm_flags))
			return -EINVAL;
		if (!may_write(vma))
			return -EPERM;
		if (vma->userfault && vma->userfault != u)
			return -EBUSY;
	}
	return err;
}

static void watch(struct userfault *u, struct space *s, struct vma *vma, uint32_t vm_flags)
{
	if (vma->userfault && (vma->flags & vm_flags) == vm_flags)
		return;
	if (vma->flags & VM_UFFD_WP && !(vm_flags & VM_UFFD_WP))
		userfault_unmark(s, vma->start, vma->end);
	if (!vma->userfault)
		userfault_get(u);
	vma->userfault = u;
	vma->flags = (vma->flags & ~VM_UFFD) | vm_flags;
}

int userfault_register(struct userfault *u, struct space *s, vaddr_t start, vaddr_t end, uint32_t vm_flags)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma;
	int err;

	mutex_lock(&s->lock);
	err = register_check(u, s, start, end, vm_flags);
	if (!err)
		err = vma_split_range(s, start, end);
	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		start = vma->end;
		watch(u, s, vma, vm_flags);
		vma_merge(s, vma, &dead);
	}
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}

static int unregister_check(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *vma;
	int err;

	for (vma = first_area(s, start, end, &err); vma && vma->start < end; vma = vma_next(s, vma))
		if (!may_watch(vma, vma->flags))
			return -EINVAL;
	return err;
}

/* Whosever the areas are, as on Linux. */
int userfault_unregister(struct space *s, vaddr_t start, vaddr_t end)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma;
	int err;

	mutex_lock(&s->lock);
	err = unregister_check(s, start, end);
	if (!err)
		err = vma_split_range(s, start, end);
	for (vma = err ? NULL : vma_after(s, start); vma && vma->start < end; vma = vma_after(s, start)) {
		vaddr_t from = vma->start;

		start = vma->end;
		if (!vma->userfault)
			continue;
		if (vma->flags & VM_UFFD_WP)
			userfault_unmark(s, from, start);
		userfault_wake(vma->userfault, from, start - from);
		userfault_leave(s, vma);
		vma_merge(s, vma, &dead);
	}
	mutex_unlock(&s->lock);
	vma_free_list(&dead);
	return err;
}
