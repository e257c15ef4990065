/* SPDX-License-Identifier: GPL-2.0 */
/* Files and polling on the border: Linux's x86-64 numbers and layouts, prefixed so that libc's headers may stand beside. */
#ifndef UAPI_FERRY_LINUX_FS_H
#define UAPI_FERRY_LINUX_FS_H

#include <stdint.h>

/* open(2). */
#define LINUX_O_ACCMODE		00000003
#define LINUX_O_RDONLY		00000000
#define LINUX_O_WRONLY		00000001
#define LINUX_O_RDWR		00000002
#define LINUX_O_CREAT		00000100
#define LINUX_O_EXCL		00000200
#define LINUX_O_NOCTTY		00000400
#define LINUX_O_TRUNC		00001000
#define LINUX_O_APPEND		00002000
#define LINUX_O_NONBLOCK	00004000
#define LINUX_O_DSYNC		00010000
#define LINUX_O_ASYNC		00020000
#define LINUX_O_DIRECT		00040000
#define LINUX_O_LARGEFILE	00100000
#define LINUX_O_DIRECTORY	00200000
#define LINUX_O_NOFOLLOW	00400000
#define LINUX_O_NOATIME		01000000
#define LINUX_O_CLOEXEC		02000000
#define LINUX_O_SYNC		04010000
#define LINUX_O_PATH		010000000
#define LINUX_XATTR_CREATE	1u
#define LINUX_XATTR_REPLACE	2u

#define LINUX_O_TMPFILE_BIT	020000000
#define LINUX_O_TMPFILE		(LINUX_O_TMPFILE_BIT | LINUX_O_DIRECTORY)

/* st_mode. */
#define LINUX_S_IFMT		0170000
#define LINUX_S_IFSOCK		0140000
#define LINUX_S_IFLNK		0120000
#define LINUX_S_IFREG		0100000
#define LINUX_S_IFBLK		0060000
#define LINUX_S_IFDIR		0040000
#define LINUX_S_IFCHR		0020000
#define LINUX_S_IFIFO		0010000
#define LINUX_S_ISUID		04000
#define LINUX_S_ISGID		02000
#define LINUX_S_ISVTX		01000
#define LINUX_S_ISLNK(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFLNK)
#define LINUX_S_ISREG(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFREG)
#define LINUX_S_ISDIR(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFDIR)
#define LINUX_S_ISCHR(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFCHR)
#define LINUX_S_ISBLK(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFBLK)
#define LINUX_S_ISFIFO(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFIFO)
#define LINUX_S_ISSOCK(m)	(((m) & LINUX_S_IFMT) == LINUX_S_IFSOCK)

/* d_type. */
#define LINUX_DT_UNKNOWN	0
#define LINUX_DT_FIFO		1
#define LINUX_DT_CHR		2
#define LINUX_DT_DIR		4
#define LINUX_DT_BLK		6
#define LINUX_DT_REG		8
#define LINUX_DT_LNK		10
#define LINUX_DT_SOCK		12

/* The *at() calls. */
#define LINUX_AT_FDCWD			(-100)
#define LINUX_AT_SYMLINK_NOFOLLOW	0x100
#define LINUX_AT_EACCESS		0x200
#define LINUX_AT_REMOVEDIR		0x200
#define LINUX_AT_SYMLINK_FOLLOW		0x400
#define LINUX_AT_NO_AUTOMOUNT		0x800
#define LINUX_AT_EMPTY_PATH		0x1000
#define LINUX_AT_STATX_SYNC_TYPE	0x6000
#define LINUX_AT_RECURSIVE		0x8000

#define LINUX_PATH_MAX		4096
#define LINUX_NAME_MAX		255
#define LINUX_SYMLINKS_MAX	40
#define LINUX_IOV_MAX		1024
#define LINUX_RW_MAX		0x7ffff000ul	/* the most one read or write moves */
#define LINUX_PIPE_BUF		4096

