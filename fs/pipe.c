// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes and FIFOs: a ring of bytes over pages that are allocated when first needed. Writes of at most PIPE_BUF bytes are whole or not at
 * all. The lock is held across user copies, which may fault: nothing under a fault takes a pipe's lock.
 */
#include <fs/proc_pid.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define PAGES_DEFAULT	16u
#define PAGES_MAX	256u	/* 1 MiB */

struct pipe {
	struct ref ref;		/* open files, and waits for the other end of a FIFO */
	struct mutex lock;	/* guards the rest */
	uint64_t head, tail;	/* bytes written, bytes read; the page of byte b is (b / PAGE_SIZE) % nr_pages */
	unsigned int nr_pages;	/* a power of two */
	uint64_t held;		/* bytes of room that splice() was promised */
	char **pages;		/* where each lies, or NULL */
	unsigned int readers, writers;
	uint32_t reader_count, writer_count;	/* opens ever, for FIFOs that wait for a partner */
	struct wait_queue changed;
};

static struct super *pipe_super;
static struct mutex fifo_lock = MUTEX_INIT(fifo_lock, "fifo");	/* guards inode->pipe; taken before pipe->lock */

static struct pipe *pipe_create(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->pages = kcalloc(PAGES_DEFAULT, sizeof(*p->pages));
	if (!p->pages) {
		kfree(p);
		return NULL;
	}
	ref_init(&p->ref);
	mutex_init(&p->lock, "pipe");
	p->nr_pages = PAGES_DEFAULT;
	wait_queue_init(&p->changed, "pipe");
	return p;
}

static void room_free(char *room)
{
	if (room)
		page_put(page_of(virt_to_phys(room)));
}

static void pipe_put(struct pipe *p)
{
	unsigned int i;

	if (!ref_put(&p->ref))
		return;
	for (i = 0; i < p->nr_pages; i++)
		room_free(p->pages[i]);
	kfree(p->pages);
	kfree(p);
}

static struct pipe *pipe_of(const struct file *f)
{
	return f->priv;
}

static uint64_t pipe_used(const struct pipe *p)
{
	return p->head - p->tail;
}

static uint64_t pipe_room(const struct pipe *p)
{
	return p->nr_pages * PAGE_SIZE - pipe_used(p) - p->held;
}

/* Where byte @at lies and how many follow in its page; NULL when the page cannot be had. */
static char *pipe_place(struct pipe *p, uint64_t at, size_t *n)
{
	char **page = &p->pages[(at >> PAGE_SHIFT) & (p->nr_pages - 1)];
	uint64_t offset = at & (PAGE_SIZE - 1);

	if (unlikely(!*page)) {
		struct page *new = frame_alloc(0, 0, PAGE_KERNEL);

		if (!new)
			return NULL;
		*page = page_addr(new);
	}
	*n = MIN(*n, PAGE_SIZE - offset);
	return *page + offset;
}

static ssize_t pipe_take(struct pipe *p, struct iter *to)
{
	ssize_t done = 0, got = 0;
	size_t n;
	char *from;

	while (to->left && pipe_used(p)) {
		n = MIN(to->left, pipe_used(p));
		from = pipe_place(p, p->tail, &n);
		got = from ? iter_put(to, from, n) : -ENOMEM;
		if (got <= 0)
			break;
		p->tail += got;
		done += got;
		if ((size_t)got < n)
			break;
	}
	/* An empty ring starts over, so that small messages stay in one warm page. */
	if (p->head == p->tail && !p->held)
		p->head = p->tail = 0;
	return done ? done : got;
}

static ssize_t pipe_give(struct pipe *p, struct iter *from)
{
	ssize_t done = 0, got = 0;
	size_t n;
	char *to;

	while (from->left && pipe_room(p)) {
		n = MIN(from->left, pipe_room(p));
		to = pipe_place(p, p->head, &n);
		got = to ? iter_get(from, to, n) : -ENOMEM;
		if (got <= 0)
			break;
		p->head += got;
		done += got;
		if ((size_t)got < n)
			break;
	}
	return done ? done : got;
}

/* Sleep until there are bytes or no writers. 0, -EAGAIN, -EINTR. */
static int pipe_wait_bytes(struct pipe *p, bool nonblock)
{
	if (nonblock)
		return -EAGAIN;
	return wait_event(&p->changed, READ_ONCE(p->head) != READ_ONCE(p->tail) || !READ_ONCE(p->writers), TIME_FOREVER, true);
}

