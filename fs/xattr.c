// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes (xattr(7)): user., trusted. and security. names with their values, kept with the inode by file systems that charge for them
 * (super_ops.charge). security.capability, which execve obeys, is checked when it is set. Left out: access control lists (system.), which
 * are refused. Lock: inode->lock.
 */
#include <fs/internal.h>
#include <fs/mount.h>
#include <fs/notify.h>
#include <fs/socket.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

#define NAME_SIZE	256u		/* with the terminator */
#define VALUE_MAX	65536u
#define LIST_MAX	65536u

struct xattr {
	struct list link;
	size_t size;
	uint64_t pages;		/* what was charged for it */
	char *name;		/* behind the value */
	uint8_t value[];
};

/* ---- What an inode has: its lock held ---- */

static struct xattr *find(const struct inode *inode, const char *name)
{
	struct xattr *x;

	list_for_each(x, &inode->xattrs, link)
		if (!strcmp(x->name, name))
			return x;
	return NULL;
}

static void drop(struct inode *inode, struct xattr *x)
{
	list_del(&x->link);
	inode->super->ops->charge(inode->super, -(int64_t)x->pages);
	kfree(x);
}

static struct xattr *create(struct inode *inode, const char *name, const void *value, size_t size)
{
	size_t bytes = sizeof(struct xattr) + size + strlen(name) + 1;
	struct xattr *x;

	if (!inode->super->ops->charge(inode->super, (int64_t)(ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT)))
		return ERR_PTR(-ENOSPC);
	x = kzalloc(bytes);
	if (!x) {
		inode->super->ops->charge(inode->super, -(int64_t)(ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT));
		return ERR_PTR(-ENOMEM);
	}
	x->size = size;
	x->pages = ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;
	memcpy(x->value, value, size);
	x->name = (char *)x->value + size;
	memcpy(x->name, name, strlen(name) + 1);
	return x;
}

static int replace(struct inode *inode, const char *name, const void *value, size_t size, uint32_t flags)
{
	struct xattr *old = find(inode, name), *x;

	if (old && (flags & LINUX_XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & LINUX_XATTR_REPLACE))
		return -ENODATA;
	x = create(inode, name, value, size);
	if (IS_ERR(x))
		return (int)PTR_ERR(x);
	if (old)
		drop(inode, old);
	list_append(&inode->xattrs, &x->link);
	return 0;
}

void xattrs_free(struct inode *inode)
{
	while (!list_empty(&inode->xattrs))
		drop(inode, list_first(&inode->xattrs, struct xattr, link));
}

/* ---- security.capability ---- */

#define FIELD_END(field)	(offsetof(struct linux_vfs_cap_data, field) + sizeof(((struct linux_vfs_cap_data *)0)->field))

static bool is_privileges(const char *name)
{
	return !strcmp(name, "security.capability");
}

/* Only what can be read again may be set. */
static int privileges_check(const struct linux_vfs_cap_data *v, size_t size)
{
	uint32_t revision = size < FIELD_END(data) ? 0 : v->magic & LINUX_VFS_CAP_REVISION_MASK;

	if (size == FIELD_END(data) && revision == LINUX_VFS_CAP_REVISION_2)
		return 0;
	return size == sizeof(*v) && revision == LINUX_VFS_CAP_REVISION_3 ? 0 : -EINVAL;
}

/* What is meant for user 0 is kept without saying so, which is how Linux tells it. */
static int privileges_take(struct linux_vfs_cap_data *v, size_t *size)
{
	int err = privileges_check(v, *size);

	if (!err && *size == sizeof(*v) && !v->root) {
		v->magic = (v->magic & ~LINUX_VFS_CAP_REVISION_MASK) | LINUX_VFS_CAP_REVISION_2;
		*size = FIELD_END(data);
	}
	return err;
}

/* What was set for another root than user 0 is nobody's here. */
int file_privileges_read(struct inode *inode, struct file_privileges *to)
{
	struct linux_vfs_cap_data v = { 0 };
	struct xattr *x;
	size_t size = 0;

	*to = (struct file_privileges){ 0 };
	mutex_lock(&inode->lock);
	x = find(inode, "security.capability");
	if (x) {
		size = x->size;
		memcpy(&v, x->value, MIN(size, sizeof(v)));
	}
	mutex_unlock(&inode->lock);
	if (!x || v.root)
		return 0;
	if (privileges_check(&v, size))
		return -EINVAL;
	to->permitted = (v.data[0].permitted | (uint64_t)v.data[1].permitted << 32) & PRIVILEGES_ALL;
	to->inheritable = (v.data[0].inheritable | (uint64_t)v.data[1].inheritable << 32) & PRIVILEGES_ALL;
	to->effective = v.magic & LINUX_VFS_CAP_FLAGS_EFFECTIVE;
	to->present = true;
	return 0;
}