/* access(2), lseek(2), rename(2), utimensat(2), close_range(2). */
#define LINUX_F_OK		0
#define LINUX_X_OK		1
#define LINUX_W_OK		2
#define LINUX_R_OK		4
#define LINUX_SEEK_SET		0
#define LINUX_SEEK_CUR		1
#define LINUX_SEEK_END		2
#define LINUX_SEEK_DATA		3
#define LINUX_SEEK_HOLE		4
#define LINUX_RENAME_NOREPLACE	0x1
#define LINUX_RENAME_EXCHANGE	0x2
#define LINUX_RENAME_WHITEOUT	0x4
#define LINUX_UTIME_NOW		0x3fffffffl
#define LINUX_UTIME_OMIT	0x3ffffffel
#define LINUX_CLOSE_RANGE_UNSHARE	0x2
#define LINUX_CLOSE_RANGE_CLOEXEC	0x4

/* fallocate(2), preadv2(2), memfd_create(2), getrandom(2). */
#define LINUX_FALLOC_FL_KEEP_SIZE	0x01
#define LINUX_FALLOC_FL_PUNCH_HOLE	0x02
#define LINUX_FALLOC_FL_COLLAPSE_RANGE	0x08
#define LINUX_FALLOC_FL_ZERO_RANGE	0x10
#define LINUX_RWF_HIPRI		0x01
#define LINUX_RWF_DSYNC		0x02
#define LINUX_RWF_SYNC		0x04
#define LINUX_RWF_NOWAIT	0x08
#define LINUX_RWF_APPEND	0x10
#define LINUX_MFD_CLOEXEC	0x1
#define LINUX_MFD_ALLOW_SEALING	0x2
#define LINUX_MFD_HUGETLB	0x4
#define LINUX_MFD_HUGE_SIZE	0xfc000000u

/* fcntl(2). */
#define LINUX_F_DUPFD		0
#define LINUX_F_GETFD		1
#define LINUX_F_SETFD		2
#define LINUX_F_GETFL		3
#define LINUX_F_SETFL		4
#define LINUX_F_GETLK		5
#define LINUX_F_SETLK		6
#define LINUX_F_SETLKW		7
#define LINUX_F_SETOWN		8
#define LINUX_F_GETOWN		9
#define LINUX_F_SETSIG		10
#define LINUX_F_GETSIG		11
#define LINUX_F_SETOWN_EX	15
#define LINUX_F_GETOWN_EX	16
#define LINUX_F_GETOWNER_UIDS	17
#define LINUX_F_OWNER_TID	0
#define LINUX_F_OWNER_PID	1
#define LINUX_F_OWNER_PGRP	2
#define LINUX_F_OFD_GETLK	36
#define LINUX_F_OFD_SETLK	37
#define LINUX_F_OFD_SETLKW	38
#define LINUX_F_SETLEASE	1024
#define LINUX_F_GETLEASE	1025
#define LINUX_F_NOTIFY		1026
#define LINUX_F_DUPFD_CLOEXEC	1030
#define LINUX_F_SETPIPE_SZ	1031
#define LINUX_F_GETPIPE_SZ	1032
#define LINUX_F_GET_RW_HINT	1035
#define LINUX_F_SET_RW_HINT	1036
#define LINUX_RWH_LIFE_EXTREME	5
#define LINUX_DN_ACCESS		0x01u	/* of F_NOTIFY */
#define LINUX_DN_MODIFY		0x02u
#define LINUX_DN_CREATE		0x04u
#define LINUX_DN_DELETE		0x08u
#define LINUX_DN_RENAME		0x10u
#define LINUX_DN_ATTRIB		0x20u
#define LINUX_DN_MULTISHOT	0x80000000u

