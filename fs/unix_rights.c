// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors in messages (SCM_RIGHTS). A socket that lies only in queues of sockets which nobody can reach any more would never be
 * freed; rights_collect() finds those: in flight as often as it is referred to, and not reachable from a queue that somebody can read.
 * rights_lock is held while messages with descriptors enter and leave queues, so what the search counts stands still.
 */
#include <fs/unix.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

static struct mutex rights_lock = MUTEX_INIT(rights_lock, "socket_rights");
static struct list in_flight = LIST_INIT(in_flight);	/* sockets, guarded by rights_lock, as nr_in_flight */
static uint32_t nr_in_flight;				/* files of any kind */

static struct spinlock dying_lock = SPINLOCK_INIT("socket_dying");
static struct list dying = LIST_INIT(dying);		/* guarded by dying_lock, as dropping */
static bool dropping;

static struct socket *socket_of(struct file *f)
{
	return f->ops == &socket_ops ? f->priv : NULL;
}

static struct rights *dying_take(void)
{
	struct rights *r = NULL;

	spin_lock(&dying_lock);
	if (list_empty(&dying)) {
		dropping = false;
	} else {
		r = list_first(&dying, struct rights, link);
		list_del(&r->link);
	}
	spin_unlock(&dying_lock);
	return r;
}

/* Files that hold messages with files that hold messages: a loop instead of a recursion. */
void rights_drop(struct rights *r)
{
	bool mine;
	unsigned int i;

	if (!r)
		return;
	spin_lock(&dying_lock);
	list_append(&dying, &r->link);
	mine = !dropping;
	dropping = true;
	spin_unlock(&dying_lock);
	while (mine && (r = dying_take())) {
		for (i = 0; i < r->nr; i++)
			file_put(r->files[i]);
		kfree(r);
	}
}

static void flight_begin(struct rights *r)
{
	struct socket *s;
	unsigned int i;

	nr_in_flight += r->nr;
	for (i = 0; i < r->nr; i++) {
		s = socket_of(r->files[i]);
		if (s && s->nr_in_flight++ == 0)
			list_append(&in_flight, &s->flight_link);
	}
}

static void flight_end(struct rights *r)
{
	struct socket *s;
	unsigned int i;

	nr_in_flight -= r->nr;
	for (i = 0; i < r->nr; i++) {
		s = socket_of(r->files[i]);
		if (s && --s->nr_in_flight == 0)
			list_del(&s->flight_link);
	}
}

int rights_queue(struct socket *to, struct packet *p, int (*post)(struct socket *to, struct packet *p))
{
	int err;

	mutex_lock(&rights_lock);
	flight_begin(p->rights);
	err = post(to, p);
	mutex_unlock(&rights_lock);
	return err;
}

/* rights_lock held. */
static struct rights *rights_detach(struct packet *p)
{
	struct rights *r = p->rights;

	p->rights = NULL;
	if (r)
		flight_end(r);
	return r;
}

struct rights *rights_take(struct packet *p)
{
	struct rights *r;

	if (!p->rights)
		return NULL;
	mutex_lock(&rights_lock);
	r = rights_detach(p);
	mutex_unlock(&rights_lock);
	return r;
}

static struct rights *rights_alloc(unsigned int nr)
{
	struct rights *r = kzalloc(sizeof(*r) + nr * sizeof(r->files[0]));

	if (r)
		list_init(&r->link);
	return r;
}

/* Out of memory: the peek shows none. */
struct rights *rights_copy(struct packet *p)
{
	struct rights *r;

	mutex_lock(&rights_lock);
	r = p->rights ? rights_alloc(p->rights->nr) : NULL;
	while (r && r->nr < p->rights->nr) {
		r->files[r->nr] = p->rights->files[r->nr];
		file_get(r->files[r->nr++]);
	}
	mutex_unlock(&rights_lock);
	return r;
}

/* Call @fn for each socket in the queue of @s; of a listener, in the queues of those that wait. */
static void each_child(struct socket *s, void (*fn)(struct socket *child))
{
	struct packet *p;
	struct socket *child;
	unsigned int i;

	spin_lock(&s->lock);
	list_for_each(p, &s->queue, link) {
		for (i = 0; p->rights && i < p->rights->nr; i++) {
			child = socket_of(p->rights->files[i]);
			if (child)
				fn(child);
		}
	}
	spin_unlock(&s->lock);
}

static void each_child_deep(struct socket *s, void (*fn)(struct socket *child))
{
	struct socket *waiting;

	each_child(s, fn);
	spin_lock(&s->lock);
	list_for_each(waiting, &s->backlog, backlog_link)
		each_child(waiting, fn);
	spin_unlock(&s->lock);
}

