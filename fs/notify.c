// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to files, told to who marked their inodes (inotify.c, dnotify.c). A mark does not keep its inode, which ends its marks when it
 * goes. One lock guards all marks; whoever touches a file asks for it only while there are some (notify_watches).
 */
#include <fs/internal.h>
#include <fs/notify.h>

#define MASK_SELF	(LINUX_IN_DELETE_SELF | LINUX_IN_MOVE_SELF)
#define MASK_EVENTS	(LINUX_IN_ALL_EVENTS | NOTIFY_RENAMED)

struct spinlock notify_lock = SPINLOCK_INIT("notify");
unsigned int notify_watches;

void notify_mark(struct inode *inode, struct notify_mark *m)
{
	m->inode = inode;
	list_append(&inode->watches, &m->inode_link);
	__atomic_fetch_add(&notify_watches, 1, __ATOMIC_RELAXED);
}

void notify_unmark(struct notify_mark *m)
{
	list_del(&m->inode_link);
	__atomic_fetch_sub(&notify_watches, 1, __ATOMIC_RELEASE);	/* an inode may go when it sees none */
}

static void inode_tell(struct inode *inode, const struct notify_event *e)
{
	struct notify_mark *m, *next;

	list_for_each_safe(m, next, &inode->watches, inode_link)
		if (m->mask & e->mask & MASK_EVENTS)
			m->tell(m, e);
}

static void inode_tell_locked(struct inode *inode, const struct notify_event *e)
{
	spin_lock(&notify_lock);
	inode_tell(inode, e);
	spin_unlock(&notify_lock);
}

void notify_inode_slow(struct inode *inode, uint32_t mask)
{
	struct notify_event e = { .mask = mask };

	if (LINUX_S_ISDIR(inode->mode) && !(mask & MASK_SELF))
		e.mask |= LINUX_IN_ISDIR;
	inode_tell_locked(inode, &e);
}

void notify_name_slow(struct inode *dir, const struct inode *inode, const char *name, uint32_t mask, uint32_t cookie)
{
	struct notify_event e = { .mask = mask, .cookie = cookie, .name = name };

	if (inode && LINUX_S_ISDIR(inode->mode))
		e.mask |= LINUX_IN_ISDIR;
	inode_tell_locked(dir, &e);
}

void notify_dentry_slow(struct dentry *d, uint32_t mask)
{
	struct dentry *parent = dentry_parent_get(d);
	struct notify_event e = { .mask = mask };
	char name[256];

	if (LINUX_S_ISDIR(d->inode->mode))
		e.mask |= LINUX_IN_ISDIR;
	if (parent && parent != d && !list_empty(&parent->inode->watches)) {
		dentry_name(d, name, sizeof(name));
		e.name = name;
		e.unlinked = d->flags & DENTRY_REMOVED;
		inode_tell_locked(parent->inode, &e);
	}
	dentry_put(parent);
	e.name = NULL;
	e.unlinked = false;
	inode_tell_locked(d->inode, &e);
}

void notify_file_slow(struct file *f, uint32_t mask)
{
	if (f->dentry && !(f->flags & LINUX_O_PATH))
		notify_dentry_slow(f->dentry, mask);
}

void notify_inode_end_slow(struct inode *inode, uint32_t mask)
{
	struct notify_event e = { .mask = mask };
	struct notify_mark *m, *next;

	spin_lock(&notify_lock);
	inode_tell(inode, &e);
	list_for_each_safe(m, next, &inode->watches, inode_link)
		m->end(m);
	spin_unlock(&notify_lock);
}

uint32_t notify_cookie(void)
{
	static uint32_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}
