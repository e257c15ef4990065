/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: the two halves of io_uring, its rings (io_uring.c) and its requests (io_uring_calls.c). */
#ifndef FS_IO_URING_H
#define FS_IO_URING_H

#include <fs/file.h>
#include <kernel/block.h>
#include <kernel/list.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_uring.h>

#define URING_ENTRIES_MAX	4096u
#define URING_BUFFERS_MAX	1024u

struct uring {
	struct mutex lock;		/* one submits or registers at a time; guards sq_head and buffers */
	struct vma_object *rings, *sqes;
	uint32_t sq_entries, cq_entries, array_at;
	uint32_t sq_head;
	struct iovec_k *buffers;
	unsigned int nr_buffers;
	struct file *eventfd;		/* changed with both locks held */
	struct spinlock done_lock;	/* guards the rest; taken in interrupts */
	uint32_t cq_tail, running;
	struct list finished;		/* told, to be freed */
	struct list overflow;		/* had no room in the ring */
	struct wait_queue wait;
};

struct uring_request {
	struct list link;
	struct uring *uring;
	struct file *file;		/* counted; NULL: none */
	uint64_t user_data;
	int64_t result;
	struct block_async async;
};

/* io_uring.c. The next entry, copied; false: no more. u->lock held. */
bool uring_next(struct uring *u, struct linux_uring_sqe *sqe);
/* Tell the program; @r is freed by a later uring_reap(). Any context. */
void uring_complete(struct uring_request *r, int64_t result);
void uring_reap(struct uring *u);
/* Completions that the program has not taken. */
uint32_t uring_nr_done(struct uring *u);
bool file_is_uring(const struct file *f);

/* io_uring_calls.c. Process context. */
void uring_request_free(struct uring_request *r);

#endif
