/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: UNIX sockets. unix.c has their life and connections, unix_name.c names, unix_data.c messages, unix_rights.c descriptors on
 * their way, unix_list.c who there is, socket.c, socket_message.c and socket_option.c the
 * system calls.
 *
 * Locks, outermost first: setup_lock (one bind, connect or listen at a time) and read_lock (one receiver at a time), rights_lock
 * (descriptors in flight), then spinlocks, one at a time: socket->lock, the table of names' lock. User memory is touched with no
 * spinlock and never with rights_lock held. A socket's memory outlives its file while a peer, a message or a client refers to it.
 */
#ifndef FS_UNIX_H
#define FS_UNIX_H

#include <fs/internal.h>
#include <fs/vfs.h>
#include <uapi/ferry/linux_socket.h>

#define SHUT_RECEIVE	0x1u
#define SHUT_SEND	0x2u
#define SHUT_BOTH	0x3u

/* The packet's own memory counts, so that many small ones are bounded too. */
#define PACKET_COST	256u
#define BUFFER_DEFAULT	212992u
#define BUFFER_LIMIT	212992u		/* before it is doubled, as Linux does */
#define BUFFER_MIN	4608u

struct unix_name {
	struct ref ref;
	int length;			/* of the address, its family included */
	struct linux_sockaddr_un address;
	char terminator;		/* of a path that fills the address */
};

/* Descriptors on their way: counted files. */
struct rights {
	struct list link;
	unsigned int nr;
	struct file *files[];
};

enum socket_state { SOCKET_OPEN, SOCKET_LISTENING, SOCKET_CONNECTED };

struct socket {
	struct ref ref;
	uint16_t type;
	struct list all_link;		/* unix_list.c */
	uint64_t ino;			/* its file's; 0 until accepted */
	struct file *file;		/* not counted; NULL until accepted */
	struct mutex setup_lock, read_lock;

	/* Guarded by lock. */
	struct spinlock lock;
	enum socket_state state;
	bool dead;			/* its file is gone */
	uint32_t shutdown;		/* SHUT_* */
	int error;
	struct socket *peer;		/* counted; whom it sends to */
	struct list queue;		/* packets */
	uint32_t queued;		/* their cost */
	struct list backlog, backlog_link;
	uint32_t nr_backlog, max_backlog;
	struct linux_ucred own_cred, peer_cred;	/* of who called listen(); of the peer */

	uint32_t sent;			/* cost of what it sent and nobody took yet; atomic */
	uint32_t send_limit, receive_limit;
	bool pass_cred;
	time_ns_t send_timeout, receive_timeout;	/* 0: none */
	struct wait_queue readable, writable;
	struct wait_queue room;		/* in its queue or backlog, for those who send here */

	/* Guarded by the names' lock. */
	struct unix_name *name;		/* set once */
	struct path path;		/* of a bound path, counted */
	struct list name_link;
	struct list clients, client_link;	/* datagram sockets that are connected here; poll waits for room */

	/* Guarded by rights_lock. */
	uint32_t nr_in_flight, nr_outside;
	bool suspect, reached;
	struct list flight_link, follow_link;
};

struct packet {
	struct list link;
	struct socket *sender;		/* counted */
	size_t length, offset;
	struct linux_ucred cred;
	struct rights *rights;
	char data[];
};

/* One message going out or coming in. */
struct message {
	struct iter it;
	uint32_t flags;			/* LINUX_MSG_* asked for */
	uint32_t result_flags;
	struct linux_ucred cred;
	struct rights *rights;		/* owned */
	struct socket *to;		/* sending: a named receiver, counted */
	struct unix_name *from;		/* receiving: counted, or NULL */
	bool has_cred;
};

/* unix_list.c: every socket there is. */
void socket_list_add(struct socket *s);
void socket_list_remove(struct socket *s);

/* unix.c */
extern const struct file_ops socket_ops;
struct socket *socket_create(int type);
void socket_get(struct socket *s);
void socket_put(struct socket *s);
/* The socket as a new descriptor; it takes over the reference, also when it fails. */
int socket_install(struct socket *s, uint32_t flags);
struct socket *socket_peer_get(struct socket *s);
bool socket_is_dgram(const struct socket *s);
int socket_pair(struct socket *a, struct socket *b);
int socket_listen(struct socket *s, int backlog);
int socket_connect(struct socket *s, struct socket *to, bool nonblock);
void socket_disconnect(struct socket *s);
struct socket *socket_accept(struct socket *s, bool nonblock);
int socket_shutdown(struct socket *s, uint32_t how);
time_ns_t socket_deadline(time_ns_t timeout);
/* What a call says whose wait until @deadline ended with @err: one with a timeout is never begun again (signal(7)). */
int socket_wait_result(int err, time_ns_t deadline);
int socket_error_take(struct socket *s);
void cred_of_current(struct linux_ucred *c);

/* unix_name.c */
int name_bind(struct socket *s, const struct linux_sockaddr_un *address, int length);
int name_bind_auto(struct socket *s);
/* The socket bound there, counted; ERR_PTR. */
struct socket *name_find(int type, const struct linux_sockaddr_un *address, int length);
void name_unbind(struct socket *s);
struct unix_name *name_get(struct socket *s);
void name_put(struct unix_name *n);
void name_share(struct socket *to, struct socket *from);
void client_add(struct socket *s, struct socket *to);
void client_remove(struct socket *s);
/* Tell the clients of @s about @events of theirs; they are no clients any more when it is dead. */
void clients_wake(struct socket *s, uint32_t events);

/* unix_data.c */
ssize_t socket_send(struct socket *s, struct message *m, bool nonblock);
ssize_t socket_receive(struct socket *s, struct message *m, bool nonblock);
void queue_purge(struct socket *s);
bool socket_full(const struct socket *s);
int64_t socket_ioctl(struct file *f, uint32_t cmd, uint64_t arg);

/* unix_rights.c */
int rights_from_user(struct message *m, const uint8_t *control, size_t n);
void rights_drop(struct rights *r);
int rights_queue(struct socket *to, struct packet *p, int (*post)(struct socket *to, struct packet *p));
struct rights *rights_take(struct packet *p);
struct rights *rights_copy(struct packet *p);
void rights_collect(void);

/* socket.c. A path of 108 bytes has no terminator of its own. */
struct address {
	struct linux_sockaddr_un un;
	char terminator;
};
/* The socket behind a descriptor and its file with a reference; NULL with *@err and none. */
struct socket *socket_of_fd(int fd, struct file **f, int *err);
/* The length that getsockname() will tell, or -errno. */
int address_get(struct address *a, uint64_t uaddress, int length);
int address_put(const struct unix_name *n, uint64_t uaddress, uint64_t ulength);

/* socket_option.c */
int socket_set_option(struct socket *s, int option, uint64_t uvalue, int length);
int socket_get_option(struct socket *s, int option, uint64_t uvalue, uint64_t ulength);

#endif
