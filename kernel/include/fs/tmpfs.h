/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: the two halves of tmpfs, content (tmpfs.c) and names (tmpfs_dir.c). */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include <fs/vfs.h>

#define SEAL_SEAL	0x1u
#define SEAL_SHRINK	0x2u
#define SEAL_GROW	0x4u
#define SEAL_WRITE	0x8u
#define SEAL_FUTURE	0x10u

/* Both counts change atomically and never pass their limit, where that is not 0. */
struct tmpfs {
	uint64_t max_pages, used_pages;
	uint64_t max_inodes, used_inodes;
	mode_t mode;		/* of the root when it was made, and whose it was: told among the options */
	uint32_t uid, gid;
	bool inode32;		/* told, and nothing else */
};

extern const struct inode_ops tmpfs_file_inode_ops;
extern const struct file_ops tmpfs_file_ops;

bool tmpfs_charge(uint64_t *used, uint64_t max, uint64_t n);
void tmpfs_uncharge(uint64_t *used, uint64_t n);
/* An inode of any type within the limits, or ERR_PTR(-ENOSPC, -ENOMEM). */
struct inode *tmpfs_inode(struct super *s, mode_t mode, uint64_t rdev);
void tmpfs_inode_destroy(struct inode *inode);
/* One more (1) or fewer (-1) of those without a name, as @inode is. Any context. */
void tmpfs_removed(struct inode *inode, int more);

#endif
