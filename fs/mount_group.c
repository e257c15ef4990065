// SPDX-License-Identifier: GPL-2.0
/*
 * Propagation (mount_namespaces(7)): what is mounted on a shared mount, or taken off it, is so on its peers and on their slaves too, in
 * whichever namespace. A ring of peers has a number; a slave names one mount of its master's ring. Locks: vfs_lock, always.
 */
#include <fs/mount.h>
#include <kernel/process.h>
#include <uapi/ferry/linux.h>

static uint32_t last_group;
static uint64_t last_walk;

/* ---- Rings and masters ---- */

static void group_found(struct mount *m)
{
	if (!m->group)
		m->group = ++last_group;
	m->unbindable = false;
}

static void follow(struct mount *m, struct mount *master)
{
	m->master = master;
	list_append(&master->slaves, &m->slave_link);
}

/* Out of its ring; its slaves, and itself if it is to be one, have another master: what is given back, or NULL. */
static struct mount *group_leave(struct mount *m)
{
	struct mount *heir = list_empty(&m->peers) ? m->master : list_first(&m->peers, struct mount, peers), *s, *tmp;

	list_del(&m->peers);
	m->group = 0;
	list_for_each_safe(s, tmp, &m->slaves, slave_link) {
		list_del(&s->slave_link);
		s->master = NULL;
		if (heir)
			follow(s, heir);
	}
	return heir;
}

void mount_set_propagation(struct mount *m, uint32_t type)
{
	struct mount *master;

	if (type == LINUX_MS_SHARED) {
		group_found(m);
		return;
	}
	master = group_leave(m);
	list_del(&m->slave_link);
	m->master = NULL;
	if (type == LINUX_MS_SLAVE && master)
		follow(m, master);
	m->unbindable = type == LINUX_MS_UNBINDABLE;
}

void mount_group_copy(struct mount *copy, struct mount *m, enum mount_kin kin)
{
	if (kin == MOUNT_SLAVE || (kin == MOUNT_SLAVE_IF_SHARED && m->group)) {
		follow(copy, m);
		return;
	}
	if (m->group) {
		copy->group = m->group;
		list_append(&m->peers, &copy->peers);
	}
	if (m->master)
		follow(copy, m->master);
}

/* ---- Who is reached ---- */

static struct mount *reach(struct mount *last, struct mount *m, struct mount *from, bool as_slave)
{
	m->walk = (struct mount_walk){ .number = last_walk, .from = from, .as_slave = as_slave };
	last->walk.next = m;
	return m;
}

/* All that get what is mounted on @first, chained behind it by walk.next: nearer ones first, the peers of a slave behind it. */
static void reach_all(struct mount *first)
{
	struct mount *last = first, *m, *p, *s;

	first->walk = (struct mount_walk){ .number = ++last_walk };
	for (m = first; m; m = m->walk.next) {
		list_for_each(p, &m->peers, peers)
			if (p->walk.number != last_walk)
				last = reach(last, p, m, false);
		list_for_each(s, &m->slaves, slave_link) {
			if (s->walk.number == last_walk)
				continue;
			last = reach(last, s, m, true);
			list_for_each(p, &s->peers, peers)
				if (p->walk.number != last_walk)
					last = reach(last, p, s, false);
		}
	}
}

/* ---- Hanging ---- */

static uint32_t tree_size(struct mount *top)
{
	uint32_t nr = 0;

	for (struct mount *m = top; m; m = mount_next(m, top))
		nr++;
	return nr;
}

/* Does @m, which was reached, show the name @on? A tree that hangs nowhere gets nothing. */
static bool shows(const struct mount *m, const struct dentry *on)
{
	return mount_ns_of(m) && dentry_is_below(on, m->root);
}

/*
 * A copy for @m, as whoever it was reached from has one: walk.copy is what those that @m reaches copy, as peers or, with walk.as_slave, as slaves,
 * for who does not show the place has none of its own.
 */