static ssize_t pipe_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct pipe *p = pipe_of(f);
	ssize_t n;

	if (!to->left)
		return 0;
	for (;;) {
		mutex_lock(&p->lock);
		n = pipe_take(p, to);
		if (n || !p->writers) {
			mutex_unlock(&p->lock);
			if (n > 0)
				wait_wake(&p->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
			return n;
		}
		mutex_unlock(&p->lock);
		n = pipe_wait_bytes(p, file_nowait(f, to));
		if (n)
			return n;
	}
}

static bool write_fits(const struct pipe *p, size_t left, bool atomic)
{
	return pipe_room(p) >= (atomic ? left : 1);
}

/* Under the lock: bytes written, 0 when it must wait, -EPIPE, -EFAULT. */
static ssize_t pipe_write_some(struct pipe *p, struct iter *from, bool atomic)
{
	if (!p->readers)
		return -EPIPE;
	return write_fits(p, from->left, atomic) ? pipe_give(p, from) : 0;
}

static ssize_t pipe_write_end(ssize_t done, ssize_t n)
{
	if (done)
		return done;
	if (n == -EPIPE)
		signal_send_thread(current, LINUX_SIGPIPE, NULL);
	return n;
}

static ssize_t pipe_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct pipe *p = pipe_of(f);
	bool atomic = from->left <= LINUX_PIPE_BUF;
	ssize_t done = 0, n;

	while (from->left) {
		mutex_lock(&p->lock);
		n = pipe_write_some(p, from, atomic);
		mutex_unlock(&p->lock);
		if (n < 0)
			return pipe_write_end(done, n);
		if (n) {
			done += n;
			wait_wake(&p->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
			continue;
		}
		if (file_nowait(f, from))
			return pipe_write_end(done, -EAGAIN);
		if (wait_event(&p->changed, !READ_ONCE(p->readers) || write_fits(p, from->left, atomic), TIME_FOREVER, true))
			return pipe_write_end(done, -EINTR);
	}
	return done;
}

bool file_is_pipe(const struct file *f)
{
	return f->ops == &fifo_ops;
}

/* ---- For splice: bytes go through a buffer of the kernel's, and never get lost on the way ---- */

ssize_t pipe_hold(struct file *f, void *to, size_t n, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	struct iovec_k storage;
	struct iter it;
	ssize_t got;

	for (;;) {
		iter_init_one(&it, &storage, (uint64_t)to, n, true);
		mutex_lock(&p->lock);
		p->held++;	/* the ring must not start over now */
		got = pipe_take(p, &it);
		p->held += got > 0 ? got - 1 : -1;
		if (got || !p->writers) {
			mutex_unlock(&p->lock);
			return got;
		}
		mutex_unlock(&p->lock);
		got = pipe_wait_bytes(p, nonblock);
		if (got)
			return got;
	}
}

void pipe_unhold(struct file *f, const void *rest, size_t n, size_t held)
{
	struct pipe *p = pipe_of(f);
	uint64_t at;
	size_t step;

	mutex_lock(&p->lock);
	p->held -= held;
	p->tail -= n;
	for (at = p->tail; n; n -= step, at += step, rest = (const char *)rest + step) {
		char *to;

		step = n;
		to = pipe_place(p, at, &step);
		if (to)	/* always: the bytes were in this page before */
			memcpy(to, rest, step);
	}
	mutex_unlock(&p->lock);
	wait_wake(&p->changed, 0);
}

ssize_t pipe_peek(struct file *f, void *to, size_t n, bool nonblock)
{
	ssize_t got = pipe_hold(f, to, n, nonblock);

	if (got > 0)
		pipe_unhold(f, to, got, got);
	return got;
}

/* Under the lock: room that is the caller's now, 0 when there is none yet, -EPIPE. */
static ssize_t pipe_reserve_some(struct pipe *p, size_t n)
{
	if (!p->readers)
		return -EPIPE;
	n = MIN(n, pipe_room(p));
	p->held += n;
	return n;
}

ssize_t pipe_reserve(struct file *f, size_t n, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	ssize_t got;

	for (;;) {
		mutex_lock(&p->lock);
		got = pipe_reserve_some(p, n);
		mutex_unlock(&p->lock);
		if (!got && nonblock)
			return -EAGAIN;
		if (got)
			return pipe_write_end(0, got);
		if (wait_event(&p->changed, !READ_ONCE(p->readers) || write_fits(p, 1, false), TIME_FOREVER, true))
			return -EINTR;
	}
}

