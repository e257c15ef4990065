/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: leases (fcntl(2), F_SETLEASE), by which a program hears before others open a file. Who opens or cuts files asks here; that
 * costs one load while nobody has a lease.
 */
#ifndef FS_LEASE_H
#define FS_LEASE_H

#include <fs/vfs.h>

extern unsigned int nr_leases;	/* how many there are; changes under the leases' lock */

int lease_break_slow(struct inode *inode, uint32_t flags);
/*
 * Somebody opens @inode with the LINUX_O_* of @flags: 0 once no lease is in the way, for which it waits. -EAGAIN: it would have to, with
 * O_NONBLOCK; -EINTR. May sleep for as long as lease-break-time says.
 */
static inline int lease_break(struct inode *inode, uint32_t flags)
{
	return unlikely(READ_ONCE(nr_leases)) ? lease_break_slow(inode, flags) : 0;
}

/* F_SETLEASE of LINUX_F_RDLCK, WRLCK or UNLCK; owners are told of descriptor @fd. 0, -EACCES, -EAGAIN, -EINVAL, -ENOMEM. May sleep. */
int lease_set(struct file *f, int fd, int type);
/* F_GETLEASE: what it has, or is to come down to. */
int lease_get(const struct file *f);
/* @f ends. */
void lease_release(const struct file *f);
/* Lines of /proc/locks, from number @number + 1 on, and of /proc/<pid>/fdinfo. */
void leases_show(struct seq *s, int number);
void lease_show(struct seq *s, const struct file *f, int number);

#endif
