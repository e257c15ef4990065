// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to files, told to who marked them (inotify.c, dnotify.c, fanotify.c): inodes, or with a mount or a file system all that is there. A
 * mark does not keep what it marks, which ends its marks when it goes. One lock guards all marks; whoever touches a file asks for it only while
 * there are some (notify_watches).
 */
#include <fs/fanotify.h>
#include <fs/internal.h>
#include <fs/notify.h>
#include <kernel/process.h>

struct spinlock notify_lock = SPINLOCK_INIT("notify");
unsigned int notify_watches, notify_askers;

static struct list *watches_of(const struct notify_mark *m)
{
	if (m->kind == NOTIFY_INODE)
		return &m->inode->watches;
	return m->kind == NOTIFY_MOUNT ? &m->mount->watches : &m->super->watches;
}

void notify_mark_mask(struct notify_mark *m, uint32_t mask)
{
	WRITE_ONCE(notify_askers, notify_askers + !!(mask & NOTIFY_ASKED) - !!(m->mask & NOTIFY_ASKED));
	m->mask = mask;
}

void notify_mark(struct notify_mark *m)
{
	uint32_t mask = m->mask;

	m->mask = 0;
	notify_mark_mask(m, mask);
	list_append(watches_of(m), &m->link);
	__atomic_fetch_add(&notify_watches, 1, __ATOMIC_RELAXED);
}

void notify_unmark(struct notify_mark *m)
{
	notify_mark_mask(m, 0);
	list_del(&m->link);
	__atomic_fetch_sub(&notify_watches, 1, __ATOMIC_RELEASE);	/* an inode may go when it sees none */
}

void notify_group_add(struct notify_event *e, struct notify_group *g)
{
	struct notify_group *before;

	list_for_each(before, &e->groups, link)
		if (before->rank > g->rank)
			break;
	list_append(&before->link, &g->link);
}

static void list_tell(struct list *watches, struct notify_event *e, enum notify_place at)
{
	struct notify_mark *m, *next;

	list_for_each_safe(m, next, watches, link)
		if (m->mask & e->mask & NOTIFY_EVENTS)
			m->tell(m, e, at);
}

/* notify_lock held. */
static void marks_tell(struct notify_event *e)
{
	list_init(&e->groups);
	if (e->mask & NOTIFY_NAMES) {
		list_tell(&e->dir->watches, e, NOTIFY_AT_SELF);
		if (e->new_dir)
			list_tell(&e->new_dir->watches, e, NOTIFY_AT_NEW_DIR);
	} else {
		if (e->dir)
			list_tell(&e->dir->watches, e, NOTIFY_AT_DIR);
		list_tell(&e->inode->watches, e, NOTIFY_AT_SELF);
	}
	if (e->path && e->path->mount)
		list_tell(&e->path->mount->watches, e, NOTIFY_AT_MOUNT);
	list_tell(&e->inode->super->watches, e, NOTIFY_AT_SUPER);
}

/* notify_lock held. */
static void tell_locked(struct notify_event *e)
{
	marks_tell(e);
	while (!list_empty(&e->groups)) {
		struct notify_group *g = list_first(&e->groups, struct notify_group, link);

		list_del(&g->link);
		g->tell(g, e);
	}
}

static void tell(struct notify_event *e)
{
	if (LINUX_S_ISDIR(e->inode->mode))
		e->mask |= LINUX_IN_ISDIR;
	spin_lock(&notify_lock);
	tell_locked(e);
	spin_unlock(&notify_lock);
}

void notify_inode_slow(struct inode *inode, uint32_t mask)
{
	struct notify_event e = { .mask = mask, .inode = inode };

	tell(&e);
}

void notify_name_slow(struct inode *dir, struct inode *inode, const char *name, uint32_t mask, uint32_t cookie)
{
	struct notify_event e = { .mask = mask, .cookie = cookie, .inode = inode, .dir = dir, .name = name };

	tell(&e);
}

void notify_rename(struct inode *inode, struct inode *dir, const char *name, struct inode *new_dir, const char *new_name, struct inode *over)
{
	struct notify_event e = { .mask = LINUX_FAN_RENAME, .inode = inode, .dir = dir, .name = name, .new_dir = new_dir, .new_name = new_name };
	uint32_t cookie = notify_cookie();

	tell(&e);
	notify_name_slow(dir, inode, name, LINUX_IN_MOVED_FROM, cookie);
	notify_name_slow(new_dir, inode, new_name, LINUX_IN_MOVED_TO, cookie);
	if (over)
		notify_inode_slow(over, LINUX_IN_ATTRIB);
	notify_inode_slow(inode, LINUX_IN_MOVE_SELF);
}

