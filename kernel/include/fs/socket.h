/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets of every family: what the system calls (fs/socket.c, socket_message.c, socket_option.c) want of one. An open file is a socket
 * if its file_ops name a family. fs/unix*.c and net/ are families.
 */
#ifndef FS_SOCKET_H
#define FS_SOCKET_H

#include <fs/internal.h>
#include <uapi/ferry/linux_inet.h>
#include <uapi/ferry/linux_netlink.h>
#include <uapi/ferry/linux_socket.h>

#define SHUT_RECEIVE	0x1u
#define SHUT_SEND	0x2u
#define SHUT_BOTH	0x3u

#define BUFFER_DEFAULT	212992u
#define BUFFER_LIMIT	212992u		/* before it is doubled, as Linux does */
#define BUFFER_SEND_MIN	4608u
#define BUFFER_RECEIVE_MIN	2304u

struct rights;
struct socket;
struct unix_name;

struct socket_linger {
	bool on;
	int32_t seconds;
};

/* Options that a socket keeps (socket_kept_set). Words, written at once. */
struct socket_kept {
	struct socket_linger linger;
	int32_t priority;
	int32_t low_water;		/* 0: never set, which is 1 */
	uint32_t flags;			/* bit 1 << option: it is on */
	uint8_t stamp;			/* socket_stamp_set() */
};

/* A filter of what a socket receives (fs/socket_filter.h). */
struct socket_filter_slot {
	struct spinlock lock;
	struct socket_filter *filter;	/* counted; NULL: none. A hint without the lock */
	bool locked;			/* for good: no other filter, and none away */
};

/* One message going out or coming in. */
struct message {
	struct iter it;
	uint32_t flags;			/* LINUX_MSG_* asked for */
	uint32_t result_flags;
	uint64_t arrived;		/* received: when, in ns since 1970; 0: it is not known */
	union {
		struct {			/* fs/unix*.c */
			struct linux_ucred cred;
			bool has_cred;
			struct rights *rights;		/* owned */
			struct socket *to;		/* sending: a named receiver, counted */
			struct unix_name *from;		/* receiving: counted, or NULL */
		};
		struct {			/* net/ */
			union linux_sockaddr_inet inet;	/* the receiver that was named, or the sender */
			uint32_t inet_length;		/* 0: none */
			union linux_sockaddr_inet inet_to;	/* received: where it was sent to */
			uint8_t inet_hops;
			uint16_t inet_segment;	/* sent in datagrams of so many bytes; 0: it is not said */
		};
		struct {			/* net/netlink/ */
			struct linux_sockaddr_nl netlink;	/* the receiver that was named, or the sender */
			bool netlink_named;
			uint32_t netlink_group;		/* received: what it was sent to, 0: this one alone */
			struct linux_ucred netlink_cred;
		};
	};
};

/* What a request of an io_uring says about a socket, copied when it was sent: the program may use that memory for something else meanwhile. */
struct ring_copy {
	uint64_t uheader;		/* where the header of the message stands, for what is told there; 0: it is no message */
	struct linux_msghdr header;
	uint32_t address_length;	/* of whom to connect or to send to; 0: none, or one that makes no sense */
	uint8_t address[LINUX_SOCKADDR_MAX];
	struct iovec_k vec[];		/* header.iovlen of them */
};

/* Where control messages go, and how much is left there. */
struct control {
	uint64_t at, left;
	bool truncated;
};

/* What a family does for the system calls; @f is one of its sockets. Process context; all may sleep. */
struct socket_family {
	/* A new socket's descriptor, or -errno; @type without flags, which are @flags. */
	int (*create)(int type, int protocol, uint32_t flags);
	int (*type)(const struct file *f);	/* LINUX_SOCK_* */
	int (*pair)(int type, int protocol, uint32_t flags, int fd[2]);		/* NULL: -EOPNOTSUPP */
	int (*bind)(struct file *f, uint64_t uaddress, int length);
	int (*listen)(struct file *f, int backlog);
	int (*connect)(struct file *f, uint64_t uaddress, int length);
	/* The accepted socket's descriptor, or -errno; whom it is from at @uaddress unless that is 0. */
	int (*accept)(struct file *f, uint64_t uaddress, uint64_t ulength, uint32_t flags);
	int (*shutdown)(struct file *f, uint32_t how);				/* SHUT_* */
	int (*name)(struct file *f, bool of_peer, uint64_t uaddress, uint64_t ulength);
	int (*set_option)(struct file *f, int level, int option, uint64_t uvalue, int length);
	int (*get_option)(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength);
	/* Before send(): what an empty message is to be sent with; a named receiver; its control messages. */
	void (*begin)(struct message *m);
	int (*receiver)(struct file *f, struct message *m, uint64_t uaddress, int length);
	int (*control_in)(struct message *m, const uint8_t *control, size_t n);
	ssize_t (*send)(struct file *f, struct message *m, bool nonblock);
	ssize_t (*receive)(struct file *f, struct message *m, bool nonblock);
	/* After receive(): the sender's address, NULL for none; its control messages. */
	const void *(*sender)(const struct message *m, uint32_t *length);
	int (*control_out)(struct file *f, struct message *m, struct control *c);
	void (*end)(struct message *m);		/* after either: give back what the message holds. NULL: nothing */
};

