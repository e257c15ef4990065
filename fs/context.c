// SPDX-License-Identifier: GPL-2.0
/* Where a process stands in the tree: root, current directory, umask. */
#include <fs/vfs.h>
#include <mm/slab.h>

static struct fs_context *context_alloc(void)
{
	struct fs_context *c = kzalloc(sizeof(*c));

	if (!c)
		return NULL;
	ref_init(&c->ref);
	c->nr_users = 1;
	spin_init(&c->lock, "fs_context");
	return c;
}

struct fs_context *fs_context_create(void)
{
	struct fs_context *c = context_alloc();

	if (!c)
		return NULL;
	c->root = c->cwd = (struct path){ root_mount, root_mount->root };
	path_get(&c->root);
	path_get(&c->cwd);
	c->umask = 022;
	return c;
}

struct fs_context *fs_context_copy(struct fs_context *from)
{
	struct fs_context *c = context_alloc();

	if (!c)
		return NULL;
	spin_lock(&from->lock);
	c->root = from->root;
	c->cwd = from->cwd;
	c->umask = from->umask;
	path_get(&c->root);
	path_get(&c->cwd);
	spin_unlock(&from->lock);
	return c;
}

struct fs_context *fs_context_hold(struct fs_context *c)
{
	ref_get(&c->ref);
	return c;
}

void fs_context_drop(struct fs_context *c)
{
	if (!ref_put(&c->ref))
		return;
	path_put(&c->root);
	path_put(&c->cwd);
	kfree(c);
}

struct fs_context *fs_context_share(struct fs_context *c)
{
	__atomic_add_fetch(&c->nr_users, 1, __ATOMIC_RELAXED);
	return fs_context_hold(c);
}

void fs_context_put(struct fs_context *c)
{
	if (!c)
		return;
	__atomic_sub_fetch(&c->nr_users, 1, __ATOMIC_RELAXED);
	fs_context_drop(c);
}

bool fs_context_is_shared(const struct fs_context *c)
{
	return __atomic_load_n(&c->nr_users, __ATOMIC_RELAXED) > 1;
}
