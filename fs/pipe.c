// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes and FIFOs: a ring of slots, each with a page or a part of one, as on Linux, where programs see it: a pipe is writable while a slot is
 * free, a small write goes behind the bytes of the last one if there is room, and one with O_DIRECT is a packet. A write of at most PIPE_BUF
 * bytes is whole or not at all, since it fills one slot. The lock is held across user copies, which may fault: nothing under a fault takes a
 * pipe's lock.
 */
#include "pipe.h"
#include <fs/proc_pid.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>

static struct super *pipe_super;
static struct mutex fifo_lock = MUTEX_INIT(fifo_lock, "fifo");	/* guards inode->pipe; taken before pipe->lock */

static struct pipe *pipe_create(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	ref_init(&p->ref);
	mutex_init(&p->lock, "pipe");
	wait_queue_init(&p->changed, "pipe");
	if (pipe_slots_make(p))
		return p;
	kfree(p);
	return NULL;
}

static void pipe_put(struct pipe *p)
{
	if (!ref_put(&p->ref))
		return;
	pipe_slots_free(p);
	kfree(p);
}

char *pipe_page_alloc(void)
{
	struct page *page = frame_alloc(0, 0, PAGE_KERNEL);

	return page ? page_addr(page) : NULL;
}

void pipe_page_free(char *page)
{
	if (page)
		page_put(page_of(virt_to_phys(page)));
}

int pipe_wait_readable(struct pipe *p, bool nonblock)
{
	if (nonblock)
		return -EAGAIN;
	return wait_event(&p->changed, pipe_readable(p), TIME_FOREVER, true);
}

int pipe_wait_room(struct pipe *p, bool nonblock)
{
	if (nonblock)
		return -EAGAIN;
	return wait_event(&p->changed, !READ_ONCE(p->readers) || pipe_room(p), TIME_FOREVER, true);
}

/* A slot is read whole as far as there is room, or not at all when that faults. */
static ssize_t pipe_take(struct pipe *p, struct iter *to)
{
	ssize_t done = 0;

	while (p->used && to->left) {
		struct pipe_slot *s = pipe_slot(p, 0);
		bool packet = s->flags & SLOT_PACKET;
		size_t n = MIN(to->left, (size_t)(s->end - s->begin));

		if (unlikely(iter_put(to, s->data + s->begin, n) != (ssize_t)n))
			return done ? done : -EFAULT;
		done += (ssize_t)n;
		pipe_consume(p, s, packet ? (size_t)(s->end - s->begin) : n);
		if (packet)
			break;
	}
	return done;
}

static ssize_t pipe_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct pipe *p = pipe_of(f);
	bool was_full, ends;
	ssize_t n;

	if (!to->left)
		return 0;
	for (;;) {
		mutex_lock(&p->lock);
		was_full = !pipe_room(p);
		ends = !p->writers && !p->claimed;
		n = likely(!p->claimed) ? pipe_take(p, to) : 0;
		was_full = was_full && pipe_room(p);
		mutex_unlock(&p->lock);
		if (unlikely(was_full))
			wait_wake(&p->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
		if (n || ends)
			return n;
		n = pipe_wait_readable(p, file_nowait(f, to));
		if (n)
			return n;
	}
}

/* What comes behind a byte that cannot be read is not written either. */
static ssize_t write_faulted(struct iter *from, ssize_t done)
{
	from->left = 0;
	return done ? done : -EFAULT;
}

/* What is more than whole pages goes behind the last bytes if they leave room. */
static ssize_t pipe_append(struct pipe *p, struct iter *from)
{
	size_t n = from->left & (PAGE_SIZE - 1);
	struct pipe_slot *last;

	if (!p->used || !n)
		return 0;
	last = pipe_slot(p, p->used - 1);
	if (!(last->flags & SLOT_OPEN) || last->end + n > PAGE_SIZE)
		return 0;
	if (unlikely(iter_get(from, last->data + last->end, n) != (ssize_t)n))
		return write_faulted(from, 0);
	last->end += (uint16_t)n;
	return (ssize_t)n;
}

/* The slot that is next, with a page that is nobody else's; NULL: there is none. */
static struct pipe_slot *slot_next(struct pipe *p)
{
	struct pipe_slot *s = pipe_slot(p, p->used);

	if (likely(s->data && !(s->flags & SLOT_SHARED)))
		return s;
	pipe_page_free(s->data);
	s->data = pipe_page_alloc();
	return s->data ? s : NULL;
}

