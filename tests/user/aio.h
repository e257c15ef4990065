/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's linux/aio_abi.h and linux/fs.h, as far as tests need them: musl does not bring them. */
#ifndef TESTS_USER_AIO_H
#define TESTS_USER_AIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define BLKROGET	_IO(0x12, 94)
#define BLKRRPART	_IO(0x12, 95)
#define BLKGETSIZE	_IO(0x12, 96)
#define BLKFLSBUF	_IO(0x12, 97)
#define BLKSSZGET	_IO(0x12, 104)
#define BLKGETSIZE64	_IOR(0x12, 114, size_t)
#define BLKDISCARD	_IO(0x12, 119)
#define BLKZEROOUT	_IO(0x12, 127)

#define IOCB_CMD_PREAD	0
#define IOCB_CMD_PWRITE	1

struct iocb {
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t priority;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved2;
	uint32_t flags, resfd;
};

struct io_event {
	uint64_t data, obj;
	int64_t res, res2;
};

#endif
