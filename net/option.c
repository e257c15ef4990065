// SPDX-License-Identifier: GPL-2.0
/* Options of internet sockets (socket(7), ip(7), ipv6(7), tcp(7)): kept, and applied where lwIP or the rest of net/ looks at them. */
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"

#define LINUX_IP_PMTUDISC_WANT	1

void inet_options_init(struct inet_socket *s)
{
	s->options = (struct inet_options){
		.low_water = 1, .keep_idle = 7200, .keep_interval = 75, .keep_count = 9, .syn_count = 6, .linger2 = 60, .quick_ack = 1,
		.ttl = 64, .multicast_ttl = 1, .multicast_loop = true, .hops6 = -1, .multicast_hops6 = 1, .mtu_discover = LINUX_IP_PMTUDISC_WANT,
	};
}

/* One option: where it lies, and what may be written there. */
struct option {
	uint8_t level, option;
	uint16_t offset;
	uint8_t size;		/* 0: a bool */
	int32_t low, high;	/* beyond them -EINVAL */
};

#define FLAG(l, o, f)		{ l, o, offsetof(struct inet_options, f), 0, INT32_MIN, INT32_MAX }
#define VALUE(l, o, f, a, b)	{ l, o, offsetof(struct inet_options, f), sizeof(((struct inet_options *)0)->f), a, b }
#define SOCKET			LINUX_SOL_SOCKET
#define IP			LINUX_IPPROTO_IP
#define IPV6			LINUX_IPPROTO_IPV6
#define TCP			LINUX_IPPROTO_TCP
#define UDP			LINUX_IPPROTO_UDP

static const struct option options[] = {
	FLAG(SOCKET, LINUX_SO_DEBUG, debug), FLAG(SOCKET, LINUX_SO_REUSEADDR, reuse_address), FLAG(SOCKET, LINUX_SO_REUSEPORT, reuse_port),
	FLAG(SOCKET, LINUX_SO_DONTROUTE, dont_route), FLAG(SOCKET, LINUX_SO_BROADCAST, broadcast), FLAG(SOCKET, LINUX_SO_KEEPALIVE, keepalive),
	FLAG(SOCKET, LINUX_SO_OOBINLINE, oob_inline), VALUE(SOCKET, LINUX_SO_PRIORITY, priority, INT32_MIN, INT32_MAX),
	VALUE(SOCKET, LINUX_SO_RCVLOWAT, low_water, INT32_MIN, INT32_MAX),
	VALUE(IP, LINUX_IP_TOS, tos, INT32_MIN, INT32_MAX), FLAG(IP, LINUX_IP_PKTINFO, packet_info), FLAG(IP, LINUX_IP_RECVTTL, receive_hops),
	FLAG(IP, LINUX_IP_RECVERR, receive_errors), VALUE(IP, LINUX_IP_MTU_DISCOVER, mtu_discover, 0, 5),
	VALUE(IP, LINUX_IP_MULTICAST_TTL, multicast_ttl, -1, 255), FLAG(IP, LINUX_IP_MULTICAST_LOOP, multicast_loop),
	VALUE(IPV6, LINUX_IPV6_UNICAST_HOPS, hops6, -1, 255), VALUE(IPV6, LINUX_IPV6_MULTICAST_HOPS, multicast_hops6, -1, 255),
	FLAG(IPV6, LINUX_IPV6_MULTICAST_LOOP, multicast_loop), FLAG(IPV6, LINUX_IPV6_RECVPKTINFO, packet_info6),
	FLAG(IPV6, LINUX_IPV6_RECVHOPLIMIT, receive_hops6), FLAG(IPV6, LINUX_IPV6_RECVERR, receive_errors),
	VALUE(IPV6, LINUX_IPV6_TCLASS, traffic_class6, -1, 255), VALUE(IPV6, LINUX_IPV6_MTU_DISCOVER, mtu_discover, 0, 5),
	FLAG(TCP, LINUX_TCP_NODELAY, no_delay), FLAG(TCP, LINUX_TCP_CORK, cork), VALUE(TCP, LINUX_TCP_KEEPIDLE, keep_idle, 1, 32767),
	VALUE(TCP, LINUX_TCP_KEEPINTVL, keep_interval, 1, 32767), VALUE(TCP, LINUX_TCP_KEEPCNT, keep_count, 1, 127),
	VALUE(TCP, LINUX_TCP_SYNCNT, syn_count, 1, 127), VALUE(TCP, LINUX_TCP_LINGER2, linger2, INT32_MIN, INT32_MAX),
	VALUE(TCP, LINUX_TCP_DEFER_ACCEPT, defer_accept, INT32_MIN, INT32_MAX), VALUE(TCP, LINUX_TCP_QUICKACK, quick_ack, INT32_MIN, INT32_MAX),
	VALUE(TCP, LINUX_TCP_USER_TIMEOUT, user_timeout, 0, INT32_MAX),
	FLAG(UDP, LINUX_UDP_CORK, udp_cork), FLAG(UDP, LINUX_UDP_NO_CHECK6_TX, no_check_out), FLAG(UDP, LINUX_UDP_NO_CHECK6_RX, no_check_in),
	FLAG(UDP, LINUX_UDP_GRO, udp_gather), VALUE(UDP, LINUX_UDP_SEGMENT, segment, 0, UINT16_MAX),
	FLAG(IP, LINUX_IP_RECVORIGDSTADDR, original), FLAG(IPV6, LINUX_IPV6_RECVORIGDSTADDR, original6),
};