void file_privileges_forget(struct inode *inode)
{
	struct xattr *x = list_empty(&inode->xattrs) ? NULL : find(inode, "security.capability");

	if (x)
		drop(inode, x);
}

/* ---- Who may do what ---- */

static bool starts_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static int user_name_may(const struct inode *inode, uint32_t mask)
{
	if (!LINUX_S_ISREG(inode->mode) && !LINUX_S_ISDIR(inode->mode))
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (LINUX_S_ISDIR(inode->mode) && (inode->mode & LINUX_S_ISVTX) && (mask & MAY_WRITE) && !inode_owner_or_root(inode))
		return -EPERM;
	return inode_permission(inode, mask);
}

static int name_may(const struct inode *inode, const char *name, uint32_t mask)
{
	if (starts_with(name, "security.") || starts_with(name, "system."))
		return 0;
	if (starts_with(name, "trusted."))
		return privileged(LINUX_CAP_SYS_ADMIN) ? 0 : mask & MAY_WRITE ? -EPERM : -ENODATA;
	return starts_with(name, "user.") ? user_name_may(inode, mask) : inode_permission(inode, mask);
}

/* Does this file system keep attributes of this kind? */
static int name_known(const struct inode *inode, const char *name)
{
	if (!inode->super->ops->charge)
		return -EOPNOTSUPP;
	if (!strcmp(name, "user.") || !strcmp(name, "trusted.") || !strcmp(name, "security."))
		return -EINVAL;
	return starts_with(name, "user.") || starts_with(name, "trusted.") || starts_with(name, "security.") ? 0 : -EOPNOTSUPP;
}

static int may_change(const struct path *p, const char *name)
{
	const struct inode *inode = p->dentry->inode;
	int err = mount_read_only(p) ? -EROFS : inode_is_kept(inode) ? -EPERM : name_may(inode, name, MAY_WRITE);

	if (!err && starts_with(name, "security.") && !privileged(is_privileges(name) ? LINUX_CAP_SETFCAP : LINUX_CAP_SYS_ADMIN))
		err = -EPERM;
	return err ? err : name_known(inode, name);
}

static void changed(const struct path *p)
{
	p->dentry->inode->ctime = time_realtime();
	notify_dentry(p->dentry, LINUX_IN_ATTRIB);
}

/* ---- Calls ---- */

static int name_from_user(char *name, uint64_t uname)
{
	ssize_t n = strncpy_from_user(name, uname, NAME_SIZE);

	return n == -EFAULT ? -EFAULT : n <= 0 ? -ERANGE : 0;
}

/* @a: name, value, size, flags. */
static int64_t do_set(const struct path *p, const uint64_t *a)
{
	struct inode *inode = p->dentry->inode;
	size_t size = a[2];
	char name[NAME_SIZE];
	void *value;
	int err;

	if ((uint32_t)a[3] & ~(LINUX_XATTR_CREATE | LINUX_XATTR_REPLACE))
		return -EINVAL;
	err = name_from_user(name, a[0]);
	if (err)
		return err;
	if (size > VALUE_MAX)
		return -E2BIG;
	value = kzalloc(MAX(size, 1ul));
	if (!value)
		return -ENOMEM;
	err = copy_from_user(value, a[1], size) ? -EFAULT : is_privileges(name) ? privileges_take(value, &size) : 0;
	if (!err)
		err = may_change(p, name);
	if (!err) {
		mutex_lock(&inode->lock);
		err = replace(inode, name, value, size, a[3]);
		mutex_unlock(&inode->lock);
	}
	if (!err)
		changed(p);
	kfree(value);
	return err;
}

/* A copy for the caller, whose memory is not touched under the lock. */
static int64_t value_copy(struct inode *inode, const char *name, void *to, size_t size)
{
	struct xattr *x;
	int64_t n;

	mutex_lock(&inode->lock);
	x = find(inode, name);
	n = !x ? -ENODATA : size && x->size > size ? -ERANGE : (int64_t)x->size;
	if (n > 0 && size)
		memcpy(to, x->value, (size_t)n);
	mutex_unlock(&inode->lock);
	return n;
}

/* The one attribute of a socket, with its terminator, as on Linux. -EOPNOTSUPP: it is another's. */
static int64_t protocol_get(const struct inode *inode, const char *name, uint64_t to, uint64_t size)
{
	const char *protocol = inode ? socket_protocol(inode) : NULL;
	size_t n = protocol ? strlen(protocol) + 1 : 0;

	if (!protocol || strcmp(name, "system.sockprotoname"))
		return -EOPNOTSUPP;
	if (size && size < n)
		return -ERANGE;
	return size && copy_to_user(to, protocol, n) ? -EFAULT : (int64_t)n;
}

