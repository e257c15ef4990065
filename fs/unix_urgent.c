// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes out of band of UNIX streams (MSG_OOB): the newest of them has a mark in the queue, where reads stop and then begin behind it, until the
 * byte is taken or passed. Locks: socket->lock; what was taken is known to who holds read_lock.
 */
#include <fs/internal.h>
#include <fs/unix.h>
#include <uapi/ferry/linux.h>

/* Of a stream, what is left where a byte out of band was taken; only who holds read_lock takes. */
bool urgent_taken(const struct socket *s, const struct packet *p)
{
	return s->type == LINUX_SOCK_STREAM && p->offset == p->length;
}

bool queue_unread(const struct socket *s)
{
	const struct packet *p;

	list_for_each(p, &s->queue, link)
		if (!urgent_taken(s, p))
			return true;
	return false;
}

/* What ordinary reads do not see. s->lock held. */
bool urgent_hides(const struct socket *s, const struct packet *p)
{
	return urgent_taken(s, p) || (p == s->urgent && !s->urgent_inline);
}

/* The mark is passed, or its byte taken. */
void urgent_clear(struct socket *s, const struct packet *p)
{
	spin_lock(&s->lock);
	if (s->urgent == p)
		s->urgent = NULL;
	spin_unlock(&s->lock);
}

/* A byte out of band came: SIGURG to the owner of @to's file. */
void urgent_tell(struct socket *to)
{
	struct file *f;

	spin_lock(&to->lock);
	f = to->dead ? NULL : READ_ONCE(to->file);
	if (f && !ref_get_live(&f->ref))
		f = NULL;
	spin_unlock(&to->lock);
	if (!f)
		return;
	file_owner_signal(f, LINUX_SIGURG);
	file_put(f);
}

/* The byte out of band, which is gone then, also where it cannot be written; what comes in line has none. read_lock held. */
ssize_t urgent_receive(struct socket *s, struct message *m)
{
	struct packet *p;
	ssize_t n = 1;

	spin_lock(&s->lock);
	p = s->urgent_inline ? NULL : s->urgent;
	spin_unlock(&s->lock);
	if (!p)
		return -EINVAL;
	if (m->it.left)
		n = iter_put(&m->it, p->data, 1);
	if (!(m->flags & LINUX_MSG_PEEK)) {
		p->offset = p->length;
		urgent_clear(s, p);
	}
	m->result_flags |= LINUX_MSG_OOB;
	return n == 1 ? 1 : -EFAULT;
}

bool urgent_at_mark(struct socket *s)
{
	bool at;

	spin_lock(&s->lock);
	at = s->urgent && list_first(&s->queue, struct packet, link) == s->urgent;
	spin_unlock(&s->lock);
	return at;
}
