// SPDX-License-Identifier: GPL-2.0
/* Options of sockets (socket(7)): what changes behaviour is kept, what only other families have is taken and has no effect. */
#include <fs/unix.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <uapi/ferry/linux.h>

static int timeout_set(time_ns_t *to, uint64_t uvalue, int length)
{
	struct linux_timeval t;

	if (length < (int)sizeof(t))
		return -EINVAL;
	if (copy_from_user(&t, uvalue, sizeof(t)))
		return -EFAULT;
	if (t.tv_usec < 0 || t.tv_usec >= 1000000)
		return -EDOM;
	/* A negative time is none at all. */
	if (t.tv_sec < 0)
		*to = 1;
	else
		*to = t.tv_sec > 1000000000 ? 0 : t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC;
	return 0;
}

/* Twice what was asked, as Linux does, so that programs which check it are content. */
static uint32_t buffer_size(int32_t asked)
{
	uint32_t v = MIN((uint32_t)asked, BUFFER_LIMIT) * 2;

	return MAX(v, BUFFER_MIN);
}

static int option_set(struct socket *s, int option, int32_t v)
{
	switch (option) {
	case LINUX_SO_SNDBUF:
	case LINUX_SO_SNDBUFFORCE:
		s->send_limit = buffer_size(v);
		wait_wake(&s->writable, 0);
		return 0;
	case LINUX_SO_RCVBUF:
	case LINUX_SO_RCVBUFFORCE:
		s->receive_limit = buffer_size(v);
		return 0;
	case LINUX_SO_PASSCRED:
		s->pass_cred = v;
		return 0;
	case LINUX_SO_DEBUG:
	case LINUX_SO_REUSEADDR:
	case LINUX_SO_REUSEPORT:
	case LINUX_SO_DONTROUTE:
	case LINUX_SO_BROADCAST:
	case LINUX_SO_KEEPALIVE:
	case LINUX_SO_OOBINLINE:
	case LINUX_SO_PRIORITY:
	case LINUX_SO_RCVLOWAT:
	case LINUX_SO_TIMESTAMP:
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int socket_set_option(struct socket *s, int option, uint64_t uvalue, int length)
{
	uint64_t pair;
	uint32_t v;

	if (option == LINUX_SO_RCVTIMEO)
		return timeout_set(&s->receive_timeout, uvalue, length);
	if (option == LINUX_SO_SNDTIMEO)
		return timeout_set(&s->send_timeout, uvalue, length);
	if (length < (int)sizeof(v))
		return -EINVAL;
	if (option == LINUX_SO_LINGER)
		return length < (int)sizeof(pair) ? -EINVAL : get_user64(&pair, uvalue) ? -EFAULT : 0;
	if ((option == LINUX_SO_SNDBUFFORCE || option == LINUX_SO_RCVBUFFORCE) && !privileged(LINUX_CAP_NET_ADMIN))
		return -EPERM;
	return get_user32(&v, uvalue) ? -EFAULT : option_set(s, option, v);
}

static int option_get(struct socket *s, int option, int32_t *v)
{
	switch (option) {
	case LINUX_SO_TYPE:
		*v = s->type;
		return 0;
	case LINUX_SO_ERROR:
		*v = socket_error_take(s);
		return 0;
	case LINUX_SO_SNDBUF:
		*v = s->send_limit;
		return 0;
	case LINUX_SO_RCVBUF:
		*v = s->receive_limit;
		return 0;
	case LINUX_SO_PASSCRED:
		*v = s->pass_cred;
		return 0;
	case LINUX_SO_ACCEPTCONN:
		*v = s->state == SOCKET_LISTENING;
		return 0;
	case LINUX_SO_DOMAIN:
		*v = LINUX_AF_UNIX;
		return 0;
	case LINUX_SO_RCVLOWAT:
	case LINUX_SO_SNDLOWAT:
		*v = 1;
		return 0;
	case LINUX_SO_PROTOCOL:
	case LINUX_SO_DEBUG:
	case LINUX_SO_REUSEADDR:
	case LINUX_SO_REUSEPORT:
	case LINUX_SO_DONTROUTE:
	case LINUX_SO_BROADCAST:
	case LINUX_SO_KEEPALIVE:
	case LINUX_SO_OOBINLINE:
	case LINUX_SO_PRIORITY:
	case LINUX_SO_TIMESTAMP:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int value_put(uint64_t uvalue, uint64_t ulength, const void *v, uint32_t size)
{
	uint32_t length;

	if (get_user32(&length, ulength))
		return -EFAULT;
	if ((int32_t)length < 0)
		return -EINVAL;
	length = MIN(length, size);
	return copy_to_user(uvalue, v, length) || put_user32(ulength, length) ? -EFAULT : 0;
}

int socket_get_option(struct socket *s, int option, uint64_t uvalue, uint64_t ulength)
{
	static const uint64_t no_linger;
	struct linux_timeval t;
	time_ns_t timeout;
	int32_t v = 0;
	int err;

	switch (option) {
	case LINUX_SO_PEERCRED:
		return value_put(uvalue, ulength, &s->peer_cred, sizeof(s->peer_cred));
	case LINUX_SO_LINGER:
		return value_put(uvalue, ulength, &no_linger, sizeof(no_linger));
	case LINUX_SO_RCVTIMEO:
	case LINUX_SO_SNDTIMEO:
		timeout = option == LINUX_SO_RCVTIMEO ? s->receive_timeout : s->send_timeout;
		t = (struct linux_timeval){ timeout / NSEC_PER_SEC, timeout % NSEC_PER_SEC / NSEC_PER_USEC };
		return value_put(uvalue, ulength, &t, sizeof(t));
	}
	err = option_get(s, option, &v);
	return err ? err : value_put(uvalue, ulength, &v, sizeof(v));
}
