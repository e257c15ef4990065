// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of files that chattr(1) sets, on file systems that have them (super_ops.attributes): immutable, only to be appended to, not to
 * be dumped, without times of access. As flags (LINUX_FS_*_FL) and as those of struct linux_fsxattr, of which nothing else is kept. What they
 * forbid is asked by inode_is_immutable() and its kin (fs/vfs.h). Lock: inode->lock.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux_attribute.h>
#include <uapi/ferry/linux_fs.h>

#define FLAGS_KEPT	(LINUX_FS_IMMUTABLE_FL | LINUX_FS_APPEND_FL | LINUX_FS_NODUMP_FL | LINUX_FS_NOATIME_FL)
#define FLAGS_INHERITED	(LINUX_FS_NODUMP_FL | LINUX_FS_NOATIME_FL)

/* What both forms can say. */
static const struct { uint32_t flag, xflag; } common[] = {
	{ LINUX_FS_SYNC_FL, LINUX_FS_XFLAG_SYNC }, { LINUX_FS_IMMUTABLE_FL, LINUX_FS_XFLAG_IMMUTABLE },
	{ LINUX_FS_APPEND_FL, LINUX_FS_XFLAG_APPEND }, { LINUX_FS_NODUMP_FL, LINUX_FS_XFLAG_NODUMP },
	{ LINUX_FS_NOATIME_FL, LINUX_FS_XFLAG_NOATIME }, { LINUX_FS_DAX_FL, LINUX_FS_XFLAG_DAX },
	{ LINUX_FS_PROJINHERIT_FL, LINUX_FS_XFLAG_PROJINHERIT },
};

/* A change in both forms. */
struct change {
	uint32_t flags;
	struct linux_fsxattr x;
};

static uint32_t to_xflags(uint32_t flags)
{
	uint32_t x = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(common); i++)
		x |= flags & common[i].flag ? common[i].xflag : 0;
	return x;
}

/* What flags cannot say is left out; *@rest: it. */
static uint32_t to_flags(uint32_t xflags, uint32_t *rest)
{
	uint32_t flags = 0;

	*rest = xflags;
	for (unsigned int i = 0; i < ARRAY_SIZE(common); i++) {
		flags |= xflags & common[i].xflag ? common[i].flag : 0;
		*rest &= ~common[i].xflag;
	}
	return flags;
}

uint8_t attributes_inherited(const struct inode *dir)
{
	return READ_ONCE(dir->attributes) & FLAGS_INHERITED;
}

/* Projects are the first namespace's to change; sizes of extents belong to files or to directories. */
static int extras_check(const struct inode *inode, const struct change *c)
{
	const struct linux_fsxattr *x = &c->x;
	bool dir = LINUX_S_ISDIR(inode->mode);

	if (current->cred.user_ns ? x->fsx_projid || x->fsx_xflags & LINUX_FS_XFLAG_PROJINHERIT : x->fsx_projid == ~0u)
		return -EINVAL;
	return x->fsx_xflags & (dir ? LINUX_FS_XFLAG_EXTSIZE : LINUX_FS_XFLAG_EXTSZINHERIT) ? -EINVAL : 0;
}

/* Flags of a size that is 0 are as if they were not given. */
static bool has_extras(const struct change *c)
{
	const struct linux_fsxattr *x = &c->x;
	uint32_t rest;

	to_flags(x->fsx_xflags, &rest);
	rest &= ~(LINUX_FS_XFLAG_EXTSIZE | LINUX_FS_XFLAG_EXTSZINHERIT | LINUX_FS_XFLAG_COWEXTSIZE);
	return rest || x->fsx_extsize || x->fsx_projid || x->fsx_cowextsize;
}

/* inode->lock held. The order of the checks is Linux's. */
static int attributes_set(struct inode *inode, const struct change *c)
{
	int err;

	if ((c->flags ^ inode->attributes) & (LINUX_FS_IMMUTABLE_FL | LINUX_FS_APPEND_FL) && !privileged(LINUX_CAP_LINUX_IMMUTABLE))
		return -EPERM;
	err = extras_check(inode, c);
	if (err)
		return err;
	if (has_extras(c) || c->flags & ~FLAGS_KEPT)
		return -EOPNOTSUPP;
	WRITE_ONCE(inode->attributes, (uint8_t)c->flags);
	inode->ctime = time_realtime();
	return 0;
}

static bool has_attributes(const struct inode *inode)
{
	return inode && inode->super->ops->attributes && (LINUX_S_ISREG(inode->mode) || LINUX_S_ISDIR(inode->mode));
}

static int64_t change(struct file *f, const struct change *c)
{
	const struct path p = { f->mount, f->dentry };
	int err;

	if (mount_read_only(&p))
		return -EROFS;
	if (!has_attributes(f->inode))
		return -ENOTTY;
	if (!inode_owner_or_root(f->inode))
		return -EPERM;
	mutex_lock(&f->inode->lock);
	err = attributes_set(f->inode, c);
	mutex_unlock(&f->inode->lock);
	return err;
}

static int64_t get_extended(const struct inode *inode, uint64_t uarg)
{
	struct linux_fsxattr x = { .fsx_xflags = to_xflags(READ_ONCE(inode->attributes)) };

	return copy_to_user(uarg, &x, sizeof(x)) ? -EFAULT : 0;
}

static int64_t set_extended(struct file *f, uint64_t uarg)
{
	struct change c;
	uint32_t rest;

	if (copy_from_user(&c.x, uarg, sizeof(c.x)))
		return -EFAULT;
	c.flags = to_flags(c.x.fsx_xflags, &rest);
	return change(f, &c);
}

static int64_t set_flags(struct file *f, uint64_t uarg)
{
	struct change c = { 0 };

	if (get_user32(&c.flags, uarg))
		return -EFAULT;
	c.x.fsx_xflags = to_xflags(c.flags);
	return change(f, &c);
}

int64_t attribute_ioctl(struct file *f, uint32_t cmd, uint64_t uarg)
{
	if (cmd == LINUX_FS_IOC_SETFLAGS)
		return set_flags(f, uarg);
	if (cmd == LINUX_FS_IOC_FSSETXATTR)
		return set_extended(f, uarg);
	if (!has_attributes(f->inode))
		return -ENOTTY;
	if (cmd == LINUX_FS_IOC_FSGETXATTR)
		return get_extended(f->inode, uarg);
	return put_user32(uarg, READ_ONCE(f->inode->attributes)) ? -EFAULT : 0;
}