/* socket.c. Sockets of @domain (LINUX_AF_*) are @family's from now on. At boot. */
void socket_family_register(unsigned int domain, const struct socket_family *family);
/* Questions about network interfaces, which a socket of any family may be asked: set by who knows them. -ENOTTY: it is none. */
extern int64_t (*socket_interface_ioctl)(uint32_t cmd, uint64_t arg);
/* What every family answers alike: who owns the file, and those questions. */
int64_t socket_ioctl_common(struct file *f, uint32_t cmd, uint64_t arg);
/* The socket behind a descriptor with a reference; NULL with -EBADF or -ENOTSOCK in *@err. */
struct file *socket_of_fd(int fd, int *err);
/* An open file of a socket by @ops, which name its family; NULL when out of memory. @flags are LINUX_SOCK_*. @protocol: its name, static. */
struct file *socket_file(const struct file_ops *ops, void *priv, uint32_t flags, const char *protocol);
/* Which name that was, as the attribute "system.sockprotoname" tells it (xattr(7) calls); NULL: @inode is no socket's. */
const char *socket_protocol(const struct inode *inode);
/* It gets a descriptor of the current process, which takes its reference over: the descriptor or -errno. */
int socket_install_file(struct file *f, uint32_t flags);
/* What the request of a ring that the caller carries out brought along, or NULL. */
const struct ring_copy *socket_ring_copy(void);
/* Does a call on @f not wait? A ring's request waits for the file outside the call. */
bool socket_nonblock(const struct file *f);
/* Copy an address of user memory, LINUX_SOCKADDR_MAX bytes at most, into @to of that size: 0, -EINVAL, -EFAULT. */
int socket_address_get(void *to, uint64_t uaddress, int length);
/* Tell @length bytes of address as getsockname(2) does. */
int socket_address_put(const void *address, uint32_t length, uint64_t uaddress, uint64_t ulength);

/* socket_message.c. One control message more for the receiver, cut to what is left. 0 or -EFAULT. */
int socket_control_put(struct control *c, int level, int type, const void *data, size_t n);
/* Each control message of a sender's to @parse, until one is an error. -EINVAL: malformed. */
int socket_control_each(struct message *m, const uint8_t *control, size_t n,
			int (*parse)(struct message *m, const struct linux_cmsghdr *h, const uint8_t *data));
/* SCM_CREDENTIALS: a process says who it is, not who others are. 0, -EINVAL, -EPERM. */
int socket_cred_get(struct linux_ucred *to, const uint8_t *data, uint64_t n);

/* socket_option.c */
int socket_timeout_set(time_ns_t *to, uint64_t uvalue, int length);
int socket_timeout_get(time_ns_t timeout, uint64_t uvalue, uint64_t ulength);
/*
 * SO_SNDBUF and SO_RCVBUF become twice @asked, as on Linux, up to a bound; those with FORCE up to an eighth of the memory, with CAP_NET_ADMIN.
 * 0, -EPERM, -ENOPROTOOPT: it is none of them.
 */
int socket_buffer_set(int option, int32_t asked, uint32_t *send, uint32_t *receive);
/* May a packet have this priority (SO_PRIORITY)? 0 or -EPERM. */
int socket_priority_check(int32_t priority);
/* SO_LINGER. A time is kept though it is switched off. */
int socket_linger_set(struct socket_linger *to, uint64_t uvalue, int length);
int socket_linger_get(const struct socket_linger *from, uint64_t uvalue, uint64_t ulength);
/* What a program may write for SO_RCVLOWAT becomes what is kept. */
int32_t socket_low_water(int32_t asked);
/* Options of SOL_SOCKET that are kept, and mean nothing to families but some: 0, -EPERM or -ENOPROTOOPT. */
int socket_kept_set(struct socket_kept *k, int option, int32_t v);
int socket_kept_get(const struct socket_kept *k, int option, int32_t *v);
/*
 * SO_TIMESTAMP and its kin: with each message that is received a control message says when it arrived. Which of them is on stands in *@on, 0: none.
 * -ENOPROTOOPT: @option is another.
 */
int socket_stamp_set(uint8_t *on, int option, bool v);
int socket_stamp_get(uint8_t on, int option, int32_t *v);
/* The date @at as those tell it: seconds, and nanoseconds if @ns, microseconds otherwise. */
struct linux_timespec socket_stamp(uint64_t at, bool ns);
/* That control message, of @on, which may be 0; @m arrived just now if it is not known when. 0 or -EFAULT. */
int socket_stamp_put(struct control *c, uint8_t on, const struct message *m);
int socket_value_put(uint64_t uvalue, uint64_t ulength, const void *v, uint32_t size);

/* Waits with SO_RCVTIMEO and SO_SNDTIMEO: until when; and what a call says whose wait ended with @err (signal(7)). */
time_ns_t socket_deadline(time_ns_t timeout);
int socket_wait_result(int err, time_ns_t deadline);

#endif
