// SPDX-License-Identifier: GPL-2.0
/*
 * Names: a tree of dentries and a hash of (directory, name) over it. A file system without a store behind it (tmpfs, devtmpfs, procfs's
 * fixed part) keeps one extra reference to each dentry that exists, so the cache is the directory. The rest go with their last user.
 */
#include <fs/vfs.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define HASH_BITS	11
#define HASH_SIZE	(1u << HASH_BITS)

struct mutex vfs_lock = MUTEX_INIT(vfs_lock, "vfs");
static struct spinlock dcache_lock = SPINLOCK_INIT("dcache");
static struct list hash_table[HASH_SIZE];	/* guarded by dcache_lock */
static struct slab_cache *dentry_cache;

void dentry_setup(void)
{
	unsigned int i;

	for (i = 0; i < HASH_SIZE; i++)
		list_init(&hash_table[i]);
	dentry_cache = slab_create("dentry", sizeof(struct dentry), 16);
	BUG_ON(!dentry_cache);
}

uint64_t dentries_used(void)
{
	return slab_used(dentry_cache);
}

/* FNV-1a, started with the directory. */
static uint32_t name_hash(const struct dentry *dir, const char *name, size_t length)
{
	uint32_t h = 2166136261u ^ (uint32_t)((uintptr_t)dir >> 5);

	while (length--)
		h = (h ^ (uint8_t)*name++) * 16777619u;
	return h ^ h >> 16;
}

static struct list *hash_chain(uint32_t hash)
{
	return &hash_table[hash & (HASH_SIZE - 1)];
}

static int dentry_set_name(struct dentry *d, const char *name, size_t length)
{
	char *to = d->short_name;

	if (length > DENTRY_NAME_MAX)
		to = kzalloc(length + 1);
	if (!to)
		return -ENOMEM;
	memcpy(to, name, length);
	to[length] = '\0';
	d->name = to;
	d->name_length = length;
	return 0;
}

/* Under dcache_lock. Children stay sorted by cookie, because it only grows. */
static void dentry_link_parent(struct dentry *d, struct dentry *parent)
{
	d->parent = parent;
	d->cookie = parent->next_cookie++;
	list_append(&parent->children, &d->sibling);
}

static void dentry_hash(struct dentry *d)
{
	d->hash = name_hash(d->parent, d->name, d->name_length);
	d->flags |= DENTRY_HASHED;
	list_push(hash_chain(d->hash), &d->hash_link);
}

struct dentry *dentry_create(struct dentry *parent, const char *name, size_t length, struct inode *inode, bool hashed)
{
	struct dentry *d = slab_alloc(dentry_cache);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	if (dentry_set_name(d, name, length)) {
		slab_free(dentry_cache, d);
		return NULL;
	}
	ref_init(&d->ref);
	d->inode = inode;
	d->next_cookie = 2;
	list_init(&d->children);
	list_init(&d->hash_link);
	list_init(&d->sibling);
	d->parent = d;
	if (!parent)
		return d;
	dentry_get(parent);
	spin_lock(&dcache_lock);
	d->parent = parent;
	if (hashed) {
		dentry_link_parent(d, parent);
		dentry_hash(d);
	}
	spin_unlock(&dcache_lock);
	return d;
}

void dentry_get(struct dentry *d)
{
	ref_get(&d->ref);
}

static void dentry_free(struct dentry *d)
{
	inode_put(d->inode);
	if (d->name != d->short_name)
		kfree(d->name);
	slab_free(dentry_cache, d);
}

/* Walks up: the parent's reference goes with the child. A lookup cannot revive a dying dentry: it uses ref_get_live(). */
void dentry_put(struct dentry *d)
{
	struct dentry *parent;

	while (d && ref_put(&d->ref)) {
		spin_lock(&dcache_lock);
		list_del(&d->hash_link);
		list_del(&d->sibling);
		spin_unlock(&dcache_lock);
		parent = d->parent != d ? d->parent : NULL;
		dentry_free(d);
		d = parent;
	}
}

void dentry_name(struct dentry *d, char *to, size_t size)
{
	spin_lock(&dcache_lock);
	str_copy(to, d->name, size);
	spin_unlock(&dcache_lock);
}

struct dentry *dentry_parent_get(struct dentry *d)
{
	struct dentry *parent;

	spin_lock(&dcache_lock);
	parent = d->parent;
	dentry_get(parent);
	spin_unlock(&dcache_lock);
	return parent;
}

struct dentry *dentry_find(struct dentry *dir, const char *name, size_t length)
{
	uint32_t hash = name_hash(dir, name, length);
	struct list *chain = hash_chain(hash);
	struct dentry *d, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each(d, chain, hash_link) {
		if (d->hash != hash || d->parent != dir || d->name_length != length || memcmp(d->name, name, length))
			continue;
		if (ref_get_live(&d->ref))
			found = d;
		break;
	}
	spin_unlock(&dcache_lock);
	return found;
}

static struct dentry *chain_find_inode(struct list *chain, const struct super *s, uint64_t ino)
{
	struct dentry *d, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each(d, chain, hash_link) {
		if (d->inode->super != s || d->inode->ino != ino || !ref_get_live(&d->ref))
			continue;
		found = d;
		break;
	}
	spin_unlock(&dcache_lock);
	return found;
}

