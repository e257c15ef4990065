// SPDX-License-Identifier: GPL-2.0
/* The system calls of sockets' options (socket(7)), and what families share there. */
#include <fs/socket.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <uapi/ferry/linux.h>

#define FORCED_SHARE	8u	/* of the memory, for one buffer of who may take more than others */
#define PRIORITY_MAX	6	/* of a packet, without privileges */

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

int socket_buffer_set(int option, int32_t asked, uint32_t *send, uint32_t *receive)
{
	bool force = option == LINUX_SO_SNDBUFFORCE || option == LINUX_SO_RCVBUFFORCE;
	bool sends = option == LINUX_SO_SNDBUF || option == LINUX_SO_SNDBUFFORCE;
	struct frame_stats frames;
	uint64_t most = BUFFER_LIMIT;

	if (!force && !sends && option != LINUX_SO_RCVBUF)
		return -ENOPROTOOPT;
	if (force && !privileged(LINUX_CAP_NET_ADMIN))
		return -EPERM;
	if (force) {
		frame_stats(&frames);
		most = MIN(MAX(frames.total * PAGE_SIZE / FORCED_SHARE / 2, most), (uint64_t)INT32_MAX / 2);
		asked = MAX(asked, 0);
	}
	most = MIN((uint32_t)asked, most) * 2;
	if (sends)
		WRITE_ONCE(*send, MAX((uint32_t)most, BUFFER_SEND_MIN));
	else
		WRITE_ONCE(*receive, MAX((uint32_t)most, BUFFER_RECEIVE_MIN));
	return 0;
}

int socket_priority_check(int32_t priority)
{
	if (priority >= 0 && priority <= PRIORITY_MAX)
		return 0;
	return privileged(LINUX_CAP_NET_RAW) || privileged(LINUX_CAP_NET_ADMIN) ? 0 : -EPERM;
}

int32_t socket_low_water(int32_t asked)
{
	return asked < 0 ? INT32_MAX : MAX(asked, 1);
}

int socket_linger_set(struct socket_linger *to, uint64_t uvalue, int length)
{
	int32_t pair[2];

	if (length < (int)sizeof(pair))
		return -EINVAL;
	if (copy_from_user(pair, uvalue, sizeof(pair)))
		return -EFAULT;
	to->on = pair[0];
	if (to->on)
		to->seconds = pair[1];
	return 0;
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

int socket_linger_get(const struct socket_linger *from, uint64_t uvalue, uint64_t ulength)
{
	int32_t pair[2] = { from->on, from->seconds };

	return socket_value_put(uvalue, ulength, pair, sizeof(pair));
}

static bool is_flag(int option)
{
	switch (option) {
	case LINUX_SO_DEBUG:
	case LINUX_SO_REUSEADDR:
	case LINUX_SO_REUSEPORT:
	case LINUX_SO_DONTROUTE:
	case LINUX_SO_BROADCAST:
	case LINUX_SO_KEEPALIVE:
		return true;
	default:
		return false;
	}
}

static bool is_stamp(int option)
{
	switch (option) {
	case LINUX_SO_TIMESTAMP:
	case LINUX_SO_TIMESTAMPNS:
	case LINUX_SO_TIMESTAMP_NEW:
	case LINUX_SO_TIMESTAMPNS_NEW:
		return true;
	default:
		return false;
	}
}

int socket_stamp_set(uint8_t *on, int option, bool v)
{
	if (!is_stamp(option))
		return -ENOPROTOOPT;
	WRITE_ONCE(*on, v ? (uint8_t)option : 0);	/* whichever it was is off */
	return 0;
}

int socket_stamp_get(uint8_t on, int option, int32_t *v)
{
	if (!is_stamp(option))
		return -ENOPROTOOPT;
	*v = on == option || (option == LINUX_SO_TIMESTAMP_NEW && on == LINUX_SO_TIMESTAMPNS_NEW);	/* as on Linux */
	return 0;
}

struct linux_timespec socket_stamp(uint64_t at, bool ns)
{
	return (struct linux_timespec){ (int64_t)(at / NSEC_PER_SEC), (int64_t)(at % NSEC_PER_SEC / (ns ? 1 : NSEC_PER_USEC)) };
}

/* Old and new have the same layout in a program of 64 bits. */
int socket_stamp_put(struct control *c, uint8_t on, const struct message *m)
{
	struct linux_timespec t;

	if (likely(!on))
		return 0;
	t = socket_stamp(m->arrived ? m->arrived : time_realtime(), on == LINUX_SO_TIMESTAMPNS || on == LINUX_SO_TIMESTAMPNS_NEW);
	return socket_control_put(c, LINUX_SOL_SOCKET, on, &t, sizeof(t));
}

int socket_kept_set(struct socket_kept *k, int option, int32_t v)
{
	int err = option == LINUX_SO_PRIORITY ? socket_priority_check(v) : 0;

	if (err)
		return err;
	if (option == LINUX_SO_PRIORITY)
		WRITE_ONCE(k->priority, v);
	else if (option == LINUX_SO_RCVLOWAT)
		WRITE_ONCE(k->low_water, socket_low_water(v));
	else if (!is_flag(option))
		return socket_stamp_set(&k->stamp, option, v);
	else if (v)
		__atomic_fetch_or(&k->flags, 1u << option, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&k->flags, ~(1u << option), __ATOMIC_RELAXED);
	return 0;
}

int socket_kept_get(const struct socket_kept *k, int option, int32_t *v)
{
	if (option == LINUX_SO_PRIORITY)
		*v = READ_ONCE(k->priority);
	else if (option == LINUX_SO_RCVLOWAT)
		*v = MAX(READ_ONCE(k->low_water), 1);
	else if (option == LINUX_SO_SNDLOWAT)
		*v = 1;
	else if (is_flag(option))
		*v = READ_ONCE(k->flags) >> option & 1;
	else
		return socket_stamp_get(READ_ONCE(k->stamp), option, v);
	return 0;
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
