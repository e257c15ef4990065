/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of fs/ tell each other and nobody else. */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H

#include <fs/file.h>
#include <fs/node.h>
#include <uapi/ferry/linux.h>

struct fd_table;
struct file_privileges;
struct seq;
struct linux_termios;

/* epoll.c: @f is about to go; take it off every interest list. */
void epoll_forget_file(struct file *f);
bool file_is_epoll(const struct file *f);
/* uring/rings.c */
bool file_is_uring(const struct file *f);
/* lock.c: flock() locks of @f; POSIX locks of the table @owner on @f's inode. */
void file_locks_release(struct file *f);
void file_locks_release_posix(struct file *f, const void *owner);
int file_lock_posix(struct file *f, uint32_t cmd, uint64_t uarg);
/* Lines of /proc/<pid>/fdinfo: the locks that @f has, and @table on its inode. */
void file_locks_show(struct seq *s, const struct file *f, const void *table);

/* file_handle.c. The handle of inode @ino at @to, its size and type before it: 8 + FILE_HANDLE_BYTES, which is returned. Any context. */
#define FILE_HANDLE_BYTES	12u
size_t file_handle_fill(void *to, uint64_t ino);
/* What a handle of @inode would be, as in a line of inotify's fdinfo; nothing where there are none. Any context. */
void file_handle_show(struct seq *s, const struct inode *inode);

/* open_count.c. @f was opened by its name; -ETXTBSY: to write to a program that runs. @f ends. */
int file_count(struct file *f);
void file_uncount(struct file *f);

/* dnotify.c. F_NOTIFY on the directory @f, descriptor @fd: @what is LINUX_DN_*. 0, -ENOTDIR, -ENOMEM. May sleep. */
int dnotify_set(struct file *f, int fd, uint32_t what);
/* @table closes @f, or (NULL) @f ends. */
void dnotify_forget(const struct file *f, const void *table);

/*
 * A thread carries out a request of an io_uring as the system call of that name: which file the descriptor FD_OF_RING is there, and whether a
 * file that would get a descriptor is kept for the ring instead (fd_install() gives FD_OF_RING).
 */
struct ring_call {
	struct file *file;	/* the request's reference; NULL: none */
	bool polls;		/* it waits for the file, by IORING_OP_POLL_ADD */
	bool keeps;
	struct file *kept;	/* counted */
	const struct ring_copy *copy;	/* fs/socket.h; NULL: none */
};
#define FD_OF_RING	0x7fffffff

/* fd.c: as fd_get(), but not for O_PATH descriptors. */
struct file *fd_get_io(int fd);
/*
 * The same for the length of a system call of the caller: *@shared says whether others can reach the descriptor meanwhile; only then was
 * a reference taken. fd_return() ends it.
 */
struct file *fd_borrow(int fd, bool *shared);
static inline void fd_return(struct file *f, bool shared)
{
	if (unlikely(shared))
		file_put(f);
}
/* Install in the current process and drop the caller's reference: the descriptor or -errno. */
int fd_install_new(struct file *f, uint32_t flags);
/* @f as descriptor @new of the current process, in the place of what was there (as dup3): @new, -EBADF, -ENOMEM. May sleep. */
int fd_replace(struct file *f, int new, bool cloexec);
int fd_set_cloexec(struct fd_table *t, int fd, bool on);
int fd_get_cloexec(struct fd_table *t, int fd);
/* For /proc/<pid>/fd: the first open descriptor at or after @fd with a file reference, or -1. */
int fd_next(struct fd_table *t, int fd, struct file **f);

/* readwrite.c. Access mode checked, position locked where the file has one. */
ssize_t file_io(struct file *f, struct iter *it, bool write, loff_t *pos);
/* Is @f, or this one read or write, to end with -EAGAIN instead of waiting? */
static inline bool file_nowait(const struct file *f, const struct iter *it) { return f->flags & LINUX_O_NONBLOCK || it->nowait; }
/* May @f be read or written as it was opened? 0, -EBADF, -EISDIR, -EINVAL. */
int file_may_io(struct file *f, bool write);
/* Check @nr pieces of user memory; the sum, or -EINVAL when it or one is past what a result can say, -EFAULT. */
int64_t vec_check(const struct iovec_k *vec, unsigned int nr);

/* A poll table calls @queue for each queue that a poll op names (poll.c). */
struct poll_table {
	void (*queue)(struct poll_table *t, struct file *f, struct wait_queue *q);
};
uint32_t file_poll(struct file *f, struct poll_table *t);

/* attr.c: may the current process make @inode @size bytes long (RLIMIT_FSIZE)? 0, or -EFBIG with SIGXFSZ. inode->lock held. */
int inode_may_grow(const struct inode *inode, uint64_t size);
/* What was asked for ended with -EFBIG by RLIMIT_FSIZE: SIGXFSZ, where the caller asks for itself. */
void inode_too_long(void);

