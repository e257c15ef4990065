/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside net/: sockets of AF_INET and AF_INET6 over lwIP (net/lwip/). stack.c keeps lwIP going, socket.c has the sockets' life,
 * address.c names and ports, tcp.c and tcp_data.c connections, udp.c and udp_cork.c datagrams, queue.c what was received, option.c options,
 * proc.c what /proc/net says.
 *
 * Locks, outermost first: read_lock (one receiver at a time; dropped while it waits), inet_lock, then wait queues' spinlocks. lwIP is
 * entered with inet_lock held, and nothing that lies in user memory is touched meanwhile. What is read without it is one word.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include <fs/socket.h>
#include <fs/socket_filter.h>
#include <fs/vfs.h>
#include <kernel/time.h>
#include "lwip/tcp.h"
#include "lwip/udp.h"

#define CAN_READ	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define CAN_WRITE	(LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND)

enum inet_state { INET_OPEN, INET_LISTENING, INET_CONNECTING, INET_CONNECTED };

/* Something received: a datagram, or a part of a stream. */
struct inet_packet {
	struct list link;
	struct pbuf *p;
	uint32_t length, offset;	/* of it [offset, length) was not read yet */
	uint32_t room;			/* behind length, for more of a stream */
	ip_addr_t from, to;		/* of a datagram */
	uint16_t port;
	uint8_t hops;
	uint64_t arrived;		/* in ns since 1970; a part of a stream: 0 unless somebody wants to know */
};

/* Where a datagram goes, and in parts of how many bytes (0: whole). */
struct inet_route {
	ip_addr_t to;
	uint16_t port, segment;
};

/* A datagram that is not complete. */
struct inet_pending {
	struct inet_route route;
	struct pbuf *p;			/* one piece, with room for more */
	uint32_t used;			/* of it */
};

struct inet_options {
	bool reuse_address, reuse_port, keepalive, broadcast, oob_inline, debug, dont_route;
	bool no_delay, cork, udp_cork, udp_gather, no_check_out, no_check_in, v6_only, original, original6,
	      packet_info, packet_info6, receive_hops, receive_hops6, receive_errors;
	struct socket_linger linger;
	int32_t priority, low_water, segment;
	int32_t keep_idle, keep_interval, keep_count, max_segment, user_timeout, defer_accept, syn_count, linger2, quick_ack;
	uint8_t tos, ttl, multicast_ttl;
	bool has_ttl, multicast_loop;
	int16_t hops6, multicast_hops6;
	int32_t traffic_class6;
	uint8_t mtu_discover;
	uint8_t stamp;			/* socket_stamp_set() */
};

struct inet_socket {
	uint8_t type, protocol;		/* LINUX_SOCK_*, LINUX_IPPROTO_* */
	bool v6;			/* of AF_INET6 */
	struct file *file;		/* not counted; NULL until accepted */
	uint64_t ino;
	uint32_t uid;
	struct mutex read_lock;

	/* Guarded by inet_lock. */
	struct list all_link;
	uint64_t number;		/* never used again; grows along the list of all */
	enum inet_state state;
	union {				/* lwIP's part; NULL: none yet, or no more */
		struct tcp_pcb *tcp;
		struct udp_pcb *udp;
	};
	ip_addr_t local, remote;
	uint16_t local_port, remote_port;	/* 0: none */
	bool bound_address;		/* local was asked for by bind() */
	bool bound_port;
	bool told;			/* connect() has said that this is connected */
	bool was_connected;
	bool lingers;			/* its close() waits for the other end to have everything */
	uint32_t shutdown;		/* SHUT_* */
	int error;
	struct list queue;
	uint32_t queued, readable_bytes;	/* cost of the queue; bytes in it */
	uint32_t room;			/* bytes that may be sent now */
	struct inet_pending *pending;	/* of a datagram; NULL: nothing. A hint without the lock */
	struct list backlog, backlog_link;
	uint32_t nr_backlog, max_backlog;
	struct inet_options options;
	struct socket_filter_slot filter;
	uint64_t arrived;		/* when the datagram did that was received last, for who asks (SIOCGSTAMP); 0: none was */
	uint32_t send_limit, receive_limit;
	time_ns_t send_timeout, receive_timeout;	/* 0: none */
	struct wait_queue readable, writable;
};