static void count_inside(struct socket *child)
{
	if (child->suspect)
		child->nr_outside--;
}

static struct list to_follow = LIST_INIT(to_follow);	/* reached, its queue not looked at yet; guarded by rights_lock */

static void mark_reached(struct socket *child)
{
	if (!child->suspect || child->reached)
		return;
	child->reached = true;
	list_append(&to_follow, &child->follow_link);
}

/* Leaves those that nothing outside refers to with suspect set and reached clear. */
static bool find_unreachable(void)
{
	struct socket *s;
	bool any = false;

	list_for_each(s, &in_flight, flight_link) {
		s->suspect = ref_count(&s->file->ref) == s->nr_in_flight;
		s->reached = false;
		s->nr_outside = s->nr_in_flight;
		any |= s->suspect;
	}
	if (!any)
		return false;
	list_for_each(s, &in_flight, flight_link)
		if (s->suspect)
			each_child_deep(s, count_inside);
	list_for_each(s, &in_flight, flight_link)
		if (s->nr_outside)
			mark_reached(s);
	while (!list_empty(&to_follow)) {
		s = list_first(&to_follow, struct socket, follow_link);
		list_del(&s->follow_link);
		each_child_deep(s, mark_reached);
	}
	return true;
}

static void queue_collect(struct socket *s, struct list *garbage)
{
	struct packet *p;

	list_for_each(p, &s->queue, link)
		if (p->rights)
			list_append(garbage, &p->rights->link);
}

static void collect_from(struct socket *s, struct list *garbage)
{
	struct socket *waiting;

	spin_lock(&s->lock);
	queue_collect(s, garbage);
	list_for_each(waiting, &s->backlog, backlog_link) {
		spin_lock(&waiting->lock);
		queue_collect(waiting, garbage);
		spin_unlock(&waiting->lock);
	}
	spin_unlock(&s->lock);
}

/* Take the descriptors out of the packets they lie in, which stay empty until their sockets go with them. */
static void packets_empty(struct socket *s)
{
	struct socket *waiting;
	struct packet *p;

	list_for_each(p, &s->queue, link)
		p->rights = NULL;
	list_for_each(waiting, &s->backlog, backlog_link)
		list_for_each(p, &waiting->queue, link)
			p->rights = NULL;
}

void rights_collect(void)
{
	struct list garbage = LIST_INIT(garbage);
	struct rights *r, *next;
	struct socket *s;

	if (list_empty(&in_flight))
		return;
	mutex_lock(&rights_lock);
	if (find_unreachable()) {
		list_for_each(s, &in_flight, flight_link) {
			if (!s->suspect || s->reached)
				continue;
			collect_from(s, &garbage);
			packets_empty(s);
		}
	}
	list_for_each(r, &garbage, link)
		flight_end(r);
	mutex_unlock(&rights_lock);
	list_for_each_safe(r, next, &garbage, link) {
		list_del(&r->link);
		rights_drop(r);
	}
}

static void rights_add(struct rights *r, const int *fds, unsigned int nr, int *err)
{
	struct file *f;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		f = fd_get(current_process->files, fds[i]);
		if (!f) {
			*err = -EBADF;
			return;
		}
		if (file_is_uring(f)) {	/* its requests hold files: a circle with a socket's messages would never end */
			file_put(f);
			*err = -EINVAL;
			return;
		}
		r->files[r->nr++] = f;
	}
}

static int rights_parse(struct message *m, const uint8_t *data, uint64_t n)
{
	unsigned int nr = n / sizeof(int);
	int err = 0;

	if ((m->rights ? m->rights->nr : 0) + nr > LINUX_SCM_MAX_FD)
		return -EINVAL;
	if (!nr)
		return 0;
	if (READ_ONCE(nr_in_flight) > current_process->rlimits[LINUX_RLIMIT_NOFILE].cur && !privileged(LINUX_CAP_SYS_RESOURCE))
		return -ETOOMANYREFS;
	if (!m->rights)
		m->rights = rights_alloc(LINUX_SCM_MAX_FD);
	if (!m->rights)
		return -ENOMEM;
	rights_add(m->rights, (const int *)data, nr, &err);
	return err;
}

static int control_parse(struct message *m, const struct linux_cmsghdr *h, const uint8_t *data)
{
	uint64_t n = h->length - sizeof(*h);

	if (h->level != LINUX_SOL_SOCKET)
		return 0;
	if (h->type == LINUX_SCM_RIGHTS)
		return rights_parse(m, data, n);
	if (h->type == LINUX_SCM_CREDENTIALS)
		return socket_cred_get(&m->cred, data, n);
	return -EINVAL;
}

int rights_from_user(struct message *m, const uint8_t *control, size_t n)
{
	return socket_control_each(m, control, n, control_parse);
}
