/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of pipes tell each other: fs/pipe.c, fs/pipe_size.c, fs/pipe_splice.c. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <fs/internal.h>
#include <fs/vfs.h>

#define SLOT_OPEN	0x1u	/* a later write may put its bytes behind these */
#define SLOT_PACKET	0x2u	/* one read takes from it what it wants, and the rest is gone */
#define SLOT_SHARED	0x4u	/* another slot may have the same page: nothing new is written to its start */

/* Bytes @begin to @end of a page. A slot that is not used keeps its page for the next write, or has none (data is NULL). */
struct pipe_slot {
	char *data;
	uint16_t begin, end;
	uint32_t flags;
};

struct pipe {
	struct ref ref;		/* open files, and waits for the other end of a FIFO */
	struct mutex lock;	/* guards the rest; those of two pipes are taken in the order of their addresses */
	struct pipe_slot *slots;
	uint32_t nr_slots;	/* a power of two */
	uint32_t first, used;	/* the oldest, and how many; poll() looks at the second without the lock, so nothing else says that there are bytes */
	uint32_t reserved;	/* that splice() was promised */
	bool claimed;		/* splice() is about to take bytes: nobody else does meanwhile */
	uint32_t readers, writers;
	uint32_t reader_count, writer_count;	/* opens ever, for FIFOs that wait for a partner */
	struct pipe_user *user;	/* who made it and pays for its slots */
	struct wait_queue changed;
};

static inline struct pipe *pipe_of(const struct file *f)
{
	return f->priv;
}

/* The slot @i places behind the oldest. */
static inline struct pipe_slot *pipe_slot(const struct pipe *p, uint32_t i)
{
	return &p->slots[(p->first + i) & (p->nr_slots - 1)];
}

static inline uint32_t pipe_room(const struct pipe *p)
{
	uint32_t taken = READ_ONCE(p->used) + READ_ONCE(p->reserved), nr = READ_ONCE(p->nr_slots);

	return taken < nr ? nr - taken : 0;
}

/* Is there something to be read now, be it the end? */
static inline bool pipe_readable(const struct pipe *p)
{
	return (READ_ONCE(p->used) || !READ_ONCE(p->writers)) && !READ_ONCE(p->claimed);
}

/* @n bytes of the oldest slot are read. Lock held. */
static inline void pipe_consume(struct pipe *p, struct pipe_slot *s, size_t n)
{
	s->begin += (uint16_t)n;
	if (s->begin < s->end)
		return;
	/* An empty ring starts over, so that small messages stay in one warm page. */
	p->first = p->used > 1 ? p->first + 1 : 0;
	WRITE_ONCE(p->used, p->used - 1);
}

/* pipe.c. Sleep until pipe_readable(). 0, -EAGAIN, -EINTR. */
int pipe_wait_readable(struct pipe *p, bool nonblock);
/* Sleep until there is a free slot or no reader. 0, -EAGAIN, -EINTR. */
int pipe_wait_room(struct pipe *p, bool nonblock);
/* What a write ends with that had written @done when @err came: -EPIPE is also signalled. */
ssize_t pipe_write_end(ssize_t done, ssize_t err);

/*
 * pipe_size.c. The slots of @p are made and count for the current user; false: that one may have no more, or there is no memory. They go, with
 * their pages, and count no more.
 */
bool pipe_slots_make(struct pipe *p);
void pipe_slots_free(struct pipe *p);

#endif
