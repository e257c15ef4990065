// SPDX-License-Identifier: GPL-2.0
/* Inodes: their life, permissions and what stat() tells of them. */
#include <fs/internal.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define ATIME_OLD_NS	(24 * 3600 * (int64_t)NSEC_PER_SEC)

static struct slab_cache *inode_cache;

struct inode *inode_create(struct super *s, mode_t mode, const struct inode_ops *ops, const struct file_ops *fops)
{
	struct process *p = current ? current_process : NULL;
	struct inode *inode;

	if (!inode_cache)
		inode_cache = slab_create("inode", sizeof(struct inode), 16);
	inode = inode_cache ? slab_alloc(inode_cache) : NULL;
	if (!inode)
		return NULL;
	memset(inode, 0, sizeof(*inode));
	ref_init(&inode->ref);
	inode->ops = ops;
	inode->fops = fops;
	inode->super = s;
	inode->ino = __atomic_add_fetch(&s->next_ino, 1, __ATOMIC_RELAXED);
	inode->mode = mode;
	inode->uid = p ? current->cred.fsuid : 0;
	inode->gid = p ? current->cred.fsgid : 0;
	inode->nlink = 1;
	inode->mtime = (int64_t)time_realtime();
	inode->atime = inode->ctime = inode->btime = inode->mtime;
	mutex_init(&inode->lock, "inode");
	page_tree_init(&inode->pages);
	list_init(&inode->locks);
	list_init(&inode->leases);
	list_init(&inode->watches);
	list_init(&inode->xattrs);
	mapping_init(&inode->mapping, NULL);
	return inode;
}

uint64_t inodes_used(void)
{
	return slab_used(inode_cache);
}

void inode_get(struct inode *inode)
{
	ref_get(&inode->ref);
}

void inode_put(struct inode *inode)
{
	if (!inode || !ref_put(&inode->ref))
		return;
	notify_inode_end(inode);
	xattrs_free(inode);
	if (inode->ops && inode->ops->destroy)
		inode->ops->destroy(inode);
	slab_free(inode_cache, inode);
}

void inode_touch(struct inode *inode)
{
	inode->mtime = inode->ctime = (int64_t)time_realtime();
}

bool owned_privileged(uint32_t uid, uint32_t gid, unsigned int cap)
{
	const struct user_ns *u = current && current_process ? current->cred.user_ns : NULL;

	if (!privileged_here(cap))
		return false;
	return likely(!u) || (id_inside(u, ID_USER, uid) != ID_NONE && id_inside(u, ID_GROUP, gid) != ID_NONE);
}

bool inode_privileged(const struct inode *inode, unsigned int cap)
{
	return owned_privileged(inode->uid, inode->gid, cap);
}

void inode_strip(struct inode *inode)
{
	if (!inode_privileged(inode, LINUX_CAP_FSETID))
		inode->mode &= ~(LINUX_S_ISUID | (inode->mode & 0010 ? LINUX_S_ISGID : 0));
	file_privileges_forget(inode);
}

void inode_accessed(struct inode *inode, const struct mount *m)
{
	uint32_t flags = m ? m->flags : LINUX_MS_RELATIME;
	int64_t now;

	if (flags & (LINUX_MS_NOATIME | LINUX_MS_RDONLY) || inode->attributes & LINUX_FS_NOATIME_FL ||
	    (flags & LINUX_MS_NODIRATIME && LINUX_S_ISDIR(inode->mode)) || inode->super->read_only)
		return;
	now = (int64_t)time_realtime();
	/* relatime: only what is older than the last change, or a day old. */
	if (!(flags & LINUX_MS_RELATIME) || inode->atime <= inode->mtime || inode->atime <= inode->ctime || now - ATIME_OLD_NS >= inode->atime)
		inode->atime = now;
}

void file_accessed(const struct file *f)
{
	if (f->inode && !(f->flags & LINUX_O_NOATIME))
		inode_accessed(f->inode, f->mount);
}

static bool in_group(const struct credentials *c, uint32_t gid, bool real)
{
	return gid == (real ? c->gid : c->fsgid) || credentials_in_groups(c, gid);
}

bool current_in_group(uint32_t gid)
{
	return in_group(&current->cred, gid, false);
}

/* access(2) asks for the real user, who has the privileges only if that is root, unless ids are just ids (SECBIT_NO_SETUID_FIXUP). */
static bool file_privilege(const struct inode *inode, const struct credentials *c, unsigned int cap, bool real)
{
	if (!real || !c || (c->privileges.secure_bits & LINUX_SECBIT_NO_SETUID_FIXUP))
		return inode_privileged(inode, cap);
	if (c->uid != root_of(c->user_ns) || !(c->privileges.permitted & 1ull << cap))
		return false;
	return !c->user_ns || (id_inside(c->user_ns, ID_USER, inode->uid) != ID_NONE && id_inside(c->user_ns, ID_GROUP, inode->gid) != ID_NONE);
}

/* What the mode does not give. Nobody executes what nobody may execute. */
static int permission_beyond(const struct inode *inode, uint32_t mask, const struct credentials *c, bool real)
{
	bool dir = LINUX_S_ISDIR(inode->mode);

	if ((mask & MAY_EXEC) && !dir && !(inode->mode & 0111))
		return -EACCES;
	if (file_privilege(inode, c, LINUX_CAP_DAC_OVERRIDE, real))
		return 0;
	if (mask & (dir ? MAY_WRITE : MAY_WRITE | MAY_EXEC))
		return -EACCES;
	return file_privilege(inode, c, LINUX_CAP_DAC_READ_SEARCH, real) ? 0 : -EACCES;
}

int inode_permission_as(const struct inode *inode, uint32_t mask, bool real)
{
	const struct credentials *c = current_process ? &current->cred : NULL;
	uint32_t uid = !c ? 0 : real ? c->uid : c->fsuid;
	mode_t mode = inode->mode;

	if (mask & MAY_WRITE && unlikely(inode_is_immutable(inode)))
		return -EPERM;
	if (uid == inode->uid)
		mode >>= 6;
	else if (c && in_group(c, inode->gid, real))
		mode >>= 3;
	return (mask & ~mode & 7) ? permission_beyond(inode, mask, c, real) : 0;
}

int inode_permission(const struct inode *inode, uint32_t mask)
{
	return inode_permission_as(inode, mask, false);
}

bool inode_owner_or_root(const struct inode *inode)
{
	return inode_privileged(inode, LINUX_CAP_FOWNER) || current->cred.fsuid == inode->uid;
}

uint8_t mode_to_dtype(mode_t mode)
{
	return (mode & LINUX_S_IFMT) >> 12;
}

void inode_stat(const struct inode *inode, struct linux_stat *to)
{
	*to = (struct linux_stat){
		.st_dev = inode->super->dev, .st_ino = inode->ino, .st_nlink = inode->nlink,
		.st_mode = inode->mode, .st_uid = uid_told(inode->uid), .st_gid = gid_told(inode->gid), .st_rdev = inode->rdev,
		.st_size = inode->size, .st_blksize = PAGE_SIZE, .st_blocks = inode->nr_pages * (PAGE_SIZE / 512),
	};
	time_split(inode->atime, &to->st_atime_sec, &to->st_atime_nsec);
	time_split(inode->mtime, &to->st_mtime_sec, &to->st_mtime_nsec);
	time_split(inode->ctime, &to->st_ctime_sec, &to->st_ctime_nsec);
}
