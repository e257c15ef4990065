// SPDX-License-Identifier: GPL-2.0
/*
 * System V semaphores: semget, semop, semtimedop (semop(2)); semctl is sem_control.c's. The operations of a call are tried together under the
 * table's lock; a call that cannot go on leaves the set as it was and sleeps. Whoever changes the set carries out what has become possible, in
 * the order of waiting, so that a call whose turn came succeeds though the set is removed before it runs. What SEM_UNDO is to give back hangs on
 * the process.
 */
#include <fs/sysv.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "sem.h"


struct operation {
	const struct linux_sembuf *ops;
	unsigned int nr;
	pid_t pid;
	struct sem_undo *undo;
	struct sleeper sleeper;	/* where it was stuck */
	bool over;		/* another one carried it out: its result */
	int result;
};

struct mutex sem_lock = MUTEX_INIT(sem_lock, "sem");

int64_t sem_now(void)
{
	return (int64_t)(time_realtime() / NSEC_PER_SEC);
}

void sem_put(struct set *s)
{
	if (ref_put(&s->ref))
		kfree(s);
}

struct set *sem_find(int id)
{
	return (struct set *)sysv_find(sem_ids(), id);
}

/* ---- semget ---- */

static int set_create(int32_t key, int nr, uint32_t flags)
{
	struct set *s;
	int id;

	if (!nr)
		return -EINVAL;
	if (ipc_ns_current()->sem_total + (unsigned int)nr > SEM_ALL_MAX)
		return -ENOSPC;
	s = kzalloc(sizeof(*s) + (size_t)nr * sizeof(s->sems[0]));
	if (!s)
		return -ENOMEM;
	id = sysv_add(sem_ids(), &s->perm, key, flags);
	if (id < 0) {
		kfree(s);
		return id;
	}
	ref_init(&s->ref);
	wait_queue_init(&s->changed, "semaphores");
	list_init(&s->sleepers);
	list_init(&s->undos);
	s->nr = (unsigned int)nr;
	s->changed_at = sem_now();
	ipc_ns_current()->sem_total += s->nr;
	return id;
}

/* semget(key, nr, flags) */
SYSCALL(NR_semget, semget)
{
	int32_t key = (int32_t)args->a[0];
	uint32_t flags = (uint32_t)args->a[2];
	int nr = (int)args->a[1], id;
	struct set *s;

	if (nr < 0 || (unsigned int)nr > SEM_SET_MAX)
		return -EINVAL;
	mutex_lock(&sem_lock);
	s = (struct set *)sysv_find_key(sem_ids(), key);
	if (s) {
		id = sysv_get(&s->perm, flags);
		if (id >= 0 && (unsigned int)nr > s->nr)
			id = -EINVAL;
	} else {
		id = key == LINUX_IPC_PRIVATE || flags & LINUX_IPC_CREAT ? set_create(key, nr, flags) : -ENOENT;
	}
	mutex_unlock(&sem_lock);
	return id;
}

/* ---- semop ---- */

/* One step of a call: 0, -EAGAIN to wait, -ERANGE. */
static int op_try(struct set *s, const struct linux_sembuf *op, struct operation *o)
{
	struct semaphore *sem = &s->sems[op->sem_num];
	int value = sem->value + op->sem_op;

	o->sleeper.index = op->sem_num;
	o->sleeper.for_zero = !op->sem_op;
	if (value < 0 || (!op->sem_op && sem->value))
		return -EAGAIN;
	if (value > SEM_VALUE_MAX)
		return -ERANGE;
	if (op->sem_flg & LINUX_SEM_UNDO) {
		int back = o->undo->back[op->sem_num] - op->sem_op;

		if (back < -SEM_VALUE_MAX - 1 || back > SEM_VALUE_MAX)
			return -ERANGE;
		o->undo->back[op->sem_num] = (int16_t)back;
	}
	sem->value = value;
	return 0;
}

static void op_reverse(struct set *s, const struct linux_sembuf *op, struct operation *o)
{
	s->sems[op->sem_num].value -= op->sem_op;
	if (op->sem_flg & LINUX_SEM_UNDO)
		o->undo->back[op->sem_num] += op->sem_op;
}

/* All steps or none: 0, -ERANGE, -EAGAIN; *@wait: that one may be waited for. */
static int operation_try(struct set *s, struct operation *o, bool *wait)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < o->nr && !err; i++)
		err = op_try(s, &o->ops[i], o);
	if (err) {
		*wait = err == -EAGAIN && !(o->ops[i - 1].sem_flg & (int)LINUX_IPC_NOWAIT);
		for (i--; i > 0; i--)
			op_reverse(s, &o->ops[i - 1], o);
		return err;
	}
	for (i = 0; i < o->nr; i++)
		s->sems[o->ops[i].sem_num].pid = o->pid;
	s->operated_at = sem_now();
	return 0;
}

/* The first that waits and can go on has gone on; false: none can. */
static bool sleeper_go_on(struct set *s)
{
	struct operation *o;
	bool wait;

	list_for_each(o, &s->sleepers, sleeper.link) {
		int err = operation_try(s, o, &wait);

		if (err == -EAGAIN && wait)
			continue;
		list_del(&o->sleeper.link);
		list_init(&o->sleeper.link);
		o->result = err;
		WRITE_ONCE(o->over, true);
		return true;
	}
	return false;
}

