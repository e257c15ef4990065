/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that a program resolves (userfaultfd(2)): contexts, which are open files (fs/userfaultfd.c), watch areas of one space. mm/userfault.c
 * has the waits, mm/userfault_area.c the areas, mm/userfault_fill.c what resolves.
 */
#ifndef MM_USERFAULT_H
#define MM_USERFAULT_H

#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/wait.h>
#include <mm/space.h>
#include <uapi/ferry/linux_userfault.h>

struct userfault {
	struct ref ref;		/* the file, each area, who waits */
	struct spinlock lock;	/* guards the next four */
	struct list pending, taken;	/* faults that nobody has read, and those that were: each lies on the stack of who waits */
	struct list events;	/* as pending */
	bool released;		/* the file is closed: nobody waits any more */
	struct wait_queue changed;	/* there is something to read */
	uint32_t flags;		/* LINUX_UFFD_USER_MODE_ONLY, LINUX_O_* */
	uint32_t features;	/* LINUX_UFFD_FEATURE_*, and LINUX_UFFD_INITIALIZED once; atomic */
	uint32_t changing;	/* areas change and an event of it has not been read; atomic */
	struct space *space;	/* with the next: userfault.c's spaces_lock. Not counted; NULL: the space is gone */
	struct userfault *next;	/* of its space */
};

/* A context of @s, with one reference; NULL: no memory. */
struct userfault *userfault_create(struct space *s, uint32_t flags);
void userfault_get(struct userfault *u);
/* NULL is fine. Any context that may spin. */
void userfault_put(struct userfault *u);
/* Its space with a reference, or NULL: it is gone. */
struct space *userfault_space(struct userfault *u);
/* The file is closed: its areas are ordinary ones, and nobody waits. May sleep. */
void userfault_release(struct userfault *u);

/*
 * Take one message. 1, 0: there is none; @child: of a fork, the child's context with a reference, to be given back to userfault_forked() then, once
 * or never. Any context that may spin.
 */
int userfault_take(struct userfault *u, struct linux_uffd_msg *msg, struct userfault **child);
/* The descriptor of @child was made: false if who forked does not wait for that any more. */
bool userfault_forked(struct userfault *u, struct userfault *child);
bool userfault_has_messages(struct userfault *u);
/* Faults that were not read, and all. */
void userfault_count(struct userfault *u, uint64_t *pending, uint64_t *total);
/* Whoever waits in the range looks again. */
void userfault_wake(struct userfault *u, vaddr_t start, uint64_t length);

/* Watch a range of @s; @vm_flags: VM_UFFD_*. 0, -EINVAL (not such areas), -EPERM, -EBUSY (another's), -ENOMEM (none there; no memory). May sleep. */
int userfault_register(struct userfault *u, struct space *s, vaddr_t start, vaddr_t end, uint32_t vm_flags);
/* Watch it no more, and wake who waits there. -EINVAL, -ENOMEM. */
int userfault_unregister(struct space *s, vaddr_t start, vaddr_t end);

enum userfault_fill { FILL_COPY, FILL_ZERO, FILL_CONTINUE };

/*
 * Bring in pages of [@to, +@length), which lies in one watched area, until one cannot be: copies of [@from, +@length), zeros, or what the file has.
 * @protect: to be written only after another message. The bytes that were, or -EAGAIN (areas change), -ENOENT (no such area), -EEXIST, -EINVAL,
 * -EFAULT, -ENOMEM. May sleep.
 */
int64_t userfault_fill(struct userfault *u, struct space *s, vaddr_t to, uint64_t from, uint64_t length, enum userfault_fill how, bool protect);
/* Writes to what is there make messages, or no more. 0, -EAGAIN, -ENOENT, -ENOMEM, -EINTR. */
int userfault_protect(struct userfault *u, struct space *s, vaddr_t start, uint64_t length, bool on);

#endif
