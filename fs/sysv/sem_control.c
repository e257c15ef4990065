// SPDX-License-Identifier: GPL-2.0
/* semctl(2), /proc/sysvipc/sem and /proc/sys/kernel/sem. No user memory is touched with the table's lock held. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "sem.h"

static void set_remove(struct ipc_ns *n, struct set *s)
{
	struct sem_undo *u, *tmp;

	list_for_each_safe(u, tmp, &s->undos, of_set) {
		list_del(&u->of_set);
		list_del(&u->of_process);
		kfree(u);
	}
	sysv_remove(&n->ids[IPC_SEM], &s->perm);
	n->sem_total -= s->nr;
	WRITE_ONCE(s->removed, true);
	sem_changed(s);
	sem_put(s);
}

void sem_ns_end(struct ipc_ns *n)
{
	mutex_lock(&sem_lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++)
		if (n->ids[IPC_SEM].slots[i])
			set_remove(n, (struct set *)n->ids[IPC_SEM].slots[i]);
	mutex_unlock(&sem_lock);
}

/* A value that was set is nobody's to take back. @index: one, or all from s->nr on. */
static void undos_forget(struct set *s, unsigned int index)
{
	struct sem_undo *u;

	list_for_each(u, &s->undos, of_set)
		for (unsigned int i = 0; i < s->nr; i++)
			if (i == index || index >= s->nr)
				u->back[i] = 0;
}

static int count_sleepers(const struct set *s, unsigned int index, bool for_zero)
{
	const struct sleeper *w;
	int nr = 0;

	list_for_each(w, &s->sleepers, link)
		nr += w->index == index && w->for_zero == for_zero;
	return nr;
}

static int64_t value_set(struct set *s, unsigned int index, int64_t value)
{
	int err = sysv_access(&s->perm, 2);

	if (err)
		return err;
	s->sems[index].value = (int)value;
	s->sems[index].pid = current_process->pid;
	s->changed_at = sem_now();
	undos_forget(s, index);
	sem_changed(s);
	return 0;
}

static int64_t one_control(struct set *s, int index, int command, uint64_t arg)
{
	int err;

	if (command != LINUX_SETVAL) {
		err = sysv_access(&s->perm, 4);
		if (err)
			return err;
	}
	if (index < 0 || (unsigned int)index >= s->nr)
		return -EINVAL;
	switch (command) {
	case LINUX_GETVAL:
		return s->sems[index].value;
	case LINUX_GETPID:
		return pid_told(s->sems[index].pid);
	case LINUX_GETNCNT:
	case LINUX_GETZCNT:
		return count_sleepers(s, (unsigned int)index, command == LINUX_GETZCNT);
	}
	return value_set(s, (unsigned int)index, (int)arg);
}

static int64_t sem_one(int id, int index, int command, uint64_t arg)
{
	struct set *s;
	int64_t result;

	if (command == LINUX_SETVAL && ((int)arg < 0 || (int)arg > SEM_VALUE_MAX))
		return -ERANGE;		/* looked at first, as on Linux */
	mutex_lock(&sem_lock);
	s = sem_find(id);
	result = IS_ERR(s) ? PTR_ERR(s) : one_control(s, index, command, arg);
	mutex_unlock(&sem_lock);
	return result;
}

static void values_apply(struct set *s, const uint16_t *values)
{
	for (unsigned int i = 0; i < s->nr; i++) {
		s->sems[i].value = values[i];
		s->sems[i].pid = current_process->pid;
	}
	s->changed_at = sem_now();
	undos_forget(s, s->nr);
	sem_changed(s);
}

/* The set with a reference, so that user memory can be copied without the lock; permission to @want it checked. */
static struct set *set_hold(int id, uint32_t want)
{
	struct set *s;
	int err;

	mutex_lock(&sem_lock);
	s = sem_find(id);
	if (!IS_ERR(s)) {
		err = sysv_access(&s->perm, want);
		if (err)
			s = ERR_PTR(err);
		else
			ref_get(&s->ref);
	}
	mutex_unlock(&sem_lock);
	return s;
}

static int64_t sem_all(int id, bool set, uint64_t uvalues)
{
	struct set *s = set_hold(id, set ? 2 : 4);
	uint16_t *values;
	int64_t err = 0;

	if (IS_ERR(s))
		return PTR_ERR(s);
	values = kcalloc(s->nr, sizeof(*values));
	if (!values)
		err = -ENOMEM;
	else if (set && copy_from_user(values, uvalues, s->nr * sizeof(*values)))
		err = -EFAULT;
	for (unsigned int i = 0; !err && set && i < s->nr; i++)
		if (values[i] > SEM_VALUE_MAX)
			err = -ERANGE;
	mutex_lock(&sem_lock);
	if (!err && s->removed)
		err = -EIDRM;
	else if (!err && set)
		values_apply(s, values);
	for (unsigned int i = 0; !err && !set && i < s->nr; i++)
		values[i] = (uint16_t)s->sems[i].value;
	mutex_unlock(&sem_lock);
	if (!err && !set && copy_to_user(uvalues, values, s->nr * sizeof(*values)))
		err = -EFAULT;
	kfree(values);
	sem_put(s);
	return err;
}

static int64_t sem_stat(int number, int command, uint64_t uds)
{
	struct linux_semid_ds ds;
	struct set *s;
	int64_t result;

	mutex_lock(&sem_lock);
	s = (struct set *)sysv_find_or_at(sem_ids(), number, command != LINUX_IPC_STAT);
	result = IS_ERR(s) ? PTR_ERR(s) : command == LINUX_SEM_STAT_ANY ? 0 : sysv_access(&s->perm, 4);
	if (!result) {
		ds = (struct linux_semid_ds){ .otime = s->operated_at, .ctime = s->changed_at, .nsems = s->nr };
		sysv_show(&s->perm, &ds.perm);
		result = command == LINUX_IPC_STAT ? 0 : s->perm.id;
	}
	mutex_unlock(&sem_lock);
	return result >= 0 && copy_to_user(uds, &ds, sizeof(ds)) ? -EFAULT : result;
}

