/* SPDX-License-Identifier: GPL-2.0 */
/* NETLINK_SOCK_DIAG on the border (sock_diag(7)): Linux's numbers and layouts. */
#ifndef UAPI_FERRY_LINUX_SOCK_DIAG_H
#define UAPI_FERRY_LINUX_SOCK_DIAG_H

#include <stdint.h>

#define LINUX_TCPDIAG_GETSOCK		18	/* what was asked once; not answered here */
#define LINUX_DCCPDIAG_GETSOCK		19
#define LINUX_SOCK_DIAG_BY_FAMILY	20
#define LINUX_SOCK_DESTROY		21
#define LINUX_DIAG_NO_COOKIE		0xffffffffu	/* both halves: any socket */

/* Which connection; ports and addresses are big-endian. */
struct linux_inet_diag_sockid {
	uint16_t source_port, destination_port;
	uint32_t source[4], destination[4];
	uint32_t interface;
	uint32_t cookie[2];
};

struct linux_inet_diag_request {
	uint8_t family, protocol;
	uint8_t wanted;			/* bits 1 << (LINUX_INET_DIAG_* - 1) */
	uint8_t pad;
	uint32_t states;		/* bits 1 << LINUX_TCP_* */
	struct linux_inet_diag_sockid id;
};

#define LINUX_INET_DIAG_REQ_BYTECODE	1
#define LINUX_INET_DIAG_REQ_PROTOCOL	3
#define LINUX_INET_DIAG_REQ_MAX		3

struct linux_inet_diag_message {
	uint8_t family, state, timer, retransmits;
	struct linux_inet_diag_sockid id;
	uint32_t expires, receive_queue, send_queue, uid, ino;
};

#define LINUX_INET_DIAG_MEMINFO		1
#define LINUX_INET_DIAG_INFO		2
#define LINUX_INET_DIAG_CONG		4
#define LINUX_INET_DIAG_TOS		5
#define LINUX_INET_DIAG_TCLASS		6
#define LINUX_INET_DIAG_SKMEMINFO	7
#define LINUX_INET_DIAG_SHUTDOWN	8
#define LINUX_INET_DIAG_SKV6ONLY	11

struct linux_inet_diag_meminfo {
	uint32_t received, queued, forward, sent;
};

#define LINUX_SK_MEMINFO_RECEIVED	0
#define LINUX_SK_MEMINFO_RECEIVE_LIMIT	1
#define LINUX_SK_MEMINFO_SENT		2
#define LINUX_SK_MEMINFO_SEND_LIMIT	3
#define LINUX_SK_MEMINFO_DROPS		8
#define LINUX_SK_MEMINFO_WORDS		9

/* A filter: operations of 4 bytes, some with more behind them. yes and no: how far on the next is. */
struct linux_inet_diag_op {
	uint8_t code, yes;
	uint16_t no;
};

#define LINUX_INET_DIAG_BC_NOP		0
#define LINUX_INET_DIAG_BC_JMP		1
#define LINUX_INET_DIAG_BC_S_GE		2
#define LINUX_INET_DIAG_BC_S_LE		3
#define LINUX_INET_DIAG_BC_D_GE		4
#define LINUX_INET_DIAG_BC_D_LE		5
#define LINUX_INET_DIAG_BC_AUTO		6
#define LINUX_INET_DIAG_BC_S_COND	7
#define LINUX_INET_DIAG_BC_D_COND	8
#define LINUX_INET_DIAG_BC_DEV_COND	9
#define LINUX_INET_DIAG_BC_MARK_COND	10
#define LINUX_INET_DIAG_BC_S_EQ		11
#define LINUX_INET_DIAG_BC_D_EQ		12
#define LINUX_INET_DIAG_BC_CGROUP_COND	13

/* Behind S_COND and D_COND; the address follows. */
struct linux_inet_diag_host {
	uint8_t family, prefix;
	uint16_t pad;
	int32_t port;			/* -1: any */
};

struct linux_unix_diag_request {
	uint8_t family, protocol;
	uint16_t pad;
	uint32_t states;
	uint32_t ino;
	uint32_t show;			/* bits 1 << LINUX_UNIX_DIAG_*, but for the last two */
	uint32_t cookie[2];
};

#define LINUX_UDIAG_SHOW_NAME	0x1u
#define LINUX_UDIAG_SHOW_VFS	0x2u
#define LINUX_UDIAG_SHOW_PEER	0x4u
#define LINUX_UDIAG_SHOW_ICONS	0x8u
#define LINUX_UDIAG_SHOW_RQLEN	0x10u
#define LINUX_UDIAG_SHOW_MEMINFO	0x20u
#define LINUX_UDIAG_SHOW_UID	0x40u

struct linux_unix_diag_message {
	uint8_t family, type, state, pad;
	uint32_t ino;
	uint32_t cookie[2];
};

#define LINUX_UNIX_DIAG_NAME	0
#define LINUX_UNIX_DIAG_VFS	1
#define LINUX_UNIX_DIAG_PEER	2
#define LINUX_UNIX_DIAG_ICONS	3
#define LINUX_UNIX_DIAG_RQLEN	4
#define LINUX_UNIX_DIAG_MEMINFO	5
#define LINUX_UNIX_DIAG_SHUTDOWN	6
#define LINUX_UNIX_DIAG_UID	7

struct linux_unix_diag_vfs {
	uint32_t ino, dev;
};

struct linux_unix_diag_rqlen {
	uint32_t receive_queue, send_queue;
};

#endif
