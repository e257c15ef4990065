// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/mem and auxv: a process's memory by address and its auxiliary vector, for who may trace it. Writes go as a debugger's do. */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>

/*
 * The space with a reference, or ERR_PTR(-EACCES); NULL when the process has none any more, or runs another program than it did when the file
 * was opened: a program that gained privileges must not be made to write into itself.
 */
static struct space *target(struct file *f)
{
	struct process *p = proc_node_process(f->inode);
	struct space *s = ptrace_space_get(p);

	if (IS_ERR(s))
		return ERR_PTR(-EACCES);
	if (!s || READ_ONCE(p->nr_execs) == (uintptr_t)f->priv)
		return s;
	space_put(s);
	return NULL;
}

static ssize_t piece(struct space *s, char *buffer, size_t n, struct iter *it, loff_t pos, bool write)
{
	ssize_t got;

	if (write) {
		got = iter_get(it, buffer, n);
		return got > 0 ? space_poke(s, pos, buffer, got) : got;
	}
	got = space_read(s, pos, buffer, n);
	return got > 0 ? iter_put(it, buffer, got) : got;
}

static ssize_t mem_io(struct file *f, struct iter *it, loff_t *pos, bool write)
{
	struct space *s = target(f);
	char *buffer = kzalloc(PAGE_SIZE);
	ssize_t done = 0, n = 0;

	while (buffer && s && !IS_ERR(s) && it->left && !signal_interrupts()) {
		size_t want = MIN(it->left, PAGE_SIZE - *pos % PAGE_SIZE);

		n = piece(s, buffer, want, it, *pos, write);
		if (n <= 0)
			break;
		*pos += n;
		done += n;
		if ((size_t)n < want)
			break;
	}
	kfree(buffer);
	if (s && !IS_ERR(s))
		space_put(s);
	if (IS_ERR(s))
		return PTR_ERR(s);
	return done ? done : !buffer ? -ENOMEM : n < 0 ? -EIO : 0;
}

static ssize_t mem_read(struct file *f, struct iter *to, loff_t *pos)
{
	return mem_io(f, to, pos, false);
}

static ssize_t mem_write(struct file *f, struct iter *from, loff_t *pos)
{
	return mem_io(f, from, pos, true);
}

static int mem_open(struct inode *inode, struct file *f)
{
	f->priv = (void *)(uintptr_t)READ_ONCE(proc_node_process(inode)->nr_execs);
	return ptrace_may_access(proc_node_process(inode)) ? -EACCES : 0;
}

static loff_t mem_seek(struct file *f, loff_t offset, int whence)
{
	if (whence == LINUX_SEEK_CUR)
		offset += f->pos;
	else if (whence != LINUX_SEEK_SET)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

const struct file_ops proc_mem_ops = { .read = mem_read, .write = mem_write, .seek = mem_seek, .open = mem_open };

static ssize_t auxv_read(struct file *f, struct iter *to, loff_t *pos)
{
	const struct process *p = proc_node_process(f->inode);
	unsigned int n = 0;

	if (ptrace_may_read(proc_node_process(f->inode)))
		return -EACCES;
	while (n < ARRAY_SIZE(p->auxv) - 2 && p->auxv[n])
		n += 2;
	return buffer_read(p->auxv, (n + 2) * sizeof(p->auxv[0]), to, pos);
}

const struct file_ops proc_auxv_ops = { .read = auxv_read, .seek = mem_seek, .open = mem_open };
