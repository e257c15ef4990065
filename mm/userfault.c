// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that a program resolves, and events that it is told (userfaultfd(2)): who waits, and for what. A fault or an event lies on the stack of the
 * thread that waits, on a list of its context; whoever ends the wait does so under the context's lock, which the waiting thread takes before it
 * goes on. A program's own instruction waits until any signal comes, the kernel for a program until its thread is to die; nobody waits under a
 * lock that the whole system needs. Locks: space->lock, then the context's; spaces_lock guards which contexts a space has.
 */
#include <asm/paging.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include "userfault_internal.h"

#define READABLE	(LINUX_POLLIN | LINUX_POLLRDNORM)

struct waiting {
	struct list link;
	struct thread *thread;
	vaddr_t address;	/* of a fault, page aligned */
	struct userfault *child;	/* of a fork */
	struct linux_uffd_msg msg;
	bool done, unread;	/* unread: the file was closed before */
};

static struct spinlock spaces_lock = SPINLOCK_INIT("userfault spaces");

/* ---- Contexts ---- */

struct userfault *userfault_create(struct space *s, uint32_t flags)
{
	struct userfault *u = kzalloc(sizeof(*u));

	if (!u)
		return NULL;
	ref_init(&u->ref);
	spin_init(&u->lock, "userfault");
	list_init(&u->pending);
	list_init(&u->taken);
	list_init(&u->events);
	wait_queue_init(&u->changed, "userfault");
	u->flags = flags;
	u->space = s;
	spin_lock(&spaces_lock);
	u->next = s->userfaults;
	s->userfaults = u;
	spin_unlock(&spaces_lock);
	return u;
}

void userfault_get(struct userfault *u)
{
	ref_get(&u->ref);
}

static void leave_space(struct userfault *u)
{
	struct userfault **at;

	spin_lock(&spaces_lock);
	for (at = u->space ? &u->space->userfaults : NULL; at && *at; at = &(*at)->next)
		if (*at == u) {
			*at = u->next;
			break;
		}
	u->space = NULL;
	spin_unlock(&spaces_lock);
}

void userfault_put(struct userfault *u)
{
	if (!u || !ref_put(&u->ref))
		return;
	leave_space(u);
	kfree(u);
}

struct space *userfault_space(struct userfault *u)
{
	struct space *s;

	spin_lock(&spaces_lock);
	s = u->space;
	if (s && !ref_get_live(&s->ref))
		s = NULL;
	spin_unlock(&spaces_lock);
	return s;
}

void userfault_space_ends(struct space *s)
{
	struct userfault *u;

	spin_lock(&spaces_lock);
	for (u = s->userfaults; u; u = u->next)
		u->space = NULL;
	s->userfaults = NULL;
	spin_unlock(&spaces_lock);
}

/* ---- Who waits ---- */

/* u->lock held; the thread may be gone when it is given back. */
static void waiting_end(struct waiting *w)
{
	list_del(&w->link);
	list_init(&w->link);
	WRITE_ONCE(w->done, true);
	sched_wake(w->thread);
}

static void wake_list(struct list *waiting, vaddr_t start, uint64_t length)
{
	struct waiting *w, *next;

	list_for_each_safe(w, next, waiting, link) {
		if (w->address - start >= length)
			continue;
		w->unread = true;
		waiting_end(w);
	}
}

void userfault_wake(struct userfault *u, vaddr_t start, uint64_t length)
{
	spin_lock(&u->lock);
	wake_list(&u->pending, start, length);
	wake_list(&u->taken, start, length);
	spin_unlock(&u->lock);
}

void userfault_release(struct userfault *u)
{
	struct space *s = userfault_space(u);

	if (s) {
		userfault_leave_all(u, s);
		space_put(s);
	}
	spin_lock(&u->lock);
	u->released = true;
	wake_list(&u->pending, 0, UINT64_MAX);
	wake_list(&u->taken, 0, UINT64_MAX);
	wake_list(&u->events, 0, UINT64_MAX);
	spin_unlock(&u->lock);
}

/* False: the file is closed. */
static bool waiting_begin(struct userfault *u, struct waiting *w, struct list *on)
{
	bool open;

	spin_lock(&u->lock);
	open = !u->released;
	if (open)
		list_append(on, &w->link);
	spin_unlock(&u->lock);
	if (open)
		wait_wake(&u->changed, READABLE);
	return open;
}

/* The process ends, or its memory is being written to a core file; the program that could resolve it may be gone. */
static bool is_ending(void)
{
	const struct process *p = current_process;

	return READ_ONCE(p->exiting) || READ_ONCE(current->exiting) || READ_ONCE(p->attention) & PROCESS_DUMPING;
}

/* 0, or -EINTR. */
static int waiting_sleep(const struct waiting *w, enum sleep_end how)
{
	int err = 0;

	while (!err) {
		sleep_prepare(how);
		if (READ_ONCE(w->done)) {
			sleep_cancel();
			break;
		}
		if (how == SLEEP_DEATH && is_ending()) {
			sleep_cancel();
			err = -EINTR;
		} else {
			err = schedule_timeout(TIME_FOREVER);
		}
	}
	return err;
}

