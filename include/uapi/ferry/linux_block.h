/* SPDX-License-Identifier: GPL-2.0 */
/* Disks on the border, beside what linux_fs.h has: a few more ioctls, and Linux's asynchronous I/O calls (io_submit(2)). */
#ifndef UAPI_FERRY_LINUX_BLOCK_H
#define UAPI_FERRY_LINUX_BLOCK_H

#define LINUX_BLKSECTGET	0x1267	/* unsigned short: sectors of the largest request */
#define LINUX_BLKGETDISKSEQ	0x80081280ul

/*
 * Ferry's own: what the device of a disk says of itself, as it says it (identify data, health log). For the superuser. -EOPNOTSUPP: the
 * disk has no such page. @what: enum block_info of include/driver/class/block.h.
 */
#define FERRY_BLKINFO		0xc0184601ul
#define FERRY_BLKINFO_UNIT	0
#define FERRY_BLKINFO_CONTROLLER 1
#define FERRY_BLKINFO_HEALTH	2
#define FERRY_BLKINFO_INQUIRY	3
#define FERRY_BLKINFO_NAMES	4
#define FERRY_BLKINFO_EXCEPTIONS 5
#define FERRY_BLKINFO_ATTACH	6	/* | namespace << 8: an order, nothing is told */
#define FERRY_BLKINFO_DETACH	7
#define FERRY_BLKINFO_BYTES	4096

struct ferry_block_info {
	unsigned int size;		/* of this structure */
	unsigned int what;
	unsigned long long buffer;	/* FERRY_BLKINFO_BYTES go there */
	unsigned long long reserved;	/* 0 */
};

#define LINUX_IOCB_CMD_PREAD	0
#define LINUX_IOCB_CMD_PWRITE	1
#define LINUX_IOCB_CMD_FSYNC	2
#define LINUX_IOCB_CMD_FDSYNC	3
#define LINUX_IOCB_CMD_POLL	5
#define LINUX_IOCB_CMD_PREADV	7
#define LINUX_IOCB_CMD_PWRITEV	8
#define LINUX_IOCB_FLAG_RESFD	1

struct linux_iocb {
	unsigned long data;
	unsigned int key;
	unsigned int rw_flags;
	unsigned short opcode;
	short reqprio;
	unsigned int fd;
	unsigned long buf;
	unsigned long nbytes;
	long long offset;
	unsigned long reserved2;
	unsigned int flags;
	unsigned int resfd;
};

/* What io_setup() maps: this, then @nr events. Head is the program's to move, where it takes events by itself. */
struct linux_aio_ring {
	unsigned int id, nr, head, tail, magic, compat, incompat, header_bytes;
};
#define LINUX_AIO_RING_MAGIC	0xa10a10a1u

struct linux_io_event {
	unsigned long data;
	unsigned long obj;	/* address of the iocb */
	long long res, res2;
};

#endif
