/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of names: inodes (files), dentries (names), mounts, and what a file system implements.
 *
 * Locks, outermost first: inode->lock (content of one file) -> space->lock -> vfs_lock (the shape of the tree: walking, making, removing,
 * renaming, mounting) -> dcache_lock (hash chains and lists of children) -> page_tree.lock. No user memory is touched with vfs_lock
 * held, so a page fault may take it through file_put().
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <fs/file.h>
#include <fs/page_tree.h>
#include <kernel/list.h>
#include <mm/pagecache.h>
#include <uapi/ferry/linux_attribute.h>

struct super;
struct path;
struct pipe;
struct linux_stat;
struct linux_statfs;
struct mount_ns;
struct user_ns;

#define MAY_EXEC	1u
#define MAY_WRITE	2u
#define MAY_READ	4u

struct inode_ops {
	/* A dentry for @name with a reference, made by dentry_create(); ERR_PTR(-ENOENT). NULL op: what is not in the cache is not there. */
	struct dentry *(*lookup)(struct dentry *dir, const char *name, size_t length);
	/* Make a file of any type; @target for symbolic links. The dentry with a reference. NULL op: -EPERM. */
	struct dentry *(*create)(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target);
	/* A file without a name (O_TMPFILE), by a dentry that is not in the tree. NULL op: -EOPNOTSUPP. */
	struct dentry *(*tmpfile)(struct dentry *dir, mode_t mode);
	int (*link)(struct dentry *dir, const char *name, size_t length, struct inode *inode);
	/* Checks are done; directories are still to be found empty (-ENOTEMPTY). */
	int (*unlink)(struct dentry *victim);
	/* Move @from to @name in @dir; @over (may be NULL) goes. @whiteout: a character device 0:0 stays where it was. */
	int (*rename)(struct dentry *from, struct dentry *dir, const char *name, size_t length, struct dentry *over, bool whiteout);
	/* Swap two names. NULL op: -EINVAL. */
	int (*exchange)(struct dentry *a, struct dentry *b);
	/* The text of a symbolic link into @to of @size bytes: its length, or -errno. */
	ssize_t (*readlink)(struct inode *inode, char *to, size_t size);
	/* A link that leads to an object rather than a name: the path with references. NULL op: the text is walked. */
	int (*follow)(struct inode *inode, struct path *to);
	int (*truncate)(struct inode *inode, uint64_t length);	/* inode->lock held */
	struct page *(*get_page)(struct inode *inode, uint64_t index);	/* see mm/pagecache.h */
	void (*destroy)(struct inode *inode);	/* the last reference is gone */
	bool (*valid)(struct inode *inode);	/* false: the thing it stands for is gone */
};

struct inode {
	struct ref ref;
	const struct inode_ops *ops;
	const struct file_ops *fops;	/* of a file opened here; devices and FIFOs bring their own */
	struct super *super;
	uint64_t ino, rdev;
	mode_t mode;			/* type and permissions */
	uint32_t uid, gid;
	uint32_t nlink;			/* guarded by vfs_lock */
	int64_t atime, mtime, ctime, btime;	/* ns since 1970: the years 1677 to 2262 */
	struct mutex lock;		/* writers of the content, size */
	uint64_t size;
	uint64_t nr_pages;		/* guarded by pages.lock */
	struct page_tree pages;
	struct mapping mapping;		/* where it is mapped */
	struct pipe *pipe;		/* of a FIFO while it is open; guarded by fs/pipe.c */
	struct list locks;		/* fs/lock.c */
	struct list leases;		/* fs/lease.c */
	struct list watches;		/* fs/notify.c */
	struct list xattrs;		/* fs/xattr.c; guarded by lock */
	uint32_t nr_readers, nr_writers;	/* open files that only read, that write; atomic, as the next (fs/open_count.c) */
	uint32_t nr_running;		/* address spaces whose program it is */
	uint32_t seals;
	uint8_t write_hint;		/* F_SET_RW_HINT: kept, and nothing else */
	uint8_t attributes;		/* LINUX_FS_*_FL (fs/attribute.c); written with lock held */
	bool linkable;			/* nlink is 0 and link() may give it a name; guarded by vfs_lock */
	bool sized;			/* in memory, and all of it was promised (mm/commit.h) when it was made */
	uint64_t nr_promised;		/* pages of such a file; guarded by lock */
	void *priv;
};