struct dentry *dentry_find_inode(const struct super *s, uint64_t ino)
{
	struct dentry *found = NULL;

	if (s->root->inode->ino == ino) {
		dentry_get(s->root);
		return s->root;
	}
	for (unsigned int i = 0; i < HASH_SIZE && !found; i++)
		found = chain_find_inode(&hash_table[i], s, ino);
	return found;
}

struct dentry *dentry_lookup(struct dentry *dir, const char *name, size_t length)
{
	struct dentry *d = dentry_find(dir, name, length);

	if (d)
		return d;
	if (!dir->inode->ops->lookup)
		return ERR_PTR(-ENOENT);
	return dir->inode->ops->lookup(dir, name, length);
}

void dentry_unhash(struct dentry *d)
{
	spin_lock(&dcache_lock);
	list_del(&d->hash_link);
	list_del(&d->sibling);
	d->flags = (d->flags & ~DENTRY_HASHED) | DENTRY_REMOVED;
	spin_unlock(&dcache_lock);
}

int dentry_move(struct dentry *d, struct dentry *parent, const char *name, size_t length)
{
	struct dentry *old_parent = d->parent;
	char *old_name = d->name != d->short_name ? d->name : NULL;
	char *copy = kzalloc(length + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, length);
	dentry_get(parent);
	spin_lock(&dcache_lock);
	list_del(&d->hash_link);
	list_del(&d->sibling);
	if (length <= DENTRY_NAME_MAX) {
		memcpy(d->short_name, copy, length + 1);
		d->name = d->short_name;
	} else {
		d->name = copy;
	}
	d->name_length = length;
	dentry_link_parent(d, parent);
	dentry_hash(d);
	spin_unlock(&dcache_lock);
	if (length <= DENTRY_NAME_MAX)
		kfree(copy);
	kfree(old_name);
	dentry_put(old_parent);
	return 0;
}

struct dentry *dentry_first_child(struct dentry *d)
{
	struct dentry *child, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each(child, &d->children, sibling)
		if (!found && ref_get_live(&child->ref))
			found = child;
	spin_unlock(&dcache_lock);
	return found;
}

bool dentry_has_children(struct dentry *d)
{
	return !list_empty(&d->children);
}

bool dentry_is_below(const struct dentry *d, const struct dentry *ancestor)
{
	for (; d != ancestor; d = d->parent)
		if (d->parent == d)
			return false;
	return true;
}

bool dir_emit_dots(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	if (f->pos == 0) {
		if (!emit(arg, ".", f->inode->ino, LINUX_DT_DIR, 1))
			return false;
		f->pos = 1;
	}
	if (f->pos == 1) {
		if (!emit(arg, "..", f->dentry->parent->inode->ino, LINUX_DT_DIR, 2))
			return false;
		f->pos = 2;
	}
	return true;
}

/* The first child at or after @cookie with a reference, or NULL. @hint: where the last one was, to save the walk from the head. */
static struct dentry *child_at(struct dentry *dir, uint64_t cookie, struct dentry *hint)
{
	struct dentry *d, *found = NULL;
	struct list *at;

	spin_lock(&dcache_lock);
	at = hint && (hint->flags & DENTRY_HASHED) && hint->parent == dir ? hint->sibling.next : dir->children.next;
	for (; at != &dir->children; at = at->next) {
		d = list_entry(at, struct dentry, sibling);
		if (d->cookie >= cookie && ref_get_live(&d->ref)) {
			found = d;
			break;
		}
	}
	spin_unlock(&dcache_lock);
	return found;
}

bool dentry_emit_children(struct file *f, struct dentry *dir,
			  bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	struct dentry *d, *last = NULL;
	bool more = true;

	while (more) {
		d = child_at(dir, f->pos, last);
		dentry_put(last);
		last = d;
		if (!d)
			return true;
		more = emit(arg, d->name, d->inode->ino, mode_to_dtype(d->inode->mode), d->cookie + 1);
		if (more)
			f->pos = d->cookie + 1;
	}
	dentry_put(last);
	return false;
}

int dentry_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	if (dir_emit_dots(f, emit, arg))
		dentry_emit_children(f, f->dentry, emit, arg);
	return 0;
}

loff_t seek_plain(struct file *f, loff_t offset, int whence)
{
	loff_t base = whence == LINUX_SEEK_CUR ? f->pos : 0;

	if (whence != LINUX_SEEK_CUR && whence != LINUX_SEEK_SET)
		return -EINVAL;
	if ((offset > 0 && base > INT64_MAX - offset) || base + offset < 0)
		return -EINVAL;
	f->pos = base + offset;
	return f->pos;
}

/* Leaves first, without recursion: descend to the first child until there is none, drop it, go on with its parent. */
void dentry_drop_tree(struct dentry *root)
{
	struct dentry *d = root, *parent;

	for (;;) {
		while (!list_empty(&d->children))
			d = list_first(&d->children, struct dentry, sibling);
		if (d == root)
			break;
		parent = d->parent;
		dentry_unhash(d);
		dentry_put(d);
		d = parent;
	}
	dentry_put(root);
}