#define LINUX_IN_ACCESS		0x00000001u
#define LINUX_IN_MODIFY		0x00000002u
#define LINUX_IN_ATTRIB		0x00000004u
#define LINUX_IN_CLOSE_WRITE	0x00000008u
#define LINUX_IN_CLOSE_NOWRITE	0x00000010u
#define LINUX_IN_OPEN		0x00000020u
#define LINUX_IN_MOVED_FROM	0x00000040u
#define LINUX_IN_MOVED_TO	0x00000080u
#define LINUX_IN_CREATE		0x00000100u
#define LINUX_IN_DELETE		0x00000200u
#define LINUX_IN_DELETE_SELF	0x00000400u
#define LINUX_IN_MOVE_SELF	0x00000800u
#define LINUX_IN_ALL_EVENTS	0x00000fffu
#define LINUX_IN_UNMOUNT	0x00002000u
#define LINUX_IN_Q_OVERFLOW	0x00004000u
#define LINUX_IN_IGNORED	0x00008000u
#define LINUX_IN_ONLYDIR	0x01000000u
#define LINUX_IN_DONT_FOLLOW	0x02000000u
#define LINUX_IN_EXCL_UNLINK	0x04000000u
#define LINUX_IN_MASK_CREATE	0x10000000u
#define LINUX_IN_MASK_ADD	0x20000000u
#define LINUX_IN_ISDIR		0x40000000u
#define LINUX_IN_ONESHOT	0x80000000u

struct linux_f_owner_ex {
	int type, pid;
};

/* A name of @len bytes follows, zeroes included. */
struct linux_inotify_event {
	int32_t wd;
	uint32_t mask, cookie, len;
};

#define LINUX_SPLICE_F_MOVE	0x1u
#define LINUX_SPLICE_F_NONBLOCK	0x2u
#define LINUX_SPLICE_F_MORE	0x4u
#define LINUX_SPLICE_F_GIFT	0x8u
#define LINUX_F_ADD_SEALS	1033
#define LINUX_F_GET_SEALS	1034
#define LINUX_FD_CLOEXEC	1
#define LINUX_F_RDLCK		0
#define LINUX_F_WRLCK		1
#define LINUX_F_UNLCK		2
#define LINUX_LOCK_SH		1
#define LINUX_LOCK_EX		2
#define LINUX_LOCK_NB		4
#define LINUX_LOCK_UN		8

/* poll(2) and epoll(7). */
#define LINUX_POLLIN		0x001u
#define LINUX_POLLPRI		0x002u
#define LINUX_POLLOUT		0x004u
#define LINUX_POLLERR		0x008u
#define LINUX_POLLHUP		0x010u
#define LINUX_POLLNVAL		0x020u
#define LINUX_POLLRDNORM	0x040u
#define LINUX_POLLRDBAND	0x080u
#define LINUX_POLLWRNORM	0x100u
#define LINUX_POLLWRBAND	0x200u
#define LINUX_POLLMSG		0x400u
#define LINUX_POLLRDHUP		0x2000u
#define LINUX_EPOLLEXCLUSIVE	(1u << 28)
#define LINUX_EPOLLWAKEUP	(1u << 29)
#define LINUX_EPOLLONESHOT	(1u << 30)
#define LINUX_EPOLLET		(1u << 31)
#define LINUX_EPOLL_CTL_ADD	1
#define LINUX_EPOLL_CTL_DEL	2
#define LINUX_EPOLL_CTL_MOD	3
#define LINUX_EPOLL_CLOEXEC	LINUX_O_CLOEXEC
#define LINUX_FD_SETSIZE	1024

#define LINUX_EFD_SEMAPHORE	0x1
#define LINUX_EFD_CLOEXEC	LINUX_O_CLOEXEC
#define LINUX_EFD_NONBLOCK	LINUX_O_NONBLOCK
#define LINUX_TFD_TIMER_ABSTIME		0x1
#define LINUX_TFD_TIMER_CANCEL_ON_SET	0x2
#define LINUX_TFD_CLOEXEC	LINUX_O_CLOEXEC
#define LINUX_TFD_NONBLOCK	LINUX_O_NONBLOCK
#define LINUX_SFD_CLOEXEC	LINUX_O_CLOEXEC
#define LINUX_SFD_NONBLOCK	LINUX_O_NONBLOCK

