/* SPDX-License-Identifier: GPL-2.0 */
/* Disks on the border: Linux's x86-64 ioctl numbers and the structures of its asynchronous I/O calls. */
#ifndef UAPI_FERRY_LINUX_BLOCK_H
#define UAPI_FERRY_LINUX_BLOCK_H

#define LINUX_HDIO_GETGEO	0x0301u
#define LINUX_BLKROSET		0x125du
#define LINUX_BLKROGET		0x125eu
#define LINUX_BLKRRPART		0x125fu
#define LINUX_BLKGETSIZE	0x1260u
#define LINUX_BLKFLSBUF		0x1261u
#define LINUX_BLKRASET		0x1262u
#define LINUX_BLKRAGET		0x1263u
#define LINUX_BLKSECTGET	0x1267u
#define LINUX_BLKSSZGET		0x1268u
#define LINUX_BLKDISCARD	0x1277u
#define LINUX_BLKIOMIN		0x1278u
#define LINUX_BLKIOOPT		0x1279u
#define LINUX_BLKALIGNOFF	0x127au
#define LINUX_BLKPBSZGET	0x127bu
#define LINUX_BLKDISCARDZEROES	0x127cu
#define LINUX_BLKROTATIONAL	0x127eu
#define LINUX_BLKZEROOUT	0x127fu
#define LINUX_BLKBSZGET		0x80081270u
#define LINUX_BLKBSZSET		0x40081271u
#define LINUX_BLKGETSIZE64	0x80081272u
#define LINUX_BLKGETDISKSEQ	0x80081280u

struct linux_hd_geometry {
	unsigned char heads, sectors;
	unsigned short cylinders;
	unsigned long start;
};

#define LINUX_IOCB_CMD_PREAD	0
#define LINUX_IOCB_CMD_PWRITE	1
#define LINUX_IOCB_CMD_FSYNC	2
#define LINUX_IOCB_CMD_FDSYNC	3
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

struct linux_io_event {
	unsigned long data;
	unsigned long obj;	/* address of the iocb */
	long long res, res2;
};

#endif
