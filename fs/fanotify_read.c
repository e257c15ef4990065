// SPDX-License-Identifier: GPL-2.0
/*
 * fanotify(7) as a program reads it: metadata, with a new descriptor of the file, or with records that name it; then the answers that are written.
 */
#include <fs/fanotify.h>
#include <fs/internal.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <mm/slab.h>

#define RECORD_ALIGN	4u
#define RECORD_MAX	ALIGN_UP(sizeof(struct linux_fanotify_info) + 8 + 8 + FILE_HANDLE_BYTES + 256, RECORD_ALIGN)
#define PIDFD_RECORD	(sizeof(struct linux_fanotify_info) + sizeof(int32_t))

/* What is told of one event. */
struct message {
	struct linux_fanotify_metadata head;
	uint8_t records[3 * RECORD_MAX + PIDFD_RECORD];
};

/* ---- Records ---- */

static size_t fid_record_bytes(const char *name)
{
	return ALIGN_UP(sizeof(struct linux_fanotify_info) + 8 + 8 + FILE_HANDLE_BYTES + (name ? strlen(name) + 1 : 0), RECORD_ALIGN);
}

/* The file system, a handle, and a name unless that is NULL; without @to only how long that is. */
static size_t fid_record(uint8_t *to, uint8_t type, uint64_t fsid, uint64_t ino, const char *name)
{
	struct linux_fanotify_info info = { .info_type = type, .len = (uint16_t)fid_record_bytes(name) };
	size_t at = sizeof(info);

	if (!to)
		return info.len;
	memset(to, 0, info.len);
	memcpy(to, &info, sizeof(info));
	memcpy(to + at, &fsid, sizeof(fsid));
	at += sizeof(fsid);
	at += file_handle_fill(to + at, ino);
	if (name)
		memcpy(to + at, name, strlen(name) + 1);
	return info.len;
}

static uint8_t object_type(const struct fan_group *g, const struct fan_facts *f, bool first)
{
	if (!first || (g->flags & FAN_FIDS) == LINUX_FAN_REPORT_FID)
		return LINUX_FAN_INFO_FID;
	if (g->flags & LINUX_FAN_REPORT_NAME && f->mask & LINUX_FAN_ONDIR)
		return LINUX_FAN_INFO_DFID_NAME;	/* of the directory itself, by the name "." */
	return f->mask & (NOTIFY_NAMES | LINUX_FAN_ONDIR) ? LINUX_FAN_INFO_DFID : LINUX_FAN_INFO_FID;
}

/* All that name the file, written to @to unless that is NULL: how many bytes they are. */
static size_t fid_records(const struct fan_group *g, const struct fan_facts *f, uint8_t *to)
{
	size_t n = 0;
	uint8_t type;

	if (f->dir) {
		type = f->mask & LINUX_FAN_RENAME ? LINUX_FAN_INFO_OLD_DFID_NAME : f->name ? LINUX_FAN_INFO_DFID_NAME : LINUX_FAN_INFO_DFID;
		n += fid_record(to, type, f->fsid, f->dir, f->name);
	}
	if (f->new_dir)
		n += fid_record(to ? to + n : NULL, LINUX_FAN_INFO_NEW_DFID_NAME, f->fsid, f->new_dir, f->new_name);
	if (f->object) {
		type = object_type(g, f, !n);
		n += fid_record(to ? to + n : NULL, type, f->fsid, f->object, type == LINUX_FAN_INFO_DFID_NAME ? "." : NULL);
	}
	return n;
}

static size_t pidfd_record(uint8_t *to, int32_t pidfd)
{
	struct linux_fanotify_info info = { .info_type = LINUX_FAN_INFO_PIDFD, .len = PIDFD_RECORD };

	memcpy(to, &info, sizeof(info));
	memcpy(to + sizeof(info), &pidfd, sizeof(pidfd));
	return info.len;
}

static size_t event_bytes(const struct fan_group *g, const struct fan_event *e)
{
	return sizeof(struct linux_fanotify_metadata) + fid_records(g, &e->facts, NULL) + (g->flags & LINUX_FAN_REPORT_PIDFD ? PIDFD_RECORD : 0);
}

/* ---- Descriptors ---- */

