// SPDX-License-Identifier: GPL-2.0
/* Files in memory without a name: memfd_create(2) and its seals, and what else the kernel keeps in one. Lock: inode->lock for seals. */
#include <fs/internal.h>
#include <fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>

/* memfd_create(2): files of an instance that is never mounted. */
static struct super *memfd_super;

struct file *tmpfs_file_create(const char *name, uint32_t flags)
{
	struct inode *inode = memfd_super ? tmpfs_inode(memfd_super, LINUX_S_IFREG | 0777, 0) : ERR_PTR(-ENOMEM);
	struct file *f;

	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	inode->nlink = 0;
	tmpfs_removed(inode, 1);
	inode->seals = SEAL_SEAL;
	f = file_alloc(&tmpfs_file_ops, NULL, flags);
	if (!f) {
		inode_put(inode);
		return ERR_PTR(file_alloc_error());
	}
	f->inode = inode;
	inode_get(inode);
	f->dentry = dentry_create(NULL, name, strlen(name), inode, false);
	if (f->dentry)
		return f;
	inode_put(inode);
	file_put(f);
	return ERR_PTR(-ENOMEM);
}

struct file *tmpfs_file_sized(const char *name, uint32_t flags, uint64_t size, bool promised)
{
	struct file *f = tmpfs_file_create(name, flags);
	int err;

	if (IS_ERR(f))
		return f;
	mutex_lock(&f->inode->lock);
	f->inode->sized = promised;
	err = f->inode->ops->truncate(f->inode, size);
	mutex_unlock(&f->inode->lock);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

struct file *tmpfs_file_again(const struct file *from, uint32_t flags)
{
	struct file *f = file_alloc(from->ops, NULL, flags);

	if (!f)
		return NULL;
	f->inode = from->inode;
	f->dentry = from->dentry;
	inode_get(f->inode);
	dentry_get(f->dentry);
	return f;
}

bool inode_write_sealed(const struct inode *inode)
{
	return __atomic_load_n(&inode->seals, __ATOMIC_SEQ_CST) & (SEAL_WRITE | SEAL_FUTURE);
}

/*
 * Under the lock that writes and truncations hold: what they do is done before the seal is there. mmap() takes no such lock but looks at the
 * seals after its area is on the list, so one of the two sees the other.
 */
static int seals_add(struct inode *inode, uint32_t seals)
{
	uint32_t before = inode->seals;
	bool looks = seals & ~before & SEAL_WRITE;

	if (before & SEAL_SEAL)
		return -EPERM;
	if (looks && mapping_may_be_written(&inode->mapping))
		return -EBUSY;
	__atomic_store_n(&inode->seals, before | seals, __ATOMIC_SEQ_CST);
	if (!looks || !mapping_may_be_written(&inode->mapping))
		return 0;
	__atomic_store_n(&inode->seals, before, __ATOMIC_SEQ_CST);
	return -EBUSY;
}

int64_t memfd_fcntl(struct file *f, uint32_t cmd, uint64_t arg)
{
	int64_t result;

	if (!f->inode || f->inode->super != memfd_super)
		return -EINVAL;
	if (cmd != LINUX_F_GET_SEALS && (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		return -EPERM;
	if (cmd != LINUX_F_GET_SEALS && (arg & ~0x1full))
		return -EINVAL;
	mutex_lock(&f->inode->lock);
	result = cmd == LINUX_F_GET_SEALS ? (int)f->inode->seals : seals_add(f->inode, (uint32_t)arg);
	mutex_unlock(&f->inode->lock);
	return result;
}

SYSCALL(NR_memfd_create, memfd_create)
{
	char name[6 + 250] = "memfd:";
	uint32_t flags = args->a[1];
	struct file *f;
	ssize_t n;

	if (flags & ~(LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING | LINUX_MFD_HUGETLB | LINUX_MFD_HUGE_SIZE))
		return -EINVAL;
	if (!(flags & LINUX_MFD_HUGETLB) && (flags & ~(LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING)))
		return -EINVAL;
	n = strncpy_from_user(name + 6, args->a[0], sizeof(name) - 6);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (flags & LINUX_MFD_HUGETLB)
		return -ENOSYS;	/* as Linux without huge pages */
	f = tmpfs_file_create(name, LINUX_O_RDWR | LINUX_O_LARGEFILE);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (flags & LINUX_MFD_ALLOW_SEALING)
		f->inode->seals = 0;
	return fd_install_new(f, flags & LINUX_MFD_CLOEXEC ? LINUX_O_CLOEXEC : 0);
}

static int memfd_init(void)
{
	fs_setup();
	memfd_super = tmpfs_super("memfd", 0);
	return memfd_super ? 0 : -ENOMEM;
}
INITCALL("2fs", memfd_init);
