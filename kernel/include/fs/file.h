/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Open files and descriptor tables. Handles of drivers are files too: a file_ops of their own and no inode. Every file is counted;
 * release() runs once, with the last reference, in process context.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/wait.h>
#include <mm/user.h>

struct file;
struct inode;
struct dentry;
struct mount;
struct poll_table;
struct process;
struct seq;
struct socket_family;
struct space;
struct vma;
struct page;

struct file_ops {
	/* Bytes moved or -errno; @pos is advanced by the callee; NULL op: -EINVAL. May sleep. */
	ssize_t (*read)(struct file *f, struct iter *to, loff_t *pos);
	ssize_t (*write)(struct file *f, struct iter *from, loff_t *pos);
	loff_t (*seek)(struct file *f, loff_t offset, int whence);	/* NULL: -ESPIPE */
	/* LINUX_POLL* mask now; registers with poll_wait() when @table is not NULL. NULL op: always readable and writable. */
	uint32_t (*poll)(struct file *f, struct poll_table *table);
	int64_t (*ioctl)(struct file *f, uint32_t cmd, uint64_t arg);	/* NULL: -ENOTTY */
	int (*open)(struct inode *inode, struct file *f);
	void (*release)(struct file *f);
	int (*fsync)(struct file *f, bool data_only);
	int (*truncate)(struct file *f, uint64_t length);
	/* Directory entries through @emit until it returns false; f->pos is the position. */
	int (*iterate)(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);
	/* Prepare a mapping of this file: may fill vma->object. NULL: page-cache mapping through inode ops, or -ENODEV. */
	int (*mmap)(struct file *f, struct vma *vma);
	int (*fallocate)(struct file *f, int mode, uint64_t offset, uint64_t length);
	/* More lines of /proc/<pid>/fdinfo/<fd>. May sleep. */
	void (*show)(struct file *f, struct seq *s);
	const char *name;	/* of files without an inode: what /proc/<pid>/fd calls them */
	const struct socket_family *family;	/* of a socket (fs/socket.h); NULL: this is none */
	bool still;	/* there is no position, and lseek() says that it is 0 */
	bool signals;	/* O_ASYNC has its owner told when it becomes ready; needs a poll op */
};

/* Beside LINUX_O_*, and not told to programs: what happens by the file is not told (fs/notify.c); it was opened to be executed. */
#define FILE_UNWATCHED	0x10000000u
#define FILE_EXECUTED	0x20000000u
#define FILE_FLAGS_TOLD	(~(FILE_UNWATCHED | FILE_EXECUTED))

struct file {
	struct ref ref;
	uint32_t seen;		/* when it was opened: writers that a FIFO has had (fs/pipe.c), hangups of a terminal (drivers/class/tty) */
	const struct file_ops *ops;
	struct inode *inode;	/* NULL: anonymous object */
	struct dentry *dentry;	/* how it was opened; NULL with inode NULL */
	struct mount *mount;	/* and in which mount; NULL with inode NULL */
	uint32_t flags;		/* LINUX_O_*, FILE_* */
	bool counted;		/* in its inode's nr_readers or nr_writers */
	loff_t pos;
	struct mutex pos_lock;
	void *priv;
	struct list epoll_items;	/* of fs/epoll.c, guarded by its lock */
	struct file_owner *owner;	/* who is told that it is ready (fs/file_owner.c); NULL: nobody was ever named */
	uint64_t write_errors_seen;	/* of the disk's, how many fsync() has told (drivers/class/block/node.c) */
};

/* Is @f on a mount whose files are not to be executed? Is @m one? */
bool file_forbids_exec(const struct file *f);
bool mount_forbids_exec(const struct mount *m);
/* open_count.c. @f is the program of an address space, with a reference, until file_run_end(): 0, -ETXTBSY: it is open for writing. */
int file_run(struct file *f);
/* The same for one more space of a program that runs. */
void file_run_again(struct file *f);
/* May sleep. */
void file_run_end(struct file *f);
/* Is it the program of a space; is it open for writing? Any context. */
bool inode_runs(const struct inode *inode);
bool inode_is_written(const struct inode *inode);
/* A new anonymous file with one reference, or NULL; why it is NULL: -ENFILE, there are as many as there may be (file-max), or -ENOMEM. */
struct file *file_alloc(const struct file_ops *ops, void *priv, uint32_t flags);
int file_alloc_error(void);
/* file_limit.c. @by more files are open; are there as many as there may be? Any context. */
void files_count(int by);
bool files_full(void);
void file_get(struct file *f);
void file_put(struct file *f);
/* Open by path relative to the current process (or the root for kernel threads). ERR_PTR. */
struct file *file_open(const char *path, uint32_t flags, mode_t mode);
ssize_t file_read_kernel(struct file *f, void *to, size_t n, loff_t pos);
ssize_t file_write_kernel(struct file *f, const void *from, size_t n, loff_t pos);

