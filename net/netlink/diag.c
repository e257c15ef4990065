// SPDX-License-Identifier: GPL-2.0
/* NETLINK_SOCK_DIAG (sock_diag(7)): which sockets there are, for ss and its like. Nobody's connection is ended for somebody else. */
#include <kernel/init.h>
#include <uapi/ferry/linux.h>
#include "diag.h"

#define GROUPS	32u

int (*diag_inet)(struct netlink_request *r);

bool diag_cookie_fits(const uint32_t cookie[2], uint64_t number)
{
	if (cookie[0] == LINUX_DIAG_NO_COOKIE && cookie[1] == LINUX_DIAG_NO_COOKIE)
		return true;
	return cookie[0] == (uint32_t)number && cookie[1] == (uint32_t)(number >> 32);
}

void diag_cookie_put(uint32_t cookie[2], uint64_t number)
{
	cookie[0] = (uint32_t)number;
	cookie[1] = (uint32_t)(number >> 32);
}

static int diag_request(struct netlink_request *r)
{
	if (r->h->type == LINUX_SOCK_DESTROY)
		return netlink_request_privileged(r, LINUX_CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	if (r->h->type == LINUX_TCPDIAG_GETSOCK || r->h->type == LINUX_DCCPDIAG_GETSOCK)
		return -ENOENT;
	if (r->h->type != LINUX_SOCK_DIAG_BY_FAMILY)
		return -EINVAL;
	if (r->length < 2 || r->data[0] >= LINUX_AF_MAX)
		return -EINVAL;
	switch (r->data[0]) {
	case LINUX_AF_UNIX:
		return diag_unix(r);
	case LINUX_AF_INET:
	case LINUX_AF_INET6:
		return diag_inet ? diag_inet(r) : -ENOENT;
	default:
		return -ENOENT;
	}
}

static const struct netlink_protocol diag_protocol = { .groups = GROUPS, .anyone_hears = true, .request = diag_request };

static int diag_init(void)
{
	netlink_protocol_register(LINUX_NETLINK_SOCK_DIAG, &diag_protocol);
	return 0;
}
INITCALL("2fs", diag_init);
