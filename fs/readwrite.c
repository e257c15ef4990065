// SPDX-License-Identifier: GPL-2.0
/* read(2) and write(2) in all their forms, lseek, sendfile, copy_file_range. The work is the file's ops'; here are the checks. */
#include <fs/internal.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define VEC_ON_STACK	8
#define COPY_CHUNK	(64 * 1024ul)

static inline __attribute__((always_inline)) int may_io(const struct file *f, bool write)
{
	uint32_t mode = f->flags & LINUX_O_ACCMODE;

	if (f->flags & LINUX_O_PATH)
		return -EBADF;
	if (write ? mode == LINUX_O_RDONLY : mode == LINUX_O_WRONLY)
		return -EBADF;
	if (likely(write ? f->ops->write : f->ops->read))
		return 0;
	return !write && f->inode && LINUX_S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
}

int file_may_io(struct file *f, bool write)
{
	return may_io(f, write);
}

static inline __attribute__((always_inline)) ssize_t do_io(struct file *f, struct iter *it, bool write, loff_t *pos)
{
	ssize_t (*op)(struct file *f, struct iter *it, loff_t *pos) = write ? f->ops->write : f->ops->read;
	ssize_t n = write ? 0 : notify_ask_read(f);

	if (!write && unlikely(n))
		return n;
	/* A file that one descriptor of one thread names (fd_borrow() counts for others) has nobody to share its position with. */
	if (pos || !f->ops->seek || ref_count(&f->ref) == 1) {
		n = op(f, it, pos ? pos : &f->pos);
	} else {
		mutex_lock(&f->pos_lock);
		n = op(f, it, &f->pos);
		mutex_unlock(&f->pos_lock);
	}
	current->io.calls[write]++;
	if (n > 0) {
		current->io.chars[write] += (uint64_t)n;
		notify_file(f, write ? LINUX_IN_MODIFY : LINUX_IN_ACCESS);
	}
	return n;
}

ssize_t file_io(struct file *f, struct iter *it, bool write, loff_t *pos)
{
	return do_io(f, it, write, pos);
}

/* A copy of all of it for each of the four calls: they are what programs do most. */
static inline __attribute__((always_inline)) int64_t io_one(int fd, uint64_t base, uint64_t length, bool write, loff_t *pos)
{
	bool shared;
	struct file *f = fd_borrow(fd, &shared);
	struct iovec_k storage;
	struct iter it;
	int64_t n;

	if (!f)
		return -EBADF;
	n = pos && !f->ops->seek ? -ESPIPE : may_io(f, write);
	if (!n && !user_range_ok(base, length))
		n = -EFAULT;
	if (!n) {
		iter_init_one(&it, &storage, base, MIN(length, LINUX_RW_MAX), false);
		n = do_io(f, &it, write, pos);
	}
	fd_return(f, shared);
	return n;
}

SYSCALL_FLAGS(NR_read, read, SYSCALL_DRIVER)
{
	return io_one(args->a[0], args->a[1], args->a[2], false, NULL);
}

SYSCALL_FLAGS(NR_write, write, SYSCALL_DRIVER)
{
	return io_one(args->a[0], args->a[1], args->a[2], true, NULL);
}

SYSCALL(NR_pread64, pread64)
{
	loff_t pos = args->a[3];

	return pos < 0 ? -EINVAL : io_one(args->a[0], args->a[1], args->a[2], false, &pos);
}

SYSCALL(NR_pwrite64, pwrite64)
{
	loff_t pos = args->a[3];

	return pos < 0 ? -EINVAL : io_one(args->a[0], args->a[1], args->a[2], true, &pos);
}

int64_t vec_check(const struct iovec_k *vec, unsigned int nr)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if ((int64_t)vec[i].length < 0 || (int64_t)(sum + vec[i].length) < 0)
			return -EINVAL;
		if (!user_range_ok(vec[i].base, MIN(vec[i].length, LINUX_RW_MAX)))
			return -EFAULT;
		sum += vec[i].length;
	}
	return sum;
}