/* /dev/console as descriptors 0, 1 and 2 of @p, which has an empty table: for /init. 0 or -errno. May sleep. */
int process_open_console(struct process *p);

/* Descriptor tables (fs/fd.c). */
struct fd_table *fd_table_create(void);
struct fd_table *fd_table_copy(struct fd_table *t);	/* fork */
struct fd_table *fd_table_share(struct fd_table *t);	/* CLONE_FILES */
/* With another process, or one that looks at it just now? */
bool fd_table_is_shared(const struct fd_table *t);
void fd_table_put(struct fd_table *t);			/* closes everything with the last user */
void fd_table_close_on_exec(struct fd_table *t);
/* Lowest free descriptor >= @from for @f (takes its own reference); -EMFILE. @cloexec. */
int fd_install(struct fd_table *t, struct file *f, int from, bool cloexec);
/* Would fd_install() from 0 have found a descriptor a moment ago? */
bool fd_has_room(struct fd_table *t);
/* The file with a reference, or NULL. */
struct file *fd_get(struct fd_table *t, int fd);
int fd_close(struct fd_table *t, int fd);
/*
 * For driver processes: from now on the numbers of @t say how often their slot was closed before (FD_SLOTS_COUNTED slots, the first number
 * of each is the slot), so that a number that was closed is never given again. -ENOMEM. Once, before anything was closed.
 */
int fd_table_count_generations(struct fd_table *t);
/* Was @fd the number of a file that is closed? Always false where generations are not counted. */
bool fd_is_stale(struct fd_table *t, int fd);

#define FD_SLOTS_COUNTED	1024
#define FD_GENERATION_MAX	0x1fffffu	/* with the slot's ten bits: the positive numbers */
static inline int fd_number(int slot, uint32_t generation) { return (int)(generation * FD_SLOTS_COUNTED) + slot; }
static inline int fd_number_slot(int fd) { return fd % FD_SLOTS_COUNTED; }
static inline uint32_t fd_number_generation(int fd) { return (uint32_t)fd / FD_SLOTS_COUNTED; }

/* Polling: a poll op calls poll_wait() once for each queue it may be woken by. */
void poll_wait(struct file *f, struct wait_queue *q, struct poll_table *table);

/*
 * epoll.c. Of the files that the epoll file @f watches as descriptor @fd, number @nth: its address alone, which may be another's as soon as this
 * returns. ERR_PTR(-EINVAL): no epoll file, -ENOENT. May sleep.
 */
const void *epoll_target(struct file *f, int fd, uint32_t nth);
/* eventfd.c. Add one to the counter of @f, an eventfd. Any context. -EINVAL: @f is another file. */
int eventfd_signal(struct file *f);
bool file_is_eventfd(const struct file *f);
/* uring/poll.c. Requests of the current process that can go on do. On its way to user mode; may sleep. */
void uring_attend(void);
/* The current process ends, or becomes another program: what it asked of rings ends. Its only thread; may sleep. */
void uring_process_ends(void);

/* cwd, root and umask of a process (fs/). */
struct fs_context *fs_context_create(void);
struct fs_context *fs_context_copy(struct fs_context *c);
struct fs_context *fs_context_share(struct fs_context *c);
void fs_context_put(struct fs_context *c);
/* Has another process the same one? Any context. */
bool fs_context_is_shared(const struct fs_context *c);
/* The same two for who only looks at it. */
struct fs_context *fs_context_hold(struct fs_context *c);
void fs_context_drop(struct fs_context *c);
/* inode_accessed() for an open file. inode.c. */
void file_accessed(const struct file *f);

#endif
