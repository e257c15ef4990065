// SPDX-License-Identifier: GPL-2.0
/*
 * fanotify_mark(2): what a group watches: inodes, mounts, file systems; for each what it wants to be told and what it does not. The order of the
 * checks is Linux's. A mark ends with what it marks; since the files of these file systems stay as long as they have a name, so does a mark.
 */
#include <fs/fanotify.h>
#include <fs/internal.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>

#define TYPES		(LINUX_FAN_MARK_MOUNT | LINUX_FAN_MARK_FILESYSTEM)
#define COMMANDS	(LINUX_FAN_MARK_ADD | LINUX_FAN_MARK_REMOVE | LINUX_FAN_MARK_FLUSH)
#define IGNORES		(LINUX_FAN_MARK_IGNORED_MASK | LINUX_FAN_MARK_IGNORE)
#define FLAGS_KNOWN	(TYPES | COMMANDS | IGNORES | LINUX_FAN_MARK_DONT_FOLLOW | LINUX_FAN_MARK_ONLYDIR | \
			 LINUX_FAN_MARK_IGNORED_SURV_MODIFY | LINUX_FAN_MARK_EVICTABLE)
#define EVENT_FLAGS	(LINUX_FAN_EVENT_ON_CHILD | LINUX_FAN_ONDIR)
#define BY_FILE		(LINUX_FAN_ACCESS | LINUX_FAN_MODIFY | LINUX_FAN_CLOSE_WRITE | LINUX_FAN_CLOSE_NOWRITE | LINUX_FAN_OPEN | \
			 LINUX_FAN_OPEN_EXEC | NOTIFY_ASKED)
#define MASK_KNOWN	(BY_FILE | NOTIFY_NAMES | LINUX_FAN_ATTRIB | LINUX_FAN_MOVE_SELF | LINUX_FAN_DELETE_SELF | LINUX_FAN_FS_ERROR | EVENT_FLAGS)
#define ONLY_OF_DIRS	(NOTIFY_NAMES | EVENT_FLAGS)

struct request {
	uint32_t flags, mask;
	uint32_t kept;		/* bits that are not the program's to take away */
	int kind;		/* as in struct notify_mark */
};

/* ---- Marks: notify_lock held ---- */

/* A change of the file has to be seen where it ends that something is ignored. */
static void mark_update(struct fan_mark *m)
{
	uint32_t mask = m->wanted | m->ignored;

	if (m->ignored && !m->survives)
		mask |= LINUX_FAN_MODIFY;
	notify_mark_mask(&m->mark, mask & NOTIFY_EVENTS);
}

/* What @m says is not to be told of the event that was met at @at. */
static uint32_t mark_ignores(const struct fan_mark *m, bool on_dir, enum notify_place at)
{
	uint32_t flags = m->own_flags ? m->ignored : LINUX_FAN_ONDIR | (m->wanted & LINUX_FAN_EVENT_ON_CHILD);

	if ((on_dir && !(flags & LINUX_FAN_ONDIR)) || (at == NOTIFY_AT_DIR && !(flags & LINUX_FAN_EVENT_ON_CHILD)))
		return 0;
	return m->ignored & ~EVENT_FLAGS;
}

static void mark_tell(struct notify_mark *mark, struct notify_event *e, enum notify_place at)
{
	struct fan_mark *m = container_of(mark, struct fan_mark, mark);
	bool on_dir = e->mask & LINUX_FAN_ONDIR;
	struct fan_group *g = m->group;

	if (e->mask & NOTIFY_ASKED && g->told.rank <= e->asked)
		return;
	if (at == NOTIFY_AT_DIR && !((m->wanted | m->ignored) & LINUX_FAN_EVENT_ON_CHILD))
		return;
	if (e->mask & LINUX_FAN_MODIFY && m->ignored && !m->survives) {
		m->ignored = 0;
		mark_update(m);
	}
	if (list_empty(&g->told.link)) {
		g->wanted = g->ignored = g->places = 0;
		notify_group_add(e, &g->told);
	}
	g->ignored |= mark_ignores(m, on_dir, at);
	if ((on_dir && !(m->wanted & LINUX_FAN_ONDIR)) || (at == NOTIFY_AT_DIR && !(m->wanted & LINUX_FAN_EVENT_ON_CHILD)))
		return;
	g->wanted |= m->wanted;
	g->places |= 1u << at;
}

