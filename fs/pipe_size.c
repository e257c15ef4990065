// SPDX-License-Identifier: GPL-2.0
/*
 * How many slots a pipe has: F_SETPIPE_SZ and F_GETPIPE_SZ of fcntl(2), and what pipe(7) says of pipe-max-size and of the limits per user.
 * Who makes a pipe pays for its slots, whether they have pages or not, until it goes. Locks: the pipe's, then users_lock.
 */
#include "pipe.h"
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>

#define SLOTS_DEFAULT	16u
#define SLOTS_FEW	2u		/* of who has many pipes already */
#define SLOTS_MOST	65536u		/* 256 MiB: of root's too */
#define SIZE_DEFAULT	(1024 * 1024u)	/* what any user may ask for */

struct pipe_user {
	struct list link;
	uint32_t uid;
	uint32_t nr_pipes;
	uint64_t nr_slots;
};

static struct spinlock users_lock = SPINLOCK_INIT("pipe_users");
static struct list users = LIST_INIT(users);	/* guarded by users_lock, with what is in them */
static uint32_t max_size = SIZE_DEFAULT;
static struct proc_limit soft_limit = { "sys/fs/pipe-user-pages-soft", 16384, 0, INT64_MAX };
static struct proc_limit hard_limit = { "sys/fs/pipe-user-pages-hard", 0, 0, INT64_MAX };

/* ---- Users ---- */

static bool is_past(const struct proc_limit *l, uint64_t nr_slots)
{
	uint64_t limit = (uint64_t)READ_ONCE(l->value);

	return limit && nr_slots > limit;
}

static bool may_pass_limits(void)
{
	return privileged(LINUX_CAP_SYS_RESOURCE) || privileged(LINUX_CAP_SYS_ADMIN);
}

/* @fresh is used for a user who had no pipe, else freed. */
static struct pipe_user *user_get(uint32_t uid, struct pipe_user *fresh)
{
	struct pipe_user *u;

	spin_lock(&users_lock);
	list_for_each(u, &users, link)
		if (u->uid == uid)
			break;
	if (&u->link == &users) {
		u = fresh;
		fresh = NULL;
		u->uid = uid;
		list_append(&users, &u->link);
	}
	u->nr_pipes++;
	spin_unlock(&users_lock);
	kfree(fresh);
	return u;
}

static void user_put(struct pipe_user *u)
{
	bool last;

	spin_lock(&users_lock);
	last = !--u->nr_pipes;
	if (last)
		list_del(&u->link);
	spin_unlock(&users_lock);
	if (last)
		kfree(u);
}

/* @more of the slots of @u: how many they are then. */
static uint64_t user_count(struct pipe_user *u, int64_t more)
{
	uint64_t nr;

	spin_lock(&users_lock);
	nr = u->nr_slots += (uint64_t)more;
	spin_unlock(&users_lock);
	return nr;
}

/* How many slots a new pipe of @u has, counted; 0: it may have no more pipes. */
static uint32_t slots_for(struct pipe_user *u)
{
	uint32_t nr = SLOTS_DEFAULT, most = READ_ONCE(max_size) >> PAGE_SHIFT;
	uint64_t sum;

	if (nr > most && !privileged(LINUX_CAP_SYS_RESOURCE))
		nr = most;
	sum = user_count(u, nr);
	if (is_past(&soft_limit, sum) && nr > SLOTS_FEW && !may_pass_limits()) {
		sum = user_count(u, (int64_t)SLOTS_FEW - nr);
		nr = SLOTS_FEW;
	}
	if (!is_past(&hard_limit, sum) || may_pass_limits())
		return nr;
	user_count(u, -(int64_t)nr);
	return 0;
}

/* ---- Slots ---- */

bool pipe_slots_make(struct pipe *p)
{
	struct pipe_user *fresh = kzalloc(sizeof(*fresh));

	if (!fresh)
		return false;
	p->user = user_get(current->cred.uid, fresh);
	p->nr_slots = slots_for(p->user);
	p->slots = p->nr_slots ? kcalloc(p->nr_slots, sizeof(*p->slots)) : NULL;
	if (p->slots)
		return true;
	user_count(p->user, -(int64_t)p->nr_slots);
	user_put(p->user);
	return false;
}

void pipe_slots_free(struct pipe *p)
{
	for (uint32_t i = 0; i < p->nr_slots; i++)
		pipe_page_free(p->slots[i].data);
	kfree(p->slots);
	user_count(p->user, -(int64_t)p->nr_slots);
	user_put(p->user);
}

/* The oldest slot is the first of the new ring. */
static int slots_change(struct pipe *p, uint32_t nr)
{
	struct pipe_slot *slots;

	if (p->used + p->reserved > nr)
		return -EBUSY;
	slots = kcalloc(nr, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->nr_slots; i++) {
		if (i < nr)
			slots[i] = *pipe_slot(p, i);
		else
			pipe_page_free(pipe_slot(p, i)->data);
	}
	kfree(p->slots);
	p->slots = slots;
	p->first = 0;
	WRITE_ONCE(p->nr_slots, nr);
	return 0;
}

/* Lock held. Only who wants more can have too many. */
static int resize(struct pipe *p, uint32_t nr)
{
	int64_t more = (int64_t)nr - p->nr_slots;
	uint64_t sum;
	int err = 0;

	if (more > 0 && nr > READ_ONCE(max_size) >> PAGE_SHIFT && !privileged(LINUX_CAP_SYS_RESOURCE))
		return -EPERM;
	sum = user_count(p->user, more);
	if (more > 0 && (is_past(&hard_limit, sum) || is_past(&soft_limit, sum)) && !may_pass_limits())
		err = -EPERM;
	else if (more)
		err = nr > SLOTS_MOST ? -ENOMEM : slots_change(p, nr);
	if (err)
		user_count(p->user, -more);
	return err;
}

/* The next power of two of pages; 0: more than a pipe can have. */
static uint32_t size_rounded(uint64_t size)
{
	uint64_t rounded = PAGE_SIZE;

	if (size > 1ul << 31)
		return 0;
	while (rounded < size)
		rounded *= 2;
	return (uint32_t)rounded;
}

int64_t pipe_fcntl(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint32_t nr = size_rounded(arg) >> PAGE_SHIFT;
	struct pipe *p;
	int err;

	if (!file_is_pipe(f))
		return -EBADF;
	p = pipe_of(f);
	if (cmd == LINUX_F_GETPIPE_SZ)
		return (int64_t)READ_ONCE(p->nr_slots) << PAGE_SHIFT;
	if (!nr)
		return -EINVAL;
	mutex_lock(&p->lock);
	err = resize(p, nr);
	mutex_unlock(&p->lock);
	if (err)
		return err;
	wait_wake(&p->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return (int64_t)nr << PAGE_SHIFT;
}

/* ---- /proc/sys/fs ---- */

static void max_size_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(max_size));
}

static int max_size_write(void *priv, char *text)
{
	unsigned long long size;

	if (parse_u64(text, 10, 0, &size) || !size_rounded(size))
		return -EINVAL;
	WRITE_ONCE(max_size, size_rounded(size));
	return 0;
}

static int pipe_size_init(void)
{
	int err = proc_create_rw("sys/fs/pipe-max-size", 0644, max_size_show, max_size_write, NULL);

	if (!err)
		err = proc_create_limit(&soft_limit);
	return err ? err : proc_create_limit(&hard_limit);
}
INITCALL("2fs", pipe_size_init);
