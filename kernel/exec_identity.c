// SPDX-License-Identifier: GPL-2.0
/*
 * Who a program is that execve(2) starts: what its file's set-id bits and privileges give, to whom they give nothing, and the moment at which the
 * process becomes that. Locks: process_tree_lock and process->lock, for who traces it must not come in between.
 */
#include <fs/internal.h>
#include <fs/mount.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>
#include "exec.h"
#include "process_internal.h"

/* personality(2): no random addresses; page zero, compatible layout, reading executes. */
#define PERSONALITY_UNSAFE	(LINUX_ADDR_NO_RANDOMIZE | LINUX_READ_IMPLIES_EXEC | 0x0300000u)

/* Somebody else has its registers, its directory or its calls in hand: the program of @p must not become more than who starts it. */
static bool is_bound(const struct process *p)
{
	return p == current->process && (current->no_new_privs || p->nr_traced || fs_context_is_shared(p->fs));
}

/*
 * What a program's file gives counts unless its mount forbids that, is another namespace's, or shows a file system that was made in a user
 * namespace which who starts it is not in: who made that says who owns what there.
 */
static bool gains_count(const struct file *file, const struct credentials *c)
{
	bool here;

	if (!file->mount)
		return true;
	if ((file->mount->flags & LINUX_MS_NOSUID) || !user_ns_is_below(user_ns_of(c), file->mount->super->user_ns))
		return false;
	mutex_lock(&vfs_lock);
	here = mount_is_here(file->mount);
	mutex_unlock(&vfs_lock);
	return here;
}

/* Set-id bits count unless who starts the program may not gain anything, or does not know the numbers. Do they? */
static bool set_ids(struct credentials *c, const struct file *file)
{
	const struct inode *inode = file->inode;
	bool gid = (inode->mode & LINUX_S_ISGID) && (inode->mode & 0010);

	if (id_inside(c->user_ns, ID_USER, inode->uid) == ID_NONE || id_inside(c->user_ns, ID_GROUP, inode->gid) == ID_NONE)
		return false;

	if (inode->mode & LINUX_S_ISUID)
		c->euid = inode->uid;
	if (gid)
		c->egid = inode->gid;
	return gid || (inode->mode & LINUX_S_ISUID);
}

/* Who the program is. */
int exec_identity_choose(struct exec_image *image, const struct process *p, const struct file *file)
{
	const struct credentials *from = p == current->process ? &current->cred : &p->cred;
	bool no_new = p == current->process && current->no_new_privs, gains = false;
	bool ignored = !gains_count(file, from);
	struct file_privileges given = { 0 };
	int err = ignored ? 0 : file_privileges_read(file->inode, &given);

	if (err)
		return err;
	image->was_bound = is_bound(p);
	image->cred = image->bound_cred = *from;
	if (!ignored && !no_new)
		gains = set_ids(&image->cred, file);
	err = privileges_of_program(&image->bound_cred, from, &given, true, true, &image->secure);
	if (!err)
		err = privileges_of_program(&image->cred, from, &given, image->was_bound, no_new, &image->secure);
	gains |= image->cred.privileges.permitted & ~from->privileges.permitted;
	image->personality = p->personality & ~(gains ? PERSONALITY_UNSAFE : 0);
	return err;
}

/*
 * Who the process is now; before its memory is the program's, for who may look into the one may not look into the other. Who came too late
 * for exec_identity_choose() binds it all the same.
 */
void exec_identity_take(struct process *p, struct exec_image *image)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock), inner = spin_lock_irq(&p->lock);
	struct credentials old = p->cred;

	if (is_bound(p) && !image->was_bound)
		image->cred = image->bound_cred;
	credentials_get(&image->cred);
	p->cred = image->cred;
	if (p == current->process)	/* it refers to the same as before */
		current->cred = image->cred;
	p->death_signal = image->secure ? 0 : p->death_signal;
	p->dumpable = !image->secure && !image->unreadable;
	p->memory_ns = image->unreadable ? NULL : image->cred.user_ns;
	p->personality = image->personality;
	p->nr_execs += p == current->process;
	spin_unlock_irq(&p->lock, inner);
	spin_unlock_irq(&process_tree_lock, flags);
	credentials_put(&old);
}
