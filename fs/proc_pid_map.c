// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/pagemap, a word for each page of its memory, and map_files, a link for each area that shows a file; for who may trace it. */
#include <fs/proc_pid.h>
#include <kernel/privilege.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define WORDS		(PAGE_SIZE / sizeof(uint64_t))
#define AREAS_FROM	2

static struct space *space_of(const struct inode *inode)
{
	struct space *s = ptrace_space_get(proc_node_process(inode));

	return IS_ERR(s) ? NULL : s;
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
	while (s && words && to->left && (uint64_t)*pos / sizeof(uint64_t) < USER_END >> PAGE_SHIFT && !signal_interrupts()) {
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

/* ---- map_files ---- */

/* The first area from @from on that shows a file: its file, counted, and its bounds. NULL: none. */
static struct file *area_from(const struct inode *inode, vaddr_t from, vaddr_t *start, vaddr_t *end)
{
	struct space *s = space_of(inode);
	struct file *f = NULL;
	struct vma v;

	for (vaddr_t at = from; s && !f && space_area(s, at, &v, NULL); at = v.end) {
		*start = v.start;
		*end = v.end;
		if (v.start >= from && v.file && v.file->dentry)
			f = v.file;
		else
			file_put(v.file);
	}
	if (s)
		space_put(s);
	return f;
}

/* Its file, counted, while the area still has the bounds that the link names. */
static struct file *area_file(const struct inode *inode)
{
	const struct proc_node *n = inode->priv;
	vaddr_t start = 0, end = 0;
	struct file *f = area_from(inode, n->start, &start, &end);

	if (f && start == n->start && end == n->end)
		return f;
	file_put(f);
	return NULL;
}

static bool area_valid(struct inode *inode)
{
	struct file *f = area_file(inode);

	file_put(f);
	return f;
}

static ssize_t area_readlink(struct inode *inode, char *to, size_t size)
{
	struct file *f = area_file(inode);
	ssize_t n = f ? proc_file_text(f, to, size) : -ENOENT;

	file_put(f);
	return n;
}

/* It opens files past the permissions of the directories above them. */
static int area_follow(struct inode *inode, struct path *to)
{
	struct file *f;
	int err;

	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	f = area_file(inode);
	err = f ? proc_file_path(f, to) : -ENOENT;
	file_put(f);
	return err;
}

static const struct inode_ops area_ops = {
	.readlink = area_readlink, .follow = area_follow, .destroy = proc_node_destroy, .valid = area_valid,
};
static const struct proc_entry area_entry = { .mode = LINUX_S_IFLNK | 0700, .ops = &area_ops, .number = 62 };

static void area_name(char *to, size_t size, vaddr_t start, vaddr_t end)
{
	format_text(to, size, "%llx-%llx", (unsigned long long)start, (unsigned long long)end);
}

/* The number that @text of @length hexadecimal digits begins with; @used: how many. */
static vaddr_t name_start(const char *text, size_t length, size_t *used)
{
	vaddr_t v = 0;

	for (*used = 0; *used < length && *used < 16; (*used)++) {
		char c = text[*used];

		if (c >= '0' && c <= '9')
			v = v * 16 + (vaddr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (vaddr_t)(c - 'a' + 10);
		else
			break;
	}
	return v;
}

static struct dentry *map_files_lookup(struct dentry *dir, const char *name, size_t length)
{
	vaddr_t start = 0, end = 0, wanted;
	struct file *f;
	struct dentry *d;
	char real[36] = "";
	size_t used;

	if (ptrace_may_access(proc_node_process(dir->inode)))
		return ERR_PTR(-EACCES);
	wanted = name_start(name, length, &used);
	f = area_from(dir->inode, wanted, &start, &end);
	if (f)
		area_name(real, sizeof(real), start, end);
	file_put(f);
	if (!f || strlen(real) != length || memcmp(real, name, length))
		return ERR_PTR(-ENOENT);
	d = proc_node_make(dir, name, length, proc_node_process(dir->inode), &area_entry);
	if (!IS_ERR(d)) {
		struct proc_node *n = d->inode->priv;

		n->start = start;
		n->end = end;
	}
	return d;
}

/* The position is the address in pages, so that areas that come and go meanwhile do no harm. */
static int map_files_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	bool hidden = ptrace_may_access(proc_node_process(f->inode));
	vaddr_t start, end;
	struct file *shown;
	char name[36];

	/* What root may not trace either, drivers and init, shows nothing: who walks through /proc goes on. */
	if (hidden && !privileged(LINUX_CAP_SYS_PTRACE))
		return -EACCES;
	if (!dir_emit_dots(f, emit, arg) || hidden)
		return 0;
	while ((shown = area_from(f->inode, (vaddr_t)(f->pos - AREAS_FROM) << PAGE_SHIFT, &start, &end))) {
		file_put(shown);
		area_name(name, sizeof(name), start, end);
		if (!emit(arg, name, f->inode->ino + (start >> PAGE_SHIFT), LINUX_DT_LNK, (loff_t)(start >> PAGE_SHIFT) + 1 + AREAS_FROM))
			break;
		f->pos = (loff_t)(start >> PAGE_SHIFT) + 1 + AREAS_FROM;
	}
	return 0;
}

const struct inode_ops proc_map_files_ops = { .lookup = map_files_lookup, .destroy = proc_node_destroy, .valid = proc_node_valid };
const struct file_ops proc_map_files_fops = { .iterate = map_files_iterate, .seek = seek_plain };