static int64_t do_get(const struct path *p, const uint64_t *a)
{
	size_t size = MIN(a[2], (uint64_t)VALUE_MAX);
	char name[NAME_SIZE];
	void *value;
	int64_t n = name_from_user(name, a[0]);

	if (!n)
		n = protocol_get(p->dentry->inode, name, a[1], a[2]);
	if (n != -EOPNOTSUPP)
		return n;
	value = kzalloc(MAX(size, 1ul));
	if (!value)
		return -ENOMEM;
	n = name_may(p->dentry->inode, name, MAY_READ);
	if (!n)
		n = name_known(p->dentry->inode, name);
	if (!n)
		n = value_copy(p->dentry->inode, name, value, size);
	if (n > 0 && size && copy_back_to_user(a[1], value, (size_t)n))
		n = -EFAULT;
	kfree(value);
	return n;
}

/* Names one after another with their terminators; those of "trusted." only for the privileged. */
static int64_t names_copy(struct inode *inode, char *to, size_t size)
{
	bool trusted = privileged(LINUX_CAP_SYS_ADMIN);
	struct xattr *x;
	size_t at = 0;

	mutex_lock(&inode->lock);
	list_for_each(x, &inode->xattrs, link) {
		size_t length = strlen(x->name) + 1;

		if (!trusted && starts_with(x->name, "trusted."))
			continue;
		if (size && at + length <= size)
			memcpy(to + at, x->name, length);
		at += length;
	}
	mutex_unlock(&inode->lock);
	return size && at > size ? -ERANGE : (int64_t)at;
}

static int64_t do_list(const struct path *p, const uint64_t *a)
{
	size_t size = MIN(a[1], (uint64_t)LIST_MAX);
	char *names = kzalloc(MAX(size, 1ul));
	int64_t n;

	if (!names)
		return -ENOMEM;
	n = names_copy(p->dentry->inode, names, size);
	if (n > 0 && size && copy_to_user(a[0], names, (size_t)n))
		n = -EFAULT;
	kfree(names);
	return n;
}

static int64_t do_remove(const struct path *p, const uint64_t *a)
{
	struct inode *inode = p->dentry->inode;
	char name[NAME_SIZE];
	struct xattr *x;
	int64_t err = name_from_user(name, a[0]);

	if (!err)
		err = may_change(p, name);
	if (err)
		return err;
	mutex_lock(&inode->lock);
	x = find(inode, name);
	if (x)
		drop(inode, x);
	mutex_unlock(&inode->lock);
	if (x)
		changed(p);
	return x ? 0 : -ENODATA;
}

typedef int64_t (*xattr_call_t)(const struct path *p, const uint64_t *a);

static int64_t on_path(xattr_call_t call, const struct syscall_args *args, uint32_t walk)
{
	struct path p;
	int64_t err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], walk, &p);

	if (err)
		return err;
	err = call(&p, args->a + 1);
	path_put(&p);
	return err;
}

/* Who may ask for an attribute of @f, which keeps none: files without an inode of their own are root's, and nobody else's. */
static int nothing_may(const struct file *f, const char *name, uint32_t mask)
{
	static const struct inode roots = { .mode = 0600 };
	int err = name_may(f->inode ? f->inode : &roots, name, mask);

	if (!err && mask == MAY_WRITE && starts_with(name, "security.") && !privileged(is_privileges(name) ? LINUX_CAP_SETFCAP : LINUX_CAP_SYS_ADMIN))
		err = -EPERM;
	return err ? err : -EOPNOTSUPP;
}

/* What has no place in a file system (pipes, sockets) keeps none. */
static int64_t on_nothing(xattr_call_t call, const struct file *f, const uint64_t *a)
{
	char name[NAME_SIZE];
	int err = 0;

	if (call == do_set && ((uint32_t)a[3] & ~(LINUX_XATTR_CREATE | LINUX_XATTR_REPLACE)))
		return -EINVAL;
	if (call != do_list)
		err = name_from_user(name, a[0]);
	if (err || call == do_list)
		return err;
	if (call == do_get) {
		int64_t n = protocol_get(f->inode, name, a[1], a[2]);

		if (n != -EOPNOTSUPP)
			return n;
	}
	return nothing_may(f, name, call == do_get ? MAY_READ : MAY_WRITE);
}

static int64_t on_fd(xattr_call_t call, const struct syscall_args *args)
{
	struct file *f = fd_get_io(args->a[0]);
	struct path p;
	int64_t err;

	if (!f)
		return -EBADF;
	p = (struct path){ f->mount, f->dentry };
	err = f->dentry ? call(&p, args->a + 1) : on_nothing(call, f, args->a + 1);
	file_put(f);
	return err;
}

#define XATTR_CALLS(op)									\
	SYSCALL(NR_##op##xattr, op##xattr) { return on_path(do_##op, args, WALK_FOLLOW); }	\
	SYSCALL(NR_l##op##xattr, l##op##xattr) { return on_path(do_##op, args, 0); }		\
	SYSCALL(NR_f##op##xattr, f##op##xattr) { return on_fd(do_##op, args); }

XATTR_CALLS(set)
XATTR_CALLS(get)
XATTR_CALLS(list)
XATTR_CALLS(remove)
