// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's asynchronous I/O: requests that end when a file becomes ready (IOCB_CMD_POLL). They stand on the queues of their file; a wake hands
 * them to a thread that looks at the file, because that may sleep and a wake may not. The thread alone ends them, cancelled ones too.
 */
#include <fs/internal.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include "aio.h"

#define QUEUES_MAX	4u	/* that one poll op may name */
#define POLL_ALWAYS	(LINUX_POLLERR | LINUX_POLLHUP)

struct aio_poll {
	struct poll_table table;
	struct aio_request *request;
	struct list link;		/* in context->polls; guarded by its lock */
	struct list look_link;		/* in looks; guarded by looks_lock */
	uint32_t events;
	bool armed, cancelled;		/* armed: on its queues; before that the thread leaves it alone */
	unsigned int nr_waiters;
	struct {
		struct waiter waiter;
		struct aio_poll *poll;
	} waiters[QUEUES_MAX];
};

static struct spinlock looks_lock = SPINLOCK_INIT("aio_poll_looks");
static struct list looks = LIST_INIT(looks);	/* of aio_poll: to be looked at; guarded by looks_lock */
static struct wait_queue looks_wait = WAIT_QUEUE_INIT(looks_wait, "aio_poll_looks");
static struct mutex thread_mutex = MUTEX_INIT(thread_mutex, "aio_poll_thread");
static bool thread_runs;			/* guarded by thread_mutex */

static void look_soon(struct aio_poll *p)
{
	uint64_t flags = spin_lock_irq(&looks_lock);

	if (list_empty(&p->look_link))
		list_append(&looks, &p->look_link);
	spin_unlock_irq(&looks_lock, flags);
	wait_wake(&looks_wait, 0);
}

static void poll_wake(struct waiter *w, uint32_t events)
{
	struct aio_poll *p = container_of(w, typeof(((struct aio_poll *)NULL)->waiters[0]), waiter)->poll;

	if (!events || events & p->events)
		look_soon(p);
}

static void poll_queue(struct poll_table *t, struct file *f, struct wait_queue *q)
{
	struct aio_poll *p = container_of(t, struct aio_poll, table);

	if (p->nr_waiters == QUEUES_MAX)
		return;
	p->waiters[p->nr_waiters].poll = p;
	p->waiters[p->nr_waiters].waiter.fn = poll_wake;
	list_init(&p->waiters[p->nr_waiters].waiter.link);
	wait_add(q, &p->waiters[p->nr_waiters++].waiter);
}

/* ---- The thread ---- */

static struct aio_poll *look_take(void)
{
	uint64_t flags = spin_lock_irq(&looks_lock);
	struct aio_poll *p = list_empty(&looks) ? NULL : list_first(&looks, struct aio_poll, look_link);

	if (p) {
		list_del(&p->look_link);
		list_init(&p->look_link);
	}
	spin_unlock_irq(&looks_lock, flags);
	return p;
}

/* On no queue any more, and in no list: nobody hands it to the thread again. */
static void poll_end(struct aio_poll *p, uint32_t result)
{
	struct aio_context *c = p->request->context;
	uint64_t flags;

	while (p->nr_waiters)
		wait_remove(&p->waiters[--p->nr_waiters].waiter);
	flags = spin_lock_irq(&c->lock);
	list_del(&p->link);
	spin_unlock_irq(&c->lock, flags);
	flags = spin_lock_irq(&looks_lock);
	list_del(&p->look_link);
	spin_unlock_irq(&looks_lock, flags);
	p->request->event.res = result;
	aio_request_over(p->request);
}

static void look(struct aio_poll *p)
{
	bool armed = __atomic_load_n(&p->armed, __ATOMIC_ACQUIRE), cancelled = READ_ONCE(p->cancelled);
	uint32_t ready = !armed || cancelled ? 0 : file_poll(p->request->file, NULL) & p->events;

	if (ready || (armed && cancelled))
		poll_end(p, ready);
}

static void looker_main(void *arg)
{
	struct aio_poll *p;

	for (;;) {
		wait_event(&looks_wait, (p = look_take()), TIME_FOREVER, false);
		if (p)
			look(p);
	}
}

static int thread_start_once(void)
{
	struct thread *t;
	int err = 0;

	mutex_lock(&thread_mutex);
	if (!thread_runs) {
		t = thread_create("aio-poll", looker_main, NULL, SCHED_FAIR);
		err = IS_ERR(t) ? (int)PTR_ERR(t) : 0;
		if (!err)
			thread_start(t);
		thread_runs = !err;
	}
	mutex_unlock(&thread_mutex);
	return err;
}

/* ---- Requests ---- */

int aio_poll_check(const struct linux_iocb *cb, const struct file *f)
{
	return cb->buf > UINT16_MAX || cb->offset || cb->nbytes || cb->rw_flags || !f->ops->poll ? -EINVAL : 0;
}

int aio_poll_start(struct aio_request *r, uint32_t events)
{
	struct aio_context *c = r->context;
	struct aio_poll *p = thread_start_once() ? NULL : kzalloc(sizeof(*p));
	uint64_t flags;

	if (!p)
		return -ENOMEM;
	r->poll = p;
	p->request = r;
	p->events = events | POLL_ALWAYS;
	p->table.queue = poll_queue;
	list_init(&p->look_link);
	flags = spin_lock_irq(&c->lock);
	list_append(&c->polls, &p->link);
	spin_unlock_irq(&c->lock, flags);
	(void)file_poll(r->file, &p->table);
	__atomic_store_n(&p->armed, true, __ATOMIC_RELEASE);
	look_soon(p);
	return 0;
}

int aio_poll_cancel(struct aio_context *c, uint64_t address, bool all)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	struct aio_poll *p;
	int err = -EINVAL;

	list_for_each(p, &c->polls, link) {
		if (p->cancelled || (!all && p->request->event.obj != address))
			continue;
		WRITE_ONCE(p->cancelled, true);
		look_soon(p);
		err = 0;
		if (!all)
			break;
	}
	spin_unlock_irq(&c->lock, flags);
	return err;
}

void aio_poll_free(struct aio_request *r)
{
	kfree(r->poll);
	r->poll = NULL;
}
