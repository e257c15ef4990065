// SPDX-License-Identifier: GPL-2.0
/* /proc/config.gz: the configuration that this kernel was built with (gzip), for programs that ask what it has. */
#include <fs/internal.h>
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/init.h>

extern const char config_gz_start[], config_gz_end[];

static ssize_t config_read(struct file *f, struct iter *to, loff_t *pos)
{
	return buffer_read(config_gz_start, (size_t)(config_gz_end - config_gz_start), to, pos);
}

static const struct file_ops config_ops = { .read = config_read, .seek = seek_plain };

static int proc_config_init(void)
{
	return proc_create_file("config.gz", 0444, &config_ops);
}
INITCALL("2fs", proc_config_init);
