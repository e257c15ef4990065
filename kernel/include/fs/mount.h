/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: how mounts are made, hung and copied, for mount*.c, fs_config.c and pivot_root.c. "Tree": a mount and what hangs on it or below.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <fs/vfs.h>
#include <kernel/namespace.h>

#define DEV_MINOR(minor)	((uint64_t)(minor))	/* anonymous devices have major 0 */
#define MOUNT_FLAGS_KEPT	(LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC | \
				 LINUX_MS_NOATIME | LINUX_MS_NODIRATIME | LINUX_MS_RELATIME | LINUX_MS_NOSYMFOLLOW)
#define MOUNT_ATIME_FLAGS	(LINUX_MS_NOATIME | LINUX_MS_NODIRATIME | LINUX_MS_RELATIME)
#define SUPER_FLAGS_KEPT	(LINUX_MS_SYNCHRONOUS | LINUX_MS_DIRSYNC | LINUX_MS_MANDLOCK | LINUX_MS_LAZYTIME)
#define MOUNT_PROPAGATION	(LINUX_MS_SHARED | LINUX_MS_PRIVATE | LINUX_MS_SLAVE | LINUX_MS_UNBINDABLE)
#define MOUNTS_MAX		10000u	/* in a namespace */

/* Whose mounts are whose: mount_ns.c. */
struct mount_ns {
	struct ns ns;
	struct mount *root;	/* the tree's reference is its own */
	uint32_t nr;		/* mounts in the tree; guarded by vfs_lock */
};

extern struct list mount_list;	/* guarded by vfs_lock */
extern struct mount_ns mount_ns_first;
extern const struct ns_type mount_ns_type;

/* A mount of @root, not hung anywhere, with the one reference of the tree. Takes over the reference to @s. NULL when out of memory. */
struct mount *mount_create(struct super *s, struct dentry *root, const char *source, uint32_t flags);
/* Of what a new mount of @s shows to the current thread; @s stays the caller's. ERR_PTR. May sleep. */
struct mount *mount_create_root(struct super *s, const char *source, uint32_t flags);
/* vfs_lock held, for all up to the next empty line. */
void mount_hang(struct mount *m, const struct path *where);
struct path mount_unhang(struct mount *m);
/* The next one of @top's tree, parents before children; NULL: @m was the last. The same without what hangs on @m. */
struct mount *mount_next(struct mount *m, const struct mount *top);
struct mount *mount_next_beside(struct mount *m, const struct mount *top);
/* In whose tree @m is; NULL: it hangs nowhere. Is that the current thread's? */
struct mount_ns *mount_ns_of(const struct mount *m);
bool mount_is_here(const struct mount *m);
bool mount_is_above(const struct mount *m, const struct mount *below);
/* @at goes up to what is mounted there last. */
void mount_topmost(struct path *at);
/* Takes @m's tree off where it hangs, and what its mounts brought about elsewhere if @spread; all of it is put on @gone. */
void mount_tree_unhang(struct mount *m, bool spread, struct list *gone);

/* Is something mounted on @d in the current thread's namespace? The name @d is gone: so is what hangs on it anywhere. vfs_lock held. */
bool mount_covers_here(const struct dentry *d);
void mount_name_gone(struct dentry *d, struct list *gone);
/* What is on @gone is given back. vfs_lock not held. */
void mount_gone_put(struct list *gone);
/* The same at once for a tree that hangs nowhere, with its last reference, or NULL. vfs_lock not held. */
void mount_tree_drop(struct mount *m);

/* mount_copy.c. What a copy is to what it is a copy of. */
enum mount_kin {
	MOUNT_LIKE,		/* a peer or slave as that is */
	MOUNT_PEER,		/* a peer of it, which is shared */
	MOUNT_SLAVE,		/* gets what is mounted there */
	MOUNT_SLAVE_IF_SHARED,	/* that if it is shared, else as it is */
};
/* How much of a tree: the mount alone; all but what must not be bound; that too, but no mount of a mount namespace, which would keep itself. */
enum mount_extent { MOUNT_ALONE, MOUNT_WHOLE, MOUNT_FOR_NS };
/* @from's tree from @root on, hung nowhere. ERR_PTR(-ENOMEM): what was made is on @gone. vfs_lock held. */
struct mount *mount_copy_tree(struct mount *from, struct dentry *root, enum mount_extent extent, enum mount_kin kin, struct list *gone);
/* For mount(2) and open_tree(2): ERR_PTR(-EINVAL) when that would show what is hidden, is unbindable or elsewhere. vfs_lock not held. */
struct mount *mount_copy(const struct path *from, bool below);
/* Who has a copy of @m's tree is less than who made it: they must not undo what was done. vfs_lock held. */
void mount_tree_lock(struct mount *m);

/* mount_group.c. All with vfs_lock held. */
/* @m is shared, private, a slave or unbindable (one LINUX_MS_*) from now on. */
void mount_set_propagation(struct mount *m, uint32_t type);
/* @copy becomes what @kin says to @m. */
void mount_group_copy(struct mount *copy, struct mount *m, enum mount_kin kin);
/* Hang @m's tree at @where, and copies wherever that spreads to. -ENOSPC: too many mounts; -ENOMEM. Nothing changed then. */
int mount_hang_tree(struct mount *m, const struct path *where, struct list *gone);
/* @m, which hangs, is taken off: so is what it brought about. */
void mount_unhang_spread(struct mount *m, struct list *gone);
/* Would somebody miss what it brought about? */
bool mount_spread_is_busy(struct mount *m);

/* mount_tree.c: move what hangs, or is a descriptor's, with root @root, to @to; *@old is what to put: where it hung. -errno. vfs_lock held. */
int mount_move_locked(struct mount *m, const struct dentry *root, const struct path *to, struct path *old, struct list *gone);
/* A descriptor of @m, which hangs nowhere and is taken over. -errno. */
int mount_install(struct mount *m, bool cloexec);
/* May the current thread change what is mounted where? May it mount what has this type? */
bool mounts_may_change(void);
bool mount_type_allowed(const struct fs_type *type);
/* MOUNT_ATTR_* as the flags of a mount. -EINVAL. */
int mount_flags_of(uint64_t attrs, uint32_t *flags);
/* May @m get these instead of its own? -EPERM: it must keep others. The same, and it does; -EBUSY: it is written to. vfs_lock held. */
int mount_flags_check(const struct mount *m, uint32_t flags);
int mount_flags_change(struct mount *m, uint32_t flags);

/*
 * super_flags.c. Is @key an option of all file systems ("ro")? Then its LINUX_MS_* is in *@set or in *@clear. Those among @options ("size=1m,ro") are
 * taken out. Change @s so: -EBUSY: files are open for writing, or are kept though they have no name. vfs_lock held for the last.
 */
bool super_option(const char *key, uint32_t *set, uint32_t *clear);
void super_options_take(char *options, uint32_t *set, uint32_t *clear);
int super_flags_change(struct super *s, uint32_t set, uint32_t clear);
struct fs_type *fs_type_find(const char *name);

/* nsfs.c: is it a file of a namespace? Of a mount namespace: that, borrowed; else NULL. */
bool inode_is_ns(const struct inode *inode);
const struct ns *mount_ns_of_inode(const struct inode *inode);

#endif