/* mount(2), umount2(2). */
#define LINUX_MS_RDONLY		0x1
#define LINUX_MS_NOSUID		0x2
#define LINUX_MS_NODEV		0x4
#define LINUX_MS_NOEXEC		0x8
#define LINUX_MS_SYNCHRONOUS	0x10
#define LINUX_MS_REMOUNT	0x20
#define LINUX_MS_NOSYMFOLLOW	0x100
#define LINUX_MS_NOATIME	0x400
#define LINUX_MS_NODIRATIME	0x800
#define LINUX_MS_BIND		0x1000
#define LINUX_MS_MOVE		0x2000
#define LINUX_MS_REC		0x4000
#define LINUX_MS_SILENT		0x8000
#define LINUX_MS_UNBINDABLE	0x20000
#define LINUX_MS_PRIVATE	0x40000
#define LINUX_MS_SLAVE		0x80000
#define LINUX_MS_SHARED		0x100000
#define LINUX_MS_RELATIME	0x200000
#define LINUX_MS_MANDLOCK	0x40
#define LINUX_MS_DIRSYNC	0x80
#define LINUX_MS_STRICTATIME	0x1000000
#define LINUX_MS_LAZYTIME	0x2000000
#define LINUX_MS_NOUSER		0x80000000u
#define LINUX_MS_MAGIC		0xc0ed0000u	/* in the upper half, as old programs have it */
#define LINUX_MS_MAGIC_MASK	0xffff0000u
#define LINUX_MNT_FORCE		0x1
#define LINUX_MNT_DETACH	0x2
#define LINUX_MNT_EXPIRE	0x4
#define LINUX_UMOUNT_NOFOLLOW	0x8
#define LINUX_ST_RDONLY		0x1
#define LINUX_ST_NOSUID		0x2
#define LINUX_ST_VALID		0x20
#define LINUX_ST_RELATIME	0x1000
#define LINUX_ST_NOSYMFOLLOW	0x2000

/* f_type. */
#define LINUX_TMPFS_MAGIC	0x01021994
#define LINUX_PROC_MAGIC	0x9fa0
#define LINUX_SYSFS_MAGIC	0x62656572
#define LINUX_PIPEFS_MAGIC	0x50495045
#define LINUX_SOCKFS_MAGIC	0x534f434b
#define LINUX_ANON_MAGIC	0x09041934

/* ioctl(2): any file. */
#define LINUX_FIONCLEX		0x5450
#define LINUX_FIOCLEX		0x5451
#define LINUX_FIOASYNC		0x5452
#define LINUX_FIONBIO		0x5421
#define LINUX_FIOSETOWN		0x8901	/* of sockets, as the next three */
#define LINUX_SIOCSPGRP		0x8902
#define LINUX_SIOCATMARK	0x8905
#define LINUX_SIOCGSTAMP	0x8906
#define LINUX_SIOCGSTAMPNS	0x8907
#define LINUX_SIOCGSTAMP_NEW	0x80108906u
#define LINUX_SIOCGSTAMPNS_NEW	0x80108907u
#define LINUX_FIOGETOWN		0x8903
#define LINUX_SIOCGPGRP		0x8904
#define LINUX_FIONREAD		0x541b
#define LINUX_FIBMAP		1
#define LINUX_FIGETBSZ		2
#define LINUX_FIOQSIZE		0x5460
#define LINUX_FICLONE		0x40049409u
#define LINUX_FICLONERANGE	0x4020940du
#define LINUX_FIDEDUPERANGE	0xc0189436u
#define LINUX_FS_IOC_FIEMAP	0xc020660bu

/* ioctl(2): random(4). */
#define LINUX_RNDGETENTCNT	0x80045200u
#define LINUX_RNDADDTOENTCNT	0x40045201u
#define LINUX_RNDADDENTROPY	0x40085203u
#define LINUX_RNDZAPENTCNT	0x5204
#define LINUX_RNDCLEARPOOL	0x5206
#define LINUX_RNDRESEEDCRNG	0x5207

