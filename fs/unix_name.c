// SPDX-License-Identifier: GPL-2.0
/*
 * Names of UNIX sockets: a path (the socket is found by the inode it made) or bytes in a space of their own, "abstract". One table holds
 * both. The lists of clients of datagram sockets are here too, under the same lock.
 */
#include <fs/unix.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define NR_CHAINS	64u
#define FAMILY_BYTES	2
#define AUTO_NAMES	0x100000u	/* five hexadecimal digits */

static struct spinlock names_lock = SPINLOCK_INIT("socket_names");
static struct list chains[NR_CHAINS];	/* guarded by names_lock, as next_auto */
static uint32_t next_auto;

static struct list *chain_at(uint32_t hash)
{
	struct list *l = &chains[hash % NR_CHAINS];

	if (!l->next)
		list_init(l);
	return l;
}

static struct list *chain_of_name(const struct linux_sockaddr_un *a, int length)
{
	uint32_t hash = 0;
	int i;

	for (i = 0; i < length - FAMILY_BYTES; i++)
		hash = hash * 31 + (uint8_t)a->path[i];
	return chain_at(hash);
}

static struct list *chain_of_inode(const struct inode *inode)
{
	return chain_at((uint64_t)inode >> 6);
}

void name_put(struct unix_name *n)
{
	if (n && ref_put(&n->ref))
		kfree(n);
}

struct unix_name *name_get(struct socket *s)
{
	struct unix_name *n;

	spin_lock(&names_lock);
	n = s->name;
	if (n)
		ref_get(&n->ref);
	spin_unlock(&names_lock);
	return n;
}

bool name_file(struct socket *s, uint32_t *ino, uint32_t *dev)
{
	const struct inode *inode;

	spin_lock(&names_lock);
	inode = s->path.dentry ? s->path.dentry->inode : NULL;
	if (inode) {
		*ino = (uint32_t)inode->ino;
		*dev = (uint32_t)inode->super->dev;
	}
	spin_unlock(&names_lock);
	return inode;
}

void name_share(struct socket *to, struct socket *from)
{
	to->name = name_get(from);
}

static struct unix_name *name_create(const struct linux_sockaddr_un *a, int length)
{
	struct unix_name *n = kzalloc(sizeof(*n));

	if (!n)
		return NULL;
	ref_init(&n->ref);
	n->length = length;
	memcpy(&n->address, a, length);
	return n;
}

/* names_lock held. */
/* Each type has a space of its own, as on Linux. */
static struct socket *find_abstract(int type, const struct linux_sockaddr_un *a, int length)
{
	struct socket *s;

	list_for_each(s, chain_of_name(a, length), name_link)
		if (s->type == type && !s->path.dentry && s->name->length == length &&
		    !memcmp(s->name->address.path, a->path, length - FAMILY_BYTES))
			return s;
	return NULL;
}

static struct socket *find_inode(const struct inode *inode)
{
	struct socket *s;

	list_for_each(s, chain_of_inode(inode), name_link)
		if (s->path.dentry && s->path.dentry->inode == inode)
			return s;
	return NULL;
}

static int bind_abstract(struct socket *s, const struct linux_sockaddr_un *a, int length)
{
	struct unix_name *n = name_create(a, length);
	int err = 0;

	if (!n)
		return -ENOMEM;
	spin_lock(&names_lock);
	if (find_abstract(s->type, a, length)) {
		err = -EADDRINUSE;
	} else {
		s->name = n;
		list_append(chain_of_name(a, length), &s->name_link);
	}
	spin_unlock(&names_lock);
	if (err)
		name_put(n);
	return err;
}

/* Make the node, then find it: whoever replaced it in between has the name. */
static int node_make(const char *text, struct path *path)
{
	int err = path_make(text, LINUX_S_IFSOCK | (0777 & ~fs_umask()), 0, NULL);

	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	err = path_lookup(NULL, text, 0, path);
	if (!err && !LINUX_S_ISSOCK(path->dentry->inode->mode)) {
		path_put(path);
		err = -EADDRINUSE;
	}
	return err;
}