/* What chattr(1) makes of a file: nothing changes it; it only grows; either. Any context. */
static inline bool inode_is_immutable(const struct inode *inode) { return READ_ONCE(inode->attributes) & LINUX_FS_IMMUTABLE_FL; }
static inline bool inode_only_grows(const struct inode *inode) { return READ_ONCE(inode->attributes) & LINUX_FS_APPEND_FL; }
static inline bool inode_is_kept(const struct inode *inode) { return READ_ONCE(inode->attributes) & (LINUX_FS_IMMUTABLE_FL | LINUX_FS_APPEND_FL); }

/* Does a seal (memfd_create(2)) forbid new shared mappings that are written to? memfd.c. Any context. */
bool inode_write_sealed(const struct inode *inode);

/* tmpfs.c. A file whose content lies in memory alone? */
bool inode_is_memory(const struct inode *inode);
/*
 * A frame for such a file, charged and cleared if that is asked for, or not; then one of the other two. ERR_PTR: -ENOSPC, -ENOMEM. Put in as page
 * @index, where nobody saw one before, it is the file's, and the caller's with a reference: 0, or -EEXIST, -ENOMEM.
 */
struct page *tmpfs_page_alloc(struct inode *inode, bool zero);
int tmpfs_page_add(struct inode *inode, uint64_t index, struct page *page);
void tmpfs_page_free(struct inode *inode, struct page *page);
/* Page @index is a hole again. */
void tmpfs_page_remove(struct inode *inode, uint64_t index);

#define DENTRY_HASHED	0x1u	/* lookups find it */
#define DENTRY_REMOVED	0x2u	/* unlinked; open files still have it */
#define DENTRY_NAME_MAX	39

struct dentry {
	struct ref ref;
	uint32_t flags;			/* guarded by dcache_lock */
	struct dentry *parent;		/* counted; a root's is itself */
	struct inode *inode;
	struct list hash_link, sibling, children;	/* guarded by dcache_lock */
	uint64_t cookie, next_cookie;	/* place in the directory; the next child's */
	uint32_t hash;
	uint32_t nr_mounts;		/* mounts on this name; guarded by vfs_lock */
	uint32_t name_length;
	char *name;			/* short_name, or allocated */
	char short_name[DENTRY_NAME_MAX + 1];
};

struct super_ops {
	void (*statfs)(struct super *s, struct linux_statfs *to);
	void (*destroy)(struct super *s);	/* nothing is mounted or open any more */
	void (*show_options)(struct super *s, char *to, size_t size);
	/* Options of fsopen(2) and of a remount: is there such a one (NULL op: any)? Change them: 0, -EINVAL (NULL op: nothing changes). */
	bool (*option_known)(const char *key, const char *value);
	int (*reconfigure)(struct super *s, const char *options);
	bool attributes;	/* files and directories have those of chattr(1) (fs/attribute.c) */
	bool handles;		/* numbers of inodes are never used twice, and each name is in the cache (fs/file_handle.c) */
	/* What a new mount shows, counted, or ERR_PTR; how mountinfo calls what a mount shows. NULL: the root, and its path below that. May sleep. */
	struct dentry *(*mount_root)(struct super *s);
	void (*show_root)(struct seq *s, struct dentry *root);
	bool (*charge)(struct super *s, int64_t pages);	/* room for extended attributes, negative: given back; NULL: none are kept */
};

struct super {
	struct ref ref;			/* one for each mount */
	const struct super_ops *ops;
	const char *type;
	struct dentry *root;
	uint64_t dev, next_ino, magic;
	bool read_only;			/* by every mount */
	uint32_t flags;			/* SUPER_FLAGS_KEPT: told, and nothing else */
	uint32_t nr_writers, nr_removed;	/* plain files that are open for writing; inodes that lost their last name. Atomic */
	struct list watches;		/* fs/notify.c */
	struct user_ns *user_ns;	/* whose namespace it was made in, counted; NULL: the first */
	void *priv;
};

