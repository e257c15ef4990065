/* SPDX-License-Identifier: GPL-2.0 */
/* What the rest of mm/ tells the contexts that watch a space (mm/userfault.h). Everything needs space->lock unless it says otherwise. */
#ifndef MM_USERFAULT_INTERNAL_H
#define MM_USERFAULT_INTERNAL_H

#include <mm/userfault.h>
#include "space_internal.h"

/* An event that is told when space->lock is not held any more. */
struct userfault_note {
	struct userfault_note *next;
	struct userfault *userfault;	/* counted */
	struct userfault *child;	/* of a fork: counted */
	struct linux_uffd_msg msg;
};

/* userfault.c. Is the missing page at @v the program's to bring? */
bool userfault_concerns(struct space *s, const struct vma *vma, vaddr_t v);
/*
 * Wait until somebody resolves the fault at @address, whose lock is let go meanwhile: 0, look again; or an error of space_fault(). A wait of the
 * kernel's for a program ends when its thread dies.
 */
int userfault_wait(struct space *s, struct vma *vma, vaddr_t address, uint32_t access);
/* Tell @msg and wait until it is read. Without locks. @child: of a fork; false: it was not read, and will not be. */
bool userfault_event(struct userfault *u, const struct linux_uffd_msg *msg, struct userfault *child);
/* Nobody refers to the space any more. No lock needed. */
void userfault_space_ends(struct space *s);

/* userfault_area.c. */
/* @copy is the child's of @vma, whose pages it has: watched too if that is told, with their marks, else not. -ENOMEM. */
int userfault_fork(struct space *to, struct space *from, const struct vma *vma, struct vma *copy);
/* @to, which will lie at @new, takes over what lies at [@old, +@length): watched if that is told, else not. -ENOMEM. */
int userfault_move(struct space *s, struct vma *to, vaddr_t old, vaddr_t new, uint64_t length);
/* Then, of the pages that are not there: to @to if that is watched for writes, else nowhere. -ENOMEM. */
int userfault_move_marks(struct space *s, vaddr_t from, const struct vma *to, uint64_t length);
/* No page of the range is protected any more. */
void userfault_unmark(struct space *s, vaddr_t start, vaddr_t end);
/* The range is about to be unmapped. -ENOMEM. */
int userfault_unmapping(struct space *s, vaddr_t start, vaddr_t end);
/* Its pages go, what was protected stays so. */
void userfault_discard(struct space *s, const struct vma *vma, vaddr_t start, vaddr_t end);
/* The pages of the range are about to be given up. Without the lock; waits. */
void userfault_removing(struct space *s, vaddr_t start, vaddr_t end);
static inline struct userfault_note *userfault_notes_take(struct space *s)
{
	struct userfault_note *notes = s->notes;

	s->notes = NULL;
	return notes;
}

/* Tell each event and wait until it is read. Without the lock. @forget: tell none. */
void userfault_tell(struct userfault_note *notes, bool forget);
/* The area is an ordinary one from now on. */
void userfault_leave(struct space *s, struct vma *vma);
/* The areas of @u in @s are. Without the lock. */
void userfault_leave_all(struct userfault *u, struct space *s);

/* Areas have changed: give the lock back, then what went, and tell who watches. */
static inline void space_changed(struct space *s, struct list *dead)
{
	struct userfault_note *notes = userfault_notes_take(s);

	mutex_unlock(&s->lock);
	vma_free_list(dead);
	if (unlikely(notes))
		userfault_tell(notes, false);
}

#endif