/* ioctl(2): block devices. */
#define LINUX_BLKROSET		0x125d
#define LINUX_BLKROGET		0x125e
#define LINUX_BLKRRPART		0x125f
#define LINUX_BLKGETSIZE	0x1260	/* unsigned long of 512-byte sectors */
#define LINUX_BLKFLSBUF		0x1261
#define LINUX_BLKRASET		0x1262
#define LINUX_BLKRAGET		0x1263
#define LINUX_BLKSSZGET		0x1268	/* int: logical block size */
#define LINUX_BLKBSZGET		0x80081270ul
#define LINUX_BLKBSZSET		0x40081271ul
#define LINUX_BLKGETSIZE64	0x80081272ul
#define LINUX_BLKDISCARD	0x1277	/* uint64_t[2]: start, length in bytes */
#define LINUX_BLKIOMIN		0x1278
#define LINUX_BLKIOOPT		0x1279
#define LINUX_BLKALIGNOFF	0x127a
#define LINUX_BLKPBSZGET	0x127b
#define LINUX_BLKDISCARDZEROES	0x127c
#define LINUX_BLKSECDISCARD	0x127d
#define LINUX_BLKROTATIONAL	0x127e
#define LINUX_BLKZEROOUT	0x127f
#define LINUX_HDIO_GETGEO	0x0301

struct linux_stat {
	uint64_t st_dev, st_ino, st_nlink;
	uint32_t st_mode, st_uid, st_gid, pad0;
	uint64_t st_rdev;
	int64_t st_size, st_blksize, st_blocks;
	int64_t st_atime_sec, st_atime_nsec, st_mtime_sec, st_mtime_nsec, st_ctime_sec, st_ctime_nsec;
	int64_t unused[3];
};

#define LINUX_STATX_BASIC_STATS	0x7ff
#define LINUX_STATX_BTIME	0x800
#define LINUX_STATX_MNT_ID	0x1000
#define LINUX_STATX_ATTR_AUTOMOUNT	0x1000u
#define LINUX_STATX_ATTR_MOUNT_ROOT	0x2000u
#define LINUX_STATX_ATTR_DAX		0x200000u
#define LINUX_STATX_RESERVED	0x80000000u

struct linux_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t reserved;
};

struct linux_statx {
	uint32_t stx_mask, stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink, stx_uid, stx_gid;
	uint16_t stx_mode, pad0;
	uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct linux_statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t stx_mnt_id;
	uint64_t spare[13];
};

struct linux_statfs {
	int64_t f_type, f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	int32_t f_fsid[2];
	int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};

struct linux_ustat {
	int32_t f_tfree, pad0;
	uint64_t f_tinode;
	char f_fname[6], f_fpack[6];
	int32_t pad1;
};

/* Followed by the name, its terminator and padding to 8 bytes. */
struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

struct linux_iovec {
	uint64_t iov_base, iov_len;
};

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};

struct linux_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));

/* kcmp(2): what an epoll file watches. */
#define LINUX_KCMP_EPOLL_TFD	7
struct linux_kcmp_epoll_slot {
	uint32_t efd, tfd, toff;
};

struct linux_flock {
	int16_t l_type, l_whence;
	int32_t pad1;
	int64_t l_start, l_len;
	int32_t l_pid;
	int32_t pad;
};

struct linux_open_how {
	uint64_t flags, mode, resolve;
};

#define LINUX_RESOLVE_NO_XDEV		0x01
#define LINUX_RESOLVE_NO_MAGICLINKS	0x02
#define LINUX_RESOLVE_NO_SYMLINKS	0x04
#define LINUX_RESOLVE_BENEATH		0x08
#define LINUX_RESOLVE_IN_ROOT		0x10
#define LINUX_RESOLVE_CACHED		0x20

struct linux_signalfd_siginfo {
	uint32_t ssi_signo;
	int32_t ssi_errno, ssi_code;
	uint32_t ssi_pid, ssi_uid;
	int32_t ssi_fd;
	uint32_t ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
	int32_t ssi_status, ssi_int;
	uint64_t ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
	uint16_t ssi_addr_lsb;
	uint8_t pad[46];
};

struct linux_hd_geometry {
	uint8_t heads, sectors;
	uint16_t cylinders;
	uint32_t pad;
	uint64_t start;
};

#endif
