// SPDX-License-Identifier: GPL-2.0
/*
 * System V message queues: msgget, msgsnd, msgrcv, msgctl (msgop(2), msgctl(2)). Messages are copied from and to user memory without the
 * table's lock. Who finds a full or an empty queue sleeps until it changes and looks again.
 */
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "ids.h"

#define MESSAGE_MAX	(unsigned long)READ_ONCE(ipc_ns_current()->message_max)
#define QUEUE_BYTES	(unsigned long)READ_ONCE(ipc_ns_current()->queue_bytes)

struct message {
	struct list link;
	int64_t type;
	size_t size;
	uint8_t data[];
};

/* All guarded by lock; the queue itself is counted. */
struct queue {
	struct sysv_perm perm;	/* the first member */
	struct ref ref;
	bool removed;
	uint64_t generation;	/* changes so far: who sleeps looks at it without the lock */
	struct wait_queue changed;
	struct list messages;
	uint64_t nr, bytes, max_bytes;
	int64_t sent_at, received_at, changed_at;
	pid_t sender, receiver;
};

static struct mutex lock = MUTEX_INIT(lock, "msg");	/* guards the tables of all namespaces, and what is in them */

static struct sysv_ids *ids(void)
{
	return &ipc_ns_current()->ids[IPC_MSG];
}

static int64_t now_seconds(void)
{
	return (int64_t)(time_realtime() / NSEC_PER_SEC);
}

static void queue_put(struct queue *q)
{
	if (ref_put(&q->ref))
		kfree(q);
}

static void queue_changed(struct queue *q)
{
	WRITE_ONCE(q->generation, q->generation + 1);
	wait_wake(&q->changed, 0);
}

/* Sleep until the queue is another than at @generation. The lock is given back meanwhile. */
static int queue_sleep(struct queue *q, uint64_t generation) __must_hold(&lock)
{
	int err;

	ref_get(&q->ref);
	mutex_unlock(&lock);
	err = wait_event(&q->changed, READ_ONCE(q->generation) != generation, TIME_FOREVER, true);
	mutex_lock(&lock);
	if (q->removed)
		err = -EIDRM;
	queue_put(q);
	return err;
}

static int queue_create(int32_t key, uint32_t flags)
{
	struct queue *q = kzalloc(sizeof(*q));
	int id;

	if (!q)
		return -ENOMEM;
	id = sysv_add(ids(), &q->perm, key, flags);
	if (id < 0) {
		kfree(q);
		return id;
	}
	ref_init(&q->ref);
	wait_queue_init(&q->changed, "messages");
	list_init(&q->messages);
	q->max_bytes = QUEUE_BYTES;
	q->changed_at = now_seconds();
	return id;
}

/* msgget(key, flags) */
SYSCALL(NR_msgget, msgget)
{
	int32_t key = (int32_t)args->a[0];
	uint32_t flags = (uint32_t)args->a[1];
	struct sysv_perm *perm;
	int id;

	mutex_lock(&lock);
	perm = sysv_find_key(ids(), key);
	if (perm)
		id = sysv_get(perm, flags);
	else
		id = key == LINUX_IPC_PRIVATE || flags & LINUX_IPC_CREAT ? queue_create(key, flags) : -ENOENT;
	mutex_unlock(&lock);
	return id;
}

/* ---- msgsnd ---- */

/* Linux's rule: the number of messages, even empty ones, is limited by the bytes too. */
static bool queue_fits(const struct queue *q, size_t size)
{
	return q->bytes + size <= q->max_bytes && q->nr + 1 <= q->max_bytes;
}

static int64_t message_send(int id, struct message *m, uint32_t flags)
{
	struct queue *q;
	int err;

	mutex_lock(&lock);
	q = (struct queue *)sysv_find(ids(), id);
	err = IS_ERR(q) ? (int)PTR_ERR(q) : sysv_access(&q->perm, 2);
	while (!err && !queue_fits(q, m->size))
		err = flags & LINUX_IPC_NOWAIT ? -EAGAIN : queue_sleep(q, q->generation);
	if (!err) {
		list_append(&q->messages, &m->link);
		q->bytes += m->size;
		q->nr++;
		q->sender = current_process->pid;
		q->sent_at = now_seconds();
		queue_changed(q);
	}
	mutex_unlock(&lock);
	return err;
}