/* Options of a level that the socket has, or -errno. */
static int level_check(const struct inet_socket *s, int level)
{
	switch (level) {
	case LINUX_SOL_SOCKET:
	case LINUX_IPPROTO_IP:
		return 0;
	case LINUX_IPPROTO_IPV6:
		return s->v6 ? 0 : -ENOPROTOOPT;
	case LINUX_IPPROTO_TCP:
		return s->type == LINUX_SOCK_STREAM ? 0 : -ENOPROTOOPT;
	case LINUX_IPPROTO_UDP:
		return s->type == LINUX_SOCK_DGRAM ? 0 : -ENOPROTOOPT;
	default:
		return -ENOPROTOOPT;
	}
}

static const struct option *option_find(int level, int option)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].level == level && options[i].option == option)
			return &options[i];
	return NULL;
}

static void option_write(struct inet_socket *s, const struct option *o, int32_t v)
{
	void *at = (uint8_t *)&s->options + o->offset;

	if (!o->size)
		*(bool *)at = v;
	else if (o->size == 1)
		*(uint8_t *)at = v;
	else if (o->size == 2)
		*(int16_t *)at = v;
	else
		*(int32_t *)at = v;
}

static int32_t option_read(const struct inet_socket *s, const struct option *o)
{
	const void *at = (const uint8_t *)&s->options + o->offset;

	return !o->size ? *(const bool *)at : o->size == 1 ? *(const uint8_t *)at : o->size == 2 ? *(const int16_t *)at : *(const int32_t *)at;
}

static int buffer_set(struct inet_socket *s, int option, int32_t v)
{
	int err;

	inet_lock_take();
	err = socket_buffer_set(option, v, &s->send_limit, &s->receive_limit);
	if (!err && s->type == LINUX_SOCK_STREAM)
		tcp_room_update(s);
	inet_unlock();
	if (!err)
		inet_wake(s, CAN_WRITE);
	return err;
}

uint32_t inet_low_water(const struct inet_socket *s)
{
	return MIN((uint32_t)READ_ONCE(s->options.low_water), (uint32_t)TCP_WND / 2);
}

