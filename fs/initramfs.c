// SPDX-License-Identifier: GPL-2.0
/*
 * The first files: every boot module is a cpio archive (or several in a row), unpacked over the root in order. Later entries replace
 * earlier ones. A module's memory goes back to the frame allocator. An archive may be compressed with gzip, zstd or LZ4.
 */
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "archive.h"
#include "cpio.h"

/* A file with several names that was unpacked: the others become links. */
struct hard_link {
	struct list link;
	uint32_t ino, dev;
	char name[];
};

static struct list hard_links = LIST_INIT(hard_links);

static bool name_ok(const char *name)
{
	const char *at;

	for (at = name; (at = strstr(at, "..")); at += 2)
		if ((at == name || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return false;
	return true;
}

static int set_owner(const char *path, const struct cpio_entry *e)
{
	struct inode *inode;
	struct path p;
	int err = path_lookup(NULL, path, 0, &p);

	if (err)
		return err;
	inode = p.dentry->inode;
	inode->uid = e->uid;
	inode->gid = e->gid;
	inode->mode = (inode->mode & LINUX_S_IFMT) | (e->mode & 07777);
	if (e->mtime)
		inode->mtime = (int64_t)e->mtime * (int64_t)NSEC_PER_SEC;
	path_put(&p);
	return 0;
}

/* A link to the first name of the same file: the content is in the last one, which is unpacked over it. */
static int unpack_link(const char *path, const struct cpio_entry *e)
{
	struct hard_link *l;
	struct path old, dir;
	struct dentry *parent;
	const char *base = strrchr(path, '/') + 1;
	int err;

	if (e->nlink < 2)
		return 0;
	list_for_each(l, &hard_links, link)
		if (l->ino == e->ino && l->dev == e->dev)
			goto found;
	l = kzalloc(sizeof(*l) + strlen(path) + 1);
	if (!l)
		return -ENOMEM;
	l->ino = e->ino;
	l->dev = e->dev;
	str_copy(l->name, path, strlen(path) + 1);
	list_append(&hard_links, &l->link);
	return 0;
found:
	err = path_lookup(NULL, l->name, 0, &old);
	if (err)
		return err;
	err = path_lookup(NULL, path, 0, &dir);
	if (!err) {
		parent = dir.dentry->parent;
		mutex_lock(&vfs_lock);
		if (dir.dentry->inode != old.dentry->inode) {
			dentry_get(parent);
			err = parent->inode->ops->unlink(dir.dentry);
			if (!err)
				err = parent->inode->ops->link(parent, base, strlen(base), old.dentry->inode);
			dentry_put(parent);
		}
		mutex_unlock(&vfs_lock);
		path_put(&dir);
	}
	path_put(&old);
	return err;
}

static int unpack_file(const char *path, const struct cpio_entry *e)
{
	struct file *f = file_open(path, LINUX_O_WRONLY | LINUX_O_CREAT, 0600);
	ssize_t n = 0;
	int err;

	if (IS_ERR(f))
		return PTR_ERR(f);
	file_put(f);
	err = unpack_link(path, e);
	if (err || !e->size)
		return err;
	f = file_open(path, LINUX_O_WRONLY | LINUX_O_TRUNC, 0);
	if (IS_ERR(f))
		return PTR_ERR(f);
	n = file_write_kernel(f, e->data, e->size, 0);
	file_put(f);
	return n < 0 ? n : (size_t)n < e->size ? -ENOSPC : 0;
}

static int unpack_symlink(const char *path, const struct cpio_entry *e)
{
	char *target;
	int err;

	if (!e->size || e->size >= LINUX_PATH_MAX)
		return -EINVAL;
	target = kzalloc(e->size + 1);
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	err = path_make(path, LINUX_S_IFLNK | 0777, 0, target);
	kfree(target);
	return err;
}

/* What was there goes, unless both are directories or both files (a file is written over). */
static int make_way(const char *path, const struct cpio_entry *e)
{
	mode_t type = e->mode & LINUX_S_IFMT, old;
	struct path p;
	int err = path_lookup(NULL, path, 0, &p);

	if (err)
		return 0;
	old = p.dentry->inode->mode & LINUX_S_IFMT;
	if (old != type || (type != LINUX_S_IFDIR && type != LINUX_S_IFREG)) {
		mutex_lock(&vfs_lock);
		err = p.dentry->parent->inode->ops->unlink ? p.dentry->parent->inode->ops->unlink(p.dentry) : -EPERM;
		mutex_unlock(&vfs_lock);
	}
	path_put(&p);
	return err;
}

static int unpack_entry(const char *path, const struct cpio_entry *e)
{
	int err = make_way(path, e);

	if (err)
		return err;
	switch (e->mode & LINUX_S_IFMT) {
	case LINUX_S_IFREG:
		err = unpack_file(path, e);
		break;
	case LINUX_S_IFDIR:
		err = path_make(path, LINUX_S_IFDIR | 0755, 0, NULL);
		err = err == -EEXIST ? 0 : err;
		break;
	case LINUX_S_IFLNK:
		err = unpack_symlink(path, e);
		break;
	case LINUX_S_IFCHR:
	case LINUX_S_IFBLK:
	case LINUX_S_IFIFO:
		err = path_make(path, (e->mode & LINUX_S_IFMT) | 0600, DEV_MAKE(e->rdev_major, e->rdev_minor), NULL);
		break;
	default:
		return -EINVAL;
	}
	return err ? err : set_owner(path, e);
}

/* "./a" and "/a" are "/a"; "." is the root itself, of which only the mode counts. */
static const char *entry_path(char *buffer, const struct cpio_entry *e)
{
	const char *name = e->name;

	while (*name == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
		name++;
	buffer[0] = '/';
	str_copy(buffer + 1, name, LINUX_PATH_MAX - 1);
	return buffer;
}

/* Plain archives until their end, or until a compressed one follows: 0, and *used says how far; or -errno. */
static int unpack_plain(const char *name, const char *data, size_t size, size_t *used, char *buffer)
{
	struct cpio c = { .data = data, .size = size };
	struct cpio_entry e;
	const char *path;
	unsigned int count = 0;
	int n, err;

	while ((n = cpio_next(&c, &e)) > 0) {
		path = entry_path(buffer, &e);
		err = !name_ok(path) ? -EINVAL : path[1] ? unpack_entry(path, &e) : set_owner("/", &e);
		if (err)
			log_err("initramfs: %s: cannot unpack, error %d", path, err);
		if (err == -ENOSPC || err == -ENOMEM)
			return err;
		count++;
	}
	*used = n < 0 ? c.at : size;
	if (n < 0 && archive_kind((const uint8_t *)data + c.at, size - c.at))
		return 0;
	if (n < 0)
		log_err("initramfs: %s corrupt at offset %llu (after %u entries)", name, (unsigned long long)c.at, count);
	return n;
}

static int unpack_compressed(const char *name, const uint8_t *data, size_t size, size_t *used, char *buffer)
{
	struct archive a;
	size_t inside;
	int err = archive_open(&a, data, size);

	if (err) {
		log_err("initramfs: %s: %s data that cannot be unpacked, error %d", name, archive_kind(data, size), err);
		return err;
	}
	*used = a.used;
	err = unpack_plain(name, a.data, a.size, &inside, buffer);
	archive_close(&a);
	return err;
}

/* Several archives in a row, each plain or compressed, zeroes between them. */
static int unpack(const struct boot_module *m, char *buffer)
{
	const uint8_t *data = phys_to_virt(m->start);
	size_t at = 0, used = 0;
	int err = 0;

	for (; at < m->length && !err; at += used) {
		used = 1;
		if (!data[at])
			continue;
		if (archive_kind(data + at, m->length - at)) {
			err = unpack_compressed(m->name, data + at, m->length - at, &used, buffer);
		} else {
			err = unpack_plain(m->name, (const char *)data + at, m->length - at, &used, buffer);
			used = MAX(used, (size_t)1);
		}
	}
	return err;
}

static void forget_links(void)
{
	struct hard_link *l, *tmp;

	list_for_each_safe(l, tmp, &hard_links, link) {
		list_del(&l->link);
		kfree(l);
	}
}

static int initramfs_init(void)
{
	time_ns_t start = time_now();
	char *buffer = kzalloc(LINUX_PATH_MAX);
	uint64_t bytes = 0;
	uint32_t i;

	if (!buffer)
		return -ENOMEM;
	for (i = 0; i < boot_info.nr_modules; i++) {
		unpack(&boot_info.modules[i], buffer);
		forget_links();
		bytes += boot_info.modules[i].length;
		frame_release_reserved(boot_info.modules[i].start, boot_info.modules[i].length);
	}
	kfree(buffer);
	if (!boot_info.nr_modules)
		log_err("initramfs: the boot loader gave no module");
	else
		log_info("initramfs: %llu KiB in %llu ms", (unsigned long long)bytes / 1024,
			 (unsigned long long)((time_now() - start) / NSEC_PER_MSEC));
	return 0;
}
INITCALL("2fs", initramfs_init);
