/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: the two halves of POSIX message queues, messages (mqueue.c) and names (mqueue_fs.c). */
#ifndef FS_MQUEUE_H
#define FS_MQUEUE_H

#include <fs/vfs.h>

struct ipc_ns;
struct linux_mq_attr;
struct mqueue;

extern const struct file_ops mqueue_ops;	/* of an open queue: file->priv is that */

/* A queue of @ns without a name, as @attr says (NULL: as the namespace does). ERR_PTR(-EINVAL, -ENOSPC, -EMFILE, -ENOMEM). May sleep. */
struct mqueue *mqueue_create(struct ipc_ns *ns, const struct linux_mq_attr *attr);
/* With its messages. May sleep, vfs_lock may be held. */
void mqueue_destroy(struct mqueue *q);
/* The queues of @ns are nobody's from now on. May sleep. */
void mqueues_orphan(struct ipc_ns *ns);

#endif
