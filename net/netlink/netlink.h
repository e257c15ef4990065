/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside net/netlink/: sockets of AF_NETLINK (netlink(7)). socket.c has the sockets' life and names, queue.c what is on its way, calls.c what
 * the system calls want, option.c options, request.c what the kernel is asked, attr.c attributes in and out. A protocol is a table
 * of its own file's.
 *
 * Locks, outermost first: a socket's dump_lock (one part of a long answer at a time; protocols take theirs within), table_lock (who there is, their
 * ports and groups), a socket's lock (spin: its queue). Requests are carried out by who sends them, with none of these held.
 */
#ifndef NET_NETLINK_NETLINK_H
#define NET_NETLINK_NETLINK_H

#include <fs/socket.h>
#include <fs/vfs.h>
#include <uapi/ferry/linux_netlink.h>

#define NETLINK_GROUPS_MAX	64u	/* of a protocol; on Linux no protocol of these has more */
#define NETLINK_ALIGN(n)	ALIGN_UP((uint32_t)(n), 4u)
#define NETLINK_TEXT_MAX	80u	/* of why a request is refused */

struct netlink_buffer;
struct netlink_request;

struct netlink_protocol {
	uint32_t groups;		/* how many */
	bool anyone_sends, anyone_hears;	/* to others than the kernel, to groups, without privileges */
	/* Carry out @r: 0, -errno; NETLINK_LATER: the answer is under way, so no word of success. NULL: the kernel listens to nobody. */
	int (*request)(struct netlink_request *r);
};

#define NETLINK_LATER	1

/* What is sent, shared by the queues that it lies in. */
struct netlink_message {
	struct ref ref;
	uint32_t length, size;		/* what is told of it, and room */
	uint32_t port, group;		/* of the sender, 0: the kernel; whom it is for, 0: one socket */
	struct linux_ucred cred;
	uint8_t data[];
};

/* A long answer under way, in parts that are made as they are read. */
struct netlink_dump {
	/* Write what comes next: 0: there is no more, 1: there may be, -errno. What does not fit comes again. May sleep. */
	int (*fill)(struct netlink_dump *d, struct netlink_buffer *b);
	uint16_t type, flags;		/* of the messages */
	uint32_t seq, port;
	uint64_t at[4];			/* where it is: fill()'s */
	uint8_t asked[160];		/* what was asked: fill()'s */
	void *kept;			/* likewise; freed at the end. NULL: nothing */
	const char *text;		/* why fill() failed; NULL: it does not say */
};

struct netlink_socket {
	struct ref ref;
	uint8_t type, protocol;
	uint64_t ino;
	bool by_admin;			/* it was made by who may administrate the network */

	/* Guarded by table_lock. */
	struct list all_link;
	bool bound;
	uint32_t port;			/* 0: none yet */
	uint64_t groups;		/* bit 0: group 1 */
	bool connected;
	uint32_t peer_port, peer_group;

	/* Guarded by lock. */
	struct spinlock lock;
	struct list queue;
	uint32_t queued;		/* what its queue costs */
	bool dead, congested;		/* its file is gone; something was lost, and nothing more comes in before all was read */
	uint32_t drops;
	int error;			/* atomic */
	struct wait_queue readable, room;

	/* Words, written at once. */
	bool pass_cred, packet_info, broadcast_error, no_enobufs, cap_ack, ext_ack, strict, all_nsid;
	struct socket_kept kept;
	struct socket_filter_slot filter;
	uint32_t send_limit, receive_limit;
	time_ns_t send_timeout, receive_timeout;	/* 0: none */
	uint32_t largest_read;		/* how much room its reader has */

	/* Guarded by dump_lock; dump is read without, as a hint. */
	struct mutex dump_lock;
	struct netlink_dump *dump;	/* NULL: none */
};

/* socket.c */
extern const struct file_ops netlink_ops;
extern struct mutex netlink_table_lock;
extern struct list netlink_sockets;	/* all, guarded by it */
/* At boot. */
void netlink_protocol_register(unsigned int number, const struct netlink_protocol *p);
const struct netlink_protocol *netlink_protocol_of(unsigned int number);
static inline struct netlink_socket *netlink_of(const struct file *f) { return f->priv; }
/* A new socket's descriptor, or -errno: for the family's table. */
int netlink_create(int type, int protocol, uint32_t flags);
void netlink_socket_put(struct netlink_socket *s);
/* The socket with @port, counted, or NULL; 0 is nobody's. */
struct netlink_socket *netlink_socket_find(unsigned int protocol, uint32_t port);
/* Give it @port, or one of the kernel's choice for 0. -EADDRINUSE, -EINVAL: it has another. */
int netlink_port_take(struct netlink_socket *s, uint32_t port);
/* A socket without a port gets one. */
int netlink_port_need(struct netlink_socket *s);
/* May the current thread join groups of @s, or send to others than the kernel? */
bool netlink_may_hear(const struct netlink_socket *s);
bool netlink_may_send(const struct netlink_socket *s);

/* calls.c, option.c */
extern const struct socket_family netlink_family;
int netlink_set_option(struct file *f, int level, int option, uint64_t uvalue, int length);
int netlink_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength);