/* The order of the checks is Linux's: the vector, the mode of the file, then the hints. */
static int64_t io_vec_checked(struct file *f, const struct iovec_k *vec, unsigned int nr, bool write, loff_t *pos, uint32_t hints)
{
	int64_t sum = vec_check(vec, nr);
	struct iter it;
	int err;

	if (sum < 0)
		return sum;
	err = file_may_io(f, write);
	if (err || !sum)
		return err;
	if (hints & ~(LINUX_RWF_HIPRI | LINUX_RWF_DSYNC | LINUX_RWF_SYNC | LINUX_RWF_APPEND))
		return -EOPNOTSUPP;	/* the first three mean nothing here */
	iter_init(&it, vec, nr, false);
	it.append = hints & LINUX_RWF_APPEND;
	it.left = MIN(it.left, LINUX_RW_MAX);
	return file_io(f, &it, write, pos);
}

static int64_t io_vec_copied(struct file *f, uint64_t uvec, unsigned int nr, bool write, loff_t *pos, uint32_t hints)
{
	struct iovec_k few[VEC_ON_STACK], *vec = few;
	int64_t n = -EFAULT;

	if (nr > VEC_ON_STACK)
		vec = kcalloc(nr, sizeof(*vec));
	if (!vec)
		return -ENOMEM;
	if (!copy_from_user(vec, uvec, nr * sizeof(*vec)))
		n = io_vec_checked(f, vec, nr, write, pos, hints);
	if (vec != few)
		kfree(vec);
	return n;
}

/* @nr: as Linux, of which the low half counts. */
static int64_t io_vec(int fd, uint64_t uvec, uint32_t nr, bool write, loff_t *pos, uint32_t hints)
{
	bool shared;
	struct file *f = fd_borrow(fd, &shared);
	int64_t n;

	if (!f)
		return -EBADF;
	if (f->flags & LINUX_O_PATH)
		n = -EBADF;
	else if (pos && !f->ops->seek)
		n = -ESPIPE;
	else if (nr > LINUX_IOV_MAX)
		n = -EINVAL;
	else
		n = io_vec_copied(f, uvec, nr, write, pos, hints);
	fd_return(f, shared);
	return n;
}

SYSCALL_FLAGS(NR_readv, readv, SYSCALL_DRIVER)
{
	return io_vec(args->a[0], args->a[1], args->a[2], false, NULL, 0);
}

SYSCALL_FLAGS(NR_writev, writev, SYSCALL_DRIVER)
{
	return io_vec(args->a[0], args->a[1], args->a[2], true, NULL, 0);
}

SYSCALL(NR_preadv, preadv)
{
	loff_t pos = args->a[3];

	return pos < 0 ? -EINVAL : io_vec(args->a[0], args->a[1], args->a[2], false, &pos, 0);
}

SYSCALL(NR_pwritev, pwritev)
{
	loff_t pos = args->a[3];

	return pos < 0 ? -EINVAL : io_vec(args->a[0], args->a[1], args->a[2], true, &pos, 0);
}

/* Position -1 is the file's own. */
static int64_t io_vec2(struct syscall_args *args, bool write)
{
	loff_t pos = args->a[3];

	if (pos < -1)
		return -EINVAL;
	return io_vec(args->a[0], args->a[1], args->a[2], write, pos == -1 ? NULL : &pos, (uint32_t)args->a[5]);
}

SYSCALL(NR_preadv2, preadv2)
{
	return io_vec2(args, false);
}

SYSCALL(NR_pwritev2, pwritev2)
{
	return io_vec2(args, true);
}

