/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: capabilities as open files (design.md section 6, Documentation/capabilities.md). Only the kernel makes them, out of a device it
 * owns, for one binding of that device; others are derived from those, with fewer rights, and may be given to other processes. Revoking
 * one revokes all that was derived from it: they are stale for ever, and what was mapped through them is unmapped. ipc/handle.c.
 *
 * cap_lock (spin) guards the tree; taking back what a handle stands for needs its device's bind_lock.
 */
#ifndef KERNEL_HANDLE_H
#define KERNEL_HANDLE_H

#include <fs/file.h>
#include <uapi/ferry/driver_abi.h>

struct device;
struct process;
struct handle;
struct handle_node;
struct space;
struct thread;
struct vma_object;

/* What a kind does with its objects. They are counted: get() for each handle that is derived, put() for each that goes. */
struct handle_ops {
	void (*get)(void *object);
	void (*put)(void *object);
	/*
	 * @h is stale: take back what it stands for, but for what was mapped through it; NULL: nothing. bind_lock of the device held.
	 * Frames and the like are given back with the last put().
	 */
	void (*undo)(struct handle *h);
};

/* Made by handle_create(); the first part is the maker's and does not change. */
struct handle {
	uint32_t kind;		/* enum ferry_handle_kind */
	uint32_t rights;
	struct device *dev;	/* counted; NULL for PROCESS, and for NOTIFY of the manager */
	uint64_t generation;	/* of the binding */
	void *object;		/* stale handles of windows and memory have none */
	const struct handle_ops *ops;	/* NULL: no object */
	uint64_t start, length;	/* what it covers: bus address, first port, device address; for lists */
	bool bound;		/* closing it gives up the name only: it ends with the binding, or revoked */

	/* What was mapped through it; guarded by bind_lock. */
	struct space *space;	/* counted */
	struct vma_object *view;	/* counted */
	struct thread *ports_of;	/* counted: the thread whose ports they are */
	struct handle_node *node;	/* handle.c's */
};

/*
 * A new handle derived from @parent (NULL: a root), with a reference; takes over the object, also on failure. ERR_PTR(-ENOMEM), -ESTALE.
 */
struct handle *handle_create(const struct handle *from, struct handle *parent);
void handle_hold(struct handle *h);
void handle_put(struct handle *h);
/*
 * Put it into @p's table as a new open file, at @fd or above, closed on exec: its descriptor, -ENOMEM, -EMFILE, or -EDQUOT (@p is a driver
 * with as many handles as it may have). The caller's reference stays.
 */
int handle_install(struct process *p, struct handle *h, int fd);
/*
 * A new handle into the current process's table; gives back the reference; on failure the handle is revoked. @h may be an ERR_PTR, which
 * is returned. bind_lock held where @h has a device, and then it is bound.
 */
int handle_give(struct handle *h);

/* Does it still work? It may stop at any time unless bind_lock of its device is held. */
bool handle_is_live(const struct handle *h);
/*
 * The handle behind descriptor @fd of the current process, with its file's reference in @file (give it back with file_put()). ERR_PTR:
 * -EBADF (no handle), -EINVAL (another kind; 0: any), -EACCES (@rights not all there), -ESTALE (revoked, of an earlier binding, or closed).
 */
struct handle *handle_get(int fd, uint32_t kind, uint32_t rights, struct file **file);

/*
 * One more handle on the same object with @rights: -EACCES when @h has not all of them, -ESTALE, -ENOMEM. ERR_PTR, with a reference.
 * May sleep; not with bind_lock held.
 */
struct handle *handle_derive(struct handle *h, uint32_t rights);
/*
 * All that was derived from @h, and @h if @self: no call works with them from the start of this on, and what was mapped through them is
 * unmapped when it returns. 0 or -ESTALE. May sleep; _locked with bind_lock of the device held.
 */
int handle_revoke(struct handle *h, bool self);
int handle_revoke_locked(struct handle *h, bool self);

#endif
