// SPDX-License-Identifier: GPL-2.0
/*
 * fanotify(7): what a group is told, which of it is told once, and what it is asked. All marks of a group that an event meets are looked at
 * together: what one of them ignores is not told, whatever the others want.
 */
#include <fs/fanotify.h>
#include <fs/internal.h>
#include <kernel/process.h>
#include <mm/slab.h>

#define MERGE_DEPTH	128u		/* events of a bucket that are looked at */
#define EVENT_FLAGS	(LINUX_FAN_ONDIR | LINUX_FAN_EVENT_ON_CHILD)
#define OUTGOING	(NOTIFY_EVENTS & ~LINUX_IN_UNMOUNT)

#define AT(place)	(1u << (place))

/* ---- Which event ---- */

static struct fan_group *group_of(struct notify_group *g)
{
	return container_of(g, struct fan_group, told);
}

/* What is left of the event for @g's program; 0: nothing. */
static uint32_t told_mask(const struct fan_group *g, const struct notify_event *e)
{
	uint32_t fids = g->flags & FAN_FIDS, mask = e->mask & g->wanted & ~g->ignored;
	mode_t mode = e->inode->mode;

	if (!fids && (!e->path || !(LINUX_S_ISREG(mode) || LINUX_S_ISDIR(mode))))
		return 0;
	if (fids && !(fids & LINUX_FAN_REPORT_FID) && !e->dir && !LINUX_S_ISDIR(mode))
		return 0;
	if (!(mask & OUTGOING))
		return 0;
	return mask & (OUTGOING | (fids ? LINUX_FAN_ONDIR : 0));
}

/* FAN_RENAME tells of the directories that are watched; of both where the file system is. */
static void rename_facts(const struct fan_group *g, const struct notify_event *e, struct fan_facts *f)
{
	if (!(g->places & (AT(NOTIFY_AT_SUPER) | AT(NOTIFY_AT_SELF)))) {
		f->dir = 0;
		f->name = NULL;
	}
	if (g->places & (AT(NOTIFY_AT_SUPER) | AT(NOTIFY_AT_NEW_DIR))) {
		f->new_dir = e->new_dir->ino;
		f->new_name = e->new_name;
	}
}

/* By numbers: which of the file, its directory and its name are told follows from the group's flags. */
static void fid_facts(const struct fan_group *g, const struct notify_event *e, struct fan_facts *f)
{
	bool names = f->mask & NOTIFY_NAMES, on_dir = f->mask & LINUX_FAN_ONDIR, named;
	const struct inode *object = names && !(g->flags & LINUX_FAN_REPORT_TARGET_FID) ? e->dir : e->inode;
	const struct inode *dir = names ? e->dir : LINUX_S_ISDIR(e->inode->mode) ? e->inode : e->dir, *child = NULL;

	f->fsid = e->inode->super->dev;
	f->object = object->ino;
	if (!(g->flags & LINUX_FAN_REPORT_DIR_FID) || !dir)
		return;
	if (names ? g->flags & LINUX_FAN_REPORT_TARGET_FID : (g->flags & LINUX_FAN_REPORT_FID) && !on_dir)
		child = object != dir ? object : NULL;
	f->object = f->dir = dir->ino;
	named = g->flags & LINUX_FAN_REPORT_NAME ? names || !on_dir : child != NULL;
	f->name = g->flags & LINUX_FAN_REPORT_NAME ? e->name : NULL;
	if (f->mask & LINUX_FAN_RENAME)
		rename_facts(g, e, f);
	if (named && (f->name || f->new_name || child)) {
		f->object = child ? child->ino : 0;
	} else {
		f->dir = 0;
		f->name = NULL;
	}
}

static void facts_fill(const struct fan_group *g, const struct notify_event *e, uint32_t mask, struct fan_facts *f)
{
	struct process *p = current_process;

	*f = (struct fan_facts){ .mask = mask, .pid = !p || g->flags & LINUX_FAN_REPORT_TID ? current->tid : p->pid };
	if (g->flags & LINUX_FAN_REPORT_PIDFD)
		f->process = p;
	if (g->flags & FAN_FIDS)
		fid_facts(g, e, f);
	else
		f->path = *e->path;
}

/* ---- Events ---- */

static uint32_t mix(uint32_t hash, uint64_t value)
{
	value = (value ^ hash) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(value >> 32);
}

static uint32_t facts_hash(const struct fan_facts *f)
{
	uint32_t hash = mix((uint32_t)f->pid, f->mask & (LINUX_FAN_ONDIR | LINUX_FAN_RENAME));
	const char *names[] = { f->name, f->new_name };

	hash = mix(mix(hash, (uintptr_t)f->path.dentry), (uintptr_t)f->path.mount);
	hash = mix(mix(mix(mix(hash, f->fsid), f->object), f->dir), f->new_dir);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		for (const char *c = names[i]; c && *c; c++)
			hash = mix(hash, (uint8_t)*c);
	return hash;
}

static bool name_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Of one file by one process, so that their masks can be told together; creations of files and of directories are told apart. */
static bool facts_merge(const struct fan_facts *a, const struct fan_facts *b)
{
	if (((a->mask ^ b->mask) & (LINUX_FAN_ONDIR | LINUX_FAN_RENAME)) || a->pid != b->pid || a->process != b->process)
		return false;
	if (a->path.dentry != b->path.dentry || a->path.mount != b->path.mount)
		return false;
	if (a->fsid != b->fsid || a->object != b->object || a->dir != b->dir || a->new_dir != b->new_dir)
		return false;
	return name_equal(a->name, b->name) && name_equal(a->new_name, b->new_name);
}