SYSCALL(NR_lseek, lseek)
{
	struct file *f = fd_get_io(args->a[0]);
	bool known = (uint32_t)args->a[2] <= LINUX_SEEK_HOLE;
	int64_t pos = known ? -ESPIPE : -EINVAL;

	if (!f)
		return -EBADF;
	if (known && f->ops->still)
		pos = 0;
	if (f->ops->seek && known) {
		mutex_lock(&f->pos_lock);
		pos = f->ops->seek(f, args->a[1], (int)args->a[2]);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	return pos;
}

/* Move up to @length bytes through a kernel buffer; what was read and not written is given back where the source can seek. */
static int64_t file_copy(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, uint64_t length)
{
	void *buffer = kzalloc(MIN(COPY_CHUNK, ALIGN_UP(length, PAGE_SIZE)));
	struct iovec_k storage;
	struct iter it;
	int64_t done = 0, n = 0, written = 0;

	if (!buffer)
		return -ENOMEM;
	while (length) {
		iter_init_one(&it, &storage, (uint64_t)buffer, MIN(length, COPY_CHUNK), true);
		n = file_io(in, &it, false, in_pos);
		if (n <= 0)
			break;
		iter_init_one(&it, &storage, (uint64_t)buffer, n, true);
		written = file_io(out, &it, true, out_pos);
		if (written < n) {
			*(in_pos ? in_pos : &in->pos) -= n - (written > 0 ? written : 0);
			n = written;
			done += written > 0 ? written : 0;
			break;
		}
		done += n;
		length -= n;
		if (signal_interrupts())
			break;
	}
	kfree(buffer);
	return done ? done : n;
}

static bool ranges_overlap(const struct file *in, uint64_t from, const struct file *out, uint64_t to, uint64_t length)
{
	length = MIN(length, LINUX_RW_MAX);
	return in->inode == out->inode && from < to + length && to < from + length;
}

/* Like Linux's, these sums may pass what a position can be, and not what 64 bits hold. */
static bool range_wraps(loff_t pos, uint64_t length)
{
	return (uint64_t)pos + length < (uint64_t)pos;
}

static int64_t copy_checked(struct file *in, uint64_t uin, struct file *out, uint64_t uout, uint64_t length, bool regular)
{
	loff_t in_pos = 0, out_pos = 0;
	int64_t n;

	n = file_may_io(in, false);
	if (!n)
		n = file_may_io(out, true);
	if (n)
		return n;
	if ((uin && !in->ops->seek) || (uout && !out->ops->seek))
		return -ESPIPE;
	if ((uin && get_user64((uint64_t *)&in_pos, uin)) || (uout && get_user64((uint64_t *)&out_pos, uout)))
		return -EFAULT;
	if (regular && (range_wraps(uin ? in_pos : in->pos, length) || range_wraps(uout ? out_pos : out->pos, length)))
		return -EOVERFLOW;
	if (in_pos < 0 || out_pos < 0 || (regular && ranges_overlap(in, uin ? in_pos : in->pos, out, uout ? out_pos : out->pos, length)))
		return -EINVAL;
	n = length ? file_copy(in, uin ? &in_pos : NULL, out, uout ? &out_pos : NULL, MIN(length, LINUX_RW_MAX)) : 0;
	if ((uin && put_user64(uin, in_pos)) || (uout && put_user64(uout, out_pos)))
		return -EFAULT;
	return n;
}

/* Between file systems programs copy by themselves. */
static int files_may_copy(struct file *in, struct file *out)
{
	int err = file_may_io(in, false);

	if (!err)
		err = file_may_io(out, true);
	if (err)
		return err;
	if (in->inode->super != out->inode->super)
		return -EXDEV;
	return inode_is_immutable(out->inode) ? -EPERM : 0;
}

/* The order of the checks is Linux's: descriptors, addresses, flags. */
static int64_t copy_between(int in_fd, uint64_t uin, int out_fd, uint64_t uout, uint64_t length, bool regular, uint32_t flags)
{
	uint64_t pos;
	struct file *in = fd_get_io(in_fd), *out = fd_get_io(out_fd);
	int64_t n = in && uin && !regular && !in->ops->seek ? -ESPIPE : -EBADF;

	if (!in || !out || n == -ESPIPE)
		goto out;
	n = -EFAULT;
	if ((uin && get_user64(&pos, uin)) || (uout && get_user64(&pos, uout)))
		goto out;
	n = -EINVAL;
	if (flags || !in->ops->seek)
		goto out;
	if (!regular && ((in->inode && LINUX_S_ISDIR(in->inode->mode)) || (out->flags & LINUX_O_APPEND)))
		goto out;
	if (regular && ((in->inode && LINUX_S_ISDIR(in->inode->mode)) || (out->inode && LINUX_S_ISDIR(out->inode->mode)))) {
		n = -EISDIR;
		goto out;
	}
	if (regular && (!in->inode || !out->inode || !LINUX_S_ISREG(in->inode->mode) || !LINUX_S_ISREG(out->inode->mode)))
		goto out;
	if (regular && (out->flags & LINUX_O_APPEND)) {
		n = -EBADF;
		goto out;
	}
	n = regular ? files_may_copy(in, out) : 0;
	if (!n)
		n = copy_checked(in, uin, out, uout, length, regular);
out:
	file_put(in);
	file_put(out);
	return n;
}

SYSCALL(NR_sendfile, sendfile)
{
	uint64_t pos;
	int64_t n;

	if (args->a[2] && get_user64(&pos, args->a[2]))
		return -EFAULT;
	n = copy_between(args->a[1], args->a[2], args->a[0], 0, args->a[3], false, 0);
	/* Linux writes the position back whatever happened. */
	return n < 0 && args->a[2] && put_user64(args->a[2], pos) ? -EFAULT : n;
}

SYSCALL(NR_copy_file_range, copy_file_range)
{
	return copy_between(args->a[0], args->a[1], args->a[2], args->a[3], args->a[4], true, (uint32_t)args->a[5]);
}

ssize_t buffer_read(const void *data, size_t size, struct iter *to, loff_t *pos)
{
	ssize_t n;

	if (*pos < 0 || (uint64_t)*pos >= size)
		return 0;
	n = iter_put(to, (const char *)data + *pos, MIN(size - *pos, to->left));
	if (n > 0)
		*pos += n;
	return n;
}

static int64_t do_fsync(int fd, bool data_only)
{
	struct file *f = fd_get_io(fd);
	int64_t err;

	if (!f)
		return -EBADF;
	err = f->ops->fsync ? f->ops->fsync(f, data_only) : f->inode && LINUX_S_ISDIR(f->inode->mode) ? 0 : -EINVAL;
	file_put(f);
	return err;
}

SYSCALL(NR_fsync, fsync)
{
	return do_fsync(args->a[0], false);
}

SYSCALL(NR_fdatasync, fdatasync)
{
	return do_fsync(args->a[0], true);
}

void (*sync_hook)(void);

SYSCALL(NR_sync, sync)
{
	if (sync_hook)
		sync_hook();
	return 0;
}

SYSCALL(NR_syncfs, syncfs)
{
	struct file *f = fd_get_io(args->a[0]);

	if (!f)
		return -EBADF;
	file_put(f);
	if (sync_hook)
		sync_hook();
	return 0;
}

SYSCALL(NR_sync_file_range, sync_file_range)
{
	int64_t from = args->a[1], length = args->a[2], end;
	struct file *f = fd_get_io(args->a[0]);
	int64_t err = 0;

	if (!f)
		return -EBADF;
	if ((uint32_t)args->a[3] & ~7u || from < 0 || length < 0 || __builtin_add_overflow(from, length, &end))
		err = -EINVAL;
	else if (!f->inode || !(LINUX_S_ISREG(f->inode->mode) || LINUX_S_ISBLK(f->inode->mode) || LINUX_S_ISDIR(f->inode->mode)))
		err = -ESPIPE;
	file_put(f);
	return err;
}

SYSCALL(NR_readahead, readahead)
{
	struct file *f = fd_get_io(args->a[0]);
	int64_t err;

	if (!f || (f->flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY)
		err = -EBADF;
	else if ((int64_t)args->a[2] < 0)
		err = -EINVAL;
	else
		err = f->inode && (LINUX_S_ISREG(f->inode->mode) || LINUX_S_ISBLK(f->inode->mode)) ? 0 : -EINVAL;
	file_put(f);
	return err;
}

SYSCALL(NR_fadvise64, fadvise64)
{
	struct file *f = fd_get_io(args->a[0]);
	int64_t err;

	if (!f)
		return -EBADF;
	err = file_is_pipe(f) ? -ESPIPE : (int64_t)args->a[2] < 0 || (uint32_t)args->a[3] > 5 ? -EINVAL : 0;
	file_put(f);
	return err;
}