/* stack.c */
extern struct mutex inet_lock;
void inet_lock_take(void) __acquires(&inet_lock);
/* Have lwIP running: 0 or -ENOMEM. With inet_lock held. */
int inet_start(void);
/* Let everything arrive that was sent on lo, then give the lock back. */
void inet_unlock(void) __releases(&inet_lock);
/* -errno of an err_t. */
int inet_error(err_t err);
/* Bytes that lwIP and received packets hold, and at most. */
uint64_t stack_bytes(void);
uint64_t stack_bytes_max(void);
struct netif *stack_loop(void);
/* What went over lo since boot. */
void stack_counts(uint64_t *packets, uint64_t *bytes);
/* The same in parts: of the fourth and the sixth version of IP. Guarded by inet_lock. */
struct inet_counts {
	uint64_t packets[2], bytes[2];
	uint64_t tcp_segments, tcp_resets;
	uint64_t tcp_opens, tcp_accepts, tcp_fails;	/* connections that were begun, that listeners got, and that came to nothing */
	uint64_t udp[2], udp_refused[2], udp_full[2];	/* datagrams; those that found nobody, and those without room */
};
extern struct inet_counts inet_counts;
bool stack_is_short(void);	/* of memory: who asks for more should wait */

/* socket.c */
extern const struct file_ops inet_ops;
extern struct list inet_sockets;	/* all, guarded by inet_lock */
struct inet_socket *inet_socket_create(int type, int protocol, bool v6);
void inet_socket_free(struct inet_socket *s);
void inet_wake(struct inet_socket *s, uint32_t events);
void inet_fail(struct inet_socket *s, int error);
int inet_error_take(struct inet_socket *s);
/* Bytes of a stream that were not acknowledged yet. With inet_lock held. */
uint32_t inet_unsent(const struct inet_socket *s);
static inline struct inet_socket *inet_of(struct file *f) { return f->priv; }

/* address.c. All with inet_lock held but for the first two. */
/* A program's address for @s as bind() and connect() get it: 0, -EINVAL, -EAFNOSUPPORT, -EFAULT; *@unspec: it is AF_UNSPEC. */
int address_from_user(const struct inet_socket *s, uint64_t uaddress, int length, ip_addr_t *ip, uint16_t *port, bool *unspec);
/* As programs of @s see it: its length. */
uint32_t address_to_user(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port, union linux_sockaddr_inet *to);
/* May @s be at @ip and @port? 0 or -EADDRINUSE. @listening: does that hold for a listener? */
int port_check(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port, bool listening);
/* A free port of the ephemeral range for @s, or 0. */
uint16_t port_choose(const struct inet_socket *s, const ip_addr_t *ip);
/* bind() to @port, or a free one for 0, and remember it. -EADDRINUSE. */
int port_bind(struct inet_socket *s, const ip_addr_t *ip, uint16_t port);
/* A free port where it is, that nobody asked for. -EADDRINUSE. */
int port_bind_any(struct inet_socket *s);
/* The address @ip that means anybody's is this machine. -ENETUNREACH: no way there from @s. */
int address_reach(const struct inet_socket *s, ip_addr_t *ip);
bool address_is_ours(const ip_addr_t *ip);
bool address_is_any(const ip_addr_t *ip);
extern uint16_t port_first, port_last;	/* of the ephemeral range */

/* queue.c. With inet_lock held. */
bool packet_add(struct inet_socket *s, struct pbuf *p, const ip_addr_t *from, uint16_t port);
bool packet_add_stream(struct inet_socket *s, struct pbuf *p);
void packet_remove(struct inet_socket *s, struct inet_packet *k);
void packets_drop(struct inet_socket *s);
struct inet_packet *packet_first(struct inet_socket *s);
/* Bytes [@offset, @offset + @n) of @k to @to; without inet_lock, with read_lock held. Bytes or -EFAULT. */
ssize_t packet_read(const struct inet_packet *k, uint32_t offset, uint32_t n, struct iter *to);

