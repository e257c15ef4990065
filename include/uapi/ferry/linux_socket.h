/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets on the border: Linux's x86-64 numbers and layouts. */
#ifndef UAPI_FERRY_LINUX_SOCKET_H
#define UAPI_FERRY_LINUX_SOCKET_H

#include <stdint.h>

#define LINUX_AF_UNSPEC		0
#define LINUX_AF_MAX			46
#define LINUX_AF_UNIX		1
#define LINUX_SOCK_STREAM	1
#define LINUX_SOCK_DGRAM	2
#define LINUX_SOCK_RAW		3
#define LINUX_SOCK_SEQPACKET	5
#define LINUX_SOCK_TYPES	11	/* one past the last */
#define LINUX_SOCK_TYPE_MASK	0xf
#define LINUX_SOCK_CLOEXEC	02000000
#define LINUX_SOCK_NONBLOCK	00004000

#define LINUX_MSG_OOB		0x1u
#define LINUX_MSG_PEEK		0x2u
#define LINUX_MSG_CTRUNC	0x8u
#define LINUX_MSG_TRUNC		0x20u
#define LINUX_MSG_DONTWAIT	0x40u
#define LINUX_MSG_EOR		0x80u
#define LINUX_MSG_WAITALL	0x100u
#define LINUX_MSG_ERRQUEUE	0x2000u
#define LINUX_MSG_NOSIGNAL	0x4000u
#define LINUX_MSG_MORE		0x8000u
#define LINUX_MSG_WAITFORONE	0x10000u
#define LINUX_MSG_CMSG_CLOEXEC	0x40000000u
#define LINUX_MSG_CMSG_COMPAT	0x80000000u	/* the kernel's own on Linux: refused */

#define LINUX_SHUT_RD		0
#define LINUX_SHUT_WR		1
#define LINUX_SHUT_RDWR		2

#define LINUX_SOL_SOCKET	1
#define LINUX_SO_DEBUG		1
#define LINUX_SO_REUSEADDR	2
#define LINUX_SO_TYPE		3
#define LINUX_SO_ERROR		4
#define LINUX_SO_DONTROUTE	5
#define LINUX_SO_BROADCAST	6
#define LINUX_SO_SNDBUF		7
#define LINUX_SO_RCVBUF		8
#define LINUX_SO_KEEPALIVE	9
#define LINUX_SO_OOBINLINE	10
#define LINUX_SO_PEEK_OFF	42
#define LINUX_SO_PRIORITY	12
#define LINUX_SO_LINGER		13
#define LINUX_SO_REUSEPORT	15
#define LINUX_SO_PASSCRED	16
#define LINUX_SO_PEERCRED	17
#define LINUX_SO_RCVLOWAT	18
#define LINUX_SO_SNDLOWAT	19
#define LINUX_SO_RCVTIMEO	20
#define LINUX_SO_SNDTIMEO	21
#define LINUX_SO_ATTACH_FILTER	26	/* asked for: SO_GET_FILTER */
#define LINUX_SO_DETACH_FILTER	27
#define LINUX_SO_TIMESTAMP	29	/* this and its kin are also the types of the control messages */
#define LINUX_SO_ACCEPTCONN	30
#define LINUX_SO_SNDBUFFORCE	32
#define LINUX_SO_RCVBUFFORCE	33
#define LINUX_SO_TIMESTAMPNS	35
#define LINUX_SO_PROTOCOL	38
#define LINUX_SO_DOMAIN		39
#define LINUX_SO_LOCK_FILTER	44
#define LINUX_SO_TIMESTAMP_NEW	63
#define LINUX_SO_TIMESTAMPNS_NEW	64

#define LINUX_SCM_RIGHTS	1
#define LINUX_SCM_CREDENTIALS	2
#define LINUX_SCM_MAX_FD	253

#define LINUX_SOMAXCONN		4096
#define LINUX_UNIX_PATH_MAX	108
#define LINUX_SOCKADDR_MAX	128	/* sizeof(struct sockaddr_storage) */

struct linux_sockaddr_un {
	uint16_t family;
	char path[LINUX_UNIX_PATH_MAX];
};

struct linux_msghdr {
	uint64_t name;
	int32_t namelen;
	int32_t pad0;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags, pad1;
};

struct linux_mmsghdr {
	struct linux_msghdr hdr;
	uint32_t length, pad;
};

/* Followed by the data; the next one starts 8-byte aligned. */
struct linux_cmsghdr {
	uint64_t length;	/* this header included */
	int32_t level, type;
};

struct linux_ucred {
	int32_t pid;
	uint32_t uid, gid;
};

#endif