static void mark_end(struct notify_mark *mark)
{
	struct fan_mark *m = container_of(mark, struct fan_mark, mark);

	notify_unmark(mark);
	list_del(&m->group_link);
	if (!(m->group->flags & LINUX_FAN_UNLIMITED_MARKS))
		fan_user_mark(m->group->user, -1);
	fan_pay(-(int64_t)sizeof(*m));
	kfree(m);
}

void fan_marks_free(struct fan_group *g, int kind)
{
	struct fan_mark *m, *next;

	list_for_each_safe(m, next, &g->marks, group_link)
		if (kind < 0 || (int)m->mark.kind == kind)
			mark_end(&m->mark);
}

void fan_marks_show(struct fan_group *g, struct seq *s)
{
	struct fan_mark *m;

	list_for_each(m, &g->marks, group_link) {
		uint32_t flags = (m->survives ? LINUX_FAN_MARK_IGNORED_SURV_MODIFY : 0) | (m->evictable ? LINUX_FAN_MARK_EVICTABLE : 0) |
				 (m->own_flags ? LINUX_FAN_MARK_IGNORE : 0);

		if (m->mark.kind == NOTIFY_INODE)
			seq_printf(s, "fanotify ino:%llx sdev:%llx ", (unsigned long long)m->mark.inode->ino,
				   (unsigned long long)m->mark.inode->super->dev);
		else if (m->mark.kind == NOTIFY_MOUNT)
			seq_printf(s, "fanotify mnt_id:%x ", m->mark.mount->id);
		else
			seq_printf(s, "fanotify sdev:%llx ", (unsigned long long)m->mark.super->dev);
		seq_printf(s, "mflags:%x mask:%x ignored_mask:%x ", flags, m->wanted, m->ignored);
		if (m->mark.kind == NOTIFY_INODE)
			file_handle_show(s, m->mark.inode);
		seq_puts(s, "\n");
	}
}

static bool mark_is_of(const struct fan_mark *m, const struct fan_mark *like)
{
	if (m->mark.kind != like->mark.kind)
		return false;
	switch (m->mark.kind) {
	case NOTIFY_INODE:
		return m->mark.inode == like->mark.inode;
	case NOTIFY_MOUNT:
		return m->mark.mount == like->mark.mount;
	default:
		return m->mark.super == like->mark.super;
	}
}

/* Marks of what is marked are fewer than a group's, or those of a group are: who knows. Those of the thing are looked at. */
static struct fan_mark *mark_find(struct fan_group *g, const struct fan_mark *like)
{
	struct list *watches = like->mark.kind == NOTIFY_INODE ? &like->mark.inode->watches :
			       like->mark.kind == NOTIFY_MOUNT ? &like->mark.mount->watches : &like->mark.super->watches;
	struct notify_mark *nm;

	list_for_each(nm, watches, link) {
		struct fan_mark *m = container_of(nm, struct fan_mark, mark);

		if (nm->tell == mark_tell && m->group == g && mark_is_of(m, like))
			return m;
	}
	return NULL;
}

/* What was set for good is not taken back by setting it again. */
static int update_allowed(const struct fan_mark *m, const struct request *r)
{
	if (r->flags & LINUX_FAN_MARK_EVICTABLE && !m->evictable)
		return -EEXIST;
	if (r->flags & LINUX_FAN_MARK_IGNORED_MASK && m->own_flags)
		return -EEXIST;
	if (r->flags & LINUX_FAN_MARK_IGNORE && !(r->flags & LINUX_FAN_MARK_IGNORED_SURV_MODIFY) && m->survives)
		return -EEXIST;
	return 0;
}

static void mark_add_mask(struct fan_mark *m, const struct request *r)
{
	if (!(r->flags & IGNORES)) {
		m->wanted |= r->mask;
	} else {
		m->ignored |= r->mask;
		m->survives |= !!(r->flags & LINUX_FAN_MARK_IGNORED_SURV_MODIFY);
		m->own_flags |= !!(r->flags & LINUX_FAN_MARK_IGNORE);
	}
	if (!(r->flags & LINUX_FAN_MARK_EVICTABLE))
		m->evictable = false;
	mark_update(m);
}

