// SPDX-License-Identifier: GPL-2.0
/* Mounts: what hangs where. mount(2) with bind, move and remount, umount2(2) and chroot(2) lie in mount_calls.c. */
#include <fs/landlock.h>
#include <fs/mount.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

struct mount *root_mount;
struct list mount_list = LIST_INIT(mount_list);
static struct list fs_types = LIST_INIT(fs_types);
static struct spinlock fs_types_lock = SPINLOCK_INIT("fs_types");
static uint32_t next_mount_id = 1, next_dev = 1;

void mount_get(struct mount *m)
{
	if (m)
		ref_get(&m->ref);
}

void super_put(struct super *s)
{
	if (!ref_put(&s->ref))
		return;
	if (s->ops->destroy)
		s->ops->destroy(s);
	kfree(s);
}

void mount_put(struct mount *m)
{
	if (!m || !ref_put(&m->ref))
		return;
	dentry_put(m->root);
	super_put(m->super);
	kfree(m);
}

struct super *super_create(const char *type, const struct super_ops *ops, uint64_t magic)
{
	struct super *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	ref_init(&s->ref);
	s->type = type;
	s->ops = ops;
	s->magic = magic;
	s->dev = DEV_MINOR(__atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED));
	return s;
}

struct mount *mount_on(const struct path *p)
{
	struct mount *m;

	list_for_each(m, &mount_list, link)
		if (m->parent == p->mount && m->mountpoint == p->dentry)
			return m;
	return NULL;
}

bool mount_read_only(const struct path *p)
{
	return p->mount && ((p->mount->flags & LINUX_MS_RDONLY) || p->mount->super->read_only);
}

bool mounts_may_change(void)
{
	return privileged(LINUX_CAP_SYS_ADMIN) && !landlocked();
}

bool file_forbids_exec(const struct file *f)
{
	return f->mount && (f->mount->flags & LINUX_MS_NOEXEC);
}

struct mount *mount_create(struct super *s, struct dentry *root, const char *source, uint32_t flags)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (!m)
		return NULL;
	ref_init(&m->ref);
	list_init(&m->link);
	m->super = s;
	m->root = root;
	dentry_get(root);
	m->flags = flags & MOUNT_FLAGS_KEPT;
	m->id = __atomic_fetch_add(&next_mount_id, 1, __ATOMIC_RELAXED);
	str_copy(m->source, source && *source ? source : "none", sizeof(m->source));
	return m;
}

/* vfs_lock held. */
void mount_hang(struct mount *m, const struct path *where)
{
	m->parent = where->mount;
	m->mountpoint = where->dentry;
	path_get(where);
	where->dentry->nr_mounts++;
	list_append(&mount_list, &m->link);
}

/* vfs_lock held. Gives back the path it hung on; the tree's reference stays with the caller. */
struct path mount_unhang(struct mount *m)
{
	struct path where = { m->parent, m->mountpoint };

	list_del(&m->link);
	if (where.dentry)
		where.dentry->nr_mounts--;
	m->parent = NULL;
	m->mountpoint = NULL;
	return where;
}

int mount_attach(struct super *s, const struct path *where, const char *source, uint32_t flags)
{
	struct mount *m = mount_create(s, s->root, source, flags);

	if (!m) {
		super_put(s);
		return -ENOMEM;
	}
	mutex_lock(&vfs_lock);
	if (where) {
		mount_hang(m, where);
	} else {
		root_mount = m;
		list_append(&mount_list, &m->link);
	}
	mutex_unlock(&vfs_lock);
	return 0;
}

void mount_for_each(bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct mount *m;

	mutex_lock(&vfs_lock);
	list_for_each(m, &mount_list, link)
		if (!fn(m, arg))
			break;
	mutex_unlock(&vfs_lock);
}

void fs_type_register(struct fs_type *type)
{
	spin_lock(&fs_types_lock);
	list_append(&fs_types, &type->link);
	spin_unlock(&fs_types_lock);
}

/* Types are never unregistered, so a pointer stays good. */
struct fs_type *fs_type_find(const char *name)
{
	struct fs_type *t, *found = NULL;

	spin_lock(&fs_types_lock);
	list_for_each(t, &fs_types, link)
		if (!strcmp(t->name, name))
			found = t;
	spin_unlock(&fs_types_lock);
	return found;
}

void fs_type_for_each(void (*fn)(struct fs_type *type, void *arg), void *arg)
{
	struct fs_type *t;

	spin_lock(&fs_types_lock);
	list_for_each(t, &fs_types, link)
		fn(t, arg);
	spin_unlock(&fs_types_lock);
}