/* Copies into the iter of file content that lives in one buffer. */
ssize_t buffer_read(const void *data, size_t size, struct iter *to, loff_t *pos);

/* xattr.c: an inode goes, and what it has with it. */
void xattrs_free(struct inode *inode);
/* What the file gives to who executes it (security.capability); nothing is no error. -EINVAL: it is malformed. May sleep. */
int file_privileges_read(struct inode *inode, struct file_privileges *to);
/* From now on nothing; inode->lock held. */
void file_privileges_forget(struct inode *inode);
/* The content was changed: set-id bits and privileges do not stand for what is there now. inode->lock held. */
void inode_strip(struct inode *inode);

/* attribute.c. LINUX_FS_IOC_GETFLAGS and its kin for @f; -ENOTTY: its file system has no such attributes. May sleep. */
int64_t attribute_ioctl(struct file *f, uint32_t cmd, uint64_t uarg);
/* What a file that is made in @dir has from it. */
uint8_t attributes_inherited(const struct inode *dir);

/* pipe.c */
int64_t pipe_fcntl(struct file *f, uint32_t cmd, uint64_t arg);

/* file_owner.c. O_ASYNC: from now on, or no longer, its owner is told when @f, descriptor @fd, becomes ready. 0 or -ENOMEM. May sleep. */
int file_set_async(struct file *f, int fd, bool on);
/* F_SETOWN, F_GETOWN: a process, a group when negative, 0 nobody. The first: 0, -EINVAL, -ESRCH, -ENOMEM. May sleep. */
int file_set_owner(struct file *f, int32_t who);
int32_t file_get_owner(struct file *f);
/* F_SETOWN_EX, F_GETOWN_EX, F_SETSIG, F_GETSIG, F_GETOWNER_UIDS. May sleep. */
int64_t file_owner_fcntl(struct file *f, uint32_t cmd, uint64_t arg);
/* From now on @f has an owner, the current process if nobody was named, who is told of descriptor @fd. 0 or -ENOMEM. May sleep. */
int file_owner_by_default(struct file *f, int fd);
/* Tell it of something else than readiness (POLL_MSG). Any context. */
void file_owner_message(const struct file *f);
/* Send its owner, if it has one, @sig and nothing with it, whether it asked for signals (O_ASYNC) or not. Any context. */
void file_owner_signal(const struct file *f, int sig);
/* @f ends: its owner is told no more. May sleep. */
void file_owner_free(struct file *f);
bool file_is_pipe(const struct file *f);
/*
 * pipe_splice.c, for splice. The oldest bytes of a pipe, at most @n of them in at most *@nr pieces (how many then), are the caller's alone until
 * pipe_claim_end(), which says how many are gone: how many there are, 0 without writers, -EAGAIN, -EINTR. Sleeps unless @nonblock.
 */
ssize_t pipe_claim(struct file *f, struct iovec_k *vec, unsigned int *nr, size_t n, bool nonblock);
void pipe_claim_end(struct file *f, size_t n);
/* Up to @nr free slots, which pipe_commit() then fills: how many, -EAGAIN, -EINTR, -EPIPE (with SIGPIPE). */
int pipe_reserve(struct file *f, unsigned int nr, bool nonblock);
/*
 * @nr pieces, no more than were reserved, each at the start of a page from pipe_page_alloc(), which is the pipe's then (or freed). 0 or -EPIPE (with
 * SIGPIPE).
 */
int pipe_commit(struct file *f, const struct iovec_k *vec, unsigned int nr, unsigned int reserved);
char *pipe_page_alloc(void);	/* not cleared, or NULL */
void pipe_page_free(char *page);
/* Pages of pipe @in go to pipe @out, or are in both (@keep). Bytes, 0 at the end, -EAGAIN, -EINTR, -EPIPE (with SIGPIPE), -EINVAL: it is one pipe. */
ssize_t pipe_join(struct file *in, struct file *out, size_t n, bool nonblock, bool keep);

/*
 * splice.c. splice(2) and tee(2) of files: positions of those that are no pipes, NULL: their own. What knows how ends with -EAGAIN rather than
 * wait, pipes with LINUX_SPLICE_F_NONBLOCK among @flags. No bytes: only whether it makes sense. May sleep.
 */
int64_t file_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, uint64_t length, uint32_t flags);
int64_t file_tee(struct file *in, struct file *out, uint64_t length, uint32_t flags);

/* memfd.c: F_ADD_SEALS and F_GET_SEALS of memfd files. */
int64_t memfd_fcntl(struct file *f, uint32_t cmd, uint64_t arg);

/* random.c: any number of random bytes for the kernel's own use. Any context. */
void random_bytes(void *to, size_t n);

/* seq.c: a text snapshot behind a file. */
struct seq {
	char *text;
	size_t used, size;
	bool failed;
};
void seq_free(struct seq *s);
void seq_put_nul(struct seq *s);

#endif
