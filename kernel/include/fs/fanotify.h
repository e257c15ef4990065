/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside fs/: the parts of fanotify(7). fanotify.c has the groups, which are files, fanotify_mark.c what they watch, fanotify_event.c what they are
 * told, fanotify_read.c how a program reads it. notify_lock guards all of it.
 */
#ifndef FS_FANOTIFY_H
#define FS_FANOTIFY_H

#include <fs/notify.h>
#include <kernel/wait.h>

#define FAN_CLASSES	(LINUX_FAN_CLASS_CONTENT | LINUX_FAN_CLASS_PRE_CONTENT)
#define FAN_FIDS	(LINUX_FAN_REPORT_FID | LINUX_FAN_REPORT_DIR_FID | LINUX_FAN_REPORT_NAME | LINUX_FAN_REPORT_TARGET_FID)
#define FAN_BUCKETS	128u

struct process;
struct fan_user;

struct fan_group {
	struct notify_group told;
	uint32_t flags, event_flags;	/* of fanotify_init() */
	bool unprivileged;
	uint32_t events_max;
	struct fan_user *user;		/* who made it, and what they have */
	struct wait_queue changed;
	/* Guarded by notify_lock. */
	struct list marks;
	struct list events;		/* to be read, the oldest first */
	struct list asked;		/* read, and to be answered */
	struct list buckets[FAN_BUCKETS];	/* those that others may be merged with, by hash, the newest first */
	uint32_t nr_events;
	struct fan_event *overflow;	/* kept for that */
	uint32_t wanted, ignored, places;	/* of its marks that met the event which is being told; bits of places are enum notify_place */
};

struct fan_mark {
	struct notify_mark mark;	/* its mask is what the three below need to be told */
	struct list group_link;
	struct fan_group *group;
	uint32_t wanted, ignored;	/* LINUX_FAN_* */
	bool survives;			/* a change of the file leaves @ignored as it is */
	bool evictable, own_flags;	/* @ignored has LINUX_FAN_ONDIR and LINUX_FAN_EVENT_ON_CHILD of its own */
};

/* What an event says; numbers of inodes, 0: none. */
struct fan_facts {
	uint32_t mask;
	pid_t pid;
	struct process *process;	/* counted in an event; NULL: not to be told by a descriptor */
	struct path path;		/* counted in an event; no dentry: none */
	uint64_t fsid, object, dir, new_dir;
	const char *name, *new_name;	/* with their directories, where those are there; NULL: none */
};

struct fan_event {
	struct list link, bucket_link;
	struct fan_facts facts;
	struct fanotify_question *question;	/* NULL: nobody waits, or no longer */
	bool taken;			/* out of the group's events */
	int fd;				/* by which it is answered */
	uint32_t hash, bytes;
	char names[];
};

/* Lies with who waits for the answer. */
struct fanotify_question {
	struct fan_event *event;	/* NULL: nothing to wait for */
	struct fan_group *group;	/* while it is not answered */
	struct wait_queue changed;
	bool answered;
	uint32_t answer;
};

/* notify.c. The group of @g asks about @e; then, without the lock, the answer: 0, -EPERM, -ERESTARTSYS. */
void fanotify_ask(struct notify_group *g, const struct notify_event *e, struct fanotify_question *q);
int fanotify_wait(struct fanotify_question *q);

/* fanotify.c: may @bytes more be kept for events and marks? Paid back with a negative number. notify_lock held. */
bool fan_pay(int64_t bytes);
/* One mark more or fewer of @u: false: too many. notify_lock held. */
bool fan_user_mark(struct fan_user *u, int more);
extern const struct file_ops fanotify_ops;

/* fanotify_mark.c. notify_lock held. */
void fan_marks_free(struct fan_group *g, int kind);	/* of a kind of struct notify_mark, or all: -1 */
void fan_marks_show(struct fan_group *g, struct seq *s);

/* fanotify_event.c. The first two with notify_lock held; NULL when out of memory. */
void fan_group_tell(struct notify_group *g, const struct notify_event *e);
struct fan_event *fan_event_create(const struct fan_facts *f);
/* notify_lock not held: the last reference to a file may go. */
void fan_event_free(struct fan_event *e);
/* notify_lock held. @e is no longer to be read; who waits for its answer goes on. It is the caller's. */
void fan_event_take(struct fan_group *g, struct fan_event *e);
void fan_event_answer(struct fan_event *e, uint32_t answer);

/* fanotify_read.c. */
ssize_t fanotify_read(struct file *f, struct iter *to, loff_t *pos);
ssize_t fanotify_write(struct file *f, struct iter *from, loff_t *pos);

#endif