static int copy_for(struct mount *m, const struct dentry *on, uint32_t size, struct list *gone)
{
	struct mount_walk *w = &m->walk, *from = &w->from->walk;

	w->copy = from->copy;
	w->as_slave |= from->as_slave;
	if (!shows(m, on))
		return 0;
	if (mount_ns_of(m)->nr + size > MOUNTS_MAX)
		return -ENOSPC;
	if (mount_ns_of_inode(from->copy->root->inode))
		return -EINVAL;
	w->copy = mount_copy_tree(from->copy, from->copy->root, MOUNT_WHOLE, w->as_slave ? MOUNT_SLAVE : MOUNT_PEER, gone);
	if (IS_ERR(w->copy))
		return PTR_ERR(w->copy);
	if (w->as_slave && m->group)
		for (struct mount *c = w->copy; c; c = mount_next(c, w->copy))
			group_found(c);
	w->made = true;
	w->as_slave = false;
	if (!from->made && w->from->group == m->group && m->group) {
		from->copy = w->copy;	/* the first of a ring that shows it stands for those that do not */
		from->as_slave = false;
	}
	return 0;
}

static void hang_copy(struct mount *m, struct dentry *on)
{
	struct path at = { m, on };

	if (mount_ns_of(m)->ns.owner != ns_current(NS_MOUNT)->owner)
		mount_tree_lock(m->walk.copy);
	m->walk.copy->locked = false;
	mount_topmost(&at);
	mount_hang(m->walk.copy, &at);
}

static int spread(struct mount *tree, struct mount *to, struct dentry *on, uint32_t size, struct list *gone)
{
	struct mount *m;
	int err = 0;

	for (m = tree; m; m = mount_next(m, tree))
		group_found(m);
	reach_all(to);
	to->walk.copy = tree;
	to->walk.made = true;
	for (m = to->walk.next; m && !err; m = m->walk.next)
		err = copy_for(m, on, size, gone);
	for (m = to->walk.next; m; m = m->walk.next) {
		if (!m->walk.made)
			continue;
		if (err)
			mount_tree_unhang(m->walk.copy, false, gone);
		else
			hang_copy(m, on);
	}
	return err;
}

int mount_hang_tree(struct mount *m, const struct path *where, struct list *gone)
{
	struct mount_ns *ns = mount_ns_of(where->mount);
	uint32_t size = tree_size(m);
	int err = 0;

	if (ns && ns->nr + size > MOUNTS_MAX)
		return -ENOSPC;
	if (where->mount->group)
		err = spread(m, where->mount, where->dentry, size, gone);
	if (!err)
		mount_hang(m, where);
	return err;
}

/* ---- Taking off ---- */

/* What @like's being hung on a mount brought about on @m, if nothing hangs on it; else NULL. */
static struct mount *brought_about(struct mount *m, const struct mount *like)
{
	struct path at = { m, like->mountpoint };
	struct mount *c;

	while ((c = mount_on(&at))) {
		if (c != like && c->super == like->super && c->root == like->root && list_empty(&c->children))
			return c;
		at = (struct path){ c, c->root };
	}
	return NULL;
}

void mount_unhang_spread(struct mount *m, struct list *gone)
{
	struct mount *to, *c;

	if (!m->parent->group)
		return;
	reach_all(m->parent);
	for (to = m->parent->walk.next; to; to = to->walk.next) {
		c = mount_ns_of(to) ? brought_about(to, m) : NULL;
		if (!c)
			continue;
		mount_set_propagation(c, LINUX_MS_PRIVATE);
		c->was_on = mount_unhang(c);
		list_append(gone, &c->link);
	}
}

bool mount_spread_is_busy(struct mount *m)
{
	struct mount *to, *c;

	if (!m->parent->group)
		return false;
	reach_all(m->parent);
	for (to = m->parent->walk.next; to; to = to->walk.next) {
		c = mount_ns_of(to) ? brought_about(to, m) : NULL;
		if (c && ref_count(&c->ref) > 1)
			return true;
	}
	return false;
}
