// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/pagemap, a word for each page of its memory, for who may trace it. */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define WORDS		(PAGE_SIZE / sizeof(uint64_t))

static struct space *space_of(const struct inode *inode)
{
	struct process *p = proc_node_process(inode);

	return ptrace_may_access(p) ? NULL : process_space_get(p);
}

/* Whole words only, as on Linux; frame numbers are told to the administrator. */
static ssize_t pagemap_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct space *s;
	ssize_t done = 0, n = 0;
	uint64_t *words;

	if (*pos < 0 || *pos % sizeof(uint64_t) || to->left % sizeof(uint64_t))
		return -EINVAL;
	s = space_of(f->inode);
	words = kzalloc(WORDS * sizeof(uint64_t));
	while (s && words && to->left && (uint64_t)*pos / sizeof(uint64_t) < USER_END >> PAGE_SHIFT && !signal_pending(current)) {
		uint64_t first = (uint64_t)*pos / sizeof(uint64_t), nr = MIN(to->left / sizeof(uint64_t), WORDS);

		nr = MIN(nr, (USER_END >> PAGE_SHIFT) - first);
		space_pagemap(s, first << PAGE_SHIFT, words, nr, privileged(LINUX_CAP_SYS_ADMIN));
		n = iter_put(to, words, nr * sizeof(uint64_t));
		if (n <= 0)
			break;
		*pos += n;
		done += n;
	}
	if (s)
		space_put(s);
	kfree(words);
	return done ? done : words ? n : -ENOMEM;
}

static int pagemap_open(struct inode *inode, struct file *f)
{
	return ptrace_may_access(proc_node_process(inode)) ? -EACCES : 0;
}

const struct file_ops proc_pagemap_ops = { .read = pagemap_read, .seek = seek_plain, .open = pagemap_open };
