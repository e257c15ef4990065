/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring on the border: one producer, one consumer, a power of two of 64-byte entries behind a header in shared memory. Indexes count
 * up freely and are masked on use. Each side keeps its own index in private memory; what the other side writes here is a claim to
 * be checked: a distance above the number of entries ends the connection. Entries of the block class follow.
 */
#ifndef UAPI_FERRY_RING_H
#define UAPI_FERRY_RING_H

#define FERRY_RING_ENTRIES_MAX	4096u
#define FERRY_RING_HEADER_BYTES	192u

/* Each field lies in a cache line with one writer; need_wakeup is set by the consumer before it sleeps and taken by the producer. */
struct ferry_ring_header {
	unsigned int tail;		/* producer's: entries published */
	unsigned int reserved0[15];
	unsigned int head;		/* consumer's: entries taken */
	unsigned int reserved1[15];
	unsigned int need_wakeup;	/* consumer's: ring the doorbell after publishing */
	unsigned int reserved2[15];
};

struct ferry_ring_entry {
	unsigned long long words[8];
};

/* Operations besides enum block_op. */
#define FERRY_BLOCK_OP_TIMEOUT	0x80u	/* the request with this tag is overdue */

#define FERRY_BLOCK_INLINE_SEGMENTS	2u

struct ferry_block_segment {
	unsigned long long address;	/* device address */
	unsigned int length;		/* bytes */
	unsigned int reserved;
};

/* Kernel to driver. More than two segments: they lie in the tag's row of the segment table. */
struct ferry_block_submission {
	unsigned char op, flags;
	unsigned short queue;
	unsigned int tag;
	unsigned long long lba;
	unsigned int nr_blocks;
	unsigned short nr_segments;
	unsigned short unit;		/* which of the device's disks */
	unsigned long long generation;	/* of the binding; comes back in the completion */
	struct ferry_block_segment segments[FERRY_BLOCK_INLINE_SEGMENTS];
};

/* Driver to kernel. */
struct ferry_block_completion {
	unsigned int tag;
	int status;			/* 0 or -errno */
	unsigned long long generation;
	unsigned long long reserved[6];
};

/* The misc class. Kernel to driver: op is enum misc_op, or that the request with this tag is overdue. Its bytes lie in the tag's slot. */
#define FERRY_MISC_OP_TIMEOUT	0x80u

struct ferry_misc_submission {
	unsigned char op, reserved0;
	unsigned short reserved1;
	unsigned int tag, command, length;
	unsigned long long position;
	unsigned long long generation;	/* of the binding; comes back in the completion */
	unsigned long long reserved2[4];
};

/* Driver to kernel. */
struct ferry_misc_completion {
	unsigned int tag;
	unsigned int reserved0;
	long long result;		/* bytes or what an ioctl returns, or -errno */
	unsigned long long generation;
	unsigned long long reserved1[5];
};

#endif