struct path {
	struct mount *mount;
	struct dentry *dentry;
};

struct mount {
	struct ref ref;
	/* Guarded by vfs_lock, to the next gap. */
	struct list link;		/* of all that hang on another, and the first root */
	struct mount *parent;		/* counted; NULL: a root, or detached */
	struct dentry *mountpoint;	/* counted */
	struct list children, sibling;	/* what hangs on it */
	struct mount_ns *ns;		/* of a namespace's root: that; else NULL */
	struct list peers;		/* a ring: each gets what is mounted on the others (fs/mount_group.c) */
	struct list slaves, slave_link;
	struct mount *master;		/* gets what is mounted there */
	uint32_t group;			/* number of the ring; 0: private */
	bool unbindable;
	bool locked;			/* not to be taken off by who did not put it there: what lies below is hidden */
	uint32_t locked_flags;		/* LINUX_MS_*: who copied it for a lesser namespace keeps them */
	struct mount_walk {		/* of the walk under way (fs/mount_group.c) */
		uint64_t number;
		struct mount *next, *from, *copy;
		bool as_slave, made;
	} walk;
	struct mount *twin;		/* its copy, while a tree is copied */
	struct path was_on;		/* while it is given back: where it hung */

	struct dentry *root;		/* counted */
	struct super *super;		/* counted */
	uint32_t flags;			/* LINUX_MS_* */
	uint32_t nr_writers;		/* plain files that were opened here for writing; atomic */
	bool expiring;			/* not used since umount2() with MNT_EXPIRE found it idle; atomic */
	bool detached;			/* a descriptor's alone (mount_tree.c); guarded by vfs_lock */
	uint32_t id;
	struct list watches;		/* fs/notify.c */
	char source[64];
};

struct fs_context {
	struct ref ref;
	uint32_t nr_users;		/* atomic: processes that stand there */
	struct spinlock lock;		/* guards the next three; not taken under locks of processes, whose holders have interrupts off */
	struct path root, cwd;
	mode_t umask;
	uint64_t pivot;			/* the pivot_root() that found it; guarded by the process tree's lock */
};

struct fs_type {
	struct list link;
	const char *name;
	bool nodev;			/* needs no device */
	bool for_users;			/* may be mounted by who is privileged only in a namespace of their own */
	/* A counted super, ERR_PTR. */
	struct super *(*mount)(const char *source, const char *options);
	bool (*option_known)(const char *key, const char *value);	/* as super_ops's */
};

extern struct mutex vfs_lock;
extern struct mount *root_mount;

/* inode.c. A new inode of @s with one reference and times set, or NULL. */
struct inode *inode_create(struct super *s, mode_t mode, const struct inode_ops *ops, const struct file_ops *fops);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
/* May the current process access it as MAY_*? 0, -EACCES; -EPERM: nobody writes to it. @real: with the real ids, as access(2). */
int inode_permission(const struct inode *inode, uint32_t mask);
int inode_permission_as(const struct inode *inode, uint32_t mask, bool real);
bool inode_owner_or_root(const struct inode *inode);
/* May the current thread do to @inode what @cap stands for: in its user namespace, where owner and group have numbers? */
bool inode_privileged(const struct inode *inode, unsigned int cap);
/* The same of what is owned so and has no inode. */
bool owned_privileged(uint32_t uid, uint32_t gid, unsigned int cap);
bool current_in_group(uint32_t gid);	/* by its effective group or one of the supplementary ones */
void inode_stat(const struct inode *inode, struct linux_stat *to);
uint8_t mode_to_dtype(mode_t mode);
uint64_t inodes_used(void);	/* how many there are */
void inode_touch(struct inode *inode);	/* content changed: mtime and ctime now */
/* Content was read by @m (NULL: no mount), a link followed: atime is now, as the mount has it. */
void inode_accessed(struct inode *inode, const struct mount *m);

