// SPDX-License-Identifier: GPL-2.0
/*
 * fanotify(7): groups, which are files. A user may have so many of them and so many marks, as fanotify(7) says; what the events and marks of all
 * take is bounded by the memory besides, for a group without limits too. Left out: audit, events of errors of file systems, which these do not have.
 */
#include <fs/fanotify.h>
#include <fs/internal.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>

#define ADMIN_FLAGS	(FAN_CLASSES | LINUX_FAN_REPORT_TID | LINUX_FAN_REPORT_PIDFD | LINUX_FAN_UNLIMITED_QUEUE | LINUX_FAN_UNLIMITED_MARKS)
#define INIT_FLAGS	(ADMIN_FLAGS | FAN_FIDS | LINUX_FAN_CLOEXEC | LINUX_FAN_NONBLOCK)
#define EVENT_F_FLAGS	(LINUX_O_ACCMODE | LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_SYNC | LINUX_O_DSYNC | LINUX_O_CLOEXEC | \
			 LINUX_O_LARGEFILE | LINUX_O_NOATIME)
#define MEMORY_PART	8u	/* of the machine's, for all events and marks */
#define RANK_CLASS	62	/* the bits above are the class, those below count groups */

struct fan_user {
	struct list link;
	uint32_t uid, nr_groups, nr_marks;
};

static struct list users = LIST_INIT(users);	/* guarded by notify_lock, as the next two */
static uint64_t bytes_used, last_group;

static struct proc_limit max_groups = { "sys/fs/fanotify/max_user_groups", 128, 0, INT32_MAX };
static struct proc_limit max_marks = { "sys/fs/fanotify/max_user_marks", 8192, 0, INT32_MAX };
static struct proc_limit max_events = { "sys/fs/fanotify/max_queued_events", 16384, 0, INT32_MAX };

/* ---- Who pays: notify_lock held ---- */

bool fan_pay(int64_t bytes)
{
	struct frame_stats stats;

	if (bytes > 0) {
		frame_stats(&stats);
		if (bytes_used + (uint64_t)bytes > stats.total * PAGE_SIZE / MEMORY_PART)
			return false;
	}
	bytes_used += (uint64_t)bytes;
	return true;
}

bool fan_user_mark(struct fan_user *u, int more)
{
	if (more > 0 && (long)u->nr_marks >= READ_ONCE(max_marks.value))
		return false;
	u->nr_marks += (uint32_t)more;
	return true;
}

/* @fresh is used for a user who had no group; NULL when there are too many. */
static struct fan_user *user_get(uint32_t uid, struct fan_user *fresh)
{
	struct fan_user *u;

	list_for_each(u, &users, link)
		if (u->uid == uid)
			break;
	if (&u->link == &users) {
		u = fresh;
		u->uid = uid;
		list_append(&users, &u->link);
	}
	if ((long)u->nr_groups >= READ_ONCE(max_groups.value))
		return NULL;
	u->nr_groups++;
	return u;
}

/* Freed with the last group. */
static struct fan_user *user_put(struct fan_user *u)
{
	if (--u->nr_groups)
		return NULL;
	list_del(&u->link);
	return u;
}

/* ---- The group as a file ---- */

/* Everybody who waits is let through. */
static void answer_all(struct fan_group *g, struct list *gone)
{
	struct fan_event *e, *next;

	list_for_each_safe(e, next, &g->events, link) {
		fan_event_take(g, e);
		fan_event_answer(e, LINUX_FAN_ALLOW);
		list_append(gone, &e->link);
	}
	list_for_each_safe(e, next, &g->asked, link) {
		list_del(&e->link);
		fan_event_answer(e, LINUX_FAN_ALLOW);
		list_append(gone, &e->link);
	}
}

static void group_free(struct fan_group *g)
{
	struct list gone = LIST_INIT(gone);
	struct fan_event *e, *next;
	struct fan_user *last;

	spin_lock(&notify_lock);
	fan_marks_free(g, -1);
	answer_all(g, &gone);
	last = user_put(g->user);
	spin_unlock(&notify_lock);
	list_for_each_safe(e, next, &gone, link)
		if (e != g->overflow)
			fan_event_free(e);
	fan_event_free(g->overflow);
	kfree(last);
	kfree(g);
}

static void fanotify_release(struct file *f)
{
	group_free(f->priv);
}

static uint32_t fanotify_poll(struct file *f, struct poll_table *table)
{
	struct fan_group *g = f->priv;

	poll_wait(f, &g->changed, table);
	return list_empty(&g->events) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
}

/* As on Linux without the records that follow. */
static int64_t fanotify_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct fan_group *g = f->priv;

	return cmd == LINUX_FIONREAD ? put_user32(arg, READ_ONCE(g->nr_events) * (uint32_t)sizeof(struct linux_fanotify_metadata)) : -ENOTTY;
}

static void fanotify_show(struct file *f, struct seq *s)
{
	struct fan_group *g = f->priv;

	seq_printf(s, "fanotify flags:%x event-flags:%x\n", g->flags, g->event_flags);
	spin_lock(&notify_lock);
	fan_marks_show(g, s);
	spin_unlock(&notify_lock);
}

