/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's io_uring: numbers and structures that programs and the kernel share, as x86-64 has them (io_uring_setup(2), io_uring_enter(2)). */
#ifndef UAPI_FERRY_LINUX_URING_H
#define UAPI_FERRY_LINUX_URING_H

#define LINUX_URING_OFF_SQ_RING		0ull
#define LINUX_URING_OFF_CQ_RING		0x8000000ull
#define LINUX_URING_OFF_SQES		0x10000000ull

#define LINUX_URING_SETUP_IOPOLL	(1u << 0)
#define LINUX_URING_SETUP_SQPOLL	(1u << 1)
#define LINUX_URING_SETUP_SQ_AFF	(1u << 2)
#define LINUX_URING_SETUP_CQSIZE	(1u << 3)
#define LINUX_URING_SETUP_CLAMP		(1u << 4)
#define LINUX_URING_SETUP_ATTACH_WQ	(1u << 5)
#define LINUX_URING_SETUP_R_DISABLED	(1u << 6)
#define LINUX_URING_SETUP_SUBMIT_ALL	(1u << 7)
#define LINUX_URING_SETUP_COOP_TASKRUN	(1u << 8)
#define LINUX_URING_SETUP_TASKRUN_FLAG	(1u << 9)
#define LINUX_URING_SETUP_SQE128	(1u << 10)
#define LINUX_URING_SETUP_CQE32		(1u << 11)
#define LINUX_URING_SETUP_SINGLE_ISSUER	(1u << 12)
#define LINUX_URING_SETUP_DEFER_TASKRUN	(1u << 13)

#define LINUX_URING_FEAT_SINGLE_MMAP	(1u << 0)
#define LINUX_URING_FEAT_NODROP		(1u << 1)
#define LINUX_URING_FEAT_SUBMIT_STABLE	(1u << 2)
#define LINUX_URING_FEAT_RW_CUR_POS	(1u << 3)
#define LINUX_URING_FEAT_CUR_PERSONALITY	(1u << 4)
#define LINUX_URING_FEAT_FAST_POLL	(1u << 5)
#define LINUX_URING_FEAT_POLL_32BITS	(1u << 6)
#define LINUX_URING_FEAT_SQPOLL_NONFIXED	(1u << 7)
#define LINUX_URING_FEAT_EXT_ARG	(1u << 8)
#define LINUX_URING_FEAT_RSRC_TAGS	(1u << 10)
#define LINUX_URING_FEAT_CQE_SKIP	(1u << 11)
#define LINUX_URING_FEAT_LINKED_FILE	(1u << 12)	/* a request's file is looked for when it starts */

#define LINUX_URING_ENTER_GETEVENTS	(1u << 0)
#define LINUX_URING_ENTER_SQ_WAKEUP	(1u << 1)
#define LINUX_URING_ENTER_SQ_WAIT	(1u << 2)
#define LINUX_URING_ENTER_EXT_ARG	(1u << 3)

#define LINUX_URING_SQ_NEED_WAKEUP	(1u << 0)	/* with SETUP_SQPOLL: its thread sleeps until io_uring_enter() wakes it */
#define LINUX_URING_SQ_CQ_OVERFLOW	(1u << 1)	/* in the flags of the submission ring */
#define LINUX_URING_SQ_TASKRUN		(1u << 2)	/* with SETUP_TASKRUN_FLAG: something goes on when io_uring_enter() is called */
#define LINUX_URING_CQ_EVENTFD_DISABLED	(1u << 0)	/* by the program, in the flags of the completion ring */

