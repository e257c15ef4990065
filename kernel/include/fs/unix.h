/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: UNIX sockets. unix.c has their life and connections, unix_name.c names, unix_data.c messages, unix_rights.c descriptors on
 * their way, unix_list.c who there is, unix_calls.c what
 * the system calls (fs/socket.h) want, unix_option.c options, unix_urgent.c bytes out of band.
 *
 * Locks, outermost first: setup_lock (one bind, connect or listen at a time) and read_lock (one receiver at a time), rights_lock
 * (descriptors in flight), then spinlocks, one at a time: socket->lock, the table of names' lock. User memory is touched with no
 * spinlock and never with rights_lock held. A socket's memory outlives its file while a peer, a message or a client refers to it.
 */
#ifndef FS_UNIX_H
#define FS_UNIX_H

#include <fs/socket.h>
#include <fs/vfs.h>

/* The packet's own memory counts, so that many small ones are bounded too. */
#define PACKET_COST	256u

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
	uint64_t number;		/* never used again; grows along the list of all */
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
	struct packet *urgent;		/* of the queue: the newest byte out of band, until it is taken or passed */
	bool urgent_inline;		/* SO_OOBINLINE */
	struct list backlog, backlog_link;
	uint32_t nr_backlog, max_backlog;
	struct linux_ucred own_cred, peer_cred;	/* of who called listen(); of the peer */

	uint32_t sent;			/* cost of what it sent and nobody took yet; atomic */
	uint32_t send_limit, receive_limit;
	bool pass_cred;
	struct socket_kept kept;
	struct socket_filter_slot filter;
	int32_t peek_at;		/* SO_PEEK_OFF: where the next look begins; negative: at the front. Guarded by read_lock */
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
	bool urgent;			/* its one byte is sent out of band */
	uint64_t arrived;		/* in ns since 1970; 0 unless its receiver wants to know */
	struct linux_ucred cred;
	struct rights *rights;
	char data[];
};

/* unix_list.c: every socket there is. */
void socket_list_add(struct socket *s);
void socket_list_remove(struct socket *s);
/* The next after @s, which is given back (NULL: the first after @number): counted, or NULL. */
struct socket *socket_list_next(struct socket *s, uint64_t number);

/* unix.c */
extern const struct file_ops socket_ops;
extern const struct socket_family unix_family;	/* unix_calls.c */
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
int socket_error_take(struct socket *s);
void cred_of_current(struct linux_ucred *c);

/* unix_name.c */
int name_bind(struct socket *s, const struct linux_sockaddr_un *address, int length);
int name_bind_auto(struct socket *s);
/* The socket bound there, counted; ERR_PTR. */
struct socket *name_find(int type, const struct linux_sockaddr_un *address, int length);
void name_unbind(struct socket *s);
struct unix_name *name_get(struct socket *s);
/* Which file is its name? False: it is no file. */
bool name_file(struct socket *s, uint32_t *ino, uint32_t *dev);
void name_put(struct unix_name *n);
void name_share(struct socket *to, struct socket *from);
void client_add(struct socket *s, struct socket *to);
void client_remove(struct socket *s);
/* Tell the clients of @s about @events of theirs; they are no clients any more when it is dead. */
void clients_wake(struct socket *s, uint32_t events);

/* unix_memory.c. @s sent what costs so much, and somebody took it. Any context of a thread. */
void unix_charge(struct socket *s, uint32_t cost);
void unix_uncharge(struct socket *s, uint32_t cost);
bool unix_may_send(const struct socket *s);	/* by its own buffer */
/* While all sockets together hold too much: until @s holds little, or that is over, or nothing can be sent to @to. As wait_event(). */
int unix_room_wait(struct socket *s, const struct socket *to, time_ns_t deadline);

/* unix_data.c */
bool unix_closed(const struct socket *s, const struct socket *to);	/* nothing more goes from @s to @to */
ssize_t socket_send(struct socket *s, struct message *m, bool nonblock);
ssize_t socket_receive(struct socket *s, struct message *m, bool nonblock);
void queue_purge(struct socket *s);
bool socket_full(const struct socket *s);
/* Bytes that can be read now, of the first message where there are messages. */
uint32_t socket_readable_bytes(struct socket *s);
int64_t socket_ioctl(struct file *f, uint32_t cmd, uint64_t arg);

/* unix_urgent.c. Is there a byte or a message that nobody took, out of band or not? s->lock held. */
bool queue_unread(const struct socket *s);
/* Of a stream, what is left where a byte out of band was taken. */
bool urgent_taken(const struct socket *s, const struct packet *p);
/* Do ordinary reads not see it? s->lock held. */
bool urgent_hides(const struct socket *s, const struct packet *p);
void urgent_clear(struct socket *s, const struct packet *p);	/* the mark is passed, or its byte taken */
void urgent_tell(struct socket *to);	/* SIGURG to the owner of its file */
/* recv(MSG_OOB): 1, -EINVAL: there is none, or it comes in line; -EFAULT. read_lock held. */
ssize_t urgent_receive(struct socket *s, struct message *m);
bool urgent_at_mark(struct socket *s);	/* SIOCATMARK */

/* unix_rights.c */
int rights_from_user(struct message *m, const uint8_t *control, size_t n);
void rights_drop(struct rights *r);
int rights_queue(struct socket *to, struct packet *p, int (*post)(struct socket *to, struct packet *p));
struct rights *rights_take(struct packet *p);
struct rights *rights_copy(struct packet *p);
void rights_collect(void);

/* unix_calls.c. A path of 108 bytes has no terminator of its own. */
struct address {
	struct linux_sockaddr_un un;
	char terminator;
};

/* unix_option.c */
int unix_set_option(struct file *f, int level, int option, uint64_t uvalue, int length);
int unix_get_option(struct file *f, int level, int option, uint64_t uvalue, uint64_t ulength);

#endif
