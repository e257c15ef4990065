// SPDX-License-Identifier: GPL-2.0
/*
 * Walking paths: components, "." and "..", mount points and symbolic links, at most LINUX_SYMLINKS_MAX of them. A link's text is put
 * before what was left of the path, so nothing recurses. The walk runs under vfs_lock.
 */
#include <fs/protected.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/oom.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

void path_get(const struct path *p)
{
	mount_get(p->mount);
	dentry_get(p->dentry);
}

void path_put(const struct path *p)
{
	if (p->dentry)
		dentry_put(p->dentry);
	if (p->mount)
		mount_put(p->mount);
}

static void fs_get_either(struct path *to, bool root)
{
	struct fs_context *c = current_process ? current_process->fs : NULL;

	if (!c) {
		*to = (struct path){ root_mount, root_mount->root };
		path_get(to);
		return;
	}
	spin_lock(&c->lock);
	*to = root ? c->root : c->cwd;
	path_get(to);
	spin_unlock(&c->lock);
}

void fs_get_root(struct path *to)
{
	fs_get_either(to, true);
}

void fs_get_cwd(struct path *to)
{
	fs_get_either(to, false);
}

/* Go to @d (reference taken over) on the same mount. */
static void walk_to(struct walk *w, struct dentry *d)
{
	dentry_put(w->at.dentry);
	w->at.dentry = d;
}

static void walk_to_path(struct walk *w, const struct path *p)
{
	struct path old = w->at;

	w->at = *p;
	path_get(&w->at);
	path_put(&old);
}

static bool same_path(const struct path *a, const struct path *b)
{
	return a->mount == b->mount && a->dentry == b->dentry;
}

/* Into whatever is mounted here, to the topmost. */
static int walk_cross_mounts(struct walk *w)
{
	struct mount *m;
	struct path p;

	while (w->at.dentry->nr_mounts && (m = mount_on(&w->at))) {
		if (w->flags & WALK_NO_XDEV)
			return -EXDEV;
		p = (struct path){ m, m->root };
		walk_to_path(w, &p);
	}
	return 0;
}

static int walk_up(struct walk *w)
{
	struct path p;

	if (same_path(&w->at, &w->start) && (w->flags & WALK_BENEATH))
		return -EXDEV;
	while (!same_path(&w->at, &w->root) && w->at.dentry == w->at.mount->root && w->at.mount->parent) {
		if (w->flags & WALK_NO_XDEV)
			return -EXDEV;
		p = (struct path){ w->at.mount->parent, w->at.mount->mountpoint };
		walk_to_path(w, &p);
	}
	if (same_path(&w->at, &w->root) || w->at.dentry == w->at.mount->root)
		return 0;
	/* What was moved out from under the root of a bind mount does not lead up to what lies above it. */
	if (w->at.mount->root != w->at.mount->super->root && !dentry_is_below(w->at.dentry, w->at.mount->root))
		return -ENOENT;
	dentry_get(w->at.dentry->parent);
	walk_to(w, w->at.dentry->parent);
	return walk_cross_mounts(w);
}

static int walk_to_root(struct walk *w)
{
	if (w->flags & WALK_BENEATH)
		return -EXDEV;
	if ((w->flags & WALK_NO_XDEV) && w->at.mount != w->root.mount)
		return -EXDEV;
	walk_to_path(w, &w->root);
	return 0;
}

/* Put the text of @link before what is left. */
static int walk_prepend(struct walk *w, struct inode *link)
{
	size_t rest = strlen(w->text);
	char *buffer;
	ssize_t n;

	if (!link->ops->readlink)
		return -EINVAL;
	buffer = kzalloc(LINUX_PATH_MAX + rest + 2);
	if (!buffer)
		return -ENOMEM;
	n = link->ops->readlink(link, buffer, LINUX_PATH_MAX);
	if (n <= 0 || n >= LINUX_PATH_MAX || n + rest >= 2 * LINUX_PATH_MAX) {
		kfree(buffer);
		return n < 0 ? n : n ? -ENAMETOOLONG : -ENOENT;
	}
	buffer[n] = '/';
	memcpy(buffer + n + (rest || w->trailing), w->text, rest + 1);
	if (w->trailing && !rest)
		buffer[n + 1] = '\0';
	kfree(w->buffer);
	w->buffer = buffer;
	w->text = buffer;
	return buffer[0] == '/' ? walk_to_root(w) : 0;
}

