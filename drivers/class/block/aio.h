/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of Linux's asynchronous I/O to each other: contexts and their events (aio_context.c, aio_ring.c), requests (aio.c, aio_poll.c). */
#ifndef BLOCK_AIO_H
#define BLOCK_AIO_H

#include <fs/file.h>
#include <kernel/wait.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_block.h>
#include "core.h"

/* Lives as long as its ring is mapped: munmap, exec and exit end it like io_destroy. */
struct aio_context {
	struct vma_object object;	/* the ring */
	struct list link;		/* of all; guarded by aio_lock */
	struct ref ref;
	struct space *space;		/* compared, never followed */
	uint64_t id;			/* address of the ring; guarded by aio_lock */
	uint32_t max;
	struct spinlock lock;		/* guards the rest */
	uint32_t promised;		/* requests whose event was not fetched */
	uint32_t running;
	struct list events;		/* of aio_request: those in the ring, in its order, by what the kernel knows */
	uint32_t nr_entries, head, tail;	/* of the ring: the kernel's own, which knows what the program may say */
	struct list polls;		/* of aio_poll: that wait */
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
	struct aio_poll *poll;		/* NULL: it is none */
	struct block_direct *pieces;	/* a list by next; small requests have theirs inside: */
	struct block_direct few;
};

/* The context of this process with this id, counted, or NULL. */
struct aio_context *aio_context_find(uint64_t id);
void aio_context_put(struct aio_context *c);
/* Give back what requests hold whose events the program took out of the ring by itself. May sleep. */
void aio_context_refresh(struct aio_context *c);

/* aio_ring.c: the memory for @max requests; its pages: 0 or -ENOMEM. Gone. */
int aio_ring_create(struct aio_context *c, uint32_t max);
void aio_ring_free(struct aio_context *c);
/* An event is there: c->lock held, as for the next two. How many did the program take? @nr of them are taken. */
void aio_ring_put(struct aio_context *c, const struct linux_io_event *event);
uint32_t aio_ring_taken(struct aio_context *c);
void aio_ring_take(struct aio_context *c, uint32_t nr);

/* aio.c: the event is there. Any context. */
void aio_request_over(struct aio_request *r);

/*
 * aio_poll.c. IOCB_CMD_POLL: does it make sense (0, -EINVAL); 0: its event comes by itself, or -ENOMEM. End those that wait: all, or the one for
 * the iocb at @address: 0, -EINVAL where there is none. Process context.
 */
int aio_poll_check(const struct linux_iocb *cb, const struct file *f);
int aio_poll_start(struct aio_request *r, uint32_t events);
int aio_poll_cancel(struct aio_context *c, uint64_t address, bool all);
/* The request is cleared. */
void aio_poll_free(struct aio_request *r);

#endif