#define LINUX_URING_REGISTER_BUFFERS	0
#define LINUX_URING_UNREGISTER_BUFFERS	1
#define LINUX_URING_REGISTER_FILES	2
#define LINUX_URING_UNREGISTER_FILES	3
#define LINUX_URING_REGISTER_EVENTFD	4
#define LINUX_URING_UNREGISTER_EVENTFD	5
#define LINUX_URING_REGISTER_FILES_UPDATE	6
#define LINUX_URING_REGISTER_PROBE	8
#define LINUX_URING_REGISTER_PERSONALITY	9
#define LINUX_URING_UNREGISTER_PERSONALITY	10
#define LINUX_URING_REGISTER_RESTRICTIONS	11
#define LINUX_URING_REGISTER_ENABLE_RINGS	12
#define LINUX_URING_REGISTER_FILES2	13
#define LINUX_URING_REGISTER_FILES_UPDATE2	14
#define LINUX_URING_REGISTER_BUFFERS2	15
#define LINUX_URING_REGISTER_BUFFERS_UPDATE	16
#define LINUX_URING_REGISTER_PBUF_RING	22
#define LINUX_URING_UNREGISTER_PBUF_RING	23
#define LINUX_URING_REGISTER_SYNC_CANCEL	24
#define LINUX_URING_REGISTER_FILE_ALLOC_RANGE	25
#define LINUX_URING_REGISTER_LAST	26	/* of Linux 6.1: no number from here on means anything */
#define LINUX_URING_FILES_SKIP		(-2)	/* in place of a descriptor: leave this one */
#define LINUX_URING_OP_SUPPORTED	1u

#define LINUX_URING_OP_NOP		0
#define LINUX_URING_OP_READV		1
#define LINUX_URING_OP_WRITEV		2
#define LINUX_URING_OP_FSYNC		3
#define LINUX_URING_OP_READ_FIXED	4
#define LINUX_URING_OP_WRITE_FIXED	5
#define LINUX_URING_OP_POLL_ADD		6
#define LINUX_URING_OP_POLL_REMOVE	7
#define LINUX_URING_OP_SYNC_FILE_RANGE	8
#define LINUX_URING_OP_SENDMSG		9
#define LINUX_URING_OP_RECVMSG		10
#define LINUX_URING_OP_TIMEOUT		11
#define LINUX_URING_OP_TIMEOUT_REMOVE	12
#define LINUX_URING_OP_ACCEPT		13
#define LINUX_URING_OP_ASYNC_CANCEL	14
#define LINUX_URING_OP_LINK_TIMEOUT	15
#define LINUX_URING_OP_CONNECT		16
#define LINUX_URING_OP_FALLOCATE	17
#define LINUX_URING_OP_OPENAT		18
#define LINUX_URING_OP_CLOSE		19
#define LINUX_URING_OP_FILES_UPDATE	20
#define LINUX_URING_OP_STATX		21
#define LINUX_URING_OP_READ		22
#define LINUX_URING_OP_WRITE		23
#define LINUX_URING_OP_FADVISE		24
#define LINUX_URING_OP_MADVISE		25
#define LINUX_URING_OP_SEND		26
#define LINUX_URING_OP_RECV		27
#define LINUX_URING_OP_OPENAT2		28
#define LINUX_URING_OP_EPOLL_CTL	29
#define LINUX_URING_OP_SPLICE		30
#define LINUX_URING_OP_PROVIDE_BUFFERS	31
#define LINUX_URING_OP_REMOVE_BUFFERS	32
#define LINUX_URING_OP_TEE		33
#define LINUX_URING_OP_SHUTDOWN		34
#define LINUX_URING_OP_RENAMEAT		35
#define LINUX_URING_OP_UNLINKAT		36
#define LINUX_URING_OP_MKDIRAT		37
#define LINUX_URING_OP_SYMLINKAT	38
#define LINUX_URING_OP_LINKAT		39
#define LINUX_URING_OP_MSG_RING		40
#define LINUX_URING_OP_FSETXATTR	41
#define LINUX_URING_OP_SETXATTR		42
#define LINUX_URING_OP_FGETXATTR	43
#define LINUX_URING_OP_GETXATTR		44
#define LINUX_URING_OP_SOCKET		45
#define LINUX_URING_OP_URING_CMD	46
#define LINUX_URING_OP_LAST		49	/* of Linux 6.1 */