/* Into free slots. What of one cannot be read leaves it free. */
static ssize_t pipe_fill(struct pipe *p, struct iter *from, uint32_t flags)
{
	ssize_t done = 0;

	while (from->left && pipe_room(p)) {
		struct pipe_slot *s = slot_next(p);
		size_t n = MIN(from->left, PAGE_SIZE);

		if (unlikely(!s))
			return done ? done : -ENOMEM;
		if (unlikely(iter_get(from, s->data, n) != (ssize_t)n))
			return write_faulted(from, done);
		s->begin = 0;
		s->end = (uint16_t)n;
		s->flags = flags;
		WRITE_ONCE(p->used, p->used + 1);
		done += (ssize_t)n;
	}
	return done;
}

/* Under the lock: bytes written, 0 when it must wait, -EPIPE, -EFAULT, -ENOMEM. */
static ssize_t pipe_write_some(struct pipe *p, struct iter *from, uint32_t flags, bool first)
{
	ssize_t done, n;

	if (!p->readers)
		return -EPIPE;
	done = first ? pipe_append(p, from) : 0;
	if (done < 0 || !from->left)
		return done;
	n = pipe_fill(p, from, flags);
	return n < 0 && !done ? n : done + MAX(n, (ssize_t)0);
}

ssize_t pipe_write_end(ssize_t done, ssize_t err)
{
	if (err == -EPIPE)
		signal_send_thread(current, LINUX_SIGPIPE, NULL);
	return done ? done : err;
}

static ssize_t pipe_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct pipe *p = pipe_of(f);
	uint32_t flags = unlikely(f->flags & LINUX_O_DIRECT) ? SLOT_PACKET : SLOT_OPEN;
	ssize_t done = 0, n;

	while (from->left) {
		mutex_lock(&p->lock);
		n = pipe_write_some(p, from, flags, !done);
		mutex_unlock(&p->lock);
		if (n > 0) {
			done += n;
			wait_wake(&p->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
			continue;
		}
		if (!n)
			n = pipe_wait_room(p, file_nowait(f, from));
		if (n < 0)
			return pipe_write_end(done, n);
	}
	return done;
}

bool file_is_pipe(const struct file *f)
{
	return f->ops == &fifo_ops;
}

static uint32_t pipe_poll(struct file *f, struct poll_table *table)
{
	struct pipe *p = pipe_of(f);
	uint32_t mode = f->flags & LINUX_O_ACCMODE, mask = 0;

	poll_wait(f, &p->changed, table);
	if (mode != LINUX_O_WRONLY) {
		if (READ_ONCE(p->used) && !READ_ONCE(p->claimed))
			mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
		if (!READ_ONCE(p->writers) && READ_ONCE(p->writer_count) != f->seen)
			mask |= LINUX_POLLHUP;
	}
	if (mode != LINUX_O_RDONLY) {
		if (pipe_room(p))
			mask |= LINUX_POLLOUT | LINUX_POLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= LINUX_POLLERR;
	}
	return mask;
}

static uint32_t pipe_bytes(struct pipe *p)
{
	uint32_t n = 0;

	mutex_lock(&p->lock);
	for (uint32_t i = 0; i < p->used; i++)
		n += (uint32_t)(pipe_slot(p, i)->end - pipe_slot(p, i)->begin);
	mutex_unlock(&p->lock);
	return n;
}

static int64_t pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (cmd != LINUX_FIONREAD)
		return -ENOTTY;
	return put_user32(arg, pipe_bytes(pipe_of(f))) ? -EFAULT : 0;
}

/* What an end met when it was opened, in one moment: were there others, and how many ever. */
struct pipe_seen {
	bool readers, writers;
	uint32_t reader_count, writer_count;
};

static void pipe_count(struct pipe *p, uint32_t flags, int by, struct pipe_seen *seen)
{
	uint32_t mode = flags & LINUX_O_ACCMODE;

	mutex_lock(&p->lock);
	if (seen)
		*seen = (struct pipe_seen){ p->readers, p->writers, p->reader_count, p->writer_count };
	if (mode != LINUX_O_WRONLY)
		p->readers += by;
	if (mode != LINUX_O_RDONLY)
		p->writers += by;
	if (by > 0 && mode != LINUX_O_WRONLY)
		p->reader_count++;
	if (by > 0 && mode != LINUX_O_RDONLY)
		p->writer_count++;
	mutex_unlock(&p->lock);
	wait_wake(&p->changed, 0);
}

/* The last one lets a FIFO's bytes go. @p may be freed. */
static void fifo_detach(struct inode *inode, struct pipe *p)
{
	mutex_lock(&fifo_lock);
	if (inode->pipe == p && ref_count(&p->ref) == 1)
		inode->pipe = NULL;
	pipe_put(p);
	mutex_unlock(&fifo_lock);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = pipe_of(f);

	pipe_count(p, f->flags, -1, NULL);
	fifo_detach(f->inode, p);
}

static struct pipe *fifo_attach(struct inode *inode)
{
	struct pipe *p;

	mutex_lock(&fifo_lock);
	p = inode->pipe;
	if (p)
		ref_get(&p->ref);
	else
		p = inode->pipe = pipe_create();
	mutex_unlock(&fifo_lock);
	return p;
}

