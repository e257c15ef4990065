/* SPDX-License-Identifier: GPL-2.0 */
/* What /proc/sys/fs/protected_* forbid the current thread (fs/protected.c). Any context; vfs_lock held where a directory is asked for. */
#ifndef FS_PROTECTED_H
#define FS_PROTECTED_H

#include <fs/vfs.h>

/* May the symbolic link @link in @dir, last in a path, be followed? 0 or -EACCES. */
int protected_follow(const struct inode *link, const struct inode *dir);
/* May @inode get one more name? 0 or -EPERM. */
int protected_link(const struct inode *inode);
/* May @inode, which was there already, be opened by who would have created it in a directory of that mode and owner? 0 or -EACCES. */
int protected_create(const struct inode *inode, mode_t dir_mode, uint32_t dir_uid);

#endif
