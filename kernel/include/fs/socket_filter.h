/* SPDX-License-Identifier: GPL-2.0 */
/* Filters of sockets, for their families: a slot for one each, and its options. fs/socket_filter.c. */
#ifndef FS_SOCKET_FILTER_H
#define FS_SOCKET_FILTER_H

#include <kernel/classic_bpf.h>
#include <fs/socket.h>

void socket_filter_init(struct socket_filter_slot *slot);
/* At the end of the socket's life. */
void socket_filter_release(struct socket_filter_slot *slot);
/* A connection that was accepted has its listener's filter; @to is new. */
void socket_filter_inherit(struct socket_filter_slot *to, struct socket_filter_slot *from);
/* SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER; SO_GET_FILTER (which is SO_ATTACH_FILTER) and SO_LOCK_FILTER. -ENOPROTOOPT: it is another. */
int socket_filter_set(struct socket_filter_slot *slot, int option, uint64_t uvalue, int length);
int socket_filter_told(struct socket_filter_slot *slot, int option, uint64_t uvalue, uint64_t ulength);
uint32_t socket_filter_run_slow(struct socket_filter_slot *slot, struct classic_bpf_packet *p);

static inline bool socket_is_filtered(const struct socket_filter_slot *slot)
{
	return unlikely(READ_ONCE(slot->filter));
}

/* How many bytes behind p->start the filter wants of what comes in; 0: nothing, it is dropped. Any context of a thread. */
static inline uint32_t socket_filter_run(struct socket_filter_slot *slot, struct classic_bpf_packet *p)
{
	return socket_is_filtered(slot) ? socket_filter_run_slow(slot, p) : UINT32_MAX;
}

#endif