/* @fresh is used, and then NULL, where the group has no mark there. */
static int mark_add(struct fan_group *g, struct fan_mark **fresh, const struct request *r)
{
	struct fan_mark *m = mark_find(g, *fresh);
	int err = m ? update_allowed(m, r) : 0;

	if (!m) {
		if (!(g->flags & LINUX_FAN_UNLIMITED_MARKS) && !fan_user_mark(g->user, 1))
			return -ENOSPC;
		if (!fan_pay(sizeof(*m))) {
			if (!(g->flags & LINUX_FAN_UNLIMITED_MARKS))
				fan_user_mark(g->user, -1);
			return -ENOMEM;
		}
		m = *fresh;
		*fresh = NULL;
		m->evictable = r->flags & LINUX_FAN_MARK_EVICTABLE;
		notify_mark(&m->mark);
		list_append(&g->marks, &m->group_link);
	}
	if (!err)
		mark_add_mask(m, r);
	return err;
}

static int mark_remove(struct fan_group *g, const struct fan_mark *like, const struct request *r)
{
	struct fan_mark *m = mark_find(g, like);
	uint32_t gone = r->mask & ~r->kept;

	if (!m)
		return -ENOENT;
	if (r->flags & IGNORES)
		m->ignored &= ~gone;
	else
		m->wanted &= ~gone;
	if ((m->wanted | m->ignored) & ~r->kept)
		mark_update(m);
	else
		mark_end(&m->mark);
	return 0;
}

/* ---- The call ---- */

/* Without looking at the group or the path. */
static int request_fill(struct request *r, uint32_t flags, uint64_t mask)
{
	uint32_t type = flags & TYPES, command = flags & COMMANDS;

	if (mask >> 32 || flags & ~FLAGS_KNOWN || type == TYPES)
		return -EINVAL;
	if (command != LINUX_FAN_MARK_FLUSH && ((command != LINUX_FAN_MARK_ADD && command != LINUX_FAN_MARK_REMOVE) || !mask))
		return -EINVAL;
	if (command == LINUX_FAN_MARK_FLUSH && flags & ~(TYPES | LINUX_FAN_MARK_FLUSH))
		return -EINVAL;
	if (mask & ~(uint64_t)MASK_KNOWN || (flags & IGNORES) == IGNORES)
		return -EINVAL;
	*r = (struct request){ .flags = flags, .mask = (uint32_t)mask };
	r->kind = type == LINUX_FAN_MARK_MOUNT ? NOTIFY_MOUNT : type ? NOTIFY_SUPER : NOTIFY_INODE;
	if (flags & LINUX_FAN_MARK_IGNORED_MASK)
		r->mask &= ~EVENT_FLAGS;
	return 0;
}

static int group_check(const struct fan_group *g, const struct request *r)
{
	uint32_t fids = g->flags & FAN_FIDS;

	if (r->kind != NOTIFY_INODE && (g->unprivileged || !privileged(LINUX_CAP_SYS_ADMIN)))
		return -EPERM;
	if (r->mask & NOTIFY_ASKED && !(g->flags & FAN_CLASSES))
		return -EINVAL;
	if (r->mask & LINUX_FAN_FS_ERROR && r->kind != NOTIFY_SUPER)
		return -EINVAL;
	if (r->flags & LINUX_FAN_MARK_EVICTABLE && r->kind != NOTIFY_INODE)
		return -EINVAL;
	/* What does not come with an open file needs numbers to be told, and is of no mount. */
	if (r->mask & ~(BY_FILE | EVENT_FLAGS) && (!fids || r->kind == NOTIFY_MOUNT))
		return -EINVAL;
	return r->mask & LINUX_FAN_RENAME && !(fids & LINUX_FAN_REPORT_NAME) ? -EINVAL : 0;
}

/* The file of a descriptor: counted where it has a place in the tree. */
static int path_of_fd(int fd, struct path *to)
{
	struct file *f = fd_get_io(fd);

	if (!f)
		return -EBADF;
	*to = (struct path){ f->mount, f->dentry };
	if (to->dentry)
		path_get(to);
	file_put(f);
	return to->dentry ? 0 : -EINVAL;
}

static int path_find(int dirfd, uint64_t utext, const struct request *r, struct path *to)
{
	int err = utext ? path_lookup_user(dirfd, utext, r->flags & LINUX_FAN_MARK_DONT_FOLLOW ? 0 : WALK_FOLLOW, to) : path_of_fd(dirfd, to);

	if (err)
		return err;
	if (r->flags & LINUX_FAN_MARK_ONLYDIR && !LINUX_S_ISDIR(to->dentry->inode->mode))
		err = -ENOTDIR;
	if (!err)
		err = inode_permission(to->dentry->inode, MAY_READ);
	if (err)
		path_put(to);
	return err;
}

