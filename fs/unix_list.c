// SPDX-License-Identifier: GPL-2.0
/* All UNIX sockets, for /proc/net/unix and sock_diag(7). Lock: all_lock, outermost of the spinlocks. */
#include <fs/proc_pid.h>
#include <fs/unix.h>

#define FLAG_LISTENING	0x10000u	/* __SO_ACCEPTCON */
#define STATE_OPEN	1u		/* SS_UNCONNECTED and SS_CONNECTED of Linux's linux/net.h */
#define STATE_CONNECTED	3u

static struct spinlock all_lock = SPINLOCK_INIT("sockets");
static struct list all_sockets = LIST_INIT(all_sockets);

void socket_list_add(struct socket *s)
{
	static uint64_t last;

	spin_lock(&all_lock);
	s->number = ++last;
	list_append(&all_sockets, &s->all_link);
	spin_unlock(&all_lock);
}

void socket_list_remove(struct socket *s)
{
	spin_lock(&all_lock);
	list_del(&s->all_link);
	spin_unlock(&all_lock);
}

struct socket *socket_list_next(struct socket *s, uint64_t number)
{
	struct socket *k, *found = NULL;
	struct list *at;

	spin_lock(&all_lock);
	for (at = s ? s->all_link.next : all_sockets.next; at != &all_sockets && !found; at = at->next) {
		k = list_entry(at, struct socket, all_link);
		if (k->number > number && ref_get_live(&k->ref))
			found = k;
	}
	spin_unlock(&all_lock);
	socket_put(s);
	return found;
}

/* An abstract name has "@" for each of its zero bytes. */
static void put_name(struct seq *s, const struct unix_name *n)
{
	int length = n->length - (int)sizeof(n->address.family);
	bool abstract = length > 0 && !n->address.path[0];

	for (int i = 0; i < length && (abstract || n->address.path[i]); i++)
		seq_printf(s, "%s%c", i ? "" : " ", n->address.path[i] ? n->address.path[i] : '@');
}

static void put_socket(struct seq *s, struct socket *k)
{
	enum socket_state state = READ_ONCE(k->state);
	struct unix_name *name = name_get(k);

	seq_printf(s, "%016x: %08X 00000000 %08X %04X %02X %5llu", 0u, ref_count(&k->ref), state == SOCKET_LISTENING ? FLAG_LISTENING : 0u, k->type,
		   state == SOCKET_CONNECTED ? STATE_CONNECTED : STATE_OPEN, (unsigned long long)k->ino);
	if (name)
		put_name(s, name);
	name_put(name);
	seq_puts(s, "\n");
}

void proc_net_unix(struct seq *s, struct inode *inode)
{
	struct socket *k;

	seq_puts(s, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	spin_lock(&all_lock);
	list_for_each(k, &all_sockets, all_link)
		put_socket(s, k);
	spin_unlock(&all_lock);
}