/* Nobody has it on a list any more. Was it answered? */
static bool waiting_over(struct userfault *u, struct waiting *w)
{
	bool done;

	spin_lock(&u->lock);
	done = w->done;
	if (!done)
		list_del(&w->link);
	spin_unlock(&u->lock);
	return done;
}

/* ---- Faults ---- */

/* LINUX_UFFD_FAULT_* of a fault at @v but whether it writes: protected, in the file, or missing. */
static uint64_t reason(struct space *s, const struct vma *vma, vaddr_t v)
{
	struct page *page;

	if (pt_query(s->root, v, NULL, NULL))
		return LINUX_UFFD_FAULT_WP;
	page = vma->file ? page_tree_get(&vma->file->inode->pages, vma_file_index(vma, v)) : NULL;
	if (!page)
		return 0;
	page_put(page);
	return LINUX_UFFD_FAULT_MINOR;
}

bool userfault_concerns(struct space *s, const struct vma *vma, vaddr_t v)
{
	if (vma->file && vma_file_index(vma, v) >= ALIGN_UP(READ_ONCE(vma->file->inode->size), PAGE_SIZE) >> PAGE_SHIFT)
		return false;
	return vma->flags & (reason(s, vma, v) ? VM_UFFD_MINOR : VM_UFFD_MISSING);
}

/* 0, or why the fault cannot wait. */
static int may_wait(const struct userfault *u, bool user)
{
	if (!current->process)
		return -EFAULT;
	if (is_ending())
		return user ? -EINTR : -EFAULT;
	if (READ_ONCE(u->features) & LINUX_UFFD_FEATURE_SIGBUS)
		return user ? -EIO : -EFAULT;
	if (!user && (u->flags & LINUX_UFFD_USER_MODE_ONLY || futex_pi_held()))
		return -EFAULT;
	return 0;
}

/* Gives back the reference to @u. */
static int fault_sleep(struct userfault *u, struct waiting *w, bool waits, bool user)
{
	int err = waits ? waiting_sleep(w, user ? SLEEP_SIGNAL : SLEEP_DEATH) : 0;

	if (waits && waiting_over(u, w))
		err = 0;
	userfault_put(u);
	return err;
}

int userfault_wait(struct space *s, struct vma *vma, vaddr_t address, uint32_t access)
{
	struct userfault *u = vma->userfault;
	uint32_t features = READ_ONCE(u->features);
	bool user = access & ACCESS_USER, waits;
	struct waiting w = { .thread = current, .address = address & PAGE_MASK, .msg.event = LINUX_UFFD_EVENT_PAGEFAULT };
	int err = may_wait(u, user);

	if (err)
		return err;
	w.msg.arg.pagefault.flags = reason(s, vma, w.address) | (access & VM_WRITE ? LINUX_UFFD_FAULT_WRITE : 0);
	w.msg.arg.pagefault.address = features & LINUX_UFFD_FEATURE_EXACT_ADDRESS ? address : w.address;
	w.msg.arg.pagefault.ptid = features & LINUX_UFFD_FEATURE_THREAD_ID ? (uint32_t)current->own_tid : 0;
	userfault_get(u);
	waits = waiting_begin(u, &w, &u->pending);
	mutex_unlock(&s->lock);
	err = fault_sleep(u, &w, waits, user);
	mutex_lock(&s->lock);
	return err;
}

/* ---- Messages ---- */

int userfault_take(struct userfault *u, struct linux_uffd_msg *msg, struct userfault **child)
{
	struct waiting *w;
	int found = 1;

	*child = NULL;
	spin_lock(&u->lock);
	if (!list_empty(&u->pending)) {
		w = list_first(&u->pending, struct waiting, link);
		*msg = w->msg;
		list_del(&w->link);
		list_append(&u->taken, &w->link);
	} else if (!list_empty(&u->events)) {
		w = list_first(&u->events, struct waiting, link);
		*msg = w->msg;
		*child = w->child;
		if (w->child)
			userfault_get(w->child);
		else
			waiting_end(w);
	} else {
		found = 0;
	}
	spin_unlock(&u->lock);
	return found;
}

bool userfault_forked(struct userfault *u, struct userfault *child)
{
	struct waiting *w;
	bool found = false;

	spin_lock(&u->lock);
	list_for_each(w, &u->events, link) {
		if (w->child != child)
			continue;
		waiting_end(w);
		found = true;
		break;
	}
	spin_unlock(&u->lock);
	return found;
}

bool userfault_has_messages(struct userfault *u)
{
	bool has;

	spin_lock(&u->lock);
	has = !list_empty(&u->pending) || !list_empty(&u->events);
	spin_unlock(&u->lock);
	return has;
}

void userfault_count(struct userfault *u, uint64_t *pending, uint64_t *total)
{
	const struct waiting *w;

	*pending = *total = 0;
	spin_lock(&u->lock);
	list_for_each(w, &u->pending, link)
		(*pending)++;
	list_for_each(w, &u->taken, link)
		(*total)++;
	spin_unlock(&u->lock);
	*total += *pending;
}

bool userfault_event(struct userfault *u, const struct linux_uffd_msg *msg, struct userfault *child)
{
	struct waiting w = { .thread = current, .msg = *msg, .child = child };

	if (!waiting_begin(u, &w, &u->events))
		return false;
	(void)waiting_sleep(&w, SLEEP_DEATH);
	return waiting_over(u, &w) && !w.unread;
}
