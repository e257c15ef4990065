/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: capabilities as open files (design.md section 6). Only the kernel makes them, out of a device it owns, for one binding of that
 * device; a handle of an earlier binding is stale for ever. ipc/handle.c.
 */
#ifndef KERNEL_HANDLE_H
#define KERNEL_HANDLE_H

#include <fs/file.h>
#include <uapi/ferry/driver_abi.h>

struct device;
struct process;

struct handle {
	uint32_t kind;		/* enum ferry_handle_kind */
	uint32_t rights;
	struct device *dev;	/* counted; NULL for PROCESS */
	uint64_t generation;	/* of the binding */
	void *object;
	void (*release)(struct handle *h);	/* the last reference is gone; may be NULL */
};

/*
 * Put a new handle into @p's table, at @fd or above, closed on exec: its descriptor, -ENOMEM or -EMFILE. release() runs once, also
 * when this fails.
 */
int handle_install(struct process *p, const struct handle *h, int fd);

/*
 * The handle behind descriptor @fd of the current process, with its file's reference in @file (give it back with file_put()). ERR_PTR:
 * -EBADF (no handle), -EINVAL (another kind), -EACCES (@rights not all there), -ESTALE (of an earlier binding).
 */
struct handle *handle_get(int fd, uint32_t kind, uint32_t rights, struct file **file);

#endif
