// SPDX-License-Identifier: GPL-2.0
/* Mounts: what hangs where. mount(2) with bind, move and remount, umount2(2) and chroot(2) lie in mount_calls.c. */
#include <fs/landlock.h>
#include <fs/mount.h>
#include <fs/notify.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
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
	notify_end(&s->watches);
	if (s->ops->destroy)
		s->ops->destroy(s);
	user_ns_put(s->user_ns);
	kfree(s);
}

static void drop(struct mount *m)
{
	if (!ref_put(&m->ref))
		return;
	notify_end(&m->watches);
	dentry_put(m->root);
	super_put(m->super);
	kfree(m);
}

void mount_put(struct mount *m)
{
	if (!m)
		return;
	if (unlikely(READ_ONCE(m->expiring)))
		WRITE_ONCE(m->expiring, false);
	drop(m);
}

void mount_put_idle(struct mount *m)
{
	WRITE_ONCE(m->expiring, true);
	drop(m);
}

void super_init(struct super *s)
{
	ref_init(&s->ref);
	list_init(&s->watches);
}

struct super *super_create(const char *type, const struct super_ops *ops, uint64_t magic)
{
	struct super *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	super_init(s);
	s->type = type;
	s->ops = ops;
	s->magic = magic;
	s->user_ns = current && current->process ? current->cred.user_ns : NULL;
	user_ns_get(s->user_ns);
	s->dev = DEV_MINOR(__atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED));
	return s;
}

struct mount *mount_on(const struct path *p)
{
	struct mount *m;

	list_for_each(m, &p->mount->children, sibling)
		if (m->mountpoint == p->dentry)
			return m;
	return NULL;
}

void mount_topmost(struct path *at)
{
	struct mount *m;

	while (at->dentry->nr_mounts && (m = mount_on(at)))
		*at = (struct path){ m, m->root };
}

bool mount_read_only(const struct path *p)
{
	return p->mount && ((p->mount->flags & LINUX_MS_RDONLY) || p->mount->super->read_only);
}

bool mounts_may_change(void)
{
	return privileged_in(ns_current(NS_MOUNT)->owner, LINUX_CAP_SYS_ADMIN) && !landlocked();
}

bool mount_type_allowed(const struct fs_type *type)
{
	return privileged(LINUX_CAP_SYS_ADMIN) || (type->for_users && privileged_in(current->cred.user_ns, LINUX_CAP_SYS_ADMIN));
}

int mount_flags_check(const struct mount *m, uint32_t flags)
{
	uint32_t kept = m->locked_flags & m->flags;

	return kept & ~flags || ((m->locked_flags & MOUNT_ATIME_FLAGS) && (flags ^ m->flags) & MOUNT_ATIME_FLAGS) ? -EPERM : 0;
}

/* Files count themselves before they look (fs/open_count.c). */
int mount_flags_change(struct mount *m, uint32_t flags)
{
	uint32_t kept;

	if (mount_flags_check(m, flags))
		return -EPERM;
	kept = m->flags;
	__atomic_store_n(&m->flags, flags & MOUNT_FLAGS_KEPT, __ATOMIC_SEQ_CST);
	if (!(flags & ~kept & LINUX_MS_RDONLY) || !__atomic_load_n(&m->nr_writers, __ATOMIC_SEQ_CST))
		return 0;
	m->flags = kept;
	return -EBUSY;
}

bool mount_forbids_exec(const struct mount *m)
{
	return m->flags & LINUX_MS_NOEXEC;
}

bool file_forbids_exec(const struct file *f)
{
	return f->mount && mount_forbids_exec(f->mount);
}

