// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting of processes: acct(2), acct(5). Who may names a file; each process that ends adds a record to it (version 3, as Debian's Linux).
 * Left out: that it stops where a file system is nearly full, and the mark of programs that used a privilege (ASU).
 *
 * Lock: acct_mutex guards the file and its records, which follow each other.
 */
#include <fs/internal.h>
#include <fs/tty.h>
#include <fs/vfs.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "process_internal.h"

#define ACCT_VERSION	3
#define ACCT_FORKED	0x01u	/* AFORK: it never executed a program */
#define ACCT_CORE	0x08u
#define ACCT_SIGNAL	0x10u
#define MANTISSA_BITS	13u	/* of a comp_t, whose other bits are an exponent to base 8 */
#define EXPONENT_BITS	3u
#define FLOAT_MANTISSA	23u
#define FLOAT_BIAS	127u

struct acct_record {
	uint8_t flag, version;
	uint16_t tty;
	uint32_t exit_code, uid, gid, pid, ppid, begin;
	uint32_t elapsed;		/* a float: clock ticks */
	uint16_t user, system, memory, chars, blocks, minor_faults, major_faults, swaps;
	char name[16];
};

static struct mutex acct_mutex = MUTEX_INIT(acct_mutex, "acct");
static struct file *acct_file;		/* counted; NULL: nobody asked. Read without the mutex to see whether */

/* 13 bits and an exponent to base 8, rounded: the greatest where it does not fit. */
static uint16_t comp_of(uint64_t value)
{
	unsigned int exponent = 0;
	bool round = false;

	while (value >= 1u << MANTISSA_BITS) {
		round = value & 4;
		value >>= EXPONENT_BITS;
		exponent++;
	}
	if (round && ++value >= 1u << MANTISSA_BITS) {
		value >>= EXPONENT_BITS;
		exponent++;
	}
	return exponent > 7 ? UINT16_MAX : (uint16_t)(exponent << MANTISSA_BITS | value);
}

/* IEEE 754's single precision, cut. */
static uint32_t float_of(uint64_t value)
{
	unsigned int top = value ? 63 - (unsigned int)__builtin_clzll(value) : 0;
	uint64_t mantissa = top > FLOAT_MANTISSA ? value >> (top - FLOAT_MANTISSA) : value << (FLOAT_MANTISSA - top);

	return value ? (FLOAT_BIAS + top) << FLOAT_MANTISSA | (uint32_t)(mantissa & ((1u << FLOAT_MANTISSA) - 1)) : 0;
}

static uint64_t ticks(time_ns_t ns)
{
	return ns / (NSEC_PER_SEC / LINUX_CLK_TCK);
}

static uint64_t mapped_bytes(struct space *s)
{
	const struct vma *v;
	uint64_t bytes = 0;

	mutex_lock(&s->lock);
	list_for_each(v, &s->areas, link)
		bytes += v->end - v->start;
	mutex_unlock(&s->lock);
	return bytes;
}

static void record_fill(struct acct_record *r, struct process *p)
{
	time_ns_t lived = time_now() - p->start_ns;
	int status = p->exit_status;
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	uint32_t parent = p->parent ? (uint32_t)p->parent->pid : 0;
	struct usage u;
	pid_t fg;

	spin_unlock_irq(&process_tree_lock, flags);
	process_usage(p, 0, &u);
	*r = (struct acct_record){
		.version = ACCT_VERSION, .tty = (uint16_t)tty_number(p->sid, &fg), .exit_code = (uint32_t)status, .uid = current->cred.uid,
		.gid = current->cred.gid, .pid = (uint32_t)p->pid, .ppid = parent,
		.begin = (uint32_t)((time_realtime() - lived) / NSEC_PER_SEC), .elapsed = float_of(ticks(lived)), .user = comp_of(ticks(u.user_ns)),
		.system = comp_of(ticks(u.system_ns)), .memory = comp_of(p->space ? mapped_bytes(p->space) / 1024 : 0),
		.minor_faults = comp_of(u.counts.faults[0]), .major_faults = comp_of(u.counts.faults[1]),
	};
	r->flag = (p->nr_execs ? 0 : ACCT_FORKED) | (status & 0x80 ? ACCT_CORE : 0) | (status & 0x7f ? ACCT_SIGNAL : 0);
	str_copy(r->name, p->name, sizeof(r->name));
}

void acct_process(struct process *p)
{
	struct acct_record r;

	if (!READ_ONCE(acct_file))
		return;
	record_fill(&r, p);
	p->rlimits[LINUX_RLIMIT_FSIZE].cur = LINUX_RLIM_INFINITY;	/* the file is not its own */
	mutex_lock(&acct_mutex);
	if (acct_file)
		(void)file_write_kernel(acct_file, &r, sizeof(r), (loff_t)acct_file->inode->size);
	mutex_unlock(&acct_mutex);
}

static struct file *acct_open(uint64_t upath)
{
	char *path = path_from_user(upath, false);
	struct file *f;

	if (IS_ERR(path))
		return ERR_PTR(PTR_ERR(path));
	f = file_open(path, LINUX_O_WRONLY | LINUX_O_APPEND | LINUX_O_LARGEFILE, 0);
	kfree(path);
	if (IS_ERR(f) || (LINUX_S_ISREG(f->inode->mode) && f->ops->write))
		return f;
	file_put(f);
	return ERR_PTR(-EACCES);
}

/* acct(path): NULL ends it. */
SYSCALL(NR_acct, acct)
{
	struct file *f = NULL, *old;

	if (!privileged(LINUX_CAP_SYS_PACCT))
		return -EPERM;
	if (args->a[0])
		f = acct_open(args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	mutex_lock(&acct_mutex);
	old = acct_file;
	WRITE_ONCE(acct_file, f);
	mutex_unlock(&acct_mutex);
	file_put(old);
	return 0;
}