/* msgsnd(id, message, size, flags) */
SYSCALL(NR_msgsnd, msgsnd)
{
	size_t size = args->a[2];
	struct message *m;
	int64_t type, err;

	if (get_user64((uint64_t *)&type, args->a[1]))
		return -EFAULT;
	if (size > MESSAGE_MAX || (int)args->a[0] < 0 || type < 1)
		return -EINVAL;
	m = kzalloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	m->type = type;
	m->size = size;
	err = copy_from_user(m->data, args->a[1] + sizeof(type), size) ? -EFAULT : message_send((int)args->a[0], m, (uint32_t)args->a[3]);
	if (err)
		kfree(m);
	return err;
}

/* ---- msgrcv ---- */

/* msgop(2): 0 the first; positive that type or, with MSG_EXCEPT, any other; negative the lowest type up to its value; MSG_COPY by place. */
static struct message *message_find(struct queue *q, int64_t type, uint32_t flags)
{
	struct message *m, *best = NULL;
	int64_t limit = type == INT64_MIN ? INT64_MAX : -type, place = 0;

	list_for_each(m, &q->messages, link) {
		if (flags & LINUX_MSG_COPY) {
			if (place++ == type)
				return m;
		} else if (type < 0) {
			if (m->type <= limit && (!best || m->type < best->type))
				best = m;
		} else if (!type || ((m->type == type) != !!(flags & LINUX_MSG_EXCEPT))) {
			return m;
		}
	}
	return best;
}

static struct message *message_copy(const struct message *m)
{
	struct message *copy = kzalloc(sizeof(*m) + m->size);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->type = m->type;
	copy->size = m->size;
	memcpy(copy->data, m->data, m->size);
	return copy;
}