/* dentry.c. @inode's reference is taken over. Hashed when @hashed. NULL when out of memory. */
struct dentry *dentry_create(struct dentry *parent, const char *name, size_t length, struct inode *inode, bool hashed);
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
/* From the cache, then from the file system: counted, or ERR_PTR. vfs_lock held. */
struct dentry *dentry_lookup(struct dentry *dir, const char *name, size_t length);
/* From the cache only; NULL when not there. */
struct dentry *dentry_find(struct dentry *dir, const char *name, size_t length);
/* A name in the cache, or the root, of inode @ino: counted, or NULL. Looks at every name there is. */
struct dentry *dentry_find_inode(const struct super *s, uint64_t ino);
void dentry_unhash(struct dentry *d);	/* and mark removed */
/* What it is called now, into @to of @size bytes; its parent, counted (itself for a root). */
void dentry_name(struct dentry *d, char *to, size_t size);
struct dentry *dentry_parent_get(struct dentry *d);
/* Give it another name and parent. -ENOMEM. vfs_lock held. */
int dentry_move(struct dentry *d, struct dentry *parent, const char *name, size_t length);
bool dentry_has_children(struct dentry *d);
/* Counted, or NULL. */
struct dentry *dentry_first_child(struct dentry *d);
bool dentry_is_below(const struct dentry *d, const struct dentry *ancestor);
/* file_ops.iterate for directories that live in the cache. */
int dentry_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);
/* The same from position 2 on, for directories with more to tell. True when all were taken. */
bool dentry_emit_children(struct file *f, struct dentry *dir,
			  bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);
bool dir_emit_dots(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);
/* file_ops.seek by SEEK_SET and SEEK_CUR, to any position: for directories and generated text, which have no end to count from. -EINVAL. */
loff_t seek_plain(struct file *f, loff_t offset, int whence);
/* Drop a tree of dentries that were kept by an extra reference each (tmpfs). */
void dentry_drop_tree(struct dentry *root);
void dentry_setup(void);
uint64_t dentries_used(void);

/* path.c */
#define WALK_FOLLOW		0x01u	/* a symbolic link at the end */
#define WALK_PARENT		0x02u	/* stop at the directory of the last name */
#define WALK_CREATE		0x04u	/* a missing last name is no error */
#define WALK_EMPTY		0x08u	/* an empty path is the start itself */
#define WALK_NO_SYMLINKS	0x10u
#define WALK_NO_XDEV		0x20u
#define WALK_BENEATH		0x40u
#define WALK_IN_ROOT		0x80u
#define WALK_NO_MAGICLINKS	0x100u
#define WALK_NO_USE		0x200u	/* the walk is no use of the mount where it ends (mount_put_idle) */

struct walk {
	struct path at;			/* what was found, or its directory; counted */
	struct path root, start;
	uint32_t flags;
	unsigned int nr_links;
	char *buffer;			/* allocated; text points into it */
	const char *text;
	bool missing;			/* WALK_CREATE: nothing there, at is the directory */
	bool trailing;			/* a slash followed the last name */
	mode_t dir_mode;		/* of the directory where the last name was looked up */
	uint32_t dir_uid;
	char last[256];			/* WALK_PARENT and missing: "" for the root, "." and ".." as they are */
	size_t last_length;
};

