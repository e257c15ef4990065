/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: how mounts are made and hung, for mount.c and the calls: mount_calls.c, mount_tree.c, fs_config.c, pivot_root.c. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <fs/vfs.h>

#define DEV_MINOR(minor)	((uint64_t)(minor))	/* anonymous devices have major 0 */
#define MOUNT_FLAGS_KEPT	(LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC | LINUX_MS_SYNCHRONOUS | \
				 LINUX_MS_NOATIME | LINUX_MS_NODIRATIME | LINUX_MS_RELATIME | LINUX_MS_NOSYMFOLLOW)

extern struct list mount_list;	/* guarded by vfs_lock */

/* A mount of @root, not hung anywhere, with the one reference of the tree. Takes over the reference to @s. NULL when out of memory. */
struct mount *mount_create(struct super *s, struct dentry *root, const char *source, uint32_t flags);
/* vfs_lock held. */
void mount_hang(struct mount *m, const struct path *where);
struct path mount_unhang(struct mount *m);
/* mount_tree.c. One that hangs on @m, NULL: none does. vfs_lock held. */
struct mount *mount_child(const struct mount *m);
/* What hangs on @m or below goes. vfs_lock not held. */
void mount_drop_below(struct mount *m);
/* A mount of what lies at @from, hung nowhere, with what is mounted @below it. NULL when out of memory. vfs_lock not held. */
struct mount *mount_copy(const struct path *from, bool below);
/* A descriptor of @m, which hangs nowhere and is taken over. -errno. */
int mount_install(struct mount *m, bool cloexec);
/* May the current thread change what is mounted where? */
bool mounts_may_change(void);
/* MOUNT_ATTR_* as the flags of a mount. -EINVAL. */
int mount_flags_of(uint64_t attrs, uint32_t *flags);
struct fs_type *fs_type_find(const char *name);

#endif
