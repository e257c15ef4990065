/* SPDX-License-Identifier: GPL-2.0 */
/* The two halves of Linux's asynchronous I/O to each other: contexts and their events (aio_context.c), requests (aio.c). */
#ifndef BLOCK_AIO_H
#define BLOCK_AIO_H

#include <fs/file.h>
#include <kernel/wait.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_block.h>
#include "core.h"

/* Lives as long as the page that stands for it is mapped: munmap, exec and exit end it like io_destroy. */
struct aio_context {
	struct vma_object object;	/* first: the page */
	struct page *page;
	struct list link;		/* of all; guarded by aio_lock */
	struct ref ref;
	struct space *space;		/* compared, never followed */
	uint64_t id;			/* address of the page */
	uint32_t max;
	struct spinlock lock;		/* guards the rest */
	uint32_t promised;		/* requests whose event was not fetched */
	uint32_t running;
	struct list events;		/* of aio_request */
	struct list spare;		/* requests to use again, at most max */
	struct wait_queue wait;
	bool dead;
};

/* One iocb: its pieces, then its event. */
struct aio_request {
	struct list link;
	struct aio_context *context;
	struct file *file;		/* counted */
	struct file *eventfd;		/* counted: is told of the end; NULL: none */
	struct linux_io_event event;
	uint32_t pieces_left;		/* guarded by the context's lock */
	unsigned int nr_pieces;
	bool write;
	struct block_direct *pieces;	/* a list by next; small requests have theirs inside: */
	struct block_direct few;
};

/* The context of this process with this id, counted, or NULL. */
struct aio_context *aio_context_find(uint64_t id);
void aio_context_put(struct aio_context *c);

#endif