static int walk_follow(struct walk *w, struct dentry *link)
{
	struct inode *inode = link->inode;
	struct path p;
	int err;

	if (++w->nr_links > LINUX_SYMLINKS_MAX || (w->flags & WALK_NO_SYMLINKS) || (w->at.mount->flags & LINUX_MS_NOSYMFOLLOW))
		return -ELOOP;
	inode_accessed(inode, w->at.mount);
	if (!inode->ops->follow)
		return walk_prepend(w, inode);
	if (w->flags & WALK_NO_MAGICLINKS)
		return -ELOOP;
	if (w->flags & (WALK_BENEATH | WALK_IN_ROOT))
		return -EXDEV;
	err = inode->ops->follow(inode, &p);
	if (err)
		return err;
	walk_to_path(w, &p);
	path_put(&p);
	return 0;
}

/* One name. @final: nothing but slashes follows. Returns 1 when the walk ends here without the name (w->missing). */
static int walk_step(struct walk *w, const char *name, size_t length, bool final)
{
	struct dentry *d = dentry_lookup(w->at.dentry, name, length);
	bool follow = !final || (w->flags & WALK_FOLLOW) || w->trailing;
	int err;

	if (IS_ERR(d) && PTR_ERR(d) == -ENOENT && final && (w->flags & WALK_CREATE)) {
		w->missing = true;
		memcpy(w->last, name, length);
		w->last[length] = '\0';
		w->last_length = length;
		return 1;
	}
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (LINUX_S_ISLNK(d->inode->mode) && follow && !d->nr_mounts) {
		err = final ? protected_follow(d->inode, w->at.dentry->inode) : 0;
		if (!err)
			err = walk_follow(w, d);
		dentry_put(d);
		return err;
	}
	walk_to(w, d);
	return walk_cross_mounts(w);
}

/* The next component at w->text: its length, 0 at the end (then w->trailing stays as the last one set it). */
static size_t walk_component(struct walk *w, const char **name)
{
	size_t n = 0;

	while (*w->text == '/')
		w->text++;
	*name = w->text;
	while (w->text[n] && w->text[n] != '/')
		n++;
	if (!n)
		return 0;
	w->text += n;
	w->trailing = *w->text == '/';
	while (*w->text == '/')
		w->text++;
	return n;
}