static int only_v6_set(struct inet_socket *s, bool on)
{
	int err;

	inet_lock_take();
	err = s->local_port ? -EINVAL : 0;
	if (!err) {
		s->options.v6_only = on;
		IP_SET_TYPE_VAL(s->local, on ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
	}
	inet_unlock();
	return err;
}

/* What is more than a value. 1: it is not one of these. */
static int special_set(struct inet_socket *s, int level, int option, int32_t v)
{
	int err = level == SOCKET ? buffer_set(s, option, v) : -ENOPROTOOPT;

	if (err != -ENOPROTOOPT)
		return err;
	if (level == SOCKET && option == LINUX_SO_PRIORITY) {
		err = socket_priority_check(v);
		if (!err)
			s->options.priority = v;
		return err;
	}
	if (level == SOCKET && option == LINUX_SO_RCVLOWAT) {
		s->options.low_water = socket_low_water(v);
		return 0;
	}
	if (level == SOCKET) {
		err = socket_stamp_set(&s->options.stamp, option, v);
		return err == -ENOPROTOOPT ? 1 : err;
	}
	if (level == IP && option == LINUX_IP_TTL) {
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		s->options.ttl = v == -1 ? 64 : v;
		return 0;
	}
	if (level == IPV6 && option == LINUX_IPV6_V6ONLY)
		return only_v6_set(s, v);
	if (level == TCP && option == LINUX_TCP_MAXSEG) {
		if (v && (v < 88 || v > 32767))
			return -EINVAL;
		s->options.max_segment = v;
		return 0;
	}
	return 1;
}

int inet_set_option(struct file *f, int level, int option, uint64_t uvalue, int length)
{
	struct inet_socket *s = f->priv;
	const struct option *o;
	uint8_t byte;
	int32_t v = 0;
	int err = level_check(s, level);

	if (err)
		return err;
	if (level == SOCKET && option == LINUX_SO_RCVTIMEO)
		return socket_timeout_set(&s->receive_timeout, uvalue, length);
	if (level == SOCKET && option == LINUX_SO_SNDTIMEO)
		return socket_timeout_set(&s->send_timeout, uvalue, length);
	if (level == SOCKET && option == LINUX_SO_LINGER)
		return socket_linger_set(&s->options.linger, uvalue, length);
	err = level == SOCKET ? socket_filter_set(&s->filter, option, uvalue, length) : -ENOPROTOOPT;
	if (err != -ENOPROTOOPT)
		return err;
	if (level == IP && length >= 1 && length < (int)sizeof(v)) {
		err = copy_from_user(&byte, uvalue, 1) ? -EFAULT : 0;
		v = byte;
	} else {
		err = length < (int)sizeof(v) ? -EINVAL : get_user32((uint32_t *)&v, uvalue) ? -EFAULT : 0;
	}
	if (!err)
		err = special_set(s, level, option, v);
	if (err <= 0)
		return err;
	o = option_find(level, option);
	if (!o)
		return -ENOPROTOOPT;
	if (v < o->low || v > o->high)
		return -EINVAL;
	inet_lock_take();
	option_write(s, o, v);
	if (s->type == LINUX_SOCK_STREAM)
		tcp_apply(s);
	else if (level == UDP && option == LINUX_UDP_CORK && !v)
		(void)udp_pending_send(s);	/* as on Linux, nobody is told how that went */
	inet_unlock();
	return 0;
}

static int32_t segment_of(struct inet_socket *s)
{
	int32_t n = s->options.max_segment ? s->options.max_segment : 536;

	inet_lock_take();
	if (s->tcp && s->state == INET_CONNECTED)
		n = tcp_mss(s->tcp);
	inet_unlock();
	return n;
}

static int special_get(struct inet_socket *s, int level, int option, int32_t *v)
{
	if (level == IP && option == LINUX_IP_TTL)
		*v = s->options.ttl;
	else if (level == IPV6 && option == LINUX_IPV6_V6ONLY)
		*v = s->options.v6_only;
	else if ((level == IP && option == LINUX_IP_MTU) || (level == IPV6 && option == LINUX_IPV6_MTU))
		*v = LO_MTU;
	else if (level == TCP && option == LINUX_TCP_MAXSEG)
		*v = segment_of(s);
	else
		return -ENOPROTOOPT;
	return level == IP && option == LINUX_IP_MTU && s->state != INET_CONNECTED ? -ENOTCONN : 0;
}

static int socket_get(struct inet_socket *s, int option, int32_t *v)
{
	switch (option) {
	case LINUX_SO_TYPE:
		*v = s->type;
		return 0;
	case LINUX_SO_PROTOCOL:
		*v = s->protocol;
		return 0;
	case LINUX_SO_DOMAIN:
		*v = s->v6 ? LINUX_AF_INET6 : LINUX_AF_INET;
		return 0;
	case LINUX_SO_ERROR:
		*v = inet_error_take(s);
		return 0;
	case LINUX_SO_SNDBUF:
		*v = s->send_limit;
		return 0;
	case LINUX_SO_RCVBUF:
		*v = s->receive_limit;
		return 0;
	case LINUX_SO_ACCEPTCONN:
		*v = s->state == INET_LISTENING;
		return 0;
	case LINUX_SO_SNDLOWAT:
		*v = 1;
		return 0;
	default:
		return socket_stamp_get(READ_ONCE(s->options.stamp), option, v);
	}
}

void tcp_info_fill(const struct inet_socket *s, struct linux_tcp_info *to)
{
	*to = (struct linux_tcp_info){ .state = tcp_state_of(s), .snd_mss = 536, .rcv_mss = 536, .rto = 1000000 };
	if (!s->tcp || s->state != INET_CONNECTED)
		return;
	to->snd_mss = to->rcv_mss = to->advmss = tcp_mss(s->tcp);
	to->snd_cwnd = s->tcp->cwnd / MAX(tcp_mss(s->tcp), 1);
	to->snd_ssthresh = s->tcp->ssthresh / MAX(tcp_mss(s->tcp), 1);
	to->rto = MAX(s->tcp->rto, 1) * 500000u;
	to->retransmits = s->tcp->nrtx;
	to->unacked = tcp_sndqueuelen(s->tcp);
	to->rcv_space = s->tcp->rcv_wnd;
	to->pmtu = LO_MTU;
}

static int info_get(struct inet_socket *s, uint64_t uvalue, uint64_t ulength)
{
	struct linux_tcp_info info;

	inet_lock_take();
	tcp_info_fill(s, &info);
	inet_unlock();
	return socket_value_put(uvalue, ulength, &info, sizeof(info));
}

int inet_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength)
{
	struct inet_socket *s = f->priv;
	const struct option *o;
	int32_t v = 0;
	int err = level_check(s, level);

	if (err)
		return s->v6 ? err : -EOPNOTSUPP;
	if (level == SOCKET && (option == LINUX_SO_RCVTIMEO || option == LINUX_SO_SNDTIMEO))
		return socket_timeout_get(option == LINUX_SO_RCVTIMEO ? s->receive_timeout : s->send_timeout, uvalue, ulength);
	if (level == SOCKET && option == LINUX_SO_LINGER)
		return socket_linger_get(&s->options.linger, uvalue, ulength);
	err = level == SOCKET ? socket_filter_told(&s->filter, option, uvalue, ulength) : -ENOPROTOOPT;
	if (err != -ENOPROTOOPT)
		return err;
	err = 0;
	if (level == TCP && option == LINUX_TCP_INFO)
		return info_get(s, uvalue, ulength);
	if (level == TCP && option == LINUX_TCP_CONGESTION)
		return socket_value_put(uvalue, ulength, "reno", sizeof("reno"));
	o = option_find(level, option);
	if (o)
		v = option_read(s, o);
	else
		err = level == SOCKET ? socket_get(s, option, &v) : special_get(s, level, option, &v);
	return err ? err : socket_value_put(uvalue, ulength, &v, sizeof(v));
}
