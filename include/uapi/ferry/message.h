/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages between a driver process and the device manager. They are for control: data goes over rings (ring.h). A message is a header and the
 * body of its type, never longer than FERRY_MESSAGE_MAX. The kernel carries them (NR_ferry_ipc_send, NR_ferry_ipc_recv in syscall.h) and
 * lets none pass that lib/driver_message.c finds wrong; both ends check once more what concerns them.
 *
 * header.size is the length of the whole message and must be that of its type; header.version is FERRY_MESSAGE_VERSION; reserved fields are
 * zero; texts end with a zero byte. Each side numbers its questions from 1 on, without a gap. An answer has the number of its question and
 * FERRY_MESSAGE_ANSWER in its type, and starts with an error. What is not understood is answered with UNSUPPORTED, never passed over.
 *
 *	driver				device manager
 *	REGISTER		->		who it is: the first message, or it gets nothing
 *	REQUEST_CAPABILITY	->
 *				<-	answer: what the policy grants (and the kernel has given)
 *				<-	PROBE_DEVICE
 *	answer: found, or the error ->
 *				<-	HEARTBEAT, IO_REQUEST, INTERRUPT, QUIESCE, SHUTDOWN at any time
 */
#ifndef UAPI_FERRY_MESSAGE_H
#define UAPI_FERRY_MESSAGE_H

#define FERRY_MESSAGE_VERSION	1u
#define FERRY_MESSAGE_MAX	512u
#define FERRY_MESSAGE_ANSWER	0x8000u
#define FERRY_MESSAGE_ITEMS_MAX	8u
#define FERRY_MESSAGE_DATA_MAX	256u

/* 0 is "no error". The eight have one errno value each, and back (include/driver/error.h). */
enum ferry_error {
	FERRY_ERROR_NONE = 0,
	FERRY_ERROR_DEVICE_NOT_FOUND,		/* ENODEV */
	FERRY_ERROR_INITIALIZATION_FAILED,	/* ENXIO */
	FERRY_ERROR_RESOURCE_BUSY,		/* EBUSY */
	FERRY_ERROR_UNSUPPORTED,		/* EOPNOTSUPP */
	FERRY_ERROR_IPC,			/* ECOMM */
	FERRY_ERROR_MEMORY,			/* ENOMEM */
	FERRY_ERROR_TIMEOUT,			/* ETIMEDOUT */
	FERRY_ERROR_GENERAL,			/* EIO, and every errno that has no error of its own */
	FERRY_ERRORS,
};

enum ferry_message_type {
	FERRY_MESSAGE_REGISTER = 1,
	FERRY_MESSAGE_REQUEST_CAPABILITY = 2,
	FERRY_MESSAGE_PROBE_DEVICE = 3,
	FERRY_MESSAGE_IO_REQUEST = 4,
	FERRY_MESSAGE_INTERRUPT = 5,		/* no answer */
	FERRY_MESSAGE_HEARTBEAT = 6,
	FERRY_MESSAGE_QUIESCE = 7,
	FERRY_MESSAGE_SHUTDOWN = 8,		/* the answer is the end of the process */
	FERRY_MESSAGE_TYPES,
};

struct ferry_message_header {
	unsigned int size;		/* bytes, this header included */
	unsigned short version;
	unsigned short type;		/* enum ferry_message_type, FERRY_MESSAGE_ANSWER */
	unsigned long long sequence;
};

/* Driver to manager. */
struct ferry_message_register {
	struct ferry_message_header header;
	char name[32], version[16];	/* of its manifest */
	unsigned int class_id;		/* enum ferry_class */
	unsigned int needs;		/* FERRY_NEEDS_* */
};

/* Driver to manager: what it wants, one item for each need. The kinds are those of handles (driver_abi.h). */
struct ferry_capability_item {
	unsigned int kind;		/* enum ferry_handle_kind */
	unsigned int need;		/* the one bit of FERRY_NEEDS_* that covers it */
};

struct ferry_message_capability {
	struct ferry_message_header header;
	unsigned int nr_items;		/* 1 to FERRY_MESSAGE_ITEMS_MAX */
	unsigned int reserved;
	struct ferry_capability_item items[FERRY_MESSAGE_ITEMS_MAX];
};

struct ferry_message_capability_answer {
	struct ferry_message_header header;
	unsigned int error;		/* enum ferry_error; UNSUPPORTED: something was refused */
	unsigned int granted, refused;	/* FERRY_NEEDS_* */
	unsigned int reserved;
};

/* Manager to driver. */
struct ferry_message_probe {
	struct ferry_message_header header;
	unsigned short bus;		/* enum ferry_bus */
	unsigned short vendor, device, subvendor, subdevice, revision;
	unsigned int class_code;
	char name[32];			/* of the device */
};

struct ferry_message_probe_answer {
	struct ferry_message_header header;
	unsigned int error;		/* DEVICE_NOT_FOUND: it is not its device after all */
	unsigned int found;		/* 0 or 1; 1 exactly when error is NONE */
};

enum ferry_io_type {
	FERRY_IO_READ = 0, FERRY_IO_WRITE = 1, FERRY_IO_IOCTL = 2,	/* any other: UNSUPPORTED */
};

/*
 * Manager to driver: a small request to the device itself, past its class. Read and write: one register of 1, 2, 4 or 8 bytes in a window that
 * the driver has mapped; bits 56 and up of offset are the BAR's number. Ioctl: offset is the command. READ wants length bytes, the others
 * send them. A register that it does not have: DEVICE_NOT_FOUND; everything else that it cannot do: UNSUPPORTED.
 */
#define FERRY_IO_LOOP		1u	/* ioctl: struct ferry_loop_stats */

struct ferry_loop_stats {
	unsigned long long rounds, irqs, messages;	/* of the driver's event loop, since its start */
};

struct ferry_message_io {
	struct ferry_message_header header;
	unsigned int io_type;		/* enum ferry_io_type; others may come and are answered */
	unsigned int length;		/* bytes, at most FERRY_MESSAGE_DATA_MAX */
	unsigned long long offset;
	unsigned char data[FERRY_MESSAGE_DATA_MAX];
};

struct ferry_message_io_answer {
	struct ferry_message_header header;
	unsigned int error;
	unsigned int length;		/* bytes read, written, or returned; 0 with an error */
	unsigned char data[FERRY_MESSAGE_DATA_MAX];
};

/* Manager to driver: look at the device as if it had interrupted. */
struct ferry_message_interrupt {
	struct ferry_message_header header;
	int device_handle;		/* FERRY_DEVICE_FD */
	unsigned int vector;		/* below FERRY_VECTORS_MAX */
};

/* HEARTBEAT, QUIESCE (take no further request; answer when none is under way), SHUTDOWN (remove and exit): a header alone. */
struct ferry_message_plain_answer {
	struct ferry_message_header header;
	unsigned int error;
	unsigned int reserved;
};

/* Room for each of them. */
union ferry_message {
	struct ferry_message_header header;
	struct ferry_message_register registration;
	struct ferry_message_capability capability;
	struct ferry_message_capability_answer capability_answer;
	struct ferry_message_probe probe;
	struct ferry_message_probe_answer probe_answer;
	struct ferry_message_io io;
	struct ferry_message_io_answer io_answer;
	struct ferry_message_interrupt interrupt;
	struct ferry_message_plain_answer answer;
	unsigned char bytes[FERRY_MESSAGE_MAX];
};

#endif