/* Does anybody watch what an event at @d is told to? Without the lock: who just comes or goes may miss it. */
static bool is_watched(const struct dentry *d, const struct dentry *parent, const struct mount *m)
{
	return !list_empty(&d->inode->watches) || !list_empty(&parent->inode->watches) || (m && !list_empty(&m->watches)) ||
	       !list_empty(&d->inode->super->watches);
}

/* @fn with the event of @mask at @d, opened at @p (NULL: not): with its directory where somebody cares. */
static int with_dentry(struct dentry *d, const struct path *p, uint32_t mask, int (*fn)(struct notify_event *e))
{
	struct notify_event e = { .mask = mask, .inode = d->inode, .path = p };
	struct dentry *parent = dentry_parent_get(d);
	char name[256];
	int err = 0;

	if (is_watched(d, parent, p ? p->mount : NULL)) {
		dentry_name(d, name, sizeof(name));
		if (parent != d && mask & NOTIFY_CHILD) {
			e.dir = parent->inode;
			e.name = name;
			e.unlinked = d->flags & DENTRY_REMOVED;
		}
		err = fn(&e);
	}
	dentry_put(parent);
	return err;
}

static int tell_one(struct notify_event *e)
{
	tell(e);
	return 0;
}

void notify_dentry_slow(struct dentry *d, uint32_t mask)
{
	with_dentry(d, NULL, mask, tell_one);
}

void notify_file_slow(struct file *f, uint32_t mask)
{
	if (mask & LINUX_FAN_OPEN && f->flags & FILE_EXECUTED)
		mask |= LINUX_FAN_OPEN_EXEC;
	if (f->dentry && !(f->flags & (LINUX_O_PATH | FILE_UNWATCHED)))
		with_dentry(f->dentry, &(struct path){ f->mount, f->dentry }, mask, tell_one);
}

/* One after the other, because a refusal is not told to the rest, each without the lock while it thinks. */
static int ask(struct notify_event *e)
{
	struct fanotify_question q;
	bool asked;
	int err = 0;

	if (LINUX_S_ISDIR(e->inode->mode))
		e->mask |= LINUX_IN_ISDIR;
	do {
		spin_lock(&notify_lock);
		marks_tell(e);
		asked = !list_empty(&e->groups);
		if (asked) {
			struct notify_group *g = list_first(&e->groups, struct notify_group, link);

			e->asked = g->rank;
			fanotify_ask(g, e, &q);
		}
		while (!list_empty(&e->groups))
			list_del(e->groups.next);
		spin_unlock(&notify_lock);
		if (asked)
			err = fanotify_wait(&q);
	} while (asked && !err);
	return err;
}

int notify_ask_slow(const struct path *p, uint32_t mask)
{
	mode_t mode = p->dentry->inode->mode;

	if (!current_process || !(LINUX_S_ISREG(mode) || LINUX_S_ISDIR(mode)))
		return 0;	/* the kernel itself is not to wait for a program */
	return with_dentry(p->dentry, p, mask, ask);
}

/* notify_lock held. */
static void marks_end(struct list *watches)
{
	struct notify_mark *m, *next;

	list_for_each_safe(m, next, watches, link)
		m->end(m);
}

void notify_inode_end_slow(struct inode *inode)
{
	bool unmounted = inode->nlink && !ref_count(&inode->super->ref);
	struct notify_event e = { .mask = inode->nlink ? 0 : LINUX_IN_DELETE_SELF, .inode = inode };

	if (unmounted)
		e.mask = LINUX_IN_UNMOUNT;
	if (LINUX_S_ISDIR(inode->mode))
		e.mask |= LINUX_IN_ISDIR;
	spin_lock(&notify_lock);
	if (e.mask & NOTIFY_EVENTS)
		tell_locked(&e);
	marks_end(&inode->watches);
	spin_unlock(&notify_lock);
}

void notify_end(struct list *watches)
{
	spin_lock(&notify_lock);
	marks_end(watches);
	spin_unlock(&notify_lock);
}

uint32_t notify_cookie(void)
{
	static uint32_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}