static struct message *message_take(struct queue *q, struct message *m, size_t size, uint32_t flags)
{
	if (m->size > size && !(flags & LINUX_MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	if (flags & LINUX_MSG_COPY)
		return message_copy(m);
	list_del(&m->link);
	q->bytes -= m->size;
	q->nr--;
	q->receiver = current_process->pid;
	q->received_at = now_seconds();
	queue_changed(q);
	return m;
}

static struct message *message_receive(int id, size_t size, int64_t type, uint32_t flags)
{
	struct message *m = NULL;
	struct queue *q;
	int err;

	mutex_lock(&lock);
	q = (struct queue *)sysv_find(ids(), id);
	err = IS_ERR(q) ? (int)PTR_ERR(q) : sysv_access(&q->perm, 4);
	while (!err && !(m = message_find(q, type, flags)))
		err = flags & LINUX_IPC_NOWAIT ? -ENOMSG : queue_sleep(q, q->generation);
	m = err ? ERR_PTR(err) : message_take(q, m, size, flags);
	mutex_unlock(&lock);
	return m;
}

/* msgrcv(id, message, size, type, flags) */
SYSCALL(NR_msgrcv, msgrcv)
{
	int64_t size = (int64_t)args->a[2], result;
	uint32_t flags = (uint32_t)args->a[4];
	struct message *m;

	if ((int)args->a[0] < 0 || size < 0)
		return -EINVAL;
	if ((flags & LINUX_MSG_COPY) && (flags & LINUX_MSG_EXCEPT || !(flags & LINUX_IPC_NOWAIT)))
		return -EINVAL;
	m = message_receive((int)args->a[0], (size_t)size, (int64_t)args->a[3], flags);
	if (IS_ERR(m))
		return PTR_ERR(m);
	result = MIN(size, (int64_t)m->size);
	if (put_user64(args->a[1], (uint64_t)m->type) || copy_back_to_user(args->a[1] + sizeof(m->type), m->data, (size_t)result))
		result = -EFAULT;
	kfree(m);
	return result;
}

/* ---- msgctl ---- */

static void queue_remove(struct sysv_ids *table, struct queue *q)
{
	struct message *m, *tmp;

	list_for_each_safe(m, tmp, &q->messages, link)
		kfree(m);
	list_init(&q->messages);
	sysv_remove(table, &q->perm);
	q->removed = true;
	queue_changed(q);
	queue_put(q);
}

void msg_ns_end(struct ipc_ns *n)
{
	struct sysv_ids *table = &n->ids[IPC_MSG];

	mutex_lock(&lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++)
		if (table->slots[i])
			queue_remove(table, (struct queue *)table->slots[i]);
	mutex_unlock(&lock);
}

static int queue_set(struct queue *q, const struct linux_msqid_ds *ds)
{
	int err;

	if (!sysv_is_owner(&q->perm) || (ds->qbytes > QUEUE_BYTES && !privileged(LINUX_CAP_SYS_RESOURCE)))
		return -EPERM;
	err = sysv_set(&q->perm, &ds->perm);
	if (err)
		return err;
	q->max_bytes = ds->qbytes;
	q->changed_at = now_seconds();
	queue_changed(q);
	return 0;
}

static int64_t msg_change(int id, int command, uint64_t uds)
{
	struct linux_msqid_ds ds;
	struct queue *q;
	int err;

	if (command == LINUX_IPC_SET && copy_from_user(&ds, uds, sizeof(ds)))
		return -EFAULT;
	mutex_lock(&lock);
	q = (struct queue *)sysv_find(ids(), id);
	if (IS_ERR(q))
		err = (int)PTR_ERR(q);
	else if (command == LINUX_IPC_SET)
		err = queue_set(q, &ds);
	else
		err = sysv_is_owner(&q->perm) ? 0 : -EPERM;
	if (!err && command == LINUX_IPC_RMID)
		queue_remove(ids(), q);
	mutex_unlock(&lock);
	return err;
}

static int64_t msg_stat(int number, int command, uint64_t uds)
{
	struct linux_msqid_ds ds;
	struct queue *q;
	int64_t result;

	mutex_lock(&lock);
	q = (struct queue *)sysv_find_or_at(ids(), number, command != LINUX_IPC_STAT);
	result = IS_ERR(q) ? PTR_ERR(q) : command == LINUX_MSG_STAT_ANY ? 0 : sysv_access(&q->perm, 4);
	if (!result) {
		ds = (struct linux_msqid_ds){ .stime = q->sent_at, .rtime = q->received_at, .ctime = q->changed_at, .cbytes = q->bytes,
					      .qnum = q->nr, .qbytes = q->max_bytes, .lspid = pid_told(q->sender), .lrpid = pid_told(q->receiver) };
		sysv_show(&q->perm, &ds.perm);
		result = command == LINUX_IPC_STAT ? 0 : q->perm.id;
	}
	mutex_unlock(&lock);
	return result >= 0 && copy_to_user(uds, &ds, sizeof(ds)) ? -EFAULT : result;
}

static int64_t msg_info(bool in_use, uint64_t uinfo)
{
	int bytes = (int)QUEUE_BYTES, most = (int)READ_ONCE(ids()->most);
	struct linux_msginfo info = { .msgpool = (int)((int64_t)most * bytes / 1024), .msgmap = bytes, .msgmax = (int)MESSAGE_MAX, .msgmnb = bytes,
				      .msgmni = most, .msgssz = 16, .msgtql = bytes, .msgseg = 0xffff };
	int last;

	mutex_lock(&lock);
	if (in_use) {
		info.msgpool = (int)ids()->nr_used;
		info.msgmap = info.msgtql = 0;
		for (unsigned int i = 0; i < SYSV_SLOTS; i++) {
			const struct queue *q = (const struct queue *)ids()->slots[i];

			info.msgmap += q ? (int)q->nr : 0;
			info.msgtql += q ? (int)q->bytes : 0;
		}
	}
	last = sysv_last_index(ids());
	mutex_unlock(&lock);
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : last;
}

/* msgctl(id, command, struct msqid_ds *) */
SYSCALL(NR_msgctl, msgctl)
{
	int id = (int)args->a[0], command = (int)args->a[1];

	if (id < 0)
		return -EINVAL;
	switch (command) {
	case LINUX_IPC_INFO:
	case LINUX_MSG_INFO:
		return msg_info(command == LINUX_MSG_INFO, args->a[2]);
	case LINUX_IPC_STAT:
	case LINUX_MSG_STAT:
	case LINUX_MSG_STAT_ANY:
		return msg_stat(id, command, args->a[2]);
	case LINUX_IPC_SET:
	case LINUX_IPC_RMID:
		return msg_change(id, command, args->a[2]);
	}
	return -EINVAL;
}

static void sysv_msg_show(struct seq *to, void *priv)
{
	seq_puts(to, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n");
	mutex_lock(&lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++) {
		const struct queue *q = (const struct queue *)ids()->slots[i];
		struct linux_ipc_perm p;

		if (!q)
			continue;
		sysv_show(&q->perm, &p);
		seq_printf(to, "%10d %10d  %4o  %10llu %10llu %5d %5d %5u %5u %5u %5u %10lld %10lld %10lld\n", q->perm.key, q->perm.id,
			   q->perm.mode, (unsigned long long)q->bytes, (unsigned long long)q->nr, pid_told(q->sender), pid_told(q->receiver),
			   p.uid, p.gid, p.cuid, p.cgid, (long long)q->sent_at, (long long)q->received_at,
			   (long long)q->changed_at);
	}
	mutex_unlock(&lock);
}

static int msg_init(void)
{
	return proc_create("sysvipc/msg", 0444, sysv_msg_show, NULL);
}
INITCALL("2fs", msg_init);
