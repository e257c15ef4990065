// SPDX-License-Identifier: GPL-2.0
/*
 * Files by handle: name_to_handle_at(2), open_by_handle_at(2). A handle is an inode number, which files in memory never use twice; it leads
 * back to a name that the file has now. Left out: files without any name, which Linux finds while they are open (ESTALE here).
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

#define HANDLE_MAX	128u	/* MAX_HANDLE_SZ */
#define TYPE_INODE	1	/* FILEID_INO32_GEN, what Linux's tmpfs has */
#define TYPE_INVALID	0xff

struct file_handle {
	uint32_t bytes;
	int32_t type;
	uint32_t words[3];	/* generation, number: low, high */
};

#define HEADER_BYTES	offsetof(struct file_handle, words)
#define WORDS_BYTES	(sizeof(struct file_handle) - HEADER_BYTES)

static int64_t tell(const struct path *p, uint64_t uhandle, uint64_t umount_id)
{
	uint64_t ino = p->dentry->inode->ino;
	struct file_handle h = { 0 };
	bool fits;

	if (!p->mount->super->ops->handles)
		return -EOPNOTSUPP;
	if (copy_from_user(&h, uhandle, HEADER_BYTES))
		return -EFAULT;
	if (h.bytes > HANDLE_MAX)
		return -EINVAL;
	fits = h.bytes >= WORDS_BYTES;
	h = (struct file_handle){ WORDS_BYTES, fits ? TYPE_INODE : TYPE_INVALID, { 0, (uint32_t)ino, (uint32_t)(ino >> 32) } };
	if (put_user32(umount_id, p->mount->id) || copy_to_user(uhandle, &h, HEADER_BYTES + (fits ? WORDS_BYTES : 0)))
		return -EFAULT;
	return fits ? 0 : -EOVERFLOW;
}

size_t file_handle_fill(void *to, uint64_t ino)
{
	struct file_handle h = { WORDS_BYTES, TYPE_INODE, { 0, (uint32_t)ino, (uint32_t)(ino >> 32) } };

	_Static_assert(sizeof(h) - 8 == FILE_HANDLE_BYTES, "as internal.h says");
	memcpy(to, &h, sizeof(h));
	return sizeof(h);
}

void file_handle_show(struct seq *s, const struct inode *inode)
{
	struct file_handle h = { .words = { 0, (uint32_t)inode->ino, (uint32_t)(inode->ino >> 32) } };
	const uint8_t *b = (const uint8_t *)h.words;

	if (!inode->super->ops->handles)
		return;
	seq_printf(s, "fhandle-bytes:%x fhandle-type:%x f_handle:", (unsigned int)WORDS_BYTES, TYPE_INODE);
	for (unsigned int i = 0; i < WORDS_BYTES; i++)
		seq_printf(s, "%02x", b[i]);
}

/* name_to_handle_at(dfd, path, handle, mount_id, flags) */
SYSCALL(NR_name_to_handle_at, name_to_handle_at)
{
	uint32_t flags = (uint32_t)args->a[4];
	struct path p;
	int64_t err;

	if (flags & ~(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	err = path_lookup_user((int)args->a[0], args->a[1], (flags & LINUX_AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
			       (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0), &p);
	if (err)
		return err;
	err = tell(&p, args->a[2], args->a[3]);
	path_put(&p);
	return err;
}

static int handle_get(struct file_handle *h, uint64_t from)
{
	if (copy_from_user(h, from, HEADER_BYTES))
		return -EFAULT;
	if (!h->bytes || h->bytes > HANDLE_MAX)
		return -EINVAL;
	if (h->bytes < WORDS_BYTES)	/* more is not looked at; the type is not looked at, as on Linux */
		return -ESTALE;
	return copy_from_user(h->words, from + HEADER_BYTES, WORDS_BYTES) ? -EFAULT : 0;
}

/* The mount that a descriptor or the current directory is in, with a reference. */
static int mount_of(int fd, struct mount **m)
{
	struct path cwd;
	struct file *f;

	if (fd == LINUX_AT_FDCWD) {
		fs_get_cwd(&cwd);
		*m = cwd.mount;
		mount_get(*m);
		path_put(&cwd);
		return 0;
	}
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	*m = f->mount;
	mount_get(*m);
	file_put(f);
	return *m ? 0 : -ESTALE;
}

static int64_t open_in(struct mount *m, const struct file_handle *h, uint32_t flags)
{
	struct path p = { m, NULL };
	struct file *f;

	if (!m->super->ops->handles)
		return -ESTALE;
	p.dentry = dentry_find_inode(m->super, h->words[1] | (uint64_t)h->words[2] << 32);
	if (!p.dentry)
		return -ESTALE;
	f = file_open_checked(&p, flags);
	dentry_put(p.dentry);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install_new(f, flags);
}

/* open_by_handle_at(mount_fd, handle, flags) */
SYSCALL(NR_open_by_handle_at, open_by_handle_at)
{
	struct file_handle h = { 0 };
	struct mount *m;
	int64_t fd;

	if (!privileged(LINUX_CAP_DAC_READ_SEARCH))
		return -EPERM;
	fd = handle_get(&h, args->a[1]);
	if (fd && fd != -ESTALE)
		return fd;
	if (mount_of((int)args->a[0], &m))
		return -EBADF;
	fd = fd ? fd : open_in(m, &h, (uint32_t)args->a[2]);
	mount_put(m);
	return fd;
}
