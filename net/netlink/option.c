// SPDX-License-Identifier: GPL-2.0
/* Options of netlink sockets (socket(7), netlink(7)). */
#include <fs/socket_filter.h>
#include <kernel/privilege.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

static uint32_t groups_of(const struct netlink_socket *s)
{
	return netlink_protocol_of(s->protocol)->groups;
}

static int membership_set(struct netlink_socket *s, uint32_t group, bool on)
{
	uint64_t bit;

	if (!netlink_may_hear(s))
		return -EPERM;
	if (!group || group > groups_of(s))
		return -EINVAL;
	bit = 1ull << (group - 1);
	mutex_lock(&netlink_table_lock);
	s->groups = on ? s->groups | bit : s->groups & ~bit;
	mutex_unlock(&netlink_table_lock);
	return 0;
}

static bool *flag_of(struct netlink_socket *s, int option)
{
	switch (option) {
	case LINUX_NETLINK_PKTINFO:
		return &s->packet_info;
	case LINUX_NETLINK_BROADCAST_ERROR:
		return &s->broadcast_error;
	case LINUX_NETLINK_NO_ENOBUFS:
		return &s->no_enobufs;
	case LINUX_NETLINK_CAP_ACK:
		return &s->cap_ack;
	case LINUX_NETLINK_EXT_ACK:
		return &s->ext_ack;
	case LINUX_NETLINK_GET_STRICT_CHK:
		return &s->strict;
	default:
		return NULL;
	}
}

static int own_set(struct netlink_socket *s, int option, uint32_t v)
{
	bool *flag = flag_of(s, option);

	switch (option) {
	case LINUX_NETLINK_ADD_MEMBERSHIP:
	case LINUX_NETLINK_DROP_MEMBERSHIP:
		return membership_set(s, v, option == LINUX_NETLINK_ADD_MEMBERSHIP);
	case LINUX_NETLINK_LISTEN_ALL_NSID:	/* there is one namespace, so all are heard */
		if (!privileged(LINUX_CAP_NET_BROADCAST))
			return -EPERM;
		WRITE_ONCE(s->all_nsid, v);
		return 0;
	}
	if (!flag)
		return -ENOPROTOOPT;
	WRITE_ONCE(*flag, v);
	if (option == LINUX_NETLINK_NO_ENOBUFS && v) {
		spin_lock(&s->lock);
		s->congested = false;
		spin_unlock(&s->lock);
		wait_wake(&s->room, 0);
	}
	return 0;
}

static int socket_set(struct netlink_socket *s, int option, int32_t v)
{
	int err = socket_buffer_set(option, v, &s->send_limit, &s->receive_limit);

	if (err != -ENOPROTOOPT)
		return err;
	switch (option) {
	case LINUX_SO_PASSCRED:
		s->pass_cred = v;
		return 0;
	case LINUX_SO_OOBINLINE:
		return 0;
	default:
		return socket_kept_set(&s->kept, option, v);
	}
}

int netlink_set_option(struct file *f, int level, int option, uint64_t uvalue, int length)
{
	struct netlink_socket *s = f->priv;
	uint32_t v = 0;
	int err;

	if (level != LINUX_SOL_SOCKET && level != LINUX_SOL_NETLINK)
		return -ENOPROTOOPT;
	if (level == LINUX_SOL_SOCKET && option == LINUX_SO_RCVTIMEO)
		return socket_timeout_set(&s->receive_timeout, uvalue, length);
	if (level == LINUX_SOL_SOCKET && option == LINUX_SO_SNDTIMEO)
		return socket_timeout_set(&s->send_timeout, uvalue, length);
	if (level == LINUX_SOL_SOCKET && option == LINUX_SO_LINGER)
		return socket_linger_set(&s->kept.linger, uvalue, length);
	err = level == LINUX_SOL_SOCKET ? socket_filter_set(&s->filter, option, uvalue, length) : -ENOPROTOOPT;
	if (err != -ENOPROTOOPT)
		return err;
	if (length >= (int)sizeof(v)) {
		if (get_user32(&v, uvalue))
			return -EFAULT;
	} else if (level == LINUX_SOL_SOCKET) {
		return -EINVAL;
	}
	return level == LINUX_SOL_SOCKET ? socket_set(s, option, (int32_t)v) : own_set(s, option, v);
}

/* A bit for each group, in words; *@ulength becomes how much there would be. */
static int memberships_get(struct netlink_socket *s, uint64_t uvalue, uint64_t ulength, uint32_t length)
{
	uint32_t bytes = ALIGN_UP((groups_of(s) + 7) / 8, 4u), word;
	uint64_t groups;

	mutex_lock(&netlink_table_lock);
	groups = s->groups;
	mutex_unlock(&netlink_table_lock);
	for (uint32_t at = 0; at < bytes && length - at >= sizeof(word); at += sizeof(word)) {
		word = (uint32_t)(groups >> at * 8);
		if (put_user32(uvalue + at, word))
			return -EFAULT;
	}
	return put_user32(ulength, bytes) ? -EFAULT : 0;
}

static int own_get(struct netlink_socket *s, int option, uint64_t uvalue, uint64_t ulength)
{
	const bool *flag = flag_of(s, option);
	uint32_t length, v;

	if (get_user32(&length, ulength))
		return -EFAULT;
	if ((int32_t)length < 0)
		return -EINVAL;
	if (option == LINUX_NETLINK_LIST_MEMBERSHIPS)
		return memberships_get(s, uvalue, ulength, length);
	if (!flag)
		return -ENOPROTOOPT;
	if (length < sizeof(v))
		return -EINVAL;
	v = READ_ONCE(*flag);
	return socket_value_put(uvalue, ulength, &v, sizeof(v));
}

static int socket_get(struct netlink_socket *s, int option, int32_t *v)
{
	switch (option) {
	case LINUX_SO_TYPE:
		*v = s->type;
		return 0;
	case LINUX_SO_DOMAIN:
		*v = LINUX_AF_NETLINK;
		return 0;
	case LINUX_SO_PROTOCOL:
		*v = s->protocol;
		return 0;
	case LINUX_SO_ERROR:
		*v = __atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
		return 0;
	case LINUX_SO_SNDBUF:
		*v = (int32_t)s->send_limit;
		return 0;
	case LINUX_SO_RCVBUF:
		*v = (int32_t)s->receive_limit;
		return 0;
	case LINUX_SO_PASSCRED:
		*v = s->pass_cred;
		return 0;
	case LINUX_SO_ACCEPTCONN:
	case LINUX_SO_OOBINLINE:
		*v = 0;
		return 0;
	default:
		return socket_kept_get(&s->kept, option, v);
	}
}

int netlink_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength)
{
	struct netlink_socket *s = f->priv;
	int32_t v = 0;
	int err;

	if (level == LINUX_SOL_NETLINK)
		return own_get(s, option, uvalue, ulength);
	if (level != LINUX_SOL_SOCKET)
		return -ENOPROTOOPT;
	if (option == LINUX_SO_RCVTIMEO || option == LINUX_SO_SNDTIMEO)
		return socket_timeout_get(option == LINUX_SO_RCVTIMEO ? s->receive_timeout : s->send_timeout, uvalue, ulength);
	if (option == LINUX_SO_LINGER)
		return socket_linger_get(&s->kept.linger, uvalue, ulength);
	err = socket_filter_told(&s->filter, option, uvalue, ulength);
	if (err != -ENOPROTOOPT)
		return err;
	err = socket_get(s, option, &v);
	return err ? err : socket_value_put(uvalue, ulength, &v, sizeof(v));
}
