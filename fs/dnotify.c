// SPDX-License-Identifier: GPL-2.0
/*
 * fcntl(2), F_NOTIFY: the owner of an open directory gets a signal when something happens in it, once, or each time (DN_MULTISHOT). A mark is
 * of a file and of the descriptor table that asked; it ends when that table closes any descriptor of the file.
 */
#include <fs/internal.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/slab.h>

struct note {
	struct notify_mark mark;
	const struct file *file;	/* not counted: the note goes with it */
	const void *table;
	bool lasting;
};

/* ---- Notes: notify_lock held ---- */

static void note_end(struct notify_mark *m)
{
	notify_unmark(m);
	kfree(container_of(m, struct note, mark));
}

static void note_tell(struct notify_mark *m, struct notify_event *e, enum notify_place at)
{
	struct note *n = container_of(m, struct note, mark);

	if (e->mask & LINUX_FAN_RENAME && (e->dir != e->new_dir || at != NOTIFY_AT_SELF))
		return;		/* to be told only of what stays in its directory, once */
	file_owner_message(n->file);
	if (!n->lasting)
		note_end(m);
}

static struct note *note_find(const struct file *f, const void *table)
{
	struct notify_mark *m;

	list_for_each(m, &f->inode->watches, link) {
		struct note *n = container_of(m, struct note, mark);

		if (m->tell == note_tell && n->file == f && (!table || n->table == table))
			return n;
	}
	return NULL;
}

/* ---- Calls ---- */

static uint32_t mask_of(uint32_t what)
{
	return (what & LINUX_DN_ACCESS ? LINUX_IN_ACCESS : 0) | (what & LINUX_DN_MODIFY ? LINUX_IN_MODIFY : 0) |
	       (what & LINUX_DN_CREATE ? LINUX_IN_CREATE | LINUX_IN_MOVED_TO : 0) |
	       (what & LINUX_DN_DELETE ? LINUX_IN_DELETE | LINUX_IN_MOVED_FROM : 0) | (what & LINUX_DN_RENAME ? LINUX_FAN_RENAME : 0) |
	       (what & LINUX_DN_ATTRIB ? LINUX_IN_ATTRIB : 0);
}

int dnotify_set(struct file *f, int fd, uint32_t what)
{
	struct note *n, *old;
	int err;

	if (!(what & ~LINUX_DN_MULTISHOT)) {
		if (f->inode)
			dnotify_forget(f, current_process->files);
		return 0;
	}
	if (!f->inode || !LINUX_S_ISDIR(f->inode->mode))
		return -ENOTDIR;
	n = kzalloc(sizeof(*n));
	err = n ? file_owner_by_default(f, fd) : -ENOMEM;
	if (err)
		goto free_note;
	*n = (struct note){ .file = f, .table = current_process->files, .mark = { .inode = f->inode, .tell = note_tell, .end = note_end } };
	spin_lock(&notify_lock);
	old = note_find(f, n->table);
	if (!old) {
		notify_mark(&n->mark);
		old = n;
		n = NULL;
	}
	old->mark.mask |= mask_of(what);
	old->lasting |= !!(what & LINUX_DN_MULTISHOT);
	spin_unlock(&notify_lock);
free_note:
	kfree(n);
	return err;
}

void dnotify_forget(const struct file *f, const void *table)
{
	struct note *n;

	if (!notify_wanted() || !LINUX_S_ISDIR(f->inode->mode))
		return;
	spin_lock(&notify_lock);
	while ((n = note_find(f, table)))
		note_end(&n->mark);
	spin_unlock(&notify_lock);
}
