// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/fs/protected_*: what others may have put into directories that everybody may write to is followed, linked or opened by nobody but its
 * owner, as proc_sys_fs(5) says. All of it is off until somebody, as a distribution does, sets it.
 */
#include <fs/node.h>
#include <fs/protected.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <uapi/ferry/linux.h>

static struct proc_limit symlinks = { "sys/fs/protected_symlinks", 0, 0, 1 };
static struct proc_limit hardlinks = { "sys/fs/protected_hardlinks", 0, 0, 1 };
static struct proc_limit fifos = { "sys/fs/protected_fifos", 0, 0, 2 };
static struct proc_limit regular = { "sys/fs/protected_regular", 0, 0, 2 };

int protected_follow(const struct inode *link, const struct inode *dir)
{
	mode_t shared = LINUX_S_ISVTX | 0002;

	if (likely(!READ_ONCE(symlinks.value)) || current->cred.fsuid == link->uid || (dir->mode & shared) != shared || dir->uid == link->uid)
		return 0;
	return -EACCES;
}

/* What its owner's trust is not lent by: a plain file without privileges that the caller may read and write. */
static bool is_harmless(const struct inode *inode)
{
	mode_t group_exec = LINUX_S_ISGID | 0010;

	return LINUX_S_ISREG(inode->mode) && !(inode->mode & LINUX_S_ISUID) && (inode->mode & group_exec) != group_exec &&
	       !inode_permission(inode, MAY_READ | MAY_WRITE);
}

int protected_link(const struct inode *inode)
{
	return likely(!READ_ONCE(hardlinks.value)) || is_harmless(inode) || inode_owner_or_root(inode) ? 0 : -EPERM;
}

/* Devices and sockets need no switch, as on Linux. */
int protected_create(const struct inode *inode, mode_t dir_mode, uint32_t dir_uid)
{
	long level = 1;

	if (LINUX_S_ISFIFO(inode->mode))
		level = READ_ONCE(fifos.value);
	else if (LINUX_S_ISREG(inode->mode))
		level = READ_ONCE(regular.value);
	if (!level || !(dir_mode & LINUX_S_ISVTX) || inode->uid == dir_uid || inode->uid == current->cred.fsuid)
		return 0;
	return dir_mode & 0002 || (dir_mode & 0020 && level > 1) ? -EACCES : 0;
}

static int protected_init(void)
{
	struct proc_limit *limits[] = { &symlinks, &hardlinks, &fifos, &regular };
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_create_limit(limits[i]);
	return err;
}
INITCALL("2fs", protected_init);
