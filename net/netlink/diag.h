/* SPDX-License-Identifier: GPL-2.0 */
/* NETLINK_SOCK_DIAG: diag.c finds the family, diag_inet.c and diag_unix.c have their sockets, diag_filter.c what a program wants to see. */
#ifndef NET_NETLINK_DIAG_H
#define NET_NETLINK_DIAG_H

#include <uapi/ferry/linux_inet.h>
#include <uapi/ferry/linux_sock_diag.h>
#include "netlink.h"

#define DIAG_ANSWER	1024u	/* a message about one socket has less */

/* What a family answers: 0, -errno, NETLINK_LATER. */
extern int (*diag_inet)(struct netlink_request *r);	/* NULL: there are no such sockets */
int diag_unix(struct netlink_request *r);

/* Does a program that names a socket by @cookie mean that with @number? */
bool diag_cookie_fits(const uint32_t cookie[2], uint64_t number);
void diag_cookie_put(uint32_t cookie[2], uint64_t number);

/* diag_filter.c. Is a filter of @n bytes whole and does it come to an end? 0 or -EINVAL. */
#define DIAG_FILTER_MOST	4096u
int diag_filter_check(const uint8_t *code, uint32_t n);
/* Does it let a connection through? @bound: a program chose its port. */
struct diag_connection {
	uint8_t family;
	bool bound;
	uint16_t source_port, destination_port;
	uint32_t source[4], destination[4];	/* big-endian */
};
bool diag_filter_run(const uint8_t *code, uint32_t n, const struct diag_connection *c);

#endif