void sem_changed(struct set *s)
{
	bool any = s->removed;

	while (!s->removed && sleeper_go_on(s))
		any = true;
	if (any)
		wait_wake(&s->changed, 0);
}

static struct sem_undo *undo_find(struct set *s)
{
	struct sem_undo *u;

	list_for_each(u, &current_process->sem_undos, of_process)
		if (u->set == s)
			return u;
	u = kzalloc(sizeof(*u) + s->nr * sizeof(u->back[0]));
	if (!u)
		return NULL;
	u->set = s;
	list_append(&current_process->sem_undos, &u->of_process);
	list_append(&s->undos, &u->of_set);
	return u;
}

static int operation_check(struct set *s, struct operation *o)
{
	bool alters = false, undoes = false;
	int err;

	for (unsigned int i = 0; i < o->nr; i++) {
		if (o->ops[i].sem_num >= s->nr)
			return -EFBIG;
		alters |= o->ops[i].sem_op != 0;
		undoes |= o->ops[i].sem_flg & LINUX_SEM_UNDO;
	}
	err = sysv_access(&s->perm, alters ? 2 : 4);
	if (err || !undoes)
		return err;
	o->undo = undo_find(s);
	return o->undo ? 0 : -ENOMEM;
}

/* Sleep until another one has carried it out, or the set is gone. The lock is given back meanwhile. */
static int set_sleep(struct set *s, struct operation *o, time_ns_t deadline) __must_hold(&sem_lock)
{
	int err;

	list_append(&s->sleepers, &o->sleeper.link);
	ref_get(&s->ref);
	mutex_unlock(&sem_lock);
	err = wait_event(&s->changed, READ_ONCE(o->over) || READ_ONCE(s->removed), deadline, true);
	mutex_lock(&sem_lock);
	list_del(&o->sleeper.link);
	if (o->over)
		err = o->result;
	else if (s->removed)
		err = -EIDRM;
	else if (err == -ETIMEDOUT)
		err = -EAGAIN;
	sem_put(s);
	return err;
}

static int64_t operate(int id, struct operation *o, time_ns_t deadline)
{
	struct set *s;
	bool wait;
	int err;

	mutex_lock(&sem_lock);
	s = sem_find(id);
	err = IS_ERR(s) ? (int)PTR_ERR(s) : operation_check(s, o);
	if (!err) {
		err = operation_try(s, o, &wait);
		if (!err)
			sem_changed(s);
		else if (err == -EAGAIN && wait)
			err = set_sleep(s, o, deadline);
	}
	mutex_unlock(&sem_lock);
	return err;
}

static int64_t semop_user(int id, uint64_t uops, uint64_t nr, time_ns_t deadline)
{
	struct operation o = { .nr = (unsigned int)nr, .pid = current_process->pid };
	struct linux_sembuf few[8], *ops = few;
	int64_t result = -EFAULT;

	if (nr > SEM_OPS_MAX)
		return -E2BIG;
	if (!nr)
		return -EINVAL;
	if (nr > ARRAY_SIZE(few))
		ops = kcalloc(nr, sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	o.ops = ops;
	if (!copy_from_user(ops, uops, nr * sizeof(*ops)))
		result = id < 0 || !deadline ? -EINVAL : operate(id, &o, deadline);
	if (ops != few)
		kfree(ops);
	return result;
}

/* semop(id, ops, nr) */
SYSCALL(NR_semop, semop)
{
	return semop_user((int)args->a[0], args->a[1], (uint32_t)args->a[2], TIME_FOREVER);
}

/* semtimedop(id, ops, nr, timeout) */
SYSCALL(NR_semtimedop, semtimedop)
{
	time_ns_t deadline = TIME_FOREVER;
	struct linux_timespec t;

	if (args->a[3]) {
		if (copy_from_user(&t, args->a[3], sizeof(t)))
			return -EFAULT;
		if (t.tv_sec < 0 || (uint64_t)t.tv_nsec >= NSEC_PER_SEC)
			deadline = 0;
		else if (t.tv_sec < 1l << 32)
			deadline = time_now() + (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
	}
	return semop_user((int)args->a[0], args->a[1], (uint32_t)args->a[2], deadline);
}

void sem_process_exit(struct process *p)
{
	struct sem_undo *u, *tmp;

	if (list_empty(&p->sem_undos))
		return;
	mutex_lock(&sem_lock);
	list_for_each_safe(u, tmp, &p->sem_undos, of_process) {
		for (unsigned int i = 0; i < u->set->nr; i++) {
			struct semaphore *sem = &u->set->sems[i];

			if (!u->back[i])
				continue;
			sem->value = MIN(MAX(sem->value + u->back[i], 0), SEM_VALUE_MAX);
			sem->pid = p->pid;
			u->set->operated_at = sem_now();
		}
		sem_changed(u->set);
		list_del(&u->of_set);
		list_del(&u->of_process);
		kfree(u);
	}
	mutex_unlock(&sem_lock);
}
