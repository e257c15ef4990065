// SPDX-License-Identifier: GPL-2.0
/* /dev/null, zero, full and kmsg. */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <uapi/ferry/linux.h>

#define MESSAGE_MAX	900u

static loff_t seek_anywhere(struct file *f, loff_t offset, int whence)
{
	return 0;
}

static ssize_t null_read(struct file *f, struct iter *to, loff_t *pos)
{
	return 0;
}

static ssize_t null_write(struct file *f, struct iter *from, loff_t *pos)
{
	ssize_t n = from->left;

	iter_advance(from, n);
	return n;
}

static ssize_t zero_read(struct file *f, struct iter *to, loff_t *pos)
{
	return iter_zero(to, to->left);
}

static ssize_t full_write(struct file *f, struct iter *from, loff_t *pos)
{
	return -ENOSPC;
}

static const struct file_ops null_ops = { .read = null_read, .write = null_write, .seek = seek_anywhere };
static const struct file_ops zero_ops = { .read = zero_read, .write = null_write, .seek = seek_anywhere };
static const struct file_ops full_ops = { .read = zero_read, .write = full_write, .seek = seek_anywhere };

/* The log from the file's own place on; at the end there is nothing more for now. */
static ssize_t kmsg_read(struct file *f, struct iter *to, loff_t *pos)
{
	uint64_t at = *pos;
	char chunk[512];
	ssize_t got;
	size_t n;

	n = log_read(chunk, MIN(sizeof(chunk), to->left), &at);
	if (!n)
		return 0;
	got = iter_put(to, chunk, n);
	if (got > 0)
		*pos = at - (n - got);
	return got;
}

/* A line into the log; "<6>" in front sets the level. */
static ssize_t kmsg_write(struct file *f, struct iter *from, loff_t *pos)
{
	char text[MESSAGE_MAX + 1];
	ssize_t total = from->left, n = iter_get(from, text, MESSAGE_MAX);
	int level = KERN_INFO;
	char *start = text;

	if (n <= 0)
		return n;
	text[n] = '\0';
	if (n >= 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '9' && text[2] == '>') {
		level = MIN(text[1] - '0', KERN_DEBUG);
		start = text + 3;
	}
	if (text[n - 1] == '\n')
		text[n - 1] = '\0';
	klog(level, "%s", start);
	iter_advance(from, total - n);
	return total;
}

static loff_t kmsg_seek(struct file *f, loff_t offset, int whence)
{
	if (whence == LINUX_SEEK_SET && offset == 0)
		f->pos = 0;
	else if (whence == LINUX_SEEK_END && offset == 0)
		f->pos = INT64_MAX / 2;
	else if (whence != LINUX_SEEK_DATA || offset)
		return -EINVAL;
	return 0;
}

static const struct file_ops kmsg_ops = { .read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek };

struct node {
	const char *name;
	mode_t mode;
	uint32_t minor;
	const struct file_ops *ops;
};

static int chardev_init(void)
{
	static const struct node nodes[] = {
		{ "null", 0666, 3, &null_ops }, { "zero", 0666, 5, &zero_ops }, { "full", 0666, 7, &full_ops }, { "kmsg", 0600, 11, &kmsg_ops },
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(nodes) && !err; i++)
		err = devnode_create(nodes[i].name, LINUX_S_IFCHR | nodes[i].mode, DEV_MAKE(1, nodes[i].minor), nodes[i].ops, NULL);
	return err;
}
INITCALL("2fs", chardev_init);