/* Opening one side waits for the other; both sides at once never wait; a lone writer that will not wait is refused. */
static int fifo_wait_partner(struct pipe *p, struct file *f, const struct pipe_seen *seen)
{
	uint32_t mode = f->flags & LINUX_O_ACCMODE;

	if (mode == LINUX_O_RDONLY) {
		if (!seen->writers && f->flags & LINUX_O_NONBLOCK)
			f->seen = seen->writer_count;	/* the end is told to it only after another */
		if (seen->writers || (f->flags & LINUX_O_NONBLOCK))
			return 0;
		return wait_event(&p->changed, READ_ONCE(p->writer_count) != seen->writer_count, TIME_FOREVER, true);
	}
	if (mode == LINUX_O_WRONLY) {
		if (seen->readers)
			return 0;
		if (f->flags & LINUX_O_NONBLOCK)
			return -ENXIO;
		return wait_event(&p->changed, READ_ONCE(p->reader_count) != seen->reader_count, TIME_FOREVER, true);
	}
	return 0;
}

static int fifo_open(struct inode *inode, struct file *f)
{
	struct pipe *p = fifo_attach(inode);
	struct pipe_seen seen;
	int err;

	if (!p)
		return -ENOMEM;
	if (f->flags & LINUX_O_DIRECT) {	/* packets are F_SETFL's or pipe2()'s */
		fifo_detach(inode, p);
		return -EINVAL;
	}
	f->priv = p;
	pipe_count(p, f->flags, 1, &seen);
	/* A pipe that is opened again, through /proc/self/fd, never waits. */
	err = inode->super == pipe_super ? 0 : fifo_wait_partner(p, f, &seen);
	if (!err)
		return 0;
	pipe_count(p, f->flags, -1, NULL);
	fifo_detach(inode, p);
	return err;
}

const struct file_ops fifo_ops = {
	.read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl, .open = fifo_open, .release = pipe_release,
	.signals = true,
};

static struct file *pipe_end(struct inode *inode, struct pipe *p, uint32_t flags)
{
	struct file *f = file_alloc(&fifo_ops, p, flags);

	if (!f)
		return NULL;
	f->inode = inode;
	inode_get(inode);
	ref_get(&p->ref);
	pipe_count(p, flags, 1, NULL);
	return f;
}

static int pipe_files(struct file *f[2], uint32_t flags)
{
	struct inode *inode = inode_create(pipe_super, LINUX_S_IFIFO | 0600, NULL, &fifo_ops);
	struct pipe *p = pipe_create();

	f[0] = f[1] = NULL;
	if (inode && p) {
		inode->pipe = p;
		f[0] = pipe_end(inode, p, LINUX_O_RDONLY | (flags & LINUX_O_NONBLOCK));
		f[1] = f[0] ? pipe_end(inode, p, LINUX_O_WRONLY | flags) : NULL;
	}
	if (p)
		pipe_put(p);
	inode_put(inode);
	if (f[1])
		return 0;
	file_put(f[0]);
	return -ENFILE;
}

int proc_anonymous_path(struct file *f, struct path *to)
{
	inode_get(f->inode);
	*to = (struct path){ NULL, dentry_create(NULL, "pipe", 4, f->inode, false) };
	if (to->dentry)
		return 0;
	inode_put(f->inode);
	return -ENOMEM;
}

static int64_t do_pipe(uint64_t ufds, uint32_t flags)
{
	struct fd_table *t = current_process->files;
	struct file *f[2];
	int fds[2], err;

	if (flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | LINUX_O_DIRECT))
		return -EINVAL;
	err = pipe_files(f, flags & (LINUX_O_NONBLOCK | LINUX_O_DIRECT));
	if (err)
		return err;
	fds[0] = fd_install_new(f[0], flags);
	if (fds[0] < 0) {
		file_put(f[1]);
		return fds[0];
	}
	fds[1] = fd_install_new(f[1], flags);
	err = fds[1] < 0 ? fds[1] : copy_to_user(ufds, fds, sizeof(fds)) ? -EFAULT : 0;
	if (!err)
		return 0;
	fd_close(t, fds[0]);
	if (fds[1] >= 0)
		fd_close(t, fds[1]);
	return err;
}

SYSCALL(NR_pipe, pipe)
{
	return do_pipe(args->a[0], 0);
}

SYSCALL(NR_pipe2, pipe2)
{
	return do_pipe(args->a[0], args->a[1]);
}

static const struct super_ops pipe_super_ops;

static int pipe_init(void)
{
	pipe_super = super_create("pipefs", &pipe_super_ops, LINUX_PIPEFS_MAGIC);
	return pipe_super ? 0 : -ENOMEM;
}
INITCALL("2fs", pipe_init);