struct fan_event *fan_event_create(const struct fan_facts *f)
{
	size_t length = f->name ? strlen(f->name) + 1 : 0, new_length = f->new_name ? strlen(f->new_name) + 1 : 0;
	uint32_t bytes = (uint32_t)(sizeof(struct fan_event) + length + new_length + (f->process ? sizeof(*f->process) : 0));
	struct fan_event *e;

	if (!fan_pay(bytes))
		return NULL;
	e = kzalloc(sizeof(*e) + length + new_length);
	if (!e) {
		fan_pay(-(int64_t)bytes);
		return NULL;
	}
	e->bytes = bytes;
	e->facts = *f;
	if (f->name)
		e->facts.name = memcpy(e->names, f->name, length);
	if (f->new_name)
		e->facts.new_name = memcpy(e->names + length, f->new_name, new_length);
	if (f->process)
		process_get(f->process);
	if (f->path.dentry)
		path_get(&f->path);
	list_init(&e->link);
	list_init(&e->bucket_link);
	return e;
}

void fan_event_free(struct fan_event *e)
{
	if (e->facts.path.dentry)
		path_put(&e->facts.path);
	if (e->facts.process)
		process_put(e->facts.process);
	spin_lock(&notify_lock);
	fan_pay(-(int64_t)e->bytes);
	spin_unlock(&notify_lock);
	kfree(e);
}

/* ---- The queue: notify_lock held ---- */

static void queue(struct fan_group *g, struct fan_event *e)
{
	list_append(&g->events, &e->link);
	g->nr_events++;
	wait_wake(&g->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static bool queue_is_full(const struct fan_group *g)
{
	return g->nr_events >= g->events_max;
}

static void overflow(struct fan_group *g)
{
	if (list_empty(&g->overflow->link))
		queue(g, g->overflow);
}

void fan_event_take(struct fan_group *g, struct fan_event *e)
{
	list_del(&e->link);
	list_del(&e->bucket_link);
	e->taken = true;
	g->nr_events--;
}

static bool merged(struct list *bucket, const struct fan_facts *f, uint32_t hash)
{
	struct fan_event *e;
	unsigned int nr = 0;

	list_for_each(e, bucket, bucket_link) {
		if (++nr > MERGE_DEPTH)
			break;
		if (e->hash != hash || !facts_merge(&e->facts, f))
			continue;
		e->facts.mask |= f->mask;
		return true;
	}
	return false;
}

void fan_group_tell(struct notify_group *group, const struct notify_event *ne)
{
	struct fan_group *g = group_of(group);
	uint32_t mask = told_mask(g, ne), hash;
	struct fan_event *e = NULL;
	struct fan_facts f;

	if (!mask)
		return;
	facts_fill(g, ne, mask, &f);
	hash = facts_hash(&f);
	if (!queue_is_full(g)) {
		if (merged(&g->buckets[hash % FAN_BUCKETS], &f, hash))
			return;
		e = fan_event_create(&f);
	}
	if (!e) {
		overflow(g);
		return;
	}
	e->hash = hash;
	list_push(&g->buckets[hash % FAN_BUCKETS], &e->bucket_link);
	queue(g, e);
}

/* ---- Questions ---- */

/* As on Linux what finds the queue full is let through, and what finds no memory is not. */
void fanotify_ask(struct notify_group *group, const struct notify_event *ne, struct fanotify_question *q)
{
	struct fan_group *g = group_of(group);
	uint32_t mask = told_mask(g, ne);
	struct fan_facts f;

	*q = (struct fanotify_question){ .group = g, .answered = true, .answer = LINUX_FAN_ALLOW };
	wait_queue_init(&q->changed, "fanotify_question");
	if (!mask)
		return;
	if (queue_is_full(g)) {
		overflow(g);
		return;
	}
	facts_fill(g, ne, mask, &f);
	q->event = fan_event_create(&f);
	if (!q->event) {
		q->answer = LINUX_FAN_DENY;
		return;
	}
	q->answered = false;
	q->event->question = q;
	queue(g, q->event);
}

void fan_event_answer(struct fan_event *e, uint32_t answer)
{
	struct fanotify_question *q = e->question;

	e->question = NULL;
	if (!q)
		return;
	q->answer = answer;
	q->answered = true;
	wait_wake(&q->changed, 0);
}

/* Who was asked and who waits may end at once: the lock says who of them is first. */
static bool question_withdraw(struct fanotify_question *q)
{
	bool answered;

	spin_lock(&notify_lock);
	answered = q->answered;
	if (!answered) {
		q->event->question = NULL;
		if (q->event->taken)
			q->event = NULL;	/* who reads it frees it, or who answers */
		else
			fan_event_take(q->group, q->event);
	}
	spin_unlock(&notify_lock);
	return !answered;
}

int fanotify_wait(struct fanotify_question *q)
{
	bool withdrawn;

	(void)wait_event(&q->changed, READ_ONCE(q->answered), TIME_FOREVER, SLEEP_DEATH);
	withdrawn = question_withdraw(q);
	if (withdrawn && q->event)
		fan_event_free(q->event);
	if (withdrawn)
		return -ERESTARTSYS;
	return q->answer == LINUX_FAN_ALLOW ? 0 : -EPERM;
}