/* A descriptor of the file, or -errno, which is what the read then ends with. */
static int event_open(const struct fan_group *g, const struct path *p)
{
	struct file *f;

	if ((g->event_flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY && mount_read_only(p))
		return -EROFS;
	f = file_open_path(p, g->event_flags | FILE_UNWATCHED);
	return IS_ERR(f) ? (int)PTR_ERR(f) : fd_install_new(f, g->event_flags);
}

static int event_pidfd(const struct fan_facts *f)
{
	struct process *now = f->process ? process_find(f->process->pid) : NULL;
	int fd = LINUX_FAN_NOPIDFD;

	if (now == f->process && now && pid_told(f->pid))
		fd = pidfd_install(now, 0);
	if (now)
		process_put(now);
	return fd < LINUX_FAN_NOPIDFD ? LINUX_FAN_EPIDFD : fd;
}

/* ---- Reading ---- */

/* The first event, which is out of the queue then: NULL: none, ERR_PTR(-EINVAL): it has more than @left bytes. */
static struct fan_event *event_first(struct fan_group *g, size_t left)
{
	struct fan_event *e = NULL;

	spin_lock(&notify_lock);
	if (!list_empty(&g->events)) {
		e = list_first(&g->events, struct fan_event, link);
		if (event_bytes(g, e) > left)
			e = ERR_PTR(-EINVAL);
		else
			fan_event_take(g, e);
	}
	spin_unlock(&notify_lock);
	return e;
}

static ssize_t event_write(const struct fan_group *g, struct fan_event *e, int pidfd, struct iter *to)
{
	const struct fan_facts *f = &e->facts;
	struct message *m = kzalloc(sizeof(*m));
	size_t n;
	ssize_t done;

	if (!m)
		return -ENOMEM;
	n = fid_records(g, f, m->records);
	if (g->flags & LINUX_FAN_REPORT_PIDFD)
		n += pidfd_record(m->records + n, pidfd);
	n += sizeof(m->head);
	m->head = (struct linux_fanotify_metadata){ .event_len = (uint32_t)n, .vers = LINUX_FAN_METADATA_VERSION,
		.metadata_len = sizeof(m->head), .mask = f->mask, .fd = e->fd, .pid = pid_told(f->pid) };
	/* Who has no privilege learns of itself only. */
	if (g->unprivileged && f->pid != current_process->pid)
		m->head.pid = 0;
	done = iter_put(to, m, n);
	kfree(m);
	return done == (ssize_t)n ? done : -EFAULT;
}

/* With descriptors made for it: bytes, or -errno, and then it was not told. */
static ssize_t event_tell(struct fan_group *g, struct fan_event *e, struct iter *to)
{
	int pidfd = LINUX_FAN_NOPIDFD;
	ssize_t n;

	e->fd = LINUX_FAN_NOFD;
	if (e->facts.path.dentry) {
		e->fd = event_open(g, &e->facts.path);
		if (e->fd < 0)
			return e->fd;
	}
	if (g->flags & LINUX_FAN_REPORT_PIDFD)
		pidfd = event_pidfd(&e->facts);
	n = event_write(g, e, pidfd, to);
	if (n < 0 && e->fd >= 0)
		fd_close(current_process->files, e->fd);
	if (n < 0 && pidfd >= 0)
		fd_close(current_process->files, pidfd);
	return n;
}

/* What nobody will answer is denied, what was told waits for its answer. */
static ssize_t event_read(struct fan_group *g, struct fan_event *e, struct iter *to)
{
	bool asks = e->facts.mask & NOTIFY_ASKED;
	ssize_t n = event_tell(g, e, to);

	if (asks) {
		spin_lock(&notify_lock);
		if (n > 0)
			list_append(&g->asked, &e->link);
		else
			fan_event_answer(e, LINUX_FAN_DENY);
		spin_unlock(&notify_lock);
	}
	if ((!asks || n <= 0) && e != g->overflow)
		fan_event_free(e);
	return n;
}

/* 0: there is nothing. */
static ssize_t events_read(struct fan_group *g, struct iter *to)
{
	struct fan_event *e;
	ssize_t done = 0;

	while ((e = event_first(g, to->left))) {
		ssize_t n = IS_ERR(e) ? PTR_ERR(e) : event_read(g, e, to);

		if (n < 0)
			return done && n != -EFAULT ? done : n;
		done += n;
	}
	return done;
}

ssize_t fanotify_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct fan_group *g = f->priv;

	for (;;) {
		ssize_t n = events_read(g, to);

		if (n)
			return n;
		if (file_nowait(f, to))
			return -EAGAIN;
		if (wait_event(&g->changed, !list_empty(&g->events), TIME_FOREVER, true))
			return -ERESTARTSYS;
	}
}

/* One answer: what follows is not looked at. */
ssize_t fanotify_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct linux_fanotify_response answer;
	struct fan_event *e, *found = NULL;
	struct fan_group *g = f->priv;

	if (from->left < sizeof(answer))
		return -EINVAL;
	if (iter_get(from, &answer, sizeof(answer)) != sizeof(answer))
		return -EFAULT;
	if ((answer.response != LINUX_FAN_ALLOW && answer.response != LINUX_FAN_DENY) || answer.fd < 0)
		return -EINVAL;
	spin_lock(&notify_lock);
	list_for_each(e, &g->asked, link)
		if (!found && e->fd == answer.fd)
			found = e;
	if (found) {
		list_del(&found->link);
		fan_event_answer(found, answer.response);
	}
	spin_unlock(&notify_lock);
	if (!found)
		return -ENOENT;
	fan_event_free(found);
	return sizeof(answer);
}