/* queue.c */
/* A message of @n bytes, from the kernel until told otherwise, or NULL. */
struct netlink_message *netlink_message_alloc(uint32_t n);
void netlink_message_put(struct netlink_message *m);
/* To @to, a reference to @m; waits until @deadline for room unless @nonblock. -EAGAIN, -EINTR, -ECONNREFUSED, -ENOBUFS. */
int netlink_post_wait(struct netlink_socket *to, struct netlink_message *m, bool nonblock, time_ns_t deadline);
/* From the kernel: without room it is lost, and the reader told so (ENOBUFS). */
int netlink_post(struct netlink_socket *to, struct netlink_message *m);
/* To who listens to @m's group but @except and who has @port. -ENOBUFS: one that wants to know it was lost; -ESRCH: nobody was there. */
int netlink_post_group(unsigned int protocol, struct netlink_message *m, const struct netlink_socket *except, uint32_t port);
/* The next message, counted; NULL and *@err: 0 or -errno. @peek: it stays. */
struct netlink_message *netlink_take(struct netlink_socket *s, bool peek, int *err);
void netlink_queue_purge(struct netlink_socket *s);
bool netlink_has_room(const struct netlink_socket *s);
bool netlink_has_input(const struct netlink_socket *s);
uint32_t netlink_first_length(struct netlink_socket *s);

/* ---- request.c ---- */

/* One message of a program's for the kernel, in kernel memory. */
struct netlink_request {
	struct netlink_socket *from;
	const struct linux_nlmsghdr *h;
	const uint8_t *data;		/* behind the header */
	uint32_t length;		/* of that */
	bool named;			/* the kernel was named as its receiver */
	const char *text;		/* why it is refused; NULL: no word */
	const void *bad;		/* the attribute that is to blame; NULL: none */
};

/* The kernel is sent @n bytes by @s. */
void netlink_requests(struct netlink_socket *s, const uint8_t *data, uint32_t n, bool named);
/* May who asks do what @cap stands for, and may whoever made the socket, unless the kernel was named? */
bool netlink_request_privileged(const struct netlink_request *r, unsigned int cap);
/* @err, with @text and the attribute @bad (NULL: none) for who asked. */
int netlink_refuse(struct netlink_request *r, int err, const char *text, const void *bad);
/* Answer with what @b holds, which is given back: 0 or -errno. */
int netlink_answer(struct netlink_request *r, struct netlink_buffer *b);
/*
 * A long answer by @fill, of messages of @type with @flags, what was asked in the @n bytes at @asked. NETLINK_LATER,
 * -EBUSY: there is one under way already, -ENOMEM.
 */
int netlink_dump_start(struct netlink_request *r, uint16_t type, uint16_t flags, int (*fill)(struct netlink_dump *d, struct netlink_buffer *b),
		       const void *asked, size_t n, void *kept);
/* Make the next part if there is room for it. */
void netlink_dump_go_on(struct netlink_socket *s);
void netlink_dump_end(struct netlink_socket *s);

/* ---- attr.c ---- */

/* Messages being written. What does not fit is left out whole, and @full says so. */
struct netlink_buffer {
	struct netlink_message *m;	/* NULL: there was no memory */
	uint32_t used, size;
	uint32_t start;			/* of the message being written */
	bool full;
};

/* @n bytes of room. -ENOMEM. */
int netlink_buffer_init(struct netlink_buffer *b, uint32_t n);
void netlink_buffer_free(struct netlink_buffer *b);
/* A message with @n bytes of header at @header; then its attributes; then its end: false: it did not fit and is not there. */
void netlink_begin(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, const void *header, uint32_t n);
bool netlink_end(struct netlink_buffer *b);
/* The beginning of a part of @d's answer. */
void netlink_begin_dumped(struct netlink_buffer *b, const struct netlink_dump *d, const void *header, uint32_t n);
void netlink_put(struct netlink_buffer *b, uint16_t type, const void *data, uint32_t n);
void netlink_put_u8(struct netlink_buffer *b, uint16_t type, uint8_t v);
void netlink_put_u16(struct netlink_buffer *b, uint16_t type, uint16_t v);
void netlink_put_u32(struct netlink_buffer *b, uint16_t type, uint32_t v);
void netlink_put_text(struct netlink_buffer *b, uint16_t type, const char *text);
/* Attributes in an attribute. */
uint32_t netlink_nest(struct netlink_buffer *b, uint16_t type);
void netlink_nest_end(struct netlink_buffer *b, uint32_t at);

/*
 * The attributes in the @n bytes at @data by their type, into @to[0] to @to[@most]; of two the last. Others are left out, or with @strict are
 * -EINVAL, as what is no attribute.
 */
int netlink_attributes(struct netlink_request *r, const uint8_t *data, uint32_t n, const struct linux_nlattr **to, unsigned int most,
		       bool strict);
static inline uint32_t netlink_attr_length(const struct linux_nlattr *a) { return a->length - (uint32_t)sizeof(*a); }
static inline const void *netlink_attr_data(const struct linux_nlattr *a) { return a + 1; }
/* Its number: 0, or -ERANGE when it is too short. NULL is fine, and leaves *@v. */
int netlink_attr_u32(struct netlink_request *r, const struct linux_nlattr *a, uint32_t *v);
/* Its text without terminator, cut to @size - 1 bytes and ended. -ERANGE: too long for that. */
int netlink_attr_text(struct netlink_request *r, const struct linux_nlattr *a, char *to, size_t size);

/* Tell @group of @protocol what @b holds, which is given back. May sleep. */
void netlink_tell(unsigned int protocol, uint32_t group, struct netlink_buffer *b);
/* Does anybody listen? */
bool netlink_is_heard(unsigned int protocol, uint32_t group);

#endif
