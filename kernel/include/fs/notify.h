/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: telling inotify and dnotify what happens. Each call costs one load while nobody watches anything. @mask is LINUX_IN_*; process context,
 * no spinlock held; vfs_lock and inode locks may be.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <fs/vfs.h>
#include <uapi/ferry/linux.h>

#define NOTIFY_RENAMED	0x10000u	/* beside LINUX_IN_*: a name was changed within its directory */

struct notify_event {
	uint32_t mask, cookie;
	const char *name;	/* in the directory that is told; NULL: it is told of itself */
	bool unlinked;		/* the name is no longer there */
};

struct notify_mark {
	struct list inode_link;
	struct inode *inode;	/* uncounted */
	uint32_t mask;
	/* Told of an event with a bit of the mask; may unmark itself. */
	void (*tell)(struct notify_mark *m, const struct notify_event *e);
	void (*end)(struct notify_mark *m);	/* the inode goes: it must */
};

extern struct spinlock notify_lock;	/* all marks', held by who is told */
extern unsigned int notify_watches;	/* how many marks there are */

/* notify_lock held. */
void notify_mark(struct inode *inode, struct notify_mark *m);
void notify_unmark(struct notify_mark *m);

void notify_inode_slow(struct inode *inode, uint32_t mask);
void notify_name_slow(struct inode *dir, const struct inode *inode, const char *name, uint32_t mask, uint32_t cookie);
void notify_dentry_slow(struct dentry *d, uint32_t mask);
void notify_file_slow(struct file *f, uint32_t mask);
void notify_inode_end_slow(struct inode *inode, uint32_t mask);
/* Ties the two halves of a rename. */
uint32_t notify_cookie(void);

static inline bool notify_wanted(void) { return unlikely(READ_ONCE(notify_watches)); }

/* To watches of @inode itself. */
static inline void notify_inode(struct inode *inode, uint32_t mask)
{
	if (notify_wanted())
		notify_inode_slow(inode, mask);
}

/* Something happened to the name @name of @inode in @dir: to watches of @dir. */
static inline void notify_name(struct inode *dir, const struct inode *inode, const char *name, uint32_t mask)
{
	if (notify_wanted())
		notify_name_slow(dir, inode, name, mask, 0);
}

/* To watches of the inode, and of the directory with its name. */
static inline void notify_dentry(struct dentry *d, uint32_t mask)
{
	if (notify_wanted())
		notify_dentry_slow(d, mask);
}

static inline void notify_file(struct file *f, uint32_t mask)
{
	if (notify_wanted())
		notify_file_slow(f, mask);
}

/* @inode goes: its watches end, after one last event (0: none). */
static inline void notify_inode_end(struct inode *inode, uint32_t mask)
{
	if (unlikely(__atomic_load_n(&notify_watches, __ATOMIC_ACQUIRE)))
		notify_inode_end_slow(inode, mask);
}

#endif
