// SPDX-License-Identifier: GPL-2.0
/*
 * What landlock allows (fs/landlock.h): a right is there when, in each layer that handles it, a rule for the file or for a directory above it gives
 * it. Layers never change, so only the way up needs a lock (vfs_lock).
 */
#include <fs/landlock.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_landlock.h>

/* The directory above, in this mount or in the one that it hangs on; false: there is none. */
static bool go_up(struct path *p)
{
	while (p->dentry == p->mount->root) {
		if (!p->mount->parent)
			return false;
		*p = (struct path){ p->mount->parent, p->mount->mountpoint };
	}
	p->dentry = p->dentry->parent;
	return p->dentry;
}

/* Changing directories is a right that is never there by itself. */
static uint32_t layer_gives(const struct landlock_layer *l, const struct path *from)
{
	uint32_t given = LINUX_LANDLOCK_ALL & ~(l->handled | LINUX_LANDLOCK_REFER);
	struct path p = *from;

	do
		given |= landlock_rule_of(l, p.dentry->inode);
	while (go_up(&p));
	return given;
}

int landlock_path_locked(const struct path *p, uint32_t access)
{
	if (!p->mount)
		return 0;	/* pipes and their kin are in no directory */
	for (const struct landlock_layer *l = current->landlock; l; l = l->below)
		if (access & ~layer_gives(l, p))
			return -EACCES;
	return 0;
}

static int path_check(const struct path *p, uint32_t access)
{
	int err;

	mutex_lock(&vfs_lock);
	err = landlock_path_locked(p, access);
	mutex_unlock(&vfs_lock);
	return err;
}

static uint32_t access_to_open(uint32_t flags, bool dir)
{
	uint32_t mode = flags & LINUX_O_ACCMODE, access = mode == LINUX_O_WRONLY ? 0 : dir ? LINUX_LANDLOCK_READ_DIR : LINUX_LANDLOCK_READ_FILE;

	return mode == LINUX_O_RDONLY ? access : access | LINUX_LANDLOCK_WRITE_FILE;
}

int landlock_open(const struct path *p, uint32_t flags)
{
	return landlocked() ? path_check(p, access_to_open(flags, LINUX_S_ISDIR(p->dentry->inode->mode))) : 0;
}

int landlock_tmpfile(const struct path *dir, uint32_t flags)
{
	return landlocked() ? path_check(dir, access_to_open(flags, false)) : 0;
}

int landlock_execute(const struct path *p)
{
	return landlocked() ? path_check(p, LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_EXECUTE) : 0;
}

static uint32_t access_to_make(mode_t mode)
{
	switch (mode & LINUX_S_IFMT) {
	case LINUX_S_IFLNK:
		return LINUX_LANDLOCK_MAKE_SYM;
	case LINUX_S_IFDIR:
		return LINUX_LANDLOCK_MAKE_DIR;
	case LINUX_S_IFCHR:
		return LINUX_LANDLOCK_MAKE_CHAR;
	case LINUX_S_IFBLK:
		return LINUX_LANDLOCK_MAKE_BLOCK;
	case LINUX_S_IFIFO:
		return LINUX_LANDLOCK_MAKE_FIFO;
	case LINUX_S_IFSOCK:
		return LINUX_LANDLOCK_MAKE_SOCK;
	default:
		return LINUX_LANDLOCK_MAKE_REG;
	}
}

static uint32_t access_to_remove(const struct dentry *d)
{
	return LINUX_S_ISDIR(d->inode->mode) ? LINUX_LANDLOCK_REMOVE_DIR : LINUX_LANDLOCK_REMOVE_FILE;
}

int landlock_make(const struct path *dir, mode_t mode)
{
	return landlocked() ? landlock_path_locked(dir, access_to_make(mode)) : 0;
}

int landlock_remove(const struct path *dir, const struct dentry *d)
{
	return landlocked() ? landlock_path_locked(dir, access_to_remove(d)) : 0;
}

/* Would @d, with what rules give for it itself, be freer below @to than below @from? Of files only what is done with files counts. */
static bool gains(const struct landlock_layer *l, const struct dentry *d, uint32_t from, uint32_t to)
{
	uint32_t matters = LINUX_S_ISDIR(d->inode->mode) ? LINUX_LANDLOCK_ALL : LINUX_LANDLOCK_OF_FILES;

	return to & ~(from | landlock_rule_of(l, d->inode)) & matters;
}

int landlock_refer(const struct landlock_move *m)
{
	uint32_t at_from = m->moves ? access_to_remove(m->d) : 0, at_to = access_to_make(m->d->inode->mode);
	bool apart = m->from.dentry != m->to.dentry, crosses = false;

	if (!landlocked())
		return 0;
	if (m->over && m->moves)
		at_to |= access_to_remove(m->over);
	if (m->over && m->swapped)
		at_from |= access_to_make(m->over->inode->mode);
	for (const struct landlock_layer *l = current->landlock; l; l = l->below) {
		uint32_t from = layer_gives(l, &m->from), to = apart ? layer_gives(l, &m->to) : from;

		if ((at_from & ~from) || (at_to & ~to))
			return -EACCES;
		crosses |= !(from & to & LINUX_LANDLOCK_REFER) || gains(l, m->d, from, to) || (m->swapped && m->over && gains(l, m->over, to, from));
	}
	return apart && crosses ? -EXDEV : 0;
}