ssize_t pipe_commit(struct file *f, const void *from, size_t n, size_t reserved)
{
	struct pipe *p = pipe_of(f);
	struct iovec_k storage;
	struct iter it;
	ssize_t done;

	iter_init_one(&it, &storage, (uint64_t)from, n, true);
	mutex_lock(&p->lock);
	p->held -= reserved;
	done = !n ? 0 : p->readers ? pipe_give(p, &it) : -EPIPE;
	mutex_unlock(&p->lock);
	wait_wake(&p->changed, 0);
	return pipe_write_end(0, done);
}

bool pipe_same(const struct file *a, const struct file *b)
{
	return pipe_of(a) == pipe_of(b);
}

static uint32_t pipe_poll(struct file *f, struct poll_table *table)
{
	struct pipe *p = pipe_of(f);
	uint32_t mode = f->flags & LINUX_O_ACCMODE, mask = 0;

	poll_wait(f, &p->changed, table);
	if (mode != LINUX_O_WRONLY) {
		if (READ_ONCE(p->head) != READ_ONCE(p->tail))
			mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
		if (!READ_ONCE(p->writers) && p->writer_count)
			mask |= LINUX_POLLHUP;
	}
	if (mode != LINUX_O_RDONLY) {
		if (pipe_room(p) >= LINUX_PIPE_BUF)
			mask |= LINUX_POLLOUT | LINUX_POLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= LINUX_POLLERR;
	}
	return mask;
}

static int64_t pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (cmd != LINUX_FIONREAD)
		return -ENOTTY;
	return put_user32(arg, pipe_used(pipe_of(f))) ? -EFAULT : 0;
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

/* Bytes move to the start of the new ring. */
static int64_t pipe_resize(struct pipe *p, unsigned int nr)
{
	char **pages = kcalloc(nr, sizeof(*pages));
	uint64_t first = p->tail >> PAGE_SHIFT;
	unsigned int i;

	if (!pages)
		return -ENOMEM;
	if (p->held || ((p->head >> PAGE_SHIFT) - first + 1 > nr && p->head != p->tail)) {
		kfree(pages);
		return -EBUSY;
	}
	for (i = 0; i < p->nr_pages; i++) {
		if (i < nr)
			pages[i] = p->pages[(first + i) & (p->nr_pages - 1)];
		else
			room_free(p->pages[(first + i) & (p->nr_pages - 1)]);
	}
	kfree(p->pages);
	p->pages = pages;
	p->nr_pages = nr;
	p->head -= first << PAGE_SHIFT;
	p->tail -= first << PAGE_SHIFT;
	return (int64_t)nr * PAGE_SIZE;
}

int64_t pipe_fcntl(struct file *f, uint32_t cmd, uint64_t arg)
{
	unsigned int nr = 1;
	struct pipe *p;
	int64_t v;

	if (!file_is_pipe(f))
		return -EBADF;
	p = pipe_of(f);
	if (cmd == LINUX_F_GETPIPE_SZ)
		return (int64_t)p->nr_pages * PAGE_SIZE;
	if ((int32_t)arg < 0)
		return -EINVAL;
	while (nr < PAGES_MAX && nr * PAGE_SIZE < (uint32_t)arg)
		nr *= 2;
	if (nr * PAGE_SIZE < (uint32_t)arg)
		return -EPERM;
	mutex_lock(&p->lock);
	v = pipe_resize(p, nr);
	mutex_unlock(&p->lock);
	if (v > 0)
		wait_wake(&p->changed, 0);
	return v;
}

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
		f[0] = pipe_end(inode, p, LINUX_O_RDONLY | flags);
		f[1] = f[0] ? pipe_end(inode, p, LINUX_O_WRONLY | flags) : NULL;
	}
	if (p)
		pipe_put(p);
	inode_put(inode);
	if (f[1])
		return 0;
	file_put(f[0]);
	return -ENOMEM;
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
	err = pipe_files(f, flags & LINUX_O_NONBLOCK);
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
	return pipe_super ? proc_create_number("sys/fs/pipe-max-size", PAGES_MAX * PAGE_SIZE) : -ENOMEM;
}
INITCALL("2fs", pipe_init);
