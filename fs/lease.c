// SPDX-License-Identifier: GPL-2.0
/*
 * Leases: fcntl(2), F_SETLEASE. A program holds a file for reading (nobody has it open for writing) or for writing (nobody else has it open).
 * Who opens it otherwise, or cuts it, waits until the holder, told by SIGIO, gave way or /proc/sys/fs/lease-break-time seconds went by.
 *
 * Lock: lease_lock guards the leases of all inodes. An opener counts itself in the inode before it looks for leases, a holder raises nr_leases
 * before it looks at the counts: one of the two sees the other.
 */
#include <fs/internal.h>
#include <fs/lease.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define BREAK_SECONDS	45u	/* Linux's */

struct lease {
	struct list link, all_link;
	struct file *file;	/* not counted: the lease goes with it */
	int32_t pid;
	bool writes;		/* it is for writing */
	bool lessening, ending;	/* the holder was told to come down to reading, or to give it up */
	time_ns_t lessen_at, end_at;	/* when that happens by itself */
};

unsigned int nr_leases;

static struct spinlock lease_lock = SPINLOCK_INIT("leases");
static struct list all_leases = LIST_INIT(all_leases);
static struct wait_queue leases_changed = WAIT_QUEUE_INIT(leases_changed, "leases");
static unsigned int break_seconds = BREAK_SECONDS;