#define LINUX_URING_SQE_FIXED_FILE	(1u << 0)
#define LINUX_URING_SQE_IO_DRAIN	(1u << 1)
#define LINUX_URING_SQE_IO_LINK		(1u << 2)
#define LINUX_URING_SQE_IO_HARDLINK	(1u << 3)
#define LINUX_URING_SQE_ASYNC		(1u << 4)
#define LINUX_URING_SQE_BUFFER_SELECT	(1u << 5)
#define LINUX_URING_SQE_CQE_SKIP	(1u << 6)
#define LINUX_URING_CQE_BUFFER		(1u << 0)	/* flags of a completion: in this buffer (from bit 16 on); more will come */
#define LINUX_URING_CQE_MORE		(1u << 1)
#define LINUX_URING_CQE_BUFFER_SHIFT	16
#define LINUX_URING_POLL_MULTI		(1u << 0)	/* in the length of a poll */
#define LINUX_URING_POLL_UPDATE_EVENTS	(1u << 1)
#define LINUX_URING_POLL_UPDATE_NAME	(1u << 2)
#define LINUX_URING_ACCEPT_MULTI	(1u << 0)	/* in the priority of these */
#define LINUX_URING_RECV_POLL_FIRST	(1u << 0)
#define LINUX_URING_RECV_MULTI		(1u << 1)
#define LINUX_URING_TIMEOUT_ABS		(1u << 0)
#define LINUX_URING_TIMEOUT_UPDATE	(1u << 1)
#define LINUX_URING_TIMEOUT_BOOTTIME	(1u << 2)
#define LINUX_URING_TIMEOUT_REALTIME	(1u << 3)
#define LINUX_URING_TIMEOUT_ETIME_SUCCESS	(1u << 5)
#define LINUX_URING_CANCEL_ALL		(1u << 0)
#define LINUX_URING_CANCEL_FD		(1u << 1)
#define LINUX_URING_CANCEL_ANY		(1u << 2)
#define LINUX_URING_CANCEL_FD_FIXED	(1u << 3)
#define LINUX_URING_CANCEL_FLAGS	0xfu
#define LINUX_URING_FSYNC_DATASYNC	1u
#define LINUX_URING_SPLICE_FD_IN_FIXED	(1u << 31)	/* among the flags of a splice */

struct linux_uring_sqe {
	unsigned char opcode, flags;
	unsigned short ioprio;
	int fd;
	unsigned long long offset, address;
	unsigned int length, op_flags;
	unsigned long long user_data;
	unsigned short buffer_index, personality;
	int splice_fd;			/* or the place of a registered file, plus one; all ones: an empty one */
	unsigned long long address3, reserved;
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

/* An entry of a ring of buffers; the last field of the first one is the ring's tail. */
struct linux_uring_buf {
	unsigned long long address;
	unsigned int length;
	unsigned short number, reserved;
};

struct linux_uring_buf_reg {
	unsigned long long ring_address;
	unsigned int ring_entries;
	unsigned short group, pad;
	unsigned long long reserved[3];
};

struct linux_uring_files_update {
	unsigned int offset, reserved1;
	unsigned long long fds;
};

/* What may be registered with more said about it. */
struct linux_uring_resources {
	unsigned int nr, flags;
	unsigned long long reserved, data, tags;
};

struct linux_uring_resources_update {
	unsigned int offset, reserved1;
	unsigned long long data, tags;
	unsigned int nr, reserved2;
};

#define LINUX_URING_RESOURCES_SPARSE	(1u << 0)	/* a table of empty places */

#define LINUX_URING_RESTRICT_REGISTER	0	/* may be registered; may be requested; flags that requests may have, must have */
#define LINUX_URING_RESTRICT_OP		1
#define LINUX_URING_RESTRICT_FLAGS_MAY	2
#define LINUX_URING_RESTRICT_FLAGS_MUST	3

struct linux_uring_restriction {
	unsigned short what;
	unsigned char value, reserved1;
	unsigned int reserved2[3];
};

struct linux_uring_file_range {
	unsigned int offset, length;
	unsigned long long reserved;
};

struct linux_uring_sync_cancel {
	unsigned long long address;
	int fd;
	unsigned int flags;
	long long seconds, nanoseconds;		/* both -1: without end */
	unsigned long long pad[4];
};

/* io_uring_enter() with LINUX_URING_ENTER_EXT_ARG. */
struct linux_uring_getevents_arg {
	unsigned long long sigmask;
	unsigned int sigmask_size, reserved1;
	unsigned long long ts;
};

#endif
