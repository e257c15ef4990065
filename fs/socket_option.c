// SPDX-License-Identifier: GPL-2.0
/* The system calls of sockets' options (socket(7)), and what families share there. */
#include <fs/socket.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <uapi/ferry/linux.h>

time_ns_t socket_deadline(time_ns_t timeout)
{
	return timeout ? time_now() + timeout : TIME_FOREVER;
}

int socket_wait_result(int err, time_ns_t deadline)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -EINTR && deadline != TIME_FOREVER ? -EINTR_FINAL : err;
}

int socket_timeout_set(time_ns_t *to, uint64_t uvalue, int length)
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

uint32_t socket_buffer_size(int32_t asked)
{
	uint32_t v = MIN((uint32_t)asked, BUFFER_LIMIT) * 2;

	return MAX(v, BUFFER_MIN);
}

int socket_value_put(uint64_t uvalue, uint64_t ulength, const void *v, uint32_t size)
{
	uint32_t length;

	if (get_user32(&length, ulength))
		return -EFAULT;
	if ((int32_t)length < 0)
		return -EINVAL;
	length = MIN(length, size);
	return copy_to_user(uvalue, v, length) || put_user32(ulength, length) ? -EFAULT : 0;
}

int socket_timeout_get(time_ns_t timeout, uint64_t uvalue, uint64_t ulength)
{
	struct linux_timeval t = { timeout / NSEC_PER_SEC, timeout % NSEC_PER_SEC / NSEC_PER_USEC };

	return socket_value_put(uvalue, ulength, &t, sizeof(t));
}

int socket_option_idle(int option, int32_t *v)
{
	switch (option) {
	case LINUX_SO_RCVLOWAT:
	case LINUX_SO_SNDLOWAT:
		*v = 1;
		return 0;
	case LINUX_SO_DEBUG:
	case LINUX_SO_REUSEADDR:
	case LINUX_SO_REUSEPORT:
	case LINUX_SO_DONTROUTE:
	case LINUX_SO_BROADCAST:
	case LINUX_SO_KEEPALIVE:
	case LINUX_SO_PRIORITY:
	case LINUX_SO_TIMESTAMP:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

SYSCALL(NR_setsockopt, setsockopt)
{
	struct file *f;
	int err;

	if ((int)args->a[4] < 0)
		return -EINVAL;
	f = socket_of_fd(args->a[0], &err);
	if (!f)
		return err;
	err = f->ops->family->set_option(f, args->a[1], args->a[2], args->a[3], args->a[4]);
	file_put(f);
	return err;
}

SYSCALL(NR_getsockopt, getsockopt)
{
	int err;
	struct file *f = socket_of_fd(args->a[0], &err);

	if (!f)
		return err;
	err = f->ops->family->get_option(f, args->a[1], args->a[2], args->a[3], args->a[4]);
	file_put(f);
	return err;
}