static int bind_path(struct socket *s, const struct linux_sockaddr_un *a, int length)
{
	struct unix_name *n = name_create(a, length);
	struct path path;
	int err = n ? node_make(a->path, &path) : -ENOMEM;

	if (err) {
		name_put(n);
		return err;
	}
	spin_lock(&names_lock);
	if (find_inode(path.dentry->inode)) {
		err = -EADDRINUSE;
	} else {
		s->name = n;
		s->path = path;
		list_append(chain_of_inode(path.dentry->inode), &s->name_link);
	}
	spin_unlock(&names_lock);
	if (err) {
		path_put(&path);
		name_put(n);
	}
	return err;
}

/* setup_lock held. */
int name_bind_auto(struct socket *s)
{
	struct linux_sockaddr_un a = { .family = LINUX_AF_UNIX };
	uint32_t tries;
	char digits[8];
	int err = -ENOSPC;

	for (tries = 0; tries < AUTO_NAMES; tries++) {
		format_text(digits, sizeof(digits), "%05x", __atomic_fetch_add(&next_auto, 1, __ATOMIC_RELAXED) % AUTO_NAMES);
		memcpy(a.path + 1, digits, 5);
		err = bind_abstract(s, &a, FAMILY_BYTES + 6);
		if (err != -EADDRINUSE)
			break;
	}
	return err;
}

static int bind_any(struct socket *s, const struct linux_sockaddr_un *a, int length)
{
	if (s->name)
		return length == FAMILY_BYTES ? 0 : -EINVAL;
	if (length == FAMILY_BYTES)
		return name_bind_auto(s);
	return a->path[0] ? bind_path(s, a, length) : bind_abstract(s, a, length);
}

int name_bind(struct socket *s, const struct linux_sockaddr_un *a, int length)
{
	int err;

	mutex_lock(&s->setup_lock);
	err = bind_any(s, a, length);
	mutex_unlock(&s->setup_lock);
	return err;
}

void name_unbind(struct socket *s)
{
	spin_lock(&names_lock);
	list_del(&s->name_link);
	spin_unlock(&names_lock);
}

static struct socket *find_path(const char *text)
{
	struct socket *s = NULL;
	struct inode *inode;
	struct path path;
	int err = path_lookup(NULL, text, WALK_FOLLOW, &path);

	if (err)
		return ERR_PTR(err);
	inode = path.dentry->inode;
	err = inode_permission(inode, MAY_WRITE);
	if (!err && !LINUX_S_ISSOCK(inode->mode))
		err = -ECONNREFUSED;
	if (!err) {
		spin_lock(&names_lock);
		s = find_inode(inode);
		if (s)
			socket_get(s);
		spin_unlock(&names_lock);
	}
	path_put(&path);
	return err ? ERR_PTR(err) : s ? s : ERR_PTR(-ECONNREFUSED);
}

struct socket *name_find(int type, const struct linux_sockaddr_un *a, int length)
{
	struct socket *s;

	if (length == FAMILY_BYTES)
		return ERR_PTR(-ECONNREFUSED);
	if (a->path[0])
		return find_path(a->path);
	spin_lock(&names_lock);
	s = find_abstract(type, a, length);
	if (s)
		socket_get(s);
	spin_unlock(&names_lock);
	return s ? s : ERR_PTR(-ECONNREFUSED);
}

void client_add(struct socket *s, struct socket *to)
{
	spin_lock(&names_lock);
	if (!to->dead)
		list_append(&to->clients, &s->client_link);
	spin_unlock(&names_lock);
}

void client_remove(struct socket *s)
{
	spin_lock(&names_lock);
	list_del(&s->client_link);
	spin_unlock(&names_lock);
}

void clients_wake(struct socket *s, uint32_t events)
{
	struct socket *c;

	spin_lock(&names_lock);
	list_for_each(c, &s->clients, client_link)
		wait_wake(&c->writable, events);
	while (s->dead && !list_empty(&s->clients))
		list_del(s->clients.next);
	spin_unlock(&names_lock);
}