const struct file_ops fanotify_ops = {
	.read = fanotify_read, .write = fanotify_write, .poll = fanotify_poll, .ioctl = fanotify_ioctl, .release = fanotify_release,
	.name = "[fanotify]", .show = fanotify_show, .still = true,
};

/* ---- fanotify_init(2) ---- */

static int flags_check(uint32_t flags, uint32_t event_flags, bool admin)
{
	uint32_t fids = flags & FAN_FIDS;

	if (!admin && (flags & ADMIN_FLAGS || !fids))
		return -EPERM;
	if (flags & ~INIT_FLAGS || event_flags & ~EVENT_F_FLAGS || (event_flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE)
		return -EINVAL;
	if ((flags & LINUX_FAN_REPORT_PIDFD && flags & LINUX_FAN_REPORT_TID) || (flags & FAN_CLASSES) == FAN_CLASSES)
		return -EINVAL;
	if (fids && flags & FAN_CLASSES)
		return -EINVAL;
	if (fids & LINUX_FAN_REPORT_NAME && !(fids & LINUX_FAN_REPORT_DIR_FID))
		return -EINVAL;
	if (fids & LINUX_FAN_REPORT_TARGET_FID && (!(fids & LINUX_FAN_REPORT_NAME) || !(fids & LINUX_FAN_REPORT_FID)))
		return -EINVAL;
	return 0;
}

/* Who may see the content before it is there comes first. */
static uint64_t rank_of(uint32_t flags, uint64_t number)
{
	uint64_t class = flags & LINUX_FAN_CLASS_PRE_CONTENT ? 0 : flags & LINUX_FAN_CLASS_CONTENT ? 1 : 2;

	return class << RANK_CLASS | number;
}

static void group_setup(struct fan_group *g, uint32_t flags, uint32_t event_flags)
{
	g->flags = flags;
	g->event_flags = event_flags | LINUX_O_LARGEFILE;
	g->events_max = flags & LINUX_FAN_UNLIMITED_QUEUE ? UINT32_MAX : (uint32_t)READ_ONCE(max_events.value);
	g->told.tell = fan_group_tell;
	list_init(&g->told.link);
	list_init(&g->marks);
	list_init(&g->events);
	list_init(&g->asked);
	for (unsigned int i = 0; i < FAN_BUCKETS; i++)
		list_init(&g->buckets[i]);
	wait_queue_init(&g->changed, "fanotify");
}

/* The user is counted, and gets what has to be there when memory is short. */
static int group_enter(struct fan_group *g, struct fan_user **fresh)
{
	static const struct fan_facts full = { .mask = LINUX_FAN_Q_OVERFLOW };
	int err = 0;

	spin_lock(&notify_lock);
	g->told.rank = rank_of(g->flags, ++last_group);
	g->user = user_get(current->cred.euid, *fresh);
	if (g->user == *fresh)
		*fresh = NULL;
	if (!g->user)
		err = -EMFILE;
	if (!err)
		g->overflow = fan_event_create(&full);
	if (!err && !g->overflow) {
		err = -ENOMEM;
		*fresh = user_put(g->user);
	}
	spin_unlock(&notify_lock);
	return err;
}

/* ERR_PTR. */
static struct fan_group *group_create(uint32_t flags, uint32_t event_flags, bool admin)
{
	struct fan_group *g = kzalloc(sizeof(*g));
	struct fan_user *fresh = kzalloc(sizeof(*fresh));
	int err = -ENOMEM;

	if (g && fresh) {
		group_setup(g, flags, event_flags);
		g->unprivileged = !admin;
		err = group_enter(g, &fresh);
	}
	kfree(fresh);
	if (!err)
		return g;
	kfree(g);
	return ERR_PTR(err);
}

SYSCALL(NR_fanotify_init, fanotify_init)
{
	uint32_t flags = (uint32_t)args->a[0], event_flags = (uint32_t)args->a[1];
	bool admin = privileged(LINUX_CAP_SYS_ADMIN);
	int err = flags_check(flags, event_flags, admin);
	struct fan_group *g;
	struct file *f;

	if (err)
		return err;
	g = group_create(flags, event_flags, admin);
	if (IS_ERR(g))
		return PTR_ERR(g);
	f = file_alloc(&fanotify_ops, g, LINUX_O_RDWR | (flags & LINUX_FAN_NONBLOCK ? LINUX_O_NONBLOCK : 0));
	if (!f) {
		group_free(g);
		return file_alloc_error();
	}
	return fd_install_new(f, flags & LINUX_FAN_CLOEXEC ? LINUX_O_CLOEXEC : 0);
}

/* A mark costs about as much as an inode on Linux, a hundredth of the memory is for those of one user. */
static int fanotify_init(void)
{
	struct proc_limit *limits[] = { &max_groups, &max_marks, &max_events };
	struct frame_stats stats;
	int err = 0;

	frame_stats(&stats);
	max_marks.value = (long)MIN(MAX(stats.total * PAGE_SIZE / 100 / 1024, 8192ul), 1048576ul);
	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		err = proc_create_limit(limits[i]);
	return err;
}
INITCALL("2fs", fanotify_init);