/* tcp.c */
int tcp_connect_socket(struct inet_socket *s, const ip_addr_t *ip, uint16_t port, bool nonblock);
int tcp_disconnect_socket(struct inet_socket *s);
int tcp_listen_socket(struct inet_socket *s, int backlog);
/* The next of its backlog, or ERR_PTR. */
struct inet_socket *tcp_accept_socket(struct inet_socket *s, bool nonblock);
int tcp_shutdown_socket(struct inet_socket *s, uint32_t how);
/* SO_LINGER with a time: send the end, and wait so long for the other one to have it; not in a thread that ends. May sleep, no lock held. */
void tcp_linger(struct inet_socket *s);
void tcp_end(struct inet_socket *s);
void tcp_apply(struct inet_socket *s);
uint32_t tcp_poll_mask(struct inet_socket *s);
/* How much of the packet whose data behind IP's header is at @p and before it does the filter of @s want? As socket_filter_run(). */
uint32_t inet_filter(struct inet_socket *s, const struct pbuf *p, uint32_t payload);
/* LINUX_TCP_* */
uint8_t tcp_state_of(const struct inet_socket *s);
uint8_t tcp_state_linux(enum tcp_state state);
void tcp_room_update(struct inet_socket *s);
/* tcp_data.c */
err_t tcp_arrived(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
ssize_t stream_send(struct inet_socket *s, struct message *m, bool nonblock);
ssize_t stream_receive(struct inet_socket *s, struct message *m, bool nonblock);

/* udp.c */
int udp_bind_socket(struct inet_socket *s);
int udp_connect_socket(struct inet_socket *s, const ip_addr_t *ip, uint16_t port);
void udp_disconnect_socket(struct inet_socket *s);
int udp_shutdown_socket(struct inet_socket *s, uint32_t how);
void udp_end(struct inet_socket *s);
uint32_t udp_poll_mask(struct inet_socket *s);
ssize_t datagram_send(struct inet_socket *s, struct message *m, bool nonblock);
ssize_t datagram_receive(struct inet_socket *s, struct message *m, bool nonblock);
int udp_send_packet(struct inet_socket *s, const struct inet_route *r, struct pbuf *p);
/* udp_cork.c. @p's bytes behind what is pending, or as its beginning; @most together; sent unless @more. An error drops all of it. */
int udp_pending_add(struct inet_socket *s, const struct inet_route *r, struct pbuf *p, uint32_t most, bool more);
int udp_pending_send(struct inet_socket *s);
void udp_pending_drop(struct inet_socket *s);
int udp_send_segments(struct inet_socket *s, const struct inet_route *r, struct pbuf *p);
/* udp.c. Listen for what ICMP says about datagrams. -ENOMEM. Once. */
int udp_start(void);

/* interface.c */
#define LO_NAME		"lo"
#define LO_INDEX	1
#define LO_MTU		65536
#define LO_QUEUE	1000
/* LINUX_IFF_* of lo. */
uint32_t interface_flags(void);
/* lo goes up or down; may sleep. */
void interface_set_up(bool up);
extern void (*interface_hook)(bool up);	/* who tells that it went up or down; NULL: nobody */

/* option.c */
/* SO_RCVLOWAT: so many bytes of a stream are worth a wake-up; never more than may lie there. */
uint32_t inet_low_water(const struct inet_socket *s);
/* What lwIP knows of a connection; times in microseconds. With inet_lock held. */
void tcp_info_fill(const struct inet_socket *s, struct linux_tcp_info *to);
void inet_options_init(struct inet_socket *s);
int inet_set_option(struct file *f, int level, int option, uint64_t uvalue, int length);
int inet_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength);

#endif
