/* SPDX-License-Identifier: GPL-2.0 */
/*
 * landlock(7): what threads that gave up rights to files may still do with them. Each restriction is a layer upon those before; every layer must
 * allow what is done. The access words are LINUX_LANDLOCK_*. Nobody but who called landlock_restrict_self() and its descendants pays for it.
 */
#ifndef FS_LANDLOCK_H
#define FS_LANDLOCK_H

#include <fs/vfs.h>
#include <kernel/thread.h>

struct landlock_layer;

static inline bool landlocked(void)
{
	return unlikely(current->landlock);
}

/* @t, new, has what the current thread has; @t goes. Any context. */
void landlock_inherit(struct thread *t);
void landlock_release(struct thread *t);
/* May @t be traced or looked into by @who? 0 or -EPERM. @t is the current thread, or its process's lock is held. */
int landlock_may_access(const struct thread *who, const struct thread *t);

/* All below: 0 at once unless landlocked(). -EACCES. vfs_lock held. */
int landlock_path_locked(const struct path *p, uint32_t access);
/* A new name for something of type @mode in @dir. */
int landlock_make(const struct path *dir, mode_t mode);
/* @d goes from @dir. */
int landlock_remove(const struct path *dir, const struct dentry *d);
/* vfs_lock not held: to open @p with LINUX_O_* @flags; to execute it. */
int landlock_open(const struct path *p, uint32_t flags);
int landlock_execute(const struct path *p);
/* A file without a name in @dir. */
int landlock_tmpfile(const struct path *dir, uint32_t flags);

/* @d of @from gets a name in @to, and loses its own if it @moves; @over, if any, is replaced, or @swapped. vfs_lock held. -EACCES, -EXDEV. */
struct landlock_move {
	struct path from, to;
	const struct dentry *d, *over;
	bool moves, swapped;
};
int landlock_refer(const struct landlock_move *m);

/* Inside: landlock.c has the rules, landlock_check.c asks. The rights that @l gives for exactly @inode. */
struct landlock_layer {
	struct ref ref;
	struct landlock_layer *below;	/* counted: earlier ones */
	uint32_t depth, handled, nr;
	struct landlock_rule { uint64_t dev, ino; uint32_t allowed; } rules[];	/* in order */
};
uint32_t landlock_rule_of(const struct landlock_layer *l, const struct inode *inode);

#endif