static int64_t sem_change(int id, int command, uint64_t uds)
{
	struct linux_semid_ds ds;
	struct set *s;
	int err;

	if (command == LINUX_IPC_SET && copy_from_user(&ds, uds, sizeof(ds)))
		return -EFAULT;
	mutex_lock(&sem_lock);
	s = sem_find(id);
	if (IS_ERR(s))
		err = (int)PTR_ERR(s);
	else if (command == LINUX_IPC_SET)
		err = sysv_set(&s->perm, &ds.perm);
	else
		err = sysv_is_owner(&s->perm) ? 0 : -EPERM;
	if (!err && command == LINUX_IPC_SET)
		s->changed_at = sem_now();
	else if (!err)
		set_remove(ipc_ns_current(), s);
	mutex_unlock(&sem_lock);
	return err;
}

static int64_t sem_info(bool in_use, uint64_t uinfo)
{
	int all = (int)SEM_ALL_MAX, ops = (int)SEM_OPS_MAX;
	struct linux_seminfo info = { .semmap = all, .semmni = (int)READ_ONCE(sem_ids()->most), .semmns = all, .semmnu = all,
				      .semmsl = (int)SEM_SET_MAX, .semopm = ops, .semume = ops, .semusz = 20, .semvmx = SEM_VALUE_MAX,
				      .semaem = SEM_VALUE_MAX };
	int last;

	mutex_lock(&sem_lock);
	if (in_use) {
		info.semusz = (int)sem_ids()->nr_used;
		info.semaem = (int)ipc_ns_current()->sem_total;
	}
	last = sysv_last_index(sem_ids());
	mutex_unlock(&sem_lock);
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : last;
}

/* semctl(id, index, command, arg) */
SYSCALL(NR_semctl, semctl)
{
	int id = (int)args->a[0], index = (int)args->a[1], command = (int)args->a[2];

	if (id < 0)
		return -EINVAL;
	switch (command) {
	case LINUX_IPC_INFO:
	case LINUX_SEM_INFO:
		return sem_info(command == LINUX_SEM_INFO, args->a[3]);
	case LINUX_IPC_STAT:
	case LINUX_SEM_STAT:
	case LINUX_SEM_STAT_ANY:
		return sem_stat(id, command, args->a[3]);
	case LINUX_IPC_SET:
	case LINUX_IPC_RMID:
		return sem_change(id, command, args->a[3]);
	case LINUX_GETALL:
	case LINUX_SETALL:
		return sem_all(id, command == LINUX_SETALL, args->a[3]);
	case LINUX_GETVAL:
	case LINUX_GETPID:
	case LINUX_GETNCNT:
	case LINUX_GETZCNT:
	case LINUX_SETVAL:
		return sem_one(id, index, command, args->a[3]);
	}
	return -EINVAL;
}

static void sysv_sem_show(struct seq *to, void *priv)
{
	seq_puts(to, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	mutex_lock(&sem_lock);
	for (unsigned int i = 0; i < SYSV_SLOTS; i++) {
		const struct set *s = (const struct set *)sem_ids()->slots[i];
		struct linux_ipc_perm p;

		if (!s)
			continue;
		sysv_show(&s->perm, &p);
		seq_printf(to, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lld %10lld\n", s->perm.key, s->perm.id, s->perm.mode, s->nr,
			   p.uid, p.gid, p.cuid, p.cgid, (long long)s->operated_at, (long long)s->changed_at);
	}
	mutex_unlock(&sem_lock);
}

static void limits_show(struct seq *to, void *priv)
{
	seq_printf(to, "%u\t%u\t%u\t%u\n", SEM_SET_MAX, SEM_ALL_MAX, SEM_OPS_MAX, READ_ONCE(sem_ids()->most));
}

/* One to four numbers; those that are not given stay. */
static int limits_write(void *priv, char *text)
{
	static const unsigned int most[] = { SEM_SET_LIMIT, SEM_ALL_LIMIT, SEM_OPS_LIMIT, SYSV_SLOTS };
	unsigned int values[4] = { SEM_SET_MAX, SEM_ALL_MAX, SEM_OPS_MAX, READ_ONCE(sem_ids()->most) }, nr = 0;
	struct ipc_ns *n = ipc_ns_current();
	unsigned long long v;

	for (char *word = text, *end; *word && nr < 4; word = end, nr++) {
		while (*word == ' ' || *word == '\t')
			word++;
		for (end = word; *end && *end != ' ' && *end != '\t'; end++)
			;
		if (end == word)
			break;
		if (*end)
			*end++ = '\0';
		if (parse_u64(word, 10, 0, &v) || v > most[nr])
			return -EINVAL;
		values[nr] = (unsigned int)v;
	}
	if (!nr)
		return -EINVAL;
	WRITE_ONCE(n->sem_set_max, values[0]);
	WRITE_ONCE(n->sem_all_max, values[1]);
	WRITE_ONCE(n->sem_ops_max, values[2]);
	WRITE_ONCE(n->ids[IPC_SEM].most, values[3]);
	return 0;
}

static int sem_init(void)
{
	int err = proc_create("sysvipc/sem", 0444, sysv_sem_show, NULL);

	return err ? err : proc_create_rw("sys/kernel/sem", 0644, limits_show, limits_write, NULL);
}
INITCALL("2fs", sem_init);
