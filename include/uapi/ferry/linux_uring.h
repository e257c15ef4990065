/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's io_uring: numbers and structures that programs and the kernel share, as x86-64 has them (io_uring_setup(2), io_uring_enter(2)). */
#ifndef UAPI_FERRY_LINUX_URING_H
#define UAPI_FERRY_LINUX_URING_H

#define LINUX_URING_OFF_SQ_RING		0ull
#define LINUX_URING_OFF_CQ_RING		0x8000000ull
#define LINUX_URING_OFF_SQES		0x10000000ull

#define LINUX_URING_SETUP_CQSIZE	(1u << 3)
#define LINUX_URING_SETUP_CLAMP		(1u << 4)

#define LINUX_URING_FEAT_SINGLE_MMAP	(1u << 0)
#define LINUX_URING_FEAT_NODROP		(1u << 1)
#define LINUX_URING_FEAT_SUBMIT_STABLE	(1u << 2)
#define LINUX_URING_FEAT_RW_CUR_POS	(1u << 3)

#define LINUX_URING_ENTER_GETEVENTS	(1u << 0)
#define LINUX_URING_ENTER_SQ_WAKEUP	(1u << 1)

#define LINUX_URING_SQ_CQ_OVERFLOW	(1u << 1)	/* in the flags of the submission ring */

#define LINUX_URING_REGISTER_BUFFERS	0
#define LINUX_URING_UNREGISTER_BUFFERS	1
#define LINUX_URING_REGISTER_FILES	2
#define LINUX_URING_UNREGISTER_FILES	3
#define LINUX_URING_REGISTER_EVENTFD	4
#define LINUX_URING_UNREGISTER_EVENTFD	5
#define LINUX_URING_REGISTER_PROBE	8
#define LINUX_URING_OP_SUPPORTED	1u

#define LINUX_URING_OP_NOP		0
#define LINUX_URING_OP_READV		1
#define LINUX_URING_OP_WRITEV		2
#define LINUX_URING_OP_FSYNC		3
#define LINUX_URING_OP_READ_FIXED	4
#define LINUX_URING_OP_WRITE_FIXED	5
#define LINUX_URING_OP_POLL_ADD		6
#define LINUX_URING_OP_POLL_REMOVE	7
#define LINUX_URING_OP_TIMEOUT		11
#define LINUX_URING_OP_TIMEOUT_REMOVE	12
#define LINUX_URING_OP_READ		22
#define LINUX_URING_OP_WRITE		23
#define LINUX_URING_OP_LAST		48	/* of Linux 6.1 */

#define LINUX_URING_SQE_FIXED_FILE	(1u << 0)
#define LINUX_URING_FSYNC_DATASYNC	1u

struct linux_uring_sqe {
	unsigned char opcode, flags;
	unsigned short ioprio;
	int fd;
	unsigned long long offset, address;
	unsigned int length, op_flags;
	unsigned long long user_data;
	unsigned short buffer_index, personality;
	int splice_fd;
	unsigned long long reserved[2];
};

struct linux_uring_cqe {
	unsigned long long user_data;
	int result;
	unsigned int flags;
};

struct linux_uring_params {
	unsigned int sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, reserved[3];
	struct {
		unsigned int head, tail, ring_mask, ring_entries, flags, dropped, array, reserved1;
		unsigned long long user_address;
	} sq;
	struct {
		unsigned int head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved1;
		unsigned long long user_address;
	} cq;
};

struct linux_uring_probe {
	unsigned char last_op, nr_ops;
	unsigned short reserved1;
	unsigned int reserved2[3];
};

struct linux_uring_probe_op {
	unsigned char op, reserved1;
	unsigned short flags;
	unsigned int reserved2;
};

#endif