/* Also says which bits the kernel keeps to itself. */
static int path_check(const struct fan_group *g, struct request *r, const struct path *p)
{
	bool dir = LINUX_S_ISDIR(p->dentry->inode->mode), add = r->flags & LINUX_FAN_MARK_ADD, watches_dir = dir && r->kind == NOTIFY_INODE;
	bool strict = g->flags & LINUX_FAN_REPORT_TARGET_FID || r->mask & LINUX_FAN_RENAME || r->flags & LINUX_FAN_MARK_IGNORE;

	if (add && r->mask & NOTIFY_ASKED && p->mount->super->magic == LINUX_PROC_MAGIC)
		return -EINVAL;
	if (add && strict && r->kind == NOTIFY_INODE && !dir && r->mask & ONLY_OF_DIRS)
		return -ENOTDIR;
	if (g->flags & FAN_FIDS && !p->mount->super->ops->handles)
		return -ENODEV;
	if (add && r->flags & LINUX_FAN_MARK_IGNORE && !(r->flags & LINUX_FAN_MARK_IGNORED_SURV_MODIFY) && (dir || r->kind != NOTIFY_INODE))
		return r->kind != NOTIFY_INODE ? -EINVAL : -EISDIR;
	if (!watches_dir) {
		r->kept = LINUX_FAN_EVENT_ON_CHILD;
		r->mask &= ~LINUX_FAN_EVENT_ON_CHILD;
		if (g->flags & LINUX_FAN_REPORT_DIR_FID && add && !(r->flags & IGNORES))
			r->mask |= LINUX_FAN_EVENT_ON_CHILD;
	}
	return 0;
}

static int64_t mark_path(struct fan_group *g, const struct request *r, const struct path *p)
{
	struct fan_mark *fresh;
	int err;

	/* Who has it open to write would end at once that it is ignored. */
	if (r->flags & LINUX_FAN_MARK_ADD && r->kind == NOTIFY_INODE && r->flags & IGNORES &&
	    !(r->flags & LINUX_FAN_MARK_IGNORED_SURV_MODIFY) && inode_is_written(p->dentry->inode))
		return 0;
	fresh = kzalloc(sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	*fresh = (struct fan_mark){ .group = g, .mark = { .kind = (unsigned int)r->kind, .tell = mark_tell, .end = mark_end } };
	if (r->kind == NOTIFY_INODE)
		fresh->mark.inode = p->dentry->inode;
	else if (r->kind == NOTIFY_MOUNT)
		fresh->mark.mount = p->mount;
	else
		fresh->mark.super = p->mount->super;
	spin_lock(&notify_lock);
	err = r->flags & LINUX_FAN_MARK_ADD ? mark_add(g, &fresh, r) : mark_remove(g, fresh, r);
	spin_unlock(&notify_lock);
	kfree(fresh);
	return err;
}

static int64_t do_mark(struct fan_group *g, struct request *r, int dirfd, uint64_t utext)
{
	int64_t err = group_check(g, r);
	struct path p;

	if (err)
		return err;
	if (r->flags & LINUX_FAN_MARK_FLUSH) {
		spin_lock(&notify_lock);
		fan_marks_free(g, r->kind);
		spin_unlock(&notify_lock);
		return 0;
	}
	err = path_find(dirfd, utext, r, &p);
	if (err)
		return err;
	err = path_check(g, r, &p);
	if (!err)
		err = mark_path(g, r, &p);
	path_put(&p);
	return err;
}

/* fanotify_mark(fd, flags, mask, dirfd, path) */
SYSCALL(NR_fanotify_mark, fanotify_mark)
{
	struct request r;
	int64_t err = request_fill(&r, (uint32_t)args->a[1], args->a[2]);
	struct file *f;

	if (err)
		return err;
	f = fd_get_io((int)args->a[0]);
	if (!f)
		return -EBADF;
	err = f->ops == &fanotify_ops ? do_mark(f->priv, &r, (int)args->a[3], args->a[4]) : -EINVAL;
	file_put(f);
	return err;
}