/* Has somebody it open in a way that forbids the lease? */
static bool others_open(const struct file *f, bool writes)
{
	bool writer = (f->flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
	uint32_t readers = __atomic_load_n(&f->inode->nr_readers, __ATOMIC_SEQ_CST);
	uint32_t writers = __atomic_load_n(&f->inode->nr_writers, __ATOMIC_SEQ_CST);

	return writes ? readers != !writer || writers != writer : writers > 0;
}

/* ---- The leases of an inode: lease_lock held ---- */

static void lease_free(struct lease *l)
{
	list_del(&l->link);
	list_del(&l->all_link);
	__atomic_fetch_sub(&nr_leases, 1, __ATOMIC_SEQ_CST);
	kfree(l);
}

static struct lease *lease_of(const struct file *f)
{
	struct lease *l;

	list_for_each(l, &f->inode->leases, link)
		if (l->file == f)
			return l;
	return NULL;
}

/* What the holder is to have once it has done what it was told. */
static int target_of(const struct lease *l)
{
	if (l->ending)
		return LINUX_F_UNLCK;
	return l->writes && !l->lessening ? LINUX_F_WRLCK : LINUX_F_RDLCK;
}

static void lease_change(struct lease *l, bool writes)
{
	l->writes = writes;
	if (!writes)
		l->lessening = false;
}

/* Take from those who were told what they have kept for too long. */
static void time_out(struct inode *inode)
{
	time_ns_t now = time_now();
	struct lease *l, *next;

	list_for_each_safe(l, next, &inode->leases, link) {
		if (l->lessening && now >= l->lessen_at)
			lease_change(l, false);
		if (l->ending && now >= l->end_at)
			lease_free(l);
	}
}

/* A lease in the way of who writes or (!@write) reads, or NULL. */
static struct lease *in_the_way(const struct inode *inode, bool write)
{
	struct lease *l;

	list_for_each(l, &inode->leases, link)
		if (write || l->writes)
			return l;
	return NULL;
}

static void ask_back(struct inode *inode, bool write, time_ns_t until)
{
	struct lease *l;

	list_for_each(l, &inode->leases, link) {
		if (l->ending || !(write || (l->writes && !l->lessening)))
			continue;
		if (write) {
			l->ending = true;
			l->end_at = until;
		} else {
			l->lessening = true;
			l->lessen_at = until;
		}
		file_owner_message(l->file);
	}
}

/* ---- Opening ---- */

/* Is the way free? If not, *@until is when to look again. */
static bool way_is_free(struct inode *inode, bool write, time_ns_t *until)
{
	struct lease *l;

	spin_lock(&lease_lock);
	time_out(inode);
	l = in_the_way(inode, write);
	if (l)
		*until = l->ending ? l->end_at : l->lessen_at;
	spin_unlock(&lease_lock);
	return !l;
}

int lease_break_slow(struct inode *inode, uint32_t flags)
{
	bool write = (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
	unsigned int seconds = READ_ONCE(break_seconds);
	time_ns_t until;
	int err;

	if (way_is_free(inode, write, &until))
		return 0;
	spin_lock(&lease_lock);
	ask_back(inode, write, seconds ? time_now() + seconds * NSEC_PER_SEC : TIME_FOREVER);
	spin_unlock(&lease_lock);
	if (flags & LINUX_O_NONBLOCK)
		return -EAGAIN;
	do {
		if (way_is_free(inode, write, &until))
			return 0;
		err = wait_event(&leases_changed, way_is_free(inode, write, &until), until, true);
	} while (err == -ETIMEDOUT);
	return err;
}

/* ---- Calls ---- */

static int set_allowed(const struct file *f, int type)
{
	if (type != LINUX_F_RDLCK && type != LINUX_F_WRLCK && type != LINUX_F_UNLCK)
		return -EINVAL;
	if (!f->inode || (current->cred.fsuid != f->inode->uid && !privileged(LINUX_CAP_LEASE)))
		return f->inode ? -EACCES : -EINVAL;
	return LINUX_S_ISREG(f->inode->mode) ? 0 : -EINVAL;
}

/* lease_lock held; *@fresh is used up when @f had none. */
static int lease_set_locked(struct file *f, bool writes, struct lease **fresh)
{
	struct lease *l, *own = NULL;

	list_for_each(l, &f->inode->leases, link) {
		if (l->file == f)
			own = l;
		else if (writes || l->ending)
			return -EAGAIN;
	}
	if (others_open(f, writes))
		return -EAGAIN;
	if (own) {
		lease_change(own, writes);
		return 0;
	}
	**fresh = (struct lease){ .file = f, .pid = current_process->pid, .writes = writes };
	list_append(&f->inode->leases, &(*fresh)->link);
	list_append(&all_leases, &(*fresh)->all_link);
	__atomic_fetch_add(&nr_leases, 1, __ATOMIC_SEQ_CST);
	*fresh = NULL;
	return 0;
}

static int lease_take(struct file *f, int fd, bool writes)
{
	struct lease *fresh = kzalloc(sizeof(*fresh));
	int err = fresh ? file_owner_by_default(f, fd) : -ENOMEM;

	if (err)
		goto free_lease;
	__atomic_fetch_add(&nr_leases, 1, __ATOMIC_SEQ_CST);	/* before the counts are looked at */
	spin_lock(&lease_lock);
	time_out(f->inode);
	err = lease_set_locked(f, writes, &fresh);
	spin_unlock(&lease_lock);
	__atomic_fetch_sub(&nr_leases, 1, __ATOMIC_SEQ_CST);
	wait_wake(&leases_changed, 0);
free_lease:
	kfree(fresh);
	return err;
}

static int lease_drop(const struct file *f)
{
	struct lease *l;

	spin_lock(&lease_lock);
	l = lease_of(f);
	if (l)
		lease_free(l);
	spin_unlock(&lease_lock);
	if (l)
		wait_wake(&leases_changed, 0);
	return l ? 0 : -EAGAIN;
}

int lease_set(struct file *f, int fd, int type)
{
	int err = set_allowed(f, type);

	if (err)
		return err;
	return type == LINUX_F_UNLCK ? lease_drop(f) : lease_take(f, fd, type == LINUX_F_WRLCK);
}

int lease_get(const struct file *f)
{
	const struct lease *l;
	int type = LINUX_F_UNLCK;

	if (!f->inode)
		return type;
	spin_lock(&lease_lock);
	time_out(f->inode);
	l = lease_of(f);
	if (l)
		type = target_of(l);
	spin_unlock(&lease_lock);
	return type;
}

void lease_release(const struct file *f)
{
	if (unlikely(READ_ONCE(nr_leases)))
		(void)lease_drop(f);
}

/* ---- /proc ---- */

static void lease_line(struct seq *s, const struct lease *l)
{
	static const char *const types[] = { [LINUX_F_RDLCK] = "READ", [LINUX_F_WRLCK] = "WRITE", [LINUX_F_UNLCK] = "UNLCK" };
	const struct inode *inode = l->file->inode;

	seq_printf(s, "LEASE  %s  %s %d %02x:%02x:%llu 0 EOF\n", l->ending || l->lessening ? "BREAKING" : "ACTIVE  ",
		   types[target_of(l)], pid_told(l->pid), (unsigned int)(inode->super->dev >> 8), (unsigned int)(inode->super->dev & 0xff),
		   (unsigned long long)inode->ino);
}

void leases_show(struct seq *s, int number)
{
	struct lease *l;

	spin_lock(&lease_lock);
	list_for_each(l, &all_leases, all_link) {
		number++;
		if (!pid_told(l->pid))
			continue;
		seq_printf(s, "%d: ", number);
		lease_line(s, l);
	}
	spin_unlock(&lease_lock);
}

void lease_show(struct seq *s, const struct file *f, int number)
{
	const struct lease *l;

	spin_lock(&lease_lock);
	l = lease_of(f);
	if (l) {
		seq_printf(s, "lock:\t%d: ", number + 1);
		lease_line(s, l);
	}
	spin_unlock(&lease_lock);
}

static void seconds_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", break_seconds);
}

static int seconds_write(void *priv, char *text)
{
	unsigned long long seconds;

	if (parse_u64(text, 10, 0, &seconds) || seconds > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(break_seconds, (unsigned int)seconds);
	return 0;
}

static int lease_init(void)
{
	int err = proc_create_rw("sys/fs/lease-break-time", 0644, seconds_show, seconds_write, NULL);

	return err ? err : proc_create_number("sys/fs/leases-enable", 1);
}
INITCALL("2fs", lease_init);