struct mount *mount_create(struct super *s, struct dentry *root, const char *source, uint32_t flags)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (!m)
		return NULL;
	ref_init(&m->ref);
	list_init(&m->link);
	list_init(&m->children);
	list_init(&m->sibling);
	list_init(&m->peers);
	list_init(&m->slaves);
	list_init(&m->slave_link);
	list_init(&m->watches);
	m->super = s;
	m->root = root;
	dentry_get(root);
	m->flags = flags & MOUNT_FLAGS_KEPT;
	m->id = __atomic_fetch_add(&next_mount_id, 1, __ATOMIC_RELAXED);
	str_copy(m->source, source ? source : "none", sizeof(m->source));
	return m;
}

struct mount *mount_next_beside(struct mount *m, const struct mount *top)
{
	for (; m != top; m = m->parent)
		if (m->sibling.next != &m->parent->children)
			return list_entry(m->sibling.next, struct mount, sibling);
	return NULL;
}

struct mount *mount_next(struct mount *m, const struct mount *top)
{
	return list_empty(&m->children) ? mount_next_beside(m, top) : list_first(&m->children, struct mount, sibling);
}

static uint32_t tree_size(struct mount *top)
{
	uint32_t nr = 0;

	for (struct mount *m = top; m; m = mount_next(m, top))
		nr++;
	return nr;
}

struct mount_ns *mount_ns_of(const struct mount *m)
{
	while (m->parent)
		m = m->parent;
	return m->ns;
}

bool mount_is_here(const struct mount *m)
{
	const struct mount_ns *ns = mount_ns_of(m);

	return ns && &ns->ns == ns_current(NS_MOUNT);
}

bool mount_is_above(const struct mount *m, const struct mount *below)
{
	for (; below; below = below->parent)
		if (below == m)
			return true;
	return false;
}

void mount_hang(struct mount *m, const struct path *where)
{
	struct mount_ns *ns = mount_ns_of(where->mount);

	if (ns)
		ns->nr += tree_size(m);
	m->parent = where->mount;
	m->mountpoint = where->dentry;
	path_get(where);
	where->dentry->nr_mounts++;
	list_append(&where->mount->children, &m->sibling);
	list_append(&mount_list, &m->link);
}

/* Gives back the path it hung on; the tree's reference stays with the caller. */
struct path mount_unhang(struct mount *m)
{
	struct path where = { m->parent, m->mountpoint };
	struct mount_ns *ns = mount_ns_of(m);

	list_del(&m->link);
	list_del(&m->sibling);
	if (where.dentry)
		where.dentry->nr_mounts--;
	m->parent = NULL;
	m->mountpoint = NULL;
	if (ns)
		ns->nr -= tree_size(m);
	return where;
}

struct mount *mount_create_root(struct super *s, const char *source, uint32_t flags)
{
	struct dentry *root = s->ops->mount_root ? s->ops->mount_root(s) : s->root;
	struct mount *m;

	if (IS_ERR(root))
		return ERR_PTR(PTR_ERR(root));
	m = mount_create(s, root, source, flags);
	if (s->ops->mount_root)
		dentry_put(root);
	return m ? m : ERR_PTR(-ENOMEM);
}

int mount_attach(struct super *s, const struct path *where, const char *source, uint32_t flags)
{
	struct mount *m = mount_create_root(s, source, flags);
	struct list gone = LIST_INIT(gone);
	int err = 0;

	if (IS_ERR(m)) {
		super_put(s);
		return (int)PTR_ERR(m);
	}
	mutex_lock(&vfs_lock);
	if (where) {
		err = mount_is_here(where->mount) ? mount_hang_tree(m, where, &gone) : -EINVAL;
	} else {
		root_mount = mount_ns_first.root = m;
		m->ns = &mount_ns_first;
		list_append(&mount_list, &m->link);
	}
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	if (err)
		mount_put(m);
	return err;
}

void mount_for_each(const struct mount_ns *ns, bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct mount *m;

	mutex_lock(&vfs_lock);
	list_for_each(m, &mount_list, link)
		if (mount_ns_of(m) == (ns ? ns : &mount_ns_first) && !fn(m, arg))
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
