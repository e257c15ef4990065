// SPDX-License-Identifier: GPL-2.0
/* Options of UNIX sockets (socket(7)): what changes behaviour is kept, what only other families have is taken and has no effect. */
#include <fs/socket_filter.h>
#include <fs/unix.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>

static int option_set(struct socket *s, int option, int32_t v)
{
	int err = socket_buffer_set(option, v, &s->send_limit, &s->receive_limit);

	if (err != -ENOPROTOOPT) {
		wait_wake(&s->writable, 0);
		return err;
	}
	switch (option) {
	case LINUX_SO_PASSCRED:
		s->pass_cred = v;
		return 0;
	case LINUX_SO_OOBINLINE:
		WRITE_ONCE(s->urgent_inline, !!v);
		return 0;
	case LINUX_SO_PEEK_OFF:
		mutex_lock(&s->read_lock);
		s->peek_at = v;
		mutex_unlock(&s->read_lock);
		return 0;
	default:
		return socket_kept_set(&s->kept, option, v);
	}
}

int unix_set_option(struct file *f, int level, int option, uint64_t uvalue, int length)
{
	struct socket *s = f->priv;
	uint32_t v;
	int err;

	if (level != LINUX_SOL_SOCKET)
		return -EOPNOTSUPP;
	if (option == LINUX_SO_RCVTIMEO)
		return socket_timeout_set(&s->receive_timeout, uvalue, length);
	if (option == LINUX_SO_SNDTIMEO)
		return socket_timeout_set(&s->send_timeout, uvalue, length);
	err = socket_filter_set(&s->filter, option, uvalue, length);
	if (err != -ENOPROTOOPT)
		return err;
	if (length < (int)sizeof(v))
		return -EINVAL;
	if (option == LINUX_SO_LINGER)
		return socket_linger_set(&s->kept.linger, uvalue, length);
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
	case LINUX_SO_OOBINLINE:
		*v = s->urgent_inline;
		return 0;
	case LINUX_SO_PEEK_OFF:
		*v = READ_ONCE(s->peek_at);
		return 0;
	case LINUX_SO_ACCEPTCONN:
		*v = s->state == SOCKET_LISTENING;
		return 0;
	case LINUX_SO_DOMAIN:
		*v = LINUX_AF_UNIX;
		return 0;
	case LINUX_SO_PROTOCOL:
		*v = 0;
		return 0;
	default:
		return socket_kept_get(&s->kept, option, v);
	}
}

int unix_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength)
{
	struct socket *s = f->priv;
	struct linux_ucred cred;
	int32_t v = 0;
	int err;

	if (level != LINUX_SOL_SOCKET)
		return -EOPNOTSUPP;
	switch (option) {
	case LINUX_SO_PEERCRED:
		cred = (struct linux_ucred){ pid_told(s->peer_cred.pid), uid_told(s->peer_cred.uid), gid_told(s->peer_cred.gid) };
		return socket_value_put(uvalue, ulength, &cred, sizeof(cred));
	case LINUX_SO_LINGER:
		return socket_linger_get(&s->kept.linger, uvalue, ulength);
	case LINUX_SO_RCVTIMEO:
	case LINUX_SO_SNDTIMEO:
		return socket_timeout_get(option == LINUX_SO_RCVTIMEO ? s->receive_timeout : s->send_timeout, uvalue, ulength);
	}
	err = socket_filter_told(&s->filter, option, uvalue, ulength);
	if (err != -ENOPROTOOPT)
		return err;
	err = option_get(s, option, &v);
	return err ? err : socket_value_put(uvalue, ulength, &v, sizeof(v));
}