/* Walk @text from @start (NULL: the current directory). vfs_lock held. On success walk_end() gives back w->at. */
int walk_path(struct walk *w, const struct path *start, const char *text, uint32_t flags);
void walk_end(struct walk *w);
/* The same as one call with the lock taken: a counted path. */
int path_lookup(const struct path *start, const char *text, uint32_t flags, struct path *to);
/* From user memory with @dirfd as *at() calls have it. */
int path_lookup_user(int dirfd, uint64_t utext, uint32_t flags, struct path *to);
/* Where *at() calls start: counted. -EBADF, -ENOTDIR. Absolute @text needs no valid @dirfd. */
int path_start(int dirfd, const char *text, uint32_t flags, struct path *to);
void path_get(const struct path *p);
void path_put(const struct path *p);
/* A kernel copy of a user path: allocated; ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT if empty unless @empty_ok). */
char *path_from_user(uint64_t utext, bool empty_ok);
/* Absolute text of @p as seen from the current root into @buffer; the start inside it, or ERR_PTR(-ERANGE). May sleep. */
char *path_text(const struct path *p, char *buffer, size_t size);
/* The same with vfs_lock held and the root given. */
char *path_text_locked(const struct path *p, const struct path *root, char *buffer, size_t size);
/* The same for getcwd(): "(unreachable)" stands before what is not below the current root. */
char *path_text_cwd(const struct path *p, char *buffer, size_t size);
/* False: cut off from the root or removed. */
bool path_reachable(const struct path *p);
/* The current process's root and directory, counted. */
void fs_get_root(struct path *to);
void fs_get_cwd(struct path *to);
mode_t fs_umask(void);

/* mount.c */
void mount_get(struct mount *m);
void mount_put(struct mount *m);
/* As mount_put(), and notes that nobody uses @m: the next mount_put() forgets that. */
void mount_put_idle(struct mount *m);
/* What is mounted on @p, uncounted, or NULL. vfs_lock held. */
struct mount *mount_on(const struct path *p);
void fs_type_register(struct fs_type *type);
void super_put(struct super *s);
struct super *super_create(const char *type, const struct super_ops *ops, uint64_t magic);
/* What each of them needs that is not allocated there: one reference, no watches. */
void super_init(struct super *s);
/* Attach @s at @where (NULL: as the root of everything). Takes over @s. */
int mount_attach(struct super *s, const struct path *where, const char *source, uint32_t flags);
bool mount_read_only(const struct path *p);
/* Of namespace @ns; NULL: the first. */
void mount_for_each(const struct mount_ns *ns, bool (*fn)(struct mount *m, void *arg), void *arg);
void fs_type_for_each(void (*fn)(struct fs_type *type, void *arg), void *arg);

/* namei.c. Make a directory, node or symbolic link at kernel path @text. -EEXIST, -ENOENT and so on. */
int path_make(const char *text, mode_t mode, uint64_t rdev, const char *target);
/* Remove the file @name of @dir as unlink(2) does. -ENOENT, -EACCES, -EPERM, -EROFS and so on. May sleep. */
int path_remove(const struct path *dir, const char *name);

/* open.c. Open @p (borrowed) with LINUX_O_* and FILE_* flags, permissions unchecked. ERR_PTR. */
struct file *file_open_checked(const struct path *p, uint32_t flags);	/* as open(2) of it would, permissions and all */
struct file *file_open_path(const struct path *p, uint32_t flags);
/* To execute it: who wants to be asked is. */
struct file *file_open_program(const struct path *p);
/* The open file @fd of the current process, counted; one that only says where (O_PATH) is opened to be read. NULL: none, or that failed. */
struct file *fd_get_to_read(int fd);

/* tmpfs.c: also under devtmpfs. */
struct super *tmpfs_super(const char *type, uint64_t max_pages);
extern const struct inode_ops tmpfs_dir_ops;
/* For initramfs, memfd: a file without a name. */
struct file *tmpfs_file_create(const char *name, uint32_t flags);
/* The same with @size bytes of zeroes; @promised: all of its pages at once (mm/commit.h), not each when it comes. ERR_PTR. */
struct file *tmpfs_file_sized(const char *name, uint32_t flags, uint64_t size, bool promised);
/* Another open file of the same inode, with other @flags; NULL without memory. */
struct file *tmpfs_file_again(const struct file *from, uint32_t flags);

/* devtmpfs.c: ops and priv of a device number. -ENXIO. */
int device_open(struct inode *inode, struct file *f);
struct super *devtmpfs_super_get(void);

/* pipe.c */
extern const struct file_ops fifo_ops;

/* Everything that must stand before the first use of a path or node; harmless when done. */
void fs_setup(void);

#endif
