/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: telling inotify, dnotify and fanotify what happens. Each call costs one load while nobody watches anything. @mask is LINUX_IN_* and
 * LINUX_FAN_*, which agree; process context, no spinlock held; vfs_lock and inode locks may be, but where a call asks for permission.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <fs/vfs.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fanotify.h>

/* Names that come and go: told to the directory; those that are asked before they happen. */
#define NOTIFY_NAMES	(LINUX_FAN_CREATE | LINUX_FAN_DELETE | LINUX_FAN_MOVED_FROM | LINUX_FAN_MOVED_TO | LINUX_FAN_RENAME)
#define NOTIFY_ASKED	(LINUX_FAN_OPEN_PERM | LINUX_FAN_ACCESS_PERM | LINUX_FAN_OPEN_EXEC_PERM)
/* What happens to a file that its directory is told as well. */
#define NOTIFY_CHILD	(LINUX_FAN_ACCESS | LINUX_FAN_MODIFY | LINUX_FAN_ATTRIB | LINUX_FAN_CLOSE_WRITE | LINUX_FAN_CLOSE_NOWRITE | \
			 LINUX_FAN_OPEN | LINUX_FAN_OPEN_EXEC | NOTIFY_ASKED)
#define NOTIFY_EVENTS	(LINUX_IN_ALL_EVENTS | LINUX_FAN_OPEN_EXEC | LINUX_IN_UNMOUNT | NOTIFY_ASKED | LINUX_FAN_RENAME)

struct notify_event {
	uint32_t mask, cookie;
	struct inode *inode;		/* what it happened to */
	struct inode *dir;		/* where that has a name; NULL: not known */
	const char *name;
	struct inode *new_dir;		/* LINUX_FAN_RENAME: from those to these */
	const char *new_name;
	const struct path *path;	/* how it was opened; NULL: it happened otherwise */
	bool unlinked;			/* the name is no longer there */
	struct list groups;		/* to be told of it once, first those that come first */
	uint64_t asked;			/* the rank of the group that was asked last */
};

/* How a mark is met with. */
enum notify_place { NOTIFY_AT_SELF, NOTIFY_AT_DIR, NOTIFY_AT_NEW_DIR, NOTIFY_AT_MOUNT, NOTIFY_AT_SUPER };

/* Marks that are told together. Guarded by notify_lock. */
struct notify_group {
	struct list link;	/* of an event's groups */
	uint64_t rank;		/* unique, above 0; the least comes first */
	void (*tell)(struct notify_group *g, const struct notify_event *e);
};

struct notify_mark {
	struct list link;
	enum { NOTIFY_INODE, NOTIFY_MOUNT, NOTIFY_SUPER } kind;
	union {				/* uncounted */
		struct inode *inode;
		struct mount *mount;
		struct super *super;
	};
	uint32_t mask;
	/* Told of an event with a bit of the mask; may unmark itself, or put a group on the event's list. */
	void (*tell)(struct notify_mark *m, struct notify_event *e, enum notify_place at);
	void (*end)(struct notify_mark *m);	/* what it marks goes: it must */
};

extern struct spinlock notify_lock;	/* all marks', held by who is told */
extern unsigned int notify_watches;	/* how many marks there are */
extern unsigned int notify_askers;	/* those whose mask has NOTIFY_ASKED */

/* notify_lock held. */
void notify_mark(struct notify_mark *m);
void notify_unmark(struct notify_mark *m);
void notify_mark_mask(struct notify_mark *m, uint32_t mask);
void notify_group_add(struct notify_event *e, struct notify_group *g);

void notify_inode_slow(struct inode *inode, uint32_t mask);
void notify_name_slow(struct inode *dir, struct inode *inode, const char *name, uint32_t mask, uint32_t cookie);
void notify_dentry_slow(struct dentry *d, uint32_t mask);
void notify_file_slow(struct file *f, uint32_t mask);
void notify_inode_end_slow(struct inode *inode);
int notify_ask_slow(const struct path *p, uint32_t mask);
/* Ties the two halves of a rename. */
uint32_t notify_cookie(void);
/* @inode was renamed; @over had that name before (NULL: nobody). */
void notify_rename(struct inode *inode, struct inode *dir, const char *name, struct inode *new_dir, const char *new_name, struct inode *over);

static inline bool notify_wanted(void) { return unlikely(READ_ONCE(notify_watches)); }

/* To watches of @inode itself. */
static inline void notify_inode(struct inode *inode, uint32_t mask)
{
	if (notify_wanted())
		notify_inode_slow(inode, mask);
}

/* Something happened to the name @name of @inode in @dir: to watches of @dir. */
static inline void notify_name(struct inode *dir, struct inode *inode, const char *name, uint32_t mask)
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

/* The same of what happens by an open file, which those of its mount are told too. */
static inline void notify_file(struct file *f, uint32_t mask)
{
	if (notify_wanted())
		notify_file_slow(f, mask);
}

/*
 * May @p be opened, or the open file @f be read, which LINUX_FAN_*_PERM stand for? 0, -EPERM, -ERESTARTSYS: killed. Sleeps until everybody
 * who wants to be asked has answered; no lock may be held that who answers may need.
 */
static inline int notify_ask(const struct path *p, uint32_t mask)
{
	return unlikely(READ_ONCE(notify_askers)) ? notify_ask_slow(p, mask) : 0;
}

static inline int notify_ask_read(const struct file *f)
{
	if (likely(!READ_ONCE(notify_askers)) || !f->dentry || f->flags & FILE_UNWATCHED)
		return 0;
	return notify_ask_slow(&(struct path){ f->mount, f->dentry }, LINUX_FAN_ACCESS_PERM);
}

/* @inode goes: its watches end, after one last event where nothing is left of it. */
static inline void notify_inode_end(struct inode *inode)
{
	if (unlikely(__atomic_load_n(&notify_watches, __ATOMIC_ACQUIRE)))
		notify_inode_end_slow(inode);
}

/* A mount or a file system goes, and the watches @watches of it. */
void notify_end(struct list *watches);

#endif