static bool is_dots(const char *name, size_t length)
{
	return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

static int walk_check_dir(struct walk *w)
{
	if (!LINUX_S_ISDIR(w->at.dentry->inode->mode))
		return -ENOTDIR;
	return inode_permission(w->at.dentry->inode, MAY_EXEC);
}

static int walk_run(struct walk *w)
{
	const char *name;
	size_t length;
	bool final;
	int err;

	while ((length = walk_component(w, &name))) {
		final = !*w->text;
		err = walk_check_dir(w);
		if (err)
			return err;
		if (final) {
			w->dir_mode = w->at.dentry->inode->mode;
			w->dir_uid = w->at.dentry->inode->uid;
		}
		if (length > LINUX_NAME_MAX)
			return -ENAMETOOLONG;
		if (final && (w->flags & WALK_PARENT)) {
			memcpy(w->last, name, length);
			w->last[length] = '\0';
			w->last_length = length;
			return 0;
		}
		if (is_dots(name, length))
			err = length == 2 ? walk_up(w) : 0;
		else
			err = walk_step(w, name, length, final);
		if (err)
			return err > 0 ? 0 : err;
	}
	if (w->trailing && !LINUX_S_ISDIR(w->at.dentry->inode->mode))
		return -ENOTDIR;
	return 0;
}

int walk_path(struct walk *w, const struct path *start, const char *text, uint32_t flags)
{
	int err = 0;

	memset(w, 0, offsetof(struct walk, last) + 1);
	w->last_length = 0;
	w->flags = flags;
	w->text = text;
	if (start) {
		w->start = *start;
		path_get(start);
	} else {
		fs_get_cwd(&w->start);
	}
	if (flags & WALK_IN_ROOT) {
		w->root = w->start;
		path_get(&w->root);
	} else {
		fs_get_root(&w->root);
	}
	w->at = w->start;
	path_get(&w->at);
	if (!*text && !(flags & WALK_EMPTY))
		err = -ENOENT;
	else if (*text == '/')
		err = walk_to_root(w);
	if (!err)
		err = walk_run(w);
	if (err)
		walk_end(w);
	return err;
}

void walk_end(struct walk *w)
{
	if ((w->flags & WALK_NO_USE) && w->at.mount && READ_ONCE(w->at.mount->expiring)) {
		mount_put_idle(w->at.mount);
		w->at.mount = NULL;
	}
	path_put(&w->at);
	path_put(&w->start);
	path_put(&w->root);
	kfree(w->buffer);
}

int path_lookup(const struct path *start, const char *text, uint32_t flags, struct path *to)
{
	struct walk w;
	int err;

	mutex_lock(&vfs_lock);
	err = walk_path(&w, start, text, flags);
	if (!err) {
		*to = w.at;
		path_get(to);
		walk_end(&w);
	}
	mutex_unlock(&vfs_lock);
	return err;
}

int path_start(int dirfd, const char *text, uint32_t flags, struct path *to)
{
	struct file *f;

	if (*text == '/' && !(flags & WALK_IN_ROOT)) {
		fs_get_root(to);
		return 0;
	}
	if (dirfd == LINUX_AT_FDCWD) {
		fs_get_cwd(to);
		return 0;
	}
	f = fd_get(current_process->files, dirfd);
	if (!f)
		return -EBADF;
	if (!f->dentry || (*text && !LINUX_S_ISDIR(f->inode->mode))) {
		file_put(f);
		return -ENOTDIR;
	}
	*to = (struct path){ f->mount, f->dentry };
	path_get(to);
	file_put(f);
	return 0;
}

char *path_from_user(uint64_t utext, bool empty_ok)
{
	unsigned int tries = 0;
	char *text;
	ssize_t n;

	do
		text = kzalloc(LINUX_PATH_MAX);
	while (!text && oom_retry(-ENOMEM, &tries));
	if (!text)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(text, utext, LINUX_PATH_MAX);
	if (n == 0 && !empty_ok)
		n = -ENOENT;
	if (n < 0) {
		kfree(text);
		return ERR_PTR(n);
	}
	return text;
}

int path_lookup_user(int dirfd, uint64_t utext, uint32_t flags, struct path *to)
{
	char *text = path_from_user(utext, flags & WALK_EMPTY);
	struct path start;
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = path_start(dirfd, text, flags, &start);
	if (!err) {
		err = path_lookup(&start, text, flags, to);
		path_put(&start);
	}
	kfree(text);
	return err;
}

static bool path_prepend(char **at, const char *buffer, const char *text, size_t length)
{
	if ((size_t)(*at - buffer) < length)
		return false;
	*at -= length;
	memcpy(*at, text, length);
	return true;
}

char *path_text_locked(const struct path *path, const struct path *root, char *buffer, size_t size)
{
	struct path p = *path;
	char *at = buffer + size - 1;
	bool removed = p.dentry->flags & DENTRY_REMOVED;

	*at = '\0';
	if (removed && !path_prepend(&at, buffer, " (deleted)", 10))
		return ERR_PTR(-ERANGE);
	while (!same_path(&p, root)) {
		if (p.dentry == p.mount->root) {
			if (!p.mount->parent)
				break;
			p = (struct path){ p.mount->parent, p.mount->mountpoint };
			continue;
		}
		if (!path_prepend(&at, buffer, p.dentry->name, p.dentry->name_length) || !path_prepend(&at, buffer, "/", 1))
			return ERR_PTR(-ERANGE);
		p.dentry = p.dentry->parent;
	}
	if ((!*at || *at == ' ') && !path_prepend(&at, buffer, "/", 1))
		return ERR_PTR(-ERANGE);
	return at;
}

char *path_text(const struct path *p, char *buffer, size_t size)
{
	struct path root;
	char *text;

	fs_get_root(&root);
	mutex_lock(&vfs_lock);
	text = path_text_locked(p, &root, buffer, size);
	mutex_unlock(&vfs_lock);
	path_put(&root);
	return text;
}

/* Is @root met on the way up from @path? */
static bool leads_to(const struct path *path, const struct path *root)
{
	struct path p = *path;

	while (!same_path(&p, root)) {
		if (p.dentry != p.mount->root)
			p.dentry = p.dentry->parent;
		else if (p.mount->parent)
			p = (struct path){ p.mount->parent, p.mount->mountpoint };
		else
			return false;
	}
	return true;
}

char *path_text_cwd(const struct path *p, char *buffer, size_t size)
{
	static const char unreachable[] = "(unreachable)";
	struct path root;
	char *text;

	fs_get_root(&root);
	mutex_lock(&vfs_lock);
	text = path_text_locked(p, &root, buffer, size);
	if (!IS_ERR(text) && !leads_to(p, &root) && !path_prepend(&text, buffer, unreachable, sizeof(unreachable) - 1))
		text = ERR_PTR(-ERANGE);
	mutex_unlock(&vfs_lock);
	path_put(&root);
	return text;
}

bool path_reachable(const struct path *p)
{
	const struct dentry *d;

	for (d = p->dentry; d != p->mount->root; d = d->parent)
		if ((d->flags & DENTRY_REMOVED) || d->parent == d)
			return false;
	return !(d->flags & DENTRY_REMOVED);
}
